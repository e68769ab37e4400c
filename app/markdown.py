"""The little markdown that chats use, parsed into a tree of places in the text: nothing is taken away or rewritten.

- Known: `**bold**`, `*italic*`, `_italic_`, `` `code` ``, fenced code, `> quotes` and lists. All else is as written.
- Whatever is not clearly meant as markup is none: names with_underscores, 2*3*4, paths, prompts, smileys, `>>>`.
- One pass over each line and no recursion, so that no text costs more than its length; past the limits it is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from app.links import PATTERN as LINK_PATTERN
from app.links import trimmed

MAX_MARKED = 16 * 1024  # characters, as many as one can write here; longer texts stay plain
MAX_NODES = 1_000  # in one message: far more than a person writes, and few enough to draw within a frame
MAX_LANGUAGE = 20  # characters


class Kind(Enum):
    """What a line of the text is."""

    TEXT = "text"
    QUOTE = "quote"
    ITEM = "item"
    FENCE = "fence"
    CODE = "code"


class Mark(Enum):
    BOLD = "bold"
    ITALIC = "italic"
    BOTH = "both"
    CODE = "code"


class Block(Struct, frozen=True):
    """Characters `start` to `end` of the text: one line, or all lines between two fences.

    lead: how many of them at its start make it what it is; depth: of a quote; language: of code, as written,
    lower case, empty if not said; bullet: of an item of a list with more than one, where its sign stands.
    """

    kind: Kind
    start: int
    end: int
    lead: int = 0
    depth: int = 0
    language: str = ""
    bullet: int | None = None


class Node(Struct, frozen=True):
    """Characters `start` to `end` are marked so, of which `delimiter` at each end say it. Nodes lie one in another or
    apart, never half in one another."""

    mark: Mark
    start: int
    end: int
    delimiter: int


_MAY_HAVE_NODES = re.compile(r"`|[*_](?=[^\s*_])").search
_fence = re.compile(r" {0,3}(`{3,}|~{3,})[ ]*([^`\n]*)").fullmatch
_quote = re.compile(r"(?:> ?(?=> )){0,3}>(?: |$)").match
_item = re.compile(r" {0,8}([-*]|\d{1,3}[.)]) +(?=\S)").match
_tokens = re.compile(rf"(?P<escape>\\[\\`*_])|(?P<ticks>`+)|(?P<link>{LINK_PATTERN})|(?P<run>\*+|_+)", re.I).finditer

_MARKS = {"*": Mark.ITALIC, "_": Mark.ITALIC, "**": Mark.BOLD, "***": Mark.BOTH}
# Between what a marked stretch may stand, and what it may begin and end with. CommonMark allows more, which people
# who paste commands, patterns and formulas did not mean.
_BEFORE = frozenset(" \t\"'“‘«([{—–-:*_¿¡")
_AFTER = frozenset(" \t\"'”’»)]}.,;:!?…—–-*_")
_NOT_FIRST = frozenset(" \t.,;:!?)]}/\\|=+-~%^>")
_NOT_LAST = frozenset(" \t([{/\\|=+~^<")
_CJK = "\u2e80"  # from there on, scripts without spaces between words


def blocks(text: str) -> list[Block]:
    """The lines of `text` as blocks, in order and without gaps; none if all of it is plain."""
    if len(text) > MAX_MARKED:
        return []
    lines = _lines(text)
    fences = _closed_fences(text, lines)
    found: list[Block] = []
    index = 0
    while index < len(lines):
        start, end = lines[index]
        closing = fences.get(index)
        if closing is not None:
            match = _fence(text, start, end)
            language = match[2].strip().lower()[:MAX_LANGUAGE] if match else ""
            found.append(Block(Kind.FENCE, start, end))
            if closing > index + 1:
                found.append(Block(Kind.CODE, lines[index + 1][0], lines[closing - 1][1], language=language))
            found.append(Block(Kind.FENCE, *lines[closing]))
            index = closing + 1
            continue
        found.append(_line_block(text, start, end))
        index += 1
    if all(block.kind is Kind.TEXT or text[block.start : block.end] == ">" for block in found):
        return []  # an empty line of a quote is one only beside others
    return found if "\n+" in text else _with_bullets(text, found)  # in a difference of files `-` means something


def nodes(text: str, start: int, end: int) -> Iterator[Node]:
    """What is marked within a line, in the order of where it ends."""
    if not _MAY_HAVE_NODES(text, start, end):
        return
    tokens = list(_scan(text, start, end))
    closing = _Closers(text, tokens)
    opened: list[tuple[int, int]] = []  # of runs: (start, end)
    latest: dict[str, list[int]] = {}  # by run, where in `opened` such are
    after = start
    for token_start, token_end in tokens:
        if token_start < after:
            continue  # in code
        run = text[token_start:token_end]
        if run[0] == "`":
            stop = closing.after(run, token_end)
            if stop is not None:
                yield Node(Mark.CODE, token_start, stop + len(run), len(run))
                after = stop + len(run)
            continue
        mark = _MARKS.get(run)
        if mark is None:
            continue
        before = text[token_start - 1] if token_start > start else " "
        following = text[token_end] if token_end < end else " "
        places = latest.setdefault(run, [])
        if places and _may_stand(following, _AFTER) and before not in _NOT_LAST:
            at = places[-1]
            yield Node(mark, opened[at][0], token_end, len(run))
            for low, high in opened[at:]:  # what began in between and did not end is plain
                latest[text[low:high]].pop()
            del opened[at:]
        elif _may_stand(before, _BEFORE) and following not in _NOT_FIRST:
            places.append(len(opened))
            opened.append((token_start, token_end))


class _Closers:
    """Where a run of ticks comes again, for all runs of a line together: each is looked at once."""

    def __init__(self, text: str, tokens: list[tuple[int, int]]) -> None:
        self._places: dict[str, list[int]] = {}
        for start, end in reversed(tokens):
            if text[start] == "`":
                self._places.setdefault(text[start:end], []).append(start)

    def after(self, run: str, at: int) -> int | None:
        places = self._places.get(run, [])
        while places and places[-1] < at:
            places.pop()
        return places[-1] if places else None


def _scan(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where runs of ticks, stars and underscores stand, but not in addresses, and not after a backslash."""
    inside = start
    for match in _tokens(text, start, end):
        if match.lastgroup == "link":
            inside = match.start() + len(trimmed(match[0]))
            # What was trimmed off may end what is marked around the address.
            for rest in re.finditer(r"\*+|_+", match[0][inside - match.start() :]):
                yield inside + rest.start(), inside + rest.end()
        elif match.lastgroup != "escape":
            yield match.start(), match.end()


