"""Telling that somebody has written two branches of one log: by a restored computer, or to say two things.

- Who notices tells of it, whatever comes later; a relay is not blamed.
- An author whose computer was put back heals it within a second, with a new log that names the old one: so there is a
  little wait before it is told, and then it is told calmly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.status import Notice
from app.text import one_line

GRACE_SECONDS = 10.0
MAX_TOLD = 64  # logs in one run


class Forks:
    """Belongs to one event loop."""

    def __init__(
        self, is_replaced: Callable[[bytes], bool], tell: Callable[[Notice], None], grace: float = GRACE_SECONDS
    ) -> None:
        """is_replaced: whether the author of a feed has begun another one in its place."""
        self._grace = grace
        self._is_replaced = is_replaced
        self._tell = tell
        self._told: dict[bytes, asyncio.TimerHandle] = {}

    def found(self, feed: bytes, whose: str, holder: str) -> None:
        """`holder` holds another branch of `feed`, by `whose`, than is here."""
        if feed in self._told or len(self._told) >= MAX_TOLD:
            return
        loop = asyncio.get_running_loop()
        self._told[feed] = loop.call_later(self._grace, self._judge, feed, whose, holder)

    def end(self) -> None:
        for timer in self._told.values():
            timer.cancel()

    def _judge(self, feed: bytes, whose: str, holder: str) -> None:
        if self._is_replaced(feed):
            self._tell(
                Notice(
                    one_line(
                        f"a computer of {whose} was put back to an earlier day and used: {whose} goes on in a new log, "
                        "with what is not here yet"
                    )
                )
            )
            return
        self._tell(
            Notice(
                one_line(
                    f"{holder} holds other messages in a log of {whose} than this computer: it was continued from an "
                    f"old copy, or {whose} says one thing here and another there. What is here stays, and this log is "
                    "not exchanged with that computer"
                ),
                urgent=True,
            )
        )
