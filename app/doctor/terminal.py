"""What the terminal can show, as far as the environment says it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping

from app.doctor.findings import Finding, bad, ok, warn

SMALLEST = (40, 10)
ASKING = 2.0  # seconds for a question to tmux
_AREA = "terminal"


def look(environment: Mapping[str, str], size: tuple[int, int] | None) -> Iterator[Finding]:
    """size: columns and rows; None where input or output is no terminal."""
    term = environment.get("TERM", "")
    if size is None:
        yield warn(_AREA, "input or output is no terminal: a chat started so is in line mode", "start it in a terminal")
    elif term in ("", "dumb"):
        yield warn(_AREA, f"TERM is {term or 'not set'}: a chat is in line mode", "export TERM=xterm-256color")
    else:
        yield _colours(term, environment.get("COLORTERM", ""))
        yield _size(size)
    yield _characters(environment)
    if environment.get("TMUX"):
        yield from _tmux()
    elif environment.get("STY") or term.startswith("screen"):
        yield warn(
            _AREA,
            "GNU screen passes no copied text on and tells nothing of focus",
            "copy with the mouse and Shift, or take tmux",
        )


def _colours(term: str, colour: str) -> Finding:
    if colour in ("truecolor", "24bit") or re.search(r"direct|truecolor|kitty|ghostty|alacritty|foot", term):
        return ok(_AREA, f"{term}, all colours")
    if "256" in term:
        return ok(_AREA, f"{term}, 256 colours")
    return warn(_AREA, f"{term}, few colours", "export COLORTERM=truecolor if it has more")


def _size(size: tuple[int, int]) -> Finding:
    said = f"{size[0]} columns, {size[1]} rows"
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return warn(_AREA, said, f"make it {SMALLEST[0]} by {SMALLEST[1]} at least")
    return ok(_AREA, said)


def _characters(environment: Mapping[str, str]) -> Finding:
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    if re.search(r"utf-?8", locale, re.IGNORECASE):
        return ok(_AREA, f"UTF-8 ({locale})")
    return bad(_AREA, f"the locale is {locale or 'not set'}, without UTF-8", "export LANG=C.UTF-8")


def _tmux() -> Iterator[Finding]:
    if _tmux_option("set-clipboard") in ("off", "external"):  # the second is the default: tmux's own copies only
        yield warn(_AREA, "tmux passes no copied text on to the terminal", "tmux set -g set-clipboard on")
    if _tmux_option("focus-events") == "off":
        yield warn(_AREA, "tmux does not tell whether you look at the chat", "tmux set -g focus-events on")
    yield ok(_AREA, "inside tmux")


def _tmux_option(name: str) -> str:
    command = ["tmux", "show-options", "-gv", name]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=ASKING, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def present_size() -> tuple[int, int] | None:
    if not (os.isatty(0) and os.isatty(1)):
        return None
    try:
        columns, rows = os.get_terminal_size(1)
    except OSError:
        return None
    return columns, rows
