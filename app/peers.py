"""What is remembered about a peer: the key pinned to its name, and how much of my writing it was last seen to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """A pinned peer.

    name: as it was when pinned; key: its Ed25519 public key, 32 bytes; pinned_at: microseconds since 1970, UTC;
    held: for each feed of mine the seq up to which this peer has acknowledged my entries.
    """

    name: str
    key: bytes
    pinned_at: int
    held: Mapping[bytes, int] = field(default_factory=dict)
