"""All shown entries in reading order, as the screen and line mode read them. Storage implements `TimelineReader`.

A position is an opaque 16-byte key; keys compare, byte by byte, in reading order. A key can change when something that
the entry depends on arrives late, so a key that is no longer there still marks a place between others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from app.amendments import Amended, Amendment, text_now
from app.entry import Entry

KEY_BYTES = 16
FIRST_KEY = bytes(KEY_BYTES)
LAST_KEY = b"\xff" * KEY_BYTES


class Quote(Struct, frozen=True):
    """What a reply answers, as it stands now. text: None if it cannot be shown, or was deleted."""

    key: bytes
    author: bytes
    name: str
    text: str | None


class Change(Struct, frozen=True):
    """What was said about an entry that had been handed out before, and by whom."""

    author: bytes
    name: str
    own: bool
    amendment: Amendment


class TimelineEntry(Struct, frozen=True):
    """One shown entry at its place.

    key: its place; feed: feed id, 32 bytes; seq: 1, 2, … in its feed; author: public key, 32 bytes; name: what the
    author's genesis calls them, unfiltered; arrival: microseconds since 1970, UTC, when it was saved here;
    own: written by the author whose database this is; amended: how it stands after what has been said about it, None
    if it stands as it was written; quote: of a reply, what it answers, None if that is not here; change: why `follow`
    hands it out again, None the first time.
    """

    key: bytes
    feed: bytes
    seq: int
    author: bytes
    name: str
    arrival: int
    own: bool
    entry: Entry
    amended: Amended | None = None
    quote: Quote | None = None
    change: Change | None = None

    @property
    def text(self) -> str | None:
        """What it says now; None if that cannot be shown, or was deleted."""
        return text_now(self.entry, self.amended)

    @property
    def deleted(self) -> bool:
        return self.amended is not None and self.amended.deleted

    @property
    def time(self) -> int:
        """When it is said to be written: microseconds since 1970, UTC; its arrival where that cannot be read."""
        return self.arrival if self.entry.time is None else self.entry.time


class Landed(Struct, frozen=True):
    """What became durable. others: how many entries landed that are not handed out: too many at once."""

    entries: Sequence[TimelineEntry]
    others: int = 0


class Evidence(Struct, frozen=True):
    """What bounds when an entry was written. Both in microseconds since 1970, or None.

    previous: the time that the author's entry before it claims; after: this computer's clock when it wrote the latest
    entry that the author had certainly read.
    """

    previous: int | None
    after: int | None


class TimelineReader(Protocol):
    """Reads of a snapshot of what is durable. Each takes well under a frame (16 ms) for `limit` up to 200."""

    def before(self, key: bytes, limit: int) -> Sequence[TimelineEntry]:
        """At most `limit` entries directly before `key`, without the one at it, oldest first."""

    def after(self, key: bytes, limit: int) -> Sequence[TimelineEntry]:
        """At most `limit` entries directly after `key`, without the one at it, oldest first."""

    def count(self) -> int:
        """How many entries the timeline has."""

    def rank(self, key: bytes) -> int:
        """How many entries have a smaller key."""

    def at_rank(self, rank: int) -> bytes | None:
        """The key of the entry with `rank` smaller ones, 0 <= rank < count(); None beyond."""
