"""Sessions over real TLS on loopback. Where time matters the loop's clock is moved, not waited for."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509

from app.frontier import Head
from app.replication.certificate import make_certificate
from app.replication.events import Admitted, Authenticated, Closed
from app.replication.frames import ByeReason
from app.replication.handshake import Role
from app.replication.session import DEAD_AFTER_SECONDS, PING_AFTER_SECONDS
from app.replication.transport import CLOSING_LIMIT, Tls, accept
from tests.replication.tls_end import End, dial


class MovableLoop(asyncio.SelectorEventLoop):
    """Its clock can be moved forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    async def move(self, seconds: float) -> None:
        """As if so long had passed: what was due by then happens, and what follows from it at once."""
        self.ahead += seconds
        for _ in range(20):
            await asyncio.sleep(0.001)


def with_movable_clock(test: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=MovableLoop) as runner:
        runner.run(asyncio.wait_for(test, 1000))


def the_loop() -> MovableLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    return loop


@asynccontextmanager
async def listening(server: End) -> AsyncIterator[tuple[str, int]]:
    """An address at which the first who connects gets `server`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def serve() -> None:
            stream, _ = await asyncio.get_running_loop().sock_accept(listener)
            await accept(stream, server.connection, server.tls)

        task = asyncio.create_task(serve())
        try:
            yield listener.getsockname()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            server.connection.abort()


class Cable:
    """A TCP connection through a relay that can stop passing bytes on, without either end being told."""

    def __init__(self) -> None:
        self._whole = asyncio.Event()
        self._whole.set()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    @asynccontextmanager
    async def to(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        async with asyncio.TaskGroup() as tasks:

            async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                onward_reader, onward_writer = await asyncio.open_connection(host, port)
                tasks.create_task(self._copy(reader, onward_writer))
                tasks.create_task(self._copy(onward_reader, writer))

            async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
                yield server.sockets[0].getsockname()
            self.mend()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await copy(reader, writer, self._whole)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: asyncio.Event) -> None:
    try:
        while data := await reader.read(4096):
            await whole.wait()
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[End, End, Cable]]:
    """A client and a server that admitted each other, and what is between them."""
    client, server, cable = End("alic", Role.CLIENT), End("bobb", Role.SERVER), Cable()
    async with listening(server) as address, cable.to(*address) as entrance:
        await dial(client, entrance)
        for end in (client, server):
            await end.until_told(Authenticated)
            end.session.admit(True)
            end.connection.flush()
        for end in (client, server):
            await end.until_told(Admitted)
        try:
            yield client, server, cable
        finally:
            for end in (client, server):
                end.connection.abort()
                await end.connection.wait_closed()


async def test_both_ends_prove_their_keys_and_a_goodbye_arrives() -> None:
    async with joined() as (client, server, _):
        client.session.goodbye(ByeReason.LEAVING, "good night")
        client.connection.flush()
        assert await server.until_closed() == Closed(ByeReason.LEAVING, "good night", True)
        await server.connection.wait_closed()
        await client.connection.wait_closed()


async def test_whoever_terminates_tls_in_the_middle_is_found_out() -> None:
    client, server, middle = End("alic", Role.CLIENT), End("bobb", Role.SERVER), Tls()
    passing = asyncio.Event()
    passing.set()
    async with listening(server) as (host, port), asyncio.TaskGroup() as tasks:

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            onward_reader, onward_writer = await asyncio.open_connection(host, port, ssl=middle.client)
            tasks.create_task(copy(reader, onward_writer, passing))
            tasks.create_task(copy(onward_reader, writer, passing))

        async with await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=middle.server) as proxy:
            await dial(client, proxy.sockets[0].getsockname())
            closed = await server.until_closed()
            assert closed.reason is ByeReason.RULE_BROKEN
            assert "in the middle" in closed.text
            await client.until_closed()
        for end in (client, server):
            assert not any(isinstance(event, Authenticated) for event in end.events)
            await end.connection.wait_closed()


def test_a_peer_that_fell_silent_is_given_up_after_the_liveness_limit() -> None:
    async def run() -> None:
        async with joined() as (client, _, cable):
            cable.cut()
            await the_loop().move(PING_AFTER_SECONDS + 0.1)
            assert not any(isinstance(event, Closed) for event in client.events)
            await the_loop().move(DEAD_AFTER_SECONDS - PING_AFTER_SECONDS)
            closed = await client.until_closed()
            assert (closed.reason, closed.remote_initiated) == (ByeReason.TIMED_OUT, False)

    with_movable_clock(run())


def test_a_peer_that_answers_pings_is_kept() -> None:
    async def run() -> None:
        async with joined() as (client, server, _):
            for _ in range(20):
                await the_loop().move(PING_AFTER_SECONDS)
            assert not any(isinstance(event, Closed) for event in client.events + server.events)

    with_movable_clock(run())


def test_a_goodbye_to_a_peer_that_reads_nothing_does_not_hold_up_the_end() -> None:
    async def run() -> None:
        async with joined() as (client, _, cable):
            cable.cut()
            fill(client)
            client.session.goodbye(ByeReason.LEAVING)
            client.connection.flush()
            await the_loop().move(CLOSING_LIMIT + 0.1)
            await client.connection.wait_closed()

    with_movable_clock(run())


async def test_output_stays_in_the_session_while_the_stream_takes_no_more_and_flows_when_it_does() -> None:
    async with joined() as (client, _, cable):
        cable.cut()
        fill(client)
        await asyncio.sleep(0)
        held, offered = client.session.output_size, client.room
        assert held > 0
        client.connection.flush()
        assert client.session.output_size == held
        cable.mend()
        await client.until(lambda: client.room > offered and not client.session.output_size)


def fill(end: End) -> None:
    """Announce the same feeds again and again until the stream takes no more."""
    feeds = [(n.to_bytes(32), Head(1, 1, bytes(32))) for n in range(1024)]
    while not end.session.output_size:
        end.session.announce(feeds, complete=True)
        end.connection.flush()


async def test_older_tls_is_not_spoken() -> None:
    server = End("bobb", Role.SERVER)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with listening(server) as (host, port):
        with pytest.raises(OSError):  # noqa: PT011  an alert or a reset, whichever is read first
            await asyncio.open_connection(host, port, ssl=context)
        assert server.connection.session is None


def test_the_certificate_names_nobody_and_no_moment_and_is_another_one_each_time() -> None:
    first, second = (x509.load_der_x509_certificate(make_certificate().der) for _ in range(2))
    assert list(first.subject) == list(first.issuer) == list(first.extensions) == []
    assert first.not_valid_before_utc == second.not_valid_before_utc
    assert first.not_valid_after_utc == second.not_valid_after_utc
    assert first.public_key() != second.public_key()


def test_no_key_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Tls()
    assert list(tmp_path.iterdir()) == []
