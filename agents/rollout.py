"""Estimate by rollouts how much more each first order costs than a reference order (Temizöz et al. 2025).

For a state s, an order a and a sampled future w, a path plays a in the first period and what the network chooses in
all later ones. With c_t for its cost in period t, the path of a is compared with that of the reference order r:

    D(s, a, w) = sum over t of discount^t (c_t(s, a, w) - c_t(s, r, w))

The estimate is the mean of D over futures. Both paths have the same future (common random numbers), so that what is
common to both costs cancels. Once both are in the same state, all later terms are 0, and the path of a is played no
further.

The paths of one state and future are a *race*: the reference, and one for each order that is tried. Races of many
states and futures are played together, and others begin as some end, so that kernels always have many paths to play.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.extending import register_jitable

from jit_gym.chance import Chance
from jit_gym.common.threads import share
from jit_gym.envs.observation import Codec
from jit_gym.kernels.cache import compiled
from jit_gym.kernels.memory import WIDTH, by_path
from jit_gym.physics import Layout
from jit_gym.physics.recorded import period_kernel
from jit_gym.physics.simulate import paths_last
from jit_gym.policies.trained import Perceptron

from .memoized import Memoized

ROOM = 4096  # paths that are played side by side: so many that what Python does between kernels takes little time
LEAST_STATES = 4  # that are worth a thread: each takes milliseconds
ESTIMATES = 1 << 17  # differences that are kept before they are added up


@compiled
def _see(
    shown: Any,
    old: int,  # paths that are not in their first period
    horizon: int,  # of a world that ends, or 0
    clock_of_race: Any,  # the period in which its state was found (races,)
    age: Any,  # how many periods each race has been played (races,)
    states: Any,
    race: Any,
    seen: Any,  # out: (inputs, room)
) -> None:
    """Fill in what the network sees of each path."""
    for k in range(len(shown)):  # as `envs.step_program` shows them: sums of fractions may end a hair below 0
        at = shown[k]
        first, scale, high = at.first, at.scale, at.high
        for b in range(old):
            seen[k, b] = min(max(states[first, b], 0.0) * scale, high)
    if len(seen) > len(shown):  # what has passed of the horizon
        for b in range(old):
            r = race[b]
            seen[len(shown), b] = (clock_of_race[r] + age[r]) / horizon if horizon > 0 else 0.0


@compiled
def _begin(
    paths: int,
    begun: int,
    state_of_race: Any,  # (races,)
    starts: Any,  # (states, numbers)
    references: Any,  # (states,)
    alive: Any,  # (states, choices)
    states: Any,  # out: (numbers, room)
    race: Any,  # out: of each path (room,)
    tried: Any,  # out: the choice that each path tries, -1 for the reference (room,)
    chosen: Any,  # out: what each path orders first (room,)
) -> Any:
    """Begin races behind the paths that are played, as far as there is room; return the paths, and the races begun."""
    while begun < len(state_of_race):
        s = state_of_race[begun]
        reference, more = references[s], 1
        for j in range(alive.shape[1]):
            more += alive[s, j] and j != reference
        if paths + more > len(race):
            break
        for j in range(-1, alive.shape[1]):  # the reference comes first
            if j == -1 or (alive[s, j] and j != reference):
                for k in range(len(states)):
                    states[k, paths] = starts[s, k]
                chosen[paths] = reference if j == -1 else j
                race[paths], tried[paths] = begun, j
                paths += 1
        begun += 1
    return paths, begun


@compiled
def _order(
    old: int,  # paths that are not in their first period
    paths: int,
    picked: Any,  # by the network (old,)
    age: Any,
    draws: Any,  # (periods, columns, races)
    choices: Any,  # (choices, lanes)
    race: Any,
    chosen: Any,  # by new paths
    orders: Any,  # out: (room, lanes)
    chance: Any,  # out: (1, columns, room)
) -> None:
    """Write down each path's orders, which the network picks but for new paths, and its row of chance."""
    for b in range(paths):
        choice = picked[b] if b < old else chosen[b]
        for m in range(choices.shape[1]):
            orders[b, m] = choices[choice, m]
    for c in range(chance.shape[1]):
        for b in range(paths):
            chance[0, c, b] = draws[age[race[b]], c, race[b]]


@register_jitable
def _are_equal(states: Any, a: int, b: int) -> bool:
    same = True
    for k in range(len(states)):
        same &= states[k, a] == states[k, b]
    return same


@register_jitable
def _move(states: Any, race: Any, tried: Any, path: int, place: int) -> None:
    """Move a path to a place further in front."""
    if path != place:
        for k in range(len(states)):
            states[k, place] = states[k, path]
        race[place], tried[place] = race[path], tried[path]


@compiled
def _judge(
    paths: int,
    rewards: Any,  # of the period (1, room)
    worth: Any,  # of money in each period of a race (periods,)
    last: Any,  # periods that each race lasts (races,)
    age: Any,
    states: Any,
    race: Any,
    tried: Any,
    more: Any,  # out: what each choice costs more than the reference (races, choices)
) -> int:
    """Add to what each choice costs more; move the paths that are still played to the front, and return how many."""
    kept = b = 0
    while b < paths:
        reference, place, r = b, kept, race[b]
        _move(states, race, tried, reference, place)
        kept, b = kept + 1, b + 1
        while b < paths and tried[b] >= 0:
            more[r, tried[b]] += worth[age[r]] * (rewards[0, reference] - rewards[0, b])
            if age[r] + 1 < last[r] and not _are_equal(states, b, place):
                _move(states, race, tried, b, kept)
                kept += 1
            b += 1
        age[r] += 1
        if kept == place + 1:  # no path differs from the reference any more
            kept = place
    return kept


