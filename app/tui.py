"""Starts the full screen fast and leaves it cleanly, whatever happens; the screen itself is app.widgets.chat_app.

- SIGTERM, SIGHUP, SIGINT and a terminal that goes away leave as Ctrl+Q does: the draft is kept, goodbye is said.
- The draft, and what else the screen remembers, is also kept a moment after each change: nothing warns of a kill -9
  or an empty battery.
- An error that ends the screen is raised when the terminal is restored, for the command line to put into words.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from app import draft, view_state
from app.settings import Settings
from app.signals import leaving_on_signals

if TYPE_CHECKING:
    from app.widgets.backend import ChatBackend
    from app.widgets.chat_app import ChatApp

_KEEP_AFTER = 1.0  # seconds after a change: each costs an fsync
_FRAMES_PER_SECOND = "240"  # Textual's own 60 add up to 17 ms between a key and its letter


class Files(Struct, frozen=True):
    """Where the screen keeps what it remembers between starts."""

    draft: Path
    room_view: Path
    taste: Path


def run_screen(backend: ChatBackend, files: Files, settings: Settings | None = None) -> int:
    """Show the chat until the person leaves. settings: None for the usual ones. The exit status."""
    return asyncio.run(_show(backend, files, settings or Settings()))


async def _show(backend: ChatBackend, files: Files, settings: Settings) -> int:
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    from app.widgets.chat_app import ChatApp

    app = ChatApp(
        backend,
        draft=draft.load(files.draft),
        view=view_state.load_room_view(files.room_view),
        taste=view_state.load_taste(files.taste),
        settings=settings,
    )
    keeper = _Keeper(app, files)
    keeping = asyncio.create_task(keeper.run())
    with leaving_on_signals(app.leave):
        try:
            await app.run_async()
            await app.settle()
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            keeper.save(keeper.now())
    if app.failure is not None:
        raise app.failure
    return 0


class _Keeper:
    """Saves what the screen remembers, a moment after it changed."""

    def __init__(self, app: ChatApp, files: Files) -> None:
        self._app = app
        self._files = files
        self._saved = self.now()

    async def run(self) -> None:
        while True:
            await self._app.to_keep.wait()
            await asyncio.sleep(_KEEP_AFTER)
            self._app.to_keep.clear()
            saving = asyncio.ensure_future(asyncio.to_thread(self.save, self.now()))
            try:
                await asyncio.shield(saving)
            except asyncio.CancelledError:
                await saving  # what is saved last must be the last
                raise

    def now(self) -> tuple[str, bytes, bytes]:
        """The draft, the room's view and the taste, as they are to be kept."""
        return self._app.draft, self._app.view.encode(), self._app.taste.encode()

    def save(self, now: tuple[str, bytes, bytes]) -> None:
        before, self._saved = self._saved, now
        if now[0] != before[0]:
            draft.save(self._files.draft, now[0])
        if now[1] != before[1]:
            view_state.save(self._files.room_view, now[1])
        if now[2] != before[2]:
            view_state.save(self._files.taste, now[2])
