"""Being called, as a terminal meets it; and not being called by whom one muted."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

import pytest
from textual import events
from textual.pilot import Pilot

from app.settings import Notify, Settings
from app.view_state import RoomView, Taste
from app.widgets.chat_app import ChatApp
from app.widgets.info_screen import InfoScreen
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, screen, until

__all__ = ["chat"]


class Heard(ChatApp):
    """With what it sends to the terminal kept: a headless driver drops it."""

    def __init__(self, chat: LocalChat, **settings: object) -> None:
        self.sent: list[str] = []
        super().__init__(chat, zone=UTC, **settings)  # type: ignore[arg-type]

    def write_to_terminal(self, sequence: str) -> None:
        self.sent.append(sequence)

    @property
    def calls(self) -> list[str]:
        return [each for each in self.sent if each == "\x07" or each.startswith(("\x1b]9", "\x1b]777", "\x1bPtmux"))]


@asynccontextmanager
async def heard(chat: LocalChat, **settings: object) -> AsyncIterator[tuple[Heard, Pilot[None]]]:
    app = Heard(chat, **settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: chat.running)
        yield app, pilot
    await app.settle()


@pytest.fixture
def ghostty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY", "KITTY_WINDOW_ID", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-ghostty")


def writes_now(chat: LocalChat, name: str, text: str) -> None:
    chat.clock.now = time.time_ns() // 1000
    chat.says(name, text).result()


@pytest.mark.usefixtures("ghostty")
async def test_a_mention_rings_and_raises_a_notice_while_another_window_has_the_focus(chat: LocalChat) -> None:
    async with heard(chat) as (app, pilot):
        app.post_message(events.AppBlur())
        await pilot.pause()
        writes_now(chat, "bob", "hello everybody")
        writes_now(chat, "bob", "alice, the code is 1234")
        await until(lambda: len(app.calls) == 2)
        assert app.calls == ["\x07", "\x1b]777;notify;chat-tui: main;bob wrote to you\x1b\\"]


@pytest.mark.usefixtures("ghostty")
async def test_who_reads_older_messages_hears_the_bell_alone(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(100))).result()
    async with heard(chat) as (app, pilot):
        await pilot.press("pageup")
        writes_now(chat, "bob", "alice?")
        await until(lambda: bool(app.calls))
        assert app.calls == ["\x07"]


@pytest.mark.usefixtures("ghostty")
async def test_who_looks_is_not_called_nor_by_what_was_written_long_ago(chat: LocalChat) -> None:
    async with heard(chat, settings=Settings(Notify.ALL)) as (app, pilot):
        await pilot.press("a")
        writes_now(chat, "bob", "alice?")
        await until(lambda: "alice?" in screen(app))
        app.post_message(events.AppBlur())
        await pilot.pause()
        chat.clock.now = 1_700_000_000_000_000
        chat.says("carol", "alice, years ago").result()
        await until(lambda: "years ago" in screen(app))
        assert app.calls == []


async def test_what_calls_is_chosen_and_remembered(chat: LocalChat) -> None:
    taste = Taste()
    async with heard(chat, taste=taste) as (app, pilot):
        await pilot.press(*"/notify", "enter")
        assert "messages to you call you" in screen(app)
        await pilot.press(*"/notify loud", "enter")
        assert "/notify off, /notify mentions or /notify all" in screen(app)
        composer(app).load_text("/notify all")
        await pilot.press("enter")
        assert "each message calls you" in screen(app)
        assert taste.notify == "all"
        assert app.to_keep.is_set()


async def test_who_is_muted_takes_a_row_and_calls_nobody(chat: LocalChat) -> None:
    view = RoomView()
    chat.says("bob", "one\ntwo\nthree").result()
    async with heard(chat, view=view, settings=Settings(Notify.ALL)) as (app, pilot):
        await pilot.press(*"/mute bob", "enter")
        await until(lambda: "(muted) one two three" in screen(app))
        assert "bob is muted" in screen(app)
        assert len(view.muted) == 1
        app.post_message(events.AppBlur())
        await pilot.pause()
        writes_now(chat, "bob", "alice!")
        await until(lambda: "(muted) alice!" in screen(app))
        assert app.calls == []
        assert app._reading.unread == 0
        app.post_message(events.AppFocus())
        await pilot.press(*"/peers", "enter")
        await until(lambda: isinstance(app.screen, InfoScreen))
        assert any("muted" in row and "bob" in row for row in screen(app).split("\n"))
        await pilot.press("escape", *"/unmute bob", "enter")
        await until(lambda: "three" in "\n".join(row for row in pane(app) if "(muted)" not in row))
        assert view.muted == set()


async def test_only_who_is_there_can_be_muted(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        for typed, told in [
            ("/mute", "nobody is muted"),
            ("/mute mallory", "nobody here is called mallory"),
            ("/unmute bob", "bob is not muted"),
        ]:
            composer(app).load_text(typed)
            await pilot.press("enter")
            await until(lambda: told in screen(app))  # noqa: B023
