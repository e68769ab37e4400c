from __future__ import annotations

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import entry
from app.entry import (
    KIND_GENESIS,
    KIND_TEXT,
    MAX_ENTRY_BYTES,
    MAX_TEXT_BYTES,
    MAX_TIME,
    NO_HASH,
    UNREADABLE,
    Entry,
    chain_hash,
    check_text,
    decode_entry,
    encode_entry,
    entry_digest,
    feed_id,
    fold_chain,
    skim_entry,
)
from app.errors import InvalidRunError, LocalEntryError
from app.genesis import ForkPoint, Genesis, decode_genesis, genesis_payload

TIMES = st.integers(0, MAX_TIME) | st.integers(0, 300)
DIGESTS = st.lists(st.binary(min_size=16, max_size=16), max_size=8)
TEXTS = st.text(max_size=20) | st.integers(20, 700).map(lambda size: "é" * size)
HASHES = st.binary(min_size=32, max_size=32)
NAMES = st.sampled_from(["alice", "zoë", "美咲", "a" * 63])
GENESES = st.builds(
    Genesis,
    HASHES,
    NAMES,
    NAMES,
    st.binary(min_size=16, max_size=16),
    st.none() | st.builds(ForkPoint, HASHES, st.integers(1, 2**48 - 1), HASHES),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=20) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.integers(0, 9), inner, max_size=3),
    max_leaves=9,
)


@st.composite
def mutated_entries(draw: st.DrawFn) -> bytes:
    """Bytes near a plain text entry: the shape that the fast path is for, and its neighbours."""
    data = bytearray(encode_entry(draw(TIMES), draw(DIGESTS), KIND_TEXT, draw(TEXTS)))
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, min(len(data) - 1, 40)))
        match draw(st.sampled_from(["change", "insert", "drop", "cut"])):
            case "change":
                data[position] = draw(st.integers(0, 255))
            case "insert":
                data.insert(position, draw(st.integers(0, 255)))
            case "drop" if len(data) > 1:
                del data[position]
            case "cut":
                del data[max(position, 1) :]
    return bytes(data)


@given(TIMES | st.sampled_from([2**32 - 1, 2**32]), DIGESTS | st.just([]), TEXTS | st.text(min_size=22, max_size=90))
def test_what_is_written_is_the_shortest_cbor(time: int, seen: list[bytes], text: str) -> None:
    assert encode_entry(time, seen, KIND_TEXT, text) == cbor2.dumps([time, seen, KIND_TEXT, text])


@given(TIMES, DIGESTS, TEXTS)
def test_what_is_written_is_read_back(time: int, seen: list[bytes], text: str) -> None:
    data = encode_entry(time, seen, KIND_TEXT, text)
    assert decode_entry(data) == Entry(time, tuple(seen), KIND_TEXT, text)
    assert decode_entry(data).text == text


@given(mutated_entries())
@example(bytes.fromhex("841b80000000000000008002 61 61"))  # a time of 2^63
@example(bytes.fromhex("841b0000000000000000 8002 61 ff"))  # text that is no UTF-8
@example(bytes.fromhex("841b0000000000000000 8002 7801 61"))  # a length in more bytes than it needs
def test_the_fast_path_reads_as_the_slow_one(data: bytes) -> None:
    fast = entry._decode_plain(data)
    slow = entry._decode_any(data)
    assert fast is None or fast == slow
    assert decode_entry(data) == slow
    assert skim_entry(data) == (slow.time, slow.seen, slow.kind)


def test_the_fast_path_is_taken_for_what_people_write() -> None:
    now = 1_700_000_000_000_000
    for seen in ([], [bytes(16)]):
        for text in ("hello", "x" * 23, "x" * 24, "x" * 255, "x" * 256, "x" * MAX_TEXT_BYTES):
            assert entry._decode_plain(encode_entry(now, seen, KIND_TEXT, text)) is not None


@given(st.binary(max_size=200) | mutated_entries() | VALUES.map(cbor2.dumps))
def test_no_bytes_make_decoding_fail(data: bytes) -> None:
    said = decode_entry(data)
    assert said.time is None or 0 <= said.time <= MAX_TIME
    assert said.kind is None or 0 <= said.kind < 2**32
    assert all(len(digest) == 16 for digest in said.seen)


@given(VALUES, VALUES, VALUES, VALUES)
def test_one_unreadable_field_does_not_spoil_the_others(
    time: object, seen: object, kind: object, payload: object
) -> None:
    said = decode_entry(cbor2.dumps([time, seen, kind, payload]))
    assert said.time == (time if type(time) is int and 0 <= time <= MAX_TIME else None)
    assert said.kind == (kind if type(kind) is int and 0 <= kind < 2**32 else None)


