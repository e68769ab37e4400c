"""The timeline against a model that knows all entries at once and computes the rule of docs/protocol.md, section 3."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from app.entry import KIND_TEXT, Run, encode_entry, skim_entry
from app.storage.log import Log
from app.timeline import FIRST_KEY, LAST_KEY
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, whole_timeline

Stand = tuple[int, bytes, int]  # place, feed id, seq

MINUTE = 60 * SECOND
NAMES = ("bob", "carol", "dave")


@dataclass(frozen=True, slots=True)
class Step:
    """One entry: by whom, how far from the common time, what kind, and which earlier entries it cites."""

    author: int
    skew: int
    kind: int | None
    cites: tuple[int, ...]


steps = st.lists(
    st.builds(
        Step,
        author=st.integers(0, len(NAMES) - 1),
        skew=st.sampled_from([0, 0, 0, 1, -1, 30 * SECOND, -30 * SECOND, -MINUTE, 4 * MINUTE]),
        kind=st.sampled_from([KIND_TEXT, KIND_TEXT, KIND_TEXT, 6, 7]),
        cites=st.lists(st.integers(1, 6), max_size=3).map(tuple),
    ),
    max_size=30,
)
far_or_unreadable_steps = st.lists(
    st.builds(
        Step,
        author=st.integers(0, len(NAMES) - 1),
        skew=st.sampled_from([0, 0, 1, -MINUTE, 200 * MINUTE, 10**15]),
        kind=st.sampled_from([KIND_TEXT, 7, None]),
        cites=st.lists(st.integers(1, 6), max_size=3).map(tuple),
    ),
    max_size=20,
)


def written(plan: list[Step]) -> list[TestAuthor]:
    authors = [TestAuthor(name, start=START + index) for index, name in enumerate(NAMES)]
    made: list[tuple[TestAuthor, int]] = []
    for number, step in enumerate(plan):
        author = authors[step.author]
        seen = [made[-back][0].digest(made[-back][1]) for back in step.cites if back <= len(made)]
        time = START + number * SECOND + step.skew
        if step.kind is None:
            author.add(b"\xff" + number.to_bytes(8))
        else:
            author.add(encode_entry(time, seen, step.kind, f"{number}"))
        made.append((author, len(author.stored)))
    return authors


def model(authors: list[TestAuthor], held: dict[bytes, int], arrivals: dict[tuple[bytes, int], int]) -> list[Stand]:
    """(place, feed id, seq) of the shown entries that are held, in order, by repeated passes until nothing changes."""
    facts = {}
    for author in authors:
        for seq in range(1, held.get(author.feed, 0) + 1):
            facts[author.feed, seq] = (author.digest(seq), *skim_entry(author.stored[seq - 1]))
    by_digest = {fact[0]: entry for entry, fact in facts.items()}
    places: dict[tuple[bytes, int], int] = {}
    changed = True
    while changed:
        changed = False
        for (feed, seq), (_, time, seen, _) in facts.items():
            arrival = arrivals[feed, seq]
            least = arrival if time is None or time > arrival + 5 * MINUTE else time
            for other in [(feed, seq - 1), *(by_digest[digest] for digest in seen if digest in by_digest)]:
                least = max(least, places.get(other, -1) + 1)
            if places.get((feed, seq)) != least:
                places[feed, seq] = least
                changed = True
    shown = [(place, *entry) for entry, place in places.items() if facts[entry][3] in (None, KIND_TEXT, 6)]
    return sorted(shown, key=lambda item: (item[0], item[1][:4], item[1]))


def timeline(log: Log) -> list[Stand]:
    return [(int.from_bytes(entry.key[:8]), entry.feed, entry.seq) for entry in whole_timeline(log)]


@contextmanager
def small_room() -> Iterator[RoomOfAlice]:
    """A room whose counts are kept for stretches so short that few entries split them."""
    with (
        tempfile.TemporaryDirectory() as base,
        mock.patch("app.storage.ranks.CHUNK_ENTRIES", 4),
        mock.patch("app.storage.ranks.GROUP_CHUNKS", 3),
    ):
        room = RoomOfAlice(Path(base))
        try:
            yield room
        finally:
            room.close()


def assert_ranks_agree(log: Log) -> None:
    keys = [entry.key for entry in whole_timeline(log)]
    assert log.count() == len(keys)
    assert [log.at_rank(rank) for rank in range(len(keys) + 1)] == [*keys, None]
    assert [log.rank(key) for key in keys] == list(range(len(keys)))
    assert [log.rank(key[:-1] + b"\xff") for key in keys] == list(range(1, len(keys) + 1))
    assert (log.rank(FIRST_KEY), log.rank(LAST_KEY)) == (0, len(keys))


def in_order_of(order: list[int], waiting: list[list[Run]]) -> Iterator[Run]:
    """The runs of several feeds, each feed's in its order, the feeds mixed as `order` says."""
    waiting = [list(runs) for runs in waiting]
    for choice in order:
        queue = [runs for runs in waiting if runs]
        if not queue:
            return
        yield queue[choice % len(queue)].pop(0)
    for runs in waiting:
        yield from runs


def ingested(room: RoomOfAlice, authors: list[TestAuthor], order: list[int], *, run_bytes: int) -> list[Stand]:
    """Ingest everything run by run, comparing with the model after each; returns the timeline."""
    held: dict[bytes, int] = {}
    arrivals: dict[tuple[bytes, int], int] = {}
    log = room.open()
    for run in in_order_of(order, [author.runs(max_bytes=run_bytes) for author in authors]):
        room.wall.now += SECOND
        assert log.ingest([run]).result().refused == []
        held[run.feed] = run.last
        arrivals.update({(run.feed, seq): room.wall.now for seq in range(run.first, run.last + 1)})
        assert timeline(log) == model(authors, held, arrivals)
        assert_ranks_agree(log)
    result = timeline(log)
    room.assert_sound()
    return result


@settings(max_examples=25, deadline=None)
@given(steps, st.lists(st.integers(0, 5), max_size=30), st.lists(st.integers(0, 5), max_size=30), st.integers(20, 300))
def test_feeds_that_arrive_in_any_order_give_the_same_timeline(
    plan: list[Step], one: list[int], other: list[int], run_bytes: int
) -> None:
    authors = written(plan)
    with small_room() as first, small_room() as second:
        expected = ingested(first, authors, one, run_bytes=run_bytes)
        assert ingested(second, authors, other, run_bytes=1000) == expected


@settings(max_examples=20, deadline=None)
@given(far_or_unreadable_steps, st.lists(st.integers(0, 5), max_size=30), st.integers(20, 300))
def test_times_that_are_not_believed_give_way_to_arrivals(plan: list[Step], order: list[int], run_bytes: int) -> None:
    with small_room() as room:
        ingested(room, written(plan), order, run_bytes=run_bytes)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=20))
def test_the_database_is_sound_after_every_commit(acts: list[tuple[int, int]]) -> None:
    authors = [TestAuthor(name) for name in NAMES]
    with small_room() as room:
        for actor, amount in acts:
            log = room.open()
            room.wall.now += SECOND
            if actor == len(NAMES):
                for future in [log.append(f"mine {number}") for number in range(amount)]:
                    future.result()
            else:
                author = authors[actor]
                head = log.head(author.feed)
                author.entries([f"{number}" for number in range(amount)], step=MINUTE)
                assert log.ingest(author.runs((head.seq if head else 0) + 1)).result().refused == []
            assert_ranks_agree(log)
            room.assert_sound()
