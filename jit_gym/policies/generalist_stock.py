"""The numbers of a world with one stock, as `agent:generalist` sees them: without a scale."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..physics import View
from .base import PolicyError
from .generalist_demand import ExpectedDemand
from .generalist_inputs import STATE, Seen, arrivals, decide, see
from .lead_times import demand_of_periods, lead_times
from .plan import PlanningData

STEADY = (
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
CONTEXT = (
    *STEADY,
    "least expected",
    "most expected",
)
"""What is seen of a world: see `OneStock.context`."""

UNFORESEEN = ("unforeseen on arrival", "its deviation", "unforeseen until then")
"""What spikes add that no forecast shows yet, in what is expected."""


class OneStock(ExpectedDemand):
    """The numbers of a world with one stock and lost sales, in units of its mean demand and its holding cost.

    Attributes:
        times, mean_time: the chances of a lead time of 0, 1, 2, ... periods, and its mean.
        later: the chances of more than 0, 1, 2, ... periods.
        lead_time: the mean lead time in whole periods, over which the pipeline is projected; 1 or more where it varies.
    """

    inputs: tuple[str, ...] = (*STATE, *CONTEXT, *UNFORESEEN)
    context_names: tuple[str, ...] = (*CONTEXT, *UNFORESEEN)
    outputs = 1
    corrected = True  # by a network

    def __init__(self, plan: PlanningData, lane: str | None = None) -> None:
        """Take the one stock of a plan, and its only lane or the one that is named."""
        super().__init__(plan)
        self.lane = lane or next(iter(self.scenario.lanes))
        self.times = lead_times(self.scenario, self.lane)
        self.varies = int(np.count_nonzero(self.times)) > 1
        self.mean_time = float(self.times @ np.arange(len(self.times)))
        self.later = 1.0 - np.minimum(np.cumsum(self.times), 1.0)
        self.lead_time = max(int(self.mean_time + 0.5), 1) if self.varies else int(self.mean_time)
        self.reach = self.lead_time

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for costs or a demand that say nothing."""
        if not 0.0 < self.ratio < 1.0:
            raise PolicyError(
                f"{place}: needs a holding cost and a cost of a unit that is short, got a ratio of {self.ratio:g}"
            )
        if not self.mean > 0.0 or not self.variation > 0.0:
            raise PolicyError(f"{place}: needs a demand that is random, got a mean of {self.mean:g} that does not vary")

    @cached_property
    def lead_time_deviation(self) -> float:
        """Return the deviation of the lead time, in periods."""
        k = np.arange(len(self.times))
        return float(np.sqrt(np.maximum(self.times @ k**2 - (self.times @ k) ** 2, 0.0)))

    @cached_property
    def outstanding(self) -> np.ndarray:
        """Return the chances of 0, 1, 2, ... orders on the way, with one in each period.

        Those of the lead time, where orders keep their sequence; where they cross, the order of k periods ago is on the
        way with the chance P(L > k), whatever the others are (Robinson et al. 2001).
        """
        if not self.scenario.lanes[self.lane].crossing:
            return self.times
        chances = np.ones(1)
        for late in self.later[:-1]:
            chances = np.convolve(chances, [1.0 - late, late])
        return chances

    @cached_property
    def exposed(self) -> np.ndarray:
        """Return the chances of the demand of the orders outstanding and of a period more (steps,)."""
        return demand_of_periods([self.chances] * len(self.outstanding), self.outstanding)

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `context_names`."""
        from scipy.special import ndtri

        exposed = self.mean_time + 1.0
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
                *self.extremes,
                *self.unforeseen,
            ]
        )

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units, for the corrections (paths, 1) that a network makes of its inputs."""
        seen = self.seen(view)
        orders = decide(seen, network(seen.inputs))
        return np.reshape(np.floor(orders + 0.5) if self.whole else orders, (-1, 1))

    def seen(self, view: View) -> Seen:
        """Return what the network sees at the start of a period."""
        return see(self.arrivals(view), self.expected(view), self.context)

    def arrivals(self, view: View) -> list[Any]:
        """Return what is on hand with this period's arrival, and what arrives in the next periods (paths,) each."""
        return arrivals(view, self.plan.lanes.index(self.lane), self.lead_time)
