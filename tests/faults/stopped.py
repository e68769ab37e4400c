"""A peer that is stopped (SIGSTOP) for a while: the other goes on and says so, and both end with the same."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.end_to_end.terminal import Household
from tests.faults.tries import Say, count_failures

LONGEST_SILENCE = 25.0  # seconds until somebody who answers nothing counts as lost: 15 after the last byte
TIMES = (20.0, 2.0, 60.0, 180.0)  # seconds; the first is what one try takes


def stop_for(base: Path, seconds: float) -> float | None:
    """Stop bob for so long while alice writes. After how many seconds she called him lost, None if she did not. Raises
    AssertionError."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    try:
        at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
        at_alice.type("before")
        at_bob.wait_for(f"{alice}> before")
        at_bob.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        for number in range(100):
            at_alice.type(f"meanwhile {number} {'x' * 2000}")
        at_alice.wait_for(f"{alice}> meanwhile 99 {'x' * 2000}", 5.0)  # she waits for nobody
        lost = None
        if seconds > LONGEST_SILENCE:
            at_alice.wait_for_remark(f"connection to {bob} lost", LONGEST_SILENCE)
            lost = time.monotonic() - stopped
        time.sleep(max(0.0, stopped + seconds - time.monotonic()))
        at_bob.process.send_signal(signal.SIGCONT)
        at_bob.wait_for(f"{alice}> meanwhile 99 {'x' * 2000}")
        at_bob.type("awake")
        at_alice.wait_for(f"{bob}> awake")
        assert (at_alice.end(), at_bob.end()) == (0, 0)
        assert len(at_bob.seen) == len(set(at_bob.seen)) == 102
        assert sorted(at_alice.seen) == sorted(at_bob.seen)
        return lost
    finally:
        household.close()


def run(times: int, first: int, say: Say) -> int:
    def label(number: int) -> str:
        return f"{number}: stopped for {TIMES[number % len(TIMES)]:g} s"

    def one_try(base: Path, number: int) -> None:
        lost = stop_for(base, TIMES[number % len(TIMES)])
        say(label(number) if lost is None else f"{label(number)}, called lost after {lost:.1f} s")

    return count_failures(times, first, say, one_try, label)
