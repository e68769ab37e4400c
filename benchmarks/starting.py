"""Start and memory: until the newest page is painted, and what the program then takes, whatever the history's length.

Beside it, in turn: the program on an empty database, and the emptiest Textual app. The clock runs from the start of the
Python process until the frame with the text has come out of the terminal.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks import empty_textual, histories
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_most
from benchmarks.terminal import Terminal, chat

EMPTY, TEXTUAL = "empty database", "empty Textual app"
MESSAGES = 1_000_000
PAGED = 10_000
STARTS = 3  # in a round, of each
HINT = "No messages yet"
SETTLED = 1.5  # seconds without a frame: it has looked up its peers and tuned its collector


def rounds(scene: Scene) -> Rounds:
    messages, paged = scene.amount(MESSAGES, 1_000), scene.amount(PAGED, 200)
    me = f"alice-{scene.tag}"
    full = scene.folder / "full"
    histories.fill(histories.make_user(full, me), me, messages, 10)
    newest = f"message {messages // 10 - 1} "
    while True:
        starts: dict[str, list[float]] = {OURS: [], EMPTY: [], TEXTUAL: []}
        for _ in range(scene.amount(STARTS, 1)):
            empty = scene.folder / "empty"
            starts[OURS].append(_start(full, me, newest))
            histories.make_user(empty, me)
            _start(empty, me, HINT)  # which makes the database
            starts[EMPTY].append(_start(empty, me, HINT))
            starts[TEXTUAL].append(_start_textual())
            if len(starts[OURS]) < scene.amount(STARTS, 1):
                histories.drop([empty])
        with chat(empty, me) as terminal:
            terminal.wait_for(HINT)
            terminal.settle(SETTLED)
            beside = terminal.memory()
        histories.drop([empty])
        with chat(full, me) as terminal:
            terminal.wait_for(newest)
            terminal.settle(SETTLED)
            at_start = terminal.memory()
            terminal.page_up()
            newest_seen = terminal.lowest
            # By ten authors, so that a number stands for ten messages.
            while (newest_seen - terminal.lowest) * 10 < paged:
                terminal.page_up()
            after_paging = terminal.memory()
        yield {
            "start": {who: median(times) for who, times in starts.items()},
            "memory": {OURS: at_start.own, EMPTY: beside.own},
            "paged memory": {OURS: after_paging.own, EMPTY: beside.own},
            "mapped memory": {OURS: after_paging.mapped, EMPTY: beside.mapped},
        }


def _start(data_dir: Path, me: str, text: str) -> float:
    with chat(data_dir, me) as terminal:
        return terminal.wait_for(text)


def _start_textual() -> float:
    with Terminal(["-m", "benchmarks.empty_textual"]) as terminal:
        return terminal.wait_for(empty_textual.TEXT[1:])  # the cursor is on the first letter


BENCHMARKS = (
    Benchmark(
        "start",
        "start with a million messages, and memory then and after paging",
        (
            Row(
                "start",
                "start until the newest page of a million messages is painted",
                "ms",
                (at_most(1.1, EMPTY), at_most(1.2, TEXTUAL)),
            ),
            Row("memory", "own memory after the start with a million messages", "MiB", (at_most(1.15, EMPTY),), 1),
            Row(
                "paged memory",
                f"— after paging through {PAGED:,}",
                "MiB",
                (at_most(1.15, EMPTY),),
                1,
            ),
            Row("mapped memory", "— pages of files mapped beside it", "MiB", (), 1),
        ),
        rounds,
    ),
)
