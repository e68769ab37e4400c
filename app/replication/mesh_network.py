"""Watches the network around this computer: addresses come and go, and after a sleep nothing is as it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.replication.addresses import LocalAddress, local_addresses

_LOOK_EVERY = 2.0  # seconds; a look takes half a millisecond
_SLEPT = 5.0  # seconds that the wall clock gains on the loop's while the computer sleeps


class NetworkWatch:
    def __init__(self, changed: Callable[[], None]) -> None:
        self.present = local_addresses()
        self._changed = changed

    async def run(self) -> None:
        ahead = self._ahead()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            before, self.present = self.present, self._look()
            gained = self._ahead() - ahead
            ahead += gained
            if gained > _SLEPT or self.present != before:
                self._changed()

    def _look(self) -> frozenset[LocalAddress]:
        try:
            return local_addresses()
        except OSError:  # no file descriptor or buffer left for the question: what was seen last has to do
            return self.present

    @staticmethod
    def _ahead() -> float:
        return time.time() - asyncio.get_running_loop().time()
