"""Timeline entries, as one snapshot has them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from app.amendments import Reaction, decode_amendment, text_now
from app.entry import KIND_COPY, KIND_REPLY, Entry, Reference, decode_entry, entry_digest, skim_entry
from app.errors import DamagedError
from app.storage.amendments import AmendmentReader
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.placing import Placed, PlaceReader
from app.storage.schema import (
    CITER,
    DANGLING,
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
MAX_CITERS = 64  # of an entry that is not here, looked at for a copy of it

Subject = tuple[FeedRecord, int, int | None, bytes]  # feed, seq, time and bytes of an entry


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
        return (
            []
            if here is None
            else self._amendments.versions(*self._subject(feed, seq, decode_entry(here.data), here.data))
        )

    def reference(self, feed: FeedRecord, seq: int) -> Reference | None:
        """How others name an entry that is here: a copy as what it is a copy of, which is here or there the same."""
        data = self._txn.get(ENTRY_KEY.pack(feed.num, seq), None, self._tables[ENTRIES])
        if data is None:
            return None
        about, seq, time, data = self._subject(feed, seq, decode_entry(data), data)
        return Reference(about.id, seq, entry_digest(about.id, seq, time, data))

    def is_here(self, reference: Reference) -> bool:
        """Whether the entry that is meant is here, or shown as a copy."""
        num = self._txn.get(reference.feed, None, self._tables[FEED_IDS])
        if num is None:
            return False
        feed = self._feed_of(U32.unpack(num)[0])
        data = self._txn.get(ENTRY_KEY.pack(feed.num, reference.seq), None, self._tables[ENTRIES])
        if data is not None and entry_digest(feed.id, reference.seq, skim_entry(data)[0], data) == reference.digest:
            return True
        return self._copy_of(reference, feed.author) is not None

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
            self._amendments.amended(*self._subject(feed, seq, entry, data)),
            self._quote(entry) if entry.said.kind == KIND_REPLY else None,
        )

    def _quote(self, entry: Entry) -> Quote | None:
        answered = entry.answers
        found = None if answered is None else self._referred(answered)
        if found is None:
            return None
        feed, seq, here = found
        quoted = decode_entry(here.data)
        amended = self._amendments.amended(*self._subject(feed, seq, quoted, here.data))
        key = PLACED_KEY.pack(here.place, feed.tail)
        return Quote(key, feed.author, feed.name, text_now(quoted, amended))

    def _subject(self, feed: FeedRecord, seq: int, entry: Entry, data: bytes) -> Subject:
        """What is meant by whoever speaks of an entry: of a copy what it copies, if that is by the same author."""
        copied = entry.copied
        num = None if copied is None else self._txn.get(copied[0], None, self._tables[FEED_IDS])
        if copied is None or num is None:
            return feed, seq, entry.time, data
        original = self._feed_of(U32.unpack(num)[0])
        return (
            (original, copied[1], entry.said.time, copied[2])
            if original.author == feed.author
            else (feed, seq, entry.time, data)
        )

    def _referred(self, reference: Reference) -> tuple[FeedRecord, int, Placed] | None:
        """The entry that is meant, if it is shown here, or else a copy of it. It is looked for where the reference says
        and nowhere else: from the digest alone it would have to be found among all that claim the same time."""
        num = self._txn.get(reference.feed, None, self._tables[FEED_IDS])
        if num is None:
            return None
        feed = self._feed_of(U32.unpack(num)[0])
        here = self._places.placed(feed.num, reference.seq)
        if here is not None and entry_digest(feed.id, reference.seq, here.time, here.data) == reference.digest:
            return (feed, reference.seq, here) if here.table == TIMELINE else None
        return self._copy_of(reference, feed.author)

    def _copy_of(self, reference: Reference, author: bytes) -> tuple[FeedRecord, int, Placed] | None:
        """A copy by `author` of an entry that is not here, if it is shown."""
        cursor = self._txn.cursor(self._tables[DANGLING])
        if not cursor.set_range(reference.digest):
            return None
        for key in islice(cursor.iternext(values=False), MAX_CITERS):
            digest, num, seq = CITER.unpack(key)
            if digest != reference.digest:
                return None
            feed = self._feed_of(num)
            here = self._places.placed(num, seq) if feed.author == author else None
            if here is not None and here.kind == KIND_COPY and here.table == TIMELINE:
                about, about_seq, time, data = self._subject(feed, seq, decode_entry(here.data), here.data)
                if entry_digest(about.id, about_seq, time, data) == reference.digest:
                    return feed, seq, here
        return None
