"""Find out what a verdict depends on: how far lead time and shortage cost must move until another rule is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..evaluation.judgement import THRESHOLD
from ..policies import policy
from ..scenario.load import variant
from .trials import World, accepted
from .verdict import PRACTICE, Case, Findings, fitted_before

FACTORS = (1 / 8, 1 / 4, 1 / 2, 2.0, 4.0, 8.0)
"""What the shortage cost is multiplied by."""
RIVALS = 2
"""Other rules that are tuned anew in each world: those that came nearest."""
FARTHEST = 4
"""Periods that a lead time is moved by, at most, from a fixed one."""


class Turn(NamedTuple):
    """Where another rule becomes the better one: at what value, which rule, and by what share; or none up to there."""

    value: float
    rule: str
    by: float


class Depends(NamedTuple):
    """From which lead times, and factors on the shortage cost, below and above, another rule is better (None: none).

    It is `doubtful` where another is better as it is, in the fitted world, as the back-test decided. `lead_time` is the
    present one; None where it is random.
    """

    item: str
    doubtful: bool
    lead_time: float | None
    shorter: Turn | None
    longer: Turn | None
    cheaper: Turn | None
    dearer: Turn | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Depends:
        """Return what was written as plain JSON."""
        turns = {
            name: each and Turn(*each) for name, each in data.items() if name not in ("item", "doubtful", "lead_time")
        }
        return cls(data["item"], data["doubtful"], data["lead_time"], **turns)


def depends(case: Case, found: Findings) -> Depends:
    """Return when another rule than the chosen one would be better, in the world fitted to what came before.

    The chosen rule and its nearest rivals are tuned anew for each lead time and each shortage cost that is tried;
    better means by more than what is practically the same.
    """
    assert found.chosen is not None
    scenario = fitted_before(case.part, case, [found])
    usual = World(scenario)
    scores = {name: each.fitted for name, each in found.tried.items() if each.fitted is not None and name != PRACTICE}
    own = found.chosen
    mine: Any = own if own != PRACTICE else _given(case, found)
    rivals = [name for name in sorted(scores, key=lambda name: scores[name] or 0.0) if name != own][:RIVALS]

    def better(changes: Mapping[str, Any]) -> tuple[str, float] | None:
        world = World(variant(scenario, changes))
        if world.layout.columns == usual.layout.columns and not any(key.endswith("lead_time") for key in changes):
            world.drawn = usual.drawn
        player = accepted(world, mine)[0] if isinstance(mine, str) else policy(mine, world.scenario)
        if player is None:
            return None
        own_cost = world.cost(player)
        costs = {name: world.cost(each) for name in rivals if (each := accepted(world, name)[0]) is not None}
        if not costs:
            return None
        best = min(costs, key=costs.__getitem__)
        saves = (own_cost - costs[best]) / abs(own_cost) if own_cost else 0.0
        return (best, saves) if saves > THRESHOLD else None

    if better({}) is not None:
        return Depends(case.item, True, None, None, None, None, None)
    demand = scenario.demands[f"sell-{case.item}"]
    name, lane = next(iter(scenario.lanes.items()))
    fixed = lane.lead_time.is_fixed and len(scenario.lanes) == 1
    now = int(lane.lead_time.mean) if fixed else 0

    def first(values: list[float], change: Any) -> Turn | None:
        for value in values:
            if (turn := better(change(value))) is not None:
                return Turn(value, *turn)
        return None

    def at_lead_time(periods: float) -> dict[str, Any]:
        return {f"lanes.{name}.lead_time": int(periods)}

    def at_cost(factor: float) -> dict[str, Any]:
        return {f"demands.sell-{case.item}.shortage_cost": demand.shortage_cost * factor}

    shorter = [float(each) for each in _steps(now, max(now - FARTHEST, 0))]
    longer = [float(each) for each in _steps(now, now + FARTHEST)]
    paid = demand.shortage_cost > 0
    return Depends(
        case.item,
        False,
        float(now) if fixed else None,
        first(shorter, at_lead_time) if fixed else None,
        first(longer, at_lead_time) if fixed else None,
        first([each for each in FACTORS[::-1] if each < 1], at_cost) if paid else None,
        first([each for each in FACTORS if each > 1], at_cost) if paid else None,
    )


def _steps(now: int, last: int) -> list[int]:
    """Return whole numbers on the way from one to another, the first of them one away and then twice as far."""
    sign, far = (1 if last > now else -1), abs(last - now)
    steps = [far] if far else []
    step = 1
    while step < far:
        steps.append(step)
        step *= 2
    return [now + sign * each for each in sorted(set(steps))]


def _given(case: Case, found: Findings) -> Any:
    """Return today's rule, whose parameters stay as they are."""
    return case.practice.rule_for(case.item, float(np.nanmean(case.units[: case.first])))
