"""Judge items together where they share trucks, a supplier's capacity or rented space: the whole scenario is played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..common.text import plural
from ..physics import Layout
from ..policies import RULES, policy
from ..scenario import BadInput, Scenario
from .mixed import Mixed
from .practice import Ordered
from .replay import Known, filled, foretold_before, known_trace
from .trials import Play, World, play
from .verdict import PRACTICE, Case, Findings, Tried, fitted_before
from .worlds import Shop

PATHS = 32
"""Paths of the fitted world on which combinations of rules are compared."""


def judge_together(shop: Shop, cases: Sequence[Case], findings: Sequence[Findings]) -> tuple[str, ...]:
    """Choose the rules of all items together, and replace what was found item by item; say what was decided.

    Candidates are the rule that was chosen for each item, and each rule for all items; parameters are those that were
    tuned for each item with its part of what is shared. The one that costs least in the fitted world is chosen. Costs
    that items share are divided among them by what they ordered.
    """
    judged = [k for k, found in enumerate(findings) if found.chosen is not None]
    if not judged:
        return ()
    some, found = [cases[k] for k in judged], [findings[k] for k in judged]
    scenario = fitted_before(shop.part([case.item for case in some]), some[0], found)
    world = World(scenario)
    trace = world.chance.draw(1, PATHS, world.periods)
    options = {name: _option(world, found, name) for name in ("each its own", *some[0].rules, PRACTICE)}
    costs = {}
    for name, player in options.items():
        if player is not None and not (name == PRACTICE and some[0].practice.orders is not None):
            costs[name] = float(play(player, world, trace).cost.mean())
    best = min(costs, key=costs.__getitem__)
    sales = {}
    for case in some:
        sold, short, promoted = (each[case.first : case.last] for each in (case.units, case.short, case.promoted))
        mean = foretold_before(scenario, f"sell-{case.item}", promoted)
        sales[f"sell-{case.item}"] = Known(filled(sold, short, mean, case.whole)[0], promoted)
    held_out = known_trace(world.chance, some[0].seed, PATHS, sales)
    if some[0].practice.orders is not None:
        options[PRACTICE] = _ordered(world.layout, some)
    plays = {name: play(options[name], world, held_out) for name in dict.fromkeys((best, PRACTICE))}
    for k, each in enumerate(found):
        key = str(each.chosen) if best == "each its own" else best
        for name, told in ((PRACTICE, plays[PRACTICE]), (key, plays[best])):
            if name in each.tried:
                each.tried[name] = _of_item(each.tried[name], told, k, _costs(scenario, told, k))
        each.chosen, each.why = key, "costs least where all items are played together"
        for column, told in (("chosen", plays[best]), ("today", plays[PRACTICE])):
            each.series[f"cost_{column}"] = _costs(scenario, told, k).tolist()
            for field in ("held", "short", "ordered"):
                each.series[f"{field}_{column}"] = getattr(told, field)[:, k].tolist()
    what = "a rule of its own for each item" if best == "each its own" else best
    what = "today's practice" if best == PRACTICE else what
    return (
        f"Items share {', '.join(shop.coupled)}: {plural(len(found), 'item')} were played together. Of "
        f"{len(costs)} combinations {what} costs least in the fitted world.",
        "What items share is divided among them by what they ordered.",
    )


def _option(world: World, findings: Sequence[Findings], name: str) -> Any:
    """Return a combination of rules: that of each item, or one for all; None where some item does not have it."""
    layout = world.layout
    keys = [found.chosen if name == "each its own" else name for found in findings]
    if any(key not in found.tried for key, found in zip(keys, findings, strict=True)):
        return None
    texts: dict[str, list[int]] = {}
    for k, (key, found) in enumerate(zip(keys, findings, strict=True)):
        texts.setdefault(found.tried[str(key)].rule.partition("(")[0], []).append(k)
    players, lanes = [], []
    for rule, places in texts.items():
        parameters: dict[str, dict[str, float]] = {}
        for k in places:
            for parameter, value in findings[k].tried[str(keys[k])].parameters.items():
                parameters.setdefault(parameter, {})[findings[k].item] = value
        try:
            players.append(policy(_named(rule, parameters), world.scenario))
        except BadInput:
            return None
        lanes.append(layout.into[:, places].any(axis=1).astype(float))
    return Mixed(players, lanes, name)


def _named(rule: str, parameters: dict[str, dict[str, float]]) -> Any:
    return RULES[rule](**parameters) if rule in RULES else rule


def _ordered(layout: Layout, cases: Sequence[Case]) -> Any:
    """Return what was ordered of all items, on the first lane of each."""
    orders = np.zeros((cases[0].last - cases[0].first, len(layout.lanes)))
    for k, case in enumerate(cases):
        lane = int(np.flatnonzero(layout.into[:, k])[0])
        told = case.practice.ordered(case.item)
        if told is not None:
            orders[:, lane] = told[case.first : case.last]
    return Ordered(orders)


def _costs(scenario: Scenario, told: Play, k: int) -> np.ndarray:
    """Return an item's part of each period's cost (periods,): its own, and of what is shared its share of orders."""
    stocks, demands = list(scenario.stocks.values()), list(scenario.demands.values())
    fixed = [next(lane.fixed_cost for lane in scenario.lanes.values() if lane.to == name) for name in scenario.stocks]
    own = np.stack(
        [
            stock.holding_cost * told.held[:, j]
            + demand.shortage_cost * told.unmet[:, j]
            - demand.price * (told.demanded[:, j] - told.short[:, j])
            + cost * told.placed[:, j]
            for j, (stock, demand, cost) in enumerate(zip(stocks, demands, fixed, strict=True))
        ],
        axis=1,
    )
    shared = told.cost - own.sum(axis=1)
    total = told.ordered.sum(axis=0)
    share = total / total.sum() if total.sum() > 0 else np.full(len(total), 1 / len(total))
    return np.asarray(own[:, k] + shared * share[k])


def _of_item(tried: Tried, told: Play, k: int, costs: np.ndarray) -> Tried:
    demanded = float(told.demanded[:, k].sum())
    return Tried(
        tried.rule, tried.parameters, tried.score, tried.fitted, tried.back_test, float(costs.mean()),
        1.0 - float(told.short[:, k].sum()) / demanded if demanded > 0 else 1.0,
        float(told.held[:, k].mean()), float(told.ordered[:, k].mean()), float(told.left[k]), tried.expected,
    )  # fmt: skip
