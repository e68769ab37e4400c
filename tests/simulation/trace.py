"""What happened, a line for each thing, and of these the last: what is read when a seed fails."""

from __future__ import annotations

import asyncio
from collections import deque

FIRST_SECOND = 1_000.0  # of virtual time


class Trace:
    def __init__(self, most: int = 0) -> None:
        """most: lines that are kept; with none, nothing is written at all."""
        self.lines: deque[str] = deque(maxlen=most)
        self.on = most > 0

    def say(self, who: str, what: str) -> None:
        if self.on:
            now = asyncio.get_running_loop().time() - FIRST_SECOND
            self.lines.append(f"{now:9.3f}  {who:<12} {what}")
