"""What stretches of a text look like."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.markdown import blocks
from app.mentions import Mentions
from app.widgets.looks import (
    BOLD,
    CODE,
    HIT,
    KEYWORD,
    LINK,
    MENTION,
    PLAIN,
    QUOTED,
    SIGN,
    Lookout,
    may_have_blocks,
    may_have_looks,
)
from app.widgets.marking import Looks, drawn
from tests.test_markdown import SOUP

BOTH = Lookout(Mentions("alice"), ("zebra",))


def runs(text: str, lookout: Lookout = BOTH) -> list[tuple[str, int]]:
    found = blocks(text)
    between = Looks(text, found, lookout).between(0, len(text))
    return [(drawn(text, found)[run.start : run.end], run.look) for run in between]


def test_what_is_marked_looks_so_and_its_signs_step_back() -> None:
    assert runs("a **b `c`** d") == [
        ("a ", PLAIN),
        ("**", BOLD | SIGN),
        ("b ", BOLD),
        ("`", BOLD | CODE | SIGN),
        ("c", BOLD | CODE),
        ("`", BOLD | CODE | SIGN),
        ("**", BOLD | SIGN),
        (" d", PLAIN),
    ]


def test_quotes_lists_and_code_have_signs_of_their_own() -> None:
    shown = runs("> x\n- a\n- b\n```py\nif y:\n```")
    assert shown[0] == ("▎ ", QUOTED | SIGN)
    assert ("• ", SIGN) in shown
    assert ("```py", SIGN) in shown
    assert ("if", CODE | KEYWORD) in shown


def test_names_hits_and_addresses_are_found_in_any_text() -> None:
    assert runs("@Alice: Zébra at https://x.example/alice") == [
        ("@Alice", MENTION),
        (": ", PLAIN),
        ("Zébra", HIT),
        (" at ", PLAIN),
        ("https://x.example/alice", LINK),
    ]


def test_an_address_leads_to_itself_in_each_of_its_parts() -> None:
    text = "see https://x.example/zebra now"
    targets = [run.target for run in Looks(text, (), BOTH).between(10, len(text)) if run.look & LINK]
    assert targets == ["https://x.example/zebra"] * 2


@given(SOUP, st.integers(0, 20), st.integers(0, 20))
def test_runs_cover_what_is_asked_for_without_gaps(text: str, first: int, second: int) -> None:
    low, high = sorted((min(first, len(text)), min(second, len(text))))
    at = low
    for run in Looks(text, blocks(text), BOTH).between(low, high):
        assert (run.start, run.end > run.start) == (at, True)
        at = run.end
    assert at == high


@given(SOUP)
def test_what_is_drawn_is_what_was_written_but_for_signs_as_wide(text: str) -> None:
    shown = drawn(text, blocks(text))
    assert len(shown) == len(text)
    assert cell_len(shown) == cell_len(text)
    changed = {(new, old) for new, old in zip(shown, text, strict=True) if new != old}
    assert changed <= {("▎", ">"), ("•", "-"), ("•", "*")}


@given(SOUP)
def test_a_text_that_cannot_have_looks_has_none(text: str) -> None:
    if not may_have_looks(text) and not may_have_blocks(text):
        assert not blocks(text)
        assert all(look == PLAIN for _, look in runs(text, Lookout()))
