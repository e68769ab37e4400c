"""The own feed, where others hold more of it or another branch: this database was rolled back, or somebody lies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from app.entry import Run
from app.frontier import Head
from app.replication.events import Event, HavesReceived, HeadsReceived, RunsReceived, Want, WantReceived
from app.replication.exchange import Diverged, Held, Level, Misbehaved
from app.replication.exchange_events import OwnBranch, OwnMissing
from app.replication.own_branches import MAX_BRANCH_BYTES, MAX_SEARCHES, RUN_WEIGHT, SILENCE_SECONDS, TURN_SECONDS
from app.replication.puller import PROGRESS_SECONDS
from app.replication.session import Session
from tests.replication.memory_store import MemoryStore
from tests.replication.pairs import Bench, identity_of


def branch(common: int, *, more: int, size: int = 10, old: bool = False) -> MemoryStore:
    """bob's own log as somebody else has it: the first `common` messages of his, and others after them. old: not the
    one that he writes."""
    store = MemoryStore(identity_of("bob"), "bob", bytes([old] * 16))
    for number in range(common):
        store.append(f"bob {number}")
    for number in range(more):
        store.append(f"elsewhere {number} ".ljust(size, "x"))
    return store


def wants(events: Sequence[Event]) -> list[WantReceived]:
    return [event for event in events if isinstance(event, WantReceived)]


def claim(bench: Bench, peer: Session, store: MemoryStore) -> list[WantReceived]:
    head = store.head(store.own_feed)
    assert head is not None
    bench.hear(peer)
    peer.announce([(store.own_feed, head)], True)
    return wants(bench.hear(peer))


def serve(bench: Bench, peer: Session, asked: list[WantReceived], store: MemoryStore) -> list[Want]:
    """The peer answers everything, until it is asked for nothing more; what it was asked for."""
    ranges: list[Want] = []
    while asked:
        for want in asked:
            ranges += want.ranges
            runs: list[Run] = []
            for wanted in want.ranges:
                runs += store.read_runs(wanted.feed, wanted.low, wanted.high, 200_000)
            peer.send_runs(want.id, runs, True)
        asked = wants(bench.hear(peer))
    return ranges


def missing(bench: Bench) -> list[int]:
    return [event.entries for event in bench.events if isinstance(event, OwnMissing)]


def test_an_end_that_was_lost_comes_back_and_the_feed_goes_on() -> None:
    bench, there = Bench(entries=4), branch(4, more=30)
    own = bench.store.own_feed
    peer = bench.peer("alice")

    assert serve(bench, peer, claim(bench, peer, there), there) == [Want(own, 6, 35)]
    bench.commit()

    assert bench.store.head(own) == there.head(own)
    assert missing(bench) == [30, 0]
    assert [event.seq for event in bench.events if isinstance(event, Held)] == [35]
    bench.exchange.committed([bench.store.append("new")], bench.now)
    pushed = [event for event in bench.hear(peer) if isinstance(event, RunsReceived)]
    assert [run.first for event in pushed for run in event.runs] == [36]


def test_who_did_not_serve_the_lost_end_in_time_is_known_to_hold_it_when_it_came_from_another() -> None:
    bench, there = Bench(entries=4), branch(4, more=30)
    slow, quick = bench.peer("alice"), bench.peer("carol")
    claim(bench, slow, there)
    bench.wait(PROGRESS_SECONDS + 1)

    serve(bench, quick, claim(bench, quick, there), there)
    bench.commit()

    holders = {event.key for event in bench.events if isinstance(event, Held) and event.seq == 35}
    assert holders == {identity_of("alice").public, identity_of("carol").public}
    progress = bench.exchange.progress(bench.near(slow))
    assert progress is not None
    assert progress.there == 0


def test_a_claim_that_nobody_serves_is_forgotten() -> None:
    bench = Bench(entries=4)
    peer = bench.peer("alice")
    bench.hear(peer)

    peer.announce([(bench.store.own_feed, Head(1, 100, bytes(32)))], True)
    bench.hear(peer)
    assert missing(bench) == [95]
    bench.wait(PROGRESS_SECONDS + 1)

    assert missing(bench) == [95, 0]
    assert not any(isinstance(event, Held | Diverged | OwnBranch) for event in bench.events)


def test_an_end_that_is_not_signed_by_me_is_not_taken() -> None:
    bench, there = Bench(entries=4), branch(4, more=5)
    own = bench.store.own_feed
    peer = bench.peer("alice")
    [want] = claim(bench, peer, there)
    [run] = there.read_runs(own, 6, 10, 200_000)

    peer.send_runs(want.id, [replace(run, signature=bytes(64))], True)
    bench.hear(peer)
    bench.commit()

    head = bench.store.head(own)
    assert head is not None
    assert head.seq == 5
    assert any(isinstance(event, Misbehaved) for event in bench.events)
    assert missing(bench) == [5, 0]


@pytest.mark.parametrize("common", [0, 1, 2, 7, 60, 99])
@pytest.mark.parametrize("more", [1, 30, 200])
def test_another_branch_is_fetched_from_the_last_entry_that_both_have(common: int, more: int) -> None:
    bench, there = Bench(entries=100), branch(common, more=more)
    own = bench.store.own_feed
    peer = bench.peer("alice")

    asked = serve(bench, peer, claim(bench, peer, there), there)
    while bench.commit():
        asked += serve(bench, peer, wants(bench.hear(peer)), there)

    [found] = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert found.common == common + 1
    assert [data for run in found.runs for data in run.entries] == there.feeds[own].entries[common + 1 :]
    assert found.runs[0].before == there.hash_at(own, common + 1)
    assert len(asked) < 12
    assert not any(isinstance(event, Level) for event in bench.events)
    assert missing(bench)[-1:] in ([], [0])
    assert bench.store.head(own) == Head(1, 101, bench.store.feeds[own].hashes[-1])


def test_who_says_to_have_another_branch_and_does_not_serve_it_gives_way_to_others() -> None:
    bench, there = Bench(entries=100), branch(20, more=30)
    own = bench.store.own_feed
    empty, silent, honest = bench.peer("alice"), bench.peer("carol"), bench.peer("dave")
    asked = []
    for peer in (empty, silent, honest):
        bench.hear(peer)
        head = there.head(own) if peer is honest else Head(1, 50, bytes(32))
        assert head is not None
        peer.announce([(own, head)], True)
        asked.append(wants(bench.hear(peer)))
    assert [len(some) for some in asked] == [1, 0, 0]
    empty.send_runs(asked[0][0].id, [], True)
    assert wants(bench.hear(empty)) == []
    assert len(wants(bench.hear(silent))) == 1
    bench.wait(SILENCE_SECONDS)
    serve(bench, honest, wants(bench.hear(honest)), there)
    [found] = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert found.session is bench.near(honest)


def test_who_leaves_while_its_branch_is_fetched_gives_way_to_others() -> None:
    bench, there = Bench(entries=100), branch(20, more=30)
    leaving, honest = bench.peer("alice"), bench.peer("carol")
    assert len(claim(bench, leaving, there)) == 1
    assert not claim(bench, honest, there)
    bench.exchange.close(bench.near(leaving), bench.now)
    serve(bench, honest, wants(bench.hear(honest)), there)
    [found] = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert found.session is bench.near(honest)


def test_who_serves_a_branch_a_little_at_a_time_keeps_no_others_waiting_for_long() -> None:
    bench, there = Bench(entries=100), branch(1, more=90)
    own = bench.store.own_feed
    slow, honest = bench.peer("alice"), bench.peer("carol")
    asked = claim(bench, slow, there)
    assert not claim(bench, honest, there)
    for _ in range(int(TURN_SECONDS / (SILENCE_SECONDS - 1)) + 1):
        if asked:
            [wanted] = asked[0].ranges
            slow.send_runs(asked[0].id, there.read_runs(own, wanted.low, wanted.low, 1)[:1], True)
            asked = wants(bench.hear(slow))
        bench.wait(SILENCE_SECONDS - 1)
    serve(bench, honest, wants(bench.hear(honest)), there)
    found = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert found[-1].session is bench.near(honest)
    assert found[-1].runs[-1].last == 92
    assert len(found[0].runs) > 1  # what came until then is not lost


def test_a_branch_of_tiny_runs_without_end_takes_little_memory() -> None:
    bench = Bench(entries=10)
    own = bench.store.own_feed
    silent, liar = bench.peer("carol"), bench.peer("alice")
    for peer, seq in ((silent, 5), (liar, 5), (liar, 2**40)):
        bench.hear(peer)
        peer.announce([(own, Head(1, seq, bytes(32)))], True)
        bench.hear(peer)
    bench.wait(SILENCE_SECONDS)
    asked = wants(bench.hear(liar))
    while asked:
        [wanted] = asked[0].ranges
        last = min(wanted.high, wanted.low + 1_000)
        runs = [Run(own, seq, bytes(32), (b"8 bytes!",), bytes(64)) for seq in range(wanted.low, last + 1)]
        liar.send_runs(asked[0].id, runs, True)
        asked = wants(bench.hear(liar))
    [found] = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert 1_000 < len(found.runs) <= MAX_BRANCH_BYTES // RUN_WEIGHT + 1_001


def test_the_author_and_everybody_else_are_served_a_branch_that_they_do_not_hold() -> None:
    bench, alice = Bench(), MemoryStore(identity_of("alice"), "alice", bytes(16))
    for number in range(10):
        alice.append(f"{number}")
    bench.store.ingest(alice.read_runs(alice.own_feed, 1, 11, 200_000))
    bench.reopen(bench.store)
    for name in ("alice", "carol"):
        peer = bench.peer(name)
        bench.hear(peer)
        peer.announce([(alice.own_feed, Head(1, 11, bytes(32)))], True)
        bench.hear(peer)
        peer.want([Want(alice.own_feed, 5, 5)])
        answers = [event for event in bench.hear(peer) if isinstance(event, RunsReceived)]
        assert [bool(event.runs) for event in answers] == [True]


def test_who_wrote_two_branches_hears_of_the_one_that_comes_here_later() -> None:
    one, two = (MemoryStore(identity_of("alice"), "alice", bytes(16)) for _ in range(2))
    for store, text in ((one, "one"), (two, "two")):
        store.append(text)
    feed, bench = one.own_feed, Bench()
    author, relay = bench.peer("alice"), bench.peer("carol")
    for peer, store in ((author, one), (relay, two)):
        bench.hear(peer)
        head = Head(1, 2, store.feeds[feed].hashes[-1])
        peer.announce([(feed, head)], True)
        asked = wants(bench.hear(peer))
    bench.wait(PROGRESS_SECONDS + 1)
    serve(bench, relay, asked or wants(bench.hear(relay)), two)
    bench.commit()

    heard = [event for event in bench.hear(author) if isinstance(event, HeadsReceived | HavesReceived)]
    told = [theirs for event in heard for which, theirs in event.heads if which == feed]
    assert [(theirs.seq, theirs.short_hash) for theirs in told] == [(2, head.short_hash)]


@pytest.mark.parametrize("here", [3, 40])
def test_another_branch_of_a_log_that_was_replaced_is_fetched_as_often_as_there_is_more(here: int) -> None:
    there = branch(10, more=20, old=True)
    bench = Bench(entries=5, earlier=branch(10, more=here, size=20, old=True))
    peer, feed = bench.peer("alice"), there.own_feed
    for last in (31, 33):
        asked = claim(bench, peer, there)
        for _ in range(20):
            serve(bench, peer, asked, there)
            bench.commit()
            asked = wants(bench.hear(peer))
        found = [event for event in bench.events if isinstance(event, OwnBranch)]
        assert (found[-1].common, found[-1].runs[-1].feed, found[-1].runs[-1].last) == (11, feed, last)
        there.append("more")
        there.append("and more")


def test_of_a_log_whose_database_was_lost_both_branches_are_fetched_and_again_when_either_has_grown() -> None:
    here, there = branch(10, more=3, size=20, old=True), branch(10, more=20, old=True)
    feed, bench = here.own_feed, Bench(entries=5)  # a new log, which names no other
    one, other = bench.peer("alice"), bench.peer("carol")

    def catch_up(peer: Session, store: MemoryStore) -> list[tuple[int, int]]:
        serve(bench, peer, claim(bench, peer, store), store)
        while bench.commit():
            for each, its in ((one, here), (other, there)):
                serve(bench, each, wants(bench.hear(each)), its)
        return [(event.common, event.runs[-1].last) for event in bench.events if isinstance(event, OwnBranch)]

    assert catch_up(one, here) == []
    assert bench.store.head(feed) == here.head(feed)
    assert catch_up(other, there) == [(11, 31)]
    here.append("what carol does not have either")
    assert catch_up(one, here) == [(11, 31)] * 2
    there.append("more")
    assert catch_up(other, there) == [(11, 31), (11, 31), (11, 32)]


def test_who_asks_for_more_of_a_lost_log_than_its_branch_fits_is_asked_for_the_branch() -> None:
    here, there = branch(10, more=30, size=20, old=True), branch(10, more=3, old=True)
    feed, bench = here.own_feed, Bench(entries=5, earlier=here)
    bench.reopen(bench.store)
    peer = bench.peer("carol")
    assert serve(bench, peer, claim(bench, peer, there), there) == []

    peer.want([Want(feed, 14, 14)])
    serve(bench, peer, wants(bench.hear(peer)), there)
    peer.want([Want(feed, 12, 12)])
    serve(bench, peer, wants(bench.hear(peer)), there)

    [found] = [event for event in bench.events if isinstance(event, OwnBranch)]
    assert (found.common, found.runs[-1].last) == (11, 14)


def test_a_branch_that_is_known_is_not_fetched_from_each_who_holds_it() -> None:
    there = branch(10, more=20, old=True)
    bench = Bench(entries=5, earlier=branch(10, more=40, size=20, old=True))
    for name, fetched in (("alice", True), ("carol", False)):
        peer = bench.peer(name)
        assert bool(serve(bench, peer, claim(bench, peer, there), there)) == fetched
    assert len([event for event in bench.events if isinstance(event, OwnBranch)]) == 1


def test_who_claims_more_and_more_of_a_log_that_was_replaced_is_asked_for_a_while() -> None:
    bench = Bench(entries=5, earlier=branch(10, more=2 * MAX_SEARCHES, old=True))
    peer, feed = bench.peer("alice"), branch(0, more=0, old=True).own_feed
    bench.hear(peer)
    asked = 0
    for seq in range(2, 2 * MAX_SEARCHES):
        peer.announce([(feed, Head(1, seq, bytes(32)))], True)
        for want in wants(bench.hear(peer)):
            asked += 1
            peer.send_runs(want.id, [], True)
        bench.hear(peer)
    assert asked == MAX_SEARCHES


def test_who_answers_late_is_not_blamed() -> None:
    bench, there = Bench(entries=100), branch(20, more=30)
    peer = bench.peer("alice")
    [want] = claim(bench, peer, there)
    bench.wait(SILENCE_SECONDS)
    [wanted] = want.ranges
    runs = there.read_runs(there.own_feed, wanted.low, wanted.high, 200_000)
    peer.send_runs(want.id, runs, False)
    peer.send_runs(want.id, [], True)
    bench.hear(peer)
    assert not any(isinstance(event, Misbehaved) for event in bench.events)
    peer.send_runs(want.id, [], True)  # an answer has one end
    bench.hear(peer)
    assert any(isinstance(event, Misbehaved) for event in bench.events)
