"""Disasters, with real processes: what is lost on one computer comes back from the others."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

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


def database(household: Household, me: str) -> Path:
    return room_folder(user_folder(household.data_dir(me), me), "main") / "log.mdb"


def test_a_damaged_database_is_repaired_and_the_rest_comes_back(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, [f"{number} {'x' * 500}" for number in range(400)])
    path = database(household, alice)
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


def test_what_a_rollback_took_comes_back_and_the_log_goes_on(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, ["0", "1"])
    backup = database(household, alice).read_bytes()
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    for number in range(20):
        at_alice.type(f"lost {number}")
    at_bob.wait_for(f"{alice}> lost 19")
    assert at_alice.end() == 0
    database(household, alice).write_bytes(backup)
    at_alice = household.lines(alice, bob, "--linger", str(PATIENCE), "--require-held")
    at_alice.wait_for(f"{alice}> lost 19")
    at_alice.type("after")
    at_bob.wait_for(f"{alice}> after")
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    assert any("20 of your messages were missing here" in remark for remark in at_alice.remarks)
    assert sorted(at_alice.seen) == sorted(at_bob.seen)
    assert len(set(at_bob.seen)) == len(at_bob.seen)
    for name in (alice, bob):
        assert household.check(name).returncode == 0


def test_what_was_written_on_both_sides_of_a_rollback_reaches_everybody(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, ["0", "1"])
    backup = database(household, alice).read_bytes()
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    at_alice.type("taken by the rollback")
    at_bob.wait_for(f"{alice}> taken by the rollback")
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    database(household, alice).write_bytes(backup)
    at_alice = household.lines(alice, bob)  # bob is not there in time
    at_alice.type("written on the older disk")
    at_alice.wait_for(f"{alice}> written on the older disk")
    at_bob = household.lines(bob, alice)
    at_alice.wait_for(f"{alice}> taken by the rollback")
    at_bob.wait_for(f"{alice}> written on the older disk")
    at_alice.wait_for_remark("messages of yours that were not here")
    at_alice.type("and on")
    at_bob.wait_for(f"{alice}> and on")
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    assert sorted(at_alice.seen) == sorted(at_bob.seen)
    assert len(set(at_bob.seen)) == len(at_bob.seen)
    for name in (alice, bob):
        assert household.check(name).returncode == 0


def test_a_copied_database_runs_beside_the_original(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    meet(household, alice, bob, ["0", "1"])
    shutil.copytree(household.data_dir(alice), household.data_dir("copy"))
    original, copy = household.lines(alice, bob), household.lines(alice, bob, data_of="copy")
    at_bob = household.lines(bob, alice)
    copy.wait_for_remark("this database was copied or restored")
    original.type("from the original")
    copy.type("from the copy")
    for chat in (original, copy, at_bob):
        chat.wait_for(f"{alice}> from the original")
        chat.wait_for(f"{alice}> from the copy")
    for chat in (original, copy, at_bob):
        assert chat.end() == 0
        assert len(set(chat.seen)) == len(chat.seen) == 4
    assert household.check(alice).returncode == household.check(bob).returncode == 0
