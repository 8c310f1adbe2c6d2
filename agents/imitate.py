"""Clone a rule, or any policy: a network that chooses as it does in the states that it visits, and near them.

A warm start for others (`hindsight` with `start`), and a check of the format: a clone costs what its rule costs. States
are visited by the policy itself and by the clone, and always labelled by the policy (DAgger, Ross, Gordon and Bagnell
2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..chance import Chance
from ..envs.observation import Coding
from ..physics import Layout, Simulation, View
from ..policies.action import Action
from ..policies.models import Model
from ..policies.trained import Perceptron
from ..scenario import Scenario
from .learner import Fitted, best_of
from .networks import arrays_of, perceptron, regress, scaling


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    rule: str = "base-stock"  # or any other policy: "optimal", "agent:dcl", "capped-base-stock(level=31, cap=6)"
    budget: int = 8  # rounds of visits and fits
    paths: int = 128  # that are played in each round
    explore: float = 0.1  # the share of orders that are random, on the way to the states
    most: float = 4.0  # periods of mean demand that are ordered at once, at most
    hidden: int = 64  # units in each of two layers
    epochs: int = 20
    rate: float = 3e-3


class Imitate(Fitted):
    """The program: each step visits states, asks the policy what to do there, and fits the network."""

    name: ClassVar[str] = "imitate"
    settable: ClassVar[type] = Settings
    kept: ClassVar[tuple[str, ...]] = ("shift", "scale", "seen", "said")
    settings: Settings

    def __init__(self, scenario: Scenario, settings: Settings, seed: int) -> None:
        """Prepare a scenario."""
        super().__init__(scenario, settings, seed)
        self.master = best_of(settings.rule, scenario)
        self.layout, self.chance = Layout(scenario), Chance(scenario)
        self.coding = Coding(self.layout, 1)
        self.action = Action.default(scenario, most=settings.most).fit(scenario)
        inputs = len(self.coding.names)
        self.net = perceptron(inputs, [settings.hidden] * 2, self.action.outputs, seed)
        self.shift, self.scale = np.zeros(inputs, np.float32), np.ones(inputs, np.float32)
        self.seen = np.zeros((0, inputs), np.float32)
        self.said = np.zeros((0, self.action.outputs), np.float32)

    @property
    def steps(self) -> int:
        """Return how many rounds there are."""
        return self.settings.budget

    def step(self, k: int) -> dict[str, float]:
        """Visit, ask and fit."""
        random = np.random.default_rng([self.seed, k])
        trace = self.chance.draw(int(random.integers(1 << 31)), self.settings.paths)
        world, clone, own = Simulation(self.layout, trace), self._perceptron(), random.random(trace.paths) < k / (k + 1)
        seen, said = [self.seen], [self.said]
        for _ in range(trace.periods):
            view = View(world)
            shown, orders = self.coding.observe(view), np.array(self.master(view), float)
            seen.append(shown)
            said.append(self.action.said(orders).astype(np.float32))
            if k:
                orders[own] = self.action.orders(np.tanh(clone(shown)), view)[own]
            astray = random.random(trace.paths) < self.settings.explore
            orders[astray] = self.action.orders(random.uniform(-1.0, 1.0, (astray.sum(), orders.shape[1])), view)
            world.step(orders)
        self.seen, self.said = np.concatenate(seen), np.concatenate(said)
        if k == 0:
            self.shift, self.scale = scaling(self.seen)
        inputs = (self.seen - self.shift) * self.scale
        seed = self.seed * 1000 + k
        return {"loss": regress(self.net, inputs, self.said, self.settings.epochs, self.settings.rate, seed)}

    def model(self) -> Model:
        """Return the present clone."""
        return self.packed({"activation": "relu", "squash": "tanh"}, arrays_of(self.net, self.shift, self.scale))

    def _perceptron(self) -> Perceptron:
        return Perceptron(arrays_of(self.net, self.shift, self.scale), "relu")
