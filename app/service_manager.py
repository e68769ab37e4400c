"""Tells the service manager that started this program how it does (sd_notify(3)), if there is one.

- The protocol is a datagram of lines NAME=VALUE to the socket in NOTIFY_SOCKET; `@` begins an abstract name.
- Nothing here waits or raises: a manager that does not listen changes nothing for the chat.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from app.text import one_line


class ServiceManager:
    """watchdog: seconds within which it wants to hear that the program lives, None if it does not ask for that."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self.watchdog: float | None = None
        if not address.startswith(("/", "@")):
            return
        with contextlib.suppress(OSError):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
            self.watchdog = _watchdog(environment)

    def ready(self, status: str) -> None:
        self._tell("READY=1", _status(status))

    def status(self, text: str) -> None:
        """text: a sentence for `systemctl status`."""
        self._tell(_status(text))

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1", _status("leaving"))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _tell(self, *lines: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)


def _status(text: str) -> str:
    return f"STATUS={one_line(text)}"


def _watchdog(environment: Mapping[str, str]) -> float | None:
    try:
        microseconds = int(environment["WATCHDOG_USEC"])
        process = int(environment.get("WATCHDOG_PID") or os.getpid())
    except (KeyError, ValueError):
        return None
    return microseconds / 1e6 if microseconds > 0 and process == os.getpid() else None
