from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desktop_notices import Form, form, in_tmux, sequence, through_tmux


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, Form.KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Form.KITTY),
        ({"TERM": "xterm-ghostty"}, Form.RXVT),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Form.RXVT),
        ({"TERM": "foot-extra"}, Form.RXVT),
        ({"TERM": "rxvt-unicode-256color"}, Form.RXVT),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Form.ITERM),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Form.ITERM),
        ({"TERM": "xterm-256color"}, Form.NONE),
        ({"TERM": "linux"}, Form.NONE),
        ({"TERM": "screen", "STY": "1.x", "KITTY_WINDOW_ID": "1"}, Form.NONE),
        ({}, Form.NONE),
    ],
)
def test_the_form_is_that_of_the_terminal(environment: dict[str, str], expected: Form) -> None:
    assert form(environment) is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "tmux-256color", "TMUX": "x"}, True),
        ({"TERM": "screen-256color", "TMUX": "x"}, True),
        ({"TERM": "screen", "TMUX": "x", "STY": "1.x"}, False),  # the one in the other
        ({"TERM": "rxvt-unicode-256color", "TMUX": "x"}, False),  # a window that was opened from tmux
        ({"TERM": "screen"}, False),
    ],
)
def test_what_is_for_tmux_goes_to_tmux_alone(environment: dict[str, str], expected: bool) -> None:
    assert in_tmux(environment) is expected


def test_what_is_sent() -> None:
    assert sequence(Form.ITERM, "main", "bob mentioned you") == "\x1b]9;main: bob mentioned you\x1b\\"
    assert sequence(Form.RXVT, "a;b", "c;d") == "\x1b]777;notify;a,b;c,d\x1b\\"
    assert sequence(Form.NONE, "main", "x") == ""
    assert through_tmux("\x1b]9;x\x1b\\") == "\x1bPtmux;\x1b\x1b]9;x\x1b\x1b\\\x1b\\"
    assert through_tmux("") == ""


@given(st.sampled_from(Form), st.text(), st.text())
def test_no_text_breaks_out_of_its_field(kind: Form, title: str, text: str) -> None:
    sent = sequence(kind, title, text)
    fields = {
        Form.NONE: r"",
        Form.ITERM: r"\x1b\]9;[^\x00-\x1f\x7f-\x9f]*\x1b\\",
        Form.RXVT: r"\x1b\]777;notify;[^\x00-\x1f\x7f-\x9f;]*;[^\x00-\x1f\x7f-\x9f;]*\x1b\\",
        Form.KITTY: r"(\x1b\]99;i=chat-tui:(d=0|p=body):e=1;[A-Za-z0-9+/=]*\x1b\\){2}",
    }
    assert re.fullmatch(fields[kind], sent)
