"""The way to a peer, step by step: what fails, and what to do about it. A pure function of what is known."""

from __future__ import annotations

import pytest

from app.status import Barrier, PeerPhase, PeerStatus
from app.way import UNDIALLED, Attempt, Reach, Source, Way
from app.why import Knowledge, Mark, Stage, Step, explain, why_lines

AWAY = PeerStatus("bob", PeerPhase.CONNECTING)
GUESS = Attempt("127.0.0.1:62474", Source.GUESSED, Reach.FAILED, "connection refused")
HEARD = Attempt("192.0.2.7:62474", Source.HEARD, Reach.FAILED, "no answer")


def steps(status: PeerStatus, way: Way | None = None, *, room: str = "main", seen: str = "") -> tuple[Step, ...]:
    return explain(Knowledge("alice", room, status, way or Way(), seen))


def marks(found: tuple[Step, ...]) -> str:
    return "".join(step.mark.value for step in found)


def said(found: tuple[Step, ...]) -> str:
    """What is said about the step that fails or is under way."""
    return next(step.said for step in found if step.mark in (Mark.FAILED, Mark.UNDER_WAY))


def test_the_steps_are_always_the_same_and_in_order() -> None:
    assert [step.stage for step in steps(AWAY)] == list(Stage)


def test_somebody_who_is_level_has_come_the_whole_way() -> None:
    assert marks(steps(PeerStatus("bob", PeerPhase.CONNECTED, level=True))) == "✓✓✓✓✓✓"


def test_somebody_who_is_behind_is_under_way() -> None:
    found = steps(PeerStatus("bob", PeerPhase.CONNECTED, missing=1204, lacking=3, rate=200.0))
    assert marks(found) == "✓✓✓✓✓…"
    assert said(found) == "1,204 messages to get, 3 to give, 200 a second"


def test_of_whom_not_all_is_kept_is_not_level() -> None:
    found = steps(PeerStatus("bob", PeerPhase.CONNECTED, level=True, unkept="more than 5 feeds are not kept"))
    assert marks(found) == "✓✓✓✓✓✕"
    assert said(found).startswith("more than 5 feeds are not kept. ")


def test_who_is_not_heard_is_told_what_to_type_there() -> None:
    found = steps(AWAY, Way((GUESS,)), seen="Tuesday")
    assert marks(found) == "✕·····"
    assert "bob types: chat-tui bob alice." in said(found)
    assert "chat-tui alice bob@ADDRESS" in said(found)
    assert said(found).endswith("Last here: Tuesday")


def test_the_commands_name_the_room() -> None:
    assert "chat-tui --room kitchen bob alice" in said(steps(AWAY, Way(), room="kitchen"))


def test_without_multicast_an_address_is_asked_for() -> None:
    found = said(steps(AWAY, Way(deaf="no such device")))
    assert found.startswith("names cannot be looked up here (no such device): say where bob is, chat-tui alice bob@")


@pytest.mark.parametrize(
    ("why", "advice"),
    [("connection refused", "does not run at this address"), ("no answer", "a firewall is between")],
)
def test_who_is_found_and_does_not_answer(why: str, advice: str) -> None:
    heard = Attempt("192.0.2.7:62474", Source.HEARD, Reach.FAILED, why)
    found = steps(AWAY, Way((heard, GUESS)))
    assert marks(found) == "✓✕····"
    assert f"192.0.2.7:62474: {why}" in said(found)
    assert advice in said(found)
    assert "chat-tui doctor alice bob" in said(found)


def test_an_address_that_is_being_dialled_is_under_way() -> None:
    given = Attempt("192.0.2.7:62474", Source.GIVEN, Reach.TRYING)
    assert marks(steps(AWAY, Way((given, GUESS)))) == "✓…····"


def test_who_was_there_a_moment_ago_is_dialled_again() -> None:
    met = Attempt("127.0.0.1:62474", Source.GUESSED, Reach.MET)
    assert marks(steps(PeerStatus("bob", PeerPhase.LOST), Way((met,)))) == "✓…····"


def test_somebody_else_at_an_address_is_named() -> None:
    other = Attempt("192.0.2.7:62474", Source.GIVEN, Reach.STRANGE, "carol answers there")
    found = steps(AWAY, Way((other,)))
    assert marks(found) == "✓✓✕···"
    assert said(found) == "at 192.0.2.7:62474 carol answers there, not bob: is the address right?"


def test_who_announces_another_room_is_in_it() -> None:
    found = steps(AWAY, Way((GUESS,), elsewhere=("kitchen",)))
    assert marks(found) == "✓··✕··"
    assert said(found) == "bob is in kitchen, you are in main: chat-tui --room kitchen alice bob"


@pytest.mark.parametrize(
    ("barrier", "shown"),
    [
        (Barrier.KEY, "✓✓✕···"),
        (Barrier.VERSION, "✓✓✕···"),
        (Barrier.ROOM, "✓✓✓✕··"),
        (Barrier.RULE, "✓✓✓✓✕·"),
        (Barrier.WILL, "✓✓✓✓✕·"),
    ],
)
def test_a_refusal_stands_at_the_step_that_it_is_about(barrier: Barrier, shown: str) -> None:
    found = steps(PeerStatus("bob", PeerPhase.REFUSED, "a reason", barrier=barrier), Way((HEARD,)))
    assert marks(found) == shown
    assert barrier is Barrier.ROOM or "a reason" in said(found)


def test_who_was_refused_is_told_who_can_take_it_back() -> None:
    there = PeerStatus("bob", PeerPhase.REFUSED, "you were refused there", barrier=Barrier.WILL)
    assert said(steps(there)) == "you were refused there: bob can take that back, and types there: /accept alice"
    here = PeerStatus("bob", PeerPhase.REFUSED, "you refused it; /accept bob takes that back", barrier=Barrier.WILL)
    assert said(steps(here)) == here.detail


def test_an_address_that_leads_nowhere_from_here_is_no_firewall() -> None:
    nowhere = Attempt("192.0.2.7:62474", Source.GIVEN, Reach.FAILED, f"192.0.2.7 {UNDIALLED}")
    assert "this computer is in no network that leads there" in said(steps(AWAY, Way((nowhere,))))


def test_who_waits_is_told_who_has_to_decide() -> None:
    assert "/accept alice" in said(steps(PeerStatus("bob", PeerPhase.KNOCKING, waits=True)))
    assert said(steps(PeerStatus("bob", PeerPhase.KNOCKING))) == "you have to decide: /accept bob or /refuse bob"


def test_nobody_is_looked_for_who_is_not_named() -> None:
    found = explain(Knowledge("alice", "main", PeerStatus("carol", PeerPhase.LOST), None))
    assert "carol is not named here" in said(found)


def test_it_is_a_few_lines_of_text_that_harm_nobody() -> None:
    lines = why_lines([("bob\x1b", steps(PeerStatus("bob", PeerPhase.CONNECTED, level=True)))])
    assert lines[:2] == ["bob�", "  ✓ discovered"]
