"""A node without a face for tests: a log, an exchange and a mesh on loopback, and what it was told."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from app.entry import Run
from app.frontier import Advance
from app.identity import Identity
from app.ingest import IngestReport
from app.names import PeerSpec, name_key
from app.replication.exchange import Exchange, ExchangeEvent
from app.replication.handshake import LocalHello, RemotePeer
from app.replication.mesh import Mesh
from app.replication.mesh_events import Admission, MeshEvent, PeerState, Verdict
from app.status import Notice, PeerPhase
from app.storage.log import Log

PATIENCE = 15.0  # seconds after which a test gives up; none waits that long when things work


def unique(name: str) -> str:
    """A name that no other test on this computer has: all of them hear each other's announcements."""
    return f"{name}-{os.urandom(5).hex()}"


async def poll(happened: Callable[[], bool]) -> None:
    """Wait for what nobody is told of: looked at each hundredth of a second."""
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.01)


class MeshNode:
    def __init__(self, name: str, peers: Sequence[PeerSpec], folder: Path, *, port: int = 0) -> None:
        self.name = name
        self.peers = peers
        self.folder = folder
        self.port = port
        self.devices: Sequence[PeerSpec] = ()
        self.identity = Identity.generate()
        self.events: list[MeshEvent | ExchangeEvent] = []
        self.times: list[float] = []
        self.admission: Callable[[RemotePeer], Admission] = self._admit_named
        self.asked_about: list[RemotePeer] = []
        self.mesh: Mesh
        self.log: Log
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MeshNode]:
        """The node from its start until it has left. It can be started again: same database, another run."""
        loop = asyncio.get_running_loop()
        self.events.clear()
        self.times.clear()
        self.folder.mkdir(exist_ok=True)
        self.log = Log.open(
            self.folder, identity=self.identity, name=self.name, room="main", wall=lambda: time.time_ns() // 1000
        )
        local = LocalHello(self.identity, self.log.node, os.urandom(8), self.name, "main")
        self.mesh = mesh = Mesh(
            local,
            self.peers,
            Exchange(self.log, self.log.own_feed, random=Random(1)),
            ingest=self._ingest,
            admit=self._admit,
            interfaces=["127.0.0.1"],
            port=self.port,
            devices=self.devices,
            random=Random(self.name),
            on_event=self._note,
        )

        def committed(advances: Sequence[Advance]) -> None:
            loop.call_soon_threadsafe(mesh.committed, advances)
            loop.call_soon_threadsafe(self._changed.set)

        self.log.subscribe(committed)
        task = asyncio.create_task(mesh.run())
        task.add_done_callback(lambda _: self._changed.set())
        try:
            await poll(lambda: mesh.port is not None or task.done())
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.log.close()
        if not task.cancelled() and task.exception():
            raise AssertionError("the mesh failed") from task.exception()

    async def until(self, happened: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Wait until `happened`, looked at whenever the node was told something or saved something."""
        async with asyncio.timeout(patience):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    async def until_connected(self, *names: str, patience: float = PATIENCE) -> None:
        await self.until(lambda: all(self.phase(name) is PeerPhase.CONNECTED for name in names), patience)

    async def until_holding(self, texts: Sequence[str]) -> None:
        await self.until(lambda: set(texts) <= set(self.texts()))

    async def until_connections(self, count: int) -> None:
        await poll(lambda: self.mesh.connections == count)

    def phases(self) -> list[PeerPhase]:
        return [event.phase for event in self.events if isinstance(event, PeerState)]

    def phase(self, name: str) -> PeerPhase | None:
        states = self.states(name)
        return states[-1].phase if states else None

    def states(self, name: str) -> list[PeerState]:
        return [e for e in self.events if isinstance(e, PeerState) and name_key(e.name) == name_key(name)]

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def texts(self) -> list[str]:
        return [found.entry.text or "" for found in self.log.after(bytes(16), 200)]

    def _note(self, event: MeshEvent | ExchangeEvent) -> None:
        self.events.append(event)
        self.times.append(time.monotonic())
        self._changed.set()

    def _admit(self, remote: RemotePeer) -> Admission:
        self.asked_about.append(remote)
        return self.admission(remote)

    def _admit_named(self, remote: RemotePeer) -> Admission:
        named = {name_key(peer.name) for peer in self.peers}
        return Admission(Verdict.ADMIT if name_key(remote.name) in named else Verdict.KNOCK)

    def _ingest(self, runs: Sequence[Run], via: bytes) -> asyncio.Future[IngestReport | None]:
        return asyncio.wrap_future(self.log.ingest(runs, via))  # type: ignore[arg-type]  # a report or nothing
