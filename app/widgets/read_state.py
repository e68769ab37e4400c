"""What has been read of a room, as far as can be known: what stood on the screen while somebody looked.

- Own messages are never unread, nor those by somebody who is muted or refused.
- Late is what arrives unread among what was read: it is told, and has a sign until it has been on the screen.
- The rule above the first unread message stays, also when all is read, for as long as it is on the screen.
- All is kept by feed and number (unread.py). What arrived while nobody looked is found by comparing the heads of feeds
  with those that are known; where many arrived, a search by halves finds which of them are late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct

from app.moments import since
from app.people import People
from app.text import one_line
from app.timeline import LAST_KEY, TimelineEntry
from app.view_state import RoomView
from app.widgets.backend import ChatLog
from app.widgets.unread import Unread
from app.widgets.window import Ident, ident
from app.wording import counted

FEEDS_AT_ONCE = 64  # 3 ms, where each of them has entries by the hundred
_EXACT = 64  # entries of a feed that are looked at one by one; of more, the hidden ones are counted as well
_FEEDS_COMPARED = 32  # to say where the first unread one is, each time the screen is drawn
_NAMED = 3  # authors in the notice of late messages
_JUST_NOW = 60 * 1_000_000  # microseconds; what is seen as it arrives, so soon after it was written, needs no sign


class Standing(Struct, frozen=True):
    """What the status bar says about where the reader is. keys: those that lead elsewhere."""

    text: str
    keys: str


class ReadState:
    def __init__(self, log: ChatLog, people: People, view: RoomView, zone: tzinfo | None) -> None:
        self._log = log
        self._people = people
        self._view = view
        self._zone = zone
        self._unread = Unread(view.unread)
        self._late = Unread(view.late)
        self._leaving: set[Ident] = set()  # late ones that have been seen and are still on the screen
        self._news: set[bytes] = set()  # feeds with late ones that were not told
        self._first: bytes | None = None
        self._rule_due = True
        self.rule: bytes | None = None
        self.unread = 0
        self.late = 0

    def begin(self) -> None:
        """Before anything lands: at the first start in a room, what is there is taken to be read."""
        if self._view.known is None:
            last = self._log.before(LAST_KEY, 1)
            self._view.known = {feed: head.seq for feed, head in self._log.frontier().items()} if last else {}
            self._view.read_key = last[0].key if last else b""
        self._count()

    def catch_up(self) -> bool:
        """Take in what landed without being told. Whether there is more."""
        known = self._view.known
        if known is None:
            return False
        behind = [
            (feed, head.seq)
            for feed, head in self._log.frontier().items()
            if head.seq > known.get(feed, 0) and not self._log.withholds(feed)
        ]
        for feed, high in behind[:FEEDS_AT_ONCE]:
            self._take(feed, high, ())
        if behind:
            self._changed()
        return len(behind) > FEEDS_AT_ONCE

    def landed(self, entries: Sequence[TimelineEntry]) -> None:
        by_feed: dict[bytes, list[TimelineEntry]] = defaultdict(list)
        for entry in entries:
            if entry.change is None:
                by_feed[entry.feed].append(entry)
        for feed, some in by_feed.items():
            self._take(feed, some[-1].seq, some)
        if by_feed:
            self._changed()

    def drawn(self, entries: Sequence[TimelineEntry], *, looks: bool) -> bool:
        """These stand on the screen, all that lie between the first and the last; looks: somebody does. Whether
        anything is to be drawn otherwise now."""
        before = self.rule, len(self._leaving), self.late
        self._leaving &= {ident(entry) for entry in entries}
        if entries and looks:
            self._see(entries)
        if self._rule_due:
            self._rule_due = False
            self.rule = self._first or self.rule
        elif self.rule is not None and self._first is not None:
            self.rule = min(self.rule, self._first)  # others came that stand before what was the first
        if self.rule is not None and not self.unread and not _spans(entries, self.rule):
            self.rule = None
        return before != (self.rule, len(self._leaving), self.late)

    def read_all(self) -> None:
        """The reader does not want to see what is left."""
        self._unread.clear()
        self._late.clear()
        self._news.clear()
        self._changed()

    def count_again(self) -> None:
        """Somebody is muted or refused now, or no more."""
        self._count()

    def is_late(self, entry: TimelineEntry) -> bool:
        """Whether it stands among what was read, and was not seen, or just now."""
        return self._late.has(entry.feed, entry.seq) or ident(entry) in self._leaving

    def first_unread(self) -> TimelineEntry | None:
        return self._first_of(self._unread)

    def first_late(self) -> TimelineEntry | None:
        return self._first_of(self._late)

    def standing(self, entries: Sequence[TimelineEntry], *, following: bool) -> Standing:
        """For the status bar; entries: on the screen."""
        parts, keys = [], []
        if self.unread:
            first = self._first
            above = bool(entries) and first is not None and first < entries[0].key
            below = bool(entries) and first is not None and first > entries[-1].key
            parts.append(("↑ " if above else "↓ " if below else "") + f"{self.unread:,} unread")
            keys.append("Alt+U")
        if self.late:
            parts.append(f"{self.late:,} late")
            keys.append("Alt+L")
        if not parts and not following:
            return Standing("↓ more below", "Alt+End")
        return Standing(" · ".join(parts), ", ".join(keys))

    def tell_late(self, now: int) -> str:
        """What came late since that was told last and has not been seen; empty if nothing. now: microseconds."""
        news, self._news = self._news, set()
        counts: dict[str, int] = defaultdict(int)
        times: list[int] = []
        for feed in news:
            ranges = self._late.ranges(feed)
            author = self._log.feed_author(feed)
            if not ranges or author is None or not self._counts(feed):
                continue
            counts[one_line(self._people.label(*author))] += sum(high - low + 1 for low, high in ranges)
            for low, high in (ranges[0], (ranges[-1][1], ranges[-1][1])):
                times += [entry.time for entry in self._log.shown_from(feed, low, high, 1)]
        if not counts or not times:
            return ""
        total = sum(counts.values())
        most = sorted(counts.items(), key=lambda item: -item[1])
        who = ", ".join(name if len(most) == 1 else f"{count:,} from {name}" for name, count in most[:_NAMED])
        who += " and others" if len(most) > _NAMED else ""
        first, last = since(min(times), now, self._zone), since(max(times), now, self._zone)
        messages = counted(total, "older message")
        when = f"written {first}" if first == last else f"written since {first}"
        return f"{messages} from {who}, {when}: Alt+L" if len(most) == 1 else f"{messages}, {who}, {when}: Alt+L"

    def _take(self, feed: bytes, high: int, given: Sequence[TimelineEntry]) -> None:
        """Entries of a feed up to `high` have landed; given: those of them that are at hand."""
        known = self._view.known
        if known is None or (low := known.get(feed, 0) + 1) > high:
            return
        known[feed] = high
        author = self._log.feed_author(feed)
        if author is None or author[0] == self._log.author or not self._counts(feed):
            return
        read_key = self._view.read_key
        if high - low < _EXACT:
            whole = len(given) == high - low + 1 and given[0].seq == low
            shown = given if whole else self._log.shown_from(feed, low, high, _EXACT)
            for entry in shown:
                (self._late if entry.key <= read_key else self._unread).add(feed, entry.seq, entry.seq)
        else:
            late = self._log.placed_before(feed, low, high, read_key) if read_key else 0
            self._late.add(feed, low, low + late - 1)
            self._unread.add(feed, low + late, high)
            self._trim(self._late, feed)
            self._trim(self._unread, feed)
        self._first_may_be(feed, low, high)
        if any(low <= ends[1] and ends[0] <= high for ends in self._late.ranges(feed)):
            self._news.add(feed)

    def _first_may_be(self, feed: bytes, low: int, high: int) -> None:
        """Some of the entries low..high are unread, perhaps; the comparison of many feeds is not made for each."""
        if self._first is not None:
            new = [ends for ends in self._unread.ranges(feed) if low <= ends[1] and ends[0] <= high]
            for entry in self._log.shown_from(feed, max(low, new[0][0]), new[0][1], 1) if new else ():
                self._first = min(self._first, entry.key)

    def _see(self, entries: Sequence[TimelineEntry]) -> None:
        spans: dict[bytes, tuple[int, int]] = {}
        for entry in entries:
            low, high = spans.get(entry.feed, (entry.seq, entry.seq))
            spans[entry.feed] = min(low, entry.seq), max(high, entry.seq)
            at_once = entry.feed in self._news and entry.arrival - entry.time < _JUST_NOW
            if self._late.has(entry.feed, entry.seq) and not at_once:
                self._leaving.add(ident(entry))
        changed = False
        for feed, (low, high) in spans.items():
            for those in (self._unread, self._late):
                if those.remove(feed, low, high):
                    self._trim(those, feed)
                    changed = True
        self._view.read_key = max(self._view.read_key, entries[-1].key)
        if changed:
            self._changed()

    def _trim(self, those: Unread, feed: bytes) -> None:
        """Let the first range of a feed begin with an entry that is shown."""
        while ranges := those.ranges(feed):
            low, high = ranges[0]
            shown = self._log.shown_from(feed, low, high, 1)
            if shown:
                those.remove(feed, low, shown[0].seq - 1)
                return
            if high - low >= _EXACT:  # more than were looked at, perhaps
                return
            those.remove(feed, low, high)

    def _changed(self) -> None:
        self._view.unread, self._view.late = self._unread.numbers(), self._late.numbers()
        self._count()

    def _count(self) -> None:
        self._rule_due = self._rule_due or not self.unread  # not before it is seen whether they are read at once
        self.unread = self._unread.count(self._counts)
        self.late = self._late.count(self._counts)
        if not self.unread:
            self._first = None
        elif self._first is None or len(self._unread.feeds) <= _FEEDS_COMPARED:
            first = self.first_unread()
            self._first = None if first is None else first.key

    def _counts(self, feed: bytes) -> bool:
        author = self._log.feed_author(feed)
        return author is not None and author[0] not in self._view.muted and not self._people.is_refused(author[0])

    def _first_of(self, those: Unread) -> TimelineEntry | None:
        """The first one in the timeline, of all feeds."""
        firsts: list[TimelineEntry] = []
        for feed in those.feeds:
            if self._counts(feed):
                self._trim(those, feed)
                for low, high in those.ranges(feed)[:1]:
                    firsts += self._log.shown_from(feed, low, high, 1)
        return min(firsts, key=lambda entry: entry.key, default=None)


def _spans(entries: Sequence[TimelineEntry], key: bytes) -> bool:
    return bool(entries) and entries[0].key <= key <= entries[-1].key
