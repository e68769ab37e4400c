"""A failing plan is made smaller, and what is left still fails in the same way."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.plan import Plan, draw
from tests.simulation.shrink import failure, shrink


def test_what_does_not_matter_is_left_out() -> None:
    plan = next(plan for plan in map(draw, range(100)) if _crashes(plan) and len(plan.names) > 2)

    smallest = shrink(plan, fails=lambda plan: f"{plan.names[0]} crashed" if _crashes(plan) else None)

    assert len(smallest.acts) == 1
    assert len(smallest.names) == 2


def test_another_failure_is_not_the_same() -> None:
    plan = draw(3)

    def fails(candidate: Plan) -> str:
        return "entries are missing" if len(candidate.acts) == len(plan.acts) else "a deadline does not go away"

    assert len(shrink(plan, fails=fails).acts) == len(plan.acts)


def test_who_knows_nobody_has_nobody_to_wait_for() -> None:
    alone = replace(draw(3), names=("alice",), liar=None, knows=(), qualities=(), first=(("alice", 1),), acts=())
    assert failure(alone) is None


def _crashes(plan: Plan) -> bool:
    return any(act.what in ("crash", "lose power") for act in plan.acts)
