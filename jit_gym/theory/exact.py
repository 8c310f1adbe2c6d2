"""What a policy costs, to the last digit: its states enumerated, its chances added up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes
from ..physics import View
from ..policies import PolicyError, policy
from ..scenario import BadInput, Scenario, load
from ..scenario.errors import check_count
from .iterate import Iteration, NotSettled
from .optimal import Optimal
from .process import Process, Shown, nothing_merged
from .solve import MOST_STATES

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ExactCost:
    """What a policy costs a period, costs less revenue; it lies between `low` and `high`, and `float(...)` gives it.

    With a discount b below 1 it is a mean in which the cost of period t weighs b^t, over the periods that were asked
    for, or all. `total` is the sum over the periods asked for, so weighted.
    """

    policy: str
    scenario: Scenario = field(repr=False)
    cost: float
    low: float
    high: float
    states: int
    total: float | None = None

    def __float__(self) -> float:
        return self.cost


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

    Args:
        what: a policy: its name, with parameters or without, the object, or a function of a `View`.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`, in whole units.
        periods: how many periods count, from the scenario's start; by default all there will ever be. What is left
            after them is worth what it cost, as in `evaluate`.
        warmup: how many periods are played before those, neither counted nor discounted.
        most_states: how many states to enumerate before giving up.
        tolerance: how near the bounds must be to each other, as a share of the cost (in money, for one below 1).
        progress: told how far it is, in words.

    Returns:
        An `ExactCost`: the long-run average a period, or with a discount or `periods` the weighted mean.

    Raises:
        ScenarioError: for chance that is not Markov, naming the field.
        PolicyError: for a policy that looks at the period, or orders what is no quantity.
        BadInput: for continuous units, too many states, or a cost that depends on how the world begins.
    """
    scenario = load(scenario)
    for name, value, least in (("periods", periods, 1), ("warmup", warmup, 0)):
        if value is not None:
            check_count(name, value, least)
    if scenario.horizon.ends and periods is None:
        periods = scenario.horizon.periods - warmup
    scenario.check_length(warmup, periods or 0)
    player = policy(what, scenario)
    outcomes = Outcomes.of(scenario)
    if isinstance(player, Optimal) and player.season != outcomes.season:
        outcomes = outcomes.over(player.season)
    process = _enumerated(player, scenario, outcomes, most_states, progress)
    shape = outcomes.season, outcomes.modes, len(process.before)
    choice = np.arange(np.prod(shape)).reshape(shape[2], *shape[:2]).transpose(1, 2, 0)
    iteration = Iteration(process, scenario.objective.discount, np.ascontiguousarray(choice))
    called, size = _name(player), process.states
    if periods is not None:
        total = _sum(iteration, periods, warmup)
        weight = float((scenario.objective.discount ** np.arange(periods)).sum())
        mean = total / weight
        return ExactCost(called, scenario, mean, mean, mean, size, total)
    try:
        low, high, _ = iteration.run(tolerance, progress)
    except NotSettled as error:
        between = f"between {error.low:.6g} and {error.high:.6g}"
        raise BadInput(f"{called}: its long-run cost depends on how the world begins ({between})") from None
    low, high = low + iteration.opening_worth, high + iteration.opening_worth
    return ExactCost(called, scenario, (low + high) / 2, low, high, size)


def _name(player: Any) -> str:
    return getattr(player, "__name__", None) or str(player)


def _enumerated(player: Any, scenario: Scenario, outcomes: Outcomes, most_states: int, progress: Any) -> Process:
    """Return the process in which one orders what the policy says: a pair for each state of stock and of chance."""
    asked: set[tuple[str, str]] = set()
    knows_the_season = isinstance(player, Optimal)
    lanes = len(scenario.lanes)

    def orders_of(rows: np.ndarray, first: int) -> Pairs:
        orders = np.empty((len(rows), outcomes.states, lanes))
        for k in range(outcomes.states):
            seen = np.broadcast_to(outcomes.seen[k], (len(rows), outcomes.columns.seen))
            shown = Shown(process.layout, rows, seen, outcomes.phase[k] if knows_the_season else None)
            orders[:, k] = _orders(player, shown, (len(rows), lanes))
            asked.update(shown.asked)
        if ("period", "") in asked and not knows_the_season:
            raise PolicyError(f"{_name(player)}: looks at the period; only a simulation can tell what that costs")
        place = np.repeat(np.arange(len(rows)), outcomes.states)
        return place, orders.reshape(-1, lanes), np.zeros(len(place), np.int64)

    process = Process(scenario, outcomes, nothing_merged(scenario, use=True), most_states=most_states)
    process.enumerate(orders_of, outcomes.states, progress)
    if ("stocks", "used") in asked:
        process = Process(scenario, outcomes, nothing_merged(scenario, use=False), most_states=most_states)
        process.enumerate(orders_of, outcomes.states, progress)
    process.check(orders_of, any_order=False)
    return process


def _orders(player: Any, shown: Shown, shape: tuple[int, int]) -> np.ndarray:
    """Ask a policy for orders, and refuse what is none."""
    orders: np.ndarray = np.asarray(player(View(shown)), float)
    if orders.shape != shape or not np.isfinite(orders).all() or orders.min(initial=0.0) < 0:
        raise PolicyError(f"{_name(player)}: orders must be {shape} (states, lanes), finite and 0 or more")
    return orders


def _sum(iteration: Iteration, periods: int, warmup: int) -> float:
    """Return the discounted sum of so many periods' costs, expected at the start.

    Units that are left count at what they cost, and so do those that are there before the first period counted.
    """
    process = iteration.process
    worth = process.worth(process.before.all)
    values = np.broadcast_to(-worth, iteration.values.shape[1:])
    with iteration.threads():
        for t in reversed(range(warmup, warmup + periods)):
            last = t == warmup + periods - 1
            values = iteration.back(t % iteration.phases, values, keep=True, last=last)
        values = values + worth
        process.order_cost, process.demand_cost = np.zeros_like(process.order_cost), np.zeros_like(process.demand_cost)
        iteration.discount = 1.0
        for t in reversed(range(warmup)):
            values = iteration.back(t % iteration.phases, values, keep=True)
    return float(values[0, 0])
