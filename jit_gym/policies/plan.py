"""Planning data: the numbers of a scenario that the textbooks' formulas ask for, stock by stock."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np

from ..chance import usage
from ..chance.unknown import growth, unknown
from ..common.renamed import renamed, warn
from ..physics import Layout, View
from ..physics.formulas import base_stock_level, economic_cycle, quantile
from ..physics.numbers import is_tensor, like, product
from ..scenario import Scenario
from .disruption_profile import DisruptionProfile
from .lane_split import LaneSplit
from .lead_times import lead_times, mean_time, outstanding

MOST_LEADS, LEADS_A_PERIOD = 1024, 1024
"""How many different leads of a stock before a demand are kept; where there are more, they are rounded to 1/1024."""

RENAMED = {
    "through": "longest_cumulative_lead_time",
    "through_variance": "longest_cumulative_lead_time_variance",
    "spread": "split_over_lanes",
    "outside": "split.outside_shares",
    "fastest": "split.fastest",
    "down": "disruptions.down",
    "longest_outage": "disruptions.longest_outage",
    "mean_spell": "disruptions.mean_spell",
    "outage": "disruptions.outage",
    "asked": "demand_last_period",
    "claims": "use_shares",
}
"""Old names of attributes, which go on working for a version."""


def holding_cost(scenario: Scenario, name: str) -> float:
    """Return what it costs to hold a unit of a stock for a period, with its space where no space is rented."""
    stock = scenario.stocks[name]
    warehouse = scenario.warehouses.get(stock.warehouse or "")
    if warehouse is None or warehouse.space:
        return stock.holding_cost
    return stock.holding_cost + warehouse.rate * stock.volume


class PlanningData:
    """Means, variances, lead times and costs of each stock, from the scenario alone: what formulas ask for.

    Arrays have one number a stock (stocks,) where nothing else is said, in the scenario's order. Where several lanes
    lead to a stock, its lead time is that of its main lane, the one with the largest share: from the order, with its
    delay, until what arrives can be used. Its variance is that of the number of orders outstanding (`outstanding`).

    Attributes:
        scenario, layout: the world, and where its names stand.
        whole: whether units are whole.
        stocks, lanes: their names.
        into, uses: which stock each lane leads to, and the units of each stock that one of its units takes
            (lanes, stocks).
        needs: the units of each stock that one unit of each demand takes (demands, stocks).
        stock_of: the index of the stock that each lane leads to (lanes,).
        shares: each lane's share of the everyday orders for its stock (lanes,).
        content: how many units of each stock (columns) go into a unit of each stock (rows), itself included.
        mean, variance: of the units used in a period, by customers and by other stocks.
        main: the name of each stock's main lane.
        lead_time, lead_time_variance: of the main lane, in periods and periods squared.
        holding_cost, unit_value: money a unit and period, its space included where none is rented; and a unit.
        fixed_cost: money an order on the main lane.
        critical: whether a lane into the stock is critical.
        split: how orders are divided over lanes.
        disruptions: how often and for how long lanes are disrupted.
    """

    def __init__(self, world: Layout | Scenario) -> None:
        """Work out the numbers of a world that is laid out; a scenario is laid out first."""
        self.layout = layout = world if isinstance(world, Layout) else Layout(world)
        self.scenario = scenario = layout.scenario
        self.whole = scenario.units == "whole"
        self.stocks, self.lanes = layout.stocks, layout.lanes
        self.into, self.needs, self.uses, self.content = layout.into, layout.needs, layout.uses, layout.content
        self.split, self.disruptions = LaneSplit(layout), DisruptionProfile(layout)
        self.shares, self.stock_of = self.split.shares, self.split.stock_of
        self._places = {name: i for i, name in enumerate(self.stocks)}
        self.mean, self.variance = np.array(list(usage(scenario).values())).T
        self.main = [max(names, key=scenario.shares.__getitem__) for names in scenario.feeds.values()]
        delays = [scenario.lanes[name].order_delay for name in self.main]
        late = np.zeros(len(delays))
        if scenario.sources_ship == "before-receiving":  # what a stock receives, others can use a period later
            late += self.uses.any(axis=0)
        times = np.array([outstanding(scenario, name) for name in self.main])
        self.lead_time = times[:, 0] + delays + late
        self.lead_time_variance = times[:, 1]
        self.holding_cost = np.array([holding_cost(scenario, name) for name in scenario.stocks])
        self.fixed_cost = np.array([scenario.lanes[name].fixed_cost for name in self.main])
        self.unit_value = np.array([stock.unit_value for stock in scenario.stocks.values()])
        self.critical = np.array([any(scenario.lanes[n].critical for n in names) for names in scenario.feeds.values()])
        self.dependent_demand = list(self._explode_demand())

    def __getattr__(self, name: str) -> Any:
        if name not in RENAMED:
            return object.__getattribute__(self, name)  # to raise the error that led here
        warn(f"PlanningData.{name}", RENAMED[name])
        return attrgetter(RENAMED[name])(self)

    @cached_property
    def lanes_from_outside(self) -> np.ndarray:
        """Tell which lanes take from no stock (lanes,)."""
        return np.asarray(~self.uses.any(axis=1))

    @cached_property
    def stocks_with_customers(self) -> np.ndarray:
        """Tell which stocks a demand draws on (stocks,)."""
        return np.asarray(self.needs.any(axis=0))

    @cached_property
    def random_lead_times(self) -> frozenset[str]:
        """Return the names of the lanes whose lead time is random, or whose supplier may be late."""
        return frozenset(self.layout.columns.lead_time)

    @property
    def obsolesces(self) -> bool:
        """Tell whether any stock may become obsolete."""
        return bool(self.layout.columns.seen_obsolete)

    @property
    def lanes_with_defects(self) -> list[str]:
        """Return the names of the lanes whose deliveries are rejected in part."""
        return list(self.layout.columns.defects)

    @property
    def sees_disruptions(self) -> bool:
        """Tell whether any disruption can be seen."""
        return bool(self.layout.columns.visible)

    @cached_property
    def most_shipped(self) -> np.ndarray:
        """Return the units that each lane can ship in a period while nothing is disrupted (lanes,)."""
        return np.array(self.layout.net.lanes["most"])

    @cached_property
    def order_limits(self) -> np.ndarray:
        """Return the most that each lane's capacity lets one order in a period, in whole batches (lanes,)."""
        return np.array(self.layout.net.lanes["order_limit"])

    def _explode_demand(self) -> Iterator[tuple[int, int, float, float]]:
        """Yield the dependent demand of each stock: the demand, the stock, units in one of its units, and the lead.

        A stock that feeds others must have their orders ready a lead time before the demand comes: its lead is the sum
        of the lead times in between. Branches of the network with equal leads are added up, so that their number does
        not double with each tier.
        """
        scenario = self.scenario
        for d, demand in enumerate(scenario.demands.values()):
            for stock, quantity in demand.draws_on.items():
                reached: dict[str, dict[float, float]] = {stock: {0.0: quantity}}  # units, by how long before
                for served in scenario.upstream(stock):
                    i = self._places[served]
                    times = reached.pop(served, {})
                    if len(times) > MOST_LEADS:
                        times = _merged(times)
                    for ahead, units in times.items():
                        yield d, i, units, ahead
                        for name in scenario.feeds[served]:
                            share = scenario.shares[name]
                            for source, each in scenario.lanes[name].uses.items():
                                if share > 0:
                                    before = reached.setdefault(source, {})
                                    time = ahead + self.lead_time[i]
                                    before[time] = before.get(time, 0.0) + units * each * share

    @cached_property
    def to_buy(self) -> dict[str, float]:
        """Return what a unit of each stock costs to buy, with all that goes into it, by the main lanes."""
        each = np.array([self.scenario.lanes[name].unit_cost for name in self.main])
        return dict(zip(self.stocks, (self.content @ each).tolist(), strict=True))

    @property
    def shortage_cost(self) -> np.ndarray:
        """Return what a missing unit of each stock costs: the dearest demand that it holds up, per unit of stock.

        A stock that feeds others holds up what they would have served. A sale that is lost is worth its price less what
        it would have taken to buy, if that is less.
        """
        worst = np.zeros(len(self.stocks))
        for demand in self.scenario.demands.values():
            cost = demand.shortage_cost
            if demand.unmet == "lost":
                bought = sum(quantity * self.to_buy[stock] for stock, quantity in demand.draws_on.items())
                cost += demand.price - (bought if bought < cost + demand.price else 0.0)
            for stock, quantity in demand.draws_on.items():
                i = self._places[stock]
                worst[i] = max(worst[i], cost / quantity)
        for served, i, quantity in self._up_the_network():
            worst[i] = max(worst[i], worst[served] / quantity)
        return worst

    @property
    def critical_ratio(self) -> np.ndarray:
        """Return p / (p + h), the newsvendor's service level (Arrow et al. 1951); 0.95 where both are 0."""
        p, h = self.shortage_cost, self.holding_cost
        return np.where(p + h > 0, p / np.where(p + h > 0, p + h, 1.0), 0.95)

    @property
    def longest_cumulative_lead_time(self) -> np.ndarray:
        """Return the longest time from an order of each stock until a customer has what it is made into (stocks,)."""
        return self._cumulative_lead_time[0]

    @property
    def longest_cumulative_lead_time_variance(self) -> np.ndarray:
        """Return the variance of that time, the sum of those of the lead times on the longest way (stocks,)."""
        return self._cumulative_lead_time[1]

    @cached_property
    def _cumulative_lead_time(self) -> tuple[np.ndarray, np.ndarray]:
        time, variance = self.lead_time.copy(), self.lead_time_variance.copy()
        for served, i, _ in self._up_the_network():
            if self.lead_time[i] + time[served] > time[i]:
                time[i] = self.lead_time[i] + time[served]
                variance[i] = self.lead_time_variance[i] + variance[served]
        return time, variance

    def _up_the_network(self) -> Iterator[tuple[int, int, float]]:
        """Yield each stock that another uses: the stock, the one that it uses, and how much; downstream first."""
        for stock in self.scenario.downstream_first:
            for name in self.scenario.feeds[stock]:
                for source, quantity in self.scenario.lanes[name].uses.items():
                    yield self._places[stock], self._places[source], quantity

    @cached_property
    def economic_cycle(self) -> np.ndarray:
        """Return the periods between orders that cost least where demand is steady (stocks,)."""
        return economic_cycle(self.fixed_cost, self.mean, self.holding_cost)

    def time_of(self, lane: str) -> float:
        """Return the mean time from an order on a lane, with its delay, to the arrival, in periods."""
        return mean_time(self.scenario, lane)

    @cached_property
    def use_shares(self) -> np.ndarray:
        """Return the share of each stock's use that goes to each lane (lanes, stocks)."""
        goes = self.uses * (self.shares * (self.into @ self.mean))[:, None]
        return goes / np.where(self.mean > 0, self.mean, 1.0)

    def exposed_mean(self, lead_time: np.ndarray | None = None) -> np.ndarray:
        """Return mean demand over the lead time and the period of review, m (L + 1)."""
        return self.mean * ((self.lead_time if lead_time is None else lead_time) + 1.0)

    def safety_stock(
        self,
        service_level: float | np.ndarray,
        lead_time: np.ndarray | None = None,
        *,
        lead_time_variance: float | np.ndarray | None = None,
        demand_variance: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return z sqrt((L + 1) s^2 + m^2 s_L^2), for a service level over the lead time and its variance.

        The textbook formula for normal demand over a random lead time (Silver et al. 2017, section 6.7).

        Args:
            service_level: the chance that the demand until the next order arrives is no more, (stocks,) or one.
            lead_time: L in periods, by default the main lane's; a longer review is a longer lead time.
            lead_time_variance: s_L^2 in periods squared, by default the main lane's.
            demand_variance: of the demand over L + 1 periods, by default (L + 1) s^2. A rule that follows the forecast
                needs safety stock for the forecast's error only (`unforeseen`).
        """
        return quantile(service_level) * self.deviation(
            lead_time, lead_time_variance=lead_time_variance, demand_variance=demand_variance
        )

    def deviation(
        self,
        lead_time: np.ndarray | None = None,
        *,
        lead_time_variance: float | np.ndarray | None = None,
        demand_variance: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return sqrt((L + 1) s^2 + m^2 s_L^2), the deviation of demand over lead time and review (stocks,)."""
        if demand_variance is None:
            demand_variance = ((self.lead_time if lead_time is None else lead_time) + 1.0) * self.variance
        late = self.lead_time_variance if lead_time_variance is None else lead_time_variance
        return np.sqrt(demand_variance + self.mean**2 * late)

    def level(
        self,
        service_level: float | np.ndarray,
        lead_time: np.ndarray | None = None,
        *,
        lead_time_variance: float | np.ndarray | None = None,
    ) -> np.ndarray:
        """Return a base-stock level: mean demand over lead time and review, plus safety stock; rounded up to units."""
        exposed = (self.lead_time if lead_time is None else lead_time) + 1.0
        late = self.lead_time_variance if lead_time_variance is None else lead_time_variance
        level = base_stock_level(self.mean, self.variance, exposed, quantile(service_level), late)
        return self.rounded(np.maximum(level, 0.0))

    @cached_property
    def unforeseen(self) -> np.ndarray:
        """Return the variance of each stock's use over lead time and review, about its forecast (stocks,).

        What is not known of each period's demand as an order is placed, summed over the periods that the order is for
        (Heath and Jackson 1994; `chance.unknown`). Demands that meet at a stock are taken to be independent.
        """
        out, names = np.zeros(len(self.mean)), list(self.scenario.demands)
        until = [ahead + self.lead_time[i] + 1.0 for _, i, _, ahead in self.dependent_demand]
        longest = int(np.ceil(max(until, default=1.0)))
        variances = [unknown(self.scenario, name, longest) for name in names]
        starts = np.arange(longest, dtype=float)
        for (d, i, units, ahead), end in zip(self.dependent_demand, until, strict=True):
            part = np.maximum(np.minimum(end, starts + 1.0) - np.maximum(ahead, starts), 0.0)  # of each period
            own, near, far = np.diag(variances[d]), *np.split(part, [len(variances[d])])
            alike = near @ (variances[d] - np.diag(own)) @ near + near @ own
            out[i] += units**2 * (alike + far.sum() * growth(variances[d]))
        return np.maximum(out, 0.0)

    def expected(self, view: View, more: Any = 0.0) -> np.ndarray:
        """Return the forecast of each stock's use over its lead time and the period of review (paths, stocks).

        With `more` periods on top.
        """
        return self.expected_over(view, self.lead_time + more + 1.0)

    def expected_over(self, view: View, exposed: np.ndarray) -> np.ndarray:
        """Return the forecast of each stock's use over the next periods, `exposed` of them (paths, stocks).

        Beyond what a forecast looks ahead, its last period goes on.
        """
        if not self.layout.columns.forecast:
            return np.atleast_2d(self.mean * exposed)
        needs = like(np.zeros((len(view.forecast), len(self.stocks))), view.forecast)
        starts = np.arange(self.layout.columns.ahead, dtype=float)
        stops = np.append(starts[1:], np.inf)
        for d, i, units, ahead in self.dependent_demand:
            until = ahead + exposed[..., i, None]
            window = np.minimum(until, stops) - np.maximum(ahead, starts)  # the part of each period that counts
            needs[:, i] += units * (view.forecast[:, d] * np.maximum(window, 0.0)).sum(axis=-1)
        return needs

    def demand_last_period(self, view: View, owed: np.ndarray) -> np.ndarray:
        """Return the demand on each stock in the last period, given what it owed before it (paths, stocks).

        It is what was used, and what waits now and did not wait before; sales that were lost are not known.
        """
        return positive(view.used + self.owed(view) - owed)

    def owed(self, view: View) -> np.ndarray:
        """Return the units that each stock owes, to customers and to lanes (paths, stocks)."""
        return product(view.backlog, self.needs) + product(view.waiting, self.uses)

    def obsolete(self, view: View) -> np.ndarray:
        """Tell which stocks are obsolete (paths, stocks); an old name of `View.obsolete`."""
        warn("PlanningData.obsolete", "View.obsolete")
        obsolete: np.ndarray = view.obsolete
        return obsolete

    def arriving(self, view: View, lane: int, within: int) -> np.ndarray:
        """Return the units in transit on a lane that are expected within so many periods, this one included (paths,).

        Where lead times are random, it is the mean share of the units in transit: E min(L, within) / E L.
        """
        name = self.lanes[lane]
        if name not in self.random_lead_times:
            return view.arriving(lane, within)
        beyond = 1.0 - np.minimum(np.cumsum(lead_times(self.scenario, name)), 1.0)
        total = beyond.sum()
        return view.in_transit[:, lane] * (beyond[:within].sum() / total if total > 0 else 1.0)

    def echelon_position(self, view: View) -> np.ndarray:
        """Return each stock's echelon inventory position (paths, stocks).

        What is in it, on order for it, and contained in all that it feeds, less the customers who wait.
        """
        asked = (view.on_order - view.in_transit) @ self.uses  # of this stock, by lanes, and still here
        return self.echelon(view.on_hand + view.on_order @ self.into - view.backlog @ self.needs - asked)

    def rounded(self, quantities: Any) -> Any:
        """Return quantities rounded up to whole units, where units are whole."""
        return np.ceil(quantities - 1e-9) + 0.0 if self.whole else quantities  # no minus zero

    def echelon(self, local: np.ndarray) -> np.ndarray:
        """Return each stock's own quantity and that contained in all it feeds (paths, stocks), from its own."""
        return local @ self.content

    def split_over_lanes(self, quantities: Any, shares: np.ndarray | None = None) -> Any:
        """Return orders for the lanes (paths, lanes) from orders for the stocks (paths, stocks), by the lanes' shares.

        Whole units stay whole, and add up. Other `shares` than the scenario's may be given, (lanes,) or (paths, lanes).
        """
        return self.split.orders(quantities, shares)


def _merged(leads: dict[float, float]) -> dict[float, float]:
    """Return units by lead, with leads that are nearly the same made one."""
    merged: dict[float, float] = {}
    for time, units in leads.items():
        lead = round(time * LEADS_A_PERIOD) / LEADS_A_PERIOD
        merged[lead] = merged.get(lead, 0.0) + units
    return merged


def positive(quantity: Any) -> Any:
    """Return the quantity where it is above 0, and 0 elsewhere."""
    return quantity.clamp(min=0.0) if is_tensor(quantity) else np.maximum(quantity, 0.0)


__getattr__ = renamed(__name__, {"Plan": "PlanningData"})
