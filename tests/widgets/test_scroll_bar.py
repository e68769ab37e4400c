from __future__ import annotations

import pytest

from app.widgets.message_pane import MessagePane
from app.widgets.pane_scroll_bar import PaneScrollBar
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, opened, pane

__all__ = ["chat"]


async def test_dragging_the_scroll_bar_goes_anywhere(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(1000))).result()
    async with opened(chat) as (app, pilot):
        bar = app.query_one(PaneScrollBar)
        assert bar.position + bar.window_size == bar.window_virtual_size == 1000
        bar.post_message(PaneScrollBar.Moved(500))
        await pilot.pause()
        assert "message 500" in pane(app)[0]
        bar.post_message(PaneScrollBar.Paged(down=True))
        await pilot.pause()
        assert "message 520" in pane(app)[0]
        bar.post_message(PaneScrollBar.Moved(5000))
        await pilot.pause()
        assert app.query_one(MessagePane).following


@pytest.mark.parametrize("rows", [1, 3])  # that a message takes
async def test_the_thumb_of_the_scroll_bar_stays_under_the_mouse(chat: LocalChat, rows: int) -> None:
    chat.says("bob", *("\n".join([f"message {number}"] * rows) for number in range(1000))).result()
    async with opened(chat) as (app, pilot):
        bar = app.query_one(PaneScrollBar)
        last = bar.size.height - 1
        await pilot.mouse_down(bar, offset=(0, last))
        for row in range(last, -1, -1):
            await pilot.hover(bar, offset=(0, row))
            thumb = (bar.size.height - 1) * bar.position / (bar.window_virtual_size - bar.window_size)
            assert abs(thumb - row) < 1
        assert "message 0" in pane(app)[1]
        await pilot.hover(bar, offset=(0, last))
        await pilot.mouse_up(bar, offset=(0, last))
        assert app.query_one(MessagePane).following


async def test_a_click_in_the_last_row_of_the_scroll_bar_never_goes_up(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number} " + "word " * (number % 50) for number in range(100))).result()
    async with opened(chat) as (app, pilot):
        bar = app.query_one(PaneScrollBar)
        for _ in range(20):
            before = bar.position
            await pilot.click(bar, offset=(0, bar.size.height - 1))
            assert bar.position >= before
            await pilot.press("pageup", "pageup")
