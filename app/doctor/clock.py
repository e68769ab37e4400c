"""Whether this computer's clock can be right. Order survives a wrong one; what is read beside messages does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from app.clock import MAX_PULL, MICROSECONDS
from app.doctor.findings import Finding, bad, ok, warn

FIRST_YEAR, LAST_YEAR = 2026, 2100  # before the first there was no chat-tui
WATCHED = 0.5  # seconds
DRIFT = 0.05  # a clock that is being stepped or slewed hard gains or loses more than this in that time
MEND = "set it, or let the system keep it: timedatectl set-ntp true"


def look(
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    before, mark = wall(), monotonic()
    pause(WATCHED)
    gained = (wall() - before) - (monotonic() - mark)
    now = datetime.fromtimestamp(before, UTC)
    said = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if not FIRST_YEAR <= now.year <= LAST_YEAR:
        yield bad("clock", f"it says {said}, which cannot be", MEND)
    else:
        yield ok("clock", said)
    if abs(gained) > DRIFT:
        yield warn("clock", f"it moved by {gained:+.2f} s within half a second: something is setting it")


def behind(latest: int, now: int) -> Finding | None:
    """latest: the newest time that this database knows; now: both in microseconds since 1970."""
    ahead = latest - now
    if ahead <= 2 * MAX_PULL:
        return None
    hours = ahead / MICROSECONDS / 3600
    much = f"{hours:,.1f} hours" if hours < 48 else f"{hours / 24:,.0f} days"
    return warn("clock", f"it was {much} ahead when you last wrote here, or is behind now", MEND)
