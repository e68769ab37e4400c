"""Bulk synchronisation: a node that has nothing gets everything that another one holds.

Two processes, TLS on loopback, every signature verified, every batch fsynced before it counts. The clock runs from the
TCP connection to the last durable commit. CPU is that of both processes from before they connect.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import lmdb

from benchmarks import histories, node_js
from benchmarks.children import Child, ask_all, free_ports, number, numbers, participant, peak
from benchmarks.measurement import HYPERCORE, OURS, SCUTTLEUP, Benchmark, Rounds, Row, Scene, at_least, at_most

COPY = "plain LMDB copy"
REFERENCE_MESSAGES = 100_000  # at most: a million take them minutes, at the same rate
_MAP_SIZE = 1 << 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transfer took. cpu: seconds, both processes; memory, own, mapped: the receiver's, each at its peak, MiB;
    sent: bytes before encryption, both directions; commits: entries in each, if known."""

    messages: int
    seconds: float
    cpu: float
    memory: float
    own: float
    mapped: float
    sent: float
    commits: list[int]

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_per_100_000(self) -> float:
        return self.cpu * 100_000 / self.messages


def transfer(filled: Path, work: Path, tag: str, messages: int, authors: int, *, clear: bool = False) -> Outcome:
    """From the database of the sender in `filled` to a new one."""
    sender, receiver = f"sender-{tag}", f"receiver-{tag}"
    histories.copy(filled, work / "s")
    ports = free_ports(2)
    peers = list(zip((sender, receiver), ports, strict=True))
    with (
        participant(work / "s", peers[:1], peers, clear=clear) as left,
        participant(work / "r", peers[1:], peers, clear=clear) as right,
    ):
        outcome = _measure(
            left, right, messages, lambda: (left.ask("start"), right.ask("start")), messages + authors + 1
        )
    histories.drop([work / "s", work / "r"])
    return outcome


def scuttleup(harness: Path, filled: Path, work: Path, messages: int) -> Outcome:
    with (
        node_js.scuttleup(harness, filled, "sender") as left,
        node_js.scuttleup(harness, work / "r", "receiver") as right,
    ):
        port = left.ask("listen")["port"]
        outcome = _measure(left, right, messages, partial(right.ask, "connect", ports=[port]), messages)
    histories.drop([work / "r"])
    return outcome


def hypercore(harness: Path, filled: Path, work: Path, messages: int, authors: int) -> Outcome:
    with (
        node_js.hypercore(harness, filled) as left,  # in its place: it notices when it was copied
        node_js.hypercore(harness, work / "r") as right,
    ):
        port = left.ask("listen", authors=authors)["port"]
        connect = partial(right.ask, "connect", ports=[port], authors=authors)
        outcome = _measure(left, right, messages, connect, messages)
    histories.drop([work / "r"])
    return outcome


def _measure(left: Child, right: Child, messages: int, begin: Callable[[], object], entries: int) -> Outcome:
    before = ask_all([left, right], "figures")
    with right.watched() as seen:
        begin()
        done = right.ask("until", entries=entries)
    after = ask_all([left, right], "figures")
    most = peak(seen)
    return Outcome(
        messages,
        number(done, "last") - number(done, "connected"),
        sum(number(a, "cpu") - number(b, "cpu") for a, b in zip(after, before, strict=True)),
        max(memory.whole for memory in seen),
        most.own,
        most.mapped,
        sum(number(each, "sent") for each in after),
        [int(each) for each in numbers(done, "commits")] if "commits" in done else [],
    )


