"""What the textbooks' formulas leave out of account of a scenario: said in notes, so that a ranking is not misread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np

from .lead_times import outstanding
from .plan import PlanningData

FEW = 2  # names that are listed; of more it is said how many

Names = Callable[[PlanningData], Iterator[str]]


class Limit(NamedTuple):
    """Something that a formula may not know: in words, the fields that say it, and the names of the parts with them."""

    words: str
    fields: tuple[str, ...]
    where: Names | None = None  # which parts have it, where that is not just those that give one of the fields a value

    def names(self, plan: PlanningData) -> Iterator[str]:
        """Yield the names of a scenario's parts that have it."""
        if self.where is not None:
            yield from self.where(plan)
            return
        given: dict[str, list[str]] = {}
        for table, _, key in (field.partition(".") for field in self.fields):
            given.setdefault(table, []).append(key)
        for table, keys in given.items():
            for name, part in getattr(plan.scenario, table).items():
                if any(getattr(part, key) for key in keys):
                    yield name


def _lost(plan: PlanningData) -> Iterator[str]:
    """Yield the demands that are lost where a lead time makes that matter: the formula is for customers who wait."""
    for name, demand in plan.scenario.demands.items():
        slow = any(plan.lead_time[plan.stocks.index(stock)] > 0 for stock in demand.draws_on)
        if demand.unmet == "lost" and slow:
            yield name


def _capacity(plan: PlanningData) -> Iterator[str]:
    """Yield the lanes whose capacity may bind, then the suppliers and routes whose lanes share one that may.

    It may where it is less than three deviations above the mean use of a period.
    """
    means, variances = dict[str, float](), dict[str, float]()
    for m, (name, lane) in enumerate(plan.scenario.lanes.items()):
        i = int(plan.stock_of[m])
        most = plan.shares[m] * (plan.mean[i] + 3 * np.sqrt(plan.variance[i]))
        if lane.capacity is not None and lane.capacity < most:
            yield name
        for place in plan.scenario.shared_by(name):
            means[place] = means.get(place, 0.0) + plan.shares[m] * plan.mean[i]
            variances[place] = variances.get(place, 0.0) + plan.shares[m] ** 2 * plan.variance[i]
    for place, mean in means.items():
        table, _, name = place.partition(".")
        if getattr(plan.scenario, table)[name].capacity < mean + 3 * np.sqrt(variances[place]):
            yield name


def _quality(plan: PlanningData) -> Iterator[str]:
    """Yield the lanes whose deliveries are rejected in part, and the suppliers who fall short."""
    yield from plan.lanes_with_defects
    for name, supplier in plan.scenario.suppliers.items():
        if supplier.short and supplier.short.chance:
            yield name


def _aged(plan: PlanningData) -> Iterator[str]:
    """Yield the lanes whose goods arrive with a part of their shelf life gone."""
    for name, lane in plan.scenario.lanes.items():
        if lane.age_on_arrival.highest > 0:
            yield name


def _rented(plan: PlanningData) -> Iterator[str]:
    """Yield the warehouses where space is rented and more may be needed: what a unit costs depends on what is there."""
    for name, warehouse in plan.scenario.warehouses.items():
        if warehouse.space and warehouse.rate:
            yield name


def _asked(plan: PlanningData) -> Iterator[str]:
    """Yield the fill rate that is asked for."""
    if plan.scenario.objective.fill_rate is not None:
        yield f"{100 * plan.scenario.objective.fill_rate:g} %"


def _correlated(plan: PlanningData) -> Iterator[str]:
    for each in plan.scenario.correlations:
        yield " with ".join(each.between)


LIMITS: dict[str, Limit] = {
    "lost": Limit("lost sales", ("demands.unmet",), _lost),
    "season": Limit("seasons", ("demands.season",)),
    "trend": Limit("trends", ("demands.trend",)),
    "markdown": Limit("markdowns", ("demands.markdown",)),
    "spikes": Limit("spikes", ("spikes.hits",)),
    "autocorrelation": Limit("autocorrelation", ("demands.autocorrelation",)),
    "regimes": Limit("regimes", ("demands.regimes",)),
    "correlations": Limit("correlations", ("correlations.between",), _correlated),
    "capacity": Limit("capacities", ("lanes.capacity", "suppliers.capacity", "routes.capacity"), _capacity),
    "lots": Limit("batches and minimum orders", ("lanes.batch", "lanes.minimum_order")),
    "fixed_cost": Limit("fixed costs", ("lanes.fixed_cost",)),
    "vehicles": Limit("vehicle costs", ("routes.vehicle_cost", "routes.full_loads")),
    "delays": Limit("drifting lead times, of which it knows the mean", ("lanes.delays",)),
    "quality": Limit("defects and short shipments", ("lanes.defects", "suppliers.short"), _quality),
    "disruptions": Limit("disruptions", ("disruptions.hits",)),
    "shelf_life": Limit("shelf lives", ("stocks.shelf_life",)),
    "age": Limit("ages on arrival", ("lanes.age_on_arrival", "lanes.minimum_life"), _aged),
    "rented": Limit("rented space", ("warehouses.space",), _rented),
    "shrinkage": Limit("shrinkage", ("stocks.shrinkage",)),
    "obsolete": Limit("obsolescence", ("stocks.obsolete",)),
    "storage": Limit("storage limits", ("stocks.storage_limit",)),
    "service": Limit("the fill rate that is asked for", ("objective.fill_rate",), _asked),
}
"""What may matter to a formula; a rule says which it `knows`. In `scenario.supports` their fields lack the F."""

FORECAST = frozenset({"season", "trend", "markdown", "spikes", "autocorrelation", "regimes"})
"""What a rule knows that follows the forecast, and whose safety stock is for what that does not know."""


def ignored(plan: PlanningData, knows: Collection[str]) -> list[str]:
    """Return what a scenario has that a formula which knows these does not take into account, each with its names."""
    found = ((limit.words, list(limit.names(plan))) for key, limit in LIMITS.items() if key not in knows)
    return [f"{words} ({listed(names)})" for words, names in found if names]


def overtaking(plan: PlanningData) -> list[str]:
    """Return the main lanes on which later orders arrive before earlier ones, so that fewer vary in number."""
    lanes = plan.scenario.lanes
    return [
        name
        for name in dict.fromkeys(plan.main)
        if lanes[name].crossing and outstanding(plan.scenario, name)[1] < lanes[name].lead_time.variance - 1e-9
    ]


def replayed(plan: PlanningData) -> list[str]:
    """Return the demands whose history is replayed as it was: its mean and variance are those of what is to come."""
    demands = plan.scenario.demands.items()
    return [name for name, demand in demands if demand.history and demand.history.replay == "as-it-was"]


def listed(names: list[str]) -> str:
    """Return names as a list in words: the first few, and how many more there are."""
    shown = [*names[:FEW], f"{len(names) - FEW} more"] if len(names) > FEW + 1 else names
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else shown[0]
