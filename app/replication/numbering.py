"""The short numbers of feeds in a session: in the order in which a side introduced them, in each direction its own."""

from __future__ import annotations

from app.errors import ProtocolError

MAX_FEEDS = 4_096  # introduced in one direction; each costs its receiver about 600 bytes


class Numbering:
    """The feeds that one of the two sides introduced."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._feeds: list[bytes] = []

    def __contains__(self, feed: bytes) -> bool:
        return feed in self._numbers

    @property
    def full(self) -> bool:
        return len(self._feeds) >= MAX_FEEDS

    def add(self, feed: bytes) -> None:
        """The next feed. Raises ProtocolError if it has a number, or there are too many."""
        if feed in self._numbers:
            raise ProtocolError("a feed that is introduced twice")
        if self.full:
            raise ProtocolError(f"more than {MAX_FEEDS:,} feeds")
        self._numbers[feed] = len(self._feeds)
        self._feeds.append(feed)

    def number(self, feed: bytes) -> int:
        return self._numbers[feed]

    def feed(self, number: int) -> bytes:
        """Raises ProtocolError for a number that was not given."""
        if number >= len(self._feeds):
            raise ProtocolError("a feed number that was not introduced")
        return self._feeds[number]
