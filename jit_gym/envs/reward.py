"""Rewards: their unit, which is what a period costs under a plain rule, and their parts as a vector."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from gymnasium.spaces import Box

from ..chance import usage
from ..physics.formulas import base_stock_level
from ..physics.layout import Layout
from ..physics.tables import COST_KINDS, batch_flows
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


def check_reward(reward: str) -> None:
    """Refuse a kind of reward that there is not.

    Raises:
        ValueError: for it.
    """
    if reward not in ("scalar", "vector"):
        raise ValueError(f"reward: must be 'scalar' or 'vector', got {reward!r}")


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


class RewardVector:
    """The reward of a period as a vector, for learners with several objectives: more of each component is better.

    Its components are the `revenue`, where anything earns, each kind of cost that the world can have, negative, and
    `service`: minus the share of the period's demand that was not served from the shelf, from -1 to 0. Money is in
    the unit of the scalar reward. All but `service`, which has no price but that of the shortage, add up to the scalar
    reward; so `weights` is 1 for each of them, and 0 for it.
    """

    def __init__(self, layout: Layout) -> None:
        """Find out which components there are."""
        self.names = [*(name for name, has in _kinds_of(layout).items() if has), "service"]
        kinds, flows = self.names[:-1], layout.flow_names()
        self.weights = np.array([1.0] * len(kinds) + [0.0])
        self._places = np.array([flows.index(kind) for kind in kinds], int)
        self._signs = np.array([1.0 if kind == "revenue" else -1.0 for kind in kinds])
        self._sizes = layout.sizes
        low = np.array([*np.where(self._signs > 0, 0.0, -np.inf), -1.0])
        self.space = Box(low, np.array([*np.where(self._signs > 0, np.inf, 0.0), 0.0]), dtype=np.float64)

    def of(self, flows: np.ndarray, unit: float) -> np.ndarray:
        """Return the vectors of a batch (paths, components), from all flows (flows, paths) of a period.

        Args:
            flows: what happened.
            unit: the money of a scalar reward of 1.
        """
        demands = batch_flows(flows, self._sizes).demands
        demanded, short = demands["demanded"].sum(axis=1), demands["short"].sum(axis=1)
        missed = np.where(demanded > 0, short / np.where(demanded > 0, demanded, 1.0), 0.0)
        found = np.column_stack([self._signs * flows[self._places].T / unit, -missed])
        # The cost of 1e-16 units too few on the way, which rounding leaves of continuous ones, is none; nor is -0.
        return np.clip(found, self.space.low, self.space.high) + 0.0


def _kinds_of(layout: Layout) -> dict[str, bool]:
    """Tell whether a world can have revenue, and each kind of cost."""
    net = layout.net
    has = {
        "revenue": [net.demands["price"], net.stocks["scrap_value"], net.stocks["terminal_value"]],
        "purchase_cost": [net.lanes["unit_cost"]],
        "fixed_cost": [net.lanes["fixed_cost"]],
        "vehicle_cost": [net.routes["vehicle_cost"]],
        "waiting_cost": [net.lanes["waiting_cost"]],
        "transit_cost": [net.lanes["in_transit_cost"]],
        "reject_cost": [net.lanes["reject_cost"]],
        "holding_cost": [net.stocks["holding_cost"]],
        "storage_cost": [net.warehouses["rent"], net.warehouses["rate"]],
        "waste_cost": [net.stocks["waste_cost"]],
        "loss_cost": [net.stocks["loss_cost"]],
        "shortage_cost": [net.demands["shortage_cost"], net.demands["terminal_cost"]],
    }
    always = {kind.name for kind in COST_KINDS if kind.everywhere} | {"revenue"}
    there = always if not layout.sizes.charges else has.keys()
    return {name: name in there and any(bool(np.any(each)) for each in parts) for name, parts in has.items()}
