from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.code_tokens import Token, tokens


def found(language: str, code: str) -> list[tuple[str, Token]]:
    return [(code[start:end], token) for start, end, token in tokens(language, code, 1000)]


def test_comments_strings_numbers_and_keywords() -> None:
    assert found("python", "def f():  # why\n    return 'it\\'s' + 1.5") == [
        ("def", Token.KEYWORD),
        ("# why", Token.COMMENT),
        ("return", Token.KEYWORD),
        ("'it\\'s'", Token.STRING),
        ("1.5", Token.NUMBER),
    ]
    assert found("c", "int x = 7; /* a\nb */ // c") == [
        ("int", Token.KEYWORD),
        ("7", Token.NUMBER),
        ("/* a\nb */", Token.COMMENT),
        ("// c", Token.COMMENT),
    ]
    assert found("rust", "fn f<'a>(x: &'a str)")[0] == ("fn", Token.KEYWORD)
    assert found("sh", "echo $# ${#a} # why")[-1] == ("# why", Token.COMMENT)


def test_lines_of_a_difference_of_files() -> None:
    assert found("diff", "@@ -1 +1 @@\n-old\n+new\n same") == [
        ("@@ -1 +1 @@", Token.COMMENT),
        ("-old", Token.REMOVED),
        ("+new", Token.ADDED),
    ]


@pytest.mark.parametrize("language", ["", "text", "brainfuck", "\u202e", "[red]"])
def test_an_unknown_language_has_no_tokens(language: str) -> None:
    assert tokens(language, "if x: return 'y'", 100) == []


def test_a_string_without_an_end_ends_with_its_line() -> None:
    assert found("js", "a = 'x\nlet y")[1:] == [("let", Token.KEYWORD)]
    assert found("python", '"""a\nb') == [('"""a\nb', Token.STRING)]


@given(
    st.sampled_from(["python", "js", "c", "sh", "sql", "lua", "json", "rust", "diff"]),
    st.text(st.sampled_from("ab1.\"'`\\/*-#+\n {$")),
)
def test_tokens_are_in_order_and_not_more_than_asked_for(language: str, code: str) -> None:
    end = 0
    for start, stop, _ in tokens(language, code, 1000):
        assert end <= start < stop <= len(code)
        end = stop
    assert len(tokens(language, code, 3)) <= 3
