"""Who is refused: none of their messages is in the timeline, and all are back in their places when accepted."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from app.amendments import Reaction
from app.entry import KIND_REPLY, encode_reference
from app.peers import PeerRecord, Standing
from app.storage.log import Log
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts, whole_timeline
from tests.storage.test_following import take, words
from tests.storage.test_timeline_order import (
    Step,
    assert_ranks_agree,
    in_order_of,
    model,
    small_room,
    steps,
    timeline,
    written,
)


def decide(log: Log, author: TestAuthor, standing: Standing) -> None:
    log.remember_peer(PeerRecord(author.identity.public, author.name, None, {}, standing, START)).result()


def refuse(log: Log, author: TestAuthor) -> None:
    decide(log, author, Standing.REFUSED)


def accept(log: Log, author: TestAuthor) -> None:
    decide(log, author, Standing.ACCEPTED)


@settings(max_examples=60)
@given(plan=steps, order=st.lists(st.integers(0, 2), max_size=40), who=st.integers(0, 2), when=st.integers(0, 12))
def test_the_timeline_is_that_of_the_others_and_then_that_of_all_again(
    plan: list[Step], order: list[int], who: int, when: int
) -> None:
    authors = written(plan)
    refused = authors[who]
    with small_room() as room:
        log = room.open()
        held: dict[bytes, int] = {}
        arrivals: dict[tuple[bytes, int], int] = {}
        runs = list(in_order_of(order, [author.runs(max_bytes=100) for author in authors]))

        def ingest(first: int, last: int) -> None:
            for run in runs[first:last]:
                room.wall.now += SECOND
                if not log.ingest([run]).result().refused:
                    held[run.feed] = max(run.last, held.get(run.feed, 0))
                    for seq in range(run.first, run.last + 1):
                        arrivals.setdefault((run.feed, seq), room.wall.now)
                assert [stand for stand in model(authors, held, arrivals) if stand[1] not in hidden] == timeline(log)
                assert_ranks_agree(log)

        hidden: set[bytes] = set()
        ingest(0, when)
        refuse(log, refused)
        hidden.add(refused.feed)
        ingest(when, when + 12)
        room.assert_sound()
        log = room.open()
        assert refused.feed not in {feed for _, feed, _ in timeline(log)}
        assert_ranks_agree(log)
        accept(log, refused)
        hidden.clear()
        assert timeline(log) == model(authors, held, arrivals)
        assert_ranks_agree(log)
        ingest(0, len(runs))
        room.assert_sound()


def test_reactions_are_gone_while_their_author_is_refused(room: RoomOfAlice) -> None:
    log = room.open()
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["hello"])
    for author in (bob, carol):
        author.amend(Reaction(bob.reference(2), "+1", True))
        author.amend(Reaction(bob.reference(2), author.name, True))
        log.ingest([author.run()]).result()

    def reactions() -> dict[str, set[bytes]]:
        (entry,) = whole_timeline(log)
        assert entry.amended is not None
        return {symbol: set(authors) for symbol, authors in entry.amended.reactions}

    by_bob, by_carol = bob.identity.public, carol.identity.public
    everybody_s = {"+1": {by_bob, by_carol}, "bob": {by_bob}, "carol": {by_carol}}
    assert reactions() == everybody_s
    refuse(log, carol)
    assert reactions() == {"+1": {by_bob}, "bob": {by_bob}}
    accept(log, carol)
    assert reactions() == everybody_s


def test_a_reply_quotes_nobody_who_is_refused(room: RoomOfAlice) -> None:
    log = room.open()
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    carol.entries(["buy this"])
    bob.write(KIND_REPLY, [encode_reference(carol.reference(2)), "no"])
    for author in (carol, bob):
        log.ingest([author.run()]).result()

    def quoted() -> list[str | None]:
        return [entry.quote.text for entry in whole_timeline(log) if entry.quote is not None]

    assert quoted() == ["buy this"]
    refuse(log, carol)
    assert (texts(log), quoted()) == (["no"], [])
    accept(log, carol)
    assert quoted() == ["buy this"]


def test_refusing_and_accepting_in_one_commit_leaves_what_was_said_last(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["hello"])
    log.ingest([bob.run()]).result()
    records = [
        PeerRecord(bob.identity.public, "bob", None, {}, standing, START)
        for standing in (Standing.REFUSED, Standing.ACCEPTED, Standing.REFUSED)
    ]
    for saved in [log.remember_peer(record) for record in records]:
        saved.result()
    assert texts(log) == []
    room.assert_sound()


def test_a_feed_that_is_taken_in_by_the_commit_that_refuses_its_author_is_not_shown(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["hello"])
    taken = log.ingest([bob.run()])
    refuse(log, bob)
    assert taken.result().refused == []
    assert texts(log) == []
    room.assert_sound()


def test_a_message_in_the_timeline_by_somebody_who_is_refused_is_found(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["hello"])
    log.ingest([bob.run()]).result()
    key = log.position(bob.feed, 2)
    assert key is not None
    refuse(log, bob)
    room.close()
    import lmdb

    with lmdb.open(str(room.folder / "log.mdb"), subdir=False, max_dbs=20) as env, env.begin(write=True) as txn:
        hidden, shown = env.open_db(b"hidden", txn), env.open_db(b"timeline", txn)
        value = txn.get(key, db=hidden)
        assert value is not None
        txn.delete(key, db=hidden)
        txn.put(key, value, db=shown)
    assert "it belongs in table hidden" in [finding.text for finding in room.check().found]


async def test_who_follows_is_told_what_was_withheld_when_it_no_more_is_and_nothing_twice(log: Log) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["b1", "b2"])
    carol.entries(["c1"])
    log.ingest([bob.run(), carol.run()]).result()
    early = log.follow({})
    assert words(await take(early, 3)) == ["b1", "c1", "b2"]
    refuse(log, bob)
    late = log.follow({})
    assert words(await take(late, 1)) == ["c1"]
    coming = asyncio.ensure_future(take(late, 2))
    await asyncio.sleep(0)
    await asyncio.to_thread(accept, log, bob)
    assert words(await coming) == ["b1", "b2"]
    log.append("mine").result()
    assert words(await take(early, 1)) == ["mine"]
    assert words(await take(late, 1)) == ["mine"]
