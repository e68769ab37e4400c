"""How the rows of the message pane look: each a strip, made of the spans of its row.

- A strip is kept until something about it may have changed; `clear` says so.
- What is pointed at has a bar as well as a ground, and what is selected is drawn the other way round: colour is never
  the only sign.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from app.status import HeldUpTo
from app.timeline import TimelineEntry
from app.widgets.pane_styles import PaneStyles
from app.widgets.rows import MARK_CELLS, Role
from app.widgets.scrollback import Line
from app.widgets.signs import LATE, Signs
from app.widgets.wrap import wrap

SAVED = "◦"  # on this computer only
HELD = "✓"  # on another one too
HELD_BY_ALL = "✓✓"  # with everybody (app.holdings)
BAR = "▌"  # beside what is pointed at
_BAR_WITHIN = 6  # characters: in narrow panes a time comes first
_MAX_STRIPS = 300  # a few screens full


class RowStrips:
    def __init__(self, styles: PaneStyles, own_feed: bytes) -> None:
        self._styles = styles
        self._strips: dict[int, Strip] = {}
        self.own_feed = own_feed
        self.held = HeldUpTo()
        self.signs: Signs | None = None  # not for the first frame

    def clear(self) -> None:
        self._strips.clear()

    def blank(self, width: int) -> Strip:
        return Strip.blank(width, self._styles.of(Role.SPACE))

    def of(self, line: Line, width: int) -> Strip:
        strip = self._strips.get(line.number)
        if strip is None:
            if len(self._strips) >= _MAX_STRIPS:
                self._strips.clear()
            strip = self._strips[line.number] = self._filled(self._segments(line), width)
        return strip

    def pointed(self, line: Line, width: int, style: Style) -> Strip:
        """As what is pointed at looks."""
        ground = Style(bgcolor=style.bgcolor, reverse=style.reverse, bold=style.bold)
        pointed = [Segment(text, (own or Style()) + ground) for text, own, _ in self._barred(self._segments(line))]
        return self._filled(pointed, width, style)

    def selected(self, line: Line, width: int, span: tuple[int, int], style: Style) -> Strip:
        """With the message's characters from span[0] to span[1] (-1: the last) as selected."""
        return self._filled(_highlight(self._segments(line), line.row.prefix, span, style), width)

    def hint(self, hints: Sequence[str], y: int, size: Size, style: Style, ground: Style) -> Strip:
        """Row `y` of the sentences that stand in the middle while there are no messages."""
        rows = [text[low:high] for text in hints for low, high in wrap(text, max(1, size.width - 2))]
        index = y - max(0, size.height - len(rows)) // 2
        if not 0 <= index < len(rows):
            return self.blank(size.width)
        return Strip([Segment(" " + rows[index], style)]).adjust_cell_length(size.width, ground)

    def _barred(self, segments: Sequence[Segment]) -> list[Segment]:
        """A row with a bar in its first blank cell, before the time or after it."""
        offset = 0
        for number, (text, style, _) in enumerate(segments):
            blank = text.find(" ")
            if blank >= 0 and offset + blank < _BAR_WITHIN:
                parts = ((text[:blank], style), (BAR, self._styles.of(Role.TEXT)), (text[blank + 1 :], style))
                return [*segments[:number], *(Segment(*part) for part in parts if part[0]), *segments[number + 1 :]]
            offset += len(text)
        return list(segments)

    def _segments(self, line: Line) -> list[Segment]:
        """The row, with neighbouring stretches of spaces as one, but apart from text: in pictures (SVG) they vanish."""
        segments: list[Segment] = []
        for span in line.row.spans:
            text = self._mark(line.entry) if span.role is Role.MARK and line.entry.own else span.text
            if span.role is Role.SIGN and self.signs is not None:
                text = self.signs.of(line)
            style = self._styles.of(Role.UNREAD if text == LATE else span.role, line.entry.author)
            if span.look:
                style = self._styles.look(style, span.look, span.target)
            if segments and segments[-1].style is style and text.isspace() and segments[-1].text.isspace():
                text = segments.pop().text + text
            segments.append(Segment(text, style))
        return segments

    def _filled(self, segments: list[Segment], width: int, rest: Style | None = None) -> Strip:
        cells = sum(cell_len(segment.text) for segment in segments)
        if cells < width:
            segments.append(Segment(" " * (width - cells), rest or self._styles.of(Role.SPACE)))
        return Strip(segments, max(cells, width)).crop(0, width)

    def _mark(self, entry: TimelineEntry) -> str:
        """As wide as the column for it."""
        if entry.feed != self.own_feed:  # another device of mine wrote it
            mark = HELD
        else:
            mark = HELD_BY_ALL if entry.seq <= self.held.every else HELD if entry.seq <= self.held.some else SAVED
        return mark.ljust(MARK_CELLS)


def _highlight(segments: list[Segment], prefix: int, span: tuple[int, int], style: Style) -> list[Segment]:
    # Textual's own has a transparent colour for letters, and a ground on which many of a message's are not seen.
    style += Style(reverse=True)
    low = max(span[0], prefix)
    high = sum(len(segment.text) for segment in segments) if span[1] == -1 else span[1]
    marked: list[Segment] = []
    offset = 0
    for text, own_style, _ in segments:
        first, last = (min(max(edge - offset, 0), len(text)) for edge in (low, max(low, high)))
        parts = ((text[:first], own_style), (text[first:last], style), (text[last:], own_style))
        marked += [Segment(part, part_style) for part, part_style in parts if part]
        offset += len(text)
    return marked
