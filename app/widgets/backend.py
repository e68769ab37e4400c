"""What the screen needs of the node: the protocol between them, and nothing else.

Reads of the log are synchronous and take well under a frame; all that waits is a future or a coroutine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from app.amendments import Amendment
from app.courtesy import Courtesy
from app.entry import Reference
from app.fork_proof import Fork
from app.frontier import Frontier, Head
from app.peers import PeerRecord
from app.people import People
from app.status import HeldUpTo, Holder, NodeEvent, Notice, PeerStatus
from app.timeline import Evidence, Landed, TimelineEntry, TimelineReader

if TYPE_CHECKING:
    from app.search import Query
    from app.why import Step


class Found(Protocol):
    """A step of a search. hits: the newest first; looked_at: messages so far."""

    @property
    def hits(self) -> tuple[TimelineEntry, ...]: ...

    @property
    def looked_at(self) -> int: ...


class ChatLog(TimelineReader, Protocol):
    @property
    def own_feed(self) -> bytes:
        """The feed id of what is typed here."""

    @property
    def author(self) -> bytes:
        """The public key of whose log it is."""

    def entry_at(self, feed: bytes, seq: int) -> TimelineEntry | None:
        """An entry, if it is here and shown."""

    def reference(self, feed: bytes, seq: int) -> Reference | None:
        """How a message that is here is named by others."""

    def shown_from(self, feed: bytes, low: int, high: int, most: int) -> Sequence[TimelineEntry]:
        """The first ones of the entries low..high of `feed` that are here and shown; a few hundred are looked at."""

    def placed_before(self, feed: bytes, low: int, high: int, key: bytes) -> int:
        """How many of the entries low..high of `feed`, which are here, stand before `key`, shown or not."""

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None:
        """The author's key, and what they call themselves."""

    def withholds(self, feed: bytes) -> bool:
        """Whether nothing of it is shown, since its author is refused."""

    def crossed(self, pairs: Sequence[tuple[TimelineEntry, TimelineEntry]]) -> Sequence[bool]:
        """Of each two that stand directly after each other: whether the latter's author had certainly not read the
        former."""

    def forks(self) -> Sequence[Fork]:
        """What somebody said in two ways, and both are kept."""

    def fork_seq(self, feed: bytes) -> int:
        """The first entry of a feed that its author has signed another one beside; 0 if none is known."""

    def evidence(self, feed: bytes, seq: int) -> Evidence | None:
        """What bounds when an entry that is here was written."""

    def reply(self, text: str, to: Reference) -> Future[TimelineEntry]: ...

    def amend(self, amendment: Amendment) -> Future[TimelineEntry]:
        """Edit, delete, or react to a message. ChatError says why not."""

    def search(self, query: Query) -> Iterator[Found]:
        """What a query finds, the newest first, in steps of some milliseconds."""

    def versions(self, feed: bytes, seq: int) -> Sequence[tuple[int | None, str]]:
        """(time, text) of what a message was edited to, the latest first."""

    @property
    def courtesy(self) -> Courtesy:
        """To be told when a key is pressed."""

    def frontier(self) -> Mapping[bytes, Head]: ...

    def watch(self, frontier: Frontier, most: int) -> AsyncIterator[Landed]:
        """Everything shown after the frontier, then each commit as it lands; of a flood only how many."""

    def peers(self) -> Mapping[bytes, PeerRecord]: ...


class HoldsMine(Protocol):
    """Who holds what I wrote."""

    @property
    def feed(self) -> bytes:
        """Of which own feed that is told: for a moment of the one before, when a new one was begun."""

    def up_to(self) -> HeldUpTo: ...

    def holders(self, seq: int) -> Sequence[Holder]:
        """Of an entry of the own feed: the named peers, whether they hold it or not, then the others who do."""


class ChatBackend(Protocol):
    @property
    def me(self) -> str: ...

    @property
    def room(self) -> str: ...

    @property
    def log(self) -> ChatLog: ...

    @property
    def people(self) -> People:
        """What authors are called here, and who is not shown."""

    @property
    def holdings(self) -> HoldsMine: ...

    def command(self, text: str) -> Notice:
        """Do what the person decided about somebody, one of app.door.COMMANDS; ChatError says what to type instead."""

    def send(self, text: str) -> Future[TimelineEntry]:
        """Append an own message; resolved when it is durable. ChatError, at once or in the future, says why not."""

    def statuses(self) -> Sequence[PeerStatus]:
        """Every peer there is something to say about."""

    def why(self, name: str = "") -> list[tuple[str, Sequence[Step]]]:
        """How far the way to a peer has come, or to each who was named. ChatError: nobody is called so."""

    def subscribe(self, listener: Callable[[NodeEvent], None]) -> Callable[[], None]:
        """Call `listener` in the event loop with what happens; the answer ends it."""

    async def run(self) -> None:
        """Replicate until cancelled, then say goodbye within a second."""
