"""What a peer costs who wants to cost much: a bounded amount; it is sent away with a reason, others go on."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cbor2
import pytest
from msgspec.structs import replace

from app.entry import KIND_TEXT, MAX_SEQ, MAX_TIME, Run, encode_entry
from app.frontier import Head
from app.ingest import IngestReport, Refusal, RefusedRun
from app.replication import frames
from app.replication.accounts import PATIENCE_BURST
from app.replication.events import Closed, HavesReceived, RunsReceived, WantReceived
from app.replication.exchange import Behind, Diverged, Level, Misbehaved, OverQuota
from app.replication.frames import ByeReason, Frame, NumberedRange, NumberedRun
from app.replication.numbering import MAX_FEEDS
from app.replication.serving import RANGE_WORK, SLICE
from app.replication.session import (
    STRANGERS_BURST,
    STRANGERS_PER_SECOND,
    Role,
    Session,
    State,
)
from tests.feeds import START, TestAuthor
from tests.replication.pairs import Bench, Pair, session_of

ALLOWED = 4 * 1024 * 1024  # bytes that a session with somebody untrusted may cost


@contextmanager
def measured(limit: int = ALLOWED) -> Iterator[None]:
    """Nothing in here keeps more than `limit`, not even for a moment."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        yield
        assert tracemalloc.get_traced_memory()[1] - before < limit
    finally:
        tracemalloc.stop()


def told(bench: Bench, peer: Session) -> str:
    """What somebody who was sent away was told."""
    data, said = bench.near(peer).take_output(), list[Frame]()
    while data:
        end = frames.LENGTH_BYTES + int.from_bytes(data[: frames.LENGTH_BYTES])
        said.append(frames.decode(data[frames.LENGTH_BYTES : end]))
        data = data[end:]
    assert isinstance(said[-1], frames.Bye)
    assert said[-1].reason is ByeReason.RULE_BROKEN
    return said[-1].text


def say(bench: Bench, peer: Session, *said: Frame) -> None:
    near = bench.near(peer)
    for frame in said:
        for event in near.receive(frames.encode(frame), bench.now):
            bench.exchange.handle(near, event, bench.now)


def assert_others_go_on(bench: Bench, honest: Session) -> None:
    assert not bench.near(honest).closed
    bench.hear(honest)
    bench.exchange.committed([bench.store.append("still here")], bench.now)
    bench.wait(3.0)
    assert any(isinstance(event, HavesReceived | RunsReceived) for event in bench.hear(honest))


# Before anybody was let in


def waiting() -> Session:
    """bob's end of a session with somebody who has yet to be accepted."""
    pair = Pair(session_of("mallory", Role.CLIENT), session_of("bob", Role.SERVER), admit=False)
    pair.exchange_bytes()
    pair.server.admit(False)
    pair.server.take_output()
    return pair.server


def flood(session: Session, data: bytes, seconds: float, per_second: int) -> Closed | None:
    """Who sends `data` so often is sent away; None if not."""
    for n in range(int(seconds * per_second)):
        for event in session.receive(data, n / per_second):
            if isinstance(event, Closed):
                return event
    return None


def test_a_stranger_who_floods_with_frames_is_sent_away() -> None:
    session = waiting()
    with measured():
        closed = flood(session, frames.encode(frames.Ping(1)), 10.0, 10_000)
    assert closed is not None
    assert (closed.reason, closed.text) == (ByeReason.RULE_BROKEN, "far more frames than a chat has use for")


def test_a_stranger_who_sends_a_frame_byte_by_byte_is_sent_away() -> None:
    session, data = waiting(), frames.encode(frames.Bye(ByeReason.LEAVING, "x" * 1_000))
    closed = None
    for n in range(4 * STRANGERS_BURST):
        closed = next(iter(session.receive(data[n % 500 : n % 500 + 1] if n < 500 else b"", n / 1e6)), closed)
    assert isinstance(closed, Closed)


def test_a_stranger_who_stays_below_the_limit_takes_little_of_a_core() -> None:
    session, ping = waiting(), frames.encode(frames.Ping(1))
    seconds = 20.0
    began = time.process_time()
    assert flood(session, ping, seconds, int(STRANGERS_PER_SECOND / 2)) is None
    assert (time.process_time() - began) / seconds < 0.05


