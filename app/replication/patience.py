"""How much a peer may ask of us that costs it nothing: a token bucket.

No clock: `now` is in seconds of a monotonic clock.
"""

from __future__ import annotations

from app.errors import ProtocolError


class Patience:
    def __init__(self, burst: int, per_second: float, now: float) -> None:
        """burst: units that may come at once; per_second: units that may come for ever."""
        self._burst = float(burst)
        self._per_second = per_second
        self._left = self._burst
        self._at = now

    def spend(self, units: int, now: float) -> None:
        """Raises ProtocolError when there is nothing left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - units
        self._at = now
        if self._left < 0:
            raise ProtocolError("far more frames than a chat has use for")
