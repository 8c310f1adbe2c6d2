"""One stock whose customers wait: its inventory position is the state, and costs are those of a lead time ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..chance.lead_times import longest
from ..chance.outcomes import Outcomes, horizon_of
from ..chance.tables import counts
from ..physics import Layout, View
from ..scenario import Distribution, Scenario
from ..scenario.supports import unsupported
from .demand_table import DemandTable
from .merging import nothing_merged
from .space import Halves
from .state_source import NotInState, StateSource, state_fields, view_of


class Position:
    r"""A scenario reduced to its inventory position: without its lead time, and charged what is expected after it.

    Let z be what is on hand, less what waits, plus what is on the way, when period t's shipment has left. Nothing that
    is shipped later arrives by period t + L, all that was shipped until then has arrived, and unmet demand waits. So
    the net inventory at the end of period t + L is

        z - D[t] - D[t + 1] - ... - D[t + L],

    whatever is ordered meanwhile (Scarf 1960; Karlin and Scarf 1958). Let c(z) be the costs of holding and shortage in
    a period that begins with net inventory z, and b the discount. Then period t can be charged

    .. math::
        b^L \, E[c(z - D_t - \dots - D_{t+L-1}) \mid \text{exogenous state of } t]

    in place of c, and the lead time be left out. What is on the way is then on hand at once, and the state is the
    inventory position and what waits at the source.

    A random lead time that keeps orders in sequence has arrival ages that are independent from period to period,
    whatever is on the way (Kaplan 1970): with the chance P(L = k), the latest shipment to have arrived by period t is
    that of period t - k, and net inventory is its z less the demand since. So the charge is the sum over k of P(L = k)
    times the one above (Nahmias 1979; Ehrhardt 1984a).

    Where disruptions make the lane ship either all that waits, or nothing, what waits is no part of the state either:
    until the next shipment leaves, net inventory is the z of the last one less the demand since. So the costs of all
    periods until then are charged as it leaves (an outage is a random lead time; Song and Zipkin 1996b). An order's
    delay can then be left out too, for an order counts from the moment at which it reaches the source.

    All these expectations are linear in z below 0, where nothing is on hand; tables hold the rest.

    Attributes:
        scenario: the reduced scenario; `original` is the layout of the scenario itself, `layout` of the reduced one.
        outcomes: its chance, with a demand state for each exogenous state, because the charge depends on it.
        ships: in which exogenous states the lane ships (exogenous states,).
        keeps_waiting: whether what waits at the source, and orders in transmission, stay in the state.
    """

    def __init__(self, scenario: Scenario, *, keeps_waiting: bool = False) -> None:
        """Reduce a scenario for which `applies`, perhaps no further than necessary (`keeps_waiting`)."""
        self.keeps_waiting = keeps_waiting or _must_keep_waiting(scenario)
        (lane,) = scenario.lanes.values()
        self.original, self.discount = Layout(scenario), scenario.objective.discount
        self.scenario = without_lead_time(scenario, keeps_waiting=self.keeps_waiting)
        self.layout = Layout(self.scenario)
        self.delay = 0 if self.keeps_waiting else lane.order_delay
        self.lead_time = _chances_of_lead_times(lane.lead_time)
        self.outcomes, self.ships = _reduced_outcomes(scenario, keeps_waiting=self.keeps_waiting)
        where = state_fields(self.layout)
        self._on_hand, self._backlog = where["stocks", "on_hand"][0], where["demands", "backlog"][0]
        self._charges = np.zeros((0, 0))

    @property
    def catches_up(self) -> bool:
        """Tell whether an order while nothing ships can as well be placed when something does."""
        (lane,) = self.scenario.lanes.values()
        return not (self.keeps_waiting or self.delay or lane.fixed_cost or lane.minimum_order)

    @staticmethod
    def applies(scenario: Scenario) -> bool:
        """Tell whether a scenario has one stock, one lane with a lead time, customers who wait, and no more to it."""
        if len(scenario.stocks) + len(scenario.lanes) + len(scenario.demands) > 3:
            return False
        if scenario.units != "whole" or horizon_of(scenario):
            return False
        (lane,) = scenario.lanes.values()
        (demand,) = scenario.demands.values()
        if any(unsupported("P", scenario)):
            return False
        if demand.unmet != "backlog" or list(demand.draws_on.values()) != [1.0]:
            return False
        if any(event.stops not in ("ordering", "shipping") for event in scenario.disruptions.values()):
            return False
        if scenario.objective.discount < 1 and (lane.initial_orders or (lane.initial and not lane.lead_time.is_fixed)):
            return False  # what comes of them in the first periods is not worked out
        return bool(lane.order_delay or longest(lane.lead_time) or _stops_shipping(scenario))

    def less_reduced(self) -> Position | None:
        """Return the reduction that keeps what waits at the source, if this one does not, or None."""
        scenario = self.original.scenario
        return Position(scenario, keeps_waiting=True) if _stops_shipping(scenario) and not self.keeps_waiting else None

    def extend_season(self, periods: int) -> None:
        """Tell the exogenous states apart by so many periods, as if the season were as long."""
        place = np.arange(periods * self.outcomes.per_phase) % self.outcomes.states
        self.ships, self.outcomes = self.ships[place], self.outcomes.over(periods)
        self._charges = np.zeros((0, 0))

    def cost_ahead(self, exogenous: int, rows: np.ndarray) -> np.ndarray:
        """Return how much more is charged in post-decision states (states, width) than their own period costs."""
        net = np.rint(rows[:, self._on_hand] - rows[:, self._backlog]).astype(int)
        if (most := int(net.max(initial=0))) + 2 > self._charges.shape[1]:
            self._charges = self._table_of_charges(2 * most + 8)
        charges = self._charges[exogenous]
        charged: np.ndarray = charges[np.maximum(net, -1) + 1] + np.minimum(net + 1, 0) * (charges[1] - charges[0])
        return charged

    def cost_before_first_order(self) -> float:
        """Return the discounted expected cost of the first periods, before any order placed can change it."""
        if self.discount == 1.0:
            return 0.0
        start, found = _start(self.original), 0.0
        late = np.append(np.ones(self.delay), 1.0 - np.cumsum(self.lead_time))  # P(nothing new has arrived by then)
        net = [int(start.on_hand[0, 0] + start.arriving(0, t + 1)[0]) for t in range(len(late))]
        cost = self._own_cost(max(net) + 1)
        for t, z in enumerate(net):
            found += self.discount**t * late[t] * cost[0, z + 1]
            cost = self._a_period_ahead(cost)
        return found

    def _own_cost(self, most: int) -> np.ndarray:
        """Return what demand is expected to cost in a period, for each net inventory from -1 to `most`.

        One row for each exogenous state, as in all these tables.
        """
        outcomes, net = self.outcomes, np.arange(-1, most + 1)
        rows = np.zeros((len(net), self.layout.state_size))
        rows[:, self._on_hand], rows[:, self._backlog] = np.maximum(net, 0), np.maximum(-net, 0)
        demand_states = outcomes.demand_state.tolist()
        halves, costs = Halves(self.layout, nothing_merged(self.scenario, ignores_use=True)), {}
        for d in set(demand_states):
            table = DemandTable.of(halves, outcomes, d, whole_states=False)
            demand_class = table.classes(rows)
            costs[d] = table.costs[0, demand_class]
        return np.stack([costs[d] for d in demand_states])

    @property
    def _demand(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the demand of a period (outcomes,), and the chance of each (exogenous states, outcomes)."""
        outcomes = self.outcomes
        units = outcomes.demand[:, next(iter(outcomes.columns.demand.values()))].astype(int)
        return units, outcomes.demand_chance[outcomes.demand_state]

    def _a_period_ahead(self, later: np.ndarray) -> np.ndarray:
        """Return E[later(next exogenous state, z - D)] for each exogenous state and net inventory z, from -1 on."""
        units, chance = self._demand
        later = self.outcomes.next @ later
        most, size = int(units.max()), later.shape[1]
        deep = later[:, :1] - np.arange(most, 0, -1) * (later[:, 1:2] - later[:, :1])
        full = np.concatenate([deep, later], axis=1)
        now = np.zeros_like(later)
        for d, share in zip(units, chance.T, strict=True):
            now += share[:, None] * full[:, most - d : most - d + size]
        return now

    def _table_of_charges(self, most: int) -> np.ndarray:
        """Compute `cost_ahead` for each net inventory from -1 to `most`."""
        own = cost = self._own_cost(most)
        shipped = self.lead_time[0] * own
        for k, share in enumerate(self.lead_time[1:], 1):
            cost = self._a_period_ahead(cost)
            shipped += self.discount**k * share * cost
        if not self.ships.all():
            shipped = np.where(self.ships[:, None], self._until_it_ships(shipped), 0.0)
        for _ in range(self.delay):
            shipped = self.discount * self._a_period_ahead(shipped)
        return shipped - own

    def _until_it_ships(self, cost: np.ndarray) -> np.ndarray:
        """Return what a period costs, and all that follow until the next one that ships (A = cost + b E[A if not]).

        Net inventory only falls meanwhile. Below 0, where all is linear, that is a system of equations for the slopes
        and one for the values; from there on upwards, one for each net inventory.
        """
        units, chance = self._demand
        stays = self.discount * self.outcomes.next * ~self.ships
        slope, base = cost[:, 1] - cost[:, 0], cost[:, 1]
        eye, mean = np.eye(len(cost)), chance @ units
        slope = np.linalg.solve(eye - stays, slope)
        base = np.linalg.solve(eye - stays, base - mean * (stays @ slope))
        none = chance[:, units == 0].sum(axis=1)
        inverse = np.linalg.inv(eye - none[:, None] * stays)
        some, likely = units[units > 0], chance[:, units > 0]
        most = int(some.max(initial=1))
        full = np.concatenate([base[:, None] - np.arange(most, 0, -1) * slope[:, None], np.zeros_like(cost)], axis=1)
        full[:, most : most + 1] = base[:, None]
        for z in range(1, cost.shape[1] - 1):
            follows = (likely * (stays @ full[:, most + z - some])).sum(axis=1)
            full[:, most + z] = inverse @ (cost[:, z + 1] + follows)
        return full[:, most - 1 : most - 1 + cost.shape[1]]


