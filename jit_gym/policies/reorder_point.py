"""Order when the inventory position is low, and enough for a while: where an order costs something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .just_in_time import reviewed, reviews_repeat
from .plan import Plan
from .rule import Fault, Parameter, Rule, positive


def point(plan: Plan, more: Any = 0.0) -> np.ndarray:
    """Return the reorder point by formula: a unit below the newsvendor's level, over the lead time and `more`."""
    unit = 1.0 if plan.whole else 0.0
    return np.maximum(plan.level(plan.critical_ratio, plan.lead_time + more) - unit, 0.0)


def lot_size(plan: Plan) -> np.ndarray:
    """Return the economic lot sqrt(2 K m / h) (Harris 1913), in whole units at least one."""
    lot = plan.rounded(plan.economic_cycle * plan.mean)
    return np.maximum(lot, 1.0) if plan.whole else lot


@dataclass(eq=False)
class ReorderPoint(Rule):
    """When the inventory position is `s` or less, order up to `S` (Scarf 1960; optimal with backlog and a fixed cost).

    By formula: s + 1 is the newsvendor's level, and S - s the economic lot sqrt(2 K m / h) (Harris 1913).
    """

    name: ClassVar[str] = "s-S"
    planned: ClassVar[tuple[str, ...]] = (
        "s",
        "S",
    )
    knows: ClassVar[frozenset[str]] = frozenset({"fixed_cost"})
    signed: ClassVar[tuple[str, ...]] = ("s",)
    s: Parameter = None
    S: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        s, lot = point(plan), lot_size(plan)
        if self.s is not None:
            s = self._filled("s", self.s, s, list(plan.scenario.stocks))
        return {"s": s, "S": s + lot}

    def starts(self) -> list[dict[str, np.ndarray]]:
        """Order in most periods, or in every second, third or fourth: each may be best, and none is near another."""
        level, mean = self.plan.level(self.plan.critical_ratio), self.plan.mean
        s = self.plan.rounded(level - 0.25 * mean)
        return [{"s": s, "S": self.plan.rounded(level + more * mean)} for more in (0.0, 1.0, 2.0, 3.0)]

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield Fault(self.s > self.S, "S must be s ({:g}) or more, got {:g}", (self.s, self.S))

    def quantities(self, view: View) -> Any:
        position = view.inventory_position
        return np.where(position <= self.s, positive(self.S - position), 0.0)


@dataclass(eq=False)
class ReviewedReorderPoint(ReorderPoint):
    """Every `R` periods, when the inventory position is `s` or less, order up to `S` (Silver, Pyke and Thomas 2017).

    Their section 7.5. By formula R is 1, s + 1 the newsvendor's level over lead time and review, and S - s the economic
    lot, less what the review brings together anyhow.
    """

    name: ClassVar[str] = "R-s-S"
    counts: ClassVar[tuple[str, ...]] = ("R",)
    R: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        review = self._filled("R", self.R, 1.0, list(plan.scenario.stocks))
        s = self._filled("s", self.s, point(plan, review - 1.0), list(plan.scenario.stocks))
        return {
            "s": s,
            "S": s + np.maximum(lot_size(plan) - (review - 1.0) * plan.mean, 1.0 if plan.whole else 0.0),
            "R": review,
        }

    @property
    def cycle(self) -> int | None:
        return reviews_repeat(self.R)

    def quantities(self, view: View) -> Any:
        return np.where(reviewed(view, self.R), super().quantities(view), 0.0)


@dataclass(eq=False)
class ModifiedReorderPoint(ReorderPoint):
    """When the position is `s` or less, order up to `S`, but no more than `q` at once (Bijvank, Bhulai, Huh 2015).

    Their modified (s, S) policy for lost sales with a fixed cost: after a bad spell it does not order all at once what
    will not be short any more. By formula q is the larger of S - s and the cap of `capped-base-stock`.
    """

    name: ClassVar[str] = "s-S-q"
    q: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        formulas = super().formulas(plan)
        level = plan.level(plan.critical_ratio)
        return formulas | {"q": np.maximum(lot_size(plan), plan.rounded(level / (plan.lead_time + 1.0)))}

    def quantities(self, view: View) -> Any:
        return np.minimum(super().quantities(view), self.q)


@dataclass(eq=False)
class FixedLot(Rule):
    """When the inventory position is `R` or less, order lots of `Q` until it is above (Hadley and Whitin 1963).

    By formula Q is the economic lot sqrt(2 K m / h) (Harris 1913) and R + 1 the newsvendor's level.
    """

    name: ClassVar[str] = "R-Q"
    planned: ClassVar[tuple[str, ...]] = (
        "R",
        "Q",
    )
    knows: ClassVar[frozenset[str]] = frozenset({"fixed_cost"})
    signed: ClassVar[tuple[str, ...]] = ("R",)
    R: Parameter = None
    Q: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"R": point(plan), "Q": np.where((lot := lot_size(plan)) > 0, lot, np.maximum(plan.mean, 1.0))}

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield Fault(self.Q <= 0, "Q must be more than 0, got {:g}", (self.Q,))

    def quantities(self, view: View) -> Any:
        below = self.R - view.inventory_position
        return np.where((below >= 0) & (self.plan.mean > 0), (np.floor(below / self.Q + 1e-9) + 1.0) * self.Q, 0.0)
