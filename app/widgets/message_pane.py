"""The messages on the screen: shows the scrollback's rows, and lets keys and the mouse move, point and select.

- Drawing is at most a screenful of rows; nothing is laid out by the toolkit.
- While messages pour in it is drawn at most `_MAX_RATE` times a second.
- Selected text is the messages' own text, without times, names and the breaks that wrapping made.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from app.status import HeldUpTo
from app.timeline import TimelineEntry
from app.widgets.colours import Hues
from app.widgets.drawn import drawn
from app.widgets.looks import Lookout
from app.widgets.pane_keys import PANE_BINDINGS, What
from app.widgets.pane_styles import COMPONENTS, PaneStyles
from app.widgets.row_strips import RowStrips
from app.widgets.scrollback import Extent, Line, Scrollback, Spot
from app.widgets.signs import Signs
from app.widgets.window import Ident, ident

WHEEL_ROWS = 3
_MAX_RATE = 20


class MessagePane(Widget):
    COMPONENT_CLASSES: ClassVar[set[str]] = {*COMPONENTS, "message-pane--hint", "message-pane--pointed"}

    BINDINGS: ClassVar[list[BindingType]] = PANE_BINDINGS

    class Moved(Message):
        """What is on the screen has changed."""

    class Pointed(Message):
        """Another message is pointed at, or it is folded otherwise."""

    class OriginalSought(Message):
        """Somebody wants to see what a message answers."""

        def __init__(self, answer: TimelineEntry) -> None:
            super().__init__()
            self.answer = answer

    class Chosen(Message):
        """Something is to be done about a message."""

        def __init__(self, what: What, entry: TimelineEntry) -> None:
            super().__init__()
            self.what = what
            self.entry = entry

    class Numbered(Message):
        """A number was pressed: one of several is meant."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Followed(Message):
        """An address was clicked at."""

        def __init__(self, address: str) -> None:
            super().__init__()
            self.address = address

    def __init__(
        self, scrollback: Scrollback, own_feed: bytes, hues: Hues, hints: Sequence[str], *, id: str | None = None
    ) -> None:
        """hues: of names; hints: shown while there are no messages."""
        super().__init__(id=id)
        self._scrollback = scrollback
        self._hints = hints
        self._lines: list[Line] | None = None
        self._drawn_size = Size(0, 0)
        self._generation = scrollback.generation
        self._drawn_at = 0.0
        self._draw_pending = False
        self._pointed: tuple[Ident, bool] | None = None  # as it was told last
        self._styles = PaneStyles(self, hues)
        self._strips = RowStrips(self._styles, own_feed)
        self._drawing = False

    @property
    def signs(self) -> Signs | None:
        """What stands beside messages; none for the first frame."""
        return self._strips.signs

    @signs.setter
    def signs(self, signs: Signs) -> None:
        self._strips.signs = signs

    @property
    def following(self) -> bool:
        return self._scrollback.following

    @property
    def on_screen(self) -> list[TimelineEntry]:
        """The messages on the screen, the newest last."""
        return list({ident(line.entry): line.entry for line in self._current()}.values())

    def signs_changed(self, unread_from: bytes | None) -> None:
        """Other messages are late now, or the unread ones begin elsewhere."""
        self._scrollback.draw_rule(unread_from)
        self._strips.clear()
        self._draw()

    def bring(self, key: bytes) -> None:
        """Bring the message at that place near to the top."""
        self._scrollback.bring(key)
        self._draw()

    def spot(self) -> Spot:
        return self._scrollback.spot()

    def return_to(self, spot: Spot) -> None:
        """What is pointed at changes, but not whether anything is."""
        points = self.pointed_at is not None
        self._scrollback.return_to(spot)
        if not points:
            self._scrollback.point_not()
        elif self.pointed_at is None:
            self._scrollback.point()
        self._draw()

    def extent(self) -> Extent:
        return self._scrollback.extent()

    def landed(self, entries: Sequence[TimelineEntry]) -> None:
        """Entries have become durable: show them, without moving a reader who scrolled up."""
        self._scrollback.landed(entries)
        if any(entry.change is not None for entry in entries):
            self._strips.clear()
            self._lines = None  # what is drawn before the next turn is drawn from what there is now
        self._draw_soon()

    def flooded(self) -> None:
        """More entries than can be told one by one have become durable."""
        self._scrollback.flooded()
        self._draw_soon()

    def renamed(self) -> None:
        """Authors are called otherwise now."""
        self._scrollback.renamed()
        self._draw_soon()

    @property
    def pointed_at(self) -> TimelineEntry | None:
        """The message that is pointed at, in message mode."""
        return self._scrollback.cursor

    @property
    def folded(self) -> bool:
        """Whether not all of its text is shown."""
        return self._scrollback.folded

    def point(self) -> None:
        """Begin message mode: keys go to the messages now."""
        self._scrollback.point()
        if self.pointed_at is not None:
            self.can_focus = True
            self.screen.set_focus(self)  # at once: keys that follow in one burst are meant for it
        self._draw()

    def point_at(self, entry: TimelineEntry) -> None:
        """Bring a message onto the screen, and point at it."""
        self._scrollback.point_at(entry)
        self.can_focus = True
        self.focus()
        self._draw()

    def point_not(self) -> None:
        self._scrollback.point_not()
        self.can_focus = False
        self._draw()

    def mark(self, terms: tuple[str, ...]) -> None:
        """Mark the folded words that were searched for, wherever they stand; none to mark nothing."""
        if terms != self._scrollback.lookout.terms:
            self.look_out(replace(self._scrollback.lookout, terms=terms))

    def look_out(self, lookout: Lookout) -> None:
        """What the reader is to see at once, and whom they muted."""
        self._scrollback.look_out(lookout)
        self._draw()

    def look_out_anew(self) -> None:
        """Others are muted now."""
        self.look_out(self._scrollback.lookout)

    def action_older(self) -> None:
        self._scrollback.move_cursor(-1)
        self._draw()

    def action_newer(self) -> None:
        self._scrollback.move_cursor(1)
        self._draw()

    def action_original(self) -> None:
        if self.pointed_at is not None:
            self.post_message(self.OriginalSought(self.pointed_at))

    def action_fold(self) -> None:
        self._scrollback.fold()
        self._draw()

    def action_choose(self, what: str) -> None:
        if self.pointed_at is not None:
            self.post_message(self.Chosen(What(what), self.pointed_at))

    def writes_in(self, feed: bytes) -> None:
        """Which feed is the own one: another, perhaps, than before."""
        self._strips.own_feed = feed

    def held(self, held: HeldUpTo) -> None:
        """How far own messages are on other computers too."""
        if held != self._strips.held:
            self._strips.held = held
            self._strips.clear()
            self._draw_soon()

    def page_up(self) -> None:
        self._scrollback.page_up()
        self._draw()

    def page_down(self) -> None:
        self._scrollback.page_down()
        self._draw()

    def to_start(self) -> None:
        self._scrollback.to_start()
        self._draw()

    def to_end(self) -> None:
        self._scrollback.to_end()
        self._draw()

    def to_time(self, time: int) -> None:
        """To the first message from then on. time: microseconds since 1970."""
        self._scrollback.to_time(time)
        self._draw()

    def drag_to(self, position: float) -> None:
        """position: in entries before the first one on the screen."""
        self._scrollback.to_rank(round(position))
        self._draw()

    def action_number(self, number: int) -> None:
        self.post_message(self.Numbered(number))

    def on_click(self, event: events.Click) -> None:
        address = event.style.link
        if address and event.button == 1 and event.chain == 1 and not self.screen.get_selected_text():
            event.stop()
            self.post_message(self.Followed(address))

    def on_resize(self) -> None:
        self._draw()

    def on_focus(self) -> None:
        self.place_cursor()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scrollback.scroll(-WHEEL_ROWS)
        self._draw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scrollback.scroll(WHEEL_ROWS)
        self._draw()

    def _draw_soon(self) -> None:
        if self._draw_pending:
            return
        wait = self._drawn_at + 1 / _MAX_RATE - time.monotonic()
        if wait <= 0:
            self._draw()
        else:
            self._draw_pending = True
            self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        self._draw_pending = False
        self._drawn_at = time.monotonic()
        self._lines = None
        self._current()
        self.refresh()
        self.place_cursor()
        entry = self.pointed_at
        pointed = None if entry is None else (ident(entry), self.folded)
        if pointed != self._pointed:
            self._pointed = pointed
            self.post_message(self.Pointed())
        self.post_message(self.Moved())

    def place_cursor(self) -> None:
        """Have the terminal's cursor, which screen readers follow, stand in the message that is pointed at."""
        entry = self.pointed_at
        if entry is not None and self.app.focused is self:
            lines = self._current()
            first = next((y for y, line in enumerate(lines) if ident(line.entry) == ident(entry)), 0)
            self.app.cursor_position = self.region.offset + Offset(0, self.size.height - len(lines) + first)

    def _current(self) -> list[Line]:
        """The rows on the screen at the size that it has now."""
        if self._lines is None or self._drawn_size != self.size:
            if self._drawn_size != self.size:
                self._drawn_size = self.size
                self._scrollback.resize(*self.size)
                self._strips.clear()
            self._lines = self._scrollback.lines()
            if self._strips.signs is not None:
                self._strips.signs.learn(self._lines)
            if self._generation != self._scrollback.generation:
                self._generation = self._scrollback.generation
                self._strips.clear()
                if self.text_selection is not None:
                    self.call_next(self.screen.clear_selection)
        return self._lines

    def notify_style_update(self) -> None:
        self._styles.clear()
        self._strips.clear()
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        self._drawing = True
        try:
            return drawn(super().render_lines(crop))
        finally:
            self._drawing = False

    def render_line(self, y: int) -> Strip:
        """Outside of drawing, with the places of its characters: that is how Textual finds what the mouse points at.

        Drawn, they would make a style of their own of each piece of each row: a third of the time that a page takes,
        and 15 MiB in the toolkit's caches.
        """
        number, strip = self._row_at(y)
        return strip if self._drawing or number is None else strip.apply_offsets(0, number)

    def _row_at(self, y: int) -> tuple[int | None, Strip]:
        """What stands in row `y`: the number of its line, if it is one, and how it looks."""
        width, height = self.size
        lines = self._current()
        if not lines:
            style = self.get_component_rich_style("message-pane--hint")
            return None, self._strips.hint(self._hints, y, self.size, style, self.rich_style)
        index = y - (height - len(lines))
        if index < 0:
            return None, self._strips.blank(width)
        line = lines[index]
        pointed_at = self._scrollback.cursor
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(line.number)) is not None:
            return line.number, self._strips.selected(line, width, span, self.rich_style)
        if pointed_at is not None and ident(pointed_at) == ident(line.entry):
            style = self.get_component_rich_style("message-pane--pointed")
            return line.number, self._strips.pointed(line, width, style)
        return line.number, self._strips.of(line, width)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        lines = self._current()
        if not lines:
            return None
        start = (lines[0].number, 0) if selection.start is None else (selection.start.y, selection.start.x)
        end = (lines[-1].number, 1 << 30) if selection.end is None else (selection.end.y, selection.end.x)
        return self._scrollback.text_between(start, end), "\n"
