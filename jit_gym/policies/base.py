"""What all rules have in common: a name, parameters by formula, and orders by lane."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self
from weakref import WeakKeyDictionary

import numpy as np

from ..common.renamed import renamed
from ..common.text import nearest
from ..envs.observation import Codec
from ..physics import View
from ..scenario import BadInput, Scenario, ScenarioError, limits, yaml12
from .limits import ignored, listed, overtaking, replayed
from .plan import PlanningData, positive

Parameter = Any
"""One number for every stock, numbers by the stocks' names, or None: by the rule's formula.

Fitted, it is an array (stocks,), or (paths, stocks) where every path is played with parameters of its own.
"""


class PolicyError(BadInput):
    """A policy that does not exist, or that does not fit its scenario; the text is one line."""


class Policy:
    """What decides orders. Fitted to a scenario, it is called with a `View` and returns units (paths, lanes)."""

    name: ClassVar[str]
    scenario: Scenario
    env_codec: Codec | None = None
    """The codec of the env that `predict` plays in; `jit_gym.policy(name, env)` sets it."""

    def fit(self, scenario: Scenario) -> Self:
        """Return a copy of this policy, with all that it needs of a scenario."""
        fitted = copy.copy(self)
        fitted.scenario = scenario
        return fitted

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units."""
        raise NotImplementedError

    @cached_property
    def codec(self) -> Codec:
        """Return the codec of an env of this scenario that is made without other arguments."""
        from ..physics import Layout

        return Codec(Layout(self.scenario))

    @property
    def cycle(self) -> int | None:
        """Return after how many periods its orders repeat, 1 if they do not depend on the period; None if not known.

        A policy whose orders depend on the period overrides this, so that its cost can be computed exactly.
        """
        return None

    def begin(self, view: View) -> np.ndarray | None:
        """Return the policy's own state before the first period (paths, n); None for a policy without one."""
        return None

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray | None]:
        """Return orders in units (paths, lanes), and the policy's own state for the next period (paths, n)."""
        return self(view), None

    def notes(self) -> list[str]:
        """Return warnings to read before comparing this policy, fitted to a scenario: a sentence each."""
        return []

    def predict(
        self,
        observation: np.ndarray,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Return the action for an observation, or a batch of them: what Stable-Baselines3 asks of a model.

        The policy must know the env that the observations are from: `jit_gym.policy("base-stock", env)`. An observation
        tells neither the period nor the past. Where `episode_start` is given, the state that is returned counts periods
        and holds the policy's own state (paths, 1 + n); hand it on with the next observation, as Stable-Baselines3
        does.

        Raises:
            PolicyError: for a policy that knows no env.
            BadInput: for observations of another width, or that its env cannot show.
        """
        if self.env_codec is None:
            raise PolicyError(
                f"{self}: predict must know the env whose observations it reads: jit_gym.policy({str(self)!r}, env)"
            )
        view = View(seen := self.env_codec.read(observation))
        if episode_start is not None:
            starts = np.reshape(episode_start, (-1, 1)) | (state is None)
            past = np.zeros((len(starts), 1)) if state is None else np.reshape(state, (len(starts), -1))
            seen.period = np.where(starts[:, 0], 0, past[:, 0]).astype(int)
        own = self.begin(view)
        if episode_start is not None and state is not None and own is not None:
            own = np.where(starts, own, past[:, 1:])
        orders, own = self.act(view, own)
        if episode_start is not None:
            state = seen.period + 1
            if own is not None:
                state = np.column_stack([state, own])
        action = self.env_codec.encode(orders)
        return (action if np.ndim(observation) == 2 else action[0]), state


def parameters_in(inside: str, name: str, text: str) -> dict[str, Any]:
    """Return what stands in the brackets of a policy's text, `level=25, cards={valve: 8}`.

    Raises:
        PolicyError: for what cannot be read.
    """
    try:
        found: dict[str, Any] = yaml12.parse("{" + re.sub(r"([A-Za-z_]\w*)\s*=", r"\1: ", inside) + "}")
    except ScenarioError:
        raise PolicyError(f"cannot read the parameters of {text!r} (write them like {name}(a=1, b=2))") from None
    return found


class Fault(NamedTuple):
    """What may be wrong with parameters: where (stocks,) or (paths, stocks), and how to say it."""

    where: np.ndarray
    text: str
    values: tuple[np.ndarray, ...]

    def __str__(self) -> str:
        first = tuple(np.argwhere(self.where)[0])
        return self.text.format(*(np.broadcast_to(value, self.where.shape)[first] for value in self.values))


@dataclass(eq=False)
class Rule(Policy):
    """A rule with a few parameters for each stock. A subclass is a dataclass: its fields are the parameters.

    A parameter that is not given comes from `formulas`. Fitted, every parameter is an array (stocks,). A parameter is a
    quantity, in units, unless it is named below.
    """

    shares: ClassVar[tuple[str, ...]] = ()
    """Parameters from 0 to 1."""
    counts: ClassVar[tuple[str, ...]] = ()
    """Parameters that are whole numbers of periods, 1 or more."""
    periods: ClassVar[tuple[str, ...]] = ()
    """Parameters that are periods, fractions included."""
    signed: ClassVar[tuple[str, ...]] = ()
    """Parameters that may be negative."""
    fine: ClassVar[tuple[str, ...]] = ()
    """Quantities for which fractions of a unit count, even where units are whole."""
    given: ClassVar[tuple[str, ...]] = ()
    """Parameters that come with the world or the business, and are not tuned unless asked for."""
    derived: ClassVar[tuple[str, ...]] = ()
    """Arrays that `prepare` works out of parameters, and on which orders depend in their place."""
    planned: ClassVar[tuple[str, ...]] = ()
    """Parameters whose formula is a textbook's, with assumptions that `notes` compares with the scenario."""
    knows: ClassVar[frozenset[str]] = frozenset()
    """What of `limits.LIMITS` the formulas take into account."""

    plan: PlanningData = field(init=False, repr=False)
    tuning: Any = field(init=False, repr=False, default=None)
    """How the parameters were found, for a rule from `jit_gym.tune` (an `evaluate.Tuning`)."""
    by_formula: tuple[str, ...] = field(init=False, repr=False, default=())
    """The parameters, fitted, that come from the formulas for some stock or for all."""

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        """Return each parameter by formula (stocks,), or one number for all."""
        raise NotImplementedError

    def quantities(self, view: View) -> Any:
        """Return what to order for each stock (paths, stocks), in units."""
        raise NotImplementedError

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes): each stock's quantity, over its lanes by their shares."""
        return self.plan.split_over_lanes(self.wanted(view))

    def wanted(self, view: View) -> Any:
        """Return `quantities`, none of them negative, and of an obsolete stock only what customers still wait for."""
        quantities = positive(self.quantities(view))
        if self.plan.obsolesces:
            needless = positive(quantities - positive(-view.inventory_position))
            quantities = quantities - needless * view.obsolete
        return quantities

    def fit(self, scenario: Scenario) -> Self:
        """Return this rule with every parameter filled in."""
        fitted = super().fit(scenario)
        if self.tuning is not None and scenario != self.scenario:
            fitted.tuning = None
        fitted.plan = PlanningData(scenario)
        self.check(fitted.plan)
        missing = (name for name in self.names() if getattr(self, name) is None)
        given = ((name, getattr(self, name)) for name in self.names())
        partly = (name for name, each in given if isinstance(each, Mapping) and set(fitted.plan.stocks) - set(each))
        fitted.by_formula = tuple(dict.fromkeys([*self.by_formula, *missing, *partly]))
        for name, formula in self.formulas(fitted.plan).items():
            setattr(fitted, name, self.given_or(name, formula, fitted.plan))
        for fault in fitted.faults():
            if fault.where.any():
                raise PolicyError(f"{self.name}: {fault}")
        fitted.prepare()
        return fitted

    def having(self, parameters: Mapping[str, np.ndarray]) -> Self:
        """Return this fitted rule with other parameters: (stocks,), or (paths, stocks), for each path its own.

        `faults` are not looked at: the caller does.
        """
        other = copy.copy(self)
        other.tuning = None
        other.by_formula = tuple(name for name in self.by_formula if name not in parameters)
        for name, value in parameters.items():
            setattr(other, name, value)
        other.prepare()
        return other

    def faults(self) -> Iterator[Fault]:
        """Yield what may be wrong with parameters that are filled in."""
        for name in self.shares:
            yield Fault((value := getattr(self, name)) > 1, f"{name} must be 1 or less, got {{:g}}", (value,))
        for name in self.counts:
            value = getattr(self, name)
            must = f"{name} must be a whole number of periods, 1 or more, got {{:g}}"
            yield Fault((value < 1) | (value != np.floor(value)), must, (value,))

    def notes(self) -> list[str]:
        """Return what the formulas leave out of account of the scenario, if any of the parameters come from them."""
        if not self.relies_on_formulas:
            return []
        notes = []
        if found := ignored(self.plan, self.knows):
            notes.append(f"the formula ignores {', '.join(found)}")
        if names := overtaking(self.plan):
            notes.append(f"orders on {listed(names)} may overtake, so it plans with the number outstanding")
        if names := replayed(self.plan):
            notes.append(f"the formula knows the mean and variance of {listed(names)}, a history yet to be replayed")
        return [f"{self.name}: {note}" for note in notes]

    @property
    def relies_on_formulas(self) -> bool:
        """Tell whether a number comes from a textbook's formula, and was neither given nor tuned."""
        return any(name in self.by_formula for name in self.planned)

    def starts(self) -> list[dict[str, np.ndarray]]:
        """Return more parameters than those by formula to begin a search from: other ways to plan."""
        return []

    def prepare(self) -> None:
        """Work out what follows from the parameters, and does not change while playing."""

    def check(self, plan: PlanningData) -> None:
        """Refuse a scenario that the rule does not fit."""

    def given_or(self, parameter: str, formula: Any, plan: PlanningData) -> np.ndarray:
        """Return a parameter (stocks,) as it was given, and by its formula where it was not.

        For formulas that depend on another parameter.

        Raises:
            PolicyError: for a stock that does not exist, or what is no number of the parameter's kind.
        """
        given, stocks = getattr(self, parameter), plan.stocks
        filled = np.array(np.broadcast_to(formula, len(stocks)), float)
        if isinstance(given, Mapping):
            for stock, value in given.items():
                if stock not in stocks:
                    raise PolicyError(f"{self.name}: {parameter}: unknown stock {stock!r}{nearest(str(stock), stocks)}")
                filled[stocks.index(stock)] = self._number(f"{parameter} of {stock}", value)
        elif isinstance(given, np.ndarray):
            if given.shape != filled.shape:
                raise PolicyError(f"{self.name}: {parameter}: must have {len(stocks)} numbers, got {given.size}")
            filled[:] = given
        elif given is not None:
            filled[:] = self._number(parameter, given)
        return filled

    def _number(self, parameter: str, value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | np.number)
            or not -limits.NUMBER <= value <= limits.NUMBER
            or (value < 0 and parameter.partition(" ")[0] not in self.signed)
        ):
            must = "a number" if parameter.partition(" ")[0] in self.signed else "a number, 0 or more"
            raise PolicyError(f"{self.name}: {parameter} must be {must}, got {value!r}")
        return float(value) + 0.0  # no minus zero

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


