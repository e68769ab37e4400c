from __future__ import annotations

import pytest

from app.mentions import MAX_MENTIONS, Mentions


@pytest.mark.parametrize(
    "text", ["alice", "Hi Alice!", "@alice: tea?", "ALICE's tea", "(alice)", "thanks,alice.", "alice…", "élan alice"]
)
def test_a_name_is_found_as_a_word_of_its_own(text: str) -> None:
    assert text in Mentions("alice")


@pytest.mark.parametrize(
    "text",
    [
        "malice",
        "alices",
        "alice2",
        "alice-2",
        "x-alice",
        "alice@x.example",
        "bob@alice",
        "/home/alice",
        "alice.txt",
        "_alice_",
    ],
)
def test_a_name_in_another_word_is_none(text: str) -> None:
    assert text not in Mentions("alice")


def test_other_scripts_and_signs_in_names() -> None:
    assert "привет, Алиса!" in Mentions("алиса")
    assert "@c-3_po here?" in Mentions("c-3_PO")
    assert Mentions("bob").spans("bob and @Bob") == [(0, 3), (8, 12)]
    assert len(Mentions("bob").spans("bob " * 1000)) == MAX_MENTIONS


@pytest.mark.parametrize(
    "text", ["@will, tea?", "ask @Will", "will: tea?", "Will, tea?", "hello all\nwill: and you?", "WILL:"]
)
def test_a_name_that_is_a_word_is_found_where_one_speaks_to_somebody(text: str) -> None:
    assert text in Mentions("will")


@pytest.mark.parametrize(
    "text",
    [
        "I will be late",
        "Will you come?",
        "will",
        "will:not",
        "if you will, tea",
        "last will: none",
        "willing",
        "@willing",
    ],
)
def test_a_name_that_is_a_word_is_not_found_where_it_is_one(text: str) -> None:
    assert text not in Mentions("will")
    assert text not in Mentions("Will")


def test_a_name_of_one_letter_is_no_word_of_its_own() -> None:
    assert "see j in the loop" not in Mentions("j")
    assert Mentions("j").spans("j: see @j") == [(0, 1), (7, 9)]
