"""Where entries stand in the timeline (docs/protocol.md, section 3), and how late arrivals move them.

- A place is the least integer that satisfies the rule, so it only ever grows, and its bytes settle everything else.
- An entry is found from a digest without an index of all digests: the digest holds its time, and nearly every entry
  stands at its time. Those that do not are in the table `displaced`.
- An entry can cite one that is written later in its own feed, or one that cites it back: digests do not cover the
  chain. The citation that would close such a circle is void; so is one that would take more than `MAX_STEPS`, and
  one of an entry that hides in a crowd of the same time.
- A copy of an entry is shown only as long as the entry that it copies, which it cites first, is not here; of several
  by one author the earliest is.
"""

from __future__ import annotations

import heapq
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, repeat

from msgspec import Struct
from msgspec.structs import replace

from app.entry import (
    DIGEST_BYTES,
    KIND_TEXT,
    MAX_DIGEST_TIME,
    Skimmed,
    digest_time,
    entry_digest,
    skim_entry,
)
from app.errors import DamagedError
from app.storage.copies import copied_by, copies_of, copy_record
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedChanges
from app.storage.new_entries import NewEntries
from app.storage.ranks import Ranks
from app.storage.schema import (
    CITATIONS,
    CITER,
    COPIES,
    COUNTED,
    DANGLING,
    DISPLACED,
    ENTRIES,
    ENTRY_KEY,
    HIDDEN,
    PLACED_KEY,
    PLACED_VALUE,
    TIMELINE,
    U64,
    VOID,
    FeedRecord,
)

MAX_AHEAD = 300 * 1_000_000  # microseconds; a time further past its arrival is not believed
# From an entry to one that follows it, in one transaction: about two seconds, and enough to move 100,000 entries that
# nobody made up. Steps and not entries, since a few that cite each other cleverly could be moved for hours.
MAX_STEPS = 300_000
# At one place in one table, looked at for one citation. Clocks of microseconds bring two together now and then; each
# one looked at is some 3 us, and somebody with a thousand feeds can put an entry of each at the same time.
MAX_TIES = 16

FeedOf = Callable[[int], FeedRecord]


def is_shown(kind: int | None) -> bool:
    return kind is None or kind % 2 == 0


def floor_of(time: int | None, arrival: int) -> int:
    """The place of an entry that follows nothing."""
    return arrival if time is None or time > arrival + MAX_AHEAD else time


class Placed(Struct, frozen=True):
    """Where one entry stands. table: TIMELINE or HIDDEN; time, kind: its own, None if unreadable."""

    place: int
    table: bytes
    arrival: int
    time: int | None
    kind: int | None
    data: bytes


class CrowdedError(Exception):
    """More entries stand at one place than are looked at."""


