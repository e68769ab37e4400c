"""Line mode and headless as scripts use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from tests.end_to_end.terminal import PATIENCE, PROGRAM, Household


def test_lines_go_both_ways(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    at_alice.type("over the wire")
    at_bob.wait_for(f"{alice}> over the wire")
    at_bob.type("and back \\ again")
    at_alice.wait_for(f"{bob}> and back \\\\ again")
    at_alice.wait_for_remark(f"info> direct connection to {bob}")
    assert at_bob.end() == 0
    assert at_alice.end() == 0
    assert at_alice.seen == at_bob.seen == [f"{alice}> over the wire", f"{bob}> and back \\\\ again"]


def test_what_is_piped_in_while_alone_arrives_at_the_next_meeting(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    sender = household.lines(alice, bob, "--linger", "0")
    sender.type("hello")
    assert sender.end() == 0
    assert sender.seen == [f"{alice}> hello"]
    assert any("not yet held by" in remark for remark in sender.remarks)
    at_bob = household.lines(bob, alice)
    at_alice = household.lines(alice, bob, "--linger", str(PATIENCE), "--require-held", "--history", "0")
    assert at_alice.end() == 0
    assert at_alice.seen == []
    assert f"info> all my messages are held by {bob}" in at_alice.remarks
    at_bob.wait_for(f"{alice}> hello")


def test_require_held_is_a_status(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    sender = household.lines(alice, bob, "--linger", "0", "--require-held")
    assert sender.end() == 4


def test_reading_the_news_waits_for_all_that_is_offered(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.lines(alice, bob)
    for number in range(300):
        at_alice.type(f"line {number}")
    at_alice.wait_for(f"{alice}> line 299")
    reader = household.lines(bob, alice, "--linger", str(PATIENCE))
    assert reader.end() == 0
    assert reader.seen == [f"{alice}> line {number}" for number in range(300)]
    reader = household.lines(bob, alice, "--linger", "0", "--history", "2")
    assert reader.end() == 0
    assert reader.seen == [f"{alice}> line 298", f"{alice}> line 299"]


def test_words_pass_through_a_third_one(household: Household) -> None:
    alice, bob, carol = household.name("alice"), household.name("bob"), household.name("carol")
    at_carol = household.lines(carol, alice, bob, "--headless")
    at_alice = household.lines(alice, carol, "--linger", str(PATIENCE))
    at_alice.type("hello bob")
    assert at_alice.end() == 0
    at_bob = household.lines(bob, carol)
    at_bob.wait_for(f"{alice}?> hello bob")
    assert at_bob.end() == 0
    assert at_carol.terminate() == 0
    assert at_carol.seen == []
    for me in (alice, bob, carol):
        assert household.check(me).returncode == 0


def test_json_both_ways(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice = household.lines(alice, bob, "--json", "--json-input")
    at_bob = household.lines(bob, alice, "--json")
    at_alice.type(json.dumps({"text": "two\nlines"}))
    at_bob.wait_for_json(
        lambda item: item["type"] == "message" and item["text"] == "two\nlines" and item["pinned"] is True
    )
    at_bob.wait_for_json(lambda item: item["type"] == "peer" and item["name"] == alice and item["state"] == "connected")
    at_alice.wait_for_json(lambda item: item["type"] == "held" and item["by"] == [bob] and item["seq"] == 2)
    at_alice.type(json.dumps({"command": "/quit"}))
    assert at_alice.wait_for_end() == 0
    assert at_bob.end() == 0


def test_an_output_that_nobody_reads_holds_up_neither_input_nor_peers(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    at_alice, at_bob = household.lines(alice, bob), household.lines(bob, alice)
    for number in range(1000):
        at_alice.type(f"{number} {'x' * 500}")  # eight times what a pipe holds
    at_bob.wait_until(1000)
    at_bob.type("all there")
    at_bob.wait_for(f"{bob}> all there")
    assert at_bob.end() == 0
    assert any(f"held by {alice}" in remark for remark in at_bob.remarks)
    assert at_alice.end() == 0
    assert at_alice.seen == at_bob.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_cleanly(household: Household, number: signal.Signals) -> None:
    alice = household.name("alice")
    chat = household.lines(alice)
    chat.type("x")
    chat.wait_for(f"{alice}> x")
    assert chat.terminate(number) == 0
    assert household.check(alice).returncode == 0


def test_a_closed_stdout_does_not_stop_the_input(household: Household) -> None:
    alice = household.name("alice")
    for redirection in ("", ">&-", ">/dev/full"):
        command = f'"$@" {redirection} | head -c 1 >/dev/null' if not redirection else f'"$@" {redirection}'
        subprocess.run(
            ["sh", "-c", command, "sh", *household.arguments(alice)],
            input="".join(f"{redirection} {number}\n" for number in range(2000)).encode(),
            stderr=subprocess.PIPE,
            env=household.environment(),
            timeout=PATIENCE,
            check=False,
        )
    reader = household.lines(alice)
    assert reader.end() == 0
    assert len(reader.seen) == 6000
    assert household.check(alice).returncode == 0


def test_wrong_use_and_unusable_data_are_one_sentence(household: Household) -> None:
    alice = household.name("alice")
    chat = household.lines(alice)
    chat.type("x")
    chat.wait_for(f"{alice}> x")
    second = household.lines(alice)
    assert second.end() == 1
    assert len(second.remarks) == 1
    assert str(chat.process.pid) in second.remarks[0]
    assert household.check(alice).returncode == 3
    assert chat.end() == 0
    data = household.data_dir(alice) / alice / "rooms" / "main" / "log.mdb"
    whole = data.read_bytes()
    data.write_bytes(b"\xa5" * 8192 + whole[8192:])
    damaged = household.lines(alice)
    assert damaged.end() == 1
    assert len(damaged.remarks) == 1
    assert household.check(alice).returncode == 1
    assert data.read_bytes() == b"\xa5" * 8192 + whole[8192:]
    data.write_bytes(whole)
    assert household.check(alice).returncode == 0
    (household.data_dir(alice) / alice / "identity.key").chmod(0o644)
    open_key = household.lines(alice)
    assert open_key.end() == 1
    assert "chmod 600" in open_key.remarks[0]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--version"], 0, "chat-tui 0."),
        (["--help"], 0, "usage: chat-tui"),
        ([], 2, "for example: chat-tui alice bob"),
        (["alice", "alice"], 2, "is you"),
        (["check"], 2, "chat-tui check alice"),
        (["check", "nobody"], 3, "nothing is kept for nobody"),
        (["identity", "show", "nobody"], 1, "no key"),
        (["repair", "alice"], 1, "nothing is kept for alice"),
        (["alice", "--data-dir", "/dev/null/x"], 1, "--data-dir"),
        (["alice", "--log-file", "/dev/null/x"], 1, "log file"),
    ],
)
def test_every_end_without_a_chat_says_why(household: Household, words: list[str], status: int, said: str) -> None:
    ended = household.run(*words)
    assert ended.returncode == status
    assert said in (ended.stdout if status == 0 else ended.stderr)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("redirection", "status"), [(">/dev/full", 1), (">&-", 0), ("| head -c 1", 0)])
def test_an_answer_that_cannot_be_written_is_no_traceback(household: Household, redirection: str, status: int) -> None:
    program = " ".join([*PROGRAM, "--help", redirection])
    ended = subprocess.run(
        ["sh", "-c", program],
        capture_output=True,
        text=True,
        env=household.environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == status
    assert ended.stderr == ("" if status == 0 else "chat-tui: the output cannot be written: No space left on device\n")


def test_an_identity_is_shown(household: Household) -> None:
    alice = household.name("alice")
    assert household.lines(alice).end() == 0
    shown = household.run("identity", "show", alice, "--data-dir", os.fspath(household.data_dir(alice)))
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"{alice} ")
