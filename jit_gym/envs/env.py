"""One episode at a time: the Gymnasium env."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from ..common.checks import check_seed
from ..scenario import Scenario, load
from .display import FPS, MODES, display
from .episodes import EpisodeBatch
from .observation import MOST_ORDERED
from .orders import SINGLE, OrderUnits, read_orders, wrong_orders
from .reward import RewardVector, check_reward, unit_of
from .spec import SpecInJson, is_config


class Env(SpecInJson, gym.Env[np.ndarray, np.ndarray | OrderUnits]):
    """Just-in-time replenishment: order on each lane, period by period, before demand is known.

    ## Description
    Stock is held to serve demand. Each period you order on each lane; what you order ships, travels for its lead time
    and arrives; demand draws on the stock. Stock costs money, and so do customers who wait or leave. Suppliers and
    routes may fail. The scenario says which of this there is: `env.unwrapped.scenario`, or `jit-gym show NAME`.

    ## Order of Events
    1. See the observation. 2. Order on each lane. 3. Suppliers ship. 4. Shipments arrive whose lead time has passed.
    5. Demand comes and is served. 6. Costs are paid on what is then left, and revenue is earned. 7. Everything is one
    period older. (`jit_gym.physics.period` is these steps.)

    ## Action Space
    `Box(-1, 1, (lanes,), float32)`: -1 orders nothing on a lane, 0 what its stock is used in a period (an equal part of
    it where several lanes lead there), and 1 the most that can be ordered: twice the use or `most_ordered` times,
    an economic lot or the lane's minimum, or its capacity if that is less. Where the most is twice the use, a random
    action orders what is used on average. Orders are rounded to whole units, or batches, where the scenario counts in
    them. With `units="raw"`: units, from 0. A number beyond these bounds, infinity included, is cut to them; NaN is
    refused before anything is played. `env.unwrapped.orders(action)` tells the units. `step` takes units as well, in
    an `OrderUnits`: these are ordered as they are, and `most_ordered` does not limit them.

    ## Observation Space
    `Box(0, high, (n,), float32)`, each quantity in units of its own stock's, demand's or lane's use and cut at 100 of
    them (raw: in units); where chance depends on the date, the phase of each season, the periods to an announced spike,
    and the share of the horizon that has passed. `env.unwrapped.observation_names` names each number. See
    `jit_gym.envs.observation.Codec`.

    ## Rewards
    Revenue less costs of the period, in units of `env.unwrapped.reward_unit`: the money that a period costs on average
    under a plain base-stock rule, so that rewards are near -1 in every world (raw: in the scenario's money). `info`
    names each cost and the revenue, in money, each flow in units, and the path: `info["holding_cost"]`,
    `info["supplier.arrived"]`, `info["customers.short"]`; it has the same keys at reset, where all flows are 0.
    `env.unwrapped.costs()` tells the costs by stock, lane and demand.

    ## Starting State
    The scenario's initial stock and shipments. `reset(seed=s)` plays path 0 of seed s, each `reset()` after it the
    next path.

    ## Episode End
    Truncated at the horizon, for a business that goes on; terminated there in a scenario with `horizon.ends`.

    ## Arguments
    * `scenario`: a shipped name, a path to a YAML file, a mapping as YAML has it, or a `Scenario`. A mapping with the
      names of these arguments is taken for all of them (RLlib hands over its `env_config` so).
    * `overrides`: changes to it, dotted or nested: `{"lanes.supplier.lead_time": 2}`.
    * `units`: of observations and actions: `"mean-demand"` (default), in which each is of the size of 1, or `"raw"`.
    * `most_ordered`: the most that an action orders on a lane, in periods of its stock's use (default 2).
    * `rewards`: `"scaled"` (default) or `"money"`.
    * `reward`: `"scalar"` (default) or `"vector"`.
    * `info`: `"all"` (default), or `"none"` for training: `info` is empty, which makes a step quicker. Observations and
      rewards are the same to the bit.
    * `render_mode`: `"ansi"` for a line of text a period, `"rgb_array"` for a picture of the episode so far, (480, 640,
      3) bytes, and `"human"` for the same in a window, at each step (needs `jit-gym[render]`). They show what is
      observed and the flows of `info`, so a hidden disruption is not shown, and change nothing that is played.

    ## Version History
    * v1: actions, observations and rewards in units of what is used and of what a plain rule costs; the date is
      observed; `info` has the path at each step, and no reward.
    * v0: initial version.
    """

    metadata = {
        "render_modes": MODES,
        "render_fps": FPS,
    }

    _vector: RewardVector | None = None  # what rewards are made by, where they are vectors

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "lost-sales",
        overrides: Mapping[str, Any] | None = None,
        units: str = "mean-demand",
        most_ordered: float = MOST_ORDERED,
        rewards: str = "scaled",
        info: str = "all",
        render_mode: str | None = None,
        reward: str = "scalar",
    ) -> None:
        """Load the scenario and lay it out."""
        if is_config(scenario):
            self.__init__(**scenario)  # type: ignore[misc]
            return
        self.render_mode, self._display = render_mode, display(render_mode, info)
        check_reward(reward)
        told = "all" if reward == "vector" and info == "none" else info  # a vector is made of flows
        self._take(EpisodeBatch(load(scenario, overrides), 1, units, most_ordered, told))
        self.reward_unit = unit_of(rewards, self.scenario)
        if told != info:
            self._names.clear()
        if reward == "vector":
            self._give(RewardVector(self.episodes.layout))

    def _give(self, vector: RewardVector) -> None:
        """Reward with a vector from now on."""
        self._vector = vector
        self.reward_space, self.reward_names, self.reward_weights = vector.space, vector.names, vector.weights

    def _take(self, episodes: EpisodeBatch) -> None:
        """Play these episodes, a batch of one path."""
        self.scenario, self.episodes = episodes.scenario, episodes
        self.observation_space, self.action_space = self.episodes.codec.spaces
        self._shape: tuple[int, ...] = self.episodes.codec.lanes.shape
        self._flows, self._shown = episodes.no_flows(), episodes.room()
        self._given: list[np.ndarray] = [np.zeros((1, *self._shape), kind) for kind in (np.float32, float)]
        self._period = self._horizon = self.episodes.horizon
        self._ends = self.scenario.horizon.ends
        self._reward_place = self.episodes.reward_place
        names = episodes.flow_names if len(episodes.flow_names) > 1 else []
        self._names = [name if name != "reward" else "path" for name in names]  # of what is in `info`
        self._stale = True  # are the functions that play a step of the present world still to be found?

    @property
    def observation_names(self) -> list[str]:
        """Return the name of each number of an observation."""
        return self.episodes.codec.names

    @property
    def last_flows(self) -> np.ndarray:
        """Return what happened in the last period (flows, 1), in the order of `episodes.flow_names`."""
        return self._flows

    def costs(self) -> dict[str, float]:
        """Return the costs of the last period by stock, lane and demand, in money: `shop.holding_cost` and so on."""
        return {name: float(cost[0]) for name, cost in self.episodes.costs(self._flows).items()}

    def orders(self, action: np.ndarray) -> np.ndarray:
        """Return the units that an action (lanes,) orders on each lane, before they are rounded to whole ones."""
        return self.episodes.codec.orders(action)

    def action(self, orders: np.ndarray) -> np.ndarray:
        """Return the action (lanes,) that orders these units, or as many of them as can be ordered."""
        return self.episodes.codec.encode(np.asarray(orders, float))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the next path, or the first path of a seed."""
        super().reset(seed=None if seed is None else check_seed(seed))
        if seed is not None or not self.episodes.seeded:
            self.episodes.seed(int(self.np_random_seed or 0))
        self.episodes.restart(np.arange(1))
        self._period = 0
        self._stale |= not self.episodes.one_world
        info: dict[str, Any] = dict.fromkeys(self._names, 0.0)
        self._path = int(self.episodes.path[0])
        if info:
            info["path"] = self._path
        shown = self.episodes.observe()[0]
        if self._display is not None:
            self._display.begin(self.episodes, shown)
        return shown, info

    def step(self, action: np.ndarray | OrderUnits) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Order, and play one period; the reward is a number, or an array (components,)."""
        period = self._period
        if period >= self._horizon:
            raise ResetNeeded("the episode is over: call reset() first")
        if self._stale:
            self._begin()
        if type(action) is np.ndarray and action.dtype is SINGLE and action.shape == self._shape:  # as it mostly is
            self._numbers[:] = action
            refused, given = self._play_numbers(period), self._given[0]
        else:
            numbers, units = read_orders(action, self._shape, "action")
            kind = 0 if len(numbers) else 1
            given = self._given[kind]
            given[0] = units if kind else numbers
            refused = self._plays[kind](period)
        if refused:
            raise self.episodes.refusal(given, wrong_orders(given))
        self._period = self.episodes.together = period = period + 1
        place, info = self._reward_place, {}
        reward: Any = 0.0
        if self._names:
            flows = self._flow_row.tolist()
            reward = flows[place] / self.reward_unit
            flows[place] = self._path
            info = dict(zip(self._names, flows))  # noqa: B905 (a sixth of a step)
            if self._display is not None:
                self._display.add(info, self._shown_row)
        elif self._vector is None:
            reward = self._flows.item() / self.reward_unit
        if self._vector is not None:
            reward = self._vector.of(self._flows, self.reward_unit)[0]
        over = period == self._horizon
        return self._shown_row.copy(), reward, over and self._ends, over and not self._ends, info

    def _begin(self) -> None:
        """Find the functions that play a step of the present world, with numbers of the action space or with units."""
        arrays = {"flows": self._flows, "shown": self._shown.T}
        calls = (self.episodes.single(bool(k), given=given, **arrays) for k, given in enumerate(self._given))
        self._plays = [call.for_one() for call in calls]
        self._play_numbers, self._stale = self._plays[0], False
        self._numbers, self._shown_row, self._flow_row = self._given[0][0], self._shown[0], self._flows[:, 0]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of."""
        found = "_plays", "_play_numbers", "_numbers", "_shown_row", "_flow_row"
        return {name: value for name, value in vars(self).items() if name not in found} | {"_stale": True}

    def render(self) -> Any:
        """Return the last period as a line of text, or the episode so far as a picture (480, 640, 3).

        Raises:
            ValueError: without a `render_mode`.
            ResetNeeded: before the first episode.
        """
        if self._display is None:
            raise ValueError(f"render: this env was made without a render_mode (one of {MODES})")
        return self._display.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._display is not None:
            self._display.close()
