"""The optimal policy of a scenario whose states are few enough, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..chance.outcomes import Outcomes, horizon_of
from ..physics import Layout
from ..scenario import BadInput, Scenario, ScenarioError, load
from .action_limits import (
    ActionLimits,
    estimated_states,
    first_limits,
    quantity_step,
    stocks_with_backlog,
    useful_orders,
)
from .enumeration import enumerate_process
from .iterate import ModifiedPolicyIteration, NotConverged, Progress, backward_induction, visit_rate
from .long_run import GROWTH
from .merging import optimal_merging
from .optimal import Optimal
from .position import Position
from .process import MOST_STATES, DecisionProcess, TooMany
from .recurrent import recurrent_states, visited_states
from .state_source import opening_worth, state_fields, view_of

MOST_PLANNED = 30_000_000  # states times periods of a world that ends
NEVER = 1e-12  # chance of a state in a world that ends below which it does not matter what is best there


@dataclass(frozen=True)
class Optimum:
    """The least cost of a scenario, and the policy that has it.

    `cost` is money a period, costs less revenue: the long-run average; or with a discount b below 1, (1 - b) times the
    sum of b^t times the cost of period t from the scenario's start, which is the same for a cost that is the same in
    every period. It lies between `low` and `high`. In a world that ends, it is the mean over its periods from the
    start, weighted by b^t, less what is left at the end is worth; the policy then is one by period. The same holds
    where a history is replayed as it was, over the periods of the horizon; the policy knows that history in advance, so
    that no policy costs less on it.

    `periods` is over how many periods it is, or None for a world that goes on.

    `left_out` is the chance a period that a backlog reaches its limit; where it is not 0, `high` holds as long as
    `proviso` says.
    """

    scenario: Scenario
    cost: float
    low: float
    high: float
    states: int
    sweeps: int
    policy: Optimal = field(repr=False)
    left_out: float = 0.0
    periods: int | None = None

    @property
    def proviso(self) -> str:
        """Return what the upper bound takes for granted of states that were left out; nothing if there are none."""
        if not self.left_out:
            return ""
        return (
            f"provided that where more customers wait than were told apart (with chance {self.left_out:.1e} a period) "
            "it costs no more to go on than a few times the range of the states that were"
        )

    def save(self, file: str | Path) -> None:
        """Save the policy, with what it costs, to a file (.npz)."""
        self.policy.save(file)


def solve(
    scenario: str | Path | Scenario,
    *,
    most_ordered: float | Mapping[str, float] | None = None,
    most_states: int = MOST_STATES,
    tolerance: float = 1e-7,
    progress: Callable[[str], Any] | None = None,
) -> Optimum:
    """Compute the optimal policy of a scenario in whole units, and its cost, by value iteration with certified bounds.

    The scenario becomes a Markov decision process (`process.DecisionProcess`): its states, the orders in each, and the
    outcomes of a period are enumerated, and the physics is asked what happens. Modified policy iteration gives the
    policy and the bounds (`iterate`); a world that ends is solved by backward induction from its end, and one that
    replays a history as it was from the end of its horizon.

    Orders may raise a stock's inventory position up to some level, and with backlogs must keep it above another; both
    are widened until the best policy keeps clear of them. The bounds are those of the best policy within them.

    Where one stock's customers wait, its inventory position is the state, whatever the lead time (`position`).

    Where supply is limited, or stops now and then, any number of customers may wait. Those beyond a limit that is
    hardly ever reached are forgotten. Forgetting a customer costs nothing, so `low` stays a lower bound; `high` is
    what the policy costs that orders beyond the limit as it does at the limit, raised by what those customers may cost,
    as in `long_run.long_run`. The limit is raised until that is less than the tolerance allows.

    Args:
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        most_ordered: units that a lane orders at most, one number or one by lane; no limit beyond its own by default.
        most_states: how many states to enumerate before giving up.
        tolerance: how near the bounds must be to each other, as a share of the cost (in money, for one below 1).
        progress: told how far it is, in words.

    Returns:
        An `Optimum`: cost, bounds, number of states, and a policy that plays like any other.

    Raises:
        ScenarioError: for chance that is not Markov, or that cannot be seen, naming the field.
        BadInput: for continuous units, too many states, or a cost that depends on how the world begins.
    """
    scenario = load(scenario)
    if not 0 < tolerance < 1:
        raise BadInput(f"tolerance: must be more than 0 and less than 1, got {tolerance!r}")
    position = Position(scenario) if Position.applies(scenario) else None
    outcomes = Outcomes.of(scenario) if position is None else position.outcomes
    _refuse_what_is_not_seen(scenario, outcomes)
    outages_count = position is None or not position.catches_up
    limits = first_limits(scenario, outcomes, most_ordered, outages_count=outages_count)
    ignored = _states_without_choice(scenario, outcomes, position)
    while True:
        process, orders = _enumerated(scenario, outcomes, position, limits, most_states, progress)
        share = tolerance / 2 if limits.has_backlog_limit else tolerance
        found = (_long_run if horizon_of(scenario) is None else _finite_horizon)(process, scenario, share, progress)
        allowed = tolerance * max(1.0, abs(found.low + found.high) / 2) / 2 / max(found.cost_beyond, 1e-300)
        crowded = _chances_at_backlog_limit(process, limits, found, allowed / 10)
        relevant = found.relevant
        if len(scenario.lanes) == 1 and not np.isfinite(limits.most_ordered).any():
            relevant = relevant & ~ignored[np.arange(len(relevant)) % outcomes.season, :, None]
        wider = _wider_limits(limits, process, orders, found.policy, relevant, crowded, allowed)
        if wider is None:
            break
        limits = wider
        if progress is not None:
            progress("the best orders reach the limits; once more with wider ones")
    left_out = float(crowded.sum())
    first = _cost_before_the_first_order(scenario, position)
    low, high = float(found.low + first), float(found.high + first + left_out * found.cost_beyond)
    best = orders.astype(np.int32)[process.action[found.policy]]
    policy = Optimal.of(process, position, best, (low + high) / 2, low, high)
    return Optimum(
        scenario, policy.cost, low, high, process.num_states, found.sweeps, policy, left_out, horizon_of(scenario)
    )


class _Found(NamedTuple):
    """The best policy within some limits, and bounds of what it costs a period."""

    low: float
    high: float
    sweeps: int
    policy: np.ndarray  # the pair chosen in each state (phases, exogenous states, pre-decision states)
    relevant: np.ndarray  # the states in which it matters what is best, of the same shape
    visit_rate: Callable[[np.ndarray, float], float]  # upper bound of the share of periods in some states; a tolerance
    cost_beyond: float  # what a visit to a state beyond the backlog limit may cost, at most


def _long_run(process: DecisionProcess, scenario: Scenario, tolerance: float, progress: Progress) -> _Found:
    """Solve a world that goes on.

    Raises:
        BadInput: if the bounds do not come together.
    """
    discount = scenario.objective.discount
    iteration = ModifiedPolicyIteration(process, discount)
    try:
        low, high, sweeps = iteration.run(tolerance, f"{process.num_states:,} states", progress)
    except NotConverged as error:
        raise BadInput(
            f"{process.scenario.name}: the long-run cost depends on how the world begins, or settles too slowly "
            f"(it is between {error.low:.6g} and {error.high:.6g}; a discount below 1 helps)"
        ) from None
    policy = iteration.policy
    return _Found(
        low,
        high,
        sweeps,
        policy,
        relevant=recurrent_states(process, policy, discount),
        visit_rate=lambda states, tolerance: visit_rate(process, policy, states, discount, tolerance),
        cost_beyond=discount * GROWTH * float(max(np.ptp(values) for values in iteration.values)),
    )


def _finite_horizon(process: DecisionProcess, scenario: Scenario, tolerance: float, progress: Progress) -> _Found:
    """Solve a world that ends, exactly: the tolerance is not needed.

    Raises:
        TooMany: if the policy, one by period, has too many states.
    """
    discount, periods = scenario.objective.discount, horizon_of(scenario)
    assert periods is not None
    if periods * process.num_states // process.outcomes.season > MOST_PLANNED:
        must = f"{periods:,} are too many with {process.num_states:,} states (end sooner, or make the world smaller)"
        raise TooMany(f"{process.scenario.name}: horizon.periods: {must}")
    total, policy, operators = backward_induction(process, discount, periods, progress)
    mean = total / float((discount ** np.arange(periods)).sum())
    visited, share = visited_states(operators, policy, NEVER)
    return _Found(mean, mean, periods, policy, visited, lambda states, tolerance: float(share[states[0]].sum()), 0.0)


def _cost_before_the_first_order(scenario: Scenario, position: Position | None) -> float:
    """Return what a period costs more, or less, for the state at the start; nothing without a discount."""
    first = 0.0 if position is None else (1 - scenario.objective.discount) * position.cost_before_first_order()
    if horizon_of(scenario) is None:  # else backward induction counts it
        first += opening_worth(scenario)
    return first


def _refuse_what_is_not_seen(scenario: Scenario, outcomes: Outcomes) -> None:
    """Refuse chance that the best orders would depend on, and that cannot be seen when ordering."""
    for name, demand in scenario.demands.items():
        if demand.regimes and demand.regime_seen == "hidden":
            raise ScenarioError(f"demands.{name}.regime_seen: must be at-once for an optimum, got hidden")
    for name, disruption in scenario.disruptions.items():
        if disruption.seen == "hidden":
            raise ScenarioError(f"disruptions.{name}.seen: must be at-once for an optimum, got hidden")
    if outcomes.hidden:
        what = "disruptions" if scenario.disruptions else "regimes"
        raise ScenarioError(f"{what}: two of them look the same, so that no optimum can be played")
    for name, lane in scenario.lanes.items():
        if (
            name in outcomes.columns.lead_time
            and (longest := int(outcomes.supply[:, outcomes.columns.lead_time[name]].max())) > 1
        ):
            sorry = "must be fixed, or 0 or 1, for an optimum: nobody sees when a shipment will arrive"
            raise ScenarioError(f"lanes.{name}.lead_time: {sorry}; got {lane.lead_time}, up to {longest}")


def _enumerated(
    scenario: Scenario,
    outcomes: Outcomes,
    position: Position | None,
    limits: ActionLimits,
    most_states: int,
    progress: Progress,
) -> tuple[DecisionProcess, np.ndarray]:
    """Enumerate a scenario within limits; return the process, and the orders (actions, lanes) of its actions."""
    world = scenario if position is None else position.scenario
    steps = np.full(len(limits.backlog), quantity_step(scenario, outcomes))
    merging = optimal_merging(world)._replace(backlog_limit=limits.backlog, backlog_step=steps)
    layout = Layout(world)
    orders = useful_orders(layout, outcomes, limits)
    raises = orders @ layout.into

    def actions_in(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        positions = view_of(layout, rows).inventory_position
        place, action = np.nonzero(limits.allow(positions, raises))
        return place, orders[action], action

    process = enumerate_process(
        world,
        outcomes,
        merging,
        actions_in,
        num_actions=len(orders),
        most_states=most_states,
        estimate=estimated_states(layout, outcomes, merging, limits) * outcomes.states,
        progress=progress,
    )
    process.check(actions_in)
    if position is not None:
        process = replace(process, demand_cost=_with_cost_of_a_lead_time(process, position))
    return process, orders


def _with_cost_of_a_lead_time(process: DecisionProcess, position: Position) -> np.ndarray:
    """Return c(d, y) of a reduced scenario, with the costs that are charged a lead time ahead; d is j there."""
    post_states, demand_cost = process.post_states.all.astype(float), process.demand_cost.copy()
    for exogenous, d in enumerate(process.outcomes.demand_state.tolist()):
        demand_cost[d] += position.cost_ahead(exogenous, post_states)
    return demand_cost


def _states_without_choice(scenario: Scenario, outcomes: Outcomes, position: Position | None) -> np.ndarray:
    """Tell in which exogenous states (phases, per phase) orders make no difference, so that limits do not matter.

    No order is accepted, or what is ordered waits as it would if it were ordered later, and costs no more for that.
    """
    found = np.zeros(outcomes.states, bool)
    accepting = [column for (kind, _), column in outcomes.columns.working.items() if kind == "ordering"]
    if len(accepting) == len(scenario.lanes):
        share = outcomes.supply_chance @ outcomes.supply[:, accepting]
        found = (share == 0).all(axis=1)
    if position is not None and position.catches_up:
        found |= ~position.ships
    return found.reshape(outcomes.season, outcomes.per_phase)


def _chances_at_backlog_limit(
    process: DecisionProcess, limits: ActionLimits, found: _Found, tolerance: float
) -> np.ndarray:
    """Return the chance a period that each backlog is at its limit (demands,), 0 where there is none."""
    chances = np.zeros(len(limits.backlog))
    if limits.has_backlog_limit:
        backlog = process.pre_states.all[:, state_fields(process.layout)["demands", "backlog"]]
        for d in np.flatnonzero(np.isfinite(limits.backlog)):
            full = backlog[:, d] > limits.backlog[d] - process.merging.backlog_step[d]
            if full.any():
                chances[d] = found.visit_rate(np.broadcast_to(full, found.policy.shape), tolerance)
    return chances


def _wider_limits(
    limits: ActionLimits,
    process: DecisionProcess,
    orders: np.ndarray,
    policy: np.ndarray,
    relevant: np.ndarray,
    crowded: np.ndarray,
    allowed: float,
) -> ActionLimits | None:
    """Return wider limits if the best orders reach those there are in relevant states, or backlogs do too often.

    Orders reach a limit if a batch more, or less, would be beyond it. Backlogs are at their limits with the chances
    `crowded`, of which so much is `allowed`.
    """
    layout, scenario = process.layout, process.scenario
    batch = np.array([min(scenario.lanes[name].batch or 1.0 for name in lanes) for lanes in scenario.feeds.values()])
    chosen = orders[process.action[policy[relevant]]]
    rows = process.pre_states.all[np.nonzero(relevant)[2]].astype(float)
    raised = chosen @ layout.into
    after = view_of(layout, rows).inventory_position + raised
    most = (orders @ layout.into).max(axis=0)
    too_high = ((after + batch > limits.high) & (raised > 0)).any(axis=0)
    too_low = ((after - batch < limits.low) & (raised < most)).any(axis=0) & stocks_with_backlog(scenario)
    too_crowded = crowded * len(crowded) > allowed
    if not (too_high.any() or too_low.any() or too_crowded.any()):
        return None
    step = np.maximum(2.0, np.ceil(0.25 * (limits.high - limits.low)))
    with np.errstate(divide="ignore"):  # the chance falls geometrically with the backlog
        longer = np.clip(1.1 * np.log(allowed) / np.log(np.clip(crowded, 1e-300, 0.9)), 1.25, 4.0)
    backlog = np.where(too_crowded, np.ceil(longer * limits.backlog), limits.backlog)
    return replace(limits, low=limits.low - step * too_low, high=limits.high + step * too_high, backlog=backlog)
