"""Keys as people handle them: passphrases typed at real terminals, copies, a second device."""

from __future__ import annotations

import json
import os
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.terminal import PATIENCE, READY, Household, Terminal

CTRL_Q, CTRL_C, CTRL_D = "\x11", "\x03", "\x04"
WORDS = "plaza coffee umbrella"


def key_file(household: Household, me: str) -> Path:
    return household.data_dir(me) / me / "identity.key"


def at(household: Household, me: str) -> tuple[str, str]:
    return "--data-dir", os.fspath(household.data_dir(me))


def answer(terminal: Terminal, prompt: str, words: str) -> None:
    """Type what is not shown, where it was asked for."""
    terminal.wait_for(prompt)
    terminal.wait_for(lambda _: not terminal.echoes)
    terminal.send(f"{words}\r")


def shows_refusals(number: int, screen: str) -> bool:
    return screen.count("That was not") == number


def with_passphrase(household: Household, me: str) -> None:
    assert household.lines(me).end() == 0
    terminal = household.command_terminal("identity", "passphrase", me, *at(household, me))
    answer(terminal, "New passphrase", WORDS)
    answer(terminal, "The same once more", WORDS)
    terminal.wait_for("opens with the new passphrase only")
    assert terminal.wait_for_end() == 0
    assert WORDS not in terminal.text
    assert terminal.echoes


def test_a_passphrase_is_asked_for_before_the_screen_opens(household: Household) -> None:
    alice = household.name("alice")
    with_passphrase(household, alice)
    terminal = household.terminal(alice)
    answer(terminal, f"Passphrase of {alice}'s key:", "something else")
    answer(terminal, "That was not the passphrase", WORDS)
    terminal.say("good morning")
    assert WORDS not in terminal.text
    terminal.send(CTRL_Q)
    assert terminal.wait_for_end() == 0
    assert terminal.echoes
    assert household.check(alice).returncode == 0


def test_three_wrong_passphrases_are_an_end_with_a_sentence(household: Household) -> None:
    alice = household.name("alice")
    with_passphrase(household, alice)
    terminal = household.terminal(alice)
    answer(terminal, "Passphrase of", "a")
    for number in range(2):
        terminal.wait_for(partial(shows_refusals, number + 1))
        answer(terminal, "That was not", "b")
    terminal.wait_for("none of these was the passphrase")
    assert terminal.wait_for_end() == 1
    assert terminal.echoes
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize(("leave", "status"), [(CTRL_C, 130), (CTRL_D, 1), (signal.SIGTERM, 0)])
def test_who_leaves_instead_of_typing_gets_the_terminal_back(
    household: Household, leave: str | signal.Signals, status: int
) -> None:
    alice = household.name("alice")
    with_passphrase(household, alice)
    terminal = household.terminal(alice)
    terminal.wait_for("Passphrase of")
    terminal.wait_for(lambda _: not terminal.echoes)
    if isinstance(leave, str):
        terminal.send(leave)
    else:
        terminal.process.send_signal(leave)
    assert terminal.wait_for_end() == status
    assert terminal.echoes
    assert READY not in terminal.text


def test_a_script_has_the_passphrase_in_its_environment(household: Household) -> None:
    alice = household.name("alice")
    with_passphrase(household, alice)
    without = household.lines(alice)
    without.type("hello")
    assert without.end() == 1
    assert without.seen == []
    assert len(without.remarks) == 1
    assert "environment variable CHAT_TUI_PASSPHRASE" in without.remarks[0]
    headless = household.lines(alice, "--headless")
    assert headless.wait_for_end() == 1
    assert "CHAT_TUI_PASSPHRASE" in headless.remarks[0]
    household.settings["CHAT_TUI_PASSPHRASE"] = WORDS.upper()
    assert household.lines(alice).end() == 1
    household.settings["CHAT_TUI_PASSPHRASE"] = WORDS
    chat = household.lines(alice)
    chat.type("hello")
    assert chat.end() == 0
    assert chat.seen == [f"{alice}> hello"]


def test_a_passphrase_can_be_taken_away(household: Household) -> None:
    alice = household.name("alice")
    assert household.lines(alice).end() == 0
    before = key_file(household, alice).read_bytes()
    with_passphrase(household, alice)
    assert b"secret" not in key_file(household, alice).read_bytes()
    terminal = household.command_terminal("identity", "passphrase", alice, *at(household, alice))
    answer(terminal, "Passphrase of", WORDS)
    answer(terminal, "New passphrase", "")
    answer(terminal, "The same once more", "")
    terminal.wait_for("no passphrase any more")
    assert terminal.wait_for_end() == 0
    assert key_file(household, alice).read_bytes() == before


