"""What a reader of the timeline sees: which rows stand on the screen, and how they move. Pure, without a toolkit.

- The reader either follows the newest entry, which is then the last row, or stays where they are: the top row is
  anchored by (entry, offset of a character in it), which no arrival, reflow or change of height moves.
- Only entries near the screen are read and wrapped; nothing depends on the length of the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct

from app.timeline import TimelineEntry, TimelineReader
from app.widgets.layout import RULE, Layout, Place
from app.widgets.looks import Lookout
from app.widgets.rows import MAX_WIDTH, EntryRows, Names, Row
from app.widgets.window import Ident, Window, ident, predecessor

MAX_HEIGHT = 400  # rows; the window must hold more entries than this, with room for paging
_CONTEXT = 2  # rows above what a reader jumps to
_NUMBERS_PER_ENTRY = 1 << 19  # more than an entry has rows


class Line(Struct, frozen=True):
    """A row on the screen. number: grows downwards, and stays the row's until `Scrollback.generation` changes; above:
    the entry before this one, for an entry's first row, if there is one."""

    entry: TimelineEntry
    row: Row
    number: int
    above: TimelineEntry | None = None


class Extent(Struct, frozen=True):
    """A scroll bar, in entries: `position` of them before the first of `size` on the screen, of `total`."""

    total: int
    size: int
    position: int


class _Anchor(Struct, frozen=True):
    """What a place holds on to: a character of an entry, wherever that is by then."""

    entry: Ident
    key: bytes
    offset: int


class Spot(Struct, frozen=True):
    """Where a reader stands and what they point at, to come back to."""

    top: _Anchor | None
    cursor: _Anchor | None


