"""All benchmarks, in the order in which they run and are shown."""

from __future__ import annotations

from benchmarks import appends, bulk, encryption, keys, live, meshes, reading, reconnecting, starting
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
    *reconnecting.BENCHMARKS,
)

_NAMED = {each.name: each for each in BENCHMARKS}
IN_SHORT = tuple(
    (_NAMED[name], metric)
    for name, metric in (
        ("sync-100000-1", "rate"),
        ("sync-100000-10", "rate"),
    )
)
