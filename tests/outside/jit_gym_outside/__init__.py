"""A package from outside that adds one of each: a rule, a distribution, a metric, an agent and a scenario."""

from pathlib import Path

import numpy as np
from scipy import stats

import jit_gym
from jit_gym.agents import register_agent


@jit_gym.rule
class HalfTheGap(jit_gym.Rule):
    """Order half of what is missing to a level of inventory position."""

    name = "half-the-gap"
    planned = ("level",)
    level: jit_gym.Parameter = None

    def formulas(self, plan):
        return {"level": plan.level(plan.critical_ratio)}

    def quantities(self, view):
        return np.round((self.level - view.inventory_position) / 2)


class ZeroInflatedPoisson(stats.rv_discrete):
    """Nothing with probability p, and else a Poisson number with mean mu."""

    def _pmf(self, k, p, mu):
        return (1 - p) * stats.poisson.pmf(k, mu) + p * (k == 0)


jit_gym.register_distribution("zero-inflated-poisson", ZeroInflatedPoisson(name="zero-inflated-poisson"))


@jit_gym.metric("peak_stock", "units", "the most that was on hand at the end of a period, all stocks together")
class PeakStock:
    """Keeps the highest stock of each path."""

    def __init__(self, layout, paths):
        self.peak = np.zeros(paths)

    def add(self, state, flows):
        self.peak = np.maximum(self.peak, state.stocks["on_hand"].sum(axis=1))

    def value(self):
        return self.peak


register_agent("trial", "jit_gym_outside.agent:Trial")  # which imports nothing before it is asked for
jit_gym.register_scenarios(Path(__file__).parent / "scenarios")
