"""bob on Monday, carol on Tuesday: what bob wrote is not handed to carol unasked, on the screen and in a script."""

from __future__ import annotations

import pytest

from tests.end_to_end.terminal import READY, Household


@pytest.fixture
def tuesday(household: Household) -> tuple[str, str, str]:
    """The names of alice, bob and carol. On Monday bob and alice met, and bob wrote to her."""
    alice, bob, carol = (household.name(name) for name in ("alice", "bob", "carol"))
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    at_bob.type("between us")
    at_alice.wait_for(f"{bob}> between us")
    assert at_bob.end() == 0
    assert at_alice.end() == 0
    return alice, bob, carol


@pytest.mark.parametrize(("columns", "rows"), [(100, 30), (40, 10)])
def test_on_the_screen_alice_is_asked(
    household: Household, tuesday: tuple[str, str, str], columns: int, rows: int
) -> None:
    alice, _, carol = tuesday
    at_carol = household.lines(carol, alice)
    at_alice = household.terminal(alice, carol, columns=columns, rows=rows)
    at_alice.wait_for("will read")
    at_carol.wait_for_remark(f"info> {alice}: waiting to be accepted")
    assert at_carol.seen == []
    at_alice.send(f"/accept {carol}\r")
    at_carol.wait_for(f"{tuesday[1]}?> between us")
    at_alice.wait_for(READY)


def test_in_a_script_it_is_not_begun_without_admit(household: Household, tuesday: tuple[str, str, str]) -> None:
    alice, bob, carol = tuesday
    refused = household.lines(alice, carol)
    assert refused.wait_for_end() == 2
    assert any(f"{carol} would read 1 message by {bob}" in remark for remark in refused.remarks)
    at_carol = household.lines(carol, alice)
    at_alice = household.lines(alice, carol, "--admit")
    at_carol.wait_for(f"{bob}?> between us")
    assert at_alice.end() == 0


def test_naming_both_needs_no_answer(household: Household, tuesday: tuple[str, str, str]) -> None:
    alice, bob, carol = tuesday
    at_carol = household.lines(carol, alice)
    at_alice = household.lines(alice, bob, carol)
    at_carol.wait_for(f"{bob}?> between us")
    assert at_alice.end() == 0
