"""What is unread or late, on the screen and after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from app import view_state
from app.timeline import LAST_KEY
from app.view_state import RoomView
from app.widgets.chat_app import ChatApp
from app.widgets.message_pane import MessagePane
from app.widgets.signs import CROSSED, LATE
from tests.widgets.chats import MINUTE, LocalChat, local_chat
from tests.widgets.screens import pane, rows, screen, until

DAY = 24 * 60 * MINUTE
RULE = "unread from here"


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


@asynccontextmanager
async def opened(chat: LocalChat, view: RoomView | None = None) -> AsyncIterator[tuple[ChatApp, Pilot[None]]]:
    app = ChatApp(chat, view=view, zone=UTC)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: chat.running)
        yield app, pilot
    await app.settle()
    chat.running = False


def kept(app: ChatApp, folder: Path) -> RoomView:
    """What the next start knows."""
    view_state.save(folder / "view", app.view.encode())
    return view_state.load_room_view(folder / "view")


def status(app: ChatApp) -> str:
    return rows(app)[-2]


def title(app: ChatApp) -> str:
    return app._terminal_title


async def read_by(chat: LocalChat, folder: Path) -> RoomView:
    """A view of somebody who has read all that is here."""
    async with opened(chat) as (app, _):
        return kept(app, folder)


async def away(app: ChatApp, pilot: Pilot[None]) -> None:
    app.post_message(events.AppBlur())
    await pilot.pause()


async def test_what_was_here_before_the_first_look_is_read(chat: LocalChat) -> None:
    chat.says("bob", "one", "two").result()
    async with opened(chat) as (app, _):
        assert "unread" not in status(app)
        assert RULE not in "".join(pane(app))
        assert "(" not in title(app)


async def test_what_came_since_the_last_time_is_under_a_rule_and_counted(chat: LocalChat, tmp_path: Path) -> None:
    chat.says("bob", "one", "two").result()
    view = await read_by(chat, tmp_path)
    chat.says("bob", "three", "four").result()
    chat.log.append("mine, from line mode").result()
    async with opened(chat, view) as (app, pilot):
        await until(lambda: "2 unread (Alt+U)" in status(app))
        assert title(app).startswith("(2) ")
        shown = [row for row in pane(app) if row.strip()]
        rule = next(index for index, row in enumerate(shown) if RULE in row)
        assert "two" in shown[rule - 1]
        assert "three" in shown[rule + 1]
        await pilot.press("x")
        await until(lambda: "unread" not in status(app))
        assert not title(app).startswith("(")
        assert any(RULE in row for row in pane(app))  # it does not go while it is looked at
        view = kept(app, tmp_path)
    async with opened(chat, view) as (app, _):
        assert "unread" not in status(app)


async def test_alt_u_goes_to_the_first_unread_and_reading_on_makes_them_read(chat: LocalChat, tmp_path: Path) -> None:
    chat.says("bob", *(f"old {number}" for number in range(100))).result()
    view = await read_by(chat, tmp_path)
    chat.says("bob", *(f"new {number}" for number in range(100))).result()
    async with opened(chat, view) as (app, pilot):
        await until(lambda: "↑ 100 unread" in status(app))
        await pilot.press("alt+u")
        await until(lambda: any(RULE in row for row in pane(app)))
        assert "old 99" in pane(app)[1]
        assert "new 0" in pane(app)[3]
        seen = 0
        while "unread" in status(app):
            await pilot.press("pagedown")
            await pilot.pause(0.3)  # the status bar is drawn four times a second
            assert (seen := seen + 1) < 12
        assert RULE not in "".join(pane(app))


async def test_unread_ones_that_nobody_scrolls_to_stay_unread_also_after_a_restart(
    chat: LocalChat, tmp_path: Path
) -> None:
    chat.says("bob", "old").result()
    view = await read_by(chat, tmp_path)
    chat.says("bob", *(f"new {number}" for number in range(100))).result()
    async with opened(chat, view) as (app, pilot):
        await pilot.press("x")
        await until(lambda: "unread" in status(app) and "100 unread" not in status(app))
        left = app._reading.unread
        assert 70 < left < 90
        view = kept(app, tmp_path)
    async with opened(chat, view) as (app, pilot):
        await until(lambda: f"{left} unread" in status(app))
        await pilot.press("alt+end")  # at the end already
        await until(lambda: "unread" not in status(app))
        assert app._reading.unread == 0


async def test_who_looks_reads_what_comes_and_who_is_away_finds_it_unread(chat: LocalChat) -> None:
    chat.says("bob", "one").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("x")
        chat.says("bob", "two").result()
        await until(lambda: "two" in pane(app)[-1] and not app._reading.unread)
        assert RULE not in "".join(pane(app))
        await away(app, pilot)
        chat.says("bob", "three", "four").result()
        await until(lambda: "(2)" in title(app))
        assert RULE in pane(app)[-3]
        app.post_message(events.AppFocus())
        await pilot.press("y")
        await until(lambda: "(" not in title(app))
        assert RULE in pane(app)[-3]


async def test_the_rule_stands_above_what_came_after_it_and_was_written_before(chat: LocalChat) -> None:
    chat.says("bob", "old").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("x")
        await away(app, pilot)
        chat.writes("bob", "second, and told first")
        chat.says("carol", "third").result()
        await until(lambda: RULE in pane(app)[-2])
        chat.comes("bob").result()
        await until(lambda: "third" in pane(app)[-1] and RULE in pane(app)[-3])


async def test_own_messages_and_those_of_the_refused_are_never_unread(chat: LocalChat, tmp_path: Path) -> None:
    chat.says("bob", "one").result()
    view = await read_by(chat, tmp_path)
    chat.log.append("mine").result()
    chat.says("bob", "two").result()
    chat.says("carol", "three").result()
    async with opened(chat, view) as (app, _):
        await until(lambda: "(2)" in title(app))
        chat.command("/refuse carol")
        await until(lambda: "(1)" in title(app))
        assert app._reading.unread == 1


async def test_late_messages_are_told_marked_and_a_key_away(chat: LocalChat, tmp_path: Path) -> None:
    chat.writes("bob", *(f"from Tuesday {number}" for number in range(12)))
    chat.clock.now += 2 * DAY
    chat.says("carol", *(f"message {number}" for number in range(100))).result()
    view = await read_by(chat, tmp_path)
    async with opened(chat, view) as (app, pilot):
        await pilot.press("x")
        end = pane(app)
        chat.comes("bob").result()
        await until(lambda: "12 older messages from bob, written 2023-11-14: Alt+L" in status(app))
        assert "(12)" in title(app)
        assert pane(app) == end
        await pilot.press("alt+l")
        await until(lambda: any("from Tuesday 0" in row for row in pane(app)))
        late = [row for row in pane(app) if "from Tuesday" in row]
        assert len(late) == 12
        assert all(row.startswith(LATE) for row in late)
        await until(lambda: "(" not in title(app))
        await until(lambda: "older messages" not in screen(app))
        await pilot.press("alt+l")
        await until(lambda: pane(app) == end)
        await pilot.press("alt+r")
        await until(lambda: any("from Tuesday 0" in row for row in pane(app)))
        assert not any(row.startswith(LATE) for row in pane(app))


async def test_late_messages_in_bulk_are_counted_and_stay_late_until_seen(chat: LocalChat, tmp_path: Path) -> None:
    chat.writes("bob", *(f"early {number}" for number in range(700)))
    chat.clock.now += DAY
    chat.says("carol", *(f"now {number}" for number in range(30))).result()
    view = await read_by(chat, tmp_path)
    async with opened(chat, view) as (app, pilot):
        await pilot.press("x")
        chat.writes("bob", *(f"later {number}" for number in range(3)))
        chat.comes("bob").result()
        await until(lambda: app._reading.state.late == 700)
        await until(lambda: "700 late (Alt+L)" in status(app) or "700 older messages" in status(app))
        assert app._reading.state.unread == 0  # the three newest were seen as they came
        await pilot.press("alt+l")
        await until(lambda: any("early 0" in row for row in pane(app)))
        await until(lambda: app._reading.state.late < 700)
        view = kept(app, tmp_path)
    async with opened(chat, view) as (app, _):
        await until(lambda: 600 < app._reading.state.late < 700)


async def test_jumps_are_taken_back(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("pageup", "pageup")
        there = pane(app)
        await pilot.press("alt+home")
        start = pane(app)
        await pilot.press("alt+end", "alt+r")
        assert pane(app) == start
        await pilot.press("alt+r")
        assert pane(app) == there
        await pilot.press("alt+r")
        await until(lambda: "there is no jump to take back" in status(app))


async def test_g_goes_to_what_a_message_answers_and_alt_r_back(chat: LocalChat) -> None:
    chat.says("bob", "the question").result()
    question = chat.log.before(LAST_KEY, 1)[0]
    reference = chat.log.reference(question.feed, question.seq)
    assert reference is not None
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    chat.log.reply("the answer", reference).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "g")
        await until(lambda: any("the question" in row and "↪" not in row for row in pane(app)))
        pointed = app.query_one(MessagePane).pointed_at
        assert pointed is not None
        assert pointed.text == "the question"
        await pilot.press("g")
        await until(lambda: "answers none" in screen(app))
        await pilot.press("alt+r")
        await until(lambda: any("  the answer" in row for row in pane(app)))
        pointed = app.query_one(MessagePane).pointed_at
        assert pointed is not None
        assert pointed.text == "the answer"


async def test_messages_that_crossed_have_a_sign_and_those_that_followed_have_none(chat: LocalChat) -> None:
    chat.says("bob", "one").result()
    chat.log.append("I have read one").result()
    async with opened(chat) as (app, pilot):
        await until(lambda: app.query_one(MessagePane).signs is not None)
        chat.says("bob", "I have not read that").result()  # bob has nothing of alice's
        await until(lambda: "I have not" in pane(app)[-1])
        assert pane(app)[-1].startswith(CROSSED)
        assert not any(row.startswith(CROSSED) for row in pane(app)[:-1])
        await pilot.press("f6", "i")
        await until(lambda: "had not read the message above it" in screen(app))
        await pilot.press("escape", "escape")
        chat.says("bob", "nor that, but the one above is by me").result()
        await until(lambda: "nor that" in pane(app)[-1])
        assert not pane(app)[-1].startswith(CROSSED)


async def test_what_comes_under_a_sheet_is_read_when_that_is_closed(chat: LocalChat) -> None:
    chat.says("bob", "one").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f1")
        chat.says("bob", "two").result()
        await until(lambda: app._reading.unread == 1)
        await pilot.press("escape")
        await until(lambda: app._reading.unread == 0)


async def test_what_crossed_before_the_start_has_its_sign(chat: LocalChat) -> None:
    chat.says("bob", "one").result()
    chat.log.append("two").result()
    chat.says("bob", "three").result()
    async with opened(chat) as (app, _):
        await until(lambda: pane(app)[-1].startswith(CROSSED))
