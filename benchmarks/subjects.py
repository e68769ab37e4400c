"""All benchmarks, in the order in which they run and are shown, and the few rows that the README has."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import appends, bulk, encryption, keys, live, meshes, reading, reconnecting, searching, starting
from benchmarks.measurement import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = (
    *bulk.BENCHMARKS,
    *encryption.BENCHMARKS,
    *meshes.BENCHMARKS,
    *live.BENCHMARKS,
    *appends.BENCHMARKS,
    *reading.BENCHMARKS,
    *starting.BENCHMARKS,
    *keys.BENCHMARKS,
    *searching.BENCHMARKS,
    *reconnecting.BENCHMARKS,
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row of a benchmark, with a title that needs no other row beside it."""

    benchmark: str
    metric: str
    title: str


IN_SHORT = (
    Chosen("sync-100000-1", "rate", "a new computer fetches 100,000 messages by one author"),
    Chosen("sync-100000-10", "rate", "… by 10 authors"),
    Chosen("sync-100000-1000", "rate", "… by 1,000 authors"),
    Chosen("sync-100000-1", "cpu", "CPU for 100,000, both ends"),
    Chosen("mesh-8", "burst time", "eight people write 200 messages each at once: until all have all"),
    Chosen("mesh-8", "burst bytes", "… bytes on the wire for each delivered message"),
    Chosen("live", "p50", "from a message saved here to saved and shown there"),
    Chosen("history", "newest", "open a history of a million and read the newest messages"),
    Chosen("start", "start", "start until the newest of a million messages is on the screen"),
    Chosen("start", "paged memory", "memory after paging through 10,000 of a million"),
    Chosen("search", "first", "a rare word looked for in a million messages: first hit on the screen"),
    Chosen("keys", "typing p99", "key press to repaint, 99 of 100"),
    Chosen("keys-busy", "typing p99", "… while a million messages come in"),
)
