"""How much of each feed somebody holds, and how two such accounts compare.

A frontier is a vector clock with proof: for each feed the head, (low, seq, hash of the chain there).
Lengths alone cannot show that two nodes hold the same: an author whose database was rolled back catches up in length
with other entries. So *level* always means equal hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

SHORT_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The entries low..seq of one feed. hash: h(seq), of which 16 or all 32 bytes are known."""

    low: int
    seq: int
    hash: bytes

    @property
    def short_hash(self) -> bytes:
        return self.hash[:SHORT_HASH_BYTES]


Frontier: TypeAlias = Mapping[bytes, Head]  # by feed id


class Standing(Enum):
    """How another's head of a feed stands to mine."""

    LEVEL = "level"  # the same entries, proved by equal hashes
    BEHIND = "behind"  # they have fewer
    AHEAD = "ahead"  # they have more
    DIVERGED = "diverged"  # as many, but not the same ones: a fork


def compare(mine: Head | None, theirs: Head | None) -> Standing:
    my_seq = mine.seq if mine else 0
    their_seq = theirs.seq if theirs else 0
    if their_seq < my_seq:
        return Standing.BEHIND
    if their_seq > my_seq:
        return Standing.AHEAD
    if mine is None or theirs is None or mine.short_hash == theirs.short_hash:
        return Standing.LEVEL
    return Standing.DIVERGED


@dataclass(frozen=True, slots=True)
class Advance:
    """The entries first..head.seq of one feed have become durable here, or are shown again; head is its head."""

    feed: bytes
    first: int
    head: Head
