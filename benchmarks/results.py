"""What was measured, kept between runs: each benchmark's newest rounds, with when and on what.

A benchmark that is run alone replaces its own rounds only, so a table may be made of several runs. Ratios never are:
everything in one was measured in the same round.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measurement import Round


@dataclass(frozen=True, slots=True)
class Run:
    """day: ISO 8601; references: their versions, empty without them; rounds: as they came."""

    day: str
    machine: str
    references: str
    rounds: Sequence[Round]


def new_run(rounds: Sequence[Round], references: str) -> Run:
    return Run(datetime.now(UTC).date().isoformat(), machine(), references, rounds)


def load(file: Path) -> dict[str, Run]:
    if not file.exists():
        return {}
    return {name: Run(**run) for name, run in json.loads(file.read_text()).items()}


def save(file: Path, runs: Mapping[str, Run]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rounded = {name: {**asdict(run), "rounds": [_rounded(each) for each in run.rounds]} for name, run in runs.items()}
    file.write_text(json.dumps(rounded, indent=1) + "\n")


def machine() -> str:
    """In words: what somebody else needs to know to judge the figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{cores} cores of {_processor()}, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _rounded(each: Round) -> Round:
    return {metric: {who: float(f"{value:.5g}") for who, value in values.items()} for metric, values in each.items()}