def plain_copy(database: Path, target: Path, commits: list[int]) -> float:
    """Seconds to put the same entries into an empty LMDB, one by one, in as many transactions, each one fsynced."""
    with closing(lmdb.Environment(str(database), subdir=False, readonly=True, lock=False, max_dbs=32)) as source:
        entries = source.open_db(b"entries", create=False)
        with source.begin(db=entries) as txn:
            records = list(txn.cursor())
    with closing(lmdb.Environment(str(target), subdir=False, map_size=_MAP_SIZE, max_dbs=1)) as env:
        table = env.open_db(b"entries")
        begun = perf_counter()
        first = 0
        for size in commits:
            with env.begin(write=True, db=table) as txn:
                for key, value in records[first : first + size]:
                    txn.put(key, value)
            first += size
        seconds = perf_counter() - begun
    target.unlink()
    target.with_name(target.name + "-lock").unlink(missing_ok=True)
    return seconds


def rounds(scene: Scene, messages: int, authors: int) -> Rounds:
    messages = scene.amount(messages, max(2_000, authors))
    fewer = min(messages, REFERENCE_MESSAGES)
    sender = f"sender-{scene.tag}"
    size = histories.fill(scene.folder / "ours" / sender, sender, messages, authors)
    filled = {name: scene.folder / name for name in ("scuttleup", "hypercore")}
    if scene.references:
        given = {"messages": fewer, "authors": authors, "size": histories.ENTRY_BYTES}
        with node_js.scuttleup(scene.references, filled["scuttleup"], "sender") as child:
            child.ask("fill", **given)
        with node_js.hypercore(scene.references, filled["hypercore"]) as child:
            child.ask("fill", **given)
    work = scene.folder / "work"
    work.mkdir()
    while True:
        outcomes = {OURS: transfer(scene.folder / "ours", work, scene.tag, messages, authors)}
        if scene.references:
            outcomes[SCUTTLEUP] = scuttleup(scene.references, filled["scuttleup"], work, fewer)
            outcomes[HYPERCORE] = hypercore(scene.references, filled["hypercore"], work, fewer, authors)
        ours = outcomes[OURS]
        copied = plain_copy(scene.folder / "ours" / sender / "log.mdb", work / "copy", ours.commits)
        rates = {who: outcome.rate for who, outcome in outcomes.items()}
        yield {
            "rate": {**rates, COPY: messages / copied},
            "cpu": {who: outcome.cpu_per_100_000 for who, outcome in outcomes.items()},
            "memory": {who: outcome.memory for who, outcome in outcomes.items()},
            "own memory": {who: outcome.own for who, outcome in outcomes.items()},
            "mapped memory": {who: outcome.mapped for who, outcome in outcomes.items()},
            "bytes": {who: outcome.sent / outcome.messages for who, outcome in outcomes.items()},
            "overhead": {OURS: ours.sent / size},
            "batch": {OURS: sum(ours.commits) / len(ours.commits)},
        }


def _benchmark(messages: int, authors: int) -> Benchmark:
    amount = "a million" if messages == 1_000_000 else f"{messages:,}"
    title = f"{amount} messages by {authors:,}"
    times = 1 if authors <= 10 else 0.5
    return Benchmark(
        f"sync-{'million' if messages == 1_000_000 else messages}-{authors}",
        f"bulk synchronisation of {title}",
        (
            Row(
                "rate",
                f"bulk synchronisation, {title}",
                "messages/s",
                (at_least(15 * times, SCUTTLEUP), at_least(30 * times, HYPERCORE), at_least(0.3333, COPY)),
            ),
            Row("cpu", "— CPU of both ends for each 100,000", "s", (at_most(0.1, SCUTTLEUP),), 2),
            Row("memory", "— receiver's memory at its peak", "MiB", (at_most(1, SCUTTLEUP),)),
            Row("own memory", "— of it private to the process, at its peak", "MiB"),
            Row("mapped memory", "— of it pages of files, at its peak", "MiB"),
            Row("bytes", "— bytes on the wire for each message", "bytes", (), 1),
            Row("overhead", "— the same, as a ratio to the entries' own bytes", "×", (at_most(1.15),), 3),
            Row("batch", "— entries in a durable commit", "entries"),
        ),
        partial(rounds, messages=messages, authors=authors),
    )


BENCHMARKS = tuple(_benchmark(messages, authors) for messages in (100_000, 1_000_000) for authors in (1, 10, 1_000))
