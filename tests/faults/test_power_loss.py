"""A power cut leaves what was shown as saved. `python -m tests.faults power_loss --times 10000` tries it longer."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.faults.power_loss import cut, record
from tests.faults.shim import NotAvailableError, library

CUTS = 60


def test_what_was_shown_as_saved_survives_a_power_cut_at_any_moment(tmp_path: Path) -> None:
    try:
        library()
    except NotAvailableError as error:
        pytest.skip(str(error))
    recording = record(tmp_path, Random(0), messages=40)
    assert [fault for seed in range(CUTS) if (fault := cut(recording, Random(seed)))] == []
    # The same on a disk that forgets all syncs: this test can tell.
    assert [fault for seed in range(CUTS) if (fault := cut(recording, Random(seed), honest=False))] != []
