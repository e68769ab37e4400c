"""Two sessions joined in memory, and a node whose peers are played by the test."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from app.identity import Identity
from app.ingest import IngestReport
from app.replication.events import Admitted, Authenticated, Event
from app.replication.exchange import Exchange, ExchangeEvent
from app.replication.session import LocalHello, Role, Session
from tests.replication.memory_store import MemoryStore

BINDING = sha256(b"a certificate").digest()
MAX_ROUNDS = 200  # two sessions that still talk after this talk for ever


def identity_of(name: str) -> Identity:
    return Identity.from_secret(sha256(name.encode()).digest())


def hello_of(name: str, *, room: str = "main", node: bytes | None = None) -> LocalHello:
    return LocalHello(identity_of(name), node or sha256(b"node" + name.encode()).digest()[:16], b"run 1234", name, room)


def session_of(name: str, role: Role, *, binding: bytes = BINDING, room: str = "main", now: float = 0.0) -> Session:
    nonce = sha256(b"nonce" + name.encode()).digest()
    return Session(role, hello_of(name, room=room), binding, nonce=nonce, now=now)


class Pair:
    """Two sessions whose bytes pass in memory, split at random when a seed is given."""

    def __init__(self, client: Session, server: Session, *, seed: int | None = None, admit: bool = True) -> None:
        self.client = client
        self.server = server
        self.events: dict[Session, list[Event]] = {client: [], server: []}
        self.bytes_to: dict[Session, int] = {client: 0, server: 0}
        self._random = None if seed is None else Random(seed)
        self._admit = admit

    @classmethod
    def of(cls, client: str = "alice", server: str = "bob", *, seed: int | None = None) -> Pair:
        """Two who have admitted each other."""
        pair = cls(session_of(client, Role.CLIENT), session_of(server, Role.SERVER), seed=seed)
        pair.exchange_bytes()
        pair.take_events(pair.client)
        pair.take_events(pair.server)
        return pair

    def exchange_bytes(self, now: float = 0.0) -> None:
        """Until both have nothing more to say."""
        for _ in range(MAX_ROUNDS):
            moved = self.step(self.client, self.server, now) | self.step(self.server, self.client, now)
            if not moved:
                return
        raise AssertionError("the two sessions do not come to an end")

    def step(self, sender: Session, receiver: Session, now: float = 0.0) -> bool:
        """Everything that `sender` has to write; whether there was anything."""
        data = sender.take_output()
        self.bytes_to[receiver] += len(data)
        for part in self._split(data):
            self._take(receiver, receiver.receive(part, now))
            self._due(receiver, now)
        self._due(sender, now)
        return bool(data)

    def take_events(self, session: Session) -> list[Event]:
        events, self.events[session] = self.events[session], []
        return events

    def _take(self, session: Session, events: list[Event]) -> None:
        self.events[session] += events
        if self._admit and any(isinstance(event, Authenticated) for event in events):
            session.admit(True)

    def _due(self, session: Session, now: float) -> None:
        deadline = session.deadline()
        if deadline is not None and deadline <= now:
            self._take(session, session.timer(now))

    def _split(self, data: bytes) -> list[bytes]:
        if self._random is None:
            return [data] if data else []
        parts = []
        while data:
            size = self._random.choice((1, 3, 4, 5, 50, 1_000, 70_000))
            parts.append(data[:size])
            data = data[size:]
        return parts


class Bench:
    """bob's exchange on a store in memory. Its peers are sessions that the test drives by hand."""

    def __init__(self, name: str = "bob", *, entries: int = 0, earlier: MemoryStore | None = None) -> None:
        """earlier: the own feed of that store is one that bob's replaces."""
        self.now = 100.0
        self.store = MemoryStore(identity_of(name), name, bytes(16))
        for number in range(entries):
            self.store.append(f"{name} {number}")
        if earlier is not None:
            self.store.ingest(earlier.read_runs(earlier.own_feed, 1, 1 << 20, 1 << 22))
        old = () if earlier is None else (earlier.own_feed,)
        self.exchange = Exchange(self.store, self.store.own_feed, random=Random(1), earlier=old)
        self.name = name
        self.events: list[ExchangeEvent] = []
        self.pairs: dict[Session, Pair] = {}

    def reopen(self, store: MemoryStore) -> Bench:
        """As after a restart: over a store that holds something already."""
        self.store = store
        self.exchange = Exchange(store, store.own_feed, random=Random(1))
        return self

    def peer(self, name: str) -> Session:
        """The far end of a new, admitted session with `name`."""
        pair = Pair.of(name, self.name)
        self.pairs[pair.client] = pair
        self.exchange.open(pair.server, self.now)
        return pair.client

    def near(self, peer: Session) -> Session:
        """bob's end of the session."""
        return self.pairs[peer].server

    def hear(self, peer: Session) -> list[Event]:
        """What the peer gets, once everything it has said was taken in."""
        pair = self.pairs[peer]
        pair.step(pair.client, pair.server, self.now)
        for event in pair.take_events(pair.server):
            self.exchange.handle(pair.server, event, self.now)
        pair.step(pair.server, pair.client, self.now)
        self.exchange.writable(pair.server, self.now)
        pair.step(pair.server, pair.client, self.now)
        self.events += self.exchange.take_events()
        return [event for event in pair.take_events(pair.client) if not isinstance(event, Admitted)]

    def commit(self, *, failing: bool = False) -> int:
        """Let the store work through what was handed to it; how many requests that were."""
        requests = self.exchange.take_ingests()
        for request in requests:
            report: IngestReport | None = None if failing else self.store.ingest(request.runs)
            self.exchange.ingested(request.ticket, report, self.now)
        self.events += self.exchange.take_events()
        return len(requests)

    def wait(self, seconds: float) -> None:
        """Let time pass, with everything that falls due in it."""
        end = self.now + seconds
        while (deadline := self.exchange.deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.exchange.tick(self.now)
        self.now = end
        self.events += self.exchange.take_events()
