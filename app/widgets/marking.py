"""Finds what a text has to be marked with: pure functions of it. Not loaded before a text may have something.

- Each character stays where it was written. Markup is dimmed and not hidden: what one reads is what was signed, and
  what is copied is what one sees.
- What can be marked is bounded, so that no text takes longer than a frame; the rest of it is plain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from msgspec import Struct

from app.links import links
from app.markdown import MAX_MARKED, MAX_NODES, Block, Kind, Mark, nodes
from app.search import spans
from app.widgets import looks
from app.widgets.looks import PLAIN, Lookout

QUOTE_BAR = "▎"  # in place of `>`, as wide
BULLET = "•"  # in place of `-` and `*`
_MAX_HITS = 500  # in one message
_MAX_DEEP = 4  # quotes in quotes that take room at the left of each row


_MARKS = {Mark.BOLD: looks.BOLD, Mark.ITALIC: looks.ITALIC, Mark.BOTH: looks.BOLD | looks.ITALIC, Mark.CODE: looks.CODE}
_KINDS = {Kind.QUOTE: looks.QUOTED, Kind.FENCE: looks.SIGN, Kind.ITEM: PLAIN, Kind.TEXT: PLAIN}
Interval = tuple[int, int, int]  # from, to, the sum of its looks


class Run(Struct, frozen=True):
    """Characters `start` to `end` look the same. look: a sum of app.widgets.looks; target: where they lead."""

    start: int
    end: int
    look: int
    target: str = ""


class Looks:
    """The looks of one text, for one row after another."""

    __slots__ = ("_runs", "_starts")

    def __init__(self, text: str, found: Sequence[Block], lookout: Lookout) -> None:
        """found: `app.markdown.blocks` of the text."""
        self._runs = _runs(text, found, lookout)
        self._starts = [run.start for run in self._runs]

    def between(self, low: int, high: int) -> Iterator[Run]:
        """The runs from `low` to `high`, without gaps."""
        at = low
        for index in range(max(0, bisect_right(self._starts, low) - 1), len(self._runs)):
            run = self._runs[index]
            if run.end <= at:
                continue
            if run.start >= high or at >= high:
                break
            if run.start > at:
                yield Run(at, run.start, PLAIN)
            end = min(run.end, high)
            yield Run(max(at, run.start), end, run.look, run.target)
            at = end
        if at < high:
            yield Run(at, high, PLAIN)


def drawn(text: str, found: Iterable[Block]) -> str:
    """`text` with the signs of quotes and lists as they are drawn: of the same length, and as wide."""
    changed: list[str] | None = None
    for block in found:
        if block.kind is Kind.QUOTE:
            changed = changed or list(text)
            for at in range(block.start, block.start + block.lead):
                if changed[at] == ">":
                    changed[at] = QUOTE_BAR
        elif block.bullet is not None:
            changed = changed or list(text)
            changed[block.bullet] = BULLET
    return text if changed is None else "".join(changed)


def gutter(block: Block) -> str:
    """What stands at the left of the rows in which a block goes on."""
    if block.kind is Kind.QUOTE:
        return f"{QUOTE_BAR} " * min(block.depth, _MAX_DEEP)
    return " " * block.lead if block.kind is Kind.ITEM else ""


def _runs(text: str, found: Sequence[Block], lookout: Lookout) -> list[Run]:
    intervals = list(_marked(text, found))
    addresses = links(text)
    intervals += [(link.start, link.end, looks.LINK) for link in addresses]
    if lookout.me is not None:
        intervals += [(start, end, looks.MENTION) for start, end in lookout.me.spans(text)]
    if lookout.terms:
        intervals += [(start, end, looks.HIT) for start, end in spans(text[:MAX_MARKED], lookout.terms)[:_MAX_HITS]]
    runs = _flat(intervals)
    if not addresses:
        return runs
    at = 0
    for index, run in enumerate(runs):
        while at < len(addresses) and addresses[at].end <= run.start:
            at += 1
        if run.look & looks.LINK and at < len(addresses):
            runs[index] = Run(run.start, run.end, run.look, addresses[at].target)
    return runs


def _marked(text: str, found: Sequence[Block]) -> Iterator[Interval]:
    left = MAX_NODES
    for start, end, block in _lines(text, found):
        if left <= 0:
            return
        if block is not None and block.kind is Kind.CODE:
            from app.code_tokens import tokens  # seldom needed

            yield start, end, looks.CODE
            for low, high, token in tokens(block.language, text[start:end], left):
                left -= 1
                yield start + low, start + high, getattr(looks, token.name)
            continue
        if block is not None and block.kind is not Kind.TEXT:
            left -= 1
            whole = _KINDS[block.kind]
            if whole:
                yield start, end, whole
            if block.lead:
                yield start, start + block.lead, looks.SIGN
            if block.kind is Kind.FENCE:
                continue
        for node in nodes(text, start + (block.lead if block else 0), end):
            if left <= 0:
                return
            left -= 1
            yield node.start, node.end, _MARKS[node.mark]
            yield node.start, node.start + node.delimiter, looks.SIGN
            yield node.end - node.delimiter, node.end, looks.SIGN


def _lines(text: str, found: Sequence[Block]) -> Iterator[tuple[int, int, Block | None]]:
    if found:
        for block in found:
            yield block.start, block.end, block
    elif len(text) <= MAX_MARKED:
        start = 0
        for line in text.split("\n"):
            yield start, start + len(line), None
            start += len(line) + 1


def _flat(intervals: Iterable[Interval]) -> list[Run]:
    """Intervals that may overlap as runs that do not."""
    edges: list[tuple[int, int, int]] = []
    for start, end, look in intervals:
        edges.append((start, 1, look))
        edges.append((end, -1, look))
    edges.sort(key=itemgetter(0))
    open_now: dict[int, int] = {}
    runs: list[Run] = []
    at = now = 0
    for place, step, look in edges:
        if place > at:
            if now:
                runs.append(Run(at, place, now))
            at = place
        count = open_now.get(look, 0) + step
        if count:
            open_now[look] = count
        else:
            del open_now[look]
        now = 0
        for each in open_now:
            now |= each
    return runs
