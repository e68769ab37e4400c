"""Background work gives way to a person: threads share one interpreter, and who waits for a key's effect goes first.

- The screen says that a person acts; whoever works in the background asks between two pieces of about a millisecond,
  and rests while the key's effect is worked out and drawn.
- Nobody rests for long: a key that is held down must not stop what comes in.
"""

from __future__ import annotations

import time

REST = 0.03  # seconds after an act: a page is found and drawn in half of it
WORK = 0.005  # seconds of work at least between two rests


class Courtesy:
    def __init__(self) -> None:
        self._until = 0.0
        self._worked_from = 0.0

    def person_acts(self) -> None:
        """Somebody has pressed a key."""
        self._until = time.monotonic() + REST

    def give_way(self) -> None:
        """To be called by a thread in the background, often; never in the event loop. Returns when work may go on."""
        now = time.monotonic()
        if now >= self._until or now - self._worked_from < WORK:
            return
        rested = 0.0
        while rested < REST and (left := self._until - time.monotonic()) > 0:
            time.sleep(left)
            rested += left
        self._worked_from = time.monotonic()