def _chances_of_lead_times(lead_time: Distribution) -> np.ndarray:
    """Return P(lead time = k) for k = 0, 1, ... (longest + 1,)."""
    table = counts(lead_time)
    chances = np.zeros(int(table.values[-1]) + 1)
    chances[table.values.astype(int)] = table.probabilities
    return chances


def _reduced_outcomes(scenario: Scenario, *, keeps_waiting: bool) -> tuple[Outcomes, np.ndarray]:
    """Return the chance of the reduced scenario, and in which exogenous states the lane ships (exogenous states,).

    Where what waits is not kept, all is shipped in every period; the charges make up for it.
    """
    ((name, lane),) = scenario.lanes.items()
    slow = lane.model_copy(update={"lead_time": longest(lane.lead_time)})  # what is seen is that of the scenario itself
    outcomes = Outcomes.of(scenario.model_copy(update={"lanes": {name: slow}}))
    ships = np.ones(outcomes.states, bool)
    column = outcomes.columns.working.get(("shipping", name))
    if column is not None and not keeps_waiting:
        ships = (outcomes.supply_chance @ outcomes.supply[:, column]) > 0.5
        supply = outcomes.supply.copy()
        supply[:, column] = 1.0
        outcomes = replace(outcomes, supply=supply)
    each, chance = np.arange(outcomes.states), outcomes.demand_chance[outcomes.demand_state]
    return replace(outcomes, demand_state=each, last_demand_state=each, demand_chance=chance), ships


