"""A native batch as a Stable-Baselines3 VecEnv: `PPO("MlpPolicy", jit_gym.sb3.vec_env(envs))`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorActionWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvObs, VecEnvStepReturn

from ..physics.view import View
from .family import FamilyBatch
from .observation import Codec
from .relative import Twin, put_out_of_step
from .vector import VectorEnv


def vec_env(
    envs: gym.vector.VectorEnv[Any, Any, Any],
    info: str = "none",
    baseline: Callable[[View], Any] | None = None,
    out_of_step: bool = False,
    look_ahead: int = 0,
) -> SB3VecEnv:
    """Return a batch made by `gymnasium.make_vec` as a VecEnv; from now on it belongs to the VecEnv.

    An agent trained on it has the same weights as on a DummyVecEnv of as many single envs: row b is seeded with seed
    + b. At the end of an episode a row's info has `terminal_observation`, `TimeLimit.truncated`, `episode` (its
    return `r`, length `l` and seconds `t`, as Monitor has them), and with `info="all"` the last period's flows; in
    between it is empty, which is what makes thousands of rows quick.

    The batch may be wrapped in what changes actions alone, such as `jit_gym.VectorActionMeaning`.

    Args:
        envs: the batch.
        info: `"none"`, or `"all"` to be told the flows, whatever the batch was made with; a batch that is rendered
            tells them all.
        baseline: a policy without a memory (`jit_gym.policy("base-stock", scenario)`, or a tuned one). Rewards are then
            what the batch earns more than it would on the same path: the same policies are best, and what both pay is
            no noise any more. `episode` and the flows are those of the batch alone.
        out_of_step: begin with rows in up to 16 phases of an episode, so that each rollout has all parts of one in it;
            what was played until then, the baseline ordered, or what is used.
        look_ahead: for how many periods the baseline is played on from each state, along the row's own path; an order
            is then rewarded at once with what it changes until then, and later with the rest (Ng et al. 1999). Take
            several lead times: learning then takes a fraction of the steps, each of which plays so many periods more.
            No reward follows a horizon, so batches of worlds that go on should have a longer one than
            `max_episode_steps`.

    Raises:
        ValueError: for another `info`, for a batch whose rewards are vectors, for a baseline that cannot play, and for
            looking ahead without one.
        TypeError: for any other vector env.
    """
    if look_ahead < 0:
        raise ValueError(f"look_ahead: must be 0 or more, got {look_ahead!r}")
    if look_ahead and baseline is None:
        raise ValueError(f"look_ahead: is along the path of a baseline, got {look_ahead} (add baseline=rule)")
    batch: Any = envs
    while isinstance(batch, VectorActionWrapper):
        batch = batch.env
    if not isinstance(batch, VectorEnv):
        raise TypeError(
            f"vec_env takes a jit_gym batch from gymnasium.make_vec, wrapped at most in what changes actions, got "
            f"{type(batch).__name__}"
        )
    if hasattr(batch, "reward_space"):
        raise ValueError("reward: Stable-Baselines3 takes a scalar (make the batch with reward='scalar')")
    batch.set_info(info if batch.render_mode is None else "all")
    return SB3VecEnv(envs, batch, baseline, out_of_step, look_ahead)


def policy(model: Any, envs: SB3VecEnv) -> Callable[[View], Any]:
    """Return what orders as a trained model does, for `jit_gym.evaluate` and `compare`.

    Args:
        model: anything with Stable-Baselines3's `predict`; its actions are not explored (`deterministic=True`).
        envs: the VecEnv that it was trained on, which says what observations and actions mean; one of a family makes a
            policy for any world of the family.

    Raises:
        TypeError: when it is first asked, for a model with a state of its own, such as RecurrentPPO.
    """
    episodes, meaning = envs.episodes, getattr(envs.envs, "meaning", None)
    codecs: dict[Any, Codec] = {}

    def order(view: View) -> Any:
        layout = view.source.layout
        if isinstance(episodes, FamilyBatch) and layout.scenario not in codecs:
            codecs[layout.scenario] = episodes.codecs.codec(layout)
        codec = codecs.get(layout.scenario, episodes.codec)
        outputs, state = model.predict(codec.observe(view), deterministic=True)
        if state is not None:
            raise TypeError(f"{order.__name__} keeps a state from period to period, which is not handed on here")
        return codec.orders(outputs) if meaning is None else meaning.orders(outputs, view)

    order.__name__ = type(model).__name__.lower()
    return order


class SB3VecEnv(VecEnv):
    """A Stable-Baselines3 VecEnv over a native batch."""

    def __init__(
        self,
        envs: gym.vector.VectorEnv[Any, Any, Any],
        batch: VectorEnv,
        baseline: Callable[[View], Any] | None = None,
        out_of_step: bool = False,
        look_ahead: int = 0,
    ) -> None:
        """Take over a batch, and what it is wrapped in."""
        batch.set_autoreset_mode(AutoresetMode.DISABLED)
        self.envs: Any = envs
        self._batch, self._baseline, self._out_of_step = batch, baseline, out_of_step
        self._twin = None if baseline is None else Twin(batch, baseline, look_ahead)
        self.episodes, self.length = batch.episodes, batch.length
        self._actions = np.zeros(envs.action_space.shape or (), np.float32)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self._begin_count()

    def reset(self) -> VecEnvObs:
        """Begin new episodes everywhere; the seeds given by `seed` hold once."""
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, _ = self.envs.reset(seed=seeds)
        if self._out_of_step:
            observations = put_out_of_step(self._batch, self._baseline)
        if self._twin is not None:
            self._twin.begin()
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._begin_count()
        return np.ascontiguousarray(observations)  # a batch keeps fields together; sums of torch depend on the strides

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Play the step."""
        observations, rewards, terminated, truncated, last = self.envs.step(self._actions)
        self._count(rewards)
        if self._twin is not None:
            rewards = rewards - self._twin.rewards()
        dones = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for b in np.flatnonzero(dones):
            infos[b] = {name: last[name][b].item() for name in last if not name.startswith("_")}
            infos[b] |= self._last(b, observations[b].copy(), bool(truncated[b]))
        if dones.any():
            observations, _ = self.envs.reset(options={"reset_mask": dones})
            if self._twin is not None:
                self._twin.restart(dones)
        return np.ascontiguousarray(observations), rewards.astype(np.float32), dones, infos

    def _begin_count(self) -> None:
        """Begin to add up what each row's episode earns, and how long it is."""
        self._returns, self._lengths = np.zeros(self.num_envs), np.zeros(self.num_envs, int)
        self._began = time.time()

    def _count(self, rewards: np.ndarray) -> None:
        """Add up a period."""
        self._returns += rewards
        self._lengths += 1

    def _last(self, row: int | np.integer, observation: np.ndarray, truncated: bool) -> dict[str, Any]:
        """Return what is told of a row whose episode is over, and begin to add up its next one."""
        seconds = round(time.time() - self._began, 6)
        episode = {"r": float(self._returns[row]), "l": int(self._lengths[row]), "t": seconds}
        self._returns[row], self._lengths[row] = 0.0, 0
        return {"terminal_observation": observation, "TimeLimit.truncated": truncated, "episode": episode}

    def close(self) -> None:
        """Close the batch."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """Return an attribute of the batch, once for each row."""
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Refuse: the rows of a batch share their attributes."""
        raise NotImplementedError("the rows of a batch share their attributes: make a new batch instead")

    def env_method(
        self, method_name: str, *method_args: Any, indices: int | Iterable[int] | None = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the batch once, and return each row's part of what it returns, or all of it."""
        value = getattr(self.envs, method_name)(*method_args, **method_kwargs)
        has_rows = isinstance(value, np.ndarray) and value.shape[:1] == (self.num_envs,)
        return [value[b] if has_rows else value for b in self._get_indices(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: int | Iterable[int] | None = None
    ) -> list[bool]:
        """Return that no row is wrapped; but episodes are counted as Monitor counts them."""
        from stable_baselines3.common.monitor import Monitor

        return [issubclass(wrapper_class, Monitor)] * len(list(self._get_indices(indices)))

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return the picture of the first row, which alone is drawn; None of each where the batch draws no pictures."""
        return self.envs.render()[:1] if self.envs.render_mode == "rgb_array" else [None] * self.num_envs
