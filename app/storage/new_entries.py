"""Entries of one feed on their way into the tables, and where they are to stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import repeat

from msgspec import Struct, field

from app.entry import entry_digest, skim_entries
from app.storage.schema import CITER, PLACED_KEY, U64, FeedRecord


class NewPlaces(Struct):
    """Records of the timeline, or of the hidden entries, on their way into the table."""

    keys: list[bytes] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)

    def add(self, places: Iterable[int], tail: bytes, seqs: Iterable[int]) -> None:
        self.keys.extend(map(PLACED_KEY.pack, places, repeat(tail)))
        self.seqs.extend(seqs)


class NewEntries:
    """Entries of one feed on their way into the tables: an author can cite their own."""

    def __init__(self, feed: FeedRecord, first: int, entries: Sequence[bytes]) -> None:
        self.feed = feed
        self.first = first
        self._entries = entries
        self.times, self.others = skim_entries(entries)
        self.places: list[int] = []
        self.shown = NewPlaces()
        self.hidden = NewPlaces()
        self.displaced: dict[bytes, tuple[int, int]] = {}  # digest -> seq, place

    @property
    def place(self) -> int:
        """Of the last one that has a place."""
        return self.places[-1] if self.places else self.feed.place

    def find(self, digest: bytes) -> int | None:
        """The place of the entry with this digest, if it is one of these."""
        place = int.from_bytes(digest[:7])
        index = bisect_left(self.places, place)
        at_its_time = index < len(self.places) and self.places[index] == place
        if at_its_time and self.digest(index) == digest:
            return place
        found = self.displaced.get(digest)
        return None if found is None else found[1]

    def displaced_items(self) -> list[tuple[bytes, bytes]]:
        num = self.feed.num
        return [(CITER.pack(digest, num, seq), U64.pack(place)) for digest, (seq, place) in self.displaced.items()]

    def digest(self, index: int) -> bytes:
        return entry_digest(self.feed.id, self.first + index, self.times[index], self._entries[index])
