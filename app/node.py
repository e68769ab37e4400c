"""One person's node in one room: the one place where storage and replication meet.

- The log is open before; peers are looked for when `run` is awaited, so that a face can show history first.
- Screen, line mode and headless are faces of this. They read `log`, `send`, and listen to what happens.
- Who may come in is decided at the door (app.door); who has to wait is sent nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from app.config import Face, LineFormat, Options
from app.door import Door, about_knock
from app.errors import StorageError
from app.forks import Forks
from app.frontier import Advance
from app.holdings import Holdings
from app.identity import Identity
from app.names import name_key
from app.notices import Notices
from app.own_feed import OwnFeed
from app.peer_states import PeerStates
from app.peers import PeerRecord
from app.people import People
from app.status import Held, Listening, NodeEvent, Notice, Outdated, PeerPhase, PeerStatus, Renamed
from app.storage.log import Log
from app.timeline import TimelineEntry
from app.trust import Cause

if TYPE_CHECKING:  # imported in `run`: they take longer than the first frame may wait
    from app.door_bell import Tell, Wanted
    from app.entry import Run
    from app.ingest import IngestReport
    from app.replication.exchange import ExchangeEvent
    from app.replication.exchange import Held as PeerHolds
    from app.replication.handshake import RemotePeer
    from app.replication.mesh import Mesh
    from app.replication.mesh_events import Admission, MeshEvent, PeerState
    from app.replication.session import Session
    from app.why import Step

SAVE_HELD_EVERY = 5.0  # seconds; what a peer holds is also told anew each time it is met

_LOG = logging.getLogger(__name__)


class Node:
    def __init__(self, log: Log, identity: Identity, options: Options) -> None:
        """log: open, and closed by the caller after `run` has ended."""
        self.log = log
        self.me = options.me
        self.room = options.room
        self._identity = identity
        self._options = options
        self._named = {name_key(peer.name): peer for peer in options.peers}
        self._listeners: list[Callable[[NodeEvent], None]] = []
        self.door = Door(
            self.me,
            identity.public,
            options.peers,
            open=options.open,
            admit=options.admit,
            records=log.peers(),
            authors=log.authors,
            save=self._save,
            tell=self._tell,
            renamed=lambda: self._tell(Renamed()),
            room=options.room,
            can_ask=options.face in (None, Face.SCREEN) or options.input is LineFormat.JSON,
        )
        self._mesh: Mesh | None = None
        self._notices = Notices(identity.public, self._named, self.door, log.authors, self._tell)
        self._own = OwnFeed(log, self._tell)
        self._forks = Forks(log, self.people, lambda name: self.door.how("forks", name), self._tell)
        self.holdings = Holdings(self.door, identity.public, log.own_feed, self._named.values())
        self.states = PeerStates(self.me, identity.public, self._named, self.door, self.holdings)
        self._level: set[str] = set()  # names whose node was level when it was last heard of

    # What faces use.

    def send(self, text: str) -> Future[TimelineEntry]:
        """Append an own message, from any thread. Done when it is durable; LocalEntryError at once if it cannot be."""
        return self.log.append(text)

    def send_all(self, texts: Sequence[str]) -> Future[None]:
        """As `send`, for messages that are there at the same time."""
        return self.log.append_all(texts)

    @property
    def people(self) -> People:
        """What authors are called here."""
        return self.door.people

    def command(self, text: str) -> Notice:
        """Do what the person decided about somebody (app.door.COMMANDS). UsageError says what to type instead."""
        return self._decided(lambda: self.door.command(text))

    def statuses(self) -> Sequence[PeerStatus]:
        """Every peer there is something to say about: the named ones first, in the order in which they were named."""
        return self.states.all()

    def why(self, name: str = "") -> list[tuple[str, Sequence[Step]]]:
        """How far the way to each peer has come that is called `name`, or to each that was named. UsageError: nobody
        is called so."""
        return [(peer.label, self._explain(peer)) for peer in self.states.called(name.strip())]

    def holders(self) -> frozenset[str]:
        """The named peers who are known to hold all own entries."""
        head = self.log.head(self.log.own_feed)
        if head is None or self.holdings.feed != self.log.own_feed:  # it is another one since a moment ago
            return frozenset()
        return self.holdings.named_holders(head.seq)

    def settled(self) -> frozenset[str]:
        """The named peers met since the start who hold all own entries, and all of whose entries are here."""
        return frozenset(name for name in self.holders() if name_key(name) in self._level)

    def subscribe(self, listener: Callable[[NodeEvent], None]) -> Callable[[], None]:
        """Call `listener` in the event loop with what happens. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        """Look for peers and replicate until cancelled, then say goodbye within about a second."""
        from app import door_bell

        helping = [
            asyncio.create_task(self._save_held()),
            asyncio.create_task(door_bell.listen(self.log.folder, self._decide, self._carry)),
        ]
        self._own.begin()
        try:
            while True:
                await self._replicate()
                self._begin_anew()
        finally:
            self._own.end()
            self._forks.end()
            for task in helping:
                task.cancel()
            await asyncio.wait(helping)
            self.holdings.save_all()

    async def _replicate(self) -> None:
        """Until the own feed is another one."""
        from app.replication.exchange import Exchange
        from app.replication.handshake import LocalHello
        from app.replication.mesh import Mesh

        loop = asyncio.get_running_loop()
        waiting: deque[Sequence[Advance]] = deque()

        def tell_mesh() -> None:
            while waiting:
                mesh.committed(waiting.popleft())

        def committed(advances: Sequence[Advance]) -> None:
            if any(advance.first == 1 for advance in advances):
                _call_in(loop, self._somebody_came)
            waiting.append(advances)
            # What somebody wrote is shown before it is acknowledged: whoever follows the log is woken a turn later.
            own = any(advance.feed == self.log.own_feed for advance in advances)
            _call_in(loop, tell_mesh if own else lambda: loop.call_soon(tell_mesh))

        self._notices.begin()
        # Before the exchange takes the frontier, so that no commit falls between the two.
        unsubscribe = self.log.subscribe(committed)
        dice = random.SystemRandom()
        own = self.log.own_feed
        local = LocalHello(self._identity, self.log.node, os.urandom(8), self.me, self.room)
        self._mesh = mesh = Mesh(
            local,
            [self.door.with_pin(peer) for peer in self._named.values()],
            Exchange(self.log, own, random=dice, earlier=self.log.earlier_feeds(), withholds=self.log.withholds),
            ingest=self._ingest,
            admit=self._admit,
            interfaces=self._options.interfaces,
            port=self._options.port,
            devices=self._options.devices,
            random=dice,
            on_event=self._on_event,
        )
        self.states.way = mesh.way
        running, renewed = asyncio.create_task(mesh.run()), asyncio.create_task(self._own.renewed.wait())
        try:
            await asyncio.wait([running, renewed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._mesh = None
            self.states.way = lambda _: None
            unsubscribe()
            renewed.cancel()
            running.cancel()
            await asyncio.wait([running, renewed, *self._own.stop_saving()])
        if not running.cancelled():
            running.result()  # it ends with an error or not at all

    def _begin_anew(self) -> None:
        """With another own feed, as another node."""
        self._own.renewed.clear()
        self._level.clear()
        self.holdings.begin_anew(self.log.own_feed)
        self._tell(Renamed())

    def _decide(self, action: str | None, name: str) -> str:
        """What `chat-tui peers` asks while this runs."""
        from app.fork_words import fork_lines
        from app.people_list import people_list
        from app.why import why_lines

        if action is None:
            return people_list(self.door, self._identity.public, self.log.authors())
        if action == "why":
            return "\n".join(why_lines(self.why(name)))
        if action == "forks":
            return "\n".join(fork_lines(self.log.forks(), self.people, name))
        answer = self._decided(lambda: self.door.decide(action, name))
        self._tell(answer)
        return answer.text

    def _decided(self, decide: Callable[[], Notice]) -> Notice:
        """Let the decision take effect at once, on connections and on what is shown."""
        waiting = self.door.waiting()
        refused = [state for state in self.states.refused() if self._would_refuse(state)]
        answer = decide()
        for key in waiting.keys() - self.door.waiting().keys():
            self._tell(Outdated(about_knock(key)))
        if self._mesh is not None:
            for state in refused:
                if not self._would_refuse(state):
                    self._mesh.looks_again(state.name, state.key)
            self._mesh.reconsider()
        return answer

    def _would_refuse(self, state: PeerState) -> bool:
        return state.key is not None and self.door.would_refuse(state.key, state.name)

    def _explain(self, status: PeerStatus) -> Sequence[Step]:
        from app.moments import since
        from app.why import Knowledge, explain

        seen = "" if status.seen is None else since(status.seen, time.time_ns() // 1000, None)
        return explain(Knowledge(self.me, self.room, status, self.states.way(status.name), seen))

    async def _carry(self, wanted: Wanted, tell: Tell) -> str:
        """What `chat-tui export` and `chat-tui import` ask while this runs."""
        from app import carrying

        room = carrying.Room(self.log, self.me, self.room, self._options.data_dir, self._forks.from_any_thread())
        return await asyncio.to_thread(carrying.carry, room, wanted, tell)

    # What the mesh asks.

    def _ingest(self, runs: Sequence[Run], via: bytes) -> asyncio.Future[IngestReport | None]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[IngestReport | None] = loop.create_future()

        def saved(done: Future[IngestReport]) -> None:
            if answer.done():  # whoever waited has left
                return
            if isinstance(error := done.exception(), StorageError):
                self._notices.saving_failed(error, loop.time())
                answer.set_result(None)
            elif error is not None:
                answer.set_exception(error)
            else:
                self._notices.saving_works(loop.time())
                for feed in done.result().proved:
                    self._forks.proved(feed)
                answer.set_result(done.result())

        self.log.ingest(runs, via).add_done_callback(lambda done: _call_in(loop, partial(saved, done)))
        return answer

    def _admit(self, remote: RemotePeer) -> Admission:
        from app.replication.frames import ByeReason
        from app.replication.mesh_events import Admission

        judged = self.door.judge(remote.key, remote.name)
        reason = ByeReason.ANOTHER_KEY if judged.cause is Cause.ANOTHER_KEY else ByeReason.REFUSED
        return Admission(judged.verdict, judged.mine, reason, judged.theirs)

    # What the mesh and its exchange tell.

    def _on_event(self, event: MeshEvent | ExchangeEvent) -> None:
        from app.replication import exchange, exchange_events
        from app.replication.mesh_events import PeerState, WayChanged

        match event:
            case Notice() | Listening():
                self._tell(event)
            case PeerState():
                self._peer_changed(event)
            case WayChanged(name):
                self._tell(self.states.of(name))
            case exchange.Held():
                self._peer_holds(event)
            case exchange.Level(session, here, there):
                if session.remote is not None and name_key(session.remote.name) in self._named:
                    self._level.add(name_key(session.remote.name))
                self._progressed(session, here, there, level=True)
            case exchange.Behind(session, here, there):
                if session.remote is not None:
                    self._level.discard(name_key(session.remote.name))
                self._progressed(session, here, there, level=False)
            case exchange.Diverged(session, feed):
                self._diverged(session, feed)
            case exchange_events.OwnMissing(entries):
                self._own.missing(entries)
            case exchange_events.OwnBranch(session, _, runs):
                self._own.branch_came(runs, self._name_of(session))
            case exchange.Misbehaved(session, text):
                self._warn(session, f"{self._name_of(session)} was sent away: {text}")
            case exchange.OverQuota(session, text):
                self._warn(session, self.states.not_kept(session, text))

    def _somebody_came(self) -> None:
        """Entries by an author whose feed was not here: they may be somebody's namesake."""
        self.people.changed()
        self._tell(Renamed())
        self._notices.introduce()

    def _peer_changed(self, state: PeerState) -> None:
        before = self.states.changed(state)
        if state.key is not None:
            if state.phase is PeerPhase.CONNECTED:
                self.holdings.connected(state.key)
                self._notices.connected(state.name, state.key)
            else:
                self.holdings.disconnected(state.key)
        if state.phase is PeerPhase.REFUSED and (before is None or before.phase is not PeerPhase.REFUSED):
            self._notices.refused(state.name, state.key, self.states.shown(state), state.detail)
        if state.phase is PeerPhase.KNOCKING and state.key is not None:
            self.door.knocks(state.key)
        self._tell(self.states.of(self.states.shown(state)))

    def _peer_holds(self, event: PeerHolds) -> None:
        if self.holdings.acknowledged(event.key, event.seq) and event.key != self._identity.public:
            self._tell(Held(event.seq, self.holdings.names(event.seq)))

    def _progressed(self, session: Session, here: int, there: int, *, level: bool) -> None:
        name = self.states.progressed(session, here, there, level=level)
        if name is not None:
            self._tell(self.states.of(name))

    def _warn(self, session: Session, text: str) -> None:
        self._notices.once(b"" if session.remote is None else session.remote.key, text)

    def _name_of(self, session: Session) -> str:
        return "a peer" if session.remote is None else self.states.shown_peer(session.remote.key, session.remote.name)

    def _diverged(self, session: Session, feed: bytes) -> None:
        if feed == self.log.own_feed:  # more is told when it is proved
            self._warn(session, f"{self._name_of(session)} says to hold other messages of yours than this computer")
        else:
            self._forks.found(feed, self._name_of(session))

    def _tell(self, event: NodeEvent) -> None:
        for listener in list(self._listeners):
            listener(event)

    # What is remembered.

    async def _save_held(self) -> None:
        while True:
            await asyncio.sleep(SAVE_HELD_EVERY)
            self.holdings.save()

    def _save(self, record: PeerRecord) -> None:
        before = self.log.peers().get(record.key)
        saved = self.log.remember_peer(record)
        saved.add_done_callback(self._remembered)
        if record.refused != (before is not None and before.refused):
            loop = asyncio.get_running_loop()
            saved.add_done_callback(lambda _: _call_in(loop, self._timeline_changed))

    def _remembered(self, saved: Future[None]) -> None:
        error = saved.exception()
        if error is not None:
            _LOG.warning("what is known of a peer was not saved: %s", error)

    def _timeline_changed(self) -> None:
        """Somebody's messages have left the timeline or are back in it, and replication sees them so too."""
        if self._mesh is not None:
            self._mesh.reconsider()
        self._tell(Renamed())


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(call)
