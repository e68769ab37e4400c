"""Numbers and lists as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, thing: str) -> str:
    """1 message, 1,024 messages. thing: a word or two, of which the last takes an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def listed(names: Sequence[str], last: str = "and") -> str:
    """alice, bob and carol. names: one at least."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
