from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import settings
from app.settings import Notify, Settings


def load(folder: Path, text: str | bytes) -> Settings:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return settings.load(path)


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "config.toml") == Settings(Notify.MENTIONS, {}, ())


def test_what_is_set_is_read(tmp_path: Path) -> None:
    read = load(tmp_path, 'notify = "all"\n[keys]\nsearch = "f3,ctrl+f"\n')
    assert read == Settings(Notify.ALL, {"search": "f3,ctrl+f"}, ())


def test_one_wrong_line_leaves_the_others(tmp_path: Path) -> None:
    read = load(tmp_path, 'notify = "loud"\n[keys]\nsearch = "f3"\nhelp = 7\nleave = ""\n')
    assert (read.notify, read.keys) == (Notify.MENTIONS, {"search": "f3"})
    assert [problem.partition(": ")[2] for problem in read.problems] == [
        """notify can be "off", "mentions", "all"; not 'loud'""",
        """the keys of 'help' are written as in "f2" or "f2,ctrl+b"; not 7""",
        """the keys of 'leave' are written as in "f2" or "f2,ctrl+b"; not ''""",
    ]


def test_an_unknown_name_is_told_with_what_is_near(tmp_path: Path) -> None:
    near, far = load(tmp_path, "notifiy = 1\nzzz = 2\n").problems
    assert near.endswith("nothing is called 'notifiy'; perhaps you mean notify")
    assert far.endswith("nothing is called 'zzz'")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"notify =", "Invalid value"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a = " + b"[" * 100_000, ""),
        (b"#" * (settings.MAX_BYTES + 1), "more than 256 KiB"),
        (b"keys = 5", "is a table"),
        (b"notify = []", "notify can be"),
    ],
)
def test_what_is_no_settings_is_said_and_not_used(tmp_path: Path, content: bytes, why: str) -> None:
    read = load(tmp_path, content)
    assert (read.notify, read.keys) == (Notify.MENTIONS, {})
    assert len(read.problems) == 1
    assert why in read.problems[0]
    assert "config.toml" in read.problems[0]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert "is not used: it is no file" in settings.load(tmp_path).problems[0]


def test_what_stands_in_it_is_told_harmlessly(tmp_path: Path) -> None:
    read = load(tmp_path, '"\\u001b]0;evil\\u0007" = "\\u202e"\n')
    assert "\x1b" not in read.problems[0]


def test_what_is_no_file_keeps_nothing_from_starting(tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        assert settings.load(path).problems == (f"{path} is not used: it is no file",)
