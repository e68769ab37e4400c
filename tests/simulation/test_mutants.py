"""The simulation finds what it is there to find: each of these faults, put in on purpose, is caught."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import all_mutants, catch

# Seeds that caught it lately are tried first. Where none does any more, it takes longer and is caught all the same.
CAUGHT_BY: dict[str, int] = {}


@pytest.mark.parametrize("name", all_mutants())
def test_a_fault_is_caught(name: str) -> None:
    hints = (CAUGHT_BY[name],) if name in CAUGHT_BY else ()

    assert catch(name, hints).failure
