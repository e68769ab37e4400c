"""The commands that one can type, and what a submitted text asks for: a message, a command, or a hint about one.

- A text that starts with `/` is a command; `//` at its start sends the rest with one `/`.
- The help, the completion and the palette list what stands in COMMANDS; the screen has a method `command_NAME` for
  each, and so has line mode for the plain ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from app import door
from app.acts import PREFIX, act
from app.errors import LocalEntryError
from app.text import one_line

_MAX_TOLD = 20  # characters of what is no command
_LIKE = 0.6  # how like a command it has to be for that to be what was meant, of 1
_SLIP = 0.8  # the same for what cannot be taken back
_FINAL = ("/delete", "/trust")


class Command(Struct, frozen=True):
    """name: without the `/`; argument: what may stand after it, as the help calls it, empty if nothing may; plain:
    whether it makes sense without a screen too."""

    name: str
    argument: str
    description: str
    plain: bool = False

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.argument}".rstrip()


COMMANDS = (
    Command("help", "", "keys, commands and what the signs mean", plain=True),
    Command("keys", "", "all keys, with their names for config.toml"),
    Command("peers", "", "who is there, how far they are, and their keys", plain=True),
    Command("why", "[NAME]", "how far the way to somebody has come, what is in it, and what to do", plain=True),
    Command("forks", "[NAME]", "what somebody said in two ways: both, who brought the other, what to do", plain=True),
    Command("notices", "", "the last notices, with their times"),
    Command("me", "TEXT", "say what you do: /me waves is shown as * alice waves", plain=True),
    Command("reply", "NAME TEXT", "answer the last message by somebody", plain=True),
    Command("edit", "TEXT", "another text for your last message", plain=True),
    Command("delete", "", "delete your last message on all screens; twice", plain=True),
    Command("search", "WORDS", "find messages; also from:bob on:yesterday since:monday until:2026-11-01", plain=True),
    Command("date", "DAY", "go to a day, as in /date 2026-11-01, /date monday or /date -3d, or to a month or year"),
    Command("notify", "off|mentions|all", "what rings and raises a notice while you are elsewhere"),
    Command(
        "mute",
        "NAME",
        "a row each for their messages, nothing unread and no calls; by itself: who is muted",
        plain=True,
    ),
    Command("unmute", "NAME", "as before", plain=True),
    Command("theme", "[NAME]", "other colours; without a name, a list to choose from"),
    Command("quit", "", "leave", plain=True),
)
PLAIN = tuple(command for command in COMMANDS if command.plain)


class Say(Struct, frozen=True):
    """A message."""

    text: str


class Run(Struct, frozen=True):
    """argument: what was typed after the command, without blanks around it."""

    command: Command
    argument: str


class Decide(Struct, frozen=True):
    """A decision about somebody, for the node: app.door.COMMANDS."""

    text: str


class Hint(Struct, frozen=True):
    """No command: what to type instead."""

    text: str


def read(text: str, known: Sequence[Command] = COMMANDS) -> Say | Run | Decide | Hint:
    if not text.startswith("/"):
        return Say(text)
    if text.startswith("//"):
        return Say(text[1:])
    typed = text.strip()
    word, _, argument = typed.partition(" ")
    if typed.split()[0] in door.COMMANDS:
        return Decide(typed)
    for command in known:
        if word == f"/{command.name}" and (command.argument or not argument):
            return Run(command, argument.strip())
        if word == f"/{command.name}":
            return Hint(f"nothing stands after {word}; to send this as a message, begin with //")
    return Hint(_unknown(typed.split()[0], known))


def _unknown(word: str, known: Sequence[Command]) -> str:
    import difflib

    if any(word == f"/{command.name}" for command in COMMANDS):
        return f"{word} needs the screen, which is not here: /help lists what there is; to send it, begin with //"
    names = [*(f"/{command.name}" for command in known), *door.COMMANDS]
    typed = word.lower()[:40]
    near = [
        name
        for name in difflib.get_close_matches(typed, names, len(names), _LIKE)
        if name not in _FINAL or difflib.SequenceMatcher(None, name, typed).ratio() >= _SLIP
    ]
    what = f"did you mean {near[0]}? To" if near else "/help lists them; to"
    return f"there is no command {_short(word)}: {what} send it, begin with //"


def _short(word: str) -> str:
    shown = one_line(word)
    return shown if len(shown) <= _MAX_TOLD else f"{shown[: _MAX_TOLD - 1]}…"


def read_said(text: str) -> str:
    """What is said in an answer, or in another text for a message. LocalEntryError: it would be a command by itself,
    and might have been meant for one."""
    match read(text):
        case Say(said):
            return said
        case Run(Command(name="me"), argument) if argument:
            return PREFIX + argument
    word = _short(text.split(maxsplit=1)[0])
    raise LocalEntryError(f"{word} here is no command: Esc first, and then type it; to send it, begin with //")


def typed(said: str) -> str:
    """How a text is typed that is sent so."""
    return f"/{said}" if said.startswith("/") and act(said) is None else said


def name_and_text(argument: str) -> tuple[str, str]:
    """What stands after /reply."""
    name, _, said = argument.partition(" ")
    if not said.strip():
        raise LocalEntryError("say whom you answer and what, as in: /reply bob yes")
    return name.lstrip("@").rstrip(":,"), said.strip()
