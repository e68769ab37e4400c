"""A plot of the ratios as SVG: how many times better than what it is compared with, on a logarithmic scale.

- Every bar is a median of ratios that were each measured in one round, its whisker the least and the greatest.
- Better is always to the right, whether more or less of the figure is better; a mark says where the goal is.
- Text is text, in any font, on a ground of its own, with colours for light and for dark surroundings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.measurement import Benchmark, Bound, Figure, sum_up
from benchmarks.results import Run

WIDTH = 960
LEFT, RIGHT = 290, 70  # for the labels, and for the numbers after the bars
TOP, BAR, STEP, HEADING = 72, 14, 22, 30
_STYLE = """
  .ground { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #59636e } .line { stroke: #d1d9e0 }
  .even { stroke: #59636e } .better { fill: #1a7f37 } .worse { fill: #bc4c00 } .goal { stroke: #0969da }
  .spread { stroke: #1f2328 } text { font: 13px system-ui, sans-serif } .heading { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3 } .faint { fill: #9198a1 } .line { stroke: #3d444d }
    .even { stroke: #9198a1 } .better { fill: #3fb950 } .worse { fill: #db6d28 } .goal { stroke: #58a6ff }
    .spread { stroke: #e6edf3 }
  }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """How many times better than `against`; goal: how many times it is to be."""

    label: str
    against: str
    middle: float
    least: float
    most: float
    goal: float


def ratios(benchmarks: Sequence[Benchmark], runs: Mapping[str, Run]) -> str:
    """The plot of every row with a goal that is a ratio, under a heading for each benchmark."""
    groups = []
    for each in benchmarks:
        figures = sum_up(each.rows, runs[each.name].rounds) if each.name in runs else []
        bars = [bar for figure in figures for bar in _bars(figure)]
        if bars:
            groups.append((each.about, bars))
    return draw(groups)


def _bars(figure: Figure) -> Iterator[Bar]:
    label = figure.row.metric
    for goal in figure.row.goals:
        if goal.against is None or goal.against not in figure.ratios:
            continue
        ratio = figure.ratios[goal.against]
        if goal.bound is Bound.AT_LEAST:
            yield Bar(label, goal.against, ratio.middle, ratio.least, ratio.most, goal.factor)
        elif ratio.least > 0:
            yield Bar(label, goal.against, 1 / ratio.middle, 1 / ratio.most, 1 / ratio.least, 1 / goal.factor)


def draw(groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """groups: headings with their bars."""
    height = TOP + sum(HEADING + len(bars) * STEP for _, bars in groups) + 16
    values = [value for _, bars in groups for bar in bars for value in (bar.least, bar.most, bar.goal)]
    low = math.floor(math.log10(min([1.0, *values])))
    high = math.ceil(math.log10(max([10.0, *values])))

    def x(value: float) -> float:
        part = (math.log10(value) - low) / (high - low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    body = [_axis(power, x(10.0**power), height) for power in range(low, high + 1)]
    y = TOP
    for heading, bars in groups:
        body.append(f'<text class="text heading" x="16" y="{y + 14}">{escape(heading)}</text>')
        y += HEADING - 6
        for bar in bars:
            body.extend(_draw_bar(bar, y, x))
            y += STEP
        y += 6
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>How many times better than what it is compared with</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            '<text class="text" x="16" y="26">How many times better chat-tui is than what it is compared with. '
            "Thin line: least and most of the rounds; blue mark: the goal.</text>",
            *body,
            "</svg>\n",
        ]
    )


def _axis(power: int, x: float, height: int) -> str:
    kind = "even" if power == 0 else "line"
    label = f"{10**power:,} ×" if power >= 0 else f"1/{10**-power:,}"
    return (
        f'<line class="{kind}" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 12}"/>'
        f'<text class="faint" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{label}</text>'
    )


def _draw_bar(bar: Bar, y: int, x: Callable[[float], float]) -> Iterator[str]:
    one, middle, least, most, goal = (x(value) for value in (1.0, bar.middle, bar.least, bar.most, bar.goal))
    kind = "better" if bar.middle >= bar.goal else "worse"
    text = y + BAR - 3
    number = f"{bar.middle:.0f}" if bar.middle >= 10 else f"{bar.middle:.2g}"
    against = f'<tspan class="faint">against {escape(bar.against)}</tspan>'
    yield f'<text class="text" x="{LEFT - 10}" y="{text}" text-anchor="end">{escape(bar.label)} {against}</text>'
    yield f'<rect class="{kind}" x="{min(one, middle):.1f}" y="{y}" width="{abs(middle - one):.1f}" height="{BAR}"/>'
    yield f'<line class="spread" x1="{least:.1f}" y1="{y + BAR / 2}" x2="{most:.1f}" y2="{y + BAR / 2}"/>'
    yield f'<line class="goal" stroke-width="3" x1="{goal:.1f}" y1="{y - 2}" x2="{goal:.1f}" y2="{y + BAR + 2}"/>'
    yield f'<text class="text" x="{max(one, most, goal) + 6:.1f}" y="{text}">{number} ×</text>'
