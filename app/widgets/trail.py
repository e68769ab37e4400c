"""Where a reader was before each jump, to go back there step by step. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

MAX_SPOTS = 100  # nobody goes back further than they remember

Spot = TypeVar("Spot")


class Trail(Generic[Spot]):
    def __init__(self) -> None:
        self._spots: list[Spot] = []

    def leave(self, here: Spot) -> None:
        """A jump is made from here."""
        if not self._spots or self._spots[-1] != here:
            self._spots.append(here)
            del self._spots[:-MAX_SPOTS]

    def back(self) -> Spot | None:
        """Where the last jump was made that was not taken back; None if there was none."""
        return self._spots.pop() if self._spots else None
