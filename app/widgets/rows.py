"""How one entry looks as rows of cells, without colours: pure functions of the entry, the width and the time zone.

- A row depends on its entry, and on whether that goes on where the one above left off: the layout knows.
- Every string by others is made harmless here, before it is measured.
- Wide: columns for time, name and mark, the text beside them. Narrow: these precede the text in its first row, and
  further rows take the whole width but a small indent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, tzinfo
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from rich.cells import cell_len

from app.acts import act
from app.entry import KIND_REPLY, MAX_TEXT_BYTES
from app.moments import local
from app.people import APART, UNMET
from app.text import harmless, one_line
from app.timeline import TimelineEntry
from app.widgets.looks import MENTION, PLAIN, QUOTED, SIGN, Lookout, may_have_blocks, may_have_looks
from app.widgets.wrap import Piece, shorten, wrap, wrap_hanging

if TYPE_CHECKING:
    from app.markdown import Block
    from app.widgets.marking import Looks

WIDE = 60  # below, columns for time and name would leave less than 40 cells for the text
TINY = 20  # below, there is no room for the time
MAX_WIDTH = 1000
MAX_SHOWN = 4 * MAX_TEXT_BYTES  # characters: tabs widen a text eightfold, and others may send entries of 64 KiB

MARK_CELLS = 2
MENTIONED = "@"  # beside what somebody else said to me
FOLD_OVER = 12  # rows; longer texts are folded, at least as many rows away as it takes to say so
FOLD_TO = 8
_TIME_CELLS = 5
_INDENT = 2
_QUOTE_START = -2  # before the message, and not where its day row begins
_MAX_QUOTED = 200  # characters; more than a row has room for
_NOTHING = Lookout()
_CUT_REMARK = "\n… (too long: the rest is not shown)"


class Names(Protocol):
    """What authors are called; app.people.People."""

    def label(self, key: bytes, said: str) -> str: ...

    def is_refused(self, key: bytes) -> bool: ...


class Role(Enum):
    """What a stretch of cells is, for whoever gives it a colour."""

    TIME = "time"
    NAME = "name"
    MARK = "mark"
    SIGN = "sign"
    TEXT = "text"
    PLACEHOLDER = "placeholder"
    QUOTE = "quote"
    REMARK = "remark"
    FOLD = "fold"
    DAY = "day"
    UNREAD = "unread"
    SPACE = "space"


class Span(Struct, frozen=True):
    """look: of text, a sum of app.widgets.looks; target: where it leads."""

    text: str
    role: Role
    look: int = PLAIN
    target: str = ""


_MENTION = Span(MENTIONED.ljust(MARK_CELLS), Role.MARK, MENTION)


class Row(Struct, frozen=True):
    """One row. start: offset of its first character in the message; prefix: characters before the message's text;
    text: that part of the message; continues: the next row goes on with no line break between."""

    start: int
    spans: tuple[Span, ...]
    prefix: int = 0
    text: str = ""
    continues: bool = False

    @property
    def plain(self) -> str:
        return "".join(span.text for span in self.spans)


class EntryRows:
    """The rows of one entry at one width: what it answers, if it is a reply, its text, and what was said about it.

    Rows are made when they are drawn; only where they begin is known before.
    """

    __slots__ = (
        "_blocks",
        "_columns",
        "_drawn",
        "_folded",
        "_hanging",
        "_head",
        "_lookout",
        "_looks",
        "_pieces",
        "_plain",
        "_quote",
        "_remark",
        "_starts",
        "day",
        "grouped",
        "mentioned",
        "message",
        "opened",
        "role",
    )

    def __init__(
        self,
        entry: TimelineEntry,
        columns: Columns,
        names: Names | None = None,
        *,
        lookout: Lookout = _NOTHING,
        grouped: bool = False,
        opened: bool = False,
    ) -> None:
        """names: None for what authors call themselves; grouped: the entry above says who wrote it, and when; opened:
        all of a long text is shown."""
        self.grouped, self.opened = grouped, opened
        moment = local(entry.time, columns.zone)
        self.day = None if moment is None else moment.date()
        name = entry.name if names is None else names.label(entry.author, entry.name)
        muted = entry.author in lookout.muted and not entry.own
        if names is not None and names.is_refused(entry.author):
            # For the moment that it takes until it has left the timeline.
            self.message, self.role = "[not shown: you refused its author]", Role.PLACEHOLDER
        else:
            self.message, self.role = _message(entry)
            if self.role is Role.TEXT and (doing := act(self.message)) is not None:
                self.message, name, grouped = f"{one_line(name)} {doing}", "*", False
            if muted:
                self.message, self.role = f"(muted) {one_line(self.message[:_MAX_QUOTED])}", Role.PLACEHOLDER
        self._columns = columns
        self._lookout = lookout
        me = lookout.me
        self.mentioned = me is not None and not entry.own and self.role is Role.TEXT and self.message in me
        marked = entry.own or self.mentioned
        self._head = columns.head("--:--" if moment is None else f"{moment:%H:%M}", one_line(name), own=marked)
        if grouped:
            self._head = columns.grouped(self._head, own=marked)
        if self.mentioned:
            self._head = tuple(_MENTION if span.role is Role.MARK else span for span in self._head)
        head_cells = sum(cell_len(span.text) for span in self._head)
        width, first_width = columns.width - columns.indent(head_cells), max(1, columns.width - head_cells)
        if muted:
            self.message = shorten(self.message, first_width)
        self._looks: Looks | None = None
        self._plain: bool | None = None  # None: not looked at yet
        self._drawn = self.message
        self._wrap(width, first_width)
        self._folded = 0 if opened or len(self._pieces) <= FOLD_OVER else len(self._pieces) - FOLD_TO
        self._quote = "" if muted else _quote(entry, names)
        self._remark = "" if muted else _remark(entry, names)
        self._starts = [start for start, _ in self._pieces]
        if self._folded:
            del self._starts[FOLD_TO + 1 :]  # one is left for the row that says so
        if self._quote:
            self._starts.insert(0, _QUOTE_START)
        if self._remark:
            self._starts.append(len(self.message) + 1)

    def _wrap(self, width: int, first_width: int) -> None:
        self._blocks: Sequence[Block] = ()
        self._hanging: dict[int, str] = {}
        self._pieces: list[Piece]
        if self.role is Role.TEXT and may_have_blocks(self.message):
            from app.markdown import blocks  # not before a text may have some
            from app.widgets.marking import gutter

            self._blocks = blocks(self.message)
        if self._blocks:
            lines = [(block.start, block.end, gutter(block)) for block in self._blocks]
            self._pieces, self._hanging = wrap_hanging(self.message, lines, width, first_width)
        else:
            self._pieces = wrap(self.message, width, first_width)

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def folded(self) -> bool:
        """Whether not all of its text is shown."""
        return self._folded > 0

    def is_fold(self, index: int) -> bool:
        """Whether the row stands for the rest of the text."""
        return self.folded and index == FOLD_TO + bool(self._quote)

    def start(self, index: int) -> int:
        """The offset in the message at which row `index` begins."""
        return self._starts[index]

    def index_at(self, offset: int) -> int:
        """The row in which the character at `offset` of the message stands."""
        return max(0, bisect_right(self._starts, offset) - 1)

    def row(self, index: int) -> Row:
        if index == 0:
            head = self._head
        else:
            head = (Span(" " * self._columns.indent(sum(cell_len(span.text) for span in self._head)), Role.SPACE),)
        prefix = sum(len(span.text) for span in head)
        room = self._columns.width - sum(cell_len(span.text) for span in head)
        piece = index - bool(self._quote)
        if piece < 0:
            return Row(0, (*head, Span(shorten(self._quote, room), Role.QUOTE)), prefix)
        if self.is_fold(index):
            told = shorten(f"… {self._folded:,} more rows (F6, space)", room)
            return Row(self._starts[index], (*head, Span(told, Role.FOLD)), prefix)
        if index == len(self._starts) - 1 and self._remark:
            return Row(len(self.message), (*head, Span(shorten(self._remark, room), Role.REMARK)), prefix)
        start, end = self._pieces[piece]
        text = self.message[start:end]
        last = piece + 1 == len(self._pieces)
        continues = not last and "\n" not in self.message[end : self._pieces[piece + 1][0]]
        if before := self._hanging.get(piece):
            head = (*head, Span(before, self.role, QUOTED | SIGN))
            prefix += len(before)
        return Row(start, (*head, *self._spans(start, end)), prefix, text, continues)

    def _spans(self, start: int, end: int) -> Iterator[Span]:
        """Characters `start` to `end` of the message, looking as they are to look."""
        if self._plain is None:
            self._plain = self.role is not Role.TEXT or not self._may_have_looks()
        if self._looks is None and not self._plain:
            from app.widgets.marking import Looks, drawn  # not before a text may have something to mark

            self._looks = Looks(self.message, self._blocks, self._lookout)
            self._drawn = drawn(self.message, self._blocks)
        if self._looks is None:
            yield Span(self.message[start:end], self.role)
        else:
            for run in self._looks.between(start, end):
                yield Span(self._drawn[run.start : run.end], self.role, run.look, run.target)

    def _may_have_looks(self) -> bool:
        return bool(self._blocks or self.mentioned or self._lookout.terms) or may_have_looks(self.message)


class Columns(Struct, frozen=True):
    """Where things stand in a pane of `width` cells."""

    width: int
    zone: tzinfo | None = None

    @property
    def wide(self) -> bool:
        return self.width >= WIDE

    def head(self, time: str, name: str, *, own: bool) -> tuple[Span, ...]:
        """What precedes the text in an entry's first row; for own ones with room for a mark that says who has it."""
        if self.wide:
            room = 10 if self.width < 100 else 16 if self.width < 150 else 24
            name = shorten_name(name, room)
            padding = " " * (room - cell_len(name) + 1)
            space, mark = Span(" ", Role.SPACE), Span(" " * MARK_CELLS, Role.MARK)
            who = Span(padding, Role.SPACE), Span(name, Role.NAME)
            return (Span(" ", Role.SIGN), Span(time, Role.TIME), *who, space, mark, space)
        label = Span(shorten_name(name, max(1, self.width // 2 - _TIME_CELLS - 3)), Role.NAME)
        space = Span(" ", Role.SPACE)
        end = (space, Span(" " * MARK_CELLS, Role.MARK), space) if own else (space,)
        return (Span(time, Role.TIME), Span(" ", Role.SIGN), label, *end) if self.width >= TINY else (label, *end)

    def grouped(self, head: tuple[Span, ...], *, own: bool) -> tuple[Span, ...]:
        """What precedes the text of an entry that goes on where the one above, which had `head`, left off."""
        if self.wide:
            said = (Role.TIME, Role.NAME)
            return tuple(Span(" " * cell_len(span.text), Role.SPACE) if span.role in said else span for span in head)
        if own:
            return Span(" " * MARK_CELLS, Role.MARK), Span(" ", Role.SPACE)
        return Span(" ", Role.SIGN), Span(" " * (self.indent(0) - 1), Role.SPACE)

    def indent(self, head_cells: int) -> int:
        """Cells before the text in an entry's further rows."""
        return head_cells if self.wide else min(_INDENT, self.width // 8)

    def rule(self, day: date | None, *, new_day: bool, unread: bool) -> Row:
        """What is drawn between messages. day: that begins there, None for one that no calendar has."""
        parts = []
        if new_day and day is None:
            parts.append(("at an unknown date", "at an unknown date"))
        elif new_day and day is not None:
            parts.append((f"{day:%A}, {day.day} {day:%B} {day.year}", f"{day:%a} {day.day} {day:%b} {day.year}"))
        if unread:
            parts.append(("unread from here", "unread"))
        label = ", ".join(long for long, _ in parts)
        if cell_len(label) + 8 > self.width:
            label = ", ".join(short for _, short in parts)
        label = shorten(f" {label} ", self.width)
        left = max(0, self.width - len(label)) // 2
        line = "─" * left + label
        return Row(-1, (Span(line + "─" * (self.width - len(line)), Role.UNREAD if unread else Role.DAY),))


def shorten_name(name: str, width: int) -> str:
    """`name` in at most `width` cells; what tells it from others stays as long as there is room."""
    said, mark, rest = name.partition(UNMET if name.endswith(UNMET) else APART)
    room = width - cell_len(mark + rest)
    return shorten(name, width) if cell_len(name) <= width or room < 2 else shorten(said, room) + mark + rest


def _message(entry: TimelineEntry) -> tuple[str, Role]:
    text = entry.text
    if entry.deleted:
        return "[deleted by its author]", Role.PLACEHOLDER
    if text is None:
        kind = entry.entry.kind
        what = "cannot be read" if kind is None else f"is of a kind ({kind}) that this version cannot show"
        return f"[a message that {what}]", Role.PLACEHOLDER
    shown = harmless(text[:MAX_SHOWN], newlines=True)
    if len(text) > MAX_SHOWN or len(shown) > MAX_SHOWN:
        shown = shown[:MAX_SHOWN] + _CUT_REMARK
    return shown, Role.TEXT


def _quote(entry: TimelineEntry, names: Names | None) -> str:
    """What a reply answers, in one line; empty for other messages."""
    if entry.entry.kind != KIND_REPLY or entry.deleted:
        return ""
    quote = entry.quote
    if quote is None or (names is not None and names.is_refused(quote.author)):
        return "↪ a message that is not here"
    name = quote.name if names is None else names.label(quote.author, quote.name)
    text = "[deleted]" if quote.text is None else one_line(quote.text[:_MAX_QUOTED])
    if (doing := act(text)) is not None:
        return f"↪ * {one_line(name)} {doing}"
    return f"↪ {one_line(name)}: {text}"


def _remark(entry: TimelineEntry, names: Names | None) -> str:
    """What has been said about a message, in one line; empty for most."""
    amended = entry.amended
    if amended is None or amended.deleted:
        return ""
    parts = ["edited"] if amended.text is not None else []
    for symbol, keys in amended.reactions:
        count = sum(names is None or not names.is_refused(key) for key in keys)
        if count:
            parts.append(f"{symbol} {count}")
    return "  ".join(parts)
