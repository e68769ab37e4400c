"""A session over TLS: bytes from a TLS stream into the session, bytes from the session into the stream.

- TLS hides what is said; who says it is proved by the session, whose handshake is bound to the server's certificate.
- Reading never waits: what a session may be sent at once is bounded by the limits that it states itself.
- Writing is paced: while the stream takes no more, the output stays in the session, where its size can be seen.
- Nothing that the network does raises here. It ends in a `Closed` event.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import cast

from app.replication.certificate import make_certificate
from app.replication.events import Closed, Event
from app.replication.handshake import LocalHello, Role
from app.replication.session import HANDSHAKE_SECONDS, Session

HANDSHAKE_LIMIT = HANDSHAKE_SECONDS  # for TLS; what is left of it is for the session's part
CLOSING_LIMIT = 1.0  # seconds for a goodbye to leave
READ_BYTES = 64 * 1024  # per slice: parsed in about a millisecond
WRITE_HIGH, WRITE_LOW = 256 * 1024, 64 * 1024  # bytes that the stream takes before it says stop, and go on


class Tls:
    """What one run uses for all its connections: its own certificate, and settings for both sides."""

    def __init__(self) -> None:
        certificate = make_certificate()
        self.binding = sha256(certificate.der).digest()
        self.server = _server_context(certificate.pem)
        self.client = client_context()


class Connection(asyncio.BufferedProtocol):
    """One connection and its session.

    session: None until TLS is established; where, own_ip: the two ends, link-local ones with a zone;
    received_at: when the last bytes came, began_at: when TLS began, in the loop's time; bytes_in,
    bytes_out: inside TLS.
    """

    def __init__(
        self,
        role: Role,
        local: LocalHello,
        tls: Tls,
        *,
        on_events: Callable[[list[Event]], None],
        on_writable: Callable[[], None],
        on_secured: Callable[[], None] | None = None,
    ) -> None:
        """on_events: called with each batch, the last of which ends in `Closed`; on_writable: the stream takes more;
        on_secured: TLS is there."""
        self.role = role
        self.session: Session | None = None
        self.where = ""
        self.own_ip = ""
        self.received_at = 0.0
        self.began_at = 0.0
        self.bytes_in = 0
        self.bytes_out = 0
        self._local = local
        self._tls = tls
        self._on_events = on_events
        self._on_writable = on_writable
        self._on_secured = on_secured or _ignore
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        # A view, not the bytearray: asyncio's TLS reads further records into slices of it, and those would be copies.
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._stopped = False
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._room: asyncio.Handle | None = None
        self._closed = self._loop.create_future()

    def flush(self) -> None:
        """Write what the session has to say, if the stream takes it; close once the session is over."""
        session, transport = self.session, self._transport
        if session is None or transport is None or transport.is_closing():
            return
        if session.output_size and not self._stopped:
            output = session.take_output()
            self.bytes_out += len(output)
            transport.write(output)
            if not self._stopped and self._room is None:
                self._room = self._loop.call_soon(self._offer_room)
        if not session.closed:
            self._set_timer()
        elif session.output_size:
            self._limit_closing()
        else:
            self._close()

    def pump(self) -> None:
        """Hand on what the session has learnt from its owner, and flush."""
        if self.session is not None:
            self._handle(self.session.timer(self._loop.time()))

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)

    def abort(self) -> None:
        """Close without another word."""
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> None:
        """It has ended: its owner is not told of anything any more.

        Else the two would hold each other, with 300 KiB of buffers, until Python looks for garbage, which it does by
        the number of objects: two thousand strangers who come and go would leave 200 MiB behind.
        """
        self._on_events = _ignore_events
        self._on_writable = self._on_secured = _ignore

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)
        self._transport = stream
        stream.set_write_buffer_limits(WRITE_HIGH, WRITE_LOW)
        self.where = _ip(stream.get_extra_info("peername"))
        self.own_ip = _ip(stream.get_extra_info("sockname"))
        self.received_at = self._loop.time()
        if self.role is Role.SERVER:
            binding = self._tls.binding
        else:
            shown = cast(ssl.SSLObject, stream.get_extra_info("ssl_object")).getpeercert(binary_form=True)
            binding = sha256(shown or b"").digest()
        self.session = Session(self.role, self._local, binding, nonce=os.urandom(32), now=self.began_at)
        self._on_secured()
        self.flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.session is not None:
            self.bytes_in += nbytes
            self.received_at = self._loop.time()
            self._handle(self.session.receive(bytes(self._buffer[:nbytes]), self.received_at))

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._stopped = True

    def resume_writing(self) -> None:
        self._stopped = False
        self.flush()
        if self._room is None:
            self._offer_room()

    def connection_lost(self, error: Exception | None) -> None:
        for handle in (self._timer, self._closing):
            if handle is not None:
                handle.cancel()
        self._transport = None
        if self.session is not None and not self._ended:
            events = self.session.receive_eof(self._loop.time())
            self._ended = True
            if events:
                self._on_events(events)
        if not self._closed.done():
            self._closed.set_result(None)

    # Inside.

    def _handle(self, events: list[Event]) -> None:
        if any(isinstance(event, Closed) for event in events):
            self._ended = True
        if events:
            self._on_events(events)
        self.flush()

    def _set_timer(self) -> None:
        """Wake at the session's deadline. A timer that is early now is left to fire: cheaper than to move it."""
        deadline = None if self.session is None else self.session.deadline()
        if deadline is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self.session is not None:
            self._handle(self.session.timer(self._loop.time()))

    def _offer_room(self) -> None:
        # In a turn of the loop of its own, so that a long answer is served in slices.
        self._room = None
        if self.session is not None and not self.session.closed and not self._stopped and self._transport is not None:
            self._on_writable()

    def _close(self) -> None:
        self._limit_closing()
        if self._transport is not None:
            self._transport.close()

    def _limit_closing(self) -> None:
        if self._closing is None:
            self._closing = self._loop.call_later(CLOSING_LIMIT, self.abort)


