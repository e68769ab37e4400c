"""Times as a calendar has them, where it has them: a time in the year 200,000 is valid, and stands in none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(time: int, zone: tzinfo | None) -> datetime | None:
    """time: microseconds since 1970, UTC; zone: None for the computer's own."""
    try:
        return (_EPOCH + timedelta(microseconds=time)).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return None
