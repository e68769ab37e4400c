"""Completes the word before the cursor, key by key: first what all candidates have in common, then one after another.

- A row over the composer lists them. Any other key takes what stands there; Esc brings back what was typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.document._document import Location

from app.text import one_line
from app.widgets.completion import Candidate, Vocabulary, complete
from app.widgets.editor import Editor
from app.widgets.purpose import PurposeLine


class Completer:
    def __init__(self, editor: Editor, line: PurposeLine, words: Vocabulary) -> None:
        self._editor = editor
        self._line = line
        self._words = words
        self._candidates: Sequence[Candidate] = ()
        self._at: int | None = None  # which stands there; None: what they have in common
        self._typed = ""
        self._start: Location = (0, 0)
        self._end: Location = (0, 0)

    @property
    def busy(self) -> bool:
        return bool(self._candidates)

    def step(self, by: int) -> bool:
        """To the next candidate, or to the one before. False: nothing begins with what is written."""
        if not self._candidates:
            return self._begin(by)
        after = (-1 if by > 0 else 0) if self._at is None else self._at
        self._put((after + by) % len(self._candidates))
        return True

    def end(self) -> None:
        """What stands there is taken."""
        if self._candidates:
            self._candidates = ()
            self._line.take_back()

    def back(self) -> None:
        """To what was typed."""
        self._replace(self._typed)
        self.end()

    def _begin(self, by: int) -> bool:
        cursor = self._editor.cursor_location
        before = self._editor.get_text_range((0, 0), cursor)
        found = complete(before, self._words)
        if found is None:
            return False
        row, column = cursor
        self._typed = before[found.start :]
        self._start, self._end = (row, column - len(self._typed)), cursor
        if len(found.candidates) == 1:
            self._replace(_with_blank(found.candidates[0].text))
            return True
        self._candidates, self._at = found.candidates, None
        if len(found.common) > len(self._typed):
            self._replace(found.common)
            self._show()
        else:
            self._put(0 if by > 0 else len(self._candidates) - 1)
        return True

    def _put(self, which: int) -> None:
        self._at = which
        self._replace(self._candidates[which].text)
        self._show()

    def _replace(self, text: str) -> None:
        result = self._editor.replace(text, self._start, self._end, maintain_selection_offset=False)
        self._end = result.end_location
        self._editor.move_cursor(self._end)

    def _show(self) -> None:
        shown = [one_line(candidate.shown) for candidate in self._candidates]
        self._line.lend(lambda width: row_of(shown, self._at, width))


def row_of(words: Sequence[str], at: int | None, width: int) -> Content:
    """As many words as there is room for, among them the one that stands there, and how many are not shown."""
    first = at or 0
    # From the one that stands there on, and as many before it as still fit: it is seen what came, and what comes.
    rest = f" … {len(words)}"
    shown: list[tuple[int, str]] = []
    used = 0
    for number, word in [*enumerate(words[first:], first), *reversed(list(enumerate(words[:first])))]:
        part = f"[{word}]" if number == at else word
        if shown and used + cell_len(part) + 2 + cell_len(rest) > width:
            break
        used += cell_len(part) + 2
        shown.append((number, part))
    shown.sort()
    parts = [(part + "  ", "bold reverse" if number == at else "") for number, part in shown]
    return Content.assemble(*parts, (rest if len(shown) < len(words) else "", "$text-muted"))


def _with_blank(text: str) -> str:
    """Whoever has a whole word goes on with the next."""
    return text if text.endswith((" ", ":")) else text + " "
