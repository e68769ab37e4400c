"""The LMDB environment of one room: opened once, grown when full, its faults told in words.

- A map grows, and an environment is opened anew, only while no transaction is open anywhere in this process:
  `set_mapsize` pulls the map from under open readers. Readers wait that long, which is microseconds.
- No writemap: a full disk is then an error code at the commit and not a SIGBUS.
- A file is handed to LMDB only if it has all the pages its header speaks of: reading a missing one is a SIGBUS. For the
  same reason each transaction looks whether the file has become shorter: LMDB never makes it so.
- A database is made under another name and renamed when it is whole: a `log.mdb` without a feed cannot exist.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias, TypeVar

import lmdb

from app.errors import DamagedError, DiskFullError, NewerSchemaError, ReadOnlyError, StorageError
from app.storage import schema
from app.storage.folder import (
    disk_full_sentence,
    failing_disk_sentence,
    folder_error,
    is_disk_full,
    read_only_disk_sentence,
    unreadable_sentence,
)

T = TypeVar("T")
Txn: TypeAlias = "lmdb.Transaction[bytes]"
Table: TypeAlias = "lmdb._Database"

_MIB = 1 << 20
FIRST_MAP = 64 * _MIB
MAX_GROWTH = 1024 * _MIB  # above it the map grows by this much at a time: a map costs address space, not memory
LET_GO_BYTES = 2 * _MIB  # written until the file is mapped anew, which takes some 0.2 ms
LOCK_FILE_BYTES = 8192  # for 126 readers, LMDB's default
ENGINE = 0  # the format of LMDB 0.9; py-lmdb 3 has 1.0 too, whose files 0.9 cannot read

_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.NotFoundError,
    lmdb.IncompatibleError,
    lmdb.BadTxnError,  # what follows in a transaction after damage that some calls answer with "not found"
)


class Environment:
    """Transactions on one data file. Reads from any thread, writes from one."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the existing database at `path`. read_only: nothing in the folder is touched, no lock file made."""
        self.path = path
        self._read_only = read_only
        self._gate = threading.Condition()
        self._open_transactions = 0
        self._changing = False
        self._map_size = FIRST_MAP
        self._written = 0  # bytes of entries since the file was mapped
        self._size = 0  # the file's, as it was last seen
        self._descriptor: int | None = None  # to look at it again
        self._env: lmdb.Environment | None = None
        self._closed = False
        self.tables: dict[bytes, Table] = {}
        self.version = schema.SCHEMA_VERSION
        with self.errors():
            self._open()

    def _open(self) -> None:
        self._size = check_file(self.path)
        self._map_size = max(self._map_size, 2 * self._size)
        if not self._read_only:
            _reserve_lock_file(self.path)
        self._env = _open_lmdb(self.path, self._map_size, read_only=self._read_only, lock=not self._read_only)
        try:
            self.version = self._schema_version(self._env)
            # An older schema lacks tables; what is to be in them is the business of `upgrades`.
            add = self.version < schema.SCHEMA_VERSION
            self.tables = {
                name: table for name in schema.TABLES if (table := self._table(self._env, name, add=add)) is not None
            }
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self._drop()
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from error
        except (lmdb.Error, StorageError):
            self._drop()
            raise

    def _table(self, env: lmdb.Environment, name: bytes, *, add: bool) -> Table | None:
        try:
            return env.open_db(name, create=add)
        except lmdb.NotFoundError:
            if name not in schema.LATER_TABLES:
                raise
            return None if self._read_only else env.open_db(name)

    def _schema_version(self, env: lmdb.Environment) -> int:
        meta = env.open_db(schema.META, create=False)
        with env.begin(db=meta) as txn:
            value = txn.get(schema.META_SCHEMA)
        if value is None or len(value) != schema.U32.size:
            raise damaged(self.path, "it does not say which schema it has")
        version: int = schema.U32.unpack(value)[0]
        if version > schema.SCHEMA_VERSION:
            raise NewerSchemaError(
                f"{self.path} was written by a newer chat-tui (schema {version}, this one reads "
                f"{schema.SCHEMA_VERSION}): update chat-tui; nothing was changed"
            )
        if version < schema.SCHEMA_VERSION and self._read_only:
            raise StorageError(
                f"{self.path} was written by an older chat-tui: start this one once, which brings it up to date"
            )
        return version

    def close(self) -> None:
        with self._nothing_open():
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextlib.contextmanager
    def read(self) -> Iterator[Txn]:
        """A snapshot. Keep it short: it holds up growth, and pages that are no longer needed."""
        self._ensure_open()
        with self._transaction(), self.errors(), self._whole().begin() as txn:
            yield txn

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run `work` in a write transaction and commit it, durably. `work` runs again when the map had to grow."""
        self._ensure_open()
        while True:
            try:
                return self._write_once(work)
            except lmdb.MapFullError:
                with self.errors(), self._nothing_open():
                    self._map_size += min(self._map_size, MAX_GROWTH)
                    self._opened().set_mapsize(self._map_size)
            except lmdb.Error as error:
                # A failed commit can leave the environment unusable (MDB_PANIC); a fresh one is not.
                self._reopen()
                raise self.error_in_words(error) from error
            except struct.error as error:
                raise damaged(self.path, "a record has the wrong size") from error

    def wrote(self, size: int) -> None:
        """So many bytes of entries were committed. Now and then the file is mapped anew for that.

        Each page of it that was looked at, and its neighbours with it, stays in the map as this process's memory: a
        bulk of entries by many looks at nearly all. What is let go of here is still in the system's cache.
        """
        self._written += size
        if self._written < LET_GO_BYTES:
            return
        self._written = 0
        try:
            with self._nothing_open():
                self._opened().set_mapsize(self._map_size)
        except lmdb.Error as error:
            self._reopen()
            raise self.error_in_words(error) from error

    def _write_once(self, work: Callable[[Txn], T]) -> T:
        with self._transaction():
            txn = self._whole().begin(write=True)
            try:
                result = work(txn)
            except BaseException:
                # py-lmdb 3.0 waits here for a moment at which no thread is inside LMDB, and gives way to all others.
                with self._nothing_open(besides=1):
                    txn.abort()
                raise
            txn.commit()
            return result

    def _reopen(self) -> None:
        with self._nothing_open():
            self._drop()
            with contextlib.suppress(lmdb.Error, StorageError):  # whoever comes next tries again
                self._open()

    def _ensure_open(self) -> None:
        if self._env is None and not self._closed:
            with self.errors(), self._nothing_open():
                if self._env is None:
                    self._open()

    def _whole(self) -> lmdb.Environment:
        """The environment, if none of its file is gone."""
        env = self._opened()
        seen = self._size  # before looking: another thread may grow the file, and see that, at any moment
        size = seen if self._descriptor is None else os.fstat(self._descriptor).st_size
        if size < seen:
            raise damaged(self.path, f"it was cut short while it was open: {size:,} of {seen:,} bytes")
        self._size = max(size, self._size)
        return env

    def _opened(self) -> lmdb.Environment:
        if self._env is None:
            raise StorageError(f"{self.path} is closed")
        return self._env

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._gate:
            while self._changing:
                self._gate.wait()
            self._open_transactions += 1
        try:
            yield
        finally:
            with self._gate:
                self._open_transactions -= 1
                if self._changing:
                    self._gate.notify_all()

    @contextlib.contextmanager
    def _nothing_open(self, *, besides: int = 0) -> Iterator[None]:
        """Wait until no transaction is open besides so many of one's own, and let none begin."""
        with self._gate:
            while self._changing:
                self._gate.wait()
            self._changing = True
            while self._open_transactions > besides:
                self._gate.wait()
        try:
            yield
        finally:
            with self._gate:
                self._changing = False
                self._gate.notify_all()

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except lmdb.Error as error:
            raise self.error_in_words(error) from error
        except struct.error as error:
            raise damaged(self.path, "a record has the wrong size") from error

    def error_in_words(self, error: lmdb.Error) -> StorageError:
        return lmdb_error(self.path, error)