class PositionSource(StateSource):
    """States of a reduced scenario as the source of a `View` of the scenario itself.

    A policy can read the inventory position, what is seen of chance, and what waits at the source, if that is kept.
    """

    def __init__(self, position: Position, rows: np.ndarray, seen: np.ndarray, period: Any) -> None:
        """Take states (paths, width) of the reduced scenario."""
        super().__init__(position.original, rows, seen, period)
        self._waiting = rows[:, state_fields(position.layout)["lanes", "waiting"]] if position.keeps_waiting else None

    def read(self, table: str, field: str) -> np.ndarray:
        """Return what waits at the source (paths, lanes).

        Raises:
            NotInState: for any other field of the state.
        """
        if (table, field) != ("lanes", "waiting") or self._waiting is None:
            raise NotInState
        return self._waiting

    @property
    def pipeline(self) -> np.ndarray:
        """Refuse to tell what is on the way."""
        raise NotInState


class PositionView(View):
    """A view of a `PositionSource`, at given inventory positions (paths, stocks)."""

    def __init__(self, source: PositionSource, positions: np.ndarray) -> None:
        """Take the positions."""
        super().__init__(source)
        self._positions = positions

    @property
    def inventory_position(self) -> np.ndarray:
        """Return the inventory positions given (paths, stocks)."""
        return self._positions


def without_lead_time(scenario: Scenario, *, keeps_waiting: bool) -> Scenario:
    """Return a scenario, for which `Position.applies`, in which whatever is shipped arrives at once.

    With `keeps_waiting` the order's delay stays.
    """
    ((name, lane),), (stock,) = scenario.lanes.items(), scenario.stocks
    start = _start(Layout(scenario))
    mail: dict[str, Any] = {"order_delay": 0, "initial_orders": 0.0}
    on_hand = float(start.inventory_position[0, 0])
    if keeps_waiting:
        mail, on_hand = {}, float(start.on_hand[0, 0] + start.in_transit[0, 0])
    return scenario.model_copy(
        update={
            "stocks": {stock: scenario.stocks[stock].model_copy(update={"initial": on_hand})},
            "lanes": {name: lane.model_copy(update={"lead_time": 0, "initial": 0.0, **mail})},
        }
    )


def _stops_shipping(scenario: Scenario) -> bool:
    return any(event.stops == "shipping" for event in scenario.disruptions.values())


def _must_keep_waiting(scenario: Scenario) -> bool:
    """Tell whether what waits at the source, or is in the mail, is part of the state.

    It is if there is more than all or nothing to ship, or if it matters when it is shipped, for it is paid for then.
    """
    (lane,) = scenario.lanes.values()
    events = [event for event in scenario.disruptions.values() if event.stops == "shipping"]
    if scenario.objective.discount < 1 and (lane.order_delay or events) and (lane.unit_cost or lane.order_delay):
        return bool(events or lane.unit_cost)
    nothing = all(event.severity == 1 and not event.recovers_over for event in events)
    return bool(events) and bool(not nothing or lane.unshipped == "lapses" or lane.capacity or lane.waiting_cost)


def _start(layout: Layout) -> View:
    return view_of(layout, layout.start[None, :])
