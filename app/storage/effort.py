"""How many steps each peer's entries may make the timeline take (placing.py): so many at once, and so many for ever.

- An entry that is dear to place costs its sender as little as any other, so that without a limit over transactions a
  few kilobytes a second would keep the writer busy.
- Entries of authors whose clocks are right take no steps: their times stand in the right order already.
- In memory only: a new start begins new accounts. Those of a transaction that is run again are charged again, since
  the work was done again.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

STEPS_PER_SECOND = 5_000  # up to 5 us each: a fortieth of a core
MAX_BRINGERS = 1_024  # remembered; the one not seen for longest is forgotten first


class _Account(Struct, frozen=True):
    """left: steps that somebody may still cost; at: when that was so, in microseconds."""

    left: int
    at: int


class Effort:
    """`now` is in microseconds of a wall clock: where it goes back, nothing is gained and nothing lost."""

    def __init__(self, burst: int) -> None:
        self._burst = burst
        self._accounts: OrderedDict[bytes, _Account] = OrderedDict()

    def left(self, bringer: bytes, now: int) -> int:
        account = self._accounts.get(bringer)
        if account is None:
            return self._burst
        return min(self._burst, account.left + max(0, now - account.at) * STEPS_PER_SECOND // 1_000_000)

    def pay(self, bringer: bytes, steps: int, now: int) -> None:
        if steps <= 0:
            return
        self._accounts[bringer] = _Account(self.left(bringer, now) - steps, now)
        self._accounts.move_to_end(bringer)
        while len(self._accounts) > MAX_BRINGERS:
            self._accounts.popitem(last=False)