class Scrollback:
    def __init__(self, reader: TimelineReader, *, zone: tzinfo | None = None, names: Names | None = None) -> None:
        """zone: in which times and days are shown, None for the computer's own; names: what authors are called, None
        for what they call themselves."""
        self._reader = reader
        self._window = Window(reader)
        self._layout = Layout(self._window, zone, names)
        self._height = 24
        self._anchor: _Anchor | None = None  # None: follows the end
        self._cursor: _Anchor | None = None  # what is pointed at in message mode
        self._reflows = 0

    @property
    def following(self) -> bool:
        return self._anchor is None

    @property
    def generation(self) -> tuple[int, int]:
        """Changes when the numbers of lines become void."""
        return self._window.generation, self._reflows

    @property
    def empty(self) -> bool:
        return self._window.first == self._window.end

    def resize(self, width: int, height: int) -> None:
        """Cells of the pane. The top row stays the one with the character that began it."""
        width, height = min(max(1, width), MAX_WIDTH), min(max(1, height), MAX_HEIGHT)
        self._height = height
        if self._layout.resize(width):
            self._reflows += 1

    @property
    def lookout(self) -> Lookout:
        return self._layout.lookout

    def look_out(self, lookout: Lookout) -> None:
        """What the reader is to see at once, and whom they muted."""
        self._layout.look_out(lookout)
        self._reflows += 1

    @property
    def unread_from(self) -> bytes | None:
        return self._layout.unread_from

    def draw_rule(self, unread_from: bytes | None) -> None:
        """Say above the first entry from that key on that what follows is unread; None: nowhere."""
        if unread_from != self._layout.unread_from:
            self._layout.draw_rule(unread_from)
            self._reflows += 1

    def renamed(self) -> None:
        """Authors are called otherwise now, or their messages have left the timeline or are back in it."""
        self._layout.clear()
        self._reflows += 1
        self._reload()

    def lines(self) -> list[Line]:
        """The rows on the screen, at most its height, the newest last."""
        if self.empty:
            return []
        shown: list[Line] = []
        for ordinal, index in self._layout.down_from(self._top()):
            row = self._layout.rule(ordinal) if index == RULE else self._layout.rows(ordinal).row(index)
            above = self._window[ordinal - 1] if index == 0 and self._window.has(ordinal - 1) else None
            shown.append(Line(self._window[ordinal], row, self._number((ordinal, index)), above))
            if len(shown) == self._height:
                break
        return shown

    def text_between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        """The messages' own text between two places, each the number of a line and a character in it."""
        parts: list[str] = []
        first = max(start[0] // _NUMBERS_PER_ENTRY, self._window.first)
        for ordinal in range(first, min(end[0] // _NUMBERS_PER_ENTRY + 1, self._window.end)):
            rows = self._layout.rows(ordinal)
            low = self._offset(rows, ordinal, start, 0)
            high = self._offset(rows, ordinal, end, len(rows.message))
            if low < high:
                parts.append(rows.message[low:high])
        return "\n".join(parts)

    def _offset(self, rows: EntryRows, ordinal: int, place: tuple[int, int], outside: int) -> int:
        """The character of the entry's message at a place; `outside` if that is in another entry."""
        number, character = place
        index = number - self._number((ordinal, 0))
        if index < RULE or index >= len(rows):
            return outside
        if index == RULE:
            return 0
        row = rows.row(index)
        if rows.is_fold(index):
            return outside or row.start
        return row.start + min(max(0, character - row.prefix), len(row.text))

    def extent(self) -> Extent:
        """Where the screen stands in the whole timeline."""
        total = self._reader.count()
        if self.empty or not total:
            return Extent(0, 0, 0)
        top = self._top()
        bottom, _ = self._layout.down(top, self._height - 1)
        size = min(total, bottom[0] - top[0] + 1)
        position = total - size if self.following else min(self._reader.rank(self._window[top[0]].key), total - size)
        return Extent(total, size, position)

    def scroll(self, rows: int) -> None:
        """Move the screen over the text, downwards if positive. A reader who reaches the end follows it."""
        if self.empty or (rows > 0 and self.following):
            return
        top = self._top()
        place, moved = self._layout.down(top, rows) if rows > 0 else self._layout.up(top, -rows)
        if moved or not self.following:
            self._stand(place)

    def page_up(self) -> None:
        self.scroll(-max(1, self._height - 1))

    def page_down(self) -> None:
        self.scroll(max(1, self._height - 1))

    def to_start(self) -> None:
        self._window.load_start()
        if not self.empty:
            self._stand((self._window.first, RULE))

    def to_end(self) -> None:
        self._window.load_end()
        self._anchor = None

    @property
    def cursor(self) -> TimelineEntry | None:
        """The message that is pointed at, in message mode."""
        if self._cursor is None or self.empty:
            return None
        ordinal = self._window.find(self._cursor.key)
        if not self._window.has(ordinal):
            ordinal = self._window.end - 1
        return self._window[ordinal]

    def point(self) -> None:
        """Point at the newest message on the screen."""
        if not self.empty:
            ordinal, _ = self._layout.down(self._top(), self._height - 1)[0]
            self._point(ordinal)

    def point_at(self, entry: TimelineEntry) -> None:
        """Bring an entry, which may be anywhere, a third down the screen with all its text, and point at it."""
        self._layout.open(entry)
        self._window.load_around(entry.key)
        ordinal = self._window.find(entry.key)
        if self._window.has(ordinal):
            self._stand(self._layout.up((ordinal, 0), self._height // 3)[0])
            self._point(self._window.find(entry.key))

    def fold(self) -> None:
        """Show all of the text that is pointed at, if it is a long one, or no more."""
        entry = self.cursor
        if entry is None:
            return
        ordinal = self._window.find(entry.key)
        self._layout.toggle(ordinal)
        self._reflows += 1
        self._show(ordinal)

    @property
    def folded(self) -> bool:
        """Whether not all of the text that is pointed at is shown."""
        entry = self.cursor
        return entry is not None and self._layout.rows(self._window.find(entry.key)).folded

    def point_not(self) -> None:
        self._cursor = None

    def move_cursor(self, messages: int) -> None:
        """Point at an older (negative) or newer message, and bring all of it onto the screen."""
        entry = self.cursor
        if entry is None:
            return
        step = 1 if messages > 0 else -1
        ordinal = self._window.find(entry.key)
        for _ in range(abs(messages)):
            if not self._window.has(ordinal + step):
                break
            ordinal += step
        self._point(ordinal)
        self._show(ordinal)

    def _point(self, ordinal: int) -> None:
        entry = self._window[ordinal]
        self._cursor = _Anchor(ident(entry), entry.key, 0)

    def _show(self, ordinal: int) -> None:
        """Move the screen as little as it takes to show the entry; its beginning if it is longer than the screen."""
        top = self._top()
        bottom, _ = self._layout.down(top, self._height - 1)
        last = len(self._layout.rows(ordinal)) - 1
        if (ordinal, 0) < top or last >= self._height:
            self._stand((ordinal, 0))
        elif (ordinal, last) > bottom:
            self._stand(self._layout.up((ordinal, last), self._height - 1)[0])

    def spot(self) -> Spot:
        return Spot(self._anchor, self._cursor)

    def return_to(self, spot: Spot) -> None:
        self._cursor = spot.cursor
        if spot.top is None:
            self.to_end()
        else:
            self._window.load_around(spot.top.key)
            self._anchor = None if self.empty else spot.top

    def bring(self, key: bytes) -> None:
        """Bring the first entry from `key` on to the top, with a little of what is before it."""
        self._window.load_around(key)
        ordinal = self._window.find(key)
        if self._window.has(ordinal):
            above = min(_CONTEXT, self._height // 8)
            self._stand(self._layout.up((ordinal, self._layout.first(ordinal)), above)[0])

    def to_rank(self, rank: int) -> None:
        """Bring the entry with `rank` smaller ones to the top; beyond the last page, follow the end."""
        key = self._reader.at_rank(max(0, rank))
        if key is None:
            self.to_end()
            return
        self._window.load_around(key)
        ordinal = self._window.find(key)
        if self._window.has(ordinal):
            self._stand((ordinal, self._layout.first(ordinal)))

    def to_time(self, time: int) -> None:
        """Bring the first entry from `time` on to the top; beyond the last one, follow the end.

        Times are in order but for clocks that were wrong: those are passed over as a person would who leafs through.
        """
        low, high = 0, self._reader.count()
        while low < high:
            middle = (low + high) // 2
            key = self._reader.at_rank(middle)
            found = () if key is None else self._reader.after(predecessor(key), 1)
            if found and found[0].time < time:
                low = middle + 1
            else:
                high = middle
        self.to_rank(low)

    def landed(self, entries: Sequence[TimelineEntry]) -> None:
        """Entries have become durable, or have got another place."""
        following = self.following
        for entry in entries:
            if entry.change is not None:
                self._layout.forget(entry)
        if not self._window.landed(entries, following=following):
            self._layout.clear()
            self._reload()
        elif not self._window.is_whole(following=following):
            self._reload()

    def flooded(self) -> None:
        """More entries than can be told one by one have become durable."""
        self._layout.clear()  # there may be edits among them
        self._reload()

    def _reload(self) -> None:
        """Read anew what is around the reader."""
        if self._anchor is None:
            self._window.load_end()
        else:
            self._window.load_around(self._anchor.key)
            if self.empty:
                self._anchor = None

    def _stand(self, top: Place) -> None:
        """Make `top` the top row, or follow if the end is then on the screen."""
        if not self._window.has(top[0]) or self._layout.down(top, self._height)[1] < self._height:
            self._anchor = None
            if self._window.has(self._window.end):  # there is more than was read: the end is elsewhere
                self._window.load_end()
            return
        ordinal, index = top
        entry = self._window[ordinal]
        offset = RULE if index == RULE else self._layout.rows(ordinal).start(index)
        self._anchor = _Anchor(ident(entry), entry.key, offset)

    def _top(self) -> Place:
        """The top row: the anchor's, or as far above it as it takes to fill the screen."""
        if self._anchor is not None:
            top = self._resolve(self._anchor)
            rows_below = self._layout.down(top, self._height - 1)[1]
            return top if rows_below == self._height - 1 else self._layout.up(top, self._height - 1 - rows_below)[0]
        last = self._window.end - 1
        return self._layout.up((last, len(self._layout.rows(last)) - 1), self._height - 1)[0]

    def _resolve(self, anchor: _Anchor) -> Place:
        ordinal = self._window.find(anchor.key)
        if not self._window.has(ordinal):
            ordinal = self._window.end - 1
        entry = self._window[ordinal]
        if ident(entry) != anchor.entry:
            return ordinal, 0  # it has moved away: what came after it stays
        if anchor.offset != RULE:
            return ordinal, self._layout.rows(ordinal).index_at(anchor.offset)
        if self._layout.has_rule(ordinal):
            return ordinal, RULE
        # An older entry of the same day has landed just above and has taken over the rule.
        return self._layout.up((ordinal, 0), 1)[0]

    def _number(self, place: Place) -> int:
        return place[0] * _NUMBERS_PER_ENTRY + place[1] + 1
