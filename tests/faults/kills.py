"""kill -9 on either side of a transfer, again and again: what was shown is there, and both end with the same."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.end_to_end.terminal import Household, Lines
from tests.faults.tries import Say, count_failures

MESSAGES = 400  # of each side, for each try
MAX_KILLS = 6


def kill_and_go_on(base: Path, dice: Random) -> int:
    """Both write and receive; one of the two is killed, at any moment. How often. Raises AssertionError."""
    household = Household(base)
    names = household.name("alice"), household.name("bob")
    shown: dict[str, set[str]] = {name: set() for name in names}
    try:
        running: dict[str, Lines] = {}

        def start(me: str) -> None:
            other = names[me == names[0]]
            running[me] = household.lines(me, other)

        for me in names:
            start(me)
            for number in range(MESSAGES):
                running[me].type(f"{number} {'x' * dice.randrange(500)}")
        kills = dice.randrange(1, MAX_KILLS)
        for _ in range(kills):
            me = dice.choice(names)
            running[me].wait_until(dice.randrange(1, MESSAGES))
            running[me].kill()
            shown[me].update(running[me].drain())
            checked = household.check(me)
            assert checked.returncode == 0, checked.stdout
            start(me)
        for me in names:
            running[me].type("the end")
        for me in names:
            for other in names:
                running[me].wait_for(f"{other}> the end")
        ends = {}
        for me in names:
            assert running[me].end() == 0
            assert household.check(me).returncode == 0
            reader = household.lines(me)
            assert reader.end() == 0
            ends[me] = reader.seen
            assert len(set(reader.seen)) == len(reader.seen), "a message is there twice"
            missing = shown[me] - set(reader.seen)
            assert not missing, f"{len(missing)} that were shown are gone, {min(missing)[:60]}"
        assert sorted(ends[names[0]]) == sorted(ends[names[1]]), "the two did not end with the same"
        return kills
    finally:
        household.close()


def run(times: int, first: int, say: Say) -> int:
    kills: list[int] = []
    failed = count_failures(times, first, say, lambda base, seed: kills.append(kill_and_go_on(base, Random(seed))))
    say(f"{sum(kills)} kills")
    return failed
