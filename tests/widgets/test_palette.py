"""Ctrl+P lists all that can be done; a part of it finds it, Enter does it, and the draft stays."""

from __future__ import annotations

from app.commands import COMMANDS
from app.widgets.chat_app import ChatApp
from app.widgets.deeds import deeds
from app.widgets.palette import Deed, found
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, rows, screen, until

__all__ = ["chat"]


def nothing(*_: object) -> None:
    pass


LISTED = deeds(ChatApp.BINDINGS, {}, act=nothing, command=nothing)


def test_everything_with_a_key_and_every_command_is_listed() -> None:
    hows = [deed.how for deed in LISTED]
    for command in COMMANDS:
        assert command.usage in hows
    for how in ("F6", "PgUp", "/accept NAME", "Ctrl+F", "r", "Ctrl+R"):
        assert how in hows


def test_words_in_any_order_and_case_leave_what_has_them_all() -> None:
    assert [deed.how for deed in found(LISTED, "SCREEN draw")] == ["Ctrl+L"]
    assert found(LISTED, "search")[0].how.startswith("/search") or found(LISTED, "/search")[0].how == "/search WORDS"
    assert found(LISTED, "/date")[0].how == "/date DAY"
    assert found(LISTED, "nothing is called so") == []
    assert len(found(LISTED, "")) == len(LISTED)
    assert isinstance(found(LISTED, "leave;")[0], Deed)


async def test_what_is_chosen_is_done_and_the_draft_stays(chat: LocalChat) -> None:
    async with opened(chat, draft="my draft") as (app, pilot):
        await pilot.press("ctrl+p", *"who is there", "enter")
        await until(lambda: "Who is there" in rows(app)[0] or "Who is there" in screen(app))
        await pilot.press("escape", "ctrl+p", "escape")
        assert composer(app).text == "my draft"
        await pilot.press("ctrl+p", "ctrl+p", "!")
        assert composer(app).text == "my draft!"


async def test_a_command_with_an_argument_is_typed_on_there(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    async with opened(chat, draft="my draft") as (app, pilot):
        await pilot.press("ctrl+p", *"/da", "enter", *"2023-11-15", "enter")
        await until(lambda: "15 November 2023" in screen(app))
        await pilot.press("ctrl+p", *"/date never", "enter")
        await until(lambda: "never is no date" in screen(app))
        await pilot.press("ctrl+p", *"/serch", "enter")
        await until(lambda: "did you mean /search?" in screen(app))
        await pilot.press("ctrl+p", *"/me", "enter", "enter")
        await until(lambda: "say what you do" in screen(app))
        assert composer(app).text == "my draft"


async def test_what_is_done_about_a_message_points_at_the_newest_first(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+p", *"answer it", "enter")
        await until(lambda: "Reply to bob, “hello”" in screen(app))
        await pilot.press(*"yes", "enter")
        await until(lambda: "yes" in pane(app)[-1])


async def test_the_arrows_choose_in_a_narrow_terminal_too(chat: LocalChat) -> None:
    async with opened(chat, width=40, height=10) as (app, pilot):
        await pilot.press("ctrl+p", "down", "down", "up")
        assert "complete" not in rows(app)[1]
        assert all(len(row) <= 40 for row in rows(app))
        await pilot.press(*"leave;", "enter")
        await until(lambda: not app.is_running)


async def test_where_nothing_fits_it_says_so(chat: LocalChat) -> None:
    async with opened(chat, width=40, height=10) as (app, pilot):
        await pilot.press("ctrl+p", *"xyzzy")
        await until(lambda: "nothing is called so" in screen(app))
        await pilot.press("down", "enter")
        assert "nothing is called so" in screen(app)
        await pilot.press(*["backspace"] * 5)
        await until(lambda: "nothing is called so" not in screen(app))
        await pilot.press(*"/date 2023")
        await until(lambda: "Enter does what is typed" in screen(app))
