"""What is typed after a slash is carried out, or said to be unknown with what is near."""

from __future__ import annotations

import pytest

from app.commands import COMMANDS, PLAIN, Decide, Hint, Run, Say, read
from app.entry import MAX_TEXT_BYTES
from app.widgets.notice_board import NoticeBoard
from app.widgets.orders import Orders
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, paste, screen, until

__all__ = ["chat"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_read_with_and_without_what_may_stand_after_it(command: object) -> None:
    assert isinstance(command, type(COMMANDS[0]))
    assert read(f"/{command.name}") == Run(command, "")
    after = read(f"/{command.name} some thing ")
    assert after == Run(command, "some thing") if command.argument else isinstance(after, Hint)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hello", Say("hello")),
        ("//etc", Say("/etc")),
        ("/accept bob", Decide("/accept bob")),
        ("/serch x", Hint("there is no command /serch: did you mean /search? To send it, begin with //")),
        ("/Help", Hint("there is no command /Help: did you mean /help? To send it, begin with //")),
        ("/delte", Hint("there is no command /delte: did you mean /delete? To send it, begin with //")),
        ("/del", Hint("there is no command /del: did you mean /help? To send it, begin with //")),
        ("/acept bob", Hint("there is no command /acept: did you mean /accept? To send it, begin with //")),
        ("/etc/passwd", Hint("there is no command /etc/passwd: /help lists them; to send it, begin with //")),
        ("/help me", Hint("nothing stands after /help; to send this as a message, begin with //")),
        ("/\x1b[31m", Hint("there is no command /\ufffd[31m: /help lists them; to send it, begin with //")),
    ],
)
def test_what_is_typed_is_a_message_a_command_or_a_hint(typed: str, meant: object) -> None:
    assert read(typed) == meant


def test_without_a_screen_a_command_that_needs_one_is_told_to_and_no_other_suggested() -> None:
    said = "/date needs the screen, which is not here: /help lists what there is; to send it, begin with //"
    assert read("/date monday", PLAIN) == Hint(said)


async def test_what_one_does_is_shown_with_the_name(chat: LocalChat) -> None:
    chat.says("bob", "/me waves\nand smiles", "/me ", "then").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/me waves back", "enter")
        await until(lambda: "alice waves back" in pane(app)[-1])
        assert "* ◦  alice waves back" in pane(app)[-1]
        assert "*    bob waves" in screen(app)
        assert " and smiles" in screen(app)
        assert chat.log.before(b"\xff" * 16, 1)[0].text == "/me waves back"
        await pilot.press(*"/me", "enter")
        assert "say what you do, as in: /me waves" in screen(app)
        assert composer(app).text == "/me"
    async with opened(chat, width=40, height=10) as (app, _):
        assert "* ◦  alice waves back" in pane(app)[-1]


async def test_what_somebody_does_is_quoted_so(chat: LocalChat) -> None:
    chat.says("bob", "/me waves").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "r", *"hello", "enter")
        await until(lambda: "↪ * bob waves" in screen(app))


async def test_a_text_that_comes_near_the_limit_says_so_and_one_over_it_by_how_much(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await paste(app, pilot, "x" * (MAX_TEXT_BYTES - 2_000))
        assert "bytes" not in screen(app)
        await paste(app, pilot, "ä" * 500)
        await until(lambda: "1,000 bytes left" in screen(app))
        await paste(app, pilot, "ä" * 501)
        await until(lambda: "! 2 bytes too many" in screen(app))
        await pilot.press("enter")
        assert "16,386 bytes; 16,384 is the most: make it shorter by 2" in app.query_one(StatusBar).notice
        assert len(composer(app).text) > 1
        await pilot.press("backspace", "enter")
        await until(lambda: chat.log.count() == 1)
        assert "bytes" not in screen(app)


async def test_a_refusal_goes_with_the_next_message_and_does_not_pile_up(chat: LocalChat) -> None:
    async with opened(chat, width=40, height=10) as (app, pilot):
        board = app.query_one(NoticeBoard)
        await paste(app, pilot, "x" * (MAX_TEXT_BYTES + 1))
        await pilot.press("enter", "enter")
        assert "make it shorter by 1" in board.notice
        assert "more)" not in screen(app)
        await pilot.press("backspace", "enter")
        await until(lambda: chat.log.count() == 1)
        assert not board.notice


def test_every_command_can_be_carried_out() -> None:
    assert all(callable(getattr(Orders, f"command_{command.name}", None)) for command in COMMANDS)
