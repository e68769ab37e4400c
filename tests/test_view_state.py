"""What the screen remembers between starts survives them, and later versions of the program."""

from __future__ import annotations

from pathlib import Path

import cbor2

from app import view_state
from app.view_state import RoomView, Taste, Writing, load_room_view, load_taste


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    feed = b"f" * 32
    view = RoomView({feed: 9}, b"k" * 16, {feed: [7, 9]}, {feed: [1, 2, 4, 4]}, {b"a" * 32, b"b" * 32})
    view.writing = Writing("REPLY", feed, 7, "half an answer")
    taste = Taste("nord", peers_folded=True, notify="all")
    view_state.save(tmp_path / "view", view.encode())
    view_state.save(tmp_path / "taste", taste.encode())
    assert load_room_view(tmp_path / "view") == view
    assert load_taste(tmp_path / "taste") == taste
    assert (tmp_path / "view").stat().st_mode & 0o777 == 0o600


def test_at_the_first_start_nothing_is_remembered(tmp_path: Path) -> None:
    assert load_room_view(tmp_path / "view") == RoomView()
    assert load_taste(tmp_path / "taste") == Taste()


def test_what_cannot_be_read_is_as_at_the_first_start(tmp_path: Path) -> None:
    fields: dict[str, object] = {"known": None, "read key": b"", "unread": {}, "late": {}, "muted": []}
    wrong: list[dict[str, object]] = [{"known": 1}, {"known": {1: 1}}, {"unread": {b"f": [1]}}, {"muted": ["a"]}]
    for damaged in (b"", b"\xff", cbor2.dumps([1]), *(cbor2.dumps(fields | other) for other in wrong)):
        (tmp_path / "view").write_bytes(damaged)
        (tmp_path / "taste").write_bytes(damaged)
        assert load_room_view(tmp_path / "view") == RoomView()
        assert load_taste(tmp_path / "taste") == Taste()


def test_fields_of_a_later_version_are_kept(tmp_path: Path) -> None:
    later = cbor2.dumps({"theme": "nord", "peers folded": False, "font": 7})
    (tmp_path / "taste").write_bytes(later)
    assert cbor2.loads(load_taste(tmp_path / "taste").encode()) == cbor2.loads(later)


def test_a_folder_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    view_state.save(tmp_path / "none" / "view", RoomView().encode())
