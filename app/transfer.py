"""How far a long exchange with a peer has come, and how fast it goes.

- What is left may grow while it lasts: others write, and introduce their feeds one after the other.
- A rate is told while something moves: one that stands there by itself looks as if the program hangs.
"""

from __future__ import annotations

from collections import deque

_WINDOW = 3.0  # seconds that a rate is taken over
_FRESH = 2.0  # seconds that a rate is told after something moved
_APART = 0.1  # seconds between samples, so that there are at most _WINDOW / _APART of them
_LONG = 1.0  # seconds; what takes less is over before it is read


class Transfer:
    def __init__(self) -> None:
        self._left = 0
        self._moved = 0
        self._began = 0.0
        self._moved_at = 0.0
        self._samples: deque[tuple[float, int]] = deque()

    def left(self, entries: int, now: float) -> None:
        """So many are left to be moved. now: monotonic seconds."""
        if not self._left and entries:
            self._moved, self._began, self._moved_at = 0, now, now
            self._samples.clear()
            self._samples.append((now, 0))
        if entries < self._left:
            self._moved += self._left - entries
            self._moved_at = now
        self._left = entries
        if self._samples and now - self._samples[-1][0] >= _APART:
            self._samples.append((now, self._moved))
        while len(self._samples) > 1 and now - self._samples[1][0] >= _WINDOW:
            self._samples.popleft()

    def total(self, now: float) -> int:
        """Entries of the whole exchange, so far as it is known; 0 if it is none that is worth a progress bar."""
        return self._moved + self._left if self._left and now - self._began >= _LONG else 0

    def rate(self, now: float) -> float:
        """Entries a second, lately; 0 when nothing moves."""
        if not self._samples or now - self._moved_at > _FRESH:
            return 0.0
        since, before = self._samples[0]
        return (self._moved - before) / max(now - since, _APART)
