"""Going back over jumps."""

from __future__ import annotations

from app.widgets.trail import MAX_SPOTS, Trail


def test_back_and_forward_lead_through_where_the_jumps_were_made() -> None:
    trail = Trail[str]()
    assert trail.back("here") is None
    trail.leave("end")
    trail.leave("Tuesday")
    assert trail.back("reply") == "Tuesday"
    assert trail.back("Tuesday") == "end"
    assert trail.back("end") is None
    assert trail.forward("end") == "Tuesday"
    assert trail.forward("Tuesday") == "reply"
    assert trail.forward("reply") is None


def test_a_jump_from_where_one_went_back_to_forgets_what_lay_ahead() -> None:
    trail = Trail[str]()
    trail.leave("end")
    assert trail.back("Tuesday") == "end"
    trail.leave("end")
    assert trail.forward("Friday") is None
    assert trail.back("Friday") == "end"


def test_the_trail_is_bounded() -> None:
    trail = Trail[int]()
    for number in range(3 * MAX_SPOTS):
        trail.leave(number)
    steps = 0
    while trail.back(0) is not None:
        steps += 1
    assert steps == MAX_SPOTS
