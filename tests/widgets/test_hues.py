"""People in one room have different colours as long as there are enough, and keep them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.view_state import RoomView, load_room_view
from app.widgets.chat_app import ChatApp
from app.widgets.colours import Hues
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import opened, pane, until

KEYS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=80, unique=True)


@given(KEYS, st.sampled_from([6, 8]))
def test_nobody_shares_a_hue_while_there_are_enough_and_nobodys_changes(keys: list[bytes], hues: int) -> None:
    order: list[bytes] = []
    mine = Hues(order)
    given_then = {key: mine.number(key, hues) for key in keys}
    assert len({given_then[key] for key in keys[:hues]}) == min(len(keys), hues)
    assert len(order) <= 64
    again = Hues(list(order))
    assert {key: again.number(key, hues) for key in reversed(keys)} == given_then
    assert {key: mine.number(key, hues) for key in keys} == given_then


def test_who_has_a_hue_is_kept(tmp_path: Path) -> None:
    (tmp_path / "view").write_bytes(RoomView(hues=[b"bob", b"alice"]).encode())
    assert load_room_view(tmp_path / "view").hues == [b"bob", b"alice"]


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


def colours(app: ChatApp) -> dict[str, str]:
    """By name, as drawn."""
    strips = app.screen._compositor.render_strips()
    return {
        segment.text.strip(): str(segment.style.color)
        for strip in strips
        for segment in strip
        if segment.style and segment.text.strip() in {"alice", "bob", "carol", "dave", "erin", "frank"}
    }


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
async def test_six_people_have_six_colours_in_each_start(chat: LocalChat, theme: str) -> None:
    chat.send("hello").result()
    for name in ("bob", "carol", "dave", "erin", "frank"):
        chat.says(name, "hello").result()
    async with opened(chat) as (app, _):
        app.theme = theme
        await until(lambda: len(set(colours(app).values())) == 6)
        before = colours(app)
        view = app.view
        assert "frank" in pane(app)[-1]
    again = ChatApp(chat, view=view)
    async with again.run_test(size=(80, 10)):
        again.theme = theme
        await until(lambda: colours(again).get("frank") == before["frank"])
    await again.settle()
