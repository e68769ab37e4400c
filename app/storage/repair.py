"""A new database out of a damaged one: all that verifies, and what was known of people. The old file is kept.

- Every entry goes the way that entries by peers go: verified, placed and counted anew. Nothing is copied unread.
- The own feed goes on only if its last entry is there for certain. Else a new feed begins, which names the last entry
  that the two share: nothing of what others may hold is contradicted, and the rest comes back from them.
- At every moment the folder holds one whole database under its name: the damaged one, or the new one.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import lmdb
from msgspec import Struct, field

from app.clock import HybridClock
from app.entry import (
    KIND_GENESIS,
    Run,
    encode_entry,
    entry_digest,
    feed_id,
    skim_entry,
)
from app.errors import DamagedError, StorageError
from app.fork_proof import encode_proof
from app.frontier import Head
from app.genesis import ForkPoint, Genesis, genesis_payload
from app.identity import Identity
from app.storage import environment, schema
from app.storage.batch import Batch, Committed
from app.storage.effort import Effort
from app.storage.environment import Environment, Table, Txn, lmdb_error
from app.storage.feeds import Feeds, head_of
from app.storage.folder import DATA_FILE, FolderLock, folder_error, sync_folder
from app.storage.placing import MAX_STEPS, floor_of
from app.storage.quota import Quota
from app.storage.salvage import Salvage, SavedFeed
from app.storage.verification import VerifiedRun, Verifier

_NEW = DATA_FILE + "-repaired"
_INDEX = DATA_FILE + "-salvage"
_COPY = DATA_FILE + "-copied"
_COPY_BYTES = 65_536
_COMMIT_BYTES = 4 << 20
_COMMIT_ENTRIES = 50_000
_NO_LIMIT = Quota(2**62, 2**62)

Progress = Callable[[str, int, int], None]  # what is being done; how much of it, of how much


class FeedOutcome(Struct, frozen=True):
    """saved: entries; known: how many the damaged database said to have, None if it does not say."""

    author: bytes
    name: str
    saved: int
    known: int | None

    @property
    def missing(self) -> int:
        return 0 if self.known is None else max(0, self.known - self.saved)


class Outcome(Struct):
    """kept: where the damaged file is now; continues: whether the own feed goes on; people: how many were known."""

    kept: Path
    continues: bool = False
    people: int = 0
    feeds: list[FeedOutcome] = field(default_factory=list)

    @property
    def entries(self) -> int:
        return sum(feed.saved for feed in self.feeds)


def repair(folder: Path, identity: Identity, name: str, *, wall: Callable[[], int], progress: Progress) -> Outcome:
    """Put a new database in the place of the one in `folder` (DATA-DIR/ME/rooms/ROOM).

    identity: with its secret. Raises LockedError, NewerSchemaError, DiskFullError or another StorageError; the damaged
    database is as it was then.
    """
    path = folder / DATA_FILE
    if not path.is_file():
        raise StorageError(f"there is no database {path}")
    lock = FolderLock.take(folder)
    try:
        with _scratch(folder) as (unfinished, index, copy):
            outcome = Outcome(_kept_path(path))
            try:
                salvage = Salvage(path, index)
                try:
                    _Repair(
                        salvage,
                        path=unfinished,
                        identity=identity,
                        name=name,
                        wall=wall,
                        progress=progress,
                        outcome=outcome,
                    ).run(folder.name)
                finally:
                    salvage.close()
            except lmdb.Error as error:
                raise lmdb_error(path, error) from error
            if not outcome.kept.exists():
                _keep(path, outcome.kept, copy, progress)
            _exchange(path, unfinished)
            return outcome
    except OSError as error:
        raise folder_error(folder, error) from error
    finally:
        lock.release()


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Names for what is being made; nothing is there under them before or after."""
    files = folder / _NEW, folder / _INDEX, folder / _COPY
    for file in files:
        file.unlink(missing_ok=True)
    try:
        yield files
    finally:
        for file in (*files, folder / (_NEW + "-lock")):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def _kept_path(path: Path) -> Path:
    """A name for the damaged file. One that a repair gave it which was cut off is taken again."""
    for other in path.parent.glob(f"{DATA_FILE}.damaged-*"):
        if other.samefile(path):
            return other
    stamp = time.strftime("%Y-%m-%dT%H%M%S")
    kept, number = path.with_name(f"{DATA_FILE}.damaged-{stamp}"), 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{DATA_FILE}.damaged-{stamp}-{number}")
    return kept


def _keep(path: Path, kept: Path, copy: Path, progress: Progress) -> None:
    """The damaged file under another name too, by which it stays."""
    try:
        os.link(path, kept)
    except OSError:  # a file system without links, or on which a file has enough of them
        _copy(path, copy, lambda done, of: progress("bytes of the damaged file copied", done, of))
        copy.rename(kept)


