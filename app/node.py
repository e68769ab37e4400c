"""One person's node in one room: the one place where storage and replication meet.

- The log is open before; peers are looked for when `run` is awaited, so that a face can show history first.
- Screen, line mode and headless are faces of this. They read `log`, `send`, and listen to what happens.
- Who is named on the command line comes in, with `--open` everybody; others are told to wait, and are sent nothing.
- The first key met directly under a name is pinned to it. Another key under that name is refused, and said so aloud.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from app.config import Options
from app.errors import DiskFullError, StorageError
from app.frontier import Advance
from app.identity import Identity, fingerprint, grouped
from app.names import PeerSpec, name_key
from app.peers import PeerRecord
from app.status import Held, NodeEvent, Notice, PeerPhase, PeerStatus
from app.storage.log import Log
from app.text import one_line
from app.timeline import TimelineEntry

if TYPE_CHECKING:  # imported in `run`: they take longer than the first frame may wait
    from app.entry import Run
    from app.ingest import IngestReport
    from app.replication.exchange import ExchangeEvent
    from app.replication.exchange import Held as PeerHolds
    from app.replication.handshake import RemotePeer
    from app.replication.mesh_events import Admission, MeshEvent, PeerState
    from app.replication.session import Session

MAX_STRANGERS = 64  # unnamed peers that are remembered to be shown
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
        self._states: dict[tuple[str, bytes | None], PeerState] = {}
        self._sessions: dict[str, dict[Session, tuple[int, int]]] = {}  # by name: entries missing here, lacking there
        # By comparison form of names. Not read from the log each time: a pin counts before it is durable.
        self._pins: dict[str, PeerRecord] = {
            name_key(record.name): record for record in log.peers().values() if record.pinned_at is not None
        }
        self._held: dict[str, int] = {
            key: record.held.get(log.own_feed, 0) for key, record in self._pins.items() if key in self._named
        }
        self._level: set[str] = set()  # names whose node was level when it was last heard of
        self._unsaved_held: set[str] = set()
        self._storage_failed = False

    # What faces use.

    def send(self, text: str) -> Future[TimelineEntry]:
        """Append an own message, from any thread. Done when it is durable; LocalEntryError at once if it cannot be."""
        return self.log.append(text)

    def statuses(self) -> Sequence[PeerStatus]:
        """Every peer there is something to say about: the named ones first, in the order in which they were named."""
        named = [peer.name for peer in self._named.values()]
        others = {state.name for state in self._states.values() if name_key(state.name) not in self._named}
        return [self._status(name) for name in (*named, *sorted(others))]

    def holders(self) -> frozenset[str]:
        """The named peers who are known to hold all own entries."""
        head = self.log.head(self.log.own_feed)
        needed = 0 if head is None else head.seq
        return frozenset(peer.name for key, peer in self._named.items() if self._held.get(key, 0) >= needed)

    def settled(self) -> frozenset[str]:
        """The named peers met since the start who hold all own entries, and all of whose entries are here."""
        return frozenset(name for name in self.holders() if name_key(name) in self._level)

    def subscribe(self, listener: Callable[[NodeEvent], None]) -> Callable[[], None]:
        """Call `listener` in the event loop with what happens. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        """Look for peers and replicate until cancelled, then say goodbye within about a second."""
        from app.replication.exchange import Exchange
        from app.replication.handshake import LocalHello
        from app.replication.mesh import Mesh

        loop = asyncio.get_running_loop()

        def committed(advances: Sequence[Advance]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: mesh.committed(advances))

        # Before the exchange takes the frontier, so that no commit falls between the two.
        unsubscribe = self.log.subscribe(committed)
        dice = random.SystemRandom()
        local = LocalHello(self._identity, self.log.node, os.urandom(8), self.me, self.room)
        mesh = Mesh(
            local,
            [self._with_pin(peer) for peer in self._named.values()],
            Exchange(self.log, self.log.own_feed, random=dice),
            ingest=self._ingest,
            admit=self._admit,
            interfaces=self._options.interfaces,
            port=self._options.port,
            random=dice,
            on_event=self._on_event,
        )
        saving = asyncio.create_task(self._save_held())
        try:
            await mesh.run()
        finally:
            unsubscribe()
            saving.cancel()
            self._remember_held()

    # What the mesh asks.

    async def _ingest(self, runs: Sequence[Run]) -> IngestReport | None:
        try:
            report = await asyncio.wrap_future(self.log.ingest(runs))
        except StorageError as error:
            if not self._storage_failed:
                self._storage_failed = True
                later = (
                    "free some space; it goes on by itself" if isinstance(error, DiskFullError) else "it is tried again"
                )
                self._tell(Notice(one_line(f"messages from others cannot be saved: {error}; {later}"), urgent=True))
            return None
        if self._storage_failed:
            self._storage_failed = False
            self._tell(Notice("messages from others are saved again"))
        return report

    def _admit(self, remote: RemotePeer) -> Admission:
        from app.replication.frames import ByeReason
        from app.replication.mesh_events import Admission, Verdict

        if remote.key == self._identity.public:
            return Admission(Verdict.ADMIT, "another node of mine")
        key = name_key(remote.name)
        pinned = self._pinned(key)
        if pinned is not None and fingerprint(remote.key) != pinned:
            return Admission(
                Verdict.REFUSE,
                f"it shows another key ({grouped(fingerprint(remote.key))}) than the one known for {remote.name} "
                f"({grouped(pinned)}): somebody else uses the name, or the key was lost",
                ByeReason.ANOTHER_KEY,
            )
        if key not in self._named and not self._options.open:
            return Admission(Verdict.KNOCK, f"to let it in, start with its name: chat-tui {self.me} … {remote.name}")
        self._pin(remote)
        return Admission(Verdict.ADMIT, "direct connection")

    def _with_pin(self, peer: PeerSpec) -> PeerSpec:
        return replace(peer, fingerprint=self._pinned(name_key(peer.name)))

    def _pinned(self, key: str) -> str | None:
        """The fingerprint that belongs to a name: from the command line, else from the first meeting."""
        named = self._named.get(key)
        if named is not None and named.fingerprint is not None:
            return named.fingerprint
        record = self._pins.get(key)
        return None if record is None else fingerprint(record.key)

    def _pin(self, remote: RemotePeer) -> None:
        key = name_key(remote.name)
        if key in self._pins:
            return
        self._remember(key, PeerRecord(remote.key, remote.name, time.time_ns() // 1000))
        self._tell(Notice(f"{remote.name} is known by the key {grouped(fingerprint(remote.key))} from now on"))

    # What the mesh and its exchange tell.

    def _on_event(self, event: MeshEvent | ExchangeEvent) -> None:
        from app.replication import exchange
        from app.replication.mesh_events import PeerState

        match event:
            case Notice():
                self._tell(event)
            case PeerState():
                self._peer_changed(event)
            case exchange.Held():
                self._peer_holds(event)
            case exchange.Level(session):
                if session.remote is not None and name_key(session.remote.name) in self._named:
                    self._level.add(name_key(session.remote.name))
                self._progressed(session, 0, 0)
            case exchange.Behind(session, here, there):
                if session.remote is not None:
                    self._level.discard(name_key(session.remote.name))
                self._progressed(session, here, there)
            case exchange.Diverged(session, feed):
                self._tell(Notice(self._fork_sentence(session, feed), urgent=True))
            case exchange.Misbehaved(session, text):
                self._tell(Notice(one_line(f"{self._name_of(session)} was sent away: {text}")))

    def _peer_changed(self, state: PeerState) -> None:
        key = (name_key(state.name), state.key)
        before = self._states.pop(key, None)
        if len(self._states) < MAX_STRANGERS or key[0] in self._named:
            self._states[key] = state
        if state.key is not None:
            self._states.pop((key[0], None), None)  # who it is is known now
        if state.phase is PeerPhase.REFUSED and (before is None or before.phase is not PeerPhase.REFUSED):
            self._tell(Notice(one_line(f"{state.name} is refused: {state.detail}"), urgent=True))
        self._tell(self._status(state.name))

    def _peer_holds(self, event: PeerHolds) -> None:
        holder = next((key for key, record in self._pins.items() if record.key == event.key), None)
        if holder is None or self._held.get(holder, 0) >= event.seq:
            return
        self._held[holder] = event.seq
        self._unsaved_held.add(holder)
        names = [self._display(key) for key, seq in self._held.items() if seq >= event.seq]
        self._tell(Held(event.seq, tuple(names)))

    def _progressed(self, session: Session, here: int, there: int) -> None:
        if session.remote is None:
            return
        sessions = self._sessions.setdefault(name_key(session.remote.name), {})
        for ended in [other for other in sessions if other.closed]:
            del sessions[ended]
        sessions[session] = (here, there)
        self._tell(self._status(session.remote.name))

    def _status(self, name: str) -> PeerStatus:
        key = name_key(name)
        states = [state for (other, _), state in self._states.items() if other == key]
        if not states:
            return PeerStatus(self._display(key, name), PeerPhase.CONNECTING, "looking for it")
        state = min(states, key=lambda state: _PROMINENCE.index(state.phase))
        progress = [counts for session, counts in self._sessions.get(key, {}).items() if not session.closed]
        here = max((missing for missing, _ in progress), default=0)
        there = max((lacking for _, lacking in progress), default=0)
        return PeerStatus(self._display(key, state.name), state.phase, state.detail, here, there)

    def _display(self, key: str, otherwise: str = "") -> str:
        named = self._named.get(key)
        record = self._pins.get(key)
        return named.name if named else record.name if record else otherwise

    def _name_of(self, session: Session) -> str:
        return "a peer" if session.remote is None else session.remote.name

    def _fork_sentence(self, session: Session, feed: bytes) -> str:
        author = self.log.feed_author(feed)
        whose = "my own" if feed == self.log.own_feed else f"{author[1]}'s" if author else "somebody's"
        return one_line(
            f"{self._name_of(session)} holds other messages in {whose} log than this computer: it was continued from "
            "an old copy. Nothing is lost, but this log is not exchanged with that computer"
        )

    def _tell(self, event: NodeEvent) -> None:
        for listener in list(self._listeners):
            listener(event)

    # What is remembered.

    async def _save_held(self) -> None:
        while True:
            await asyncio.sleep(SAVE_HELD_EVERY)
            self._remember_held()

    def _remember_held(self) -> None:
        holders, self._unsaved_held = self._unsaved_held, set()
        for holder in holders:
            record = self._pins[holder]
            self._remember(holder, replace(record, held={**record.held, self.log.own_feed: self._held[holder]}))

    def _remember(self, key: str, record: PeerRecord) -> None:
        self._pins[key] = record
        self.log.remember_peer(record).add_done_callback(self._remembered)

    def _remembered(self, saved: Future[None]) -> None:
        error = saved.exception()
        if error is not None:
            _LOG.warning("what is known of a peer was not saved: %s", error)


# What is shown of a name behind which there are several nodes.
_PROMINENCE = [PeerPhase.CONNECTED, PeerPhase.REFUSED, PeerPhase.KNOCKING, PeerPhase.CONNECTING, PeerPhase.LOST]
