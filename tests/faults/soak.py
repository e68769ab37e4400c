"""Two that write to each other without a pause: what they take of the computer does not grow with what was said.

Each try is a minute. Printed each time: messages so far, and what both processes take.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.terminal import Household
from tests.faults.process import taken_by

MINUTE = 60.0
ROUND = 200  # messages between two looks at the clock
MAX_GROWTH = 8 * 1024  # KiB from the second minute on


def run(times: int, first: int, say: Callable[[str], None]) -> int:
    with tempfile.TemporaryDirectory(prefix="chat-tui-soak-") as base:
        household = Household(Path(base))
        try:
            return _soak(household, max(2, times), say)
        finally:
            household.close()


def _soak(household: Household, minutes: int, say: Callable[[str], None]) -> int:
    alice, bob = household.name("alice"), household.name("bob")
    ends = {alice: household.lines(alice, bob), bob: household.lines(bob, alice)}
    looks = []
    count = 0
    for _ in range(minutes):
        end = time.monotonic() + MINUTE
        while time.monotonic() < end:
            for name, lines in ends.items():
                for number in range(count, count + ROUND // 2):
                    lines.type(f"{number} {'x' * 60}")
                lines.seen.clear()
                for other in ends.values():
                    other.wait_for(f"{name}> {count + ROUND // 2 - 1} {'x' * 60}")
            count += ROUND // 2
        looks.append([taken_by(lines.process.pid) for lines in ends.values()])
        say(f"{2 * count:,} messages: {looks[-1]}")
    failed = 0
    for before, after in zip(looks[1], looks[-1], strict=True):
        grown = after.memory - before.memory
        if grown > MAX_GROWTH or after.descriptors > before.descriptors or after.threads > before.threads:
            say(f"it grew from {before} to {after}")
            failed += 1
    for name, lines in ends.items():
        if lines.end() != 0 or household.check(name, patience=20 * MINUTE).returncode != 0:
            say(f"{name} did not end well")
            failed += 1
    return failed
