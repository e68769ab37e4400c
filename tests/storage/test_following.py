"""The live iterator: all of the past, then each commit, nothing twice and nothing missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.storage import following
from app.storage.log import Log
from app.timeline import TimelineEntry
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice

Follower = AsyncIterator[Sequence[TimelineEntry]]


async def take(follower: Follower, amount: int) -> list[TimelineEntry]:
    """Batches until `amount` entries have come; exactly that many must come."""
    taken: list[TimelineEntry] = []
    while len(taken) < amount:
        taken.extend(await anext(follower))
    assert len(taken) == amount
    return taken


def words(entries: Sequence[TimelineEntry]) -> list[str | None]:
    return [entry.entry.text for entry in entries]


async def test_the_past_comes_in_reading_order_and_then_what_is_saved(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["b1", "b2"])
    log.append("mine").result()
    log.ingest([bob.run()]).result()
    follower = log.follow({})
    assert words(await take(follower, 3)) == ["b1", "b2", "mine"]
    carol = TestAuthor("carol")
    carol.entries(["early, but saved late"])
    log.append("now").result()
    log.ingest([carol.run()]).result()
    assert words(await take(follower, 2)) == ["now", "early, but saved late"]


async def test_what_the_frontier_covers_is_not_told_again(log: Log) -> None:
    log.append("old").result()
    frontier = log.frontier()
    log.append("new").result()
    assert words(await take(log.follow(frontier), 1)) == ["new"]


async def test_a_long_past_comes_in_batches_once(log: Log) -> None:
    authors = [TestAuthor(name, start=START + number) for number, name in enumerate(("bob", "carol", "dave"))]
    for author in authors:
        author.entries([f"{author.name} {number}" for number in range(700)])
        log.ingest(author.runs()).result()
    follower = log.follow({})
    batches: list[Sequence[TimelineEntry]] = []
    while sum(map(len, batches)) < 2100:
        batches.append(await anext(follower))
    assert max(map(len, batches)) <= following.BATCH
    told = [entry for batch in batches for entry in batch]
    assert [entry.key for entry in told] == sorted(entry.key for entry in told)
    assert len({entry.key for entry in told}) == 2100


async def test_entries_that_are_not_shown_are_not_told(log: Log) -> None:
    follower = log.follow({})
    bob = TestAuthor("bob")
    log.ingest([bob.run()]).result()
    waiting = asyncio.ensure_future(anext(follower))
    log.append("shown").result()
    assert words(await waiting) == ["shown"]


async def test_of_a_flood_a_watcher_is_told_only_how_many(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries([f"{number}" for number in range(20)])
    watcher = log.watch(log.frontier(), 10)
    log.append("one").result()
    assert words((await anext(watcher)).entries) == ["one"]
    log.ingest([bob.run()]).result()
    flood = await anext(watcher)
    assert (flood.entries, flood.others) == ((), 21)
    bob.entries(["after"])
    log.ingest([bob.run(22)]).result()
    after = await anext(watcher)
    assert (words(after.entries), after.others) == (["after"], 0)


async def test_a_slow_reader_misses_nothing(log: Log) -> None:
    follower = log.follow({})
    log.append("first").result()
    await take(follower, 1)
    for number in range(following.JOURNAL + 50):
        log.append(f"{number}").result()
    told = await take(follower, following.JOURNAL + 50)
    assert words(told) == [f"{number}" for number in range(following.JOURNAL + 50)]


async def test_entries_that_move_while_a_long_past_is_read_come_once(log: Log) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol", start=START + 10_000 * SECOND)
    carol.entries(["late"])
    bob.entries([f"{number}" for number in range(300)])
    bob.entries(["cites carol"], seen=[carol.digest(2)])
    bob.entries([f"after {number}" for number in range(300)])
    log.ingest(bob.runs()).result()
    follower = log.follow({})
    told = list(await anext(follower))
    log.ingest(carol.runs()).result()
    told += await take(follower, 602 - len(told))
    assert len({(entry.feed, entry.seq) for entry in told}) == 602


async def test_a_follower_ends_when_the_log_is_closed(room: RoomOfAlice) -> None:
    log = room.open()
    log.append("last").result()
    collected = asyncio.ensure_future(collect(log.follow({})))
    while not collected.done():
        await asyncio.sleep(0)
        log.close()
    assert len(collected.result()) <= 1


async def collect(follower: Follower) -> list[TimelineEntry]:
    return [entry async for batch in follower for entry in batch]


@settings(max_examples=30)  # a database with up to 4,800 entries each
@given(st.lists(st.tuples(st.sampled_from(["own", "bob", "carol", "read"]), st.integers(1, 400)), max_size=12))
def test_whatever_the_interleaving_everything_comes_once(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, int]]
) -> None:
    room = RoomOfAlice(tmp_path_factory.mktemp("base"))
    log = room.open()
    authors = {name: TestAuthor(name) for name in ("bob", "carol")}

    async def play() -> None:
        follower = log.follow({})
        told: list[TimelineEntry] = []
        written = 0
        for actor, amount in plan:
            if actor == "read":
                if len(told) < written:
                    told.extend(await anext(follower))
                continue
            if actor == "own":
                for future in [log.append(f"{number}") for number in range(amount)]:
                    future.result()
            else:
                author = authors[actor]
                first = len(author.stored) + 1 if log.head(author.feed) else 1
                author.entries([f"{number}" for number in range(amount)], step=1)
                log.ingest(author.runs(first, max_bytes=3000)).result()
            written += amount
        told += await take(follower, written - len(told))
        assert len({(entry.feed, entry.seq) for entry in told}) == written
        for feed in log.frontier():
            seqs = [entry.seq for entry in told if entry.feed == feed]
            assert seqs == sorted(seqs)

    asyncio.run(play())
    room.close()
