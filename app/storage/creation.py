"""A new database: made under another name and renamed, so that `log.mdb` is whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from app.clock import HybridClock
from app.entry import KIND_GENESIS, encode_entry, feed_id
from app.genesis import Genesis, genesis_payload
from app.identity import Identity
from app.storage import environment, schema
from app.storage.batch import Batch
from app.storage.environment import Table, Txn
from app.storage.feeds import Feeds
from app.storage.folder import folder_error, sync_folder
from app.storage.renewal import home_of


def create(path: Path, identity: Identity, name: str, room: str, wall: Callable[[], int]) -> None:
    """Raises StorageError; nothing is left behind then."""
    unfinished = path.with_name(path.name + "-new")
    genesis = Genesis(identity.public, name, room, os.urandom(16))
    clock = HybridClock()
    data = encode_entry(clock.next(wall()), (), KIND_GENESIS, genesis_payload(genesis))
    own_feed = feed_id(data)

    def fill(txn: Txn, tables: dict[bytes, Table]) -> None:
        meta = {
            schema.META_SCHEMA: schema.U32.pack(schema.SCHEMA_VERSION),
            schema.META_NODE: os.urandom(schema.NODE_BYTES),
            schema.META_ROOM: room.encode(),
            schema.META_AUTHOR: identity.public,
            schema.META_OWN_FEED: own_feed,
            schema.META_CREATED: schema.U64.pack(wall()),
            schema.META_HOME: home_of(unfinished),
        }
        for key, value in meta.items():
            txn.put(key, value, db=tables[schema.META])
        batch = Batch(txn, tables, Feeds(txn, tables), clock, wall())
        batch.begin_own_feed(genesis, data, own_feed, identity)
        batch.finish()

    try:
        unfinished.unlink(missing_ok=True)
        environment.create(unfinished, fill)
        unfinished.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise folder_error(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
