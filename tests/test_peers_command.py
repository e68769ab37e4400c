"""`chat-tui peers`, and starts that would hand somebody's words on, as the command line meets them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from app import cli
from app.identity_file import read_or_create
from app.peers import PeerRecord, Standing
from app.storage.log import Log
from tests.feeds import START, TestAuthor

BOB, CAROL = TestAuthor("bob"), TestAuthor("carol")


def open_log(folder: Path) -> Log:
    (folder / "alice").mkdir(mode=0o700, exist_ok=True)
    identity = read_or_create(folder / "alice" / "identity.key").unlock()
    place = folder / "alice" / "rooms" / "main"
    return Log.open(place, identity=identity, name="alice", room="main", wall=lambda: START)


@pytest.fixture
def monday(tmp_path: Path, logging_as_before: None) -> Path:
    """A data folder in which bob was met and let in, and wrote something; carol wrote through him."""
    with closing(open_log(tmp_path)) as log:
        key = BOB.identity.public
        log.remember_peer(PeerRecord(key, "bob", START, {}, Standing.ACCEPTED, START, None)).result()
        for author in (TestAuthor("bob"), TestAuthor("carol")):
            author.entries(["hello"])
            log.ingest([author.run()], via=key).result()
    return tmp_path


def peers(folder: Path, words: Sequence[str] = ()) -> int:
    return cli.main(["peers", "alice", *words, "--data-dir", str(folder)])


def record(folder: Path, key: bytes) -> PeerRecord:
    with closing(open_log(folder)) as log:
        return log.peers()[key]


def test_who_was_met_is_listed_with_the_key_and_what_was_decided(
    monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert peers(monday) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("bob  ")
    assert BOB.identity.fingerprint in first.replace("-", "")
    assert "let in 2023-11-1" in first
    assert first.endswith("not verified")
    assert second.startswith("carol?  ")
    assert second.endswith("never met, known through bob")


def test_decisions_are_taken_back(monday: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers(monday, ["refuse", "bob"]) == 0
    assert record(monday, BOB.identity.public).standing is Standing.REFUSED
    assert peers(monday, ["accept", "bob"]) == 0
    assert record(monday, BOB.identity.public).standing is Standing.ACCEPTED
    assert peers(monday, ["forget", "bob"]) == 0
    forgotten = record(monday, BOB.identity.public)
    assert (forgotten.pinned_at, forgotten.standing) == (None, None)
    assert "bob is forgotten" in capsys.readouterr().out


def test_who_was_never_met_can_be_refused_but_not_let_in(monday: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers(monday, ["accept", "carol"]) == 2
    assert "nobody called carol asks" in capsys.readouterr().err
    assert peers(monday, ["refuse", "carol?"]) == 0
    assert record(monday, CAROL.identity.public).standing is Standing.REFUSED


def test_nothing_is_changed_while_a_chat_is_running(monday: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_log(monday)):
        assert peers(monday, ["forget", "bob"]) == 1
    assert "process" in capsys.readouterr().err


def test_a_room_that_is_not_there_is_not_made(monday: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers(monday, ["--room", "lab"]) == 1
    assert "nothing is kept for alice in room lab" in capsys.readouterr().err
    assert not (monday / "alice" / "rooms" / "lab").exists()


@pytest.mark.parametrize("face", ["--plain", "--json", "--headless"])
def test_where_nobody_can_be_asked_a_start_that_hands_words_on_is_refused(monday: Path, face: str) -> None:
    words = ["alice", "dave", face, "--data-dir", str(monday), "--interface", "127.0.0.1"]
    ended = subprocess.run(
        [sys.executable, "-m", "app", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "dave would read 2 messages by bob and carol?" in ended.stderr
    assert "start with --admit" in ended.stderr


def test_with_admit_it_starts(monday: Path) -> None:
    words = ["alice", "dave", "--admit", "--data-dir", str(monday), "--interface", "127.0.0.1", "--linger", "0"]
    ended = subprocess.run(
        [sys.executable, "-m", "app", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert sorted(ended.stdout.splitlines()) == ["bob> hello", "carol?> hello"]
