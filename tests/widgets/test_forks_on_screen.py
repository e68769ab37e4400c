"""What somebody said in two ways, on the screen: the alarm names the command, the command shows both texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.status import Notice
from tests.feeds import TestAuthor
from tests.storage.test_proofs import two_faced
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import opened, screen, until


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path) as made:
        yield made


def lie(chat: LocalChat, here: str, there: str) -> None:
    for author in two_faced([here], [there]):
        chat.log.ingest([author.run()], TestAuthor("carol").identity.public).result()


async def test_forks_shows_both_texts(chat: LocalChat) -> None:
    lie(chat, "I am at home", "I am away")
    async with opened(chat, width=100, height=40) as (app, pilot):
        chat.tell(Notice("mallory signed two different messages. Both texts: /forks mallory", urgent=True))
        await until(lambda: "/forks mallory" in screen(app))
        await pilot.press("escape")
        await pilot.press(*"/forks mallory", "enter")
        await until(lambda: "Said in two ways" in screen(app))
        for said in ("I am at home", "I am away", "signed two different entries 3 of one log", "/refuse mallory"):
            assert said in screen(app)
        await pilot.press("escape")
        await until(lambda: "Said in two ways" not in screen(app))


async def test_the_details_of_a_message_say_that_there_is_another(chat: LocalChat) -> None:
    lie(chat, "I am at home", "I am away")
    async with opened(chat, width=100, height=40) as (app, pilot):
        await until(lambda: "I am at home" in screen(app))
        await pilot.press("f6", "i")
        await until(lambda: "This message" in screen(app))
        assert "two entries of it have this number: /forks mallory" in screen(app)
        await pilot.press("escape", "k", "i")
        await until(lambda: "entry 2" in screen(app))
        assert "forks" not in screen(app)


async def test_it_can_be_read_on_the_smallest_screen(chat: LocalChat) -> None:
    lie(chat, "[bold]at[/] home \x1b[31m", "away")
    async with opened(chat, width=40, height=10) as (app, pilot):
        await pilot.press(*"/forks", "enter")
        await until(lambda: "Said in two ways" in screen(app))
        seen = ""
        for _ in range(6):
            seen += screen(app)
            await pilot.press("pagedown")
        assert "[bold]at[/] home" in seen
        assert "\x1b" not in seen


async def test_who_said_nothing_in_two_ways_is_not_accused(chat: LocalChat) -> None:
    async with opened(chat, width=100) as (app, pilot):
        await pilot.press(*"/forks", "enter")
        await until(lambda: "nobody said anything in two ways" in screen(app))
        await pilot.press("escape")
        await pilot.press(*"/forks dave", "enter")
        await until(lambda: "nobody who wrote something here is called dave" in screen(app))
