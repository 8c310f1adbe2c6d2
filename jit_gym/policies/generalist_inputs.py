"""What `agent:generalist` sees of one stock: its world in numbers without a scale, and its state in periods of demand.

All quantities are in units of the mean demand of a period, and costs enter as the critical ratio, so that a world in
boxes and one in pieces, in cents and in euros, are the same. Functions of a state take NumPy arrays, and torch tensors
for training.
"""

from __future__ import annotations

import math
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..chance.demand import marginals, seasonal
from ..physics import View
from ..physics.numbers import is_tensor
from ..scenario import Scenario
from .base import PolicyError, positive
from .lead_times import lead_times
from .plan import PlanningData

RECENT = 7  # orders that are seen one by one, the last ones
FINE = 64  # steps in the mean demand, where units are divisible or demand has many values
MOST_VALUES = 1024  # of a demand in whole units that is looked at unit by unit
EVEN = (np.arange(1 << 14) + 0.5) / (1 << 14)
DENSITY = 0.3989422804014327  # of a standard normal number at 0

STATE = (
    "on hand",
    *(f"order {j} ago" for j in range(1, RECENT + 1)),
    *(f"stock {j} before" for j in range(1, RECENT + 1)),
    "stock on arrival",
    "its deviation",
    "sales lost until then",
    "inventory position",
    "demand now",
    "demand on arrival",
)
"""What is seen of a state, each in the mean demand of a period."""

CONTEXT = (
    "critical ratio",
    "shortage cost",
    "variation",
    "squared variation",
    "skewness",
    "no demand",
    "unit",
    "level of a period",
    "safety stock",
    "lead time",
    "root of exposed periods",
    "variation of the lead time",
)
"""What is seen of a world: see `OneStock.context`."""


