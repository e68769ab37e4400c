"""The screen in a real terminal: how it starts, leaves, and what no input or failure may do to the terminal."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import draft, view_state
from tests.widgets.terminals import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(*arguments: str, wait: bool = True, **environment: str) -> Terminal:
        terminal = Terminal(
            ["-W", "ignore", "-m", "tests.widgets.show", str(tmp_path), *arguments], environment=environment
        )
        opened.append(terminal)
        if wait:
            terminal.wait_for("message 49")
            terminal.wait(lambda: not terminal.screen.cursor.hidden)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def colours_of(output: bytes) -> set[bytes]:
    """The parts of all sequences that set a colour, apart from the terminal's default."""
    parts = {part for sequence in re.findall(rb"\x1b\[([0-9;]*)m", output) for part in sequence.split(b";") if part}
    return {part for part in parts if 30 <= int(part) <= 38 or 40 <= int(part) <= 48 or int(part) >= 90}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_cleanly_and_keeps_the_draft(show: Open, tmp_path: Path, number: signal.Signals) -> None:
    terminal = show()
    terminal.type("half a thought")
    terminal.wait_for("half a thought")
    terminal.process.send_signal(number)
    assert terminal.ended() == 0
    assert terminal.restored()
    assert draft.load(tmp_path / "draft") == "half a thought"
    show().wait_for("half a thought")


def test_a_terminal_that_goes_away_ends_the_chat_and_keeps_the_draft(show: Open, tmp_path: Path) -> None:
    terminal = show()
    terminal.type("half a thought")
    terminal.wait_for("half a thought")
    terminal.hang_up()
    assert terminal.process.wait(10) == 0
    assert draft.load(tmp_path / "draft") == "half a thought"


def test_a_draft_survives_a_kill(show: Open, tmp_path: Path) -> None:
    terminal = show()
    terminal.type("half a thought")
    terminal.wait(lambda: draft.load(tmp_path / "draft") == "half a thought")
    terminal.process.kill()
    terminal.process.wait(10)
    show().wait_for("half a thought")


def test_ctrl_q_leaves_with_the_terminal_as_it_was(show: Open, tmp_path: Path) -> None:
    terminal = show()
    terminal.type("\x11")
    assert terminal.ended() == 0
    assert terminal.restored()
    assert not (tmp_path / "draft").exists()


def test_what_is_typed_before_the_screen_is_there_is_sent_by_its_enter(show: Open) -> None:
    terminal = show(wait=False)
    terminal.type("first ahead\rsecond ahead\rhalf a thou")
    terminal.wait_for("half a thou")
    terminal.type("ght")
    terminal.wait_for("half a thought")
    terminal.wait(lambda: terminal.shows("alice ◦  first ahead") and terminal.shows("second ahead"))


def test_no_key_sequence_ends_the_chat(show: Open) -> None:
    terminal = show()
    terminal.type(b"\x1b[99999999;2u\x1b[97;1;99999999u\x1b[55296u\xff\xfe\x1b[48;99999999999;1t\x1bPq\x1b\\")
    terminal.type("still here")
    terminal.wait_for("still here")


def test_escape_return_is_a_new_line_and_return_sends(show: Open) -> None:
    terminal = show()
    terminal.type("one\x1b\rtwo\r")
    terminal.wait(lambda: terminal.shows(" alice ◦  one") and terminal.rows()[-3].strip() == "two")


def test_a_paste_of_several_lines_stays_whole(show: Open) -> None:
    terminal = show()
    terminal.type("\x1b[200~one\r\ntwo\rthree\x1b[201~")
    terminal.wait(lambda: [row.strip() for row in terminal.rows()[-3:]] == ["one", "two", "three"])


def test_control_characters_in_a_paste_press_no_keys(show: Open) -> None:
    terminal = show()
    terminal.type("\x1b[200~one\x1b[31m red\x07\r\x11two\x1b[201~!")
    terminal.wait(lambda: [row.strip() for row in terminal.rows()[-2:]] == ["one\ufffd[31m red\ufffd", "\ufffdtwo!"])


def test_the_cursor_stands_where_the_next_letter_comes(show: Open) -> None:
    terminal = show()
    terminal.wait(lambda: (terminal.screen.cursor.x, terminal.screen.cursor.y) == (1, 23))
    terminal.type("one\x1b\r漢字")
    terminal.wait(lambda: (terminal.screen.cursor.x, terminal.screen.cursor.y) == (5, 23))
    terminal.type("\r")
    terminal.wait(lambda: (terminal.screen.cursor.x, terminal.screen.cursor.y) == (1, 23))


