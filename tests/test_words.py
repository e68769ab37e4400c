from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.words import _WORDS, words


def distance(left: str, right: str) -> int:
    """How many letters are to be changed, added or left out to make one word of the other."""
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left):
        above, row = row, [i + 1]
        for j, other in enumerate(right):
            row.append(min(above[j] + (letter != other), above[j + 1] + 1, row[j] + 1))
    return row[-1]


def test_there_is_a_word_for_every_byte() -> None:
    assert len(_WORDS) == len(set(_WORDS)) == 256
    assert sorted(_WORDS) == _WORDS
    assert all(word.isascii() and word.islower() and 4 <= len(word) <= 9 for word in _WORDS)


def test_no_word_is_taken_for_another() -> None:
    assert len({word[:3] for word in _WORDS}) == 256
    for index, word in enumerate(_WORDS):
        assert all(distance(word, other) >= 3 for other in _WORDS[:index])


def test_the_words_are_the_same_for_everybody() -> None:
    assert words(b"example", 8) == "plaza coffee umbrella mirror lagoon adult mosaic cheetah"


@given(st.binary(max_size=80), st.binary(max_size=80), st.integers(8, 64))
def test_different_data_have_different_words(left: bytes, right: bytes, count: int) -> None:
    assert len(words(left, count).split()) == count
    assert (words(left, count) == words(right, count)) == (left == right)
