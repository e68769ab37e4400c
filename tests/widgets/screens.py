"""The screen on a real log, without a terminal: opening it, waiting for it, and what stands on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from app.widgets.chat_app import ChatApp
from app.widgets.composer import Composer
from tests.widgets.chats import LocalChat, local_chat

HOSTILE = "\x1b]52;c;aGk=\x07\x1b[31m\x9b2J\u202e\u2066\x00\x7f\u2028end"
SECONDS = 10


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


@asynccontextmanager
async def opened(
    chat: LocalChat, width: int = 80, height: int = 24, draft: str = ""
) -> AsyncIterator[tuple[ChatApp, Pilot[None]]]:
    app = ChatApp(chat, draft=draft, zone=UTC)
    async with app.run_test(size=(width, height)) as pilot:
        await until(lambda: chat.running)
        yield app, pilot
    await app.settle()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  # a frame that shows it is drawn some time after it is so
            await asyncio.sleep(0.005)


def rows(app: ChatApp) -> list[str]:
    """What is on the screen, row by row."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen(app: ChatApp) -> str:
    return "\n".join(rows(app))


def pane(app: ChatApp) -> list[str]:
    """The messages, without the scroll bar."""
    return [row[:-1] for row in rows(app)[1:-2]]


def composer(app: ChatApp) -> Composer:
    return app.query_one(Composer)


async def paste(app: ChatApp, pilot: Pilot[None], text: str) -> None:
    composer(app).post_message(events.Paste(text))
    await pilot.pause()
