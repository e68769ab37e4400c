"""Digests do not cover the chain, so authors can make entries that cite each other in a circle."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.entry import KIND_TEXT, encode_entry, entry_digest
from app.storage import placing
from app.storage.effort import STEPS_PER_SECOND
from app.storage.log import Log
from app.timeline import TimelineEntry
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts, whole_timeline

LATER = START + 100 * SECOND


def made(text: str, time: int, seen: Sequence[bytes] = ()) -> bytes:
    return encode_entry(time, seen, KIND_TEXT, text)


def test_an_entry_that_cites_a_later_one_of_its_feed_stays_before_it(room: RoomOfAlice, log: Log) -> None:
    bob = TestAuthor("bob")
    last = made("last", LATER)
    bob.add(made("first", START + SECOND, [entry_digest(bob.feed, 4, LATER, last)]))
    bob.add(made("second", START + 2 * SECOND))
    bob.add(last)
    assert log.ingest([bob.run(1, 2), bob.run(3, 4)]).result().refused == []
    assert texts(log) == ["first", "second", "last"]
    assert [entry.key[:8] for entry in whole_timeline(log)] == [
        time.to_bytes(8) for time in (START + SECOND, START + 2 * SECOND, LATER)
    ]
    room.assert_sound()


@pytest.mark.parametrize("together", [True, False])
def test_two_feeds_that_cite_each_other_come_to_rest(room: RoomOfAlice, log: Log, together: bool) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bobs, carols = made("bob's last", LATER), made("carol's last", LATER)
    bob.add(made("bob's first", START + SECOND, [entry_digest(carol.feed, 3, LATER, carols)]))
    bob.add(bobs)
    carol.add(made("carol's first", START + SECOND, [entry_digest(bob.feed, 3, LATER, bobs)]))
    carol.add(carols)
    if together:
        assert log.ingest([bob.run(), carol.run()]).result().refused == []
    else:
        for run in (bob.run(1, 2), carol.run(1, 2), bob.run(3, 3), carol.run(3, 3)):
            assert log.ingest([run]).result().refused == []

    def index(text: str) -> int:
        return texts(log).index(text)

    assert index("bob's first") < index("bob's last")
    assert index("carol's first") < index("carol's last")
    assert log.count() == 4
    room.assert_sound()


def test_a_citation_that_would_move_too_much_is_void(
    room: RoomOfAlice, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "MAX_STEPS", 10)
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["late"], time=LATER)
    carol.entries(["cites it", *"abcdefghijklmn"], seen=[bob.digest(2)], step=1)
    assert log.ingest([carol.run()]).result().refused == []
    assert log.ingest([bob.run()]).result().refused == []
    assert texts(log) == ["cites it", *"abcdefghijklmn", "late"]
    room.assert_sound()


def test_few_entries_that_move_again_and_again_count_each_time(
    room: RoomOfAlice, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[int] = []
    citers = placing.Placing._citers

    def counted(self: placing.Placing, num: int, seq: int, here: placing.Placed) -> list[tuple[int, int]]:
        moved.append(seq)
        return citers(self, num, seq, here)

    monkeypatch.setattr(placing, "MAX_STEPS", 2_000)
    monkeypatch.setattr(placing.Placing, "_citers", counted)
    late, chain, tail = TestAuthor("late"), TestAuthor("chain"), TestAuthor("tail")
    late.entries(["late"], time=LATER)
    chain.entries(["follows it", *["-"] * 399], seen=[late.digest(2)], step=1)
    for number in range(50):  # each follows eight of the chain, which are moved one after the other
        seen = [chain.digest(2 + 8 * number + link) for link in range(8)]
        tail.entries([f"{number}"], seen=seen, step=1)
    assert log.ingest([*chain.runs(), *tail.runs()]).result().refused == []
    assert log.ingest([late.run()]).result().refused == []
    assert len(moved) <= 1_000
    assert texts(log)[-1] == "late"
    room.assert_sound()


def test_a_chain_of_citations_moves_whole_when_its_start_arrives(room: RoomOfAlice, log: Log) -> None:
    authors = [TestAuthor(f"peer{number}") for number in range(6)]
    for number, author in enumerate(authors):
        seen = [authors[number - 1].digest(2)] if number else []
        author.entries([f"{number}", f"{number} again"], time=LATER - number * SECOND, seen=seen, step=1)
    for author in reversed(authors):
        assert log.ingest([author.run()]).result().refused == []
    order = whole_timeline(log)
    place: dict[str | None, TimelineEntry] = {entry.entry.text: entry for entry in order}
    firsts = [place[f"{number}"].key for number in range(6)]
    assert firsts == sorted(firsts)
    assert [log.position(author.feed, 2) for author in authors] == firsts
    assert [log.rank(entry.key) for entry in order] == list(range(12))
    room.assert_sound()


def crowd(size: int, time: int) -> list[TestAuthor]:
    """Feeds of which each has an entry at `time`."""
    authors = [TestAuthor("mallory", feed_number=number) for number in range(size)]
    for author in authors:
        author.entries(["here"], time=time)
    return authors


def test_a_few_of_the_same_time_are_told_apart(room: RoomOfAlice, log: Log) -> None:
    authors = crowd(placing.MAX_TIES, LATER)
    assert log.ingest([author.run() for author in authors]).result().refused == []
    bob = TestAuthor("bob")
    bob.entries(["after all of them"], time=START + SECOND, seen=[authors[-1].digest(2)])
    assert log.ingest([bob.run()]).result().refused == []
    assert texts(log)[-1] == "after all of them"
    room.assert_sound()


def test_who_hides_an_entry_in_a_crowd_of_the_same_time_makes_nobody_look_through_it(
    room: RoomOfAlice, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    digest_of = placing.PlaceReader._digest

    def counted(self: placing.PlaceReader, num: int, seq: int) -> bytes | None:
        nonlocal looked_at
        looked_at += 1
        return digest_of(self, num, seq)

    authors = crowd(10 * placing.MAX_TIES, LATER)
    assert log.ingest([author.run() for author in authors]).result().refused == []
    bob = TestAuthor("bob")
    bob.entries(["cites what is not there"], time=LATER + SECOND, seen=[LATER.to_bytes(7) + bytes(9)])
    with monkeypatch.context() as patch:
        patch.setattr(placing.PlaceReader, "_digest", counted)
        assert log.ingest([bob.run()]).result().refused == []
    assert looked_at <= 2 * placing.MAX_TIES
    assert texts(log)[-1] == "cites what is not there"
    room.assert_sound()


def test_a_crowd_that_comes_later_changes_nothing_of_what_was_followed(room: RoomOfAlice, log: Log) -> None:
    (first, *others) = crowd(2 * placing.MAX_TIES, LATER)
    bob = TestAuthor("bob")
    bob.entries(["after it"], time=START + SECOND, seen=[first.digest(2)])
    assert log.ingest([first.run(), bob.run(), *(author.run() for author in others)]).result().refused == []
    assert texts(log)[-1] == "after it"
    room.assert_sound()


def circle(number: int, size: int) -> TestAuthor:
    """A feed whose entries cite its last one: each has to be followed to the end before the citation is void."""
    author = TestAuthor("mallory", feed_number=number)
    last = made("last", LATER)
    for index in range(size):
        author.add(made("-", START + 1 + index, [entry_digest(author.feed, size + 2, LATER, last)]))
    author.add(last)
    return author


def test_steps_are_counted_over_all_that_one_peer_brings_and_come_back_with_time(
    room: RoomOfAlice, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    citers = placing.Placing._citers

    def counted(self: placing.Placing, num: int, seq: int, here: placing.Placed) -> list[tuple[int, int]]:
        steps.append(seq)
        return citers(self, num, seq, here)

    monkeypatch.setattr(placing.Placing, "_citers", counted)
    mallory, bob = b"m" * 32, b"b" * 32

    def taken_by(number: int, bringer: bytes) -> int:
        steps.clear()
        assert log.ingest([circle(number, 800).run()], bringer).result().refused == []
        return len(steps)

    assert taken_by(1, mallory) > 0.4 * placing.MAX_STEPS
    assert taken_by(2, mallory) < 0.6 * placing.MAX_STEPS
    assert taken_by(3, mallory) == 0
    assert taken_by(4, bob) > 0.4 * placing.MAX_STEPS
    room.wall.now += SECOND
    assert 0 < taken_by(5, mallory) <= STEPS_PER_SECOND
    room.assert_sound()
