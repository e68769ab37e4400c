"""Going back over jumps."""

from __future__ import annotations

from app.widgets.trail import MAX_SPOTS, Trail


def test_back_leads_through_where_the_jumps_were_made() -> None:
    trail = Trail[str]()
    assert trail.back() is None
    trail.leave("end")
    trail.leave("Tuesday")
    trail.leave("Tuesday")
    assert trail.back() == "Tuesday"
    assert trail.back() == "end"
    assert trail.back() is None


def test_the_trail_is_bounded() -> None:
    trail = Trail[int]()
    for number in range(3 * MAX_SPOTS):
        trail.leave(number)
    steps = 0
    while trail.back() is not None:
        steps += 1
    assert steps == MAX_SPOTS
