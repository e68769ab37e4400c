"""What the word before the cursor may become: a command, its argument, a name, an emoji. Pure functions.

- Nothing is offered that could not stand there. The most likely comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from app import door
from app.commands import COMMANDS
from app.days import WEEKDAYS, WORDS
from app.names import name_key
from app.widgets import emoji

_MENTION = re.compile(r"(?:^|(?<=[\s(]))@([\w-]*)\Z")
_WORD = re.compile(r"(?:^|(?<=[\s(]))([\w-]+)\Z")
_LIMITS = ("from:", "on:", "since:", "until:", "after:", "before:")
_LIMIT = re.compile(rf"({'|'.join(_LIMITS)})(\S*)\Z")


class Candidate(Struct, frozen=True):
    """text: what stands instead of the word; shown: how it is listed."""

    text: str
    shown: str


class Completion(Struct, frozen=True):
    """start: where the word begins, counted from the beginning of what was looked at; common: what all candidates
    that begin with the word have in common, never shorter than the word."""

    start: int
    common: str
    candidates: tuple[Candidate, ...]


class Vocabulary(Struct, frozen=True):
    """names: of people, who spoke last first; labels: by which they are told apart, as commands take them;
    arguments: what can stand after a command, if its help does not say it."""

    names: Callable[[], Sequence[str]]
    labels: Callable[[], Sequence[str]]
    today: Callable[[], date]
    arguments: Mapping[str, Callable[[], Sequence[str]]]


def complete(before: str, words: Vocabulary) -> Completion | None:
    """before: all that stands before the cursor. None: there is nothing that it could become."""
    if before.startswith("/") and not before.startswith("//") and "\n" not in before:
        return _command(before, words)
    return _in_text(before, words)


def _command(before: str, words: Vocabulary) -> Completion | None:
    command, blank, rest = before.partition(" ")
    forms = {f"/{each.name}": each.argument for each in COMMANDS}
    forms |= {form.split()[0]: form.partition(" ")[2] for form in door.HELP}
    if not blank:
        found = [Candidate(form + (" " if argument else ""), form) for form, argument in forms.items()]
        return _beginning(0, command, [each for each in found if each.shown.startswith(command.lower())])
    kind = forms.get(command, "").strip("[]")
    word = rest.rpartition(" ")[2]
    start = len(before) - len(word)
    if command in words.arguments:
        return _named(start, word, words.arguments[command]())
    match kind:
        case "":
            return None
        case "NAME":
            return _named(start, word, words.labels())
        case "DAY":
            return _beginning(
                start, word, [Candidate(day, day) for day in _days(words.today()) if day.startswith(word)]
            )
        case "WORDS":
            return _limit(start, word, words)
        case "NAME TEXT" if " " not in rest:
            return _named(start, word, words.labels())
        case "TEXT" | "NAME TEXT":
            return _in_text(before, words)
    return _named(start, word, kind.split("|") if "|" in kind else ())


def _limit(start: int, word: str, words: Vocabulary) -> Completion | None:
    found = _LIMIT.match(word)
    if found is None:
        return _beginning(start, word, [Candidate(each, each) for each in _LIMITS if each.startswith(word.lower())])
    limit, value = found[1], found[2]
    values = words.labels() if limit == "from:" else _days(words.today())
    return _named(start + len(limit), value, values)


def _days(today: date) -> list[str]:
    """The last week, then the months, the years and the words for days."""
    last_month = today.replace(day=1) - timedelta(days=1)
    days = [str(today - timedelta(days=back)) for back in range(7)]
    return [*days, f"{today:%Y-%m}", f"{last_month:%Y-%m}", f"{today:%Y}", str(today.year - 1), *WORDS, *WEEKDAYS]


def _in_text(before: str, words: Vocabulary) -> Completion | None:
    begun = emoji.begun(before)
    if begun is not None:
        start, name = begun
        found = emoji.matching(name)
        common = _common([other for other, _ in found if other.startswith(name.lower())])
        listed = [Candidate(sign, f"{sign} {other}") for other, sign in found]
        return _of(start, f":{common}" if len(common) > len(name) else before[start:], listed)
    mention = _MENTION.search(before)
    if mention is not None:
        return _named(mention.start(1), mention[1], words.names())
    word = _WORD.search(before)
    if word is None:
        return None
    # At the beginning of a message a name says whom it is for.
    return _named(word.start(1), word[1], words.names(), end=": " if word.start(1) == 0 else "")


def _named(start: int, word: str, names: Sequence[str], *, end: str = "") -> Completion | None:
    wanted = name_key(word)
    found = [name for name in dict.fromkeys(names) if name_key(name).startswith(wanted)]
    return _beginning(start, word, [Candidate(name + end, name) for name in found])


def _beginning(start: int, word: str, candidates: Sequence[Candidate]) -> Completion | None:
    """Of candidates that all begin with the word, whatever their case."""
    common = _common([each.shown for each in candidates])
    return _of(start, common if len(common) > len(word) else word, candidates)


def _common(words: Sequence[str]) -> str:
    """With what all words begin, whatever their case, as the first has it."""
    first = words[0] if words else ""
    for end, letter in enumerate(first):
        if any(word[end : end + 1].casefold() != letter.casefold() for word in words):
            return first[:end]
    return first


def _of(start: int, common: str, candidates: Sequence[Candidate]) -> Completion | None:
    return Completion(start, common, tuple(candidates)) if candidates else None
