"""`chat-tui doctor` beside running chats."""

from __future__ import annotations

import json

from tests.end_to_end.terminal import Household


def test_between_two_that_run_all_is_well(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    at_alice.type("hello")
    at_bob.wait_for(f"{alice}> hello")
    place = ("--data-dir", str(household.data_dir(alice)), "--interface", "127.0.0.1")
    seen = household.run("doctor", alice, bob, *place)
    assert seen.returncode == 0, seen.stdout
    assert f"open in process {at_alice.process.pid}" in seen.stdout
    assert f"ok    port: the running chat (process {at_alice.process.pid}) listens at" in seen.stdout
    assert f"ok    announcement: {alice} is heard" in seen.stdout
    assert f"ok    peer {bob}: answers at" in seen.stdout
    assert seen.stdout.count("with the key that is known") >= 1
    assert seen.stderr == ""
    at_alice.type("nobody noticed")
    at_bob.wait_for(f"{alice}> nobody noticed")
    assert at_alice.end() == at_bob.end() == 0
    assert not [remark for remark in at_bob.remarks if "refused" in remark or "lets" in remark]


def test_a_peer_that_is_not_there_is_bad_and_json_says_the_same(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    place = ("--data-dir", str(household.data_dir(alice)), "--interface", "127.0.0.1", "--json")
    seen = household.run("doctor", alice, bob, *place)
    assert seen.returncode == 1
    found = [json.loads(line) for line in seen.stdout.splitlines()]
    assert all(finding["type"] == "finding" for finding in found)
    assert [finding["area"] for finding in found if finding["grade"] == "bad"] == [f"peer {bob}"]
    assert not household.data_dir(alice).exists()
