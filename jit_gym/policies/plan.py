"""What a planner knows of a scenario: the numbers that the textbook formulas ask for, stock by stock."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ..chance import usage
from ..chance.suppliers import supplier_of
from ..chance.tables import LARGEST, Table, counts
from ..chance.unknown import growth, unknown
from ..common.formulas import base_stock_level, economic_cycle, quantile
from ..physics import Layout, View
from ..physics.numbers import is_tensor, like
from ..scenario import Scenario, Starts
from ..scenario.model import Horizon

APART = 1024
"""How many times a stock may be reached at from a demand; where there are more, they are rounded to 1/1024 period."""


class Plan:
    """Means, variances, lead times and costs of each stock (stocks,), from the scenario alone.

    Where several lanes lead to a stock, its lead time is that of its main lane, the one with the largest share: from
    the order, with its delay, until what arrives can be used. Its variance is that of `outstanding`.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Work out the numbers."""
        self.scenario = scenario
        self.layout = Layout(scenario)
        self.whole = scenario.units == "whole"
        self._places = {name: i for i, name in enumerate(self.layout.stocks)}
        self.mean, self.variance = np.array(list(usage(scenario).values())).T
        self.main = [max(names, key=scenario.shares.__getitem__) for names in scenario.feeds.values()]
        delays = [scenario.lanes[name].order_delay for name in self.main]
        late = np.zeros(len(delays))
        if scenario.sources_ship == "before-receiving":  # what a stock receives, others can use a period later
            late += self.layout.uses.any(axis=0)
        times = np.array([outstanding(scenario, name) for name in self.main])
        self.lead_time = times[:, 0] + delays + late
        self.lead_time_variance = times[:, 1]
        self.holding_cost = np.array([stock.holding_cost for stock in scenario.stocks.values()])
        self.fixed_cost = np.array([scenario.lanes[name].fixed_cost for name in self.main])
        self.unit_value = np.array([stock.unit_value for stock in scenario.stocks.values()])
        self.critical = np.array([any(scenario.lanes[n].critical for n in names) for names in scenario.feeds.values()])
        self.shares = np.array([scenario.shares[name] for name in scenario.lanes])
        into = self.layout.into
        self._earlier = np.tril(into @ into.T).T  # (lanes, lanes): 1 where a lane comes before another into its stock
        self._up_to = self.shares @ self._earlier
        self.content = self.layout.content
        self._routes = list(self._routes_of_demand())

    def _routes_of_demand(self) -> Iterator[tuple[int, int, float, float]]:
        """Yield how each demand reaches the stocks: the demand, the stock, units in a unit, and how long before it.

        A stock that feeds others must have their orders ready a lead time before the demand comes. Ways that reach a
        stock at the same time are one, so that their number does not double with each tier.
        """
        scenario = self.scenario
        for d, demand in enumerate(scenario.demands.values()):
            for stock, quantity in demand.draws_on.items():
                reached: dict[str, dict[float, float]] = {stock: {0.0: quantity}}  # units, by how long before
                for served in scenario.upstream(stock):
                    i = self._places[served]
                    times = reached.pop(served, {})
                    if len(times) > APART:
                        times = _rounded(times)
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
        return dict(zip(self.layout.stocks, (self.content @ each).tolist(), strict=True))

    @property
    def shortage_cost(self) -> np.ndarray:
        """Return what a missing unit of each stock costs: the dearest demand that it holds up, per unit of stock.

        A stock that feeds others holds up what they would have served. A sale that is lost is worth its price less what
        it would have taken to buy, if that is less.
        """
        worst = np.zeros(len(self.layout.stocks))
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
    def through(self) -> np.ndarray:
        """Return the longest time from an order of each stock until a customer has what it is made into (stocks,)."""
        return self._through[0]

    @property
    def through_variance(self) -> np.ndarray:
        """Return the variance of that time, the sum of those of the lead times on the longest way (stocks,)."""
        return self._through[1]

    @cached_property
    def _through(self) -> tuple[np.ndarray, np.ndarray]:
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

    @cached_property
    def outside(self) -> np.ndarray:
        """Return the shares of orders where only lanes from outside are ordered on (lanes,)."""
        shares = np.where(self.layout.uses.any(axis=1), 0.0, self.shares)
        total = self.layout.into @ (shares @ self.layout.into)
        return shares / np.where(total > 0, total, 1.0)

    @cached_property
    def fastest(self) -> np.ndarray:
        """Return 1 for the lane into each stock that delivers soonest, and 0 for the others (stocks, lanes)."""
        lanes = self.scenario.lanes
        out = np.zeros((len(self.layout.stocks), len(lanes)))
        for i, names in enumerate(self.scenario.feeds.values()):
            out[i, self.layout.lanes.index(min(names, key=self.time_of))] = 1.0
        return out

    def time_of(self, lane: str) -> float:
        """Return the mean time from an order on a lane, with its delay, to the arrival."""
        return self.scenario.lanes[lane].order_delay + outstanding(self.scenario, lane)[0]

    @cached_property
    def down(self) -> np.ndarray:
        """Return the share of the time that each stock is without supply, in the long run (stocks,)."""
        return self.shares @ (self.layout.into * self._down_lanes[:, None])

    @cached_property
    def longest_outage(self) -> np.ndarray:
        """Return the longest mean spell of any disruption that hits a lane into each stock, in periods (stocks,)."""
        longest = np.zeros(len(self.layout.lanes))
        for m, name in enumerate(self.layout.lanes):
            spells = [self.mean_spell(key) for key in self.scenario.hit_by[name]]
            longest[m] = max(spells, default=0.0)
        return (self.layout.into * longest[:, None]).max(axis=0)

    @cached_property
    def _down_lanes(self) -> np.ndarray:
        """Return the share of its capacity that each lane lacks in the long run (lanes,)."""
        up = np.ones(len(self.layout.lanes))
        for m, name in enumerate(self.layout.lanes):
            for key in self.scenario.hit_by[name]:
                disruption = self.scenario.disruptions[key]
                up[m] *= 1.0 - disruption.severity * self.outage(key)[0]
        return 1.0 - up

    def mean_spell(self, key: str) -> float:
        """Return how many periods a disruption lasts on average, if it ever begins; for ever is the whole horizon."""
        disruption = self.scenario.disruptions[key]
        if disruption.never_begins:
            return 0.0
        return float(self.scenario.horizon.periods) if disruption.lasts.is_forever else disruption.lasts.mean

    def outage(self, key: str) -> np.ndarray:
        """Return the chance that a disruption has been on for more than 0, 1, 2, ... periods, in the long run.

        From the renewal theorem: the mean periods that a spell goes on beyond so many, over the mean cycle. What is
        dated, or comes once, has the horizon over its mean number of events in it for a cycle. One that never ends is
        always on in the long run; where its start is given, it is on from then to the horizon.
        """
        disruption, horizon = self.scenario.disruptions[key], self.scenario.horizon
        if disruption.never_begins:
            return np.zeros(1)
        starts, chances = _starts_in(disruption.starts, horizon)
        if disruption.lasts.is_forever:
            if disruption.starts.spell is not None:
                return np.ones(horizon.periods)
            first, chances = (starts[:1], chances[:1]) if disruption.starts.at is not None else (starts, chances)
            left = horizon.periods - first[:, None] - np.arange(horizon.periods + 1)
            beyond = chances @ np.maximum(left, 0.0) / horizon.periods
            return beyond[: max(1, np.count_nonzero(beyond) + 1)]
        lasts = counts(disruption.lasts, horizon.periods)
        if disruption.starts.spell is not None:
            mean = lasts.mean if np.isfinite(lasts.mean) else disruption.lasts.mean
            cycle = mean + disruption.starts.spell.mean
        else:
            cycle = horizon.periods / max(chances.sum(), 1e-9)
        periods = np.minimum(lasts.values, max(horizon.periods, LARGEST)).astype(int)
        beyond = np.zeros(int(periods[-1]) + 1)
        np.add.at(beyond, periods - 1, lasts.probabilities)
        longer = np.cumsum(beyond[::-1])[::-1]  # P(lasts > n)
        return np.minimum(np.cumsum(longer[::-1])[::-1] / cycle, 1.0)

    @cached_property
    def claims(self) -> np.ndarray:
        """Return the share of each stock's use that goes to each lane (lanes, stocks)."""
        goes = self.layout.uses * (self.shares * (self.layout.into @ self.mean))[:, None]
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
            service_level: the chance that what is asked for until the next order arrives is no more, (stocks,) or one.
            lead_time: L in periods, by default the main lane's; a longer review is a longer lead time.
            lead_time_variance: s_L^2 in periods squared, by default the main lane's.
            demand_variance: of what is asked for over L + 1 periods, by default (L + 1) s^2. Whoever follows the
                forecast needs safety against what that does not know alone (`unforeseen`).
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
        until = [ahead + self.lead_time[i] + 1.0 for _, i, _, ahead in self._routes]
        longest = int(np.ceil(max(until, default=1.0)))
        variances = [unknown(self.scenario, name, longest) for name in names]
        starts = np.arange(longest, dtype=float)
        for (d, i, units, ahead), end in zip(self._routes, until, strict=True):
            part = np.maximum(np.minimum(end, starts + 1.0) - np.maximum(ahead, starts), 0.0)  # of each period
            own, near, far = np.diag(variances[d]), *np.split(part, [len(variances[d])])
            alike = near @ (variances[d] - np.diag(own)) @ near + near @ own
            out[i] += units**2 * (alike + far.sum() * growth(variances[d]))
        return np.maximum(out, 0.0)

    def expected(self, view: View, more: Any = 0.0) -> np.ndarray:
        """Return the forecast of each stock's use over its lead time and the period of review (paths, stocks).

        With `more` periods on top. Beyond what a forecast looks ahead, its last period goes on.
        """
        exposed = self.lead_time + more + 1.0
        if not self.layout.columns.forecast:
            return np.atleast_2d(self.mean * exposed)
        needs = np.zeros((len(view.forecast), len(self.layout.stocks)))
        starts = np.arange(self.layout.columns.ahead, dtype=float)
        stops = np.append(starts[1:], np.inf)
        for d, i, units, ahead in self._routes:
            until = ahead + exposed[..., i, None]
            window = np.minimum(until, stops) - np.maximum(ahead, starts)  # the part of each period that counts
            needs[:, i] += units * (view.forecast[:, d] * np.maximum(window, 0.0)).sum(axis=-1)
        return needs

    def asked(self, view: View, owed: np.ndarray) -> np.ndarray:
        """Return what was asked of each stock in the last period, given what it owed before it (paths, stocks).

        What was drawn, and what waits now and did not wait before; whoever was lost is not known.
        """
        return positive(view.used + self.owed(view) - owed)

    def owed(self, view: View) -> np.ndarray:
        """Return what waits for each stock, customers and lanes (paths, stocks)."""
        return view.backlog @ self.layout.needs + view.waiting @ self.layout.uses

    def obsolete(self, view: View) -> np.ndarray:
        """Tell which stocks nobody asks for any more, as far as one knows (paths, stocks)."""
        out = np.zeros(np.shape(view.on_hand), bool)
        for stock, known in self.layout.columns.seen_obsolete.items():
            out[:, self.layout.stocks.index(stock)] = view.source.seen[..., known.start] > 0
        return out

    def arriving(self, view: View, lane: int, within: int) -> np.ndarray:
        """Return the units in transit on a lane that are expected within so many periods, this one included (paths,).

        Where lead times are random, it is the mean share of the units in transit: E min(L, within) / E L.
        """
        name = self.layout.lanes[lane]
        if name not in self.layout.columns.lead_time:
            return np.asarray(view.arriving(lane, within))
        beyond = 1.0 - np.minimum(np.cumsum(lead_times(self.scenario, name)), 1.0)
        total = beyond.sum()
        return np.asarray(view.in_transit[:, lane]) * (beyond[:within].sum() / total if total > 0 else 1.0)

    def echelon_position(self, view: View) -> np.ndarray:
        """Return each stock's echelon inventory position (paths, stocks).

        What is in it, on order for it, and contained in all that it feeds, less the customers who wait.
        """
        layout = self.layout
        asked = (view.on_order - view.in_transit) @ layout.uses  # of this stock, by lanes, and still here
        return self.echelon(view.on_hand + view.on_order @ layout.into - view.backlog @ layout.needs - asked)

    def rounded(self, quantities: Any) -> Any:
        """Return quantities rounded up to whole units, where units are whole."""
        return np.ceil(quantities - 1e-9) + 0.0 if self.whole else quantities  # no minus zero

    def echelon(self, local: np.ndarray) -> np.ndarray:
        """Return each stock's own quantity and that contained in all it feeds (paths, stocks), from its own."""
        return local @ self.content

    def spread(self, quantities: Any, shares: np.ndarray | None = None) -> Any:
        """Return orders for the lanes (paths, lanes) from orders for the stocks (paths, stocks), by the lanes' shares.

        Whole units stay whole, and add up: a lane gets what its share adds to the rounded sum of the lanes before it.
        Other `shares` than the scenario's may be given, (lanes,) or (paths, lanes).
        """
        up_to = self._up_to if shares is None else shares @ self._earlier
        shares = self.shares if shares is None else shares
        wanted = quantities @ like(self.layout.into.T, quantities)
        if self.whole and not is_tensor(quantities):
            return np.floor(wanted * up_to + 0.5) - np.floor(wanted * (up_to - shares) + 0.5)
        return wanted * like(shares, wanted)


