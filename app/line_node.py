"""What line mode needs of a node and its log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from app.amendments import Amendment
from app.entry import Reference
from app.fork_proof import Fork
from app.frontier import Frontier, Head
from app.people import People
from app.status import NodeEvent, Notice, PeerStatus
from app.timeline import TimelineEntry, TimelineReader

if TYPE_CHECKING:
    from app.search import Query
    from app.why import Step


class Found(Protocol):
    """A step of a search. hits: the newest first."""

    @property
    def hits(self) -> tuple[TimelineEntry, ...]: ...


class LineLog(TimelineReader, Protocol):
    @property
    def author(self) -> bytes:
        """The public key of whose log it is."""

    def frontier(self) -> Mapping[bytes, Head]: ...
    def follow(self, frontier: Frontier) -> AsyncIterator[Sequence[TimelineEntry]]: ...
    def entry_at(self, feed: bytes, seq: int) -> TimelineEntry | None: ...
    def withholds(self, feed: bytes) -> bool: ...
    def reference(self, feed: bytes, seq: int) -> Reference | None: ...
    def forks(self) -> Sequence[Fork]: ...
    def reply(self, text: str, to: Reference) -> Future[TimelineEntry]: ...
    def amend(self, amendment: Amendment) -> Future[TimelineEntry]: ...
    def search(self, query: Query) -> Iterator[Found]: ...


class LineNode(Protocol):
    """What line mode needs of a node."""

    @property
    def log(self) -> LineLog: ...

    @property
    def people(self) -> People: ...

    def command(self, text: str) -> Notice:
        """Do what the person decided about somebody; ChatError says what to type instead."""

    def send_all(self, texts: Sequence[str]) -> Future[None]:
        """Append own messages, in one commit; from any thread."""

    def statuses(self) -> Sequence[PeerStatus]:
        """Every peer there is something to say about."""

    def why(self, name: str = "") -> list[tuple[str, Sequence[Step]]]:
        """How far the way to a peer has come, or to each who was named. ChatError: nobody is called so."""

    def holders(self) -> frozenset[str]:
        """The names of the peers who are known to hold all own entries."""

    def settled(self) -> frozenset[str]:
        """The named peers met since the start who hold all own entries, and all of whose entries are here."""

    def subscribe(self, listener: Callable[[NodeEvent], None]) -> Callable[[], None]:
        """Call `listener` in the event loop with what happens; the answer ends it."""
