"""A process of one or more nodes that a benchmark drives: python -m benchmarks.participant CONFIGURATION

Commands come as JSON, one a line, and are carried out one after another. What is measured is the program itself:
`Node` over `Log`, with its own discovery, TLS and fsync, on 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from app import start_up
from app.config import Options
from app.frontier import Advance
from app.names import PeerSpec, name_key
from app.node import Node
from app.replication import discovery, mesh  # noqa: F401  so that importing them is not measured
from benchmarks import histories
from benchmarks.children import LOOK_EVERY, Answer
from benchmarks.clear import speak_clear
from benchmarks.counted import COUNT, count_sessions


class Member:
    """A node, and what became durable in its log."""

    def __init__(self, folder: Path, name: str, port: int, peers: Sequence[tuple[str, int]]) -> None:
        self.log = histories.open_log(folder / name, name)
        named = tuple(PeerSpec(peer, host="127.0.0.1", port=at) for peer, at in peers if peer != name)
        options = Options(name, folder, named, interfaces=("127.0.0.1",), port=port, admit=True)
        self.node = Node(self.log, histories.identity(name), options)
        self.names = frozenset(name_key(peer.name) for peer in named)
        self.others = 0  # entries by others
        self.last = 0.0  # when the last of them became durable
        self.commits: list[int] = []  # entries in each commit
        self.changed = threading.Condition()
        self.log.subscribe(self._committed)

    def _committed(self, advances: Sequence[Advance]) -> None:
        gained = sum(a.head.seq - a.first + 1 for a in advances if a.feed != self.log.own_feed)
        if gained:
            with self.changed:
                self.last = time.monotonic()
                self.others += gained
                self.commits.append(gained)
                self.changed.notify_all()

    def wait(self, entries: int) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.others >= entries)

    async def settle(self) -> float:
        """When every named peer and this node hold the same."""
        level = asyncio.Event()
        moment = 0.0

        def look(_event: object) -> None:
            nonlocal moment
            if not level.is_set() and {name_key(name) for name in self.node.settled()} >= self.names:
                moment = time.monotonic()
                level.set()

        unsubscribe = self.node.subscribe(look)
        look(None)
        await level.wait()
        unsubscribe()
        return moment


class Participant:
    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._running: list[asyncio.Task[None]] = []
        self._commands: dict[str, Callable[..., Awaitable[Answer]]] = {
            "start": self.start,
            "until": self.until,
            "settle": self.settle,
            "sent": self.sent,
            "append": self.append,
            "tell": self.tell,
            "follow": self.follow,
            "figures": self.figures,
        }

    async def serve(self) -> None:
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            given = json.loads(line)
            _say(await self._commands[given.pop("command")](**given))
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for member in self._members:
            member.log.close()

    async def start(self) -> Answer:
        self._running = [asyncio.create_task(member.node.run()) for member in self._members]
        return {}

    async def until(self, entries: int) -> Answer:
        """Every member has so many entries by others."""
        for member in self._members:
            await asyncio.to_thread(member.wait, entries)
        return {
            "last": max(member.last for member in self._members),
            "connected": min(COUNT.began),
            "commits": self._members[0].commits,
        }

    async def settle(self) -> Answer:
        moments = [await member.settle() for member in self._members]
        return {"settled": max(moments), "connected": min(COUNT.began)}

    async def sent(self, size: int) -> Answer:
        """So many bytes have been handed to the network."""
        while COUNT.sent < size:  # noqa: ASYNC110  a look costs less than telling would, for each slice
            await asyncio.sleep(LOOK_EVERY)
        return {}

    async def append(self, messages: int, interval: float = 0.0, after: float = 0.0) -> Answer:
        """The first one after so many seconds, and each of the others `interval` later."""
        texts = histories.texts(messages)
        begun = time.monotonic() + after
        for number, text in enumerate(texts):
            if interval:
                await asyncio.sleep(max(0.0, begun + number * interval - time.monotonic()))
            for member in self._members:
                member.node.send(text)
        return {"begun": begun}

    async def tell(self, messages: int, interval: float) -> Answer:
        for _ in range(messages):
            await asyncio.sleep(interval)
            self._members[0].node.send(f"{time.monotonic():.9f}".ljust(histories.TEXT_BYTES, "."))
        return {}

    async def follow(self, messages: int) -> Answer:
        """How long each of the next messages took to come here, in seconds. Answers twice: first when it listens."""
        times: list[float] = []
        log = self._members[0].log
        batches = log.follow(log.frontier())
        _say({})
        async for batch in batches:
            now = time.monotonic()
            times.extend(now - float(entry.entry.text.rstrip(".")) for entry in batch if entry.entry.text)
            if len(times) >= messages:
                break
        return {"times": times}

    async def figures(self) -> Answer:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "cpu": usage.ru_utime + usage.ru_stime,
            "received": COUNT.received,
            "sent": COUNT.sent,
            "others": sum(member.others for member in self._members),
        }


def _say(answer: Answer) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main() -> None:
    start_up.begin()  # the program does, too
    given = json.loads(sys.argv[1])
    count_sessions()
    if given["clear"]:
        speak_clear()
    folder = Path(given["folder"])
    peers = [(str(name), int(port)) for name, port in given["peers"]]
    members = [Member(folder, name, port, peers) for name, port in given["members"]]
    start_up.end()
    await Participant(members).serve()


if __name__ == "__main__":
    asyncio.run(main())
