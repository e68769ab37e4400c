"""How a stretch of a message can look, as a sum of powers of two, and whether a text has anything to look so.

Numbers and no enum: a message may have thousands of stretches, and adding plain numbers takes a twentieth of the time.
"""

from __future__ import annotations

import re
from collections.abc import Set

from msgspec import Struct

from app.mentions import Mentions

PLAIN = 0
# Where two of them give a colour, the later one counts. `sign` is what makes it markup.
QUOTED, CODE, COMMENT, STRING, NUMBER, KEYWORD, ADDED, REMOVED = (1 << place for place in range(8))
BOLD, ITALIC, LINK, SIGN, MENTION, HIT = (1 << place for place in range(8, 14))
LOOKS = {
    "quoted": QUOTED,
    "code": CODE,
    "comment": COMMENT,
    "string": STRING,
    "number": NUMBER,
    "keyword": KEYWORD,
    "added": ADDED,
    "removed": REMOVED,
    "bold": BOLD,
    "italic": ITALIC,
    "link": LINK,
    "sign": SIGN,
    "mention": MENTION,
    "hit": HIT,
}

_has_sign = re.compile(r"[*_`:]").search
_may_have_looks = re.compile(r"[*_`]|://|mailto:", re.IGNORECASE).search
_MAY_HAVE_BLOCKS = re.compile(r"(?:^|\n)(?:> | {0,8}(?:[-*]|\d{1,3}[.)]) +\S| {0,3}(?:```|~~~))")


class Lookout(Struct, frozen=True):
    """What a reader is to see at once, and what not: their own name, the folded words that they searched for, and the
    public keys of whom they muted."""

    me: Mentions | None = None
    terms: tuple[str, ...] = ()
    muted: Set[bytes] = frozenset()


def may_have_looks(text: str) -> bool:
    """False for most texts, without looking closely."""
    return _has_sign(text) is not None and _may_have_looks(text) is not None


def may_have_blocks(text: str) -> bool:
    """Whether a line may be a quote, an item of a list or a fence around code."""
    return (_MAY_HAVE_BLOCKS.search if "\n" in text else _MAY_HAVE_BLOCKS.match)(text) is not None
