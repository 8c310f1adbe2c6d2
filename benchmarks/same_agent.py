"""Train one agent of Stable-Baselines3 over a native batch, over single envs, and over or-gymnasium's env.

Nothing differs but the envs. `PLAIN` has the settings of each agent, with which it orders quantities and is rewarded
with what it earns, as it is over the envs of any library (what `jit-gym train` ships corrects a rule, and is rewarded
with what it earns more).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from player import NotThere, installed

import jit_gym
from jit_gym.agents import program
from jit_gym.agents.hyperparams import arguments_of
from jit_gym.scenario import Scenario

PATHS, ROWS = 512, 256
LOOK = 32_768  # env steps between two looks, or the whole rollouts after them
FROM_MEMORY: dict[str, Any] = {
    "learning_rate": 1e-3, "buffer_size": 500_000, "learning_starts": 16_384, "batch_size": 2048, "train_freq": 4,
    "gradient_steps": 8, "gamma": 0.95, "policy_kwargs": {"net_arch": [64, 64]},
}  # fmt: skip
PLAIN: dict[str, dict[str, Any]] = {  # Stable-Baselines3's defaults but for these, with RL Zoo's names
    "ppo": {"learning_rate": 1e-3, "n_steps": 32, "batch_size": 2048},
    "ppo-lstm": {
        "learning_rate": 1e-3, "n_steps": 32, "batch_size": 2048, "policy_kwargs": {"lstm_hidden_size": 32},
    },
    "dqn": FROM_MEMORY | {
        "learning_rate": 3e-4, "gradient_steps": 16, "target_update_interval": 2560, "exploration_initial_eps": 0.1,
        "exploration_final_eps": 0.1,
    },
    "sac": FROM_MEMORY,
    "td3": FROM_MEMORY | {"noise_type": "normal", "noise_std": 0.2},
}  # fmt: skip
CHOICES = {1: 11, 3: 6}  # of DQN: quantities of each lane, from none to the most, by how many lanes there are

Cost = Callable[[Any, Scenario, int], float]
"""What tells the cost of a policy on the paths of a seed."""
Look = tuple[int, float, Callable[[int], float]]
"""Env steps, seconds, and what tells the cost on the paths of a seed."""


def native(scenario: Scenario, agent: str, seed: int, cost_of: Cost) -> Iterator[Look]:
    """Train over a native batch."""
    import gymnasium as gym

    def make() -> Any:
        batch: Any = gym.make_vec("jit_gym/Scenario-v1", num_envs=ROWS, scenario=scenario)
        if program(agent).chooses:
            batch = jit_gym.VectorActionMeaning(batch, "quantity", choices=CHOICES[len(scenario.lanes)])
        return jit_gym.sb3.vec_env(batch)

    return trained(agent, make, seed, lambda model, paths: cost_of(jit_gym.external_policy(model), scenario, paths))


def single(scenario: Scenario, agent: str, seed: int, cost_of: Cost) -> Iterator[Look]:
    """Train over a DummyVecEnv of as many single envs."""
    import gymnasium as gym
    from stable_baselines3.common.vec_env import DummyVecEnv

    def env_of() -> Any:
        env: Any = gym.make("jit_gym/Scenario-v1", scenario=scenario)
        if program(agent).chooses:
            env = jit_gym.ActionMeaning(env, "quantity", choices=CHOICES[len(scenario.lanes)])
        return env

    def make() -> Any:
        return DummyVecEnv([env_of] * ROWS)

    return trained(agent, make, seed, lambda model, paths: cost_of(jit_gym.external_policy(model), scenario, paths))


def or_gymnasium(scenario: Scenario, agent: str, seed: int, cost_of: Cost) -> Iterator[Look]:
    """Train over a DummyVecEnv of as many of or-gymnasium's envs of OR-Gym's line, and judge in them.

    Raises:
        NotThere: where it is not installed, or has no env of this scenario.
    """
    if scenario.name != "or-gym-inv-management":
        raise NotThere(f"or-gymnasium has no env of {scenario.name} (or-gym-inv-management is its InvManagement)")
    env_of = their_env(chooses=bool(program(agent).chooses))
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    def make() -> Any:
        return VecNormalize(DummyVecEnv([env_of] * ROWS), clip_obs=np.inf)

    def judge(model: Any, paths: int) -> float:
        """Play an episode in each of many envs, beside one another: all are equally long."""
        envs, normalized = DummyVecEnv([env_of] * PATHS), model.get_vec_normalize_env()
        envs.seed(paths)
        seen, state, starts, earned = envs.reset(), None, np.ones(PATHS, bool), np.zeros(PATHS)
        for _ in range(scenario.horizon.periods):
            actions, state = model.predict(normalized.normalize_obs(seen), state, starts, deterministic=True)
            seen, rewards, starts, _ = envs.step(actions)
            earned += rewards
        assert starts.all(), "its episodes are as long as the scenario"
        return -float(earned.mean()) / scenario.horizon.periods

    return trained(agent, make, seed, judge)


def trained(agent: str, make: Callable[[], Any], seed: int, judge: Callable[[Any, int], float]) -> Iterator[Look]:
    """Train an agent over the VecEnv that is made, for as long as it is asked."""
    began = time.process_time()
    learn, venv = program(agent), make()
    settings = {name: value for name, value in PLAIN[agent].items() if name != "learning_rate"}
    arguments = arguments_of(agent, learn.algorithm, settings, (), int(np.prod(venv.action_space.shape)))
    rate = PLAIN[agent]["learning_rate"]
    model = learn.algorithm(learn.kind, venv, rate, seed=seed, device="cpu", **arguments)
    spent = time.process_time() - began
    while True:
        began = time.process_time()
        model.learn(LOOK, reset_num_timesteps=False)
        spent += time.process_time() - began
        yield model.num_timesteps, spent, lambda paths: judge(model, paths)


def their_env(chooses: bool) -> Callable[[], Any]:
    """Return what makes or-gymnasium's env, with numbers from -1 to 1 as actions, or choices among such numbers.

    Raises:
        NotThere: where it is not installed.
    """
    try:
        import or_gymnasium  # noqa: F401
    except ImportError:
        sys.path += map(str, installed("or-gymnasium").parents[1].glob("lib/python*/site-packages"))  # behind our own
    import gymnasium as gym
    from or_gymnasium.envs import InvManagementBacklogEnv

    class Rescaled(gym.Wrapper[Any, Any, Any, Any]):
        """Orders from nothing to the most that each lane can, for numbers from -1 to 1."""

        def __init__(self) -> None:
            super().__init__(InvManagementBacklogEnv())
            self.most = np.asarray(self.env.action_space.high, float)  # type: ignore[attr-defined]
            self.choices = list(product(np.linspace(-1.0, 1.0, CHOICES[len(self.most)]), repeat=len(self.most)))
            box = gym.spaces.Box(-1.0, 1.0, self.most.shape, np.float32)
            self.action_space = gym.spaces.Discrete(len(self.choices)) if chooses else box
            seen = self.env.observation_space.shape
            self.observation_space = gym.spaces.Box(-np.inf, np.inf, seen, np.float32)

        def step(self, action: Any) -> Any:
            numbers = np.clip(np.asarray(self.choices[action] if chooses else action, float), -1.0, 1.0)
            seen, *others = self.env.step(np.round((numbers + 1.0) / 2.0 * self.most).astype(int))
            return np.asarray(seen, np.float32), *others

        def reset(self, **more: Any) -> Any:
            seen, info = self.env.reset(**more)
            return np.asarray(seen, np.float32), info

    return Rescaled
