"""The optimal policy of a scenario whose states are few enough, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from math import comb, prod
from pathlib import Path
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes, lasts
from ..common.text import counted, nearest
from ..policies.plan import PlanningData
from ..scenario import BadInput, Scenario, ScenarioError, load
from .chain import GROWTH
from .iterate import Iteration, NotSettled
from .optimal import Optimal
from .position import Position
from .process import MOST_STATES, Process, TooMany, merging, opening_worth, places
from .space import allowed

MOST_ORDERS = 20_000  # combinations of orders that are looked at in each state
MOST_PLANNED = 30_000_000  # states times periods of a world that ends
NEVER = 1e-12  # how likely a state must be on the way to an end for what is best there to matter


@dataclass(frozen=True)
class Optimum:
    """The least cost of a scenario, and the policy that has it.

    `cost` is money a period, costs less revenue: the long-run average; or with a discount b below 1, (1 - b) times the
    sum of b^t times the cost of period t from the scenario's start, which is the same for a cost that is the same in
    every period. It lies between `low` and `high`. In a world that ends, it is the mean over its periods from the
    start, weighed by b^t, less what is left at the end is worth; the policy then is one by period. So it is where a
    history is replayed as it was, over the periods of the horizon, and the policy knows that history in advance: nobody
    else can do better on it.

    `periods` is over how many periods it is, or None for a world that goes on.

    `left_out` is the chance a period that more customers wait than were told apart; where it is not 0, `high` holds as
    long as `proviso` says.
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


@dataclass
class _Limits:
    """Between which positions orders leave each stock, what a lane may order, and how many customers may wait."""

    low: np.ndarray  # (stocks,)
    high: np.ndarray  # (stocks,)
    most: np.ndarray  # (lanes,): inf where positions alone decide
    longest: np.ndarray  # (demands,)