class OneStock:
    """The numbers of a world with one stock, in units of its mean demand and its holding cost.

    Attributes:
        scenario, plan: the world.
        mean: units asked for in a period, over a whole season.
        chances, step: P(D = 0, step, 2 step, ...) before season and spikes, and the step in units.
        times: the chances of a lead time of 0, 1, 2, ... periods.
        lead_time: the mean lead time in whole periods, over which the pipeline is projected; 1 or more where it varies.
    """

    inputs = (*STATE, *CONTEXT)
    context_names = CONTEXT
    outputs = 1

    def __init__(self, plan: PlanningData, lane: str | None = None) -> None:
        """Take the one stock of a plan, and its only lane or the one that is named."""
        self.plan = plan
        self.scenario: Scenario = plan.scenario
        (self.demand,) = self.scenario.demands
        self.lane = lane or next(iter(self.scenario.lanes))
        self.mean = float(plan.mean[0])
        self.ratio = float(plan.critical_ratio[0])
        self.whole = plan.whole
        self.season = _season(self.scenario, self.demand)
        self.chances, self.step = _chances(self.scenario, self.demand, self.season)
        self.times = lead_times(self.scenario, self.lane)
        self.varies = int(np.count_nonzero(self.times)) > 1
        expected = float(self.times @ np.arange(len(self.times)))
        self.lead_time = max(int(expected + 0.5), 1) if self.varies else int(expected)

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for costs or a demand that say nothing."""
        if not 0.0 < self.ratio < 1.0:
            raise PolicyError(
                f"{place}: needs a holding cost and a cost of a unit that is short, got a ratio of {self.ratio:g}"
            )
        if not self.mean > 0.0 or not self.variation > 0.0:
            raise PolicyError(f"{place}: needs a demand that is random, got a mean of {self.mean:g} that does not vary")

    @property
    def corrected(self) -> bool:
        """Tell whether the network has a say: where customers are lost and orders take time."""
        return self.scenario.demands[self.demand].unmet == "lost" and self.times[0] < 1.0

    @cached_property
    def covers(self) -> float:
        """Return the best base-stock level where customers wait, in units (Karlin 1960; Robinson et al. 2001)."""
        below = np.cumsum(self.exposed)
        return float(np.searchsorted(below, self.ratio - 1e-12)) * self.step

    def rounded_up(self, quantity: Any) -> Any:
        """Return a quantity rounded up to whole units, where units are whole."""
        return np.ceil(quantity - 1e-9) if self.whole else quantity

    @cached_property
    def variation(self) -> float:
        """Return the coefficient of variation of a period's demand before season and spikes."""
        k = np.arange(len(self.chances))
        mean = float(self.chances @ k)
        return float(np.sqrt(self.chances @ (k - mean) ** 2) / mean)

    @cached_property
    def lead_time_deviation(self) -> float:
        """Return the deviation of the lead time, in periods."""
        k = np.arange(len(self.times))
        return float(np.sqrt(np.maximum(self.times @ k**2 - (self.times @ k) ** 2, 0.0)))

    def quantile(self, chances: np.ndarray, ratio: float | None = None) -> float:
        """Return a level that covers a demand with the critical ratio, interpolated between steps; in the mean demand.

        A demand of k steps counts as one of anything between k - 1/2 and k + 1/2 steps.
        """
        ratio = self.ratio if ratio is None else ratio
        below = np.cumsum(chances)
        k = min(int(np.searchsorted(below, ratio - 1e-12)), len(chances) - 1)
        before = below[k - 1] if k else 0.0
        return float((k - 0.5 + (ratio - before) / (below[k] - before)) * self.step / self.base_mean)

    @cached_property
    def base_mean(self) -> float:
        """Return the mean of a period's demand before season and spikes, in units."""
        return float(self.chances @ np.arange(len(self.chances))) * self.step

    @cached_property
    def outstanding(self) -> np.ndarray:
        """Return the chances of 0, 1, 2, ... orders on the way, with one in each period.

        Those of the lead time, where orders keep their sequence; where they cross, the order of k periods ago is on the
        way with the chance P(L > k), whatever the others are (Robinson et al. 2001).
        """
        if not self.scenario.lanes[self.lane].crossing:
            return self.times
        chances = np.ones(1)
        for late in 1.0 - np.minimum(np.cumsum(self.times), 1.0)[:-1]:
            chances = np.convolve(chances, [1.0 - late, late])
        return chances

    @cached_property
    def exposed(self) -> np.ndarray:
        """Return the chances of the demand of the orders outstanding and of a period more (steps,)."""
        total = np.ones(1)
        mixed = np.zeros(1 + len(self.outstanding) * (len(self.chances) - 1))
        for chance in self.outstanding:
            total = np.convolve(total, self.chances)
            mixed[: len(total)] += chance * total
        return mixed

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `CONTEXT`."""
        from scipy.special import ndtri

        exposed = float(self.times @ np.arange(len(self.times))) + 1.0
        k = np.arange(len(self.chances)) * self.step / self.base_mean - 1.0
        cv = self.variation
        return np.array(
            [
                ndtri(self.ratio),
                np.log(self.ratio / (1.0 - self.ratio)),
                cv,
                cv * cv,
                float(self.chances @ k**3) / max(cv**3, 1e-9),
                self.chances[0],
                np.sqrt(min(1.0 / self.mean, 1.0)) if self.whole else 0.0,
                self.newsvendor,
                (self.quantile(self.exposed) - exposed) / np.sqrt(exposed),
                self.lead_time,
                np.sqrt(exposed),
                self.lead_time_deviation / np.sqrt(exposed),
            ]
        )

    @cached_property
    def newsvendor(self) -> float:
        """Return the level that covers the demand of a period with the critical ratio, in the mean demand."""
        return self.quantile(self.chances)

    @cached_property
    def shares(self) -> np.ndarray | None:
        """Return the shares of what is on order that arrive within 1, 2, ... periods (periods,); None if it is known.

        Where lead times vary nobody knows what arrives when, and orders are taken to be as old as equal ones would be
        in the mean: the share is E min(L, k) / E L, and all of it for the last period.
        """
        if not self.varies:
            return None
        beyond = 1.0 - np.minimum(np.cumsum(self.times), 1.0)
        shares = np.cumsum(beyond)[: self.lead_time] / beyond.sum()
        shares[-1] = 1.0
        return shares

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units; where it is asked, a network corrects them by its output (paths, 1)."""
        forecast = self.forecast(view)
        if not self.corrected:
            level = self.rounded_up(self.covers * sum(forecast) / (self.mean * len(forecast)))
            orders = positive(level - view.inventory_position[:, 0])
        else:
            there = arrivals(view, self.plan.lanes.index(self.lane), self.lead_time, self.shares)
            seen = see(there, forecast, self.variation, self.newsvendor, self.context)
            orders = decide(seen, network(seen.inputs))
            orders = np.floor(orders + 0.5) if self.whole else orders
        return np.reshape(orders, (-1, 1))

    @property
    def changes(self) -> bool:
        """Tell whether the demand that is expected depends on the period."""
        return bool(self.plan.layout.columns.forecast) or self.season is not None

    def forecast(self, view: View) -> list[Any]:
        """Return the mean demand of this period and of each until the order arrives (paths,) or numbers, in units.

        It is the view's, or the season's of a history that is resampled, where the period is known.
        """
        periods = range(self.lead_time + 1)
        if self.season is not None and view.period is not None:
            return [self.season[(np.asarray(view.period) + k) % len(self.season)] for k in periods]
        if not self.plan.layout.columns.forecast:
            return [self.mean for _ in periods]
        known = view.forecast[:, 0]
        last = known.shape[-1] - 1
        return [known[:, min(k, last)] for k in periods]


