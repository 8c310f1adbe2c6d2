"""Closed forms: where a formula, or a short computation, gives the optimum at once.

Distributions are those of a scenario: a `Distribution`, a mapping such as `{"name": "poisson", "mu": 5}`, or a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..chance.tables import Table, tabulate
from ..scenario import BadInput, Distribution, Scenario, load
from ..scenario.supports import unsupported


class Level(NamedTuple):
    """An order-up-to level, and the cost a period that comes with it."""

    level: float
    cost: float


class Lot(NamedTuple):
    """A lot size, and the cost a period that comes with it."""

    quantity: float
    cost: float


class ReorderLevels(NamedTuple):
    """At `s` or less order up to `S`; and the cost a period that comes with it."""

    s: float
    S: float
    cost: float


def newsvendor(demand: Any, holding_cost: float, shortage_cost: float, *, whole: bool = True) -> Level:
    """Return the level that balances units left over and units missing (Arrow et al. 1951).

    F(S) = p / (p + h), and the cost is h E(S - D)+ + p E(D - S)+. Demand is cut at 0 and rounded where units are whole.
    """
    return base_stock(demand, holding_cost, shortage_cost, lead_time=0, whole=whole)


def base_stock(
    demand: Any, holding_cost: float, shortage_cost: float, *, lead_time: int = 0, whole: bool = True
) -> Level:
    """Return the best order-up-to level with backlog, a fixed lead time L and no fixed cost.

    It is the newsvendor's for the demand of L + 1 periods (Snyder and Shen 2019, section 4.3). Demand is independent
    from period to period; with continuous units it must be normal, which is not cut at 0 then.
    """
    _positive(holding_cost=holding_cost, shortage_cost=shortage_cost)
    distribution = _distribution(demand)
    ratio = shortage_cost / (shortage_cost + holding_cost)
    if whole:
        values, chances = _sum(_table(distribution), lead_time + 1)
        level = values[np.searchsorted(np.cumsum(chances), ratio - 1e-12)]
        return Level(float(level), float(_newsvendor_cost(level, values, chances, holding_cost, shortage_cost)))
    if distribution.name != "norm":
        raise BadInput(f"demand: must be normal where units are continuous, got {distribution}")
    from scipy.stats import norm

    z = norm.ppf(ratio)
    mean, deviation = (lead_time + 1) * distribution.mean, np.sqrt((lead_time + 1) * distribution.variance)
    return Level(float(mean + z * deviation), float((holding_cost + shortage_cost) * norm.pdf(z) * deviation))


def reorder_levels(
    demand: Any, holding_cost: float, shortage_cost: float, fixed_cost: float, *, lead_time: int = 0
) -> ReorderLevels:
    """Return the best (s, S) policy with backlog, whole units and a fixed lead time.

    By the search of Zheng and Federgruen (1991): with G(y) the newsvendor's cost at position y, and m the renewal
    density of demand, c(s, S) = (K + sum of m(j) G(S - j) for j < S - s) / (sum of m(j) for j < S - s).
    """
    _positive(holding_cost=holding_cost, shortage_cost=shortage_cost)
    table = _table(_distribution(demand))
    values, chances = _sum(table, lead_time + 1)
    chance = np.zeros(int(table.values[-1]) + 1)
    chance[table.values.astype(int)] = table.probabilities
    if chance[0] >= 1.0:
        raise BadInput("demand: must be more than 0 now and then, got 0 always")
    known: dict[int, float] = {}
    density = [1.0 / (1.0 - chance[0])]

    def one_period(y: int) -> float:
        if y not in known:
            known[y] = float(_newsvendor_cost(y, values, chances, holding_cost, shortage_cost))
        return known[y]

    def cost(s: int, S: int) -> float:
        while len(density) < S - s:
            j = len(density)
            back = np.arange(1, min(j, len(chance) - 1) + 1)
            density.append(float(chance[back] @ np.array(density)[j - back]) / (1.0 - chance[0]))
        weights = np.array(density[: S - s])
        return float((fixed_cost + weights @ [one_period(S - j) for j in range(S - s)]) / weights.sum())

    best = int(base_stock(demand, holding_cost, shortage_cost, lead_time=lead_time).level)
    s, S = best - 1, best
    while cost(s, S) > one_period(s):
        s -= 1
    least, high = cost(s, S), S + 1
    while one_period(high) <= least:
        if cost(s, high) < least:
            S = high
            while cost(s, S) <= one_period(s + 1):
                s += 1
            least = cost(s, S)
        high += 1
    return ReorderLevels(float(s), float(S), least)


def economic_order_quantity(demand: float, fixed_cost: float, holding_cost: float) -> Lot:
    """Return the lot sqrt(2 K d / h), which costs sqrt(2 K d h) a period (Harris 1913)."""
    _positive(demand=demand, fixed_cost=fixed_cost, holding_cost=holding_cost)
    return Lot(
        float(np.sqrt(2 * fixed_cost * demand / holding_cost)), float(np.sqrt(2 * fixed_cost * demand * holding_cost))
    )


def economic_order_quantity_with_disruptions(
    demand: float, fixed_cost: float, holding_cost: float, lost_cost: float, failure_rate: float, recovery_rate: float
) -> Lot:
    """Return the best lot when the supplier is down now and then, and what is asked for meanwhile is lost.

    Time is continuous; the supplier's up and down times are exponential with rates a and b. When the stock runs
    out, the supplier is down with chance q = a / (a + b) (1 - exp(-(a + b) Q / d)), and for 1 / b on average; so the
    cost a period is (K + h Q^2 / (2 d) + p d q / b) / (Q / d + q / b) (Parlar and Berkin 1991, as corrected by Berk and
    Arreola-Risa 1994; Snyder and Shen 2019, section 9.2, equation 9.5).
    """
    rates = {"failure_rate": failure_rate, "recovery_rate": recovery_rate}
    _positive(demand=demand, fixed_cost=fixed_cost, holding_cost=holding_cost, lost_cost=lost_cost, **rates)
    from scipy.optimize import minimize_scalar

    both = failure_rate + recovery_rate

    def cost(quantity: float) -> float:
        down = failure_rate / both * -np.expm1(-both * quantity / demand) / recovery_rate
        paid = fixed_cost + holding_cost * quantity**2 / (2 * demand) + lost_cost * demand * down
        return float(paid / (quantity / demand + down))

    usual = economic_order_quantity(demand, fixed_cost, holding_cost).quantity
    upper = 4 * (usual + demand / recovery_rate * (1 + lost_cost / holding_cost))
    grid = np.geomspace(usual / 100, upper, 400)
    k = int(np.argmin([cost(quantity) for quantity in grid]))
    found = minimize_scalar(
        cost, bounds=(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]), options={"xatol": 1e-9}
    )
    return Lot(float(found.x), float(found.fun))


def base_stock_with_disruptions(
    demand: float, holding_cost: float, shortage_cost: float, fail_probability: float, recover_probability: float
) -> Level:
    """Return the best order-up-to level when demand is the same in every period, and the supplier fails now and then.

    The supplier fails in an up period with chance a and recovers in a down period with chance b; orders placed while it
    is down are lost, customers wait. The number of periods that it has been down has the distribution
    P(0) = b / (a + b), P(n) = a b / (a + b) (1 - b)^(n - 1), and S = d (1 + n) with the smallest n for which it is
    p / (p + h) or more (Tomlin 2006; Snyder and Shen 2019, section 9.2, theorem 9.5).
    """
    _positive(demand=demand, holding_cost=holding_cost, shortage_cost=shortage_cost)
    if not (0 < fail_probability <= 1 and 0 < recover_probability <= 1):
        raise BadInput(f"chances: must be from 0 to 1, got {fail_probability} and {recover_probability}")
    level = demand
    while cost_with_disruptions(
        level + demand, demand, holding_cost, shortage_cost, fail_probability, recover_probability
    ) < cost_with_disruptions(level, demand, holding_cost, shortage_cost, fail_probability, recover_probability):
        level += demand
    cost = cost_with_disruptions(level, demand, holding_cost, shortage_cost, fail_probability, recover_probability)
    return Level(float(level), cost)


def cost_with_disruptions(
    level: float,
    demand: float,
    holding_cost: float,
    shortage_cost: float,
    fail_probability: float,
    recover_probability: float,
) -> float:
    """Return what a level costs a period when the supplier fails, as `base_stock_with_disruptions` has it."""
    a, b = fail_probability, recover_probability
    periods = int(level / demand) + 2 + int(np.ceil(50 / b))
    n = np.arange(periods)
    chance = np.where(n == 0, b / (a + b), a * b / (a + b) * (1 - b) ** np.maximum(n - 1, 0))
    left = level - demand * (n + 1)
    return float(chance @ (holding_cost * np.maximum(left, 0) + shortage_cost * np.maximum(-left, 0)))


def best_levels(scenario: Scenario | str) -> ReorderLevels:
    """Return the optimal (s, S) policy of a scenario that is one stock, one supplier and customers who wait.

    Raises:
        BadInput: for a scenario that has more to it, naming what.
    """
    scenario = load(scenario)
    if scenario.units != "whole" or len(scenario.stocks) + len(scenario.lanes) + len(scenario.demands) != 3:
        raise BadInput(f"{scenario.name}: must have whole units, one stock, one lane and one demand for a closed form")
    stock, lane, demand = (
        next(iter(scenario.stocks.values())),
        next(iter(scenario.lanes.values())),
        next(iter(scenario.demands.values())),
    )
    more = [
        place.split(".", 2)[-1] if place.count(".") > 1 else place.removeprefix("objective.")
        for place in unsupported("L", scenario)
    ]
    more += [] if lane.lead_time.is_fixed else ["lead_time: random"]
    more += [] if demand.unmet == "backlog" else ["unmet: lost"]
    more += ["ends"] if scenario.horizon.ends else []
    if more:
        raise BadInput(f"{scenario.name}: has no closed form, for it says {more[0]} (jit_gym.solve may help)")
    found = reorder_levels(
        demand.distribution,
        stock.holding_cost,
        demand.shortage_cost,
        lane.fixed_cost,
        lead_time=int(lane.lead_time.mean),
    )
    bought = lane.unit_cost * _table(_distribution(demand.distribution)).mean
    return found._replace(cost=found.cost + bought)


def _distribution(demand: Any) -> Distribution:
    return (
        demand
        if isinstance(demand, Distribution)
        else Distribution.model_validate(dict(demand) if isinstance(demand, Mapping) else demand)
    )


def _table(distribution: Distribution) -> Table:
    table = tabulate(distribution)
    if table is None:
        raise BadInput(f"demand: has too many values to add up, got {distribution}")
    return table


def _sum(table: Table, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the values and chances of the demand of so many periods."""
    one = np.zeros(int(table.values[-1]) + 1)
    one[table.values.astype(int)] = table.probabilities
    chances = np.ones(1)
    for _ in range(periods):
        chances = np.convolve(chances, one)
    return np.arange(len(chances)), chances


def _newsvendor_cost(level: float, values: np.ndarray, chances: np.ndarray, holding: float, shortage: float) -> float:
    return float(chances @ (holding * np.maximum(level - values, 0) + shortage * np.maximum(values - level, 0)))


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not value > 0:
            raise BadInput(f"{name}: must be more than 0, got {value!r}")
