"""From a key press to the frame that shows its effect: idle, and while a million messages come in at full speed.

- A letter is shown when it has come out of the terminal; a page when the last row with an older message has.
- During the synchronisation the sender is a process of its own, as somebody else's program would be; with two cores the
  screen and its node have about one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median
from time import perf_counter

from benchmarks import histories
from benchmarks.children import Child, free_ports, participant
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_most, percentile
from benchmarks.terminal import Terminal, chat

MESSAGES = 1_000_000
KEYS = 200
REPEATS = 2  # synchronisations of each kind in a round: one is over after a hundred keys
PAUSE = (0.005, 0.03)  # seconds between a frame and the next key, not in step with anything


def idle_rounds(scene: Scene) -> Rounds:
    messages, keys = scene.amount(MESSAGES, 5_000), scene.amount(KEYS, 20)
    me = f"alice-{scene.tag}"
    histories.fill(histories.make_user(scene.folder, me), me, messages, 1)
    while True:
        with chat(scene.folder, me) as terminal:
            terminal.wait_for(f"message {messages - 1} ")
            terminal.settle(1)
            terminal.type_letter()
            typing = [_after_pause(terminal, terminal.type_letter) for _ in range(keys)]
            terminal.page_up()
            paging = [_after_pause(terminal, terminal.page_up) for _ in range(keys)]
        yield _figures(typing, paging)


def busy_rounds(scene: Scene) -> Rounds:
    messages = scene.amount(MESSAGES, 20_000)
    enough = messages // 50
    sender = f"bob-{scene.tag}"
    size = histories.fill(scene.folder / "filled" / sender, sender, messages, 1)
    while True:
        typing: list[float] = []
        paging: list[float] = []
        rates = []
        for _ in range(scene.amount(REPEATS, 1)):
            times, seconds = _during(scene, size, enough, lambda terminal: terminal.type_letter)
            typing += times
            rates.append((messages - enough) / seconds)
            times, _ = _during(scene, size, enough, lambda terminal: terminal.page_up)
            paging += times
        yield {**_figures(typing, paging), "rate": {OURS: median(rates)}}


def _during(
    scene: Scene, size: int, enough: int, key: Callable[[Terminal], Callable[[], float]]
) -> tuple[list[float], float]:
    """Milliseconds for each key, and how long the rest took to be sent when enough had been painted."""
    me, sender = f"alice-{scene.tag}", f"bob-{scene.tag}"
    here, there = scene.folder / "here", scene.folder / "there"
    histories.copy(scene.folder / "filled", there)
    histories.make_user(here, me)
    port, own_port = free_ports(2)
    with (
        participant(there, [(sender, port)], [(me, own_port), (sender, port)]) as child,
        chat(here, me, f"{sender}@127.0.0.1:{port}", "--admit", "--port", str(own_port)) as terminal,
    ):
        terminal.wait_for("No messages yet")
        terminal.settle(1)
        child.ask("start")
        terminal.wait_for_message(enough)  # paging is not to come to the beginning
        begun = perf_counter()
        child.tell("sent", size=size)
        times = _while_unanswered(child, terminal, key(terminal))
        seconds = perf_counter() - begun
        child.answer()
    histories.drop([here, there])
    return times, seconds


def _while_unanswered(child: Child, terminal: Terminal, press: Callable[[], float]) -> list[float]:
    press()
    times: list[float] = []
    while not times or not child.has_answered:
        times.append(_after_pause(terminal, press))
    return times


def _after_pause(terminal: Terminal, press: Callable[[], float]) -> float:
    terminal.pause(random.uniform(*PAUSE))
    return press()


def _figures(typing: list[float], paging: list[float]) -> dict[str, dict[str, float]]:
    return {
        "typing p50": {OURS: percentile(typing, 50)},
        "typing p99": {OURS: percentile(typing, 99)},
        "paging p50": {OURS: percentile(paging, 50)},
        "paging p99": {OURS: percentile(paging, 99)},
        "keys": {OURS: min(len(typing), len(paging))},
    }


def _rows(when: str, typing: float, paging: float) -> tuple[Row, ...]:
    return (
        Row("typing p50", f"key press to repaint, {when}: typing, median", "ms", (), 1),
        Row("typing p99", "— typing, 99th percentile", "ms", (at_most(typing),), 1),
        Row("paging p50", "— PgUp, median", "ms", (), 1),
        Row("paging p99", "— PgUp, 99th percentile", "ms", (at_most(paging),), 1),
        Row("keys", "— keys of each kind in a round, at least", "keys"),
    )


BENCHMARKS = (
    Benchmark("keys", "key press to repaint, with a million messages", _rows("idle", 6, 26), idle_rounds),
    Benchmark(
        "keys-busy",
        "key press to repaint while a million messages come in",
        (
            *_rows("while a million messages come in", 30, 50),
            Row("rate", "— messages that came in meanwhile", "messages/s"),
        ),
        busy_rounds,
    ),
)
