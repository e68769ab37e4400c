"""The names that authors are shown by."""

from __future__ import annotations

from app.identity import fingerprint
from app.peers import Author, PeerRecord, Standing
from app.people import People

ME, BOB, BOB2, CAROL = (bytes([n]) * 32 for n in range(1, 5))


def people(*records: PeerRecord, authors: tuple[tuple[bytes, str], ...] = ()) -> People:
    return People(
        ME,
        "alice",
        records=lambda: {record.key: record for record in records},
        authors=lambda: [Author(key, name, 1) for key, name in authors],
    )


def apart(key: bytes, name: str) -> str:
    return f"{name}~{fingerprint(key)[:6]}"


def test_i_and_whoever_a_name_is_pinned_to_are_shown_by_the_name_alone() -> None:
    known = people(PeerRecord(BOB, "bob", 1), authors=((BOB, "bob"), (ME, "alice"), (BOB2, "bob")))
    assert known.label(ME, "alice") == "alice"
    assert known.label(BOB, "bob") == "bob"
    assert known.label(BOB2, "bob") == apart(BOB2, "bob")


def test_somebody_pinned_keeps_the_name_whatever_they_call_themselves() -> None:
    assert people(PeerRecord(BOB, "bob", 1)).label(BOB, "carol") == "bob"


def test_who_is_known_through_others_only_is_marked_until_met() -> None:
    assert people(authors=((CAROL, "carol"),)).label(CAROL, "carol") == "carol?"
    assert people(PeerRecord(CAROL, "carol", 1), authors=((CAROL, "carol"),)).label(CAROL, "carol") == "carol"


def test_two_who_call_themselves_the_same_are_told_apart_although_neither_was_met() -> None:
    known = people(authors=((BOB, "bob"), (BOB2, "Bob")))
    assert known.label(BOB, "bob") == apart(BOB, "bob")
    assert known.label(BOB2, "Bob") == apart(BOB2, "Bob")


def test_nobody_else_gets_my_name() -> None:
    assert people(authors=((BOB, "ALICE"),)).label(BOB, "ALICE") == apart(BOB, "ALICE")


def test_who_was_met_without_a_pin_is_shown_with_the_key() -> None:
    refused = people(PeerRecord(BOB, "bob", None, standing=Standing.REFUSED))
    assert refused.label(BOB, "bob") == apart(BOB, "bob")
    assert refused.is_refused(BOB)


def test_namesakes_whose_fingerprints_begin_alike_are_told_apart_by_more_of_them() -> None:
    by_beginning: dict[str, bytes] = {}
    for number in range(1 << 20):
        key = number.to_bytes(32)
        twin = by_beginning.setdefault(fingerprint(key)[:6], key)
        if twin != key:
            break
    known = people(authors=((key, "bob"), (twin, "bob")))
    assert known.label(key, "bob") == f"bob~{fingerprint(key)[:12]}"
    assert known.label(key, "bob") != known.label(twin, "bob")


def test_names_follow_what_is_known_once_told() -> None:
    records: dict[bytes, PeerRecord] = {}
    known = People(ME, "alice", records=lambda: records, authors=lambda: [Author(BOB, "bob", 1)])
    assert known.label(BOB, "bob") == "bob?"
    records[BOB] = PeerRecord(BOB, "bob", 1)
    known.changed()
    assert known.label(BOB, "bob") == "bob"
    assert known.is_pinned(BOB, "Bob")
    assert not known.is_pinned(BOB, "carol")


def test_i_am_known_by_my_name_although_i_have_written_nothing() -> None:
    assert people().known() == {ME: "alice"}
