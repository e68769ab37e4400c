"""What entries prove about each other, against the whole graph of what was written."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.entry import KIND_TEXT, MAX_SEEN, encode_entry, skim_entry
from app.storage.log import Log
from app.timeline import Evidence, TimelineEntry
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, whole_timeline

NAMES = ("bob", "carol", "dave")
REACTION = 7
At = tuple[bytes, int]

steps = st.lists(
    st.tuples(
        st.integers(0, len(NAMES) - 1),
        st.sampled_from([KIND_TEXT, KIND_TEXT, REACTION]),
        st.sampled_from([0, 0, 1, -1, 30, -30]),
        st.lists(st.integers(1, 5), max_size=2),
    ),
    min_size=2,
    max_size=25,
)


def written(plan: list[tuple[int, int, int, list[int]]]) -> list[TestAuthor]:
    authors = [TestAuthor(name, start=START + index) for index, name in enumerate(NAMES)]
    made: list[tuple[TestAuthor, int]] = []
    for number, (who, kind, skew, cites) in enumerate(plan, 1):
        seen = [made[-back][0].digest(made[-back][1]) for back in cites if back <= len(made)]
        authors[who].add(encode_entry(START + (number + skew) * SECOND, seen, kind, f"{number}"))
        made.append((authors[who], len(authors[who].stored)))
    return authors


def read_before(authors: list[TestAuthor]) -> dict[At, set[At]]:
    """All that each entry comes after."""
    by_digest = {author.digest(seq): (author.feed, seq) for author in authors for seq in range(1, author.head.seq + 1)}
    direct = {
        (author.feed, seq): [(author.feed, seq - 1)] * (seq > 1)
        + [by_digest[digest] for digest in skim_entry(author.stored[seq - 1])[1]]
        for author in authors
        for seq in range(1, author.head.seq + 1)
    }
    past: dict[At, set[At]] = {}

    def follow(at: At) -> set[At]:
        if at not in past:
            past[at] = set()  # there is no circle
            past[at] = {before for cited in direct[at] for before in {cited, *follow(cited)}}
        return past[at]

    for at in direct:
        follow(at)
    return past


def neighbours(log: Log) -> list[tuple[TimelineEntry, TimelineEntry]]:
    return [(above, below) for above, below in pairwise(whole_timeline(log)) if above.author != below.author]


@given(steps, st.lists(st.integers(0, 20), min_size=len(NAMES), max_size=len(NAMES)))
@settings(max_examples=60, deadline=None)
def test_what_is_said_to_have_crossed_did_and_with_all_entries_here_none_is_missed(
    plan: list[tuple[int, int, int, list[int]]], lacking: list[int]
) -> None:
    authors = written(plan)
    past = read_before(authors)
    with tempfile.TemporaryDirectory() as base:
        room = RoomOfAlice(Path(base))
        log = room.open()
        try:
            for author, missing in zip(authors, lacking, strict=True):
                log.ingest([author.run(1, max(1, author.head.seq - missing))]).result()
            pairs = neighbours(log)
            for (above, below), crossed in zip(pairs, log.crossed(pairs), strict=True):
                assert not (crossed and (above.feed, above.seq) in past[below.feed, below.seq])
            for author, missing in zip(authors, lacking, strict=True):
                if missing:
                    log.ingest([author.run()]).result()
            pairs = neighbours(log)
            assert log.crossed(pairs) == [
                (above.feed, above.seq) not in past[below.feed, below.seq] for above, below in pairs
            ]
        finally:
            room.close()


def test_who_cites_as_many_as_fit_may_have_read_more(room: RoomOfAlice) -> None:
    log = room.open()
    others = [TestAuthor(f"other{number}", start=START + number) for number in range(MAX_SEEN + 1)]
    for number, author in enumerate(others):
        author.entries(["hello"], time=START + number * SECOND)
        log.ingest([author.run()]).result()
    bob = TestAuthor("bob")
    bob.entries(["all of you"], time=START + 60 * SECOND, seen=[author.digest(2) for author in others[:MAX_SEEN]])
    log.ingest([bob.run()]).result()
    assert log.crossed(neighbours(log)[-1:]) == [False]


def test_what_follows_an_own_entry_was_written_after_it_also_when_another_lies_between(room: RoomOfAlice) -> None:
    log = room.open()
    room.wall.now = START + 500 * SECOND
    own = log.append("hello").result()
    carol, bob = TestAuthor("carol"), TestAuthor("bob")
    reference = log.reference(own.feed, own.seq)
    assert reference is not None
    carol.entries(["hi"], seen=[reference.digest])
    bob.entries(["behind", "still behind"], time=START + 7, seen=[carol.digest(2)])
    log.ingest([carol.run(), bob.run()]).result()
    assert log.evidence(bob.feed, 3) == Evidence(START + 7, START + 500 * SECOND)
    assert log.evidence(carol.feed, 1) == Evidence(None, None)


def test_who_says_two_things_makes_nobody_s_clock_wrong(room: RoomOfAlice) -> None:
    log = room.open()
    there, here, bob = TestAuthor("mallory"), TestAuthor("mallory"), TestAuthor("bob")
    there.entries(["what bob got", "the same"])
    bob.entries(["an hour ago"], time=START + 3 * SECOND, seen=[there.digest(3)])
    room.wall.now = START + 3600 * SECOND
    own = log.append("now").result()
    reference = log.reference(own.feed, own.seq)
    assert reference is not None
    here.entries(["after alice"], seen=[reference.digest])
    here.add(there.stored[2])
    assert here.digest(3) == there.digest(3)
    log.ingest([here.run(), bob.run()]).result()
    evidence = log.evidence(bob.feed, 2)
    assert evidence is not None
    assert evidence.after is None


def test_the_shown_ones_of_a_feed_and_how_many_stand_before_a_place(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["one"])
    bob.write(REACTION, None)
    bob.entries(["two", "three"])
    log.ingest([bob.run()]).result()
    assert [entry.seq for entry in log.shown_from(bob.feed, 1, 99, 10)] == [2, 4, 5]
    assert [entry.seq for entry in log.shown_from(bob.feed, 3, 99, 1)] == [4]
    assert log.shown_from(b"x" * 32, 1, 9, 9) == []
    third = log.position(bob.feed, 5)
    assert third is not None
    assert log.placed_before(bob.feed, 1, 5, third) == 4
    assert log.placed_before(bob.feed, 3, 5, third) == 2
    assert log.placed_before(bob.feed, 1, 5, bytes(16)) == 0
