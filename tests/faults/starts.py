"""kill -9 at any moment of a start, the first one too: the next start works, and what was shown is there."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from tests.end_to_end.terminal import Household
from tests.faults.tries import Say, count_failures

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


def run(times: int, first: int, say: Say) -> int:
    return count_failures(times, first, say, lambda base, seed: kill_while_starting(base, Random(seed)))
