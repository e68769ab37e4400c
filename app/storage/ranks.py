"""How many timeline entries precede a key, and which key has a given rank: counts over stretches of the timeline.

- The timeline is cut into chunks of at most 1,024 entries, the chunks into groups of at most 256 chunks. A million
  messages in a few seconds cost the same as a million over years, which counts per day or hour would not give.
- A chunk's key is the lower bound of its entries, not one of them; the first chunk and group begin at FIRST_KEY.
- The last chunk counts as none in its record and its group: what the others lack of the whole is there. So a new
  message at the end writes no count, which would be two more pages in its commit.
- Counts change in the transaction that changes the timeline, once per touched chunk and not once per entry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from app.storage.environment import Table, Txn
from app.storage.schema import CHUNKS, GROUP_VALUE, GROUPS, TIMELINE, U32
from app.timeline import FIRST_KEY

CHUNK_ENTRIES = 1024  # scanning that many keys takes 0.1 ms
GROUP_CHUNKS = 256


class Ranks:
    """The counts, as one transaction sees them."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table]) -> None:
        self._txn = txn
        self._timeline = tables[TIMELINE]
        self._chunks = tables[CHUNKS]
        self._groups = tables[GROUPS]

    def count(self) -> int:
        return self._txn.stat(self._timeline)["entries"]

    def rank(self, key: bytes) -> int:
        """How many entries have a smaller key."""
        rank = 0
        chunk = self._floor(self._chunks, key)
        group = self._floor(self._groups, chunk)
        for _, value in _items(self._txn, self._groups, FIRST_KEY, group):
            rank += GROUP_VALUE.unpack(value)[0]
        for _, value in _items(self._txn, self._chunks, group, chunk):
            rank += U32.unpack(value)[0]
        cursor = self._txn.cursor(self._timeline)
        if chunk < key and cursor.set_range(chunk):
            for other in cursor.iternext(values=False):
                if other >= key:
                    break
                rank += 1
        return rank

    def at_rank(self, rank: int) -> bytes | None:
        """The key with `rank` smaller ones."""
        if not 0 <= rank < self.count():
            return None
        group, rank = _find(_items(self._txn, self._groups, FIRST_KEY, None), rank)
        chunk, rank = _find(_items(self._txn, self._chunks, group, None), rank)
        cursor = self._txn.cursor(self._timeline)
        if not cursor.set_range(chunk):
            return None
        return next(islice(cursor.iternext(values=False), rank, None), None)

    def change(self, added: Sequence[bytes], removed: Sequence[bytes]) -> None:
        """Count keys that the timeline has gained and lost. Both are sorted; the timeline itself is up to date."""
        last = self._last(self._chunks)
        if added and added[0] >= last and not removed:
            self._cut_last(last)
            return
        changes: dict[bytes, int] = {}
        for keys, sign in ((added, 1), (removed, -1)):
            for chunk, entries in self._per_chunk(keys):
                changes[chunk] = changes.get(chunk, 0) + sign * entries
        for chunk, change in sorted(changes.items()):  # the last one last: it is what all the others leave
            self._change_chunk(chunk, change)

    def _per_chunk(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        start = 0
        while start < len(keys):
            chunk = self._floor(self._chunks, keys[start])
            following = self._following(self._chunks, chunk)
            end = len(keys) if following is None else bisect_left(keys, following, start)
            yield chunk, end - start
            start = end

    def _change_chunk(self, chunk: bytes, change: int) -> None:
        if self._following(self._chunks, chunk) is None:
            self._cut_last(chunk)
            return
        entries = U32.unpack(self._txn.get(chunk, bytes(4), self._chunks))[0] + change
        if entries > CHUNK_ENTRIES:
            parts = -(-entries // (CHUNK_ENTRIES // 2))
            pieces = self._pieces(chunk, entries, -(-entries // parts))
        elif entries == 0 and chunk != self._floor(self._groups, chunk):
            # A group's first chunk stays, though it is empty: else the one before would reach into the group.
            pieces = []
            self._txn.delete(chunk, db=self._chunks)
        else:
            pieces = [(chunk, entries)]
        for key, size in pieces:
            self._txn.put(key, U32.pack(size), db=self._chunks)
        self._change_group(chunk, change, len(pieces) - 1)

    def _cut_last(self, chunk: bytes) -> None:
        """Cut full chunks off the last one. They stay full, since most messages are the newest."""
        entries = self.count() - sum(
            GROUP_VALUE.unpack(value)[0] for _, value in _items(self._txn, self._groups, FIRST_KEY, None)
        )
        if entries <= CHUNK_ENTRIES:
            return
        *full, last = self._pieces(chunk, entries, CHUNK_ENTRIES)
        known = self._txn.get(chunk, None, self._chunks) is not None
        for key, size in [*full, (last[0], 0)]:
            self._txn.put(key, U32.pack(size), db=self._chunks)
        self._change_group(chunk, CHUNK_ENTRIES * len(full), len(full) + 1 - known)

    def _pieces(self, chunk: bytes, entries: int, size: int) -> list[tuple[bytes, int]]:
        """(key, entries) of the pieces of `size` into which a chunk of so many entries is cut."""
        cursor = self._txn.cursor(self._timeline)
        cursor.set_range(chunk)
        starts = [chunk, *islice(islice(cursor.iternext(values=False), 0, entries), size, None, size)]
        sizes = [size] * (len(starts) - 1)
        return list(zip(starts, [*sizes, entries - sum(sizes)], strict=True))

    def _change_group(self, chunk: bytes, entries_change: int, chunks_change: int) -> None:
        group = self._floor(self._groups, chunk)
        entries, chunks = GROUP_VALUE.unpack(self._txn.get(group, bytes(GROUP_VALUE.size), self._groups))
        entries += entries_change
        chunks += chunks_change
        if chunks > GROUP_CHUNKS:
            self._split_group(group, chunks)
        else:
            self._txn.put(group, GROUP_VALUE.pack(entries, chunks), db=self._groups)

    def _split_group(self, group: bytes, chunks: int) -> None:
        last = self._following(self._groups, group) is None
        size = GROUP_CHUNKS if last else GROUP_CHUNKS // 2
        members = list(islice(_items(self._txn, self._chunks, group, None), chunks))
        for start in range(0, chunks, size):
            part = members[start : start + size]
            first = part[0][0] if start else group
            entries = sum(U32.unpack(value)[0] for _, value in part)
            self._txn.put(first, GROUP_VALUE.pack(entries, len(part)), db=self._groups)

    def _last(self, table: Table) -> bytes:
        cursor = self._txn.cursor(table)
        return cursor.key() if cursor.last() else FIRST_KEY

    def _floor(self, table: Table, key: bytes) -> bytes:
        """The key of the stretch that `key` falls into."""
        cursor = self._txn.cursor(table)
        if cursor.set_range(key):
            if cursor.key() == key:
                return key
            found = cursor.prev()
        else:
            return self._last(table)
        return cursor.key() if found else FIRST_KEY

    def _following(self, table: Table, key: bytes) -> bytes | None:
        cursor = self._txn.cursor(table)
        if not cursor.set_range(key):
            return None
        if cursor.key() == key and not cursor.next():
            return None
        return cursor.key()


def _items(txn: Txn, table: Table, start: bytes, end: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """The records from `start` up to but without `end`."""
    cursor = txn.cursor(table)
    if cursor.set_range(start):
        for key, value in cursor.iternext():
            if end is not None and key >= end:
                return
            yield key, value


def _find(stretches: Iterator[tuple[bytes, bytes]], rank: int) -> tuple[bytes, int]:
    """The stretch that holds the entry with `rank`, and the entry's rank in it. The last one has what is left."""
    found, entries = FIRST_KEY, 0
    for found, value in stretches:
        entries = U32.unpack(value)[0] if len(value) == U32.size else GROUP_VALUE.unpack(value)[0]
        if rank < entries:
            return found, rank
        rank -= entries
    return found, rank + entries
