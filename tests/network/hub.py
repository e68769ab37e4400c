"""A network whose cables lose, delay, double and throttle what goes over them: taps in hosts, joined by a thread here.

`tc netem` does the same where the kernel has it; this needs only /dev/net/tun and root, and draws from a seed.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.network.hosts import Host, NotPermittedError

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_CLONE_NEWNET = 0x40000000
_MDNS = (bytes.fromhex("01005e0000fb"), bytes.fromhex("3333000000fb"))
_QUEUED = 1.0  # seconds of a throttled cable's rate; what does not fit is lost, as in a real one's buffer


@dataclass(frozen=True, slots=True)
class Cable:
    """One direction between two hosts. loss, double: shares of frames; delay, jitter: seconds; rate: bits per second,
    None for any; cut: nothing goes; mdns: multicast DNS goes."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    double: float = 0.0
    rate: int | None = None
    cut: bool = False
    mdns: bool = True


class Hub:
    """Frames for all go to all, others to whom they are for. Changes of `cables` take effect at once."""

    def __init__(self, seed: int = 0) -> None:
        self.default = Cable()
        self.cables: dict[tuple[int, int], Cable] = {}  # from, to: the numbers of hosts
        self._dice = random.Random(seed)
        self._taps: dict[int, int] = {}
        self._places: dict[bytes, int] = {}  # hardware address: number of the host
        self._busy_until: dict[tuple[int, int], float] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []  # when, a count, to whom, what
        self._count = 0
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._thread.start()

    def attach(self, host: Host, number: int, *, interface: str = "eth0", subnet: str | None = None) -> None:
        """number: 1-250, the last part of the host's address."""
        tap = _open_tap(host.pid, interface)
        host.add_interface(interface, number, subnet)
        self._taps[number] = tap
        os.write(self._wake_write, b"x")

    def close(self) -> None:
        os.write(self._wake_write, b"q")
        self._thread.join()
        for descriptor in (*self._taps.values(), self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            taps = dict(self._taps)
            wait = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([self._wake_read, *taps.values()], [], [], wait)
            if self._wake_read in ready and b"q" in os.read(self._wake_read, 100):
                return
            for number, tap in taps.items():
                if tap in ready:
                    self._take(number, tap)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, to, frame = heapq.heappop(self._waiting)
                try:
                    os.write(self._taps[to], frame)
                except OSError:
                    continue  # that interface is down

    def _take(self, origin: int, tap: int) -> None:
        for _ in range(64):
            try:
                frame = os.read(tap, 65536)
            except OSError:
                return
            self._places[frame[6:12]] = origin
            target = None if frame[0] & 1 else self._places.get(frame[:6])
            for to in self._taps if target is None else (target,):
                if to != origin:
                    self._send(origin, to, frame)

    def _send(self, origin: int, to: int, frame: bytes) -> None:
        cable = self.cables.get((origin, to), self.default)
        if cable.cut or self._dice.random() < cable.loss or (frame[:6] in _MDNS and not cable.mdns):
            return
        now = time.monotonic()
        at = now
        if cable.rate is not None:
            free = max(now, self._busy_until.get((origin, to), 0.0))
            if free - now > _QUEUED:
                return
            at = self._busy_until[(origin, to)] = free + len(frame) * 8 / cable.rate
        for _ in range(2 if self._dice.random() < cable.double else 1):
            self._count += 1
            when = at + cable.delay + self._dice.random() * cable.jitter
            heapq.heappush(self._waiting, (when, self._count, to, frame))


@contextmanager
def hub(seed: int = 0) -> Iterator[Hub]:
    made = Hub(seed)
    try:
        yield made
    finally:
        made.close()


def _open_tap(process: int, interface: str) -> int:
    """An Ethernet interface in the network of a process; what is read from it was sent there."""
    opened: list[int | OSError] = []

    def inside() -> None:  # in a thread of its own, which alone changes to that network
        try:
            with Path(f"/proc/{process}/ns/net").open("rb") as space:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(space.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", interface.encode(), _IFF_TAP | _IFF_NO_PI))
            except OSError:
                os.close(tap)
                raise
            opened.append(tap)
        except OSError as error:
            opened.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    (result,) = opened
    if isinstance(result, OSError):
        raise NotPermittedError(f"no tap: {result}") from result
    return result
