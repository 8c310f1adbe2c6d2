"""Rules that estimate the demand from what they see while they play."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..physics.formulas import base_stock_level, quantile
from .base import Parameter, StatefulRule, has_passed, positive
from .limits import FORECAST
from .plan import PlanningData


@dataclass(eq=False)
class Adaptive(StatefulRule):
    """Order up to a level that follows the demand, smoothed exponentially (Brown 1959).

    Mean and mean absolute deviation are tracked with the weight `smoothing` of the last period: m + a (d - m), and so
    for |d - m|; the level is m (L + 1) + z 1.25 MAD sqrt(L + 1), with z at `service_level`. What was asked for is
    counted where customers wait, and what was sold where they are lost. It begins with the scenario's mean and
    deviation. By formula the weight is 0.1, and the service level p / (p + h).
    """

    name: ClassVar[str] = "adaptive"
    planned: ClassVar[tuple[str, ...]] = ("service_level",)
    knows: ClassVar[frozenset[str]] = FORECAST - {"season", "spikes"}
    shares: ClassVar[tuple[str, ...]] = ("smoothing", "service_level")
    derived: ClassVar[tuple[str, ...]] = ("score",)
    smoothing: Parameter = None
    service_level: Parameter = None
    score: np.ndarray = field(init=False, repr=False)

    @property
    def relies_on_formulas(self) -> bool:
        return True  # the level for the mean and the deviation that it has learned

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"smoothing": 0.1, "service_level": plan.critical_ratio}

    def prepare(self) -> None:
        """Work out the normal score of the service level."""
        self.score = quantile(self.service_level)

    def begin(self, view: View) -> np.ndarray:
        first = np.hstack([self.plan.mean, np.sqrt(self.plan.variance) / 1.25])
        return np.hstack([self.plan.owed(view), np.broadcast_to(first, (len(view.on_hand), len(first)))])

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        plan = self.plan
        owed, mean, deviation = np.hsplit(state, 3)
        news = plan.demand_last_period(view, owed) - mean
        weight = np.where(has_passed(view), self.smoothing, 0.0)
        mean, deviation = mean + weight * news, deviation + weight * (np.abs(news) - deviation)
        exposed = plan.lead_time + 1.0
        variance = (1.25 * deviation) ** 2
        level = base_stock_level(mean, variance, exposed, self.score, plan.lead_time_variance)
        orders = plan.split_over_lanes(positive(plan.rounded(positive(level)) - view.inventory_position))
        return orders, np.hstack([plan.owed(view), mean, deviation])


@dataclass(eq=False)
class MovingAverage(StatefulRule):
    """Order up to a level that follows the mean of the last periods (moving average; Chen et al. 2000a).

    The level is m (L + 1) + z sqrt((L + 1) s^2 + m^2 s_L^2), with m the mean of what was asked for in the last `window`
    periods, s^2 the mean square of the errors that these means made as forecasts, and z at `service_level`. What was
    asked for is counted where customers wait, and what was sold where they are lost. It begins with the scenario's mean
    and deviation. By formula the service level is p / (p + h), and the window 19, whose data are as old on average as
    those of the weight 2 / (19 + 1) = 0.1 of `adaptive` (Brown 1963).

    With z = 0, orders that may be negative vary 1 + 2 K / p + 2 K^2 / p^2 times as demand does, for a window of p
    periods and K = L + 1 (Chen et al. 2000a, whose L is K here).
    """

    name: ClassVar[str] = "moving-average"
    planned: ClassVar[tuple[str, ...]] = ("service_level",)
    knows: ClassVar[frozenset[str]] = FORECAST - {"season", "spikes"}
    shares: ClassVar[tuple[str, ...]] = ("service_level",)
    counts: ClassVar[tuple[str, ...]] = ("window",)
    window: Parameter = None
    service_level: Parameter = None
    weights: np.ndarray = field(init=False, repr=False)

    @property
    def relies_on_formulas(self) -> bool:
        return True  # the level for the mean and the deviation that it has learned

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"window": 19.0, "service_level": plan.critical_ratio}

    def prepare(self) -> None:
        """Work out the weight of the last period, the one before, ... (periods, 1 or paths, stocks)."""
        age = np.arange(int(np.max(self.window)))[:, None, None]
        self.weights = np.where(age < np.atleast_2d(self.window), 1.0 / np.maximum(self.window, 1.0), 0.0)

    def begin(self, view: View) -> np.ndarray:
        past = np.repeat([self.plan.mean, self.plan.variance], len(self.weights), axis=0).ravel()
        return np.hstack([self.plan.owed(view), np.broadcast_to(past, (len(view.on_hand), len(past)))])

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        plan, paths, stocks = self.plan, len(state), len(self.plan.mean)
        owed, past = state[:, :stocks], state[:, stocks:].reshape(paths, 2, -1, stocks).transpose(1, 2, 0, 3)
        asked, errors = past  # (periods, paths, stocks), the last first; and the squares of the forecasts' errors
        news = plan.demand_last_period(view, owed)
        error = (news - (self.weights * asked).sum(axis=0)) ** 2
        passed = has_passed(view)
        asked, errors = (
            np.where(passed, np.concatenate([new[None], old[:-1]]), old)
            for new, old in ((news, asked), (error, errors))
        )
        mean, variance = ((self.weights * each).sum(axis=0) for each in (asked, errors))
        exposed = plan.lead_time + 1.0
        z = quantile(self.service_level)
        level = base_stock_level(mean, variance, exposed, z, plan.lead_time_variance)
        orders = plan.split_over_lanes(positive(plan.rounded(positive(level)) - view.inventory_position))
        kept = np.stack([asked, errors]).transpose(2, 0, 1, 3).reshape(paths, -1)
        return orders, np.hstack([plan.owed(view), kept])
