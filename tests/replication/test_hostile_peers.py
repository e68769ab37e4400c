"""Whatever an admitted peer sends, in whatever order: nothing raises, nothing grows without bound, own entries stay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.entry import MAX_SEQ
from app.frontier import Head
from app.replication import frames
from app.replication.exchange import MAX_PUSHED_BYTES, Misbehaved
from app.replication.frames import Frame, NumberedRange, NumberedRun
from tests.feeds import TestAuthor
from tests.replication.pairs import Bench

numbers = st.integers(0, 4)
seqs = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 100, 2**40, MAX_SEQ])
hashes = st.sampled_from([bytes(16), b"\xff" * 16])


def authors() -> list[TestAuthor]:
    made = [TestAuthor("mallory"), TestAuthor("carol"), TestAuthor("dave", feed_number=1)]
    for author in made:
        author.entries(["one", "two", "three", "four", "five"])
    return made


AUTHORS = authors()
FEEDS = [author.feed for author in AUTHORS] + [b"1" * 32, b"2" * 32]
OWN = Bench(entries=3).store


@st.composite
def heads(draw: st.DrawFn) -> Head:
    low = draw(st.sampled_from([1, 1, 1, 3]))
    return Head(low, max(low, draw(seqs)), draw(hashes))


@st.composite
def true_runs(draw: st.DrawFn) -> NumberedRun:
    number = draw(st.integers(0, 2))
    first, last = draw(st.sampled_from([(1, 6), (1, 6), (1, 3), (4, 6), (2, 5)]))
    run = AUTHORS[number].run(first, last)
    before = draw(st.sampled_from([run.before, run.before, b""]))
    return NumberedRun(number, run.first, before, run.entries, run.signature)


@st.composite
def false_runs(draw: st.DrawFn) -> NumberedRun:
    entries = draw(st.lists(st.sampled_from([b"x" * 8, bytes(60_000)]), min_size=1, max_size=1))
    return NumberedRun(draw(numbers), draw(seqs.filter(lambda s: s < MAX_SEQ)), bytes(32), tuple(entries), bytes(64))


runs = st.lists(true_runs() | true_runs() | false_runs(), max_size=3).map(tuple)


@st.composite
def ranges(draw: st.DrawFn) -> NumberedRange:
    low, high = sorted((draw(seqs), draw(seqs)))
    return NumberedRange(0, low, high)  # bob's own feed is the only one that he holds from the start


def introduction(all_heads: list[Head]) -> Frame:
    return frames.Heads(tuple(zip(FEEDS, all_heads, strict=True)), True)


a_frame: st.SearchStrategy[Frame] = st.one_of(
    st.builds(frames.Have, st.lists(st.tuples(numbers, heads()), max_size=3).map(tuple)),
    st.builds(frames.WantFrame, st.integers(1, 9), st.lists(ranges(), min_size=1, max_size=3).map(tuple)),
    st.builds(frames.RunsFrame, st.just(1), st.tuples(true_runs()), st.just(False)),
    st.builds(frames.RunsFrame, st.sampled_from([0, 0, 1, 1, 2]), runs, st.booleans()),
    st.builds(frames.Ping, st.integers(0, 5)),
)
steps = st.lists(a_frame | st.sampled_from(["commit", "fail", "wait", "write"]), min_size=4, max_size=16)


@given(st.lists(heads(), min_size=len(FEEDS), max_size=len(FEEDS)).map(introduction), steps)
@settings(max_examples=150)
def test_no_frames_of_an_admitted_peer_make_the_exchange_raise(first: Frame, sequence: list[Frame | str]) -> None:
    bench = Bench(entries=3)
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)

    for step in [first, *sequence]:
        match step:
            case "commit" | "fail":
                bench.commit(failing=step == "fail")
            case "wait":
                bench.wait(6.0)
            case "write":
                bench.exchange.committed([bench.store.append("mine")], bench.now)
            case str():
                raise AssertionError(step)
            case _:
                near = bench.near(mallory)
                for event in near.receive(frames.encode(step), bench.now):
                    bench.exchange.handle(near, event, bench.now)
        bench.hear(honest)
    bench.commit()
    bench.wait(120.0)

    assert not bench.near(honest).closed
    assert sum(isinstance(event, Misbehaved) for event in bench.events) <= 1
    assert bench.store.hash_at(OWN.own_feed, 4) == OWN.hash_at(OWN.own_feed, 4)
    assert bench.near(mallory).output_size < 2 * MAX_PUSHED_BYTES
    progress = bench.exchange.progress(bench.near(honest))
    assert progress is not None
    assert progress.here == 0
