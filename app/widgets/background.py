"""What runs behind the screen: the node, and the news of what lands in the log.

- Both belong to one task, which whoever runs the app ends and awaits.
- A long history that pours in leaves room for keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import App

from app.frontier import Frontier
from app.status import NodeEvent
from app.timeline import Landed
from app.widgets.backend import ChatBackend

# While a long history pours in, 80,000 messages a second would be read here one by one, and letters wait for 100 ms.
# The pane reads the newest ones from the timeline anyway; only the count of new ones comes later.
_FLOOD = 500  # messages at once: to read them all would take longer than to read anew what is on the screen
_FLOOD_PAUSE = 0.1  # seconds


class Background:
    def __init__(
        self,
        app: App[None],
        backend: ChatBackend,
        frontier: Frontier,
        *,
        landed: Callable[[Landed], None],
        told: Callable[[NodeEvent], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """frontier: what was there before the screen was filled; landed: hears what is new since then, in the app's
        context; told: hears what the node tells, outside of it; failed: hears why all has ended by itself."""
        self._app = app
        self._backend = backend
        self._frontier = frontier
        self._landed = landed
        self._told = told
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        return self._task is not None

    def begin(self) -> None:
        self._unsubscribe = self._backend.subscribe(self._told)
        self._task = asyncio.create_task(self._run(), name="chat")
        self._task.add_done_callback(self._on_end)

    async def end(self, seconds: float) -> None:
        """Give the node so much time to say goodbye."""
        if self._task is not None:
            self._unsubscribe()
            self._task.cancel()
            await asyncio.wait([self._task], timeout=seconds)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._backend.run())
            group.create_task(self._follow())

    async def _follow(self) -> None:
        async for landed in self._backend.log.watch(self._frontier, _FLOOD):
            if not self._app.is_running:  # the screen is gone, the last words are on their way
                return
            self._landed(landed)
            if landed.others:
                await asyncio.sleep(_FLOOD_PAUSE)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)
