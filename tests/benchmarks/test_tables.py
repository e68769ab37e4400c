from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import plot, results, tables
from benchmarks.measurement import OURS, SCUTTLEUP, Benchmark, Rounds, Row, Scene, Spread, at_least, at_most, sum_up
from benchmarks.results import Run

ROUNDS = (
    {"rate": {OURS: 30.0, SCUTTLEUP: 2.0}, "size": {OURS: 1.2}},
    {"rate": {OURS: 10.0, SCUTTLEUP: 1.0}, "size": {OURS: 1.0}},
    {"rate": {OURS: 40.0, SCUTTLEUP: 8.0}, "size": {OURS: 1.1}},
)
ROWS = (
    Row("rate", "messages moved", "messages/s", (at_least(9, SCUTTLEUP),)),
    Row("size", "what it takes", "MiB", (at_most(1.05),), 2),
)


def _rounds(_scene: Scene) -> Rounds:
    yield from ROUNDS


BENCHMARK = Benchmark("moving", "moves messages", ROWS, _rounds)
RUNS = {"moving": Run("2026-01-02", "a machine", "scuttleup 3", ROUNDS)}


def test_ratios_are_formed_within_a_round() -> None:
    rate, _ = sum_up(ROWS, ROUNDS)

    assert rate.ours == Spread(30.0, 10.0, 40.0, 3)
    assert rate.ratios[SCUTTLEUP] == Spread(10.0, 5.0, 15.0, 3)


def test_a_goal_is_judged_by_the_median() -> None:
    rate, size = sum_up(ROWS, ROUNDS)

    assert rate.met is True
    assert size.met is False


def test_a_goal_beside_a_reference_that_did_not_run_is_not_judged() -> None:
    alone = [{"rate": {OURS: 30.0}}]

    (rate,) = sum_up(ROWS, alone)

    assert rate.met is None


def test_the_table_shows_median_spread_ratio_and_goal() -> None:
    lines = tables.whole_table([BENCHMARK], RUNS).splitlines()

    assert lines[2] == "| messages moved | 30 messages/s (10–40) | 2 (10.0 ×) |  | ≥ 9 × scuttleup | yes |"


def test_without_references_their_columns_are_absent_and_the_table_says_so() -> None:
    alone = {"moving": Run("2026-01-02", "a machine", "", [{"rate": {OURS: 30.0}, "size": {OURS: 1.0}}])}

    table = tables.whole_table([BENCHMARK], alone)

    assert "| scuttleup |" not in table
    assert tables.WITHOUT_NODE in table


def test_a_table_replaces_what_stands_between_its_markers_and_nothing_else() -> None:
    document = "before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n"

    renewed = tables.put_between_markers(document, "figures", "new")

    assert renewed == "before\n<!-- figures -->\nnew\n<!-- /figures -->\nafter\n"
    with pytest.raises(ValueError, match="no markers"):
        tables.put_between_markers(document, "others", "new")


def test_results_come_back_as_they_were_saved(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.save(file, RUNS)

    assert tables.whole_table([BENCHMARK], results.load(file)) == tables.whole_table([BENCHMARK], RUNS)


def test_the_plot_is_a_picture_with_a_bar_for_each_ratio() -> None:
    picture = ElementTree.fromstring(plot.ratios([BENCHMARK], RUNS))  # noqa: S314  our own

    texts = ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert any("rate" in text and SCUTTLEUP in text for text in texts)
    assert "10 ×" in texts
