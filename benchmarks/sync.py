"""How fast a node that has nothing gets everything: two processes, TLS on loopback, verified and durable.

Run: python -m benchmarks.sync [MESSAGES [AUTHORS]]      (default 100,000 by 1)
     python -m benchmarks.sync tls [MESSAGES [AUTHORS]]  the same with TLS and over bare TCP in turn, and the ratio

The clock runs from the receiver's first commit of others' entries to its last; connecting is told apart. CPU and the
receiver's peak memory are the operating system's own figures for the whole processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median

from app.config import Options
from app.frontier import Advance
from app.identity import Identity
from app.names import PeerSpec
from app.node import Node
from app.storage.log import Log
from benchmarks.clear import speak_clear
from tests.feeds import TestAuthor

TEXT = "x" * 84  # an entry of about 100 bytes


def wall() -> int:
    return time.time_ns() // 1000


def identity(name: str) -> Identity:
    return Identity.from_secret(sha256(name.encode()).digest())


def open_log(folder: Path, name: str) -> Log:
    return Log.open(folder, identity=identity(name), name=name, room="main", wall=wall)


def fill(folder: Path, name: str, messages: int, authors: int) -> None:
    log = open_log(folder, name)
    for number in range(authors):
        author = TestAuthor(f"author{number}")
        author.entries([TEXT] * (messages // authors), step=1000)
        runs = author.runs()
        for start in range(0, len(runs), 16):
            log.ingest(runs[start : start + 16]).result()
    log.close()


async def take_part(folder: Path, name: str, peer: str, entries: int) -> None:
    """One process: replicate; a receiver ends when it has `entries`, a sender when its stdin does."""
    log = open_log(folder, name)
    node = Node(log, identity(name), _options(folder, name, peer))
    done = threading.Event()
    moments: list[float] = []
    missing = entries

    def committed(advances: Sequence[Advance]) -> None:
        nonlocal missing
        gained = sum(a.head.seq - a.first + 1 for a in advances if a.feed != log.own_feed)
        if gained:
            moments.append(time.perf_counter())
            missing -= gained
            if missing <= 0:
                done.set()

    log.subscribe(committed)
    running = asyncio.create_task(node.run())
    await asyncio.to_thread(done.wait if entries else sys.stdin.read)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    log.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "seconds": moments[-1] - moments[0] if moments else 0.0,
        "commits": len(moments),
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss": usage.ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _options(folder: Path, name: str, peer: str) -> Options:
    return Options(name, folder, (PeerSpec(peer),), interfaces=("127.0.0.1",), port=0, admit=True)


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.sync", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measure(messages: int, authors: int, part: str = "part") -> float:
    """Messages per second."""
    tag = os.urandom(4).hex()
    sender, receiver = f"sender-{tag}", f"receiver-{tag}"
    with tempfile.TemporaryDirectory(prefix="chat-tui-sync-") as folder:
        fill(Path(folder, "s"), sender, messages, authors)
        left = start(part, f"{folder}/s", sender, receiver, "0")
        right = start(part, f"{folder}/r", receiver, sender, str(messages + authors))
        got, _ = right.communicate()
        gave, _ = left.communicate()
    receiving, sending = json.loads(got), json.loads(gave)
    seconds: float = receiving["seconds"]
    print(f"{messages:,} messages by {authors:,}: {messages / seconds:,.0f}/s in {seconds:.2f} s")
    print(f"  receiver: {receiving['cpu']:.2f} s CPU, {receiving['rss']:.0f} MiB peak, {receiving['commits']} commits")
    print(f"  sender:   {sending['cpu']:.2f} s CPU, {sending['rss']:.0f} MiB peak")
    return messages / seconds


def compare_with_bare_tcp(messages: int, authors: int) -> None:
    """What TLS costs: five of each in turn. The ratio is that of the medians, and its range that of the pairs."""
    pairs = []
    for _ in range(5):
        print("TLS:      ", end="")
        encrypted = measure(messages, authors)
        print("bare TCP: ", end="")
        pairs.append((encrypted, measure(messages, authors, "clear-part")))
    ratio = median(clear for _, clear in pairs) / median(encrypted for encrypted, _ in pairs)
    each = sorted(clear / encrypted for encrypted, clear in pairs)
    print(f"with TLS it takes {ratio:.2f} times as long ({each[0]:.2f} to {each[-1]:.2f})")


def main() -> None:
    if sys.argv[1:2] in (["part"], ["clear-part"]):
        if sys.argv[1] == "clear-part":
            speak_clear()
        folder, name, peer, entries = sys.argv[2:]
        asyncio.run(take_part(Path(folder), name, peer, int(entries)))
        return
    tls = sys.argv[1:2] == ["tls"]
    given = sys.argv[2:] if tls else sys.argv[1:]
    messages, authors = (int(word) for word in [*given, *["100000", "1"][len(given) :]])
    (compare_with_bare_tcp if tls else measure)(messages, authors)


if __name__ == "__main__":
    main()
