"""A scenario as a decision process: its states, what may be ordered in each, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..chance.outcomes import Outcomes, lasts
from ..chance.trace import hits_of
from ..physics import Layout, View
from ..physics.layout import flows_of, state_of
from ..physics.simulate import advance
from ..physics.worth import Worth
from ..scenario import BadInput, Scenario
from ..scenario.part import meaning
from .space import Rows, expand_demand, expand_orders, expand_ready, simplify

OrdersOf = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]

MOST_STATES = 3_000_000
MOST_KEPT = 150_000_000  # pairs, and what may follow: about 3 GB
BEYOND = 1000  # times more states than are wanted: then it is not even tried, for estimates are rough
MOST_ROUNDS = 400  # periods after which new states must have come to an end
AT_ONCE = 1 << 17  # pairs of a state and an order, or outcomes, that are played in one go


class Merging(NamedTuple):
    """Which states count as one, for nothing that matters tells them apart."""

    use: bool  # whatever was used in the last period
    arrivals: np.ndarray  # lanes: what arrives next is as good as on hand
    waiters: np.ndarray  # demands: a unit on hand and a customer who waits are as good as neither
    longest: np.ndarray  # demands: customers beyond so many no longer count
    steps: np.ndarray  # demands: and are forgotten so many at a time, or a multiple of it


# What a stock, a lane and a demand may say when what surely arrives before the next demand is as good as on hand. The
# arrival is received before anything else looks at the stock; a field that is not listed may change that.
_NO_MATTER_STOCK = {"initial", "unit_value", "holding_cost", "rationing", "terminal_value"}
_NO_MATTER_LANE = {"to", "uses", "order_delay", "lead_time", "crossing", "supplier", "route", "capacity", "batch"}
_NO_MATTER_LANE |= {"minimum_order", "unit_cost", "fixed_cost", "in_transit_cost", "waiting_cost", "unshipped"}
_NO_MATTER_LANE |= {"share", "critical", "initial", "initial_orders", "pays_after"}
_NO_MATTER_DEMAND = {"draws_on", "distribution", "occurs", "history", "season", "unmet", "shortage_cost"}
_NO_MATTER_DEMAND |= {"regimes", "regime_seen", "pays_after"}


def merging(scenario: Scenario) -> Merging:
    """Return which states may be merged, for a policy that is free to know them merged.

    What a lane brings next period is as good as on hand where nothing happens to the stock between now and then: no
    storage limit, no shelf life, no lane that takes from it before it receives, nothing that could stop what has been
    shipped. A unit on hand and a unit that waits for it are as good as neither where the customer is served for nothing
    in particular (no price), alone, and from this stock only, if no end comes at which only the unit has a value. A
    field that is not known here merges nothing.
    """
    taken = {name for lane in scenario.lanes.values() for name in lane.uses}
    late = scenario.sources_ship == "after-receiving"
    known = {"horizon", "objective", "policies", "units", "sources_ship", "stocks", "lanes", "suppliers", "routes"}
    plain = set(meaning(scenario)) <= known | {"demands", "disruptions"}
    on_the_way = {lane for kind, lane in hits_of(scenario) if kind in ("transit", "receiving")}
    plain &= not any(meaning(supplier) for supplier in scenario.suppliers.values())
    simple = {name: plain and set(meaning(stock)) <= _NO_MATTER_STOCK for name, stock in scenario.stocks.items()}
    arrivals = [
        simple[lane.to]
        and set(meaning(lane)) <= _NO_MATTER_LANE
        and (late or lane.to not in taken)
        and name not in on_the_way
        for name, lane in scenario.lanes.items()
    ]
    asking = [name for demand in scenario.demands.values() for name in demand.draws_on]
    waiters = [
        demand.unmet == "backlog"
        and set(meaning(demand)) <= _NO_MATTER_DEMAND
        and list(demand.draws_on.values()) == [1.0]
        and all(simple[name] and name not in taken and asking.count(name) == 1 for name in demand.draws_on)
        and not (lasts(scenario) and any(scenario.stocks[name].terminal_value for name in demand.draws_on))
        for demand in scenario.demands.values()
    ]
    many = len(waiters)
    return Merging(True, np.array(arrivals), np.array(waiters), np.full(many, np.inf), np.ones(many))


def nothing_merged(scenario: Scenario, *, use: bool) -> Merging:
    """Return the merging for a policy that is given: it may look at anything, but perhaps not at what was used."""
    none = np.zeros(len(scenario.demands), bool)
    return Merging(use, np.zeros(len(scenario.lanes), bool), none, np.full(len(none), np.inf), np.ones(len(none)))


class LooksFurther(Exception):
    """Somebody looks at more of a state than there is of it."""


class Shown:
    """States to look at, as one looks at a simulation; it remembers what was asked for."""

    timeless = False  # whether to refuse who asks for the period

    def __init__(self, layout: Layout, rows: np.ndarray, seen: np.ndarray, period: Any = None) -> None:
        """Show states (paths, width), with what is seen of chance (paths, columns.seen)."""
        self.layout, self.seen = layout, seen
        self.asked: set[tuple[str, str]] = set()
        self._rows, self._period = np.asarray(rows, float), period

    @property
    def period(self) -> Any:
        """Return the period that begins, if it is known."""
        self.asked.add(("period", ""))
        if self.timeless:
            raise LooksFurther
        return self._period

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (paths, how many there are)."""
        self.asked.add((table, field))
        return self._rows[:, places(self.layout)[table, field]]

    @property
    def pipeline(self) -> np.ndarray:
        """Return what is on the way and in the mail (paths, slots)."""
        return self._rows[:, places(self.layout)["pipeline", ""]]


