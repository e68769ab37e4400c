"""`python -m tests.simulation --seeds 1000 [--from 0] [--jobs 2]`: prints the seeds that fail; each is a reproduction.

--hours 3, --seconds 60: seed after seed until the time is over; --stop: until the first that fails.
--trace SEED [--last 80]: what happened before it failed, a line each.
--shrink SEED: the same of the smallest plan found that fails in the same way.
--mutants: how many seeds it takes to catch each of the faults that are put in on purpose.
"""

from __future__ import annotations

import argparse
import sys

from tests.simulation.checker import SimulationError
from tests.simulation.mutants import print_table
from tests.simulation.plan import Plan, draw
from tests.simulation.seeds import print_now, run_many
from tests.simulation.shrink import shrink
from tests.simulation.story import run
from tests.simulation.trace import Trace


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
    return run_many(arguments.first, seeds, seconds, arguments.jobs, stop=arguments.stop)


def _tell(plan: Plan, last: int) -> int:
    trace = Trace(last)
    print_now(f"{', '.join(plan.names)}; liar: {plan.liar or 'none'}; {len(plan.acts)} acts in {plan.seconds:g} s")
    try:
        outcome = run(plan, trace=trace)
    except SimulationError as error:
        print_now("\n".join([*trace.lines, f"seed {plan.seed}: {error}"]))
        return 1
    print_now("\n".join([*trace.lines, f"seed {plan.seed} does not fail: {outcome}"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
