"""The simulation: the same seed gives the same run, and every seed ends in agreement."""

from __future__ import annotations

import os

import pytest

from tests.simulation.scenario import Scenario

SEEDS = int(os.environ.get("CHAT_TUI_SEEDS", "20"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_agree_when_the_trouble_is_over(seed: int) -> None:
    Scenario(seed).run()


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = Scenario(7), Scenario(7)

    first.run()
    second.run()

    assert first.network.steps == second.network.steps
    assert first.network.trace.digest() == second.network.trace.digest()
