"""Seed after seed on several processes, and what came of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import count, takewhile

from tests.simulation.checker import SimulationError
from tests.simulation.plan import draw
from tests.simulation.story import Outcome, run

_AT_ONCE = 10  # seeds that a process is given
_REPORT_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Result:
    seed: int
    outcome: Outcome | None
    failure: str


def run_many(first: int, seeds: int | None, seconds: float | None, jobs: int, *, stop: bool) -> int:
    start = time.perf_counter()
    done = failed = commits = entries = 0

    def goes_on(number: int) -> bool:
        in_time = seconds is None or time.perf_counter() - start < seconds
        return in_time and (seeds is None or number < seeds) and not (stop and failed)

    starts = (first + number for number in takewhile(goes_on, count(0, _AT_ONCE)))
    end = None if seeds is None else first + seeds
    for result in _results(starts, end, jobs):
        done += 1
        if result.outcome is None:
            failed += 1
            print_now(f"seed {result.seed}: {result.failure}")
        else:
            commits += result.outcome.commits
            entries += result.outcome.entries
        if done % _REPORT_EVERY == 0:
            print_now(f"{done:,} seeds, {failed} failed, {time.perf_counter() - start:,.0f} s")
    print_now(
        f"{done:,} seeds from {first}, {failed} failed, {time.perf_counter() - start:,.0f} s; "
        f"{commits:,} commits of {entries:,} entries were checked"
    )
    return 1 if failed else 0


def _results(starts: Iterator[int], end: int | None, jobs: int) -> Iterator[Result]:
    """As they come. No more is begun than the processes have in hand, so that it can be ended."""
    running: set[Future[list[Result]]] = set()
    with ProcessPoolExecutor(jobs) as pool:
        while True:
            while len(running) < jobs + 1 and (begin := next(starts, None)) is not None:
                until = begin + _AT_ONCE if end is None else min(begin + _AT_ONCE, end)
                running.add(pool.submit(_run_some, begin, until))
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield from future.result()


def _run_some(begin: int, end: int) -> list[Result]:
    return [_run_one(seed) for seed in range(begin, end)]


def _run_one(seed: int) -> Result:
    try:
        return Result(seed, run(draw(seed)), "")
    except SimulationError as error:
        return Result(seed, None, str(error))
    except Exception as error:  # a fault of the simulation itself, most likely: no less worth a look
        return Result(seed, None, f"{type(error).__name__}: {error}")


def print_now(text: str) -> None:
    """For whoever waits for it at the other end of a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
