"""`python -m tests.simulation --seeds 1000 [--from 0] [--jobs 2]`: prints the seeds that fail; each is a reproduction.

--hours 3, --seconds 60: seed after seed until the time is over; --stop: until the first that fails.
--trace SEED [--last 80]: what happened before it failed, a line each.
--shrink SEED: the same of the smallest plan found that fails in the same way.
--mutants: how many seeds it takes to catch each of the faults that are put in on purpose.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import count, takewhile

from tests.simulation.checker import SimulationError
from tests.simulation.mutants import print_table
from tests.simulation.plan import Plan, draw
from tests.simulation.shrink import shrink
from tests.simulation.story import Outcome, run
from tests.simulation.trace import Trace

_AT_ONCE = 10  # seeds that a process is given
_TASKS = 20  # before a process is replaced
_REPORT_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Result:
    seed: int
    outcome: Outcome | None
    failure: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--hours", type=float)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--trace", type=int, metavar="SEED")
    parser.add_argument("--last", type=int, default=80)
    parser.add_argument("--shrink", type=int, metavar="SEED")
    parser.add_argument("--mutants", action="store_true")
    arguments = parser.parse_args()
    if arguments.mutants:
        return print_table(arguments.jobs)
    if arguments.trace is not None:
        return _tell(draw(arguments.trace), arguments.last)
    if arguments.shrink is not None:
        return _tell(shrink(draw(arguments.shrink)), arguments.last)
    seconds = arguments.hours * 3600 if arguments.hours is not None else arguments.seconds
    seeds = arguments.seeds if arguments.seeds is not None or seconds is not None else 100
    return _run_many(arguments.first, seeds, seconds, arguments.jobs, stop=arguments.stop)


def _run_many(first: int, seeds: int | None, seconds: float | None, jobs: int, *, stop: bool) -> int:
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
            _print(f"seed {result.seed}: {result.failure}")
        else:
            commits += result.outcome.commits
            entries += result.outcome.entries
        if done % _REPORT_EVERY == 0:
            _print(f"{done:,} seeds, {failed} failed, {time.perf_counter() - start:,.0f} s")
    _print(
        f"{done:,} seeds from {first}, {failed} failed, {time.perf_counter() - start:,.0f} s; "
        f"{commits:,} commits of {entries:,} entries were checked"
    )
    return 1 if failed else 0


def _results(starts: Iterator[int], end: int | None, jobs: int) -> Iterator[Result]:
    """As they come. No more is begun than the processes have in hand, so that it can be ended."""
    running: set[Future[list[Result]]] = set()
    # What crashes in a simulation gives no memory back: a process is replaced after some hundred seeds.
    with ProcessPoolExecutor(jobs, max_tasks_per_child=_TASKS) as pool:
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


def _tell(plan: Plan, last: int) -> int:
    trace = Trace(last)
    _print(f"{', '.join(plan.names)}; liar: {plan.liar or 'none'}; {len(plan.acts)} acts in {plan.seconds:g} s")
    try:
        outcome = run(plan, trace=trace)
    except SimulationError as error:
        _print("\n".join([*trace.lines, f"seed {plan.seed}: {error}"]))
        return 1
    _print("\n".join([*trace.lines, f"seed {plan.seed} does not fail: {outcome}"]))
    return 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
