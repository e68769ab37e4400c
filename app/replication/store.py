"""What replication needs of a store: heads, hashes and runs of what is durable. `app.storage.log.Log` is one.

Reads answer from memory or from a memory-mapped snapshot, in well under a millisecond: they are made in the event loop.
"""

from __future__ import annotations

from typing import Protocol

from app.entry import Run
from app.frontier import Head


class Store(Protocol):
    def frontier(self) -> dict[bytes, Head]:
        """A copy of the heads of all feeds, with 32-byte hashes, by feed id."""

    def head(self, feed: bytes) -> Head | None: ...

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None:
        """The key of the feed's author and the name in its genesis; None if the feed is not here."""

    def hash_at(self, feed: bytes, seq: int) -> bytes | None:
        """h(seq), 32 bytes; None if entry `seq` is not here."""

    def folds(self, feed: bytes, seq: int) -> int:
        """How many entries have to be read to know h(seq), which a run that begins after it states."""

    def fork_seq(self, feed: bytes) -> int:
        """The first entry of `feed` of which another one is kept as a proof; 0: none."""

    def read_runs(self, feed: bytes, low: int, high: int, max_bytes: int) -> list[Run]:
        """Runs from entry `low` to the checkpoint at or after `high`, or as many as `max_bytes` of entries allow.

        At least one run if `low` is here, none if it is not.
        """
