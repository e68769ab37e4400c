"""How far a long command has come, in one line on stderr that is written over; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_EVERY = 0.2  # seconds
_CLEAR = "\r\x1b[K"


class Progress:
    """Call it with how much is done, of how much: as often as one likes, it speaks a few times a second."""

    def __init__(
        self, doing: str, *, debug: bool, silence: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """doing: what is being done, harmless text; debug: speak, in lines, also where stderr is no terminal;
        silence: seconds, for what is mostly over before."""
        self._doing = doing
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._speaks = self._terminal or (debug and sys.stderr is not None)
        self._clock = clock
        self._next = clock() + silence
        self._said = False

    def __call__(self, done: int, of: int) -> None:
        if not self._speaks or (now := self._clock()) < self._next:
            return
        self._next = now + _EVERY
        part = f" of {of:,}" if of else ""
        self._write(f"{self._doing}: {done:,}{part}")

    def end(self) -> None:
        """What follows on stderr stands on a line of its own."""
        if self._said and self._terminal:
            self._write("")
        self._said = False

    def _write(self, line: str) -> None:
        try:
            sys.stderr.write(f"{_CLEAR}{line}" if self._terminal else f"{line}\n")
            sys.stderr.flush()
        except OSError:
            self._speaks = False  # nobody to tell
        self._said = bool(line)
