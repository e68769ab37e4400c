"""Emoji by their short names: `:tada:` is 🎉.

The names are those of the table that comes with rich, which the toolkit draws with; it is read when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# At the beginning of a word only: 10:30:00, a:100:b and http://host:80: mean nothing of the kind.
_OPEN = re.compile(r"(?:^|(?<=[\s(]))(:)([^\s:`]+)\Z")
_CODE = "`"


@cache
def table() -> Mapping[str, str]:
    """From a name without colons to its emoji; empty if rich has moved its table."""
    try:
        from rich._emoji_codes import EMOJI
    except ImportError:
        return {}
    return {name: emoji for name, emoji in EMOJI.items() if name.isprintable() and " " not in name}


def named(before: str) -> tuple[int, str] | None:
    """Where the `:name` at the end of `before` begins, and its emoji; None where there is none, and in code."""
    found = begun(before)
    emoji = found and table().get(found[1].lower())
    return (found[0], emoji) if found and emoji else None


def begun(before: str) -> tuple[int, str] | None:
    """Where a `:name` at the end of `before` begins, and the name so far."""
    found = _OPEN.search(before)
    return None if found is None or before.count(_CODE) % 2 else (found.start(1), found[2])


def matching(beginning: str) -> list[tuple[str, str]]:
    """(name, emoji): first those that begin so, then those with a part that does; shorter names before longer ones,
    each emoji once."""
    wanted = beginning.lower()
    first: dict[str, str] = {}
    then: dict[str, str] = {}
    for name in sorted(table(), key=lambda name: (len(name), name)):
        if name.startswith(wanted):
            first.setdefault(table()[name], name)
        elif f"_{wanted}" in name:
            then.setdefault(table()[name], name)
    found = [(name, emoji) for emoji, name in first.items()]
    return found + [(name, emoji) for emoji, name in then.items() if emoji not in first]
