"""A real log as the disk of a simulated node: slower, and the proof that the store in memory behaves like it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.entry import Run
from app.frontier import Advance, Head
from app.identity import Identity
from app.ingest import IngestReport
from app.storage.log import Log


class LogDisk:
    def __init__(self, folder: Path, identity: Identity, name: str) -> None:
        self._wall = 1_700_000_000_000_000
        self._log = Log.open(folder, identity=identity, name=name, room="main", wall=self._tick)
        self.own_feed = self._log.own_feed

    def close(self) -> None:
        self._log.close()

    def append(self, text: str) -> Advance:
        entry = self._log.append(text).result()
        head = self._log.head(self.own_feed)
        assert head is not None
        return Advance(self.own_feed, entry.seq, head)

    def ingest(self, runs: Sequence[Run]) -> IngestReport:
        return self._log.ingest(runs).result()

    def frontier(self) -> dict[bytes, Head]:
        return self._log.frontier()

    def head(self, feed: bytes) -> Head | None:
        return self._log.head(feed)

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None:
        return self._log.feed_author(feed)

    def hash_at(self, feed: bytes, seq: int) -> bytes | None:
        return self._log.hash_at(feed, seq)

    def folds(self, feed: bytes, seq: int) -> int:
        return self._log.folds(feed, seq)

    def read_runs(self, feed: bytes, low: int, high: int, max_bytes: int) -> list[Run]:
        return self._log.read_runs(feed, low, high, max_bytes)

    def _tick(self) -> int:
        self._wall += 1_000
        return self._wall
