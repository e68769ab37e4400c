"""`--log-file` and `--debug`: the story of a connection, and nothing that somebody wrote or that is secret."""

from __future__ import annotations

import os
import re

from tests.end_to_end.terminal import READY, Household


def test_the_log_tells_the_story_of_a_connection_and_nothing_that_was_said(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    household.settings["CHAT_TUI_PASSPHRASE"] = (passphrase := f"open-{os.urandom(6).hex()}")
    log = household.data_dir("logs") / "log"
    log.parent.mkdir()
    said = [f"{word}-{os.urandom(6).hex()}" for word in ("typed", "piped", "draft", "corrected")]
    screen = household.terminal(alice, bob, "--log-file", str(log), "--debug")
    screen.wait_for(READY)
    at_bob = household.lines(bob, alice, "--json-input")
    at_bob.type(f'{{"text": "{said[1]}"}}')
    screen.wait_for(said[1])
    screen.say(said[0])
    at_bob.wait_for(f"{alice}> {said[0]}")
    screen.send(f"/search {said[3]}")
    screen.wait_for(said[3])
    screen.send(f"\x1b\x15{said[2]}")
    screen.wait_for(said[2])
    assert at_bob.end() == 0
    screen.wait_for("0 of 1 connected")
    screen.send("\x11")
    assert screen.wait_for_end() == 0

    text = log.read_text()
    one = re.search(rf"(connection \d+)(?: to {bob})?: authenticated as {bob} at 127\.0\.0\.1, key [0-9a-f-]+\n", text)
    assert one, text
    story = [line.partition(f"{one[1]} to {bob}: ")[2] for line in text.splitlines() if f"{one[1]} to {bob}: " in line]
    steps = [step for step in story if not re.match("dialling|TLS|authenticated", step)]
    assert steps[:2] == ["is let in", "both let each other in"]
    assert any(re.fullmatch(r"level, \d+ entries received and \d+ sent", step) for step in steps)
    assert re.fullmatch(
        r"ended after [\d.]+ s: leaving; received \d+ entries in \d+ bytes, sent \d+ in \d+", steps[-1]
    ), steps
    assert f"{one[1]}: TLS between 127.0.0.1 and 127.0.0.1" in text.replace(f" to {bob}", "")

    key = (household.data_dir(alice) / alice / "identity.key").read_text()
    secret = re.search("secret ([0-9a-f]{64})", key)
    assert secret
    for word in (*said, passphrase, secret[1]):
        assert word not in text
