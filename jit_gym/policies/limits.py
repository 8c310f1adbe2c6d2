"""What the textbooks' formulas leave out of account of a scenario: said in notes, so that a ranking is not misread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np

from .plan import Plan, outstanding

FEW = 2  # names that are listed; of more it is said how many

Names = Callable[[Plan], Iterator[str]]


class Limit(NamedTuple):
    """Something that a formula may not know: in words, and the names of the parts of a scenario that have it."""

    words: str
    names: Names


def _with(table: str, *keys: str) -> Names:
    """Return a function that yields the names of a table's parts which give one of these fields a value."""

    def names(plan: Plan) -> Iterator[str]:
        for name, part in getattr(plan.scenario, table).items():
            if any(getattr(part, key) for key in keys):
                yield name

    return names


def _events(table: str) -> Names:
    return lambda plan: iter(getattr(plan.scenario, table))


def _lost(plan: Plan) -> Iterator[str]:
    """Yield the demands that are lost where a lead time makes that matter: the formula is for customers who wait."""
    for name, demand in plan.scenario.demands.items():
        slow = any(plan.lead_time[plan.layout.stocks.index(stock)] > 0 for stock in demand.draws_on)
        if demand.unmet == "lost" and slow:
            yield name


def _capacity(plan: Plan) -> Iterator[str]:
    """Yield the lanes whose capacity may bind: it is less than three deviations above the mean use of a period."""
    for m, (name, lane) in enumerate(plan.scenario.lanes.items()):
        i = int(plan.layout.into[m].argmax())
        most = plan.shares[m] * (plan.mean[i] + 3 * np.sqrt(plan.variance[i]))
        if lane.capacity is not None and lane.capacity < most:
            yield name


def _quality(plan: Plan) -> Iterator[str]:
    """Yield the lanes whose deliveries are rejected in part, and the suppliers who fall short."""
    yield from plan.layout.columns.defects
    for name, supplier in plan.scenario.suppliers.items():
        if supplier.short and supplier.short.chance:
            yield name


def _correlated(plan: Plan) -> Iterator[str]:
    for each in plan.scenario.correlations:
        yield " with ".join(each.between)


LIMITS: dict[str, Limit] = {
    "lost": Limit("lost sales", _lost),
    "season": Limit("seasons", _with("demands", "season")),
    "trend": Limit("trends", _with("demands", "trend")),
    "spikes": Limit("spikes", _events("spikes")),
    "autocorrelation": Limit("autocorrelation", _with("demands", "autocorrelation")),
    "regimes": Limit("regimes", _with("demands", "regimes")),
    "correlations": Limit("correlations", _correlated),
    "capacity": Limit("capacities", _capacity),
    "lots": Limit("batches and minimum orders", _with("lanes", "batch", "minimum_order")),
    "fixed_cost": Limit("fixed costs", _with("lanes", "fixed_cost")),
    "vehicles": Limit("vehicle costs", _with("routes", "vehicle_cost")),
    "quality": Limit("defects and short shipments", _quality),
    "disruptions": Limit("disruptions", _events("disruptions")),
    "shelf_life": Limit("shelf lives", _with("stocks", "shelf_life")),
    "obsolete": Limit("obsolescence", _with("stocks", "obsolete")),
    "storage": Limit("storage limits", _with("stocks", "storage_limit")),
}
"""What may matter to a formula; a rule says which of these it `knows`."""

FORECAST = frozenset({"season", "trend", "spikes", "autocorrelation", "regimes"})
"""What a rule knows that follows the forecast, and whose safety stock is for what that does not know."""


def ignored(plan: Plan, knows: Collection[str]) -> list[str]:
    """Return what a scenario has that a formula which knows these does not take into account, each with its names."""
    found = ((limit.words, list(limit.names(plan))) for key, limit in LIMITS.items() if key not in knows)
    return [f"{words} ({listed(names)})" for words, names in found if names]


def overtaking(plan: Plan) -> list[str]:
    """Return the main lanes on which later orders arrive before earlier ones, so that fewer vary in number."""
    lanes = plan.scenario.lanes
    return [
        name
        for name in dict.fromkeys(plan.main)
        if lanes[name].crossing and outstanding(plan.scenario, name)[1] < lanes[name].lead_time.variance - 1e-9
    ]


def replayed(plan: Plan) -> list[str]:
    """Return the demands whose history is replayed as it was: its mean and variance are those of what is to come."""
    demands = plan.scenario.demands.items()
    return [name for name, demand in demands if demand.history and demand.history.replay == "as-it-was"]


def listed(names: list[str]) -> str:
    """Return names as a list in words: the first few, and how many more there are."""
    shown = [*names[:FEW], f"{len(names) - FEW} more"] if len(names) > FEW + 1 else names
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else shown[0]
