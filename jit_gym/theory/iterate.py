"""Value iteration on an enumerated process, with bounds that hold whenever it is stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..chance.compiled import compiled
from .process import Process, worth_of

TURNS = 100_000  # sweeps after which it is given up
GRAIN = 1 << 13  # states that are worth a thread


def processors() -> int:
    """Return how many processors there are to work on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@compiled
def _sum_demand(
    first: int,
    last: int,
    level: Any,
    level_start: Any,
    weights: Any,
    next_start: Any,
    nexts: Any,
    cost: Any,
    mood: Any,
    after: Any,
    out: Any,
) -> None:
    """Sum out the demand of one phase: what each ready state is worth, by what its next ones are (modes, states)."""
    for y in range(first, last):
        g, k = level_start[level[y]], next_start[y]
        for mode in range(len(after)):
            weight = weights[mood[mode]]
            total = cost[mood[mode], y]
            for j in range(next_start[y + 1] - k):
                total += weight[g + j] * after[mode, nexts[k + j]]
            out[mode, y] = total


@compiled
def _choose(
    first: int, last: int, pair_start: Any, made: Any, order_cost: Any, chance: Any, ready: Any, out: Any, choice: Any
) -> None:
    """Take the best order in each state, given what the ready states are worth (modes, states)."""
    for x in range(first, last):
        for mode in range(len(ready)):
            best, at = np.inf, pair_start[x]
            for pair in range(pair_start[x], pair_start[x + 1]):
                total = 0.0
                for r in range(made.shape[1]):
                    total += chance[mode, r] * (order_cost[pair, r] + ready[mode, made[pair, r]])
                if total < best:
                    best, at = total, pair
            out[mode, x], choice[mode, x] = best, at


@compiled
def _follow(
    first: int,
    last: int,
    made: Any,
    order_cost: Any,
    chance: Any,
    level: Any,
    level_start: Any,
    weights: Any,
    next_start: Any,
    nexts: Any,
    cost: Any,
    mood: Any,
    after: Any,
    choice: Any,
    out: Any,
) -> None:
    """Do both, with the order chosen before."""
    for x in range(first, last):
        for mode in range(len(after)):
            value, pair, weight = 0.0, choice[mode, x], weights[mood[mode]]
            for r in range(made.shape[1]):
                if chance[mode, r] > 0:
                    y = made[pair, r]
                    g, k = level_start[level[y]], next_start[y]
                    total = cost[mood[mode], y] + order_cost[pair, r]
                    for j in range(next_start[y + 1] - k):
                        total += weight[g + j] * after[mode, nexts[k + j]]
                    value += chance[mode, r] * total
            out[mode, x] = value


@compiled
def _spread(
    made: Any,
    chance: Any,
    level: Any,
    level_start: Any,
    weights: Any,
    next_start: Any,
    nexts: Any,
    mood: Any,
    choice: Any,
    now: Any,
    out: Any,
) -> None:
    """Add up the chances of what follows the states (modes, states), with the orders chosen."""
    for mode in range(len(now)):
        weight = weights[mood[mode]]
        for x in range(now.shape[1]):
            if now[mode, x] > 0:
                for r in range(made.shape[1]):
                    share, y = now[mode, x] * chance[mode, r], made[choice[mode, x], r]
                    if share > 0:
                        g, k = level_start[level[y]], next_start[y]
                        for j in range(next_start[y + 1] - k):
                            out[mode, nexts[k + j]] += share * weight[g + j]


