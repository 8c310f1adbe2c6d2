"""What a planner knows of a scenario: the numbers that the textbook formulas ask for, stock by stock."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..chance import usage
from ..physics import Layout, View
from ..physics.numbers import is_tensor
from ..scenario import Scenario


class Plan:
    """Means, variances, lead times and costs of each stock (stocks,), from the scenario alone.

    Where several lanes lead to a stock, its lead time is that of its main lane, the one with the largest share: from
    the order, with its delay, until what arrives can be used.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Work out the numbers."""
        self.scenario = scenario
        self.layout = Layout(scenario)
        self.whole = scenario.units == "whole"
        self.mean, self.variance = np.array(list(usage(scenario).values())).T
        self.main = [max(names, key=scenario.shares.__getitem__) for names in scenario.feeds.values()]
        lead_times = [scenario.lanes[name].lead_time for name in self.main]
        delays = [scenario.lanes[name].order_delay for name in self.main]
        late = np.zeros(len(delays))
        if scenario.sources_ship == "before-receiving":  # what a stock receives, others can use a period later
            late += self.layout.uses.any(axis=0)
        self.lead_time = np.array([time.mean for time in lead_times]) + delays + late
        self.lead_time_variance = np.array([time.variance for time in lead_times])
        self.holding_cost = np.array([stock.holding_cost for stock in scenario.stocks.values()])
        self.fixed_cost = np.array([scenario.lanes[name].fixed_cost for name in self.main])
        self.critical = np.array([any(scenario.lanes[n].critical for n in names) for names in scenario.feeds.values()])
        self.shares = np.array([scenario.shares[name] for name in scenario.lanes])
        self._up_to = np.array([self._share_up_to(name) for name in scenario.lanes])

    def _share_up_to(self, lane: str) -> float:
        """Return the share of a lane, and of those before it, in the orders of their stock."""
        lanes = self.scenario.feeds[self.scenario.lanes[lane].to]
        return sum(self.scenario.shares[name] for name in lanes[: lanes.index(lane) + 1])

    @property
    def shortage_cost(self) -> np.ndarray:
        """Return what a missing unit of each stock costs: the dearest demand that it holds up, per unit of stock.

        A stock that feeds others holds up what they would have served.
        """
        worst = np.zeros(len(self.layout.stocks))
        for demand in self.scenario.demands.values():
            cost = demand.shortage_cost + (demand.price if demand.unmet == "lost" else 0.0)
            for stock, quantity in demand.draws_on.items():
                i = self.layout.stocks.index(stock)
                worst[i] = max(worst[i], cost / quantity)
        for _ in self.layout.stocks:  # one step up the network each time
            for lane in self.scenario.lanes.values():
                for stock, quantity in lane.uses.items():
                    i, served = self.layout.stocks.index(stock), self.layout.stocks.index(lane.to)
                    worst[i] = max(worst[i], worst[served] / quantity)
        return worst

    @property
    def critical_ratio(self) -> np.ndarray:
        """Return p / (p + h), the newsvendor's service level (Arrow, Harris, Marschak 1951); 0.95 where both are 0."""
        p, h = self.shortage_cost, self.holding_cost
        return np.where(p + h > 0, p / np.where(p + h > 0, p + h, 1.0), 0.95)

    def exposed_mean(self, lead_time: np.ndarray | None = None) -> np.ndarray:
        """Return mean demand over the lead time and the period of review, m (L + 1)."""
        return self.mean * ((self.lead_time if lead_time is None else lead_time) + 1.0)

    def safety_stock(self, service_level: float | np.ndarray, lead_time: np.ndarray | None = None) -> np.ndarray:
        """Return z sqrt((L + 1) s^2 + m^2 s_L^2), for a service level over the lead time and its variance.

        The textbook formula for normal demand over a random lead time (Silver, Pyke and Thomas 2017, section 6.7).
        """
        from scipy.stats import norm

        exposed = (self.lead_time if lead_time is None else lead_time) + 1.0
        spread = exposed * self.variance + (self.mean**2 * self.lead_time_variance if lead_time is None else 0.0)
        return norm.ppf(np.clip(service_level, 1e-6, 1 - 1e-6)) * np.sqrt(spread)

    def level(self, service_level: float | np.ndarray, lead_time: np.ndarray | None = None) -> np.ndarray:
        """Return a base-stock level: mean demand over lead time and review, plus safety stock; rounded up to units."""
        level = np.maximum(self.exposed_mean(lead_time) + self.safety_stock(service_level, lead_time), 0.0)
        return np.ceil(level - 1e-9) if self.whole else level

    def expected(self, view: View) -> np.ndarray:
        """Return the forecast of each stock's use over its lead time and the period of review (paths, stocks)."""
        if not self.layout.columns.forecast:
            return self.exposed_mean()[None, :]
        ahead = np.arange(self.layout.columns.ahead)
        window = np.clip(self.lead_time[:, None] + 1.0 - ahead, 0.0, 1.0)  # the share of each period that counts
        return np.einsum("pdh,sh,ds->ps", view.forecast, window, self.layout.needs)

    def spread(self, quantities: Any) -> Any:
        """Return orders for the lanes (paths, lanes) from orders for the stocks (paths, stocks), by the lanes' shares.

        Whole units stay whole, and add up: a lane gets what its share adds to the rounded sum of the lanes before it.
        """
        wanted = quantities @ self.layout.into.T
        if self.whole and not is_tensor(quantities):
            return np.floor(wanted * self._up_to + 0.5) - np.floor(wanted * (self._up_to - self.shares) + 0.5)
        return wanted * self.shares