def _season(scenario: Scenario, demand: str) -> np.ndarray | None:
    """Return the mean of each period of a history that is resampled with a season (periods,), or None without."""
    history = scenario.demands[demand].history
    found = None if history is None else seasonal(scenario, demand, math.lcm(history.block, history.season))
    return None if found is None else np.maximum(found, 1e-3 * found.mean())


def _chances(scenario: Scenario, demand: str, season: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Return P(D = 0, step, 2 step, ...) of a demand before season and spikes, and the step in units.

    Of a history with a season, it is what its values are to the season's, in the mean.
    """
    history = scenario.demands[demand].history
    whole = scenario.units == "whole"
    if history is not None:
        values = np.asarray(history.values, float)
        if season is not None:
            values, whole = values / np.resize(season, len(values)) * values.mean(), False
        weights = np.full(len(values), 1.0 / len(values))
    else:
        (marginal,) = marginals(scenario, demand)
        if marginal.table is not None:
            values, weights = marginal.table.values, marginal.table.probabilities
        else:
            values, weights = marginal.quantile(EVEN), np.full(len(EVEN), 1.0 / len(EVEN))
    mean = float(values @ weights)
    step = 1.0 if whole and values.max() < MOST_VALUES else max(mean / FINE, values.max() / MOST_VALUES)
    places = np.floor(values / step + 0.5).astype(int)
    return np.bincount(places, weights), step


def arrivals(view: View, lane: int, lead_time: int, shares: Any = None) -> list[Any]:
    """Return what is on hand with this period's arrival, and what arrives in the next periods (paths,), in units.

    Args:
        view: the start of a period, of a world with one stock and one demand.
        lane: which lane it is that things arrive on.
        lead_time: the number of periods, 0 or more; one number is returned for each, but one at least.
        shares: of what is on order, those that arrive within 1, 2, ... periods (periods,) or (periods, paths); where
            None is given, it is known what arrives when.
    """
    first = view.on_hand[:, 0] - view.backlog[:, 0]
    if not lead_time:
        return [first]
    if shares is None:
        until = [view.arriving(lane, k) for k in range(1, lead_time + 1)]
    else:
        until = [view.on_order[:, lane] * share for share in shares]
    return [first + until[0], *(late - soon for soon, late in pairwise(until))]


class Projection(NamedTuple):
    """What will be left of a pipeline when an order placed now arrives (paths,): each in the unit of its numbers."""

    stock: Any  # the mean on hand before the demand of that period, this order left out
    variance: Any
    lost: Any  # the mean of the sales lost until then
    means: list[Any]  # the mean on hand before the demand of this period, the next one, ...


def project(arrivals: list[Any], demand: list[Any], variation: Any) -> Projection:
    """Project a pipeline of lost sales through its lead time, with the first two moments of normal approximations.

    Args:
        arrivals: x0, what is on hand with this period's arrival, and x1, x2, ..., what arrives then (paths,) each.
        demand: the mean demand of this period and of each until the order arrives.
        variation: the coefficient of variation of each.
    """
    stock, variance, lost, means = arrivals[0], 0.0 * arrivals[0], 0.0 * arrivals[0], [arrivals[0]]
    for k in range(len(arrivals)):
        gap, deviation = stock - demand[k], (variance + (variation * demand[k]) ** 2 + 1e-6) ** 0.5
        z = gap / deviation
        chance, density = normal_distribution(z), DENSITY * _exp(-0.5 * z * z)
        left = gap * chance + deviation * density
        square = (gap * gap + deviation * deviation) * chance + gap * deviation * density
        lost = lost + left - gap
        variance = square - left * left
        stock = left + arrivals[k + 1] if k + 1 < len(arrivals) else left
        means.append(stock)
    return Projection(stock, variance, lost, means)


class Seen(NamedTuple):
    """What the network sees, and what its output is added to."""

    inputs: Any  # (paths, inputs): `STATE` and `CONTEXT`
    base: Any  # the order that a projection with the newsvendor's level says, in `unit`; may be less than 0 (paths,)
    unit: Any  # the mean demand of a period until the order arrives, in units (paths,)


def see(arrivals: list[Any], demand: list[Any], variation: Any, newsvendor: Any, context: Any) -> Seen:
    """Return what the network sees of some states.

    Args:
        arrivals: x0, what is on hand with this period's arrival, and x1, x2, ..., what arrives then (paths,) each.
        demand: the mean demand of this period and of each until the order arrives, L + 1 in all (paths,) each.
        variation: the coefficient of variation of each (paths,), or a number.
        newsvendor: the level that covers a period with the critical ratio, in its mean demand (paths,), or a number.
        context: what is seen of each path's world (paths, numbers).
    """
    periods = len(arrivals)
    unit = sum(demand) / len(demand) + 1e-9
    x, d = [each / unit for each in arrivals], [each / unit + 0.0 * arrivals[0] for each in demand]
    ahead = project(x, d, variation)
    one = 1.0 + 0.0 * x[0]
    state = [
        x[0],
        *(x[periods - j] if j < periods else one for j in range(1, RECENT + 1)),
        *(ahead.means[max(periods - j, 0)] for j in range(1, RECENT + 1)),
        ahead.stock,
        (ahead.variance + 1e-6) ** 0.5,
        ahead.lost,
        (sum(x) - periods) / (periods + 1) ** 0.5,
        d[0] - 1.0,
        d[-1] - 1.0,
    ]
    return Seen(joined(state, context), newsvendor * d[-1] - ahead.stock, unit)


def decide(seen: Seen, corrections: Any) -> Any:
    """Return the orders (paths,), in units, for corrections (paths, 1)."""
    return seen.unit * positive(seen.base + corrections[:, 0])


def normal_distribution(x: Any) -> Any:
    """Return P(X <= x) for a standard normal X."""
    if is_tensor(x):
        import torch

        return torch.special.ndtr(x)
    from scipy.special import ndtr

    return ndtr(x)


def _exp(x: Any) -> Any:
    return x.exp() if is_tensor(x) else np.exp(x)


def joined(state: list[Any], context: Any) -> Any:
    """Return numbers of a state (paths,) each and what is seen of the worlds, side by side (paths, inputs)."""
    if is_tensor(state[0]):
        import torch

        return torch.cat([torch.stack(state, -1), context], -1)
    return np.hstack([np.stack(state, -1), np.broadcast_to(context, (len(state[0]), np.shape(context)[-1]))])
