"""A store in memory, for fast tests of replication: it checks and refuses as a log does, and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.entry import (
    KIND_GENESIS,
    KIND_TEXT,
    MAX_SPAN_BYTES,
    NO_HASH,
    Run,
    chain_hash,
    checkpoint_message,
    encode_entry,
    feed_id,
)
from app.errors import InvalidRunError
from app.frontier import Advance, Head
from app.genesis import Genesis, decode_genesis, genesis_payload
from app.identity import Identity, verify
from app.ingest import IngestReport, Refusal, RefusedRun


@dataclass(slots=True)
class StoredFeed:
    author: bytes
    name: str
    entries: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=lambda: [NO_HASH])
    checkpoints: dict[int, bytes] = field(default_factory=dict)


class MemoryStore:
    def __init__(self, identity: Identity, name: str, nonce: bytes, *, room: str = "main") -> None:
        """A new store with the genesis of its own feed. nonce: 16 bytes."""
        self.identity = identity
        self.room = room
        self.feeds: dict[bytes, StoredFeed] = {}
        self.proved: list[Run] = []  # what contradicts what is here, from where the two part
        self.time = 1_700_000_000_000_000
        genesis = encode_entry(
            self.time, (), KIND_GENESIS, genesis_payload(Genesis(identity.public, name, room, nonce))
        )
        self.own_feed = feed_id(genesis)
        self.feeds[self.own_feed] = StoredFeed(identity.public, name)
        self._append(genesis)

    def append(self, text: str) -> Advance:
        self.time += 1
        return self._append(encode_entry(self.time, (), KIND_TEXT, text))

    def _append(self, data: bytes) -> Advance:
        feed = self.feeds[self.own_feed]
        feed.entries.append(data)
        feed.hashes.append(chain_hash(feed.hashes[-1], data))
        seq = len(feed.entries)
        feed.checkpoints[seq] = self.identity.sign(checkpoint_message(self.own_feed, seq, feed.hashes[seq]))
        return Advance(self.own_feed, seq, Head(1, seq, feed.hashes[seq]))

    def ingest(self, runs: Sequence[Run]) -> IngestReport:
        report = IngestReport()
        for run in runs:
            outcome = self._ingest(run)
            if outcome is Refusal.FORKED and self._keep(run):
                report.proved.append(run.feed)
            if isinstance(outcome, Refusal):
                report.refused.append(RefusedRun(run, outcome, outcome.value))
            elif outcome is not None:
                report.advances.append(outcome)
        return report

    def _ingest(self, run: Run) -> Advance | Refusal | None:
        feed = self.feeds.get(run.feed)
        if run.first == 1:
            try:
                genesis = decode_genesis(run.entries[0])
            except InvalidRunError:
                return Refusal.INVALID
            if genesis.room != self.room:
                return Refusal.ANOTHER_ROOM
            if feed_id(run.entries[0]) != run.feed or run.before != NO_HASH:
                return Refusal.INVALID
            feed = feed or StoredFeed(genesis.author, genesis.name)
        if feed is None:
            return Refusal.GAP
        hashes = [run.before]
        for data in run.entries:
            hashes.append(chain_hash(hashes[-1], data))
        if not verify(feed.author, checkpoint_message(run.feed, run.last, hashes[-1]), run.signature):
            return Refusal.INVALID
        held = len(feed.entries)
        if run.first > held + 1:
            return Refusal.GAP
        common = min(held, run.last)
        if feed.hashes[common] != hashes[common - run.first + 1]:
            return Refusal.FORKED
        if run.last <= held:
            return None
        self.feeds[run.feed] = feed
        feed.entries += run.entries[held - run.first + 1 :]
        feed.hashes += hashes[held - run.first + 2 :]
        feed.checkpoints[run.last] = run.signature
        return Advance(run.feed, held + 1, Head(1, run.last, hashes[-1]))

    def _keep(self, run: Run) -> bool:
        feed = self.feeds[run.feed]
        if feed.hashes[run.first - 1 : run.first] != [run.before]:
            return False
        held = feed.entries[run.first - 1 :]
        same = next(n for n, (there, here) in enumerate(zip(run.entries, held, strict=False)) if there != here)
        before = feed.hashes[run.first + same - 1]
        there = Run(run.feed, run.first + same, before, run.entries[same:], run.signature)
        if there in self.proved:
            return False
        self.proved.append(there)
        return True

    def frontier(self) -> dict[bytes, Head]:
        return {feed: Head(1, len(stored.entries), stored.hashes[-1]) for feed, stored in self.feeds.items()}

    def head(self, feed: bytes) -> Head | None:
        stored = self.feeds.get(feed)
        return None if stored is None else Head(1, len(stored.entries), stored.hashes[-1])

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None:
        stored = self.feeds.get(feed)
        return None if stored is None else (stored.author, stored.name)

    def hash_at(self, feed: bytes, seq: int) -> bytes | None:
        stored = self.feeds.get(feed)
        return stored.hashes[seq] if stored and 1 <= seq <= len(stored.entries) else None

    def folds(self, feed: bytes, seq: int) -> int:
        stored = self.feeds.get(feed)
        return 0 if stored is None else seq - max((at for at in stored.checkpoints if at <= seq), default=0)

    def fork_seq(self, feed: bytes) -> int:
        return min((run.first for run in self.proved if run.feed == feed), default=0)

    def read_runs(self, feed: bytes, low: int, high: int, max_bytes: int) -> list[Run]:
        stored = self.feeds.get(feed)
        runs: list[Run] = []
        size = 0
        while stored and low <= min(high, len(stored.entries)):
            run = _read_run(feed, stored, low, high)
            size += run.size
            if runs and size > max_bytes:
                break
            runs.append(run)
            low = run.last + 1
        return runs


def _read_run(feed: bytes, stored: StoredFeed, first: int, high: int) -> Run:
    """From `first` to the last checkpoint that one run can reach, but not past the first one at or after `high`."""
    best, size, seq = 0, 0, first - 1
    while seq < len(stored.entries) and not (best and (best >= high or size > MAX_SPAN_BYTES)):
        seq += 1
        size += len(stored.entries[seq - 1])
        if seq in stored.checkpoints and (not best or size <= MAX_SPAN_BYTES):
            best = seq
    entries = tuple(stored.entries[first - 1 : best])
    return Run(feed, first, stored.hashes[first - 1], entries, stored.checkpoints[best])
