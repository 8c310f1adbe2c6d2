"""What an agent's numbers mean: quantities, order-up-to levels, or corrections to a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ..envs.action_map import ActionMap
from ..envs.observation import MOST_ORDERED, Codec
from ..physics import View
from ..scenario import Scenario
from .base import Policy, PolicyError, StatefulRule, positive
from .plan import PlanningData

MOST_CHOICES = 4096
MEANINGS = ("quantity", "order-up-to", "correction")


@dataclass
class Action:
    """Turns the outputs of a network into orders in units (paths, lanes).

    An output is a choice, one of the rows of `choices` (n, numbers), or numbers between -1 and 1, which stand for
    `low`, `middle` and `high` (numbers,) with straight lines between. Those are

    * `quantity`: units to order on each lane;
    * `order-up-to`: a level of inventory position for each stock;
    * `correction`: units to add to a rule's order on each lane, or to take from it.
    """

    arrays: ClassVar[tuple[str, ...]] = ("choices", "low", "middle", "high")

    means: str = "quantity"
    rule: Any = None
    choices: np.ndarray | None = None
    low: np.ndarray | None = None
    middle: np.ndarray | None = None
    high: np.ndarray | None = None
    plan: PlanningData = field(init=False, repr=False)

    @classmethod
    def default(
        cls,
        scenario: Scenario,
        means: str = "quantity",
        rule: Any = None,
        most: float = MOST_ORDERED,
        deviations: float | None = None,
    ) -> Self:
        """Return numbers between -1 and 1 that stand for what is sensible in a scenario.

        Quantities go from 0 over what is used to the most that an env orders, levels from 0 over the newsvendor's to
        twice that, and corrections take or add as much as an env orders at most; or, where they are given, so many
        standard deviations of what a stock is used in lead time and review, and two units at least where units are
        whole. Of a demand that hardly varies, those are much less.
        """
        plan = PlanningData(scenario)
        lanes = Codec(plan.layout, most_ordered=most).lanes
        if means == "quantity":
            low, middle, high = np.zeros(len(lanes)), lanes["use"], lanes["limit"]
        elif means == "order-up-to":
            middle = np.maximum(plan.level(plan.critical_ratio), plan.mean)
            low, high = 0.0 * middle, 2.0 * middle
        else:
            middle, high = np.zeros(len(lanes)), lanes["limit"]
            if deviations is not None:
                least = 2.0 if plan.whole else 1e-3 * lanes["limit"]
                high = np.maximum(deviations * plan.deviation()[plan.stock_of], least).clip(max=lanes["limit"])
            low = -high
        return cls(means, rule, low=low, middle=middle, high=high)

    @classmethod
    def choosing(
        cls, scenario: Scenario, means: str, rule: Any, most: float, choices: Any, deviations: float | None = None
    ) -> Self:
        """Return choices: so many for each number, from the lowest to the highest of `default`, or rows that are given.

        Raises:
            PolicyError: for choices that are no table of finite numbers, or more than can be told apart.
        """
        if isinstance(choices, int | np.integer) and not isinstance(choices, bool):
            numbers = cls.default(scenario, means, rule, most, deviations)
            assert numbers.low is not None
            assert numbers.high is not None
            axes = [np.linspace(low, high, choices) for low, high in zip(numbers.low, numbers.high, strict=True)]
            if scenario.units == "whole":
                axes = [np.unique(np.round(axis)) for axis in axes]
            count = int(np.prod([float(len(axis)) for axis in axes]))
            if not 2 <= count <= MOST_CHOICES:
                must = f"choices: must make 2 to {MOST_CHOICES:,} rows of {len(axes)} numbers"
                raise PolicyError(f"{must}, got {choices} for each number, {count:,} rows (give the rows themselves)")
            rows = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=-1)
        else:
            try:
                rows = np.asarray(choices, float)
            except (TypeError, ValueError):
                rows = np.zeros(0)
            rows = rows[:, None] if rows.ndim == 1 else rows
            if rows.ndim != 2 or not 2 <= len(rows) <= MOST_CHOICES or not np.isfinite(rows).all():
                raise PolicyError(
                    f"choices: must be a number, or 2 to {MOST_CHOICES:,} rows of numbers, got {choices!r}"
                )
        return cls(means, rule, choices=rows)

    @property
    def discrete(self) -> bool:
        """Tell whether it is a choice that is made."""
        return self.choices is not None

    @property
    def outputs(self) -> int:
        """Return how many outputs a network needs."""
        numbers = self.choices if self.choices is not None else self.middle
        assert numbers is not None
        return len(numbers)

    @property
    def description(self) -> dict[str, Any]:
        """Return what is written in a manifest; the arrays go beside."""
        return {"means": self.means, "rule": None if self.rule is None else str(self.rule)}

    def fit(self, scenario: Scenario) -> Self:
        """Return this action, fitted to a scenario."""
        from . import policy

        if self.means not in MEANINGS:
            raise PolicyError(f"an action must mean one of {', '.join(MEANINGS)}, got {self.means!r}")
        if (self.means == "correction") != (self.rule is not None):
            raise PolicyError("a rule must be given for corrections, and for nothing else")
        fitted = type(self)(self.means, self.rule, self.choices, self.low, self.middle, self.high)
        fitted.plan = PlanningData(scenario)
        if self.rule is not None:
            fitted.rule = policy(self.rule, scenario)
        width = len(scenario.stocks if self.means == "order-up-to" else scenario.lanes)
        numbers = [self.choices] if self.choices is not None else [self.low, self.middle, self.high]
        for array in numbers:
            if array is None or array.shape[-1] != width:
                raise PolicyError(f"an action must have {width} numbers here")
        return fitted

    def check_stateless(self) -> None:
        """Refuse to correct a stateful rule where rows of a batch begin new episodes one by one.

        Raises:
            PolicyError: for a stateful rule.
        """
        if isinstance(self.rule, StatefulRule):
            raise PolicyError(
                f"{self.rule.name}: keeps the past in mind, and cannot be corrected in an env"
                " (base-stock can, and the agent hindsight corrects it)"
            )

    def begin(self, view: View) -> np.ndarray | None:
        """Return the own state of the rule that is corrected before the first period (paths, n); None without one."""
        return self.rule.begin(view) if isinstance(self.rule, Policy) else None

    def act(self, outputs: Any, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray | None]:
        """Return orders as `orders` does, and the rule's own state for the next period (paths, n)."""
        if state is None:
            return self.orders(outputs, view), None
        base, state = self.rule.act(view, state)
        return self.orders(outputs, view, base), state

    def orders(self, outputs: Any, view: View, base: Any = None) -> Any:
        """Return orders in units (paths, lanes) for outputs: choices (paths,), or numbers (paths, outputs).

        Where the rule that is corrected was asked before, `base` is what it orders (paths, lanes).
        """
        meant = self._map.units(outputs) if self.choices is None else self.choices[outputs]
        return self.orders_for(meant, view, base)

    def orders_for(self, meant: Any, view: View, base: Any = None) -> Any:
        """Return orders in units (paths, lanes) for the quantities, levels or corrections that are meant (paths, n)."""
        if self.means == "order-up-to":
            return self.plan.split_over_lanes(positive(meant - view.inventory_position))
        if self.means == "correction":
            return positive((self.rule(view) if base is None else base) + meant)
        return positive(meant)

    def distances(self, quantities: np.ndarray) -> np.ndarray:
        """Return by how many units, over all lanes, each choice misses these quantities (paths, choices)."""
        assert self.choices is not None
        missed: np.ndarray = np.abs(quantities[:, None, :] - self.choices).sum(-1)
        return missed

    def numbers(self, quantities: np.ndarray) -> np.ndarray:
        """Return the numbers between -1 and 1 (paths, lanes) that order these quantities, or as near as can be."""
        return self._map.numbers(quantities)

    @property
    def _map(self) -> ActionMap:
        assert self.low is not None
        assert self.middle is not None
        assert self.high is not None
        return ActionMap.linear(self.low, self.middle, self.high)


class Acting(Policy):
    """A policy whose outputs an `Action` turns into orders."""

    action: Action

    def network_outputs(self, view: View) -> Any:
        """Return choices (paths,), or numbers between -1 and 1 (paths, outputs)."""
        raise NotImplementedError

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units."""
        return self.action.orders(self.network_outputs(view), view)


def action_of(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Action:
    """Return the action that a manifest and its arrays describe."""
    found = {name: arrays.get(name) for name in Action.arrays}
    choices, *numbers = found.values()
    if choices is not None and choices.ndim != 2:
        raise ValueError(f"choices must be a table, got the shape {choices.shape}")
    shapes = {None if array is None else array.shape for array in numbers}
    if choices is None and (None in shapes or len(shapes) != 1 or len(shapes.pop() or ()) != 1):
        raise ValueError("low, middle and high must be lists of the same length")
    return Action(str(description.get("means")), description.get("rule"), **found)
