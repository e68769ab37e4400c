"""Writing, ingesting and serving feeds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.entry import MAX_SPAN_BYTES, NO_HASH, Run, checkpoint_message, entry_digest, fold_chain, skim_entry
from app.errors import LocalEntryError, StorageError
from app.frontier import Advance, Head
from app.identity import verify
from app.ingest import Refusal
from app.peers import PeerRecord, Standing
from app.storage.log import Log
from app.timeline import LAST_KEY
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts, whole_timeline


def ingest(log: Log, *runs: Run) -> list[Refusal]:
    return [refused.refusal for refused in log.ingest(runs).result().refused]


def test_a_message_is_there_after_a_restart(room: RoomOfAlice) -> None:
    log = room.open()
    saved = log.append("hello").result()
    room.close()
    log = room.open()
    assert whole_timeline(log) == [saved]
    assert (saved.entry.text, saved.name, saved.own, saved.seq) == ("hello", "alice", True, 2)
    room.assert_sound()


def test_a_new_database_holds_its_own_genesis_and_shows_nothing(log: Log) -> None:
    assert log.count() == 0
    assert log.frontier() == {log.own_feed: Head(1, 1, log.own_feed)}
    assert log.feed_author(log.own_feed) == (log.author, "alice")


def test_what_cannot_be_a_message_is_refused_at_once(log: Log) -> None:
    with pytest.raises(LocalEntryError):
        log.append("  ")
    with pytest.raises(LocalEntryError):
        log.append("x" * 20_000)


def test_nothing_is_saved_after_closing(room: RoomOfAlice) -> None:
    log = room.open()
    log.close()
    log.close()
    with pytest.raises(StorageError, match="closed"):
        log.append("late").result()
    with pytest.raises(StorageError, match="closed"):
        log.count()


def test_what_was_accepted_before_closing_is_saved(room: RoomOfAlice) -> None:
    log = room.open()
    futures = [log.append(f"{number}") for number in range(500)]
    log.close()
    assert all(future.done() for future in futures)
    assert texts(room.open()) == [f"{number}" for number in range(500)]


def test_an_own_entry_cites_the_newest_heads_that_it_has_not_cited(log: Log) -> None:
    authors = [TestAuthor(f"peer{number}", start=START + number * SECOND) for number in range(10)]
    for author in authors:
        author.entries(["hi"])
        assert ingest(log, author.run()) == []
    first, second, third = (log.append(text).result().entry.seen for text in ("a", "b", "c"))
    assert first == tuple(author.digest(2) for author in reversed(authors[2:]))
    assert second == tuple(author.digest(2) for author in reversed(authors[:2]))
    assert third == ()


def test_what_another_has_cited_is_not_cited_again(log: Log) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol", start=START + 60 * SECOND)
    bob.entries(["one"])
    carol.entries(["two"], seen=[bob.digest(2)])
    carol.entries(["three"])
    assert ingest(log, bob.run(), carol.run()) == []
    assert log.append("a").result().entry.seen == (carol.digest(3),)
    assert log.append("b").result().entry.seen == ()
    bob.entries(["four"])
    assert ingest(log, bob.run(3)) == []
    assert log.append("c").result().entry.seen == (bob.digest(3),)


def test_what_only_another_device_of_mine_has_cited_is_cited_here_too(room: RoomOfAlice, log: Log) -> None:
    bob, phone = TestAuthor("bob"), TestAuthor("alice", feed_number=1, start=START + 60 * SECOND)
    bob.entries(["one"])
    phone.entries(["two"], seen=[bob.digest(2)])
    assert ingest(log, bob.run(), phone.run()) == []
    assert log.append("a").result().entry.seen == (bob.digest(2),)


def test_what_was_cited_is_remembered_after_a_restart(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["hi"])
    log = room.open()
    assert ingest(log, bob.run()) == []
    assert log.append("a").result().entry.seen == (bob.digest(2),)
    room.close()
    log = room.open()
    assert log.append("b").result().entry.seen == ()
    bob.entries(["again"])
    assert ingest(log, bob.run(3)) == []
    assert log.append("c").result().entry.seen == (bob.digest(3),)


def test_a_bare_genesis_is_not_cited(log: Log) -> None:
    assert ingest(log, TestAuthor("bob").run()) == []
    assert log.append("a").result().entry.seen == ()


def test_own_times_are_past_all_times_seen_also_after_a_restart(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    ahead = room.wall.now + 30 * SECOND
    bob.entries(["from a fast clock"], time=ahead)
    assert ingest(log, bob.run()) == []
    room.close()
    log = room.open()
    assert log.append("after it").result().time == ahead + 1
    room.close()
    room.wall.now -= 3600 * SECOND  # the clock was set back
    assert room.open().append("after that").result().time == ahead + 2


def test_a_clock_that_is_far_ahead_pulls_nobody_but_is_answered_after(room: RoomOfAlice, log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["from next year"], time=room.wall.now + 10**13)
    assert ingest(log, bob.run()) == []
    room.wall.now += SECOND
    assert log.append("answer").result().time == room.wall.now
    assert texts(log) == ["from next year", "answer"]


def test_a_run_is_served_as_it_was_received(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two", "three"])
    assert ingest(log, bob.run()) == []
    assert log.read_runs(bob.feed, 1, 4, 1 << 20) == [bob.run()]
    assert log.head(bob.feed) == bob.head


def test_an_ingest_reports_what_became_durable(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two"])
    told: list[Advance] = []
    log.subscribe(told.extend)
    report = log.ingest([bob.run(1, 2), bob.run(3, 3)]).result()
    assert report.advances == [Advance(bob.feed, 1, bob.head)]
    assert log.ingest([bob.run()]).result().advances == []
    log.append("done").result()
    assert told[0] == report.advances[0]
    assert [advance.feed for advance in told] == [bob.feed, log.own_feed]


def test_a_run_whose_predecessor_is_missing_is_a_gap(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two", "three"])
    assert ingest(log, bob.run(2)) == [Refusal.GAP]
    assert ingest(log, bob.run(1, 2)) == []
    assert ingest(log, bob.run(4)) == [Refusal.GAP]
    assert log.head(bob.feed) == Head(1, 2, bob.hashes[2])


def test_a_run_that_overlaps_gives_its_new_part(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two", "three"])
    assert ingest(log, bob.run(1, 3), bob.run(2, 4)) == []
    assert log.head(bob.feed) == bob.head
    assert texts(log) == ["one", "two", "three"]


def test_another_branch_of_a_feed_is_kept_out(log: Log) -> None:
    bob, other = TestAuthor("bob"), TestAuthor("bob")
    bob.entries(["one", "two", "three"])
    other.entries(["one", "TWO", "three", "four"])
    assert ingest(log, bob.run()) == []
    assert ingest(log, other.run(1, 3), other.run(1, 5), other.run(5, 5), other.run(3, 4)) == [Refusal.FORKED] * 4
    assert ingest(log, other.run(1, 2)) == []
    assert log.head(bob.feed) == bob.head


def test_one_bad_run_spoils_no_other(log: Log) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["one"])
    carol.entries(["one"])
    forged = replace(bob.run(), signature=carol.run().signature)
    assert ingest(log, forged, carol.run()) == [Refusal.INVALID]
    assert log.head(bob.feed) is None
    assert texts(log) == ["one"]


def test_a_room_takes_only_its_own_feeds(log: Log) -> None:
    assert ingest(log, TestAuthor("bob", "kitchen").run()) == [Refusal.ANOTHER_ROOM]
    assert ingest(log, TestAuthor("bob", "MAIN").run()) == []


def test_runs_that_break_the_form_are_invalid(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two"])
    run = bob.run()
    bad = [
        replace(run, entries=()),
        replace(run, before=bytes(31) + b"\x01"),
        replace(run, feed=bytes(32)),
        replace(run, entries=(run.entries[1], *run.entries[1:])),
        replace(run, entries=(*run.entries[:2], bytes(70_000))),
        replace(run, signature=bytes(64)),
        replace(run, first=0),
    ]
    for number in range(5):
        bob.add(bytes([number]) * 20_000)
    assert ingest(log, *bad, bob.run()) == [Refusal.INVALID] * (len(bad) + 1)
    assert log.head(bob.feed) is None


def test_entries_that_cannot_be_read_are_kept_and_shown_as_placeholders(log: Log) -> None:
    bob = TestAuthor("bob")
    for data in (b"\xff" * 8, b"\x84\x01\x80\x02\xf6\xf6\xf6\xf6", b"\x00" * 9, bytes(60_000)):
        bob.add(data)
    assert ingest(log, bob.run()) == []
    assert [entry.entry.kind for entry in whole_timeline(log)] == [None] * 4
    assert log.read_runs(bob.feed, 1, 9, 1) == [bob.run()]


def test_own_runs_come_back_as_any_other_after_an_old_backup(room: RoomOfAlice) -> None:
    log = room.open()
    log.append("one").result()
    room.close()
    backup = (room.folder / "log.mdb").read_bytes()
    log = room.open()
    log.append("two").result()
    newest = log.read_runs(log.own_feed, 3, 3, 1)
    room.close()
    (room.folder / "log.mdb").write_bytes(backup)
    log = room.open()
    assert ingest(log, *newest) == []
    assert texts(log) == ["one", "two"]
    assert [log.append("three").result().seq, *texts(log)] == [4, "one", "two", "three"]
    room.assert_sound()


@settings(max_examples=30)  # a database each; all places to begin at are tried in each
@given(st.lists(st.integers(1, 16_000), min_size=1, max_size=12), st.integers(1, 14))
def test_runs_from_anywhere_fold_verify_and_keep_the_spacing(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], high: int
) -> None:
    room = RoomOfAlice(tmp_path_factory.mktemp("base"))
    log = room.open()
    try:
        futures = [log.append("x" * size) for size in sizes]
        own = [future.result() for future in futures]
        last = own[-1].seq
        for low in range(1, 15):
            runs = log.read_runs(log.own_feed, low, high, 1 << 20)
            assert bool(runs) == (low <= last)
            expected, before = low, log.hash_at(log.own_feed, low - 1) if low > 1 else NO_HASH
            for run in runs:
                assert (run.first, run.before) == (expected, before)
                assert run.size <= MAX_SPAN_BYTES or len(run.entries) == 1
                before = fold_chain(run.before, run.entries)
                assert before == log.hash_at(run.feed, run.last)
                assert verify(log.author, checkpoint_message(run.feed, run.last, before), run.signature)
                expected = run.last + 1
            assert not runs or runs[-1].last >= min(high, last)
    finally:
        room.assert_sound()


def test_checkpoints_that_the_spacing_does_not_need_are_dropped(log: Log) -> None:
    for number in range(40):
        log.append("x" * 4000 + str(number)).result()
    runs = log.read_runs(log.own_feed, 1, 41, 1 << 20)
    assert len(runs) == 3
    assert [run.size > 30_000 for run in runs] == [True, True, True]


def test_serving_stops_before_too_many_bytes(log: Log) -> None:
    for number in range(40):
        log.append("x" * 4000 + str(number)).result()
    assert len(log.read_runs(log.own_feed, 1, 41, 1)) == 1
    assert len(log.read_runs(log.own_feed, 1, 41, 2 * MAX_SPAN_BYTES)) == 2
    assert log.read_runs(log.own_feed, 42, 43, 1) == []
    assert log.read_runs(bytes(32), 1, 1, 1) == []


def test_the_hash_at_every_entry_is_known_and_at_no_other(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries([f"{number}" * 3000 for number in range(30)])
    assert ingest(log, *bob.runs()) == []
    assert [log.hash_at(bob.feed, seq) for seq in range(1, 32)] == bob.hashes[1:]
    assert log.hash_at(bob.feed, 0) is None
    assert log.hash_at(bob.feed, 32) is None
    assert log.hash_at(bytes(32), 1) is None


def test_entries_are_found_by_feed_and_number(log: Log) -> None:
    own = log.append("hello").result()
    assert log.entry_at(own.feed, own.seq) == own
    assert log.position(own.feed, own.seq) == own.key
    for feed, seq in ((own.feed, 1), (own.feed, 3), (bytes(32), 2)):  # the genesis is not shown
        assert log.entry_at(feed, seq) is None
        assert log.position(feed, seq) is None


def test_pages_read_in_both_directions_from_any_key(log: Log) -> None:
    for number in range(10):
        log.append(f"{number}").result()
    keys = [entry.key for entry in whole_timeline(log)]
    assert [entry.entry.text for entry in log.before(LAST_KEY, 3)] == ["7", "8", "9"]
    assert [entry.entry.text for entry in log.before(keys[5], 3)] == ["2", "3", "4"]
    assert [entry.entry.text for entry in log.after(keys[5], 3)] == ["6", "7", "8"]
    gone = keys[5][:-1] + b"\xff"
    assert [entry.entry.text for entry in log.before(gone, 1)] == ["5"]
    assert [entry.entry.text for entry in log.after(gone, 1)] == ["6"]
    assert log.before(keys[0], 3) == log.after(keys[-1], 3) == []


def test_peers_are_remembered(room: RoomOfAlice) -> None:
    log = room.open()
    record = PeerRecord(bytes(range(32)), "Bob", START, {log.own_feed: 7})
    log.remember_peer(record).result()
    assert log.peers() == {record.key: record}
    newer = replace(
        record, name="bob", pinned_at=None, held={}, standing=Standing.REFUSED, decided_at=START, verified_at=START + 1
    )
    log.remember_peer(newer).result()
    room.close()
    assert room.open().peers() == {newer.key: newer}
    room.assert_sound()


def test_a_digest_finds_the_entry_among_those_of_the_same_time(log: Log) -> None:
    authors = [TestAuthor(name) for name in ("bob", "carol", "dave")]
    for author in authors:
        author.entries(["same"], time=START + SECOND)
        assert ingest(log, author.run()) == []
    erin = TestAuthor("erin")
    erin.entries(["answer"], time=START, seen=[authors[1].digest(2)])
    assert ingest(log, erin.run()) == []
    assert texts(log) == ["same", "same", "same", "answer"]
    data = authors[1].stored[1]
    assert authors[1].digest(2) == entry_digest(authors[1].feed, 2, skim_entry(data)[0], data)
