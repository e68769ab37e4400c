"""Whatever comes in whatever order: unread is what never stood on the screen while somebody looked."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.people import People
from app.timeline import TimelineEntry
from app.view_state import RoomView, load_room_view, save
from app.widgets.read_state import ReadState
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, whole_timeline

REACTION = 7
NAMES = ("bob", "carol", "dave")

writes = st.tuples(st.just("write"), st.integers(0, 2), st.integers(1, 90), st.integers(0, 3000))
lands = st.tuples(st.just("land"), st.integers(0, 2), st.booleans(), st.just(0))
draws = st.tuples(st.just("draw"), st.integers(0, 200), st.integers(1, 30), st.booleans())
others = st.sampled_from([("own", 0, 0, 0), ("restart", 0, 0, 0)])


@given(st.lists(st.one_of(writes, lands, draws, others), max_size=25))
@settings(max_examples=40, deadline=None)
def test_nothing_slips_in_unseen_and_nothing_that_was_seen_is_unread_again(
    steps: list[tuple[str, int, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as base:
        room = RoomOfAlice(Path(base))
        log = room.open()
        people = People(log.author, "alice", records=dict, authors=log.authors)
        view, seen = RoomView(), set[tuple[bytes, int]]()
        state = ReadState(log, people, view, None)
        state.begin()
        authors = [TestAuthor(name, start=START + index) for index, name in enumerate(NAMES)]
        given_to = [0] * len(authors)
        try:
            for what, one, two, three in steps:
                if what == "write":
                    author = authors[one]
                    author.entries(["text"] * two, time=max(author.time + 1, START + three * SECOND))
                    author.write(REACTION, None)
                elif what == "land" and given_to[one] < authors[one].head.seq:
                    first, given_to[one] = given_to[one] + 1, authors[one].head.seq
                    log.ingest([authors[one].run(first)]).result()
                    if two:
                        state.landed(log.shown_from(authors[one].feed, first, given_to[one], 300))
                    while state.catch_up():
                        pass
                elif what == "draw":
                    timeline = whole_timeline(log)
                    shown = timeline[min(one, max(0, len(timeline) - two)) :][:two]
                    state.drawn(shown, looks=bool(three))
                    seen |= {(entry.feed, entry.seq) for entry in shown if three}
                elif what == "own":
                    log.append("mine").result()
                elif what == "restart":
                    save(Path(base) / "view", view.encode())
                    view = load_room_view(Path(base) / "view")
                    state = ReadState(log, people, view, None)
                    state.begin()
                    state.catch_up()
                assert (
                    is_unread(state, whole_timeline(log))
                    == {(entry.feed, entry.seq) for entry in whole_timeline(log) if not entry.own} - seen
                )
            for entry in (state.first_unread(), state.first_late()):
                assert entry is None or (entry.feed, entry.seq) not in seen
            state.drawn(whole_timeline(log), looks=True)
            assert (state.unread, state.late) == (0, 0)  # the hidden ones among them do not count
        finally:
            room.close()


def is_unread(state: ReadState, timeline: list[TimelineEntry]) -> set[tuple[bytes, int]]:
    return {
        (entry.feed, entry.seq)
        for entry in timeline
        if state._unread.has(entry.feed, entry.seq) or state._late.has(entry.feed, entry.seq)
    }