@compiled
def _add_up(state_of_race: Any, more: Any, sums: Any) -> None:
    """Add the differences (races, choices), and their squares, to those of their states (2, states, choices)."""
    for r in range(len(more)):
        s = state_of_race[r]
        for j in range(more.shape[1]):
            sums[0, s, j] += more[r, j]
            sums[1, s, j] += more[r, j] ** 2


@dataclass(frozen=True)
class Futures:
    """What is drawn for each state: paths of a seed, as many for each state, those of the first state first."""

    seed: int
    count: int
    depth: int
    """How many periods each lasts."""


class Rollouts:
    """Compares first orders in a scenario, after which a network orders."""

    def __init__(self, layout: Layout, choices: np.ndarray) -> None:
        """Prepare a scenario's tables; `choices` (n, lanes) are the orders that can be chosen."""
        self.layout = layout
        self.scenario = layout.scenario
        self.codec, self.chance = Codec(layout), Chance(layout.scenario)
        self.choices = np.ascontiguousarray(choices, float)
        self._room = -(-max(ROOM, len(choices) + 1) // WIDTH) * WIDTH
        self._perceptron: Perceptron | None = None  # of the last call
        self._choosers: list[Memoized] = []  # it, with what it chose; a thread takes one, or makes one more

    def compare(
        self,
        perceptron: Perceptron,
        states: np.ndarray,
        clocks: np.ndarray,
        references: np.ndarray,
        alive: np.ndarray,
        futures: Futures,
        between: tuple[int, int],
    ) -> np.ndarray:
        """Return how much more each choice costs than a reference, over some futures (2, states, choices).

        The first table is the sum, the second that of the squares.

        Args:
            perceptron: two hidden layers of rectified units; it chooses from the second period on.
            states: (states, numbers), each as one path's vector.
            clocks: the period in which each state was found (states,).
            references: a choice for each state (states,).
            alive: which choices are tried (states, choices).
            futures: of the states; they are drawn a part at a time, as all of them would not fit into the cache.
            between: the first future of each state that is played, and the first that is not any more.
        """
        assert perceptron.activation == "relu"
        assert len(perceptron.layers) == 3
        sums = np.zeros((2, *alive.shape))
        games = states, np.asarray(references), alive, np.asarray(clocks)
        some = max(1, ESTIMATES // ((between[1] - between[0]) * len(self.choices)))  # states
        if self._perceptron is not perceptron:
            self._perceptron, self._choosers = perceptron, []

        def play(part: slice) -> None:
            try:
                choose = self._choosers.pop()
            except IndexError:
                choose = Memoized(perceptron, self._room)
            for first in range(part.start, part.stop, some):
                these = np.arange(first, min(first + some, part.stop))
                self._race(choose, games, these, futures, between, sums)
            self._choosers.append(choose)

        share(play, len(states), LEAST_STATES)
        return sums

    def _race(
        self,
        choose: Memoized,
        games: tuple[np.ndarray, ...],
        these: np.ndarray,
        futures: Futures,
        between: tuple[int, int],
        sums: np.ndarray,
    ) -> None:
        """Play all races of some states, given by number, and add to their sums."""
        starts, references, alive, clocks = games
        layout, lanes = self.layout, self.choices.shape[1]
        state_of_race = np.repeat(these, between[1] - between[0])
        future_of_race = (these[:, None] * futures.count + np.arange(*between)).ravel()
        rows = self.chance.draw(futures.seed, future_of_race, futures.depth).rows
        draws = paths_last(rows[:, :, : layout.columns.chance])
        clock_of_race, age = clocks[state_of_race], np.zeros(len(state_of_race), np.int64)
        horizon = self.scenario.horizon.periods if self.scenario.horizon.ends else 0
        last = np.full(len(age), futures.depth)
        if horizon:
            last = np.minimum(last, horizon - clock_of_race)
        worth = np.cumprod(np.append(1.0, np.full(futures.depth, float(self.scenario.objective.discount))))
        more = np.zeros((len(age), len(self.choices)))
        room = self._room
        states, chosen = by_path(layout.state_size, room), np.zeros(room, np.int64)
        states[:] = 0.0
        paths_of = states, *np.zeros((2, room), np.int64)
        orders, chance, rewards = np.zeros((room, lanes)), np.zeros((1, draws.shape[1], room)), np.zeros((1, room))
        seen = np.zeros((len(self.codec.names), room), np.float32)
        arrays = {"net": layout.numbers, "state": states, "chance": chance, "orders": orders, "flows": rewards}
        play = period_kernel(layout, flows=False).on(room, **arrays)
        old = begun = 0
        while True:
            paths, begun = _begin(old, begun, state_of_race, starts, references, alive, *paths_of, chosen)
            if not paths:
                break
            race = paths_of[1]
            _see(self.codec.from_state, old, horizon, clock_of_race, age, states, race, seen)
            picked = old, paths, choose(seen, old)
            _order(*picked, age, draws, self.choices, race, chosen, orders, chance)
            play()  # all paths that there is room for: it is mostly full, and the rest do no harm
            old = _judge(paths, rewards, worth, last, age, *paths_of, more)
        _add_up(state_of_race, more, sums)