class PlaceReader:
    """Finds the places of entries in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feed_of: FeedOf) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = feed_of

    def placed(self, num: int, seq: int) -> Placed | None:
        """Where entry `seq` of feed `num` stands; None if it is not here."""
        data = self._txn.get(ENTRY_KEY.pack(num, seq), None, self._tables[ENTRIES])
        if data is None:
            return None
        feed = self._feed_of(num)
        time, _, kind = skim_entry(data)
        place = digest_time(time)
        found = self._at(place, feed, seq, kind)
        if found is None:
            digest = entry_digest(feed.id, seq, time, data)
            value = self._txn.get(CITER.pack(digest, num, seq), None, self._tables[DISPLACED])
            if value is not None:
                place = U64.unpack(value)[0]
                found = self._at(place, feed, seq, kind)
        if found is None:
            raise DamagedError(f"entry {seq} of the feed of {feed.name} has no place: run chat-tui check ME")
        table, arrival = found
        return Placed(place, table, arrival, time, kind, data)

    def is_superseded(self, num: int, seq: int, kind: int | None, seen: Sequence[bytes]) -> bool:
        """Whether the entry is a copy of one that is here, or a later one than another by its author."""
        copied = copied_by(kind, seen)
        return copied is not None and (
            self.is_original_here(copied, num, seq) or next(self._copies(copied, num), (num, seq)) != (num, seq)
        )

    def is_original_here(self, copied: bytes, num: int, seq: int) -> bool:
        """Whether what the entry copies is here."""
        return self._txn.get(CITER.pack(copied, num, seq), None, self._tables[CITATIONS]) is not None

    def _copies(self, copied: bytes, num: int) -> Iterator[tuple[int, int]]:
        """The copies of one entry by the author of feed `num`, the earliest first."""
        return copies_of(self._txn, self._tables, self._feed_of, copied, self._feed_of(num).author)

    def _at(self, place: int, feed: FeedRecord, seq: int, kind: int | None) -> tuple[bytes, int] | None:
        """In which table the entry stands at `place`, and its arrival; None if it does not."""
        key = PLACED_KEY.pack(place, feed.tail)
        for table in (TIMELINE, HIDDEN) if is_shown(kind) else (HIDDEN,):
            value = self._txn.get(key, None, self._tables[table])
            if value is not None:
                found, arrival = PLACED_VALUE.unpack(value)
                return (table, arrival) if found == seq else None
        return None

    def find(self, digest: bytes, most: int | None = None) -> tuple[int, int, int] | None:
        """(num, seq, place) of the entry with this digest; None if it is not here.

        most: entries to look at in one table. Raises CrowdedError where there are more.
        """
        start = b"\0" + digest[:7]
        for table in (TIMELINE, HIDDEN):
            cursor = self._txn.cursor(self._tables[table])
            if not cursor.set_range(start):
                continue
            for looked_at, (key, value) in enumerate(cursor.iternext()):
                if key[:8] != start:
                    break
                if looked_at == most:
                    raise CrowdedError
                num, seq = int.from_bytes(key[12:]), int.from_bytes(value[:8])
                if self._digest(num, seq) == digest:
                    return num, seq, int.from_bytes(key[:8])
        cursor = self._txn.cursor(self._tables[DISPLACED])
        if cursor.set_range(digest) and cursor.key()[:DIGEST_BYTES] == digest:
            _, num, seq = CITER.unpack(cursor.key())
            return num, seq, U64.unpack(cursor.value())[0]
        return None

    def _digest(self, num: int, seq: int) -> bytes | None:
        data = self._txn.get(ENTRY_KEY.pack(num, seq), None, self._tables[ENTRIES])
        return None if data is None else entry_digest(self._feed_of(num).id, seq, skim_entry(data)[0], data)


class Placing(PlaceReader):
    """Gives places to new entries in one write transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: FeedChanges, arrival: int) -> None:
        super().__init__(txn, tables, feeds.of)
        self._feeds = feeds
        self._arrival_time = arrival
        self._added: list[bytes] = []
        self._moved_keys: Counter[bytes] = Counter()  # key -> entries gained there by moves, -1 for one lost
        self.steps_left = MAX_STEPS
        self.moved: dict[tuple[int, int], int] = {}  # (num, seq) -> new place, of entries that had another

    def allow(self, steps: int) -> None:
        """What follows may take so many, and `MAX_STEPS` at most."""
        self.steps_left = min(MAX_STEPS, steps)

    def place(self, feed: FeedRecord, first: int, entries: Sequence[bytes]) -> NewEntries:
        """Give places to `entries`, the next ones of `feed`."""
        new = NewEntries(feed, first, entries)
        start = 0
        for index, skimmed in new.others.items():
            self._place_texts(new, start, index)
            self._place_one(new, index, skimmed)
            start = index + 1
        self._place_texts(new, start, len(entries))
        for table, placed in ((TIMELINE, new.shown), (HIDDEN, new.hidden)):
            if placed.keys:
                values = map(PLACED_VALUE.pack, placed.seqs, repeat(self._arrival_time))
                self._txn.cursor(self._tables[table]).putmulti(zip(placed.keys, values, strict=False))
        if new.displaced:
            self._txn.cursor(self._tables[DISPLACED]).putmulti(new.displaced_items())
        self._added.extend(new.shown.keys)
        return new

    def _place_texts(self, new: NewEntries, start: int, end: int) -> None:
        """Texts that cite nothing: nearly always their places are their times."""
        times = new.times[start:end]
        if not times:
            return
        in_order = all(map(operator.lt, times, islice(times, 1, None)))
        if in_order and new.place < times[0] and times[-1] <= self._arrival_time + MAX_AHEAD <= MAX_DIGEST_TIME:
            new.places.extend(times)
            new.shown.add(times, new.feed.tail, range(new.first + start, new.first + end))
        else:
            for index, time in enumerate(times, start):
                self._place_one(new, index, (time, (), KIND_TEXT))

    def _place_one(self, new: NewEntries, index: int, skimmed: Skimmed) -> None:
        time, seen, kind = skimmed
        seq = new.first + index
        place = max(floor_of(time, self._arrival_time), new.place + 1)
        if seen:
            place = self._follow(new, seq, seen, place)
        new.places.append(place)
        copied = copied_by(kind, seen)
        shown = is_shown(kind) and not (copied is not None and self.is_original_here(copied, new.feed.num, seq))
        (new.shown if shown else new.hidden).add((place,), new.feed.tail, (seq,))
        if place != digest_time(time):
            new.displaced[new.digest(index)] = seq, place

    def add_copy(self, feed: FeedRecord, seq: int, data: bytes, copied: bytes) -> None:
        """Entry `seq` of `feed`, which has its place, is a copy. Of those by its author the first alone stays shown."""
        key, value = copy_record(feed, seq, data, copied)
        self._txn.put(key, value, db=self._tables[COPIES])
        first, second = islice(chain(self._copies(copied, feed.num), repeat(None)), 2)
        later = second if first == (feed.num, seq) else (feed.num, seq)
        if later is not None and (here := self._must_be_placed(*later)).table == TIMELINE:
            self._hide(*later, here)

    def settle(self, feed: FeedRecord, first: int, entries: Sequence[bytes], new: NewEntries) -> None:
        """Let what cites these stored entries follow, and hide needless copies. `feed` has the new head."""
        for index, (_, seen, kind) in new.others.items():
            copied = copied_by(kind, seen)
            if copied is not None:
                self.add_copy(feed, first + index, entries[index], copied)
        table = self._tables[DANGLING]
        if not self._txn.stat(table)["entries"]:
            return
        cursor = self._txn.cursor(table)
        for seq, (time, data) in enumerate(zip(new.times, entries, strict=True), first):
            start = digest_time(time).to_bytes(7)
            if not cursor.set_range(start) or cursor.key()[:7] != start:
                continue
            digest = entry_digest(feed.id, seq, time, data)
            citers = []
            if cursor.set_range(digest):
                for key in cursor.iternext(values=False):
                    if key[:DIGEST_BYTES] != digest:
                        break
                    citers.append(key)
            for key in citers:
                self._resolve(key, feed.num, seq)

    def take_out(self, feed: FeedRecord) -> None:
        """Show nothing of `feed` any more: its author is refused. Takes half a second for 100,000 entries."""
        self._shift(feed, TIMELINE, HIDDEN)

    def bring_back(self, feed: FeedRecord) -> None:
        """Show `feed` again."""
        self._shift(feed, HIDDEN, TIMELINE)

    def finish(self) -> None:
        """Bring the counts up to date; once, at the end of the transaction."""
        added, removed = self._added, []
        if self._moved_keys:
            self._moved_keys.update(added)
            added = [key for key, change in self._moved_keys.items() if change > 0]
            removed = sorted(key for key, change in self._moved_keys.items() if change < 0)
        added.sort()
        Ranks(self._txn, self._tables).change(added, removed)

    def _shift(self, feed: FeedRecord, source: bytes, target: bytes) -> None:
        """Move what can be shown of `feed` from one table to the other, each entry to the same place."""
        change = 1 if target == TIMELINE else -1
        items = []
        for seq in range(feed.low, feed.seq + 1):
            here = self._must_be_placed(feed.num, seq)
            if here.table == source and is_shown(here.kind):
                if target == TIMELINE and self.is_superseded(feed.num, seq, here.kind, skim_entry(here.data)[1]):
                    continue
                key = PLACED_KEY.pack(here.place, feed.tail)
                items.append((key, PLACED_VALUE.pack(seq, here.arrival)))
                self._txn.delete(key, db=self._tables[source])
                self._moved_keys[key] += change
        self._txn.cursor(self._tables[target]).putmulti(items)

    def _follow(self, new: NewEntries, seq: int, seen: Sequence[bytes], place: int) -> int:
        for digest in dict.fromkeys(seen):
            key = CITER.pack(digest, new.feed.num, seq)
            cited = new.find(digest)
            if cited is None:
                try:
                    found = self.find(digest, MAX_TIES)
                except CrowdedError:
                    self._txn.put(key, VOID, db=self._tables[CITATIONS])
                    continue
                cited = None if found is None else found[2]
            if cited is None:
                self._txn.put(key, b"", db=self._tables[DANGLING])
            else:
                self._txn.put(key, COUNTED, db=self._tables[CITATIONS])
                place = max(place, cited + 1)
        return place

    def _resolve(self, key: bytes, num: int, seq: int) -> None:
        """The entry (num, seq) has arrived, which the entry in `key` cites."""
        _, citer_num, citer_seq = CITER.unpack(key)
        target = self._must_be_placed(num, seq)
        moves = self._moves((num, seq), (citer_num, citer_seq), target.place + 1)
        self._txn.delete(key, db=self._tables[DANGLING])
        self._txn.put(key, VOID if moves is None else COUNTED, db=self._tables[CITATIONS])
        if moves:
            self._move(moves)
        here = self._must_be_placed(citer_num, citer_seq)
        if here.table == TIMELINE and copied_by(here.kind, skim_entry(here.data)[1]) == key[:DIGEST_BYTES]:
            self._hide(citer_num, citer_seq, here)

    def _hide(self, num: int, seq: int, here: Placed) -> None:
        key = PLACED_KEY.pack(here.place, self._feed_of(num).tail)
        self._txn.delete(key, db=self._tables[TIMELINE])
        self._txn.put(key, PLACED_VALUE.pack(seq, here.arrival), db=self._tables[HIDDEN])
        self._moved_keys[key] -= 1

    def _moves(self, origin: tuple[int, int], citer: tuple[int, int], least: int) -> dict[tuple[int, int], int] | None:
        """The new places that follow from `citer` standing at `least` or later; None if the citation is void."""
        moves: dict[tuple[int, int], int] = {}
        work = [(least, citer)]
        while work:
            least, (num, seq) = heapq.heappop(work)
            here = self._must_be_placed(num, seq)
            if moves.get((num, seq), here.place) >= least:
                continue
            if (num, seq) == origin or self.steps_left <= 0:
                return None
            moves[num, seq] = least
            followers = self._citers(num, seq, here)
            if seq < self._feed_of(num).seq:
                followers.append((num, seq + 1))
            self.steps_left -= 1 + len(followers)
            for follower in followers:
                heapq.heappush(work, (least + 1, follower))
        return moves

    def _citers(self, num: int, seq: int, here: Placed) -> list[tuple[int, int]]:
        digest = entry_digest(self._feed_of(num).id, seq, here.time, here.data)
        cursor = self._txn.cursor(self._tables[CITATIONS])
        citers = []
        if cursor.set_range(digest):
            for key, mark in cursor.iternext():
                if key[:DIGEST_BYTES] != digest:
                    break
                if mark == COUNTED:
                    citers.append((CITER.unpack(key)[1], CITER.unpack(key)[2]))
                else:
                    self.steps_left -= 1
        return citers

    def _move(self, moves: dict[tuple[int, int], int]) -> None:
        old = {entry: self._must_be_placed(*entry) for entry in moves}
        for (num, _), here in old.items():
            key = PLACED_KEY.pack(here.place, self._feed_of(num).tail)
            self._txn.delete(key, db=self._tables[here.table])
            if here.table == TIMELINE:
                self._moved_keys[key] -= 1
        for (num, seq), place in moves.items():
            feed, here = self._feed_of(num), old[num, seq]
            key = PLACED_KEY.pack(place, feed.tail)
            self._txn.put(key, PLACED_VALUE.pack(seq, here.arrival), db=self._tables[here.table])
            if here.table == TIMELINE:
                self._moved_keys[key] += 1
            if seq == feed.seq:
                self._feeds.change(replace(feed, place=place))
            displaced = CITER.pack(entry_digest(feed.id, seq, here.time, here.data), num, seq)
            if place == digest_time(here.time):
                self._txn.delete(displaced, db=self._tables[DISPLACED])
            else:
                self._txn.put(displaced, U64.pack(place), db=self._tables[DISPLACED])
        self.moved.update(moves)

    def _must_be_placed(self, num: int, seq: int) -> Placed:
        here = self.placed(num, seq)
        if here is None:
            raise DamagedError(f"entry {seq} of feed number {num} is missing: run chat-tui check ME")
        return here
