"""The arrow keys bring back what was sent before, and the draft after it."""

from __future__ import annotations

from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, until

__all__ = ["chat"]


async def test_what_was_sent_before_comes_back_newest_first_and_then_the_draft(chat: LocalChat) -> None:
    for text in ("long ago", "before", "before"):
        chat.log.append(text).result()
    chat.says("bob", "not mine").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"now", "enter", *"/peers", "enter", "escape")
        await until(lambda: "now" in pane(app)[-1])
        composer(app).load_text("draft")
        seen = []
        for _ in range(5):
            await pilot.press("up")
            seen.append(composer(app).text)
        assert seen == ["/peers", "now", "before", "long ago", "long ago"]
        for _ in range(5):
            await pilot.press("down")
            seen.append(composer(app).text)
        assert seen[5:] == ["before", "now", "/peers", "draft", "draft"]


async def test_arrows_move_within_a_text_of_several_rows_first(chat: LocalChat) -> None:
    chat.log.append("sent").result()
    async with opened(chat, width=40) as (app, pilot):
        composer(app).load_text("word " * 20 + "\nlast")
        composer(app).move_cursor(composer(app).document.end)
        await pilot.press("up", "up")
        assert composer(app).text.startswith("word")
        for _ in range(4):
            await pilot.press("up")
        assert composer(app).text == "sent"
        await pilot.press("down")
        assert composer(app).text.endswith("last")


async def test_what_was_not_sent_is_not_remembered(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/nope", "enter", "up")
        assert composer(app).text == "/nope"
        composer(app).load_text("")
        await pilot.press("up")
        assert composer(app).text == ""
