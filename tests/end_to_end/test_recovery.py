"""Disasters, with real processes: what is lost on one computer comes back from the others."""

from __future__ import annotations

import random
import shutil

from app.config import room_folder, user_folder
from tests.end_to_end.terminal import PATIENCE, Household

PAGE = 4096


def meet(household: Household, alice: str, bob: str, words: list[str]) -> None:
    """alice and bob write in turns until both have all of it."""
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    for number, text in enumerate(words):
        (at_bob if number % 2 else at_alice).type(text)
    for chat in (at_alice, at_bob):
        chat.wait_until(len(words))
        assert chat.end() == 0


def test_a_damaged_database_is_repaired_and_the_rest_comes_back(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, [f"{number} {'x' * 500}" for number in range(400)])
    path = room_folder(user_folder(household.data_dir(alice), alice), "main") / "log.mdb"
    content = bytearray(path.read_bytes())
    dice = random.Random(1)
    for page in dice.sample(range(2, len(content) // PAGE), len(content) // PAGE // 4):
        content[page * PAGE : (page + 1) * PAGE] = dice.randbytes(PAGE)
    path.write_bytes(content)
    checked = household.check(alice)
    assert checked.returncode == 1
    assert f"chat-tui repair {alice}" in checked.stderr
    repaired = household.run("repair", alice, "--data-dir", str(household.data_dir(alice)))
    assert (repaired.returncode, repaired.stderr) == (0, "")
    assert "the damaged file is kept" in repaired.stdout
    assert household.check(alice).returncode == 0
    at_bob = household.lines(bob, alice)
    at_alice = household.lines(alice, bob, "--linger", str(PATIENCE))
    at_alice.wait_until(400)
    at_alice.type("and on")
    at_bob.wait_for(f"{alice}> and on")
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    assert sorted(at_alice.seen) == sorted(at_bob.seen)
    assert len(set(at_bob.seen)) == 401
    for name in (alice, bob):
        assert household.check(name).returncode == 0


def test_a_lost_disk_comes_back_from_others_with_the_key_alone(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, [f"{number} {'x' * 100}" for number in range(300)])
    copy = str(household.data_dir(alice)) + "-key"
    place = ("--data-dir", str(household.data_dir(alice)))
    assert household.run("identity", "export", alice, copy, *place).returncode == 0
    shutil.rmtree(household.data_dir(alice))
    assert household.run("identity", "import", alice, copy, *place).returncode == 0
    at_alice = household.lines(alice, bob, "--linger", str(PATIENCE))
    at_alice.type("on a new disk")
    at_alice.wait_for(f"{alice}> on a new disk")
    at_bob = household.lines(bob, alice)
    at_alice.wait_until(301)
    at_bob.wait_for(f"{alice}> on a new disk")
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    assert sorted(at_alice.seen) == sorted(at_bob.seen)
    assert not any("~" in line or "?>" in line for line in at_bob.seen)
    for name in (alice, bob):
        assert household.check(name).returncode == 0
