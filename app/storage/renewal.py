"""A new own feed in the place of one that cannot go on: because it has two branches, or because its database was moved.

- Nobody takes back or changes what was signed. The new feed names the last entry that it shares with the old one.
- What only one of two branches has is written once more, byte for byte, as copies in the order of their times: those
  who hold the other branch never take it from this one. A copy is shown only where its original is not.
- More of the other branch can come to light when the new feed is in use. It is written into that one,
  and nothing twice. So is what was lost with its database, and cannot be healed by whoever wrote it.
- A database that is found elsewhere than it was left may be a copy, whose original goes on: it begins a new feed at
  once. Two writers on one feed are the one thing that a log cannot survive.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from app.clock import HybridClock
from app.entry import (
    KIND_COPY,
    KIND_GENESIS,
    MAX_ENTRY_BYTES,
    Run,
    decode_entry,
    encode_entry,
    entry_digest,
    feed_id,
    skim_entry,
)
from app.genesis import ForkPoint, Genesis, decode_genesis, genesis_payload
from app.hashing import blake2b
from app.identity import Identity
from app.ingest import RefusedRun
from app.storage import schema
from app.storage.batch import Batch, Committed
from app.storage.environment import Environment, Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.folder import file_system_kind
from app.storage.schema import FeedRecord
from app.storage.verification import Verifier

# File systems that give a file another number each time they are mounted. Of those in user space nothing is known.
_NEW_NUMBERS = frozenset({"vfat", "msdos", "exfat"})
_GET_GENERATION = 0x80087601  # FS_IOC_GETVERSION of Linux; others answer that they do not know it
_MACHINE = Path("/etc/machine-id")


class Renewal(Struct, frozen=True):
    """What was made of another branch. feed, num: the own feed; node: what this node is from now on, None if the own
    feed goes on; copied: entries that were written once more; found: how many of them were not here before."""

    feed: bytes
    num: int
    node: bytes | None
    copied: int = 0
    found: int = 0


class _Said(Struct, frozen=True):
    """An entry of a branch. time: for their order, 0 if unreadable; found: whether it was not here before."""

    time: int
    seq: int
    data: bytes
    found: bool


def home_of(path: Path) -> bytes:
    """What stands for this computer and this file: a copy has another one. 16 bytes."""
    try:
        machine = _MACHINE.read_bytes().strip()
    except OSError:
        machine = b""  # no Linux: the file alone tells
    lasting = sys.platform != "linux" or has_lasting_numbers(file_system_kind(path.parent))
    number = path.stat().st_ino.to_bytes(8) + _generation(path) if lasting else b""
    return blake2b(number + machine, digest_size=16, person=b"chat-tui home 1").digest()


def has_lasting_numbers(kind: str) -> bool:
    """Whether a file has the same number after its file system was mounted again."""
    return kind not in _NEW_NUMBERS and not kind.startswith("fuse")


def _generation(path: Path) -> bytes:
    """Tells a file from an earlier one that had its number; nothing where the file system does not say."""
    answer = bytearray(8)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        fcntl.ioctl(descriptor, _GET_GENERATION, answer)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return bytes(answer)


def settle(env: Environment, identity: Identity, name: str, room: str, wall: int) -> bool:
    """Note where the database is. If it was elsewhere, begin a new own feed and be a new node: then True.

    identity: without its secret nothing is done.
    """
    home = home_of(env.path)
    with env.read() as txn:
        meta = dict(txn.cursor(env.tables[schema.META]))
        before = meta.get(schema.META_HOME)
        if before == home or not identity.secret or meta.get(schema.META_AUTHOR) != identity.public:
            return False
        feeds = Feeds(txn, env.tables)
        own = feeds.by_id(meta.get(schema.META_OWN_FEED, b""))
        if own is None:
            return False  # which whoever opens it will tell
        newest = txn.get(schema.ENTRY_KEY.pack(own.num, own.seq), b"", env.tables[schema.ENTRIES])
    moved = before is not None

    def work(txn: Txn) -> None:
        txn.put(schema.META_HOME, home, db=env.tables[schema.META])
        if moved:
            time = skim_entry(newest)[0]
            clock = HybridClock(max(schema.U64.unpack(meta[schema.META_CLOCK])[0], time or 0))
            last = entry_digest(own.id, own.seq, time, newest)
            batch = Batch(txn, env.tables, feeds, clock, wall)
            fork = ForkPoint(own.id, own.seq, own.hash)
            _begin(txn, env.tables, batch, identity, _Beginning(own.name or name, room, fork, last, clock.next(wall)))
            batch.finish()

    env.write(work)
    return moved


def is_replaced(txn: Txn, tables: dict[bytes, Table], feeds: Feeds, feed: bytes) -> bool:
    """Whether the author of `feed` has begun another one in its place."""
    record = feeds.by_id(feed)
    for other in feeds.all() if record is not None else ():
        if record is not None and other.author == record.author:
            first = txn.get(schema.ENTRY_KEY.pack(other.num, 1), b"", tables[schema.ENTRIES])
            fork = decode_genesis(first).fork
            if fork is not None and fork.feed == feed:
                return True
    return False


def earlier_feeds(txn: Txn, tables: dict[bytes, Table], feeds: Feeds, own: bytes) -> list[bytes]:
    """The feeds that the own one replaces, the latest first, as far as they are here."""
    found: list[bytes] = []
    record = feeds.by_id(own)
    while record is not None:
        first = txn.get(schema.ENTRY_KEY.pack(record.num, 1), b"", tables[schema.ENTRIES])
        fork, author = decode_genesis(first).fork, record.author
        record = None if fork is None else feeds.by_id(fork.feed)
        if record is None or record.author != author or record.id in (own, *found):
            break
        found.append(record.id)
    return found


class _Beginning(Struct, frozen=True):
    """What the genesis of the new feed is to say."""

    name: str
    room: str
    fork: ForkPoint
    last: bytes  # the digest of the last own entry that is here: the new feed stands after it, whatever clocks say
    time: int


class Renewing:
    """Takes in another branch of a feed by the own key, within one write transaction."""

    def __init__(
        self,
        feeds: Feeds,
        own: FeedRecord,
        *,
        identity: Identity,
        room: str,
        verifier: Verifier,
    ) -> None:
        self._feeds = feeds
        self._own = own
        self._identity = identity
        self._room = room
        self._verifier = verifier

    def is_proof(self, runs: Sequence[Run]) -> bool:
        """Whether all of it is signed by me, one run after the other. Nothing but that proves a branch."""
        following, before = runs[0].first if runs else 0, runs[0].before if runs else b""
        for run in runs:
            verified, feed = self._verifier.verify(run, {}), self._feeds.by_id(run.feed)
            if isinstance(verified, RefusedRun) or feed is None or run.feed != runs[0].feed:
                return False
            if feed.author != self._own.author:
                return False
            if (run.first, run.before) != (following, before):
                return False
            following, before = run.last + 1, verified.head
        return bool(runs)

    def write(
        self, txn: Txn, tables: dict[bytes, Table], runs: Sequence[Run], clock: HybridClock, wall: int
    ) -> tuple[Renewal, Committed] | None:
        """None if the runs, which are proved, are no other branch of what is here, or say nothing new."""
        from app.storage.written_again import WrittenAgain  # it has no part in the start

        feed = self._feeds.by_id(runs[0].feed)
        reader = FeedReader(txn, tables, self._feeds)
        common = runs[0].first - 1
        if feed is None or not 1 <= common < feed.seq or reader.hash_at(feed, common) != runs[0].before:
            return None
        there = [data for run in runs for data in run.entries]
        here = list(reader.entries(feed, common + 1, feed.seq))
        same = next((n for n, pair in enumerate(zip(there, here, strict=False)) if pair[0] != pair[1]), None)
        if same is None:
            return None
        fork = common + same
        said = [*_said(here[same:], fork + 1, found=False), *_said(there[same:], fork + 1, found=True)]
        said.sort(key=lambda said: said.time)
        index = WrittenAgain(txn, tables, reader.of, feed)
        batch = Batch(txn, tables, self._feeds, clock, wall)
        own, node = self._own.id, None
        if feed.id == self._own.id:
            said = [each for each in said if not index.has(each.seq, each.data)]
            last = entry_digest(feed.id, feed.seq, skim_entry(here[-1])[0], here[-1])
            origin = ForkPoint(feed.id, fork, reader.hash_at(feed, fork) or b"")
            beginning = _Beginning(feed.name, self._room, origin, last, clock.next(wall))
            own, node = _begin(txn, tables, batch, self._identity, beginning)
        else:
            said = [each for each in said if not index.has_or_later(each.seq, each.data)]
            newest = list(reader.entries(self._own, self._own.seq, self._own.seq))
            clock.resume(skim_entry(newest[0])[0] or 0)
        pairs = [(each, self._again(feed.id, each, clock, wall)) for each in said]
        written = [(each, entry) for each, entry in pairs if entry is not None]
        if node is None and not written:
            return None
        batch.write_own(own, [entry for _, entry in written], self._identity)
        committed = batch.finish()
        record = next(record for record in committed.records if record.id == own)
        return Renewal(own, record.num, node, len(written), sum(each.found for each, _ in written)), committed

    def _again(self, feed: bytes, said: _Said, clock: HybridClock, wall: int) -> bytes | None:
        """The entry that says it once more; None if it is too long for that, which no text is."""
        entry = decode_entry(said.data)
        time = clock.next(wall)
        if entry.kind == KIND_COPY:
            return encode_entry(time, entry.seen[:1], KIND_COPY, entry.payload)
        if entry.kind is not None and entry.kind % 2:  # what is said about others needs no place of its own
            return encode_entry(time, (), entry.kind, entry.payload)
        if len(said.data) + 256 > MAX_ENTRY_BYTES:
            return None
        digest = entry_digest(feed, said.seq, entry.time, said.data)
        return encode_entry(time, (digest,), KIND_COPY, [feed, said.seq, said.data])


def _begin(
    txn: Txn, tables: dict[bytes, Table], batch: Batch, identity: Identity, beginning: _Beginning
) -> tuple[bytes, bytes]:
    """The new feed and the new node."""
    genesis = Genesis(identity.public, beginning.name, beginning.room, os.urandom(16), beginning.fork)
    data = encode_entry(beginning.time, (beginning.last,), KIND_GENESIS, genesis_payload(genesis))
    feed, node = feed_id(data), os.urandom(schema.NODE_BYTES)
    batch.begin_own_feed(genesis, data, feed, identity)
    txn.put(schema.META_OWN_FEED, feed, db=tables[schema.META])
    txn.put(schema.META_NODE, node, db=tables[schema.META])
    return feed, node


def _said(entries: Sequence[bytes], first: int, *, found: bool) -> Iterator[_Said]:
    for seq, data in enumerate(entries, first):
        yield _Said(decode_entry(data).time or 0, seq, data, found)
