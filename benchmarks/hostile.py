"""What those who mean harm cost a node: the processor time it spends while one of them does his worst, for a while.

Run: python -m benchmarks.hostile members              a member asks, again and again, in the ways that cost most
     python -m benchmarks.hostile strangers [ADDRESS …]  handshakes as fast as they are let, from these addresses

The node is a process of its own; its time is the operating system's figure for it, and the first seconds, in which
what is allowed at once is used up, are told apart. Addresses other than those of loopback, to which other rules apply,
have to be this computer's: best in a network of its own (unshare -rn).
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from app.config import Options
from app.entry import MAX_SEQ, MIN_ENTRY_BYTES
from app.identity import Identity
from app.names import PeerSpec
from app.node import Node
from app.replication import frames
from app.replication.events import Admitted, Authenticated, Closed, Event, RunsReceived
from app.replication.handshake import LocalHello, Role
from app.replication.transport import Connection, Tls, start
from app.storage.log import Log
from tests.feeds import TestAuthor

BURST_SECONDS, SECONDS = 4.0, 10.0
TEXT = "x" * 84  # an entry of about 100 bytes
UNITS_PER_SECOND = 2_000  # of section 4.4 of the protocol: just below what gets somebody sent away
SPANS = 30
TICKS = os.sysconf("SC_CLK_TCK")


def identity(name: str) -> Identity:
    return Identity.from_secret(sha256(name.encode()).digest())


def open_log(folder: Path) -> Log:
    return Log.open(folder, identity=identity("bob"), name="bob", room="main", wall=lambda: time.time_ns() // 1000)


def authors() -> tuple[TestAuthor, TestAuthor]:
    """One of usual messages, and one of entries as short as can be."""
    usual, short = TestAuthor("alice"), TestAuthor("mallory")
    usual.entries([TEXT] * 20_000)
    for _ in range(SPANS * 65_536 // MIN_ENTRY_BYTES):
        short.add(b"\x00" * MIN_ENTRY_BYTES)
    return usual, short


def fill(folder: Path) -> None:
    """bob's log: what both have written, in runs as long as can be."""
    log = open_log(folder)
    for author in authors():
        for run in author.runs():
            log.ingest([run]).result()
    log.close()


