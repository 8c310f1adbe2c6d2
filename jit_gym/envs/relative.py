"""What makes rewards and batches easier to learn from: a baseline on the same path, and rows that are out of step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..physics.view import View
from ..scenario import BadInput
from .episodes import EpisodeBatch
from .family import FamilyBatch
from .orders import OrderUnits
from .vector import VectorEnv

Baseline = Callable[[View], Any]
NOTHING = np.zeros((0, 0), np.float32)  # in place of numbers of the action space, where units are ordered
GROUPS = 16  # of rows that are in step: fewer new episodes to draw one by one, and phases close enough


class Twin:
    """The same batch on the same paths, where a baseline orders: what it earns is taken from the rewards of the batch.

    What a baseline earns on a path does not depend on what the learner does there. So the difference ranks policies as
    the reward does, and what both pay, such as a fire that no order can prevent, is no longer in it (common random
    numbers as a control variate; Law 2015, chapter 11).

    Looking ahead, an order is rewarded at once with what it changes in the next periods, and not when its units arrive,
    are held and are sold. From each state that the batch comes to, the baseline is played on for so many periods along
    the row's own path. What it earns more there than on its own path is a potential: its change over a period is added
    to the reward, and the same policies are best (Ng et al. 1999, theorem 1).
    """

    def __init__(self, batch: VectorEnv, baseline: Baseline, look_ahead: int = 0) -> None:
        """Take the batch whose twin it will be, what orders there, and the periods that it is played on.

        Raises:
            BadInput: for a batch of a family, for whose worlds a rule would have to be fitted one by one.
        """
        if isinstance(batch.episodes, FamilyBatch):
            raise BadInput("baseline: is for batches of one world, got a family's (leave baseline out)")
        self.batch, self.baseline, self.look_ahead = batch, baseline, look_ahead

    def begin(self) -> None:
        """Begin where the batch has begun: on the same paths, in the same periods.

        Raises:
            BadInput: for a baseline with a memory, which rows that begin new episodes one by one would mix up.
        """
        episodes = self.batch.episodes
        state_of = getattr(self.baseline, "begin", None)
        if state_of is not None and state_of(episodes.view()) is not None:
            name = getattr(self.baseline, "name", "it")
            raise BadInput(f"baseline: {name} keeps the past in mind, as no row of a batch does (base-stock does not)")
        self.trial, self.twin = copy.copy(episodes), copy.copy(episodes)
        self.restart(np.ones(episodes.paths, bool))

    def restart(self, rows: np.ndarray) -> None:
        """Begin new episodes where the batch has (num_envs,); the twin is ahead of it, where a trial has come to."""
        self.worth = self._try()
        self.twin.stand_as(self.trial if self.look_ahead else self.batch.episodes, rows)

    def rewards(self) -> np.ndarray:
        """Return what is taken from the rewards of the period that the batch has played (num_envs,)."""
        before, self.worth = self.worth, self._try()
        return before - self.worth + self._earn(self.twin)

    def _try(self) -> np.ndarray:
        """Return what the baseline would earn in the next periods, from where the batch is (num_envs,)."""
        if not self.look_ahead:
            return np.zeros(self.batch.num_envs)
        self.trial.stand_as(self.batch.episodes)
        earned = np.zeros(self.trial.paths)
        for _ in range(self.look_ahead):
            earned += self._earn(self.trial)
        return earned

    def _earn(self, episodes: EpisodeBatch) -> np.ndarray:
        """Play a period as the baseline orders, and return the rewards (num_envs,): 0 of episodes that are over."""
        rewards, orders = episodes.rewards(), _orders(self.baseline, episodes)
        episodes.play(NOTHING, orders, episodes.flows(), episodes.room(), rewards, self.batch.reward_unit)
        earned: np.ndarray = rewards[0]
        return earned


def _orders(baseline: Baseline, episodes: EpisodeBatch) -> np.ndarray:
    """Return what a baseline orders in each episode (num_envs, lanes)."""
    return np.maximum(np.asarray(baseline(episodes.view()), float), 0.0)


def put_out_of_step(batch: VectorEnv, baseline: Baseline | None) -> np.ndarray:
    """Play on until the rows are in up to 16 phases, evenly over an episode; return what they show (num_envs, numbers).

    Rows that begin together are always in the same period, so each rollout holds one part of an episode alone, and no
    rollout is like the next. Until then the baseline orders, or else what is used.
    """
    groups = min(GROUPS, batch.num_envs)
    ages = np.arange(batch.num_envs) * groups // batch.num_envs * batch.length // groups
    last = int(ages[-1])
    use = np.tile(batch.episodes.codec.lanes["use"], (batch.num_envs, 1))
    observations = batch.episodes.observe()
    for played in range(1, last + 1):
        orders = use if baseline is None else _orders(baseline, batch.episodes)
        observations = batch.step(OrderUnits(orders))[0]
        if (begins := ages == last - played).any():
            observations, _ = batch.reset(options={"reset_mask": begins})
    return observations
