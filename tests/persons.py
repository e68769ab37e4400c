"""People with keys and databases, whose nodes meet on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.config import Options
from app.frontier import Advance
from app.identity import Identity
from app.names import PeerSpec
from app.node import Node
from app.status import NodeEvent, Notice, PeerPhase
from app.storage.log import Log
from app.timeline import FIRST_KEY
from tests.replication.mesh_node import PATIENCE, unique


class Person:
    """Somebody with a key and a database, whose node can be started again and again."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.identity = Identity.generate()
        self.events: list[NodeEvent] = []
        self.node: Node
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def chatting(
        self, *peers: PeerSpec | str, admit_all: bool = False, admit: bool = False
    ) -> AsyncIterator[Person]:
        specs = tuple(PeerSpec(peer) if isinstance(peer, str) else peer for peer in peers)
        options = Options(self.name, self.folder, specs, interfaces=("127.0.0.1",), port=0, open=admit_all, admit=admit)
        log = Log.open(
            self.folder, identity=self.identity, name=self.name, room="main", wall=lambda: time.time_ns() // 1000
        )
        self.events.clear()
        self.node = Node(log, self.identity, options)
        self.node.subscribe(self._note)
        loop = asyncio.get_running_loop()

        def committed(_: Sequence[Advance]) -> None:
            loop.call_soon_threadsafe(self._changed.set)

        log.subscribe(committed)
        running = asyncio.create_task(self.node.run())
        try:
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            log.close()

    async def says(self, text: str) -> None:
        await asyncio.wrap_future(self.node.send(text))

    def reads(self) -> list[str]:
        return [found.entry.text or "" for found in self.node.log.after(FIRST_KEY, 200)]

    async def until(self, happened: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not happened():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} was told {self.events}, and reads {self.reads()}") from None

    def phase(self, name: str) -> PeerPhase | None:
        return next((status.phase for status in self.node.statuses() if status.name == name), None)

    def notices(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Notice))

    def last_notice(self) -> str:
        return [event.text for event in self.events if isinstance(event, Notice)][-1]

    def _note(self, event: NodeEvent) -> None:
        self.events.append(event)
        self._changed.set()


@pytest.fixture
def people(tmp_path: Path) -> Callable[[str], Person]:
    def make(name: str) -> Person:
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        return Person(unique(name), folder)

    return make
