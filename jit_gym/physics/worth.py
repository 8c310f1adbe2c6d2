"""What the units in a business are worth at a moment: at what it costs to buy them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..chance.demand import price_left
from .layout import Layout
from .numbers import like


class Rates(NamedTuple):
    """Money per unit, at one moment, of all that a state holds.

    Stocks that perish are valued by the age of their units, in the places of the pipeline that hold them; their
    `on_hand` is 0.
    """

    on_hand: np.ndarray  # (stocks,)
    on_the_way: np.ndarray  # (stocks,)
    by_age: np.ndarray  # (slots, stocks)
    owed: np.ndarray  # (demands,): units that customers wait for
    price: np.ndarray  # (demands,): what they will pay


class Worth:
    """Values the units of a business that goes on when its costs stop being counted (`objective.leftovers`).

    A unit on hand or on the way is worth what it costs to buy, on the cheapest lane, with all that goes into it. A
    customer who waits is as good as served with such units. So leftover stock is no loss, and what is bought for later
    periods does not count in earlier ones (Veinott 1965). No policy gains by buying units only to be left with them,
    since each is worth no more than it costs.
    """

    def __init__(self, layout: Layout) -> None:
        """Find out what a scenario's units cost."""
        self.layout, self.scenario = layout, layout.scenario
        self._goes_on = not self.scenario.horizon.ends and self.scenario.objective.leftovers == "at-cost"
        scrapped = any(stock.obsolete and stock.scrap_value for stock in self.scenario.stocks.values())
        self.counts = any(np.any(rate) for rate in self.rates(0)) or (self._goes_on and scrapped)
        """Whether anything has a worth at all; where this is false, nothing needs to be computed."""

    def rates(self, period: int) -> Rates:
        """Return what each unit is worth at the start of a period; all are 0 where leftovers are worth nothing."""
        layout, net, scenario = self.layout, self.layout.net, self.scenario
        cost = self.unit_costs(period) * self._goes_on
        other = np.array([stock.terminal_value > 0 for stock in scenario.stocks.values()])  # a value of their own
        value = np.where(other, 0.0, cost)
        by_age = np.zeros((layout.sizes.slots, len(value)))
        for i, row in enumerate(net.stocks):
            life = int(row["last_age"]) - int(row["first_age"])
            by_age[int(row["first_age"]) : int(row["last_age"]), i] = value[i] * np.arange(1, life + 1) / max(life, 1)
        settled = np.array([demand.terminal_cost > 0 for demand in scenario.demands.values()], bool)
        waits = (net.demands["backlogs"] > 0) * self._goes_on * ~settled
        prices = [demand.price * price_left(demand, scenario.horizon, period) for demand in scenario.demands.values()]
        return Rates(
            on_hand=np.where(net.stocks["perishable"] > 0, 0.0, value),
            on_the_way=value,
            by_age=by_age,
            owed=waits * (layout.needs @ cost),
            price=waits * np.array(prices),
        )

    def of(self, source: Any, period: int) -> tuple[Any, Any]:
        """Return what goods are worth, and what waiting customers will pay, at the start of a period (paths,).

        Both are 0 where nothing counts.

        Args:
            source: what can tell a state: a simulation, on NumPy or on tensors, or enumerated states.
            period: the period that begins, from 0.
        """
        layout, rates = self.layout, self.rates(period)
        on_hand, backlog = source.read("stocks", "on_hand"), source.read("demands", "backlog")
        coming = source.read("lanes", "in_transit") @ like(layout.into, on_hand)
        value = on_hand * like(rates.on_hand, on_hand) + coming * like(rates.on_the_way, on_hand)
        if rates.by_age.any():
            value = value + source.pipeline @ like(rates.by_age, on_hand)
        goods = value.sum(-1)
        for name, known in layout.columns.seen_obsolete.items():  # all that is left of it will be scrapped
            i, scrap = layout.stocks.index(name), self.scenario.stocks[name].scrap_value * self._goes_on
            lost = value[..., i] - scrap * (on_hand[..., i] + coming[..., i])
            goods = goods - source.seen[..., known.start] * lost
        return goods - backlog @ like(rates.owed, on_hand), backlog @ like(rates.price, on_hand)

    def unit_costs(self, period: int) -> np.ndarray:
        """Return what a unit of each stock costs in a period, on the cheapest lane, with its inputs (stocks,)."""
        scenario, costs = self.scenario, dict[str, float]()
        for stock in reversed(scenario.downstream_first):
            lanes = [scenario.lanes[name] for name in scenario.feeds[stock]]
            costs[stock] = min(
                lane.unit_cost * (1.0 - lane.cost_erosion) ** period
                + sum(quantity * costs[part] for part, quantity in lane.uses.items())
                for lane in lanes
            )
        return np.array([costs[stock] for stock in self.layout.stocks])
