"""Networks that double, lose and delay, without multicast, two at once. Others take longer: see `scenarios`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.network.hosts import NotPermittedError
from tests.network.scenarios import QUICK, SCENARIOS, place


@pytest.mark.parametrize("story", QUICK)
def test_a_bad_network_only_takes_longer(tmp_path: Path, story: str) -> None:
    try:
        with place(tmp_path, 1, 60.0) as at:
            SCENARIOS[story](at)
    except NotPermittedError as error:
        pytest.skip(f"no such network here: {error}")
