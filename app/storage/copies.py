"""The index of copies: entries of one author that were written once more, found from the digest of what they copy.

- What the same author copied several times is shown once, as the earliest of the copies: two running copies of a
  database can each copy the same before they know of the other. The order of arrival leaves no trace.
- A record is a function of its entry alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.entry import DIGEST_BYTES, KIND_COPY, digest_time, entry_digest, skim_entry
from app.storage.environment import Table, Txn
from app.storage.schema import COPIES, COPY_KEY, ENTRY_KEY, FeedRecord

_WHO_BYTES = 8

FeedOf = Callable[[int], FeedRecord]


def copied_by(kind: int | None, seen: Sequence[bytes]) -> bytes | None:
    """The digest of what an entry says to be a copy of."""
    return seen[0] if kind == KIND_COPY and seen else None


def copy_record(feed: FeedRecord, seq: int, data: bytes, copied: bytes) -> tuple[bytes, bytes]:
    """The index's (key, value) for entry `seq` of `feed`, which is a copy of the one with that digest."""
    time = skim_entry(data)[0]
    own = entry_digest(feed.id, seq, time, data)[-9:]
    return COPY_KEY.pack(copied, feed.author[:_WHO_BYTES], digest_time(time), own), ENTRY_KEY.pack(feed.num, seq)


def copies_of(
    txn: Txn, tables: dict[bytes, Table], feed_of: FeedOf, digest: bytes, author: bytes
) -> Iterator[tuple[int, int]]:
    """(num, seq) of the copies by `author` of the entry with that digest, the earliest first."""
    prefix = digest + author[:_WHO_BYTES]
    cursor = txn.cursor(tables[COPIES])
    if not cursor.set_range(prefix):
        return
    for key, value in cursor.iternext():
        if key[: DIGEST_BYTES + _WHO_BYTES] != prefix:
            return
        num, seq = ENTRY_KEY.unpack(value)
        if feed_of(num).author == author:  # eight bytes of a key do not settle whose it is
            yield num, seq