def _may_stand(neighbour: str, allowed: frozenset[str]) -> bool:
    return neighbour in allowed or neighbour >= _CJK


def _lines(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def _closed_fences(text: str, lines: list[tuple[int, int]]) -> dict[int, int]:
    """Of the fences that open code, the line of the one that closes it. Without that, a fence is plain text."""
    fences = [(index, match) for index, (start, end) in enumerate(lines) if (match := _fence(text, start, end))]
    longest: list[dict[str, int]] = [{}]  # of the fences after each that can close, from the last one on
    for _, match in reversed(fences):
        known = longest[-1]
        sign, length = match[1][0], len(match[1])
        bare = not match[2].strip()
        longest.append({**known, sign: max(known.get(sign, 0), length)} if bare else known)
    longest.reverse()
    closed: dict[int, int] = {}
    at = 0
    while at < len(fences):
        index, match = fences[at]
        sign, length = match[1][0], len(match[1])
        at += 1
        if longest[at].get(sign, 0) < length:
            continue
        while True:
            other, closing = fences[at]
            at += 1
            if closing[1][0] == sign and len(closing[1]) >= length and not closing[2].strip():
                closed[index] = other
                break
    return closed


def _line_block(text: str, start: int, end: int) -> Block:
    if match := _quote(text, start, end):
        return Block(Kind.QUOTE, start, end, match.end() - start, match[0].count(">"))
    if match := _item(text, start, end):
        return Block(Kind.ITEM, start, end, match.end() - start)
    return Block(Kind.TEXT, start, end)


def _with_bullets(text: str, found: list[Block]) -> list[Block]:
    """With the signs of items that stand together: one line alone that begins with `-` may be no list."""
    for index, block in enumerate(found):
        if block.kind is not Kind.ITEM:
            continue
        sign = _sign(text, block)
        near = found[max(0, index - 1) : index] + found[index + 1 : index + 2]
        if text[sign] in "-*" and any(other.kind is Kind.ITEM and text[_sign(text, other)] in "-*" for other in near):
            found[index] = Block(Kind.ITEM, block.start, block.end, block.lead, bullet=sign)
    return found


def _sign(text: str, block: Block) -> int:
    at = block.start
    while text[at] == " ":
        at += 1
    return at