def act_in_sequence(policy: Policy, view: View, states: WeakKeyDictionary[Any, Any]) -> Any:
    """Return the orders of a policy with a state of its own, and store its next state for this simulation.

    Args:
        policy: the policy.
        view: the start of a period. Where it is the one after the period played before, the policy's state goes on;
            where it is the same, the orders are the same again; any other period begins anew.
        states: for each simulation, the last period played, and the policy's state before and after it; is changed.
    """
    source, period = view.source, view.period
    last, state, following = states.get(source, (None, None, None))
    if state is None or period != last:
        state = following if last is not None and period == last + 1 else policy.begin(view)
    orders, following = policy.act(view, state)
    states[source] = period, state, following
    return orders


def has_passed(view: View) -> Any:
    """Tell on which paths a period has passed, so that there is one to learn from (paths, 1); none if not known."""
    return np.reshape(view.period > 0, (-1, 1)) if view.period is not None else np.zeros((1, 1), bool)


@dataclass(eq=False)
class StatefulRule(Rule):
    """A rule with a state of its own: numbers that it keeps from one period to the next (paths, n).

    A subclass returns the first state in `begin`, and orders with the next state in `act`. Called on a simulation, it
    stores the state for it; a new simulation, or one that has not just played the period before, begins anew. Called
    twice in a period, it returns the same orders.
    """

    _states: WeakKeyDictionary[Any, Any] = field(init=False, repr=False, default_factory=WeakKeyDictionary)

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), with the state stored for the view's simulation."""
        return act_in_sequence(self, view, self._states)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_states": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"_states": WeakKeyDictionary()})


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {number:g}" for name, number in value.items()) + "}"
    return f"{value:g}"


__getattr__ = renamed(__name__, {"Mindful": "StatefulRule", "recall": "act_in_sequence"})
