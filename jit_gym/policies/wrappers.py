"""Gymnasium wrappers that let actions mean order-up-to levels, or corrections to a rule."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector.utils import batch_space

from ..envs.observation import MOST_ORDERED
from ..envs.stage import Stage, read_actions
from ..physics import View
from .action import Action


def encoded(action: Action, said: Any, stage: Stage) -> np.ndarray:
    """Return what the envs of a stage take (paths, lanes) for what was said, numbers (paths, outputs) or choices."""
    seen = stage.coding.decode(stage.observe())
    seen.period = stage.clock.copy()
    return stage.coding.encode(action.orders(said, View(seen)))


def heard(env: Any, means: str, rule: Any, most: float) -> tuple[Stage, Action]:
    """Return the stage of an env or a batch, however it is wrapped, and what is said on it."""
    stage: Stage = env.unwrapped.stage
    return stage, Action.default(stage.scenario, means, rule, most).fit(stage.scenario)


def space_of(action: Action) -> Box | Discrete:
    """Return the space of what one path says."""
    return Discrete(action.outputs) if action.discrete else Box(-1.0, 1.0, (action.outputs,), np.float32)


class ActionMeaning(gym.ActionWrapper[np.ndarray, Any, np.ndarray], RecordConstructorArgs):
    """Let the actions of an `Env` mean something else than a quantity for each lane.

    Args:
        env: an `Env`, or a wrapped one.
        means: `"order-up-to"`, a level of inventory position for each stock, from 0 over the newsvendor's to twice
            that; `"correction"`, units to add to a rule's order on each lane, or to take from it; or `"quantity"`.
        rule: the rule that is corrected, as `jit_gym.policy` takes it.
        most: how much can be ordered, or corrected, at most, in periods of mean demand.

    Raises:
        PolicyError: for another meaning, a rule that does not fit the scenario or keeps the past in mind, or none.
    """

    def __init__(
        self,
        env: gym.Env[np.ndarray, np.ndarray],
        means: str = "order-up-to",
        rule: Any = None,
        most: float = MOST_ORDERED,
    ) -> None:
        """Wrap an env."""
        RecordConstructorArgs.__init__(self, means=means, rule=rule, most=most)
        gym.ActionWrapper.__init__(self, env)
        self.stage, self.meaning = heard(env, means, rule, most)
        self.action_space = space_of(self.meaning)

    def action(self, action: Any) -> np.ndarray:
        """Return the env's action (lanes,) for what is said (numbers,)."""
        said = action if self.meaning.discrete else read_actions(action, (self.meaning.outputs,), "action")
        return encoded(self.meaning, np.asarray(said)[None], self.stage)[0]


class VectorActionMeaning(gym.vector.VectorActionWrapper, RecordConstructorArgs):
    """Do what `ActionMeaning` does, for a `VectorEnv`."""

    def __init__(
        self,
        env: gym.vector.VectorEnv[Any, Any, Any],
        means: str = "order-up-to",
        rule: Any = None,
        most: float = MOST_ORDERED,
    ) -> None:
        """Wrap a batch."""
        RecordConstructorArgs.__init__(self, means=means, rule=rule, most=most)
        gym.vector.VectorActionWrapper.__init__(self, env)
        self.stage, self.meaning = heard(env, means, rule, most)
        self.single_action_space = space_of(self.meaning)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: Any) -> np.ndarray:
        """Return the batch's actions (num_envs, lanes) for what is said (num_envs, numbers)."""
        shape = self.stage.paths, self.meaning.outputs
        said = actions if self.meaning.discrete else read_actions(actions, shape, "actions")
        return encoded(self.meaning, np.asarray(said), self.stage)
