"""What is remembered about somebody met directly: their key's name, what was decided, how much of mine they hold.

People are filed by their keys: a name is what they call themselves, and two can call themselves the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct, field


class Standing(Enum):
    """What was decided about an author in this room. The values are those on disk."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class PeerRecord(Struct, frozen=True):
    """An author who was met directly. All times: microseconds since 1970, UTC, or None if it did not happen.

    key: Ed25519 public key, 32 bytes; name: what they called themselves then; pinned_at: when the name was pinned to
    this key; held: for each feed of mine the seq up to which this author's nodes have acknowledged my entries;
    standing, decided_at: whether they may be here, and since when; verified_at: when the keys were compared; seen_at:
    when they were last known to be connected.
    """

    key: bytes
    name: str
    pinned_at: int | None
    held: Mapping[bytes, int] = field(default_factory=dict)
    standing: Standing | None = None
    decided_at: int | None = None
    verified_at: int | None = None
    seen_at: int | None = None

    @property
    def refused(self) -> bool:
        return self.standing is Standing.REFUSED


class Author(Struct, frozen=True):
    """Somebody whose entries are here, met or not.

    name: what they call themselves; messages: without geneses; via: the key of who brought a feed of theirs, if known.
    """

    key: bytes
    name: str
    messages: int
    via: bytes = b""
