"""The Markov chain of a scenario under one policy: its states, explored as they are reached, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..chance.outcomes import Outcomes
from ..physics import Layout
from ..scenario import BadInput, Scenario
from .iterate import TURNS, ValueIteration
from .process import MOST_ROUNDS, Merging, TooMany, places, played, worth_of
from .program import Numbers
from .space import Rows, expand_demand, expand_orders, expect, simplify, spread, transitions

ActionsOf = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""What a policy orders (states, lanes), given states (states, width) and their exogenous states (states,)."""

AT_ONCE = 1 << 21  # transitions that are listed in one go
STRIDE = 16  # periods that are played forward before it is looked which states were entered
STEADY = 0.02  # change of the chance to leave from one such stride to the next, as a share, that counts as none
FIRST = 1e-5  # times the tolerance: the chance a period to enter a state below which it is left out, at first
FINER = 1e-2  # by which that is multiplied where too much is left out
LEAST = 1e-36  # and below which it is not tried any more
GROWTH = 4.0  # how much the range of relative values grows, at least, where states lie twice as far


class Chain:
    """The states that a policy reaches from the scenario's start, their transition probabilities and expected costs.

    A state is what is where, and the exogenous state of `Outcomes`. To expand a state is to ask the policy for its
    action there, and the physics what all outcomes of a period lead to. States that are found but not expanded are left
    out: in the chain as it stands, whoever enters one goes on from the first state of the same phase instead.
    """

    def __init__(
        self,
        scenario: Scenario,
        outcomes: Outcomes,
        merging: Merging,
        actions_of: ActionsOf,
        *,
        most_states: int,
        ahead: Callable[[int, np.ndarray], np.ndarray] | None = None,
        progress: Callable[[str], Any] | None = None,
    ) -> None:
        """Begin with the start, not expanded.

        Args:
            scenario: the world.
            outcomes: its chance.
            merging: which states count as one.
            actions_of: the policy.
            most_states: how many states to find before giving up.
            ahead: given an exogenous state and post-decision states (states, width), returns what is charged in each on
                top of the period's own cost (states,).
            progress: told how far it is.
        """
        self.scenario, self.outcomes, self.merging, self.actions_of = scenario, outcomes, merging, actions_of
        self.ahead = ahead
        self.most_states, self.progress = most_states, progress
        self.layout = Layout(scenario)
        self.states = Rows(self.layout.state_size + 1)
        self.states.put(self._simplified(self.layout.start[None, :], 0))
        self._begins, self._ends, self._costs = Numbers(np.int64), Numbers(np.int64), Numbers()
        self._nexts, self._chances = Numbers(np.int32), Numbers()
        self._grow()
        self.now = np.ones(1)  # the distribution of the state, as far as it has been played forward (states,)
        self.chance = np.ones(1)  # the largest chance that each state has had meanwhile (states,)
        self._apart = self.layout.columns.last is None  # else what is on the way has a value in the last period
        self._tables: dict[int, DemandTable] = {}
        supplies, demands = (np.count_nonzero(c, axis=1) for c in (outcomes.supply_chance, outcomes.demand_chance))
        follow = np.tile(np.count_nonzero(outcomes.transition, axis=1), outcomes.season)
        self._most = supplies * np.maximum(demands[outcomes.demand_state], demands[outcomes.last_demand_state]) * follow

    def __len__(self) -> int:
        """Return how many states are expanded."""
        return int(np.count_nonzero(self.expanded))

    @property
    def expanded(self) -> np.ndarray:
        """Tell which states are expanded (states,)."""
        return self._ends.all > self._begins.all

    @property
    def left_out(self) -> np.ndarray:
        """Return the numbers of the states that are not."""
        return np.flatnonzero(~self.expanded)

    @property
    def costs(self) -> np.ndarray:
        """Return the expected cost of a period, less revenue, in each state; 0 where it is left out (states,)."""
        return self._costs.all

    @property
    def transitions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return where the transitions of each state begin and end, the next states, and their chances."""
        return self._begins.all, self._ends.all, self._nexts.all, self._chances.all

    def phases(self, which: np.ndarray) -> np.ndarray:
        """Return the phase of some states."""
        phases: np.ndarray = self.states.rows[which, -1] // self.outcomes.per_phase
        return phases

    def expand(self, which: np.ndarray) -> None:
        """Ask for the action in some states, and list what follows.

        Raises:
            TooMany: where that makes more states than are wanted.
        """
        for some in self._batches(which):
            ends, nexts, chances, costs = self.play(some, self.outcomes.demand_state)
            self._grow()
            first = self._nexts.many
            self._begins.all[some], self._ends.all[some] = first + np.append(0, ends[:-1]), first + ends
            self._costs.all[some] = costs
            self._nexts.add(nexts)
            self._chances.add(chances)
            if len(self.states) > self.most_states:
                raise TooMany(
                    f"{self.scenario.name}: has more than {self.most_states:,} states, too many to enumerate (make "
                    "demands or lead times smaller, order in batches, or raise most_states)"
                )
            if self.progress is not None:
                self.progress(f"{len(self.states):,} states")

    def last_costs(self, which: np.ndarray) -> np.ndarray:
        """Return the expected cost in some states of the last period, where what is left has a value (states,)."""
        if self.layout.columns.last is None or not len(which):
            return self.costs[which]
        found = [self.play(some, self.outcomes.last_demand_state)[3] for some in self._batches(which)]
        self._grow()
        return np.concatenate(found)

    def play(self, some: np.ndarray, mood: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Play a period in some states of one exogenous state; return where the transitions of each end, and so on.

        With the mood of each exogenous state, which tells the chances of demand. The rest is the next states, their
        chances, and the expected cost of the period in each state.
        """
        layout, outcomes = self.layout, self.outcomes
        rows, exogenous = self.states.rows[some].astype(float), int(self.states.rows[some[0], -1])
        actions = np.ascontiguousarray(self.actions_of(rows[:, :-1], self.states.rows[some, -1]), float)
        supply, supply_chance = _likely(outcomes.supply, outcomes.supply_chance[exogenous])
        table = self._demand(int(mood[exogenous]))
        ready = Rows(layout.state_size)
        ready.make_room(len(some) * len(supply))
        made, costs = np.empty((len(some), len(supply)), np.int64), np.empty((len(some), len(supply)))
        world = layout.numbers, layout.sizes
        into = ready.slots, ready.rows, ready.count, made, costs
        before = np.ascontiguousarray(rows[:, :-1]), actions, supply, table.demand[0]
        if not expand_orders(*world, np.zeros(layout.flows_size), self.merging, *before, *into):
            raise BadInput(f"{self.scenario.name}: its quantities do not stay whole, and cannot be counted")
        after = ready.all.astype(float)
        if (level := table.levels(after)) is None:  # demand changes more than was thought: keep all of it apart
            self._apart, self._tables = False, {}
            return self.play(some, mood)
        starts, ends, parts, weights, more = table.groups
        follow, follow_chance = _likely(
            np.arange(outcomes.per_phase), outcomes.transition[exogenous % outcomes.per_phase]
        )
        follow += (exogenous // outcomes.per_phase + 1) % outcomes.season * outcomes.per_phase
        room = int((ends - starts)[level[made]].sum()) * len(follow)
        self.states.make_room(room)
        stops, nexts, chances = np.empty(len(some), np.int64), np.empty(room, np.int32), np.empty(room)
        given = made, supply_chance, after, table.held, level, starts, ends, parts, weights, follow, follow_chance
        found = self.states.slots, self.states.rows, self.states.count, stops, nexts, chances
        transitions(*world, self.merging, *given, *found)
        charged = more[level] if self.ahead is None else more[level] + self.ahead(exogenous, after)
        return stops, nexts, chances, (costs + charged[made]) @ supply_chance

    def _demand(self, mood: int) -> DemandTable:
        if mood not in self._tables:
            self._tables[mood] = DemandTable(self.layout, self.outcomes, mood, apart=self._apart)
        return self._tables[mood]

    def _batches(self, which: np.ndarray) -> Iterator[np.ndarray]:
        """Yield some states in parts, each of one exogenous state and of no more than can be listed in one go."""
        exogenous = self.states.rows[which, -1]
        for each in np.unique(exogenous).tolist():
            some = which[exogenous == each]
            size = max(1, AT_ONCE // int(self._most[each]))
            yield from (some[first : first + size] for first in range(0, len(some), size))

    def _grow(self) -> None:
        more = len(self.states) - self._costs.many
        for numbers in (self._begins, self._ends, self._costs):
            numbers.add(np.zeros(more))

    def close(self, most: int) -> bool | None:
        """Expand all states that can be reached, if they are no more than so many; else leave the chain as it was.

        Returns whether it is done, or None if new ones are found for so many periods in a row as if there were no end.
        """
        begins, ends = self._begins.all.copy(), self._ends.all.copy()
        done: bool | None = None
        for _ in range(MOST_ROUNDS):
            new = self.left_out
            if not len(new):
                return True
            if len(self.states) > most:
                done = False
                break
            self.expand(new)
        self._begins.all[:], self._ends.all[:] = 0, 0
        self._begins.all[: len(begins)], self._ends.all[: len(ends)] = begins, ends
        return done

    def reach(self, rarest: float, discount: float) -> None:
        """Expand all states that are entered with a chance of more than `rarest` in a period, weighed by the discount.

        The distribution of the state is played forward, until the chance to enter one that is left out has settled, or
        until nothing weighs any more.

        Raises:
            TooMany: where that takes too many states or periods.
        """
        if discount < 1 or not self.expanded[0]:
            self.now = np.zeros(len(self.states))
            self.now[0] = 1.0
            self._follow(self.now, rarest, discount)
        turns, before = 0, np.inf
        while True:
            entered, out = np.zeros(len(self.states)), self.left_out
            stand_ins = self.stand_ins[self.phases(out)]
            for _ in range(STRIDE):
                now = discount * self.forward()
                entered[out] = np.maximum(entered[out], now[out])
                if discount == 1:
                    np.add.at(now, stand_ins, now[out])
                now[out] = 0.0
                self.now = np.where(now > rarest / STRIDE / 1e3, now, 0.0)
                self.chance = np.maximum(np.append(self.chance, np.zeros(len(now) - len(self.chance))), now)
            turns += STRIDE
            leaving = entered.sum()
            settled = abs(leaving - before) <= STEADY * leaving if discount == 1 else not self.now.any()
            if not self._follow(entered, rarest, discount) and settled:
                return
            before = leaving
            if turns > TURNS:
                raise TooMany(
                    f"{self.scenario.name}: after {turns:,} periods states are reached that never were before, as if "
                    "there were no end to them (play it: jit_gym.evaluate)"
                )

    def _follow(self, entered: np.ndarray, rarest: float, discount: float) -> bool:
        """Expand what is entered with more than some chance, and what is entered from there; tell if there was any."""
        grown = False
        while len(new := np.flatnonzero((entered > rarest) & ~self.expanded)):
            self.expand(new)
            after = np.zeros(len(self.states))
            spread(new, *self.transitions, entered, after)
            after *= discount
            after[: len(entered)] += entered
            entered, grown = after, True
        self.now = np.append(self.now, np.zeros(len(self.states) - len(self.now)))
        return grown

    def check(self, times: int = 16, seed: int = 0) -> None:
        """Play whole periods along a random path from the start, and hold that the transitions are those listed.

        Raises:
            AssertionError: if not; that is a fault of ours.
        """
        rng, layout, outcomes = np.random.default_rng(seed), self.layout, self.outcomes
        raw, exogenous = layout.start.copy(), 0
        for _ in range(times):
            x = int(self.states.find(self._simplified(raw[None, :], exogenous))[0])
            if not self.expanded[x]:
                return
            action = self.actions_of(self.states.rows[x : x + 1, :-1].astype(float), np.array([exogenous]))[0]
            supply, supply_chance = _likely(outcomes.supply, outcomes.supply_chance[exogenous])
            demand, demand_chance = _likely(outcomes.demand, outcomes.demand_chance[outcomes.demand_state[exogenous]])
            chance = np.outer(supply_chance, demand_chance).ravel()
            rows, costs = played(layout, raw, action, (supply[:, None] + demand[None, :]).reshape(len(chance), -1))
            later = (exogenous // outcomes.per_phase + 1) % outcomes.season * outcomes.per_phase
            move = outcomes.transition[exogenous % outcomes.per_phase]
            expected = np.zeros(len(self.states))
            spread(np.array([x]), *self.transitions, np.ones(x + 1), expected)
            for mode in np.flatnonzero(move).tolist():
                np.add.at(expected, self.states.find(self._simplified(rows, later + mode)), -chance * move[mode])
            same = self.ahead is not None or np.isclose(costs @ chance, self.costs[x], rtol=1e-9, atol=1e-9)
            if np.abs(expected).max() > 1e-9 or not same:
                raise AssertionError(f"{self.scenario.name}: a period goes otherwise than its transitions say")
            raw = np.ascontiguousarray(rows[rng.choice(len(chance), p=chance)])
            exogenous = later + int(rng.choice(outcomes.per_phase, p=move))

    def _simplified(self, rows: np.ndarray, exogenous: int) -> np.ndarray:
        """Return states in the form in which they are found, with their exogenous state."""
        rows = np.array(rows, float)
        simplify(self.layout.numbers, self.layout.sizes, self.merging, rows)
        return np.column_stack([rows, np.full(len(rows), exogenous)])

    def forward(self) -> np.ndarray:
        """Return the distribution of the state (states,) a period after the present one, `now`."""
        out = np.zeros(len(self.states))
        spread(np.flatnonzero(self.now), *self.transitions, self.now, out)
        return out

    @property
    def stand_ins(self) -> np.ndarray:
        """Return the first state that is expanded in each phase (phases,)."""
        known = np.flatnonzero(self.expanded)
        phases, first = np.unique(self.phases(known), return_index=True)
        found = np.zeros(self.outcomes.season, np.int64)
        found[phases] = known[first]
        return found


class DemandTable:
    """What the demand of one mood makes of post-decision states: worked out once for all that hold the same.

    Where demand changes nothing but stocks and backlogs, what is on the way need not be looked at: a level is what is
    held and waited for. All outcomes that leave the same of a level are one group.
    """

    def __init__(self, layout: Layout, outcomes: Outcomes, mood: int, *, apart: bool) -> None:
        """Begin with no level; `apart` says that demand changes nothing but stocks and backlogs, as far as is known."""
        self.layout = layout
        self.demand, chance = _likely(outcomes.demand, outcomes.demand_chance[mood])
        self.chance = chance[None, :]
        self.held = np.ones(layout.state_size, np.bool_)
        if apart:
            for (table, _), numbers in places(layout).items():
                self.held[numbers] = table in ("stocks", "demands")
        self._levels = Rows(layout.state_size)
        self._ends, self._costs, self._more = Numbers(np.int64), Numbers(), Numbers()
        self._parts, self._weights = Numbers(), Numbers()

    def levels(self, after: np.ndarray) -> np.ndarray | None:
        """Return the level of each post-decision state (states, width); None if demand changes what is no level."""
        known = len(self._levels)
        level = self._levels.put(np.where(self.held, after, 0.0))
        new, example = np.unique(level, return_index=True)
        example = example[new >= known]
        for some in np.array_split(example, 1 + len(example) * len(self.demand) // AT_ONCE):
            room, width = len(some) * len(self.demand), self.layout.state_size
            ends, parts, weights = np.empty(len(some), np.int64), np.empty((room, width)), np.empty((room, 1))
            costs, first = np.empty((len(some), 1)), np.empty(len(some))
            world = self.layout.numbers, self.layout.sizes, np.zeros(self.layout.flows_size)
            out = ends, parts, weights, costs, first
            if not expand_demand(*world, after[some], self.held, self.demand, self.chance, *out):
                return None
            many = int(ends[-1]) if len(some) else 0
            self._ends.add(self._weights.many + ends)
            self._parts.add(parts[:many].ravel())
            self._weights.add(weights[:many, 0])
            self._costs.add(costs[:, 0])
            self._more.add(costs[:, 0] - first)
        return level

    def costs(self, after: np.ndarray) -> np.ndarray:
        """Return what demand and all that comes after it are expected to cost in post-decision states (states,)."""
        level = self.levels(after)
        assert level is not None
        costs: np.ndarray = self._costs.all[level]
        return costs

    @property
    def groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return where the groups of each level start and end, what they leave, and their chances.

        And how much more a period is expected to cost in each level than it does with the first outcome.
        """
        ends = self._ends.all
        parts = self._parts.all.reshape(-1, self.layout.state_size)
        return np.append(0, ends[:-1]).astype(np.int64), ends, parts, self._weights.all, self._more.all


def _likely(values: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that have any chance, and their chances."""
    likely = chance > 0
    return np.ascontiguousarray(values[likely]), chance[likely]


class Evaluation(ValueIteration):
    """The values of a chain's states, given what each costs (states,): policy evaluation, v <- c + b P v."""

    def __init__(self, chain: Chain, costs: np.ndarray, discount: float) -> None:
        """Start with values of 0."""
        super().__init__(chain.outcomes.season, discount, free=False)
        self.chain, self.costs = chain, costs
        known, out = np.flatnonzero(chain.expanded), chain.left_out
        self._which = [known[chain.phases(known) == phase] for phase in range(self.phases)]
        self._out = [out[chain.phases(out) == phase] for phase in range(self.phases)]
        self._stand_ins = chain.stand_ins
        self.values = [np.zeros(len(which)) for which in self._which]

    @property
    def front(self) -> np.ndarray:
        """Return the values of the expanded states of the first phase (states,)."""
        return self.values[0]

    def sweep(self, *, keep: bool) -> None:
        """Improve the values of all states once."""
        after = np.empty(len(self.costs))
        for phase in reversed(range(self.phases)):
            later = (phase + 1) % self.phases
            after[self._which[later]] = self.values[later]
            after[self._out[later]] = after[self._stand_ins[later]]
            arguments = self._which[phase], *self.chain.transitions, self.costs, self.discount, after
            self._split(expect, len(self.values[phase]), *arguments, self.values[phase])

    def range(self, kept: np.ndarray | None = None) -> float:
        """Return the largest range of values in a phase, among some states (states,) or all."""
        all_values = zip(self.values, self._which, strict=True)
        some = [values if kept is None else values[kept[which]] for values, which in all_values]
        return max(float(np.ptp(values)) for values in some if len(values))


class Certified(NamedTuple):
    """Bounds of a chain's cost a period, and the chance a period to enter a state that was left out."""

    low: float
    high: float
    left_out: float


def long_run(chain: Chain, discount: float, tolerance: float) -> Certified:
    """Return bounds of what the policy costs a period, in the long run or discounted.

    If no state is left out they are those of `ValueIteration`. Else let h be the relative values of the whole chain, e
    the chance a period to enter a state that is left out, and r the state from which the chain as it stands goes on
    instead. Then its cost is too low by the sum over such entries of h(entered) - h(r) (Schweitzer 1968, "Perturbation
    theory and finite Markov chains": g' - g = pi' (P' - P) h, with the stationary distribution pi' of the one chain and
    the relative values h of the other). So with s the range of h over the states that are kept, the bounds are those of
    the chain as it stands, less e s, and more 4 e s. They hold

    - as long as it costs no less to go on from where states are left out than from the best of those kept, and
    - as long as it costs no more than 4 times their range above that. Where one backlog or stock only grows, and the
      policy goes on further out as it does at the edge, the states beyond are levels of a homogeneous walk, from each
      of which to the next below takes the same time (Neuts 1981); so h is a polynomial of the second degree in the
      level, and less than 4 times as high at twice the depth. How h grows is looked at too: the chance of a state falls
      geometrically with its depth, so those with more than the square root of the chance are half as deep; if h has
      grown more than 4 times since, so much more is allowed beyond.

    What a policy does in states that nobody has asked about cannot be known; so this is no proof for any policy, and
    a result says so. More states are kept until e s is less than the tolerance allows.
    """
    evaluation = Evaluation(chain, chain.costs, discount)
    words = f"{len(chain):,} states"
    if not len(chain.left_out):
        low, high, _ = evaluation.run(tolerance, words, chain.progress)
        return Certified(low, high, 0.0)
    rarest = FIRST * tolerance
    while True:
        chain.reach(rarest, discount)
        evaluation = Evaluation(chain, chain.costs, discount)
        words = f"{len(chain):,} states"
        low, high, _ = evaluation.run(tolerance / 2, words, chain.progress)
        kept, scale = evaluation.range(), max(1.0, abs(low + high) / 2)
        near = evaluation.range(chain.chance >= np.sqrt(rarest))
        more = max(GROWTH, kept / max(near, 1e-300)) * kept
        leaves = _leaving(chain)
        allowed = tolerance * scale / 2 / (kept + more + 1e-300)
        rate = Evaluation(chain, leaves, discount).run(max(allowed / 10, 1e-15)).high
        if rate <= allowed or rarest < LEAST:
            return Certified(low - discount * rate * kept, high + discount * rate * more, rate)
        rarest *= FINER


def _leaving(chain: Chain) -> np.ndarray:
    """Return the chance to enter a state that is left out, from each state (states,)."""
    out, known = (~chain.expanded).astype(float), np.flatnonzero(chain.expanded)
    found, nothing = np.zeros(len(out)), np.zeros(len(out))
    chances = np.zeros(len(known))
    expect(0, len(known), known, *chain.transitions, nothing, 1.0, out, chances)
    found[known] = chances
    return found


class Summed(NamedTuple):
    """The discounted sum of so many periods' costs, expected at the start, and the chance that it left out."""

    low: float
    total: float
    high: float
    left_out: float


def summed(chain: Chain, periods: int, warmup: int, discount: float, rarest: float = 0.0) -> Summed:
    """Play the distribution of the state forward from the start, and add up what the periods after `warmup` cost.

    Units that are left count at what they are worth, and so do those that are there before the first period counted.

    Whatever comes with a chance of no more than `rarest` is left out from then on; the bounds count it at no less than
    the cheapest state that was met, and no more than 4 times the dearest, in every period that is left.
    """
    total, lost, missing = 0.0, 0.0, 0.0
    for t in range(warmup + periods):
        if t == warmup:
            total += _worth(chain)
        if rarest:
            rare = chain.now <= rarest
            lost += float(chain.now[rare].sum())
            chain.now[rare] = 0.0
        active = np.flatnonzero(chain.now)
        chain.expand(active[~chain.expanded[active]])
        if t >= warmup:
            costs = chain.last_costs(active) if t == warmup + periods - 1 else chain.costs[active]
            total += discount ** (t - warmup) * float(chain.now[active] @ costs)
            missing += discount ** (t - warmup) * lost
        chain.now = chain.forward()
        if chain.progress is not None:
            chain.progress(f"{len(chain.states):,} states, period {t}")
    total -= discount**periods * _worth(chain)
    costs = chain.costs[chain.expanded]
    low, high = missing * min(0.0, float(costs.min())), missing * GROWTH * float(np.abs(costs).max())
    return Summed(total + low, total, total + high, lost)


def _worth(chain: Chain) -> float:
    """Return what units are expected to be worth now."""
    active = np.flatnonzero(chain.now)
    return float(chain.now[active] @ worth_of(chain.layout, chain.states.rows[active, :-1].astype(float)))
