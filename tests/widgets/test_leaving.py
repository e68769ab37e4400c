"""Leaving while messages are on this computer alone: what is asked, and when nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.status import Held, PeerPhase, PeerStatus
from app.storage.folder import DATA_FILE
from app.widgets.chat_app import ChatApp
from app.widgets.leaving import sentence
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import composer, opened, pane, screen, until

BOB = PeerStatus("bob", PeerPhase.LOST)
CAROL = PeerStatus("carol", PeerPhase.CONNECTING)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


async def write(app: ChatApp, pilot: Pilot[None], text: str = "hello") -> None:
    await pilot.press(*text, "enter")
    await until(lambda: text in pane(app)[-1])


async def test_whoever_leaves_messages_behind_is_asked_and_may_stay(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        await pilot.press(*"draft", "ctrl+q")
        assert "1 message is only on this computer" in screen(app)
        await pilot.press("escape", "!")
        assert composer(app).text == "draft!"
        assert app.is_running


@pytest.mark.parametrize("key", ["ctrl+q", "enter"])
async def test_asked_again_it_goes(chat: LocalChat, key: str) -> None:
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        await pilot.press(*"/quit", "enter")
        assert "1 message is only on this computer" in screen(app)
        await pilot.press(key)
        assert not app.is_running
    assert chat.ended


async def test_it_goes_by_itself_when_somebody_has_the_messages(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        await pilot.press("ctrl+q")
        assert "Left alone" in screen(app)
        chat.tell(Held(chat.log.before(b"\xff" * 16, 1)[0].seq, ("bob",)))
        await until(lambda: not app.is_running)


async def test_nobody_is_asked_about_what_others_have(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        chat.tell(Held(chat.log.before(b"\xff" * 16, 1)[0].seq, ("bob",)))
        await until(lambda: "✓" in pane(app)[-1])
        await pilot.press("ctrl+q")
        assert not app.is_running


async def test_nobody_is_asked_again_about_what_was_left_behind_before(chat: LocalChat) -> None:
    chat.send("hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+q")
        assert not app.is_running


async def test_what_was_left_behind_before_is_counted_with_what_is_new(chat: LocalChat) -> None:
    chat.send("yesterday").result()
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        await pilot.press("ctrl+q")
        assert "2 messages are only on this computer" in screen(app)


async def test_what_waits_for_what_others_hold_of_the_own_log_is_asked_about(chat: LocalChat) -> None:
    chat.log.hold(True)
    async with opened(chat) as (app, pilot):
        await pilot.press(*"hello", "enter", "ctrl+q")
        assert "1 message is only on this computer" in screen(app)
        chat.log.hold(False)
        await until(lambda: chat.log.count() == 1)
        await pilot.press("enter")
        assert not app.is_running


async def test_it_asks_as_well_when_a_new_own_log_was_begun_since_the_start(tmp_path: Path) -> None:
    database = tmp_path / "alice" / DATA_FILE
    with local_chat(tmp_path) as chat:
        chat.log.append("both know").result()
    backup = database.read_bytes()
    with local_chat(tmp_path) as chat:
        entry = chat.log.append("there").result()
        branch = chat.log.read_runs(entry.feed, entry.seq, entry.seq, 1 << 20)
    database.write_bytes(backup)  # as a rolled-back disk: the file stays the same one
    with local_chat(tmp_path) as chat:
        chat.log.append("here").result()
        async with opened(chat) as (app, pilot):
            assert chat.log.renew(branch).result() is not None
            assert chat.log.own_feed != entry.feed
            await pilot.press("ctrl+q")
            assert "messages are only on this computer" in screen(app)


async def test_nobody_is_asked_who_has_nobody_to_send_to(tmp_path: Path) -> None:
    with local_chat(tmp_path, peers=()) as alone:
        async with opened(alone) as (app, pilot):
            await write(app, pilot)
            await pilot.press("ctrl+q")
            assert not app.is_running


async def test_a_signal_asks_nobody(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await write(app, pilot)
        app.leave()
        await pilot.pause()
        assert not app.is_running


@pytest.mark.parametrize(
    ("count", "peers", "said"),
    [
        (1, [BOB], "1 message is only on this computer; it goes out when you next meet bob."),
        (3, [BOB, CAROL], "3 messages are only on this computer; they go out when you next meet bob or carol."),
        (3, [], "3 messages are only on this computer; they go out when you next meet somebody."),
        (1000, [BOB], "1,000 messages or more are only on this computer; they go out when you next meet bob."),
        (
            2,
            [PeerStatus("bob", PeerPhase.CONNECTED), CAROL],
            "2 messages are only on this computer, on the way to bob now.",
        ),
    ],
)
def test_it_says_how_many_and_who_will_get_them(count: int, peers: list[PeerStatus], said: str) -> None:
    assert sentence(count, peers) == said
