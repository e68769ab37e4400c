"""What is pasted, kept apart from what is typed, in what a terminal sends.

- Nothing that is pasted becomes a key: of what a person copied they may not have seen all, and an escape character in
  it makes Textual's parser take the rest for keys, which send, decide and leave.
- Only the end of the paste ends it, wherever the reads cut it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
MAX_PASTE = 1_000_000  # characters: no place takes as many, and what comes after them is not kept


class Typed(Struct, frozen=True):
    text: str


class Pasted(Struct, frozen=True):
    text: str


class Pastes:
    def __init__(self) -> None:
        self._pasted: list[str] | None = None  # since the beginning of a paste
        self._room = 0  # for so many more characters of it
        self._held = ""  # may be the first characters of a beginning or an end

    @property
    def waits(self) -> bool:
        """Whether characters are held back of which the next ones tell what they are."""
        return bool(self._held) and self._pasted is None

    def feed(self, text: str) -> Iterator[Typed | Pasted]:
        text = self._held + text
        self._held = ""
        while text:
            mark = _BEGIN if self._pasted is None else _END
            before, found, text = text.partition(mark)
            if not found:
                before, self._held = _cut(before, mark)
            if self._pasted is None:
                if before:
                    yield Typed(before)
                if found:
                    self._pasted, self._room = [], MAX_PASTE
            else:
                self._pasted.append(before[: self._room])
                self._room -= len(self._pasted[-1])
                if found:
                    pasted, self._pasted = "".join(self._pasted), None
                    yield Pasted(pasted)

    def release(self) -> Iterator[Typed]:
        """Nothing came for a while: what was held back is typed."""
        if self.waits:
            held, self._held = self._held, ""
            yield Typed(held)


def _cut(text: str, mark: str) -> tuple[str, str]:
    """Without the characters at the end that may be the first ones of the mark, and those."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if mark.startswith(text[-length:]):
            return text[:-length], text[-length:]
    return text, ""
