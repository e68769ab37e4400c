"""Message mode as fingers know it: F6, a message, a letter, and back to the draft."""

from __future__ import annotations

from datetime import UTC

import pytest
from textual import events

from app.amendments import Edit, Reaction
from app.status import Held, Holder
from app.timeline import TimelineEntry
from app.view_state import RoomView, Writing
from app.widgets.chat_app import ChatApp
from app.widgets.message_sheet import details, held_by
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import MINUTE, LocalChat
from tests.widgets.screens import chat, composer, opened, pane, rows, screen, until

__all__ = ["chat"]


def newest(chat: LocalChat) -> TimelineEntry:
    return chat.log.before(b"\xff" * 16, 1)[0]


async def test_an_answer_quotes_what_was_pointed_at_and_the_draft_comes_back(chat: LocalChat) -> None:
    chat.says("bob", "cake?", "or tea?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "f6", "k", "r")
        assert "Reply to bob, “cake?”" in screen(app)
        assert composer(app).text == ""
        await pilot.press(*"yes", "enter")
        await until(lambda: "↪ bob: cake?" in screen(app))
        assert newest(chat).text == "yes"
        assert composer(app).text == "draft"
        assert composer(app).has_focus


async def test_escape_goes_back_step_by_step(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "f6", "r", *"no")
        assert composer(app).text == "no"
        await pilot.press("escape")
        assert composer(app).text == "draft"
        assert "Reply to" not in screen(app)
        await pilot.press("f6", "escape", "!")
        assert composer(app).text == "draft!"


async def test_an_answer_that_was_given_up_can_be_put_back(chat: LocalChat) -> None:
    chat.says("bob", "cake?", "or tea?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "r", *"tea", "escape")
        assert "Ctrl+Y puts back what you wrote" in screen(app)
        await pilot.press("f6", "k", "r", "ctrl+y")
        assert composer(app).text == "tea"
        await pilot.press("!", "f6", "r")
        assert composer(app).text == ""
        await pilot.press("ctrl+y")
        assert composer(app).text == "tea!"


async def test_a_change_that_changed_nothing_is_given_up_silently(chat: LocalChat) -> None:
    chat.log.append("cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "e", "escape", "ctrl+y")
        assert composer(app).text == ""
        assert "puts back" not in screen(app)


async def test_an_answer_that_was_begun_is_there_after_a_restart_and_so_is_the_draft(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "f6", "r", *"half an ans")
        await until(lambda: app.view.writing is not None and app.view.writing.text == "half an ans")
        await pilot.press("w", "ctrl+q")
    assert app.draft == "draft"
    again = ChatApp(chat, draft=app.draft, view=app.view)
    async with again.run_test() as pilot:
        assert "Reply to bob, “cake?”" in screen(again)
        assert composer(again).text == "half an answ"
        await pilot.press(*"er", "enter")
        await until(lambda: newest(chat).text == "half an answer")
        assert composer(again).text == "draft"
        await until(lambda: again.view.writing is None)
    await again.settle()


async def test_an_answer_to_what_is_gone_is_a_draft_after_a_restart(chat: LocalChat) -> None:
    app = ChatApp(chat, draft="draft", view=RoomView(writing=Writing("REPLY", b"f" * 32, 7, "answer")))
    async with app.run_test():
        assert composer(app).text == "answer\ndraft"
        await until(lambda: app.view.writing is None)
    await app.settle()


async def test_letters_go_to_the_messages_only_while_one_is_pointed_at(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "j", "k", "z", "f6", *"jk")
        assert composer(app).text == "jk"


async def test_going_to_the_composer_ends_it(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "tab")
        await until(lambda: composer(app).has_focus and app._pane.pointed_at is None)
        assert "r answer" not in screen(app)
        await pilot.press("f6")
        await pilot.click(composer(app))
        await until(lambda: composer(app).has_focus and app._pane.pointed_at is None)


async def test_my_message_is_changed_in_place(chat: LocalChat) -> None:
    chat.log.append("helo").result()
    chat.says("bob", *(f"{number}" for number in range(60))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("alt+home", "f6", *(["up"] * 60), "e")
        assert composer(app).text == "helo"
        await pilot.press("backspace", "l", "o", "enter")
        await until(lambda: "hello" in screen(app))
        assert "edited" in screen(app)
        assert chat.log.count() == 61


async def test_what_is_not_mine_is_neither_changed_nor_deleted(chat: LocalChat) -> None:
    chat.says("bob", "mine").result()
    async with opened(chat) as (app, pilot):
        for key in "ed":
            await pilot.press("f6", key)
            assert app.query_one(StatusBar).notice == "only who wrote a message can change or delete it"
            await pilot.press("escape")
        assert newest(chat).text == "mine"


async def test_a_message_is_deleted_with_the_second_d(chat: LocalChat) -> None:
    chat.log.append("one").result()
    chat.log.append("two").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "d", "k", "d")
        assert not newest(chat).deleted
        assert "d again deletes on all screens: “one”" in screen(app)
        await pilot.press("d")
        await until(lambda: "[deleted by its author]" in screen(app))
        assert [entry.text for entry in chat.log.before(b"\xff" * 16, 2)] == [None, "two"]


async def test_a_reaction_is_given_and_taken_back(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "+", *"two words", "enter")
        assert "a reaction is one emoji or a short word" in app.query_one(StatusBar).notice
        composer(app).load_text("👍")
        await pilot.press("enter")
        await until(lambda: "👍 1" in screen(app))
        await pilot.press("f6", "+")
        composer(app).load_text("👍")
        await pilot.press("enter")
        await until(lambda: "👍" not in "".join(pane(app)))


async def test_details_say_who_wrote_it_and_what_it_said_before(chat: LocalChat) -> None:
    chat.log.append("helo").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "e", "backspace", "l", "o", "enter")
        await until(lambda: "edited" in screen(app))
        await pilot.press("f6", "i")
        await until(lambda: "first text" in screen(app))
        for part in ("author", "alice", "fingerprint", "only this computer", "helo", "hello"):
            assert part in screen(app)


async def test_details_name_who_reacted(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    chat.says("carol", "for me?", met=False).result()
    target = chat.log.reference(newest(chat).feed, newest(chat).seq)
    assert target is not None
    chat.amends("bob", Reaction(target, "yes", True)).result()
    chat.amends("carol", Reaction(target, "yes", True)).result()
    chat.log.amend(Reaction(target, "thumbs", True)).result()
    told = details(newest(chat), chat.people, (), (), crossed=False, now=chat.clock.now, zone=UTC)
    assert ("thumbs", "alice") in told
    assert ("yes", "bob, carol?") in told


async def test_of_many_versions_of_a_long_text_the_last_ones_are_told_in_part(chat: LocalChat) -> None:
    entry = chat.log.append("long " * 3000).result()
    reference = chat.log.reference(entry.feed, entry.seq)
    assert reference is not None
    for number in range(30):
        chat.clock.now += MINUTE
        chat.log.amend(Edit(reference, f"version {number} " + "long " * 3000)).result()
    versions = chat.log.versions(entry.feed, entry.seq)
    told = details(entry, chat.people, versions, (), crossed=False, now=chat.clock.now, zone=UTC)
    assert [said for term, said in told if term == "first text"] == ["long " * 400 + " … (13,000 more characters)"]
    assert sum(said.startswith("version") for _, said in told) == 10
    assert ("", f"{len(versions) - 10} versions in between") in told


async def test_without_messages_there_is_nothing_to_point_at(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", *"jk")
        assert composer(app).text == "jk"


async def test_the_draft_that_waits_is_the_one_that_is_kept(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "f6", "r", *"half an answer")
        assert app.draft == "draft"


DAY = 86_400_000_000
NOW = 20 * DAY + 15 * 3_600_000_000  # Wednesday, 21 January 1970, 15:00 UTC


@pytest.mark.parametrize(
    ("carol", "said"),
    [
        (Holder("carol", True), "bob, carol"),
        (Holder("carol", False, seen=NOW - DAY), "bob; not carol since Tuesday"),
        (Holder("carol", False, seen=NOW - 3_600_000_000), "bob; not carol since 14:00"),
        (Holder("carol", False, seen=NOW - 9 * DAY), "bob; not carol since 1970-01-12"),
        (Holder("carol", False, here=True, seen=NOW), "bob; not yet carol"),
        (Holder("carol", False), "bob; not carol, who was never here"),
    ],
)
def test_who_has_a_message_and_who_lacks_it_since_when(carol: Holder, said: str) -> None:
    assert held_by([Holder("bob", True, here=True, seen=NOW), carol], NOW, UTC) == said


def test_a_message_that_nobody_else_has_is_said_to_be_here_alone() -> None:
    assert held_by([], NOW, UTC) == "only this computer, as far as is known"


async def test_the_details_of_an_own_message_name_its_holders(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"hello", "enter")
        await until(lambda: "hello" in pane(app)[-1])
        chat.tell(Held(newest(chat).seq, ("bob",)))
        await until(lambda: "✓" in pane(app)[-1])
        await pilot.press("f6", "i")
        await until(lambda: "bob; not carol, who was never here" in screen(app))


@pytest.mark.parametrize(
    ("width", "told"), [(80, "+ react  y copy"), (60, "↑↓  r answer  e change"), (40, "↑↓  r e d + y o i  Esc back")]
)
async def test_the_line_of_keys_fits_in_every_width(chat: LocalChat, width: int, told: str) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat, width=width, height=10) as (app, pilot):
        await pilot.press("f6")
        assert told in rows(app)[-2]
        assert "…" not in rows(app)[-2]


async def test_keys_in_one_burst_reach_the_message(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, _):
        for key in ("f6", "i"):
            app.post_message(events.Key(key, None if key == "f6" else key))
        await until(lambda: "This message" in screen(app))
        assert composer(app).text == ""


async def test_keys_that_mean_something_for_some_messages_only_are_told_for_those(chat: LocalChat) -> None:
    chat.says("bob", "cake?", "\n".join(["long"] * 20)).result()
    chat.log.reply("yes", chat.log.reference(newest(chat).feed, 2) or pytest.fail("no message")).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6")
        await until(lambda: "g original" in screen(app))
        assert "Space unfold" not in screen(app)
        await pilot.press("k")
        await until(lambda: "Space unfold" in screen(app))
        assert "g original" not in screen(app)
        await pilot.press("space")
        await until(lambda: "Space unfold" not in screen(app))
        await pilot.press("k")
        await until(lambda: "cake?" in pane(app)[0])
        assert "↑↓  r answer" in screen(app)


async def test_the_terminals_cursor_stands_in_the_message_that_is_pointed_at(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(50))).result()
    async with opened(chat) as (app, pilot):
        there = app.cursor_position

        def told() -> str:
            return rows(app)[app.cursor_position.y]

        await pilot.press("f6")
        assert "message 49" in told()
        await pilot.press("k", "k")
        assert "message 47" in told()
        await pilot.press(*["k"] * 30)
        assert "message 17" in told()
        await pilot.press("i")
        await until(lambda: "fingerprint" in screen(app))
        await pilot.press("escape", "ctrl+f")
        await until(lambda: app.screen.is_modal)
        await pilot.press("escape")
        await until(lambda: "message 17" in told())
        await pilot.press("escape")
        assert app.cursor_position == there


async def test_a_command_in_an_answer_is_not_said(chat: LocalChat) -> None:
    chat.says("bob", "cake?").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "r", *"/quit", "enter")
        await until(lambda: "/quit here is no command" in screen(app))
        assert composer(app).text == "/quit"
        assert chat.log.count() == 1
        await pilot.press("home", "/", "enter")
        await until(lambda: newest(chat).text == "/quit")
        await pilot.press("f6", "r", *"/me nods", "enter")
        await until(lambda: "alice nods" in pane(app)[-1])


async def test_a_message_that_begins_with_a_slash_can_be_changed(chat: LocalChat) -> None:
    chat.send("/etc/hosts").result()
    async with opened(chat) as (app, pilot):
        await pilot.press("f6", "e")
        await until(lambda: composer(app).text == "//etc/hosts")
        await pilot.press("!", "enter")
        await until(lambda: newest(chat).text == "/etc/hosts!")


async def test_the_last_message_is_answered_changed_and_deleted_by_commands(chat: LocalChat) -> None:
    chat.says("bob", "cake?", "or tea?").result()
    chat.says("carol", "hello").result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/reply bob tea", "enter")
        await until(lambda: newest(chat).text == "tea")
        quote = newest(chat).quote
        assert quote is not None
        assert quote.text == "or tea?"
        await pilot.press(*"/edit cake", "enter")
        await until(lambda: newest(chat).text == "cake")
        await pilot.press(*"/delete", "enter")
        await until(lambda: "/delete again deletes “cake”" in screen(app))
        assert not newest(chat).deleted
        await pilot.press(*"/delete", "enter")
        await until(lambda: newest(chat).deleted)
        await pilot.press(*"/reply mallory yes", "enter")
        await until(lambda: "nobody here is called mallory" in screen(app))
        await pilot.press("ctrl+u", *"/edit nothing", "enter")
        await until(lambda: "you have said nothing here lately" in screen(app))
