"""Who is who on the screen, what is decided about them, and the notices that must not be missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from app.identity import fingerprint
from app.status import Matter, Notice, PeerPhase, PeerStatus
from app.widgets.chat_app import ChatApp
from app.widgets.message_pane import MessagePane
from app.widgets.notice_board import NoticeBoard
from app.widgets.rows import shorten_name
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import LocalChat, local_chat
from tests.widgets.screens import composer, opened, pane, rows, screen, until

CAROL = bytes(range(32))
LONG = Notice(
    "no connection to bob: it shows another key (f764-0001-0002-0003) than the one known for bob (aaaa-bbbb-cccc): "
    "somebody else uses the name, or bob has a new key. Ask bob in person before you type /trust bob, the end",
    urgent=True,
)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[LocalChat]:
    with local_chat(tmp_path, peers=("bob", "carol")) as made:
        yield made


def board(app: ChatApp) -> str:
    return app.query_one(NoticeBoard).notice


async def test_only_pinned_names_stand_alone(chat: LocalChat) -> None:
    chat.says("bob", "I am bob").result()
    chat.says("carol", "I am carol", met=False).result()
    other = chat.says("Bob", "I am too", met=False).result()
    author = chat.log.feed_author(other.advances[0].feed)
    assert author is not None
    async with opened(chat) as (app, _):
        bob, carol, namesake = pane(app)[-3:]
        assert " bob " in bob
        assert " carol? " in carol
        assert f" Bob~{fingerprint(author[0])[:6]} " in namesake


async def test_a_name_changes_on_the_screen_when_its_owner_is_met(chat: LocalChat) -> None:
    chat.says("carol", "hello", met=False).result()
    async with opened(chat) as (app, _):
        assert " carol? " in pane(app)[-1]
        chat.says("carol", "here I am")
        await until(lambda: "carol?" not in screen(app) and "here I am" in pane(app)[-1])


async def test_what_somebody_wrote_who_is_refused_is_not_there_until_accepted(chat: LocalChat) -> None:
    chat.says("bob", "an insult").result()
    chat.says("carol", "hello").result()
    async with opened(chat) as (app, pilot):
        composer(app).load_text("/refuse bob")
        await pilot.press("enter")
        await until(lambda: "an insult" not in screen(app))
        await until(lambda: " bob  " not in screen(app))
        assert "not shown" not in screen(app)
        assert "hello" in screen(app)
        assert "is refused" in board(app)
        composer(app).load_text("/accept bob")
        await pilot.press("enter")
        await until(lambda: "an insult" in screen(app))


async def test_who_reads_older_messages_stays_there_when_half_of_them_go_and_come_back(chat: LocalChat) -> None:
    for number in range(300):
        chat.says("bob" if number % 2 else "carol", f"message {number}")
    async with opened(chat) as (app, pilot):
        await pilot.press("pageup", "pageup")
        before = [row.split()[-1] for row in pane(app) if "carol" in row]  # bob's are between: each names its author
        composer(app).load_text("/refuse bob")
        await pilot.press("enter")
        await until(lambda: " bob  " not in screen(app))
        top = [row.split()[-1] for row in pane(app) if "message" in row]
        assert before[0] == top[0]
        assert app.query_one(MessagePane).extent().total == 150
        composer(app).load_text("/accept bob")
        await pilot.press("enter")
        await until(lambda: " bob  " in screen(app))
        assert app.query_one(MessagePane).extent().total == 300


async def test_a_knock_says_what_to_type_and_that_lets_in(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        chat.door.judge(CAROL, "carol")
        chat.door.knocks(CAROL)
        await until(lambda: "/accept carol, or /refuse carol" in board(app))
        composer(app).load_text("/accept carol")
        await pilot.press("enter")
        await until(lambda: CAROL in chat.door.records)
        assert "carol is let in" in board(app)
        assert composer(app).text == ""


async def test_a_decision_that_cannot_be_carried_out_stays_in_the_composer(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        composer(app).load_text("/accept nobody")
        await pilot.press("enter")
        assert "nobody called nobody" in app.query_one(StatusBar).notice
        assert composer(app).text == "/accept nobody"


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (20, 6)])
async def test_an_urgent_notice_can_be_read_whole_and_stays_until_acknowledged(
    chat: LocalChat, size: tuple[int, int]
) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat, *size) as (app, pilot):
        chat.tell(LONG)
        await until(lambda: board(app) == LONG.text)
        await pilot.pause()
        height = app.query_one(NoticeBoard).size.height
        assert height <= max(1, size[1] // 3)
        words = ""
        for _ in range(20):
            shown = rows(app)
            assert [cell_len(row) for row in shown] == [size[0]] * size[1]
            top = size[1] - 2 - app.query_one(NoticeBoard).size.height
            words += " ".join(row.strip().removesuffix(" …") for row in shown[top:-2]) + " "
            await pilot.press("x", "escape")
            if not board(app):
                break
            assert board(app) == LONG.text
        assert "".join(words.split()) == "".join(f"!{LONG.text}(Esc)".split())
        assert set(composer(app).text) == {"x"}
        assert not app.query_one(NoticeBoard).display


async def test_the_most_important_notice_comes_first_and_says_how_many_wait(chat: LocalChat) -> None:
    knock = Notice("carol asks to be let in", matter=Matter.KNOCK)
    key = Notice("bob shows a key", urgent=True, matter=Matter.ANOTHER_KEY)
    async with opened(chat, 40, 10) as (app, pilot):
        chat.tell(Notice("the disk is full " * 3, urgent=True))
        await until(lambda: "the disk" in board(app))
        chat.tell(Notice("the port is taken, so another one is used"))
        chat.tell(knock)
        await until(lambda: board(app) == knock.text)
        chat.tell(key)
        await until(lambda: board(app) == key.text)
        await until(lambda: "(Esc, 3 more)" in screen(app))
        told = []
        while board(app):
            told.append(board(app).split()[1])
            before = board(app)
            while board(app) == before:
                await pilot.press("escape")
        assert told == ["shows", "asks", "disk", "port"]


async def test_the_last_notices_are_listed(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        chat.tell(Notice("the first notice"))
        chat.tell(LONG)
        await until(lambda: board(app) == LONG.text)
        await pilot.press("escape", *"/notices", "enter")
        await until(lambda: "the first notice" in screen(app) and "before you type /trust bob" in screen(app))
        await pilot.press("escape")
        assert "the first notice" not in pane(app)


async def test_the_list_of_peers_has_keys_and_marks(chat: LocalChat) -> None:
    async with opened(chat, width=120) as (app, pilot):
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, "direct connection", known="key f764-0001", verified=True))
        await until(lambda: "connected, verified" in rows(app)[0])
        await pilot.press(*"/peers", "enter")
        await until(lambda: "connected, verified: direct connection (key f764-0001)" in screen(app))


async def test_help_says_what_everybody_can_read_and_what_marks_mean(chat: LocalChat) -> None:
    async with opened(chat, width=100, height=160) as (app, pilot):
        await pilot.press("f1")
        for said in (
            "Everybody who is let in can read everything",
            "/accept NAME",
            "/trust NAME",
            "carol?",
            "/notices",
        ):
            assert said in screen(app)


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("bob", 10, "bob"),
        ("alexander-the-great", 10, "alexander…"),
        ("bob~3f2a9c", 10, "bob~3f2a9c"),
        ("carol~3f2a9c", 10, "ca…~3f2a9c"),
        ("alexander-the-great?", 10, "alexande…?"),
        ("carol~3f2a9c", 5, "caro…"),
    ],
)
def test_what_tells_names_apart_is_cut_last(name: str, width: int, shown: str) -> None:
    assert shorten_name(name, width) == shown


async def test_a_command_closes_the_notices_that_say_to_give_it_and_no_others(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        chat.tell(Notice("carol would like to join: /refuse carol, or /peers first", urgent=True))
        await until(lambda: "carol would like to join" in screen(app))
        for other in ("/mute", "/notify", "/peers2", "hello"):
            await pilot.press(*other, "enter", "ctrl+u")
            assert "carol would like to join" in screen(app)
        await pilot.press(*"/peers", "enter", "escape")
        await until(lambda: "carol would like to join" not in screen(app))
