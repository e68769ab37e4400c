"""Starts the full screen fast and leaves it cleanly, whatever happens; the screen itself is app.widgets.chat_app.

- SIGTERM, SIGHUP, SIGINT and a terminal that goes away leave as Ctrl+Q does: the draft is kept, goodbye is said.
- The draft is also kept a moment after each change: nothing warns of a kill -9 or an empty battery.
- An error that ends the screen is raised when the terminal is restored, for the command line to put into words.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from app import draft
from app.signals import leaving_on_signals

if TYPE_CHECKING:
    from app.widgets.backend import ChatBackend
    from app.widgets.chat_app import ChatApp

_KEEP_AFTER = 1.0  # seconds after a change: each costs an fsync
_FRAMES_PER_SECOND = "240"  # Textual's own 60 add up to 17 ms between a key and its letter


def run_screen(backend: ChatBackend, *, draft_file: Path | None = None) -> int:
    """Show the chat until the person leaves. The exit status.

    draft_file: where the composer's text is kept between starts.
    """
    return asyncio.run(_show(backend, draft_file))


async def _show(backend: ChatBackend, draft_file: Path | None) -> int:
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    from app.widgets.chat_app import ChatApp

    app = ChatApp(backend, draft="" if draft_file is None else draft.load(draft_file))
    keeping = None if draft_file is None else asyncio.create_task(_keep_draft(app, draft_file))
    with leaving_on_signals(app.leave):
        try:
            await app.run_async()
            await app.settle()
        finally:
            if keeping is not None and draft_file is not None:
                keeping.cancel()
                await asyncio.wait([keeping])
                draft.save(draft_file, app.draft)
    if app.failure is not None:
        raise app.failure
    return 0


async def _keep_draft(app: ChatApp, draft_file: Path) -> None:
    while True:
        await app.draft_changed.wait()
        await asyncio.sleep(_KEEP_AFTER)
        app.draft_changed.clear()
        saving = asyncio.ensure_future(asyncio.to_thread(draft.save, draft_file, app.draft))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await saving  # what is saved last must be the last
            raise
