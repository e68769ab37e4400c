"""All connections of one node: listens, dials whom the roster says, watches the network, and ends it all together.

- Everything happens in one event loop; each task and each connection has an owner that ends it.
- The network brings `Closed` events, never exceptions.
- Cancelling `run` says goodbye on every session and on mDNS, and takes about a second at most.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from functools import partial
from random import Random
from socket import socket

from msgspec import Struct
from msgspec.structs import replace

from app import start_up
from app.errors import StorageError
from app.frontier import Advance
from app.names import PeerSpec, preferred_port
from app.replication.addresses import is_loopback, normal_address
from app.replication.candidate import Candidate
from app.replication.duplicates import Peer
from app.replication.exchange import Behind, Exchange, ExchangeEvent, Level, Misbehaved
from app.replication.handshake import LocalHello, RemotePeer, Role
from app.replication.mesh_dialler import Connecting, SelfConnectionError, in_words
from app.replication.mesh_events import Admission, MeshEvent, WayChanged
from app.replication.mesh_exchange import ExchangeDriver, Ingest
from app.replication.mesh_gate import Gate, Visit
from app.replication.mesh_listener import Listener
from app.replication.mesh_members import Member, Members
from app.replication.mesh_network import NetworkWatch
from app.replication.roster import Dial, Roster
from app.replication.session import Session
from app.replication.transport import Connection, Tls, accept, start, wait_closed
from app.status import Listening, Notice, PeerPhase
from app.text import one_line
from app.way import Reach, Way

_LOG = logging.getLogger(__name__)


class _Settings(Struct, frozen=True):
    """The arguments of `Mesh`; chosen: its interfaces in normal form."""

    local: LocalHello
    peers: Sequence[PeerSpec]
    exchange: Exchange
    ingest: Ingest
    admit: Callable[[RemotePeer], Admission]
    chosen: Sequence[str]
    port: int
    devices: Sequence[PeerSpec]
    random: Random
    on_event: Callable[[MeshEvent | ExchangeEvent], None]


class Mesh:
    def __init__(
        self,
        local: LocalHello,
        peers: Sequence[PeerSpec],
        exchange: Exchange,
        *,
        ingest: Ingest,
        admit: Callable[[RemotePeer], Admission],
        interfaces: Sequence[str],
        port: int | None,
        devices: Sequence[PeerSpec] = (),
        random: Random,
        on_event: Callable[[MeshEvent | ExchangeEvent], None],
    ) -> None:
        """All callables are called in the event loop, and are not to block.

        peers: with a fingerprint where a key is pinned; ingest: answers None when the disk failed; admit: asked about
        each peer that proved its key, and again by `reconsider`; interfaces: IP addresses to listen on, announce and
        dial from, empty for all; port: to listen at, 0 for any, None for the preferred one of the name; devices:
        addresses of other nodes of mine, which are also looked for without one.
        """
        self._settings = _Settings(
            local,
            peers,
            exchange,
            ingest,
            admit,
            [normal_address(address) for address in interfaces],
            preferred_port(local.name, local.room) if port is None else port,
            [
                PeerSpec(local.name, local.identity.fingerprint, device.host, device.port)
                for device in (PeerSpec(local.name), *devices)
            ],
            random,
            on_event,
        )
        self._run: _Run | None = None

    @property
    def port(self) -> int | None:
        """The TCP port that is listened at; None before `run` got there, or when nothing can be listened at."""
        return None if self._run is None else self._run.listener.port or None

    @property
    def connections(self) -> int:
        """How many connections there are, unfinished ones and duplicates that are about to go included."""
        return 0 if self._run is None else len(self._run.members)

    async def run(self) -> None:
        """Until cancelled. To be called once."""
        tls = await asyncio.to_thread(_prepare)
        start_up.keep()  # TLS and discovery are as much as all that was loaded before them
        goodbyes: list[Connection] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                self._run = run = _Run(self._settings, tls, tasks)
                try:
                    await run.work()
                finally:
                    goodbyes = run.leave()
        finally:
            await wait_closed(goodbyes)

    def committed(self, advances: Sequence[Advance]) -> None:
        """Entries became durable here, own or others'; also while `run` has yet to begin."""
        if self._run is None:  # no sessions: nothing follows from it, but the exchange must not miss it
            self._settings.exchange.committed(advances, asyncio.get_running_loop().time())
        else:
            self._run.driver.committed(advances)

    def way(self, name: str) -> Way | None:
        """What is known of the way to a named peer; None if nobody of that name is dialled."""
        return None if self._run is None else self._run.way(name)

    def looks_again(self, name: str, key: bytes | None) -> None:
        """A peer that was refused may come in now: it is no longer told to be refused."""
        if self._run is not None:
            self._run.members.tell(name, key, PeerPhase.CONNECTING, "looking for it")

    def reconsider(self) -> None:
        """The node's mind about people has changed: it is asked again about everybody who is connected, who was
        refused is dialled again, and what was withheld may be no more."""
        if self._run is not None:
            self._run.members.reconsider()
            self._run.driver.reconsider()
            self._run.redial()


