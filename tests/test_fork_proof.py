"""A proof that somebody signed two entries with one number: what it is, and that nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.entry import KIND_REACTION, Run, checkpoint_message, fold_chain
from app.fork_proof import Fork, ForkProof, decode_proof, encode_proof
from tests.feeds import TestAuthor

VIA = bytes([7] * 32)


def two_faced(*common: str) -> tuple[TestAuthor, TestAuthor]:
    """mallory, who has said the same to two people so far."""
    here, there = TestAuthor("mallory"), TestAuthor("mallory")
    for author in (here, there):
        author.entries(common)
    return here, there


def proof_of(here: TestAuthor, there: TestAuthor, first: int) -> ForkProof:
    return ForkProof(here.identity.public, here.run(first), there.run(first), VIA, 1_700_000_000_000_000)


def a_proof() -> ForkProof:
    here, there = two_faced("good morning")
    here.entries(["the money is with bob", "and nobody else"])
    there.entries(["the money is with carol"])
    return proof_of(here, there, 3)


SOUND = a_proof()
BYTES = encode_proof(SOUND)


def test_two_signed_entries_with_one_number_are_a_proof_that_survives_being_written() -> None:
    assert SOUND.holds
    assert decode_proof(BYTES) == SOUND


def signed_by(name: str, run: Run) -> Run:
    message = checkpoint_message(run.feed, run.last, fold_chain(run.before, run.entries))
    return replace(run, signature=TestAuthor(name).identity.sign(message))


@pytest.mark.parametrize(
    "forged",
    [
        replace(SOUND, there=SOUND.here),
        replace(SOUND, there=replace(SOUND.there, signature=bytes(64))),
        replace(SOUND, there=replace(SOUND.there, entries=(b"\x84\x01\x80\x02ainvented",))),
        replace(SOUND, there=signed_by("bob", SOUND.there)),
        replace(SOUND, here=signed_by("bob", SOUND.here), there=signed_by("bob", SOUND.there)),
        replace(SOUND, there=signed_by("mallory", replace(SOUND.there, before=bytes(32)))),
        replace(SOUND, there=signed_by("mallory", replace(SOUND.there, first=4))),
        replace(SOUND, there=signed_by("mallory", replace(SOUND.there, feed=bytes(32)))),
        replace(SOUND, author=TestAuthor("bob").identity.public),
    ],
    ids=[
        "the same twice",
        "no signature",
        "words put into the mouth",
        "signed by another",
        "both signed by another",
        "after another entry",
        "another number",
        "another feed",
        "somebody else is accused",
    ],
)
def test_nothing_else_is_a_proof(forged: ForkProof) -> None:
    assert not forged.holds
    assert decode_proof(encode_proof(forged)) is None


def test_branches_that_go_on_differently_from_the_same_entry_are_no_proof_at_that_entry() -> None:
    here, there = two_faced("good morning", "the same")
    here.entries(["one"])
    there.entries(["two"])
    assert not proof_of(here, there, 3).holds
    assert proof_of(here, there, 4).holds


@given(st.binary(max_size=200))
def test_no_bytes_raise_or_are_a_proof(data: bytes) -> None:
    assert decode_proof(data) is None


@given(st.integers(0, len(BYTES) - 1), st.integers(1, 255))
def test_no_changed_byte_makes_another_proof_of_what_was_said(place: int, flip: int) -> None:
    changed = bytearray(BYTES)
    changed[place] ^= flip
    proof = decode_proof(bytes(changed))
    # Who brought it and when are this computer's own words, and signed by nobody.
    assert proof is None or replace(proof, via=VIA, time=SOUND.time) == SOUND


def test_it_differs_to_people_if_the_two_say_different_things() -> None:
    assert Fork(SOUND, "mallory", False, False).differs
    here, there = two_faced("good morning")
    here.entries(["the same words"])
    there.entries(["the same words"], step=5)
    assert not Fork(proof_of(here, there, 3), "mallory", False, False).differs
    here, there = two_faced("good morning")
    reference = here.reference(2)
    for author, symbol in ((here, "👍"), (there, "👎")):
        author.write(KIND_REACTION, [[reference.feed, reference.seq, reference.digest], symbol, True])
    assert not Fork(proof_of(here, there, 3), "mallory", False, False).differs
