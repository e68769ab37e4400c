from __future__ import annotations

import re
from pathlib import Path

from tests.faults.__main__ import FAULTS

TABLE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_every_command_in_the_table_is_one_and_every_fault_has_its_row() -> None:
    assert set(re.findall(r"python -m tests\.faults (\w+)", TABLE.read_text())) == {"NAME", *FAULTS}


def test_every_fault_is_a_module_here() -> None:
    assert all(Path(__file__).with_name(f"{name}.py").exists() for name in FAULTS)
