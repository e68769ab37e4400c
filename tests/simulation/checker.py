"""What must hold after every step: of each commit, of each claim, of each start. All of it is incremental.

- No gap, nothing twice, nothing that its author did not write, nothing that is not signed.
- The frontier is what the entries fold to. After a start it is what was durable before.
- Own entries are never rewritten, but by a database that was rolled back or runs twice.
- Nothing stands before what it follows or has seen. What is told to a reader is told once.
- Held and level mean equal hashes. Queues are bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.entry import (
    MAX_SPAN_BYTES,
    NO_HASH,
    Run,
    chain_hash,
    checkpoint_message,
    decode_entry,
    entry_digest,
)
from app.frontier import Advance
from app.genesis import decode_genesis
from app.replication.exchange import MAX_PUSHED_BYTES, Diverged, Held, Misbehaved
from app.replication.frames import MAX_CONTENT
from app.replication.serving import OUTPUT_ROOM
from app.replication.session import Session
from app.storage.log import Log
from app.timeline import TimelineEntry
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.host import Host

BUDGET = 2 * MAX_CONTENT  # in the place of the puller's, so that it is reached
MOST_PULLED = BUDGET + 3 * MAX_SPAN_BYTES  # received and not durable; an answer may be a run longer than was counted on
# Of one session: a push window, what is served at a time, and claims.
MOST_OUTPUT = MAX_CONTENT + 2 * OUTPUT_ROOM + MAX_SPAN_BYTES


class SimulationError(AssertionError):
    """A node did, stored or claimed what must not be."""


@dataclass(slots=True)
class Said:
    """One entry as it stands in the world."""

    feed: bytes
    seq: int
    hash: bytes
    author: bytes
    time: int | None
    seen: tuple[bytes, ...]
    kind: int | None
    digest: bytes
    data: bytes


@dataclass(slots=True)
class StoredFeed:
    author: bytes
    entries: list[Said] = field(default_factory=list)

    @property
    def hash(self) -> bytes:
        return self.entries[-1].hash if self.entries else NO_HASH


@dataclass(slots=True)
class Store:
    """What is durable on one disk, as the checker saw it land."""

    feeds: dict[bytes, StoredFeed] = field(default_factory=dict)
    arrivals: dict[tuple[bytes, int], int] = field(default_factory=dict)
    here: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)  # digest: entry
    citers: dict[bytes, list[tuple[bytes, int]]] = field(default_factory=dict)  # digest: who cites it

    def copy(self) -> Store:
        feeds = {feed: StoredFeed(stored.author, list(stored.entries)) for feed, stored in self.feeds.items()}
        citers = {digest: list(entries) for digest, entries in self.citers.items()}
        return Store(feeds, dict(self.arrivals), dict(self.here), citers)


class Checker:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.commits = 0
        self.entries = 0
        self.forked: set[bytes] = set()  # authors who may write two branches: rolled back, or running twice
        self.on_many_computers: set[bytes] = set()  # authors with several feeds, who cite none of their own
        self.liars: set[bytes] = set()  # authors of whom anything may come
        self.failure: SimulationError | None = None
        self._written: dict[tuple[bytes, int], set[bytes]] = {}  # all hashes that were ever durable at their author
        self._writers: dict[bytes, str] = {}  # own feed: on which computer it was begun
        self._branched: set[bytes] = set()
        self._durable: dict[bytes, set[tuple[bytes, int, bytes]]] = {}  # node id: all that ever was on its disk
        self._signed: set[tuple[bytes, int, bytes, bytes]] = set()
        self._told: dict[tuple[str, int], set[tuple[bytes, int]]] = {}

    def fail(self, text: str) -> None:
        """The run is over. Raised where it is found and kept, because a node survives its listeners."""
        self._trace.say("checker", text)
        error = SimulationError(text)
        self.failure = self.failure or error
        raise error

    def may_fork(self, author: bytes) -> None:
        """A database of theirs is rolled back, or runs twice from now on."""
        self.forked.add(author)

    def has_branches(self, feed: bytes) -> bool:
        """Whether its author wrote two, whoever has them now."""
        return feed in self._branched

    # A database was opened.

    def opened(self, host: Host, log: Log) -> None:
        own = log.own_feed
        writer = self._writers.setdefault(own, host.name)
        if writer != host.name:
            self.fail(f"{host.name} writes on in a log of {writer}")
        frontier = log.frontier()
        if own not in host.store.feeds:  # made just now
            self._take(host, log, Advance(own, 1, frontier[own]))
        held = {feed: (len(stored.entries), stored.hash) for feed, stored in host.store.feeds.items()}
        found = {feed: (head.seq, head.hash) for feed, head in frontier.items()}
        if held != found:
            self.fail(f"{host.name} does not find again what was durable, or finds more")
        self._durable_of(host, log)

    # A commit.

    def committed(self, host: Host, log: Log, advances: Sequence[Advance]) -> None:
        if self.failure is not None:
            return
        self.commits += 1
        first = {advance.feed: advance.first for advance in advances}
        if self._trace.on:
            news = [f"{advance.feed.hex()[:6]} {advance.first}..{advance.head.seq}" for advance in advances]
            self._trace.say(host.name, f"commits {', '.join(news)}")
        for advance in advances:
            self._take(host, log, advance)
        self._check_places(host, log, first)
        if log.own_feed in first and host.honest and host.identity.public not in self.forked | self.on_many_computers:
            self._check_last(host, log, first)
        self.check_bounds(host)

    def _take(self, host: Host, log: Log, advance: Advance) -> None:
        feed, last = advance.feed, advance.head.seq
        stored = host.store.feeds.get(feed)
        held = len(stored.entries) if stored else 0
        if advance.first != held + 1 or last < advance.first:
            self.fail(f"{host.name} stored entries {advance.first} to {last} of a feed of which it has {held}")
        new = self._read(host, log, advance, stored.hash if stored else NO_HASH)
        if stored is None:
            stored = host.store.feeds[feed] = StoredFeed(new[0].author)
        durable = self._durable_of(host, log)
        arrival = host.wall()
        for entry in new:
            stored.entries.append(entry)
            place = (feed, entry.seq)
            host.store.arrivals[place] = arrival
            host.store.here[entry.digest] = place
            for digest in entry.seen:
                host.store.citers.setdefault(digest, []).append(place)
            durable.add((feed, entry.seq, entry.hash))
            self._check_origin(host, log, entry)
        self.entries += len(new)
        head = log.head(feed)
        if head is None or (head.seq, head.hash) != (last, stored.hash) or advance.head != head:
            self.fail(f"the frontier of {host.name} is not what its entries come to")

    def _durable_of(self, host: Host, log: Log) -> set[tuple[bytes, int, bytes]]:
        durable = self._durable.get(log.node)
        if durable is None:  # it is a new node: made just now, or anew after it was found to be a copy
            stored = host.store.feeds.items()
            durable = {(feed, entry.seq, entry.hash) for feed, kept in stored for entry in kept.entries}
            self._durable[log.node] = durable
        return durable

    def _read(self, host: Host, log: Log, advance: Advance, before: bytes) -> list[Said]:
        feed, first, last = advance.feed, advance.first, advance.head.seq
        known = log.feed_author(feed)
        if known is None:
            self.fail(f"{host.name} does not know whose feed it stored")
            return []
        author = known[0]
        new: list[Said] = []
        for run in log.read_runs(feed, first, last, 1 << 40):
            if run.before != before or run.first != first + len(new):
                self.fail(f"{host.name} stored entries that do not continue its chain")
            if run.size > MAX_SPAN_BYTES and len(run.entries) > 1:
                self.fail(f"{host.name} keeps {run.size} bytes of entries without a checkpoint")
            for data in run.entries:
                seq = first + len(new)
                before = chain_hash(before, data)
                entry = decode_entry(data)
                digest = entry_digest(feed, seq, entry.time, data)
                new.append(Said(feed, seq, before, author, entry.time, entry.seen, entry.kind, digest, data))
            self._check_signature(host, author, run, before)
        if first + len(new) - 1 != last:
            self.fail(f"{host.name} lacks entries that it counts")
        if first == 1 and (new[0].hash != feed or decode_genesis(new[0].data).author != author):
            self.fail(f"{host.name} stored a feed under another id or author than its genesis says")
        return new

    def _check_signature(self, host: Host, author: bytes, run: Run, head: bytes) -> None:
        feed, seq, signature = run.feed, run.last, run.signature
        signed = (feed, seq, head, signature)
        if signed not in self._signed:
            try:
                Ed25519PublicKey.from_public_bytes(author).verify(signature, checkpoint_message(feed, seq, head))
            except InvalidSignature:
                self.fail(f"{host.name} stored entries up to {seq} that their author did not sign")
            self._signed.add(signed)

    def _check_origin(self, host: Host, log: Log, entry: Said) -> None:
        written = self._written.setdefault((entry.feed, entry.seq), set())
        if entry.feed == log.own_feed:
            if written - {entry.hash} and entry.author not in self.forked:
                self.fail(f"{host.name} wrote its entry {entry.seq} twice")
            written.add(entry.hash)
            if len(written) > 1:
                self._branched.add(entry.feed)
            before = host.store.feeds[entry.feed].entries[-2:-1]
            if before and (entry.time or 0) <= (before[0].time or 0) and host.honest:
                self.fail(f"the clock of {host.name} went back from one entry to the next")
        elif entry.hash not in written and entry.author not in self.liars:
            self.fail(f"{host.name} stored entry {entry.seq} of a feed, which was never durable at its author")

    def _check_places(self, host: Host, log: Log, first: dict[bytes, int]) -> None:
        """Of the new entries, and of those that cite them."""
        store = host.store
        with log._snapshot() as view:

            def position(entry: tuple[bytes, int]) -> bytes | None:
                record = log._feeds.by_id(entry[0])
                return None if record is None else view.position(record, entry[1])

            for feed, start in first.items():
                before = None
                for seq in range(max(1, start - 1), len(store.feeds[feed].entries) + 1):
                    here = position((feed, seq))
                    if here is None:
                        continue
                    if before is not None and here <= before:
                        self.fail(f"an entry stands before its predecessor at {host.name}")
                    before = here
                    entry = store.feeds[feed].entries[seq - 1]
                    cited = [store.here[digest] for digest in entry.seen if digest in store.here]
                    if any((there := position(other)) is not None and there >= here for other in cited):
                        self.fail(f"an entry stands before what it has seen at {host.name}")
                    citers = store.citers.get(entry.digest, ())
                    if any((there := position(other)) is not None and there <= here for other in citers):
                        self.fail(f"an entry that came late stands after who has seen it at {host.name}")

    def _check_last(self, host: Host, log: Log, first: dict[bytes, int]) -> None:
        """Who writes has read all that is there: it stands below."""
        own = log.own_feed
        mine = (log.position(own, seq) for seq in range(len(host.store.feeds[own].entries), first[own] - 1, -1))
        last = next((position for position in mine if position is not None), None)
        for entry in log.after(last, 100) if last is not None else ():
            if entry.seq < first.get(entry.feed, 1 << 62):
                self.fail(f"an entry stands above what {host.name} had read when it wrote it")

    def check_bounds(self, host: Host) -> None:
        exchange = host.exchange
        if exchange is None or not host.honest:
            return
        intake = exchange._intake
        pulled = intake.bytes - sum(intake._pushed.values())
        if pulled > MOST_PULLED or max(intake._pushed.values(), default=0) > MAX_PUSHED_BYTES:
            self.fail(f"{host.name} holds {intake.bytes:,} bytes that are not durable")
        for session in exchange._links:
            if session.output_size > MOST_OUTPUT:
                self.fail(f"{host.name} has {session.output_size:,} bytes waiting for one peer")

    # A claim.

    def held(self, host: Host, claim: Held) -> None:
        log, exchange = host.log, host.exchange
        if log is None or exchange is None:
            return
        mine = log.hash_at(claim.feed, claim.seq)
        if claim.feed != exchange._own_feed or mine is None:
            self.fail(f"{host.name} counts entries as held that it does not have")
        elif (claim.feed, claim.seq, mine) not in self._durable.get(claim.node, ()) and claim.key not in self.liars:
            self.fail(f"{host.name} believes that its entry {claim.seq} is on a disk where it is not")

    def level(self, host: Host, session: Session) -> None:
        log, remote, exchange = host.log, session.remote, host.exchange
        if log is None or remote is None or exchange is None or remote.key in self.liars:
            return
        link = exchange._links.get(session)
        own = exchange._own_feed  # which may just have been left for another
        head = exchange._heads[own]
        if link is None or link.mark(own).diverged:
            return
        if (own, head.seq, head.hash) not in self._durable.get(remote.node, ()):
            self.fail(f"{host.name} takes {remote.name} for level, who lacks entries of it")

    def blamed(self, host: Host, misbehaved: Misbehaved) -> None:
        remote = misbehaved.session.remote
        if host.honest and remote is not None and remote.key not in self.liars:
            self.fail(f"{host.name} blames {remote.name}, who keeps to the rules: {misbehaved.text}")

    def diverged(self, host: Host, diverged: Diverged) -> None:
        log = host.log
        remote = diverged.session.remote
        if log is None or remote is None or remote.key in self.liars or not host.honest:
            return
        author = log.feed_author(diverged.feed)
        if author is not None and author[0] not in self.forked | self.liars:
            self.fail(f"{host.name} believes that {author[1]} has written two branches")

    def told(self, host: Host, life: int, entries: Sequence[TimelineEntry]) -> None:
        told = self._told.setdefault((host.name, life), set())
        for entry in entries:
            if entry.change is not None:
                continue
            if (entry.feed, entry.seq) in told:
                self.fail(f"a reader at {host.name} is told an entry twice")
            told.add((entry.feed, entry.seq))

    def told_in(self, host: Host) -> set[tuple[bytes, int]]:
        return self._told.get((host.name, host.life), set())
