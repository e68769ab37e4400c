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
