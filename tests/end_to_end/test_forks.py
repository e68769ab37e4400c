"""mallory tells alice one thing and bob another; both find out when they meet, and can read both."""

from __future__ import annotations

from pathlib import Path

from app.parcel import ParcelHeader, ParcelWriter
from tests.end_to_end.terminal import Household
from tests.feeds import TestAuthor
from tests.storage.test_proofs import two_faced


def hand_over(household: Household, me: str, author: TestAuthor, file: Path) -> None:
    """Bring what mallory wrote for one person: once, and by hand."""
    with file.open("wb") as opened:
        writer = ParcelWriter(opened, ParcelHeader("main", author.identity.public, author.name, author.time))
        writer.add(author.run())
        writer.finish()
    taken = household.run("import", me, str(file), "--data-dir", str(household.data_dir(me)))
    assert (taken.returncode, taken.stderr) == (0, "")


def forks(household: Household, me: str) -> str:
    shown = household.run("peers", me, "forks", "mallory", "--data-dir", str(household.data_dir(me)))
    assert shown.returncode == 0
    return shown.stdout


def test_who_was_told_two_things_reads_both_and_at_the_next_start_too(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    for chat in (at_alice, at_bob):
        chat.type("hello")
    for chat in (at_alice, at_bob):
        chat.wait_until(2)
        assert chat.end() == 0
    for me, author in zip((alice, bob), two_faced(["I am for you"], ["I am against you"]), strict=True):
        hand_over(household, me, author, household.data_dir(f"{me}.parcel"))
        assert "mallory said nothing in two ways" in forks(household, me)

    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    for me, chat, other in ((alice, at_alice, bob), (bob, at_bob, alice)):
        chat.wait_for_remark("mallory? signed two different messages with one number")
        chat.wait_for_remark(f"chat-tui peers {me} forks mallory")
        assert f"through {other}" in forks(household, me)
        assert chat.end() == 0

    asking = household.lines(alice, bob, "--json-input")
    asking.type('{"command": "/forks mallory"}')
    asking.wait_for_remark("I am against you")
    assert asking.end() == 0
    for me, here, there in ((alice, "for", "against"), (bob, "against", "for")):
        lines = {line.split()[0]: line for line in forks(household, me).splitlines()}
        assert lines["here"].endswith(f"  I am {here} you")
        assert lines["elsewhere"].endswith(f"  I am {there} you")
        checked = household.check(me)
        assert checked.returncode == 0
        assert "mallory signed two different entries with one number" in checked.stdout