@pytest.mark.parametrize("stage", [State.HELLO, State.AUTH, State.ADMISSION])
def test_a_stranger_cannot_announce_a_long_frame(stage: State) -> None:
    session = waiting() if stage is State.ADMISSION else session_of("bob", Role.SERVER)
    if stage is State.AUTH:
        session.receive(session_of("mallory", Role.CLIENT).take_output(), 0.0)
    assert session.state is stage
    with measured():
        (closed,) = session.receive((2**32 - 1).to_bytes(4) + bytes(60_000), 0.0)
    assert isinstance(closed, Closed)


@pytest.mark.parametrize(
    "frame",
    [
        frames.Heads((), True),
        frames.Have(()),
        frames.WantFrame(1, (NumberedRange(0, 1, 1),)),
        frames.RunsFrame(0, (), True),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_a_stranger_who_speaks_as_if_let_in_is_sent_away_and_told_nothing(frame: Frame) -> None:
    session = waiting()
    (closed,) = session.receive(frames.encode(frame), 0.0)
    assert isinstance(closed, Closed)
    (bye,) = [frames.decode(session.take_output()[4:])]
    assert isinstance(bye, frames.Bye)


# After


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("pings", frames.Ping(1)),
        ("pongs", frames.Pong(1)),
        ("empty heads", frames.Heads((), True)),
        ("empty haves", frames.Have(())),
        ("empty pushes", frames.RunsFrame(0, (), True)),
        ("haves", frames.Have(((0, Head(1, 3, bytes(16))),))),
        ("wants", frames.WantFrame(1, tuple(NumberedRange(0, 1, 1) for _ in range(256)))),
    ],
)
def test_a_member_who_floods_is_sent_away_and_others_go_on(name: str, frame: Frame) -> None:
    bench = Bench(entries=3)
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    say(bench, mallory, frames.Heads(((b"1" * 32, Head(1, 2, bytes(16))),), True))
    near = bench.near(mallory)

    def flood_with(count: int) -> None:
        for _ in range(count // 100):
            for event in near.receive(frames.encode(frame) * 100, bench.now):
                bench.exchange.handle(near, event, bench.now)
            if not near.closed:
                near.take_output()

    with measured():
        flood_with(10_000)
    flood_with(PATIENCE_BURST - 9_900)
    assert ("unanswered wants" if name == "wants" else "far more frames") in told(bench, mallory)
    assert_others_go_on(bench, honest)


def test_thousands_of_feeds_are_bounded() -> None:
    bench = Bench()
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    made = [
        frames.Heads(tuple((os.urandom(32), Head(1, MAX_SEQ, os.urandom(16))) for _ in range(512)), True)
        for _ in range(9)
    ]
    with measured():
        say(bench, mallory, *made[: MAX_FEEDS // 512])
        assert not bench.near(mallory).closed
        say(bench, mallory, made[8])
        assert "feeds" in told(bench, mallory)
    assert_others_go_on(bench, honest)


def test_giant_claims_cost_a_want_each_and_no_memory() -> None:
    bench = Bench()
    mallory = bench.peer("mallory")
    with measured():
        say(
            bench,
            mallory,
            frames.Heads(tuple((bytes([n]) * 32, Head(1, MAX_SEQ, bytes(16))) for n in range(200)), True),
        )
        wants = [event for event in bench.hear(mallory) if isinstance(event, WantReceived)]
        bench.wait(600.0)
        wants += [event for event in bench.hear(mallory) if isinstance(event, WantReceived)]
    assert len(wants) <= 2  # who does not answer is asked nothing more
    assert not [event for event in bench.events if isinstance(event, Level)]


def test_a_frame_of_tiny_entries_is_refused_before_it_is_taken_apart() -> None:
    bench = Bench()
    mallory = bench.peer("mallory")
    entries = tuple(b"xx" for _ in range(32_000))
    say(bench, mallory, frames.Heads(((b"1" * 32, Head(1, 5, bytes(16))),), True))
    near = bench.near(mallory)
    data = frames.encode(frames.RunsFrame(0, (NumberedRun(0, 1, bytes(32), entries, bytes(64)),), True))
    with measured():
        near.receive(data, bench.now)
    assert near.closed


def test_pushes_that_a_slow_disk_has_not_taken_are_bounded() -> None:
    bench = Bench()
    author = TestAuthor("mallory")
    author.entries(["x" * 200] * 3_000)
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    runs = author.runs()
    say(bench, mallory, frames.Heads(((author.feed, author.head),), True))
    pushes = [
        frames.RunsFrame(0, (NumberedRun(0, run.first, run.before, run.entries, run.signature),), True) for run in runs
    ]
    with measured():
        say(bench, mallory, *pushes)
    assert "unacknowledged" in told(bench, mallory)
    assert_others_go_on(bench, honest)


def test_asking_for_much_and_reading_nothing_costs_a_fixed_amount() -> None:
    bench = Bench(entries=3_000)
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    with measured():
        for n in range(1, 9):
            say(bench, mallory, frames.WantFrame(n, tuple(NumberedRange(0, 1, MAX_SEQ) for _ in range(256))))
        assert bench.near(mallory).output_size < 512 * 1024
    say(bench, mallory, frames.WantFrame(9, (NumberedRange(0, 1, 1),)))
    assert bench.near(mallory).closed
    assert_others_go_on(bench, honest)


def test_ranges_that_cost_much_to_read_and_little_to_send_are_read_a_few_at_a_time() -> None:
    bench = Bench(entries=300)
    mallory = bench.peer("mallory")
    bench.hear(mallory)
    reads = 0
    read_runs = bench.store.read_runs

    def counted(feed: bytes, low: int, high: int, max_bytes: int) -> list[Run]:
        nonlocal reads
        reads += 1
        return read_runs(feed, low, high, max_bytes)

    bench.store.read_runs = counted  # type: ignore[method-assign]
    say(bench, mallory, frames.WantFrame(1, tuple(NumberedRange(0, 300, 300) for _ in range(256))))
    assert reads <= SLICE // RANGE_WORK


# What is stored


def forged(run: Run) -> Run:
    return replace(run, signature=bytes([run.signature[0] ^ 1]) + run.signature[1:])


@pytest.mark.parametrize(
    "spoil",
    [
        forged,
        lambda run: replace(run, entries=(*run.entries[:-1], run.entries[-1] + b"!")),
        lambda run: replace(run, before=b"x" * 32),
        lambda run: replace(run, entries=(b"\xff" * 20, *run.entries[1:])),
    ],
    ids=["signature", "entry", "chain", "genesis"],
)
def test_what_does_not_verify_is_not_stored_and_its_sender_sent_away(spoil: Callable[[Run], Run]) -> None:
    bench = Bench()
    author = TestAuthor("mallory")
    author.entries(["one", "two"])
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    run = spoil(author.run())
    say(bench, mallory, frames.Heads(((author.feed, author.head),), True))
    say(bench, mallory, frames.RunsFrame(0, (NumberedRun(0, 1, run.before, run.entries, run.signature),), True))
    bench.commit()
    assert [event for event in bench.events if isinstance(event, Misbehaved)]
    assert author.feed not in bench.store.frontier()
    assert_others_go_on(bench, honest)


def test_a_fork_is_told_and_only_one_branch_kept() -> None:
    bench = Bench()
    first, second = TestAuthor("mallory"), TestAuthor("mallory")
    first.entries(["one"])
    second.entries(["two"])
    mallory = bench.peer("mallory")
    say(bench, mallory, frames.Heads(((first.feed, first.head),), True))
    for author in (first, second):
        run = author.run()
        say(bench, mallory, frames.RunsFrame(0, (NumberedRun(0, 1, run.before, run.entries, run.signature),), True))
        bench.commit()
    carol = bench.peer("carol")
    say(bench, carol, frames.Heads(((second.feed, second.head),), True))
    bench.hear(carol)
    bench.events += bench.exchange.take_events()
    assert [event for event in bench.events if isinstance(event, Diverged)]
    assert bench.store.frontier()[first.feed].hash == first.hashes[-1]


def test_what_is_beyond_the_quota_is_told_and_its_bringer_stays() -> None:
    bench = Bench()
    author = TestAuthor("mallory")
    author.entries(["one"])
    mallory = bench.peer("mallory")
    run = author.run()
    say(bench, mallory, frames.Heads(((author.feed, author.head),), True))
    say(bench, mallory, frames.RunsFrame(0, (NumberedRun(0, 1, run.before, run.entries, run.signature),), True))
    (request,) = bench.exchange.take_ingests()
    refused = [RefusedRun(each, Refusal.QUOTA, "too much of it") for each in request.runs]
    bench.exchange.ingested(request.ticket, IngestReport(refused=refused), bench.now)
    told = [event for event in bench.exchange.take_events() if isinstance(event, OverQuota)]
    assert told == [OverQuota(bench.near(mallory), "too much of it")]
    assert not bench.near(mallory).closed


ODD = {
    "the year 9999": encode_entry(253_402_300_799_000_000, (), KIND_TEXT, "late"),
    "the end of time": encode_entry(MAX_TIME, (), KIND_TEXT, "late"),
    "invalid UTF-8": b"\x84\x1b\x00\x06\x44\x37\xba\x50\xa0\x00\x80\x02\x64\xff\xfe\xfd\xfc",
    "a tag": cbor2.dumps([START, [], 2, cbor2.CBORTag(0, "2020-01-01T00:00:00Z")]),
    "deep": b"\x84\x00\x80\x02" + b"\x81" * 10_000 + b"\x00",
    "a map with a map for a key": b"\x84\x00\x80\x02\xa1\xa1\x00\x00\x00",
    "a length that is a lie": b"\x84\x00\x80\x02\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    "indefinite": b"\x9f\x00\x80\x02\x7f\x61a\xff\xff",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_odd_entries_are_kept_as_they_are_and_hurt_nobody(data: bytes) -> None:
    bench = Bench()
    author = TestAuthor("mallory")
    author.add(data)
    author.entries(["after it"])
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    run = author.run()
    say(bench, mallory, frames.Heads(((author.feed, author.head),), True))
    say(bench, mallory, frames.RunsFrame(0, (NumberedRun(0, 1, run.before, run.entries, run.signature),), True))
    bench.commit()
    assert bench.store.frontier()[author.feed].seq == 3
    assert not [event for event in bench.events if not isinstance(event, Behind | Level)]
    assert_others_go_on(bench, honest)


@pytest.mark.parametrize(
    "body",
    [b"\x81" * 4_000, b"\xc0" * 200, b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff", b"\x83\x03\x00\x62\xff\xff", b""],
    ids=["deep", "tagged", "giant", "invalid UTF-8", "empty"],
)
def test_a_frame_that_is_no_frame_is_a_rule_broken(body: bytes) -> None:
    bench = Bench()
    mallory = bench.peer("mallory")
    near = bench.near(mallory)
    with measured():
        (closed,) = near.receive(len(body).to_bytes(4) + body, bench.now)
    assert isinstance(closed, Closed)
    assert closed.reason is ByeReason.RULE_BROKEN


# What is pushed and answered for nothing


def tiny_feed(entries: int) -> TestAuthor:
    author = TestAuthor("mallory")
    for _ in range(entries):
        author.add(b"\x84\x00\x80\x02\x63tin")
    return author


@pytest.mark.parametrize("first", [1, 3_000], ids=["held", "ahead of what is held"])
def test_who_pushes_again_and_again_what_is_of_no_use_is_sent_away(first: int) -> None:
    bench = Bench()
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    author = tiny_feed(5_000)
    say(bench, mallory, frames.Heads(((author.feed, Head(1, 1, author.hashes[1])),), True))
    say(bench, mallory, pushed(author.run(1, 2_000)))
    bench.commit()
    assert bench.store.frontier()[author.feed].seq == 2_000
    again = pushed(author.run(first, first + 1_999))
    for _ in range(2 * PATIENCE_BURST // 250):
        say(bench, mallory, again)
        bench.exchange.take_ingests()
        if bench.near(mallory).closed:
            break
    assert told(bench, mallory) == "far more frames than a chat has use for"
    assert_others_go_on(bench, honest)


def pushed(run: Run) -> Frame:
    return frames.RunsFrame(0, (NumberedRun(0, run.first, run.before, run.entries, run.signature),), True)


def test_who_answers_with_nothing_and_never_ends_is_sent_away() -> None:
    bench = Bench()
    mallory, honest = bench.peer("mallory"), bench.peer("erin")
    bench.hear(honest)
    author = TestAuthor("carol")
    author.entries(["one"])
    say(bench, mallory, frames.Heads(((author.feed, author.head),), True))
    nothing = frames.encode(frames.RunsFrame(1, (), False))
    near = bench.near(mallory)
    for _ in range(2 * PATIENCE_BURST // 4_000):
        for event in near.receive(nothing * 4_000, bench.now):
            bench.exchange.handle(near, event, bench.now)
    assert told(bench, mallory) == "far more frames than a chat has use for"
    assert_others_go_on(bench, honest)
