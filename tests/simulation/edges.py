"""The edges of a process, replaced: clock, randomness, threads, sockets, TLS and mDNS. What lies between them is real.

- Several nodes share this process. Whose code runs is known from a context variable, which follows tasks and timers.
- Randomness comes from the dice of whoever runs, so that one seed gives one run.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from hashlib import sha256
from socket import socket
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import app.door
import app.door_bell
import app.node
import app.replication.discovery
import app.replication.exchange
import app.replication.mesh
import app.replication.mesh_dialler
import app.replication.mesh_network
import app.replication.puller
import app.storage.check
import app.storage.environment
import app.storage.log
import app.storage.ranks
import app.storage.writer
from app.replication.addresses import LocalAddress
from app.replication.candidate import Address
from app.replication.exchange import Exchange
from tests.simulation.checker import BUDGET
from tests.simulation.disk import Bell, StillThread
from tests.simulation.wire import Listener, Multicast

if TYPE_CHECKING:
    from tests.simulation.host import Host

HOST: ContextVar[Host] = ContextVar("host")


class FakeTls:
    """A certificate that is told apart from others, and nothing else: what TLS does is tested elsewhere."""

    server = client = None

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate
        self.binding = sha256(certificate).digest()

    def getpeercert(self, *, binary_form: bool) -> bytes:
        return self._certificate


class _Threading:
    """In the place of the module `threading`, where the storage uses it."""

    Lock = threading.Lock
    current_thread = threading.current_thread
    Thread = StillThread

    @staticmethod
    def Condition(lock: object = None) -> Bell:  # noqa: N802  the module's name for it
        return Bell(HOST.get().disk)


class _Time:
    """In the place of the module `time`: each computer has a wall clock of its own."""

    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def time() -> float:
        return HOST.get().wall() / 1_000_000

    @staticmethod
    def time_ns() -> int:
        return HOST.get().wall() * 1_000


_urandom = os.urandom


def _random_bytes(size: int) -> bytes:
    host = HOST.get(None)
    return _urandom(size) if host is None else host.dice.randbytes(size)


def _listener(chosen: Sequence[str], on_connection: Callable[[socket, str], None]) -> Listener:
    host = HOST.get()
    return Listener(host.wire, host, cast(Any, on_connection))


def _discovery(owner: object, *, name: str, fingerprint: str, node: bytes, **_: object) -> Multicast:
    host = HOST.get()
    return Multicast(host.wire, host, owner, name=name, fingerprint=fingerprint, node=node)


async def _connect(address: Address, *_: object) -> object:
    host = HOST.get()
    return await host.wire.connect(host, address)


def _local_addresses() -> frozenset[LocalAddress]:
    return frozenset([LocalAddress("127.0.0.1", 8, "lo", True), LocalAddress(HOST.get().ip, 24, "eth0", True)])


def _prepare() -> FakeTls:
    host = HOST.get()
    host.tls = FakeTls(host.dice.randbytes(32))
    return host.tls


async def _listen_at_no_door(*_: object) -> None:
    await asyncio.get_running_loop().create_future()


def _exchange(*arguments: Any, **options: Any) -> Exchange:
    return HOST.get().make_exchange(*arguments, **options)


@contextmanager
def replaced(*, first_map: int) -> Iterator[None]:
    """For as long as a simulation runs. first_map: bytes that a database may have before its map must grow."""
    with ExitStack() as stack:

        def put(owner: object, name: str, stand_in: object) -> None:
            stack.enter_context(mock.patch.object(owner, name, stand_in))

        put(app.storage.writer, "threading", _Threading)
        put(app.storage.environment, "FIRST_MAP", first_map)
        put(app.replication.puller, "BUDGET_BYTES", BUDGET)
        for module in (app.storage.ranks, app.storage.check):  # so that a few hundred entries are many
            put(module, "CHUNK_ENTRIES", 16)
            put(module, "GROUP_CHUNKS", 4)
        put(app.storage.log, "refuse_network_file_system", lambda _: None)
        put(os, "urandom", _random_bytes)
        put(random, "_urandom", _random_bytes)
        put(app.door, "time", _Time)
        put(app.replication.mesh_network, "time", _Time)
        put(app.replication.mesh_dialler, "connect", _connect)
        put(app.replication.mesh, "Listener", _listener)
        put(app.replication.mesh_network, "local_addresses", _local_addresses)
        put(app.replication.mesh, "_prepare", _prepare)
        put(app.replication.discovery, "Discovery", _discovery)
        put(app.replication.exchange, "Exchange", _exchange)
        put(app.door_bell, "listen", _listen_at_no_door)
        yield
