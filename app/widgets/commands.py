"""What a submitted text asks for: a message, a command, or a hint about one that there is not.

A text that starts with `/` is a command; `//` at its start sends the rest with one `/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app import door
from app.text import one_line
from app.widgets.wrap import shorten


class Command(Enum):
    HELP = "/help"
    PEERS = "/peers"
    NOTICES = "/notices"
    SEARCH = "/search"
    DATE = "/date"
    QUIT = "/quit"


DESCRIPTIONS = {
    Command.HELP: "this help",
    Command.PEERS: "who is there, how far they are, and their keys",
    Command.NOTICES: "the last notices, with their times",
    Command.SEARCH: "find messages, also with words after it: from:bob on:2026-11-01 …",
    Command.DATE: "go to a day, as in /date 2026-11-01, or to a month or year",
    Command.QUIT: "leave",
}


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Decide:
    """A decision about somebody, for the node: app.door.COMMANDS."""

    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """words: what to look for at first."""

    words: str


@dataclass(frozen=True, slots=True)
class GoTo:
    """A day, month or year, as typed."""

    date: str


@dataclass(frozen=True, slots=True)
class Hint:
    text: str


def read(text: str) -> Say | Command | Decide | Search | GoTo | Hint:
    if not text.startswith("/"):
        return Say(text)
    if text.startswith("//"):
        return Say(text[1:])
    word = text.strip()
    if word.split()[0] in door.COMMANDS:
        return Decide(word)
    if word.split()[0] == Command.SEARCH.value:
        return Search(word.removeprefix(Command.SEARCH.value).strip())
    if word.split()[0] == Command.DATE.value:
        return GoTo(word.removeprefix(Command.DATE.value).strip())
    try:
        return Command(word)
    except ValueError:
        shown = shorten(one_line(word), 20)
        return Hint(f"there is no command {shown}: /help lists them; to send it, begin with //")
