"""What the doctor sees of this computer: clock, disk, files, firewall, ports, terminal."""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.config import make_user_folder
from app.doctor import clock, disk, files, firewall, ports, terminal
from app.doctor.findings import Finding, Grade, Probe, examine
from app.identity_file import read_or_create

YEAR_2030 = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
MINUTE = 60 * 10**6


def grades(found: list[Finding]) -> list[Grade]:
    return [finding.grade for finding in found]


def looked(times: list[float], ticks: list[float]) -> list[Finding]:
    return list(clock.look(lambda: times.pop(0), lambda: ticks.pop(0), lambda _: None))


def test_a_clock_in_a_year_that_cannot_be_is_bad() -> None:
    assert grades(looked([0.0, 0.5], [7.0, 7.5])) == [Grade.BAD]
    assert grades(looked([YEAR_2030, YEAR_2030 + 0.5], [7.0, 7.5])) == [Grade.OK]


def test_a_clock_that_is_being_set_is_told() -> None:
    assert grades(looked([YEAR_2030, YEAR_2030 + 90], [7.0, 7.5])) == [Grade.OK, Grade.WARN]


def test_a_database_that_knows_later_times_shows_that_the_clock_is_behind() -> None:
    assert clock.behind(10 * MINUTE, 9 * MINUTE) is None
    told = clock.behind(3 * 24 * 60 * MINUTE, 0)
    assert told
    assert "3 days" in told.text


def test_the_disk_of_a_folder_that_is_not_there_yet_is_the_one_it_would_be_on(tmp_path: Path) -> None:
    found = list(disk.look(tmp_path / "data" / "alice"))
    assert Grade.BAD not in grades(found)
    assert str(tmp_path) in found[0].text
    assert "a write is safe after" in found[-1].text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_nobody_has_made_is_no_fault(tmp_path: Path) -> None:
    assert grades(list(files.look(tmp_path / "alice"))) == [Grade.OK]


def test_a_key_that_others_can_read_is_bad_with_the_command_that_mends_it(tmp_path: Path) -> None:
    user = tmp_path / "alice"
    make_user_folder(user)
    read_or_create(user / "identity.key")
    assert grades(list(files.look(user))) == [Grade.OK, Grade.OK]
    (user / "identity.key").chmod(0o644)
    folder, key = files.look(user)
    assert (folder.grade, key.grade) == (Grade.OK, Grade.BAD)
    assert "chmod 600" in key.line
    (user / "identity.key").chmod(0o600)
    user.chmod(0o755)
    assert grades(list(files.look(user))) == [Grade.WARN, Grade.OK]
    user.chmod(0o777)
    assert grades(list(files.look(user))) == [Grade.BAD]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_is_closed_to_the_user_is_told_with_the_command_that_mends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make_user_folder(data / "alice")
    data.chmod(0)
    try:
        (found,) = examine([Probe("permissions", 20.0, lambda: files.look(data / "alice"))])
        assert found.grade is Grade.BAD
        assert f"{data} is closed to you: chmod u+rwX {data}" in found.text
    finally:
        data.chmod(0o700)


def test_ufw_is_told_with_the_port_to_open(tmp_path: Path) -> None:
    (tmp_path / "etc/ufw").mkdir(parents=True)
    (tmp_path / "etc/ufw/ufw.conf").write_text("# x\nENABLED=yes\n")
    (found,) = firewall.look(55204, tmp_path)
    assert found.grade is Grade.WARN
    assert "sudo ufw allow 55204/tcp" in found.advice
    (tmp_path / "etc/ufw/ufw.conf").write_text("ENABLED=no\n")
    (tmp_path / "run/firewalld").mkdir(parents=True)
    (found,) = firewall.look(55204, tmp_path)
    assert "--add-port=55204/tcp" in found.advice


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_who_listens_at_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        taker = ports.process_at(port)
        assert taker
        assert taker[0] == os.getpid()
        assert port in ports.ports_of(os.getpid())
    assert ports.process_at(port) is None


@pytest.mark.parametrize(
    ("environment", "size", "expected"),
    [
        ({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, (80, 24), [Grade.OK] * 3),
        ({"TERM": "xterm-256color", "LANG": "en_US.utf8"}, (39, 24), [Grade.OK, Grade.WARN, Grade.OK]),
        ({"TERM": "vt100", "LC_ALL": "C"}, (80, 24), [Grade.WARN, Grade.OK, Grade.BAD]),
        ({"TERM": "dumb", "LANG": "C.UTF-8"}, (80, 24), [Grade.WARN, Grade.OK]),
        ({"TERM": "xterm", "LANG": "C.UTF-8"}, None, [Grade.WARN, Grade.OK]),
        ({"TERM": "screen-256color", "LANG": "C.UTF-8", "STY": "1.pts"}, (80, 24), [*[Grade.OK] * 3, Grade.WARN]),
    ],
)
def test_the_terminal_is_judged_by_what_it_says(
    environment: dict[str, str], size: tuple[int, int] | None, expected: list[Grade]
) -> None:
    assert grades(list(terminal.look(environment, size))) == expected
