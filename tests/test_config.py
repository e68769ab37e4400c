from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.config import default_data_dir, key_file, make_user_folder, room_folder, room_names, user_folder
from app.errors import StorageError


def test_the_environment_chooses_the_data_folder() -> None:
    assert default_data_dir({"CHAT_TUI_DATA_DIR": "/some/where"}) == Path("/some/where")


def test_without_a_choice_it_is_the_platforms_user_data_folder() -> None:
    for environment in ({}, {"CHAT_TUI_DATA_DIR": ""}):
        folder = default_data_dir(environment)
        assert folder.is_absolute()
        assert folder.name == "chat-tui"


def test_everything_of_a_user_is_in_one_folder(tmp_path: Path) -> None:
    user = user_folder(tmp_path, "alice")
    assert user == tmp_path / "alice"
    assert key_file(user) == tmp_path / "alice" / "identity.key"
    assert room_folder(user, "main") == tmp_path / "alice" / "rooms" / "main"


def test_a_user_folder_is_found_under_any_form_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "Zoë").mkdir()
    assert user_folder(tmp_path, "zoë").name == "Zoë"
    (tmp_path / "zoë").mkdir()
    assert user_folder(tmp_path, "zoë").name == "zoë"


def test_a_user_folder_is_made_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "alice"
    make_user_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    make_user_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_user_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be used.*--data-dir"):
        make_user_folder(tmp_path / "file" / "alice")


def test_rooms_are_the_folders_with_names(tmp_path: Path) -> None:
    assert room_names(tmp_path) == []
    for name in ("main", "lab", ".trash", "a.b"):
        (tmp_path / "rooms" / name).mkdir(parents=True)
    (tmp_path / "rooms" / "file").write_text("")
    assert room_names(tmp_path) == ["lab", "main"]
