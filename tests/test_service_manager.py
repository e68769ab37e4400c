"""What a service manager hears, at a real socket of either kind, from a real headless program."""

from __future__ import annotations

import os
import socket
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
