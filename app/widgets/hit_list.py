"""What was found, a row each: when, who, and the part of the text that has the first hit, with all hits in it marked.

- Rows are made when they are drawn, and only new ones on the screen are: hundreds of hits cost as much as a screenful.
- Nothing is laid out by the toolkit, whose own list has the whole screen laid out and drawn anew with each change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.moments import local
from app.people import People
from app.search import spans
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.drawn import drawn
from app.widgets.message_pane import WHEEL_ROWS
from app.widgets.wrap import shorten

_AROUND = 30  # characters before a hit that are shown with it
_WIDE = 60  # cells; below, the time of day would leave too few for the text
_ALL = 1 << 30  # rows, more than there are


class HitList(Widget, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"hit-list--head", "hit-list--hit", "hit-list--pointed"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "point(-1)", show=False),
        Binding("down", "point(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", f"point({-_ALL})", show=False),
        Binding("end", f"point({_ALL})", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Selected(Message):
        """One of what was found was chosen."""

        def __init__(self, which: int) -> None:
            super().__init__()
            self.which = which

    def __init__(self, people: People, zone: tzinfo | None, *, id: str) -> None:
        """zone: of times, None for the computer's own."""
        super().__init__(id=id)
        self._people = people
        self._zone = zone
        self._hits: list[TimelineEntry] = []
        self._terms: tuple[str, ...] = ()
        self._top = 0  # the first on the screen
        self._pointed: int | None = None
        self._strips: dict[int, Strip] = {}  # as many as there are hits at most

    def begin(self, terms: tuple[str, ...]) -> None:
        """Empty, for hits of other words."""
        self._strips.clear()
        self._terms = terms
        self._top = 0
        self._pointed = None
        if self._hits:
            self._hits = []
            self.refresh()

    def add(self, hits: Sequence[TimelineEntry]) -> None:
        first = len(self._hits) - self._top
        self._hits += hits
        self.refresh(Region(0, first, self.size.width, len(hits)).intersection(self.size.region))

    @property
    def rows(self) -> list[str]:
        """As they are shown, with what does not fit on the screen."""
        return [self._strip(index).text.rstrip() for index in range(len(self._hits))]

    def on_resize(self) -> None:
        self._strips.clear()
        self._scroll(self._top)
        if self._pointed is not None:
            self._point(self._pointed)

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def on_click(self, event: events.Click) -> None:
        which = self._top + event.y
        if which < len(self._hits):
            self._point(which)
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(self._top + WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(self._top - WHEEL_ROWS)

    def action_point(self, by: int) -> None:
        self._point(self._top if self._pointed is None else self._pointed + by)

    def action_page(self, by: int) -> None:
        self.action_point(by * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        if self._pointed is not None:
            self.post_message(self.Selected(self._pointed))

    def _point(self, which: int) -> None:
        """To one of them, the nearest if there is none, and to where it is on the screen."""
        if self._hits:
            self._pointed = which = min(max(0, which), len(self._hits) - 1)
            self._scroll(min(max(self._top, which - self.size.height + 1), which))

    def _scroll(self, top: int) -> None:
        self._top = max(0, min(top, len(self._hits) - self.size.height))
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        return drawn(super().render_lines(crop))

    def render_line(self, y: int) -> Strip:
        index = self._top + y
        if index >= len(self._hits):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strip(index)
        if index == self._pointed:
            style = self.get_component_rich_style("hit-list--pointed")
            ground = Style(bgcolor=style.bgcolor, reverse=style.reverse, bold=style.bold)
            strip = Strip([Segment(text, (own or Style()) + ground) for text, own, _ in strip], strip.cell_length)
        return strip

    def _strip(self, index: int) -> Strip:
        strip = self._strips.get(index)
        if strip is None:
            strip = self._strips[index] = self._make_strip(self._hits[index])
        return strip

    def _make_strip(self, hit: TimelineEntry) -> Strip:
        width = self.size.width
        text = one_line(hit.text or "")
        first = next(iter(spans(text, self._terms)), (0, 0))[0]
        if first > _AROUND:
            text = "…" + text[first - _AROUND + 1 :]
        moment = local(hit.time, self._zone)
        form = "%Y-%m-%d %H:%M" if width >= _WIDE else "%y-%m-%d"
        written = "--------" if moment is None else moment.strftime(form)
        head = f"{written} {one_line(self._people.label(hit.author, hit.name))}: "
        shown = shorten(text, max(10, width - len(head)))
        plain = self.rich_style
        marked = plain + self.get_component_rich_style("hit-list--hit", partial=True)
        segments = [Segment(head, self.get_component_rich_style("hit-list--head"))]
        end = 0
        for low, high in spans(shown, self._terms):
            segments += [Segment(shown[end:low], plain), Segment(shown[low:high], marked)]
            end = high
        segments.append(Segment(shown[end:], plain))
        return Strip(segment for segment in segments if segment.text).adjust_cell_length(width, plain)
