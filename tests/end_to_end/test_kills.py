"""kill -9 at any moment: the database stays sound, and what was shown as saved is there."""

from __future__ import annotations

import random

from tests.end_to_end.terminal import Household

KILLS = 5


def test_killed_while_writing(household: Household) -> None:
    alice = household.name("alice")
    dice = random.Random(1)
    shown: list[str] = []
    for turn in range(KILLS):
        chat = household.lines(alice, "--history", "0")
        for number in range(400):
            chat.type(f"{turn} {number} {'x' * dice.randrange(300)}")
        chat.wait_until(dice.randrange(1, 350))
        chat.kill()
        shown += chat.drain()
        assert household.check(alice).returncode == 0
    reader = household.lines(alice)
    assert reader.end() == 0
    assert set(shown) <= set(reader.seen)
    assert [line for line in reader.seen if line in set(shown)] == shown


def test_killed_while_receiving(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    dice = random.Random(2)
    at_alice = household.lines(alice, bob)
    for number in range(3000):
        at_alice.type(f"{number} {'x' * 200}")
    shown: set[str] = set()
    for _ in range(KILLS):
        chat = household.lines(bob, alice)
        chat.wait_until(dice.randrange(1, 2900))
        chat.kill()
        shown.update(chat.drain())
        assert household.check(bob).returncode == 0
    reader = household.lines(bob, alice, "--linger", "inf")
    reader.wait_until(3000)
    assert reader.end() == 0
    assert len(reader.seen) == len(set(reader.seen)) == 3000
    assert shown <= set(reader.seen)
    assert household.check(bob).returncode == 0
