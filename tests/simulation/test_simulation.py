"""The simulation: every seed ends in agreement, and the same seed gives the same run."""

from __future__ import annotations

import os

import pytest

from tests.simulation.checker import SimulationError
from tests.simulation.plan import draw
from tests.simulation.story import run

SEEDS = int(os.environ.get("CHAT_TUI_SEEDS", "200"))  # more of them: python -m tests.simulation
_AT_A_TIME = 10


@pytest.mark.parametrize("first", range(0, SEEDS, _AT_A_TIME))
def test_all_agree_when_the_trouble_is_over(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            run(draw(seed))
        except SimulationError as error:
            pytest.fail(f"seed {seed}: {error}; see: python -m tests.simulation --trace {seed}")


def test_the_same_seed_gives_the_same_run() -> None:
    plan = draw(7)

    assert run(plan) == run(plan)
