"""A timeline in memory, for tests of what reads one: the protocol over a sorted list."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence

from app.entry import KIND_TEXT, Entry
from app.timeline import TimelineEntry

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
START = 1_700_000_000 * 1_000_000  # 14 November 2023, 22:13:20 UTC


def message(
    number: int, text: str, *, place: int | None = None, time: int | None = None, name: str = "bob", own: bool = False
) -> TimelineEntry:
    """Entry `number` of its author, at `place` (its number by default), one minute after the one before."""
    at = START + number * MINUTE if time is None else time
    author = name.encode().ljust(32, b".")
    key = (number if place is None else place).to_bytes(16)
    return TimelineEntry(key, author, number, author, name, at, own, Entry(at, (), KIND_TEXT, text))


class MemoryTimeline:
    def __init__(self, entries: Iterable[TimelineEntry] = ()) -> None:
        self.entries = sorted(entries, key=_key)
        self.reads = 0

    def add(self, entry: TimelineEntry) -> None:
        insort(self.entries, entry, key=_key)

    def move(self, entry: TimelineEntry, moved: TimelineEntry) -> None:
        self.entries.remove(entry)
        self.add(moved)

    def before(self, key: bytes, limit: int) -> Sequence[TimelineEntry]:
        self.reads += 1
        end = bisect_left(self.entries, key, key=_key)
        return self.entries[max(0, end - limit) : end]

    def after(self, key: bytes, limit: int) -> Sequence[TimelineEntry]:
        self.reads += 1
        start = bisect_right(self.entries, key, key=_key)
        return self.entries[start : start + limit]

    def count(self) -> int:
        return len(self.entries)

    def rank(self, key: bytes) -> int:
        return bisect_left(self.entries, key, key=_key)

    def at_rank(self, rank: int) -> bytes | None:
        return self.entries[rank].key if 0 <= rank < len(self.entries) else None


def _key(entry: TimelineEntry) -> bytes:
    return entry.key