class ValueIteration:
    """Sweeps over the values of states, with bounds on the cost that hold whenever it is stopped.

    A sweep goes through the phases of a season backwards, each seeing what the next one has just become. With v the
    values at the season's first phase and Lv the same a sweep later, the long-run average cost g of a period obeys
    min (Lv - v) <= n g <= max (Lv - v) for a season of n periods (Odoni 1969, Puterman 2005, theorem 8.5.5); the
    discounted cost V obeys Lv + c min (Lv - v) <= V <= Lv + c max (Lv - v) with c = b / (1 - b) and b the season's
    discount (MacQueen 1966). Between such sweeps the actions are kept for some sweeps, which are quicker (Puterman and
    Shin 1978).
    """

    def __init__(self, phases: int, discount: float, *, free: bool) -> None:
        """Set how many phases a season has, what a cost is worth a period earlier, and whether actions are chosen."""
        self.phases, self.discount, self.free = phases, discount, free
        self._threads = processors()

    @property
    def front(self) -> np.ndarray:
        """Return the values of the states of the first phase, to be read or changed; the first is the start's."""
        raise NotImplementedError

    def sweep(self, *, keep: bool) -> None:
        """Improve the values of all states once, with the best actions or with those chosen before."""
        raise NotImplementedError

    def run(self, tolerance: float, words: str = "", progress: Callable[[str], Any] | None = None) -> Settled:
        """Sweep until the bounds are as near to each other as wanted.

        They are in money a period: the long-run average, or (1 - discount) times the discounted sum from the start.

        Raises:
            NotSettled: if they do not come together.
        """
        sweeps, spread, damp = 0, np.inf, 1.0
        with self.threads():
            while True:
                old = self.front.copy()
                self.sweep(keep=False)
                sweeps += 1
                low, high, gap = self.bounds(old)
                if progress is not None:
                    progress(f"{words}, sweep {sweeps}: cost between {low:.6g} and {high:.6g}")
                if high - low <= tolerance * max(1.0, abs(low + high) / 2):
                    return Settled(low, high, sweeps)
                if sweeps >= TURNS or not np.isfinite(gap):
                    raise NotSettled(low, high)
                damp = 0.5 if gap > 0.98 * spread else 1.0
                spread = gap
                self._settle(old, damp)
                for _ in range(16 if self.free else 0):
                    old = self.front.copy()
                    self.sweep(keep=True)
                    change = self.front - old
                    self._settle(old, damp)
                    if np.ptp(change) < 0.1 * gap:
                        break

    @contextmanager
    def threads(self) -> Iterator[None]:
        """Have threads at hand, while there are sweeps to make."""
        with ThreadPoolExecutor(self._threads) as pool:
            self._map: Callable[..., Any] = pool.map
            yield

    def _settle(self, old: np.ndarray, damp: float) -> None:
        """Go only part of the way where values swing from sweep to sweep, and keep them from growing."""
        if damp < 1.0:
            self.front[...] = old + damp * (self.front - old)
        if self.discount == 1.0:
            self.front[...] -= self.front.flat[0]

    def bounds(self, old: np.ndarray) -> tuple[float, float, float]:
        """Return bounds of the cost of a period, and how far apart the changes of the last sweep are."""
        change = self.front - old
        least, most = float(change.min()), float(change.max())
        if self.discount == 1.0:
            return least / self.phases, most / self.phases, most - least
        season = self.discount**self.phases
        start = float(self.front.flat[0])
        scale = season / (1 - season)
        return (1 - self.discount) * (start + scale * least), (1 - self.discount) * (start + scale * most), most - least

    def _split(self, kernel: Any, size: int, *arguments: Any) -> None:
        """Run a kernel on all states, on several threads if there are many."""
        parts = max(1, min(4 * self._threads, size // GRAIN))
        ends = np.linspace(0, size, parts + 1).astype(int)
        if parts == 1 or self._threads == 1:
            kernel(0, size, *arguments)
        else:
            list(self._map(lambda k: kernel(ends[k], ends[k + 1], *arguments), range(parts)))


class Iteration(ValueIteration):
    """Values of the states (phases, modes, states) of an enumerated decision process, improved sweep by sweep."""

    def __init__(self, process: Process, discount: float, choice: np.ndarray | None = None) -> None:
        """Start with values of 0, and free to choose unless each state's pair is given (phases, modes, states)."""
        outcomes = process.outcomes
        super().__init__(outcomes.season, discount, free=choice is None)
        self.process, self.modes = process, outcomes.per_phase
        shape = self.phases, self.modes, len(process.before)
        self.values = np.zeros(shape)
        self.choice = np.zeros(shape, np.int64) if choice is None else choice
        self.mood, self.last_mood = (
            each.reshape(shape[:2]) for each in (outcomes.demand_state, outcomes.last_demand_state)
        )
        self.chance = outcomes.supply_chance.reshape(self.phases, self.modes, -1)
        self._ready = np.empty((self.modes, len(process.ready)))

    @property
    def front(self) -> np.ndarray:
        """Return the values of the states of the first phase (modes, states)."""
        first: np.ndarray = self.values[0]
        return first

    def sweep(self, *, keep: bool) -> None:
        """Improve the values of all states once, with the best orders or with those chosen before."""
        for phase in reversed(range(self.phases)):
            self.values[phase] = self.back(phase, self.values[(phase + 1) % self.phases], keep=keep or not self.free)

    def back(self, phase: int, after: np.ndarray, *, keep: bool, last: bool = False) -> np.ndarray:
        """Return what states are worth (modes, states) a period before they are worth `after`, perhaps in the last."""
        process, mood = self.process, (self.last_mood if last else self.mood)[phase]
        follows = process.weights, process.next_start, process.nexts, process.demand_cost
        follow = (
            process.level,
            process.level_start,
            *follows,
            mood,
            self.discount * (process.outcomes.transition @ after),
        )
        orders = process.made, process.order_cost, self.chance[phase]
        out = np.empty_like(after)
        if keep:
            self._split(_follow, after.shape[1], *orders, *follow, self.choice[phase], out)
        else:
            self._split(_sum_demand, self._ready.shape[1], *follow, self._ready)
            self._split(_choose, after.shape[1], process.pair_start, *orders, self._ready, out, self.choice[phase])
        return out

    def forward(self, phase: int, now: np.ndarray, choice: np.ndarray) -> np.ndarray:
        """Return the chances of states (modes, states) a period later, with the pairs chosen in each."""
        process, out = self.process, np.zeros_like(now)
        follows = process.level, process.level_start, process.weights, process.next_start, process.nexts
        _spread(process.made, self.chance[phase], *follows, self.mood[phase], choice, now, out)
        moved: np.ndarray = process.outcomes.transition.T @ out
        return moved

    def to_the_end(self, periods: int, progress: Callable[[str], Any] | None = None) -> tuple[float, np.ndarray]:
        """Go back from the end of so many periods (Bellman 1957): return the discounted sum of costs from the start.

        The pairs chosen come with it (periods, modes, states). The sum is exact but for rounding. Where the world goes
        on after these periods, what is left then counts at what it is worth, and so does what is there at the start.
        """
        layout = self.process.layout
        left = -worth_of(layout, self.process.before.all.astype(float))
        values = np.broadcast_to(left, self.values.shape[1:])
        choice = np.empty((periods, *values.shape), np.int32)
        with self.threads():
            for t in reversed(range(periods)):
                values = self.back(t % self.phases, values, keep=False, last=t == periods - 1)
                choice[t] = self.choice[t % self.phases]
                if progress is not None:
                    progress(f"{self.process.states:,} states, period {t}")
        return float(values[0, 0] + worth_of(layout, layout.start[None, :])[0]), choice


class Settled(NamedTuple):
    """What a value iteration found: bounds of the cost of a period, and how many sweeps that took."""

    low: float
    high: float
    sweeps: int


class NotSettled(Exception):
    """The bounds do not come together: the cost depends on how the world begins."""

    def __init__(self, low: float, high: float) -> None:
        """Keep the bounds."""
        super().__init__(low, high)
        self.low, self.high = low, high