def test_a_second_device_is_the_same_author_to_everybody(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    desk, phone = at(household, alice), at(household, "phone")
    at_desk = household.lines(alice, bob)
    at_desk.type("at the desk")
    at_desk.wait_for(f"{alice}> at the desk")

    copy = household.run("identity", "export", alice, "-", *desk)
    assert copy.returncode == 0
    assert "identity passphrase" in copy.stderr  # recommended, beside the copy and not in it
    brought = household.run("identity", "import", alice, "-", *phone, text=copy.stdout)
    assert brought.returncode == 0
    assert (
        household.run("identity", "show", alice, *phone).stdout
        == household.run("identity", "show", alice, *desk).stdout
    )
    at_phone = household.lines(alice, bob, "--json", data_of="phone")
    at_phone.type("on the way")
    at_phone.wait_for_json(lambda item: item.get("text") == "at the desk")  # from the desk: bob is not there
    at_desk.wait_for(f"{alice}> on the way")

    at_bob = household.lines(bob, alice, "--json")
    at_bob.wait_for_json(lambda item: item.get("text") == "at the desk")
    at_bob.wait_for_json(lambda item: item.get("text") == "on the way")
    messages = [item for item in map(json.loads, at_bob.seen) if item["type"] == "message"]
    assert {item["author"] for item in messages} == {alice}
    assert len({item["key"] for item in messages}) == 1
    assert len({item["feed"] for item in messages}) == 2
    assert all(item["pinned"] for item in messages)
    at_bob.type("welcome, both")
    at_desk.wait_for(f"{bob}> welcome, both")
    at_phone.wait_for_json(lambda item: item.get("text") == "welcome, both")
    for chat in (at_bob, at_phone, at_desk):
        assert chat.end() == 0
    assert household.check(alice).returncode == 0
    assert household.run("check", alice, *phone).returncode == 0


def test_a_device_of_mine_is_dialled_where_it_was_said_to_be(household: Household) -> None:
    alice = household.name("alice")
    with socket.create_server(("127.0.0.1", 0)) as device:  # which announces nothing
        device.settimeout(PATIENCE)
        chat = household.lines(alice, f"{alice}@127.0.0.1:{device.getsockname()[1]}")
        device.accept()[0].close()
    assert chat.end() == 0
    assert not any("refused" in remark for remark in chat.remarks)


def test_a_copy_opens_with_the_passphrase_of_the_key(household: Household, tmp_path: Path) -> None:
    alice = household.name("alice")
    with_passphrase(household, alice)
    file = tmp_path / "copy of alice"
    copied = household.run("identity", "export", alice, os.fspath(file), *at(household, alice))
    assert copied.returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == key_file(household, alice).read_bytes()
    again = household.run("identity", "export", alice, os.fspath(file), *at(household, alice))
    assert again.returncode == 1
    assert "choose another name" in again.stderr
    assert household.run("identity", "import", alice, os.fspath(file), *at(household, "phone")).returncode == 0
    household.settings["CHAT_TUI_PASSPHRASE"] = WORDS
    chat = household.lines(alice, data_of="phone")
    chat.type("hello")
    assert chat.end() == 0
    other = household.name("bob")
    assert household.lines(other).end() == 0
    refused = household.run("identity", "import", other, os.fspath(file), *at(household, other))
    assert refused.returncode == 1
    assert "another key here" in refused.stderr


def test_what_others_can_change_is_not_used(household: Household) -> None:
    alice = household.name("alice")
    assert household.lines(alice).end() == 0
    folder = household.data_dir(alice) / alice
    folder.chmod(0o770)
    for ended in (household.run("identity", "show", alice, *at(household, alice)), household.check(alice)):
        assert ended.returncode != 0
        assert f"chmod 700 {folder}" in ended.stderr
    chat = household.lines(alice)
    assert chat.end() == 1
    assert f"chmod 700 {folder}" in chat.remarks[0]
    folder.chmod(0o700)
    assert household.lines(alice).end() == 0


def test_a_key_that_is_lost_is_not_replaced_but_brought_back(household: Household) -> None:
    alice = household.name("alice")
    chat = household.lines(alice)
    chat.type("before")
    assert chat.end() == 0
    copy = household.run("identity", "export", alice, "-", *at(household, alice)).stdout
    key_file(household, alice).unlink()
    without = household.lines(alice)
    assert without.end() == 1
    assert f"chat-tui identity import {alice} FILE" in without.remarks[0]
    assert not key_file(household, alice).exists()
    assert household.run("identity", "import", alice, "-", *at(household, alice), text=copy).returncode == 0
    again = household.lines(alice)
    again.type("after")
    assert again.end() == 0
    assert again.seen == [f"{alice}> before", f"{alice}> after"]
