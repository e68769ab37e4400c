"""A file has its name when it is whole, and never before."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.errors import StorageError
from app.whole_files import whole_file


def test_a_file_appears_when_it_is_whole_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    with whole_file(path) as file:
        file.write(b"hello")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_links")
def test_without_links_a_file_is_whole_too_and_replaces_none(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    with whole_file(path) as file:
        file.write(b"hello")
    with pytest.raises(StorageError, match="is there already"), whole_file(tmp_path / "other") as file:
        (tmp_path / "other").write_bytes(b"somebody was quicker")
    assert path.read_bytes() == b"hello"
    assert (tmp_path / "other").read_bytes() == b"somebody was quicker"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("stop", [KeyboardInterrupt, StorageError])
def test_nothing_is_left_of_one_that_was_stopped(tmp_path: Path, stop: type[BaseException]) -> None:
    def write() -> None:
        with whole_file(tmp_path / "copy") as file:
            file.write(b"half")
            raise stop

    with pytest.raises(stop):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    path.write_bytes(b"mine")
    with pytest.raises(StorageError, match="is there already, and stays as it is"), whole_file(path):
        pass
    path.unlink()
    with pytest.raises(StorageError, match="is there already"), whole_file(path):
        path.write_bytes(b"somebody was quicker")
    assert path.read_bytes() == b"somebody was quicker"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_attempt_left_is_replaced(tmp_path: Path) -> None:
    write = "import os, signal; file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    code = (
        f"import sys; from pathlib import Path; from app.whole_files import whole_file\n"
        f"with whole_file(Path(sys.argv[1])) as file: {write}"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "copy")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    with whole_file(tmp_path / "copy") as file:
        file.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    assert (tmp_path / "copy").read_bytes() == b"whole"


@pytest.mark.parametrize("name", ["copy.part", "copy.tmp", "copy~", ".copy.swp", "copy.crdownload"])
def test_what_somebody_else_has_beside_it_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"somebody's download")
    with whole_file(tmp_path / "copy") as file:
        file.write(b"whole")
    assert (tmp_path / name).read_bytes() == b"somebody's download"


def test_of_two_that_write_at_a_time_one_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    first, later = ExitStack(), ExitStack()
    first.enter_context(whole_file(path)).write(b"the first")
    later.enter_context(whole_file(path)).write(b"the second")
    with pytest.raises(StorageError, match="is being written by another program"):
        first.close()
    assert not path.exists()
    later.close()
    assert path.read_bytes() == b"the second"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="cannot be written: No such file or directory"),
        whole_file(tmp_path / "nowhere" / "copy"),
    ):
        pass
