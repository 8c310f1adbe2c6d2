"""Thousands of episodes at a time: the native vector env."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymVectorEnv
from gymnasium.vector.utils import batch_space

from ..common.checks import check_seed, check_seeds
from ..kernels.memory import copied_by_path
from ..scenario import Scenario, load
from .display import FPS, MODES, Display, display
from .episodes import EpisodeBatch
from .observation import MOST_ORDERED
from .orders import OrderUnits, read_orders
from .reward import RewardVector, check_reward, unit_of
from .spec import SpecInJson, is_config


class VectorEnv(SpecInJson, GymVectorEnv[np.ndarray, np.ndarray | OrderUnits, np.ndarray]):
    """A batch of `Env`: the same worlds, observations and rewards, played together by compiled code.

    Seeded with one number s, row b plays the paths b, b + rows, b + 2 rows, ... of s; with one seed a row, each row
    plays the paths 0, 1, 2, ... of its own, as a single env would.

    Args:
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        num_envs: how many episodes are played together.
        overrides: changes to the scenario, dotted or nested.
        units: `"mean-demand"` or `"raw"`, as in `Env`.
        most_ordered: as in `Env`.
        rewards: `"scaled"` or `"money"`, as in `Env`.
        info: `"all"` or `"none"`, as in `Env`.
        reward: `"scalar"`, or `"vector"` for arrays (num_envs, components), as in `Env`; this needs `info="all"`.
        max_episode_steps: periods after which an episode is truncated, if that is before the horizon.
        autoreset_mode: what becomes of an episode that is over. NEXT_STEP (the default): the next step begins a new one
            and ignores its action. SAME_STEP: the new one begins at once, and `infos` has `final_obs` and `final_info`.
            DISABLED: `reset(options={"reset_mask": mask})` begins new ones.
        render_mode: as in `Env`; the first row is shown.
    """

    _vector: RewardVector | None = None  # what rewards are made by, where they are vectors
    _display: Display | None = None  # of the first row; Gymnasium closes what could not be made, too

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "lost-sales",
        num_envs: int = 1,
        overrides: Mapping[str, Any] | None = None,
        units: str = "mean-demand",
        most_ordered: float = MOST_ORDERED,
        rewards: str = "scaled",
        info: str = "all",
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        reward: str = "scalar",
    ) -> None:
        """Load the scenario and lay it out."""
        if is_config(scenario):
            self.__init__(**{"num_envs": num_envs, **scenario})  # type: ignore[misc]
            return
        self._check(num_envs, max_episode_steps)
        check_reward(reward)
        if reward == "vector" and info == "none":
            raise ValueError("reward: needs info='all', which says what happened, for a vector, got info='none'")
        self.render_mode, self._display = render_mode, display(render_mode, info)
        episodes = EpisodeBatch(load(scenario, overrides), num_envs, units, most_ordered, info)
        self._take(episodes, max_episode_steps, autoreset_mode)
        self.reward_unit: Any = unit_of(rewards, self.scenario)
        if reward == "vector":
            vector = self._vector = RewardVector(episodes.layout)
            self.reward_space, self.reward_names, self.reward_weights = vector.space, vector.names, vector.weights

    @staticmethod
    def _check(num_envs: int, max_episode_steps: int | None) -> None:
        """Refuse arguments that make no batch."""
        if num_envs < 1:
            raise ValueError(f"num_envs: must be 1 or more, got {num_envs!r}")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise ValueError(f"max_episode_steps: must be 1 or more, got {max_episode_steps!r}")

    def _take(self, episodes: EpisodeBatch, max_episode_steps: int | None, autoreset_mode: AutoresetMode | str) -> None:
        """Play these episodes."""
        self.scenario, self.episodes = episodes.scenario, episodes
        self.num_envs = num_envs = episodes.paths
        self.set_autoreset_mode(AutoresetMode(autoreset_mode))
        self.single_observation_space, self.single_action_space = self.episodes.codec.spaces
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._everyone, self._nobody = np.ones(num_envs, bool), np.zeros(num_envs, bool)
        self.length = min(self.episodes.horizon, max_episode_steps or self.episodes.horizon)
        self._flows = episodes.no_flows()
        self._begun, self._ends = False, self.scenario.horizon.ends and self.length == self.episodes.horizon
        self._shape = num_envs, len(self.episodes.layout.lanes)
        self._name_columns()

    @property
    def observation_names(self) -> list[str]:
        """Return the name of each number of an observation."""
        return self.episodes.codec.names

    @property
    def last_flows(self) -> np.ndarray:
        """Return what happened in the last period (flows, num_envs), in the order of `episodes.flow_names`."""
        return self._flows

    def costs(self) -> dict[str, np.ndarray]:
        """Return the costs of the last period by stock, lane and demand (num_envs,), in money; 0 in a new episode."""
        return self.episodes.costs(self._flows)

    def orders(self, actions: np.ndarray) -> np.ndarray:
        """Return the units that actions (num_envs, lanes) order, before they are rounded to whole ones."""
        return self.episodes.codec.orders(actions)

    def action(self, orders: np.ndarray) -> np.ndarray:
        """Return the actions (num_envs, lanes) that order these units, or as many of them as can be ordered."""
        return self.episodes.codec.encode(np.asarray(orders, float))

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin new episodes: everywhere, or where `options["reset_mask"]` (num_envs,) is true."""
        mask = self._everyone if options is None else np.asarray(options.get("reset_mask", self._everyone), bool)
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask: must have the shape {(self.num_envs,)}, got {mask.shape}")
        one = check_seed(seed) if isinstance(seed, int | np.integer) else None
        if seed is not None and one is None:  # all of them are looked at before anything changes
            check_seeds(seed, self.num_envs, "row", gaps=True)
        super().reset(seed=one)
        if not self.episodes.seeded:
            self.episodes.seed(int(self.np_random_seed or 0))
        if seed is not None:
            self.episodes.seed(seed)
        self.episodes.restart(np.flatnonzero(self._everyone if not self._begun else mask))
        self._begun = True
        observations = self.episodes.observe()
        if self._display is not None and mask[0]:
            self._display.begin(self.episodes, observations[0])
        return observations, self._infos(self.episodes.no_flows())

    def step(
        self, actions: np.ndarray | OrderUnits
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Order on each path, and play one period.

        Actions are cut to the action space, infinite ones too; an `OrderUnits` is ordered as it is.

        Raises:
            ValueError: for actions of another shape, NaN, and units that are negative or infinite, before any path has
                played.
            ResetNeeded: before the first reset, and, with autoreset DISABLED, while an episode is over.
        """
        numbers, units = read_orders(actions, self._shape, "actions")
        ended = self._over(self._nobody)  # asked of the clock, which an interrupted step leaves right
        waits = ended is not self._nobody and bool(ended.any())
        if not self._begun or (waits and self.autoreset_mode == AutoresetMode.DISABLED):
            raise ResetNeeded("an episode is over, or none has begun: call reset() first")
        self.episodes.check(numbers, units)
        del self._flows  # so that this memory is taken again, which is in the cache, unless the caller holds it
        self._flows = flows = self.episodes.flows()
        observations = self.episodes.room()
        found: Any = self.episodes.rewards() if self._vector is None else None
        unit = self.reward_unit if self.episodes.one_world else 1.0
        self.episodes.play(numbers, units, flows, observations, found, unit)
        over = self._over()
        if self._display is not None and not ended[0]:
            self._display.add({name: flows[k, 0] for name, k in self._columns.items()}, observations[0])
        if waits:  # their action is not played: this step begins a new episode
            over &= ~ended
            self._restart(ended, observations)
            if self.length < self.episodes.horizon:  # those that were truncated could play on, and did
                flows[:, ended] = 0.0
                if found is not None:
                    found[:, ended] = 0.0
        rewards = self._vector.of(flows, self.reward_unit) if self._vector is not None else found[0]
        infos = self._infos(flows)
        if self.autoreset_mode == AutoresetMode.SAME_STEP and over.any():
            final = self._final(observations, infos, over)
            self._restart(over, observations)
            infos = self._infos(copied_by_path(flows)) | final
            for name in self._columns:  # as at a reset
                infos[name][over] = 0.0
        never = np.zeros(self.num_envs, bool)
        terminated, truncated = (over, never) if self._ends else (never, over)
        return observations, rewards, terminated, truncated, infos

    def _over(self, nobody: np.ndarray | None = None) -> np.ndarray:
        """Tell which episodes are over (num_envs,), by an array that is given for where it is clear that none is."""
        together = self.episodes.together
        if together is None:
            return np.asarray(self.episodes.clock == self.length)
        if together == self.length:
            return np.ones(self.num_envs, bool)
        return np.zeros(self.num_envs, bool) if nobody is None else nobody

    def set_info(self, info: str) -> None:
        """Choose what `infos` tells from now on: `"all"` or `"none"`.

        Raises:
            ValueError: for another, and for `"none"` where the batch is rendered, or rewards are vectors.
        """
        if self._display is not None and info == "none":
            raise ValueError("render_mode: needs info='all', which says what happened, got info='none'")
        if self._vector is not None and info == "none":
            raise ValueError("info: must be 'all' where reward='vector', which is made of flows")
        self.episodes.tell(info, self.episodes.layout)
        self._name_columns()

    def _name_columns(self) -> None:
        """Note which flows are told, and where they are."""
        self._columns = {name: k for k, name in enumerate(self.episodes.flow_names) if name != "reward"}

    def set_autoreset_mode(self, mode: AutoresetMode) -> None:
        """Choose what becomes of an episode that is over, from now on."""
        self.autoreset_mode = mode
        self.metadata = {"autoreset_mode": mode, "render_modes": MODES, "render_fps": FPS}

    def _restart(self, mask: np.ndarray, observations: np.ndarray) -> None:
        rows = np.flatnonzero(mask)
        self.episodes.restart(rows)
        if len(rows) == self.num_envs:
            self.episodes.show(observations)
        else:
            observations[rows] = self.episodes.observe()[rows]
        if self._display is not None and mask[0]:
            self._display.begin(self.episodes, observations[0])

    def render(self) -> tuple[Any, ...]:
        """Return what `Env.render` does of the first row, and None of the others, as Gymnasium has one for each row.

        Raises:
            ValueError: without a `render_mode`.
            ResetNeeded: before the first episode.
        """
        if self._display is None:
            raise ValueError(f"render: this batch was made without a render_mode (one of {MODES})")
        return self._display.render(), *[None] * (self.num_envs - 1)

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, if there is one."""
        if self._display is not None:
            self._display.close()

    def _infos(self, flows: np.ndarray) -> dict[str, Any]:
        """Return the paths and the flows by name, each with a mask of rows that have it, as Gymnasium's envs do."""
        if not self._columns:
            return {}
        everyone = self._everyone.copy()
        infos: dict[str, Any] = {"path": self.episodes.path.copy(), "_path": everyone}
        for name, k in self._columns.items():
            infos[name] = flows[k]
            infos[f"_{name}"] = everyone
        return infos

    def _final(self, observations: np.ndarray, infos: dict[str, Any], over: np.ndarray) -> dict[str, Any]:
        final = np.full(self.num_envs, None, object)
        for b in np.flatnonzero(over):
            final[b] = observations[b].copy()
        info = {name: over if name.startswith("_") else value for name, value in infos.items()}
        return {"final_obs": final, "_final_obs": over, "final_info": info, "_final_info": over}
