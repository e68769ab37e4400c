"""Days as people write them: 2026-11-01, 2026-11, 2026, today, yesterday, monday, -3d, -2w.

- The name of a weekday is that of the last seven days, today among them; its first three letters do.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from app.errors import UsageError

WORDS = ("today", "yesterday")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST = 3  # letters of a weekday
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"-(\d{1,5})([dw])")
_DAYS = {"d": 1, "w": 7}


def today(zone: tzinfo | None) -> date:
    """zone: None for the computer's own."""
    return datetime.now(zone).date()


def day_range(text: str, zone: tzinfo | None, today: date) -> tuple[int, int]:
    """The first moment of a day, month or year, and the first one after it: microseconds since 1970.

    zone: None for the computer's own; today: in it. Raises UsageError with what to type instead.
    """
    try:
        first, end = _calendar(text) or _counted(text.strip().casefold(), today)
        return _moment(first, zone), _moment(end, zone)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text or 'nothing'} is no date: write it as 2026-11-01, 2026-11, 2026, yesterday, monday or -3d"
        ) from None


def _calendar(text: str) -> tuple[date, date] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    first = date(year, month, day)
    if match[3]:
        return first, first + timedelta(days=1)
    if match[2]:
        return first, date(year + month // 12, month % 12 + 1, 1)
    return first, date(year + 1, 1, 1)


def _counted(word: str, today: date) -> tuple[date, date]:
    """A day that is counted from today."""
    ago = _AGO.fullmatch(word)
    if ago is not None:
        back = int(ago[1]) * _DAYS[ago[2]]
    elif word in WORDS:
        back = WORDS.index(word)
    else:
        named = [number for number, name in enumerate(WEEKDAYS) if name.startswith(word) and len(word) >= _SHORTEST]
        if not named:
            raise ValueError
        back = (today.weekday() - named[0]) % 7
    day = today - timedelta(days=back)
    return day, day + timedelta(days=1)


def _moment(day: date, zone: tzinfo | None) -> int:
    """When `day` begins; no message is older than 1970."""
    return max(0, round(datetime.combine(day, time(), zone).timestamp())) * 1_000_000
