"""Another branch of somebody else's feed: where it parts is found and fetched, by signatures and not by claims."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.frontier import Head
from app.replication.events import Event, Want, WantReceived
from app.replication.exchange import Diverged, Misbehaved
from app.replication.other_branches import MAX_SEARCHES
from app.replication.session import Session
from tests.feeds import TestAuthor
from tests.replication.pairs import Bench


def two_faced(common: int, here: int, there: int) -> tuple[TestAuthor, TestAuthor]:
    """mallory, who has said so many things to bob and so many others to the peer, after `common` to both."""
    pair = TestAuthor("mallory"), TestAuthor("mallory")
    for author, name, count in zip(pair, ("here", "there"), (here, there), strict=True):
        author.entries([f"to both {number}" for number in range(common)])
        author.entries([f"{name} {number}" for number in range(count)])
    return pair


def bench_with(author: TestAuthor, *, run: int = 7) -> Bench:
    """bob, who holds all of it, with a checkpoint after each `run` entries."""
    bench = Bench()
    last = len(author.stored)
    bench.store.ingest([author.run(first, min(first + run - 1, last)) for first in range(1, last + 1, run)])
    return bench.reopen(bench.store)


def wants(events: list[Event]) -> list[WantReceived]:
    return [event for event in events if isinstance(event, WantReceived)]


def claim(bench: Bench, peer: Session, author: TestAuthor, head: Head | None = None) -> list[WantReceived]:
    bench.hear(peer)
    peer.announce([(author.feed, head or author.head)], True)
    return wants(bench.hear(peer))


def answer(bench: Bench, peer: Session, asked: list[WantReceived], author: TestAuthor, *, run: int = 1) -> list[Want]:
    """The peer answers all it is asked, as it has it, `run` entries at a time; what it was asked."""
    ranges: list[Want] = []
    while asked:
        for want in asked:
            ranges += want.ranges
            last = len(author.stored)
            runs = [author.run(each.low, min(each.low + run - 1, last)) for each in want.ranges if each.low <= last]
            peer.send_runs(want.id, runs, True)
        asked = wants(bench.hear(peer))
        bench.commit()
        asked += wants(bench.hear(peer))
    return ranges


@pytest.mark.parametrize("run", [1, 5, 1_000])
@pytest.mark.parametrize(("common", "here", "there"), [(1, 1, 1), (0, 1, 9), (40, 1, 1), (40, 30, 3), (300, 5, 700)])
def test_where_two_branches_part_is_found_and_proved(common: int, here: int, there: int, run: int) -> None:
    mine, theirs = two_faced(common, here, there)
    bench = bench_with(mine)
    peer = bench.peer("carol")

    asked = claim(bench, peer, theirs, None if here == there else theirs.head)
    if there < here:  # it learns of more from here, asks for that, and finds that it does not continue what it has
        peer.want([Want(mine.feed, common + 2, len(mine.stored))])
        asked = wants(bench.hear(peer))
    ranges = answer(bench, peer, asked, theirs, run=run)

    [proved] = bench.store.proved
    assert (proved.first, proved.entries[0]) == (common + 2, theirs.stored[common + 1])
    assert len(ranges) <= 12
    assert [event for event in bench.events if isinstance(event, Misbehaved)] == []
    assert bench.hear(peer) == []


def test_a_fork_that_is_known_takes_one_question() -> None:
    mine, theirs = two_faced(300, 5, 5)
    bench = bench_with(mine)
    first, second = bench.peer("carol"), bench.peer("dave")
    answer(bench, first, claim(bench, first, theirs), theirs)

    assert answer(bench, second, claim(bench, second, theirs), theirs) == [Want(mine.feed, 302, 302)]
    assert len(bench.store.proved) == 1


def test_a_third_branch_that_parts_elsewhere_is_found_too() -> None:
    mine, theirs = two_faced(30, 5, 5)
    third = two_faced(20, 0, 15)[1]
    bench = bench_with(mine)
    for name, branch in (("carol", theirs), ("dave", third)):
        peer = bench.peer(name)
        answer(bench, peer, claim(bench, peer, branch), branch)
    assert sorted(run.first for run in bench.store.proved) == [22, 32]


def test_who_claims_another_branch_and_serves_this_one_accuses_nobody() -> None:
    mine, _ = two_faced(40, 5, 0)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    answer(bench, peer, claim(bench, peer, mine, Head(1, len(mine.stored), bytes(32))), mine)
    assert bench.store.proved == []
    assert bench.hear(peer) == []


def test_who_claims_another_branch_and_serves_nothing_accuses_nobody() -> None:
    mine, _ = two_faced(40, 5, 0)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    [want] = claim(bench, peer, mine, Head(1, len(mine.stored), bytes(32)))
    peer.send_runs(want.id, [], True)
    assert bench.hear(peer) == []
    assert bench.commit() == 0
    assert bench.store.proved == []


def test_who_puts_words_into_somebody_s_mouth_is_sent_away() -> None:
    mine, theirs = two_faced(10, 1, 1)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    asked = claim(bench, peer, theirs)
    while asked:
        low = asked[0].ranges[0].low
        run = theirs.run(low, low)
        peer.send_runs(asked[0].id, [replace(run, signature=bytes(64)) if low == 12 else run], True)
        asked = wants(bench.hear(peer))
    bench.commit()
    assert bench.store.proved == []
    assert [event for event in bench.events if isinstance(event, Misbehaved)] != []


def test_who_answers_with_something_else_is_sent_away() -> None:
    for wrong in (TestAuthor("bob", feed_number=3).run(), two_faced(10, 1, 1)[1].run(3, 4)):
        mine, theirs = two_faced(10, 1, 1)
        bench = bench_with(mine)
        peer = bench.peer("carol")
        [want] = claim(bench, peer, theirs)
        peer.announce([(wrong.feed, Head(1, wrong.last, bytes(32)))] if wrong.feed != theirs.feed else [], True)
        bench.hear(peer)
        peer.send_runs(want.id, [wrong], True)
        bench.hear(peer)
        assert [event for event in bench.events if isinstance(event, Misbehaved)] != []


def test_who_answers_twice_is_sent_away() -> None:
    mine, theirs = two_faced(10, 1, 1)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    [want] = claim(bench, peer, theirs)
    low = want.ranges[0].low
    peer.send_runs(want.id, [theirs.run(low, low)] * 2, True)
    bench.hear(peer)
    assert [event for event in bench.events if isinstance(event, Misbehaved)] != []


def test_a_late_answer_is_welcome() -> None:
    mine, theirs = two_faced(10, 1, 1)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    asked = claim(bench, peer, theirs)
    bench.wait(14.0)
    answer(bench, peer, asked, theirs)
    assert len(bench.store.proved) == 1


def test_coming_again_to_claim_branches_buys_no_more_questions() -> None:
    mine, _ = two_faced(40, 5, 0)
    bench = bench_with(mine)
    asked = 0
    for _ in range(MAX_SEARCHES + 5):
        peer = bench.peer("carol")
        asked += len(claim(bench, peer, mine, Head(1, len(mine.stored), bytes(32))))
        bench.exchange.close(bench.near(peer), bench.now)
    assert asked == MAX_SEARCHES
    other = bench.peer("dave")
    assert len(claim(bench, other, mine, Head(1, len(mine.stored), bytes(32)))) == 1


def test_one_feed_is_looked_into_at_a_time() -> None:
    bench = Bench()
    feeds = [TestAuthor("mallory", feed_number=number) for number in range(5)]
    for author in feeds:
        author.entries(["hello"])
    bench.store.ingest([author.run() for author in feeds])
    bench = bench.reopen(bench.store)
    peer = bench.peer("carol")
    bench.hear(peer)
    peer.announce([(author.feed, Head(1, 2, bytes(32))) for author in feeds], True)
    asked = wants(bench.hear(peer))
    assert len(asked) == 1
    seen = []
    while asked:
        [want] = asked
        seen.append(want.ranges[0].feed)
        peer.send_runs(want.id, [], True)
        asked = wants(bench.hear(peer))
    assert seen == [author.feed for author in feeds]


def test_who_asks_for_what_it_has_and_has_the_same_is_believed() -> None:
    mine, _ = two_faced(40, 5, 0)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    claim(bench, peer, mine, Head(1, 20, mine.hashes[20]))
    peer.want([Want(mine.feed, 5, 30)])
    assert wants(bench.hear(peer)) == []
    assert [event for event in bench.events if isinstance(event, Diverged)] == []


def test_a_full_disk_keeps_what_was_found_for_later() -> None:
    mine, theirs = two_faced(10, 1, 1)
    bench = bench_with(mine)
    peer = bench.peer("carol")
    asked = claim(bench, peer, theirs)
    while asked:
        low = asked[0].ranges[0].low
        peer.send_runs(asked[0].id, [theirs.run(low, low)], True)
        asked = wants(bench.hear(peer))
    bench.commit(failing=True)
    assert bench.store.proved == []
    bench.wait(2.0)
    bench.commit()
    assert len(bench.store.proved) == 1
