"""Themes, colours that can be read, and layouts for narrow and wide screens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from app.status import PeerPhase, PeerStatus
from app.view_state import Taste
from app.widgets.chat_app import ChatApp
from app.widgets.colours import CONTRAST, author_colours, contrast
from app.widgets.peer_column import rows as column_rows
from app.widgets.row_strips import BAR
from app.widgets.theming import OWN_COLOURS, USUAL, first_theme, readable_variables
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import opened, rows, screen, until

OF_MANY_COLOURS = sorted(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


def variables(theme: str) -> dict[str, str]:
    return readable_variables(BUILTIN_THEMES[theme].to_color_system().generate())


def test_contrast_is_that_of_the_standard() -> None:
    black, white, grey = Color(0, 0, 0), Color(255, 255, 255), Color(119, 119, 119)
    assert contrast(black, white) == contrast(white, black) == pytest.approx(21)
    assert contrast(grey, white) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", OF_MANY_COLOURS)
def test_names_can_be_read_and_told_apart_in_every_theme(theme: str) -> None:
    grounds = [Color.parse(variables(theme)[ground]) for ground in ("background", "pointed")]
    colours = author_colours(*grounds)
    assert len(set(colours)) == 8
    assert min(contrast(Color.parse(colour), ground) for colour in colours for ground in grounds) >= CONTRAST


@pytest.mark.parametrize("theme", OF_MANY_COLOURS)
def test_words_in_colour_can_be_read_on_bars_and_messages_in_every_theme(theme: str) -> None:
    found = variables(theme)
    for word in ("text-success", "text-warning", "text-error", "text-accent"):
        for ground in ("background", "panel"):
            assert contrast(Color.parse(found[word]), Color.parse(found[ground])) >= CONTRAST, f"{word} on {ground}"


def named(app: ChatApp, text: str) -> list[Segment]:
    return [
        segment for strip in app.screen._compositor.render_strips() for segment in strip if segment.text.strip() == text
    ]


@pytest.mark.parametrize("keys", [(), ("f6",)])
async def test_what_is_drawn_can_be_read_in_every_theme_pointed_at_or_not(chat: LocalChat, keys: Sequence[str]) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*keys)
        for theme in OF_MANY_COLOURS:
            app.theme = theme
            await pilot.pause()
            for (drawn,) in (named(app, "bob"), named(app, "hello")):
                assert drawn.style is not None
                assert drawn.style.color is not None
                assert drawn.style.bgcolor is not None
                colours = [Color.from_rich_color(part) for part in (drawn.style.color, drawn.style.bgcolor)]
                assert contrast(*colours) >= CONTRAST, f"{drawn.text} in {theme}"


async def test_what_is_selected_can_be_read_and_seen_in_every_theme(chat: LocalChat) -> None:
    chat.says("bob", "one two", "again").result()
    async with opened(chat) as (app, pilot):
        row = next(number for number, text in enumerate(rows(app)) if "one two" in text)
        column = rows(app)[row].index("one two")
        await pilot.mouse_down(offset=(column, row))
        await pilot.hover(offset=(column + 2, row))
        await pilot.mouse_up(offset=(column + 2, row))
        for theme in BUILTIN_THEMES:
            app.theme = theme
            await until(lambda: bool(named(app, "one")))
            (selected,), (other,) = named(app, "one"), named(app, "again")
            assert selected.style is not None
            assert other.style is not None
            assert (selected.style.color, selected.style.bgcolor) == (other.style.color, other.style.bgcolor), theme
            assert selected.style.reverse
            assert not other.style.reverse


async def test_what_is_pointed_at_has_a_bar_beside_it(chat: LocalChat) -> None:
    chat.says("bob", "hello", "again").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6")
        assert [row[0] for row in rows(app) if "hello" in row or "again" in row] == [" ", BAR]
        await pilot.press("up")
        assert [row[0] for row in rows(app) if "hello" in row or "again" in row] == [BAR, " "]
        await pilot.resize_terminal(40, 10)
        await until(lambda: f"{BAR}bob" in screen(app))


@pytest.mark.parametrize(
    ("chosen", "colours", "no_color", "theme"),
    [
        ("", "truecolor", False, USUAL),
        ("nord", "truecolor", False, "nord"),
        ("nord", "256", False, "nord"),
        ("gone", "truecolor", False, USUAL),
        ("", "standard", False, OWN_COLOURS),
        ("nord", "standard", False, OWN_COLOURS),
        ("ansi-light", "standard", False, "ansi-light"),
        ("nord", "truecolor", True, OWN_COLOURS),
        ("ansi-light", "truecolor", True, "ansi-light"),
        ("nord", None, False, "nord"),
    ],
)
def test_it_begins_with_a_theme_that_the_terminal_can_show(
    chosen: str, colours: str | None, no_color: bool, theme: str
) -> None:
    assert first_theme(chosen, BUILTIN_THEMES, colours=colours, no_color=no_color) == theme


async def test_a_theme_is_chosen_by_its_name_and_remembered(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/theme nord", "enter")
        assert (app.theme, app.taste.theme) == ("nord", "nord")
        assert app.to_keep.is_set()
        await pilot.press(*"/theme gruvbx", "enter")
        assert "there is no theme gruvbx: did you mean gruvbox?" in screen(app)
        assert app.theme == "nord"


async def test_a_theme_is_tried_in_a_list_and_kept_or_not(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        before = app.theme
        await pilot.press(*"/theme", "enter")
        await until(lambda: "nord" in screen(app))
        await pilot.press("home")
        await until(lambda: app.theme == min(BUILTIN_THEMES))
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal)
        assert (app.theme, app.taste.theme) == (before, "")
        await pilot.press(*"/theme", "enter")
        await until(lambda: app.screen.is_modal)
        await pilot.press("home", "enter")
        await until(lambda: not app.screen.is_modal)
        assert app.theme == app.taste.theme == min(BUILTIN_THEMES)


async def test_what_was_chosen_is_there_at_the_next_start(chat: LocalChat) -> None:
    app = ChatApp(chat, taste=Taste("dracula", peers_folded=True))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == "dracula"
        assert "bob looking" not in screen(app)
    await app.settle()


async def test_who_is_there_is_folded_away_and_back(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        assert "bob looking" in rows(app)[0]
        await pilot.press("f2")
        assert "bob looking" not in screen(app)
        assert app.taste.peers_folded
        assert app.to_keep.is_set()
        await pilot.press("f2")
        assert "bob looking" in rows(app)[0]


async def test_a_wide_screen_has_a_column_in_place_of_the_bar(chat: LocalChat) -> None:
    async with opened(chat, width=200, height=50) as (app, pilot):
        assert "bob looking" not in rows(app)[0]
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, missing=500, total=1000, rate=250.0))
        await until(lambda: "connected, 500 to get" in screen(app))
        assert "██████░░░░░░ 50 % 250/s" in screen(app)
        await pilot.press("f2")
        assert "connected, 500 to get" not in screen(app)
        await pilot.press("f2")
        await pilot.resize_terminal(80, 24)
        await until(lambda: "bob connected" in rows(app)[0])


def column(peers: list[PeerStatus], height: int) -> list[str]:
    return [text for text, _ in column_rows(peers, 20, height, lambda time: f"moment {time}")]


def test_the_column_tells_as_much_as_fits() -> None:
    peers = [PeerStatus("bob", PeerPhase.CONNECTED, level=True), PeerStatus("carol", PeerPhase.LOST, seen=7)]
    assert column(peers, 10) == ["● bob", "  connected, level", "– carol", "  lost since moment", "  7"]
    assert column(peers, 4) == ["● bob, connected", "– carol, lost"]
    assert column(peers, 1) == ["and 2 more"]
    assert column([], 5) == ["nobody named:", "chat-tui ME PEER"]


async def test_without_colours_what_is_pointed_at_has_another_shape(chat: LocalChat) -> None:
    chat.says("bob", "hello", "again").result()
    async with opened(chat) as (app, pilot):
        app.theme = OWN_COLOURS
        await pilot.pause()
        await pilot.press("f6")
        (again,) = named(app, "again")
        (hello,) = named(app, "hello")
        assert again.style is not None
        assert again.style.reverse
        assert not (hello.style and hello.style.reverse)
        await pilot.press("escape", *"/theme", "enter")
        await until(lambda: bool(named(app, "nord")))
        (pointed,) = named(app, "ansi-dark")
        assert pointed.style is not None
        assert pointed.style.underline
