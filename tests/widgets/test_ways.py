"""How far the way to somebody has come, on the screen; and notices about what is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.status import Notice, Outdated, PeerPhase, PeerStatus
from app.way import Attempt, Reach, Source, Way
from app.widgets.notice_board import NoticeBoard
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import opened, rows, screen, until


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


async def test_why_shows_the_step_that_fails_and_follows_what_happens(chat: LocalChat) -> None:
    async with opened(chat, width=100, height=30) as (app, pilot):
        await pilot.press(*"/why bob", "enter")
        await until(lambda: "✕ discovered" in screen(app))
        assert "bob types: chat-tui bob alice" in screen(app)
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, missing=1204))
        await until(lambda: "… level" in screen(app) and "1,204 messages to get" in screen(app))
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, level=True))
        await until(lambda: "✓ level" in screen(app))


async def test_why_without_a_name_is_about_everybody(chat: LocalChat) -> None:
    async with opened(chat, height=40) as (app, pilot):
        await pilot.press(*"/why", "enter")
        await until(lambda: "✕ discovered" in screen(app))
        assert "carol types:" in screen(app)


async def test_the_list_of_peers_tells_who_is_level_and_how_fast_a_long_transfer_is(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/peers", "enter")
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, missing=500, total=1000, rate=250.0))
        chat.tell(PeerStatus("carol", PeerPhase.CONNECTED, level=True))
        await until(lambda: "connected, 500 to get ███░░░ 50 % 250/s" in screen(app))
        assert "● carol" in screen(app)
        assert "connected, level" in screen(app)


async def test_a_notice_goes_when_what_it_was_about_is_over(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        chat.tell(Notice("no connection to bob: refused", urgent=True, about="bob"))
        chat.tell(Notice("no connection to carol: refused", urgent=True, about="carol"))
        chat.tell(Notice("no connection to bob: refused again", urgent=True, about="bob"))
        await until(lambda: "(Esc, 2 more)" in screen(app))
        chat.tell(Outdated("bob"))
        await until(lambda: "no connection to carol: refused (Esc)" in screen(app))
        chat.tell(Outdated("carol"))
        await until(lambda: not app.query_one(NoticeBoard).display)


async def test_a_notice_in_the_status_bar_goes_too(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        chat.tell(Notice("a first thing", about="it"))
        chat.tell(Notice("another"))
        await until(lambda: "a first thing" in rows(app)[-2])
        chat.tell(Outdated("it"))
        await until(lambda: app.query_one(StatusBar).notice == "another")


async def test_a_dial_that_fails_is_seen_although_nobody_tells(chat: LocalChat) -> None:
    async with opened(chat, width=100, height=30) as (app, pilot):
        await pilot.press(*"/why bob", "enter")
        await until(lambda: "✕ discovered" in screen(app))
        chat.ways["bob"] = Way((Attempt("192.0.2.7:62474", Source.HEARD, Reach.FAILED, "no answer"),))
        await until(lambda: "✕ reachable" in screen(app))
