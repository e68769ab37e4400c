"""Digests do not cover the chain, so authors can make entries that cite each other in a circle."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.entry import KIND_TEXT, encode_entry, entry_digest
from app.storage import placing
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
