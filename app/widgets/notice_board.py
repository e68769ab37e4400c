"""Notices that one row cannot hold or that must not be missed: whole, above the status line, until they are read.

- Of a notice that is longer than a third of the screen a part is shown at a time: Esc goes on, then closes it.
- Urgent ones stay until then; others go by themselves. Several wait for each other, and it says how many: another key
  for somebody known goes before who asks to be let in, that before other trouble, and all before mere news.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from app.status import Notice
from app.text import one_line
from app.widgets.wrap import wrap

_SECONDS = 20.0  # for three rows to be read by somebody who looked elsewhere
_MAX_WAITING = 20  # /notices has more
_PART_OF_SCREEN = 3
_MORE = " …"


class NoticeBoard(Widget):
    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._waiting: list[Notice] = []
        self._notice: Notice | None = None
        self._number = 0
        self._page = 0
        self.display = False

    @property
    def notice(self) -> str:
        """What is being told, or nothing."""
        return "" if self._notice is None else self._notice.text

    def tell(self, notice: Notice) -> None:
        """Show a notice when those before it have been read, or at once if it is more important."""
        self._wait(notice, first=False)
        if self._notice is None:
            self._next()
        elif notice.rank > self._notice.rank:
            self._wait(self._notice, first=True)
            self._next()
        else:
            self.refresh(layout=True)  # it says how many wait

    def answer(self, notice: Notice) -> None:
        """Show at once what somebody who just pressed a key waits for."""
        if self._notice is not None and self._notice.urgent:
            self._wait(self._notice, first=True)
        self._show(notice)

    def acknowledge(self) -> None:
        """Go on with the notice, or to the next one, or to none."""
        if self._page + 1 < len(self._pages(self.size.width)):
            self._page += 1
            self.refresh(layout=True)
        else:
            self._next()

    def done(self, command: str) -> None:
        """A command was given: notices that say to give it are answered by that, and no others."""
        says = re.compile(rf"(?<![\w/]){re.escape(command)}(?![\w-])", re.IGNORECASE).search
        self._waiting = [notice for notice in self._waiting if not says(notice.text)]
        if self._notice is not None and says(self._notice.text):
            self._next()

    def withdraw(self, about: str) -> None:
        """What notices were about is no more so: nobody need read them."""
        self._waiting = [notice for notice in self._waiting if notice.about != about]
        if self._notice is not None and self._notice.about == about:
            self._next()
        elif self._notice is not None:
            self.refresh(layout=True)  # it says how many wait

    def _wait(self, notice: Notice, *, first: bool) -> None:
        """first: before those that are as important, else after them."""
        key = [(-matter, not urgent) for matter, urgent in (waiting.rank for waiting in self._waiting)]
        place = (-notice.matter, not notice.urgent)
        self._waiting.insert((bisect_left if first else bisect_right)(key, place), notice)
        del self._waiting[_MAX_WAITING:]

    def _next(self) -> None:
        self._show(self._waiting.pop(0) if self._waiting else None)

    def _show(self, notice: Notice | None) -> None:
        self._notice = notice
        self._page = 0
        self._number += 1
        if self._notice is not None and not self._notice.urgent:
            number = self._number
            self.set_timer(_SECONDS, lambda: self._expire(number))
        self.display = self._notice is not None
        self.refresh(layout=True)

    def _expire(self, number: int) -> None:
        if number == self._number:
            self._next()

    def _pages(self, width: int) -> list[list[str]]:
        """The notice as rows of at most `width` cells, in parts that fit."""
        if self._notice is None:
            return [[]]
        text = ("! " if self._notice.urgent else "") + one_line(self._notice.text) + self._acknowledge()
        rows = [text[low:high] for low, high in wrap(text, max(1, width - cell_len(_MORE)))]
        most = max(1, self.app.size.height // _PART_OF_SCREEN)
        pages = [rows[first : first + most] for first in range(0, len(rows), most)]
        for page in pages[:-1]:
            page[-1] += _MORE
        return pages

    def _acknowledge(self) -> str:
        return f" (Esc, {len(self._waiting)} more)" if self._waiting else " (Esc)"

    def _rows(self, width: int) -> list[str]:
        pages = self._pages(width)
        return pages[min(self._page, len(pages) - 1)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows(width))

    def render(self) -> Content:
        urgent = self._notice is not None and self._notice.urgent
        return Content.styled("\n".join(self._rows(self.size.width)), "bold $text-error" if urgent else "$text-warning")
