"""How the text of messages looks on the screen, and what of it is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from app.mentions import Mentions
from app.text import harmless
from app.widgets.chat_app import ChatApp
from app.widgets.looks import Lookout
from app.widgets.rows import Columns, EntryRows, Role
from tests.test_markdown import SOUP
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, opened, pane, screen, until
from tests.widgets.timelines import message

__all__ = ["chat"]

LOOKOUT = Lookout(Mentions("alice"), ("zebra",))


def styles(app: ChatApp, text: str) -> list[Style]:
    """Of every stretch of cells that is `text`."""
    strips = app.screen._compositor.render_strips()
    return [segment.style or Style() for strip in strips for segment in strip if segment.text.strip() == text]


def entry_rows(text: str, width: int = 60, lookout: Lookout = LOOKOUT) -> EntryRows:
    return EntryRows(message(1, text), Columns(width, UTC), lookout=lookout, opened=True)


def shown(text: str, width: int = 60) -> list[str]:
    rows = entry_rows(text, width)
    return [rows.row(index).plain for index in range(len(rows))]


def test_quotes_lists_and_code_keep_their_shape_when_they_wrap() -> None:
    text = "> quoted words that are many\n- one thing that is long\n- two\n```\n  code stays where it is\n```"
    assert [row.rstrip() for row in shown(text, 24)] == [
        "22:14 bob ▎ quoted words",
        "  ▎ that are many",
        "  • one thing that is",
        "    long",
        "  • two",
        "  ```",
        "    code stays where it",
        "  is",
        "  ```",
    ]


@given(SOUP, st.integers(1, 80))
def test_rows_say_what_was_written_and_fit(text: str, width: int) -> None:
    text = harmless(f"x{text}", newlines=True)
    rows = entry_rows(text, width)
    written = ""
    for index in range(len(rows)):
        row = rows.row(index)
        assert row.plain[row.prefix :] == row.text or {"▎", "•"} & set(row.plain)
        assert len(row.plain) == row.prefix + len(row.text)
        assert cell_len(row.plain) <= width or width < 8
        assert row.text == rows.message[row.start : row.start + len(row.text)]
        written += row.text
    assert re.sub(r"\s", "", written) == re.sub(r"\s", "", text)


def test_who_is_muted_takes_one_row() -> None:
    text = "**many** words alice " * 20 + "\nand\nlines"
    rows = entry_rows(text, 60, Lookout(Mentions("alice"), (), {b"bob".ljust(32, b".")}))
    assert len(rows) == 1
    assert rows.row(0).plain.startswith(" 22:14        bob    (muted) **many** words")
    assert cell_len(rows.row(0).plain) <= 60
    assert (rows.mentioned, rows.role) == (False, Role.PLACEHOLDER)


async def test_markup_has_its_looks_and_stays_as_it_was_written(chat: LocalChat) -> None:
    chat.says("bob", "**Backup** done, _really_: see `df -h`").result()
    async with opened(chat) as (app, _):
        assert "**Backup** done, _really_: see `df -h`" in screen(app)
        assert styles(app, "Backup")[0].bold
        assert styles(app, "really")[0].italic
        ground = styles(app, "done,")[0].bgcolor
        assert styles(app, "df -h")[0].bgcolor != ground
        assert not styles(app, "**")[0].bold


async def test_markup_of_the_toolkit_is_text(chat: LocalChat) -> None:
    chat.says("bob", "[bold red]x[/] [link=https://evil.example]y[/link] [@click=app.quit]z").result()
    async with opened(chat, width=120) as (app, _):
        assert "[bold red]x[/] [link=https://evil.example]y[/link] [@click=app.quit]z" in screen(app)


async def test_an_address_is_a_link_to_itself_in_all_its_rows(chat: LocalChat) -> None:
    address = "https://x.example/" + "path/" * 20
    chat.says("bob", f"see {address}, and \x1b]8;;http://evil.example\x1b\\this").result()
    async with opened(chat) as (app, _):
        strips = app.screen._compositor.render_strips()
        links = {(s.style.link, s.style.link_id) for strip in strips for s in strip if s.style and s.style.link}
        assert {link for link, _ in links} == {address, "http://evil.example"}
        assert len(links) == 2


async def test_my_name_is_marked_in_what_others_say(chat: LocalChat) -> None:
    chat.says("bob", "Alice: tea?", "malice").result()
    async with opened(chat) as (app, pilot):
        assert styles(app, "Alice")[0].bold
        assert [row for row in pane(app) if "@" in row] == [next(row for row in pane(app) if "Alice" in row)]
        await pilot.press(*"I am alice", "enter")
        await until(lambda: "I am alice" in screen(app))
        assert sum("@" in row for row in pane(app)) == 1


async def test_hits_are_marked_in_all_messages_until_they_are_left(chat: LocalChat) -> None:
    chat.says("bob", "a zebra", "two Zébras", "none", "one **zebra** more").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"zebra")
        await until(lambda: "3 found" in screen(app))
        await pilot.press("enter")
        await until(lambda: app._pane.has_focus)
        marked = styles(app, "zebra") + styles(app, "Zébra")
        assert [(style.reverse, style.underline) for style in marked] == [(True, True)] * 3
        await pilot.press("n")
        assert len(styles(app, "zebra") + styles(app, "Zébra")) == 3
        await pilot.press("escape")
        await until(lambda: not styles(app, "Zébra"))


async def test_a_selection_copies_the_text_as_it_was_written(chat: LocalChat) -> None:
    text = "> quoted **words** that go on and on and on over more than one row of the screen\n- one\n- two"
    chat.says("bob", text).result()
    async with opened(chat, width=60) as (app, pilot):
        top = next(index for index, row in enumerate(rows_of(app)) if "quoted" in row)
        await pilot.mouse_down(offset=(0, top))
        await pilot.hover(offset=(58, top + 3))
        await pilot.mouse_up(offset=(58, top + 3))
        assert app.screen.get_selected_text() == text


def rows_of(app: ChatApp) -> Iterator[str]:
    return iter(screen(app).split("\n"))


@pytest.mark.parametrize("width", [1, 5, 12, 19, 20, 40, 59, 60, 99, 100])
def test_all_widths_can_be_drawn(width: int) -> None:
    text = "> > a quote, @alice\n- item\n- 漢字漢字 zebra\n```py\nif x: pass\n```\n" + "https://x.example/" + "a" * 200
    assert all(cell_len(row) <= max(width, 8) for row in shown(text, width))