@pytest.mark.parametrize(
    ("kind", "payload", "shown", "text"),
    [
        (KIND_TEXT, "hello", True, "hello"),
        (KIND_TEXT, 7, True, None),
        (KIND_GENESIS, [], False, None),
        (6, "later", True, None),
        (7, "later", False, None),
    ],
)
def test_unknown_even_kinds_have_a_place_and_unknown_odd_ones_have_none(
    kind: int, payload: object, shown: bool, text: str | None
) -> None:
    said = decode_entry(encode_entry(0, [], kind, payload))
    assert (said.shown, said.text) == (shown, text)


def test_what_cannot_be_read_has_a_place_too() -> None:
    assert decode_entry(b"\xff") == UNREADABLE
    assert UNREADABLE.shown


@given(GENESES)
def test_a_genesis_is_read_back(genesis: Genesis) -> None:
    assert decode_genesis(encode_entry(1, [], KIND_GENESIS, genesis_payload(genesis))) == genesis


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        [bytes(31), "alice", "main", bytes(16), None],
        [bytes(32), "a/b", "main", bytes(16), None],
        [bytes(32), "alice", "..", bytes(16), None],
        [bytes(32), "alice", "main", bytes(15), None],
        [bytes(32), "alice", "main", bytes(16)],
        [bytes(32), "alice", "main", bytes(16), [bytes(32), 0, bytes(32)]],
        [bytes(32), "alice", "main", bytes(16), [bytes(32), 1, bytes(31)]],
        [bytes(32), "alice", "main", bytes(16), []],
        [bytes(32), "alice", "main", bytes(16), [bytes(32), True, bytes(32)]],
    ],
)
def test_a_genesis_that_says_nonsense_is_refused(payload: object) -> None:
    with pytest.raises(InvalidRunError):
        decode_genesis(encode_entry(1, [], KIND_GENESIS, payload))


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8))
def test_folding_a_chain_is_hashing_it_entry_by_entry(entries: list[bytes]) -> None:
    head = NO_HASH
    for data in entries:
        head = chain_hash(head, data)
    assert fold_chain(NO_HASH, entries) == head
    assert fold_chain(feed_id(entries[0]), entries[1:]) == head


@given(st.lists(st.binary(max_size=9), min_size=2, max_size=6, unique=True), st.data())
def test_a_chain_changes_with_any_entry_and_their_order(entries: list[bytes], data: st.DataObject) -> None:
    other = data.draw(st.permutations(entries))
    assert (fold_chain(NO_HASH, entries) == fold_chain(NO_HASH, other)) == (entries == other)


def test_a_digest_carries_the_time_and_stands_for_one_entry() -> None:
    digest = entry_digest(bytes(32), 1, 5, b"entry")
    assert digest[:7] == (5).to_bytes(7)
    assert entry_digest(bytes(32), 1, None, b"entry")[:7] == bytes(7)
    assert entry_digest(bytes(32), 1, MAX_TIME, b"entry")[:7] == b"\xff" * 7
    others = {
        entry_digest(b"\1" * 32, 1, 5, b"entry"),
        entry_digest(bytes(32), 2, 5, b"entry"),
        entry_digest(bytes(32), 1, 5, b"!"),
    }
    assert digest not in others
    assert len(others) == 3


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_message_is_not_sent(text: str) -> None:
    with pytest.raises(LocalEntryError, match="empty"):
        check_text(text)


def test_a_message_has_at_most_16_kib() -> None:
    assert check_text("é" * (MAX_TEXT_BYTES // 2))
    with pytest.raises(LocalEntryError, match="16,386 bytes"):
        check_text("é" * (MAX_TEXT_BYTES // 2 + 1))


def test_half_a_character_is_not_sent() -> None:
    with pytest.raises(LocalEntryError, match="lone surrogate"):
        check_text("\ud83d")


def test_an_entry_has_at_most_64_kib() -> None:
    with pytest.raises(LocalEntryError, match="too long"):
        encode_entry(0, [], KIND_TEXT, "x" * MAX_ENTRY_BYTES)


@pytest.mark.parametrize(("time", "seen"), [(-1, []), (2**63, []), (0, [bytes(16)] * 9), (0, [bytes(15)])])
def test_an_own_entry_outside_the_format_is_our_mistake(time: int, seen: list[bytes]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        encode_entry(time, seen, KIND_TEXT, "x")
