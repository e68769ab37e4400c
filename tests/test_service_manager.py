"""What a service manager hears, at a real socket of either kind, from a real headless program."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.service_manager import ServiceManager


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        listener.settimeout(30)
        yield listener


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@chat-tui-test-{os.urandom(6).hex()}"


def test_each_message_is_a_datagram_of_lines(address: str) -> None:
    with manager(address) as listener:
        told = ServiceManager({"NOTIFY_SOCKET": address})
        told.ready("nobody is connected")
        told.status("1 connected: bob\nREADY=1 \x1b")
        told.stopping()
        told.close()
        said = [listener.recv(4096).decode() for _ in range(3)]
    assert said == [
        "READY=1\nSTATUS=nobody is connected",
        "STATUS=1 connected: bob READY=1 \ufffd",
        "STOPPING=1\nSTATUS=leaving",
    ]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_manager_nothing_is_said_and_nothing_fails(environment: dict[str, str]) -> None:
    told = ServiceManager(environment)
    told.ready("here")
    told.alive()
    told.close()


def test_the_watchdog_is_fed_only_by_the_process_that_is_watched() -> None:
    asked = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "3000000"}
    own, other = (
        ServiceManager({**asked, "WATCHDOG_PID": str(os.getpid())}),
        ServiceManager({**asked, "WATCHDOG_PID": "1"}),
    )
    assert (own.watchdog, other.watchdog) == (3.0, None)
    own.close()
    other.close()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = tmp_path / ".local" / "bin" / "chat-tui"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    unit = tmp_path / "chat-tui@cellar.service"
    unit.write_bytes((Path(__file__).parents[1] / "contrib" / "chat-tui@.service").read_bytes())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "--user", "verify", str(unit)]
    judged = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
