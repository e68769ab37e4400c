"""Own messages saved: one after another, each durable before the next, and many at once through group commit.

The disk decides the first, so a bare LMDB put with its fsync is measured in turn with it, message by message.
"""

from __future__ import annotations

from contextlib import closing
from time import perf_counter

import lmdb

from app import start_up
from benchmarks import histories
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_least

BARE = "bare LMDB put"
SINGLE = 300
BURST = 50_000
READS = 200


def rounds(scene: Scene) -> Rounds:
    single, many = scene.amount(SINGLE, 20), scene.amount(BURST, 500)
    texts = histories.texts(many)
    start_up.begin()  # what the program does at its start: a burst makes many objects that are no garbage
    start_up.end()
    with (
        closing(histories.open_log(scene.folder / "log", f"alice-{scene.tag}")) as log,
        closing(lmdb.Environment(str(scene.folder / "bare.mdb"), subdir=False, map_size=1 << 28)) as bare,
    ):
        number = 0
        while True:
            ours = theirs = 0.0
            for text in texts[:single]:
                begun = perf_counter()
                log.append(text).result()
                appended = perf_counter()
                with bare.begin(write=True) as txn:
                    txn.put(number.to_bytes(8), text.encode())
                theirs += perf_counter() - appended
                ours += appended - begun
                number += 1
            before = log.count()
            begun = perf_counter()
            for text in texts:
                last = log.append(text)
            last.result()  # they are saved in their order
            burst = perf_counter() - begun
            assert log.count() == before + many
            yield {
                "single": {OURS: single / ours, BARE: single / theirs},
                "burst": {OURS: many / burst},
            }


BENCHMARKS = (
    Benchmark(
        "appends",
        "own messages saved durably, one at a time and in a burst",
        (
            Row("single", "durable appends, one at a time", "messages/s", (at_least(0.7, BARE),)),
            Row("burst", "— in a burst, through group commit", "messages/s", (at_least(100_000),)),
        ),
        rounds,
    ),
)
