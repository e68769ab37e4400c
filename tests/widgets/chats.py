"""A chat on a real log without a network, for tests of the screen: other people's messages come in as runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from contextvars import Context
from pathlib import Path

from app.amendments import Amendment
from app.door import Door
from app.frontier import Head
from app.holdings import Holdings
from app.identity import Identity
from app.ingest import IngestReport
from app.names import PeerSpec
from app.peers import PeerRecord, Standing
from app.people import People
from app.status import Held, NodeEvent, Notice, PeerPhase, PeerStatus, Renamed
from app.storage.log import Log
from app.timeline import TimelineEntry
from app.way import Way
from app.why import Knowledge, Step, explain

MINUTE = 60_000_000
START = 1_700_000_000 * 1_000_000  # 14 November 2023, 22:13:20 UTC


class Clock:
    """Microseconds since 1970, as told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class LocalChat:
    """What the screen needs of a node, without one."""

    def __init__(self, folder: Path, stack: ExitStack, *, me: str, peers: Sequence[str], room: str) -> None:
        self.me, self.room = me, room
        self.clock = Clock()
        self._folder = folder
        self._stack = stack
        self.log = self._open(me)
        self.door = Door(
            me,
            self.log.author,
            (),
            open=False,
            admit=False,
            records={},
            authors=self.log.authors,
            save=self._save,
            tell=self.tell,
            renamed=lambda: self.tell(Renamed()),
        )
        self.holdings = Holdings(
            self.door, self.log.author, self.log.own_feed, [PeerSpec(peer) for peer in peers], self.clock
        )
        self._others: dict[str, Log] = {}
        self._given: dict[str, int] = {}
        self._states = {peer: PeerStatus(peer, PeerPhase.CONNECTING) for peer in peers}
        self.ways: dict[str, Way] = {}  # what is known of the way to each peer
        self._listeners: list[Callable[[NodeEvent], None]] = []
        self.running = False
        self.ended = False

    @property
    def people(self) -> People:
        return self.door.people

    def command(self, text: str) -> Notice:
        return self.door.command(text)

    def send(self, text: str) -> Future[TimelineEntry]:
        return self.log.append(text)

    def statuses(self) -> Sequence[PeerStatus]:
        return list(self._states.values())

    def why(self, name: str = "") -> list[tuple[str, Sequence[Step]]]:
        peers = [self._states[name]] if name else list(self._states.values())
        return [
            (peer.label, explain(Knowledge(self.me, self.room, peer, self.ways.get(peer.name, Way()))))
            for peer in peers
        ]

    def subscribe(self, listener: Callable[[NodeEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def tell(self, event: NodeEvent) -> None:
        if isinstance(event, PeerStatus):
            self._states[event.name] = event
        if isinstance(event, Held):
            for name in event.by:
                self.holdings.acknowledged(self._meet(name), event.seq)
        for listener in tuple(self._listeners):
            loop = asyncio.get_running_loop()
            loop.call_soon(listener, event, context=Context())  # as from the log's thread: nobody's context

    def says(self, name: str, *texts: str, met: bool = True) -> Future[IngestReport]:
        """Messages by `name` arrive, a minute apart. met: directly, before, so that the name is pinned."""
        self.writes(name, *texts, met=met)
        return self.comes(name)

    def writes(self, name: str, *texts: str, met: bool = True) -> None:
        """`name` writes messages, a minute apart, that arrive when `name` comes."""
        log = self._others.get(name) or self._others.setdefault(name, self._open(name))
        if met:
            self._meet(name)
        for text in texts:
            self.clock.now += MINUTE
            log.append(text).result()

    def amends(self, name: str, amendment: Amendment) -> Future[IngestReport]:
        """What `name`, who has said something before, says about a message arrives. They have all that is here."""
        self.reads(name)
        self._others[name].amend(amendment).result()
        return self.comes(name)

    def reads(self, name: str) -> None:
        """`name`, who has said something before, gets all that is here."""
        log = self._others[name]
        for feed, head in self.log.frontier().items():
            log.ingest(self.log.read_runs(feed, 1, head.seq, 1 << 30)).result()

    def comes(self, name: str) -> Future[IngestReport]:
        """What `name` has written since they came last arrives."""
        log = self._others[name]
        feed, head = log.own_feed, log.head(log.own_feed)
        assert isinstance(head, Head)
        first = self._given.get(name, 0) + 1
        self._given[name] = head.seq
        return self.log.ingest(log.read_runs(feed, first, head.seq, 1 << 30))

    def _meet(self, name: str) -> bytes:
        """The name is pinned to its key from now on, which is the answer."""
        key = _identity(name).public
        if key not in self.door.records:
            self.door._remember(PeerRecord(key, name, START, {}, Standing.ACCEPTED, START))
        return key

    def _save(self, record: PeerRecord) -> None:
        self.log.remember_peer(record).result()

    def _open(self, name: str) -> Log:
        log = Log.open(self._folder / name, identity=_identity(name), name=name, room=self.room, wall=self.clock)
        return self._stack.enter_context(closing(log))


def _identity(name: str) -> Identity:
    """Keys that are the same in each run make the same colours."""
    return Identity.from_secret(name.encode().ljust(32, b"."))


@contextmanager
def local_chat(
    folder: Path, *, me: str = "alice", peers: Sequence[str] = ("bob",), room: str = "main"
) -> Iterator[LocalChat]:
    with ExitStack() as stack:
        yield LocalChat(folder, stack, me=me, peers=peers, room=room)
