"""A look at a room's database for who changes nothing, also while another process writes in it.

- LMDB's own lock file makes that safe: the snapshot has a reader's slot, so that the writer leaves its pages alone.
- One look at a time: LMDB opens a file once in a process.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import lmdb
from msgspec import Struct

from app.entry import skim_entry
from app.peers import PeerRecord
from app.storage import schema
from app.storage.environment import ENGINE, check_file, damaged, lmdb_error, read_through
from app.storage.folder import DATA_FILE, was_left

_ONE_LOOK = threading.Lock()


class Glance(Struct, frozen=True):
    """schema: the version; size: bytes of the file; latest: the newest time that this database has given to an own
    entry or seen in others', microseconds since 1970; peers: empty where the schema is not the one known here."""

    schema: int
    entries: int
    feeds: int
    size: int
    latest: int
    peers: tuple[PeerRecord, ...]


def glance(folder: Path) -> Glance:
    """Raises DamagedError, ReadOnlyError or another StorageError."""
    path = folder / DATA_FILE
    if was_left(folder):
        read_through(path, lambda *_: None)
    size = check_file(path)
    with _ONE_LOOK, _open(path) as env:
        meta_table = env.open_db(schema.META, create=False)
        entries = env.open_db(schema.ENTRIES, create=False)
        feeds = env.open_db(schema.FEEDS, create=False)
        ids = env.open_db(schema.FEED_IDS, create=False)
        peers = env.open_db(schema.PEERS, create=False)
        with env.begin() as txn:
            meta = dict(txn.cursor(meta_table))
            version = meta.get(schema.META_SCHEMA, b"")
            if len(version) != schema.U32.size:
                raise damaged(path, "it does not say which schema it has")
            number = schema.U32.unpack(version)[0]
            clock = meta.get(schema.META_CLOCK, b"")
            latest = schema.U64.unpack(clock)[0] if len(clock) == schema.U64.size else 0
            own = txn.get(meta.get(schema.META_OWN_FEED) or b"-", None, ids)
            records = txn.cursor(peers) if number == schema.SCHEMA_VERSION else ()
            return Glance(
                number,
                txn.stat(entries)["entries"],
                txn.stat(feeds)["entries"],
                size,
                max(latest, _newest(txn.cursor(entries), own)),
                tuple(schema.decode_peer(key, value) for key, value in records),
            )


@contextlib.contextmanager
def _open(path: Path) -> Iterator[lmdb.Environment]:
    try:
        env = lmdb.Environment(
            str(path), subdir=False, readonly=True, max_dbs=len(schema.TABLES) + 4, lib_version=ENGINE
        )
        try:
            yield env
        finally:
            env.close()
    except lmdb.Error as error:
        raise lmdb_error(path, error) from error


def _newest(cursor: lmdb.Cursor[bytes], feed: bytes | None) -> int:
    """The time of the newest entry of the feed with that local number."""
    if feed is None:
        return 0
    following = schema.U32.pack(schema.U32.unpack(feed)[0] + 1)
    found = cursor.prev() if cursor.set_range(following) else cursor.last()
    if not found or not cursor.key().startswith(feed):
        return 0
    return skim_entry(cursor.value())[0] or 0
