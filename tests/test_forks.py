"""A log with two branches is told once: calmly if its author heals it, as an alarm if not."""

from __future__ import annotations

import asyncio

from app.forks import Forks
from app.status import Notice

FEED, OTHER = bytes(32), bytes([1] * 32)


async def test_who_says_two_things_is_an_alarm_told_once() -> None:
    notices: asyncio.Queue[Notice] = asyncio.Queue()
    found = Forks(lambda _: False, notices.put_nowait, grace=0)
    for feed, holder in ((FEED, "bob"), (FEED, "carol"), (OTHER, "dave")):
        found.found(feed, "mallory", holder)
    first, second = await notices.get(), await notices.get()
    assert first.urgent
    assert first.text.startswith("bob holds other messages in a log of mallory than this computer")
    assert second.text.startswith("dave holds other messages")


async def test_who_goes_on_in_a_new_log_is_told_of_calmly() -> None:
    notices: asyncio.Queue[Notice] = asyncio.Queue()
    replaced: set[bytes] = set()
    found = Forks(replaced.__contains__, notices.put_nowait, grace=0)
    found.found(FEED, "alice", "alice")
    replaced.add(FEED)  # a moment later
    notice = await notices.get()
    assert not notice.urgent
    assert "alice goes on in a new log" in notice.text


async def test_nothing_is_told_after_the_end() -> None:
    notices: asyncio.Queue[Notice] = asyncio.Queue()
    found, other = (Forks(lambda _: False, notices.put_nowait, grace=0) for _ in range(2))
    found.found(FEED, "mallory", "bob")
    found.end()
    other.found(OTHER, "mallory", "carol")
    assert (await notices.get()).text.startswith("carol")
    assert notices.empty()
