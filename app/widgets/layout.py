"""The rows of the entries in a window, one after the other: which there are, and which stand above and below which.

- What an entry looks like depends on itself, the one before it, and where the unread ones begin; on nothing further up,
  so that a place can be found from any other without reading all that precedes it.
- A rule stands above an entry that begins a day, or begins what is unread. It is one row, whatever it says.
- Who goes on within the same five minutes is not named again. Days begin at full hours or quarters of one, so a day
  never begins within them.
- Rows are made when they are asked for, and kept for at most as many entries as the window has. How an entry joins the
  one above it is kept as well, for as long as ordinals are valid: it is asked for with each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo

from msgspec import Struct

from app.entry import KIND_REPLY
from app.moments import local
from app.timeline import TimelineEntry
from app.widgets.looks import Lookout
from app.widgets.rows import Columns, EntryRows, Names, Row
from app.widgets.window import MAX_ENTRIES, Ident, Window, ident

RULE = -1
GROUP_MICROSECONDS = 5 * 60 * 1_000_000
_MAX_OPEN = 100  # long texts that were opened; the one that was opened first is closed again

Place = tuple[int, int]  # ordinal of an entry; the index of one of its rows, or RULE for the rule above them


class _Joint(Struct, frozen=True):
    """How an entry joins the one above it."""

    new_day: bool
    unread: bool
    grouped: bool


class Layout:
    def __init__(self, window: Window, zone: tzinfo | None, names: Names | None) -> None:
        self._window = window
        self._zone = zone
        self._names = names
        self._columns = Columns(80, zone)
        self._rows: dict[Ident, EntryRows] = {}
        self._open: dict[Ident, None] = {}
        self._unread_from: bytes | None = None
        self._joints: dict[int, _Joint] = {}
        self._generation = window.generation
        self._lookout = Lookout()

    @property
    def unread_from(self) -> bytes | None:
        """The key from which on entries are under the rule that says so."""
        return self._unread_from

    def draw_rule(self, unread_from: bytes | None) -> None:
        self._unread_from = unread_from
        self._joints.clear()

    def resize(self, width: int) -> bool:
        """Whether that changes anything."""
        if width == self._columns.width:
            return False
        self._columns = Columns(width, self._zone)
        self._rows.clear()
        return True

    @property
    def lookout(self) -> Lookout:
        return self._lookout

    def look_out(self, lookout: Lookout) -> None:
        """What the reader is to see at once."""
        self._lookout = lookout
        self._rows.clear()

    def clear(self) -> None:
        """Entries may read otherwise now."""
        self._rows.clear()

    def forget(self, entry: TimelineEntry) -> None:
        """One entry reads otherwise now."""
        self._rows.pop(ident(entry), None)

    def open(self, entry: TimelineEntry) -> None:
        """Show all of a long text."""
        self._open[ident(entry)] = None
        if len(self._open) > _MAX_OPEN:
            del self._open[next(iter(self._open))]

    def toggle(self, ordinal: int) -> None:
        """Open a long text that is folded, or close it again."""
        if self.rows(ordinal).folded:
            self.open(self._window[ordinal])
        else:
            self._open.pop(ident(self._window[ordinal]), None)

    def rows(self, ordinal: int) -> EntryRows:
        entry = self._window[ordinal]
        which = ident(entry)
        grouped, opened = self._joint(ordinal).grouped, which in self._open
        rows = self._rows.get(which)
        if rows is None or rows.grouped is not grouped or rows.opened is not opened:
            if len(self._rows) >= MAX_ENTRIES:
                self._rows.clear()
            rows = EntryRows(entry, self._columns, self._names, lookout=self._lookout, grouped=grouped, opened=opened)
            self._rows[which] = rows
        return rows

    def rule(self, ordinal: int) -> Row:
        """What the rule above the entry says."""
        joint = self._joint(ordinal)
        return self._columns.rule(self._day(ordinal), new_day=joint.new_day, unread=joint.unread)

    def has_rule(self, ordinal: int) -> bool:
        joint = self._joint(ordinal)
        return joint.new_day or joint.unread

    def down_from(self, place: Place) -> Iterator[Place]:
        """The places from one on."""
        ordinal, index = place
        while self._window.has(ordinal):
            for row in range(index, len(self.rows(ordinal))):
                yield ordinal, row
            ordinal += 1
            if self._window.has(ordinal):
                index = self.first(ordinal)

    def down(self, place: Place, rows: int) -> tuple[Place, int]:
        """The place `rows` below, or the last row; and how far that is."""
        ordinal, index = place
        left = rows
        while True:
            below = len(self.rows(ordinal)) - 1 - index
            if left <= below:
                return (ordinal, index + left), rows
            if not self._window.has(ordinal + 1):
                return (ordinal, index + below), rows - left + below
            left -= below + 1
            ordinal += 1
            index = self.first(ordinal)

    def up(self, place: Place, rows: int) -> tuple[Place, int]:
        """The place `rows` above, or the first row; and how far that is."""
        ordinal, index = place
        left = rows
        while True:
            above = index - self.first(ordinal)
            if left <= above:
                return (ordinal, index - left), rows
            if not self._window.has(ordinal - 1):
                return (ordinal, index - above), rows - left + above
            left -= above + 1
            ordinal -= 1
            index = len(self.rows(ordinal)) - 1

    def first(self, ordinal: int) -> int:
        """The index of the first row that belongs to the entry."""
        return RULE if self.has_rule(ordinal) else 0

    def _joint(self, ordinal: int) -> _Joint:
        if self._generation != self._window.generation:
            self._generation = self._window.generation
            self._joints.clear()
        joint = self._joints.get(ordinal)
        if joint is None:
            joint = self._join(ordinal)
            if len(self._joints) >= 2 * MAX_ENTRIES:
                self._joints.clear()
            if self._window.has(ordinal - 1):  # else one may yet land above it
                self._joints[ordinal] = joint
        return joint

    def _join(self, ordinal: int) -> _Joint:
        entry, start = self._window[ordinal], self._unread_from
        unread = start is not None and entry.key >= start
        if not self._window.has(ordinal - 1):
            return _Joint(new_day=True, unread=unread, grouped=False)
        above = self._window[ordinal - 1]
        unread = unread and start is not None and above.key < start
        same_time = above.time // GROUP_MICROSECONDS == entry.time // GROUP_MICROSECONDS
        goes_on = above.author == entry.author and entry.entry.kind != KIND_REPLY
        return _Joint(
            new_day=not same_time and self._day(ordinal) != self._day(ordinal - 1),
            unread=unread,
            grouped=same_time and goes_on and not unread,
        )

    def _day(self, ordinal: int) -> date | None:
        moment = local(self._window[ordinal].time, self._zone)
        return None if moment is None else moment.date()
