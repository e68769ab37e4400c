"""Lines from a file descriptor, read in a thread of their own so that nothing else can hold them up, or be held up.

- A line longer than the limit costs no more memory than the limit, and is reported instead of kept.
- The thread is a daemon: a read that never returns does not keep the program from leaving.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator

READ_BYTES = 64 * 1024


class LineSplitter:
    """Bytes in, whole lines out: None for a line of more than `limit` bytes. Pure."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun = bytearray()
        self._skipping = False

    def split(self, data: bytes) -> Iterator[bytes | None]:
        """The lines that end in `data`, without their ends (LF or CR LF)."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._take(part)
            yield self._line()
        self._take(rest)

    def finish(self) -> Iterator[bytes | None]:
        """The last line, if it has no end."""
        if self._begun or self._skipping:
            yield self._line()

    def _take(self, part: bytes) -> None:
        if self._skipping or len(self._begun) + len(part) > self._limit + 1:  # 1: a CR that is no part of the line
            self._skipping = True
            self._begun.clear()
        else:
            self._begun += part

    def _line(self) -> bytes | None:
        line = bytes(self._begun).removesuffix(b"\r")
        too_long = self._skipping or len(line) > self._limit
        self._begun.clear()
        self._skipping = False
        return None if too_long else line


def start_reading(
    descriptor: int, limit: int, on_lines: Callable[[Iterable[bytes | None]], None], on_end: Callable[[], None]
) -> None:
    """Call `on_lines` with the lines that end in each read, and `on_end` once, in a new thread.

    An unreadable descriptor is an empty one.
    """

    def read_all() -> None:
        splitter = LineSplitter(limit)
        for data in _chunks(descriptor):
            on_lines(splitter.split(data))
        on_lines(splitter.finish())
        on_end()

    threading.Thread(target=read_all, name="line input", daemon=True).start()


def _chunks(descriptor: int) -> Iterator[bytes]:
    try:
        os.set_blocking(descriptor, True)
        while data := os.read(descriptor, READ_BYTES):
            yield data
    except OSError:
        return  # closed from the start, or the terminal went away
