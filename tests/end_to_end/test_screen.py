"""The main job, as people at real terminals see it."""

from __future__ import annotations

import signal

import pytest

from tests.end_to_end.terminal import READY, Household

CTRL_Q = "\x11"


def test_words_reach_who_comes_later_and_answers_who_comes_back(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.terminal(alice, bob)
    at_alice.say("hello")
    at_bob = household.terminal(bob, alice)
    at_bob.wait_for("hello")
    at_alice.send(CTRL_Q)
    assert at_alice.wait_for_end() == 0
    at_bob.say("good evening")
    at_alice = household.terminal(alice, bob)
    shown = at_alice.wait_for("good evening")
    assert shown.index("hello") < shown.index("good evening")
    assert shown.count("hello") == shown.count("good evening") == 1
    at_bob.send(CTRL_Q)
    assert at_bob.wait_for_end() == 0


def test_a_small_terminal_and_a_changed_size_show_every_word(household: Household) -> None:
    alice = household.name("alice")
    terminal = household.terminal(alice, columns=40, rows=10)
    words = [f"word{number}" for number in range(12)]
    terminal.say("start")
    terminal.send(" ".join(words))
    terminal.wait_for("word11")
    terminal.send("\r")
    terminal.wait_for(READY)
    for columns, rows in ((40, 10), (70, 16), (120, 40), (40, 12)):
        terminal.resize(columns, rows)
        terminal.wait_for(lambda screen: all(word in screen for word in words) and READY in screen)
        assert len(terminal.lines) == rows
        assert max(map(len, terminal.lines)) <= columns


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_cleanly_and_keeps_the_draft(household: Household, number: signal.Signals) -> None:
    alice = household.name("alice")
    terminal = household.terminal(alice)
    terminal.wait_for(READY)
    terminal.send("half a thou")
    terminal.wait_for("half a thou")
    terminal.process.send_signal(number)
    assert terminal.wait_for_end() == 0
    assert terminal.echoes
    terminal = household.terminal(alice)
    terminal.wait_for("half a thou")


@pytest.mark.parametrize("leaving", [CTRL_Q, "/quit\r"])
def test_leaving_in_the_moment_of_sending_saves_and_ends_well(household: Household, leaving: str) -> None:
    alice = household.name("alice")
    terminal = household.terminal(alice)
    terminal.wait_for(READY)
    terminal.send(f"last words\r{leaving}")
    assert terminal.wait_for_end() == 0
    household.terminal(alice).wait_for("last words")


def test_a_message_that_was_shown_survives_a_kill(household: Household) -> None:
    alice = household.name("alice")
    terminal = household.terminal(alice)
    terminal.say("written in stone")
    terminal.wait_for("written in stone")
    terminal.kill()
    assert household.check(alice).returncode == 0
    household.terminal(alice).wait_for("written in stone")


def test_hostile_words_do_not_reach_the_terminal(household: Household) -> None:
    alice, mallory = household.name("alice"), household.name("mallory")
    terminal = household.terminal(alice, mallory)
    terminal.wait_for(READY)
    sender = household.lines(mallory, alice, "--json-input")
    sender.type(r'{"text": "\u001b[2J\u001b[1;1Hgone\u009b31m [b]bold[/b] \u202eabc"}')
    shown = terminal.wait_for("gone")
    assert "\ufffd[2J\ufffd[1;1Hgone\ufffd31m [b]bold[/b] abc" in shown
    assert READY in shown
    assert sender.end() == 0


def test_line_mode_works_at_a_terminal(household: Household) -> None:
    alice = household.name("alice")
    terminal = household.terminal(alice, "--plain")
    terminal.send("hello\r")
    terminal.wait_for(f"{alice}> hello")
    terminal.send("\x04")
    assert terminal.wait_for_end() == 0
