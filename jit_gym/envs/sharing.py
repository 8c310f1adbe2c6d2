"""Parameter sharing: the agents of a network as rows of one Stable-Baselines3 VecEnv, so that one model plays them all.

`venv = jit_gym.sharing.vec_env("beer-game", num_envs=64)`, `PPO("MlpPolicy", venv)`, and
`jit_gym.compare([jit_gym.sharing.policy(model, venv)], "beer-game")`. With a baseline, corrections to its orders and a
look ahead, the same network learns in a fraction of the moves (`vec_env`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.spaces import Box, MultiDiscrete
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvObs, VecEnvStepReturn

from ..common.text import quoted
from ..physics.view import View
from ..scenario import BadInput, Scenario
from .observation import MOST_ORDERED, Codec
from .orders import OrderUnits
from .relative import Baseline
from .sb3 import SB3VecEnv
from .team import Team
from .vector import VectorEnv


class Seats:
    """How one network plays all agents of a team: each sees its numbers in one order, and who it is.

    A number stands where its role does (`Member.roles`), and is 0 for an agent that has none of it: what is on hand at
    the agent's stock is the same number for all. The next numbers are 1 for the agent that is asked, and 0 for the
    others; and where a schedule is learnt, one more is 1 for each agent and period of an episode, and the others 0.

    An action has as many numbers as the agent with the most lanes; one with fewer lanes ignores the rest. They are
    orders as those of an env, or choose what is added to the orders of a baseline.
    """

    def __init__(
        self, team: Team, baseline: Baseline | None = None, corrections: np.ndarray | None = None, periods: int = 0
    ) -> None:
        """Give each role a place, and each agent one in each of so many periods, if any."""
        self.team, self.agents = team, len(team.members)
        self.baseline, self.corrections, self.periods = baseline, corrections, periods
        roles: list[str] = []
        for member in team.members:
            roles += [role for role in member.roles if role not in roles]
        self.names = [*roles, *(f"is.{name}" for name in team.names)]
        self.names += [f"is.{name}.in.{period}" for name in team.names for period in range(periods)]
        self.orders = max(len(member.lanes) for member in team.members)
        width = len(team.codec.names)  # one more number stands for none
        self._from = np.full((self.agents, len(roles)), width)
        high = np.zeros(len(roles))
        for k, member in enumerate(team.members):
            places = [roles.index(role) for role in member.roles]
            self._from[k, places] = member.places
            high[places] = np.maximum(high[places], team.codec.high[member.places])
        self._is = np.eye(self.agents, dtype=np.float32)
        ones = np.ones(len(self.names) - len(roles))
        self.observation_space = Box(0.0, np.append(high, ones).astype(np.float32), dtype=np.float32)
        self.action_space = self._orders_of_an_env() if corrections is None else self._choices(len(corrections))

    def _choices(self, choices: int) -> MultiDiscrete:
        """Return the space of a choice for each order."""
        return MultiDiscrete([choices] * self.orders)

    def _orders_of_an_env(self) -> Box:
        """Return the space of what an agent orders, with room for the one that can order most on each place."""
        low, most = np.zeros((2, self.orders), np.float32)
        for member in self.team.members:
            space = self.team.action_space(member)
            low[: len(member.lanes)] = np.minimum(low[: len(member.lanes)], space.low)
            most[: len(member.lanes)] = np.maximum(most[: len(member.lanes)], space.high)
        return Box(low, most, dtype=np.float32)

    def seen(self, whole: np.ndarray, period: np.ndarray) -> np.ndarray:
        """Return what agents see (paths * agents, numbers), path by path.

        Args:
            whole: whole observations (paths, numbers).
            period: the periods that have been played (paths,).
        """
        wider = np.hstack([whole, np.zeros((len(whole), 1), np.float32)])
        own = wider[:, self._from]  # (paths, agents, roles)
        who = np.broadcast_to(self._is, (len(whole), self.agents, self.agents))
        when = np.zeros((len(whole), self.agents, self.agents, self.periods), np.float32)
        if self.periods:
            every = np.arange(self.agents)
            when[np.arange(len(whole))[:, None], every, every, period.astype(int)[:, None]] = 1.0
        parts = [own, who, when.reshape(len(whole), self.agents, -1)]
        return np.concatenate(parts, axis=2).reshape(len(whole) * self.agents, -1)

    def units(self, actions: np.ndarray, view: View) -> np.ndarray:
        """Return orders in units (paths, lanes) for the actions of agents (paths * agents, numbers)."""
        if self.corrections is None:
            return self.team.codec.orders(self.joined(actions))
        assert self.baseline is not None
        base = np.asarray(self.baseline(view), float)
        return np.maximum(base + self.joined(self.corrections[np.asarray(actions, int)]), 0.0)

    def joined(self, actions: np.ndarray) -> np.ndarray:
        """Return the numbers of paths (paths, lanes) that numbers of agents (paths * agents, numbers) are."""
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
    baseline: Baseline | None = None,
    corrections: Sequence[float] | None = None,
    look_ahead: int = 0,
    schedule: bool = False,
) -> SharedVecEnv:
    """Return a Stable-Baselines3 VecEnv with a row for each agent of each of `num_envs` episodes.

    Row b * A + k is agent k of episode b, where there are A agents. `agents` and `rewarded` mean what they do in
    `jit_gym.multi.parallel_env`, `baseline` and `look_ahead` what they do in `jit_gym.sb3.vec_env`, the others what
    they do in `VectorEnv`.

    Args:
        scenario: which world.
        num_envs: episodes that are played side by side.
        agents: `"stage"` or `"lane"`, what an agent decides.
        rewarded: `"shared"`, with all that is earned, or `"own"`.
        overrides: changes of the scenario.
        units: of observations and orders.
        most_ordered: the most that is ordered on a lane, in periods of use.
        rewards: `"scaled"` or `"money"`.
        baseline: a policy without a memory, whose earnings on the same path are taken from shared rewards.
        corrections: units that can be added to the baseline's order on a lane, such as `range(-12, 13)`; an action
            chooses one of them for each lane. Take a rule that orders by what an agent sees itself, such as
            base-stock, where agents shall not know each other's stock.
        look_ahead: periods that the baseline is played on from each state, to reward an order at once.
        schedule: show each agent a number for each period of an episode, 1 in that period, so that one network can
            learn an order for each; for worlds that begin each episode alike, such as the beer game.

    Raises:
        BadInput: for what is of no use without a baseline, for a baseline of own rewards or with a memory, and for
            corrections that are fewer than two finite numbers.
    """
    if baseline is None and (corrections is not None or look_ahead):
        given = "corrections" if corrections is not None else "look_ahead"
        raise BadInput(f"{given}: is of no use without a baseline (add baseline=rule)")
    if look_ahead < 0:
        raise BadInput(f"look_ahead: must be 0 or more, got {look_ahead!r}")
    if baseline is not None and rewarded != "shared":
        raise BadInput(f"baseline: is for shared rewards, got rewarded={rewarded!r} (what it earns is all agents')")
    table = None if corrections is None else _numbers(corrections)
    batch = VectorEnv(scenario, num_envs, overrides, units, most_ordered, rewards)
    team = Team(batch.episodes.codec, agents, rewarded)
    seats = Seats(team, baseline, table, batch.length + 1 if schedule else 0)
    return SharedVecEnv(batch, seats, look_ahead)


def _numbers(corrections: Sequence[float]) -> np.ndarray:
    """Return corrections as an array, or raise a BadInput for what is not two finite numbers or more."""
    try:
        numbers = np.asarray(corrections, float)
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if numbers.ndim != 1 or len(numbers) < 2 or not np.isfinite(numbers).all():
        raise BadInput(f"corrections: must be two finite numbers or more, got {quoted(corrections)}")
    return numbers


def policy(model: Any, venv: SharedVecEnv) -> Callable[[View], np.ndarray]:
    """Return what orders as a trained model does for all agents at once, for `jit_gym.evaluate` and `compare`.

    Each agent's orders depend on what that agent sees alone, and where they are corrections, on what the baseline
    orders.

    Args:
        model: anything with Stable-Baselines3's `predict`; its actions are not explored (`deterministic=True`).
        venv: what it was trained on, or one like it.

    Raises:
        BadInput: when it is asked, for a model with a state of its own, in a world that shows other numbers, and for a
            schedule that has come to its end.
    """
    seats, codec = venv.seats, venv.seats.team.codec

    def order(view: View) -> np.ndarray:
        if view.source.layout.scenario != codec.layout.scenario:
            shown = Codec(view.source.layout).names
            if shown != codec.names:
                raise BadInput(f"{order.__name__}: was trained where other numbers are seen (train it in this world)")
        whole = codec.observe(view)
        period = np.broadcast_to(np.ravel(view.period), len(whole))
        if seats.periods and period.max() >= seats.periods - 1:
            last = seats.periods - 1
            raise BadInput(f"{order.__name__}: has a schedule of {last} periods, got more (train it for as many)")
        outputs, state = model.predict(seats.seen(whole, period), deterministic=True)
        if state is not None:
            raise BadInput(f"{order.__name__}: keeps a state from period to period, which is not handed on here")
        return seats.units(outputs, view)

    order.__name__ = f"shared-{type(model).__name__.lower()}"
    return order


class SharedVecEnv(SB3VecEnv):
    """The agents of a native batch as the rows of a Stable-Baselines3 VecEnv; its methods ask the batch."""

    def __init__(self, batch: VectorEnv, seats: Seats, look_ahead: int = 0) -> None:
        """Take over a batch, whose episodes this begins anew as they end."""
        self.batch, self.seats = batch, seats
        super().__init__(batch, batch, seats.baseline, look_ahead=look_ahead)
        rows = batch.num_envs * seats.agents
        VecEnv.__init__(self, rows, seats.observation_space, seats.action_space)
        self._begin_count()

    def reset(self) -> VecEnvObs:
        """Begin new episodes everywhere; the seeds given by `seed` hold once: those of each episode's first agent."""
        self._seeds = self._seeds[:: self.seats.agents]  # the rows of the batch
        return self.seats.seen(np.asarray(super().reset()), self.batch.episodes.clock)

    def step_wait(self) -> VecEnvStepReturn:
        """Play the step; at its end an episode's rows have the same infos as in `jit_gym.sb3.vec_env`."""
        team, episodes, agents = self.seats.team, self.batch.episodes, self.seats.agents
        read = team.orders_read(episodes)
        whole, _, terminated, truncated, _ = self.batch.step(self._orders())
        rewards = team.rewards(episodes, self.batch.last_flows, read) / self.batch.reward_unit
        self._count(rewards.ravel())
        if self._twin is not None:
            rewards = rewards - self._twin.rewards()[:, None]
        over, observations = terminated | truncated, self.seats.seen(whole, episodes.clock)
        dones, infos = np.repeat(over, agents), [dict[str, Any]() for _ in range(self.num_envs)]
        for row in np.flatnonzero(dones):
            infos[row] = self._last(row, observations[row].copy(), bool(truncated[row // agents]))
        if over.any():
            begun, _ = self.batch.reset(options={"reset_mask": over})
            observations[dones] = self.seats.seen(begun[over], episodes.clock[over])
            if self._twin is not None:
                self._twin.restart(over)
        return observations, rewards.ravel().astype(np.float32), dones, infos

    def _orders(self) -> Any:
        """Return what the batch is told to order: actions of its own, or units."""
        if self.seats.corrections is None:
            return self.seats.joined(self._actions)
        return OrderUnits(self.seats.units(self._actions, self.batch.episodes.view()))
