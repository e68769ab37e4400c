"""How much a peer may cost us: token buckets, for what is refused when it is too much and for what is done later.

No clock: `now` is in seconds of a monotonic clock.
"""

from __future__ import annotations

from app.errors import ProtocolError


class Pace:
    """What is done later when there is too much of it."""

    def __init__(self, burst: int, per_second: float, now: float) -> None:
        """burst: units that may come at once; per_second: units that may come for ever."""
        self._burst = float(burst)
        self._per_second = per_second
        self._left = self._burst
        self._at = now

    def pay(self, units: int, now: float) -> None:
        """It was done, and cost so much; also more than is left."""
        self._left = self.left(now) - units
        self._at = now

    def left(self, now: float) -> float:
        """Units; below zero if more was paid than was there."""
        return min(self._burst, self._left + (now - self._at) * self._per_second)

    def spent(self, now: float) -> int:
        """Units that are missing to a full bucket."""
        return int(self._burst - self.left(now))

    def owes(self, now: float) -> bool:
        return self.left(now) < -1.0  # not 0: at `paid_at` rounding may leave a little

    def paid_at(self, now: float) -> float:
        """When nothing is owed; `now` if it is so."""
        return now + max(0.0, -self.left(now)) / self._per_second


class Patience(Pace):
    """What ends the conversation when there is too much of it."""

    def spend(self, units: int, now: float) -> None:
        """Raises ProtocolError when there is nothing left."""
        self.pay(units, now)
        if self._left < 0:
            raise ProtocolError("far more frames than a chat has use for")
