"""Rows of text: widths, breaks and graphemes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes

from app.text import harmless
from app.widgets.wrap import shorten, wrap

TEXTS = st.one_of(
    st.text(st.sampled_from("ab  \nä漢字👍\U0001f3fd❤\ufe0f\u200d\u0301")),
    st.text(st.sampled_from("ab  \n")),
    st.text(),
).map(lambda text: harmless(text, newlines=True))


def rows(text: str, width: int, first_width: int | None = None) -> list[str]:
    return [text[low:high] for low, high in wrap(text, width, first_width)]


@given(TEXTS, st.integers(1, 30), st.integers(1, 30))
def test_rows_are_in_order_and_leave_out_only_spaces_and_line_breaks(text: str, width: int, first_width: int) -> None:
    end = 0
    for low, high in wrap(text, width, first_width):
        assert not text[end:low].strip(" \n")
        assert end <= low <= high
        end = high
    assert not text[end:].strip(" \n")


@given(TEXTS, st.integers(1, 30), st.integers(1, 30))
def test_a_row_is_no_wider_than_asked_unless_one_grapheme_is(text: str, width: int, first_width: int) -> None:
    for number, row in enumerate(rows(text, width, first_width)):
        limit = width if number else first_width
        assert cell_len(row) <= limit or len(split_graphemes(row)[0]) == 1


@given(TEXTS, st.integers(1, 30))
def test_a_row_never_ends_inside_a_grapheme(text: str, width: int) -> None:
    starts = {0}
    offset = 0
    for line in text.split("\n"):
        starts |= {offset + low for low, _, _ in split_graphemes(line)[0]} | {offset + len(line)}
        offset += len(line) + 1
    assert all(low in starts and high in starts for low, high in wrap(text, width))


@given(st.text(st.sampled_from("ab  \n")), st.integers(1, 30), st.integers(1, 30))
def test_plain_text_breaks_where_the_general_rule_breaks_it(text: str, width: int, first_width: int) -> None:
    # Cyrillic letters are one cell wide too, and are cut by the rule for all scripts.
    general = rows(text.replace("a", "а").replace("b", "б"), width, first_width)
    assert rows(text, width, first_width) == [row.replace("а", "a").replace("б", "b") for row in general]


def test_words_stay_whole_where_they_fit() -> None:
    assert rows("one two three", 8) == ["one two", "three"]
    assert rows("exactly ten", 7) == ["exactly", "ten"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert rows("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]


def test_indentation_is_kept_and_makes_no_empty_row() -> None:
    assert rows("    return", 6) == ["    re", "turn"]


def test_empty_lines_are_rows() -> None:
    assert rows("a\n\nb\n", 5) == ["a", "", "b", ""]


def test_wide_characters_need_no_spaces_to_break() -> None:
    assert rows("ab漢字漢字", 5) == ["ab漢", "字漢", "字"]


def test_a_family_of_emoji_is_not_torn_apart() -> None:
    family = "👩\u200d👩\u200d👧"
    assert rows(f"ab {family}{family}", 5) == [f"ab {family}", family]


def test_shortened_text_fits_and_says_that_it_is_cut() -> None:
    assert shorten("alexandra", 5) == "alex…"
    assert shorten("漢字漢字", 5) == "漢字…"
    assert shorten("bob", 3) == "bob"
    assert shorten("bob", 0) == ""