def solve(
    scenario: str | Path | Scenario,
    *,
    most_ordered: float | Mapping[str, float] | None = None,
    most_states: int = MOST_STATES,
    tolerance: float = 1e-7,
    progress: Callable[[str], Any] | None = None,
) -> Optimum:
    """Compute the optimal policy of a scenario in whole units, and its cost, by value iteration with certified bounds.

    Everything is enumerated: the states of the stocks and of chance, the orders in each, the outcomes of a period. What
    happens then is asked of the physics. Orders may raise a stock's inventory position up to some level, and with
    backlogs must keep it above another; both are widened until the best policy keeps clear of them. The bounds are
    those of the best policy within them. A world that ends is solved from its end back to its start, and one that
    replays a history as it was from the end of its horizon.

    Where one stock's customers wait, its inventory position is the state, whatever the lead time (`position`).

    Where supply is limited, or stops now and then, any number of customers may wait. Those beyond a number that is
    hardly ever reached are forgotten. Nobody has to serve whom he may forget, so `low` stays a lower bound; `high` is
    what the policy costs which orders there as it does where that number wait, and is raised by what they may cost, as
    `chain.long_run` has it. The number is raised until that is less than the tolerance allows.

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
    discount, periods = scenario.objective.discount, lasts(scenario)
    idle = _idle(scenario, outcomes, position)
    limits = _first_limits(scenario, outcomes, most_ordered, waits=position is None or not position.catches_up)
    shared = tolerance / 2 if np.isfinite(limits.longest).any() else tolerance
    while True:
        process, orders = _enumerated(scenario, outcomes, position, limits, most_states, progress)
        iteration = Iteration(process, discount)
        if periods is not None:
            low, high, sweeps, choice = _to_the_end(iteration, periods, progress)
            lasting, often = _on_the_way(iteration, choice)
            times = periods / float((discount ** np.arange(periods)).sum())
        else:
            low, high, sweeps = _settled(iteration, shared, progress)
            choice, times = iteration.choice, discount
            lasting = _lasting(process, choice, iteration)
            often = partial(_how_often, process, choice, discount=discount)
        more = times * GROWTH * float(max(np.ptp(values) for values in iteration.values))
        allowed = tolerance * max(1.0, abs(low + high) / 2) / 2 / max(more, 1e-300)
        if len(scenario.lanes) == 1 and not np.isfinite(limits.most).any():
            lasting &= ~idle[np.arange(len(lasting)) % outcomes.season, :, None]
        wider, crowd = _wider(limits, process, orders, choice, lasting, partial(often, exactly=allowed / 10), allowed)
        if wider is None:
            break
        limits = wider
        if progress is not None:
            progress("the best orders reach the limits; once more with wider ones")
    first = 0.0 if position is None else (1 - discount) * position.head_start()
    if periods is None:  # else it is in the sum already
        first += opening_worth(scenario)
    low, high = float(low + first), float(high + first + crowd * more)
    best = orders.astype(np.int32)[process.labels[choice]]
    policy = Optimal.of(process, position, best, (low + high) / 2, low, high)
    return Optimum(scenario, policy.cost, low, high, process.states, sweeps, policy, crowd, periods)


def _settled(iteration: Iteration, tolerance: float, progress: Any) -> tuple[float, float, int]:
    """Run an iteration, and refuse in words what does not settle."""
    try:
        return iteration.run(tolerance, f"{iteration.process.states:,} states", progress)
    except NotSettled as error:
        name = iteration.process.scenario.name
        raise BadInput(
            f"{name}: the long-run cost depends on how the world begins, or settles too slowly "
            f"(it is between {error.low:.6g} and {error.high:.6g}; a discount below 1 helps)"
        ) from None


def _to_the_end(iteration: Iteration, periods: int, progress: Any) -> tuple[float, float, int, np.ndarray]:
    """Return the mean cost of so many periods, twice, the sweeps, and the pairs chosen in each."""
    scenario, states = iteration.process.scenario, iteration.process.states
    if periods * iteration.modes * len(iteration.process.before) > MOST_PLANNED:
        must = f"{periods:,} are too many with {states:,} states (end sooner, or make the world smaller)"
        raise TooMany(f"{scenario.name}: horizon.periods: {must}")
    total, choice = iteration.to_the_end(periods, progress)
    mean = total / float((scenario.objective.discount ** np.arange(periods)).sum())
    return mean, mean, periods, choice


def _on_the_way(iteration: Iteration, choice: np.ndarray) -> tuple[np.ndarray, Callable[..., float]]:
    """Tell which states (periods, modes, states) come in a world that ends, and how often some do."""
    now = np.zeros(choice.shape[1:])
    now[0, 0] = 1.0
    found, share = np.zeros(choice.shape, bool), np.zeros(choice.shape[1:])
    for t in range(len(choice)):
        found[t] = now > NEVER
        share += now / len(choice)
        now = iteration.forward(t % iteration.phases, now, choice[t])
    return found, lambda states, exactly: float(share[states[0]].sum())


def _refuse_what_is_not_seen(scenario: Scenario, outcomes: Outcomes) -> None:
    """Refuse chance that the best orders would depend on, and that nobody who orders can see."""
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
    limits: _Limits,
    most_states: int,
    progress: Any,
) -> tuple[Process, np.ndarray]:
    """Enumerate a scenario within limits; return the process, and the orders (orders, lanes) that its labels mean."""
    world = scenario if position is None else position.scenario
    steps = np.full(len(limits.longest), _lattice(scenario, outcomes))
    merged = merging(world)._replace(longest=limits.longest, steps=steps)
    process = Process(world, outcomes, merged, most_states=most_states)
    layout = process.layout
    orders = _orders(process, limits)
    adding = orders @ layout.into
    process.estimate = _estimate(process, limits) * outcomes.states

    def orders_of(rows: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        positions = process.positions(rows)
        room = np.empty((2, len(rows) * len(orders)), np.int32)
        pairs = allowed(positions, adding, adding.max(axis=0), limits.low, limits.high, *room)
        place, label = room[:, :pairs].copy()
        return place, orders[label], label

    process.enumerate(orders_of, len(orders), progress)
    process.check(orders_of)
    if position is not None:
        ready = process.ready.all.astype(float)
        for exogenous, mood in enumerate(outcomes.mood.tolist()):
            process.demand_cost[mood] += position.ahead(exogenous, ready)
    return process, orders


def _first_limits(
    scenario: Scenario, outcomes: Outcomes, most_ordered: float | Mapping[str, float] | None, *, waits: bool
) -> _Limits:
    """Return where to begin: around the newsvendor's level, and the lot that spreads the fixed costs (Harris 1913).

    How many customers are told apart is limited where disruptions may make any number wait, if they do so in the states
    that are enumerated (`waits`), and where what may be ordered is limited.
    """
    plan = PlanningData(scenario)
    layout = plan.layout
    lanes = list(scenario.lanes.values())
    slowest = [
        max(lanes[m].lead_time.mean + lanes[m].order_delay for m in np.flatnonzero(into)) for into in layout.into.T
    ]
    slowest_later = np.maximum(np.array(slowest), plan.lead_time)
    fixed = [sum(_fixed_cost(scenario, lanes[m]) for m in np.flatnonzero(into)) for into in layout.into.T]
    holding = np.where(plan.holding_cost > 0, plan.holding_cost, np.inf)
    lot = np.sqrt(2 * np.array(fixed) * plan.mean / holding)
    ratio = np.minimum(plan.critical_ratio, 0.999)
    waiting = _with_backlog(scenario)
    margin = np.where(waiting, np.sqrt(plan.variance), 0.0)
    high = plan.level(ratio, slowest_later, lead_time_variance=0.0) + np.ceil(margin + 1.2 * lot) + 1
    low = np.where(waiting, -np.ceil(plan.mean + (1 - ratio) * lot), 0.0)
    most = _given(scenario, most_ordered)
    limits = _Limits(low, high, most, np.full(len(scenario.demands), np.inf))
    _make_room_for_a_batch(scenario, layout, limits)
    hit = [event for keys in scenario.hit_by.values() for event in keys if waits or _refuses(scenario, event)]
    if hit or any(scenario.capacities.values()) or np.isfinite(most).any():
        asked = outcomes.demand[:, list(outcomes.columns.demand.values())]
        mean, top = (outcomes.demand_chance @ asked).max(axis=0), asked.max(axis=0)
        backlogs = np.array([demand.unmet == "backlog" for demand in scenario.demands.values()])
        longest = np.ceil(np.maximum(2 * top, 10 * mean) + 2 * high.max())
        limits.longest = np.where(backlogs, longest, np.inf)
    return limits


def _idle(scenario: Scenario, outcomes: Outcomes, position: Position | None) -> np.ndarray:
    """Tell in which exogenous states (phases, modes) it makes no difference what is ordered, nor do limits matter.

    No order is taken, or what is ordered waits as it would if it were ordered later, and costs no more for that.
    """
    idle = np.zeros(outcomes.states, bool)
    taken = [column for (kind, _), column in outcomes.columns.working.items() if kind == "ordering"]
    if len(taken) == len(scenario.lanes):
        share = outcomes.supply_chance @ outcomes.supply[:, taken]
        idle = (share == 0).all(axis=1)
    if position is not None and position.catches_up:
        idle |= ~position.ships
    return idle.reshape(outcomes.season, outcomes.modes)


def _lattice(scenario: Scenario, outcomes: Outcomes) -> float:
    """Return what all quantities that move are multiples of: so many customers can be forgotten, and no fewer.

    Else forgetting would lead to states that are never reached, from which there may be no way back.
    """
    kits = [lane.uses for lane in scenario.lanes.values()] + [demand.draws_on for demand in scenario.demands.values()]
    if any(units != 1 for kit in kits for units in kit.values()):
        return 1.0
    asked = outcomes.demand[:, list(outcomes.columns.demand.values())]
    batches = [lane.batch or 1.0 for lane in scenario.lanes.values()]
    return float(np.gcd.reduce(np.array([*asked.ravel(), *batches], int)))


def _refuses(scenario: Scenario, event: str) -> bool:
    """Tell whether a disruption keeps orders from being placed."""
    return scenario.disruptions[event].stops == "ordering"


def _fixed_cost(scenario: Scenario, lane: Any) -> float:
    """Return what it costs to order once on a lane, its vehicle included."""
    route = scenario.routes.get(lane.route) if lane.route else None
    return float(lane.fixed_cost + getattr(route, "vehicle_cost", 0.0))


def _with_backlog(scenario: Scenario) -> np.ndarray:
    """Tell for which stocks somebody waits: customers, or orders of others."""
    found = {name: False for name in scenario.stocks}
    for demand in scenario.demands.values():
        for name in demand.draws_on:
            found[name] |= demand.unmet == "backlog"
    for lane in scenario.lanes.values():
        for name in lane.uses:
            found[name] |= lane.unshipped == "waits"
    return np.array(list(found.values()))


def _given(scenario: Scenario, most_ordered: float | Mapping[str, float] | None) -> np.ndarray:
    """Return what each lane may order at most, as the caller says."""
    by_lane = most_ordered if isinstance(most_ordered, Mapping) else dict.fromkeys(scenario.lanes, most_ordered)
    most = np.full(len(scenario.lanes), np.inf)
    for name, value in by_lane.items():
        if name not in scenario.lanes:
            raise BadInput(f"most_ordered: unknown lane {name!r}{nearest(str(name), scenario.lanes)}")
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
            raise BadInput(f"most_ordered: must be more than 0, got {value!r} for {name}")
        most[list(scenario.lanes).index(name)] = value
    return most


def _make_room_for_a_batch(scenario: Scenario, layout: Any, limits: _Limits) -> None:
    """Leave room between low and high for the largest batch, least order or full load of each stock."""
    for m, lane in enumerate(scenario.lanes.values()):
        row = layout.net.lanes[m]
        load = scenario.routes[lane.route].vehicle_capacity if lane.route and row["fills"] else None
        i, least = int(row["to"]), max(lane.batch or 1.0, lane.minimum_order, load or 0.0)
        limits.high[i] = max(limits.high[i], limits.low[i] + least + 1)


def _orders(process: Process, limits: _Limits) -> np.ndarray:
    """Return all orders that may be of use in some state (orders, lanes)."""
    scenario, layout, outcomes = process.scenario, process.layout, process.outcomes
    asked = outcomes.demand[:, list(outcomes.columns.demand.values())].max(axis=0) @ layout.needs
    largest: dict[str, float] = {}
    choices: dict[str, np.ndarray] = {}
    waiting = _with_backlog(scenario)
    for stock in scenario.downstream_first:
        i = layout.stocks.index(stock)
        reach = asked[i] + sum(
            largest[name] * lane.uses[stock] for name, lane in scenario.lanes.items() if stock in lane.uses
        )
        if len(scenario.lanes) == 1 and np.isfinite(limits.longest).any():
            reach += limits.longest[np.isfinite(limits.longest)].sum()  # after a time when nothing could be ordered
        reach = limits.high[i] - limits.low[i] + (reach if waiting[i] else 0.0)
        for name in scenario.feeds[stock]:
            m = layout.lanes.index(name)
            row = layout.net.lanes[m]
            most = min(reach, float(row["order_limit"]), limits.most[m])
            batch = float(row["batch"])
            sizes = batch * np.arange(np.floor(most / batch + 1e-9) + 1)
            choices[name] = sizes[(sizes == 0) | (sizes >= row["least"])]
            largest[name] = float(choices[name][-1])
    if (many := prod(len(sizes) for sizes in choices.values())) > MOST_ORDERS:
        raise TooMany(
            f"{scenario.name}: has {counted(many)} combinations of orders in each state, too many to enumerate "
            "(order in batches, or limit most_ordered)"
        )
    return np.array(list(product(*(choices[name] for name in layout.lanes))), float)


def _estimate(process: Process, limits: _Limits) -> float:
    """Return about how many states there are: units on hand and on the way that add up to no more than the limits."""
    layout = process.layout
    reach = process.outcomes.demand[:, list(process.outcomes.columns.demand.values())].max(axis=0) @ layout.needs
    total = 1.0
    for i, stock in enumerate(layout.stocks):
        span = int(limits.high[i] - limits.low[i] + (reach[i] if limits.low[i] < 0 else 0))
        live = 1
        for name in process.scenario.feeds[stock]:
            row = layout.net.lanes[layout.lanes.index(name)]
            merged = process.merging.arrivals[layout.lanes.index(name)]
            live += max(0, int(row["last_slot"] - row["first_slot"]) - 1 - int(merged))
            live += int(row["last_transmitted"] - row["first_transmitted"])
        total *= comb(span + live, live)
    return total


def _wider(
    limits: _Limits,
    process: Process,
    orders: np.ndarray,
    choice: np.ndarray,
    lasting: np.ndarray,
    how_often: Callable[[np.ndarray], float],
    allowed: float,
) -> tuple[_Limits | None, float]:
    """Return wider limits if the best orders reach those there are, in states that last; and how often customers do.

    They reach a limit if a batch more, or less, would be beyond it.

    That is the chance a period that as many wait as are told apart, of which so much is allowed.
    """
    layout = process.layout
    waiting = _with_backlog(process.scenario)
    batch = np.array(
        [min(process.scenario.lanes[name].batch or 1.0 for name in names) for names in process.scenario.feeds.values()]
    )
    chosen = orders[process.labels[choice[lasting]]]
    rows = process.before.all[np.nonzero(lasting)[2]].astype(float)
    adding = chosen @ layout.into
    after = process.positions(rows) + adding
    most = (orders @ layout.into).max(axis=0)
    too_high = ((after + batch > limits.high) & (adding > 0)).any(axis=0)
    too_low = ((after - batch < limits.low) & (adding < most)).any(axis=0) & waiting
    crowds = np.zeros(len(limits.longest))
    if np.isfinite(limits.longest).any():
        backlog = process.before.all[:, places(layout)["demands", "backlog"]]
        for d in np.flatnonzero(np.isfinite(limits.longest)):
            full = np.broadcast_to(backlog[:, d] > limits.longest[d] - process.merging.steps[d], choice.shape)
            crowds[d] = how_often(full) if full.any() else 0.0
    crowded = crowds * len(crowds) > allowed
    if not (too_high.any() or too_low.any() or crowded.any()):
        return None, float(crowds.sum())
    step = np.maximum(2.0, np.ceil(0.25 * (limits.high - limits.low)))
    low, high = limits.low - step * too_low, limits.high + step * too_high
    with np.errstate(divide="ignore"):  # the chance falls geometrically with how many wait
        longer = np.clip(1.1 * np.log(allowed) / np.log(np.clip(crowds, 1e-300, 0.9)), 1.25, 4.0)
    return _Limits(low, high, limits.most, np.where(crowded, np.ceil(longer * limits.longest), limits.longest)), 1.0


def _how_often(process: Process, choice: np.ndarray, states: np.ndarray, discount: float, exactly: float) -> float:
    """Return the share of periods that begin in some states (phases, modes, states)."""
    costs = process.order_cost, process.demand_cost
    process.order_cost, process.demand_cost = (np.zeros_like(cost) for cost in costs)
    counting = Iteration(process, discount, choice)
    back = counting.back

    def count(phase: int, after: np.ndarray, *, keep: bool, last: bool = False) -> np.ndarray:
        return back(phase, after, keep=keep, last=last) + states[phase]

    counting.back = count  # type: ignore[method-assign]
    try:
        return counting.run(max(exactly, 1e-15)).high
    except NotSettled as error:
        return error.high
    finally:
        process.order_cost, process.demand_cost = costs


def _lasting(process: Process, choice: np.ndarray, iteration: Iteration) -> np.ndarray:
    """Tell which states (phases, modes, states) come again and again, or with a discount: ever."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    phases, modes, many = choice.shape
    heads, tails = [], []
    states = np.arange(many)
    follows = np.argwhere(process.outcomes.move > 0)
    for phase in range(phases):
        for mode in range(modes):
            for r in np.flatnonzero(iteration.chance[phase, mode] > 0):
                y = process.made[choice[phase, mode], r]
                begin, width = process.next_start[y], process.next_start[y + 1] - process.next_start[y]
                offsets = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
                next_states = process.nexts[np.repeat(begin, width) + offsets]
                weights = process.weights[iteration.mood[phase, mode]]
                likely = weights[np.repeat(process.level_start[process.level[y]], width) + offsets] > 0
                head = ((phase * modes + mode) * many + np.repeat(states, width))[likely]
                for other in (b for a, b in follows if a == mode):
                    heads.append(head)
                    tails.append((((phase + 1) % phases) * modes + other) * many + next_states[likely])
    size = choice.size
    head, tail = np.concatenate(heads), np.concatenate(tails)
    graph = csr_array((np.ones(len(head), np.int8), (head, tail)), shape=(size, size))
    reached = np.zeros(size, bool)
    reached[breadth_first_order(graph, 0, return_predecessors=False)] = True
    if iteration.discount < 1.0:
        return reached.reshape(choice.shape)
    _, part = connected_components(graph, connection="strong")
    left = np.zeros(part.max() + 1, bool)
    left[part[head[part[head] != part[tail]]]] = True
    return (reached & ~left[part]).reshape(choice.shape)
