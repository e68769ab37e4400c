"""A node without a screen: beneath line mode, or alone to store and pass on, until it or a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from app.config import Options
from app.line_format import notice_line, peer_sentence
from app.line_mode import LAST_WORDS, LineMode
from app.line_node import LineNode
from app.line_output import LineOutput
from app.service_manager import ServiceManager
from app.signals import leaving_on_signals
from app.status import Listening, NodeEvent, Notice, PeerPhase, PeerStatus
from app.text import one_line

MAX_NAMED = 8  # in a line about who is connected; of more only the number is told
MAX_PHASES = 1_024  # peers whose last state is remembered; strangers can make any number


class RunningNode(LineNode, Protocol):
    async def run(self) -> None:
        """Talk to peers until cancelled, then say goodbye."""


def run_lines(node: RunningNode, options: Options) -> int:
    """Line mode. The exit status."""

    async def face(stop: asyncio.Event) -> int:
        return await LineMode(node, options).run(stop)

    return asyncio.run(_run(node, face))


def run_headless(node: RunningNode, manager: ServiceManager) -> int:
    """Store and pass on until a signal. The exit status."""

    async def face(stop: asyncio.Event) -> int:
        teller = _Teller(manager)
        unsubscribe = node.subscribe(teller.on_event)
        living = asyncio.create_task(_say_alive(manager))
        await stop.wait()
        manager.stopping()
        living.cancel()
        unsubscribe()
        teller.close()
        return 0

    try:
        return asyncio.run(_run(node, face))
    finally:
        manager.close()


class _Teller:
    """Says on stderr, and to the service manager, who comes and goes."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._remarks = LineOutput(2)
        self._phases: dict[str, PeerPhase] = {}
        self._noticed = ""  # a peer's state that says the same is not told again

    def on_event(self, event: NodeEvent) -> None:
        match event:
            case Listening():
                self._manager.ready(self._summary())
            case Notice():
                self._noticed = event.text
                self._remarks.offer(notice_line(event))
            case PeerStatus() if self._phases.get(event.name) is not event.phase:
                self._phases.pop(event.name, None)
                self._phases[event.name] = event.phase
                if len(self._phases) > MAX_PHASES:
                    del self._phases[next(iter(self._phases))]
                self._manager.status(self._summary())
                if (sentence := peer_sentence(event)) and not self._noticed.startswith(sentence):
                    self._remarks.offer(f"info> {one_line(sentence)}")

    def close(self) -> None:
        self._remarks.close(LAST_WORDS)

    def _summary(self) -> str:
        connected = sorted(name for name, phase in self._phases.items() if phase is PeerPhase.CONNECTED)
        if not connected:
            return "nobody is connected"
        names = f": {', '.join(connected)}" if len(connected) <= MAX_NAMED else ""
        return f"{len(connected)} connected{names}"


async def _say_alive(manager: ServiceManager) -> None:
    """From the event loop, so that one that hangs is noticed."""
    while manager.watchdog is not None:
        manager.alive()
        await asyncio.sleep(manager.watchdog / 3)


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
