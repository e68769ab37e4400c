"""Finding messages as fingers know it: Ctrl+F, words, Enter, and there it is."""

from __future__ import annotations

from textual import events

from app.people import People
from app.widgets.chat_app import ChatApp
from app.widgets.hit_list import HitList
from app.widgets.search_screen import MAX_HITS, SearchScreen
from tests.widgets.chats import LocalChat
from tests.widgets.screens import HOSTILE, chat, composer, opened, screen, until

__all__ = ["chat"]


def hits(app: ChatApp) -> list[str]:
    return app.screen.query_one(HitList).rows


async def test_hits_come_newest_first_and_enter_goes_to_the_newest(chat: LocalChat) -> None:
    chat.says("bob", "the first zebra", *(f"message {number}" for number in range(200)), "a Zébra again").result()
    chat.says("carol", *(f"other {number}" for number in range(100))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "ctrl+f", *"zebra")
        await until(lambda: "2 found in 302" in screen(app))
        assert [hit.split(": ", 1)[1] for hit in hits(app)] == ["a Zébra again", "the first zebra"]
        await pilot.press("enter")
        await until(lambda: app._pane.has_focus)
        assert "a Zébra again" in screen(app)
        assert app._pane.pointed_at is not None
        assert app._pane.pointed_at.text == "a Zébra again"
        await pilot.press("escape")
        assert (composer(app).text, composer(app).has_focus) == ("draft", True)


async def test_the_arrows_choose_among_the_hits(chat: LocalChat) -> None:
    chat.says("bob", "the first zebra", *(f"message {number}" for number in range(300)), "the last zebra").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/search zebra", "enter")
        await until(lambda: "2 found in" in screen(app))
        await pilot.press("down", "down", "enter")
        await until(lambda: app._pane.has_focus)
        assert "the first zebra" in screen(app)
        assert "the last zebra" not in screen(app)


async def test_n_and_shift_n_go_from_hit_to_hit(chat: LocalChat) -> None:
    chat.says("bob", *(f"zebra {number}" if number % 100 == 50 else f"x {number}" for number in range(300))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "n")
        assert "nothing was searched for" in screen(app)
        await pilot.press("escape", "escape", "ctrl+f", *"zebra")
        await until(lambda: "3 found in 300" in screen(app))
        await pilot.press("enter")
        await until(lambda: app._pane.has_focus)
        for key, expected in (("n", "zebra 150"), ("n", "zebra 50"), ("n", "zebra 250"), ("N", "zebra 50")):
            await pilot.press(key)
            await until(lambda: app._pane.pointed_at is not None and app._pane.pointed_at.text == expected)  # noqa: B023
            assert expected in screen(app)


async def test_it_says_when_nothing_is_found_and_what_makes_no_sense(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"nope")
        await until(lambda: "nothing found" in screen(app))
        await pilot.press(*" from:mallory")
        await until(lambda: "nobody here is called 'mallory'" in screen(app))
        await pilot.press("enter", "escape")
        await until(lambda: not isinstance(app.screen, SearchScreen))


async def test_names_and_dates_narrow_it(chat: LocalChat) -> None:
    chat.says("bob", "tea").result()
    chat.says("carol", "tea too").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"tea from:carol on:2023-11-14")
        await until(lambda: "1 found in 2" in screen(app))
        assert "carol: tea too" in hits(app)[0]


async def test_a_search_begins_and_ends_with_the_days_that_are_said(chat: LocalChat) -> None:
    chat.says("bob", "tea").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"tea since:2023-11-14 until:2023-11-14")
        await until(lambda: "1 found in 1" in screen(app))
        await pilot.press("ctrl+u", *"tea since:yesterday")
        await until(lambda: "nothing found" in screen(app))
        await pilot.press("ctrl+u", *"tea since:xmas")
        await until(lambda: "xmas is no date" in screen(app))


async def test_hits_are_harmless_and_bounded(chat: LocalChat) -> None:
    chat.says("bob", *[f"[red]x[/red] {HOSTILE}"] * (MAX_HITS + 5)).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"red")
        await until(lambda: f"the newest {MAX_HITS}" in screen(app))
        assert len(hits(app)) == MAX_HITS
        await until(lambda: "[red]x[/red]" in screen(app))
        assert not any(character in screen(app) for character in "\x1b\x07\x9b\u202e\u2066\x00\x7f")


async def test_only_hits_on_the_screen_are_drawn_and_the_keys_come_to_all(chat: LocalChat) -> None:
    chat.says("bob", *(f"zebra {number}" for number in range(200))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"zebra")
        await until(lambda: "200 found in 200" in screen(app))
        listed = app.screen.query_one(HitList)
        height = listed.size.height
        assert 0 < len(listed._strips) <= height
        await pilot.press("down", "end", "pageup", "down", "enter")
        await until(lambda: app._pane.has_focus)
        assert app._pane.pointed_at is not None
        assert app._pane.pointed_at.text == f"zebra {height - 2}"


async def test_a_click_takes_a_hit_and_the_wheel_goes_to_older_ones(chat: LocalChat) -> None:
    chat.says("bob", *(f"zebra {number}" for number in range(200))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+f", *"zebra")
        await until(lambda: "200 found in 200" in screen(app))
        listed = app.screen.query_one(HitList)
        await pilot._post_mouse_events([events.MouseScrollDown], listed, offset=(5, 5), button=0)
        await until(lambda: "zebra 199" not in screen(app))
        await pilot.click(listed, offset=(5, 1))
        await until(lambda: app._pane.has_focus)
        assert app._pane.pointed_at is not None
        assert app._pane.pointed_at.text == "zebra 195"


async def test_who_is_refused_is_not_found(chat: LocalChat) -> None:
    chat.says("bob", "tea").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/refuse bob", "enter")
        await pilot.press("ctrl+f", *"tea")
        await until(lambda: "nothing found" in screen(app))


def test_a_name_is_that_of_all_who_call_themselves_so_or_are_shown_so(chat: LocalChat) -> None:
    chat.says("bob", "x").result()
    chat.says("carol", "x", met=False).result()
    people: People = chat.people
    bob, carol = (author.key for author in sorted(chat.log.authors(), key=lambda a: a.name) if author.name != "alice")
    assert people.called("BOB") == [bob]
    assert people.called("carol") == people.called("carol?") == [carol]
    assert people.called("dave") == []
