"""A hybrid logical clock: wall time that never runs backwards and is past every time seen.

Times are microseconds since 1970, UTC. The wall clock is passed in as `wall`.
A time more than a minute ahead of the wall clock never pulls this clock: one computer with a wrong year would else
drag everybody's times along. The timeline's causal order holds all the same (docs/design.md, "Order").
"""

from __future__ import annotations

MICROSECONDS = 1_000_000
MAX_PULL = 60 * MICROSECONDS


class HybridClock:
    def __init__(self, latest: int = 0) -> None:
        """latest: the newest time that was given or observed before."""
        self._latest = latest

    @property
    def latest(self) -> int:
        return self._latest

    def observe(self, time: int, wall: int) -> None:
        """Take note of a time by somebody else."""
        if self._latest < time <= wall + MAX_PULL:
            self._latest = time

    def resume(self, latest: int) -> None:
        """The newest own entry has this time. It may have been written elsewhere, or before it was lost here."""
        self._latest = max(self._latest, latest)

    def next(self, wall: int) -> int:
        """A time for a new own entry."""
        self._latest = max(wall, self._latest + 1)
        return self._latest
