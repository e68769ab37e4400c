"""Whom the exchange asks for what, and what it makes of peers that lie, fail or break rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from app.entry import Run
from app.frontier import Head
from app.replication import puller
from app.replication.events import (
    Closed,
    Event,
    HavesReceived,
    HeadsReceived,
    RunsReceived,
    Want,
    WantReceived,
)
from app.replication.exchange import Diverged, Held, Level, Misbehaved, Progress
from app.replication.frames import MAX_CONTENT, ByeReason
from app.replication.puller import BUDGET_BYTES, MAX_REQUESTS, MAX_UNPROVED, PROGRESS_SECONDS
from app.replication.serving import MAX_WANTS
from app.replication.session import Session
from tests.feeds import TestAuthor
from tests.replication.pairs import Bench


def author(name: str, entries: int = 0, *, size: int = 10, feed_number: int = 0) -> TestAuthor:
    made = TestAuthor(name, feed_number=feed_number)
    made.entries([f"{number} ".ljust(size, "x") for number in range(entries)])
    return made


def wants(events: Sequence[Event]) -> list[WantReceived]:
    return [event for event in events if isinstance(event, WantReceived)]


def offer(bench: Bench, peer: Session, *authors: TestAuthor) -> list[WantReceived]:
    """The peer says that it holds these feeds; what it is asked for then."""
    peer.announce([(a.feed, a.head) for a in authors], True)
    return wants(bench.hear(peer))


def told(events: Sequence[Event]) -> list[tuple[bytes, int]]:
    """The feeds that the node says to hold, and how much of each."""
    said = [event.heads for event in events if isinstance(event, HeadsReceived | HavesReceived)]
    return [(feed, head.seq) for heads in said for feed, head in heads]


def dismissed(bench: Bench, peer: Session, events: Sequence[Event]) -> bool:
    byes = [event for event in events if isinstance(event, Closed)]
    misbehaved = [event for event in bench.events if event == Misbehaved(bench.near(peer), event_text(event))]
    return [bye.reason for bye in byes] == [ByeReason.RULE_BROKEN] and len(misbehaved) == 1


def event_text(event: object) -> str:
    return event.text if isinstance(event, Misbehaved) else ""


def serve(bench: Bench, peer: Session, want: WantReceived, *authors: TestAuthor) -> list[WantReceived]:
    """The peer answers; what it is asked for next."""
    by_feed = {a.feed: a for a in authors}
    runs: list[Run] = []
    for run in (run for wanted in want.ranges for run in by_feed[wanted.feed].runs(wanted.low)):
        if sum(other.size for other in runs) + run.size > MAX_CONTENT:
            break
        runs.append(run)
    peer.send_runs(want.id, runs, True)
    return wants(bench.hear(peer))


def test_what_a_peer_holds_more_of_is_asked_for() -> None:
    bench, carol = Bench(), author("carol", 5)

    [want] = offer(bench, bench.peer("alice"), carol)

    assert want.ranges == (Want(carol.feed, 1, 6),)


def test_what_is_held_is_not_asked_for() -> None:
    bench, carol = Bench(), author("carol", 5)
    bench.store.ingest(carol.runs())
    bench = reopened(bench)

    assert offer(bench, bench.peer("alice"), carol) == []


def test_a_range_is_asked_of_one_peer_at_a_time() -> None:
    bench, carol = Bench(), author("carol", 5)
    peers = [bench.peer(name) for name in ("dave", "erin", "frank", "grace", "heidi")]

    asked = [want for peer in peers for want in offer(bench, peer, carol)]

    assert len(asked) == 1


def test_the_next_want_goes_out_before_the_last_answer_is_durable() -> None:
    bench, carol = Bench(), author("carol", 100, size=9_000)
    peer = bench.peer("alice")
    [want] = offer(bench, peer, carol)

    first = carol.runs(1)[:4]
    peer.send_runs(want.id, first, True)
    [following] = wants(bench.hear(peer))

    assert following.ranges == (Want(carol.feed, first[-1].last + 1, 101),)
    assert bench.store.head(carol.feed) is None


def test_a_peer_that_does_not_answer_is_replaced_by_another() -> None:
    bench, carol = Bench(), author("carol", 5)
    silent, honest = bench.peer("dave"), bench.peer("erin")
    assert len(offer(bench, silent, carol)) == 1
    assert offer(bench, honest, carol) == []

    bench.wait(PROGRESS_SECONDS + 0.1)

    [want] = wants(bench.hear(honest))
    serve(bench, honest, want, carol)
    bench.commit()
    assert bench.store.head(carol.feed) == carol.head


def test_who_was_asked_for_what_others_sent_is_told_once_that_it_is_here() -> None:
    bench, carol = Bench(), author("carol", 100, size=9_000)
    first, other = bench.peer("dave"), bench.peer("erin")
    [want] = offer(bench, first, carol)
    offer(bench, other, carol)
    serve(bench, first, want, carol)
    bench.commit()
    bench.wait(PROGRESS_SECONDS + 0.1)  # and then it is silent
    bench.hear(first)
    asked = wants(bench.hear(other))
    while asked:
        asked = serve(bench, other, asked[0], carol)
        bench.commit()

    assert bench.store.head(carol.feed) == carol.head
    assert told(bench.hear(first)) == [(carol.feed, carol.head.seq)]
    bench.wait(60.0)
    assert told([*bench.hear(first), *bench.hear(other)]) == []


def test_progress_renews_the_time_for_an_answer() -> None:
    bench, carol = Bench(), author("carol", 50, size=9_000)
    slow, other = bench.peer("dave"), bench.peer("erin")
    [want] = offer(bench, slow, carol)
    offer(bench, other, carol)

    for run in carol.runs(1, 40):
        bench.wait(PROGRESS_SECONDS * 0.8)
        slow.send_runs(want.id, [run], False)
        bench.hear(slow)

    assert wants(bench.hear(other)) == []


def test_a_peer_that_is_gone_is_replaced_at_once() -> None:
    bench, carol = Bench(), author("carol", 5)
    gone, other = bench.peer("dave"), bench.peer("erin")
    offer(bench, gone, carol)
    offer(bench, other, carol)

    bench.exchange.close(bench.near(gone), bench.now)

    assert len(wants(bench.hear(other))) == 1


def test_a_late_answer_is_welcome() -> None:
    bench, carol = Bench(), author("carol", 5)
    late = bench.peer("dave")
    [want] = offer(bench, late, carol)
    bench.wait(PROGRESS_SECONDS + 1)

    serve(bench, late, want, carol)
    bench.commit()

    assert bench.store.head(carol.feed) == carol.head
    assert not bench.near(late).closed


def test_a_late_answer_for_which_there_is_no_room_is_passed_over() -> None:
    bench = Bench()
    made = [author(f"author{number}", 40, size=9_000) for number in range(2 * BUDGET_BYTES // MAX_CONTENT)]
    late = [bench.peer(f"peer{number}") for number in range(len(made) // 2)]
    asked = [offer(bench, peer, one)[0] for peer, one in zip(late, made, strict=False)]
    bench.wait(PROGRESS_SECONDS + 0.1)
    others = made[len(late) :]
    quick = [bench.peer(f"other{number}") for number in range(len(others))]
    for peer, one in zip(quick, others, strict=True):
        for want in offer(bench, peer, one):
            serve(bench, peer, want, one)

    again = [serve(bench, peer, want, one) for peer, want, one in zip(late, asked, made, strict=False)]
    held = sum(run.size for request in bench.exchange.take_ingests() for run in request.runs)

    assert held <= BUDGET_BYTES
    assert all(not bench.near(peer).closed for peer in late)
    assert not any(again)  # not before there is room


def test_peers_on_thin_lines_whose_answers_all_come_late_bring_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puller, "BUDGET_BYTES", MAX_CONTENT)  # what is asked of one leaves no room for another's
    bench, carol = Bench(), author("carol", 100, size=9_000)
    peers = [bench.peer("dave"), bench.peer("erin")]
    asked = deque((peer, want) for peer in peers for want in offer(bench, peer, carol))

    for _ in range(20):
        bench.wait(PROGRESS_SECONDS + 0.1)
        asked += [(peer, want) for peer in peers for want in wants(bench.hear(peer))]
        if asked:
            peer, want = asked.popleft()
            asked += [(peer, following) for following in serve(bench, peer, want, carol)]
            bench.commit()

    assert bench.store.head(carol.feed) == carol.head


def test_a_claim_that_was_not_served_is_void_until_the_next_have() -> None:
    bench, carol = Bench(), author("carol", 5)
    empty = bench.peer("dave")
    [want] = offer(bench, empty, carol)

    empty.send_runs(want.id, [], True)
    assert wants(bench.hear(empty)) == []
    bench.wait(60.0)
    assert wants(bench.hear(empty)) == []

    assert len(offer(bench, empty, carol)) == 1


def test_who_claims_too_much_does_not_keep_others_from_serving() -> None:
    bench, carol = Bench(), author("carol", 5)
    liar, honest = bench.peer("dave"), bench.peer("erin")
    liar.announce([(carol.feed, Head(1, 2**40, bytes(32)))], True)
    assert len(wants(bench.hear(liar))) == 1
    offer(bench, honest, carol)
    bench.wait(PROGRESS_SECONDS + 0.1)
    [want] = wants(bench.hear(honest))

    # The liar claims anew while honest is asked, and again for what comes after: it wins no second race.
    liar.announce([(carol.feed, Head(1, 2**40 + 1, bytes(32)))], True)
    assert wants(bench.hear(liar)) == []
    serve(bench, honest, want, carol)
    bench.commit()
    carol.entries(["one more"])
    [following] = offer(bench, honest, carol)

    assert following.ranges == (Want(carol.feed, 7, 7),)


def test_who_failed_gives_way_to_whoever_offers_the_same() -> None:
    bench, carol = Bench(), author("carol", 5)
    liar, honest = bench.peer("dave"), bench.peer("erin")
    [want] = offer(bench, liar, carol)
    liar.send_runs(want.id, [], True)
    bench.hear(liar)
    assert len(offer(bench, liar, carol)) == 1  # nobody else has it: ask again

    [second] = offer(bench, honest, carol)

    assert second.ranges == (Want(carol.feed, 1, 6),)


def test_claims_on_unknown_feeds_are_followed_up_to_a_limit() -> None:
    bench = Bench()
    liar = bench.peer("dave")
    liar.announce([(n.to_bytes(32), Head(1, 2**40, bytes(32))) for n in range(4_000)], True)

    asked = wants(bench.hear(liar))

    assert len(asked) == MAX_REQUESTS
    assert bench.exchange.wanted <= MAX_UNPROVED
    bench.wait(60.0)
    assert wants(bench.hear(liar)) == []  # it left two unanswered


def test_all_claims_on_unknown_feeds_are_followed_in_turn() -> None:
    bench = Bench()
    peer = bench.peer("dave")
    authors = [author("carol", feed_number=number) for number in range(MAX_UNPROVED + 100)]
    asked = offer(bench, peer, *authors)

    while asked:
        following = []
        for want in asked:
            following += serve(bench, peer, want, *authors)
            bench.commit()
            following += wants(bench.hear(peer))
        asked = following

    assert len(bench.store.feeds) == len(authors) + 1


def test_what_is_under_way_is_bounded() -> None:
    bench = Bench()
    peers = [bench.peer(f"peer{number}") for number in range(40)]
    authors = [author(f"author{number}", 1) for number in range(4_000)]

    asked = [want for i, peer in enumerate(peers) for want in offer(bench, peer, *authors[i * 100 : i * 100 + 100])]

    assert len(asked) == BUDGET_BYTES // MAX_CONTENT


def test_several_long_feeds_are_asked_of_several_peers() -> None:
    bench = Bench()
    long = [author(f"author{number}", 2_000) for number in range(4)]
    first, second = bench.peer("dave"), bench.peer("erin")

    asked = [[want.ranges[0].feed for want in offer(bench, peer, *long)] for peer in (first, second)]

    assert asked == [[long[0].feed, long[1].feed], [long[2].feed, long[3].feed]]


def test_many_short_feeds_are_asked_for_at_once() -> None:
    bench = Bench()

    [want] = offer(bench, bench.peer("dave"), *(author("carol", 3, feed_number=number) for number in range(60)))

    assert len(want.ranges) == 60


def test_entries_that_their_author_will_push_are_not_asked_of_others_at_once() -> None:
    bench, alice = Bench(), author("alice", 3)
    bench.store.ingest(alice.runs())
    bench = reopened(bench)
    from_alice, from_dave = bench.peer("alice"), bench.peer("dave")
    offer(bench, from_alice, alice)
    offer(bench, from_dave, alice)
    before = alice.head.seq

    alice.entries(["new"])
    assert offer(bench, from_dave, alice) == []
    from_alice.send_runs(0, alice.runs(before + 1), True)
    bench.hear(from_alice)
    bench.wait(1.0)

    assert wants(bench.hear(from_dave)) == []
    bench.commit()
    assert bench.store.head(alice.feed) == alice.head


def test_entries_that_their_author_does_not_push_are_asked_of_others_after_a_grace() -> None:
    bench, alice = Bench(), author("alice", 3)
    bench.store.ingest(alice.runs())
    bench = reopened(bench)
    from_alice, from_dave = bench.peer("alice"), bench.peer("dave")
    offer(bench, from_alice, alice)
    offer(bench, from_dave, alice)

    alice.entries(["new"])
    offer(bench, from_dave, alice)
    bench.wait(0.1)

    assert len(wants(bench.hear(from_dave))) == 1


def test_a_push_after_a_gap_is_pulled_and_nobody_is_blamed() -> None:
    bench, alice = Bench(), author("alice", 5)
    peer = bench.peer("alice")
    peer.announce([(alice.feed, Head(1, 1, alice.hashes[1]))], True)
    [want] = wants(bench.hear(peer))
    serve_first = alice.run(1, 1)
    peer.send_runs(want.id, [serve_first], True)
    bench.hear(peer)

    peer.send_runs(0, [alice.run(4, 6)], True)
    [following] = wants(bench.hear(peer))

    assert following.ranges == (Want(alice.feed, 2, 6),)
    serve(bench, peer, following, alice)
    bench.commit()
    assert bench.store.head(alice.feed) == alice.head
    assert not bench.near(peer).closed


def test_an_author_is_told_directly_after_the_commit() -> None:
    bench, alice = Bench(), author("alice", 3)
    peer = bench.peer("alice")
    [want] = offer(bench, peer, alice)
    serve(bench, peer, want, alice)
    assert not any(isinstance(event, HeadsReceived | HavesReceived) for event in bench.hear(peer))

    bench.commit()

    short = replace(alice.head, hash=alice.head.short_hash)
    assert bench.hear(peer) == [HeadsReceived(((alice.feed, short),), True)]


def test_own_entries_are_pushed_to_who_is_level() -> None:
    bench = Bench(entries=2)
    peer = bench.peer("alice")
    echo_own_head(bench, peer)

    advance = bench.store.append("new")
    bench.exchange.committed([advance], bench.now)

    [event] = [event for event in bench.hear(peer) if isinstance(event, RunsReceived)]
    assert (event.id, [(run.first, run.last) for run in event.runs]) == (0, [(4, 4)])


def test_own_entries_are_not_pushed_to_who_is_behind() -> None:
    bench = Bench(entries=2)
    peer = bench.peer("alice")
    bench.hear(peer)
    peer.announce([], True)
    bench.hear(peer)

    bench.exchange.committed([bench.store.append("new")], bench.now)
    bench.wait(0.1)

    events = bench.hear(peer)
    assert [type(event) for event in events] == [HavesReceived]


def test_pushing_stops_while_too_much_is_unacknowledged_and_goes_on_once_level() -> None:
    bench = Bench()
    peer = bench.peer("alice")
    echo_own_head(bench, peer)

    pushed = 0
    for number in range(60):
        bench.exchange.committed([bench.store.append(f"{number} ".ljust(9_000, "x"))], bench.now)
        pushed += sum(event.size for event in bench.hear(peer) if isinstance(event, RunsReceived))
    assert MAX_CONTENT - 10_000 < pushed < MAX_CONTENT + 10_000

    echo_own_head(bench, peer)
    bench.exchange.committed([bench.store.append("again")], bench.now)
    assert any(isinstance(event, RunsReceived) for event in bench.hear(peer))


def test_what_was_not_served_in_time_is_told_as_offered_and_keeps_nobody_from_being_level() -> None:
    bench, carol = Bench(), author("carol", 5)
    silent = bench.peer("alice")
    echo_own_head(bench, silent)
    offer(bench, silent, carol)
    bench.wait(PROGRESS_SECONDS + 1)

    assert bench.events[-1] == Level(bench.near(silent), here=6)

    honest = bench.peer("dave")
    [want] = offer(bench, honest, carol)
    serve(bench, honest, want, carol)
    bench.commit()

    assert bench.exchange.progress(bench.near(silent)) == Progress(0, 0, True)


def test_held_means_an_equal_hash() -> None:
    bench = Bench(entries=4)
    own = bench.store.own_feed
    peer = bench.peer("alice")
    bench.hear(peer)

    half = bench.store.hash_at(own, 3)
    assert half is not None
    peer.announce([(own, Head(1, 3, half))], True)
    bench.hear(peer)
    echo_own_head(bench, peer)

    held = [(event.seq, event.level) for event in bench.events if isinstance(event, Held)]
    assert held == [(3, False), (5, True)]
    assert Level(bench.near(peer)) in bench.events


@pytest.mark.parametrize("seq", [3, 5])
def test_another_branch_of_the_own_feed_is_not_held_and_not_pushed_to(seq: int) -> None:
    bench = Bench(entries=4)
    peer = bench.peer("alice")
    bench.hear(peer)

    peer.announce([(bench.store.own_feed, Head(1, seq, bytes(32)))], True)
    bench.hear(peer)
    bench.exchange.committed([bench.store.append("new")], bench.now)

    assert bench.hear(peer) == []
    assert not any(isinstance(event, Held) for event in bench.events)
    assert Diverged(bench.near(peer), bench.store.own_feed) in bench.events


def test_a_claim_to_more_of_the_own_feed_than_there_is_proves_nothing() -> None:
    bench = Bench(entries=4)
    peer = bench.peer("alice")
    bench.hear(peer)

    peer.announce([(bench.store.own_feed, Head(1, 100, bytes(32)))], True)

    [want] = wants(bench.hear(peer))
    assert want.ranges == (Want(bench.store.own_feed, 6, 100),)
    assert not any(isinstance(event, Held | Diverged) for event in bench.events)


def test_a_peer_that_was_rolled_back_is_served_again() -> None:
    bench = Bench(entries=4)
    own = bench.store.own_feed
    peer = bench.peer("alice")
    echo_own_head(bench, peer)

    first = bench.store.hash_at(own, 2)
    assert first is not None
    peer.announce([(own, Head(1, 2, first))], True)
    bench.hear(peer)
    bench.wait(0.1)
    assert [type(event) for event in bench.hear(peer)] == [HavesReceived]
    echo_own_head(bench, peer)
    bench.exchange.committed([bench.store.append("new")], bench.now)

    assert any(isinstance(event, RunsReceived) for event in bench.hear(peer))


def test_who_sends_an_invalid_run_is_sent_away_and_nobody_else() -> None:
    bench, carol = Bench(), author("carol", 5)
    liar, honest = bench.peer("dave"), bench.peer("erin")
    [want] = offer(bench, liar, carol)
    offer(bench, honest, carol)

    forged = replace(carol.run(), signature=bytes(64))
    liar.send_runs(want.id, [forged], True)
    bench.hear(liar)
    bench.commit()

    assert dismissed(bench, liar, bench.hear(liar))
    [again] = wants(bench.hear(honest))
    serve(bench, honest, again, carol)
    bench.commit()
    assert bench.store.head(carol.feed) == carol.head
    assert not bench.near(honest).closed


def test_who_continues_an_invalid_run_honestly_is_not_blamed() -> None:
    bench, carol = Bench(), author("carol", 60, size=9_000)
    liar, honest = bench.peer("dave"), bench.peer("erin")
    [want] = offer(bench, liar, carol)
    offer(bench, honest, carol)
    forged = replace(carol.runs()[0], signature=bytes(64))
    liar.send_runs(want.id, [forged], False)
    bench.hear(liar)
    bench.exchange.close(bench.near(liar), bench.now)

    [following] = wants(bench.hear(honest))
    assert following.ranges[0].low == forged.last + 1
    asked = serve(bench, honest, following, carol)
    lows = []
    while asked:
        lows += [want.ranges[0].low for want in asked]
        bench.commit()
        asked = [next_want for want in asked for next_want in serve(bench, honest, want, carol)]
        bench.commit()
        asked += wants(bench.hear(honest))

    assert 1 in lows
    assert not bench.near(honest).closed
    assert bench.store.head(carol.feed) == carol.head


def test_another_branch_is_reported_once_and_fetched_no_more_than_proves_it() -> None:
    bench, carol = Bench(), author("carol", 5)
    branch = author("carol", 5)
    carol.entries(["one thing"])
    branch.entries(["another", "and more"])
    bench.store.ingest(carol.runs())
    bench = reopened(bench)
    peer = bench.peer("dave")
    [want] = offer(bench, peer, branch)

    serve(bench, peer, want, branch)
    bench.commit()
    [question] = wants(bench.hear(peer))
    serve(bench, peer, question, branch)
    bench.commit()
    assert bench.hear(peer) == []
    branch.entries(["more"])
    assert offer(bench, peer, branch) == []
    bench.wait(60.0)

    assert bench.hear(peer) == []
    assert [event for event in bench.events if isinstance(event, Diverged)] == [Diverged(bench.near(peer), carol.feed)]


def test_equal_lengths_with_other_hashes_are_another_branch() -> None:
    bench, carol = Bench(), author("carol", 5)
    bench.store.ingest(carol.runs())
    bench = reopened(bench)
    peer = bench.peer("dave")

    peer.announce([(carol.feed, Head(1, 6, bytes(32)))], True)
    bench.hear(peer)

    assert Diverged(bench.near(peer), carol.feed) in bench.events


def test_while_the_disk_is_full_nothing_is_asked_for_and_it_is_tried_again() -> None:
    bench, carol, dave = Bench(), author("carol", 5), author("dave", 5)
    peer = bench.peer("alice")
    [want] = offer(bench, peer, carol)
    serve(bench, peer, want, carol)

    assert bench.commit(failing=True) == 1
    assert offer(bench, peer, dave) == []
    tried = []
    for _ in range(60):
        bench.wait(1.0)
        tried.append(bench.commit(failing=True))
    assert 3 <= sum(tried) <= 7

    bench.wait(60.0)
    assert bench.commit() == 1

    assert bench.store.head(carol.feed) == carol.head
    assert len(wants(bench.hear(peer))) == 1


def broken_answers(carol: TestAuthor, dave: TestAuthor) -> list[list[Run]]:
    return [[dave.run()], [carol.run(2)], [carol.run(1, 3), carol.run(3)], [carol.run(), carol.run()]]


@pytest.mark.parametrize("number", range(4))
def test_an_answer_that_is_not_what_was_asked_for_breaks_a_rule(number: int) -> None:
    bench, carol, dave = Bench(), author("carol", 5), author("dave", 5)
    bench.store.ingest(dave.runs())
    bench = reopened(bench)
    peer = bench.peer("alice")
    [want] = offer(bench, peer, carol, dave)

    peer.send_runs(want.id, broken_answers(carol, dave)[number], True)

    bench.hear(peer)
    assert bench.near(peer).closed


def test_a_push_of_somebody_elses_entries_breaks_a_rule() -> None:
    bench, carol = Bench(), author("carol", 5)
    bench.store.ingest(carol.runs())
    bench = reopened(bench)
    peer = bench.peer("alice")
    offer(bench, peer, carol)
    before = carol.head.seq
    carol.entries(["new"])

    peer.send_runs(0, [carol.run(before + 1)], True)

    bench.hear(peer)
    assert bench.near(peer).closed


def test_a_flood_of_wants_breaks_a_rule() -> None:
    bench = Bench()
    for number in range(400):
        bench.exchange.committed([bench.store.append(f"{number} ".ljust(9_000, "x"))], bench.now)
    peer = bench.peer("alice")
    bench.hear(peer)

    for _ in range(MAX_WANTS + 3):
        peer.want([Want(bench.store.own_feed, 1, 400)])

    bench.hear(peer)
    assert bench.near(peer).closed


def test_a_want_beyond_what_is_held_gets_an_empty_answer() -> None:
    bench = Bench(entries=3)
    peer = bench.peer("alice")
    bench.hear(peer)
    identifier = peer.want([Want(bench.store.own_feed, 50, 60)])

    [answer] = [event for event in bench.hear(peer) if isinstance(event, RunsReceived)]

    assert (answer.id, answer.runs, answer.end) == (identifier, (), True)


def echo_own_head(bench: Bench, peer: Session) -> None:
    """The peer says that it holds all of bob's own feed."""
    bench.hear(peer)
    head = bench.store.head(bench.store.own_feed)
    assert head is not None
    peer.announce([(bench.store.own_feed, head)], True)
    bench.hear(peer)


def reopened(bench: Bench) -> Bench:
    """A bench over the same store, as after a restart."""
    again = Bench(bench.name)
    return again.reopen(bench.store)