def _rounded(times: dict[float, float]) -> dict[float, float]:
    """Return units by time, with times that are nearly the same made one."""
    merged: dict[float, float] = {}
    for time, units in times.items():
        merged[round(time * APART) / APART] = merged.get(round(time * APART) / APART, 0.0) + units
    return merged


def positive(quantity: Any) -> Any:
    """Return the quantity where it is above 0, and 0 elsewhere."""
    return quantity.clamp(min=0.0) if is_tensor(quantity) else np.maximum(quantity, 0.0)


def _starts_in(starts: Starts, horizon: Horizon) -> tuple[np.ndarray, np.ndarray]:
    """Return the periods within the horizon in which events begin that are dated, or come once, and their chances."""
    if starts.once is not None:
        table = counts(starts.once, horizon.periods)
        within = table.values < horizon.periods
        return table.values[within], table.probabilities[within]
    dates = sorted(when for date in starts.at or () if (when := horizon.period_of(date)) < horizon.periods)
    return np.array(dates, float), np.ones(len(dates))


def outstanding(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the mean and variance of the number of orders that are on their way on a lane, in the long run.

    With an order in every period, that number is what a base-stock level has to cover, and not the lead time. Where
    orders arrive in their sequence both have the same distribution. Where they cross, the variance is the sum of
    P(L > k) P(L <= k) over k, which is less (Robinson et al. 2001; Bradley and Robinson 2005). The periods by which a
    supplier is late are part of the lead time, and let orders cross.
    """
    lane, late = scenario.lanes[name], supplier_of(scenario, name).late
    mean = lane.lead_time.mean + (late.chance * late.by.mean if late is not None else 0.0)
    if lane.crossing:
        return mean, _spread(lead_times(scenario, name))
    # The sum is exact for a fixed lead time, or a supplier who is never late.
    return mean, lane.lead_time.variance + _spread(_lateness(scenario, name))


def lead_times(scenario: Scenario, name: str) -> np.ndarray:
    """Return the chances of 0, 1, 2, ... periods from a shipment on a lane to its arrival, the lateness included."""
    return np.convolve(_chances(counts(scenario.lanes[name].lead_time)), _lateness(scenario, name))


def _lateness(scenario: Scenario, name: str) -> np.ndarray:
    """Return the chances that the supplier of a lane is late by 0, 1, 2, ... periods."""
    late = supplier_of(scenario, name).late
    if late is None or not late.chance:
        return np.ones(1)
    by = late.chance * _chances(counts(late.by))
    by[0] += 1.0 - late.chance
    return by


def _chances(table: Table) -> np.ndarray:
    """Return P(X = 0, 1, 2, ...) for a table of whole numbers."""
    chances = np.zeros(int(table.values[-1]) + 1)
    chances[table.values.astype(int)] = table.probabilities
    return chances


def _spread(chances: np.ndarray) -> float:
    """Return the sum of P(L > k) P(L <= k) over k, for P(L = 0, 1, 2, ...)."""
    by_then = np.minimum(np.cumsum(chances), 1.0)
    return float(((1.0 - by_then) * by_then).sum())
