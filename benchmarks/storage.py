"""How fast the log saves: bulk ingest, single durable appends, bursts of appends, and reads of a long history.

Run: python -m benchmarks.storage [ENTRIES]      (default 200,000; 1,000,000 for a long history)

Prints one figure a line. A bare LMDB put with fsync on the same disk is measured beside the single append, since the
disk decides it.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from app.storage.log import Log
from app.timeline import LAST_KEY
from tests.feeds import TestAuthor

SINGLE_APPENDS = 300
BURST = 50_000
TEXT = "x" * 84  # an entry of about 100 bytes


def wall() -> int:
    return time.time_ns() // 1000


@contextmanager
def timed(what: str, amount: int) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    print(f"{what:<44} {amount / seconds:>12,.0f}/s {seconds:>9.3f} s")


def bulk_ingest(log: Log, bob: TestAuthor, entries: int) -> None:
    bob.entries([TEXT] * entries, step=1000)
    runs = bob.runs()
    size = len(bob.stored[1])
    with timed(f"ingest, {size}-byte entries in 256 KiB pieces", entries):
        futures = [log.ingest(runs[start : start + 4]) for start in range(0, len(runs), 4)]
        refused = [run for future in futures for run in future.result().refused]
    if refused:
        raise SystemExit(f"runs were refused: {refused[0].detail}")


def bare_puts(folder: Path) -> None:
    env = lmdb.Environment(str(folder / "bare.mdb"), subdir=False, map_size=1 << 26)
    with timed("bare LMDB put with fsync", SINGLE_APPENDS):
        for number in range(SINGLE_APPENDS):
            with env.begin(write=True) as txn:
                txn.put(number.to_bytes(8), TEXT.encode())
    env.close()


def single_appends(log: Log) -> None:
    with timed("append, one at a time, durable", SINGLE_APPENDS):
        for _ in range(SINGLE_APPENDS):
            log.append(TEXT).result()


def burst(log: Log) -> None:
    with timed("append, all at once, durable", BURST):
        futures = [log.append(TEXT) for _ in range(BURST)]
        for future in futures:
            future.result()


def reads(log: Log) -> None:
    count = log.count()
    with timed("newest page of 200", 200 * 20):
        for _ in range(20):
            log.before(LAST_KEY, 200)
    with timed("key at a rank", 100):
        keys = [log.at_rank(count * part // 100) for part in range(100)]
    with timed("rank of a key", 100):
        for key in keys:
            log.rank(key or LAST_KEY)


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    alice, bob = TestAuthor("alice"), TestAuthor("bob", start=wall() - entries * 2000)
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "alice" / "rooms" / "main"
        log = Log.open(folder, identity=alice.identity, name="alice", room="main", wall=wall)
        bulk_ingest(log, bob, entries)
        bare_puts(Path(base))
        single_appends(log)
        burst(log)
        log.close()
        with timed("open again", 1):
            log = Log.open(folder, identity=alice.identity, name="alice", room="main", wall=wall)
        reads(log)
        log.close()
        print(f"{'data file':<44} {(folder / 'log.mdb').stat().st_size / (entries + BURST):>12,.0f} bytes per entry")
    print(f"{'memory at most':<44} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:>12,} MiB")


if __name__ == "__main__":
    main()
