"""What is looked for is found whatever its case and accents, and shown where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UsageError
from app.search import MAX_TERMS, Query, fold, parse_query, spans

TODAY = date(2026, 11, 23)  # a Monday
BOB, CAROL = b"b" * 32, b"c" * 32


def keys_of(name: str) -> Iterable[bytes]:
    return {"bob": [BOB], "carol": [CAROL, BOB[::-1]]}.get(name.lower(), ())


def parse(text: str) -> Query:
    return parse_query(text, keys_of=keys_of, today=TODAY, zone=UTC)


def moment(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("sought", "text"),
    [
        ("cafe", "Im CAFÉ um acht"),
        ("café", "cafe"),
        ("strasse", "Straße"),
        ("STRASSE", "straße"),
        ("привет", "ПРИВЕТ, Боб"),
        ("ελληνικα", "Ελληνικά"),
        ("fi", "ﬁnal"),
        ("123", "１２３"),
        ("한국", "한국어"),
    ],
)
def test_case_and_accents_do_not_count(sought: str, text: str) -> None:
    assert Query((fold(sought),)).matches(text)


def test_all_words_must_occur_in_any_order() -> None:
    query = parse("Iron solder")
    assert query.matches("solder, and an IRON")
    assert not query.matches("solder")


def test_quotes_keep_words_together() -> None:
    query = parse('"soldering iron" bob')
    assert query.terms == ("soldering iron", "bob")
    assert not query.matches("bob: iron for soldering")


def test_authors_and_dates_narrow_it() -> None:
    query = parse("from:bob from:CAROL after:2026-11-01 before:2026-12 tea")
    assert query.authors == frozenset([BOB, CAROL, BOB[::-1]])
    assert (query.since, query.until) == (moment(2026, 11, 2), moment(2026, 12, 1))
    assert parse("on:2026-12").until == moment(2027, 1, 1)
    assert (parse("on:2025").since, parse("on:2025").until) == (moment(2025, 1, 1), moment(2026, 1, 1))


@pytest.mark.parametrize(
    ("limits", "since", "until"),
    [
        ("since:2026-11-01 until:2026-11-03", moment(2026, 11, 1), moment(2026, 11, 4)),
        ("after:2026-11-01 before:2026-11-03", moment(2026, 11, 2), moment(2026, 11, 3)),
        ("SINCE:Yesterday", moment(2026, 11, 22), None),
        ("until:today", None, moment(2026, 11, 24)),
        ("since:monday", moment(2026, 11, 23), None),
        ("since:tuesday", moment(2026, 11, 17), None),
        ("on:sun", moment(2026, 11, 22), moment(2026, 11, 23)),
        ("since:-3d until:-1d", moment(2026, 11, 20), moment(2026, 11, 23)),
        ("since:-2w", moment(2026, 11, 9), None),
        ("until:2026-10", None, moment(2026, 11, 1)),
        ("since:2026-11-01 since:-3d", moment(2026, 11, 20), None),
        ("since:1969 until:-99999d", 0, 0),
    ],
)
def test_limits_of_time_are_days_as_people_write_them(limits: str, since: int | None, until: int | None) -> None:
    query = parse(limits)
    assert (query.terms, query.since, query.until) == ((), since, until)


def test_what_looks_like_a_limit_is_a_word_in_quotes() -> None:
    assert parse('"since:monday"') == Query(("since:monday",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "what to look for"),
        ("  ", "what to look for"),
        ("from:mallory hi", "nobody here is called 'mallory'"),
        ("from: hi", "nobody here is called ''"),
        ("on:christmas", "christmas is no date: write it as 2026-11-01, 2026-11, 2026, yesterday, monday or -3d"),
        ("since: hi", "nothing is no date"),
        ("until:mo", "mo is no date"),
        ("since:-3m", "-3m is no date"),
        ("on:2026-13", "2026-13 is no date"),
        ("after:2026-02-30", "2026-02-30 is no date"),
        ("before:0000", "0000 is no date"),
        (" ".join(f"w{n}" for n in range(MAX_TERMS + 1)), "17 words are too many"),
    ],
)
def test_what_makes_no_sense_is_answered_with_what_does(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert says in str(raised.value)


def test_a_hit_is_shown_where_the_text_has_it() -> None:
    text = "Ein Café\u0301, zwei CAFES, Straße"
    found = spans(text, [fold("cafe"), fold("sse")])
    assert [text[start:end] for start, end in found] == ["Café\u0301", "CAFE", "ße"]


@given(st.text(max_size=30), st.integers(0, 30), st.integers(1, 5))
def test_every_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = fold(text[start : start + length])
    if part:
        assert Query((part,)).matches(text)
        assert spans(text, [part])


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=3).map(fold), max_size=4))
def test_spans_are_in_order_and_apart(text: str, terms: list[str]) -> None:
    found = spans(text, terms)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
