"""Gymnasium wrappers that let actions mean order-up-to levels, or corrections to a rule."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector.utils import batch_space

from ..common.text import quoted
from ..envs.episodes import EpisodeBatch
from ..envs.observation import MOST_ORDERED
from ..envs.orders import OrderUnits, read_actions
from ..scenario import BadInput
from .action import Action
from .base import PolicyError


def fitted_action(
    env: Any, means: str, rule: Any, most: float, choices: Any, deviations: float | None = None
) -> tuple[EpisodeBatch, Action]:
    """Return the episodes of an env or a batch, however it is wrapped, and the action that is taken there.

    Raises:
        PolicyError: for an action that does not fit, and for choices that no lane can order.
    """
    episodes: EpisodeBatch = env.unwrapped.episodes
    if deviations is not None and (means != "correction" or not deviations > 0):
        must = "must be more than 0, and is for means='correction' alone"
        raise PolicyError(f"deviations: {must}, got {deviations!r} with means={means!r}")
    if choices is None:
        action = Action.default(episodes.scenario, means, rule, most, deviations).fit(episodes.scenario)
        action.check_stateless()
        return episodes, action
    action = Action.choosing(episodes.scenario, means, rule, most, choices, deviations).fit(episodes.scenario)
    action.check_stateless()
    if means == "quantity":
        assert action.choices is not None
        low, high, limits = action.choices.min(), action.choices.max(axis=0), action.plan.order_limits
        if low < 0:
            raise PolicyError(f"choices: must be 0 units or more, got {low:g}")
        for lane, top, limit in zip(episodes.layout.lanes, high, limits, strict=True):
            if top > limit:
                raise PolicyError(f"choices: must be {limit:g} units or less on {lane}, its capacity, got {top:g}")
    return episodes, action


def _written(choices: Any) -> Any:
    """Return choices as a specification can hold them: plain numbers and lists."""
    return np.asarray(choices).tolist() if choices is not None else None


def space_of(action: Action) -> Box | Discrete:
    """Return the space of one path's action."""
    return Discrete(action.outputs) if action.discrete else Box(-1.0, 1.0, (action.outputs,), np.float32)


def read_choices(given: Any, paths: int, choices: int, name: str) -> np.ndarray:
    """Return what is chosen on each path (paths,); refuse what is no choice."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.shape != (paths,) or array.min() < 0 or array.max() >= choices:
        must = f"a whole number from 0 to {choices - 1}" + (f", one for each of {paths} rows" if paths > 1 else "")
        raise BadInput(f"{name}: must be {must}, got {quoted(given)}")
    return array


def possible(action: Action, episodes: EpisodeBatch) -> np.ndarray:
    """Return which choices are possible on each path (paths, choices); all of them where none is.

    A choice is not where it orders on a lane whose ordering is known to be stopped, or a quantity that the lane would
    change: less than its minimum, or no whole number of its batches.
    """
    assert action.choices is not None
    view = episodes.view()
    out = np.empty((episodes.paths, action.outputs), bool)
    lanes = episodes.scenario.lanes.values()
    least, batch = (np.array([getattr(lane, key) or 0.0 for lane in lanes]) for key in ("minimum_order", "batch"))
    for k in range(action.outputs):
        orders = action.orders(np.full(episodes.paths, k), view)
        wrong = (orders > 0) & view.ordering_stopped
        if action.means == "quantity":
            parts = orders / np.where(batch > 0, batch, 1.0)
            wrong |= (orders > 0) & ((orders < least) | ((batch > 0) & (np.abs(parts - np.round(parts)) > 1e-9)))
        out[:, k] = ~wrong.any(axis=-1)
    out[~out.any(axis=1)] = True
    return out


class ActionMeaning(gym.ActionWrapper[np.ndarray, Any, OrderUnits], RecordConstructorArgs):
    """Let the actions of an `Env` mean something else than a quantity for each lane.

    The env gets the orders in units, to the last bit, and not limited by its own `most_ordered`.

    Args:
        env: an `Env`, or a wrapped one.
        means: `"order-up-to"`, a level of inventory position for each stock, from 0 over the newsvendor's to twice
            that; `"correction"`, units to add to a rule's order on each lane, or to take from it; or `"quantity"`.
        rule: the rule that is corrected, as `jit_gym.policy` takes it.
        most: how much can be ordered, or corrected, at most, in periods of use.
        choices: makes the action space `Discrete`, for DQN and MaskablePPO: so many values of each number, or the
            choices themselves, rows of units with one number a lane (a stock, for levels). `action_masks()` tells which
            of them are possible.
        deviations: corrections take or add at most so many standard deviations of what a stock is used in lead time and
            review, in place of `most`: exploring is then as loud as demand, however regular that is.

    Raises:
        PolicyError: for another meaning, a rule that does not fit the scenario or is stateful, or none, for choices
            that are none, or that no lane can order, and for deviations of what is no correction.
    """

    def __init__(
        self,
        env: gym.Env[np.ndarray, Any],
        means: str = "order-up-to",
        rule: Any = None,
        most: float = MOST_ORDERED,
        choices: Any = None,
        deviations: float | None = None,
    ) -> None:
        """Wrap an env."""
        RecordConstructorArgs.__init__(
            self, means=means, rule=rule, most=most, choices=_written(choices), deviations=deviations
        )
        gym.ActionWrapper.__init__(self, env)
        self.episodes, self.meaning = fitted_action(env, means, rule, most, choices, deviations)
        self.action_space = space_of(self.meaning)

    def action(self, action: Any) -> OrderUnits:
        """Return the orders (lanes,) that are meant by what is given: numbers (numbers,), or a choice."""
        if self.meaning.discrete:
            outputs = read_choices(np.reshape(action, -1), 1, self.meaning.outputs, "action")
        else:
            outputs = read_actions(action, (self.meaning.outputs,), "action")[None]
        return OrderUnits(self.meaning.orders(outputs, self.episodes.view())[0])

    def action_masks(self) -> np.ndarray:
        """Return which choices are possible now (choices,), for sb3-contrib's MaskablePPO."""
        return possible(self.meaning, self.episodes)[0]


class VectorActionMeaning(gym.vector.VectorActionWrapper, RecordConstructorArgs):
    """Do what `ActionMeaning` does, for a `VectorEnv`."""

    def __init__(
        self,
        env: gym.vector.VectorEnv[Any, Any, Any],
        means: str = "order-up-to",
        rule: Any = None,
        most: float = MOST_ORDERED,
        choices: Any = None,
        deviations: float | None = None,
    ) -> None:
        """Wrap a batch."""
        RecordConstructorArgs.__init__(
            self, means=means, rule=rule, most=most, choices=_written(choices), deviations=deviations
        )
        gym.vector.VectorActionWrapper.__init__(self, env)
        self.episodes, self.meaning = fitted_action(env, means, rule, most, choices, deviations)
        self.single_action_space = space_of(self.meaning)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: Any) -> OrderUnits:
        """Return the orders (num_envs, lanes) that are meant by numbers (num_envs, numbers) or choices (num_envs,)."""
        paths = self.episodes.paths
        if self.meaning.discrete:
            outputs = read_choices(actions, paths, self.meaning.outputs, "actions")
        else:
            outputs = read_actions(actions, (paths, self.meaning.outputs), "actions")
        return OrderUnits(self.meaning.orders(outputs, self.episodes.view()))

    def action_masks(self) -> np.ndarray:
        """Return which choices are possible now, on each path (num_envs, choices)."""
        return possible(self.meaning, self.episodes)
