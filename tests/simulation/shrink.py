"""A plan that fails, made smaller as long as it still fails: fewer people, fewer acts, less history."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.checker import SimulationError
from tests.simulation.plan import Act, Plan
from tests.simulation.story import run

_MOST_RUNS = 400


def failure(plan: Plan) -> str | None:
    """How it fails; None if it does not."""
    try:
        run(plan)
    except SimulationError as error:
        return str(error)
    return None


def shrink(plan: Plan, *, fails: Callable[[Plan], str | None] = failure) -> Plan:
    """The smallest plan found that fails in the same way."""
    wanted = _kind(fails(plan))
    runs = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            runs += 1
            if runs > _MOST_RUNS:
                return plan
            if wanted is not None and _kind(fails(candidate)) == wanted:
                plan, smaller = candidate, True
                break
    return plan


def _kind(text: str | None) -> str | None:
    """Without names and numbers."""
    return None if text is None else re.sub(r"\b(alice|bob|carol|dave|erin|mallory)\b|\d+", "", text)


def _smaller(plan: Plan) -> Iterator[Plan]:
    for name in plan.names[1:] if len(plan.names) > 2 else ():
        yield _without(plan, name)
    size = max(1, len(plan.acts) // 2)
    while size:
        for start in range(0, len(plan.acts), size):
            yield replace(plan, acts=(*plan.acts[:start], *plan.acts[start + size :]))
        size //= 2
    if any(count for _, count in plan.first):
        yield replace(plan, first=tuple((name, 0) for name, _ in plan.first))


def _without(plan: Plan, name: str) -> Plan:
    def concerns(act: Act) -> bool:
        return name in (act.who, act.whom) or act.who == name + "-twin"

    return replace(
        plan,
        names=tuple(other for other in plan.names if other != name),
        liar=None if name == "mallory" else plan.liar,
        knows=tuple(pair for pair in plan.knows if name not in pair),
        qualities=tuple(item for item in plan.qualities if name not in item[:2]),
        first=tuple(item for item in plan.first if item[0] != name),
        acts=tuple(act for act in plan.acts if not concerns(act)),
    )
