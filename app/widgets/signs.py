"""The sign in front of a message by others: that it came late, or that it crossed with the one above it.

- Crossed is a message whose author had certainly not read the one by somebody else that stands directly above it.
- That never changes for the same two, so it is looked up once, and only for what is on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.timeline import TimelineEntry
from app.widgets.backend import ChatLog
from app.widgets.scrollback import Line
from app.widgets.window import Ident, ident

LATE = "•"
CROSSED = "×"
_MAX_KNOWN = 2000  # pairs; more than a screen has rows


class Signs:
    def __init__(self, log: ChatLog, is_late: Callable[[TimelineEntry], bool]) -> None:
        self._log = log
        self._is_late = is_late
        self._crossed: dict[tuple[Ident, Ident], bool] = {}

    def learn(self, lines: Sequence[Line]) -> None:
        """Look up what `of` has to know about these, all of it in one transaction."""
        pairs = {
            (ident(above), ident(line.entry)): (above, line.entry)
            for line in lines
            if (above := line.above) is not None and above.author != line.entry.author
        }
        new = {which: pair for which, pair in pairs.items() if which not in self._crossed}
        if new:
            if len(self._crossed) + len(new) > _MAX_KNOWN:
                self._crossed.clear()
                new = pairs
            self._crossed.update(zip(new, self._log.crossed(list(new.values())), strict=True))

    def of(self, line: Line) -> str:
        """One cell."""
        if self._is_late(line.entry):
            return LATE
        above = line.above
        crossed = above is not None and self._crossed.get((ident(above), ident(line.entry)), False)
        return CROSSED if crossed else " "
