"""What the composer's text is for, if it is no plain message: an answer, a new version, a reaction.

- The draft that was there waits, and comes back untouched when the purpose is fulfilled or given up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from msgspec import Struct
from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from app.entry import Reference
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.wrap import shorten

_MAX_QUOTED = 200  # characters; more than a row has room for


class Aim(Enum):
    REPLY = "Reply to"
    EDIT = "Change"
    REACT = "React to"


class Purpose(Struct, frozen=True):
    """target: the message that is meant; label: what its author is called here; draft: what waits."""

    aim: Aim
    entry: TimelineEntry
    target: Reference
    label: str
    draft: str

    def sentence(self) -> str:
        text = one_line((self.entry.text or "")[:_MAX_QUOTED])
        how = ": an emoji or a short word" if self.aim is Aim.REACT else ""
        return f"{self.aim.value} {one_line(self.label)}, “{text}”{how}"


class PurposeLine(Widget):
    """One row over the composer, there only in message mode, while the composer has a purpose, and for a moment."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self._row: Callable[[int], Content] | None = None
        self._lent: Callable[[int], Content] | None = None

    def show(self, *sentences: str) -> None:
        """The first that there is room for. Nothing is shown for an empty one."""
        self._row = told(sentences, "Esc back") if any(sentences) else None
        self._draw()

    def lend(self, row: Callable[[int], Content]) -> None:
        """Show something else for the moment. row: what, in so many cells."""
        self._lent = row
        self._draw()

    def take_back(self) -> None:
        self._lent = None
        self._draw()

    def _draw(self) -> None:
        self.display = (self._lent or self._row) is not None
        self.refresh()

    def render(self) -> Content:
        row = self._lent or self._row
        return row(self.size.width) if row is not None else Content("")


def told(sentences: Sequence[str], end: str) -> Callable[[int], Content]:
    """A row with the first of the sentences that there is room for, before what one can do."""

    def row(width: int) -> Content:
        room = width - cell_len(end) - 2
        sentence = next((each for each in sentences if cell_len(each) <= room), sentences[-1])
        return Content.assemble((shorten(sentence, room), "bold"), (f"  {end}", "$text-muted"))

    return row
