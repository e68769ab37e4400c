"""Databases of older schemas, brought up to date when they are opened for writing: all of it in one transaction."""

from __future__ import annotations

from app.storage.amendments import record_of
from app.storage.environment import Environment, Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.schema import (
    AMENDMENTS,
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
        env.write(lambda txn: _upgrade(txn, env.tables))


def _upgrade(txn: Txn, tables: dict[bytes, Table]) -> None:
    # Schema 1 kept edits, deletions and reactions by newer programs without knowing what they are.
    feed_of = FeedReader(txn, tables, Feeds(txn, tables)).of
    for key, value in txn.cursor(tables[HIDDEN]):
        feed, seq = feed_of(int.from_bytes(key[12:])), PLACED_VALUE.unpack(value)[0]
        record = record_of(feed, seq, txn.get(ENTRY_KEY.pack(feed.num, seq), b"", tables[ENTRIES]))
        if record is not None:
            txn.put(*record, db=tables[AMENDMENTS])
    txn.put(META_SCHEMA, U32.pack(SCHEMA_VERSION), db=tables[META])
