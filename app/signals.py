"""Signals that ask the program to leave, for as long as an event loop runs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def leaving_on_signals(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave` in the running loop when asked to leave. What our caller ignores (nohup) stays ignored."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in LEAVING}
    handled = [number for number in LEAVING if before[number] is not signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, leave)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)  # which puts the system's own in its place: that would kill us now
            signal.signal(number, before[number])
