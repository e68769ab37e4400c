"""Tab completes, Ctrl+R finds what was sent, colons make emoji; Esc goes back from each."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC

import pytest
from textual import events
from textual.widgets import Input

from app.errors import ChatError
from app.timeline import TimelineEntry
from app.widgets.chat_app import ChatApp
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, pane, paste, rows, screen, until

__all__ = ["chat"]


async def test_tab_completes_and_goes_round_and_esc_brings_back_what_was_typed(chat: LocalChat) -> None:
    chat.says("bobby", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"hi b", "tab")
        assert composer(app).text == "hi bob"
        assert "bobby  bob" in rows(app)[-2]  # who spoke last comes first
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await pilot.press(key)
            seen.append(composer(app).text)
        assert seen == ["hi bobby", "hi bob", "hi bobby", "hi bob"]
        assert "[bob]" in rows(app)[-2]
        await pilot.press("escape")
        assert composer(app).text == "hi b"
        assert "bobby" not in rows(app)[-2]
        await pilot.press("tab", "tab", "!")
        assert composer(app).text == "hi bobby!"
        assert "bobby  bob" not in screen(app)


async def test_a_single_candidate_is_written_whole(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"ca", "tab", *"yes :tad", "tab", *"/se", "tab")
        assert composer(app).text == "carol: yes 🎉 /se"
        assert "nothing begins so" in screen(app)
        composer(app).load_text("")
        await pilot.press(*"/sea", "tab", *"fr", "tab", "c", "tab")
        assert composer(app).text == "/search from:carol "


async def test_where_there_is_no_word_tab_passes_the_keys_on(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("tab", "x", "space", "shift+tab", "y", "f6")
        assert app.focused is not composer(app)
        await pilot.press("tab", "z")
        assert composer(app).text == "x yz"


async def test_a_row_of_many_candidates_fits_and_shows_the_one_that_stands_there(chat: LocalChat) -> None:
    async with opened(chat, width=40, height=10) as (app, pilot):
        await pilot.press(*":s", "tab")
        for _ in range(30):
            await pilot.press("tab")
            assert len(rows(app)[-2]) <= 40
            assert "[" + composer(app).text in rows(app)[-2]


async def test_what_was_sent_before_is_found_by_a_part_of_it(chat: LocalChat) -> None:
    for text in ("the red Lamp", "the green lamp", "a shelf"):
        chat.log.append(text).result()
    async with opened(chat, draft="my draft") as (app, pilot):
        await pilot.press("ctrl+r", *"lamp")
        assert composer(app).text == "the green lamp"
        assert composer(app).cursor_location == (0, 10)
        assert "In what was sent: “lamp”" in rows(app)[-2]
        await pilot.press("ctrl+r")
        assert composer(app).text == "the red Lamp"
        await pilot.press("ctrl+r")
        assert "Not in what was sent: “lamp”" in rows(app)[-2]
        await pilot.press("escape")
        assert composer(app).text == "my draft"
        await pilot.press("ctrl+r", *"shx", "backspace", "enter")
        assert composer(app).text == "a shelf"
        assert "what was sent" not in screen(app)
        await pilot.press("up")
        assert composer(app).text == "the green lamp"
        await pilot.press("down", "down")
        assert composer(app).text == "my draft"
        assert chat.log.count() == 3


async def test_a_key_that_is_no_letter_takes_what_was_found_and_acts_on_it(chat: LocalChat) -> None:
    chat.log.append("one two").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+r", *"two", "ctrl+k", "x")
        assert composer(app).text == "one x"
        await pilot.press("ctrl+u", "ctrl+r", "o")
        await paste(app, pilot, "!")
        assert composer(app).text == "!one two"


async def test_the_draft_is_kept_while_something_is_looked_up(chat: LocalChat) -> None:
    chat.log.append("sent").result()
    app = ChatApp(chat, draft="precious", zone=UTC)
    async with app.run_test() as pilot:
        await until(lambda: chat.running)
        await pilot.press("ctrl+r", *"sen")
        assert app.draft == "precious"
        await pilot.press("ctrl+q")
    assert app.draft == "precious"
    await app.settle()


async def test_what_cannot_be_saved_after_the_screen_is_gone_is_in_the_draft(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_disk: Future[TimelineEntry] = Future()
    monkeypatch.setattr(chat, "send", lambda _: slow_disk)
    app = ChatApp(chat, zone=UTC)
    async with app.run_test() as pilot:
        await until(lambda: chat.running)
        await pilot.press(*"hello", "enter", *"world")
        app.leave()
    slow_disk.set_exception(ChatError("the disk is full"))
    await app.settle()
    assert app.draft == "hello\nworld"


async def test_answers_of_this_run_come_back_too(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "r", *"answered", "enter")
        await until(lambda: "answered" in pane(app)[-1])
        await pilot.press("up")
        assert composer(app).text == "answered"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (":tada:", "🎉"),
        ("a :+1: b", "a 👍 b"),
        ("at 10:30:00", "at 10:30:00"),
        ("`:tada:`", "`:tada:`"),
        (":nope:", ":nope:"),
    ],
)
async def test_an_emoji_stands_there_with_the_last_colon(chat: LocalChat, typed: str, written: str) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*typed)
        assert composer(app).text == written


async def test_an_emoji_can_be_taken_back_and_what_is_pasted_is_none(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*":tada:", "ctrl+z")
        assert composer(app).text == ":tada:"
        composer(app).load_text("")
        await paste(app, pilot, ":tada: def f(:tada:")
        assert composer(app).text == ":tada: def f(:tada:"


async def test_themes_are_completed(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/theme gruv", "tab")
        assert composer(app).text == "/theme gruvbox "


async def test_what_is_pasted_comes_in_without_the_focus_and_while_a_message_is_pointed_at(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        app.post_message(events.AppBlur())
        await pilot.pause()
        app.post_message(events.Paste("one\n"))
        await until(lambda: composer(app).text == "one\n")
        await pilot.press("f6")
        app.post_message(events.Paste("two"))
        await until(lambda: composer(app).text == "one\ntwo")
        await pilot.press("!")
        assert composer(app).text == "one\ntwo!"
        await pilot.press("ctrl+f")
        app.post_message(events.Paste("hel"))
        await until(lambda: app.screen.query_one(Input).value == "hel")
        assert composer(app).text == "one\ntwo!"
