"""Times as a calendar has them, where it has them: a time in the year 200,000 is valid, and stands in none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_WEEKDAYS = 6  # days back that a weekday's name tells apart
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(time: int, zone: tzinfo | None) -> datetime | None:
    """time: microseconds since 1970, UTC; zone: None for the computer's own."""
    try:
        return (_EPOCH + timedelta(microseconds=time)).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return None


def since(time: int, now: int, zone: tzinfo | None) -> str:
    """A moment that has passed, as short as it is clear: 14:05, Tuesday, 2026-11-01. In microseconds since 1970."""
    then, today = local(time, zone), local(now, zone)
    if then is None or today is None:
        return "a time that no calendar has"
    days = (today.date() - then.date()).days
    if days <= 0:
        return f"{then:%H:%M}"
    return f"{then:%A}" if days <= _WEEKDAYS else f"{then:%Y-%m-%d}"