def lmdb_error(path: Path, error: lmdb.Error) -> StorageError:
    if isinstance(error, _DAMAGE):
        return damaged(path, error.reason or str(error))
    if isinstance(error, lmdb.DiskError) or is_disk_full(error.code, path.parent):
        return DiskFullError(disk_full_sentence(path.parent))
    if error.code == errno.EROFS:
        return ReadOnlyError(read_only_disk_sentence(path))
    if error.code == errno.EIO:
        return StorageError(failing_disk_sentence(path.parent))
    if isinstance(error, lmdb.ReadonlyError) or error.code in (errno.EPERM, errno.EACCES):
        return ReadOnlyError(f"{path} cannot be written: give yourself write permission, or take --data-dir")
    return StorageError(f"{path} cannot be used: {error}")


def damaged(path: Path, detail: str) -> DamagedError:
    """path: the data file, DATA-DIR/ME/rooms/ROOM/log.mdb."""
    name = path.parents[2].name if len(path.parents) > 2 else "ME"
    return DamagedError(f"the database {path} is damaged ({detail}); run: chat-tui check {name}")


def create(path: Path, fill: Callable[[Txn, dict[bytes, Table]], None]) -> None:
    """Make a database file with all tables, filled by `fill`, durable when this returns. path must not exist."""
    try:
        env = _open_lmdb(path, FIRST_MAP, read_only=False, lock=False)
        try:
            tables = {name: env.open_db(name) for name in schema.TABLES}
            with env.begin(write=True) as txn:
                fill(txn, tables)
        finally:
            env.close()
    except lmdb.Error as error:
        raise lmdb_error(path, error) from error


