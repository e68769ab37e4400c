"""Where a reader was before each jump, to go back there and forward again. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

MAX_SPOTS = 100  # nobody goes back further than they remember

Spot = TypeVar("Spot")


class Trail(Generic[Spot]):
    def __init__(self) -> None:
        self._behind: list[Spot] = []
        self._ahead: list[Spot] = []

    def leave(self, here: Spot) -> None:
        """A jump is made from here; what lies ahead from jumps that were taken back is forgotten."""
        self._ahead.clear()
        self._behind.append(here)
        del self._behind[:-MAX_SPOTS]

    def back(self, here: Spot) -> Spot | None:
        """Where the last jump was made; None if there was none."""
        if not self._behind:
            return None
        self._ahead.append(here)
        return self._behind.pop()

    def forward(self, here: Spot) -> Spot | None:
        """Where the last step back was made."""
        if not self._ahead:
            return None
        self._behind.append(here)
        return self._ahead.pop()
