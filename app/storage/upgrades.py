"""Databases of older schemas, brought up to date when they are opened for writing: all of it in one transaction."""

from __future__ import annotations

from app.entry import skim_entry
from app.storage.amendments import record_of
from app.storage.copies import copied_by
from app.storage.environment import Environment, Table, Txn
from app.storage.feeds import FeedChanges, FeedReader, Feeds
from app.storage.placing import Placing
from app.storage.schema import (
    AMENDMENTS,
    CITATIONS,
    CITER,
    DANGLING,
    ENTRIES,
    ENTRY_KEY,
    HIDDEN,
    META,
    META_SCHEMA,
    PLACED_VALUE,
    SCHEMA_VERSION,
    U32,
)


def upgrade(env: Environment) -> None:
    """Raises StorageError; the database is as it was then."""
    if env.version < SCHEMA_VERSION:
        version = env.version
        env.write(lambda txn: _upgrade(txn, env.tables, version))


def _upgrade(txn: Txn, tables: dict[bytes, Table], version: int) -> None:
    feeds = Feeds(txn, tables)
    if version < 2:
        _add_amendments(txn, tables, feeds)
    _add_copies(txn, tables, feeds)
    txn.put(META_SCHEMA, U32.pack(SCHEMA_VERSION), db=tables[META])


def _add_amendments(txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
    """Schema 1 kept edits, deletions and reactions by newer programs without knowing what they are."""
    feed_of = FeedReader(txn, tables, feeds).of
    for key, value in txn.cursor(tables[HIDDEN]):
        feed, seq = feed_of(int.from_bytes(key[12:])), PLACED_VALUE.unpack(value)[0]
        record = record_of(feed, seq, txn.get(ENTRY_KEY.pack(feed.num, seq), b"", tables[ENTRIES]))
        if record is not None:
            txn.put(*record, db=tables[AMENDMENTS])


def _add_copies(txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
    """Schema 2 showed all copies of what is not here."""
    placing = Placing(txn, tables, FeedChanges(txn, tables, feeds), 0)
    for table in (CITATIONS, DANGLING):  # one of them has the first citation of each copy
        for key in txn.cursor(tables[table]).iternext(values=False):
            digest, num, seq = CITER.unpack(key)
            data = txn.get(ENTRY_KEY.pack(num, seq), b"", tables[ENTRIES])
            _, seen, kind = skim_entry(data)
            if copied_by(kind, seen) == digest:
                placing.add_copy(feeds.of(num), seq, data, digest)
    placing.finish()
