"""One stock that loses what it cannot serve: what will be left of its pipeline, and what rules ask of that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..chance.demand import marginals
from ..chance.tables import tabulate
from ..kernels.symbol_arrays import look_up
from ..kernels.symbols import NotRecorded
from ..physics import View
from ..physics.tables import state_of
from ..scenario import Distribution, Scenario
from ..scenario.supports import unsupported
from .base import PolicyError
from .plan import PlanningData

AT_ONCE = 1 << 22  # numbers of a table that are worked out at once
REMEMBERED = 1 << 20  # pipelines whose answer is kept
LOOKED_UP = 1 << 20  # pipelines in a table that a recorded program looks answers up in


class Pipeline:
    """One stock that loses what it cannot serve: what will be left of its pipeline, in distribution.

    It knows a capacity, which cuts orders: for a cost that is convex in the order, the best one that is allowed is the
    best one, cut. What else would change what arrives, or what an order costs, is refused by name.
    """

    def __init__(self, plan: PlanningData, stock: int, rule: str) -> None:
        """Take one stock of a plan, which must have one lane with a fixed lead time, and one demand that is lost."""
        scenario, self.stock = plan.scenario, stock
        name = plan.stocks[stock]
        feeds = [scenario.lanes[lane] for lane in scenario.feeds[name]]
        users = [key for key, demand in scenario.demands.items() if name in demand.draws_on]
        drawn = any(name in lane.uses for lane in scenario.lanes.values())
        varies = scenario.feeds[name][0] in plan.random_lead_times
        if len(feeds) != 1 or varies or feeds[0].order_delay or feeds[0].uses or drawn:
            raise PolicyError(
                f"{rule}: needs one lane with a fixed lead time, from outside, into {name!r} and none out of it"
            )
        if scenario.stocks[name].shelf_life:
            raise PolicyError(
                f"{rule}: needs goods that keep, {name!r} lasts {scenario.stocks[name].shelf_life} periods"
            )
        if scenario.units != "whole":
            raise PolicyError(f"{rule}: needs whole units, got units: {scenario.units}")
        if len(users) != 1 or (demand := scenario.demands[users[0]]).draws_on != {name: 1.0} or demand.unmet != "lost":
            raise PolicyError(f"{rule}: needs one demand on {name!r} alone, whose customers are lost when it is empty")
        changes = demand.season or demand.trend or demand.regimes or demand.autocorrelation or demand.forecast
        if changes or any(users[0] in spike.hits for spike in scenario.spikes.values()):
            raise PolicyError(f"{rule}: needs a demand that is the same in every period, {users[0]!r} changes")
        self.refuse_what_is_not_known(scenario, scenario.feeds[name][0], users[0], rule)
        if demand.history is not None:
            table = tabulate(Distribution(name="empirical", values=list(demand.history.values or ())))
        else:
            table = marginals(scenario, users[0])[0].table
        if table is None:
            raise PolicyError(f"{rule}: the demand {users[0]!r} has too many values")
        self.demand = np.zeros(int(table.values[-1]) + 1)  # P(D = 0, 1, 2, ...)
        self.demand[table.values.astype(int)] = table.probabilities
        self.lane = plan.lanes.index(scenario.feeds[name][0])
        self.lead_time = int(feeds[0].lead_time.mean)
        row, start = plan.layout.net.lanes[self.lane], state_of(plan.layout.start.copy(), plan.layout.sizes, 1)
        first = start.pipeline[0][int(row["first_slot"]) : int(row["last_slot"])]
        self.initial = float(first.max(initial=0.0))  # the most that arrives in a period at first
        self.most = float(plan.order_limits[self.lane])
        self.ratio = float(plan.critical_ratio[stock])
        self._steps: dict[int, np.ndarray] = {}

    @staticmethod
    def refuse_what_is_not_known(scenario: Scenario, lane: str, demand: str, rule: str) -> None:
        """Refuse whatever a stock, its lane and its demand say that changes what arrives, or what orders cost."""
        way = scenario.lanes[lane]
        suppliers, routes = ([name] if name else [] for name in (way.supplier, way.route))
        parts = {"stocks": [way.to], "lanes": [lane], "suppliers": suppliers, "routes": routes, "demands": [demand]}
        for place in unsupported("Q", scenario, parts | {"disruptions": scenario.hit_by[lane]}):
            raise PolicyError(f"{rule}: knows nothing of {place} (try capped-base-stock)")

    def states(self, view: View) -> Any:
        """Return x0, on hand after this period's arrival, and x1, x2, ..., what arrives then (paths, L or 1).

        They are whole numbers, as floats or as symbols.
        """
        on_hand = view.on_hand[:, self.stock]
        arriving = [view.arriving(self.lane, k) for k in range(self.lead_time + 1)]
        first = on_hand + (arriving[1] if self.lead_time else 0.0)
        later = [arriving[k + 1] - arriving[k] for k in range(1, self.lead_time)]
        return np.round(np.stack([first, *later], axis=-1))

    def step(self, size: int) -> np.ndarray:
        """Return P(y - D, cut at 0, is y') for y, y' = 0 .. size - 1, as a matrix."""
        if size not in self._steps:
            y = np.arange(size)
            gap = y[:, None] - y
            padded = np.append(self.demand, np.zeros(max(size - len(self.demand), 0)))
            move = np.where(gap >= 0, padded[np.maximum(gap, 0)], 0.0)
            move[:, 0] += 1.0 - move.sum(axis=1)
            self._steps[size] = move
        return self._steps[size]

    def left(self, states: np.ndarray) -> np.ndarray:
        """Return the chances of 0, 1, 2, ... units on hand when an order placed now arrives (states, units)."""
        most = int(states.sum(axis=1).max()) + 1
        size = -(-most // 32) * 32
        chances, move = np.zeros((len(states), size)), self.step(size)
        chances[np.arange(len(states)), states[:, 0]] = 1.0
        units = np.arange(size)
        for k in range(self.lead_time):
            chances = chances @ move
            if k + 1 < self.lead_time:
                before = units - states[:, k + 1, None]
                chances = np.where(before >= 0, np.take_along_axis(chances, np.maximum(before, 0), axis=1), 0.0)
        return chances

    def means(self, function: Callable[[np.ndarray], np.ndarray], on_hand: int, arrives: int) -> np.ndarray:
        """Return the means of functions (functions, units) of Y, what is on hand when an order placed now arrives.

        For x0 = 0 .. on_hand and each of x1, x2, ... = 0 .. arrives (x1, x2, ..., functions, x0), a period at a time
        backwards.
        """
        size = on_hand + 1 + arrives * max(self.lead_time - 1, 0)
        values, arrival = function(np.arange(size)), np.arange(arrives + 1)[:, None]
        for k in range(self.lead_time):
            if k:
                size -= arrives
                values = np.moveaxis(values[..., np.arange(size) + arrival], -2, 0)
            values = values @ self.step(size).T
        return values

    def quantiles(self, service_level: float) -> np.ndarray:
        """Return the least level that covers the demand of 1, 2, ..., L + 1 periods with that chance."""
        levels, total = [], np.ones(1)
        for _ in range(self.lead_time + 1):
            total = np.convolve(total, self.demand)
            levels.append(np.searchsorted(np.cumsum(total), service_level - 1e-12))
        return np.array(levels, float)


class Remembered:
    """Answers by pipeline: what was worked out once is looked up.

    A recorded program has a table of all pipelines that the rule can bring about; others, which corrections to it make,
    count as the nearest one. Where there are too many, as with long lead times, nothing is recorded, and the rule is
    asked period by period.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        """Know nothing yet."""
        self.pipeline = pipeline
        self._known: dict[bytes, float] = {}
        self._tables: dict[tuple[int, int], np.ndarray] = {}

    def answers(self, on_hand: int, arrives: int) -> np.ndarray:
        """Return the answers for x0 = 0 .. on_hand and each of x1, x2, ... = 0 .. arrives (x1, x2, ..., x0)."""
        raise NotImplementedError

    def look_up(self, view: View, on_hand: float, arrives: float) -> Any:
        """Record the answer (1,), in a table up to so many units on hand, and so many of an order.

        Raises:
            NotRecorded: if there are too many.
        """
        limits = int(on_hand), int(np.ceil(max(arrives, self.pipeline.initial)))
        count = (limits[0] + 1) * (limits[1] + 1) ** max(self.pipeline.lead_time - 1, 0)
        if count > LOOKED_UP:
            raise NotRecorded(f"a table of {count:,} pipelines")
        if limits not in self._tables:
            self._tables[limits] = np.ascontiguousarray(self.answers(*limits))
        now, *later = self.pipeline.states(view).T
        return look_up(self._tables[limits], *later, now)

    def answer(self, states: np.ndarray) -> np.ndarray:
        """Return a number for each of a batch of states, which is all that they are asked for (states,)."""
        raise NotImplementedError

    def __call__(self, view: View) -> np.ndarray:
        """Return the answer for each path (paths,)."""
        states = np.ascontiguousarray(self.pipeline.states(view).astype(np.int32))
        keys = states.view(f"V{states.dtype.itemsize * states.shape[1]}").ravel().tolist()
        if len(self._known) > REMEMBERED:
            self._known.clear()
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            self._known |= zip(new, self.answer(states[list(new.values())]).tolist(), strict=True)
        return np.array([self._known[key] for key in keys])


class Expected(Remembered):
    """The mean of what will be on hand as an order placed now arrives."""

    def answer(self, states: np.ndarray) -> np.ndarray:
        chances = self.pipeline.left(states)
        return chances @ np.arange(chances.shape[1])

    def answers(self, on_hand: int, arrives: int) -> np.ndarray:
        return self.pipeline.means(lambda left: left[None] * 1.0, on_hand, arrives)[..., 0, :]


class Newsvendor(Remembered):
    """The order that costs least in the one period in which it arrives."""

    @cached_property
    def covered(self) -> np.ndarray:
        """Return P(D <= 0, 1, 2, ...)."""
        return np.cumsum(self.pipeline.demand)

    def answer(self, states: np.ndarray) -> np.ndarray:
        chances, ratio = self.pipeline.left(states), self.pipeline.ratio - 1e-12
        most, size = int(np.searchsorted(self.covered, ratio)) + 1, chances.shape[1]
        at_most = np.append(self.covered, np.ones(size + most))
        service = np.array([chances @ at_most[z : z + size] for z in range(most)])  # (orders, states)
        return np.minimum(np.argmax(service >= ratio, axis=0), self.pipeline.most).astype(float)

    def answers(self, on_hand: int, arrives: int) -> np.ndarray:
        ratio, last = self.pipeline.ratio - 1e-12, len(self.covered) - 1
        orders = np.full((arrives + 1,) * max(self.pipeline.lead_time - 1, 0) + (on_hand + 1,), np.inf)
        at_once = max(1, AT_ONCE // orders.size)

        def covered_from(first: int) -> Callable[[np.ndarray], np.ndarray]:
            """Return P(D <= Y + z) for z = first, first + 1, ... as functions of Y."""
            return lambda left: self.covered[np.minimum(left + np.arange(first, first + at_once)[:, None], last)]

        for first in range(0, last + 1, at_once):
            enough = self.pipeline.means(covered_from(first), on_hand, arrives) >= ratio
            found = np.where(enough.any(axis=-2), first + enough.argmax(axis=-2), np.inf)
            orders = np.minimum(orders, found)
            if np.isfinite(orders).all():
                break
        return np.minimum(orders, self.pipeline.most)
