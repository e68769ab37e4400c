"""One row below the messages: a notice while there is one, else who and where I am, and what is new below.

- It is drawn at most four times a second, and never lays out the screen anew.
- Notices wait for each other, so that each can be read; an answer to what was just typed comes at once.
"""

from __future__ import annotations

import time
from collections import deque

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from app.status import Notice
from app.text import one_line
from app.widgets.wrap import shorten

_INTERVAL = 0.25
_NOTICE_SECONDS = 5.0
_URGENT_SECONDS = 15.0
_MAX_WAITING = 20  # older ones are no news any more


class StatusBar(Widget):
    def __init__(self, me: str, room: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._place = f"{one_line(me)} in {one_line(room)}"
        self._summary = ""
        self._length = ""
        self._below = ""
        self._keys = ""
        self._waiting: deque[Notice] = deque(maxlen=_MAX_WAITING)
        self._notice: Notice | None = None
        self._notice_number = 0
        self._drawn_at = 0.0
        self._draw_pending = False

    @property
    def notice(self) -> str:
        """What is being told, or nothing."""
        return "" if self._notice is None else self._notice.text

    def show_summary(self, connected: int, peers: int, saving: int) -> None:
        parts = [f"{connected} of {peers} connected"] if peers else []
        parts += [f"saving {saving}…"] if saving else []
        if (summary := " · ".join(parts)) != self._summary:
            self._summary = summary
            self._draw_soon()

    def show_length(self, said: str) -> None:
        """How long what is written is, before all else; empty if that is nothing to worry about."""
        if said != self._length:
            self._length = said
            self._draw_soon()

    def show_position(self, text: str, keys: str) -> None:
        """Where the reader is in what there is to read. keys: those that lead elsewhere, told if there is room."""
        if (text, keys) != (self._below, self._keys):
            self._below, self._keys = text, keys
            self._draw_soon()

    def has_room_for(self, notice: Notice) -> bool:
        """Whether it can be shown whole."""
        return cell_len(_text(notice)) <= self.size.width - (cell_len(self._below) + 1 if self._below else 0)

    def tell(self, notice: Notice) -> None:
        """Show a notice when those before it have been read."""
        self._waiting.append(notice)
        if self._notice is None:
            self._next_notice()

    def answer(self, notice: Notice) -> None:
        """Show at once what somebody who just pressed a key waits for."""
        self._waiting.appendleft(notice)
        self._next_notice()

    def withdraw(self, about: str) -> None:
        """What notices were about is no more so."""
        self._waiting = deque((notice for notice in self._waiting if notice.about != about), _MAX_WAITING)
        if self._notice is not None and self._notice.about == about:
            self._next_notice()

    def _next_notice(self) -> None:
        self._notice = self._waiting.popleft() if self._waiting else None
        self._notice_number += 1
        if self._notice is not None:
            number = self._notice_number
            seconds = _URGENT_SECONDS if self._notice.urgent else _NOTICE_SECONDS
            self.set_timer(seconds, lambda: self._expire(number))
        self._draw()

    def _expire(self, number: int) -> None:
        if number == self._notice_number:
            self._next_notice()

    def _draw_soon(self) -> None:
        if self._draw_pending:
            return
        wait = self._drawn_at + _INTERVAL - time.monotonic()
        if wait <= 0:
            self._draw()
        else:
            self._draw_pending = True
            self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        self._draw_pending = False
        self._drawn_at = time.monotonic()
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        below = self._below and shorten(self._below, width)
        if below and self._notice is None and cell_len(f"{below} ({self._keys})") + 3 <= width:
            below += f" ({self._keys})"
        left, style = self._left(width - cell_len(below) - (1 if below else 0))
        gap = " " * (width - cell_len(left) - cell_len(below))
        return Content.assemble((left, style), gap, (below, "bold $text-accent"))

    def _left(self, width: int) -> tuple[str, str]:
        if self._notice is not None:
            style = "bold $text-error" if self._notice.urgent else "$text-warning"
            return shorten(_text(self._notice), width), style
        if self._length:
            return shorten(self._length, width), "bold $text-warning"
        for parts in ((self._place, self._summary, "F1 help"), (self._place, self._summary), (self._place,)):
            text = " · ".join(part for part in parts if part)
            if cell_len(text) <= width:
                return text, "$text-muted"
        return shorten(self._place, width), "$text-muted"


def _text(notice: Notice) -> str:
    return ("! " if notice.urgent else "") + one_line(notice.text)
