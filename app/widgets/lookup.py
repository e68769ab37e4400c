"""Looks through what was sent before, a letter at a time, as a shell's Ctrl+R does.

- The draft waits, and comes back untouched unless what was found is taken.
"""

from __future__ import annotations

from app.text import one_line
from app.widgets.inputs import Inputs


class Lookup:
    def __init__(self, inputs: Inputs, draft: str) -> None:
        self.draft = draft
        self.found = ""
        self._inputs = inputs
        self._pattern = ""
        self._at = 0  # how far back what is shown stands; 0: nothing was found yet
        self._failed = False

    def sentence(self) -> str:
        return f"{'Not in' if self._failed else 'In'} what was sent: “{one_line(self._pattern)}”"

    def type(self, character: str) -> None:
        self._pattern += character
        self._look(max(1, self._at))

    def rub_out(self) -> None:
        self._pattern = self._pattern[:-1]
        self._look(1)

    def older(self) -> None:
        self._look(self._at + 1)

    def place(self) -> int:
        """Where in what was found the pattern stands."""
        return max(0, self.found.casefold().find(self._pattern.casefold()))

    def take(self) -> None:
        """What was found is what the arrow keys go on from."""
        if self._at:
            self._inputs.go_to(self._at, self.draft)

    def _look(self, back: int) -> None:
        found = self._inputs.find(self._pattern, back) if self._pattern else None
        self._failed = found is None and bool(self._pattern)
        if found is not None:
            self._at, self.found = found
        elif not self._pattern:
            self._at, self.found = 0, ""
