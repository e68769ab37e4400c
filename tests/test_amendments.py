"""Edits, deletions and reactions as bytes: what is read is what was said, and what cannot be read changes nothing."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.amendments import (
    MAX_REACTION_BYTES,
    Amendment,
    Deletion,
    Edit,
    Reaction,
    check_symbol,
    decode_amendment,
    encode_amendment,
)
from app.entry import (
    KIND_REPLY,
    MAX_TEXT_BYTES,
    Reference,
    decode_entry,
    encode_entry,
    encode_reference,
)
from app.errors import LocalEntryError
from tests.feeds import START

TARGET = Reference(bytes(range(32)), 7, bytes(range(16)))


def decoded(kind: int, payload: object) -> Amendment | None:
    return decode_amendment(decode_entry(encode_entry(START, (), kind, payload)))


@pytest.mark.parametrize(
    "amendment",
    [
        Edit(TARGET, "hello, Bob"),
        Deletion(TARGET),
        Reaction(TARGET, "👍🏽", True),
        Reaction(TARGET, "+1", False),
        Reaction(TARGET, "👩🏽\u200d❤️\u200d💋\u200d👨🏿", True),  # the longest emoji there is
    ],
)
def test_what_was_said_about_a_message_is_read_as_it_was_said(amendment: Amendment) -> None:
    assert decoded(*encode_amendment(amendment)) == amendment


def test_amendments_are_not_shown_by_themselves_and_a_reply_is() -> None:
    for amendment in (Edit(TARGET, "x"), Deletion(TARGET), Reaction(TARGET, "x", True)):
        kind, payload = encode_amendment(amendment)
        assert not decode_entry(encode_entry(START, (), kind, payload)).shown
    assert decode_entry(encode_entry(START, (), KIND_REPLY, [encode_reference(TARGET), "yes"])).shown


def test_a_reply_has_a_text_and_says_what_it_answers() -> None:
    entry = decode_entry(encode_entry(START, (), KIND_REPLY, [encode_reference(TARGET), "yes"]))
    assert (entry.text, entry.answers) == ("yes", TARGET)


def test_a_reply_whose_reference_cannot_be_read_is_still_a_message() -> None:
    entry = decode_entry(encode_entry(START, (), KIND_REPLY, [None, "yes"]))
    assert (entry.text, entry.answers) == ("yes", None)


def test_a_later_version_may_say_more() -> None:
    kind, payload = encode_amendment(Edit(TARGET, "hello"))
    assert isinstance(payload, list)
    assert decoded(kind, [*payload, "more"]) == Edit(TARGET, "hello")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (3, "hello"),
        (3, [encode_reference(TARGET)]),
        (3, [encode_reference(TARGET), " \n"]),
        (3, [encode_reference(TARGET), "x" * (MAX_TEXT_BYTES + 1)]),
        (5, []),
        (5, [[TARGET.feed, True, TARGET.digest]]),
        (5, [[TARGET.feed, 0, TARGET.digest]]),
        (5, [[TARGET.feed[:31], 1, TARGET.digest]]),
        (5, [[TARGET.feed, 1, TARGET.digest + b"\0"]]),
        (7, [encode_reference(TARGET), "👍", 1]),
        (7, [encode_reference(TARGET), "", True]),
        (7, [encode_reference(TARGET), "two words", True]),
        (7, [encode_reference(TARGET), "\x1b[2J", True]),
        (7, [encode_reference(TARGET), "x" * (MAX_REACTION_BYTES + 1), True]),
        (2, "hello"),
    ],
)
def test_what_cannot_be_read_changes_nothing(kind: int, payload: object) -> None:
    assert decoded(kind, payload) is None


@given(
    st.integers(0, 9), st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text() | st.binary(), st.lists)
)
def test_no_payload_makes_reading_raise(kind: int, payload: object) -> None:
    entry = decode_entry(cbor2.dumps([START, [], kind, payload]))
    decode_amendment(entry)
    assert entry.text is None or isinstance(entry.text, str)
    assert entry.answers is None or entry.text is not None


def test_a_reaction_that_cannot_be_one_is_refused_with_what_can() -> None:
    assert check_symbol("🎉") == "🎉"
    with pytest.raises(LocalEntryError, match="one emoji or a short word of 64 bytes"):
        check_symbol("well done")
