from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__, cli, log_file
from app.config import key_file, make_user_folder, room_folder
from app.errors import LockedError, UsageError
from app.identity import Identity
from app.identity_file import read_or_create
from app.storage.log import Log

HEAVY = {"asyncio", "cbor2", "cryptography", "lmdb", "logging", "platformdirs", "ssl", "textual", "zeroconf"}
LATER = {
    *("cryptography", "hashlib", "json", "zeroconf"),
    *("app.door_bell", "app.replication", "app.search", "app.widgets.info_screen", "app.widgets.search_screen"),
}


def loaded_by(*arguments: str) -> set[str]:
    """Which heavy modules a start with these arguments has imported by its end."""
    program = (
        f"import sys; from app.cli import main; main({arguments!r}); print(); print(*{HEAVY!r} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert cli.main(["--version", "alice"]) == 0
    assert capsys.readouterr().out == f"chat-tui {__version__}\n" * 2


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["--plian"], ["alice", "alice"]])
def test_answers_that_need_nothing_import_nothing(arguments: list[str]) -> None:
    assert loaded_by(*arguments) == set()


def test_a_key_without_passphrase_is_opened_without_cryptography(tmp_path: Path) -> None:
    make_user_folder(tmp_path / "alice")
    read_or_create(key_file(tmp_path / "alice"))
    assert loaded_by("identity", "show", "alice", "--data-dir", str(tmp_path)) == set()
    program = (
        "import sys; from pathlib import Path; from app import identity_file, passphrase; "
        f"passphrase.unlock(identity_file.read(Path({str(key_file(tmp_path / 'alice'))!r})), 'alice', {{}}, None); "
        f"assert not {HEAVY!r} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_the_first_frame_does_not_need_is_not_imported_for_it() -> None:
    program = (
        "import sys; import app.storage.log, app.node, app.settings, app.widgets.chat_app; "
        f"print(*{LATER!r} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "\n"


def test_a_key_that_was_lost_is_not_replaced_while_there_are_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = tmp_path / "alice" / "rooms" / "main"
    room.mkdir(parents=True, mode=0o700)
    assert cli.main(["alice", "bob", "--data-dir", str(tmp_path), "--plain"]) == 1
    assert "is missing" in capsys.readouterr().err
    assert not key_file(tmp_path / "alice").exists()


def test_check_tells_a_key_that_the_messages_were_not_written_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user = tmp_path / "alice"
    make_user_folder(user)
    read_or_create(key_file(user))
    Log.open(room_folder(user, "main"), identity=Identity.generate(), name="alice", room="main", wall=lambda: 1).close()
    assert cli.main(["check", "alice", "--data-dir", str(tmp_path)]) == 1
    assert "written with another key" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["alice", "bob", "--plain"], 1),
        (["check", "alice"], 3),
        (["peers", "alice"], 1),
        (["export", "alice", "FILE"], 1),
        (["identity", "show", "alice"], 1),
    ],
)
def test_a_data_folder_that_is_closed_to_the_user_is_told_with_what_to_do(
    arguments: list[str], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    make_user_folder(data / "alice")
    data.chmod(0)
    try:
        assert cli.main([*arguments, "--data-dir", str(data)]) == status
        assert f"{data} is closed to you: chmod u+rwX {data}" in capsys.readouterr().err
    finally:
        data.chmod(0o700)


def test_wrong_use_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alice", "--plian"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "chat-tui: there is no option '--plian': did you mean --plain?\n"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (LockedError("process 7 has it open"), 1, "process 7 has it open"),
        (UsageError("write it like this"), 2, "write it like this"),
        (LockedError("a \x1b[2J name"), 1, "a \ufffd[2J name"),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [LockedError("held")])]), 1, "held"),
    ],
)
def test_a_foreseen_error_is_its_sentence(
    error: Exception, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli._explain(error) == status
    assert capsys.readouterr().err == f"chat-tui: {said}\n"


@pytest.mark.usefixtures("logging_as_before")
def test_an_unforeseen_error_is_a_sentence_and_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_file.start(tmp_path / "log", logging.CRITICAL)
    assert cli._explain(ZeroDivisionError("by zero")) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "log") in said
    assert "by zero" not in said
    assert said.count("\n") == 1
    assert "ZeroDivisionError: by zero" in (tmp_path / "log").read_text()
