"""kill -9 at any moment of a start, the first one too: the next start works, and what was shown is there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.end_to_end.terminal import Household

STARTS = 5  # for each try
LONGEST = 0.8  # seconds until the kill; by then a start is over


def kill_while_starting(base: Path, dice: Random) -> None:
    """Raises AssertionError."""
    household = Household(base)
    alice = household.name("alice")
    shown: list[str] = []
    try:
        for number in range(STARTS):
            chat = household.lines(alice, "--history", "0")
            chat.type(f"start {number}")
            time.sleep(dice.random() * LONGEST)
            chat.kill()
            shown += chat.drain()
        last = household.lines(alice)
        last.type("at last")
        assert last.end() == 0, last.remarks
        assert f"{alice}> at last" in last.seen, last.remarks
        assert [line for line in last.seen if line in shown] == shown, (shown, last.seen)
        checked = household.check(alice)
        assert checked.returncode == 0, checked.stdout
    finally:
        household.close()


def run(times: int, first: int, say: Callable[[str], None]) -> int:
    failed = 0
    for seed in range(first, first + times):
        with tempfile.TemporaryDirectory(prefix="chat-tui-starts-") as base:
            try:
                kill_while_starting(Path(base), Random(seed))
            except AssertionError as error:
                failed += 1
                say(f"{seed}: {str(error)[:1000]}")
    return failed