def _copy(path: Path, copy: Path, progress: Callable[[int, int], None]) -> None:
    """What cannot be read, by a fault of the disk, is zeros in the copy: the repair could not read it either."""
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with path.open("rb") as source, open(descriptor, "wb", closefd=True) as target:  # noqa: PTH123  a Path opens no descriptors
        size = os.fstat(source.fileno()).st_size
        for start in range(0, size, _COPY_BYTES):
            try:
                data = os.pread(source.fileno(), _COPY_BYTES, start)
            except OSError:
                data = bytes(min(_COPY_BYTES, size - start))
            target.write(data)
            progress(start + len(data), size)
        target.flush()
        os.fsync(target.fileno())


def _exchange(path: Path, new: Path) -> None:
    sync_folder(path.parent)
    new.replace(path)
    sync_folder(path.parent)


class _Repair:
    def __init__(
        self,
        salvage: Salvage,
        *,
        path: Path,
        identity: Identity,
        name: str,
        wall: Callable[[], int],
        progress: Progress,
        outcome: Outcome,
    ) -> None:
        self._salvage = salvage
        self._path = path
        self._identity = identity
        self._name = name
        self._wall = wall
        self._progress = progress
        self._outcome = outcome
        self._clock = HybridClock()
        self._old_nums: dict[int, int] = {}  # by the new number

    def run(self, room: str) -> None:
        salvage = self._salvage
        salvage.collect(lambda done, of: self._progress("pages read", done, of))
        saved = list(salvage.feeds(room))
        author = salvage.meta.values.get(schema.META_AUTHOR)
        # Whose it is may be damaged as anything else: a feed by that key proves it.
        if author != self._identity.public and any(feed.genesis.author == author for feed in saved):
            raise StorageError(
                f"{self._path.parent} was written with another key: put the identity.key that belongs to it back"
            )
        environment.create(self._path, self._begin(room))
        env = Environment(self._path)
        try:
            with env.read() as txn:
                feeds = Feeds(txn, env.tables)
            for feed in saved:
                self._copy_feed(env, feeds, feed, room)
            self._settle_own_feed(env, feeds, saved, room)
            self._restore_arrivals(env)
            self._restore_people(env, feeds)
        finally:
            env.close()

    def _begin(self, room: str) -> Callable[[Txn, dict[bytes, Table]], None]:
        def fill(txn: Txn, tables: dict[bytes, Table]) -> None:
            values = {
                schema.META_SCHEMA: schema.U32.pack(schema.SCHEMA_VERSION),
                schema.META_ROOM: room.encode(),
                schema.META_AUTHOR: self._identity.public,
                schema.META_CREATED: schema.U64.pack(self._wall()),
                schema.META_CLOCK: schema.U64.pack(0),
            }
            for key, value in values.items():
                txn.put(key, value, db=tables[schema.META])

        return fill

    def _copy_feed(self, env: Environment, feeds: Feeds, feed: SavedFeed, room: str) -> None:
        verifier = Verifier(room, lambda _: feed.genesis.author, lambda _: False)
        group: list[VerifiedRun] = []
        size = count = 0
        via = feed.record.via if feed.record is not None else b""
        for run in self._salvage.runs(feed, self._identity):
            group.append(_verified(verifier, run))
            size += run.size
            count += len(run.entries)
            if size >= _COMMIT_BYTES or count >= _COMMIT_ENTRIES:
                self._ingest(env, feeds, group, via)
                group, size, count = [], 0, 0
        if group:
            self._ingest(env, feeds, group, via)
        record = feeds.by_id(feed.id)
        if record is None:
            return
        self._old_nums[record.num] = feed.num
        known = feed.record.seq if feed.record is not None else None
        self._outcome.feeds.append(FeedOutcome(record.author, record.name, record.seq, known))
        self._progress("entries saved", self._outcome.entries, 0)

    def _ingest(self, env: Environment, feeds: Feeds, runs: list[VerifiedRun], via: bytes) -> None:
        def work(batch: Batch) -> None:
            batch.ingest(runs, via, batch.accounts(_NO_LIMIT, self._identity.public, lambda _: True))

        committed = self._write(env, feeds, work)
        if committed.reports[0].refused:
            raise DamagedError(f"what was saved cannot be put together: {committed.reports[0].refused[0].detail}")

    def _settle_own_feed(self, env: Environment, feeds: Feeds, saved: list[SavedFeed], room: str) -> None:
        """Go on in the own feed, or begin one."""
        own_id = self._salvage.meta.values.get(schema.META_OWN_FEED)
        me = self._identity.public
        own = next((feed for feed in saved if feed.id == own_id and feed.genesis.author == me), None)
        here = None if own is None else feeds.by_id(own.id)
        if own is not None and here is not None and self._is_whole(own, head_of(here)):
            self._outcome.continues = True
            node = self._salvage.meta.values.get(schema.META_NODE, b"")
            self._put_meta(env, own.id, node if len(node) == schema.NODE_BYTES else os.urandom(schema.NODE_BYTES))
            return
        if here is None:
            mine = [feed for feed in feeds.all() if feed.author == self._identity.public and not feed.via]
            here = max(mine, key=lambda feed: feed.seq, default=None)
        fork = None if here is None else ForkPoint(here.id, here.seq, here.hash)
        seen: tuple[bytes, ...] = ()
        if here is not None:  # what is written from now on stands after it, whatever clocks say
            with env.read() as txn:
                last = txn.get(schema.ENTRY_KEY.pack(here.num, here.seq), b"", env.tables[schema.ENTRIES])
            seen = (entry_digest(here.id, here.seq, skim_entry(last)[0], last),)
        genesis = Genesis(self._identity.public, self._name, room, os.urandom(16), fork)
        data = encode_entry(self._clock.next(self._wall()), seen, KIND_GENESIS, genesis_payload(genesis))
        new = feed_id(data)
        self._write(env, feeds, lambda batch: batch.begin_own_feed(genesis, data, new, self._identity))
        self._put_meta(env, new, os.urandom(schema.NODE_BYTES))

    def _is_whole(self, own: SavedFeed, head: Head) -> bool:
        """Whether no entry of the own feed was lost: all that the database said last is there, and it said it last."""
        record = own.record
        return (
            own.as_it_was
            and self._salvage.is_end_known
            and record is not None
            and (record.seq, record.hash) == (head.seq, head.hash)
        )

    def _put_meta(self, env: Environment, own_feed: bytes, node: bytes) -> None:
        def work(txn: Txn) -> None:
            txn.put(schema.META_OWN_FEED, own_feed, db=env.tables[schema.META])
            txn.put(schema.META_NODE, node, db=env.tables[schema.META])

        env.write(work)

    def _restore_arrivals(self, env: Environment) -> None:
        """When each entry came, where that does not move it: only what has a wrong time stands at its arrival."""
        for table in (schema.TIMELINE, schema.HIDDEN):
            key: bytes | None = b""
            while key is not None:
                key = env.write(partial(self._restore_some, tables=env.tables, table=table, start=key))

    def _restore_some(self, txn: Txn, *, tables: dict[bytes, Table], table: bytes, start: bytes) -> bytes | None:
        """From the key `start` on. Where to go on; None at the end."""
        changed: list[tuple[bytes, bytes]] = []
        cursor = txn.cursor(tables[table])
        following: bytes | None = None
        with self._salvage.begin() as found:
            if cursor.set_range(start or b"\0"):
                for number, (key, value) in enumerate(cursor.iternext()):
                    if number == _COMMIT_ENTRIES:
                        following = key
                        break
                    num = int.from_bytes(key[12:])
                    seq, now = schema.PLACED_VALUE.unpack(value)
                    old_num = self._old_nums.get(num)
                    old = None if old_num is None else self._salvage.arrival(found, old_num, seq)
                    if old is None or old >= now:
                        continue
                    data = txn.get(schema.ENTRY_KEY.pack(num, seq), b"", tables[schema.ENTRIES])
                    entry_time = skim_entry(data)[0]
                    if floor_of(entry_time, old) == floor_of(entry_time, now):
                        changed.append((key, schema.PLACED_VALUE.pack(seq, old)))
        txn.cursor(tables[table]).putmulti(changed)
        return following

    def _restore_people(self, env: Environment, feeds: Feeds) -> None:
        people = list(self._salvage.meta.peers.values())
        self._outcome.people = len(people)

        def work(batch: Batch) -> None:
            for record in people:
                batch.remember(record)

        self._write(env, feeds, work)
        proofs = [(proof.key, encode_proof(proof)) for proof in self._salvage.meta.proofs]
        env.write(lambda txn: txn.cursor(env.tables[schema.FORKS]).putmulti(proofs))

    def _write(self, env: Environment, feeds: Feeds, work: Callable[[Batch], object]) -> Committed:
        def write(txn: Txn) -> Committed:
            batch = Batch(txn, env.tables, feeds, self._clock, self._wall(), effort=Effort(MAX_STEPS))
            work(batch)
            return batch.finish()

        committed = env.write(write)
        feeds.publish(committed.records)
        return committed


def _verified(verifier: Verifier, run: Run) -> VerifiedRun:
    verified = verifier.verify(run, {})
    if not isinstance(verified, VerifiedRun):
        raise DamagedError(f"what was saved does not verify: {verified.detail}")
    return verified
