"""Own messages saved: one after another, each durable before the next, and many at once through group commit.

- The disk decides the first, so a bare LMDB put with its fsync is measured in turn with it, message by message.
- Many at once are handed over as line mode does with what is piped into it: what one read brings, with one answer.
- Through a pipe: the program itself, from its start to its end, less what it takes with nothing to read. It saves each
  line, reads it back and writes it to its output.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from time import perf_counter

import lmdb

from app import start_up
from app.line_input import READ_BYTES
from benchmarks import histories
from benchmarks.children import PATIENCE, ROOT
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_least

BARE = "bare LMDB put"
SINGLE = 300
BURST = 50_000
A_READ = READ_BYTES // (histories.TEXT_BYTES + 1)  # lines


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
            for start in range(0, many, A_READ):
                all_of_them = log.append_all(texts[start : start + A_READ])
            all_of_them.result()  # they are saved in their order
            burst = perf_counter() - begun
            begun = perf_counter()
            for text in texts:
                last = log.append(text)
            last.result()
            each = perf_counter() - begun
            assert log.count() == before + 2 * many
            lines = "".join(f"{text}\n" for text in texts)
            piped = _pipe(scene, lines) - _pipe(scene, "")
            yield {
                "single": {OURS: single / ours, BARE: single / theirs},
                "burst": {OURS: many / burst},
                "each": {OURS: many / each},
                "piped": {OURS: many / piped},
            }


def _pipe(scene: Scene, lines: str) -> float:
    """Seconds that the program takes with these lines as its input."""
    data_dir, me = scene.folder / "piped", f"alice-{scene.tag}"
    histories.make_user(data_dir, me)
    output = scene.folder / "output"
    options = ["--data-dir", str(data_dir), "--interface", "127.0.0.1", "--plain", "--linger", "0"]
    begun = perf_counter()
    with output.open("wb") as file:
        subprocess.run(
            [sys.executable, "-m", "app", *options, me],
            input=lines.encode(),
            stdout=file,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            timeout=PATIENCE,
            check=True,
        )
    seconds = perf_counter() - begun
    assert output.read_bytes().count(b"\n") == lines.count("\n")
    histories.drop([data_dir])
    return seconds


BENCHMARKS = (
    Benchmark(
        "appends",
        "own messages saved durably, one at a time and in a burst",
        (
            Row("single", "durable appends, one at a time", "messages/s", (at_least(0.7, BARE),)),
            Row("burst", "— in a burst, through group commit", "messages/s", (at_least(100_000),)),
            Row("each", "— in a burst, each with an answer of its own", "messages/s"),
            Row("piped", "— piped into the program, saved and written to its output", "messages/s"),
        ),
        rounds,
    ),
)
