"""Keys are changed in config.toml; what cannot be is said, and the usual keys stay."""

from __future__ import annotations

from datetime import UTC

import pytest
from textual.binding import Binding

from app.settings import Settings
from app.widgets.chat_app import ChatApp
from app.widgets.key_table import Section, sections
from app.widgets.keymap import check
from app.widgets.keys import Place, keys_of
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, composer, screen, until

__all__ = ["chat"]


def everything() -> list[Section]:
    return sections(ChatApp.BINDINGS)


def test_every_key_of_ours_has_a_name_and_no_two_have_the_same() -> None:
    bound = [binding for section in everything() for binding in section.bindings]
    assert all(isinstance(binding, Binding) and binding.id for binding in bound)
    names = [binding.id for binding in bound]
    assert len(names) == len(set(names))


def test_the_usual_keys_can_be_written_down() -> None:
    usual = {binding.id: binding.key for section in everything() for binding in section.bindings if binding.id}
    assert check(usual, everything())[1] == []


def test_no_two_things_usually_share_a_key_but_where_a_screen_is_closed_by_what_opens_it() -> None:
    sections = everything()
    met = [
        (section.place, key, binding.id)
        for section in sections
        for binding in section.bindings
        for key in keys_of(binding, {})
    ]
    shared = {
        (one, other)
        for place, key, one in met
        for where, same, other in met
        if key == same and one != other and (where is place or where is Place.EVERYWHERE)
    }
    assert shared == {
        ("close-palette", "close-notice"),
        ("close-themes", "close-notice"),
        ("stay", "close-notice"),
        ("close-palette", "palette"),
        ("close-search", "close-notice"),
        ("close-search", "search"),
        ("close-sheet", "close-notice"),
        ("close-sheet", "help"),
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("f3", "f3"),
        ("F3, Ctrl+G", "f3,ctrl+g"),
        ("Ctrl+PgUp", "ctrl+pageup"),
        ("Alt+PgDn", "alt+pagedown"),
        ("ctrl+Del", "ctrl+delete"),
        ("f3,ctrl+f", "f3,ctrl+f"),
        ("shift+alt+x", "alt+shift+x"),
        ("alt+comma", "alt+comma"),
        ("alt++", "alt+plus"),
    ],
)
def test_keys_are_written_as_the_help_writes_them_or_as_the_toolkit_does(written: str, read: str) -> None:
    assert check({"search": written}, everything()) == ({"search": read}, [])


@pytest.mark.parametrize(("written", "read"), [("X", "X"), ("shift+x", "X"), ("?", "question_mark"), ("+,y", "plus,y")])
def test_where_nobody_writes_letters_are_keys(written: str, read: str) -> None:
    keymap, problems = check({"react": written, "copy-text": "f9"}, everything())
    assert (keymap["react"], problems) == (read, [])


@pytest.mark.parametrize(
    ("name", "keys", "why"),
    [
        ("serch", "f3", "nothing is called so; perhaps you mean search"),
        ("zzzzz", "f3", "nothing is called so; /keys lists the names"),
        ("search", "ctl+f", "ctl+f is no key; write it as in ctrl+f, alt+x, f2, pageup or f2,ctrl+b"),
        ("search", "", "is no key"),
        ("search", "f3,", "f3, is no key"),
        ("search", "x", "x could not be typed any more; take it with ctrl or alt"),
        ("send", "X", "could not be typed any more"),
        ("search", "space", "could not be typed any more"),
        ("search", "ctrl+w", "Ctrl+W is the key of kill-to-blank already; give that another one too"),
        ("kill-to-blank", "f1", "F1 is the key of help already"),
        ("answer", "e", "e is the key of change already"),
    ],
)
def test_what_cannot_be_a_key_is_said_with_what_to_write(name: str, keys: str, why: str) -> None:
    keymap, problems = check({name: keys}, everything())
    assert keymap == {}
    assert len(problems) == 1
    assert problems[0].startswith(f"config.toml, [keys] {name}: ")
    assert why in problems[0]


def test_two_things_can_swap_their_keys() -> None:
    swapped = {"search": "ctrl+w", "kill-to-blank": "ctrl+f"}
    assert check(swapped, everything()) == (swapped, [])


async def test_chosen_keys_work_everywhere_and_the_help_tells_them(chat: LocalChat) -> None:
    chosen = Settings(keys={"search": "f3", "send": "f4", "new-line": "enter", "kill-to-end": "f8", "answer": "a"})
    chat.says("bob", "hello").result()
    app = ChatApp(chat, settings=chosen, zone=UTC)
    async with app.run_test(size=(80, 200)) as pilot:
        await until(lambda: chat.running)
        await pilot.press(*"one", "enter", *"two", "home", "f8")
        assert composer(app).text == "one\n"
        await pilot.press("f4")
        await until(lambda: chat.log.before(b"\xff" * 16, 1)[0].entry.text == "one")
        await pilot.press("ctrl+f", "x", "f3")
        assert "from:NAME" in screen(app)
        await pilot.press("escape", "f6", "up", "a")
        assert "Reply to bob" in screen(app)
        await pilot.press("escape", "f1")
        assert "F3       " in screen(app)
    await app.settle()


async def test_a_wrong_line_is_told_when_the_chat_is_there(chat: LocalChat) -> None:
    app = ChatApp(chat, settings=Settings(keys={"serch": "f3"}), zone=UTC)
    async with app.run_test(size=(80, 24)):
        await until(lambda: "perhaps you mean search" in " ".join(screen(app).split()))
    await app.settle()
