"""Timeline entries, as one snapshot has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from app.amendments import Reaction, decode_amendment, text_now
from app.entry import KIND_REPLY, Entry, Reference, decode_entry, entry_digest
from app.errors import DamagedError
from app.storage.amendments import AmendmentReader
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.placing import Placed, PlaceReader
from app.storage.schema import (
    ENTRIES,
    ENTRY_KEY,
    FEED_IDS,
    PLACED_KEY,
    PLACED_VALUE,
    TIMELINE,
    U32,
    FeedRecord,
)
from app.timeline import Change, Quote, TimelineEntry

MAX_LOOKED_AT = 256  # entries, of which all may be edits and reactions


class TimelineSnapshot:
    """The timeline in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds, own_author: bytes) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = FeedReader(txn, tables, feeds).of
        self._own_author = own_author
        # No reference back to the snapshot: LMDB's reader slot is only free once the transaction is collected.
        self._places = PlaceReader(txn, tables, self._feed_of)
        self._amendments = AmendmentReader(txn, tables, self._feed_of)

    def before(self, key: bytes, limit: int) -> list[TimelineEntry]:
        cursor = self._txn.cursor(self._tables[TIMELINE])
        if not (cursor.prev() if cursor.set_range(key) else cursor.last()):
            return []
        found = [self._entry(*item) for item in islice(cursor.iterprev(), limit)]
        found.reverse()
        return found

    def after(self, key: bytes, limit: int) -> list[TimelineEntry]:
        cursor = self._txn.cursor(self._tables[TIMELINE])
        if not cursor.set_range(key) or (cursor.key() == key and not cursor.next()):
            return []
        return [self._entry(*item) for item in islice(cursor.iternext(), limit)]

    def entry_at(self, feed: FeedRecord, seq: int) -> TimelineEntry | None:
        """The entry if it is here and shown."""
        here = self._places.placed(feed.num, seq)
        return None if here is None or here.table != TIMELINE else self._made(feed, seq, here)

    def position(self, feed: FeedRecord, seq: int) -> bytes | None:
        here = self._places.placed(feed.num, seq)
        return None if here is None or here.table != TIMELINE else PLACED_KEY.pack(here.place, feed.tail)

    def shown(self, feed: FeedRecord, low: int, high: int, *, changes: bool) -> Iterator[TimelineEntry]:
        """The shown ones of the entries low..high of one feed, which are here; changes: and in the place of those that
        say something about another entry, that one."""
        for seq in range(low, high + 1):
            entry = self.entry_at(feed, seq) or (self.changed(feed, seq) if changes else None)
            if entry is not None:
                yield entry

    def shown_from(self, feed: FeedRecord, low: int, high: int, most: int) -> list[TimelineEntry]:
        """The first `most` of those that `shown` gives, of the first MAX_LOOKED_AT entries."""
        return list(islice(self.shown(feed, low, min(high, low + MAX_LOOKED_AT - 1), changes=False), most))

    def placed_before(self, feed: FeedRecord, low: int, high: int, key: bytes) -> int:
        """How many of the entries low..high stand before `key`: places in a feed are in the order of its numbers."""
        first, end = low, high + 1
        while first < end:
            middle = (first + end) // 2
            here = self._places.placed(feed.num, middle)
            if here is not None and PLACED_KEY.pack(here.place, feed.tail) < key:
                first = middle + 1
            else:
                end = middle
        return first - low

    def changed(self, feed: FeedRecord, seq: int) -> TimelineEntry | None:
        """The entry about which entry `seq` of `feed` says something, with that as its `change`.

        None if it is not shown here, or if only its author could say that.
        """
        here = self._places.placed(feed.num, seq)
        amendment = None if here is None else decode_amendment(decode_entry(here.data))
        found = None if amendment is None else self._referred(amendment.target)
        if amendment is None or found is None:
            return None
        about, at, there = found
        if about.author != feed.author and not isinstance(amendment, Reaction):
            return None
        target = self._made(about, at, there)
        change = Change(feed.author, feed.name, feed.author == self._own_author, amendment)
        return replace(target, change=change)

    def versions(self, feed: FeedRecord, seq: int) -> list[tuple[int | None, str]]:
        """(time, text) of the edits of an entry, the latest first."""
        here = self._places.placed(feed.num, seq)
        return [] if here is None else self._amendments.versions(feed, seq, here.time, here.data)

    def _made(self, feed: FeedRecord, seq: int, here: Placed) -> TimelineEntry:
        return self._read(PLACED_KEY.pack(here.place, feed.tail), feed, seq, here.arrival, here.data)

    def _entry(self, key: bytes, value: bytes) -> TimelineEntry:
        feed = self._feed_of(int.from_bytes(key[12:]))
        seq, arrival = PLACED_VALUE.unpack(value)
        data = self._txn.get(ENTRY_KEY.pack(feed.num, seq), None, self._tables[ENTRIES])
        if data is None:
            raise DamagedError(f"entry {seq} of the feed of {feed.name} is missing: run chat-tui check ME")
        return self._read(key, feed, seq, arrival, data)

    def _read(self, key: bytes, feed: FeedRecord, seq: int, arrival: int, data: bytes) -> TimelineEntry:
        entry = decode_entry(data)
        return TimelineEntry(
            key,
            feed.id,
            seq,
            feed.author,
            feed.name,
            arrival,
            feed.author == self._own_author,
            entry,
            self._amendments.amended(feed, seq, entry.time, data),
            self._quote(entry) if entry.said.kind == KIND_REPLY else None,
        )

    def _quote(self, entry: Entry) -> Quote | None:
        answered = entry.answers
        found = None if answered is None else self._referred(answered)
        if found is None:
            return None
        feed, seq, here = found
        amended = self._amendments.amended(feed, seq, here.time, here.data)
        key = PLACED_KEY.pack(here.place, feed.tail)
        return Quote(key, feed.author, feed.name, text_now(decode_entry(here.data), amended))

    def _referred(self, reference: Reference) -> tuple[FeedRecord, int, Placed] | None:
        """The entry that is meant, if it is shown here. It is looked for where the reference says and nowhere else:
        from the digest alone it would have to be found among all that claim the same time."""
        num = self._txn.get(reference.feed, None, self._tables[FEED_IDS])
        here = None if num is None else self._places.placed(U32.unpack(num)[0], reference.seq)
        if num is None or here is None or here.table != TIMELINE:
            return None
        feed = self._feed_of(U32.unpack(num)[0])
        same = entry_digest(feed.id, reference.seq, here.time, here.data) == reference.digest
        return (feed, reference.seq, here) if same else None