@lru_cache(maxsize=16)
def places(layout: Layout) -> dict[tuple[str, str], np.ndarray]:
    """Return which numbers of a state hold each field of each table."""
    state = state_of(np.arange(layout.state_size, dtype=float), layout.sizes, 1)
    found = {}
    for table, records in state._asdict().items():
        for field in records.dtype.names or ("",):
            numbers = records[field] if field else records
            found[table, field] = numbers[0].astype(int)
    return found


def worth_of(layout: Layout, rows: np.ndarray) -> np.ndarray:
    """Return what the units in some states are worth where the count of costs begins or stops (states,)."""
    shown = Shown(layout, rows, np.zeros((len(rows), layout.columns.seen)))
    return sum(Worth(layout).of(shown, 0), np.zeros(len(rows)))


def opening_worth(scenario: Scenario) -> float:
    """Return what the units at the start add to a period's cost: nothing in the long run, more with a discount."""
    layout = Layout(scenario)
    return (1 - scenario.objective.discount) * float(worth_of(layout, layout.start[None, :])[0])


class Process:
    """A scenario's states before an order, the orders of each, and the states that get ready for the demand.

    A pair is a state and an order in it. What follows is kept apart: a pair makes a state ready, at a cost of its own;
    demand turns a ready state into the next ones, and that sum is made once however many orders lead there.
    """

    def __init__(self, scenario: Scenario, outcomes: Outcomes, merged: Merging, *, most_states: int) -> None:
        """Prepare to enumerate."""
        self.scenario, self.outcomes, self.merging = scenario, outcomes, merged
        self.layout = Layout(scenario)
        self.most_states, self.estimate = most_states, 0.0
        self.start = self.simplified(self.layout.start[None, :])

    def simplified(self, rows: np.ndarray) -> np.ndarray:
        """Return states (states, width) in the form in which they are enumerated."""
        rows = np.array(rows, float)
        simplify(self.layout.numbers, self.layout.sizes, self.merging, rows)
        return rows

    def enumerate(
        self,
        orders_of: OrdersOf,
        width: int,
        progress: Callable[[str], Any] | None = None,
    ) -> None:
        """Find all states that can be reached from the start.

        Args:
            orders_of: given states (states, width) and the number of the first, returns pairs, in the order of the
                states: the place of each among these states, its orders (pairs, lanes), and a label.
            width: how many orders it looks at in each state.
            progress: told how far it is.
        """
        if self.estimate > BEYOND * self.most_states:
            self._refuse(0)
        ends = self.layout.columns.last is not None  # then what is on the way has a value in the last period alone
        for apart in (False,) if ends else (True, False):
            if self._enumerated(orders_of, width, progress, apart):
                return

    def _enumerated(self, orders_of: OrdersOf, width: int, progress: Any, apart: bool) -> bool:
        layout, outcomes = self.layout, self.outcomes
        self.before, self.ready, levels = (Rows(layout.state_size) for _ in range(3))
        self.before.put(self.start)
        held = np.ones(layout.state_size, np.bool_)
        if apart:
            where = places(layout)
            for (table, _), numbers in where.items():
                held[numbers] = table in ("stocks", "demands")
        world = layout.numbers, layout.sizes, np.zeros(layout.flows_size)
        supplies, asked, moods = len(outcomes.supply), *outcomes.demand_chance.T.shape
        pairs, made, paid, labels = ([np.zeros(0, np.int64)], *(list[np.ndarray]() for _ in range(3)))
        level_of, nexts, first = (list[np.ndarray]() for _ in range(3))
        ends, parts = np.zeros(0, np.int64), np.zeros((0, layout.state_size))
        weights, level_costs, level_first = np.zeros((0, moods)), np.zeros((0, moods)), np.zeros(0)
        done, played, kept, rounds = 0, 0, 0, 0
        while done < len(self.before) or played < len(self.ready):
            rounds += 1
            if rounds > MOST_ROUNDS:
                raise TooMany(
                    f"{self.scenario.name}: after {MOST_ROUNDS:,} periods states are reached that never were before, "
                    f"as if there were no end to them (play it: jit_gym.evaluate)"
                )
            for some in _chunks(done, len(self.before), max(1, min(AT_ONCE // 32, 16 * AT_ONCE // width))):
                rows = self.before.rows[some].astype(float)
                place, orders, label = orders_of(rows, some.start)
                self.ready.make_room(len(place) * supplies)
                ready, costs = np.empty((len(place), supplies), np.int64), np.empty((len(place), supplies))
                into = self.ready.slots, self.ready.rows, self.ready.count, ready, costs
                orders = np.ascontiguousarray(orders, float)
                tables = rows[place], orders, outcomes.supply, outcomes.demand[0]
                if not expand_orders(*world, self.merging, *tables, *into):
                    raise BadInput(f"{self.scenario.name}: its quantities do not stay whole, and cannot be counted")
                pairs.append(np.bincount(place, minlength=len(rows)))
                made.append(ready.astype(np.int32))
                paid.append(costs)
                labels.append(label)
                done, kept = some.stop, kept + ready.size
                self._count(kept, progress)
            for some in _chunks(played, len(self.ready), max(16, AT_ONCE // asked)):
                rows = self.ready.rows[some].astype(float)
                known = len(levels)
                level = levels.put(np.where(held, rows, 0.0))
                new, example = np.unique(level, return_index=True)
                example = example[new >= known]
                room = len(example) * asked
                out = np.empty(len(example), np.int64), np.empty((room, layout.state_size)), np.empty((room, moods))
                more = np.empty((len(example), moods)), np.empty(len(example))
                chances = outcomes.demand, outcomes.demand_chance
                if not expand_demand(*world, rows[example], held, *chances, *out, *more):
                    return False
                used = int(out[0][-1]) if len(example) else 0
                ends = np.concatenate([ends, out[0] + len(parts)])
                parts, weights = np.concatenate([parts, out[1][:used]]), np.concatenate([weights, out[2][:used]])
                level_costs = np.concatenate([level_costs, more[0]])
                level_first = np.concatenate([level_first, more[1]])
                starts = np.concatenate([[0], ends[:-1]])
                many = int((ends - starts)[level].sum())
                self.before.make_room(many)
                follows, paid_first = np.empty(many, np.int32), np.empty(len(rows))
                rest = self.before.slots, self.before.rows, self.before.count, follows, paid_first
                expand_ready(*world, self.merging, rows, held, level, starts, ends, parts, outcomes.demand[0], *rest)
                level_of.append(level)
                nexts.append(follows)
                first.append(paid_first)
                played, kept = some.stop, kept + many
                self._count(kept, progress)
        self.pair_start = np.concatenate([[0], np.cumsum(np.concatenate(pairs))])
        self.made, self.labels = np.concatenate(made), np.concatenate(labels)
        self.level = np.concatenate(level_of)
        self.level_start = np.concatenate([[0], ends])
        self.weights = np.ascontiguousarray(weights.T)  # (moods, groups)
        self.next_start = np.concatenate([[0], np.cumsum(np.diff(self.level_start)[self.level])])
        self.nexts = np.concatenate(nexts)
        first_cost = np.concatenate(first)
        self.demand_cost = np.ascontiguousarray(
            (level_costs[self.level] + (first_cost - level_first[self.level])[:, None]).T
        )
        self.order_cost = np.concatenate(paid) - first_cost[self.made]
        return True

    def _count(self, kept: int, progress: Any) -> None:
        found = len(self.before) * self.outcomes.states
        typical = kept / max(found, 1)  # of each state, pairs and what may follow
        hopeless = found > 1000 and typical * self.estimate > BEYOND * MOST_KEPT
        if found > self.most_states or kept > MOST_KEPT or hopeless:
            self._refuse(found)
        if progress is not None:
            progress(f"{found:,} states")

    def _refuse(self, found: int) -> None:
        """Say that there are too many states, and about how many."""
        about = f"about {self.estimate:.2g}" if self.estimate > found else f"more than {found:,}"
        raise TooMany(
            f"{self.scenario.name}: has {about} states, too many to enumerate (make demands or lead times smaller, "
            f"order in batches, limit most_ordered, or raise most_states, now {self.most_states:,})"
        )

    @property
    def states(self) -> int:
        """Return the number of states in which one orders: of stock and of chance."""
        return len(self.before) * self.outcomes.states

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return the inventory position of each stock in some states (states, stocks)."""
        return self._view(rows).inventory_position

    def _view(self, rows: np.ndarray) -> View:
        return View(Shown(self.layout, rows, np.zeros((len(rows), self.layout.columns.seen))))

    def check(self, orders_of: OrdersOf, *, any_order: bool = True, times: int = 24, seed: int = 0) -> None:
        """Play whole periods from states along a random path, and hold that the enumeration says the same of them.

        Where there is one order for each state of chance, `any_order` is false.

        Raises:
            AssertionError: if not; that is a fault of ours, such as states merged that do differ.
        """
        rng, layout, outcomes = np.random.default_rng(seed), self.layout, self.outcomes
        raw = layout.start.copy()
        for t in range(times):
            state = t % outcomes.season * outcomes.per_phase + int(rng.integers(outcomes.per_phase))
            mood = int(rng.choice([outcomes.demand_state[state], outcomes.last_demand_state[state]]))
            x = int(self.before.find(self.simplified(raw[None, :]))[0])
            _, orders, _ = orders_of(self.before.all[x : x + 1].astype(float), x)
            a = int(rng.integers(len(orders))) if any_order else state
            r = int(rng.choice(len(outcomes.supply), p=outcomes.supply_chance[state]))
            y = self.made[self.pair_start[x] + a, r]
            chance = outcomes.demand_chance[mood]
            rows, costs = played(layout, raw, orders[a], outcomes.supply[r] + outcomes.demand)
            cost = costs @ chance
            said = self.order_cost[self.pair_start[x] + a, r] + self.demand_cost[mood, y]
            reached = self.before.find(self.simplified(rows))
            groups = slice(self.level_start[self.level[y]], self.level_start[self.level[y] + 1])
            follows = self.nexts[self.next_start[y] : self.next_start[y + 1]]
            expected = np.bincount(follows, self.weights[mood, groups], minlength=len(self.before))
            if reached.min() < 0 or not np.allclose(np.bincount(reached, chance, len(self.before)), expected):
                raise AssertionError(f"{self.scenario.name}: a period leads elsewhere than the enumeration says")
            if not np.isclose(cost, said, rtol=1e-9, atol=1e-9):
                raise AssertionError(f"{self.scenario.name}: a period costs {cost}, the enumeration says {said}")
            raw = np.ascontiguousarray(rows[rng.choice(len(chance), p=chance)])


def played(layout: Layout, raw: np.ndarray, order: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Play a period from one state (width,) with each row of chance; return the next states, and what it costs."""
    many = len(chance)
    states, flows = np.empty(many * layout.state_size), np.zeros(many * layout.flows_size)
    for all_rows, one in zip(state_of(states, layout.sizes, many), state_of(raw, layout.sizes, 1), strict=True):
        all_rows[:] = one
    orders = np.repeat(np.asarray(order, float)[None, :], many, axis=0)
    advance(layout.numbers, layout.sizes, states, flows, orders, chance)
    tables = [table.view(float) for table in state_of(states, layout.sizes, many) if table.size]
    return np.concatenate(tables, axis=1), -flows_of(flows, layout.sizes, many).money["reward"][:, 0]


class TooMany(BadInput):
    """More states than one wants to wait for."""


def _chunks(first: int, last: int, size: int) -> Iterator[slice]:
    for start in range(first, last, size):
        yield slice(start, min(start + size, last))
