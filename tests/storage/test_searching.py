"""Searching the timeline finds what a reader of all of it would find, the newest first."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.amendments import Deletion, Edit
from app.search import Query, fold
from app.storage import searching
from app.storage.log import Log
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, whole_timeline


def found(log: Log, *terms: str, **limits: object) -> list[str | None]:
    query = Query(tuple(map(fold, terms)), **limits)  # type: ignore[arg-type]
    return [entry.text for step in log.search(query) for entry in step.hits]


def filled(room: RoomOfAlice, *authors: TestAuthor) -> Log:
    log = room.open()
    for author in authors:
        assert not log.ingest(author.runs()).result().refused
    return log


def test_the_newest_hit_comes_first_whoever_wrote_it(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol", start=START + SECOND // 2)
    bob.entries(["tea one", "coffee", "tea two"])
    carol.entries(["TEA a", "Tée b", "cocoa"])
    log = filled(room, bob, carol)
    assert found(log, "tea") == ["tea two", "TEA a", "tea one"]
    assert found(log, "tee") == ["Tée b"]
    assert found(log, "tea", "two") == ["tea two"]
    assert found(log, "tea", authors=frozenset([carol.identity.public])) == ["TEA a"]
    assert found(log, "nothing") == []


def test_limits_of_time_hold(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries([f"day {number}" for number in range(5)], step=86_400 * SECOND)
    room.wall.now = bob.time
    log = filled(room, bob)
    day = 86_400 * SECOND
    assert found(log, "day", since=START + 2 * day, until=START + 4 * day) == ["day 2", "day 1"]
    assert found(log, since=START + 5 * day) == ["day 4"]


def test_a_message_is_found_by_what_it_says_now_and_once(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["helo tea", "gone tea", "still tea"])
    bob.amend(Edit(bob.reference(2), "hello coffee"))
    bob.amend(Edit(bob.reference(2), "hello cocoa"))
    bob.amend(Deletion(bob.reference(3)))
    bob.amend(Edit(bob.reference(4), "still tea, please"))
    carol.amend(Edit(bob.reference(4), "no coffee"))
    log = filled(room, bob, carol)
    assert found(log, "tea") == ["still tea, please"]
    assert found(log, "coffee") == []
    assert found(log, "hello") == ["hello cocoa"]


def test_progress_is_told_stretch_by_stretch(room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "STRETCH", 10)
    monkeypatch.setattr(searching, "FIRST_STRETCH", 10)
    bob = TestAuthor("bob")
    bob.entries([f"{number}" for number in range(25)])
    log = filled(room, bob)
    steps = [(len(step.hits), step.looked_at, step.done) for step in log.search(Query(("1",)))]
    assert steps == [(0, 0, False), (6, 10, False), (5, 20, False), (1, 25, True)]  # 21, 19…15; 14…10; 1


WORDS = ["tea", "TEA", "Tée", "té a", "Чай", "чай", "x"]


@given(
    texts=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(WORDS), st.integers(0, 3)), max_size=25),
    sought=st.sampled_from(["tea", "чаи", "e", "x", "te a"]),
    stretch=st.integers(1, 8),
)
@settings(max_examples=40, deadline=None)
def test_searching_finds_what_reading_everything_finds(
    texts: list[tuple[int, str, int]], sought: str, stretch: int
) -> None:
    authors = [TestAuthor("bob"), TestAuthor("carol"), TestAuthor("bob", feed_number=1)]
    for who, text, what in texts:
        author = authors[who]
        if what > 1 and len(authors[who % 2].stored) > 1:
            author.amend(Edit(authors[who % 2].reference(2), text))
        else:
            author.entries([text])
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "STRETCH", stretch)
        patch.setattr(searching, "FIRST_STRETCH", max(1, stretch // 2))
        room = RoomOfAlice(Path(folder))
        log = filled(room, *authors)
        query = Query((fold(sought),))
        expected = {(e.feed, e.seq) for e in whole_timeline(log) if e.text is not None and query.matches(e.text)}
        hits = [entry for step in log.search(query) for entry in step.hits]
        assert len(hits) == len(expected)
        assert {(e.feed, e.seq) for e in hits} == expected
        room.close()
