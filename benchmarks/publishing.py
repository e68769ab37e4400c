"""Where results go: a folder of their own, and the tables and the plot in the documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks import plot, results, tables
from benchmarks.children import ROOT
from benchmarks.results import Run
from benchmarks.subjects import BENCHMARKS, IN_SHORT

DOCUMENT = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
README = ROOT / "README.md"


def write(folder: Path, runs: Mapping[str, Run]) -> None:
    """table.md and plot.svg in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(tables.whole_table(BENCHMARKS, runs) + "\n")
    (folder / "plot.svg").write_text(plot.ratios(BENCHMARKS, runs))


def publish(runs: Mapping[str, Run]) -> None:
    tables.write_between_markers(DOCUMENT, "figures", tables.whole_table(BENCHMARKS, runs))
    tables.write_between_markers(README, "figures", tables.short_table(BENCHMARKS, IN_SHORT, runs))
    PLOT.write_text(plot.ratios(BENCHMARKS, runs))
    results.save(ROOT / "docs" / "performance.json", runs)
