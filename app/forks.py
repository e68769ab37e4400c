"""Telling that somebody has written two branches of one log: by a restored computer, or to say two things.

- Only a proof is an alarm: that another branch is there can be said by anybody. A relay is not blamed.
- An author whose computer was put back heals it within a second, with a new log that names the old one: so there is a
  little wait before it is told, and then it is told calmly. What was said in two ways can be read all the same.
- What was proved in an earlier run was an alarm then; it is told again, without one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from app.fork_proof import Fork
from app.people import People
from app.status import Notice
from app.text import one_line

GRACE_SECONDS = 10.0
MAX_TOLD = 64  # logs in one run


class ForkLog(Protocol):
    """What is known here of logs."""

    @property
    def author(self) -> bytes: ...

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None: ...

    def is_replaced(self, feed: bytes) -> bool:
        """Whether the author of a feed has begun another one in its place."""

    def forks(self) -> Sequence[Fork]: ...


class _Matter(Struct):
    """A log with two branches. holder: who said so, empty for none; new: proved in this run; timer: until it is judged;
    proved: it was told with its proof."""

    holder: str
    new: bool = False
    proved: bool = False
    timer: asyncio.TimerHandle | None = None


class Forks:
    """Belongs to one event loop."""

    def __init__(
        self,
        log: ForkLog,
        people: People,
        how: Callable[[str], str],
        tell: Callable[[Notice], None],
        grace: float = GRACE_SECONDS,
    ) -> None:
        """how: what to type to read what somebody said in two ways."""
        self._log = log
        self._people = people
        self._how = how
        self._tell = tell
        self._grace = grace
        self._matters: dict[bytes, _Matter] = {}

    def found(self, feed: bytes, holder: str) -> None:
        """`holder` says to hold another branch of `feed` than is here."""
        author = self._log.feed_author(feed)
        if author is None or feed in self._matters or len(self._matters) >= MAX_TOLD:
            return
        if author[0] == self._log.author and self._log.is_replaced(feed):
            return  # my own doing, and told as that
        matter = self._matters[feed] = _Matter(holder)
        self._judge_later(feed, matter)

    def proved(self, feed: bytes) -> None:
        """A proof of it is kept now."""
        self.found(feed, "")
        matter = self._matters.get(feed)
        if matter is None or matter.proved:
            return
        matter.new = True
        if matter.timer is None:
            self._judge_later(feed, matter)

    def from_any_thread(self) -> Callable[[bytes], None]:
        """`proved`, for who works in another thread."""
        loop = asyncio.get_running_loop()

        def proved(feed: bytes) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.proved, feed)

        return proved

    def end(self) -> None:
        for matter in self._matters.values():
            if matter.timer is not None:
                matter.timer.cancel()

    def _judge_later(self, feed: bytes, matter: _Matter) -> None:
        matter.timer = asyncio.get_running_loop().call_later(self._grace, self._judge, feed, matter)

    def _judge(self, feed: bytes, matter: _Matter) -> None:
        matter.timer = None
        key, name = self._log.feed_author(feed) or (b"", "")
        whose = self._people.label(key, name)
        kept = [fork for fork in self._log.forks() if fork.proof.here.feed == feed and fork.differs]
        shows = f". Both texts: {self._how(name)}" if kept else ""
        matter.proved = bool(kept)
        if self._log.is_replaced(feed):
            self._tell(Notice(one_line(f"{_healed(whose, kept)}{shows}")))
        elif kept:
            said = (
                f"{whose} signed two different messages with one number: an old copy of a computer of {whose}'s is in "
                f"use, or {whose} says one thing here and another there. What is here stays{shows}"
            )
            self._tell(Notice(one_line(said), urgent=matter.new))
        elif matter.holder and not matter.new:
            said = (
                f"{matter.holder} says to hold other messages in a log of {whose} than this computer, and has not "
                "shown them. What is here stays"
            )
            self._tell(Notice(one_line(said)))


def _healed(whose: str, kept: Sequence[Fork]) -> str:
    said = f"a computer of {whose} was put back to an earlier day and used: {whose} goes on in a new log"
    if any(not fork.again for fork in kept):
        return f"{said}, but not all that was said twice is in it"
    return f"{said}, with what is not here yet"
