"""One simulated computer: the real node, mesh, exchange and database, started, crashed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from app.config import Face, Options
from app.errors import StorageError
from app.frontier import Head
from app.identity import Identity
from app.names import PeerSpec
from app.node import Node
from app.replication.exchange import Diverged, Exchange, Held, Level, Misbehaved
from app.status import NodeEvent, Notice, PeerStatus
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.timeline import TimelineEntry
from tests.simulation.checker import Checker, Store
from tests.simulation.disk import Disk
from tests.simulation.edges import HOST, FakeTls
from tests.simulation.wire import Wire

MOST_TO_LEAVE = 1.5  # seconds
_FIRST_DAY = 1_700_000_000_000_000  # microseconds since 1970


class WatchedNode(Node):
    """A node whose claims are checked as it makes them."""

    def __init__(self, host: Host, log: Log, identity: Identity, options: Options) -> None:
        super().__init__(log, identity, options)
        self._watched = host

    def _on_event(self, event: Any) -> None:
        match event:
            case Held():
                self._watched.checker.held(self._watched, event)
            case Level(session):
                self._watched.checker.level(self._watched, session)
            case Misbehaved():
                self._watched.checker.blamed(self._watched, event)
            case Diverged():
                self._watched.checker.diverged(self._watched, event)
        super()._on_event(event)

    def _tell(self, event: NodeEvent) -> None:
        trace = self._watched.wire.trace
        match event:
            case Notice(text):
                trace.say(self._watched.name, f"says: {text}")
            case PeerStatus(name, phase, detail, missing, lacking) if trace.on:
                trace.say(self._watched.name, f"{name}: {phase.value}, {detail}, {missing} here, {lacking} there")
        super()._tell(event)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database, and what was in it."""

    data: bytes
    store: Store


class Host:
    def __init__(
        self,
        name: str,
        folder: Path,
        wire: Wire,
        checker: Checker,
        dice: Random,
        *,
        peers: tuple[PeerSpec, ...],
        ip: str,
        person: str | None = None,
        exchange: Callable[..., Exchange] = Exchange,
        honest: bool = True,
        is_open: bool = True,
    ) -> None:
        """name: of the computer; person: whose it is, if that is another name."""
        self.name = name
        self.person = person or name
        self.ip = ip
        self.wire = wire
        self.checker = checker
        self.honest = honest
        self.dice = Random(dice.random())
        self.disk = Disk(self, Random(dice.random()))
        self.identity = Identity.from_secret(sha256(self.person.encode()).digest())
        self.store = Store()
        self.tls = FakeTls(b"")
        self.powerless = False
        self.life = 0
        self.log: Log | None = None
        self.node: WatchedNode | None = None
        self.exchange: Exchange | None = None
        self.clock_offset = 0  # microseconds that the wall clock is off
        self.clock_step = 1  # microseconds; that of some systems goes in steps of many milliseconds
        self._folder = folder / name
        self._make_exchange = exchange
        self._running: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self.options = Options(self.person, folder, peers, face=Face.HEADLESS, open=is_open, admit=True)

    @property
    def up(self) -> bool:
        return self.log is not None

    def wall(self) -> int:
        now = asyncio.get_running_loop().time()
        wall = _FIRST_DAY + int(now * 1_000_000) + self.clock_offset
        return wall - wall % self.clock_step

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """What is done here is done on this computer."""
        token = HOST.set(self)
        try:
            yield
        finally:
            HOST.reset(token)

    def make_exchange(self, *arguments: Any, **options: Any) -> Exchange:
        self.exchange = self._make_exchange(*arguments, **options)
        return self.exchange

    def start(self) -> None:
        if self.up:
            return
        self.powerless = False
        self.life += 1
        with self.acting():
            self.log = log = Log.open(
                self._folder, identity=self.identity, name=self.person, room="main", wall=self.wall
            )
            self.disk.attach(log)
            self.checker.opened(self, log)
            log.subscribe(lambda advances: self.checker.committed(self, log, advances))
            self.node = WatchedNode(self, log, self.identity, self.options)
            loop = asyncio.get_running_loop()
            self._reading = loop.create_task(self._read(log, self.life))
            self._running = loop.create_task(self._run(self.node))

    async def crash(self, *, with_last: bool, power: bool) -> None:
        """power: nobody is told; else the system closes the connections. It is off when this returns."""
        if self.log is None:
            return
        log, self.log, self.node = self.log, None, None
        for end in self.wire.of(self):
            if power:
                end.vanish()
                self.wire.forget(end)
            else:
                end.abort()
        self.powerless = power
        with self.acting():
            self.disk.crash(with_last=with_last)
            await self._end()
            log._env.close()
            log._lock.release()

    async def stop(self) -> None:
        """As a person ends the program."""
        if self.log is None:
            return
        log, self.log = self.log, None
        with self.acting():
            await self._end()
            log.close()
        self.node = None

    async def _end(self) -> None:
        begin = asyncio.get_running_loop().time()
        tasks = [task for task in (self._running, self._reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if asyncio.get_running_loop().time() - begin > MOST_TO_LEAVE:
            self.checker.fail(f"{self.name} takes too long to leave")

    def pull_the_plug(self) -> None:
        """At the end of a run that failed."""
        if self.log is not None:
            self.disk.crash(with_last=False)
            self.log._env.close()
            self.log._lock.release()
            self.log = None

    def append(self, text: str) -> Future[TimelineEntry] | None:
        return None if self.log is None else self.log.append(text)

    def backup(self) -> Backup | None:
        """What a copy program gets that runs between two commits."""
        path = self._folder / DATA_FILE
        return Backup(path.read_bytes(), self.store.copy()) if path.exists() else None

    def restore(self, backup: Backup, *, in_place: bool) -> None:
        """While it is off. in_place: as a snapshot of the file system does it; else the file is a new one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / DATA_FILE
        if in_place:
            path.write_bytes(backup.data)
        else:
            path.with_name("copy").write_bytes(backup.data)
            path.with_name("copy").rename(path)
        self.store = backup.store.copy()

    def lose_disk(self) -> None:
        """While it is off."""
        shutil.rmtree(self._folder, ignore_errors=True)  # it may be lost already
        self.store = Store()

    @property
    def folder(self) -> Path:
        return self._folder

    def frontier(self) -> dict[bytes, Head]:
        return {} if self.log is None else self.log.frontier()

    async def _run(self, node: Node) -> None:
        try:
            await node.run()
        except asyncio.CancelledError:
            return
        except Exception as error:
            self.checker.fail(f"{self.name} ended with {error!r}")
        self.checker.fail(f"{self.name} ended by itself")

    async def _read(self, log: Log, life: int) -> None:
        """As the screen and line mode do: everything once, first what is there, then what lands."""
        with contextlib.suppress(asyncio.CancelledError, StorageError):
            async for entries in log.follow({}):
                self.checker.told(self, life, entries)
