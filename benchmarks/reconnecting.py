"""Two nodes that hold the same 1,000 feeds meet again: what it costs them to find out that nothing is missing.

The clock runs from the TCP connection, TLS and the proofs of both keys included, until both know that they are level.
Bytes are those that one side sends, before TLS, for each feed.
"""

from __future__ import annotations

import time

from benchmarks import histories
from benchmarks.children import ask_all, free_ports, number, participant
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_most

FEEDS = 1_000


def rounds(scene: Scene) -> Rounds:
    feeds = scene.amount(FEEDS, 50)
    names = [f"alice-{scene.tag}", f"bob-{scene.tag}"]
    until = histories.wall()
    for name in names:
        histories.fill(scene.folder / name, name, feeds * 2, feeds, until=until)
    _meet(scene, names)  # they have each other's own feeds now
    while True:
        seconds, sent = _meet(scene, names)
        yield {"time": {OURS: seconds * 1000}, "bytes": {OURS: sent / 2 / (feeds + 2)}}


def _meet(scene: Scene, names: list[str]) -> tuple[float, float]:
    peers = list(zip(names, free_ports(2), strict=True))
    with participant(scene.folder, peers[:1], peers) as alice, participant(scene.folder, peers[1:], peers) as bob:
        alice.ask("start")
        time.sleep(1)  # its own looking around is over
        bob.ask("start")
        met = ask_all([alice, bob], "settle")
        counted = ask_all([alice, bob], "figures")
    begun = min(number(each, "connected") for each in met)
    settled = max(number(each, "settled") for each in met)
    return settled - begun, sum(number(each, "sent") for each in counted)


BENCHMARKS = (
    Benchmark(
        "reconnect",
        "two nodes level on 1,000 feeds meet again",
        (
            Row(
                "time", f"reconnect of two peers level on {FEEDS:,} feeds, until both know it", "ms", (at_most(50),), 1
            ),
            Row("bytes", "— bytes that each sends for a feed", "bytes", (at_most(64),), 1),
        ),
        rounds,
    ),
)
