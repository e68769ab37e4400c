"""An event loop on virtual time: when nothing is left to do now, the clock jumps to the next timer.

- No sockets, no threads, no waiting: an hour of an idle room takes as long as its timers do.
- What stands still for ever, and what never lets time go on, is found out.
"""

from __future__ import annotations

import asyncio
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable
from typing import Any, Protocol, cast

_MOST_TURNS = 20_000  # of the loop in no time at all


class StuckError(AssertionError):
    """Time does not go on."""


class Stream(Protocol):
    """What stands for a socket here."""

    def attach(self, protocol: asyncio.BufferedProtocol) -> asyncio.Future[None]: ...


class _Clock:
    """In the place of a selector: nothing is ever ready, and waiting is what makes time pass."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._in_no_time = 0

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise StuckError("nothing will ever happen any more")
        self._in_no_time = 0 if timeout > 0 else self._in_no_time + 1
        if self._in_no_time > _MOST_TURNS:
            self._in_no_time = 0  # to be cleaned up after
            raise StuckError("time does not go on: something asks to be called at once, again and again")
        self.now += max(0.0, timeout)
        return []

    def close(self) -> None:
        pass


class VirtualLoop(BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._selector = self._virtual = _Clock()
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """At once: there are no threads here."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *, sock: Stream, **_: object
    ) -> None:
        await sock.attach(cast(asyncio.BufferedProtocol, protocol_factory()))

    async def connect_accepted_socket(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], sock: Stream, **_: object
    ) -> None:
        await sock.attach(cast(asyncio.BufferedProtocol, protocol_factory()))

    def _process_events(self, event_list: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass  # nobody sleeps in a selector
