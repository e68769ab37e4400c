"""`python -m tests.simulation --seeds 1000 [--from 0] [--logs]`: prints the seeds that fail; each is a reproduction.

--logs: on real logs in a temporary folder instead of stores in memory; slower, and ids are drawn anew in each run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from app.identity import Identity
from tests.simulation.log_disk import LogDisk
from tests.simulation.network import SimulationError
from tests.simulation.scenario import Scenario


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--logs", action="store_true")
    arguments = parser.parse_args()
    run = run_on_logs if arguments.logs else run_in_memory
    failed = 0
    start = time.perf_counter()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        try:
            run(seed)
        except SimulationError as error:
            failed += 1
            sys.stdout.write(f"seed {seed}: {error}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{arguments.seeds} seeds, {failed} failed, {time.perf_counter() - start:.1f} s\n")
    return 1 if failed else 0


def run_in_memory(seed: int) -> None:
    Scenario(seed).run()


def run_on_logs(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as disks:

        def make_store(identity: Identity, name: str, nonce: bytes) -> LogDisk:
            disk = LogDisk(Path(folder) / name, identity, name)
            disks.callback(disk.close)
            return disk

        Scenario(seed, make_store=make_store).run()


if __name__ == "__main__":
    sys.exit(main())
