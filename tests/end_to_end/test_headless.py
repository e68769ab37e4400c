"""A node without a screen under a service manager: when it is ready, how it does, that it leaves cleanly."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.terminal import PATIENCE, Household


class Manager:
    """The manager's end of the socket, and what it was told."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.lines: list[str] = []

    def wait_for(self, line: str) -> None:
        end = time.monotonic() + PATIENCE
        while line not in self.lines:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                self.lines += self._socket.recv(4096).decode().splitlines()
            except TimeoutError:
                raise AssertionError(f"{line!r} was not said; there were {self.lines}") from None

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, household: Household, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@chat-tui-{os.urandom(6).hex()}"
    listening = Manager(address)
    household.settings |= {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000"}
    yield listening
    listening.close()


def test_a_service_manager_hears_when_it_is_ready_who_is_there_and_that_it_leaves(
    household: Household, manager: Manager
) -> None:
    cellar, alice = household.name("cellar"), household.name("alice")
    at_cellar = household.lines(cellar, alice, "--headless")
    manager.wait_for("READY=1")
    assert "STATUS=nobody is connected" in manager.lines
    household.settings.clear()
    at_alice = household.lines(alice, cellar)  # it is ready: whoever comes now is let in
    manager.wait_for(f"STATUS=1 connected: {alice}")
    at_alice.type("keep this")
    assert at_alice.end() == 0
    manager.wait_for("WATCHDOG=1")
    at_cellar.process.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert at_cellar.wait_for_end() == 0
    assert household.check(cellar).returncode == 0
