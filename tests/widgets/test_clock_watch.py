"""A wrong clock is told by name, when it is certain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.widgets.chats import MINUTE, LocalChat, local_chat
from tests.widgets.screens import opened, screen, until

HOUR = 60 * MINUTE


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


def says_with_a_clock_off_by(chat: LocalChat, name: str, skew: int, text: str) -> None:
    """All in this test have one clock: it is wrong while they write, and right when that arrives."""
    right = chat.clock.now
    chat.clock.now += skew
    chat.writes(name, text)
    chat.clock.now = right + MINUTE
    chat.comes(name).result()


async def test_a_clock_that_is_ahead_is_told_once_and_in_the_list_of_who_is_there(chat: LocalChat) -> None:
    async with opened(chat, width=120) as (app, pilot):
        says_with_a_clock_off_by(chat, "bob", 3 * HOUR, "from the future")
        await until(lambda: "bob's clock is about 3 h ahead of this computer's" in screen(app))
        says_with_a_clock_off_by(chat, "bob", 3 * HOUR, "again")
        await until(lambda: "again" in screen(app))
        assert len([notice for _, notice in app._teller.kept if "clock" in notice.text]) == 1
        await pilot.press(*"/peers", "enter")
        await until(lambda: "Who is there" in screen(app))
        assert "bob's clock is about 3 h ahead" in screen(app)


async def test_the_details_of_a_message_say_beside_its_time_that_the_clock_was_wrong(chat: LocalChat) -> None:
    says_with_a_clock_off_by(chat, "bob", 3 * HOUR, "from the future")
    async with opened(chat, width=120) as (app, pilot):
        await pilot.press("f6", "i")
        await until(lambda: "01:14:20, bob's clock is about 3 h ahead of this" in screen(app))


async def test_a_clock_that_is_behind_is_told_when_somebody_answers_before_what_they_read(chat: LocalChat) -> None:
    async with opened(chat, width=120) as (app, _):
        chat.says("bob", "hello").result()
        chat.clock.now += 5 * HOUR
        chat.log.append("what time is it?").result()
        chat.clock.now -= 2 * HOUR
        chat.reads("bob")
        chat.clock.now += 2 * HOUR
        says_with_a_clock_off_by(chat, "bob", -2 * HOUR, "early")
        await until(lambda: "bob's clock is about 2 h behind this computer's" in screen(app))


async def test_messages_that_are_only_late_say_nothing_about_clocks(chat: LocalChat) -> None:
    chat.writes("bob", "long ago")
    chat.clock.now += 5 * HOUR
    async with opened(chat, width=120) as (app, _):
        chat.comes("bob").result()
        await until(lambda: "long ago" in screen(app))
        assert not any("clock" in notice.text for _, notice in app._teller.kept)


async def test_when_several_agree_it_may_be_this_computers_clock(chat: LocalChat) -> None:
    async with opened(chat, width=120) as (app, _):
        says_with_a_clock_off_by(chat, "bob", 3 * HOUR, "one")
        says_with_a_clock_off_by(chat, "carol", 3 * HOUR, "two")
        await until(lambda: len([notice for _, notice in app._teller.kept if "clock" in notice.text]) == 2)
        assert "the clocks of bob, carol are about 3 h ahead" in app._teller.kept[-1][1].text
