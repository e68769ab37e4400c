"""A bounded slice of the timeline that follows a reader about, by ordinals that stay while it grows and shrinks.

- At most MAX_ENTRIES entries are held, consecutive in the timeline, read in pages.
- An entry keeps its ordinal while the slice is extended or trimmed. `generation` changes when ordinals become void.
- The timeline is the truth: what lands inside the slice makes it be read again around the reader. What lands beyond it
  can still have moved entries out of it (they wait for what they depend on), which `is_whole` finds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from app.timeline import FIRST_KEY, LAST_KEY, TimelineEntry, TimelineReader

MAX_ENTRIES = 1000  # 7 MiB more than an empty screen; ten times as many cost 31
PAGE = 100  # 0.2 ms to read, and more than most screens have rows

Ident = tuple[bytes, int]


def ident(entry: TimelineEntry) -> Ident:
    """What an entry is, wherever it stands."""
    return entry.feed, entry.seq


class Window:
    def __init__(self, reader: TimelineReader) -> None:
        self._reader = reader
        self._entries: list[TimelineEntry] = []
        self._keys: list[bytes] = []
        self._places: dict[Ident, bytes] = {}
        self._at_start = False
        self._at_end = False
        self.first = 0
        self.generation = 0
        self.load_end()

    @property
    def end(self) -> int:
        """One more than the ordinal of the newest entry held."""
        return self.first + len(self._entries)

    def __getitem__(self, ordinal: int) -> TimelineEntry:
        return self._entries[ordinal - self.first]

    def has(self, ordinal: int) -> bool:
        """Whether there is an entry with that ordinal; reads it, and what lies between, if need be."""
        while ordinal < self.first:
            if not self._extend_before():
                return False
        while ordinal >= self.end:
            if not self._extend_after():
                return False
        return True

    def find(self, key: bytes) -> int:
        """The ordinal of the first entry held that is not before `key`."""
        return self.first + bisect_left(self._keys, key)

    def load_end(self) -> None:
        page = self._reader.before(LAST_KEY, PAGE)
        self._replace(page, at_start=len(page) < PAGE, at_end=True)

    def load_start(self) -> None:
        page = self._reader.after(FIRST_KEY, PAGE)
        self._replace(page, at_start=True, at_end=len(page) < PAGE)

    def load_around(self, key: bytes) -> None:
        before = self._reader.before(key, PAGE)
        after = self._reader.after(predecessor(key), 2 * PAGE)
        self._replace([*before, *after], at_start=len(before) < PAGE, at_end=len(after) < 2 * PAGE)

    def landed(self, entries: Sequence[TimelineEntry], *, following: bool) -> bool:
        """Take in what became durable. False if the slice no longer tells the truth and has to be read again.

        following: the reader watches the end, so that old entries may make room for new ones.
        """
        if not self._keys:
            return not entries
        first, last = self._keys[0], self._keys[-1]
        quoted = {(to.feed, to.seq) for entry in self._entries if (to := entry.entry.answers) is not None}
        tail: list[TimelineEntry] = []
        for entry in entries:
            if ident(entry) in quoted:
                return False  # replies show what it says now
            known = self._places.get(ident(entry))
            if entry.change is not None:
                if known == entry.key:
                    self._entries[self.find(entry.key) - self.first] = entry
                elif known is not None:
                    return False
            elif known is not None:
                if known != entry.key:
                    return False
            elif entry.key > last:
                tail.append(entry)
            elif entry.key > first:
                return False
            else:
                self._at_start = False
        if tail and self._at_end:
            self._append(sorted(tail, key=_key), following=following)
        return True

    def is_whole(self, *, following: bool) -> bool:
        """Whether nothing has moved out of the slice or into it: the keys are as many as lie between its ends.

        What landed is told later than it is there to be read. A reader who follows is to see the newest already.
        """
        if not self._keys:
            return True
        last = self._reader.rank(self._keys[-1])
        if self._at_end and last != self._reader.count() - 1:
            if following:
                return False
            self._at_end = False
        return last - self._reader.rank(self._keys[0]) == len(self._keys) - 1

    def _append(self, tail: list[TimelineEntry], *, following: bool) -> None:
        if len(self._entries) + len(tail) > MAX_ENTRIES and not following:
            self._at_end = False  # read when the reader comes there
            return
        self._add_after(tail)

    def _extend_before(self) -> bool:
        if self._at_start or not self._keys:
            return False
        page = self._reader.before(self._keys[0], PAGE)
        self._at_start = len(page) < PAGE
        self._entries[:0] = page
        self._keys[:0] = map(_key, page)
        self._places.update((ident(entry), entry.key) for entry in page)
        self.first -= len(page)
        if (excess := len(self._entries) - MAX_ENTRIES) > 0:
            self._forget(self._entries[-excess:])
            del self._entries[-excess:], self._keys[-excess:]
            self._at_end = False
        return bool(page)

    def _extend_after(self) -> bool:
        if self._at_end or not self._keys:
            return False
        page = self._reader.after(self._keys[-1], PAGE)
        self._at_end = len(page) < PAGE
        self._add_after(page)
        return bool(page)

    def _add_after(self, entries: Sequence[TimelineEntry]) -> None:
        self._entries += entries
        self._keys += map(_key, entries)
        self._places.update((ident(entry), entry.key) for entry in entries)
        if (excess := len(self._entries) - MAX_ENTRIES) > 0:
            self._forget(self._entries[:excess])
            del self._entries[:excess], self._keys[:excess]
            self.first += excess
            self._at_start = False

    def _forget(self, entries: Sequence[TimelineEntry]) -> None:
        for entry in entries:
            if self._places.get(ident(entry)) == entry.key:
                del self._places[ident(entry)]

    def _replace(self, entries: Sequence[TimelineEntry], *, at_start: bool, at_end: bool) -> None:
        self._entries = list(entries)
        self._keys = [entry.key for entry in entries]
        self._places = {ident(entry): entry.key for entry in entries}
        self._at_start, self._at_end = at_start, at_end
        self.first = 0
        self.generation += 1


def _key(entry: TimelineEntry) -> bytes:
    return entry.key


def predecessor(key: bytes) -> bytes:
    return key if not any(key) else (int.from_bytes(key) - 1).to_bytes(len(key))
