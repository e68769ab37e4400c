"""Starts the full screen fast and leaves it cleanly, whatever happens; the screen itself is app.widgets.chat_app.

- The terminal is restored before anything is said on stderr; no traceback is.
- SIGTERM, SIGHUP, SIGINT and a terminal that goes away leave as Ctrl+Q does: the draft is kept, goodbye is said.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app import draft, log_file
from app.errors import ChatError
from app.text import one_line

if TYPE_CHECKING:
    from app.widgets.backend import ChatBackend

_FRAMES_PER_SECOND = "240"  # Textual's own 60 add up to 17 ms between a key and its letter
_LEAVING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run_screen(backend: ChatBackend, *, draft_file: Path | None = None, log: Path | None = None) -> int:
    """Show the chat until the person leaves. The exit status.

    draft_file: where the composer's text is kept between starts; log: where details of errors go, for the sentence.
    """
    return asyncio.run(show_screen(backend, draft_file=draft_file, log=log))


async def show_screen(backend: ChatBackend, *, draft_file: Path | None = None, log: Path | None = None) -> int:
    """`run_screen` for who has an event loop already."""
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    gc.disable()  # collecting while the toolkit is imported takes 10 ms and finds nothing
    from app.widgets.chat_app import ChatApp

    gc.enable()
    app = ChatApp(backend, draft="" if draft_file is None else draft.load(draft_file))
    loop = asyncio.get_running_loop()
    for number in _LEAVING:
        loop.add_signal_handler(number, app.leave)
    try:
        await app.run_async()
        await app.settle()
    finally:
        if draft_file is not None:
            draft.save(draft_file, app.draft)
        for number in _LEAVING:
            loop.remove_signal_handler(number)
    return 0 if app.failure is None else _explain(app.failure, log)


def _explain(error: BaseException, log: Path | None) -> int:
    if isinstance(error, ChatError):
        sentence, status = one_line(str(error)), error.exit_status
    else:
        log_file.crashed(error)
        details = "" if log is None else f"; details are in {one_line(str(log))}"
        sentence, status = f"an error that nobody foresaw has ended the chat{details}", 1
    sys.stderr.write(f"chat-tui: {sentence}\n")
    return status
