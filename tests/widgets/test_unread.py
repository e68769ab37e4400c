"""Which entries are unread, against a set of numbers; and when somebody looks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.presence import GLANCE, IDLE, Presence
from app.widgets.unread import MAX_RANGES, Unread

FEED, OTHER = b"f" * 32, b"o" * 32
STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.integers(0, 20)), max_size=40)


@given(STEPS)
def test_ranges_are_the_set_of_what_was_added_and_not_taken_away(steps: list[tuple[bool, int, int]]) -> None:
    unread, numbers = Unread({}), set[int]()
    for adds, low, length in steps:
        touched = set(range(low, low + length + 1))
        if adds:
            unread.add(FEED, low, low + length)
            numbers |= touched
        else:
            assert unread.remove(FEED, low, low + length) == bool(numbers & touched)
            numbers -= touched
    assert {number for number in range(100) if unread.has(FEED, number)} == numbers
    assert unread.count() == len(numbers)
    assert unread.feeds == ([FEED] if numbers else [])
    ranges = unread.ranges(FEED)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
    assert Unread(unread.numbers()).numbers() == unread.numbers()


def test_ranges_are_bounded_and_lose_nothing_that_is_unread() -> None:
    unread = Unread({})
    for number in range(1, 10_000, 3):
        unread.add(FEED, number, number)
    assert len(unread.ranges(FEED)) == MAX_RANGES
    assert all(unread.has(FEED, number) for number in range(1, 10_000, 3))


def test_feeds_are_apart_and_only_those_count_that_do() -> None:
    unread = Unread({FEED: [1, 3], OTHER: [1, 5]})
    unread.remove(FEED, 2, 2)
    assert unread.count() == 7
    assert unread.count(lambda feed: feed == FEED) == 2
    unread.remove(OTHER, 1, 5)
    assert unread.feeds == [FEED]


def test_who_starts_looks_after_a_glance_or_with_the_first_key() -> None:
    presence = Presence(100.0)
    assert not presence.looks(101.0)
    assert presence.looks(100.0 + GLANCE)
    presence = Presence(100.0)
    presence.acts(100.5)
    assert presence.looks(100.5)


def test_who_does_nothing_for_long_does_not_look_until_a_key_is_pressed() -> None:
    presence = Presence(0.0)
    presence.acts(10.0)
    assert presence.looks(10.0 + IDLE - 1)
    assert not presence.looks(10.0 + IDLE)
    presence.acts(500.0)
    assert presence.looks(500.0)


def test_nobody_looks_at_a_window_without_the_focus_and_who_comes_back_does_after_a_glance() -> None:
    presence = Presence(0.0)
    presence.acts(10.0)
    presence.goes()
    assert not presence.looks(11.0)
    presence.comes(20.0)
    assert not presence.looks(20.5)
    assert presence.looks(20.0 + GLANCE)