async def wait_closed(connections: Sequence[Connection]) -> None:
    """Until all are closed, or a second is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_LIMIT):
            for connection in connections:
                await connection.wait_closed()
    for connection in connections:
        connection.abort()


async def accept(stream: socket, connection: Connection, tls: Tls) -> None:
    """Establish TLS as the server. Raises OSError."""
    stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    connection.began_at = asyncio.get_running_loop().time()
    await asyncio.get_running_loop().connect_accepted_socket(
        lambda: connection,
        stream,
        ssl=tls.server,
        ssl_handshake_timeout=HANDSHAKE_LIMIT,
        ssl_shutdown_timeout=CLOSING_LIMIT,
    )


async def start(stream: socket, connection: Connection, tls: Tls) -> None:
    """Establish TLS as the client on a connected socket. Raises OSError."""
    connection.began_at = asyncio.get_running_loop().time()
    await asyncio.get_running_loop().create_connection(
        lambda: connection,
        sock=stream,
        ssl=tls.client,
        server_hostname="",  # no name is asked for: the certificate has none
        ssl_handshake_timeout=HANDSHAKE_LIMIT,
        ssl_shutdown_timeout=CLOSING_LIMIT,
    )


def _ignore() -> None:
    pass


def _ignore_events(_: list[Event]) -> None:
    pass


def _ip(name: tuple[object, ...] | None) -> str:
    if not name:  # the socket was closed already
        return ""
    host, zone = str(name[0]), name[3] if len(name) == 4 else 0
    return f"{host}%{zone}" if zone and "%" not in host else host


def _server_context(pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    # The standard library loads keys from files only.
    descriptor, name = tempfile.mkstemp(prefix="chat-tui-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # No authority could vouch for a nameless certificate; the session's signatures are bound to it instead.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
