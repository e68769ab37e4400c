from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.clock import MAX_PULL, HybridClock

WALLS = st.integers(0, 2**52)


@given(st.lists(st.tuples(WALLS, st.none() | st.integers(0, 2**63 - 1))))
def test_own_times_rise_whatever_the_wall_clock_does(events: list[tuple[int, int | None]]) -> None:
    clock = HybridClock()
    given_times = [0]
    for wall, seen in events:
        if seen is None:
            given_times.append(clock.next(wall))
            assert given_times[-1] >= wall
        else:
            clock.observe(seen, wall)
    assert all(earlier < later for earlier, later in pairwise(given_times))


@given(WALLS, st.integers(0, 2**53))
def test_a_new_time_is_past_every_time_seen_that_is_not_absurd(wall: int, seen: int) -> None:
    clock = HybridClock()
    clock.observe(seen, wall)
    assert (clock.next(wall) > seen) == (seen <= wall + MAX_PULL)


@given(WALLS, st.lists(st.integers(0, 2**63 - 1)))
def test_others_pull_the_clock_by_a_minute_at_most(wall: int, seen: list[int]) -> None:
    clock = HybridClock()
    for time in seen:
        clock.observe(time, wall)
    assert clock.next(wall) <= wall + MAX_PULL + 1


def test_a_restart_goes_on_past_the_latest_time() -> None:
    assert HybridClock(latest=500).next(wall=100) == 501
