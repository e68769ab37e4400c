"""What was sent before, for the arrow keys: the newest first, and the draft that it stands in for.

- Messages of earlier runs are read from the own feed when they are asked for: they are there already.
- At most MAX_INPUTS are gone back to. Two of the same in a row count once.
"""

from __future__ import annotations

from collections import deque

from app.widgets.backend import ChatLog

MAX_INPUTS = 1_000
MAX_READ = 10_000  # own entries that are looked through for them: a feed may be full of reactions


class Inputs:
    def __init__(self, log: ChatLog) -> None:
        self._log = log
        self._typed: deque[str] = deque(maxlen=MAX_INPUTS)
        self._saved: list[str] = []  # of earlier runs, the newest first
        head = log.frontier().get(log.own_feed)
        self._next = head.seq if head else 0  # the own entry to be read next
        self._last = max(1, self._next - MAX_READ)  # and before which none is
        self._at = 0  # how far back; 0: not at all
        self._draft = ""

    def add(self, text: str) -> None:
        """`text` was sent, or carried out as a command."""
        self._at = 0
        if text != self._get(1):
            self._typed.append(text)

    def older(self, current: str) -> str | None:
        """The one before what is shown; None if there is none. current: what the composer holds."""
        text = self._get(self._at + 1)
        if text is not None:
            if self._at == 0:
                self._draft = current
            self._at += 1
        return text

    def newer(self) -> str | None:
        """The one after what is shown, at last the draft; None if that is shown."""
        if self._at == 0:
            return None
        self._at -= 1
        return self._get(self._at) if self._at else self._draft

    def find(self, pattern: str, back: int) -> tuple[int, str] | None:
        """The first from `back` on, 1 for the newest, that has `pattern`, whatever its case: how far back, and it."""
        wanted = pattern.casefold()
        while (text := self._get(back)) is not None:
            if wanted in text.casefold():
                return back, text
            back += 1
        return None

    def go_to(self, back: int, draft: str) -> None:
        """What stands so far back is shown, and `draft` waits."""
        self._at, self._draft = back, draft

    def _get(self, back: int) -> str | None:
        if back <= len(self._typed):
            return self._typed[-back]
        index = back - len(self._typed) - 1
        if back > MAX_INPUTS:
            return None
        while len(self._saved) <= index and self._next > self._last:
            entry = self._log.entry_at(self._log.own_feed, self._next)
            self._next -= 1
            if entry is not None and entry.text and (not self._saved or self._saved[-1] != entry.text):
                self._saved.append(entry.text)
        return self._saved[index] if index < len(self._saved) else None
