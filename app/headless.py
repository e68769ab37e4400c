"""A node without a screen: beneath line mode, or alone to store and pass on, until it or a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from app.config import Options
from app.line_format import notice_line, peer_sentence
from app.line_mode import LAST_WORDS, LineMode, LineNode
from app.line_output import LineOutput
from app.signals import leaving_on_signals
from app.status import NodeEvent, Notice, PeerPhase, PeerStatus
from app.text import one_line


class RunningNode(LineNode, Protocol):
    async def run(self) -> None:
        """Talk to peers until cancelled, then say goodbye."""


def run_lines(node: RunningNode, options: Options) -> int:
    """Line mode. The exit status."""

    async def face(stop: asyncio.Event) -> int:
        return await LineMode(node, options).run(stop)

    return asyncio.run(_run(node, face))


def run_headless(node: RunningNode) -> int:
    """Store and pass on until a signal. The exit status."""

    async def face(stop: asyncio.Event) -> int:
        remarks = LineOutput(2)
        phases: dict[str, PeerPhase] = {}
        noticed = ""  # a peer's state that says the same is not told again

        def on_event(event: NodeEvent) -> None:
            nonlocal noticed
            if isinstance(event, Notice):
                noticed = event.text
                remarks.offer(notice_line(event))
            elif isinstance(event, PeerStatus) and phases.get(event.name) is not event.phase:
                phases[event.name] = event.phase
                if (sentence := peer_sentence(event)) and not noticed.startswith(sentence):
                    remarks.offer(f"info> {one_line(sentence)}")

        unsubscribe = node.subscribe(on_event)
        await stop.wait()
        unsubscribe()
        remarks.close(LAST_WORDS)
        return 0

    return asyncio.run(_run(node, face))


async def _run(node: RunningNode, face: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    stop = asyncio.Event()
    with leaving_on_signals(stop.set):
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(node.run())
            try:
                return await face(stop)
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
