"""Learn the demand while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .plan import Plan, quantile
from .rule import Mindful, Parameter, positive


@dataclass(eq=False)
class Adaptive(Mindful):
    """Order up to a level that follows the demand, smoothed exponentially (Brown 1959).

    Mean and mean absolute deviation are tracked with the weight `smoothing` of the last period: m + a (d - m), and so
    for |d - m|; the level is m (L + 1) + z 1.25 MAD sqrt(L + 1), with z at `service_level`. What was asked for is
    counted where customers wait, and what was sold where they are lost. It begins with the scenario's mean and
    deviation. By formula the weight is 0.1, and the service level p / (p + h).
    """

    name: ClassVar[str] = "adaptive"
    shares: ClassVar[tuple[str, ...]] = ("smoothing", "service_level")
    smoothing: Parameter = None
    service_level: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"smoothing": 0.1, "service_level": plan.critical_ratio}

    def begin(self, view: View) -> np.ndarray:
        first = np.hstack([self.plan.mean, np.sqrt(self.plan.variance) / 1.25])
        return np.hstack([self.plan.owed(view), np.broadcast_to(first, (len(view.on_hand), len(first)))])

    def act(self, view: View, memory: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert memory is not None
        plan = self.plan
        owed, mean, deviation = np.hsplit(memory, 3)
        if view.period is not None:
            news = plan.asked(view, owed) - mean
            weight = np.where(np.reshape(view.period, (-1, 1)) > 0, self.smoothing, 0.0)
            mean, deviation = mean + weight * news, deviation + weight * (np.abs(news) - deviation)
        exposed = plan.lead_time + 1.0
        spread = exposed * (1.25 * deviation) ** 2 + mean**2 * plan.lead_time_variance
        level = plan.rounded(positive(mean * exposed + quantile(self.service_level) * np.sqrt(spread)))
        orders = plan.spread(positive(level - view.inventory_position))
        return orders, np.hstack([plan.owed(view), mean, deviation])
