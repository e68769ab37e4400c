"""The simulation: the same seed gives the same run, and every seed ends in agreement."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.identity import Identity
from tests.simulation.log_disk import LogDisk
from tests.simulation.scenario import Scenario

SEEDS = int(os.environ.get("CHAT_TUI_SEEDS", "24"))
LOG_SEEDS = (5, 8)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_agree_when_the_trouble_is_over(seed: int) -> None:
    Scenario(seed).run()


@pytest.mark.parametrize("seed", LOG_SEEDS)
def test_all_agree_on_real_logs(seed: int, tmp_path: Path) -> None:
    disks: list[LogDisk] = []

    def make_store(identity: Identity, name: str, nonce: bytes) -> LogDisk:
        disks.append(LogDisk(tmp_path / name, identity, name))
        return disks[-1]

    try:
        Scenario(seed, make_store=make_store).run()
    finally:
        for disk in disks:
            disk.close()


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = Scenario(7), Scenario(7)

    first.run()
    second.run()

    assert first.network.steps == second.network.steps
    assert first.network.trace.digest() == second.network.trace.digest()
