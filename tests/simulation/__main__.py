"""`python -m tests.simulation --seeds 1000 [--from 0]`: many seeds; prints those that fail, each is a reproduction."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.network import SimulationError
from tests.simulation.scenario import Scenario


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", type=int, default=0, dest="first")
    arguments = parser.parse_args()
    failed = 0
    start = time.perf_counter()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        try:
            Scenario(seed).run()
        except SimulationError as error:
            failed += 1
            sys.stdout.write(f"seed {seed}: {error}\n")
    sys.stdout.write(f"{arguments.seeds} seeds, {failed} failed, {time.perf_counter() - start:.1f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
