"""What every rule has in common: parameters by formula, orders by lane, a name to call it by."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ..envs.observation import Coding
from ..physics import View
from ..physics.numbers import is_tensor
from ..scenario import BadInput, Scenario
from ..scenario.part import nearest
from .plan import Plan

Parameter = Any
"""One number for every stock, numbers by the stocks' names, or None: by the rule's formula. Fitted: (stocks,)."""


class PolicyError(BadInput):
    """A policy that does not exist, or that does not fit its scenario; the text is one line."""


def positive(quantity: Any) -> Any:
    """Return the quantity where it is above 0, and 0 elsewhere."""
    return quantity.clamp(min=0.0) if is_tensor(quantity) else np.maximum(quantity, 0.0)


class Policy:
    """Whoever orders. Fitted to a scenario, it is called with a `View` and returns orders in units (paths, lanes)."""

    name: ClassVar[str]
    scenario: Scenario

    def fit(self, scenario: Scenario) -> Self:
        """Return this policy, knowing what it must know of a scenario."""
        fitted = copy.copy(self)
        fitted.scenario = scenario
        return fitted

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units."""
        raise NotImplementedError

    @cached_property
    def coding(self) -> Coding:
        """Return what the numbers of an env of this scenario mean; set it to play in an env with other units."""
        from ..physics import Layout

        return Coding(Layout(self.scenario), paths=1)

    def predict(
        self,
        observation: np.ndarray,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Return the action for an observation, or a batch of them: what Stable-Baselines3 asks of a model.

        An observation does not tell the period. Where `episode_start` is given, the state that is returned counts
        periods; hand it on with the next observation, as Stable-Baselines3 does.
        """
        batch = np.atleast_2d(observation)
        seen = self.coding.decode(batch)
        if episode_start is not None:
            seen.period = np.where(episode_start, 0, 0 if state is None else state)
            state = seen.period + 1
        action = self.coding.encode(self(View(seen)))
        return (action if np.ndim(observation) == 2 else action[0]), state


@dataclass(eq=False)
class Rule(Policy):
    """A rule with a few parameters for each stock. A subclass is a dataclass: its fields are the parameters.

    A parameter that is not given comes from `formulas`. Fitted, every parameter is an array (stocks,).
    """

    plan: Plan = field(init=False, repr=False)

    def formulas(self, plan: Plan) -> dict[str, Any]:
        """Return each parameter by formula (stocks,), or one number for all."""
        raise NotImplementedError

    def quantities(self, view: View) -> Any:
        """Return what to order for each stock (paths, stocks), in units."""
        raise NotImplementedError

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes): each stock's quantity, over its lanes by their shares."""
        return self.plan.spread(positive(self.quantities(view)))

    def fit(self, scenario: Scenario) -> Self:
        """Return this rule with every parameter filled in."""
        fitted = super().fit(scenario)
        fitted.plan = Plan(scenario)
        self.check(fitted.plan)
        for name, formula in self.formulas(fitted.plan).items():
            setattr(fitted, name, self._filled(name, getattr(self, name), formula, list(scenario.stocks)))
        return fitted

    def check(self, plan: Plan) -> None:
        """Refuse a scenario that the rule does not fit."""

    def _filled(self, parameter: str, given: Parameter, formula: Any, stocks: list[str]) -> np.ndarray:
        filled = np.array(np.broadcast_to(formula, len(stocks)), float)
        if isinstance(given, Mapping):
            for stock, value in given.items():
                if stock not in stocks:
                    raise PolicyError(f"{self.name}: {parameter}: unknown stock {stock!r}{nearest(str(stock), stocks)}")
                filled[stocks.index(stock)] = self._number(f"{parameter} of {stock}", value)
        elif isinstance(given, np.ndarray):
            filled[:] = given
        elif given is not None:
            filled[:] = self._number(parameter, given)
        return filled

    def _number(self, parameter: str, value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | np.number)
            or not np.isfinite(value)
            or value < 0
        ):
            raise PolicyError(f"{self.name}: {parameter} must be a number, 0 or more, got {value!r}")
        return float(value)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the parameters."""
        return [parameter.name for parameter in fields(cls) if parameter.init]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters as one would write them: one number, or numbers by stock where they differ."""
        return {name: self._written(getattr(self, name)) for name in self.names() if getattr(self, name) is not None}

    def _written(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        numbers = [float(f"{number:.6g}") for number in value]
        if len(set(numbers)) == 1:
            return numbers[0]
        return dict(zip(self.scenario.stocks, numbers, strict=True))

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={_plain(value)}" for name, value in self.parameters.items())
        return f"{self.name}({inside})" if inside else self.name


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {number:g}" for name, number in value.items()) + "}"
    return f"{value:g}"
