"""What entries prove about each other: what an author had not read, and when they wrote at the earliest and latest.

- The timeline is in causal order, so what leads from an entry to the one shown directly after it lies between the two,
  among the hidden ones: a few of them settle the question. What cannot be settled so is not claimed.
- Arrivals of own entries are readings of this computer's clock when they were written.
"""

from __future__ import annotations

from collections import deque

from app.entry import MAX_SEEN, entry_digest, skim_entry
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.placing import MAX_TIES, CrowdedError, PlaceReader
from app.storage.schema import CITATIONS, CITER, COUNTED, ENTRIES, ENTRY_KEY, HIDDEN, PLACED_VALUE
from app.timeline import Evidence, TimelineEntry

MAX_BETWEEN = 16  # hidden entries between two shown ones: reactions, mostly
MAX_STEPS = 32  # entries that are looked at for one that this computer wrote; a tenth of a millisecond


class Causes:
    """Reads in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = FeedReader(txn, tables, feeds).of

    def crossed(self, above: TimelineEntry, below: TimelineEntry) -> bool:
        """Whether `below`, which stands directly after `above`, was certainly written without having seen it."""
        hidden = self._between(above.key, below.key)
        if hidden is None:
            return False
        if not hidden and not below.entry.seen:
            return True
        origin = int.from_bytes(above.key[12:]), above.seq
        last = int.from_bytes(below.key[12:]), below.seq
        reached, digests = {origin}, {self._digest(*origin)}
        for num, seq in (*hidden, last):
            data = self._data(num, seq)
            seen = skim_entry(data)[1]
            if (num, seq - 1) in reached or not digests.isdisjoint(seen):
                reached.add((num, seq))
                digests.add(self._digest(num, seq))
            elif not self._is_settled(num, seq, seen):
                return False
        return last not in reached

    def evidence(self, num: int, seq: int, own: int) -> Evidence:
        """own: the number of the feed that this computer writes."""
        places = PlaceReader(self._txn, self._tables, self._feed_of)
        previous = skim_entry(self._data(num, seq - 1))[0] if seq > 1 else None
        after: int | None = None
        waiting, looked_at = deque([(num, seq)]), {(num, seq)}
        for _ in range(MAX_STEPS):
            if not waiting:
                break
            at = waiting.popleft()
            # What is cited stands for itself alone: what comes before it in its feed may be another thing where the
            # citing entry was written, if its author says two things.
            found = [(at[0], at[1] - 1)] if at[0] == num and at[1] > 1 else []
            for digest in skim_entry(self._data(*at))[1]:
                try:
                    cited = places.find(digest, MAX_TIES)
                except CrowdedError:
                    continue
                if cited is not None:
                    found.append(cited[:2])
            for entry in found:
                if entry[0] == own:
                    here = places.placed(*entry)
                    after = max(after or 0, here.arrival) if here else after
                elif entry not in looked_at:
                    looked_at.add(entry)
                    waiting.append(entry)
        return Evidence(previous, after)

    def _between(self, low: bytes, high: bytes) -> list[tuple[int, int]] | None:
        """The hidden entries between two places; None if they are too many."""
        cursor = self._txn.cursor(self._tables[HIDDEN])
        found: list[tuple[int, int]] = []
        if cursor.set_range(low):
            for key, value in cursor.iternext():
                if key > high:
                    break
                if len(found) == MAX_BETWEEN:
                    return None
                found.append((int.from_bytes(key[12:]), PLACED_VALUE.unpack(value)[0]))
        return found

    def _is_settled(self, num: int, seq: int, seen: tuple[bytes, ...]) -> bool:
        """Whether all that it says to have read is here, and in its place before it. A full list may lack something."""
        return len(seen) < MAX_SEEN and all(
            self._txn.get(CITER.pack(digest, num, seq), None, self._tables[CITATIONS]) == COUNTED for digest in seen
        )

    def _digest(self, num: int, seq: int) -> bytes:
        data = self._data(num, seq)
        return entry_digest(self._feed_of(num).id, seq, skim_entry(data)[0], data)

    def _data(self, num: int, seq: int) -> bytes:
        data: bytes = self._txn.get(ENTRY_KEY.pack(num, seq), b"", self._tables[ENTRIES])
        return data
