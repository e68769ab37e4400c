from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Household


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """The only way in which tests here start chat-tui: on loopback, in folders and under names of their own."""
    people = Household(tmp_path)
    yield people
    people.close()
