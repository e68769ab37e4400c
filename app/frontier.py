"""How much of each feed somebody holds.

A frontier is a vector clock with proof: for each feed the head, (low, seq, hash of the chain there).
Lengths alone cannot show that two nodes hold the same: an author whose database was rolled back catches up in length
with other entries. So *level* always means equal hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

SHORT_HASH_BYTES = 16


class Head(Struct, frozen=True):
    """The entries low..seq of one feed. hash: h(seq), of which 16 or all 32 bytes are known."""

    low: int
    seq: int
    hash: bytes

    @property
    def short_hash(self) -> bytes:
        return self.hash[:SHORT_HASH_BYTES]


Frontier: TypeAlias = Mapping[bytes, Head]  # by feed id


class Advance(Struct, frozen=True):
    """The entries first..head.seq of one feed have become durable here, or are shown again; head is its head."""

    feed: bytes
    first: int
    head: Head
