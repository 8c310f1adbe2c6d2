"""An agent from outside: it learns one order-up-to level for each stock, by trial."""

from dataclasses import dataclass

import numpy as np

import jit_gym
from jit_gym.agents.learner import Count, Learner
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout
from jit_gym.policies.action import Action


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    budget: Count = 40  # trials
    chunk: Count = 10  # trials between two evaluations
    paths: Count = 16  # that each trial plays, the same for all


class Trial(Learner):
    """Try levels near the best ones so far, and keep them where they cost less."""

    name, unit, settable = "trial", "trials", Settings
    activation, squash = "relu", "clip"

    def __init__(self, scenario, settings, seed):
        super().__init__(scenario, settings, seed)
        self.codec = Codec(Layout(scenario))
        self.action = Action.default(scenario, "order-up-to").fit(scenario)
        self.best = np.zeros(self.action.outputs, np.float32)  # between -1 and 1, of which 0 is the newsvendor's level
        self.cost = self.cost_of(self.best)

    def cost_of(self, numbers):
        def act(view):
            return self.action.orders(numbers[None], view)

        return jit_gym.evaluate(act, self.scenario, paths=self.settings.paths, seed=self.seed).mean("cost")

    def step(self, k):
        for trial in range(self.done(k), self.done(k + 1)):
            random = np.random.default_rng([self.seed, trial])
            numbers = np.clip(self.best + random.normal(0, 0.3, self.best.shape), -1, 1).astype(np.float32)
            if (cost := self.cost_of(numbers)) < self.cost:
                self.best, self.cost = numbers, cost
        return {"cost": self.cost}

    def state(self):
        return {"best": self.best, "cost": self.cost}

    def restore(self, state):
        self.best, self.cost = state["best"], state["cost"]

    def arrays(self):
        """Return a network of one layer, whose outputs are its biases whatever it sees."""
        seen = np.zeros(len(self.codec.names), np.float32)
        weight = np.zeros((len(self.best), len(seen)), np.float32)
        return {"shift": seen, "scale": seen + 1, "layers.0.weight": weight, "layers.0.bias": self.best}
