"""Frames: what is written can be read, and nothing else can."""

from __future__ import annotations

import contextlib
import time

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry import MAX_SEQ
from app.errors import ProtocolError
from app.frontier import Head
from app.replication.frames import (
    LENGTH_BYTES,
    MAX_CONTENT,
    MAX_FRAME,
    MAX_RANGES,
    Admit,
    Auth,
    Bye,
    ByeReason,
    Frame,
    Have,
    Heads,
    Hello,
    NumberedRange,
    NumberedRun,
    Ping,
    Pong,
    RunsFrame,
    WantFrame,
    decode,
    encode,
    frame_length,
)


def sized(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


ids = st.integers(1, 2**32 - 1)
seqs = st.integers(1, MAX_SEQ)
numbers = st.integers(0, 2**32 - 1)
names = st.sampled_from(["alice", "Zoë", "東京", "a" * 63])
heads = st.builds(lambda a, b, h: Head(min(a, b), max(a, b), h), seqs, seqs, sized(16))
runs = st.builds(
    NumberedRun,
    numbers,
    st.integers(1, 2**40),
    sized(32) | st.just(b""),
    st.lists(st.binary(min_size=8, max_size=40), min_size=1, max_size=4).map(tuple),
    sized(64),
)
every_frame: st.SearchStrategy[Frame] = st.one_of(
    st.builds(
        Hello,
        st.lists(st.integers(0, 9), max_size=4).map(tuple),
        st.just("tls"),
        sized(32),
        sized(16),
        sized(8),
        names,
        names,
        sized(32),
    ),
    st.builds(Auth, sized(64)),
    st.builds(Admit, st.booleans()),
    st.builds(Bye, st.sampled_from(ByeReason), st.text(max_size=100)),
    st.builds(Ping, st.integers(0, 2**64 - 1)),
    st.builds(Pong, st.integers(0, 2**64 - 1)),
    st.builds(Heads, st.lists(st.tuples(sized(32), heads), max_size=3).map(tuple), st.booleans()),
    st.builds(Have, st.lists(st.tuples(numbers, heads), max_size=3).map(tuple)),
    st.builds(
        WantFrame,
        ids,
        st.lists(
            st.builds(lambda n, a, b: NumberedRange(n, min(a, b), max(a, b)), numbers, seqs, seqs),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    st.builds(RunsFrame, numbers, st.lists(runs, max_size=3).map(tuple), st.booleans()),
)


@given(every_frame)
def test_every_frame_reads_back_as_it_was_written(frame: Frame) -> None:
    data = encode(frame)

    assert frame_length(data[:LENGTH_BYTES], MAX_FRAME) == len(data) - LENGTH_BYTES
    assert decode(data[LENGTH_BYTES:]) == frame


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(data)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=70) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=2),
    max_leaves=12,
)


@given(st.integers(0, 12), st.lists(anything, max_size=8))
def test_any_fields_are_a_frame_or_a_protocol_error(kind: int, fields: list[object]) -> None:
    try:
        frame = decode(cbor2.dumps([kind, *fields]))
    except ProtocolError:
        return
    assert decode(encode(frame)[LENGTH_BYTES:]) == frame


HEAD = [bytes(32), 1, 5, bytes(16)]
RUN = [0, 1, bytes(32), [b"entry"], bytes(64)]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([99], id="unknown type"),
        pytest.param([32, 0], id="reserved type"),
        pytest.param([True, bytes(64)], id="a bool for a type"),
        pytest.param([4, True], id="a bool for a number"),
        pytest.param([4, 1.0], id="a float for a number"),
        pytest.param([4], id="too few fields"),
        pytest.param([4, 1, 2], id="too many fields"),
        pytest.param([2, 1], id="a number for a bool"),
        pytest.param([3, 1, "x" * 1_025], id="a long goodbye"),
        pytest.param([8, [[bytes(31), 1, 5, bytes(16)]], True], id="a short feed id"),
        pytest.param([8, [[bytes(32), 0, 5, bytes(16)]], True], id="entry 0"),
        pytest.param([8, [[bytes(32), 6, 5, bytes(16)]], True], id="low above high"),
        pytest.param([8, [[bytes(32), 1, MAX_SEQ + 1, bytes(16)]], True], id="beyond the last seq"),
        pytest.param([8, [HEAD], None], id="null for a bool"),
        pytest.param([10, 0, [[0, 1, 2]]], id="want 0"),
        pytest.param([10, 1, []], id="a want for nothing"),
        pytest.param([10, 1, [[0, 1, 2]] * (MAX_RANGES + 1)], id="a want for too much"),
        pytest.param([11, 1, [[0, 1, bytes(32), [], bytes(64)]], True], id="a run of nothing"),
        pytest.param([11, 1, [[0, 1, bytes(32), [b""], bytes(64)]], True], id="an empty entry"),
        pytest.param([11, 1, [[0, 1, bytes(32), [bytes(65_537)], bytes(64)]], True], id="an entry that is too long"),
        pytest.param([11, 1, [[0, 1, bytes(32), [bytes(40_000)] * 2, bytes(64)]], True], id="a span that is too long"),
        pytest.param([11, 1, [[0, 1, bytes(32), ["text"], bytes(64)]], True], id="text for an entry"),
        pytest.param([11, 1, [[0, MAX_SEQ, bytes(32), [b"a", b"b"], bytes(64)]], True], id="a run past the last seq"),
        pytest.param([11, 1, [RUN, {}], True], id="a map for a run"),
    ],
)
def test_a_frame_with_a_wrong_field_is_refused(fields: list[object]) -> None:
    with pytest.raises(ProtocolError):
        decode(cbor2.dumps(fields))


def test_a_tag_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ProtocolError, match="tag"):
        decode(cbor2.dumps([4, cbor2.CBORTag(2, b"\x01")]))


def test_bytes_after_the_frame_are_refused() -> None:
    with pytest.raises(ProtocolError):
        decode(cbor2.dumps([4, 1]) + b"\x00")


def test_an_unknown_goodbye_is_a_goodbye() -> None:
    assert decode(cbor2.dumps([3, 77, "so long"])) == Bye(ByeReason.UNKNOWN, "so long")


def test_every_reason_has_a_sentence() -> None:
    assert all(reason.sentence for reason in ByeReason)


def test_a_length_above_the_limit_is_refused() -> None:
    with pytest.raises(ProtocolError, match="4,097"):
        frame_length((4_097).to_bytes(4), 4_096)


def test_a_full_frame_of_small_entries_is_decoded_in_less_than_a_screen_frame() -> None:
    spans = [(bytes(100),) * 650] * 4
    data = encode(RunsFrame(1, tuple(NumberedRun(0, 1, bytes(32), span, bytes(64)) for span in spans), True))
    assert MAX_CONTENT <= len(data) <= MAX_FRAME

    best = min(_seconds(data[LENGTH_BYTES:]) for _ in range(5))

    assert best < 0.016


def _seconds(body: bytes) -> float:
    start = time.perf_counter()
    decode(body)
    return time.perf_counter() - start
