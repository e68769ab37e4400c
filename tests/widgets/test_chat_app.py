"""The screen as a person meets it: keys in, cells out, on a real log."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.binding import Binding

from app.entry import MAX_TEXT_BYTES
from app.errors import DiskFullError
from app.status import Held, Notice, PeerPhase, PeerStatus
from app.timeline import TimelineEntry
from app.widgets.chat_app import ChatApp
from app.widgets.composer import MAX_DRAFT
from app.widgets.keys import key_names
from app.widgets.message_pane import MessagePane
from app.widgets.status_bar import StatusBar
from tests.widgets.chats import LocalChat
from tests.widgets.screens import HOSTILE, chat, composer, opened, pane, paste, rows, screen, until

__all__ = ["chat"]


async def test_history_is_there_at_once_with_the_newest_at_the_bottom(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    async with opened(chat) as (app, _):
        assert "message 299" in pane(app)[-1]
        assert "message 280" in screen(app)


async def test_what_is_typed_is_saved_and_shown(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"hello", "enter")
        await until(lambda: "hello" in pane(app)[-1])
        assert composer(app).text == ""
        assert chat.log.before(b"\xff" * 16, 1)[0].entry.text == "hello"


async def test_a_message_by_somebody_else_appears(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        chat.says("bob", "good morning")
        await until(lambda: "bob    good morning" in pane(app)[-1])


async def test_an_empty_chat_says_what_the_other_person_types(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        assert "bob types:  chat-tui bob alice" in screen(app)


async def test_page_keys_walk_through_history_and_back(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    async with opened(chat) as (app, pilot):
        end = pane(app)
        await pilot.press("pageup")
        assert pane(app)[-1] == end[0]
        await pilot.press("pagedown")
        assert pane(app) == end
        for first, last in (("alt+home", "alt+end"), ("ctrl+home", "ctrl+end")):
            await pilot.press(first)
            assert "message 0" in pane(app)[1]
            await pilot.press(last)
            assert pane(app) == end


async def test_a_reader_who_scrolled_up_does_not_move_and_sees_how_many_are_new(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(100))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press("pageup")
        before = pane(app)
        chat.says("bob", "one", "two", "three")
        await until(lambda: "↓ 3 unread (Alt+U)" in rows(app)[-2])
        assert pane(app) == before
        await pilot.press("alt+end")
        await until(lambda: "unread" not in rows(app)[-2])
        assert "three" in pane(app)[-1]


async def test_the_wheel_moves_three_rows(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(100))).result()
    async with opened(chat) as (app, pilot):
        before = pane(app)
        await pilot._post_mouse_events([events.MouseScrollUp], app.query_one(MessagePane), offset=(5, 5), button=0)
        assert pane(app)[3:] == before[:-3]


@pytest.mark.parametrize("key", ["alt+enter", "shift+enter", "ctrl+j"])
async def test_new_line_keys_do_not_send(chat: LocalChat, key: str) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press("a", key, "b")
        assert composer(app).text == "a\nb"
        await pilot.press("enter")
        await until(lambda: pane(app)[-1].strip() == "b")
        assert chat.log.before(b"\xff" * 16, 1)[0].entry.text == "a\nb"


async def test_a_paste_of_several_lines_stays_whole(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await paste(app, pilot, "def f():\r\n\treturn 1\rlast")
        assert composer(app).text == "def f():\n\treturn 1\nlast"
        await pilot.press("enter")
        await until(lambda: "last" in pane(app)[-1])
        assert chat.log.count() == 1


@pytest.mark.parametrize(("height", "most"), [(10, 3), (24, 7), (50, 16)])
async def test_the_composer_grows_to_a_third_of_the_screen(chat: LocalChat, height: int, most: int) -> None:
    async with opened(chat, height=height) as (app, pilot):
        await paste(app, pilot, "\n".join("abcdefghijklmnopqrst"))
        assert composer(app).size.height == most
        await pilot.press("enter")
        await until(lambda: composer(app).size.height == 1)


async def test_a_message_that_is_too_long_is_refused_with_its_size_and_stays(chat: LocalChat) -> None:
    text = "ä" * (MAX_TEXT_BYTES // 2 + 1)
    async with opened(chat) as (app, pilot):
        await paste(app, pilot, text)
        await pilot.press("enter")
        assert "16,386 bytes" in app.query_one(StatusBar).notice
        assert composer(app).text == text
        assert chat.log.count() == 0


async def test_an_enormous_paste_is_refused_and_the_draft_stays(chat: LocalChat) -> None:
    async with opened(chat, draft="precious") as (app, pilot):
        await paste(app, pilot, "x" * (MAX_DRAFT + 1))
        assert "262,145 characters" in app.query_one(StatusBar).notice
        assert composer(app).text == "precious"


async def test_ctrl_c_keeps_the_draft_and_the_chat(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"draft", "ctrl+c", "ctrl+c")
        assert composer(app).text == "draft"
        assert "Ctrl+Q leaves" in screen(app)


async def test_letters_with_alt_are_not_inserted(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        composer(app).post_message(events.Key("alt+x", "x"))
        await pilot.press("y")
        assert composer(app).text == "y"


async def test_zero_width_joiners_can_be_typed(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        for character in "👩\u200d👧می\u200cخواهم":
            composer(app).post_message(events.Key(character, character))
        await pilot.pause()
        assert composer(app).text == "👩\u200d👧می\u200cخواهم"


async def test_enter_sends_exactly_the_keys_before_it(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        for key in [*"first", "enter", *"second", "enter", *"rest"]:
            app.post_message(events.Key(key, key if len(key) == 1 else None))  # a burst, as a terminal sends it
        await until(lambda: chat.log.count() == 2)
        await until(lambda: composer(app).text == "rest")
        assert [entry.entry.text for entry in chat.log.before(b"\xff" * 16, 9)] == ["first", "second"]


class FullDisk(LocalChat):
    """Each message fails some time after it was accepted."""

    failing: list[Future[TimelineEntry]]

    def send(self, text: str) -> Future[TimelineEntry]:
        future: Future[TimelineEntry] = Future()
        self.failing.append(future)
        return future


async def test_messages_that_cannot_be_saved_come_back_before_what_was_typed_since(chat: LocalChat) -> None:
    chat.__class__ = FullDisk
    assert isinstance(chat, FullDisk)
    chat.failing = []
    async with opened(chat) as (app, pilot):
        await pilot.press(*"one", "enter", *"two", "enter", *"three")
        assert composer(app).text == "three"
        for future in chat.failing:
            future.set_exception(DiskFullError("the disk is full"))
        await until(lambda: composer(app).text == "one\ntwo\nthree")
        assert "the disk is full" in screen(app)


async def test_slash_commands(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/peers", "enter")
        await until(lambda: "Who is there" in screen(app))
        chat.tell(PeerStatus("bob", PeerPhase.REFUSED, f"another key {HOSTILE}"))
        await until(lambda: "refused: another key" in screen(app))
        await pilot.press("escape")
        await pilot.press(*"/nope", "enter")
        assert "no command /nope" in app.query_one(StatusBar).notice
        assert composer(app).text == "/nope"
        composer(app).load_text("")
        await pilot.press(*"//etc", "enter")
        await until(lambda: "/etc" in pane(app)[-1])
        await pilot.press(*"/quit", "enter", "enter")
        assert not app.is_running


async def test_help_lists_every_binding_and_command(chat: LocalChat) -> None:
    async with opened(chat, width=120, height=200) as (app, pilot):
        await pilot.press("f1")
        shown = " ".join(screen(app).split())
        for binding in ChatApp.BINDINGS:
            assert isinstance(binding, Binding)
            if binding.description:
                assert " ".join(key_names(binding, {}).split()) in shown
                assert binding.description in shown
        for word in ("Enter", "Ctrl+J", "/help", "/peers", "/quit"):
            assert word in shown
        await pilot.press("f1")
        assert "Esc closes" not in screen(app)


async def test_help_that_is_longer_than_the_screen_scrolls_by_keys(chat: LocalChat) -> None:
    async with opened(chat, width=40, height=10) as (app, pilot):
        await pilot.press("f1", "end")
        await until(lambda: "only while it is open" in " ".join(screen(app).split()))
        await pilot.press("pageup", "pageup", "pageup", "pageup", "pageup", "home")
        await until(lambda: "Esc closes" in screen(app))


async def test_every_key_that_the_readme_lists_is_in_the_help(chat: LocalChat) -> None:
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    table = readme.split("<!-- keys -->")[1].split("<!-- /keys -->")[0]
    keys = [word.strip(" `") for line in table.splitlines()[3:] for word in line.split("|")[1].split(",")]
    async with opened(chat, height=200) as (app, pilot):
        await pilot.press("f1")
        assert [key for key in keys if key not in screen(app)] == []


async def test_the_peer_bar_tells_states_in_words(chat: LocalChat) -> None:
    async with opened(chat) as (app, _):
        assert "○ bob looking" in rows(app)[0]
        chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, missing=1204))
        await until(lambda: "● bob connected, 1,204 to get" in rows(app)[0])
        await until(lambda: "1 of 2 connected" in rows(app)[-2])


async def test_own_messages_tell_whether_somebody_else_has_them(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press(*"hello", "enter")
        await until(lambda: "alice ◦  hello" in pane(app)[-1])
        chat.tell(Held(chat.log.before(b"\xff" * 16, 1)[0].seq, ("bob",)))
        await until(lambda: "alice ✓  hello" in pane(app)[-1])
        chat.tell(Held(chat.log.before(b"\xff" * 16, 1)[0].seq, ("carol",)))
        await until(lambda: "alice ✓✓ hello" in pane(app)[-1])


async def test_notices_are_shown_one_after_the_other(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        chat.tell(Notice("the first notice"))
        chat.tell(Notice(f"the second {HOSTILE}", urgent=True))
        await until(lambda: "the first notice" in screen(app))
        await pilot.press("x", "enter")
        await until(lambda: "! the second" in screen(app))


async def test_a_change_of_size_reflows(chat: LocalChat) -> None:
    chat.says("bob", "the quick brown fox jumps over the lazy dog " * 4).result()
    async with opened(chat) as (app, pilot):
        assert all(cell_len(row) == 80 for row in rows(app))
        await pilot.resize_terminal(40, 10)
        assert all(cell_len(row) == 40 for row in rows(app))
        assert len(rows(app)) == 10
        assert "bob the quick brown fox jumps" in screen(app)
        await pilot.resize_terminal(120, 40)
        assert "the lazy dog the quick brown fox" in screen(app)


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (80, 24), (200, 50), (3, 2)])
async def test_every_size_has_full_rows(chat: LocalChat, size: tuple[int, int]) -> None:
    chat.says("bob", "漢字かな交じり文 👩\u200d👩\u200d👧 ❤\ufe0f e\u0301 " * 9, *"abcdefghijklmnopqrstuvwxyz").result()
    async with opened(chat, *size) as (app, pilot):
        for key in ("pageup", "alt+home", "f1", "f1", "alt+end"):
            await pilot.press(key)
            assert [cell_len(row) for row in rows(app)] == [size[0]] * size[1]


async def test_wide_characters_do_not_push_what_stands_beside_them(chat: LocalChat) -> None:
    chat.says("bob", "漢字", "👍🏽 ok", "ab").result()
    async with opened(chat) as (app, _):
        starts = {cell_len(row[: row.index("bob")]) for row in pane(app) if "bob" in row}
        assert len(starts) == 1


async def test_hostile_text_is_harmless_everywhere(chat: LocalChat) -> None:
    chat.says("bob", HOSTILE).result()
    async with opened(chat) as (app, pilot):
        await paste(app, pilot, HOSTILE)
        chat.tell(PeerStatus(f"eve{HOSTILE}", PeerPhase.KNOCKING, HOSTILE))
        chat.tell(Notice(HOSTILE))
        await until(lambda: "knocking" in screen(app))
        for row in rows(app):
            assert not set(row) & set("\x1b\x07\x9b\u202e\u2066\x00\x7f\u2028")
        await pilot.press(*"/peers")
        composer(app).load_text("/peers")
        await pilot.press("enter")
        await until(lambda: "Who is there" in screen(app))
        for row in rows(app):
            assert not set(row) & set("\x1b\x07\x9b\u202e\u2066\x00\x7f\u2028")


async def test_selected_text_is_copied_without_times_and_names(chat: LocalChat) -> None:
    chat.says("bob", "first line\nsecond line", "the end").result()
    async with opened(chat) as (app, pilot):
        messages = app.query_one(MessagePane)
        y = messages.size.height
        await pilot.mouse_down(messages, offset=(0, y - 3))
        await pilot.hover(messages, offset=(23, y - 1))
        await pilot.mouse_up(messages, offset=(23, y - 1))
        await pilot.press("ctrl+c")
        assert app.clipboard == "first line\nsecond line\nthe"


async def test_a_draft_is_there_again(chat: LocalChat) -> None:
    async with opened(chat, draft="half a thought") as (app, pilot):
        assert composer(app).text == "half a thought"
        await pilot.press(*" more", "ctrl+q")
    assert app.draft == "half a thought more"


async def test_leaving_ends_the_node(chat: LocalChat) -> None:
    async with opened(chat) as (app, pilot):
        await pilot.press("ctrl+q")
    assert app.return_code == 0
    assert chat.ended


class BrokenNode(LocalChat):
    async def run(self) -> None:
        self.running = True
        raise DiskFullError("there is no space left")


async def test_an_error_in_the_node_ends_the_app_and_is_kept(chat: LocalChat) -> None:
    chat.__class__ = BrokenNode
    app = ChatApp(chat, draft="draft")
    with pytest.raises(DiskFullError):
        async with app.run_test():
            await until(lambda: app.failure is not None)
    assert app.return_code == 1
    assert isinstance(app.failure, DiskFullError)
    assert app.draft == "draft"


async def test_an_author_has_the_same_colour_everywhere(chat: LocalChat) -> None:
    chat.says("bob", "one", "two").result()
    async with opened(chat) as (app, _):
        colours = {
            segment.style.color.name
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.text == "bob" and segment.style and segment.style.color
        }
        assert len(colours) == 1


async def test_whatever_was_clicked_or_closed_the_composer_has_the_keys(chat: LocalChat) -> None:
    chat.says("bob", "hello").result()
    async with opened(chat) as (app, pilot):
        for widget in ("#messages", "#peers", "#status", "#scrollbar"):
            await pilot.click(widget)
            await pilot.press("x")
        for key in ("tab", "shift+tab", "escape"):
            await pilot.press(key, "x")
        await pilot.press("f1", "escape", "x")
        assert composer(app).text.count("x") == 8


async def test_a_date_is_gone_to_and_what_is_none_said(chat: LocalChat) -> None:
    chat.says("bob", *(f"message {number}" for number in range(300))).result()
    async with opened(chat) as (app, pilot):
        await pilot.press(*"/date 2023-11-15", "enter")
        assert not any("message 299" in row for row in pane(app))
        assert "15 November 2023" in screen(app)
        assert composer(app).text == ""
        await pilot.press(*"/date never", "enter")
        assert "never is no date: write it as 2026-11-01" in screen(app)
        assert composer(app).text == "/date never"
