"""What a second source, a warning and information are worth: paired differences between variants of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..common.statistics import Estimate
from ..policies import PolicyError
from ..scenario import Scenario, load
from ..scenario.load import variant
from ..scenario.window import slowest_delivery
from .comparison import named
from .metrics import net_cost
from .play import name_of
from .rollout import evaluate

QUESTIONS = {
    "second source": "all lanes but the main one of each stock, against the main one alone",
    "warning": "disruptions announced {warning} {period}s ahead, against those that are seen as they begin",
    "information": "disruptions that are seen as they begin, against those that nobody tells of",
}
"""What is asked, and which two worlds are compared."""


class Worth(NamedTuple):
    """What a policy saves by something: its costs less revenue without it, less those with it, money a period.

    `unused` tells that the policy plays the same on every path, as where it does not look at it.
    """

    policy: str
    question: str
    saved: Estimate
    unused: bool


def worth(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    *,
    warning: int | None = None,
    paths: int = 1024,
    seed: int = 0,
) -> list[Worth]:
    """Measure what a second source, a warning and information are worth to each policy, on the same paths.

    A policy that is named by its name gets its parameters by formula for each of the two worlds; one with parameters
    keeps them. Policies that cannot play one of the worlds, such as a rule for two suppliers with one, are left out of
    that question, and questions that a scenario does not pose are not asked.

    Args:
        policies: names, policies or functions; None plays those that the scenario names.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        warning: periods ahead, by default the longest mean lead time and one more.
        paths: how many paths.
        seed: of the traces.
    """
    scenario = load(scenario)
    warning = 1 + slowest_delivery(scenario) if warning is None else warning
    found = []
    for question, (having, lacking) in variants(scenario, warning).items():
        for each in named(policies, scenario):
            try:
                results = [evaluate(each, world, paths=paths, seed=seed) for world in (lacking, having)]
            except PolicyError:
                continue
            costs = [net_cost(result.figures, result.scenario, result.periods) for result in results]
            name = each if isinstance(each, str) else name_of(each)
            saved = costs[0] - costs[1]
            found.append(Worth(name, question, Estimate.of(saved), not np.any(saved)))
    return found


def variants(scenario: Scenario, warning: int) -> dict[str, tuple[Scenario, Scenario]]:
    """Return for each question that a scenario poses the world with it, and the one without it."""
    found = {}
    second = [lane for into in scenario.feeds.values() for lane in _beside_the_main_one(scenario, into)]
    if second:
        found["second source"] = scenario, without_lanes(scenario, second)
    if any(scenario.hit_by.values()):
        told = _seen(scenario, announced=0)
        found["warning"] = _seen(scenario, announced=warning), told
        found["information"] = told, _seen(scenario, seen="hidden")
    return found


def _beside_the_main_one(scenario: Scenario, into: tuple[str, ...]) -> list[str]:
    main = max(into, key=scenario.shares.__getitem__, default=None)
    return [name for name in into if name != main]


def without_lanes(scenario: Scenario, lanes: Sequence[str]) -> Scenario:
    """Return a scenario without some lanes, their suppliers and routes, and what hits these alone."""
    kept = {name: lane for name, lane in scenario.lanes.items() if name not in lanes}
    suppliers, routes = ({getattr(lane, table) for lane in kept.values()} for table in ("supplier", "route"))
    known = {*kept, *suppliers, *routes}
    changes: dict[str, Any] = {
        "lanes": {name: None if name in lanes else {"share": None} for name in scenario.lanes},
        "suppliers": {name: None for name in scenario.suppliers if name not in suppliers},
        "routes": {name: None for name in scenario.routes if name not in routes},
        "disruptions": {},
    }
    for name, event in scenario.disruptions.items():
        left = [target for target in event.hits if target in known]
        changes["disruptions"][name] = {"hits": left} if left else None
    return variant(scenario, {table: parts for table, parts in changes.items() if parts})


def _seen(scenario: Scenario, seen: str = "at-once", announced: int = 0) -> Scenario:
    """Return a scenario all of whose disruptions are seen in one way."""
    how = {"seen": seen, "announced": announced, "seen_late": 0}
    return variant(scenario, {"disruptions": {name: dict(how) for name in scenario.disruptions}})
