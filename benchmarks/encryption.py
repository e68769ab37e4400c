"""What TLS costs: the same bulk synchronisation over TLS and over bare TCP, in turn.

Bare TCP exists in benchmarks/clear.py alone: nothing in the program can be told to do without encryption.
"""

from __future__ import annotations

from benchmarks import histories
from benchmarks.bulk import transfer
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene

BARE = "the same over bare TCP"
MESSAGES = 400_000  # takes long enough for the two to differ by more than chance


def rounds(scene: Scene) -> Rounds:
    messages = scene.amount(MESSAGES, 2_000)
    sender = f"sender-{scene.tag}"
    histories.fill(scene.folder / "ours" / sender, sender, messages, 1)
    work = scene.folder / "work"
    work.mkdir()
    while True:
        encrypted = transfer(scene.folder / "ours", work, scene.tag, messages, 1)
        clear = transfer(scene.folder / "ours", work, scene.tag, messages, 1, clear=True)
        yield {
            "rate": {OURS: encrypted.rate, BARE: clear.rate},
            "cpu": {OURS: encrypted.cpu_per_100_000, BARE: clear.cpu_per_100_000},
        }


BENCHMARKS = (
    Benchmark(
        "tls",
        "bulk synchronisation over TLS and over bare TCP",
        (
            Row("rate", f"what TLS costs: bulk synchronisation of {MESSAGES:,} messages by 1", "messages/s"),
            Row("cpu", "— CPU of both ends for each 100,000", "s", (), 2),
        ),
        rounds,
    ),
)
