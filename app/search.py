"""What somebody looks for in the history, and where a text has it: letters count, their case and accents do not.

- A query is words, all of which must occur, in any order; `"…"` keeps words together.
- `from:NAME`, `on:DAY`, `since:DAY` and `until:DAY` (with that day), `after:DAY` and `before:DAY` (without it) narrow
  it; a day is what app.days takes for one.
- Both sides are folded: compatibility forms decomposed, case folded, marks dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, tzinfo

from msgspec import Struct

from app.days import day_range
from app.errors import UsageError

MAX_TERMS = 16

_WORD = re.compile(r'(from|on|since|until|after|before):("[^"]*"|\S*)|"([^"]*)"|(\S+)', re.IGNORECASE)


class Query(Struct, frozen=True):
    """terms: folded, at most MAX_TERMS; authors: public keys, None for everybody; since, until: microseconds since
    1970, from (with it) and to (without it)."""

    terms: tuple[str, ...] = ()
    authors: frozenset[bytes] | None = None
    since: int | None = None
    until: int | None = None

    def matches(self, text: str) -> bool:
        folded = fold(text)
        return all(term in folded for term in self.terms)


def parse_query(
    text: str, *, keys_of: Callable[[str], Iterable[bytes]], today: date, zone: tzinfo | None = None
) -> Query:
    """The query in `text`. keys_of: the authors who are called so; zone: of days, None for the computer's own.

    Raises UsageError with what to type instead.
    """
    terms: list[str] = []
    authors: set[bytes] = set()
    since: list[int] = []
    until: list[int] = []
    for match in _WORD.finditer(text):
        limit, value, phrase, word = match.groups()
        value = (value or "").strip('"')
        match (limit or "").lower():
            case "from":
                found = set(keys_of(value))
                if not found:
                    raise UsageError(f"from: takes a name as the screen shows it; nobody here is called {value!r}")
                authors |= found
            case "on" | "since" | "until" | "after" | "before" as when:
                first, end = day_range(value, zone, today)
                if when in ("on", "since", "after"):
                    since.append(end if when == "after" else first)
                if when in ("on", "until", "before"):
                    until.append(first if when == "before" else end)
            case _:
                terms.append(fold(phrase or word or ""))
    kept = tuple(dict.fromkeys(term for term in terms if term))
    if len(kept) > MAX_TERMS:
        raise UsageError(f"{len(kept)} words are too many to look for: {MAX_TERMS} is the most")
    if not kept and not authors and not since and not until:
        raise UsageError("what to look for? For example: /search from:bob after:2026-11-01 solder")
    return Query(kept, frozenset(authors) or None, max(since, default=None), min(until, default=None))


class _Folding(dict[int, str]):
    """What each character becomes, worked out when it is met first: eight times as fast as normalizing whole texts."""

    def __missing__(self, point: int) -> str:
        character = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(point)).casefold())
        folded = self[point] = "".join(part for part in character if not unicodedata.combining(part))
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """`text` without what does not count."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def spans(text: str, terms: Iterable[str]) -> list[tuple[int, int]]:
    """Where `text` has one of the folded `terms`: (start, end) in characters of `text`, in order, not overlapping."""
    folded, origin = _fold_with_origin(text)
    found: list[tuple[int, int]] = []
    for term in terms:
        at = folded.find(term) if term else -1
        while at >= 0:
            found.append((origin[at], origin[at + len(term) - 1] + 1))
            at = folded.find(term, at + len(term))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return [(start, _after_marks(text, end)) for start, end in merged]


def _fold_with_origin(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the one of `text` that it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    parts: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        folded = fold(character)
        parts.append(folded)
        origin += [index] * len(folded)
    return "".join(parts), origin


def _after_marks(text: str, end: int) -> int:
    """`end`, or after the marks that belong to the character before it."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
