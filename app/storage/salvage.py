"""What can be saved of a damaged database: what verifies, from the first entry of each feed to the last before a gap.

- The file is read page by page, without LMDB (pages.py). Old copies of pages help: what verifies is right, whatever
  page it stood on.
- What the database reaches is tried first, and what stands within a long message is no page: else whoever writes
  messages that look like pages could crowd out what others wrote.
- What is found is indexed in a file beside, so that memory does not grow with the history.
- Entries, their chain and their checkpoints prove themselves. What is known of people does not, and somebody's long
  message can look like a page: from pages that the database does not reach, only who is refused is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import lmdb
from msgspec import Struct, field
from msgspec.structs import replace

from app.entry import (
    HASH_BYTES,
    KEY_BYTES,
    MAX_ENTRY_BYTES,
    MAX_SPAN_BYTES,
    MIN_ENTRY_BYTES,
    NO_HASH,
    SIGNATURE_BYTES,
    Run,
    chain_hash,
    checkpoint_message,
)
from app.errors import DamagedError, InvalidRunError, NewerSchemaError
from app.fork_proof import ForkProof, decode_proof
from app.genesis import Genesis, decode_genesis
from app.identity import Identity, PublicKey
from app.names import name_key
from app.peers import PeerRecord
from app.storage import schema
from app.storage.environment import ENGINE, Txn
from app.storage.pages import Node, PageFile, Place
from app.storage.schema import ENTRY_KEY, PLACED_VALUE, SCHEMA_VERSION, U32, U64, FeedRecord

Progress = Callable[[int, int], None]  # pages read, of how many

_PLACE = struct.Struct(">cQI")  # in the order in which they are tried: those that the database reaches first
_REACHED, _STRAY = b"\0", b"\1"
_CHECKPOINT_BYTES = HASH_BYTES + SIGNATURE_BYTES
_LAST_NUM = 2**32 - 1
_REACHED_TABLES = (schema.ENTRIES, schema.CHECKPOINTS, schema.FEEDS, schema.FORKS)
_MAX_LONG = 2 * MAX_SPAN_BYTES + 1024  # a proof, which has two runs; entries are shorter
_MAX_VALUE = 511  # that a table of several values for a key takes
_BATCH = 4096
# Ways to go on where several different entries claim one place: a page and an older copy of it that was damaged.
_MAX_BRANCHES = 16
_MAX_SIGNED_ANEW = 64 << 20  # bytes of entries between two own checkpoints, of which the pages between were lost


class SavedFeed(Struct, frozen=True):
    """A feed of which something was saved, or is known. num: its number in the damaged database; record: what that
    said of it last; as_it_was: whether that is how the database stood at its end."""

    num: int
    genesis: Genesis
    id: bytes
    record: FeedRecord | None
    as_it_was: bool


class SavedMeta(Struct):
    """What the database said of itself, where that can be read."""

    values: dict[bytes, bytes] = field(default_factory=dict)
    peers: dict[bytes, PeerRecord] = field(default_factory=dict)
    proofs: list[ForkProof] = field(default_factory=list)


class Salvage:
    """Everything that was found. Close it."""

    def __init__(self, damaged: Path, index: Path) -> None:
        """index: a file to be made, which the caller removes. Raises OSError and lmdb.Error."""
        self._pages = PageFile(damaged)
        self._env = lmdb.Environment(
            str(index),
            map_size=max(1 << 30, 4 * damaged.stat().st_size),
            subdir=False,
            mode=0o600,
            max_dbs=4,
            lock=False,
            sync=False,  # it is of no use after a crash
            lib_version=ENGINE,
        )
        self._entries = self._env.open_db(b"entries", dupsort=True)
        self._checkpoints = self._env.open_db(b"checkpoints", dupsort=True)
        self._arrivals = self._env.open_db(b"arrivals")
        self._records: dict[int, FeedRecord] = {}  # as the database had them last
        self._old_records: dict[int, FeedRecord] = {}
        self.meta = SavedMeta()

    def close(self) -> None:
        self._env.close()
        self._pages.close()

    @property
    def is_end_known(self) -> bool:
        """Whether both pages are sound that say how the database stood at its end, so that no later state is lost."""
        transactions = [meta.transaction for meta in self._pages.metas]
        return len(transactions) == 2 and transactions[0] - transactions[1] <= 1

    def collect(self, progress: Progress) -> None:
        """Read the file. Raises NewerSchemaError."""
        if self._pages.metas:
            self._read_tables()
        total = self._pages.pages
        done = bytearray(total)  # 1: read, or within a long value
        for numbers, how in ((self._reached(), _REACHED), (range(total), _STRAY)):
            left = iter(numbers)
            while batch := list(islice(left, _BATCH)):
                with self._env.begin(write=True) as txn:
                    for number in batch:
                        if number < total and not done[number]:
                            self._file_page(txn, number, how, done)
                progress(sum(done) if how is _REACHED else max(sum(done), batch[-1] + 1), total)

    def _reached(self) -> Iterator[int]:
        """Pages of the tables that the database leads to."""
        for name in _REACHED_TABLES if self._pages.metas else ():
            yield from self._pages.table_leaves(self._pages.metas[0], name)

    def _file_page(self, txn: Txn, number: int, how: bytes, done: bytearray) -> None:
        for node in self._pages.leaf(number):
            self._file(txn, node, how)
            if how is _REACHED and node.value.size <= _MAX_LONG:
                for inner in self._pages.inner_pages(node):
                    done[inner] = 1
        if how is _REACHED:
            done[number] = 1

    def feeds(self, room: str) -> Iterator[SavedFeed]:
        """Those whose first entry was found, by their numbers."""
        with self._env.begin() as txn:
            numbers = sorted({*self._records, *self._old_records, *self._first_entries(txn)})
            for num in numbers:
                record = self._records.get(num)
                for data in self._candidates(txn, num, 1):
                    try:
                        genesis = decode_genesis(data)
                    except InvalidRunError:
                        continue
                    feed = chain_hash(NO_HASH, data)
                    if name_key(genesis.room) == name_key(room) and (record is None or record.id == feed):
                        yield SavedFeed(num, genesis, feed, record or self._old_records.get(num), record is not None)
                        break

    def runs(self, feed: SavedFeed, identity: Identity) -> Iterator[Run]:
        """All entries of a feed that verify, as runs. identity: signs anew where checkpoints of its own were lost."""
        author = PublicKey(feed.genesis.author)
        start, before = 1, NO_HASH
        with self._env.begin() as txn:
            while True:
                found = self._run(txn, feed, author, start, before)
                runs = [found] if found is not None else []
                if not runs and feed.genesis.author == identity.public:
                    runs = self._signed_anew(txn, feed, identity, start, before)
                if not runs:
                    return
                for run, head in runs:
                    yield run
                    start, before = run.last + 1, head

    def arrival(self, txn: Txn, num: int, seq: int) -> int | None:
        """When entry `seq` of feed number `num` was saved first, in microseconds since 1970."""
        value = txn.get(ENTRY_KEY.pack(num, seq), None, self._arrivals)
        return None if value is None else U64.unpack(value)[0]

    def begin(self) -> Txn:
        return self._env.begin()

    def _read_tables(self) -> None:
        newest = self._pages.metas[0]
        for node in self._pages.table(newest, schema.META):
            self.meta.values[node.key] = self._pages.read(node.value) or b""
        version = self.meta.values.get(schema.META_SCHEMA, b"")
        if len(version) == U32.size and SCHEMA_VERSION < U32.unpack(version)[0] < 1000:
            raise NewerSchemaError("it was written by a newer chat-tui: repair it with that one; nothing was changed")
        for node in self._pages.table(newest, schema.FEEDS):
            record = self._feed_record(node)
            if record is not None:
                self._records[record.num] = record
        for node in self._pages.table(newest, schema.PEERS):
            peer = self._peer_record(node)
            if peer is not None:
                self.meta.peers[peer.key] = peer
        for node in self._pages.table(newest, schema.FORKS):
            proof = decode_proof(self._pages.read(node.value) or b"")
            if proof is not None:
                self.meta.proofs.append(proof)

    def _file(self, txn: Txn, node: Node, how: bytes) -> None:
        """Put one record where it belongs, which its size tells. What is taken for something else verifies nowhere."""
        size = node.value.size
        match len(node.key):
            case ENTRY_KEY.size:
                if MIN_ENTRY_BYTES <= size <= MAX_ENTRY_BYTES:
                    txn.put(node.key, _PLACE.pack(how, node.value.offset, size), db=self._entries)
                if size == _CHECKPOINT_BYTES and (value := self._pages.read(node.value)) is not None:
                    txn.put(node.key, how + value, db=self._checkpoints)
            case 16 if size == PLACED_VALUE.size and (value := self._pages.read(node.value)) is not None:
                seq, arrival = PLACED_VALUE.unpack(value)
                key = ENTRY_KEY.pack(int.from_bytes(node.key[12:]), seq)
                before = txn.get(key, None, self._arrivals)
                if before is None or U64.unpack(before)[0] > arrival:
                    txn.put(key, U64.pack(arrival), db=self._arrivals)
            case U32.size if (record := self._feed_record(node)) is not None:
                key = ENTRY_KEY.pack(record.num, record.seq)
                txn.put(key, how + record.hash + record.signature, db=self._checkpoints)
                older = self._old_records.get(record.num)
                if older is None or older.seq < record.seq:
                    self._old_records[record.num] = record
            case length if length == KEY_BYTES and node.key not in self.meta.peers:
                peer = self._peer_record(node)
                if peer is not None and peer.refused:
                    self.meta.peers[peer.key] = replace(peer, pinned_at=None, verified_at=None)
            case _ if node.key in (schema.META_OWN_FEED, schema.META_AUTHOR, schema.META_NODE):
                self.meta.values.setdefault(node.key, self._pages.read(node.value) or b"")

    def _feed_record(self, node: Node) -> FeedRecord | None:
        value = self._pages.read(node.value) if len(node.key) == U32.size < node.value.size <= _MAX_VALUE else None
        if value is None:
            return None
        try:
            return schema.decode_feed(node.key, value)
        except DamagedError:
            return None

    def _peer_record(self, node: Node) -> PeerRecord | None:
        value = self._pages.read(node.value) if node.value.size > U32.size and not node.tree else None
        if value is None:
            return None
        try:
            return schema.decode_peer(node.key, value)
        except DamagedError:
            return None

    def _first_entries(self, txn: Txn) -> Iterator[int]:
        cursor = txn.cursor(self._entries)
        found = cursor.first()
        while found:
            num, seq = ENTRY_KEY.unpack(cursor.key())
            if seq == 1:
                yield num
            found = num < _LAST_NUM and cursor.set_range(ENTRY_KEY.pack(num + 1, 1))

    def _candidates(self, txn: Txn, num: int, seq: int) -> list[bytes]:
        """Different bytes that were found for an entry, those that the database reaches first."""
        cursor = txn.cursor(self._entries)
        if not cursor.set_key(ENTRY_KEY.pack(num, seq)):
            return []
        values = islice(cursor.iternext_dup(), 4 * _MAX_BRANCHES)
        places = dict.fromkeys(Place(*_PLACE.unpack(value)[1:]) for value in values)
        found = dict.fromkeys(data for place in places if (data := self._pages.read(place)) is not None)
        if len(found) > 1:  # the checkpoint at an entry has the same key
            for said, signature in self._signed(txn, num, seq):
                found.pop(said + signature, None)
        return list(found)

    def _run(self, txn: Txn, feed: SavedFeed, author: PublicKey, start: int, before: bytes) -> tuple[Run, bytes] | None:
        """The run from `start` to the next checkpoint that holds, and the hash there."""
        ways: list[tuple[bytes, tuple[bytes, ...], int]] = [(before, (), 0)]  # hash, entries, bytes
        seq = start
        while ways:
            longer = []
            for data in self._candidates(txn, feed.num, seq):
                for head, entries, size in ways:
                    if size + len(data) <= MAX_SPAN_BYTES or not entries:
                        longer.append((chain_hash(head, data), (*entries, data), size + len(data)))
            ways = longer[:_MAX_BRANCHES]
            for head, entries, _ in ways:
                for signature in self._signatures(txn, feed.num, seq, head):
                    if author.verify(checkpoint_message(feed.id, seq, head), signature):
                        return Run(feed.id, start, before, entries, signature), head
            seq += 1
        return None

    def _signed_anew(
        self, txn: Txn, feed: SavedFeed, identity: Identity, start: int, before: bytes
    ) -> list[tuple[Run, bytes]]:
        """Runs of an own feed up to the next checkpoint that holds, which vouches for all before it; those between were
        lost. Nothing is signed that is not signed already."""
        author = PublicKey(identity.public)
        runs: list[tuple[int, tuple[bytes, ...], bytes]] = []  # first, entries, hash at the last
        entries: tuple[bytes, ...] = ()
        head, first, seq, size, total = before, start, start, 0, 0
        while total <= _MAX_SIGNED_ANEW and (candidates := self._candidates(txn, feed.num, seq)):
            data = candidates[0]
            if entries and size + len(data) > MAX_SPAN_BYTES:
                runs.append((first, entries, head))
                first, entries, size = seq, (), 0
            entries, size, total = (*entries, data), size + len(data), total + len(data)
            head = chain_hash(head, data)
            message = checkpoint_message(feed.id, seq, head)
            if any(author.verify(message, by) for by in self._signatures(txn, feed.num, seq, head)):
                runs.append((first, entries, head))
                made = []
                for first, entries, head in runs:
                    last = first + len(entries) - 1
                    signature = identity.sign(checkpoint_message(feed.id, last, head))
                    made.append((Run(feed.id, first, before, entries, signature), head))
                    before = head
                return made
            seq += 1
        return []

    def _signed(self, txn: Txn, num: int, seq: int) -> list[tuple[bytes, bytes]]:
        cursor = txn.cursor(self._checkpoints)
        if not cursor.set_key(ENTRY_KEY.pack(num, seq)):
            return []
        return [schema.split_checkpoint(value[1:]) for value in islice(cursor.iternext_dup(), 4 * _MAX_BRANCHES)]

    def _signatures(self, txn: Txn, num: int, seq: int, head: bytes) -> Iterator[bytes]:
        """Of the checkpoint at entry `seq`, if that has the hash `head`."""
        key = ENTRY_KEY.pack(num, seq)
        for how in (_REACHED, _STRAY):
            cursor = txn.cursor(self._checkpoints)
            if cursor.set_range_dup(key, how + head):
                for value in islice(cursor.iternext_dup(), _MAX_BRANCHES):
                    if not value.startswith(how + head):
                        break
                    yield value[1 + HASH_BYTES :]
