"""What the composer's text is for, if it is no plain message: an answer, a new version, a reaction.

- The draft that was there waits, and comes back untouched when the purpose is fulfilled or given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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


@dataclass(frozen=True, slots=True)
class Purpose:
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
    """One row over the composer, there only in message mode and while the composer has a purpose."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self._sentence = ""

    def show(self, sentence: str) -> None:
        """Nothing is shown for an empty one."""
        self.display = bool(sentence)
        self._sentence = sentence
        self.refresh()

    def render(self) -> Content:
        end = "  Esc back"
        return Content.assemble((shorten(self._sentence, self.size.width - len(end)), "bold"), (end, "$text-muted"))
