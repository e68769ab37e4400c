"""Lines to a file descriptor, written in a thread of their own: a reader who has stopped reading holds nothing else up.

- `write` waits until the lines are written, so that its caller is paced by the reader and memory stays bounded.
- `offer` never waits: remarks for a person are dropped when nobody has read the last hundred.
- Once the reader is gone, all lines go nowhere, without an error: others still want what is typed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque

from msgspec import Struct

_MAX_OFFERED = 100


class _Job(Struct, frozen=True):
    data: bytes
    written: asyncio.Future[None] | None


class LineOutput:
    """One descriptor. Use it from one event loop; `offer` from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._error: OSError | None = None
        self._busy = False
        self._closed = False
        threading.Thread(target=self._write_all, name="line output", daemon=True).start()

    @property
    def error(self) -> OSError | None:
        """Why nothing more is written; BrokenPipeError if the reader closed its end."""
        return self._error

    async def write(self, lines: str) -> bool:
        """Write `lines`, each with its end. False: nobody is there to read."""
        if self._error is None:
            written = self._loop.create_future()
            with self._changed:
                self._jobs.append(_Job(lines.encode("utf-8", "replace"), written))
                self._changed.notify_all()
            await written
        return self._error is None

    def offer(self, line: str) -> None:
        """Write `line`, later, or not at all if many wait already."""
        with self._changed:
            if len(self._jobs) < _MAX_OFFERED and self._error is None:
                self._jobs.append(_Job(f"{line}\n".encode("utf-8", "replace"), None))
                self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Wait until all is written, at most `timeout` seconds, and end the thread."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._jobs or self._busy), timeout)
            self._closed = True
            self._changed.notify_all()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                job = self._jobs.popleft()
                self._busy = True
            if self._error is None:
                self._write(job.data)
            if job.written is not None:
                self._settle(job.written)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                os.set_blocking(self._descriptor, True)  # somebody who shares the terminal changed it
            except OSError as error:
                self._error = error
                return

    def _settle(self, written: asyncio.Future[None]) -> None:
        def settle() -> None:
            if not written.done():
                written.set_result(None)

        try:
            self._loop.call_soon_threadsafe(settle)
        except RuntimeError:  # the loop has ended, and so has whoever waited
            return
