"""Whose clock is wrong, as far as entries prove it. Pure.

- A time is the author's clock or later: a hybrid clock (clock.py) is never before the wall clock, and ahead of it by a
  minute at most for what was seen. One right after that of the entry before says nothing: the clock was set back.
- Who claims to have written after an entry arrived was ahead. Who wrote after reading an entry of this computer, and
  claims to have done so before that was written, was behind. All is relative to this computer's clock.
"""

from __future__ import annotations

from collections.abc import Callable

from app.clock import MAX_PULL
from app.timeline import Evidence

CERTAIN = 5 * 60 * 1_000_000  # microseconds; less disturbs nobody, and some computers are never nearer
_TICKS = 1_000  # microseconds after the entry before: many within a millisecond is a clock that counts up
_MAX_AUTHORS = 1_000  # that are told about in a run


def may_be_wrong(time: int, arrival: int) -> bool:
    """Whether it is worth looking for evidence. All times in microseconds since 1970."""
    return time - arrival > CERTAIN + MAX_PULL or arrival - time > CERTAIN


def skew(time: int, arrival: int, evidence: Evidence) -> int:
    """How far the author's clock was ahead of this computer's, in microseconds; negative: behind; 0: not certain.

    time: what the entry claims; arrival: when it was saved here.
    """
    if time - arrival > CERTAIN + MAX_PULL:
        counted_up = evidence.previous is not None and time - evidence.previous <= _TICKS
        return 0 if counted_up else time - arrival
    # An entry that was written here after this one arrived means that this computer's own clock was set back.
    if evidence.after is not None and time + CERTAIN < evidence.after <= arrival:
        return time - evidence.after
    return 0


def proved(time: int, arrival: int, evidence: Callable[[], Evidence | None]) -> int:
    """As `skew`; evidence: asked for only if it may be wrong."""
    found = evidence() if may_be_wrong(time, arrival) else None
    return 0 if found is None else skew(time, arrival, found)


class ClockHints:
    """What was found in this run, one word for each person."""

    def __init__(self) -> None:
        self._skews: dict[bytes, int] = {}

    def add(self, author: bytes, skew: int) -> bool:
        """Whether that is news."""
        if not skew or author in self._skews or len(self._skews) >= _MAX_AUTHORS:
            return False
        self._skews[author] = skew
        return True

    def knows(self, author: bytes) -> bool:
        return author in self._skews

    def of(self, author: bytes) -> int:
        """0 for who has no wrong clock, as far as is known."""
        return self._skews.get(author, 0)

    def agreeing(self, author: bytes) -> list[bytes]:
        """All whose clocks are as far from this computer's as that author's: then this computer's may be wrong."""
        skew = self._skews.get(author, 0)
        return [other for other, theirs in self._skews.items() if abs(theirs - skew) <= CERTAIN]


def beside_ours(skew: int) -> str:
    """Where a clock stands, such as: about 3 h ahead of this computer's."""
    return f"about {about(skew)} {'ahead of' if skew > 0 else 'behind'} this computer's"


def about(skew: int) -> str:
    """A length of time in words."""
    minutes = abs(skew) // 60_000_000
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
