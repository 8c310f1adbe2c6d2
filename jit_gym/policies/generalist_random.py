"""What `agent:generalist` sees of one stock whose lead times vary: nobody knows when what is on order will arrive."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..physics import View
from .generalist_demand import Coming
from .generalist_inputs import Projection, Seen, joined, project
from .generalist_stock import CONTEXT, OneStock
from .plan import PlanningData

REACH = 16  # periods that are looked at; what takes longer counts as the last

STATE = (
    "on hand",
    "on order",
    "inventory position",
    *(f"stock in {k} periods" for k in range(REACH)),
    *(f"demand in {k} periods" for k in range(REACH)),
    "stock on arrival",
    "its deviation",
    "sales lost",
    "deviation on arrival",
    "safety stock on arrival",
)
"""What is seen of a state, each in the mean demand of a period."""

LATER = (*(f"chance of more than {k} periods" for k in range(REACH)), "crossing")
"""What is seen of lead times: P(L > k), and whether orders cross."""
TIMES = (*CONTEXT, *LATER)
"""What is seen of a world."""


class RandomLeadTimes(OneStock):
    """The numbers of a world with one stock and a lead time that varies.

    Of what is on order it is known how much it is, and not how long it has been on its way. Were all orders equal, a
    share P(L > j) / E L of it would arrive j periods from now; and an order that is placed now finds, in the mean, the
    stock of the periods in which it may arrive.
    """

    inputs = (*STATE, *TIMES)
    context_names = TIMES

    def __init__(self, plan: PlanningData, lane: str | None = None) -> None:
        super().__init__(plan, lane)
        self.reach = REACH - 1
        times, later = (np.append(chances, np.zeros(REACH)) for chances in (self.times, self.later))
        self.arrives, self.late = np.append(times[: REACH - 1], times[REACH - 1 :].sum()), later[:REACH]

    @property
    def weights(self) -> np.ndarray:
        """Return the chance that an order is still on its way, or arrives, in 0, 1, 2, ... periods (`REACH`,)."""
        return np.append(1.0, self.late[:-1])

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `TIMES`."""
        shop = super().context[: len(CONTEXT)]
        shop[CONTEXT.index("lead time")] = self.mean_time
        return np.array([*shop, *self.late, float(self.scenario.lanes[self.lane].crossing)])

    def stocks(self, view: View) -> tuple[Any, Any]:
        """Return what is on hand, and on order (paths,) each, in units."""
        return view.on_hand[:, 0], view.on_order[:, self.plan.lanes.index(self.lane)]

    def left(self, on_hand: Any, on_order: Any, means: list[Any]) -> Any:
        """Return the mean of what is left when an order placed now arrives (paths,), in units.

        Args:
            on_hand, on_order: (paths,), in units.
            means: the mean demand of this period and of the next ones, in units.
        """
        demand = [each / self.mean for each in means[:REACH]]
        deviations = [self.variation * each for each in demand]
        ahead = projected(on_hand / self.mean, on_order / self.mean, demand, deviations, self.late)
        return self.mean * on_arrival(ahead.means, self.arrives)

    def more(self, means: list[Any], usual: np.ndarray) -> Any:
        """Return how much more than usual is expected in the period in which an order arrives that is placed now.

        Args:
            means, usual: the mean demand of this period and of the next ones, in units: `usual` in its last axis.
        """
        return on_arrival(means, self.arrives) - on_arrival(list(np.moveaxis(usual, -1, 0)), self.arrives)

    def seen(self, view: View) -> Seen:
        return see(*self.stocks(view), self.expected(view), self.arrives, self.late, self.context)


def see(on_hand: Any, on_order: Any, coming: Coming, arrives: Any, late: Any, context: Any) -> Seen:
    """Return what the network sees of some states.

    Args:
        on_hand, on_order: units (paths,).
        coming: the demand that is expected.
        arrives: P(L = k), with all that are longer in the last (`REACH`,) or (`REACH`, paths).
        late: P(L > k) (`REACH`,) or (`REACH`, paths).
        context: what is seen of each path's world (paths, numbers).
    """
    zero = 0.0 * on_hand
    (unit,) = coming.unit
    d, deviations, levels = ([each / unit + zero for each in numbers] for numbers in coming[:3])
    x, o, mean = on_hand / unit, on_order / unit, sum(late)
    ahead = projected(x, o, d, deviations, late)
    stock, level = on_arrival(ahead.means, arrives), on_arrival(levels, arrives)
    squares = [variance + there * there for variance, there in zip(ahead.variances, ahead.means, strict=True)]
    state = [
        x,
        o,
        (x + o - mean - 1.0) / (mean + 1.0) ** 0.5,
        *ahead.means[:REACH],
        *(each - 1.0 for each in d[:REACH]),
        stock,
        (abs(on_arrival(squares, arrives) - stock * stock) + 1e-6) ** 0.5,
        ahead.lost,
        on_arrival(deviations, arrives),
        on_arrival([each - demand for each, demand in zip(levels, d, strict=False)], arrives),
    ]
    return Seen(joined(state, context), level - stock, unit + zero)


def projected(on_hand: Any, on_order: Any, demand: list[Any], deviations: list[Any], late: Any) -> Projection:
    """Project the stock through `REACH` periods, where a share P(L > k) / E L of what is on order arrives in k periods.

    Args:
        on_hand, on_order: (paths,), in the unit of all numbers.
        demand, deviations: of each period, `REACH` of them or more.
        late: P(L > k) (`REACH`,) or (`REACH`, paths).
    """
    mean = sum(late)
    arriving = [on_order * chance / mean for chance in late]
    return project([on_hand + arriving[0], *arriving[1:]], demand[:REACH], deviations[:REACH])


def on_arrival(numbers: Sequence[Any], arrives: Any) -> Any:
    """Return the mean of numbers of 0, 1, 2, ... periods ahead in the period in which an order arrives.

    Args:
        numbers: `REACH` of them or more.
        arrives: P(L = k) (`REACH`,) or (`REACH`, paths).
    """
    return sum(each * chance for each, chance in zip(numbers, arrives, strict=False))