async def be_bob(folder: Path, address: str) -> None:
    log = open_log(folder)
    options = Options("bob", folder, (PeerSpec("mallory"),), interfaces=(address,), port=0, admit=True)
    node = Node(log, identity("bob"), options)
    running = asyncio.create_task(node.run())
    while node._mesh is None or node._mesh.port is None:  # noqa: ASYNC110  there is no event to wait for
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{node._mesh.port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    log.close()


class Bob:
    """The process of the node, and what it has cost."""

    def __init__(self, folder: Path, address: str) -> None:
        command = [sys.executable, "-m", "benchmarks.hostile", "bob", str(folder), address]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._process.stdout is None:
            raise RuntimeError("no pipe to the node")
        self.address = address, int(self._process.stdout.readline())

    @property
    def cpu(self) -> float:
        """Seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory(self) -> int:
        """Bytes."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def end(self) -> None:
        self._process.communicate()


class Mallory:
    """One end of a connection to bob; says what it likes."""

    def __init__(self, name: str, tls: Tls) -> None:
        self.identity = identity(name)
        local = LocalHello(self.identity, os.urandom(16), os.urandom(8), name, "main")
        self.connection = Connection(Role.CLIENT, local, tls, on_events=self._note, on_writable=lambda: None)
        self.asked = 0
        self.answers = 0
        self.bytes = 0
        self.open = asyncio.Event()
        self.proved = asyncio.Event()
        self.closed = ""

    async def dial(self, address: tuple[str, int], source: str = "") -> None:
        stream = socket.socket()
        stream.setblocking(False)
        try:
            if source:
                stream.bind((source, 0))
            await asyncio.get_running_loop().sock_connect(stream, address)
            await start(stream, self.connection, tls=self.connection._tls)
        except OSError:
            stream.close()
            raise

    def _note(self, events: list[Event]) -> None:
        session = self.connection.session
        for event in events:
            match event:
                case Authenticated():
                    if session is not None:
                        session.admit(True)
                    self.proved.set()
                case Admitted():
                    self.open.set()
                case RunsReceived():
                    self.answers += event.end
                    self.bytes += event.size
                case Closed():
                    self.closed = event.text
                    self.open.set()
                    self.proved.set()

    def say(self, frame: frames.Frame) -> None:
        session = self.connection.session
        if session is not None and not session.closed:
            if isinstance(frame, frames.WantFrame):
                session._wants = frame.id
            session._send(frame)
            self.connection.flush()


async def ask(mallory: Mallory, until: float, ranges: Callable[[int], list[tuple[int, int, int]]]) -> None:
    """Wants with these ranges, eight unanswered, at the allowed rate."""
    loop, units = asyncio.get_running_loop(), 0.0
    at = loop.time()
    while loop.time() < until and not mallory.closed:
        now = loop.time()
        units, at = min(units + (now - at) * UNITS_PER_SECOND, UNITS_PER_SECOND), now
        wanted = ranges(mallory.asked)
        cost = 1 + 4 * len(wanted)
        if mallory.asked - mallory.answers < 8 and units >= cost:
            units -= cost
            mallory.asked += 1
            mallory.say(frames.WantFrame(mallory.asked, tuple(frames.NumberedRange(*each) for each in wanted)))
        else:
            await asyncio.sleep(0.002)


async def measure(bob: Bob, what: str, do: Callable[[float], Awaitable[str]]) -> None:
    loop = asyncio.get_running_loop()
    for stretch, seconds in (("at first", BURST_SECONDS), ("then", SECONDS)):
        before, began = bob.cpu, loop.time()
        said = await do(began + seconds)
        share = (bob.cpu - before) / (loop.time() - began)
        print(f"{what}, {stretch}: {100 * share:.1f} % of a core {said}", flush=True)


async def members(folder: Path) -> None:
    bob, tls = Bob(folder, "127.0.0.1"), Tls()
    mallory = Mallory("mallory", tls)
    await mallory.dial(bob.address)
    await mallory.open.wait()
    await asyncio.sleep(1.0)
    numbers = mallory.connection.session._theirs  # type: ignore[union-attr]
    feeds = {name: numbers.number(TestAuthor(name).feed) for name in ("alice", "mallory")}

    async def asking(until: float, ranges: Callable[[int], list[tuple[int, int, int]]]) -> str:
        before, began = mallory.bytes, time.monotonic()
        await ask(mallory, until, ranges)
        return f"({(mallory.bytes - before) / (time.monotonic() - began) / 2**20:.1f} MiB/s sent) {mallory.closed}"

    async def pinging(until: float) -> str:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            for _ in range(UNITS_PER_SECOND // 100):
                mallory.say(frames.Ping(1))
            await asyncio.sleep(0.01)
        return mallory.closed

    def last_of_spans(author: TestAuthor) -> Callable[[int], list[tuple[int, int, int]]]:
        number, ends = feeds[author.name], [run.last for run in author.runs()[:-1]]
        return lambda n: [(number, ends[(n * 15 + i) % len(ends)], ends[(n * 15 + i) % len(ends)]) for i in range(15)]

    async def reconnecting(until: float) -> str:
        loop, count, failures = asyncio.get_running_loop(), 0, 0
        while loop.time() < until:
            other = Mallory("mallory", tls)
            try:
                await other.dial(bob.address)
                await other.proved.wait()
                count += not other.closed
            except OSError:
                failures += 1
            other.connection.abort()
        return f"({count / SECONDS:.0f} a second let in, {failures / SECONDS:.0f} not)"

    usual, short = map(last_of_spans, authors())
    for what, ranges in (
        ("one message of each 64 KiB, again and again", usual),
        ("the same of entries of 8 bytes", short),
        ("everything, again and again", lambda n: [(feeds["alice"], 1, MAX_SEQ)]),
        ("entries of 8 bytes, all, again and again", lambda n: [(feeds["mallory"], 1, MAX_SEQ)]),
    ):
        await measure(bob, what, lambda until, ranges=ranges: asking(until, ranges))  # type: ignore[misc]
    await measure(bob, "pings", pinging)
    mallory.connection.abort()
    await measure(bob, "coming and going", reconnecting)
    bob.end()


async def strangers(folder: Path, addresses: list[str]) -> None:
    here = addresses or ["127.0.0.1"]
    bob, tls = Bob(folder, here[0]), Tls()
    number = 0

    async def one(source: str, until: float, counts: list[int]) -> None:
        nonlocal number
        while asyncio.get_running_loop().time() < until:
            number += 1
            stranger = Mallory(f"stranger{number}", tls)
            try:
                async with asyncio.timeout(5):
                    await stranger.dial(bob.address, source)
                    await stranger.proved.wait()
                    counts[0] += 1
            except (OSError, TimeoutError):
                counts[1] += 1
                await asyncio.sleep(0.01)
            stranger.connection.abort()

    async def handshakes(until: float) -> str:
        counts, began = [0, 0], time.monotonic()
        await asyncio.gather(*(one(source, until, counts) for source in here for _ in range(4 if len(here) < 8 else 1)))
        seconds = time.monotonic() - began
        return f"({counts[0] / seconds:.1f} handshakes a second, {counts[1] / seconds:.0f} turned away)"

    await measure(bob, f"strangers at {len(here)} addresses", handshakes)
    bob.end()


async def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "bob":
        await be_bob(Path(rest[0]), rest[1])
        return
    with tempfile.TemporaryDirectory(prefix="chat-tui-hostile-") as folder:
        path = Path(folder, "bob")
        fill(path)
        await (members(path) if what == "members" else strangers(path, rest))


if __name__ == "__main__":
    asyncio.run(main())
