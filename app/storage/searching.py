"""Looking through the timeline from the newest entry on, a stretch at a time.

- No index: it would cost every entry that is ever saved, and reading a million of them takes about a second without.
- Each stretch is read in a transaction of its own. In the timeline a feed's entries stand in the order of their
  numbers, so a stretch is a range of each feed; only what may match is decoded.
- An entry is judged by what it says now. Edits are looked through first, and what they turn up is told in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from app.amendments import Edit, decode_amendment
from app.entry import DIGEST_BYTES, KIND_EDIT, decode_entry
from app.search import Query
from app.storage.environment import Environment, Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.reading import TimelineSnapshot
from app.storage.schema import AMENDMENTS, ENTRIES, ENTRY_KEY, TIMELINE, U64, FeedRecord
from app.timeline import FIRST_KEY, LAST_KEY, TimelineEntry

STRETCH = 1024  # entries: a millisecond; with more, Python would look for garbage among what is read
FIRST_STRETCH = 64  # then twice as many each time: where everything is a hit a whole stretch takes 7 ms
_READ = 256  # entries in memory at a time: 16 MiB if they are as long as may be

_CITES_NOTHING = 0x80  # the eleventh byte of an entry with an eight-byte time and an empty list after it
_AFTER_NOTHING = 12  # where the length of the text stands then
_AFTER_ONE = 30  # and where one entry is cited
_LENGTH_BYTES = {b"\x78": 2, b"\x79": 3, b"\x7a": 5}  # what a length of more than 23 takes, by its first byte


class Found(Struct, frozen=True):
    """Hits of one stretch, the newest first. looked_at: entries of the timeline so far; done: these are all."""

    hits: tuple[TimelineEntry, ...]
    looked_at: int
    done: bool


def search(env: Environment, feeds: Feeds, own_author: bytes, query: Query) -> Iterator[Found]:
    """What `query` finds, stretch by stretch, with what is here when each stretch is read."""
    walk = _Walk(query)
    while not walk.done:
        with env.read() as txn:
            hits = _Stretch(txn, env.tables, feeds, own_author, query).look_at(walk)
        yield Found(tuple(hits), walk.looked_at, walk.done)


class _Walk:
    """How far a search has come."""

    def __init__(self, query: Query) -> None:
        self.edits: bytes | None = b""  # the next record of the index to look at, None after the last one
        self.key = LAST_KEY if query.until is None else U64.pack(query.until) + bytes(8)
        self.until = self.key
        self.since = FIRST_KEY if query.since is None else U64.pack(query.since) + bytes(8)
        self.edited: dict[tuple[bytes, int], TimelineEntry] = {}  # hits by what they were edited to, not yet told
        self.stretch = FIRST_STRETCH
        self.looked_at = 0
        self.done = False

    def take_edited(self) -> list[TimelineEntry]:
        """Those that the walk has come past."""
        due = [which for which, hit in self.edited.items() if self.done or hit.key >= self.key]
        return [self.edited.pop(which) for which in due]


class _Stretch:
    """One step of a search, in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds, own_author: bytes, query: Query) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = FeedReader(txn, tables, feeds).of
        self._view = TimelineSnapshot(txn, tables, feeds, own_author)
        self._query = query
        self._needle = max((term.encode() for term in query.terms if term.isascii()), key=len, default=b"")
        self._needs_letters = not all(term.isascii() for term in query.terms)

    def look_at(self, walk: _Walk) -> list[TimelineEntry]:
        if walk.edits is not None:
            self._look_at_edits(walk)
            return []
        cursor = self._txn.cursor(self._tables[TIMELINE])
        found = cursor.prev() if cursor.set_range(walk.key) else cursor.last()
        items = list(islice(cursor.iterprev(), walk.stretch)) if found else []
        walk.done = len(items) < walk.stretch or items[-1][0] < walk.since
        walk.stretch = min(2 * walk.stretch, STRETCH)
        if walk.done:
            items = [item for item in items if item[0] >= walk.since]
        else:
            walk.key = items[-1][0]
        walk.looked_at += len(items)
        hits = walk.take_edited()
        for feed, low, high in self._ranges(items):
            hits += self._in_feed(feed, low, high)
        hits.sort(key=lambda entry: entry.key, reverse=True)
        return hits

    def _look_at_edits(self, walk: _Walk) -> None:
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        records = list(islice(cursor.iternext(), _READ)) if cursor.set_range(walk.edits or b"\0") else []
        for key, value in records:
            if key[DIGEST_BYTES] != KIND_EDIT:
                continue
            num, seq = ENTRY_KEY.unpack(value)
            amendment = decode_amendment(decode_entry(self._txn.get(value, b"", self._tables[ENTRIES])))
            if not isinstance(amendment, Edit) or not self._query.matches(amendment.text):
                continue
            hit = self._view.changed(self._feed_of(num), seq)
            if hit is not None and walk.since <= hit.key < walk.until and self._is_hit(hit):
                walk.edited[hit.feed, hit.seq] = replace(hit, change=None)
        walk.edits = records[-1][0] + b"\0" if len(records) == _READ else None

    def _ranges(self, items: list[tuple[bytes, bytes]]) -> Iterator[tuple[FeedRecord, int, int]]:
        """(feed, low, high) of the entries in `items`, which come newest first from the timeline."""
        lows: dict[bytes, bytes] = {}
        highs: dict[bytes, bytes] = {}
        for key, value in items:
            num = key[12:]
            lows[num] = value
            if num not in highs:
                highs[num] = value
        for num, low in lows.items():
            feed = self._feed_of(int.from_bytes(num))
            if self._query.authors is None or feed.author in self._query.authors:
                yield feed, int.from_bytes(low[:8]), int.from_bytes(highs[num][:8])

    def _in_feed(self, feed: FeedRecord, low: int, high: int) -> Iterator[TimelineEntry]:
        cursor = self._txn.cursor(self._tables[ENTRIES])
        for first in range(low, high + 1, _READ):
            if not cursor.set_range(ENTRY_KEY.pack(feed.num, first)):
                return
            values = islice(cursor.iternext(keys=False), min(_READ, high + 1 - first))
            for seq, data in enumerate(values, first):
                if self._may_match(data):
                    hit = self._judge(feed, seq, data)
                    if hit is not None:
                        yield hit

    def _may_match(self, data: bytes) -> bool:
        """Whether it is worth decoding: it has the needle, or letters beyond ASCII that could stand for it."""
        if not self._needs_letters and self._needle in data.lower():
            return True
        start = _AFTER_NOTHING if len(data) > _AFTER_NOTHING and data[10] == _CITES_NOTHING else _AFTER_ONE
        return not data[start + _LENGTH_BYTES.get(data[start : start + 1], 0) :].isascii()

    def _judge(self, feed: FeedRecord, seq: int, data: bytes) -> TimelineEntry | None:
        text = decode_entry(data).text
        if text is None or not self._query.matches(text):
            return None
        hit = self._view.entry_at(feed, seq)
        if hit is None or (hit.amended is not None and hit.amended.text is not None):
            return None  # told by what it was edited to, if at all
        return hit if self._is_hit(hit) else None

    def _is_hit(self, hit: TimelineEntry) -> bool:
        by_whom = self._query.authors is None or hit.author in self._query.authors
        return by_whom and hit.text is not None and self._query.matches(hit.text)
