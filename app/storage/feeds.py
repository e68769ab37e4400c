"""The feeds that are held: their records, their entries, and runs of them as they are sent.

- The records of all feeds are in memory, as of the last durable commit; a transaction collects its changes aside and
  they are published together after the commit.
- h(seq) is stored at checkpoints only, and folded from the nearest one before: at most 64 KiB of entries.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from app.entry import MAX_SPAN_BYTES, NO_HASH, Run, fold_chain
from app.errors import DamagedError
from app.frontier import Advance, Head
from app.storage.environment import Table, Txn
from app.storage.schema import (
    CHECKPOINTS,
    ENTRIES,
    ENTRY_KEY,
    FEED_IDS,
    FEEDS,
    U32,
    FeedRecord,
    decode_feed,
    split_checkpoint,
)

RECENT_HASHES = 1024  # chain hashes of late heads, so that pushing the newest entry folds nothing


class Feeds:
    """All feed records, as of the last commit. Read from any thread."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table]) -> None:
        self._mutex = threading.Lock()
        self._by_num = {
            record.num: record for record in (decode_feed(key, value) for key, value in txn.cursor(tables[FEEDS]))
        }
        self._by_id = {record.id: record for record in self._by_num.values()}
        self._uncited = {record.num: record for record in self._by_num.values() if record.uncited}
        self._last_num = max(self._by_num, default=0)
        self._recent: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()

    def known(self, num: int) -> FeedRecord | None:
        return self._by_num.get(num)

    def of(self, num: int) -> FeedRecord:
        record = self._by_num.get(num)
        if record is None:
            raise DamagedError(f"feed number {num} is not in the table of feeds: run chat-tui check ME")
        return record

    def by_id(self, feed: bytes) -> FeedRecord | None:
        return self._by_id.get(feed)

    def all(self) -> list[FeedRecord]:
        with self._mutex:
            return list(self._by_num.values())

    def uncited(self) -> dict[int, FeedRecord]:
        """Those with entries that the own feed has not cited, by number: few, and looked at for each message."""
        with self._mutex:
            return dict(self._uncited)

    def frontier(self) -> dict[bytes, Head]:
        with self._mutex:
            return {record.id: head_of(record) for record in self._by_id.values()}

    def next_num(self) -> int:
        with self._mutex:
            return self._last_num + 1

    def publish(self, records: list[FeedRecord]) -> None:
        with self._mutex:
            for record in records:
                before = self._by_num.get(record.num)
                if before is not None:
                    self._recent[before.id, before.seq] = before.hash
                self._recent[record.id, record.seq] = record.hash
                self._by_num[record.num] = record
                self._last_num = max(self._last_num, record.num)
                if record.uncited:
                    self._uncited[record.num] = record
                else:
                    self._uncited.pop(record.num, None)
                self._by_id[record.id] = record
            while len(self._recent) > RECENT_HASHES:
                self._recent.popitem(last=False)

    def recent_hash(self, feed: bytes, seq: int) -> bytes | None:
        with self._mutex:
            return self._recent.get((feed, seq))


