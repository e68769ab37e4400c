"""Finding words in a million messages, through the screen: until the first hit is there, until all are, and typing.

- The words are typed as a fast typist does. The clock runs from the last letter until a hit has come out of the
  terminal, and until the screen says that all of the history was looked through.
- A rare word: twenty of the million messages have it, the newest of them 50,000 before the end. The only one: it is the
  first message of all.
- Letters are typed while the history is looked through in vain, and while hundreds of hits come up.
"""

from __future__ import annotations

import random
from statistics import median

from benchmarks import histories
from benchmarks.measurement import OURS, Benchmark, Rounds, Row, Scene, at_most, percentile
from benchmarks.terminal import Terminal, chat

MESSAGES, AUTHORS = 1_000_000, 10
HITS = 20
WORD = "zucchini"
COMMON = "message"
SEARCHES, LETTERS = 3, 60  # of each kind in a round
FIND, CLOSE, ERASE = b"\x06", b"\x1b", b"\x15"
A_LETTER = 0.12  # seconds between two
UNDER_WAY = (0.1, 0.4)  # seconds into a search of the whole history, which takes longer
LISTING = (0.0, 0.3)  # seconds into a search that finds something everywhere


def rounds(scene: Scene) -> Rounds:
    messages, letters = scene.amount(MESSAGES, 20_000), scene.amount(LETTERS, 10)
    searches = scene.amount(SEARCHES, 1)
    me, share = f"alice-{scene.tag}", messages // AUTHORS
    every = share // HITS
    histories.fill(histories.make_user(scene.folder, me), me, messages, AUTHORS, rare=WORD, every=every)
    newest = f"message {(HITS - 1) * every}"
    while True:
        with chat(scene.folder, me) as terminal:
            terminal.wait_for(f"message {share - 1} ")
            terminal.settle(1)
            rare = [_find(terminal, WORD, newest, f"{HITS} found in {messages:,}") for _ in range(searches)]
            only = [
                _find(terminal, f'"message 0 {WORD}"', f"1 found in {messages:,}", "found in") for _ in range(searches)
            ]
            looking = _typing(terminal, WORD, letters, UNDER_WAY)
            listing = _typing(terminal, COMMON, letters, LISTING)
        yield {
            "first": {OURS: median(first for first, _ in rare)},
            "all": {OURS: median(last for _, last in rare)},
            "only": {OURS: median(first for first, _ in only)},
            "typing p50": {OURS: percentile(looking, 50)},
            "typing p99": {OURS: percentile(looking, 99)},
            "listing p50": {OURS: percentile(listing, 50)},
            "listing p99": {OURS: percentile(listing, 99)},
        }


def _find(terminal: Terminal, words: str, *texts: str) -> list[float]:
    """Milliseconds from the last letter of `words` until each of the texts was painted."""
    terminal.press(FIND, "from:NAME")
    for letter in words[:-1]:
        terminal.press(letter.encode(), letter)
        terminal.pause(A_LETTER)
    times = terminal.press(words[-1].encode(), *texts)
    _close(terminal)
    return times


def _typing(terminal: Terminal, words: str, letters: int, when: tuple[float, float]) -> list[float]:
    """Milliseconds for each letter, while what stands before it, and then that and the letter, is looked for."""
    terminal.press(FIND, "from:NAME")
    times = []
    for _ in range(letters):
        terminal.press(ERASE, "from:NAME")
        terminal.press(words.encode(), words[-1])
        terminal.pause(random.uniform(*when))
        times.append(terminal.type_letter())
        terminal.pause(random.uniform(*when))
    _close(terminal)
    return times


def _close(terminal: Terminal) -> None:
    terminal.press(CLOSE, "rite a message")  # the cursor is on the first letter
    terminal.settle(0.1)


BENCHMARKS = (
    Benchmark(
        "search",
        "finding words in a million messages, and typing meanwhile",
        (
            Row(
                "first", "search for a rare word in a million messages: first hit on the screen", "ms", (at_most(200),)
            ),
            Row("all", "— all of them looked through", "ms", (at_most(2000),)),
            Row("only", "— the only hit is the oldest message: until it is on the screen", "ms", (at_most(2000),)),
            Row("typing p50", "— a letter meanwhile, key press to repaint, median", "ms", (), 1),
            Row("typing p99", "— a letter meanwhile, 99th percentile", "ms", (at_most(30),), 1),
            Row("listing p50", "— while hits come up by the hundred, median", "ms", (), 1),
            Row("listing p99", "— while hits come up by the hundred, 99th percentile", "ms", (at_most(30),), 1),
        ),
        rounds,
    ),
)