def test_the_terminal_has_a_title(show: Open) -> None:
    terminal = show()
    terminal.wait(lambda: "main · chat-tui" in terminal.output.decode())


def test_without_colour_no_colour_is_sent(show: Open) -> None:
    terminal = show(NO_COLOR="1")
    terminal.type("hello\r")
    terminal.wait_for("alice ◦  hello")
    assert colours_of(terminal.output) == set()


def test_an_unforeseen_error_is_one_sentence_and_its_details_are_in_the_log(show: Open, tmp_path: Path) -> None:
    terminal = show("broken", wait=False)
    assert terminal.ended() == 1
    assert terminal.restored()
    last_words = terminal.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert last_words.count("chat-tui: ") == 1
    assert str(tmp_path / "log") in last_words.replace("\r\n", "")
    assert "Traceback" not in terminal.output.decode()
    assert "nobody thought of this" in (tmp_path / "log").read_text()


def test_a_foreseen_error_is_its_sentence(show: Open, tmp_path: Path) -> None:
    terminal = show("foreseen", wait=False)
    assert terminal.ended() == 1
    assert "chat-tui: there is no space left on the disk" in terminal.output.decode()
    assert not (tmp_path / "log").exists()


def test_a_new_size_is_drawn_at_once_whatever_the_environment_says(show: Open) -> None:
    terminal = show(COLUMNS="80", LINES="24")
    terminal.resize(40, 10)
    terminal.wait(lambda: "alice in main" in terminal.rows()[8] and "message 49" in terminal.rows()[7])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_screen_does_not_use_the_processor_when_nothing_happens(show: Open) -> None:
    terminal = show()
    terminal.wait(lambda: "main · chat-tui" in terminal.output.decode())
    terminal.settle()
    before = terminal.cpu_seconds()
    started = time.monotonic()
    terminal.wait(lambda: time.monotonic() - started > 1)
    assert terminal.cpu_seconds() - before < 0.2


def test_a_terminal_with_sixteen_colours_is_asked_for_its_own(show: Open) -> None:
    terminal = show(TERM="linux", COLORTERM="")
    terminal.wait_for("bob")
    found = {int(part) for part in colours_of(terminal.output)}
    assert found
    assert found.isdisjoint({38, 48})  # what 256 colours and more begin with


def test_a_theme_and_the_folded_bar_are_there_again_after_a_kill(show: Open, tmp_path: Path) -> None:
    terminal = show()
    terminal.type("/theme dracula\r\x1bOQ")
    terminal.wait(lambda: not terminal.shows("bob looking"))
    terminal.wait(lambda: view_state.load_taste(tmp_path / "taste") == view_state.Taste("dracula", peers_folded=True))
    terminal.process.kill()
    terminal.process.wait(10)
    again = show()
    assert not again.shows("bob looking")
    assert b"48;2;40;42;54" in again.output  # dracula's background
    again.type("\x1bOQ")
    again.wait_for("bob looking")


def test_who_leaves_with_messages_that_are_only_here_is_asked_and_the_terminal_is_as_it_was(show: Open) -> None:
    terminal = show()
    terminal.type("hello\r")
    terminal.wait_for("alice ◦  hello")
    terminal.type("\x11")
    terminal.wait_for("1 message is only on this computer")
    terminal.type("\x1b")
    terminal.wait(lambda: not terminal.shows("only on this computer"))
    terminal.type("\x11")
    terminal.wait_for("1 message is only on this computer")
    terminal.type("\x11")
    assert terminal.ended() == 0
    assert terminal.restored()
    assert terminal.output.rindex(b"\x1b[23;0t") > terminal.output.rindex(b"\x1b]0;")  # and so is its title


def test_a_signal_leaves_while_it_is_asked(show: Open) -> None:
    terminal = show()
    terminal.type("hello\r")
    terminal.wait_for("alice ◦  hello")
    terminal.type("\x11")
    terminal.wait_for("1 message is only on this computer")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 0
    assert terminal.restored()


def test_a_terminal_that_grows_gets_the_column_and_one_that_shrinks_the_bar(show: Open) -> None:
    terminal = show()
    terminal.wait_for("○ bob looking")
    terminal.resize(200, 50)
    terminal.wait(lambda: not terminal.shows("bob looking") and terminal.shows("  looking"))
    terminal.resize(40, 10)
    terminal.wait_for("○ bob looking")
