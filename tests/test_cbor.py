from __future__ import annotations

import struct

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cbor import CborError, check_cbor

DEPTH = 6
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=300)
    | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.integers(-99, 99) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def accepted(data: bytes) -> bool:
    try:
        check_cbor(data, max_depth=DEPTH)
    except CborError:
        return False
    return True


def depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 0


@given(PLAIN)
def test_plain_items_are_accepted_up_to_the_depth(value: object) -> None:
    assert accepted(cbor2.dumps(value)) == (depth(value) <= DEPTH)


@given(PLAIN, st.binary(min_size=1, max_size=4))
def test_bytes_after_the_item_are_refused(value: object, rest: bytes) -> None:
    assert not accepted(cbor2.dumps(value) + rest)


@given(PLAIN)
def test_an_item_cut_short_anywhere_is_refused(value: object) -> None:
    data = cbor2.dumps(value)
    assert not any(accepted(data[:end]) for end in range(min(len(data), 80)))


@given(PLAIN, st.data())
def test_cbor2_reads_what_is_accepted_but_for_text_that_is_no_utf8_and_keys_that_are_containers(
    value: object, data: st.DataObject
) -> None:
    mutated = bytearray(cbor2.dumps([value]))
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    if accepted(bytes(mutated)):
        complaint = ""
        try:
            cbor2.loads(bytes(mutated), max_depth=DEPTH + 1, allow_indefinite=False)
        except cbor2.CBORDecodeError as error:
            complaint = str(error)
        assert not complaint or "text string" in complaint or "map" in complaint


@given(st.binary(max_size=64))
def test_random_bytes_are_judged_without_another_error(data: bytes) -> None:
    accepted(data)


@pytest.mark.parametrize(
    "data",
    [
        cbor2.dumps(cbor2.CBORTag(1, 0)),
        b"\xd8\x1c\x00",
        b"\xda\x00\x01\x00\x00\x00",
        b"\x9f\x00\xff",
        b"\x7f\xff",
        b"\xbf\xff",
        b"\xff",
        b"\x1c",
        b"\xf7",
        b"\xe0",
        b"\xf8\x20",
        b"\x9b" + struct.pack(">Q", 2**63),
        b"\x5b" + struct.pack(">Q", 2**64 - 1) + b"x",
        b"\xbb" + struct.pack(">Q", 2**63) + b"\x00\x00",
        b"",
    ],
    ids=lambda data: data.hex() or "nothing",
)
def test_tags_indefinite_and_endless_things_are_refused(data: bytes) -> None:
    assert not accepted(data)


def test_deep_nesting_is_refused_without_recursion() -> None:
    assert not accepted(b"\x81" * 100_000)
