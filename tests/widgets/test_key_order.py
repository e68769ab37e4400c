"""What is typed faster than the screen follows is done in the order in which it was typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.widgets import Input

from app.widgets.chat_app import ChatApp
from app.widgets.message_pane import MessagePane
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, screen, until

__all__ = ["chat"]


def burst(app: ChatApp, keys: Sequence[str]) -> None:
    """All at once, as a slow link brings them."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_an_answer_that_is_typed_blindly_is_an_answer(chat: LocalChat) -> None:
    chat.says("bob", "tea?", "cake?").result()
    async with opened(chat) as (app, _):
        burst(app, ["f6", "k", "r", *"really", "enter", *"and", "enter"])
        await until(lambda: chat.log.count() == 4)
        await until(lambda: "and" in pane(app)[-1])
        said = chat.log.before(b"\xff" * 16, 2)
        assert [entry.text for entry in said] == ["really", "and"]
        assert said[0].quote is not None
        assert said[0].quote.text == "tea?"


async def test_escape_comes_after_the_letters_before_it(chat: LocalChat) -> None:
    chat.says("bob", "tea?").result()
    async with opened(chat, draft="draft") as (app, _):
        burst(app, ["f6", "r", *"no", "escape", "!"])
        await until(lambda: composer(app).text == "draft!")
        assert "Ctrl+Y puts back what you wrote" in screen(app)
        burst(app, ["ctrl+y"])
        await until(lambda: composer(app).text == "draft!no")


async def test_what_is_typed_into_a_sheet_that_is_about_to_open_gets_there(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(100))).result()
    async with opened(chat) as (app, _):
        burst(app, ["ctrl+f", *"message 42", "enter"])
        pointed = app.query_one(MessagePane)
        await until(lambda: pointed.pointed_at is not None and pointed.pointed_at.text == "message 42")
        burst(app, ["escape", *"after", "ctrl+p", *"xyz", "backspace", "backspace", "backspace", *"/date"])
        await until(lambda: [line.value for line in app.screen.query(Input)] == ["/date"])
        burst(app, ["escape", "!"])
        await until(lambda: composer(app).text == "after!")


async def test_what_is_pasted_stays_between_what_is_typed(chat: LocalChat) -> None:
    chat.says("bob", "tea?").result()
    async with opened(chat) as (app, _):
        burst(app, ["f6", "r", "("])
        app.post_message(events.Paste("pasted"))
        burst(app, [")", "enter"])
        await until(lambda: "(pasted)" in pane(app)[-1])
        assert "↪ bob: tea?" in screen(app)


async def test_a_key_that_ends_the_screen_holds_up_nothing(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        burst(app, ["f1", "escape", "f1", "escape", *"still here", "f2", "f2", "enter"])
        await until(lambda: chat.log.count() == 1)
