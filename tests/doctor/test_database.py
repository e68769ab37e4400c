"""Rooms as the doctor sees them, also while another process writes in them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.doctor import database
from app.doctor.findings import Grade
from app.errors import DamagedError
from app.storage.folder import lock_holder
from app.storage.glance import glance
from tests.storage.rooms import RoomOfAlice
from tests.storage.test_faults import child


@pytest.fixture
def room(tmp_path: Path) -> RoomOfAlice:
    return RoomOfAlice(tmp_path)


def test_a_room_that_a_process_writes_in_is_looked_at_beside_it(room: RoomOfAlice) -> None:
    script = """
        log = open_log(sys.argv[1])
        for number in range(1000):
            log.append(f"{number}").result()
            if number == 50:
                print("open", flush=True)
        sys.stdin.read()
    """
    with child(script, str(room.base)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        counts = [glance(room.folder).entries for _ in range(200)]
        assert counts == sorted(counts)
        assert counts[0] > 50
        assert lock_holder(room.folder) == process.pid
        (found,) = database.look(room.folder.parents[1])
        assert (found.grade, f"open in process {process.pid}" in found.text) == (Grade.OK, True)
        process.kill()
        process.wait()
    assert lock_holder(room.folder) is None
    room.assert_sound()


def test_the_newest_own_time_is_seen(room: RoomOfAlice) -> None:
    log = room.open()
    entry = log.append("hello").result()
    room.close()
    assert glance(room.folder).latest == entry.entry.time
    assert glance(room.folder).entries == 2


def test_a_file_that_is_no_database_is_a_bad_line(room: RoomOfAlice) -> None:
    room.open()
    room.close()
    (room.folder / "log.mdb").write_bytes(os.urandom(8192))
    with pytest.raises(DamagedError):
        glance(room.folder)
    (found,) = database.look(room.folder.parents[1])
    assert found.grade is Grade.BAD
    assert "chat-tui check alice" in found.line


def test_several_look_at_one_room_at_a_time(room: RoomOfAlice) -> None:
    room.open().append("hello").result()
    room.close()
    with ThreadPoolExecutor(8) as pool:
        assert {seen.entries for seen in pool.map(glance, [room.folder] * 200)} == {2}
