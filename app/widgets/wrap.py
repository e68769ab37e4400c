"""Cuts text into rows of terminal cells: the only place that knows where a row may end.

- Rows are spans of the text (start, end) in order; only spaces at a break and line breaks lie between them.
- A row never ends inside a grapheme, and is never wider than asked for, unless one grapheme alone is.
- Text is harmless already (app.text): its only control character is the line break.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import CellSpan, cell_len, split_graphemes

Piece = tuple[int, int]


def wrap(text: str, width: int, first_width: int | None = None) -> list[Piece]:
    """The rows of `text`, at most `width` cells wide, the first one `first_width`: something precedes it there."""
    pieces: list[Piece] = []
    limit = width if first_width is None else first_width
    start = 0
    for line in text.split("\n"):
        cut = _cut_ascii if line.isascii() else _cut_graphemes
        for low, high in cut(line, limit, width):
            pieces.append((start + low, start + high))
        limit = width
        start += len(line) + 1
    return pieces


def wrap_hanging(
    text: str, lines: Iterable[tuple[int, int, str]], width: int, first_width: int
) -> tuple[list[Piece], dict[int, str]]:
    """The rows of `text` whose lines are given as (start, end, what stands before the rows in which it goes on), and
    for these rows what stands before them."""
    pieces: list[Piece] = []
    hanging: dict[int, str] = {}
    limit = first_width
    for start, end, before in lines:
        cells = cell_len(before)
        room = width - cells if 4 * cells <= width else width  # else hardly a word would have room beside it
        for low, high in wrap(text[start:end], room, limit):
            if low and room < width:
                hanging[len(pieces)] = before
            pieces.append((start + low, start + high))
        limit = width
    return pieces, hanging


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` cells, with an ellipsis in place of what does not fit."""
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    graphemes, _ = split_graphemes(text)
    used, end = 1, 0  # the ellipsis takes one cell
    for _, stop, cells in graphemes:
        if used + cells > width:
            break
        used, end = used + cells, stop
    return text[:end] + "…"


def _cut_ascii(line: str, limit: int, width: int) -> Iterator[Piece]:
    start, length = 0, len(line)
    while length - start > limit:
        end = start + limit
        if line[end] != " ":
            space = line.rfind(" ", start, end)
            if space > start and line[start:space].strip():
                end = space
        yield start, end
        start = _skip_spaces(line, end)
        if start == length:
            return
        limit = width
    yield start, length


def _cut_graphemes(line: str, limit: int, width: int) -> Iterator[Piece]:
    graphemes, _ = split_graphemes(line)
    spaces = [line[low:high] == " " for low, high, _ in graphemes]
    at = 0
    while at < len(graphemes):
        stop = _row_end(graphemes, spaces, at, limit)
        yield graphemes[at][0], graphemes[stop - 1][1]
        at = stop
        while stop < len(graphemes) and at < len(graphemes) and spaces[at]:
            at += 1
        limit = width


def _row_end(graphemes: Sequence[CellSpan], spaces: Sequence[bool], at: int, limit: int) -> int:
    """The grapheme after the last one of the row that begins with grapheme `at`."""
    used = 0
    opportunity: int | None = None  # the last place where a break reads well
    words = False  # a break within the spaces that begin a line would leave an empty row
    for index in range(at, len(graphemes)):
        cells = graphemes[index][2]
        if used + cells > limit and index > at:
            return index if spaces[index] or opportunity is None else opportunity
        if spaces[index]:
            opportunity = index if words else opportunity
        else:
            if cells == 2:
                opportunity = index + 1  # scripts of wide characters have no spaces
            words = True
        used += cells
    return len(graphemes)


def _skip_spaces(line: str, start: int) -> int:
    while start < len(line) and line[start] == " ":
        start += 1
    return start
