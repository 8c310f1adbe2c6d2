"""What makes rewards and batches easier to learn from: a baseline on the same path, and rows that are out of step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..physics.view import View
from ..scenario import BadInput
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
        if isinstance(batch.episodes, FamilyBatch):
            raise BadInput("baseline: is for batches of one world, got a family's (leave baseline out)")
        self.batch, self.baseline = batch, baseline

    def begin(self) -> None:
        """Begin where the batch has begun: on the same paths, in the same periods.

        Raises:
            BadInput: for a baseline with a memory, which rows that begin new episodes one by one would mix up.
        """
        view = self.batch.episodes.view()
        if (state_of := getattr(self.baseline, "begin", None)) is not None and state_of(view) is not None:
            name = getattr(self.baseline, "name", "it")
            raise BadInput(f"baseline: {name} keeps the past in mind, as no row of a batch does (base-stock does not)")
        self.own = copy.deepcopy(self.batch)

    def rewards(self) -> np.ndarray:
        """Play one period, and return what the baseline is rewarded with (num_envs,)."""
        orders = np.maximum(np.asarray(self.baseline(self.own.episodes.view()), float), 0.0)
        rewards: np.ndarray = self.own.step(OrderUnits(orders))[1]
        return rewards


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
        orders = use if baseline is None else np.maximum(np.asarray(baseline(batch.episodes.view()), float), 0.0)
        observations = batch.step(OrderUnits(orders))[0]
        if (begins := ages == last - played).any():
            observations, _ = batch.reset(options={"reset_mask": begins})
    return observations
