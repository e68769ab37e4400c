"""Parcels: what is written comes out again; whatever else a file holds is said to be so, and raises nothing else."""

from __future__ import annotations

import io

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry import Run
from app.errors import ParcelError
from app.parcel import MAGIC, MAX_PIECE, ParcelHeader, ParcelReader, ParcelWriter
from tests.feeds import START, TestAuthor

ALICE = TestAuthor("alice")
HEADER = ParcelHeader("main", ALICE.identity.public, "alice", START)


def runs_of_bob() -> list[Run]:
    bob = TestAuthor("bob")
    bob.entries(["x" * 9_000 for _ in range(40)])
    return bob.runs(max_bytes=20_000)


def parcel(runs: list[Run]) -> bytes:
    file = io.BytesIO()
    writer = ParcelWriter(file, HEADER)
    for run in runs:
        writer.add(run)
    writer.finish()
    return file.getvalue()


RUNS = runs_of_bob()
WHOLE = parcel(RUNS)


def unpack(data: bytes) -> tuple[ParcelHeader, list[Run]]:
    reader = ParcelReader(io.BytesIO(data), "FILE")
    return reader.header, [run for piece in reader.runs() for run in piece]


def test_what_was_packed_comes_out() -> None:
    assert unpack(WHOLE) == (HEADER, RUNS)
    assert unpack(parcel([])) == (HEADER, [])


def test_all_pieces_before_a_cut_come_out() -> None:
    found: list[Run] = []
    pieces = ParcelReader(io.BytesIO(WHOLE[: len(WHOLE) // 2]), "FILE").runs()
    with pytest.raises(ParcelError, match=r"FILE ends after [\d,]+ bytes, before its end: the rest is missing"):
        found.extend(run for piece in pieces for run in piece)
    with pytest.raises(ParcelError, match="the rest is missing"):
        unpack(WHOLE[: len(MAGIC) + 2])
    pieces = ParcelReader(io.BytesIO(WHOLE[:-1]), "FILE").runs()
    found = list(next(pieces))
    assert found
    assert found == RUNS[: len(found)]


def test_a_parcel_without_its_end_is_cut() -> None:
    for end in range(len(WHOLE) - 60, len(WHOLE)):
        with pytest.raises(ParcelError):
            unpack(WHOLE[:end])


def test_what_is_no_parcel_is_said_to_be_none() -> None:
    for data in (b"", b"hello", b"PK\x03\x04" + bytes(100), WHOLE[1:]):
        with pytest.raises(ParcelError, match="FILE is nothing that chat-tui export has made"):
            unpack(data)


def test_a_newer_version_asks_for_an_update() -> None:
    with pytest.raises(ParcelError, match=r"newer chat-tui \(version 2, this one reads 1\): update"):
        unpack(MAGIC + (2).to_bytes(4) + WHOLE[20:])


def test_a_giant_piece_is_refused_before_it_is_read() -> None:
    with pytest.raises(ParcelError, match="a piece of"):
        unpack(WHOLE[:20] + (MAX_PIECE + 1).to_bytes(4))


def test_an_end_that_does_not_fit_is_damage() -> None:
    wrong = cbor2.dumps([2, 1, 1, bytes(32)])
    start = parcel([])
    body = int.from_bytes(start[20:24])
    with pytest.raises(ParcelError, match="what it says at its end"):
        unpack(start[: 24 + body] + len(wrong).to_bytes(4) + wrong)
    with pytest.raises(ParcelError, match="more follows its end"):
        unpack(WHOLE + b"x")


@given(st.data())
def test_no_change_of_a_byte_goes_unnoticed_and_none_raises_anything_else(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    other = data.draw(st.integers(1, 255))
    changed = WHOLE[:at] + bytes([WHOLE[at] ^ other]) + WHOLE[at + 1 :]
    with pytest.raises(ParcelError):
        unpack(changed)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(ParcelError):
        unpack(WHOLE[:20] + data)
