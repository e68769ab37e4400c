"""Runs the benchmarks: python -m benchmarks [NAME ...] [--quick] [--rounds N] [--publish]

- All, or those that are named. What they measured goes to build/benchmarks: a table, a plot, and the figures.
- With --publish it goes into the documents too, from what is newest of each benchmark.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from fnmatch import fnmatch
from pathlib import Path

from benchmarks import node_js, publishing, results, tables
from benchmarks.children import ROOT
from benchmarks.measurement import Benchmark, Round, Scene, sum_up
from benchmarks.subjects import BENCHMARKS

OUTPUT = ROOT / "build" / "benchmarks"
ROUNDS, QUICK_ROUNDS = 5, 1


def main() -> int:
    options = _parser().parse_args()
    chosen = [each for each in BENCHMARKS if not options.names or any(fnmatch(each.name, n) for n in options.names)]
    if options.list:
        for each in chosen:
            print(f"{each.name:<20} {each.about}")
        return 0
    if not chosen:
        print(f"no benchmark is called {' or '.join(options.names)}: --list names them all", file=sys.stderr)
        return 2
    if not options.publish_only:
        _run_all(chosen, options)
    runs = results.load(OUTPUT / "results.json") if not options.quick else {}
    if (options.publish or options.publish_only) and runs:
        publishing.publish(runs)
    return 0


def _run_all(chosen: Sequence[Benchmark], options: argparse.Namespace) -> None:
    references = None if options.no_references else node_js.install()
    if references is None:
        print("without references" if options.no_references else tables.WITHOUT_NODE)
    versions = node_js.versions() if references else ""
    number = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    file = OUTPUT / ("quick.json" if options.quick else "results.json")
    for benchmark in chosen:
        print(f"\n{benchmark.name}: {benchmark.about}", flush=True)
        measured = run(benchmark, number, quick=options.quick, references=references, lock=options.lock)
        kept = {} if options.forget else results.load(file)
        runs = {**kept, benchmark.name: results.new_run(measured, versions)}
        if not options.forget:
            results.save(file, runs)
        print(tables.whole_table([benchmark], runs), flush=True)
    if not options.forget:
        publishing.write(OUTPUT, results.load(file))
        print(f"\nThe table and the plot are in {OUTPUT.relative_to(ROOT)}")


def run(
    benchmark: Benchmark, number: int, *, quick: bool, references: Path | None, lock: Path | None = None
) -> list[Round]:
    """So many rounds. lock: a file that is locked during each round, for several who measure on one machine."""
    with tempfile.TemporaryDirectory(prefix="chat-tui-benchmark-") as folder:
        scene = Scene(Path(folder), quick, references, os.urandom(4).hex())
        measured: list[Round] = []
        with closing(benchmark.rounds(scene)) as rounds:
            for _ in range(number):
                with _alone(lock):
                    measured.append(next(rounds))
                print("  " + "; ".join(_in_short(benchmark, measured[-1:])), flush=True)
        return measured


def _in_short(benchmark: Benchmark, measured: Sequence[Round]) -> Iterator[str]:
    for figure in sum_up(benchmark.rows, measured):
        row = figure.row
        others = ", ".join(f"{who} {spread.middle:,.{row.decimals}f}" for who, spread in figure.others.items())
        yield f"{row.metric} {figure.ours.middle:,.{row.decimals}f} {row.unit}" + (f" ({others})" if others else "")


@contextmanager
def _alone(lock: Path | None) -> Iterator[None]:
    if lock is None:
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones, * for any letters; all if none is named")
    parser.add_argument("--list", action="store_true", help="say which there are")
    parser.add_argument("--quick", action="store_true", help="small amounts, one round: only to see that all work")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"how many, {ROUNDS} if not said")
    parser.add_argument("--no-references", action="store_true", help="without the programs to compare with")
    parser.add_argument("--forget", action="store_true", help="keep no figures: for runs under a profiler")
    parser.add_argument("--publish", action="store_true", help="renew the tables and the plot in the documents")
    parser.add_argument("--publish-only", action="store_true", help="the same, without measuring")
    parser.add_argument("--lock", type=Path, metavar="FILE", help="lock it during each round")
    return parser


if __name__ == "__main__":
    sys.exit(main())
