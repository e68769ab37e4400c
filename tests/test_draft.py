"""The draft's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import draft


@pytest.mark.parametrize("text", ["half a thought", "two\nlines\r\n\ttab", "漢字 👩\u200d👧", "\ud800"])
def test_a_draft_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    draft.save(tmp_path / "draft", text)
    assert draft.load(tmp_path / "draft") == text.encode("utf-8", "replace").decode()
    assert (tmp_path / "draft").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["draft"]


def test_no_text_leaves_no_file(tmp_path: Path) -> None:
    draft.save(tmp_path / "draft", "something")
    draft.save(tmp_path / "draft", " \n")
    assert draft.load(tmp_path / "draft") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_draft_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(draft.MAX_BYTES + 1))
    assert draft.load(tmp_path / "large") == ""
    assert draft.load(tmp_path) == ""


def test_a_folder_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    draft.save(tmp_path / "gone" / "draft", "text")
    assert draft.load(tmp_path / "gone" / "draft") == ""
