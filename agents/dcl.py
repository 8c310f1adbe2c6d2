"""Learn by deep controlled learning: label states by simulated look-ahead, and fit a classifier (Temizöz et al. 2025).

Approximate policy iteration. In states that the present policy visits, each order is tried as the first one on the same
sampled futures, and the policy orders from then on; sequential halving (Karnin et al. 2013) spends the futures on the
orders that may still be best. A network is fitted to the best order of each state, and is the next policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.physics.tables import batch_state
from jit_gym.policies.action import Action
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import BadInput, Scenario
from jit_gym.scenario.supports import unsupported

from .learner import Count, Fitted, NotNegative, Positive, Share, best_of, inside
from .networks import classify, perceptron, scaling
from .rollout import Futures, Rollouts

MOST_CHOICES = 256


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    rule: str = "capped-base-stock"  # the first policy
    iterations: Count = 3  # of policy iteration
    budget: Count = 3000  # states that are labelled in each iteration
    chunk: Count = 500  # states between two checkpoints
    futures: Count = 512  # sampled for the two orders of each state that are left in the last round of halving
    depth: Count = 40  # periods that a future lasts
    explore: Share = 0.1  # the share of random orders among those that lead to the states
    most: Count | None = None  # the most that is ordered on a lane at once; by default what one period needs
    hidden: Count = 32  # units in each of two layers
    epochs: Count = 100
    rate: Positive = 3e-3
    doubt: NotNegative = 1.0  # standard errors by which a choice may seem worse and still share the label


class DCL(Fitted):
    """The program: each step labels a chunk of states, or fits the classifier to all of an iteration."""

    name: ClassVar[str] = "dcl"
    unit: ClassVar[str] = "states"
    settable: ClassVar[type] = Settings
    kept: ClassVar[tuple[str, ...]] = ("shift", "scale", "seen", "regrets", "noise")
    activation = "relu"
    settings: Settings

    def __init__(self, scenario: Scenario, settings: Settings, seed: int) -> None:
        """Prepare a scenario."""
        super().__init__(scenario, settings, seed)
        self.layout, self.chance = Layout(scenario), Chance(scenario)
        _check(scenario, self.layout)
        with inside("dcl"):
            self.action = Action(choices=choices(scenario, settings.most)).fit(scenario)
        self.rollouts = Rollouts(self.layout, self.action.choices)  # type: ignore[arg-type]
        self.codec = self.rollouts.codec
        self.inputs = len(self.codec.names)
        self.net = self._new_net()
        self.shift, self.scale = np.zeros(self.inputs, np.float32), np.ones(self.inputs, np.float32)
        self.seen = np.zeros((0, self.inputs), np.float32)
        self.regrets, self.noise = np.zeros((0, self.action.outputs)), np.zeros(0)

    @property
    def chunks(self) -> int:
        """Return how many chunks of states are labelled in each iteration."""
        return -(-self.budget // self.chunk)

    @property
    def steps(self) -> int:
        """Return how many steps there are: the imitation of the rule, then so many chunks and a fit each iteration."""
        return 1 + self.settings.iterations * (self.chunks + 1)

    def done(self, k: int) -> int:
        """Return how many states the first k steps label, in all iterations."""
        iterations, chunks = divmod(max(k - 1, 0), self.chunks + 1)
        return iterations * self.budget + super().done(chunks)

    def step(self, k: int) -> dict[str, float]:
        """Take step k; it depends on the seed, on k, and on what `state` holds."""
        if k == 0:
            self._imitate()
            return {"imitated": 1.0}
        _, chunk = divmod(k - 1, self.chunks + 1)
        if chunk < self.chunks:
            return self._label(k)
        return self._fit(k)

    def played(self, k: int) -> int:
        """Return how many periods the first k steps play at most; paths that have become equal are played no further.

        A state is visited within the horizon. Each round of halving plays the orders that are left on its futures.
        """
        imitated = 4 * self.chunk if k else 0
        return (imitated + self.done(k)) * self.scenario.horizon.periods + self.done(k) * self._looks_ahead()

    def _looks_ahead(self) -> int:
        """Return how many periods are played at most to label a state: each order that is left, and the reference."""
        total, before = 0, 0
        for left, until in halvings(self.action.outputs, self.settings.futures):
            total, before = total + (left + 1) * max(until - before, 0) * self.settings.depth, max(until, before)
        return total

    def is_policy(self, k: int) -> bool:
        """Tell whether step k has made a new policy."""
        return k == 0 or (k - 1) % (self.chunks + 1) == self.chunks

    def _new_net(self) -> Any:
        hidden = [self.settings.hidden] * 2
        return perceptron(self.inputs, hidden, self.action.outputs, self.seed)

    def _imitate(self) -> None:
        """Fit the network to the rule."""
        with inside("dcl: rule"):
            rule = best_of(self.settings.rule, self.scenario)
        states, clocks = self._visit(rule, np.random.default_rng([self.seed, 0]), 4 * self.chunk)
        orders = rule(View(_States(self.layout, states, clocks)))
        wrong = self.action.distances(orders)
        self.seen = self._observe(states, clocks)
        self.regrets, self.noise = wrong, np.zeros(len(wrong))
        self._fit(0)

    def _label(self, k: int) -> dict[str, float]:
        """Label a chunk of states that the present policy visits."""
        random = np.random.default_rng([self.seed, k])
        states, clocks = self._visit(self._choose, random, self.done(k + 1) - self.done(k))
        regrets, noise = self._look_ahead(states, clocks, int(random.integers(1 << 31)))
        self.seen = np.concatenate([self.seen, self._observe(states, clocks)])
        self.regrets = np.concatenate([self.regrets, regrets])
        self.noise = np.concatenate([self.noise, noise])
        return {"noise": float(noise.mean())}

    def _fit(self, k: int) -> dict[str, float]:
        """Fit the classifier to all that was labelled since the last fit, and drop the samples."""
        settings = self.settings
        if k == 0:
            self.shift, self.scale = scaling(self.seen)
        inputs = (self.seen - self.shift) * self.scale
        loss = classify(
            self.net,
            inputs,
            self.regrets,
            epochs=settings.epochs,
            rate=settings.rate,
            temperature=settings.doubt * self.noise,
            seed=self.seed * 1000 + k,
        )
        chosen = self.perceptron()(self.seen).argmax(-1)
        agree = float((chosen == self.regrets.argmin(-1)).mean())
        self.seen, self.regrets, self.noise = self.seen[:0], self.regrets[:0], self.noise[:0]
        return {"loss": loss, "agreement": agree}

    def _choose(self, view: View) -> np.ndarray:
        """Return what the present network orders (paths, lanes)."""
        return self.rollouts.choices[self.perceptron()(self.codec.observe(view)).argmax(-1)]

    def _visit(self, act: Any, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a state of each path at a random period (count, numbers) under a policy, and the periods (count,)."""
        horizon = self.scenario.horizon.periods
        clocks = random.integers(horizon, size=count)
        simulation = Simulation(
            self.layout, self.chance.draw(int(random.integers(1 << 31)), count, int(clocks.max()) + 1)
        )
        found = np.empty((count, self.layout.state_size))
        for t in range(simulation.trace.periods):
            rows = clocks == t
            found[rows] = _flat(simulation)[rows]
            orders = np.array(act(View(simulation)), float)
            explores = random.random(count) < self.settings.explore
            orders[explores] = self.rollouts.choices[random.integers(len(self.rollouts.choices), size=explores.sum())]
            simulation.step(orders)
        return found, clocks

    def _observe(self, states: np.ndarray, clocks: np.ndarray) -> np.ndarray:
        return self.codec.observe(View(_States(self.layout, states, clocks)))

    def _look_ahead(self, states: np.ndarray, clocks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the regret of each choice (states, choices), and the standard error of the least sure one (states,).

        Sequential halving: each round plays all choices that are left on more futures, and keeps the better half.
        """
        count, width = len(states), self.action.outputs
        rounds = halvings(width, self.settings.futures)
        futures = Futures(seed, self.settings.futures, self.settings.depth)
        network = self.perceptron()
        references = network(self._observe(states, clocks)).argmax(-1)
        alive = np.ones((count, width), bool)
        more, played = np.zeros((2, count, width)), 0
        regrets = np.empty((count, width))
        for r, (_, until) in enumerate(rounds):
            if until > played:
                more += self.rollouts.compare(network, states, clocks, references, alive, futures, (played, until))
                played = until
            cost = np.where(alive, more[0] / played, np.inf)
            regrets[alive] = (cost - cost.min(-1, keepdims=True))[alive]
            if r < len(rounds) - 1:
                keep = rounds[r + 1][0]
                order = np.argsort(cost, axis=-1, kind="stable")
                alive = np.zeros_like(alive)
                np.put_along_axis(alive, order[:, :keep], True, -1)
        variance = np.where(alive, more[1] / played - (more[0] / played) ** 2, 0.0).max(-1)
        return regrets, np.sqrt(np.maximum(variance, 0.0) / played)


def halvings(choices: int, futures: int) -> list[tuple[int, int]]:
    """Return the rounds of sequential halving: how many choices are left in each, and on how many futures it ends."""
    rounds = max(1, int(np.ceil(np.log2(choices))))
    return [
        (max(2, choices >> r) if r else choices, max(futures >> (rounds - 1 - r), min(32, futures)))
        for r in range(rounds)
    ]


class _States:
    """States at different periods, in place of a `Simulation` behind a `View`."""

    def __init__(self, layout: Layout, states: np.ndarray, clocks: np.ndarray) -> None:
        self.layout, self.period = layout, clocks
        self._tables = batch_state(np.ascontiguousarray(states.T), layout.sizes)
        self.seen = np.zeros((len(states), layout.columns.seen))

    def read(self, table: str, field: str) -> np.ndarray:
        values: np.ndarray = getattr(self._tables, table)[field]
        return values

    @property
    def pipeline(self) -> np.ndarray:
        return self._tables.pipeline


def _flat(simulation: Simulation) -> np.ndarray:
    """Return the state of each path as one vector (paths, numbers)."""
    return np.ascontiguousarray(simulation.arrays["state"].T)


def choices(scenario: Scenario, most: int | None) -> np.ndarray:
    """Return the orders to choose from (n, lanes): each lane from 0 to what one period needs, at the critical ratio.

    More than that is never best with lost sales (Morton 1969).

    Raises:
        BadInput: in one line, where there are too many to try each.
    """
    plan = PlanningData(scenario)
    need = plan.level(plan.critical_ratio, np.zeros(len(plan.mean)), lead_time_variance=0.0)
    tops = []
    for m, lane in enumerate(plan.layout.lanes):
        top = need[plan.layout.stocks.index(scenario.lanes[lane].to)] if most is None else most
        tops.append(int(min(top, plan.layout.net.lanes[m]["order_limit"])))
    count = int(np.prod([top + 1.0 for top in tops]))
    if count > MOST_CHOICES:
        raise BadInput(f"has {count:,} orders to choose from in {scenario.name}, at most {MOST_CHOICES} can be tried")
    grid = np.meshgrid(*(np.arange(top + 1.0) for top in tops), indexing="ij")
    return np.stack([axis.ravel() for axis in grid], -1)


def _check(scenario: Scenario, layout: Layout) -> None:
    """Refuse continuous units, and a world whose future depends on more than the state that look-ahead begins with."""
    if scenario.units != "whole":
        raise BadInput(f"dcl: chooses among whole units, and {scenario.name} counts in continuous ones")
    columns = layout.columns
    short = {scenario.lanes[name].supplier for name in columns.filled}
    without_effect = {f"lanes.{name}.defects" for name in scenario.lanes if name not in columns.defects}
    without_effect |= {f"suppliers.{name}.short" for name in scenario.suppliers if name not in short}
    memory = [place for place in unsupported("D", scenario) if place not in without_effect]
    memory += [f"lanes.{name}.lead_time" for name in columns.lead_time if not scenario.lanes[name].crossing]
    if memory:
        raise BadInput(f"dcl: samples futures that do not depend on the past, and {memory[0]} does")
