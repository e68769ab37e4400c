"""Other programs, stood in for by scripts that write down what they were given."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from app.widgets.errands import Opener, fill_clipboards

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for the programs of a Linux desktop")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("xdg-open", "xclip"):
        script = tmp_path / name
        out = tmp_path / f"{name}.out"
        script.write_text(f'#!/bin/sh\n{{ printf "%s\\n" "$#" "$@"; cat; }} > {out}.part\nmv {out}.part {out}\n')
        script.chmod(0o755)
    for variable in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_a_clipboard_gets_the_text_on_its_input_and_nothing_else(programs: Path) -> None:
    text = "$(touch x); `rm`\n漢字 " * 10_000
    fill_clipboards(text)
    assert (programs / "xclip.out").read_text() == f"2\n-selection\nclipboard\n{text}"


def test_a_clipboard_that_fails_is_no_error(programs: Path) -> None:
    (programs / "xclip").write_text("#!/bin/sh\nexit 1\n")
    fill_clipboards("x" * 1_000_000)
    (programs / "xclip").write_text("not a program")
    fill_clipboards("x")


def test_an_address_is_one_argument(programs: Path) -> None:
    opener = Opener()
    assert opener.open("https://x.example/?a=$(touch)&b=;c")
    out = programs / "xdg-open.out"
    end = time.monotonic() + 10
    while not out.exists():
        assert time.monotonic() < end
    assert out.read_text() == "1\nhttps://x.example/?a=$(touch)&b=;c\n"
    for thread in opener._waiting:
        thread.join(10)


@pytest.mark.usefixtures("programs")
def test_without_a_desktop_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    assert not Opener().open("https://x.example")
