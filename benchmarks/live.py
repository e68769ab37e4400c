"""Live latency: from a message's append in one process to the moment when the other side's follower has it.

Durable at both ends: the message is fsynced where it is written before it is sent, and fsynced where it arrives before
it is shown. scuttleup never asks leveldb for an fsync, so it is measured with `sync: true` put under it, and as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import histories, node_js
from benchmarks.children import Child, ask_all, free_ports, numbers, participant
from benchmarks.measurement import OURS, SCUTTLEUP, Benchmark, Rounds, Row, Scene, at_most, percentile

UNSYNCED = "scuttleup without fsync"
MESSAGES = 400
INTERVAL = 0.011  # seconds; long enough for each to be on its own


def ours(folder: Path, tag: str, messages: int) -> Sequence[float]:
    names = [f"alice-{tag}", f"bob-{tag}"]
    peers = list(zip(names, free_ports(2), strict=True))
    with participant(folder, peers[:1], peers) as alice, participant(folder, peers[1:], peers) as bob:
        ask_all([alice, bob], "start")
        ask_all([alice, bob], "settle")
        times = _measure(alice, bob, messages)
    histories.drop([folder])
    return times


def scuttleup(harness: Path, folder: Path, messages: int, *, sync: bool) -> Sequence[float]:
    folder.mkdir()
    with (
        node_js.scuttleup(harness, folder / "alice", "alice", sync=sync) as alice,
        node_js.scuttleup(harness, folder / "bob", "bob", sync=sync) as bob,
    ):
        port = alice.ask("listen", counting=False)["port"]
        bob.ask("connect", ports=[port], counting=False)
        ask_all([alice, bob], "connections", number=1)
        times = _measure(alice, bob, messages)
    histories.drop([folder])
    return times


def _measure(alice: Child, bob: Child, messages: int) -> Sequence[float]:
    """Milliseconds."""
    bob.ask("follow", messages=messages)
    alice.ask("tell", messages=messages, interval=INTERVAL)
    return [seconds * 1000 for seconds in numbers(bob.answer(), "times")]


def rounds(scene: Scene) -> Rounds:
    messages = scene.amount(MESSAGES, 20)
    while True:
        times = {OURS: ours(scene.folder / "live", scene.tag, messages)}
        if scene.references:
            times[SCUTTLEUP] = scuttleup(scene.references, scene.folder / "live", messages, sync=True)
            times[UNSYNCED] = scuttleup(scene.references, scene.folder / "live", messages, sync=False)
        yield {
            "p50": {who: percentile(values, 50) for who, values in times.items()},
            "p99": {who: percentile(values, 99) for who, values in times.items()},
        }


BENCHMARKS = (
    Benchmark(
        "live",
        "live latency from an append to the other side's follower, durable at both ends",
        (
            Row(
                "p50",
                "live latency, append to the other side's follower, durable at both ends: median",
                "ms",
                (at_most(1), at_most(1, SCUTTLEUP)),
                2,
            ),
            Row("p99", "— 99th percentile", "ms", (at_most(4), at_most(1, SCUTTLEUP)), 2),
        ),
        rounds,
    ),
)
