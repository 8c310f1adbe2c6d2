"""Which orders the solver looks at in which states, and how many customers may wait: both must be finite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import comb, prod
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes
from ..common.text import counted, nearest
from ..physics import Layout
from ..policies.plan import PlanningData
from ..scenario import BadInput, Scenario
from .merging import Merging
from .process import TooMany

MOST_ORDERS = 20_000  # combinations of orders that are looked at in each state


@dataclass(frozen=True)
class ActionLimits:
    """Between which inventory positions orders leave each stock, what lanes order at most, and how long backlogs are.

    An order may raise a stock's position up to `high`, and must raise it to `low` if that is possible.
    """

    low: np.ndarray  # (stocks,)
    high: np.ndarray  # (stocks,)
    most_ordered: np.ndarray  # (lanes,): as the caller says, or inf
    backlog: np.ndarray  # (demands,): what waits beyond it is left out

    @property
    def has_backlog_limit(self) -> bool:
        """Tell whether any backlog is limited."""
        return bool(np.isfinite(self.backlog).any())

    def allow(self, positions: np.ndarray, raises: np.ndarray) -> np.ndarray:
        """Tell which orders are looked at in which states (states, orders).

        Args:
            positions: inventory positions (states, stocks).
            raises: what each order adds to them (orders, stocks).
        """
        after = positions[:, None] + raises
        too_high = (raises > 0) & (after > self.high)
        too_low = (after < self.low) & (raises < raises.max(axis=0))
        return ~(too_high | too_low).any(axis=2)


def first_limits(
    scenario: Scenario, outcomes: Outcomes, most_ordered: float | Mapping[str, float] | None, *, outages_count: bool
) -> ActionLimits:
    """Return where to begin: around the newsvendor's level, and the lot that spreads the fixed costs (Harris 1913).

    Backlogs are limited where disruptions may make any number of customers wait, if they do so in the states that are
    enumerated (`outages_count`), and where what may be ordered is limited.
    """
    plan = PlanningData(scenario)
    layout = plan.layout
    lanes = list(scenario.lanes.values())
    slowest = [
        max(lanes[m].lead_time.mean + lanes[m].order_delay for m in np.flatnonzero(into)) for into in layout.into.T
    ]
    slowest_later = np.maximum(np.array(slowest), plan.lead_time)
    fixed = [sum(_fixed_cost(scenario, lanes[m]) for m in np.flatnonzero(into)) for into in layout.into.T]
    holding = np.where(plan.holding_cost > 0, plan.holding_cost, np.inf)
    lot = np.sqrt(2 * np.array(fixed) * plan.mean / holding)
    ratio = np.minimum(plan.critical_ratio, 0.999)
    backlogged = stocks_with_backlog(scenario)
    margin = np.where(backlogged, np.sqrt(plan.variance), 0.0)
    high = plan.level(ratio, slowest_later, lead_time_variance=0.0) + np.ceil(margin + 1.2 * lot) + 1
    low = np.where(backlogged, -np.ceil(plan.mean + (1 - ratio) * lot), 0.0)
    most = _most_by_lane(scenario, most_ordered)
    high = _with_room_for_a_batch(scenario, layout, low, high)
    backlog = np.full(len(scenario.demands), np.inf)
    if _supply_is_limited(scenario, outages_count) or np.isfinite(most).any():
        backlog = _first_backlog(scenario, outcomes, high)
    return ActionLimits(low, high, most, backlog)


def _first_backlog(scenario: Scenario, outcomes: Outcomes, high: np.ndarray) -> np.ndarray:
    """Return a first limit for each backlog, from demand and the positions' limits (demands,)."""
    asked = outcomes.demand[:, list(outcomes.columns.demand.values())]
    mean, top = (outcomes.demand_chance @ asked).max(axis=0), asked.max(axis=0)
    backlogs = np.array([demand.unmet == "backlog" for demand in scenario.demands.values()])
    return np.where(backlogs, np.ceil(np.maximum(2 * top, 10 * mean) + 2 * high.max()), np.inf)


def _supply_is_limited(scenario: Scenario, outages_count: bool) -> bool:
    events = [event for keys in scenario.hit_by.values() for event in keys]
    stops = [event for event in events if outages_count or scenario.disruptions[event].stops == "ordering"]
    return bool(stops or any(scenario.capacities.values()))


def _fixed_cost(scenario: Scenario, lane: Any) -> float:
    """Return what it costs to order once on a lane, its vehicle included."""
    route = scenario.routes.get(lane.route) if lane.route else None
    return float(lane.fixed_cost + getattr(route, "vehicle_cost", 0.0))


def stocks_with_backlog(scenario: Scenario) -> np.ndarray:
    """Tell for which stocks customers, or orders of other stocks, may wait (stocks,)."""
    found = {name: False for name in scenario.stocks}
    for demand in scenario.demands.values():
        for name in demand.draws_on:
            found[name] |= demand.unmet == "backlog"
    for lane in scenario.lanes.values():
        for name in lane.uses:
            found[name] |= lane.unshipped == "waits"
    return np.array(list(found.values()))


