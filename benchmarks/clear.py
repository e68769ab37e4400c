"""The same program over bare TCP, to tell what TLS costs. For measuring alone: nothing in `app` can be told to do this.

- All but TLS is as ever: handshake, signatures and frames. The channel is bound to a constant that both ends know.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import cast

from app.replication import mesh
from app.replication.transport import Connection, Tls

CERTIFICATE = b"no certificate"


def speak_clear() -> None:
    """From now on this process's nodes speak without TLS, and only with others that do."""
    mesh.Connection = ClearConnection  # type: ignore[attr-defined]
    mesh.Tls = NoTls  # type: ignore[attr-defined]
    mesh.accept = _accept  # type: ignore[attr-defined]
    mesh.start = _start  # type: ignore[attr-defined]


class NoTls(Tls):
    def __init__(self) -> None:
        self.binding = sha256(CERTIFICATE).digest()


class ClearConnection(Connection):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(_Stream(cast(asyncio.Transport, transport)))


class _Certificate:
    def getpeercert(self, binary_form: bool) -> bytes:
        return CERTIFICATE


class _Stream(asyncio.Transport):
    """A TCP transport that answers for its missing certificate."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._stream = transport
        # The methods that are called for each slice, without a step in between.
        self.write = transport.write  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]

    def get_extra_info(self, name: str, default: object = None) -> object:
        return _Certificate() if name == "ssl_object" else self._stream.get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._stream.set_write_buffer_limits(high, low)

    def abort(self) -> None:
        self._stream.abort()

    def close(self) -> None:
        self._stream.close()


async def _accept(stream: socket, connection: Connection, tls: Tls) -> None:
    stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    connection.began_at = asyncio.get_running_loop().time()
    await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, stream)


async def _start(stream: socket, connection: Connection, tls: Tls) -> None:
    connection.began_at = asyncio.get_running_loop().time()
    await asyncio.get_running_loop().create_connection(lambda: connection, sock=stream)
