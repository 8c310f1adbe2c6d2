"""What `agent:generalist` sees of one stock with two suppliers: its world without a scale, and its state."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..physics import View
from .base import PolicyError, positive
from .generalist_inputs import RECENT, joined
from .generalist_stock import OneStock
from .plan import PlanningData

STATE = (
    "expedited position",
    *(f"regular order {j} ago" for j in range(1, RECENT + 1)),
    "inventory position",
)
"""What is seen of a state, each in the mean demand of a period, less what is asked for until an order arrives."""

CONTEXT = (
    "critical ratio",
    "shortage cost",
    "premium",
    "variation",
    "squared variation",
    "skewness",
    "no demand",
    "unit",
    "safety stock expedited",
    "safety stock regular",
    "expedited lead time",
    "lead time difference",
    "root of the difference",
)
"""What is seen of a world: see `TwoSuppliers.context`."""


class TwoSuppliers:
    """The numbers of a world with one stock and two lanes, in units of its mean demand and its holding cost.

    Attributes:
        fast, slow: the numbers of the stock with each lane alone.
        lanes: the indices of the fast lane and the slow one.
        premium: what a unit costs more on the fast lane, in holding costs of a unit and period.
    """

    inputs = (*STATE, *CONTEXT)
    context_names = CONTEXT
    outputs = 2
    corrected = True

    def __init__(self, plan: PlanningData) -> None:
        """Take the one stock of a plan and its two lanes."""
        self.plan = plan
        names = sorted(plan.lanes, key=plan.time_of)
        self.fast, self.slow = (OneStock(plan, name) for name in names)
        self.lanes = tuple(plan.lanes.index(name) for name in names)
        costs = [plan.scenario.lanes[name].unit_cost for name in names]
        held = float(plan.holding_cost[0])
        self.premium = (costs[0] - costs[1]) / held if held > 0 else 0.0
        self.mean, self.whole, self.ratio = self.fast.mean, self.fast.whole, self.fast.ratio

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for two lanes of another kind."""
        self.fast.check(place)
        scenario = self.plan.scenario
        if self.fast.varies or self.slow.varies or self.fast.lead_time >= self.slow.lead_time:
            times = " and ".join(str(lane.lead_time) for lane in scenario.lanes.values())
            raise PolicyError(f"{place}: needs two lanes with fixed lead times, one of them faster, got {times}")
        if self.premium <= 0:
            raise PolicyError(f"{place}: needs a faster lane that is dearer, {self.fast.lane!r} is not")
        if scenario.demands[self.fast.demand].unmet != "backlog":
            raise PolicyError(f"{place}: plays two suppliers where customers wait, {self.fast.demand!r} are lost")
        if self.fast.changes:
            raise PolicyError(f"{place}: plays two suppliers with a demand that is the same in every period")
        if any(lane.fixed_cost for lane in scenario.lanes.values()):
            raise PolicyError(f"{place}: plays two suppliers without fixed costs")

    cycle = 1  # what is expected does not depend on the period

    @cached_property
    def levels(self) -> tuple[float, float]:
        """Return the newsvendor's levels over either lead time and a period, in the mean demand."""
        return self.fast.quantile(self.fast.exposed), self.slow.quantile(self.slow.exposed)

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `CONTEXT`."""
        shop = dict(zip(self.fast.context_names, self.fast.context, strict=True))
        apart = self.slow.lead_time - self.fast.lead_time
        return np.array(
            [
                shop["critical ratio"],
                shop["shortage cost"],
                np.log(self.premium),
                shop["variation"],
                shop["squared variation"],
                shop["skewness"],
                shop["no demand"],
                shop["unit"],
                shop["safety stock"],
                self.slow.context[self.slow.context_names.index("safety stock")],
                self.fast.lead_time,
                apart,
                np.sqrt(apart),
            ]
        )

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, lanes), in units, for the corrections (paths, 2) that a network makes of its inputs."""
        there = pipeline(view, self.lanes, (self.fast.lead_time, self.slow.lead_time), self.mean)
        seen = see(there, self.fast.lead_time, self.levels, self.context)
        fast, slow = decide(seen, network(seen.inputs))
        orders = np.zeros((len(view.on_hand), 2))
        orders[:, self.lanes[0]], orders[:, self.lanes[1]] = self._rounded(fast), self._rounded(slow)
        return orders

    def _rounded(self, quantity: Any) -> Any:
        """Return units for a quantity in the mean demand."""
        units = quantity * self.mean
        return np.floor(units + 0.5) if self.whole else units


class Seen(NamedTuple):
    """What the network sees, and the positions and levels that its outputs correct, in the mean demand (paths,)."""

    inputs: Any  # (paths, inputs): `STATE` and `CONTEXT`
    expedited: Any  # what the newsvendor's level expedites; may be less than 0
    regular: Any  # what the newsvendor's level orders regularly if nothing is expedited


def pipeline(view: View, lanes: tuple[int, ...], lead_times: tuple[int, int], mean: Any) -> list[Any]:
    """Return what is there as an expedited order arrives, and the regular orders that arrive later (paths,) each.

    Net of customers who wait, in units of `mean`; the regular orders are in the sequence in which they arrive.
    """
    fast, slow = lanes
    net = view.on_hand[:, 0] - view.backlog[:, 0] + view.on_order[:, fast]
    until = [view.arriving(slow, k) for k in range(lead_times[0] + 1, lead_times[1] + 1)]
    later = [late - soon for soon, late in pairwise(until)]
    return [each / mean for each in (net + until[0], *later)]


def see(there: list[Any], lead_time: int, levels: Any, context: Any) -> Seen:
    """Return what the network sees of some states.

    Args:
        there: what `pipeline` returns.
        lead_time: of the fast lane, in periods.
        levels: the newsvendor's over either lead time and a period, in the mean demand, (paths,) or numbers.
        context: what is seen of each path's world (paths, numbers), or of the only one (numbers,).
    """
    first = there[0]
    apart = len(there)
    exposed = lead_time + 1
    position = sum(there)
    one = 1.0 + 0.0 * first
    state = [
        first - exposed,
        *(there[apart - j] if j < apart else one for j in range(1, RECENT + 1)),
        position - exposed - apart,
    ]
    expedited, regular = levels
    return Seen(joined(state, context), expedited - first, regular - position)


def decide(seen: Seen, corrections: Any) -> tuple[Any, Any]:
    """Return the expedited and the regular order (paths,), in the mean demand, for corrections (paths, 2)."""
    fast = positive(seen.expedited + corrections[:, 0])
    return fast, positive(seen.regular + corrections[:, 1] - fast)
