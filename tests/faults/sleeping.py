"""A laptop that sleeps: its clock goes on while all else on it stands still. Each try is a day of 24 such hours."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.end_to_end.terminal import Household
from tests.faults.shim import Shim
from tests.faults.tries import Say, count_failures

HOURS = 24
ASLEEP = 0.5  # seconds for an hour of sleep; the other side hardly notices
LONG_ASLEEP = 17.0  # once: long enough that the other side gives the connection up


def a_day(base: Path, hours: int = HOURS, *, long_sleep: bool = True) -> None:
    """Bob's laptop sleeps an hour, wakes, he writes, and again. Raises AssertionError."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    household.data_dir(bob).mkdir()
    shim = Shim(household.data_dir(bob), base)
    try:
        at_alice = household.lines(alice, bob)
        household.settings = shim.environment()
        at_bob = household.lines(bob, alice)
        at_bob.type("good morning")
        at_alice.wait_for(f"{bob}> good morning")
        for hour in range(1, hours + 1):
            at_bob.process.send_signal(signal.SIGSTOP)
            at_alice.type(f"while bob slept, hour {hour}")
            at_alice.wait_for(f"{alice}> while bob slept, hour {hour}")
            time.sleep(LONG_ASLEEP if long_sleep and hour == hours // 2 else ASLEEP)
            shim.set(ahead=3600 * hour)
            at_bob.process.send_signal(signal.SIGCONT)
            at_bob.wait_for(f"{alice}> while bob slept, hour {hour}")
            at_bob.type(f"awake, hour {hour}")
            at_alice.wait_for(f"{bob}> awake, hour {hour}")
        assert (at_alice.end(), at_bob.end()) == (0, 0)
        assert len(at_bob.seen) == len(set(at_bob.seen)) == 2 * hours + 1
        assert sorted(at_alice.seen) == sorted(at_bob.seen)
        for me in (alice, bob):
            assert household.check(me).returncode == 0
    finally:
        household.close()
        shim.close()


def run(times: int, first: int, say: Say) -> int:
    return count_failures(times, first, say, lambda base, _: a_day(base))
