"""Numbers and lists in sentences."""

from __future__ import annotations

from app.wording import counted, listed


def test_one_is_not_many() -> None:
    assert [counted(number, "older message") for number in (0, 1, 1_024)] == [
        "0 older messages",
        "1 older message",
        "1,024 older messages",
    ]


def test_the_last_of_a_list_is_joined_by_a_word() -> None:
    assert listed(["alice"]) == "alice"
    assert listed(["alice", "bob", "carol"]) == "alice, bob and carol"
    assert listed(["alice", "bob"], "or") == "alice or bob"
