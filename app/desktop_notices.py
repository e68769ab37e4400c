"""Notices on the desktop, raised through the terminal: which sequence it understands, and what is sent.

- The text stands between other characters of a control sequence: it is made harmless, and is without what ends a field.
- Inside tmux the sequence has to be let through to the terminal outside (`allow-passthrough`), which tmux says. To
  anything else, what is for tmux is text: what a window inherits of the tmux that it was opened from does not count.
- Inside screen there is none: it does not say what it is shown in.
- A terminal that is not known to understand one gets none: it would print it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import Enum

from app.text import one_line

BELL = "\x07"
MAX_TEXT = 200  # characters; a desktop shows a line or two


class Form(Enum):
    """A form of notice, by the number of its sequence."""

    NONE = 0
    ITERM = 9
    KITTY = 99
    RXVT = 777


_BY_NAME = {
    "kitty": Form.KITTY,
    "ghostty": Form.RXVT,
    "wezterm": Form.RXVT,
    "foot": Form.RXVT,
    "rxvt": Form.RXVT,
    "contour": Form.RXVT,
    "iterm": Form.ITERM,
}


def in_tmux(environment: Mapping[str, str]) -> bool:
    """Whether what a program with this environment writes goes to tmux, and not to screen or to another window."""
    own = environment.get("TERM", "").startswith(("tmux", "screen"))
    return own and bool(environment.get("TMUX")) and not environment.get("STY")


def form(environment: Mapping[str, str]) -> Form:
    """What the terminal of a program with this environment understands, not counting tmux or screen in between."""
    if environment.get("STY"):
        return Form.NONE
    if environment.get("KITTY_WINDOW_ID"):
        return Form.KITTY
    named = (environment.get(name, "") for name in ("TERM", "TERM_PROGRAM", "LC_TERMINAL"))
    return form_of(" ".join(named))


def form_of(names: str) -> Form:
    """What a terminal of that name, as TERM or TERM_PROGRAM have it, understands."""
    names = names.lower()
    return next((known for name, known in _BY_NAME.items() if name in names), Form.NONE)


def sequence(kind: Form, title: str, text: str) -> str:
    """What raises a notice; nothing if nothing does."""
    title, text = (one_line(part)[:MAX_TEXT].replace(";", ",") for part in (title, text))
    match kind:
        case Form.KITTY:
            head, body = (base64.b64encode(part.encode()).decode() for part in (title, text))
            return f"\x1b]99;i=chat-tui:d=0:e=1;{head}\x1b\\\x1b]99;i=chat-tui:p=body:e=1;{body}\x1b\\"
        case Form.RXVT:
            return f"\x1b]777;notify;{title};{text}\x1b\\"
        case Form.ITERM:
            return f"\x1b]9;{title}: {text}\x1b\\"
        case Form.NONE:
            return ""


def through_tmux(sequence: str) -> str:
    """So that tmux hands it to the terminal that it is shown in."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\" if sequence else ""
