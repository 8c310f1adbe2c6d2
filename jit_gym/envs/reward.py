"""The unit of rewards: what a period costs where each stock is ordered up to what its lead time uses."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..chance import usage
from ..physics.formulas import base_stock_level
from ..physics.tables import batch_flows
from ..physics.view import View
from ..scenario import Scenario
from .episodes import EpisodeBatch
from .orders import NO_NUMBERS

PATHS, PERIODS, SEED = 32, 200, 2**32 + 4
"""The paths and periods that are played for it at most, on a seed used for nothing else."""


def unit_of(rewards: str, scenario: Scenario) -> float:
    """Return the money that a reward of 1 stands for, where rewards are "scaled", or in "money"."""
    if rewards not in ("scaled", "money"):
        raise ValueError(f"rewards: must be 'scaled' or 'money', got {rewards!r}")
    return 1.0 if rewards == "money" else reward_unit(scenario)


@lru_cache(maxsize=64)
def reward_unit(scenario: Scenario) -> float:
    """Return the money that a reward of 1 stands for: the mean cost of a period under a plain base-stock rule.

    The rule orders each stock up to the mean of what it is used over lead time and review, plus a standard deviation,
    on each of its lanes an equal part. It is simulated on paths of its own; the mean is kept to three digits, so that
    it is the same on every machine. Where nothing costs anything it is the mean revenue, or 1.
    """
    episodes = EpisodeBatch(scenario, PATHS, "raw", np.inf)
    episodes.seed(SEED)
    episodes.restart(np.arange(PATHS))
    level, into = _levels(scenario), episodes.layout.into
    part = into / into.sum(axis=0)
    flows, shown = episodes.flows(), episodes.observe()
    costs, revenues = [], []
    for _ in range(min(PERIODS, scenario.horizon.periods)):
        missing = np.maximum(level - View(episodes.codec.decode(shown)).inventory_position, 0.0)
        episodes.play(NO_NUMBERS, missing @ part.T, flows, shown)
        money = batch_flows(flows, episodes.layout.sizes).money
        costs.append(money["cost"].mean())
        revenues.append(money["revenue"].mean())
    unit = float(np.mean(costs)) or float(np.mean(revenues))
    return float(f"{unit:.3g}") or 1.0


def _levels(scenario: Scenario) -> np.ndarray:
    """Return m (L + 1) + s sqrt(L + 1) for each stock (stocks,), L being the mean time of its slowest lane.

    Where sources ship before they receive, what feeds another stock is there a period later.
    """
    used = {name for lane in scenario.lanes.values() for name in lane.uses}
    late = used if scenario.sources_ship == "before-receiving" else set()
    levels = []
    for (name, (mean, variance)), names in zip(usage(scenario).items(), scenario.feeds.values(), strict=True):
        lanes = [scenario.lanes[lane] for lane in names]
        exposed = 1.0 + (name in late) + max(lane.order_delay + lane.lead_time.mean for lane in lanes)
        levels.append(base_stock_level(mean, variance, exposed, z=1.0))
    return np.ceil(levels) if scenario.units == "whole" else np.array(levels)
