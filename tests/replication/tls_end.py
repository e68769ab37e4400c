"""One end of a TLS connection with its session, driven by a test and owned by no mesh."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from app.identity import Identity
from app.replication.events import Closed, Event
from app.replication.handshake import LocalHello, Role
from app.replication.session import Session
from app.replication.transport import Connection, Tls, start


@dataclass
class End:
    """One end of a connection, and what its session told."""

    name: str
    role: Role
    tls: Tls = field(default_factory=Tls)
    events: list[Event] = field(default_factory=list)
    room: int = 0
    identity: Identity = field(default_factory=Identity.generate)

    def __post_init__(self) -> None:
        self.changed = asyncio.Event()
        local = LocalHello(self.identity, self.name.encode() * 4, b"run12345", self.name, "main")
        self.connection = Connection(self.role, local, self.tls, on_events=self._note, on_writable=self._offered)

    def _offered(self) -> None:
        self.room += 1
        self.changed.set()

    def _note(self, events: list[Event]) -> None:
        self.events += events
        self.changed.set()

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not happened():
                self.changed.clear()
                await self.changed.wait()

    async def until_closed(self) -> Closed:
        await self.until(lambda: any(isinstance(event, Closed) for event in self.events))
        return next(event for event in self.events if isinstance(event, Closed))

    async def until_told(self, kind: type[Event]) -> None:
        await self.until(lambda: any(isinstance(event, kind) for event in self.events))

    @property
    def session(self) -> Session:
        assert self.connection.session is not None
        return self.connection.session


async def dial(client: End, address: tuple[str, int]) -> None:
    stream = socket.socket()
    stream.setblocking(False)
    await asyncio.get_running_loop().sock_connect(stream, address)
    await start(stream, client.connection, client.tls)
