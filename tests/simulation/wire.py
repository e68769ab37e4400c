"""The network of the simulation: computers, what lies between them, and the connections that run over it.

- A connection carries bytes in order, cut anywhere, at a pace; it breaks, or hangs while a way is blocked, and goes on
  when the way is free again, as TCP does.
- A way is blocked in one direction. Over a way that is blocked, nobody can connect, and nobody learns of an end.
- Each connection has dice of its own: what happens on one does not change what happens on another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any, cast

from app.replication.candidate import Address, Candidate
from app.replication.transport import READ_BYTES
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.host import Host

CONNECT_LIMIT = 5.0  # seconds
ASKED_AGAIN = 45.0  # seconds between two questions by multicast about who is there
_LATE = 0.1  # seconds after which the second end learns that a connection broke


@dataclass(frozen=True, slots=True)
class Quality:
    """latency: seconds one way, drawn anew for each write up to double; rate: bytes per second."""

    latency: float = 0.001
    rate: float = 10_000_000.0


class End(asyncio.Transport):
    """One end of a connection: a socket until a protocol is attached to it, then its transport."""

    def __init__(self, wire: Wire, host: Host, ip: str, quality: Quality, dice: Random) -> None:
        super().__init__()
        self.host = host
        self.ip = ip
        self.other: End = self
        self.largest_backlog = 0
        self._wire = wire
        self._quality = quality
        self._dice = dice
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.BufferedProtocol | None = None
        self._early: list[bytes] = []  # came before the protocol did
        self._flying: deque[bytes | None] = deque()  # on the way to the other end
        self._held: deque[bytes | None] = deque()  # on the way here, which is blocked; None: the end
        self._backlog = 0  # bytes on their way to the other end
        self._high, self._low = 65_536, 16_384
        self._paused = False
        self._arrives = 0.0
        self._departs = 0.0
        self._closing = False
        self._lost = False

    # As a socket.

    def setsockopt(self, *_: object) -> None:
        pass

    def attach(self, protocol: asyncio.BufferedProtocol) -> asyncio.Future[None]:
        """After the time that TLS takes. Fails if the connection is broken by then."""
        attached = self._loop.create_future()

        def settle() -> None:
            if attached.done():  # nobody waits for it any more
                self.abort()
                return
            if self._lost:
                attached.set_exception(ConnectionResetError("the connection was reset"))
                return
            self._protocol = protocol
            attached.set_result(None)
            protocol.connection_made(self)
            early, self._early = self._early, []
            for data in early:
                self._give(data)

        self._call_later(2 * self._quality.latency, settle)
        return attached

    # As a transport.

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        match name:
            case "peername":
                return self.other.ip, 1
            case "sockname":
                return self.ip, 1
            case "ssl_object":
                return self.other.host.tls
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high, self._low = high or self._high, low or self._low

    def is_closing(self) -> bool:
        return self._closing or self._lost

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_closing() or not data:
            return
        self._wire.noted(self.host, self.other.host, len(data))
        self._backlog += len(data)
        self.largest_backlog = max(self.largest_backlog, self._backlog)
        self._send(bytes(data))
        if self._backlog > self._high and not self._paused and self._protocol is not None:
            self._paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """What was written still leaves."""
        if self.is_closing():
            return
        self._closing = True
        self._send(None)
        self._call_later(self._arrives - self._loop.time(), self._lose)

    def abort(self) -> None:
        if self._lost:
            return
        self._closing = True
        self._call_later(0.0, self._lose)
        self._call_later(self._quality.latency * (1 + self._dice.random()), self.other.reset)

    # What the network does to it.

    def cut(self) -> None:
        """Both ends learn of it, one a little later."""
        self.reset()
        self._call_later(self._dice.random() * _LATE, self.other.reset)

    def vanish(self) -> None:
        """This computer is gone without a word: the other end hears nothing more, and its bytes go nowhere."""
        self._lost = self._closing = True

    def reset(self) -> None:
        if not self._lost and self._wire.is_open(self.other.host, self.host):
            self._lose(ConnectionResetError("the connection was reset"))

    def freed(self) -> None:
        """The way here is free again: what waited comes now."""
        held, self._held = self._held, deque()
        for data in held:
            self._arrive(data)

    def _send(self, data: bytes | None) -> None:
        size = len(data) if data else 0
        now = self._loop.time()
        self._departs = max(now, self._departs) + size / self._quality.rate
        self._arrives = max(self._arrives, self._departs + self._quality.latency * (1 + self._dice.random()))
        self._flying.append(data)
        self._call_later(self._arrives - now, self.other._land)

    def _land(self) -> None:
        # In order, also if several arrive at the same time.
        self._arrive(self.other._flying.popleft())

    def _arrive(self, data: bytes | None) -> None:
        if self._lost:
            return
        if self._held or not self._wire.is_open(self.other.host, self.host):
            self._held.append(data)
        elif data is None:
            self._lose()
        elif self._protocol is None:
            self.other._left(len(data))
            self._early.append(data)
        else:
            self.other._left(len(data))
            self._give(data)

    def _give(self, data: bytes) -> None:
        position = 0
        while position < len(data) and not self._lost and self._protocol is not None:
            # Cut anywhere: mostly whole, now and then at an odd place.
            size = READ_BYTES if self._dice.random() < 0.8 else self._dice.choice((1, 5, 300, 1_448))
            part = data[position : position + size]
            position += len(part)
            cast(memoryview, self._protocol.get_buffer(len(part)))[: len(part)] = part
            self._protocol.buffer_updated(len(part))

    def _left(self, size: int) -> None:
        self._backlog -= size
        if self._paused and self._backlog <= self._low and not self._lost and self._protocol is not None:
            self._paused = False
            with self.host.acting():
                self._protocol.resume_writing()

    def _lose(self, error: Exception | None = None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self._wire.forget(self)
        self._wire.trace.say(self.host.name, f"connection to {self.other.host.name} ends ({error or 'closed'})")
        if self._protocol is not None:
            with self.host.acting():
                self._protocol.connection_lost(error)

    def _call_later(self, delay: float, call: Callable[..., object], *args: object) -> None:
        end = getattr(call, "__self__", self)
        with (end if isinstance(end, End) else self).host.acting():
            self._loop.call_later(max(0.0, delay), call, *args)


class Listener:
    """In the place of the listening sockets of one computer."""

    def __init__(self, wire: Wire, host: Host, on_connection: Callable[[End, str], None]) -> None:
        self.port = 0
        self._wire = wire
        self._host = host
        self.on_connection = on_connection

    def open(self, preferred: int) -> bool:
        self.port = preferred
        self._wire.listeners[self._host.name] = self
        return True

    def missing(self) -> list[str]:
        return []

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        if self._wire.listeners.get(self._host.name) is self:
            del self._wire.listeners[self._host.name]


class Multicast:
    """In the place of mDNS: a computer that comes, or comes back, is heard by those whom its packets reach."""

    def __init__(self, wire: Wire, host: Host, owner: Any, *, name: str, fingerprint: str, node: bytes) -> None:
        self.owner = owner
        self.failure = ""
        self._wire = wire
        self._host = host
        self._name, self._fingerprint, self._node = name, fingerprint, node
        self._port = 0

    async def run(self, port: int) -> None:
        self._port = port
        self._wire.announced[self._host.name] = self
        try:
            await asyncio.sleep(0.75)
            while True:
                self._wire.announce(self._host)
                await asyncio.sleep(ASKED_AGAIN)
        finally:
            if self._wire.announced.get(self._host.name) is self:
                del self._wire.announced[self._host.name]

    def network_changed(self) -> None:
        self._wire.announce(self._host)

    def candidate(self) -> Candidate:
        address = Address(self._host.ip, self._port)
        return Candidate(
            f"{self._host.name}._chat-tui._tcp.local.", self._name, "main", self._fingerprint, self._node, (address,)
        )


class Wire:
    def __init__(self, dice: Random, trace: Trace, *, multicast: bool) -> None:
        self.hosts: list[Host] = []
        self.listeners: dict[str, Listener] = {}
        self.announced: dict[str, Multicast] = {}
        self.ends: dict[End, None] = {}
        self.sent_bytes = 0
        self.sum = 0  # over all that went over the wire: equal for equal runs
        self.qualities: dict[frozenset[str], Quality] = {}
        self.trace = trace
        self._dice = dice
        self._multicast = multicast
        self._blocked: set[tuple[str, str]] = set()

    def is_open(self, source: Host, target: Host) -> bool:
        return (source.name, target.name) not in self._blocked

    def block(self, source: Host, target: Host) -> None:
        self._blocked.add((source.name, target.name))

    def free(self, source: Host, target: Host) -> None:
        if (source.name, target.name) in self._blocked:
            self._blocked.discard((source.name, target.name))
            for end in list(self.ends):
                if end.host is target and end.other.host is source:
                    with target.acting():
                        end.freed()

    def free_all(self) -> None:
        for source in self.hosts:
            for target in self.hosts:
                self.free(source, target)

    def between(self, a: Host, b: Host) -> list[End]:
        return [end for end in self.ends if end.host is a and end.other.host is b]

    def of(self, host: Host) -> list[End]:
        return [end for end in self.ends if end.host is host]

    def forget(self, end: End) -> None:
        self.ends.pop(end, None)

    def noted(self, source: Host, target: Host, size: int) -> None:
        self.sent_bytes += size
        written = f"{asyncio.get_running_loop().time():.9f} {source.name} {target.name} {size}"
        # A sum, because a node writes to its peers in no certain order.
        self.sum = (self.sum + int.from_bytes(blake2b(written.encode(), digest_size=8).digest())) % 2**64

    def announce(self, host: Host) -> None:
        """`host` says who it is, and asks who else is there."""
        mine = self.announced.get(host.name)
        if mine is None or not self._multicast:
            return
        for other in self.hosts:
            theirs = self.announced.get(other.name)
            if other is host or theirs is None:
                continue
            if self.is_open(host, other):
                self._tell(other, theirs, mine.candidate())
                if self.is_open(other, host):
                    self._tell(host, mine, theirs.candidate())

    def _tell(self, host: Host, hearer: Multicast, candidate: Candidate) -> None:
        if not hearer.owner.wants(candidate.name):
            return
        with host.acting():
            delay = 0.02 + 0.1 * self._dice.random()
            asyncio.get_running_loop().call_later(delay, self._hear, host, hearer, candidate)

    def _hear(self, host: Host, hearer: Multicast, candidate: Candidate) -> None:
        if self.announced.get(host.name) is hearer:
            hearer.owner.heard(candidate)

    async def connect(self, host: Host, address: Address) -> End:
        """As a dial over TCP ends: with a connection, refused, or in silence."""
        target = next((other for other in self.hosts if other.ip == address.host), None)
        if target is None:
            raise ConnectionRefusedError("nobody listens there")
        quality = self.qualities.get(frozenset((host.name, target.name)), Quality())
        dice = Random(self._dice.random())
        await asyncio.sleep(quality.latency * (1 + dice.random()))
        if target.powerless or not (self.is_open(host, target) and self.is_open(target, host)):
            await asyncio.sleep(CONNECT_LIMIT)
            raise TimeoutError("no answer")
        listener = self.listeners.get(target.name)
        if listener is None or listener.port != address.port:
            raise ConnectionRefusedError("nobody listens there")
        mine = End(self, host, host.ip, quality, Random(dice.random()))
        theirs = End(self, target, target.ip, quality, Random(dice.random()))
        mine.other, theirs.other = theirs, mine
        self.ends[mine] = self.ends[theirs] = None
        self.trace.say(host.name, f"connects to {target.name}")
        with target.acting():
            listener.on_connection(theirs, host.ip)
        return mine
