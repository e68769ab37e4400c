"""Full meshes: every member writes, everybody gets everything, and the bytes for it are counted on all connections.

- The mesh of 8 is eight processes, ours and scuttleup's alike. A mesh of 32 has 496 connections, and 32 processes on
  two cores would mostly measure how the system switches between them: it is four processes of eight nodes each, every
  node with its own database, writer, discovery and TLS connections to all the others.
- A burst ends with the last durable commit. Bytes are counted until everything has been acknowledged.
- Copies are how often an entry crossed to a peer, for each time that it was needed there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import histories, node_js
from benchmarks.children import Child, ask_all, free_ports, number, participant
from benchmarks.measurement import OURS, SCUTTLEUP, Benchmark, Round, Rounds, Row, Scene, at_most

SMALL, LARGE = 8, 32
PER_PROCESS = 8  # in the large mesh
BURST = 200  # messages of each member
PACED, INTERVAL = 50, 0.1  # messages of each member, and seconds between two of them
QUIET = 4.0  # seconds after which the last lazy acknowledgements have been sent, and the last news of the meeting


@dataclass(frozen=True, slots=True)
class Outcome:
    """seconds: from the first message to the last durable commit; bytes and copies: for each delivered message."""

    seconds: float
    bytes: float
    copies: float

    def as_round(self, who: str, kind: str) -> dict[str, dict[str, float]]:
        return {
            f"{kind} time": {who: self.seconds},
            f"{kind} bytes": {who: self.bytes},
            f"{kind} copies": {who: self.copies},
        }


def ours(folder: Path, tag: str, members: int, per_process: int, *, messages: int, interval: float = 0.0) -> Outcome:
    names = [f"member{each}-{tag}" for each in range(members)]
    peers = list(zip(names, free_ports(members), strict=True))
    with ExitStack() as stack:
        children = [
            stack.enter_context(participant(folder, peers[first : first + per_process], peers))
            for first in range(0, members, per_process)
        ]
        ask_all(children, "start")
        ask_all(children, "settle")
        needed = (members - 1) * (messages + 1)  # with the geneses, which they have by now
        outcome = _measure(children, members, messages, interval, needed)
    histories.drop([folder])
    return outcome


def scuttleup(harness: Path, folder: Path, members: int, messages: int, interval: float) -> Outcome:
    folder.mkdir()
    with ExitStack() as stack:
        children = [
            stack.enter_context(node_js.scuttleup(harness, folder / str(each), f"member{each}"))
            for each in range(members)
        ]
        ports = [answer["port"] for answer in ask_all(children, "listen", counting=True)]
        for place, child in enumerate(children):
            child.ask("connect", ports=ports[:place], counting=True)
        ask_all(children, "connections", number=members - 1)
        outcome = _measure(children, members, messages, interval, (members - 1) * messages)
    histories.drop([folder])
    return outcome


def _measure(children: Sequence[Child], members: int, messages: int, interval: float, needed: int) -> Outcome:
    time.sleep(QUIET)
    before = ask_all(children, "figures")
    # At a steady pace people do not write at the same instants: each begins a little after the one before.
    for place, child in enumerate(children):
        child.tell("append", messages=messages, interval=interval, after=place * interval / len(children))
    begun = [child.answer() for child in children]
    done = ask_all(children, "until", entries=needed)
    time.sleep(QUIET)
    after = ask_all(children, "figures")
    deliveries = members * (members - 1) * messages

    def gained(what: str) -> float:
        return sum(number(a, what) - number(b, what) for a, b in zip(after, before, strict=True))

    return Outcome(
        max(number(each, "last") for each in done) - min(number(each, "begun") for each in begun),
        gained("sent") / deliveries,
        gained("received") / deliveries,
    )


def small_rounds(scene: Scene) -> Rounds:
    while True:
        measured: dict[str, dict[str, float]] = {}
        for kind, messages, interval in (
            ("burst", scene.amount(BURST, 10), 0.0),
            ("paced", scene.amount(PACED, 5), INTERVAL),
        ):
            outcome = ours(scene.folder / "mesh", scene.tag, SMALL, 1, messages=messages, interval=interval)
            measured |= outcome.as_round(OURS, kind)
            if scene.references:
                other = scuttleup(scene.references, scene.folder / "mesh", SMALL, messages, interval)
                for metric, values in other.as_round(SCUTTLEUP, kind).items():
                    measured[metric] |= values
        yield measured


def large_rounds(scene: Scene) -> Rounds:
    messages = scene.amount(BURST, 2)
    while True:
        few = ours(scene.folder / "small", scene.tag, SMALL, PER_PROCESS // 4, messages=messages)
        many = ours(scene.folder / "large", scene.tag, LARGE, PER_PROCESS, messages=messages)
        beside = f"mesh of {SMALL}"
        measured: Round = {
            "time": {OURS: many.seconds, beside: few.seconds},
            "bytes": {OURS: many.bytes, beside: few.bytes},
            "copies": {OURS: many.copies, beside: few.copies},
            "rate": {OURS: LARGE * (LARGE - 1) * messages / many.seconds},
        }
        yield measured


_third, _half = at_most(0.3333, SCUTTLEUP), at_most(0.5, SCUTTLEUP)

BENCHMARKS = (
    Benchmark(
        "mesh-8",
        "a full mesh of 8, in a burst and at a steady pace",
        (
            Row("burst time", f"mesh of {SMALL}, each writes {BURST} at once: until all have all", "s", (_third,), 2),
            Row("burst bytes", "— bytes for each delivered message, acknowledgements included", "bytes", (_third,)),
            Row("burst copies", "— copies for each delivery", "×", (at_most(1.05),), 3),
            Row("paced bytes", f"mesh of {SMALL}, each writes 10 a second: bytes for each delivery", "bytes", (_half,)),
            Row("paced copies", "— copies for each delivery", "×", (at_most(1.05),), 3),
        ),
        small_rounds,
    ),
    Benchmark(
        "mesh-32",
        "a full mesh of 32 in one network, in a burst",
        (
            Row("time", f"mesh of {LARGE}, each writes {BURST} at once: until all have all", "s", (), 2),
            Row("rate", "— deliveries", "deliveries/s"),
            Row("bytes", "— bytes for each delivered message", "bytes", (at_most(2.5, f"mesh of {SMALL}"),)),
            Row("copies", "— copies for each delivery", "×", (at_most(1.1),), 3),
        ),
        large_rounds,
    ),
)
