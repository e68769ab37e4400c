"""Opening addresses by key and by mouse, and copying: with stand-ins for the programs of a desktop."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.widgets.chat_app import ChatApp
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, opened, pane, screen, until
from tests.widgets.test_errands import programs

__all__ = ["chat", "programs"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for the programs of a Linux desktop")


def notice(app: ChatApp) -> str:
    return app.query_one(StatusBar).notice


def written(programs: Path, name: str) -> str:
    out = programs / f"{name}.out"
    return out.read_text() if out.exists() else ""


async def test_the_only_link_is_opened_at_once(chat: LocalChat, programs: Path) -> None:
    chat.says("bob", "see https://x.example/a, please").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "o")
        assert notice(app) == "opening https://x.example/a"
        await until(lambda: written(programs, "xdg-open") == "1\nhttps://x.example/a\n")


async def test_of_several_links_one_is_chosen_by_its_number(chat: LocalChat, programs: Path) -> None:
    chat.says("bob", "https://x.example/a or https://y.example/b, https://x.example/a").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "o")
        assert "1 x.example/a  2 y.example/b" in screen(app)
        await pilot.press("3")
        assert not notice(app)
        await pilot.press("o", "2")
        await until(lambda: written(programs, "xdg-open") == "1\nhttps://y.example/b\n")
        assert "r answer" in screen(app)
        await pilot.press("1")
        assert notice(app) == "opening https://y.example/b"


async def test_a_click_opens_what_it_is_at(chat: LocalChat, programs: Path) -> None:
    chat.says("bob", "see https://x.example/a").result()
    async with opened(chat) as (app, pilot):
        y = next(index for index, row in enumerate(pane(app), 1) if "https" in row)
        x = pane(app)[y - 1].index("https")
        await pilot.click(offset=(x - 2, y))
        assert not notice(app)
        await pilot.click(offset=(x + 3, y))
        await until(lambda: written(programs, "xdg-open") == "1\nhttps://x.example/a\n")


@pytest.mark.usefixtures("programs")
async def test_without_a_desktop_the_address_is_copied(chat: LocalChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    chat.says("bob", "https://аpple.example").result()
    async with opened(chat, width=120) as (app, pilot):
        await pilot.press("f6", "o")
        assert "so it is copied: https://xn--pple-43d.example" in screen(app)
        assert app.clipboard == "https://xn--pple-43d.example"


async def test_a_message_is_copied_as_it_was_written_but_harmless(chat: LocalChat, programs: Path) -> None:
    chat.says("bob", "**a**\tb\n\x1b[2J\u202ec").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "y")
        assert app.clipboard == "**a**\tb\n\ufffd[2Jc"
        assert "copied 13 characters" in screen(app)
        await until(lambda: written(programs, "xclip").endswith("**a**\tb\n\ufffd[2Jc"))


@pytest.mark.usefixtures("programs")
async def test_what_no_clipboard_takes_is_not_said_to_be_copied(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(chat) as (app, _):
        text = "long " * 60_000
        app._copy(text)
        assert "copied 300,000 characters" in screen(app)
        monkeypatch.delenv("DISPLAY")
        app._copy(text + text)
        await until(lambda: "600,000 characters are too many" in screen(app))
        assert app.clipboard != text + text


async def test_what_has_no_link_says_so(chat: LocalChat) -> None:
    chat.says("bob", "javascript:alert(1)").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "o")
        assert "no link in this message" in notice(app)