def _reserve_lock_file(path: Path) -> None:
    """LMDB writes in its lock file through a map: where the disk has no room for a page of it, that is a SIGBUS.

    To be called while this process does not have it open: closing it gives up this process's locks on it.
    """
    try:
        descriptor = os.open(path.with_name(f"{path.name}-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, LOCK_FILE_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):  # what some file systems cannot do
            raise folder_error(path.parent, error) from error


def _open_lmdb(path: Path, map_size: int, *, read_only: bool, lock: bool) -> lmdb.Environment:
    return lmdb.Environment(
        str(path),
        map_size=map_size,
        subdir=False,
        readonly=read_only,
        mode=0o600,
        max_dbs=len(schema.TABLES) + 4,
        lock=lock,
        lib_version=ENGINE,
    )


_META_HEADER = struct.Struct("=8x2xH4xIIQQ")  # page: number, pad, flags, bounds; meta: magic, version, address, size
_META_TREE = struct.Struct("=IHHQQQQQ")
_META_END = struct.Struct("=QQ")  # last page, transaction
_MAGIC = 0xBEEFC0DE
_META_FLAG = 0x08
_READ_BYTES = 1 << 20


def check_file(path: Path) -> int:
    """Refuse a file that LMDB must not map: no database, or shorter than its header says. Its size in bytes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(65536 + 4096)
    except PermissionError as error:
        raise ReadOnlyError(f"{path} cannot be read: give yourself permission") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    first = _parse_meta(head, 0)
    if first is None:
        raise damaged(path, "it is no LMDB database")
    page_size = first[0]
    metas = [first, _parse_meta(head, page_size)]
    newest = max((meta for meta in metas if meta), key=lambda meta: meta[2])
    if (newest[1] + 1) * newest[0] > size:
        raise damaged(path, f"it is cut short: {size:,} of {(newest[1] + 1) * newest[0]:,} bytes")
    return size


def read_through(path: Path, progress: Callable[[int, int], object]) -> None:
    """Refuse a file that the disk cannot read: under LMDB's map that is a SIGBUS. progress: bytes read, of how many."""
    buffer = bytearray(_READ_BYTES)
    try:
        with path.open("rb", buffering=0) as file:
            size, done = os.fstat(file.fileno()).st_size, 0
            while read := file.readinto(buffer):
                done += read
                progress(done, size)
    except OSError as error:
        if error.errno == errno.EIO:
            raise StorageError(unreadable_sentence(path)) from error
        raise folder_error(path.parent, error) from error


def _parse_meta(head: bytes, start: int) -> tuple[int, int, int] | None:
    """(page size, last page, transaction) of the LMDB 0.9 header page at `start`."""
    trees = start + _META_HEADER.size
    end = trees + 2 * _META_TREE.size
    if len(head) < end + _META_END.size:
        return None
    flags, magic, version, _, _ = _META_HEADER.unpack_from(head, start)
    page_size = _META_TREE.unpack_from(head, trees)[0]
    if not flags & _META_FLAG or magic != _MAGIC or version != 1 or page_size not in (4096, 8192, 16384, 32768, 65536):
        return None
    last_page, transaction = _META_END.unpack_from(head, end)
    return page_size, last_page, transaction
