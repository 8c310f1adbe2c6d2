"""Train the reorder points of `agent:generalist`: what a world costs at levels about a formula's tells where to go.

    python -m jit_gym.agents.generalist_levels fixed-cost-random-lead-times --out runs/generalist-fixed-random

Orders that are placed or not have no gradient. So in each world many pairs of levels are played on the same paths, and
the network descends along the cost that is interpolated between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from jit_gym.chance import Chance, Trace
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies.generalist import world_of
from jit_gym.policies.generalist_fixed_random import FixedCostRandomLeadTimes
from jit_gym.scenario import Scenario

from .generalist import Trainer, family_of, run

POINTS = np.linspace(-4.0, 3.0, 18)  # corrections of the reorder point, in its spread
LOTS = np.linspace(-1.2, 1.2, 11)  # and of the lot, in logarithms


def surface(
    scenario: Scenario, world: FixedCostRandomLeadTimes, paths: int, periods: int, warmup: int, seed: int
) -> np.ndarray:
    """Return the mean cost a period with each pair of corrections (points, lots)."""
    pairs = np.stack(np.meshgrid(POINTS, LOTS, indexing="ij"), axis=-1).reshape(-1, 2)
    s, up_to = world.levels(pairs)
    layout = Layout(scenario)
    trace = Chance(scenario).draw(seed, paths, periods)
    play = Simulation(layout, Trace(trace.columns, np.tile(trace.rows, (1, len(pairs), 1))))
    s, up_to, usual = np.repeat(s, paths), np.repeat(up_to, paths), np.full(world.shop.reach + 1, world.mean)
    total = np.zeros(len(pairs) * paths)
    for t in range(periods):
        money = play.step(world.order(View(play), s, up_to, usual)).money
        if t >= warmup:
            total -= money["reward"][:, 0]
    mean: np.ndarray = total.reshape(len(pairs), paths).mean(axis=1) / (periods - warmup)
    return mean.reshape(len(POINTS), len(LOTS))


class LevelsTrainer(Trainer):
    """A network that corrects levels, and worlds whose costs are known for many of them."""

    def _prepare(self) -> np.ndarray:
        settings, seen, regrets = self.settings, [], []
        drawn = family_of(settings)
        for regime in settings.regimes:
            for k in range(settings.worlds):
                scenario = drawn.world(k, regime, self.seed)
                world = world_of(scenario)
                world.check(f"{drawn.name}, world {k}")
                if not isinstance(world, FixedCostRandomLeadTimes):
                    continue  # its levels are computed
                how = settings.paths, settings.periods, settings.warmup
                costs = surface(scenario, world, *how, self.seed)
                seen.append(world.context)
                regrets.append(costs / costs.min() - 1.0)
        self.contexts = np.array(seen)
        self.regrets = torch.as_tensor(np.array(regrets)).float()[:, None]  # (worlds, 1, points, lots)
        return self.contexts

    def _descend(self, random: Any, j: int) -> float:
        which = random.integers(len(self.contexts), size=self.settings.batch)
        corrections = self._correction(torch.as_tensor(self.contexts[which]).float())
        loss = self.regret(which, corrections).mean()
        loss.backward()
        return float(loss.detach())

    def regret(self, which: Any, corrections: torch.Tensor) -> torch.Tensor:
        """Return what corrections (worlds, 2) cost more than the best, as a share of it (worlds,), interpolated."""
        low, high = (torch.as_tensor([POINTS[k], LOTS[k]]).float() for k in (0, -1))
        place = 2.0 * (corrections - low) / (high - low) - 1.0
        outside = (place.abs() - 1.0).clamp(min=0.0).sum(-1)
        grid = place.flip(-1)[:, None, None, :]  # the last axis first
        found = torch.nn.functional.grid_sample(self.regrets[which], grid, align_corners=True, padding_mode="border")
        cost: torch.Tensor = found[:, 0, 0, 0].clamp(max=3.0) + outside
        return cost


if __name__ == "__main__":
    run({"fixed-cost-random-lead-times": LevelsTrainer}, __doc__)