class FeedChanges:
    """What one transaction makes of the feed records."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
        self._txn = txn
        self._tables = tables
        self._feeds = feeds
        self._next_num = feeds.next_num()
        self._changed: dict[int, FeedRecord] = {}
        self._new: dict[bytes, int] = {}

    def of(self, num: int) -> FeedRecord:
        return self._changed.get(num) or self._feeds.of(num)

    def by_id(self, feed: bytes) -> FeedRecord | None:
        record = self._feeds.by_id(feed)
        num = self._new.get(feed) if record is None else record.num
        return None if num is None else self.of(num)

    def all(self) -> Iterator[FeedRecord]:
        """Those that were there before. They are not looked at before the first is asked for."""
        for record in self._feeds.all():
            yield self._changed.get(record.num, record)

    def uncited(self) -> list[FeedRecord]:
        return [record for record in (self._feeds.uncited() | self._changed).values() if record.uncited]

    def by_author(self, author: bytes) -> list[FeedRecord]:
        """Those that this transaction has added included."""
        records = {record.num: record for record in self._feeds.all()} | self._changed
        return [record for record in records.values() if record.author == author]

    def add(self, feed: bytes, author: bytes, name: str, via: bytes = b"") -> FeedRecord:
        """A feed without entries yet; `change` must follow with its first head."""
        record = FeedRecord(self._next_num, feed, author, name, 0, NO_HASH, b"", 1, -1, 0, 0, via)
        self._next_num += 1
        self._new[feed] = record.num
        self._txn.put(feed, U32.pack(record.num), db=self._tables[FEED_IDS])
        return record

    def change(self, record: FeedRecord) -> None:
        self._changed[record.num] = record

    def write(self) -> list[FeedRecord]:
        """Write the changed records; they are to be published after the commit."""
        records = list(self._changed.values())
        self._txn.cursor(self._tables[FEEDS]).putmulti([(U32.pack(record.num), record.encode()) for record in records])
        return records

    def advances(self) -> list[Advance]:
        """What `write` makes of the heads, once it is durable."""
        advances = []
        for record in self._changed.values():
            before = self._feeds.by_id(record.id)
            first = before.seq + 1 if before else record.low
            if first <= record.seq:
                advances.append(Advance(record.id, first, head_of(record)))
        return advances


def head_of(record: FeedRecord) -> Head:
    return Head(record.low, record.seq, record.hash)


class FeedReader:
    """Entries, checkpoints and hashes of feeds in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
        self._txn = txn
        self._entries = tables[ENTRIES]
        self._checkpoints = tables[CHECKPOINTS]
        self._feed_records = tables[FEEDS]
        self._feeds = feeds

    def of(self, num: int) -> FeedRecord:
        return self._feeds.known(num) or self._stored(num)

    def hash_at(self, record: FeedRecord, seq: int) -> bytes | None:
        if seq == record.seq:
            return record.hash
        if not record.low - 1 <= seq < record.seq:
            return None
        recent = self._feeds.recent_hash(record.id, seq)
        if recent is not None:
            return recent
        start, before = self._checkpoint_before(record, seq)
        return fold_chain(before, self.entries(record, start + 1, seq))

    def folds(self, record: FeedRecord, seq: int) -> int:
        """How many entries `hash_at` reads."""
        if seq == record.seq or self._feeds.recent_hash(record.id, seq) is not None:
            return 0
        return seq - self._checkpoint_before(record, seq)[0]

    def entries(self, record: FeedRecord, low: int, high: int) -> Iterator[bytes]:
        """The bytes of the entries low..high."""
        cursor = self._txn.cursor(self._entries)
        if low > high or not cursor.set_key(ENTRY_KEY.pack(record.num, low)):
            if low <= high:
                raise DamagedError(f"entry {low} of the feed of {record.name} is missing: run chat-tui check ME")
            return
        for seq, (key, data) in enumerate(cursor.iternext(), low):
            if key != ENTRY_KEY.pack(record.num, seq):
                raise DamagedError(f"entry {seq} of the feed of {record.name} is missing: run chat-tui check ME")
            yield data
            if seq == high:
                return

    def runs(self, record: FeedRecord, low: int, high: int, max_bytes: int) -> list[Run]:
        """Runs from `low` to the checkpoint at or after `high`, as many as fit into max_bytes, but at least one."""
        before = self.hash_at(record, low - 1) if record.low <= low <= record.seq else None
        runs: list[Run] = []
        if before is None:
            return runs
        room = max_bytes
        for last, head, signature in self.checkpoints(record, low):
            entries = tuple(self.entries(record, low, last))
            room -= sum(map(len, entries))
            if runs and room < 0:
                break
            runs.append(Run(record.id, low, before, entries, signature))
            low, before = last + 1, head
            if last >= high or room <= 0:
                break
        return runs

    def checkpoints(self, record: FeedRecord, low: int) -> Iterator[tuple[int, bytes, bytes]]:
        """(seq, hash, signature) of all checkpoints from entry `low` on, the head last."""
        yield from self._kept_checkpoints(record.num, low)
        current = self._stored(record.num)
        if current.seq >= low:
            yield current.seq, current.hash, current.signature

    def run_at(self, record: FeedRecord, first: int, before: bytes) -> Run:
        """The run from `first` to the next checkpoint, up to the head that `record` says, stored or about to be."""
        head = (record.seq, record.hash, record.signature)
        last, _, signature = next(self._kept_checkpoints(record.num, first), head)
        return Run(record.id, first, before, tuple(self.entries(record, first, last)), signature)

    def _kept_checkpoints(self, num: int, low: int) -> Iterator[tuple[int, bytes, bytes]]:
        cursor = self._txn.cursor(self._checkpoints)
        if cursor.set_range(ENTRY_KEY.pack(num, low)):
            for key, value in cursor.iternext():
                found, seq = ENTRY_KEY.unpack(key)
                if found != num:
                    break
                yield seq, *split_checkpoint(value)

    def _stored(self, num: int) -> FeedRecord:
        """The record in this snapshot, which can be a moment newer than the one in memory."""
        key = U32.pack(num)
        return decode_feed(key, self._txn.get(key, b"", self._feed_records))

    def _checkpoint_before(self, record: FeedRecord, seq: int) -> tuple[int, bytes]:
        """(seq, hash) of the last checkpoint at or before `seq`."""
        cursor = self._txn.cursor(self._checkpoints)
        key = ENTRY_KEY.pack(record.num, seq)
        found = (cursor.key() == key or cursor.prev()) if cursor.set_range(key) else cursor.last()
        if found:
            num, at = ENTRY_KEY.unpack(cursor.key())
            if num == record.num:
                return at, split_checkpoint(cursor.value())[0]
        return 0, NO_HASH


def keeps_checkpoint(span_before: int, span: int) -> bool:
    """Whether the spacing rule needs the checkpoint between two stretches of so many bytes."""
    return span_before + span > MAX_SPAN_BYTES
