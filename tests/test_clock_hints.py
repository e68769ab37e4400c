"""What a claimed time proves about a clock, and what it does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.clock import HybridClock
from app.clock_hints import CERTAIN, ClockHints, about, may_be_wrong, skew
from app.timeline import Evidence

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOTHING = Evidence(None, None)


def test_who_writes_after_the_arrival_was_ahead() -> None:
    assert skew(NOW + 3 * HOUR, NOW, NOTHING) == 3 * HOUR
    assert skew(NOW + 3 * HOUR, NOW, Evidence(NOW + 2 * HOUR, None)) == 3 * HOUR
    assert skew(NOW + 6 * MINUTE, NOW, NOTHING) == 0


def test_a_clock_that_only_counts_up_from_a_wrong_time_may_be_right_again() -> None:
    assert skew(NOW + 3 * HOUR + 1, NOW, Evidence(NOW + 3 * HOUR, None)) == 0


def test_who_answers_before_what_they_read_was_written_was_behind() -> None:
    assert skew(NOW - 3 * HOUR, NOW, Evidence(None, NOW - MINUTE)) == -3 * HOUR + MINUTE
    assert skew(NOW - 4 * MINUTE, NOW, Evidence(None, NOW)) == 0


def test_what_is_only_old_proves_nothing() -> None:
    assert may_be_wrong(NOW - 3 * HOUR, NOW)
    assert skew(NOW - 3 * HOUR, NOW, Evidence(NOW - 4 * HOUR, None)) == 0
    assert skew(NOW - 3 * HOUR, NOW, Evidence(None, NOW - 4 * HOUR)) == 0


def test_a_clock_of_our_own_that_was_set_back_is_not_held_against_others() -> None:
    assert skew(NOW - HOUR, NOW, Evidence(None, NOW + HOUR)) == 0


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(-400, 400)), max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.integers(0, 900),
)
def test_nobody_whose_clock_was_near_ours_is_ever_named(
    said: list[tuple[int, int]], reads: list[bool], delay: int
) -> None:
    """bob's clock is up to 150 s off, and is pulled by carol's, which is anywhere."""
    second = 1_000_000
    clock, previous, now, ours = HybridClock(), None, NOW, None
    for (pause, carols), is_read in zip(said, reads, strict=False):
        now += pause * second
        wall = now + 150 * second
        if is_read:
            ours = now  # bob reads what is written here now
            clock.observe(now, wall)
        clock.observe(wall + carols * second, wall)
        time = clock.next(wall)
        assert skew(time, now + delay * second, Evidence(previous, ours)) == 0
        previous = time


def test_one_word_for_each_person_and_who_agrees_is_known() -> None:
    hints = ClockHints()
    assert hints.add(b"bob", 3 * HOUR)
    assert not hints.add(b"bob", 4 * HOUR)
    assert not hints.add(b"carol", 0)
    assert hints.add(b"carol", 3 * HOUR + CERTAIN)
    assert hints.add(b"dave", -HOUR)
    assert hints.agreeing(b"carol") == [b"bob", b"carol"]
    assert hints.agreeing(b"dave") == [b"dave"]
    assert hints.of(b"erin") == 0


def test_lengths_of_time_in_words() -> None:
    assert [about(skew) for skew in (7 * MINUTE, -89 * MINUTE, 3 * HOUR, 47 * HOUR, -72 * HOUR)] == [
        "7 min",
        "89 min",
        "3 h",
        "47 h",
        "3 days",
    ]
