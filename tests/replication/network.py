"""A network of nodes in virtual time, from one seed: the same seed gives the same run, byte for byte.

- Nodes run the real `Session` and `Exchange`. Bytes of a connection arrive in order, cut anywhere, at the connection's
  pace; connections break, and what was under way is lost with them.
- A node's disk is a queue that takes time; a crash loses what was not committed and nothing else.
- A node that asks to be woken at once, for ever, is found out.
- Whatever a node claims is checked when it claims it: `Held` is in the other's store, `Level` means equal hashes,
  every advance continues the one before it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Protocol

from app.entry import Run
from app.frontier import Advance, Head
from app.identity import Identity
from app.ingest import IngestReport
from app.replication.events import Admitted, Authenticated, Closed, Event, RunsReceived
from app.replication.exchange import Diverged, Exchange, Held, IngestRequest, Level, Misbehaved
from app.replication.frames import ByeReason
from app.replication.session import LocalHello, Role, Session
from app.replication.store import Store
from tests.replication.memory_store import MemoryStore

_MOST_TICKS = 1_000  # in no time at all


class Disk(Store, Protocol):
    """A store that can also be written: `MemoryStore`, or a real log behind an adapter."""

    own_feed: bytes

    def append(self, text: str) -> Advance: ...

    def ingest(self, runs: Sequence[Run]) -> IngestReport: ...


class SimulationError(AssertionError):
    """A node claimed or stored something that is not so."""


@dataclass(frozen=True, slots=True)
class Quality:
    """rate: bytes per second; latency: seconds."""

    latency: float = 0.002
    rate: float = 10_000_000.0


@dataclass(slots=True, eq=False)
class End:
    """One end of a connection: the transport that a session writes to."""

    node: Node
    session: Session
    quality: Quality
    other: End | None = None
    busy: bool = False
    broken: bool = False
    arrives: float = 0.0
    sent_bytes: int = 0
    largest_output: int = 0


@dataclass(slots=True, eq=False)
class Node:
    name: str
    identity: Identity
    id: bytes
    store: Disk
    exchange: Exchange
    run: bytes
    kind: type[Exchange] = Exchange
    up: bool = True
    life: int = 0  # how many times it was started
    ends: list[End] = field(default_factory=list)
    disk: deque[IngestRequest | str] = field(default_factory=deque)
    disk_busy: bool = False
    disk_seconds: float = 0.003
    disk_full: bool = False
    heads: dict[bytes, int] = field(default_factory=dict)
    received_entries: int = 0
    held: dict[bytes, int] = field(default_factory=dict)  # by node id: own entries acknowledged
    diverged: list[str] = field(default_factory=list)  # with whom
    misbehaved: list[tuple[str, str]] = field(default_factory=list)  # who, and how
    largest_backlog: int = 0

    def connected(self) -> list[Node]:
        return [end.other.node for end in self.ends if end.other is not None]


class Network:
    def __init__(self, seed: int, *, make_store: Callable[[Identity, str, bytes], Disk] = MemoryStore) -> None:
        self.random = Random(seed)
        self.now = 1_000.0
        self.nodes: list[Node] = []
        self.steps = 0
        self.trace = sha256()
        self._make_store = make_store
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._ticks = 0

    # What a test does.

    def add(self, name: str, *, entries: int = 0, kind: type[Exchange] = Exchange) -> Node:
        identity = Identity.from_secret(sha256(name.encode()).digest())
        store = self._make_store(identity, name, self.random.randbytes(16))
        for number in range(entries):
            store.append(f"{name} {number}")
        exchange = kind(store, store.own_feed, random=Random(self.random.random()))
        node = Node(name, identity, self.random.randbytes(16), store, exchange, self.random.randbytes(8), kind)
        node.heads = {feed: head.seq for feed, head in store.frontier().items()}
        self.nodes.append(node)
        return node

    def connect(self, a: Node, b: Node, quality: Quality | None = None) -> None:
        quality = quality or Quality()
        binding = self.random.randbytes(32)
        ends = []
        for node, role in ((a, Role.CLIENT), (b, Role.SERVER)):
            hello = LocalHello(node.identity, node.id, node.run, node.name, "main")
            session = Session(role, hello, binding, nonce=self.random.randbytes(32), now=self.now)
            end = End(node, session, quality, arrives=self.now)
            node.ends.append(end)
            ends.append(end)
        ends[0].other, ends[1].other = ends[1], ends[0]
        self._settle(a)

    def join(self, *nodes: Node, quality: Quality | None = None) -> None:
        """Connect each with each."""
        for number, a in enumerate(nodes):
            for b in nodes[number + 1 :]:
                self.connect(a, b, quality)

    def cut(self, a: Node, b: Node) -> None:
        """Break all connections between two; each side notices in its own time."""
        for end in [end for end in a.ends if end.other is not None and end.other.node is b]:
            self._break(end)

    def append(self, node: Node, text: str) -> None:
        if node.up:
            node.disk.append(text)
            self._run_disk(node)

    def crash(self, node: Node) -> None:
        """Everything that is not committed is lost."""
        for end in list(node.ends):
            self._break(end)
        node.ends.clear()
        node.disk.clear()
        node.up = node.disk_busy = False
        node.life += 1

    def restart(self, node: Node) -> None:
        node.up = True
        node.run = self.random.randbytes(8)
        node.exchange = node.kind(node.store, node.store.own_feed, random=Random(self.random.random()))
        node.heads = {feed: head.seq for feed, head in node.store.frontier().items()}

    def at(self, delay: float, action: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (self.now + delay, self._order, action))

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.now + seconds
        while self.step(end):
            pass
        self.now = end

    def run_until(self, fact: Callable[[], bool], *, within: float = 60.0) -> float:
        """Let virtual time pass until `fact` holds; how long that took."""
        start = self.now
        while not fact():
            if not self.step(start + within):
                raise SimulationError(f"it did not happen within {within} s")
        return self.now - start

    def step(self, end: float = float("inf")) -> bool:
        """The next thing that happens up to `end`, if there is one."""
        wake, sleeper = min(
            ((self._wake(node), number) for number, node in enumerate(self.nodes)), default=(float("inf"), 0)
        )
        first = self._heap[0][0] if self._heap else float("inf")
        if min(wake, first) > end:
            return False
        self.steps += 1
        if first <= wake:
            self.now, _, action = heapq.heappop(self._heap)
            action()
        else:
            self._ticks = self._ticks + 1 if wake <= self.now else 0
            if self._ticks > _MOST_TICKS:
                raise SimulationError(f"{self.nodes[sleeper].name} has a deadline that does not go away")
            self.now = max(self.now, wake)
            self._tick(self.nodes[sleeper])
        return True

    def converged(self) -> bool:
        """Whether all honest nodes hold the same, all of it."""
        frontiers = [node.store.frontier() for node in self.nodes if node.kind is Exchange]
        return all(frontier == frontiers[0] for frontier in frontiers)

    # Inside.

    def _wake(self, node: Node) -> float:
        if not node.up:
            return float("inf")
        times = [node.exchange.deadline(), *(end.session.deadline() for end in node.ends)]
        return min((time for time in times if time is not None), default=float("inf"))

    def _tick(self, node: Node) -> None:
        deadline = node.exchange.deadline()
        if deadline is not None and deadline <= self.now:
            node.exchange.tick(self.now)
        for end in list(node.ends):
            due = end.session.deadline()
            if due is not None and due <= self.now:
                self._handle(end, end.session.timer(self.now))
        self._settle(node)

    def _settle(self, node: Node) -> None:
        """What a driver does after anything happened to its node."""
        for request in node.exchange.take_ingests():
            node.disk.append(request)
        backlog = sum(run.size for item in node.disk if not isinstance(item, str) for run in item.runs)
        node.largest_backlog = max(node.largest_backlog, backlog)
        self._run_disk(node)
        node.exchange.take_dirty()  # every end is looked at below
        for event in node.exchange.take_events():
            self._check_event(node, event)
        for end in list(node.ends):
            self._write(end)

    def _write(self, end: End) -> None:
        session = end.session
        end.largest_output = max(end.largest_output, session.output_size)
        if end.busy or end.broken or session.output_size == 0:
            if session.closed and not end.busy:
                self._break(end)
            return
        data = session.take_output()
        end.sent_bytes += len(data)
        end.busy = True
        duration = len(data) / end.quality.rate
        self.at(duration, lambda: self._written(end))
        for part, share in self._cut_anywhere(data):
            arrival = self.now + duration * share + end.quality.latency * (1 + self.random.random())
            end.arrives = max(end.arrives, arrival)  # in order
            self.at(end.arrives - self.now, lambda part=part: self._arrive(end, part))  # type: ignore[misc]

    def _cut_anywhere(self, data: bytes) -> Iterator[tuple[bytes, float]]:
        position = 0
        while position < len(data):
            size = self.random.choice((1, 7, 300, 1_448, 65_536, len(data)))
            part = data[position : position + size] if position < 8_192 else data[position:]
            position += len(part)
            yield part, position / len(data)

    def _written(self, end: End) -> None:
        end.busy = False
        if not end.broken and end.node.up:
            end.node.exchange.writable(end.session, self.now)
            self._settle(end.node)

    def _arrive(self, sender: End, data: bytes) -> None:
        end = sender.other
        if end is None or end.broken or sender.broken:
            return
        self.trace.update(f"{self.now:.9f}{sender.node.name}{end.node.name}{len(data)}".encode())
        self._handle(end, end.session.receive(data, self.now))
        self._settle(end.node)

    def _handle(self, end: End, events: list[Event]) -> None:
        node = end.node
        for event in events:
            match event:
                case Authenticated():
                    end.session.admit(True)
                case Admitted():
                    self._replace_older(end)
                    node.exchange.open(end.session, self.now)
                case Closed():
                    node.exchange.close(end.session, self.now)
                    if end.session.output_size == 0:
                        self._break(end)
                case RunsReceived(_, runs):
                    node.received_entries += sum(len(run.entries) for run in runs)
                    node.exchange.handle(end.session, event, self.now)
                case _:
                    node.exchange.handle(end.session, event, self.now)

    def _replace_older(self, end: End) -> None:
        """A newer session to the same peer replaces the older, as the mesh does it."""
        for older in list(end.node.ends):
            if older is not end and older.other and end.other and older.other.node is end.other.node:
                end.node.exchange.close(older.session, self.now)
                older.session.goodbye(ByeReason.DUPLICATE)

    def _break(self, end: End) -> None:
        for side in (end, end.other):
            if side is None or side.broken:
                continue
            side.broken = True
            if side is end:
                self._lose(side)
            else:
                self.at(self.random.random() * 0.1, lambda side=side: self._lose(side))  # type: ignore[misc]

    def _lose(self, end: End) -> None:
        node = end.node
        if end in node.ends:
            node.ends.remove(end)
            end.session.receive_eof(self.now)
            node.exchange.close(end.session, self.now)
            if node.up:
                self._settle(node)

    def _run_disk(self, node: Node) -> None:
        if node.disk and not node.disk_busy and node.up:
            node.disk_busy = True
            life = node.life
            seconds = node.disk_seconds * (0.5 + self.random.random())
            self.at(seconds, lambda: self._commit(node, life))

    def _commit(self, node: Node, life: int) -> None:
        if node.life != life:
            return
        node.disk_busy = False
        item = node.disk.popleft()
        if node.disk_full:
            if not isinstance(item, str):
                node.exchange.ingested(item.ticket, None, self.now)
        elif isinstance(item, str):
            self._advance(node, [node.store.append(item)])
        else:
            report = node.store.ingest(item.runs)
            told_first = self.random.random() < 0.5  # both orders happen between two threads
            if told_first:
                node.exchange.ingested(item.ticket, report, self.now)
            self._advance(node, report.advances)
            if not told_first:
                node.exchange.ingested(item.ticket, report, self.now)
        self._settle(node)

    def _advance(self, node: Node, advances: Sequence[Advance]) -> None:
        for advance in advances:
            if advance.first != node.heads.get(advance.feed, 0) + 1:
                raise SimulationError(f"{node.name} stored a gap or a duplicate")
            node.heads[advance.feed] = advance.head.seq
            self.trace.update(advance.feed + advance.head.hash + node.name.encode())
        node.exchange.committed(advances, self.now)

    def _check_event(self, node: Node, event: object) -> None:
        match event:
            case Held(_, peer_id, feed, seq, level):
                peer = next(peer for peer in self.nodes if peer.id == peer_id)
                if feed != node.store.own_feed or peer.store.hash_at(feed, seq) != node.store.hash_at(feed, seq):
                    raise SimulationError(f"{peer.name} does not hold {seq} entries of {node.name}")
                if level and seq > _seq(node.store.head(feed)):
                    raise SimulationError("level beyond the head")
                node.held[peer_id] = max(node.held.get(peer_id, 0), seq)
            case Level(session):
                peer = next(end.other.node for end in node.ends if end.session is session and end.other is not None)
                head = node.store.head(node.store.own_feed)
                # Its store may have grown since the last commit was made known to the exchange.
                known = node.held.get(peer.id, 0)
                if peer.store.hash_at(node.store.own_feed, known) != node.store.hash_at(node.store.own_feed, known):
                    raise SimulationError(f"{node.name} is not level with {peer.name}: {head}")
            case Diverged(session):
                node.diverged.append(_name(session))
            case Misbehaved(session, text):
                node.misbehaved.append((_name(session), text))


def _seq(head: Head | None) -> int:
    return head.seq if head else 0


def _name(session: Session) -> str:
    return session.remote.name if session.remote else ""
