"""What a benchmark is, what it measures, and how several rounds of it are summed up.

- A round measures everything that is compared, one after the other: ratios are formed within a round, and only then is
  the median taken. A machine that is slow for a minute changes no ratio.
- Nothing here measures. Benchmarks do, in rounds that a generator yields; the runner says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from statistics import median
from typing import TypeAlias

OURS = "chat-tui"
SCUTTLEUP = "scuttleup"
HYPERCORE = "hypercore"

Round: TypeAlias = Mapping[str, Mapping[str, float]]  # metric -> who -> value
Rounds: TypeAlias = Generator[Round, None, None]


class Bound(Enum):
    """On which side of a goal a figure is to be."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure to reach: `factor`, or `factor` times that of `against` in the same round."""

    bound: Bound
    factor: float
    against: str | None = None

    def __str__(self) -> str:
        number = f"{self.factor:,g}" if self.factor < 1e6 else f"{self.factor:,.0f}"
        return f"{self.bound.value} {number}" + (f" × {self.against}" if self.against else "")

    def is_met(self, figure: Figure) -> bool | None:
        """None if what it is compared with was not measured."""
        if self.against is None:
            value = figure.ours.middle
        elif self.against in figure.ratios:
            value = figure.ratios[self.against].middle
        else:
            return None
        return value >= self.factor if self.bound is Bound.AT_LEAST else value <= self.factor


@dataclass(frozen=True, slots=True)
class Row:
    """How a metric is shown. decimals: of the value; goals: all are to be met; note: what the reader has to know."""

    metric: str
    title: str
    unit: str
    goals: tuple[Goal, ...] = ()
    decimals: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, and the least and the greatest."""

    middle: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values), len(values))


@dataclass(frozen=True, slots=True)
class Figure:
    """A row's outcome. ratios: ours to each of `others`, which are what was measured beside it."""

    row: Row
    ours: Spread
    others: Mapping[str, Spread]
    ratios: Mapping[str, Spread]

    @property
    def met(self) -> bool | None:
        """None if there is nothing to meet, or nobody to compare with."""
        answers = [goal.is_met(self) for goal in self.row.goals]
        if False in answers:
            return False
        return None if not answers or None in answers else True


@dataclass(frozen=True, slots=True)
class Scene:
    """What a benchmark is run in.

    folder: of its own, emptied afterwards; quick: only to see that it works, with small amounts;
    references: the folder where the references are installed, or None; tag: makes names unlike any other's.
    """

    folder: Path
    quick: bool
    references: Path | None
    tag: str

    def amount(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


@dataclass(frozen=True, slots=True)
class Benchmark:
    """rounds: prepares when first asked for a round, and cleans up when closed."""

    name: str
    about: str
    rows: tuple[Row, ...]
    rounds: Callable[[Scene], Rounds] = field(compare=False)


def sum_up(rows: Sequence[Row], rounds: Sequence[Round]) -> list[Figure]:
    """The figures of the rows that were measured."""
    return [_figure(row, [each[row.metric] for each in rounds]) for row in rows if all(row.metric in r for r in rounds)]


def _figure(row: Row, values: Sequence[Mapping[str, float]]) -> Figure:
    others = [who for who in values[0] if who != OURS]
    return Figure(
        row,
        Spread.of([value[OURS] for value in values]),
        {who: Spread.of([value[who] for value in values]) for who in others},
        {
            who: Spread.of([value[OURS] / value[who] for value in values])
            for who in others
            if all(v[who] for v in values)
        },
    )


def at_least(factor: float, against: str | None = None) -> Goal:
    return Goal(Bound.AT_LEAST, factor, against)


def at_most(factor: float, against: str | None = None) -> Goal:
    return Goal(Bound.AT_MOST, factor, against)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of them do not exceed, the nearest one that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
