"""What a policy costs, without simulation: its states are enumerated, and its chances added up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes, horizon_of, replayed
from ..common.checks import check_count
from ..physics import Layout, View
from ..policies import PolicyError, policy
from ..scenario import BadInput, Scenario, load
from .chain import Chain
from .iterate import NotConverged
from .long_run import RAREST, discounted_sum, long_run
from .merging import nothing_merged
from .position import Position, PositionSource, PositionView
from .process import MOST_STATES, TooMany
from .state_source import NotInState, StateSource, opening_worth, view_of

ALL = 50_000  # states up to which all that can be reached are kept, however rarely they are visited
MORE = 4  # or up to so many times those that are visited often enough
NEGLIGIBLE = 1e-16  # chance in a period below which a state is left out where there are more


@dataclass(frozen=True)
class ExactCost:
    """What a policy costs a period, costs less revenue; it lies between `low` and `high`, and `float(...)` gives it.

    With a discount b below 1 it is the mean weighted by b^t in period t, over the periods that were asked for, or all.
    `total` is the weighted sum over the periods asked for.

    `left_out` is the chance a period to enter a state that was left out as too rare; where it is not 0, the bounds hold
    as long as `proviso` says.
    """

    policy: str
    scenario: Scenario = field(repr=False)
    cost: float
    low: float
    high: float
    states: int
    total: float | None = None
    left_out: float = 0.0

    def __float__(self) -> float:
        return self.cost

    @property
    def proviso(self) -> str:
        """Return what the bounds take for granted of the states that were left out; nothing if there are none."""
        if not self.left_out:
            return ""
        return (
            f"provided that from states left out (entered with chance {self.left_out:.1e} a period) it costs no less "
            f"to go on than from the best of the {self.states:,} kept, and no more than a few times their range above"
        )


def exact_cost(
    what: Any,
    scenario: str | Path | Scenario,
    *,
    periods: int | None = None,
    warmup: int = 0,
    most_states: int = MOST_STATES,
    tolerance: float = 1e-7,
    progress: Callable[[str], Any] | None = None,
) -> ExactCost:
    """Compute what a policy costs, without simulation: its states are enumerated, and the physics asked what follows.

    Where one stock's customers wait and the policy looks at its inventory position alone, that is the whole state
    (`position`). Where more states can be reached than are worth keeping, or there is no end to them, those that come
    too rarely are left out, and the bounds say what that may change (`long_run.long_run`).

    Args:
        what: a policy: its name, with parameters or without, the object, or a function of a `View`.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`, in whole units.
        periods: how many periods count, from the scenario's start; by default all there will ever be, which is the
            horizon where the world ends, or where a history is replayed as it was. What is left after them is worth
            what it cost, as in `evaluate`.
        warmup: how many periods are played before those, neither counted nor discounted.
        most_states: how many states to find before giving up.
        tolerance: how near the bounds must be to each other, as a share of the cost (in money, for one below 1).
        progress: told how far it is, in words.

    Returns:
        An `ExactCost`: the long-run average a period, or with a discount or `periods` the weighted mean.

    Raises:
        ScenarioError: for chance that is not Markov, naming the field.
        PolicyError: for a stateful policy, and one that looks at the period and does not say by `cycle` when
            its orders repeat (unless `periods` are given), or that orders what is no quantity.
        BadInput: for continuous units, too many states, or a cost that depends on how the world begins.
    """
    scenario = load(scenario)
    for name, value, least in (("periods", periods, 1), ("warmup", warmup, 0)):
        if value is not None:
            check_count(name, value, least)
    if periods is None and (length := horizon_of(scenario)) is not None:
        periods = length - warmup
    scenario.check_length(warmup, periods or 0)
    known = replayed(scenario)
    if known is not None and periods is not None and not 0 < periods <= known - warmup:
        raise BadInput(f"periods: the history of {scenario.name} has {known} periods, got {warmup} + {periods}")
    orders_of = _PolicyOrders(policy(what, scenario), scenario, None if periods is None else warmup + periods)
    while True:
        try:
            if periods is None:
                return _long_run_cost(orders_of, most_states, tolerance, progress)
            return _cost_of_periods(orders_of, periods, warmup, most_states, progress)
        except _StatesTooCoarse:
            pass  # once more, with states that have what the policy looks at


def _long_run_cost(orders_of: _PolicyOrders, most_states: int, tolerance: float, progress: Any) -> ExactCost:
    """Explore the states that a policy reaches, and compute what it costs in the long run, or discounted."""
    scenario, discount, position = orders_of.scenario, orders_of.scenario.objective.discount, orders_of.position
    chain = _chain(orders_of, most_states, progress)
    if not (all_of_them := chain.expand_all(min(ALL, most_states))):
        chain = _chain(orders_of, most_states, progress)
        chain.reach(RAREST * tolerance, discount)
        if all_of_them is not None:
            chain.expand_all(min(MORE * len(chain), most_states))
    try:
        low, high, left_out = long_run(chain, discount, tolerance)
    except NotConverged as error:
        between = f"between {error.low:.6g} and {error.high:.6g}"
        raise BadInput(f"{orders_of.name}: its long-run cost depends on how the world begins ({between})") from None
    chain.check()
    opening = opening_worth(scenario)
    low, high = low + opening, high + opening
    if position is not None:
        first = (1 - discount) * position.cost_before_first_order()
        low, high = low + first, high + first
    return ExactCost(orders_of.name, scenario, (low + high) / 2, low, high, len(chain), left_out=left_out)


def _cost_of_periods(orders_of: _PolicyOrders, periods: int, warmup: int, most_states: int, progress: Any) -> ExactCost:
    """Play the distribution of the state forward over the warm-up and some periods, and add up what these cost."""
    scenario, discount = orders_of.scenario, orders_of.scenario.objective.discount
    try:
        chain = _chain(orders_of, min(ALL, most_states), progress)
        found = discounted_sum(chain, periods, warmup, discount)
    except TooMany:
        chain = _chain(orders_of, most_states, progress)
        found = discounted_sum(chain, periods, warmup, discount, NEGLIGIBLE)
    chain.check()
    weight = float((discount ** np.arange(periods)).sum())
    low, mean, high = (total / weight for total in found[:3])
    return ExactCost(orders_of.name, scenario, mean, low, high, len(chain), found.total, found.left_out)


def _chain(orders_of: _PolicyOrders, most_states: int, progress: Any) -> Chain:
    """Return the chain of a policy, in its scenario or in what a reduction leaves of it, with no state expanded."""
    position = orders_of.position
    world = orders_of.scenario if position is None else position.scenario
    return Chain(
        world,
        orders_of.outcomes,
        nothing_merged(world, ignores_use=not orders_of.sees_use),
        orders_of,
        most_states=most_states,
        cost_ahead=None if position is None else position.cost_ahead,
        progress=progress,
    )


class _StatesTooCoarse(Exception):
    """The policy looks at more than the states have; they must be told apart by that too."""


class _PolicyOrders:
    """What a policy orders in given states, and what of them it looks at.

    At first states are told apart by as little as possible: by the inventory position alone, where that may be the
    whole state. Where the policy looks further, at what was used, or at the period of a world of which only so many
    `periods` count, `_StatesTooCoarse` is raised; `position`, `outcomes` and `sees_use` then say by what to tell states
    apart, and the chain must be built anew.
    """

    def __init__(self, player: Any, scenario: Scenario, periods: int | None) -> None:
        """Take a fitted policy, in a world of which so many periods count, or all.

        Raises:
            PolicyError: for a stateful policy.
        """
        self.player, self.scenario, self.periods = player, scenario, periods
        self.name = getattr(player, "__name__", None) or str(player)
        self.layout, self.sees_use = Layout(scenario), False
        self._phases_checked: set[int] = set()  # in which it is known that orders repeat
        self.sees_period = getattr(player, "cycle", None) is not None
        self.reduce(Position(scenario) if periods is None and Position.applies(scenario) else None)
        begin = getattr(player, "begin", None)
        start = self.layout.start[None, :]
        if begin is not None and begin(View(StateSource(self.layout, start, self.outcomes.seen[:1], 0))) is not None:
            raise PolicyError(f"{self.name}: keeps the past in mind; only a simulation can tell what that costs")

    def reduce(self, position: Position | None) -> None:
        """Tell states apart by what is left of them in a reduction, or by all of it."""
        self.position = position
        self.outcomes = Outcomes.of(self.scenario) if position is None else position.outcomes
        if (cycle := getattr(self.player, "cycle", None)) is not None:
            self._extend_season(int(np.lcm(cycle, self.outcomes.season)))

    def _extend_season(self, periods: int) -> None:
        """Tell the exogenous states apart by so many periods."""
        if self.position is None:
            self.outcomes = self.outcomes.over(periods)
        else:
            self.position.extend_season(periods)
            self.outcomes = self.position.outcomes

    def __call__(self, rows: np.ndarray, exogenous: np.ndarray) -> np.ndarray:
        """Return the orders (states, lanes) in some states (states, width) and exogenous states (states,)."""
        orders = np.empty((len(rows), len(self.scenario.lanes)))
        phases = self.outcomes.phase[exogenous] if self.sees_period else np.zeros(len(rows), int)
        for phase in np.unique(phases).tolist():
            some = np.flatnonzero(phases == phase)
            seen, period = self.outcomes.seen[exogenous[some]], phase if self.sees_period else None
            orders[some] = self._orders_seeing(rows[some], seen, period)
            if period is not None and phase not in self._phases_checked:
                self._phases_checked.add(phase)
                if (self._orders_seeing(rows[some], seen, period + self.outcomes.season) != orders[some]).any():
                    says = f"says that its orders repeat after {self.player.cycle} periods, and they do not"
                    raise PolicyError(f"{self.name}: {says}")
        return orders

    def _orders_seeing(self, rows: np.ndarray, seen: np.ndarray, period: int | None) -> np.ndarray:
        """Return the orders in states (states, width), given what is seen of chance (states, columns.seen).

        The period is given too, if states are told apart by it.

        Raises:
            _StatesTooCoarse: if the policy looks at more than the states have.
        """
        source: StateSource
        if self.position is None:
            source = StateSource(self.layout, rows, seen, period)
            view = View(source)
        else:
            source = PositionSource(self.position, rows, seen, period)
            view = PositionView(source, view_of(self.position.layout, rows).inventory_position)
        source.hides_period = not self.sees_period
        try:
            orders = self._orders(view, len(rows))
        except NotInState:
            if ("period", "") in source.fields_read and not self.sees_period:
                self._see_the_period()
            else:
                assert self.position is not None
                self.reduce(self.position.less_reduced())
            raise _StatesTooCoarse from None
        if ("stocks", "used") in source.fields_read and not self.sees_use:
            self.sees_use = True
            raise _StatesTooCoarse
        return orders

    def _see_the_period(self) -> None:
        """Tell states apart by the period, if only so many periods count."""
        if self.periods is None:
            sorry = "looks at the period; only a simulation can tell what that costs in the long run"
            raise PolicyError(f"{self.name}: {sorry} (or give it a `cycle`, after which its orders repeat)")
        self.sees_period, self._phases_checked = True, set(range(self.periods))
        self._extend_season(self.periods)

    def _orders(self, view: View, states: int) -> np.ndarray:
        """Return the policy's orders (states, lanes), and refuse what is none."""
        shape = states, len(self.scenario.lanes)
        orders: np.ndarray = np.asarray(self.player(view), float)
        if orders.shape != shape or not np.isfinite(orders).all() or orders.min(initial=0.0) < 0:
            raise PolicyError(f"{self.name}: orders must be {shape} (states, lanes), finite and 0 or more")
        return orders