class _Run:
    """One run of the mesh, from its first task to its last."""

    def __init__(self, settings: _Settings, tls: Tls, tasks: asyncio.TaskGroup) -> None:
        from app.replication.discovery import Discovery

        self._settings = settings
        self._tls = tls
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._gate = Gate()
        self._connecting = Connecting()
        self._at_the_door: set[socket] = set()  # accepted by the system, their tasks have yet to take their first step
        self._network = NetworkWatch(self._network_changed)
        local, chosen = settings.local, settings.chosen
        self._roster = Roster(
            settings.peers,
            room=local.room,
            own_node=local.node,
            loopback=next(filter(is_loopback, chosen), None) if chosen else "127.0.0.1",
            random=settings.random,
            now=self._loop.time(),
            devices=settings.devices,
        )
        self._discovery = Discovery(
            self,
            name=local.name,
            room=local.room,
            fingerprint=local.identity.fingerprint,
            node=local.node,
            chosen=chosen,
            local_addresses=lambda: self._network.present,
        )
        self.listener = Listener(chosen, self._accepted)
        self.driver = ExchangeDriver(
            settings.exchange,
            tasks,
            ingest=settings.ingest,
            on_output=self._output,
            on_event=self._exchange_event,
            on_store_error=self._store_error,
        )
        self.members = Members(
            Peer(local.identity.public, local.node),
            self._roster,
            self.driver,
            admit=settings.admit,
            on_state=settings.on_event,
            on_change=self._wake.set,
        )

    async def work(self) -> None:
        for name in self._roster.names():
            self.members.tell(name, None, PeerPhase.CONNECTING, "looking for it")
        self._listen()
        self._tasks.create_task(self._network.run())
        self._tasks.create_task(self._discovery.run(self.listener.port or self._settings.port))
        await self._dial_due()

    def leave(self) -> list[Connection]:
        """Nothing new begins. Answers the connections that say goodbye."""
        self.listener.close()
        self.driver.stop()
        for stream in self._at_the_door:  # a task that is cancelled before its first step runs not even its `finally`
            stream.close()
        return self.members.leave()

    def way(self, name: str) -> Way | None:
        way = self._roster.way(name)
        return way and replace(way, deaf=one_line(self._discovery.failure))

    def redial(self) -> None:
        self._roster.network_changed(self._loop.time())
        self._wake.set()

    def _output(self, session: Session) -> None:
        self.members.output(session)

    def _exchange_event(self, event: ExchangeEvent) -> None:
        if isinstance(event, Misbehaved):
            self.members.dismissed(event.session, event.text)
        elif isinstance(event, Level | Behind):
            self.members.progressed(event)
        self._settings.on_event(event)

    def _store_error(self, error: StorageError) -> None:
        self._settings.on_event(Notice(one_line(f"others cannot be sent all that is here: {error}"), urgent=True))

    # What discovery asks and says.

    def wants(self, name: str) -> bool:
        return self._roster.wants(name)

    def needs(self, name: str) -> bool:
        return self._roster.wants(name) and not self._roster.is_connected(name)

    def heard(self, candidate: Candidate) -> None:
        before = self._roster.found()
        self._roster.heard(candidate, self._loop.time())
        self._tell_found(before)
        self._connecting.give_up(candidate.addresses)
        self._wake.set()

    def gone(self, instance: str) -> None:
        before = self._roster.found()
        self._roster.gone(instance, self._loop.time())
        self._tell_found(before)

    def _tell_found(self, before: Set[str]) -> None:
        for name in sorted(before ^ self._roster.found()):
            self._settings.on_event(WayChanged(name))

    def notice(self, text: str) -> None:
        self._settings.on_event(Notice(one_line(text)))

    # Listening.

    def _listen(self) -> None:
        wanted = self._settings.port
        try:
            if not self.listener.open(wanted):
                self.notice(f"port {wanted} is taken on this computer: listening at port {self.listener.port}")
        except OSError as error:
            self.notice(f"others cannot connect to this computer, it can only dial: {error.strerror or error}")
        for address in self.listener.missing():
            self.notice(f"this computer does not have the address {address}: waiting for it")
        self._settings.on_event(Listening(self.listener.port))

    def _accepted(self, stream: socket, address: str) -> None:
        def turn_out() -> None:
            if (serving := began()) is not None:
                serving.cancel()

        visit = self._gate.enter(address, self._loop.time(), turn_out)
        if visit is None:
            stream.close()
            return
        self._at_the_door.add(stream)
        task = self._tasks.create_task(self._serve_inbound(stream, visit))
        began = weakref.ref(task)  # a cancelled task holds its frame, which has the visit: they would be a circle
        task.add_done_callback(lambda _: self._served(stream))

    async def _serve_inbound(self, stream: socket, visit: Visit) -> None:
        self._at_the_door.discard(stream)
        member = self._new_member(Role.SERVER, None)
        member.on_proved = partial(self._proved, visit)
        try:
            await accept(stream, member.connection, self._tls)
            await member.connection.wait_closed()
        except OSError as error:  # no TLS, or none in time: the gate takes note
            member.story.failed(error)
        finally:
            self._failed(visit)
            if member.remote is None:
                member.connection.abort()
            self.members.forget(member)

    def _served(self, stream: socket) -> None:
        if stream in self._at_the_door:  # a task that is cancelled before its first step runs not even its `finally`
            self._at_the_door.discard(stream)
            stream.close()

    def _proved(self, visit: Visit, welcome: bool) -> None:
        if welcome:
            self._gate.passed(visit, self._loop.time())
        else:
            self._failed(visit)

    def _failed(self, visit: Visit) -> None:
        delay = self._gate.failed(visit, self._loop.time())
        if delay:
            _LOG.warning("connections from %s keep failing: turned away for %d s", visit.address, delay)

    # Dialling.

    async def _dial_due(self) -> None:
        while True:
            now = self._loop.time()
            for dial in self._roster.due(now):
                self._tasks.create_task(self._serve_outbound(dial))
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._roster.deadline(now)):
                    await self._wake.wait()
            self._wake.clear()

    async def _serve_outbound(self, dial: Dial) -> None:
        member = self._new_member(Role.CLIENT, dial)
        try:
            stream = await self._connecting.to(dial.address, self._settings.chosen, self._network.present)
            member.reach = Reach.STRANGE  # until it has proved who it is
            if self._roster.is_obsolete(dial):
                member.reach = Reach.UNTRIED
                stream.close()
                return
            await start(stream, member.connection, self._tls)
            await member.connection.wait_closed()
        except SelfConnectionError:
            self._roster.met_myself(dial)
        except OSError as error:  # nobody there: the roster says when to try again
            member.story.failed(error)
            member.why = in_words(error)
        finally:
            self.members.forget(member)

    def _new_member(self, role: Role, dial: Dial | None) -> Member:
        member = Member(dial)
        member.connection = Connection(
            role,
            self._settings.local,
            self._tls,
            on_events=partial(self.members.received, member),
            on_writable=partial(self.members.writable, member),
            on_secured=partial(self.members.secured, member),
        )
        self.members.add(member)
        return member

    def _network_changed(self) -> None:
        with suppress(OSError):  # the port is taken on an address that came: others reach us at the remaining ones
            self.listener.refresh()
        self.members.drop_from(frozenset(address.ip for address in self._network.present))
        self._roster.network_changed(self._loop.time())
        self._connecting.give_up()
        self._discovery.network_changed()
        self._wake.set()


def _prepare() -> Tls:
    """Make a key, and import what is slow to import: together longer than a frame, so it is done in a thread."""
    import app.replication.discovery  # noqa: F401

    return Tls()
