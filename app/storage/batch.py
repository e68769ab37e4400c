"""One write transaction: own entries and verified runs, with heads, checkpoints, places and counts.

Everything about an entry changes here together or not at all. Nothing in memory changes before the commit: a batch can
be run again from the start, which happens when the map had to grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice, repeat

from msgspec import Struct, field
from msgspec.structs import replace

from app.clock import MAX_PULL, HybridClock
from app.entry import (
    KIND_TEXT,
    MAX_SEEN,
    MAX_SPAN_BYTES,
    Entry,
    checkpoint_message,
    decode_entry,
    encode_entry,
    entry_digest,
    fold_chain,
    skim_entry,
)
from app.errors import DamagedError
from app.frontier import Advance
from app.genesis import Genesis
from app.identity import Identity
from app.ingest import IngestReport, Refusal, RefusedRun
from app.peers import PeerRecord
from app.storage.amendments import record_of
from app.storage.effort import Effort
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedChanges, FeedReader, Feeds, head_of, keeps_checkpoint
from app.storage.placing import MAX_STEPS, Placing
from app.storage.proofs import Keeping, find_proof
from app.storage.quota import Accounts, Quota, size_of
from app.storage.schema import (
    AMENDMENTS,
    CHECKPOINTS,
    CITATIONS,
    CITER,
    COUNTED,
    ENTRIES,
    ENTRY_KEY,
    META,
    META_CLOCK,
    PEERS,
    U64,
    FeedRecord,
    decode_peer,
    encode_peer,
)
from app.storage.verification import VerifiedRun


class Committed(Struct):
    """What a batch has done, to be made known after the commit. own_first: seq of the first of `own`."""

    arrival: int
    own_first: int = 0
    own: list[Entry] = field(default_factory=list)
    own_places: list[int] = field(default_factory=list)
    reports: list[IngestReport] = field(default_factory=list)
    records: list[FeedRecord] = field(default_factory=list)
    advances: list[Advance] = field(default_factory=list)


class Batch:
    def __init__(
        self,
        txn: Txn,
        tables: dict[bytes, Table],
        feeds: Feeds,
        clock: HybridClock,
        wall: int,
        *,
        effort: Effort | None = None,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        """clock: pulled by what is taken in; wall: microseconds since 1970, the arrival of all entries; effort: what
        placing what a peer brings may cost; give_way: called between two runs."""
        self._effort = effort or Effort(MAX_STEPS)
        self._give_way = give_way
        self._txn = txn
        self._tables = tables
        self._changes = FeedChanges(txn, tables, feeds)
        self._reader = FeedReader(txn, tables, feeds)
        self._placing = Placing(txn, tables, self._changes, wall)
        self._feeds = feeds
        self._clock = clock
        self._wall = wall
        self._own_time: int | None = None
        self._own_num = 0
        self._keeping: Keeping | None = None
        self.committed = Committed(wall)

    def append(self, own_num: int, identity: Identity, said: Sequence[tuple[int, object]]) -> None:
        """Write own entries, (kind, payload) each. The first ones cite what has been read and not been cited yet."""
        feed = self._changes.of(own_num)
        entries: list[bytes] = []
        own = self.committed.own
        self.committed.own_first = feed.seq + 1
        self._own_num = own_num
        clock, wall = self._clock, self._wall
        newest = self._txn.get(ENTRY_KEY.pack(own_num, feed.seq), b"", self._tables[ENTRIES])
        clock.resume(skim_entry(newest)[0] or 0)  # own entries come back after a rollback, from a wrong clock maybe
        citations = self._citations(feed.author)
        for kind, payload in said:
            seen = tuple(islice(citations, MAX_SEEN))
            time = clock.next(wall)
            data = encode_entry(time, seen, kind, payload)
            entries.append(data)
            # What a text says is known without reading it again, and a burst is of texts.
            entry = Entry(time, seen, kind, payload) if kind == KIND_TEXT else decode_entry(data)
            own.append(entry)
        self._own_time = clock.latest
        self.committed.own_places = self._extend_own(feed, entries, identity)

    def begin_own_feed(self, genesis: Genesis, data: bytes, feed_id: bytes, identity: Identity) -> None:
        feed = self._changes.add(feed_id, genesis.author, genesis.name)
        self._extend_own(feed, [data], identity)

    def write_own(self, feed: bytes, entries: Sequence[bytes], identity: Identity) -> None:
        """Append entries to an own feed that this batch began."""
        if entries:
            self._extend_own(self._held(feed), entries, identity)

    def accounts(self, quota: Quota, own: bytes, is_pinned: Callable[[bytes], bool]) -> Accounts:
        """What was brought before anything of this batch is taken in."""
        return Accounts(quota, self._changes.all(), own, is_pinned)

    def ingest(self, runs: Sequence[VerifiedRun | RefusedRun], via: bytes, accounts: Accounts) -> None:
        """Take in the runs of one ingest, brought by `via`; its report stands in `committed.reports`."""
        report = IngestReport()
        gained: dict[bytes, int] = {}
        self._placing.allow(self._effort.left(via, self._wall))
        before = self._placing.steps_left
        for item in runs:
            self._give_way()
            refused = item if isinstance(item, RefusedRun) else self._take(item, gained, via, accounts)
            if refused:
                report.refused.append(refused)
                if (
                    isinstance(item, VerifiedRun)
                    and refused.refusal is Refusal.FORKED
                    and self._prove(item, via, accounts)
                ):
                    report.proved.append(item.run.feed)
        self._effort.pay(via, before - self._placing.steps_left, self._wall)
        for feed, first in gained.items():
            record = self._held(feed)
            report.advances.append(Advance(feed, first, head_of(record)))
        self.committed.reports.append(report)

    def remember(self, record: PeerRecord) -> None:
        """Save what is known of an author. Who is refused is not shown; who is refused no more is shown again."""
        before = self._txn.get(record.key, None, self._tables[PEERS])
        was_refused = before is not None and decode_peer(record.key, before).refused
        self._txn.put(record.key, encode_peer(record), db=self._tables[PEERS])
        if record.refused == was_refused:
            return
        for feed in self._changes.by_author(record.key):
            if record.refused:
                self._placing.take_out(feed)
            else:
                self._placing.bring_back(feed)
                self.committed.advances.append(Advance(feed.id, feed.low, head_of(feed)))

    def finish(self) -> Committed:
        """The last step in the transaction."""
        committed = self.committed
        self._placing.finish()
        committed.records = self._changes.write()
        committed.advances += self._changes.advances()
        moved = self._placing.moved
        if moved:
            own = enumerate(committed.own_places, committed.own_first)
            committed.own_places = [moved.get((self._own_num, seq), place) for seq, place in own]
        if self._clock.latest != self._own_time:  # which is found in the own feed: one page less to write
            self._txn.put(META_CLOCK, U64.pack(self._clock.latest), db=self._tables[META])
        return committed

    def _held(self, feed: bytes) -> FeedRecord:
        record = self._changes.by_id(feed)
        if record is None:
            raise DamagedError(f"feed {feed.hex()} is missing: run chat-tui check ME")
        return record

    def _take(self, item: VerifiedRun, gained: dict[bytes, int], via: bytes, accounts: Accounts) -> RefusedRun | None:
        run = item.run
        feed = self._changes.by_id(run.feed)
        if feed is None:
            if item.genesis is None:
                return RefusedRun(run, Refusal.GAP, "nothing of its feed is here")
            fault = accounts.charge(item.genesis.author, via, size_of(run.entries), new=True)
            if fault is not None:
                return RefusedRun(run, Refusal.QUOTA, fault)
            feed = self._changes.add(run.feed, item.genesis.author, item.genesis.name, via)
        if run.first > feed.seq + 1:
            return RefusedRun(run, Refusal.GAP, f"entry {feed.seq + 1} is missing here")
        held = feed.seq - run.first + 1  # how many of the run's entries are held
        if held >= len(run.entries):
            same = self._reader.hash_at(feed, run.last) == item.head
        else:
            same = fold_chain(run.before, run.entries[:held]) == feed.hash
        if not same:
            return RefusedRun(run, Refusal.FORKED, f"another entry {min(run.last, feed.seq)} or earlier is here")
        if held < len(run.entries):
            fault = accounts.charge(feed.author, feed.via, size_of(run.entries[held:]), new=False) if feed.seq else None
            if fault is not None:
                return RefusedRun(run, Refusal.QUOTA, fault)
            gained.setdefault(run.feed, feed.seq + 1)
            self._extend(feed, run.entries[held:] if held else run.entries, [(run.last, item.head, run.signature)])
        return None

    def _prove(self, item: VerifiedRun, via: bytes, accounts: Accounts) -> bool:
        """Whether the run proves that there are two branches of its feed, which was not known."""
        feed = self._held(item.run.feed)
        if accounts.is_own(feed.author):
            return False  # own branches are brought together (renewal.py)
        keeping = self._keeping = self._keeping or Keeping(self._txn, self._tables, accounts.payer)
        if not keeping.has_room(feed.author, via):
            return False
        proof = find_proof(self._reader, feed, item, via=via, time=self._wall)
        return proof is not None and keeping.keep(proof)

    def _extend_own(self, feed: FeedRecord, entries: Sequence[bytes], identity: Identity) -> list[int]:
        ends = []
        span = 0
        for index, size in enumerate(map(len, entries)):
            if span and span + size > MAX_SPAN_BYTES:
                ends.append(index)
                span = 0
            span += size
        checkpoints = []
        head, start = feed.hash, 0
        for end in (*ends, len(entries)):
            head = fold_chain(head, entries[start:end])
            seq = feed.seq + end
            checkpoints.append((seq, head, identity.sign(checkpoint_message(feed.id, seq, head))))
            start = end
        return self._extend(feed, entries, checkpoints)

    def _extend(
        self, feed: FeedRecord, entries: Sequence[bytes], checkpoints: Sequence[tuple[int, bytes, bytes]]
    ) -> list[int]:
        """Store entries that continue `feed`. checkpoints: (seq, h(seq), signature), the last one at the last entry."""
        first = feed.seq + 1
        keys = map(ENTRY_KEY.pack, repeat(feed.num), count(first))
        self._txn.cursor(self._tables[ENTRIES]).putmulti(zip(keys, entries, strict=False))
        span = self._put_checkpoints(feed, entries, checkpoints)
        new = self._placing.place(feed, first, entries)
        for hidden in new.hidden.seqs:
            record = record_of(feed, hidden, entries[hidden - first])
            if record is not None:
                self._txn.put(*record, db=self._tables[AMENDMENTS])
        seq, head, signature = checkpoints[-1]
        size = feed.size + size_of(entries)
        grown = replace(feed, seq=seq, hash=head, signature=signature, place=new.places[-1], span=span, size=size)
        self._changes.change(grown)
        self._placing.settle(grown, first, entries, new)
        latest = self._wall + MAX_PULL
        self._clock.observe(max([time for time in new.times if time <= latest], default=0), self._wall)
        return new.places

    def _put_checkpoints(
        self, feed: FeedRecord, entries: Sequence[bytes], checkpoints: Sequence[tuple[int, bytes, bytes]]
    ) -> int:
        """Store those of the feed's last and the new checkpoints, except the newest, that the spacing rule needs.

        Returns the bytes of the entries from the last stored one to the newest.
        """
        seq, head, signature, span = feed.seq, feed.hash, feed.signature, feed.span
        for following in checkpoints:
            size = sum(map(len, entries[seq - feed.seq : following[0] - feed.seq]))
            if seq and keeps_checkpoint(span, size):
                self._txn.put(ENTRY_KEY.pack(feed.num, seq), head + signature, db=self._tables[CHECKPOINTS])
                span = 0
            span += size
            seq, head, signature = following
        return span

    def _citations(self, author: bytes) -> Iterator[bytes]:
        """Digests of what the own feed has not cited of feeds by others, newest first; all are marked as cited.

        Left out is what somebody else's entry cites that is here: citing that one, or a later one of its feed, says as
        much. In a busy room one or two are left of as many as there are people. A bare genesis says nothing.
        """
        uncited = [record for record in self._changes.uncited() if record.author != author]
        uncited.sort(key=lambda record: (record.place, record.id), reverse=True)
        for record in uncited:
            data = self._txn.get(ENTRY_KEY.pack(record.num, record.seq), b"", self._tables[ENTRIES])
            digest = entry_digest(record.id, record.seq, skim_entry(data)[0], data)
            self._changes.change(replace(record, cited=record.seq))
            if not self._is_cited(digest, author):
                yield digest

    def _is_cited(self, digest: bytes, author: bytes) -> bool:
        """Whether an entry that is not by `author` cites the entry with that digest, and stands after it for that."""
        cursor = self._txn.cursor(self._tables[CITATIONS])
        if not cursor.set_range(digest):
            return False
        for key, mark in cursor.iternext():
            found, num, _ = CITER.unpack(key)
            if found != digest:
                return False
            if mark == COUNTED and self._changes.of(num).author != author:
                return True
        return False
