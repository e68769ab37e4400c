from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.frontier import Head, Standing, compare

ONE, TWO = b"\1" * 32, b"\2" * 32
HEADS = st.none() | st.builds(Head, st.just(1), st.integers(1, 3), st.sampled_from([ONE, TWO]))
MIRROR = {
    Standing.LEVEL: Standing.LEVEL,
    Standing.DIVERGED: Standing.DIVERGED,
    Standing.AHEAD: Standing.BEHIND,
    Standing.BEHIND: Standing.AHEAD,
}


@pytest.mark.parametrize(
    ("mine", "theirs", "standing"),
    [
        (None, None, Standing.LEVEL),
        (None, Head(1, 1, ONE), Standing.AHEAD),
        (Head(1, 1, ONE), None, Standing.BEHIND),
        (Head(1, 2, ONE), Head(1, 2, ONE), Standing.LEVEL),
        (Head(1, 2, ONE), Head(1, 2, ONE[:16]), Standing.LEVEL),
        (Head(1, 2, ONE), Head(1, 2, TWO), Standing.DIVERGED),
        (Head(1, 2, ONE), Head(1, 3, TWO), Standing.AHEAD),
        (Head(1, 2, ONE), Head(1, 1, TWO), Standing.BEHIND),
    ],
)
def test_standing(mine: Head | None, theirs: Head | None, standing: Standing) -> None:
    assert compare(mine, theirs) is standing


@given(HEADS, HEADS)
def test_both_sides_see_the_same_standing(mine: Head | None, theirs: Head | None) -> None:
    assert compare(theirs, mine) is MIRROR[compare(mine, theirs)]
