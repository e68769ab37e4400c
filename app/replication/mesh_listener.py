"""The listening sockets: one port on every chosen address, also on those that come later."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from app.replication.addresses import normal_address, open_listeners

_AT_ONCE = 16  # accepted per turn of the loop
_PAUSE = 1.0  # seconds, when the process has no descriptors left


class Listener:
    def __init__(self, chosen: Sequence[str], on_connection: Callable[[socket.socket, str], None]) -> None:
        """chosen: addresses in normal form, empty for all; on_connection: gets the socket and the other's address."""
        self._chosen = chosen
        self._on_connection = on_connection
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._pauses: set[asyncio.TimerHandle] = set()
        self.port = 0

    def open(self, preferred: int) -> bool:
        """Listen at `preferred`, or at any free port if it is taken. Whether `preferred` was to be had.

        Raises OSError when nothing can be listened on, not even at another port.
        """
        try:
            self._add(open_listeners(self._chosen, preferred))
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            self._add(open_listeners(self._chosen, 0))
            return False
        if not self._sockets:
            self.port = preferred
        return True

    def missing(self) -> list[str]:
        """The chosen addresses that are not listened on."""
        bound = {_bound_to(listener) for listener in self._sockets}
        return [address for address in self._chosen if address not in bound]

    def refresh(self) -> None:
        """Listen on chosen addresses that this computer has got since. Raises OSError if the port is taken there."""
        missing = self.missing()
        if missing:
            self._add(open_listeners(missing, self.port))

    def close(self) -> None:
        for pause in self._pauses:
            pause.cancel()
        for listener in self._sockets:
            self._loop.remove_reader(listener)
            listener.close()
        self._sockets.clear()

    def _add(self, listeners: list[socket.socket]) -> None:
        for listener in listeners:
            self.port = listener.getsockname()[1]
            self._sockets.append(listener)
            self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                stream, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # No descriptors left. The socket stays readable, so that trying at once would spin.
                self._loop.remove_reader(listener)
                self._pauses.add(self._loop.call_later(_PAUSE, self._resume, listener))
                return
            stream.setblocking(False)
            self._on_connection(stream, normal_address(str(address[0])))

    def _resume(self, listener: socket.socket) -> None:
        self._pauses = {pause for pause in self._pauses if pause.when() > self._loop.time()}
        self._loop.add_reader(listener, self._accept, listener)


def _bound_to(listener: socket.socket) -> str:
    name = listener.getsockname()
    zone = f"%{name[3]}" if len(name) == 4 and name[3] and "%" not in name[0] else ""
    return normal_address(f"{name[0]}{zone}")
