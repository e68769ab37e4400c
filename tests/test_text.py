from __future__ import annotations

import sys
import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import MAX_MARKS, escape_line, harmless, one_line

ALL_CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1)]
BIDI_CONTROLS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TRICKY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\0\a\b\t\n\v\f\r\x1b\x7f\x85\x9b\u200b\u200c\u200d\u2028\u202e\ufe0f\u0301\u0489\u0903\U000e0041"
        ),
        st.sampled_from("a\\n é\u05d0👩🇨"),
        st.characters(categories=["Mn", "Mc", "Me", "Cf", "Cs"]),
    )
)


def unescape_line(line: str) -> str:
    """What a reader of line mode does."""
    characters = iter(line)
    return "".join({"n": "\n", "\\": "\\"}[next(characters)] if c == "\\" else c for c in characters)


def test_no_single_character_keeps_its_control_over_the_terminal() -> None:
    for character in ALL_CHARACTERS:
        for left in harmless(character, newlines=True):
            category = unicodedata.category(left)
            assert left == "\n" or category not in {"Cc", "Cs", "Zl", "Zp"}, f"U+{ord(character):04X}"
            assert left not in BIDI_CONTROLS, f"U+{ord(character):04X}"


def test_letters_digits_symbols_and_lone_marks_of_every_script_stay() -> None:
    # Letters by their category, but blank: they fill a name that looks empty.
    fillers = set("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")
    for character in ALL_CHARACTERS:
        if unicodedata.category(character)[0] in "LNSPM" and character not in fillers:
            assert harmless(character, newlines=True) == character, f"U+{ord(character):04X}"


def test_invisible_format_characters_are_dropped_but_for_joiners_and_visible_signs() -> None:
    kept = {c for c in ALL_CHARACTERS if unicodedata.category(c) == "Cf" and harmless(c, newlines=True)}
    joiners = set("\u200c\u200d")
    number_signs = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
    hieroglyph_joiners = {chr(code) for code in range(0x13430, 0x13440)}
    assert kept <= joiners | number_signs | hieroglyph_joiners


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;cm0gLXJm\x07", "\ufffd]52;c;cm0gLXJm\ufffd"),
        ("\x1b[2Jgone", "\ufffd[2Jgone"),
        ("\x9b2Jgone", "\ufffd2Jgone"),
        ("a\x7fb\0c", "a\ufffdb\ufffdc"),
        (
            "one\rtwo\r\nthree\u2028four\u2029five\x85six\vseven\feight",
            "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight",
        ),
        ("a\tb", "a       b"),
        ("long line\n\ttab", "long line\n        tab"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("pay\u200bpal\u00ad\u2060\ufeff", "paypal"),
        ("hid\U000e0068\U000e0069den", "hidden"),
        ("\u3164\u115f", ""),
    ],
)
def test_what_acts_on_a_terminal_becomes_visible_or_goes(hostile: str, shown: str) -> None:
    assert harmless(hostile, newlines=True) == shown


@pytest.mark.parametrize(
    "text",
    [
        "👨‍👩‍👧‍👦 family",
        "❤️‍🔥 1️⃣ 👍🏽 🏳️‍🌈 🇩🇪",
        "שָׁלוֹם עוֹלָם",
        "السَّلَامُ عَلَيْكُم",
        "می‌خواهم",
        "नमस्ते क्‍ष",
        "မြွှေး",
        "สวัสดี",
        "葛󠄀",
        "Zo\u0308e\u0301",
    ],
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert harmless(text, newlines=True) == text


def test_a_tower_of_marks_is_cut_to_four() -> None:
    assert harmless("Z" + "\u0300" * 500 + "!", newlines=True) == "Z" + "\u0300" * 4 + "!"


@given(TRICKY)
def test_no_letter_carries_more_than_four_stacked_marks(text: str) -> None:
    shown = harmless(text, newlines=True)
    for stacked, group in groupby(shown, lambda c: unicodedata.category(c) in ("Mn", "Me") or c in "\u200c\u200d"):
        assert not stacked or len(list(group)) <= MAX_MARKS


@given(TRICKY)
def test_harmless_text_is_a_fixed_point(text: str) -> None:
    for shown in (harmless(text, newlines=True), one_line(text)):
        assert harmless(shown, newlines=True) == shown


@given(TRICKY)
def test_only_line_feeds_break_lines(text: str) -> None:
    shown = harmless(text, newlines=True)
    assert shown.splitlines() == (shown.removesuffix("\n").split("\n") if shown else [])


@given(TRICKY)
def test_one_line_has_spaces_for_line_breaks(text: str) -> None:
    assert one_line(text) == harmless(text, newlines=True).replace("\n", " ")
    assert len(one_line(text).splitlines()) <= 1


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_ascii_is_returned_as_it_is(text: str) -> None:
    assert harmless(text, newlines=False) is text


@given(st.text(st.sampled_from("a\\n\n ")))
def test_an_escaped_line_is_one_line_and_can_be_read_back(text: str) -> None:
    line = escape_line(text)
    assert "\n" not in line
    assert unescape_line(line) == text