def _most_by_lane(scenario: Scenario, most_ordered: float | Mapping[str, float] | None) -> np.ndarray:
    """Return what each lane may order at most, as the caller says, or inf (lanes,)."""
    by_lane = most_ordered if isinstance(most_ordered, Mapping) else dict.fromkeys(scenario.lanes, most_ordered)
    most = np.full(len(scenario.lanes), np.inf)
    for name, value in by_lane.items():
        if name not in scenario.lanes:
            raise BadInput(f"most_ordered: unknown lane {name!r}{nearest(str(name), scenario.lanes)}")
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
            raise BadInput(f"most_ordered: must be more than 0, got {value!r} for {name}")
        most[list(scenario.lanes).index(name)] = value
    return most


def _with_room_for_a_batch(scenario: Scenario, layout: Layout, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return `high` raised so that the largest batch, least order or full load of each stock fits above `low`."""
    high = high.copy()
    for m, lane in enumerate(scenario.lanes.values()):
        row = layout.net.lanes[m]
        load = scenario.routes[lane.route].vehicle_capacity if lane.route and row["fills"] else None
        i, least = int(row["to"]), max(lane.batch or 1.0, lane.minimum_order, load or 0.0)
        high[i] = max(high[i], low[i] + least + 1)
    return high


def useful_orders(layout: Layout, outcomes: Outcomes, limits: ActionLimits) -> np.ndarray:
    """Return all orders that may be of use in some state (orders, lanes).

    Raises:
        TooMany: if there are too many combinations of the lanes' orders.
    """
    scenario = layout.scenario
    asked = _most_asked(layout, outcomes)
    largest: dict[str, float] = {}
    choices: dict[str, np.ndarray] = {}
    backlogged = stocks_with_backlog(scenario)
    for stock in scenario.downstream_first:
        i = layout.stocks.index(stock)
        reach = asked[i] + sum(
            largest[name] * lane.uses[stock] for name, lane in scenario.lanes.items() if stock in lane.uses
        )
        if len(scenario.lanes) == 1 and limits.has_backlog_limit:
            reach += limits.backlog[np.isfinite(limits.backlog)].sum()  # after a time when nothing could be ordered
        reach = limits.high[i] - limits.low[i] + (reach if backlogged[i] else 0.0)
        for name in scenario.feeds[stock]:
            m = layout.lanes.index(name)
            row = layout.net.lanes[m]
            most = min(reach, float(row["order_limit"]), limits.most_ordered[m])
            batch = float(row["batch"])
            sizes = batch * np.arange(np.floor(most / batch + 1e-9) + 1)
            choices[name] = sizes[(sizes == 0) | (sizes >= row["least"])]
            largest[name] = float(choices[name][-1])
    if (many := prod(len(sizes) for sizes in choices.values())) > MOST_ORDERS:
        raise TooMany(
            f"{scenario.name}: has {counted(many)} combinations of orders in each state, too many to enumerate "
            "(order in batches, or limit most_ordered)"
        )
    return np.array(list(product(*(choices[name] for name in layout.lanes))), float)


def estimated_states(layout: Layout, outcomes: Outcomes, merging: Merging, limits: ActionLimits) -> float:
    """Return about how many pre-decision states there are: units in so many places that add up to no more than so many.

    The places are those on hand, on the way and in the mail, by period of arrival.
    """
    asked = _most_asked(layout, outcomes)
    total = 1.0
    for i, stock in enumerate(layout.stocks):
        span = int(limits.high[i] - limits.low[i] + (asked[i] if limits.low[i] < 0 else 0))
        places = 1
        for name in layout.scenario.feeds[stock]:
            m = layout.lanes.index(name)
            row = layout.net.lanes[m]
            places += max(0, int(row["last_slot"] - row["first_slot"]) - 1 - int(merging.arrives_early[m]))
            places += int(row["last_transmitted"] - row["first_transmitted"])
        total *= comb(span + places, places)
    return total


def _most_asked(layout: Layout, outcomes: Outcomes) -> np.ndarray:
    """Return the units of each stock that demand may ask for in a period at most (stocks,)."""
    most: np.ndarray = outcomes.demand[:, list(outcomes.columns.demand.values())].max(axis=0) @ layout.needs
    return most


def quantity_step(scenario: Scenario, outcomes: Outcomes) -> float:
    """Return a number that all quantities are multiples of: a backlog is cut by a multiple of it.

    Otherwise cutting could lead to states that are never reached, from which there may be no way back.
    """
    kits = [lane.uses for lane in scenario.lanes.values()] + [demand.draws_on for demand in scenario.demands.values()]
    if any(units != 1 for kit in kits for units in kit.values()):
        return 1.0
    asked = outcomes.demand[:, list(outcomes.columns.demand.values())]
    batches = [lane.batch or 1.0 for lane in scenario.lanes.values()]
    return float(np.gcd.reduce(np.array([*asked.ravel(), *batches], int)))
