"""What is remembered about somebody met directly: the name their key is pinned to, and how much of mine they hold.

People are filed by their keys: a name is what they call themselves, and two can call themselves the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """An author who was met directly.

    key: Ed25519 public key, 32 bytes; name: what they called themselves then; pinned_at: microseconds since 1970, UTC,
    when the name was pinned to this key, or None if it is not;
    held: for each feed of mine the seq up to which this author's nodes have acknowledged my entries.
    """

    key: bytes
    name: str
    pinned_at: int | None
    held: Mapping[bytes, int] = field(default_factory=dict)
