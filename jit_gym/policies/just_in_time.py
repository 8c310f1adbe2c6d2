"""Just in time: order what was used, and nothing for safety."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..physics.formulas import quantile
from ..physics.numbers import product
from ..physics.period import ROUNDING_TOLERANCE
from .base import Parameter, PolicyError, Rule, StatefulRule, positive
from .limits import listed
from .plan import PlanningData

LONGEST = 1000  # periods after which orders that depend on the period repeat, to be known to do so


@dataclass(eq=False)
class JustInTime(StatefulRule):
    """Order lot for lot what was asked for in the last period, and hold nothing for safety (Ohno 1988).

    Where customers wait, they are ordered for; where they are lost, what was sold is ordered. The line is primed once:
    the first order fills it up to `level`, the mean use over lead time and review. So the inventory position after an
    order is the same ever after, and what is lost on the way is ordered again: what a stopped supplier let lapse, what
    was rejected or thrown away, and what did not fit into the capacity. For an obsolete stock only what waits for it
    is ordered.
    """

    name: ClassVar[str] = "jit"
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.level(0.5)}

    def begin(self, view: View) -> np.ndarray:
        """Return the inventory position to keep (paths, stocks)."""
        position = view.inventory_position
        return np.where(is_first(view), np.maximum(self.level, position), position + view.used)

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        return self.plan.split_over_lanes(self.lot(view, state)), state

    def lot(self, view: View, kept: np.ndarray, ordered: Any = 0.0) -> np.ndarray:
        """Return what to order for each stock to keep an inventory position, what was `ordered` otherwise included."""
        return missing(kept, view.inventory_position + ordered, view.obsolete)


def is_first(view: View) -> np.ndarray:
    """Tell on which paths it is the first period (paths, 1); on none where the period is not known."""
    return np.reshape(view.period == 0, (-1, 1))


def missing(kept: np.ndarray, position: Any, obsolete: Any) -> np.ndarray:
    """Return what is missing of a position that is kept (paths, stocks), or of 0 where a stock is obsolete.

    Less than rounding errors make is nothing, since an order may cost something however small it is.
    """
    kept = np.where(obsolete, np.minimum(kept, 0.0), kept)
    gap = kept - position
    return np.where(gap > ROUNDING_TOLERANCE * np.maximum(np.abs(kept), 1.0), gap, 0.0)


@dataclass(eq=False)
class Kanban(Rule):
    """Send a card back for each emptied container, and so order one container (Sugimori et al. 1977; Monden 2011).

    A stock has `cards` containers of `container` units on the shelf and on the way; a started container keeps its card.

    By formula there are y = (D (L + 1) + w) / c cards, and containers of a tenth of a period's use. Toyota's buffer w
    is 10 % of D (L + 1), for demand that has been levelled; where demand varies that starves the line. So w is the
    larger of that and the safety stock z sqrt((L + 1) s^2 + D^2 s_L^2), with z at p / (p + h), a choice which the
    formula leaves open: w is a policy variable (Nahmias 2009).
    """

    name: ClassVar[str] = "kanban"
    planned: ClassVar[tuple[str, ...]] = ("cards",)
    given: ClassVar[tuple[str, ...]] = ("container",)
    cards: Parameter = None
    container: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        tenth = plan.mean / 10.0
        container = np.maximum(np.floor(tenth + 0.5), 1.0) if plan.whole else np.where(tenth > 0, tenth, 1.0)
        if self.container is not None:
            container = self.given_or("container", container, plan)
            if not container.all():
                raise PolicyError(f"{self.name}: container must be more than 0, got 0")
        need, safety = self.needed(plan)
        return {"cards": np.ceil((need + buffer(need, safety)) / container - 1e-9), "container": container}

    @staticmethod
    def needed(plan: PlanningData) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean use of each stock over lead time and review, and its safety stock."""
        return plan.exposed_mean(), plan.safety_stock(plan.critical_ratio)

    def notes(self) -> list[str]:
        return super().notes() + buffered(self, *self.needed(self.plan))

    def quantities(self, view: View) -> Any:
        held = view.on_hand + product(view.on_order, self.plan.into)
        free = self.cards - np.ceil(held / self.container - 1e-9)
        return positive(free) * self.container


def buffer(need: np.ndarray, safety: np.ndarray) -> np.ndarray:
    """Return what cards there are beyond the mean use: Toyota's 10 %, or the safety stock where demand needs more."""
    return np.maximum(0.1 * need, safety)


def buffered(rule: Rule, need: np.ndarray, safety: np.ndarray) -> list[str]:
    """Return a note where the cards by formula are more than Toyota's, for demand that varies."""
    more = safety > 0.1 * need
    if "cards" not in rule.by_formula or not more.any():
        return []
    names = [name for name, each in zip(rule.plan.stocks, more, strict=True) if each]
    return [f"{rule.name}: demand on {listed(names)} varies, so it has cards for safety stock and not for 10 % only"]


