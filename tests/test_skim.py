"""Skimming an entry gives what decoding it gives: places and counts hang on their being one."""

from __future__ import annotations

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from app.entry import KIND_TEXT, decode_entry, encode_entry, skim_entries, skim_entry

times = st.one_of(st.integers(0, 2**63 - 1), st.integers(-2, 2**64 - 1), st.booleans(), st.none())
digests = st.lists(st.binary(min_size=15, max_size=17), max_size=3)
valid_digests = st.lists(st.binary(min_size=16, max_size=16), max_size=8)
entries = st.one_of(
    st.builds(
        encode_entry, st.integers(0, 2**63 - 1), valid_digests, st.integers(0, 9), st.one_of(st.text(), st.binary())
    ),
    st.builds(
        lambda *fields: cbor2.dumps(list(fields)), times, digests, st.one_of(st.integers(0, 9), times), st.text()
    ),
)


def assert_same(data: bytes) -> None:
    entry = decode_entry(data)
    assert skim_entry(data) == (entry.time, entry.seen, entry.kind)


@given(entries)
def test_whole_entries(data: bytes) -> None:
    assert_same(data)


@given(entries, st.data())
def test_entries_with_a_changed_byte(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    assert_same(data[:at] + draw.draw(st.binary(max_size=2)) + data[at + 1 :])


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    assert_same(data)


texts = st.builds(encode_entry, st.integers(0, 2**63 - 1), st.just([]), st.just(KIND_TEXT), st.text(max_size=300))


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    data = draw(texts)
    at = draw(st.integers(0, len(data) - 1))
    return data[:at] + draw(st.binary(max_size=2)) + data[at + 1 :]


@given(st.lists(st.one_of(texts, changed(), entries, st.binary())))
def test_many_at_once_are_skimmed_as_each_alone(several: list[bytes]) -> None:
    times, others = skim_entries(several)
    alone = [skim_entry(data) for data in several]
    assert times == [time or 0 for time, _, _ in alone]
    assert [others.get(index, (time, (), KIND_TEXT)) for index, time in enumerate(times)] == alone
    assert list(others) == sorted(others)


def test_halves_of_a_character_in_two_entries_make_neither_readable() -> None:
    whole = encode_entry(5, (), KIND_TEXT, "é")
    halves = [whole[:-2].replace(b"\x62", b"\x61") + whole[-2:-1], whole[:-2].replace(b"\x62", b"\x61") + whole[-1:]]
    assert [skim_entry(half) for half in halves] == [(None, (), None)] * 2
    assert skim_entries(halves) == ([0, 0], dict.fromkeys(range(2), (None, (), None)))
