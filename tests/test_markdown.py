"""What is marked in a text, and all that must not be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.markdown import MAX_MARKED, Block, Kind, Mark, Node, blocks, nodes

PIECES = ["a", " ", "*", "**", "_", "`", "```", ">", "> ", "- ", "1. ", "\n", "\\", "(", ".", "漢"]
SOUP = st.lists(st.sampled_from(PIECES)).map("".join)


def marked(text: str) -> list[tuple[str, str]]:
    return [(node.mark.value, text[node.start : node.end]) for node in nodes(text, 0, len(text))]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind.value, text[block.start : block.end]) for block in blocks(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("**bold**, *italic* and _so_", [("bold", "**bold**"), ("italic", "*italic*"), ("italic", "_so_")]),
        ("***both***", [("both", "***both***")]),
        ("run `a *b` c*", [("code", "`a *b`")]),
        ("`` a`b ``", [("code", "`` a`b ``")]),
        ("*a **b** c*", [("bold", "**b**"), ("italic", "*a **b** c*")]),
        ("“*really*”, (**yes**)!", [("italic", "*really*"), ("bold", "**yes**")]),
        ("这是**重点**内容", [("bold", "**重点**")]),
        ("**https://x.example/a_b_c**", [("bold", "**https://x.example/a_b_c**")]),
        ("**a *b** c*", [("bold", "**a *b**")]),
    ],
)
def test_marked_stretches(text: str, found: list[tuple[str, str]]) -> None:
    assert marked(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "snake_case_names and __init__.py",
        "2*3*4 = 2 * 3 * 4",
        "C:\\path\\*x*",
        "kiss :-* and again :-*",
        "rm *.o *.a",
        "f(*args, **kwargs)",
        "/*comment*/ a**b**c",
        "\\*not meant\\*",
        "https://x.example/*a*/_b_",
        "a * b * c _ d _",
        "5 * (3 + 4)*2",
        "****",
        "``",
        "it`s a tick",
        "$ ls *~ #*#",
        "** bold **",
    ],
)
def test_what_is_not_meant_as_markup_is_none(text: str) -> None:
    assert marked(text) == []


def test_lines_are_quotes_items_code_and_text() -> None:
    text = "> said\n> > before\n>\n- one\n* two\n10. ten\n```Python\nx = 1\n\ny = 2\n```\nend"
    assert kinds(text) == [
        ("quote", "> said"),
        ("quote", "> > before"),
        ("quote", ">"),
        ("item", "- one"),
        ("item", "* two"),
        ("item", "10. ten"),
        ("fence", "```Python"),
        ("code", "x = 1\n\ny = 2"),
        ("fence", "```"),
        ("text", "end"),
    ]
    found = blocks(text)
    assert [block.depth for block in found[:3]] == [1, 2, 1]
    assert [block.bullet is not None for block in found[3:6]] == [True, True, False]
    assert found[7].language == "python"


@pytest.mark.parametrize(
    "text", [">>> print(1)", ">_<", ">:(", "--flag", "-5 degrees", "# heading", "| a | b |", "```", "```one```", "*a*"]
)
def test_lines_that_only_look_like_it_are_text(text: str) -> None:
    assert blocks(text) == []


def test_a_fence_that_nothing_closes_is_text() -> None:
    assert kinds("```\nx\n~~~\n- a") == [("text", "```"), ("text", "x"), ("text", "~~~"), ("item", "- a")]
    assert kinds("````\n```\n````")[1] == ("code", "```")


def test_the_signs_of_a_difference_of_files_and_of_a_line_alone_stay() -> None:
    assert all(block.bullet is None for block in blocks("@@\n- old\n- older\n+ new"))
    assert all(block.bullet is None for block in blocks("- 5 degrees\nbrr"))


@given(SOUP)
def test_blocks_follow_each_other_without_gaps(text: str) -> None:
    found: list[Block] = blocks(text)
    if found:
        assert [block.start for block in found] == [0, *(block.end + 1 for block in found[:-1])]
        assert found[-1].end == len(text)


@given(SOUP)
def test_nodes_lie_one_in_another_or_apart_and_their_signs_are_in_the_text(text: str) -> None:
    for line in text.split("\n"):
        found: list[Node] = list(nodes(line, 0, len(line)))
        for node in found:
            sign = line[node.start : node.start + node.delimiter]
            assert sign == line[node.end - node.delimiter : node.end]
            assert set(sign) <= set("`" if node.mark is Mark.CODE else "*_")
            assert node.end - node.start > 2 * node.delimiter
            for other in found:
                first, second = sorted((node, other), key=lambda each: (each.start, -each.end))
                assert second.start >= first.end or second.end <= first.end


def test_what_is_too_long_stays_plain() -> None:
    assert blocks("- a\n" * MAX_MARKED) == []


def test_hostile_nesting_needs_no_recursion() -> None:
    text = "*a **b " * 1000 + "c** d* " * 1000
    assert len(list(nodes(text, 0, len(text)))) <= len(text)
    assert len(blocks("> " * 8000)) == 1
    assert {block.kind for block in blocks("```a\n" * 3000 + "- a")} == {Kind.TEXT, Kind.ITEM}
