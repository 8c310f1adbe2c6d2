"""Parameter sharing: the agents of a network as rows of one Stable-Baselines3 VecEnv, so that one model plays them all.

`venv = jit_gym.sharing.vec_env("beer-game", num_envs=64)`, `PPO("MlpPolicy", venv)`, and
`jit_gym.compare([jit_gym.sharing.policy(model, venv)], "beer-game")`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvObs, VecEnvStepReturn

from ..physics.view import View
from ..scenario import BadInput, Scenario
from .observation import MOST_ORDERED, Codec
from .sb3 import SB3VecEnv
from .team import Team
from .vector import VectorEnv


class Seats:
    """How one network plays all agents of a team: each sees its numbers in one order, and who it is.

    A number stands where its role does (`Member.roles`), and is 0 for an agent that has none of it: what is on hand at
    the agent's stock is the same number for all. The last numbers are 1 for the agent that is asked, and 0 for the
    others. An action has as many numbers as the agent with the most lanes; one with fewer lanes ignores the rest.
    """

    def __init__(self, team: Team) -> None:
        """Give each role a place."""
        self.team, self.agents = team, len(team.members)
        roles: list[str] = []
        for member in team.members:
            roles += [role for role in member.roles if role not in roles]
        self.names = [*roles, *(f"is.{name}" for name in team.names)]
        self.orders = max(len(member.lanes) for member in team.members)
        width = len(team.codec.names)  # one more number stands for none
        self._from = np.full((self.agents, len(roles)), width)
        high = np.zeros(len(roles))
        for k, member in enumerate(team.members):
            places = [roles.index(role) for role in member.roles]
            self._from[k, places] = member.places
            high[places] = np.maximum(high[places], team.codec.high[member.places])
        self._is = np.eye(self.agents, dtype=np.float32)
        self.observation_space = Box(0.0, np.append(high, np.ones(self.agents)).astype(np.float32), dtype=np.float32)
        low, most = np.zeros((2, self.orders), np.float32)
        for member in team.members:
            space = team.action_space(member)
            low[: len(member.lanes)] = np.minimum(low[: len(member.lanes)], space.low)
            most[: len(member.lanes)] = np.maximum(most[: len(member.lanes)], space.high)
        self.action_space = Box(low, most, dtype=np.float32)

    def seen(self, whole: np.ndarray) -> np.ndarray:
        """Return what agents see (paths * agents, numbers), path by path, of whole observations (paths, numbers)."""
        wider = np.hstack([whole, np.zeros((len(whole), 1), np.float32)])
        own = wider[:, self._from]  # (paths, agents, roles)
        who = np.broadcast_to(self._is, (len(whole), self.agents, self.agents))
        return np.concatenate([own, who], axis=2).reshape(len(whole) * self.agents, -1)

    def joined(self, actions: np.ndarray) -> np.ndarray:
        """Return the actions of paths (paths, lanes) that the actions of agents (paths * agents, numbers) are."""
        each = np.asarray(actions, np.float32).reshape(-1, self.agents, self.orders)
        out = np.zeros((len(each), len(self.team.codec.lanes)), np.float32)
        for k, member in enumerate(self.team.members):
            out[:, member.lanes] = each[:, k, : len(member.lanes)]
        return out


def vec_env(
    scenario: str | Path | Mapping[str, Any] | Scenario = "beer-game",
    num_envs: int = 64,
    agents: str = "stage",
    rewarded: str = "shared",
    overrides: Mapping[str, Any] | None = None,
    units: str = "mean-demand",
    most_ordered: float = MOST_ORDERED,
    rewards: str = "scaled",
) -> SharedVecEnv:
    """Return a Stable-Baselines3 VecEnv with a row for each agent of each of `num_envs` episodes.

    Row b * A + k is agent k of episode b, where there are A agents. `agents` and `rewarded` mean what they do in
    `jit_gym.multi.parallel_env`, the others what they do in `VectorEnv`.
    """
    batch = VectorEnv(scenario, num_envs, overrides, units, most_ordered, rewards)
    return SharedVecEnv(batch, Team(batch.episodes.codec, agents, rewarded))


def policy(model: Any, venv: SharedVecEnv) -> Callable[[View], np.ndarray]:
    """Return what orders as a trained model does for all agents at once, for `jit_gym.evaluate` and `compare`.

    Each agent's orders depend on what that agent sees alone.

    Args:
        model: anything with Stable-Baselines3's `predict`; its actions are not explored (`deterministic=True`).
        venv: what it was trained on, or one like it.

    Raises:
        BadInput: when it is first asked, for a model with a state of its own, and in a world that shows other numbers.
    """
    seats, codec = venv.seats, venv.seats.team.codec

    def order(view: View) -> np.ndarray:
        if view.source.layout.scenario != codec.layout.scenario:
            shown = Codec(view.source.layout).names
            if shown != codec.names:
                raise BadInput(f"{order.__name__}: was trained where other numbers are seen (train it in this world)")
        outputs, state = model.predict(seats.seen(codec.observe(view)), deterministic=True)
        if state is not None:
            raise BadInput(f"{order.__name__}: keeps a state from period to period, which is not handed on here")
        return codec.orders(seats.joined(outputs))

    order.__name__ = f"shared-{type(model).__name__.lower()}"
    return order


class SharedVecEnv(SB3VecEnv):
    """The agents of a native batch as the rows of a Stable-Baselines3 VecEnv; its methods ask the batch."""

    def __init__(self, batch: VectorEnv, team: Team) -> None:
        """Take over a batch, whose episodes this begins anew as they end."""
        self.batch, self.seats = batch, Seats(team)
        super().__init__(batch, batch)
        rows = batch.num_envs * self.seats.agents
        VecEnv.__init__(self, rows, self.seats.observation_space, self.seats.action_space)
        self._begin_count()

    def reset(self) -> VecEnvObs:
        """Begin new episodes everywhere; the seeds given by `seed` hold once: those of each episode's first agent."""
        self._seeds = self._seeds[:: self.seats.agents]  # the rows of the batch
        return self.seats.seen(np.asarray(super().reset()))

    def step_wait(self) -> VecEnvStepReturn:
        """Play the step; at its end an episode's rows have the same infos as in `jit_gym.sb3.vec_env`."""
        team, episodes, agents = self.seats.team, self.batch.episodes, self.seats.agents
        read = team.orders_read(episodes)
        whole, _, terminated, truncated, _ = self.batch.step(self.seats.joined(self._actions))
        rewards = (team.rewards(episodes, self.batch.last_flows, read) / self.batch.reward_unit).ravel()
        self._count(rewards)
        over, observations = terminated | truncated, self.seats.seen(whole)
        dones, infos = np.repeat(over, agents), [dict[str, Any]() for _ in range(self.num_envs)]
        for row in np.flatnonzero(dones):
            infos[row] = self._last(row, observations[row].copy(), bool(truncated[row // agents]))
        if over.any():
            begun, _ = self.batch.reset(options={"reset_mask": over})
            observations[dones] = self.seats.seen(begun[over])
        return observations, rewards.astype(np.float32), dones, infos
