"""Envs for Stable-Baselines3 whose actions mean what an `Action` says: quantities, levels, or corrections of a rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env import VecEnvWrapper

from jit_gym.envs import VectorEnv
from jit_gym.envs.orders import OrderUnits
from jit_gym.envs.sb3 import vec_env
from jit_gym.policies.action import Action
from jit_gym.policies.wrappers import space_of
from jit_gym.scenario import BadInput, Scenario, load
from jit_gym.scenario.window import stays_as_it_is

from .service import ShortagePrice


class Acting(VecEnvWrapper):
    """A batch of envs that decodes actions by an `Action`, and scales observations and rewards to order 1."""

    def __init__(
        self,
        scenario: Scenario,
        rows: int,
        action: Action,
        shift: np.ndarray,
        scale: np.ndarray,
        money: float,
        relative: bool = False,
        out_of_step: bool = False,
        look_ahead: int = 0,
    ) -> None:
        """Make the batch; a world that stays as it is is drawn for as many periods more as are looked ahead."""
        action.check_stateless()
        periods = scenario.horizon.periods
        if look_ahead and stays_as_it_is(scenario):
            scenario = load(scenario, {"horizon.periods": periods + look_ahead})
        self.batch = envs = VectorEnv(scenario, rows, rewards="money", max_episode_steps=periods)
        self.episodes, self.action = envs.episodes, action
        self.price: ShortagePrice | None = None
        self.shift, self.scale, self.money = shift, scale, money
        space: Any = space_of(action)  # Stable-Baselines3 has types of its own
        seen = Box(-np.inf, np.inf, shift.shape, np.float32)
        baseline = action.rule if relative else None
        super().__init__(vec_env(envs, baseline=baseline, out_of_step=out_of_step, look_ahead=look_ahead), seen, space)

    def deviation(self, seed: int, periods: int = 100) -> float:
        """Return the standard deviation of rewards in money while actions are random: the unit of relative rewards."""
        random = np.random.default_rng(seed)
        self.venv.seed(seed)
        self.reset()
        rewards = []
        for _ in range(periods):
            actions: Any = random.uniform(-1.0, 1.0, (self.num_envs, self.action.outputs))
            if self.action.discrete:
                actions = random.integers(self.action.outputs, size=self.num_envs)
            self.step_async(actions)
            rewards.append(self.venv.step_wait()[1])
        return float(np.std(rewards)) or 1.0

    def charge(self, price: ShortagePrice) -> None:
        """Take a price of each unit short from the rewards, from now on."""
        self.price = price
        self.batch.set_info("all")

    def reset(self) -> np.ndarray:
        """Begin new episodes."""
        return self._show(self.venv.reset())  # type: ignore[arg-type]

    def step_async(self, actions: np.ndarray) -> None:
        """Order what the actions mean."""
        orders: Any = OrderUnits(self.action.orders(actions, self.episodes.view()))
        self.venv.step_async(orders)

    def step_wait(self) -> Any:
        """Play the step."""
        seen, rewards, dones, infos = self.venv.step_wait()
        if self.price is not None:
            rewards = rewards - self.price.of(self.episodes, self.batch.last_flows).astype(np.float32)
        for info in infos:
            if "terminal_observation" in info:
                info["terminal_observation"] = (info["terminal_observation"] - self.shift) * self.scale
        return self._show(seen), rewards / np.float32(self.money), dones, infos  # type: ignore[arg-type]

    def _show(self, seen: np.ndarray) -> np.ndarray:
        return (seen - self.shift) * self.scale


def corrections(numbers: Action, most: int, place: str) -> Action:
    """Return choices among corrections: for each lane as many values, evenly from the lowest to the highest, with 0.

    Args:
        numbers: the continuous corrections, whose range is divided.
        most: how many choices there may be; each lane has the same odd number of values, as large as that allows.
        place: the setting, for errors.

    Raises:
        BadInput: where not even three values a lane are allowed.
    """
    assert numbers.high is not None
    values = int(most ** (1.0 / len(numbers.high)) + 1e-9)
    values -= 1 - values % 2
    if values < 3:
        least = 3 ** len(numbers.high)
        raise BadInput(f"{place}: must be {least:,} or more for {len(numbers.high)} lanes, got {most:,}")
    axes = [np.linspace(-high, high, values) for high in numbers.high]
    if numbers.plan.whole:
        axes = [np.unique(np.round(axis)) for axis in axes]
    rows = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=-1)
    return Action(numbers.means, numbers.rule, choices=rows)
