from __future__ import annotations

from benchmarks.__main__ import run
from benchmarks.measurement import OURS
from benchmarks.subjects import BENCHMARKS, IN_SHORT


def test_a_benchmark_runs_between_processes_and_measures_each_of_its_rows() -> None:
    benchmark = next(each for each in BENCHMARKS if each.name == "sync-100000-1")

    (measured,) = run(benchmark, 1, quick=True, references=None)

    assert {row.metric for row in benchmark.rows} <= measured.keys()
    assert all(values[OURS] > 0 for values in measured.values())


def test_names_are_unique_and_every_row_in_short_exists() -> None:
    named = {each.name: each for each in BENCHMARKS}
    assert len(named) == len(BENCHMARKS)
    for chosen in IN_SHORT:
        assert chosen.metric in {row.metric for row in named[chosen.benchmark].rows}
