"""The composer's editing keys do what those of a shell's line do."""

from __future__ import annotations

import pytest
from textual import events

from app.widgets.keys import key_name
from app.widgets.kill_ring import MAX_PIECES, KillRing
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, opened, until

__all__ = ["chat"]


def test_pieces_that_are_cut_one_after_the_other_are_one() -> None:
    ring = KillRing()
    ring.kill("two ", before=True, goes_on=False)
    ring.kill("one ", before=True, goes_on=True)
    ring.kill("three", before=False, goes_on=True)
    assert ring.newest() == "one two three"
    ring.kill("other", before=False, goes_on=False)
    assert [ring.newest(), ring.turn(), ring.turn()] == ["other", "one two three", "other"]


def test_the_ring_has_an_end_and_nothing_is_no_piece() -> None:
    ring = KillRing()
    assert ring.newest() == ring.turn() == ""
    for number in range(MAX_PIECES + 1):
        ring.kill(str(number), before=False, goes_on=False)
        ring.kill("", before=False, goes_on=False)
    assert ring.newest() == str(MAX_PIECES)
    assert {ring.turn() for _ in range(MAX_PIECES)} == {str(number) for number in range(1, MAX_PIECES + 1)}


@pytest.mark.parametrize(
    ("text", "keys", "left"),
    [
        ("one two-three", ["ctrl+w"], "one "),
        ("one two-three", ["alt+backspace"], "one two-"),
        ("one two  ", ["ctrl+w"], "one "),
        ("one two", ["ctrl+w", "ctrl+w", "ctrl+y"], "one two"),
        ("one two", ["ctrl+w", "left", "ctrl+w", "end", "ctrl+y", "alt+y"], " two"),
        ("one two", ["ctrl+a", "alt+d"], " two"),
        ("one two", ["ctrl+a", "alt+f", "ctrl+k"], "one"),
        ("one two", ["alt+b", "ctrl+u"], "two"),
        ("one two", ["alt+b", "ctrl+u", "ctrl+e", "ctrl+y"], "twoone "),
        ("first\nsecond", ["home", "ctrl+u"], "firstsecond"),
        ("first\nsecond", ["up", "end", "ctrl+k"], "firstsecond"),
        ("first\nsecond", ["home", "ctrl+w"], "firstsecond"),
        ("ab", ["ctrl+t"], "ba"),
        ("abc", ["left", "left", "ctrl+t"], "bac"),
        ("a", ["ctrl+t"], "a"),
        ("word", ["ctrl+a", "ctrl+d"], "ord"),
        ("word", ["ctrl+d"], "word"),
        ("word", ["ctrl+w", "ctrl+z"], "word"),
        ("word", ["ctrl+w", "ctrl+z", "alt+z"], ""),
        ("one two", ["shift+home", "ctrl+w", "ctrl+y", "ctrl+y"], "one twoone two"),
        ("one", ["alt+y", "ctrl+y"], "one"),
        ("", ["ctrl+w", "ctrl+u", "ctrl+k", "alt+d", "ctrl+t", "ctrl+y", "alt+y", "ctrl+d"], ""),
    ],
)
async def test_keys_cut_and_put_back(chat: LocalChat, text: str, keys: list[str], left: str) -> None:
    async with opened(chat) as (app, pilot):
        composer(app).write(text)
        await pilot.press(*keys)
        assert composer(app).text == left


async def test_what_was_cut_is_there_for_the_next_message(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"later", "ctrl+u", *"now", "enter", "ctrl+y")
        assert composer(app).text == "later"


async def test_keys_act_on_what_was_typed_before_them_and_on_nothing_after(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        for key in [*"wrong", "ctrl+w", *"rihgt", "left", "left", "ctrl+t", "ctrl+e", *"!"]:
            app.post_message(events.Key(key, key if len(key) == 1 else None))  # a burst, as a terminal sends it
        await pilot.pause()
        assert composer(app).text == "right!"


async def test_cutting_in_one_long_line_takes_no_time(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        composer(app).write("x" * 100_000 + " y")
        await pilot.press("alt+backspace", "ctrl+w", "ctrl+y")
        assert composer(app).text == "x" * 100_000 + " y"


async def test_the_terminals_cursor_stands_where_letters_go(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat, draft="a draft") as (app, pilot):
        await until(lambda: app.cursor_position == (8, 23))
        for keys in (("f1", "escape"), ("ctrl+p", *"abc", "escape"), ("ctrl+f", *"abc", "escape"), ("f6", "escape")):
            await pilot.press(*keys)
            await until(lambda: app.cursor_position == (8, 23))
        await pilot.press("ctrl+j", "ctrl+r", "x", "escape")
        await until(lambda: app.cursor_position == (1, 23))
        await pilot.press("backspace", "x")
        await until(lambda: app.cursor_position == (9, 23))


def test_keys_are_called_as_on_keyboards() -> None:
    names = {
        "alt+home": "Alt+Home",
        "alt+full_stop": "Alt+.",
        "ctrl+f": "Ctrl+F",
        "N": "N",
        "plus": "+",
        "space": "Space",
    }
    assert {key: key_name(key) for key in names} == names
