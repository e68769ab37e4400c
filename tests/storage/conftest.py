from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.log import Log
from tests.storage.rooms import RoomOfAlice


@pytest.fixture
def room(tmp_path: Path) -> Iterator[RoomOfAlice]:
    room = RoomOfAlice(tmp_path)
    yield room
    room.close()


@pytest.fixture
def log(room: RoomOfAlice) -> Log:
    return room.open()