@dataclass(eq=False)
class Conwip(Rule):
    """Release new work when some has left, so that work in process is constant (Spearman et al. 1990).

    Only lanes from outside have `cards`: as many units, counted in those of their stock, are in it, in all that it
    feeds and on the way. Everything else is pushed on as soon as it is there. By formula: Little's (1961) law, the mean
    use over the time from the first order to the customer, and a buffer on top, as for kanban.
    """

    name: ClassVar[str] = "conwip"
    planned: ClassVar[tuple[str, ...]] = ("cards",)
    cards: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        need, safety = self.needed(plan)
        return {"cards": plan.rounded(need + buffer(need, safety))}

    @staticmethod
    def needed(plan: PlanningData) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean use of each stock until what it is made into is with a customer, and its safety stock."""
        safety = plan.safety_stock(
            plan.critical_ratio,
            plan.longest_cumulative_lead_time,
            lead_time_variance=plan.longest_cumulative_lead_time_variance,
        )
        return plan.mean * (plan.longest_cumulative_lead_time + 1.0), safety

    def notes(self) -> list[str]:
        return super().notes() + buffered(self, *self.needed(self.plan))

    def __call__(self, view: View) -> Any:
        plan = self.plan
        inside = ~plan.lanes_from_outside
        work = plan.echelon(view.on_hand + np.where(inside, view.in_transit, view.on_order) @ plan.into)
        orders = plan.split_over_lanes(positive(self.cards - work), plan.split.outside_shares)
        there = view.on_hand
        if plan.scenario.sources_ship == "after-receiving":  # what arrives today can leave today
            arrives = [self.arrives(view, m, orders[:, m]) for m in range(len(plan.lanes))]
            there = there + np.stack(arrives, axis=-1) @ plan.into
        position = view.inventory_position @ plan.into.T  # of the stock that each lane leads to
        for m in np.flatnonzero(inside):
            used = plan.uses[m] > 0
            pushed = np.inf
            for i in np.flatnonzero(used):  # what there is goes where it is missing, so that all have the same cover
                to = plan.uses[:, i] * position
                fair = plan.use_shares[m, i] * (there[:, i] + to.sum(axis=1)) - to[:, m]
                pushed = np.minimum(pushed, np.minimum(fair, there[:, i]) / plan.uses[m, i])
            pushed = pushed - (view.on_order - view.in_transit)[:, m]
            orders[:, m] = positive(np.floor(pushed + 1e-9) if plan.whole else pushed)
        return orders

    def arrives(self, view: View, m: int, order: np.ndarray) -> np.ndarray:
        """Return the units of a lane that may arrive in this period (paths,), an order placed now included.

        A push is a standing order: what may arrive is ordered on, so that it leaves in the period of its arrival. What
        does not arrive (a machine was down, a random lead time was longer) leaves an order that waits, or lapses.
        """
        plan, name = self.plan, self.plan.lanes[m]
        lane = plan.scenario.lanes[name]
        there = view.in_transit[:, m] if name in plan.random_lead_times else view.arriving(m, 1)
        if not lane.uses and lane.lead_time.lowest == 0:  # what the supplier is asked for today may arrive today
            read = view.orders_read_today[:, m] if lane.order_delay else order
            there = there + np.minimum(view.waiting[:, m] + read, plan.most_shipped[m])
        return there


@dataclass(eq=False)
class Constant(Rule):
    """Order the same every period: the takt of the line, by formula mean use (Reiman 2004 for lost sales).

    A fraction of a unit is levelled over the periods (heijunka): 0.3 a period is one unit in periods 3, 6, 9, ...
    """

    name: ClassVar[str] = "constant"
    fine: ClassVar[tuple[str, ...]] = ("quantity",)
    quantity: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"quantity": plan.mean}

    @property
    def cycle(self) -> int | None:
        return levelled_over(self.plan, self.quantity)

    def quantities(self, view: View) -> Any:
        return levelled(self.plan, view, self.quantity)

    def notes(self) -> list[str]:
        if "quantity" not in self.by_formula or not self.plan.variance.any():
            return []
        return [f"{self.name}: it orders what is used on average, so that stock and shortage drift without bound"]


def levelled(plan: PlanningData, view: View, quantity: np.ndarray) -> Any:
    """Return a quantity, with fractions of a unit levelled over the periods (paths, stocks)."""
    if plan.whole and view.period is not None:
        periods = np.reshape(view.period, (-1, 1))
        quantity = np.floor((periods + 1) * quantity + 1e-9) - np.floor(periods * quantity + 1e-9)
    return np.broadcast_to(quantity, np.shape(view.on_hand))


def levelled_over(plan: PlanningData, quantity: np.ndarray) -> int | None:
    """Return over how many periods quantities are levelled: the least common denominator; None if it is large."""
    if not plan.whole:
        return 1
    parts = [Fraction(float(units)).limit_denominator(LONGEST) for units in np.ravel(quantity)]
    close = np.allclose(np.array(parts, float), np.ravel(quantity), rtol=0, atol=1e-12)
    found = lcm(*(part.denominator for part in parts))
    return found if close and found <= LONGEST else None


@dataclass(eq=False)
class Heijunka(Rule):
    """Close a share of the gap to the level, so that orders are smooth (Dejonckheere et al. 2003).

    The order-up-to rule with a smoothing parameter: O = m + smoothing (S - m - IP). It levels orders by feedback, where
    heijunka levels a schedule that is known (Monden 2011). A share of 1 is base-stock; of less, b, it makes the
    variance of orders b / (2 - b) times that of demand. By formula b = 1/2, a third of the variance, and S =
    m (L + 1) + z s sqrt(L + 1 + (1 - b)^2 / (b (2 - b))), with z at p / (p + h): smooth orders are paid for in stock
    (Disney et al. 2006).
    """

    name: ClassVar[str] = "heijunka"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    shares: ClassVar[tuple[str, ...]] = ("smoothing",)
    level: Parameter = None
    smoothing: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        b = self.given_or("smoothing", 0.5, plan)
        still = np.maximum(b, 1e-3)
        later = plan.variance * (1 - still) ** 2 / (still * (2 - still))
        spread = np.sqrt((plan.lead_time + 1) * plan.variance + later + plan.mean**2 * plan.lead_time_variance)
        level = np.maximum(plan.exposed_mean() + quantile(plan.critical_ratio) * spread, 0.0)
        return {"level": plan.rounded(level), "smoothing": b}

    def quantities(self, view: View) -> Any:
        gap = self.level - self.plan.mean - view.inventory_position
        return self.plan.mean + self.smoothing * gap


@dataclass(eq=False)
class DemandFlow(StatefulRule):
    """Order at every stage what the customers ordered, as soon as they do (demand flow).

    A customer's order goes to all stages at once, by the bill of materials; under `jit` each stage learns from the next
    one what that drew. The line is primed once, up to `level` at each stage, by formula its mean use over lead time and
    review. So the echelon inventory position of each stage is the same ever after, and what is lost on the way is
    ordered again, as under `jit`.
    """

    name: ClassVar[str] = "demand-flow"
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.level(0.5)}

    def begin(self, view: View) -> np.ndarray:
        """Return the echelon inventory position to keep (paths, stocks)."""
        plan = self.plan
        fill = positive(self.level - view.inventory_position)
        drawn = plan.echelon(np.where(plan.stocks_with_customers, view.used, 0.0))
        return plan.echelon_position(view) + np.where(is_first(view), fill, drawn)

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        quantities = missing(state, self.plan.echelon_position(view), view.obsolete)
        return self.plan.split_over_lanes(quantities), state


@dataclass(eq=False)
class ShortCycle(Rule):
    """Order up to the mean use of the cycle to come, every `review` periods (short cycles; Schonberger 1982).

    Between reviews nothing is ordered, and nothing is held for safety. By formula half of the economic cycle sqrt(2 K /
    (h m)) (Harris 1913), which is one period where an order costs nothing, and the level m (L + review).
    """

    name: ClassVar[str] = "short-cycle"
    counts: ClassVar[tuple[str, ...]] = ("review",)
    review: Parameter = None
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        review = np.maximum(np.floor(plan.economic_cycle / 2 + 0.5), 1.0)
        review = self.given_or("review", review, plan)
        return {"review": review, "level": plan.rounded(plan.mean * (plan.lead_time + review))}

    @property
    def cycle(self) -> int | None:
        return reviews_repeat(self.review)

    def quantities(self, view: View) -> Any:
        return np.where(reviewed(view, self.review), positive(self.level - view.inventory_position), 0.0)


def reviewed(view: View, review: np.ndarray) -> Any:
    """Tell whether a stock is reviewed in this period, one of every `review`; always where the period is not known."""
    if view.period is None:
        return True
    return np.reshape(view.period, (-1, 1)) % np.maximum(review, 1.0) == 0


def reviews_repeat(review: np.ndarray) -> int | None:
    """Return after how many periods the reviews of all stocks repeat; None if that is long."""
    found = lcm(*(max(int(periods), 1) for periods in np.ravel(review)))
    return found if found <= LONGEST else None


@dataclass(eq=False)
class Synchronised(Rule):
    """Order what the production schedule, or the forecast, needs by the time it arrives, and no more (Orlicky 1975).

    Net requirements: the forecast over the lead time and this period, and `safety` on top, less what is there and on
    order. By formula the safety is 0.
    """

    name: ClassVar[str] = "synchronised"
    safety: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"safety": 0.0}

    def quantities(self, view: View) -> Any:
        return positive(self.plan.rounded(self.plan.expected(view) + self.safety) - view.inventory_position)
