"""Messages between the composer and the disk: none is lost, none is sent twice.

A text is here from the key press until it is durable, or until the failure is told and it goes back to the composer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, copy_context
from functools import partial

from app.errors import ChatError
from app.timeline import TimelineEntry

MAX_PENDING = 64  # a disk that is this far behind a typist has a problem that more waiting messages do not solve


class Outbox:
    def __init__(
        self,
        send: Callable[[str], Future[TimelineEntry]],
        *,
        saved: Callable[[TimelineEntry], None],
        failed: Callable[[str, BaseException], None],
    ) -> None:
        """saved: called in the loop with each message that is durable; failed: with those that are not, in order
        and as one text, once nothing is on its way any more, and the first one's error."""
        self._send = send
        self._saved = saved
        self._report_failure = failed
        self._pending = 0
        self._failed: list[tuple[str, BaseException]] = []
        self._settled = asyncio.Event()
        self._settled.set()

    @property
    def pending(self) -> int:
        return self._pending

    def put(self, text: str, send: Callable[[str], Future[TimelineEntry]] | None = None) -> None:
        """Hand `text` to the log; send: how, if not as a plain message. ChatError: it was not taken."""
        if self._pending >= MAX_PENDING:
            raise ChatError(
                f"{MAX_PENDING} messages are waiting for the disk: this one stays here until they are saved"
            )
        saved = (send or self._send)(text)
        self._pending += 1
        self._settled.clear()
        # The future is done in the log's thread; what follows belongs to who put the text here.
        loop, context = asyncio.get_running_loop(), copy_context()
        saved.add_done_callback(lambda done: _call_soon(loop, partial(self._done, text, done), context))

    async def settle(self, seconds: float) -> None:
        """Wait until nothing is pending, but not for ever."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), seconds)

    def _done(self, text: str, done: Future[TimelineEntry]) -> None:
        self._pending -= 1
        error = done.exception()
        if error is None:
            self._saved(done.result())
        else:
            self._failed.append((text, error))
        if self._pending:
            return
        if self._failed:
            failed, self._failed = self._failed, []
            self._report_failure("\n".join(text for text, _ in failed), failed[0][1])
        self._settled.set()


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None], context: Context) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits for the answer
        loop.call_soon_threadsafe(call, context=context)
