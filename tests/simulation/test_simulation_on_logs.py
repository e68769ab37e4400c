"""The simulation once more, on real logs instead of stores in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.identity import Identity
from tests.simulation.log_disk import LogDisk
from tests.simulation.scenario import Scenario

SEEDS = (8,)  # more of them: python -m tests.simulation --logs


@pytest.mark.parametrize("seed", SEEDS)
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
