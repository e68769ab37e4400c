"""Line mode as a person uses it at a terminal, with a screen reader for example."""

from __future__ import annotations

import time

from app.line_commands import UNREAD
from tests.end_to_end.terminal import Household


def test_at_a_terminal_lines_with_a_slash_are_commands(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.terminal(alice, bob, "--plain", "--linger", "0", rows=60)
    for typed, told in (
        ("hello", f"{alice}> hello"),
        ("/edit goodbye", "changed “hello” to: goodbye"),
        ("//etc/hosts", f"{alice}> /etc/hosts"),
        ("/serch hosts", "did you mean /search?"),
        ("/search hosts", "1 found"),
        ("/theme", "/theme needs the screen"),
        ("/me waves", f"* {alice} waves"),
        ("/peers", f"no connection to {bob} yet"),
        ("/why", "discovered"),
        ("/help", "/reply NAME TEXT: answer the last message by somebody"),
    ):
        at_alice.send(f"{typed}\n")
        at_alice.wait_for(told)
    at_alice.send("/quit\n")
    assert at_alice.wait_for_end() == 0


def test_a_question_is_not_answered_by_what_was_pasted_with_what_asked_it(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.terminal(alice, bob, "--plain", "--linger", "0")
    at_alice.send("hello\n")
    at_alice.wait_for(f"{alice}> hello")
    at_alice.send("/delete\n/delete\n/me waits\n")
    at_alice.wait_for(lambda text: text.count("/delete again deletes “hello” on all screens") == 2)
    at_alice.wait_for(f"* {alice} waits")
    assert "deleted" not in at_alice.text
    at_alice.send("/delete\n")
    at_alice.wait_for("/delete again deletes “/me waits”")
    time.sleep(UNREAD)  # as somebody who reads the question
    at_alice.send("/delete\n")
    at_alice.wait_for(f"{alice} deleted “")
    at_alice.send("/quit\n")
    assert at_alice.wait_for_end() == 0


def test_an_answer_at_a_terminal_says_what_it_answers(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.terminal(alice, bob, "--plain")
    at_bob = household.lines(bob, alice, "--json")
    at_bob.type("tea?")
    at_alice.wait_for(f"{bob}> tea?")
    at_alice.send(f"/reply {bob} yes\n")
    at_alice.wait_for("this answers “tea?”")
    at_bob.wait_for_json(lambda said: said.get("text") == "yes" and "answers" in said)
    at_alice.send(f"/mute {bob}\n")
    at_alice.wait_for(f"{bob} is muted")
    at_bob.type("never mind")
    at_bob.wait_for_json(lambda said: said.get("text") == "never mind")
    at_alice.send("one\n")
    at_bob.wait_for_json(lambda said: said.get("text") == "one")
    at_alice.send(f"/unmute {bob}\n")
    at_alice.wait_for("not muted any more")
    at_bob.type("again")
    at_alice.wait_for(f"{bob}> again")
    assert "never mind" not in at_alice.text
    at_alice.send("/quit\n")
    assert at_alice.wait_for_end() == 0


def test_what_is_piped_in_is_sent_as_it_is(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.lines(alice, bob, "--linger", "0")
    at_alice.type("/quit\n//twice")
    assert at_alice.end() == 0
    assert at_alice.seen == [f"{alice}> /quit", f"{alice}> //twice"]
