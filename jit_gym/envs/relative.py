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
GROUPS = 16  # of rows that are in step: fewer new episodes to draw one by one, and phases close enough


class Twin:
    """The same batch on the same paths, where a baseline orders; its rewards are taken from those of the batch.

    What a baseline earns on a path does not depend on what the learner does there. So the difference ranks policies as
    the reward does, and what both pay, such as a fire that no order can prevent, is no longer in it (common random
    numbers as a control variate; Law 2015, chapter 11).
    """

    def __init__(self, batch: VectorEnv, baseline: Baseline) -> None:
        """Take the batch whose twin it will be, and what orders there.

        Raises:
            BadInput: for a batch of a family, for whose worlds a rule would have to be fitted one by one.
        """
        _refuse_family(batch)
        self.batch, self.baseline = batch, baseline

    def begin(self) -> None:
        """Begin where the batch has begun: on the same paths, in the same periods.

        Raises:
            BadInput: for a baseline with a memory, which rows that begin new episodes one by one would mix up.
        """
        _refuse_memory(self.baseline, self.batch)
        self.own = copy.deepcopy(self.batch)

    def rewards(self) -> np.ndarray:
        """Play one period, and return what the baseline is rewarded with (num_envs,)."""
        rewards: np.ndarray = self.own.step(OrderUnits(_orders(self.baseline, self.own.episodes)))[1]
        return rewards

    def restart(self, rows: np.ndarray) -> None:
        """Begin new episodes where the batch has (num_envs,)."""
        self.own.reset(options={"reset_mask": rows})


class LookAhead:
    """Rewards each order with what it earns more than the baseline's order would, from the same state on.

    From each state that the batch comes to, the baseline is played on along the row's own path, for some periods. What
    it earns from a state on is a potential (Ng et al. 1999, theorem 1): over an episode the rewards add up to what the
    batch earns more than the baseline, as those of a `Twin` do, so the same policies are best. But each order is
    rewarded at once, with all that it changes, and not when its units arrive, are held and are sold.
    """

    def __init__(self, batch: VectorEnv, baseline: Baseline, periods: int) -> None:
        """Take the batch, what is played on, and for how many periods after the one that is ordered in.

        Raises:
            BadInput: for a batch of a family.
        """
        _refuse_family(batch)
        self.batch, self.baseline, self.periods = batch, baseline, periods

    def begin(self) -> None:
        """Begin where the batch has begun.

        Raises:
            BadInput: for a baseline with a memory.
        """
        _refuse_memory(self.baseline, self.batch)
        self.own = copy.copy(self.batch.episodes)
        self.earned = self._play_on()

    def rewards(self) -> np.ndarray:
        """Return what is taken from the rewards of the period that the batch has played (num_envs,)."""
        before, self.earned = self.earned, self._play_on()
        rewards: np.ndarray = before.sum(0) - self.earned[:-1].sum(0)
        return rewards

    def restart(self, rows: np.ndarray) -> None:
        """Begin new episodes where the batch has."""
        self.earned = self._play_on()

    def _play_on(self) -> np.ndarray:
        """Return what the baseline would earn from here on (1 + periods, num_envs), nothing after the episode's end."""
        own, unit = self.own, self.batch.reward_unit
        own.stand_as(self.batch.episodes)
        earned = np.zeros((1 + self.periods, own.paths))
        for k in range(len(earned)):
            orders = _orders(self.baseline, own)
            own.play(NOTHING, orders, own.flows(), own.room(), earned[k : k + 1], unit)
        return earned


NOTHING = np.zeros((0, 0), np.float32)  # numbers of an action space, where units are ordered


def _refuse_memory(baseline: Baseline, batch: VectorEnv) -> None:
    view = batch.episodes.view()
    if (state_of := getattr(baseline, "begin", None)) is not None and state_of(view) is not None:
        name = getattr(baseline, "name", "it")
        raise BadInput(f"baseline: {name} keeps the past in mind, as no row of a batch does (base-stock does not)")


def _refuse_family(batch: VectorEnv) -> None:
    if isinstance(batch.episodes, FamilyBatch):
        raise BadInput("baseline: is for batches of one world, got a family's (leave baseline out)")


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
