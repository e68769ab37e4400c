"""Whether a database is sound: the file page by page, each chain and signature, and all indexes against the entries.

- Nothing is changed, not even a lock file is made, and a database that is open in a process is not looked at.
- The file is walked without LMDB first; LMDB only ever sees a file that passed. What fails there ends the check.
- Places are checked one by one: an entry's place must be exactly what its own predecessors make it, and there is only
  one way to fulfil that for all.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
from lmdb import verify as lmdb_verify

from app.entry import (
    MAX_ENTRY_BYTES,
    MAX_SPAN_BYTES,
    NO_HASH,
    chain_hash,
    checkpoint_message,
    digest_time,
    entry_digest,
    skim_entry,
)
from app.errors import ChatError, DamagedError, LockedError, StorageError
from app.fork_proof import decode_proof
from app.genesis import decode_genesis
from app.identity import PublicKey, fingerprint, grouped
from app.names import name_key
from app.storage import schema
from app.storage.amendments import record_of
from app.storage.copies import copied_by, copy_record
from app.storage.environment import Environment, Table, Txn, lmdb_error
from app.storage.findings import Finding, Findings
from app.storage.folder import DATA_FILE, FolderLock, unreadable_sentence
from app.storage.placing import PlaceReader, floor_of, is_shown
from app.storage.quota import ENTRY_COST
from app.storage.ranks import CHUNK_ENTRIES, GROUP_CHUNKS
from app.storage.schema import CITER, ENTRY_KEY, GROUP_VALUE, U32, U64, FeedRecord
from app.timeline import FIRST_KEY, LAST_KEY

Progress = Callable[[int, int], None]  # entries looked at, of how many

_COUNTED = (schema.TIMELINE, schema.HIDDEN, schema.DISPLACED, schema.AMENDMENTS, schema.COPIES)
_STEP = 10_000  # entries between two calls of a Progress


def check(folder: Path, *, progress: Progress | None = None) -> Findings:
    """Look at the whole database in `folder` (DATA-DIR/ME/rooms/ROOM).

    Raises LockedError when it is open in a process, NewerSchemaError, or another StorageError when it cannot be read.
    """
    path = folder / DATA_FILE
    try:
        lock = FolderLock.take_unwritten(folder)
    except LockedError as error:
        raise LockedError(f"could not check: {error}") from error
    try:
        if not path.is_file():
            raise StorageError(f"could not check: there is no database {path}")
        findings = Findings()
        _check_file(path, findings)
        if findings.sound:
            _check_content(path, findings, progress)
        return findings
    finally:
        if lock is not None:
            lock.release()


def _check_file(path: Path, findings: Findings) -> None:
    try:
        problems: list[str] = lmdb_verify.verify(str(path), subdir=False)  # type: ignore[no-untyped-call]
    except lmdb_verify.VerifyError as error:
        problems = [str(error)]
    except OSError as error:
        why = unreadable_sentence(path) if error.errno == errno.EIO else f"{path} cannot be read: {error.strerror}"
        raise StorageError(f"could not check: {why}") from error
    for problem in problems:
        findings.add(Finding("file", problem))


def _check_content(path: Path, findings: Findings, progress: Progress | None) -> None:
    try:
        env = Environment(path, read_only=True)
    except DamagedError as error:
        findings.add(Finding("file", str(error.__cause__ or error)))
        return
    try:
        with env.read() as txn:
            _Check(txn, env.tables, findings, progress).run()
    except DamagedError as error:
        findings.add(Finding("file", str(error)))
    except struct.error as error:
        findings.add(Finding("file", f"a record has the wrong size ({error})"))
    except lmdb.Error as error:
        raise lmdb_error(path, error) from error
    finally:
        env.close()


class _Check:
    def __init__(self, txn: Txn, tables: dict[bytes, Table], findings: Findings, progress: Progress | None) -> None:
        self._txn = txn
        self._tables = tables
        self._findings = findings
        self._progress = progress
        self._records: dict[int, FeedRecord] = {}
        self._places = PlaceReader(txn, tables, self._record)
        self._expected = dict.fromkeys(_COUNTED, 0)
        self._expected_citers = 0
        self._room = ""
        self._refused: set[bytes] = set()

    def run(self) -> None:
        self._check_meta()
        self._check_feeds()
        self._check_peers()
        if not self._findings.sound:
            return  # the rest hangs on these
        for record in self._records.values():
            self._check_feed(record)
        self._check_proofs()
        self._check_sizes()
        self._check_stretches(schema.CHUNKS, schema.TIMELINE, CHUNK_ENTRIES)
        self._check_stretches(schema.GROUPS, schema.CHUNKS, GROUP_CHUNKS)
        self._tell_progress(last=True)

    def _find(self, table: bytes, text: str, record: FeedRecord | None = None, seq: int | None = None) -> None:
        author, name = (record.author, record.name) if record else (None, None)
        self._findings.add(Finding(table.decode(), text, author, name, seq))

    def _record(self, num: int) -> FeedRecord:
        record = self._records.get(num)
        if record is None:
            raise DamagedError(f"there are entries of feed number {num}, which is not in table feeds")
        return record

    def _check_meta(self) -> None:
        meta = dict(self._items(schema.META))
        sizes = {
            schema.META_NODE: schema.NODE_BYTES,
            schema.META_AUTHOR: 32,
            schema.META_OWN_FEED: 32,
            schema.META_CREATED: 8,
            schema.META_CLOCK: 8,
        }
        for key, size in sizes.items():
            if len(meta.get(key, b"")) != size:
                self._find(schema.META, f"{key.decode()} is missing or has the wrong size")
        self._findings.author = meta.get(schema.META_AUTHOR)
        self._room = meta.get(schema.META_ROOM, b"").decode(errors="replace")
        if self._txn.get(meta.get(schema.META_OWN_FEED) or b"-", None, self._tables[schema.FEED_IDS]) is None:
            self._find(schema.META, "the own feed is not there")

    def _check_feeds(self) -> None:
        for key, value in self._items(schema.FEEDS):
            try:
                record = schema.decode_feed(key, value)
            except DamagedError as error:
                self._find(schema.FEEDS, str(error))
                continue
            self._records[record.num] = record
            if self._txn.get(record.id, None, self._tables[schema.FEED_IDS]) != key:
                self._find(schema.FEED_IDS, "the feed's id does not lead to it", record)
        if self._size(schema.FEED_IDS) != self._size(schema.FEEDS):
            self._find(schema.FEED_IDS, f"it has {self._size(schema.FEED_IDS)} ids, {schema.FEEDS.decode()} others")
        self._findings.feeds = len(self._records)

    def _check_peers(self) -> None:
        for key, value in self._items(schema.PEERS):
            try:
                if schema.decode_peer(key, value).refused:
                    self._refused.add(key)
            except DamagedError as error:
                self._find(schema.PEERS, str(error))

    def _check_feed(self, record: FeedRecord) -> None:
        checkpoints = self._checkpoints(record)
        key = PublicKey(record.author)
        head, place, seq, span, spans, size = NO_HASH, -1, record.low - 1, 0, 0, 0
        at, stored, signature = next(checkpoints, (0, b"", b""))
        for seq, data in self._entries(record):
            if seq == 1:
                self._check_genesis(record, data)
            if len(data) > MAX_ENTRY_BYTES:
                self._find(schema.ENTRIES, f"it has {len(data):,} bytes", record, seq)
            head = chain_hash(head, data)
            span += len(data)
            spans += 1
            size += len(data) + ENTRY_COST
            if seq == at:
                if stored != head:
                    self._find(schema.CHECKPOINTS, "its hash is not that of the entries", record, seq)
                elif not key.verify(checkpoint_message(record.id, seq, head), signature):
                    self._find(schema.CHECKPOINTS, "its signature does not hold", record, seq)
                if span > MAX_SPAN_BYTES and spans > 1:
                    self._find(schema.CHECKPOINTS, f"{span:,} bytes lie before it without one", record, seq)
                if seq == record.seq and span != record.span:
                    self._find(schema.FEEDS, f"its last span has {span:,} bytes, not {record.span:,}", record, seq)
                span = spans = 0
                head = stored
                at, stored, signature = next(checkpoints, (0, b"", b""))
            place = self._check_place(record, seq, data, place)
            self._findings.entries += 1
            self._tell_progress()
        if at:
            self._find(schema.CHECKPOINTS, "it stands behind the last entry", record, at)
        if spans:
            self._find(schema.CHECKPOINTS, "none at the last entry", record, seq)
        if (seq, head, place) != (record.seq, record.hash, record.place):
            self._find(schema.FEEDS, f"its head is said to be entry {record.seq:,}", record, seq)
        if size != record.size:
            self._find(schema.FEEDS, f"its entries count {size:,} bytes, not {record.size:,}", record)
        if not 0 <= record.cited <= record.seq:
            self._find(schema.FEEDS, f"entry {record.cited:,} is said to be cited", record)

    def _check_proofs(self) -> None:
        if schema.FORKS not in self._tables:
            return
        names = {record.author: record.name for record in self._records.values()}
        for key, value in self._items(schema.FORKS):
            proof = decode_proof(value)
            if proof is None or proof.key != key:
                self._find(schema.FORKS, "it does not prove that there are two branches")
            elif proof.author not in self._refused:
                self._findings.forked.add(names.get(proof.author, grouped(fingerprint(proof.author))))

    def _check_genesis(self, record: FeedRecord, data: bytes) -> None:
        try:
            genesis = decode_genesis(data)
        except ChatError as error:
            self._find(schema.ENTRIES, str(error), record, 1)
            return
        if chain_hash(NO_HASH, data) != record.id:
            self._find(schema.ENTRIES, "the genesis does not give the feed's id", record, 1)
        if (genesis.author, genesis.name) != (record.author, record.name):
            self._find(schema.FEEDS, "author or name are not those of the genesis", record)
        if name_key(genesis.room) != name_key(self._room):
            self._find(schema.ENTRIES, f"it belongs to room {genesis.room}, not {self._room}", record, 1)

    def _check_place(self, record: FeedRecord, seq: int, data: bytes, before: int) -> int:
        """Check everything that the indexes say about one entry. Returns its place."""
        try:
            here = self._places.placed(record.num, seq)
        except (DamagedError, struct.error):
            here = None
        if here is None:
            self._find(schema.TIMELINE, "it has no place", record, seq)
            return before
        time, seen, kind = skim_entry(data)
        least = max(floor_of(time, here.arrival), before + 1)
        for digest in dict.fromkeys(seen):
            cited = self._check_citation(record, seq, digest)
            if cited is not None:
                least = max(least, cited + 1)
        if here.place != least:
            self._find(here.table, f"its place is {here.place}, not {least}", record, seq)
        shown = is_shown(kind) and not self._places.is_superseded(record.num, seq, kind, seen)
        table = schema.TIMELINE if shown and record.author not in self._refused else schema.HIDDEN
        if here.table != table:
            self._find(here.table, f"it belongs in table {table.decode()}", record, seq)
        self._expected[table] += 1
        if not is_shown(kind):
            self._check_record(schema.AMENDMENTS, record_of(record, seq, data), record, seq)
        elif (copied := copied_by(kind, seen)) is not None:
            self._check_record(schema.COPIES, copy_record(record, seq, data, copied), record, seq)
        if here.place != digest_time(time):
            self._expected[schema.DISPLACED] += 1
            key = CITER.pack(entry_digest(record.id, seq, time, data), record.num, seq)
            if self._txn.get(key, None, self._tables[schema.DISPLACED]) != U64.pack(here.place):
                self._find(schema.DISPLACED, "its place is not there", record, seq)
        return here.place

    def _check_record(self, table: bytes, expected: tuple[bytes, bytes] | None, record: FeedRecord, seq: int) -> None:
        """What it says about another entry is to be found from that one."""
        if expected is None:
            return
        self._expected[table] += 1
        key, value = expected
        if self._txn.get(key, None, self._tables[table]) != value:
            self._find(table, "what it says about another entry is not there", record, seq)

    def _check_citation(self, record: FeedRecord, seq: int, digest: bytes) -> int | None:
        """The place that the entry has to follow because it cites `digest`."""
        self._expected_citers += 1
        key = CITER.pack(digest, record.num, seq)
        if self._txn.get(key, None, self._tables[schema.CITATIONS]) == schema.VOID:
            return None
        cited = self._places.find(digest)
        table = schema.DANGLING if cited is None else schema.CITATIONS
        mark = self._txn.get(key, None, self._tables[table])
        if mark is None:
            self._find(table, f"that it cites {digest.hex()} is not there", record, seq)
            return None
        if table == schema.CITATIONS and mark != schema.COUNTED:
            self._find(table, f"the mark of its citation of {digest.hex()} is unknown", record, seq)
        return None if cited is None else cited[2]

    def _check_sizes(self) -> None:
        """With each entry's own records found, equal numbers say that there are no others."""
        for table, expected in self._expected.items():
            if self._size(table) != expected:
                self._find(table, f"it has {self._size(table):,} records, the entries make {expected:,}")
        citers = self._size(schema.CITATIONS) + self._size(schema.DANGLING)
        if citers != self._expected_citers:
            self._find(schema.CITATIONS, f"there are {citers:,} citations, the entries make {self._expected_citers:,}")
        if self._size(schema.ENTRIES) != self._findings.entries:
            extra = self._size(schema.ENTRIES) - self._findings.entries
            self._find(schema.ENTRIES, f"{extra:,} entries belong to no feed")
        checkpoints = sum(1 for record in self._records.values() for _ in self._checkpoints(record))
        extra = self._size(schema.CHECKPOINTS) + len(self._records) - checkpoints  # the newest are in the feed records
        if extra:
            self._find(schema.CHECKPOINTS, f"{extra:,} belong to no feed")

    def _check_stretches(self, table: bytes, members: bytes, most: int) -> None:
        """Each stretch of `table` must count its members, and they must be no more than `most`."""
        starts = list(self._items(table))
        size = GROUP_VALUE.size if table == schema.GROUPS else U32.size
        if wrong := [key for key, value in starts if len(value) != size]:
            self._find(table, f"the record {wrong[0].hex()} has the wrong size")
            return
        if starts and starts[0][0] != FIRST_KEY:
            self._find(table, "it does not begin at the first key")
        inside = self._items(members)
        key, value = next(inside, (LAST_KEY + b"\0", b""))
        for index, (start, record) in enumerate(starts):
            end = starts[index + 1][0] if index + 1 < len(starts) else LAST_KEY + b"\0"
            count = entries = 0
            while start <= key < end:
                count += 1
                entries += U32.unpack(value)[0] if members == schema.CHUNKS else 1
                key, value = next(inside, (LAST_KEY + b"\0", b""))
            if table == schema.CHUNKS and index == len(starts) - 1:
                entries = 0  # the last chunk is not counted (ranks.py)
            told = GROUP_VALUE.unpack(record) if table == schema.GROUPS else (U32.unpack(record)[0], count)
            if told != (entries, count):
                self._find(table, f"the stretch at {start.hex()} has {entries:,} entries, not {told[0]:,}")
            if count > most:
                self._find(table, f"the stretch at {start.hex()} is too long: {count:,}")
        if starts and key <= LAST_KEY:
            self._find(table, f"{key.hex()} of {members.decode()} is in no stretch")

    def _entries(self, record: FeedRecord) -> Iterator[tuple[int, bytes]]:
        """The entries of a feed up to the first gap."""
        seq = record.low
        for key, data in self._items(schema.ENTRIES, ENTRY_KEY.pack(record.num, 0)):
            num, at = ENTRY_KEY.unpack(key)
            if num != record.num:
                return
            if at != seq:
                self._find(schema.ENTRIES, "it is missing", record, seq)
                return
            yield seq, data
            seq += 1

    def _checkpoints(self, record: FeedRecord) -> Iterator[tuple[int, bytes, bytes]]:
        for key, value in self._items(schema.CHECKPOINTS, ENTRY_KEY.pack(record.num, 0)):
            num, seq = ENTRY_KEY.unpack(key)
            if num != record.num:
                break
            yield seq, *schema.split_checkpoint(value)
        yield record.seq, record.hash, record.signature

    def _items(self, table: bytes, start: bytes = b"\0") -> Iterator[tuple[bytes, bytes]]:
        cursor = self._txn.cursor(self._tables[table])
        if cursor.set_range(start):
            yield from cursor.iternext()

    def _size(self, table: bytes) -> int:
        return self._txn.stat(self._tables[table])["entries"]

    def _tell_progress(self, *, last: bool = False) -> None:
        if self._progress and (last or self._findings.entries % _STEP == 0):
            self._progress(self._findings.entries, self._size(schema.ENTRIES))
