"""Results as tables in Markdown, put between markers in the documents that show them.

A value stands with the least and the greatest of its rounds; the ratio of ours to another's is the median of the
rounds' ratios.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measurement import HYPERCORE, SCUTTLEUP, Benchmark, Figure, Spread, sum_up
from benchmarks.results import Run
from benchmarks.subjects import Chosen

_REFERENCES = (SCUTTLEUP, HYPERCORE)
_VERDICT = {True: "yes", False: "**no**", None: ""}
WITHOUT_NODE = "Node and npm were not there, so the columns of the references are absent."


def whole_table(benchmarks: Sequence[Benchmark], runs: Mapping[str, Run]) -> str:
    """Every row of every benchmark that has run."""
    figures = [
        figure for each in benchmarks if each.name in runs for figure in sum_up(each.rows, runs[each.name].rounds)
    ]
    references = [who for who in _REFERENCES if any(who in figure.others for figure in figures)]
    head = ["", "chat-tui", *references, "beside it", "to reach", "reached"]
    lines = [_line(head), _line(["---", *["---:"] * (len(references) + 1), "---", "---", "---"])]
    for figure in figures:
        goals = ", ".join(map(str, figure.row.goals))
        others = "; ".join(f"{who} {_compared(figure, who)}" for who in figure.others if who not in _REFERENCES)
        cells = [_compared(figure, who) for who in references]
        lines.append(_line([figure.row.title, _ours(figure), *cells, others, goals, _VERDICT[figure.met]]))
    return "\n".join([*lines, "", _provenance(runs, [each.name for each in benchmarks])])


def short_table(benchmarks: Sequence[Benchmark], chosen: Sequence[Chosen], runs: Mapping[str, Run]) -> str:
    """For readers in a hurry. benchmarks: those that are chosen from."""
    named = {each.name: each for each in benchmarks}
    shown = [each for each in chosen if each.benchmark in runs]
    lines = [_line(["", "chat-tui", "compared with", "ratio"]), _line(["---", "---:", "---", "---"])]
    for each in shown:
        rows = [row for row in named[each.benchmark].rows if row.metric == each.metric]
        for figure in sum_up(rows, runs[each.benchmark].rounds):
            others = "<br>".join(f"{who}: {_value(figure, spread)}" for who, spread in figure.others.items())
            ratios = "<br>".join(_ratio(figure.ratios[who].middle) for who in figure.others if who in figure.ratios)
            lines.append(_line([each.title, f"{_value(figure, figure.ours)} {figure.row.unit}", others, ratios]))
    return "\n".join([*lines, "", _provenance(runs, [each.benchmark for each in shown])])


def put_between_markers(document: str, name: str, text: str) -> str:
    """The document with `text` between <!-- name --> and <!-- /name -->."""
    found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not found.search(document):
        raise ValueError(f"the document has no markers <!-- {name} --> and <!-- /{name} -->")
    return found.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document)


def write_between_markers(file: Path, name: str, text: str) -> None:
    file.write_text(put_between_markers(file.read_text(), name, text))


def _provenance(runs: Mapping[str, Run], names: Sequence[str]) -> str:
    shown = [runs[name] for name in names if name in runs]
    days = sorted({run.day for run in shown})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    machines = "; ".join(sorted({run.machine for run in shown}))
    fewest = min(len(run.rounds) for run in shown)
    rounds = "One round" if fewest == 1 else f"Medians of {fewest} rounds or more"
    versions = "; ".join(sorted({run.references for run in shown if run.references}))
    said = f" References: {versions}." if versions else f" {WITHOUT_NODE}"
    return f"{when}, {machines}. {rounds}.{said}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ours(figure: Figure) -> str:
    ours = figure.ours
    value = f"{_value(figure, ours)} {figure.row.unit}"
    if ours.least == ours.most:
        return value
    digits = figure.row.decimals
    return f"{value} ({ours.least:,.{digits}f}–{ours.most:,.{digits}f})"


def _compared(figure: Figure, who: str) -> str:
    if who not in figure.others:
        return ""
    ratio = f" ({_ratio(figure.ratios[who].middle)})" if who in figure.ratios else ""
    return f"{_value(figure, figure.others[who])}{ratio}"


def _value(figure: Figure, spread: Spread) -> str:
    return f"{spread.middle:,.{figure.row.decimals}f}"


def _ratio(value: float) -> str:
    if 0 < value < 0.1:
        return f"1/{1 / value:.0f}"
    return f"{value:.0f} ×" if value >= 20 else f"{value:.1f} ×" if value >= 2 else f"{value:.2f} ×"
