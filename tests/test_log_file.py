from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from app import log_file
from app.errors import StorageError
from app.status import Notice, PeerPhase, PeerStatus

pytestmark = pytest.mark.usefixtures("logging_as_before")


def test_no_file_is_made_before_there_is_something_to_say(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log_file.start(path, logging.CRITICAL)
    log_file.note(Notice("nothing that matters"))
    assert not path.exists()
    assert log_file.crashed(ValueError("a reason")) == path
    assert "ValueError: a reason" in path.read_text()


def test_what_happens_is_noted_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log_file.start(path, logging.INFO)
    log_file.note(PeerStatus("bob", PeerPhase.LOST, "bye \x1b[2J"))
    log_file.note(Notice("another alice", urgent=True))
    text = path.read_text()
    assert "INFO app bob: lost bye \ufffd[2J" in text
    assert "WARNING app another alice" in text


def test_a_crash_of_a_thread_is_kept_and_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    log_file.start(path, logging.CRITICAL)

    def crash() -> None:
        raise RuntimeError("in a thread")

    thread = threading.Thread(target=crash)
    thread.start()
    thread.join()
    assert "RuntimeError: in a thread" in path.read_text()
    assert capfd.readouterr() == ("", "")


def test_a_library_that_gives_its_logger_a_level_is_not_louder_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log_file.start(path, logging.CRITICAL)
    library = logging.getLogger("a library")
    library.setLevel(logging.DEBUG)
    library.warning("the network is unreachable")
    assert not path.exists()
    library.critical("the end")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        log_file.check_writable(tmp_path / "missing" / "log")
