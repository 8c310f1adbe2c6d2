"""Many agents, one chain: PettingZoo's parallel API over the single env, `jit_gym.multi.parallel_env("beer-game")`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box

from ..common.text import quoted
from ..scenario import BadInput, Scenario, load
from .env import Env
from .observation import MOST_ORDERED
from .orders import OrderUnits, read_orders
from .team import Team

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError("jit_gym.multi needs PettingZoo (pip install jit-gym[multi])") from error


def parallel_env(scenario: str | Path | Mapping[str, Any] | Scenario = "beer-game", **arguments: Any) -> ManyAgentsEnv:
    """Return PettingZoo's parallel env of a scenario, one agent a stage or a lane; see `ManyAgentsEnv`."""
    return ManyAgentsEnv(scenario, **arguments)


class ManyAgentsEnv(ParallelEnv[str, np.ndarray, "np.ndarray | OrderUnits"]):
    """A network that many agents run at once, each with its own stock and lanes; it plays an `Env`, step by step.

    ## Agents
    With `agents="stage"` one for each stock, which orders on all lanes to it and has the stock's name; with
    `agents="lane"` one for each lane, which has the lane's name. All of them live until the episode ends.

    ## Action Spaces
    An agent's numbers of the action space of `Env`: one for each of its lanes, in the order of the scenario, with the
    same meaning. An agent may give its units in an `OrderUnits`; then all must.

    ## Observation Spaces
    An agent's own numbers of the observation of `Env`, in the same units; `observation_names(agent)` names them. It
    sees its stock, the lanes that it orders on, the backlog and the forecast of the demands that draw on its stock,
    what its stock owes to other stocks (what waits unshipped on their lanes), and what is nobody's: dates and announced
    spikes. It sees neither the stock of others nor orders that are still on their way to it; what was asked of it in
    the last period is what it used, and what its backlogs have grown by. `state()` is the whole observation.

    ## Rewards
    In the units of `Env` (`rewards`: `"scaled"` or `"money"`). With `rewarded="own"` an agent gets what its stock and
    lanes earn, less what they cost, and all of them together what `Env` gives; who pays for what is in
    `jit_gym.physics.costs.earned`. In the beer game it is a player's own stock and backlog. With `rewarded="shared"`
    each agent gets all that `Env` gives.

    ## Infos
    The flows of an agent's own stock, lanes and demands, the `path`, and its reward in money, `earned`; none of it with
    `info="none"`.

    ## Episode End
    As `Env` says: terminated at the horizon in a scenario with `horizon.ends`, else truncated there, or after
    `max_cycles` periods, if that is sooner.

    Args:
        scenario: as `Env` takes it: a shipped name, a path to a YAML file, a mapping as YAML has it, or a `Scenario`.
        agents: `"stage"` or `"lane"`.
        rewarded: `"own"` or `"shared"`.
        max_cycles: periods after which an episode is truncated, if that is before the horizon.
        info: `"all"` or `"none"`.
        overrides, units, most_ordered, rewards, render_mode: as in `Env`.

    Raises:
        BadInput: for what `Env` refuses, and for names by which one cannot tell what is whose.
    """

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "beer-game",
        agents: str = "stage",
        rewarded: str = "own",
        overrides: Mapping[str, Any] | None = None,
        units: str = "mean-demand",
        most_ordered: float = MOST_ORDERED,
        rewards: str = "scaled",
        max_cycles: int | None = None,
        info: str = "all",
        render_mode: str | None = None,
    ) -> None:
        """Make the env of the whole, and divide it among the agents."""
        if max_cycles is not None and (not isinstance(max_cycles, int) or max_cycles < 1):
            raise BadInput(f"max_cycles: must be a whole number, 1 or more, got {quoted(max_cycles)}")
        if info not in ("all", "none"):
            raise BadInput(f"info: must be 'all' or 'none', got {quoted(info)}")
        self.env = Env(load(scenario, overrides), None, units, most_ordered, rewards, "all", render_mode)
        self.team = Team(self.env.episodes.codec, agents, rewarded)
        self.max_cycles = max_cycles or self.env.episodes.horizon
        self.render_mode, self.reward_unit = render_mode, self.env.reward_unit
        self.metadata = {**Env.metadata, "name": f"jit_gym_{self.env.scenario.name}_v1", "is_parallelizable": True}
        self.possible_agents = list(self.team.names)
        self.agents: list[str] = []
        self.members = dict(zip(self.team.names, self.team.members, strict=True))
        self.observation_spaces = {name: self.team.observation_space(each) for name, each in self.members.items()}
        self.action_spaces = {name: self.team.action_space(each) for name, each in self.members.items()}
        names = self.env.episodes.flow_names
        self._told: dict[str, list[str]] = {name: [] for name in self.possible_agents}
        if info == "all":
            for name, each in self.members.items():
                self._told[name] = [flow for flow in names if flow.partition(".")[0] in self.team.knows(each)]
        self._tells, self._period = info == "all", 0
        self._whole = np.zeros(len(self.env.observation_names), np.float32)

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that is played."""
        return self.env.scenario

    def observation_space(self, agent: str) -> Box:
        """Return the space of what an agent sees, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Box:
        """Return the space of an agent's actions, always the same object."""
        return self.action_spaces[agent]

    def observation_names(self, agent: str) -> list[str]:
        """Return the name of each number that an agent sees."""
        return [self.env.observation_names[place] for place in self.members[agent].places]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Begin the next path, or the first path of a seed, as `Env` does."""
        self._whole, info = self.env.reset(seed=seed, options=options)
        self.agents, self._period = list(self.possible_agents), 0
        return self._seen(), self._infos(info, np.zeros(len(self.agents)))

    def step(
        self, actions: Mapping[str, np.ndarray | OrderUnits]
    ) -> tuple[dict[str, np.ndarray], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Order for each agent, and play one period.

        Raises:
            BadInput: for an agent without an action, or one too many, and for what cannot be ordered.
            ResetNeeded: before the first reset, and after the end of an episode.
        """
        if not self.agents:
            raise ResetNeeded("the episode is over, or none has begun: call reset() first")
        action = self._joined(actions)
        read = self.team.orders_read(self.env.episodes)
        self._whole, _, terminated, truncated, info = self.env.step(action)
        self._period += 1
        truncated |= self._period >= self.max_cycles and not terminated
        money = self.team.rewards(self.env.episodes, self.env.last_flows, read)[0]
        names = self.agents
        observations, infos = self._seen(), self._infos(info, money)
        rewards = dict(zip(names, (money / self.reward_unit).tolist(), strict=True))
        if terminated or truncated:
            self.agents = []
        return observations, rewards, dict.fromkeys(names, terminated), dict.fromkeys(names, truncated), infos

    def state(self) -> np.ndarray:
        """Return the whole observation, as `Env` shows it."""
        return self._whole.copy()

    def render(self) -> Any:
        """Return what `Env` draws or writes."""
        return self.env.render()

    def close(self) -> None:
        """Close the env."""
        self.env.close()

    def _seen(self) -> dict[str, np.ndarray]:
        return {name: self._whole[each.places] for name, each in self.members.items()}

    def _infos(self, info: dict[str, Any], money: np.ndarray) -> dict[str, dict[str, Any]]:
        """Return what each agent is told: its own flows, the path, and what it earned."""
        if not self._tells:
            return {name: {} for name in self.possible_agents}
        return {
            name: {flow: info[flow] for flow in flows} | {"path": info["path"], "earned": float(earned)}
            for (name, flows), earned in zip(self._told.items(), money, strict=True)
        }

    def _joined(self, actions: Mapping[str, np.ndarray | OrderUnits]) -> np.ndarray | OrderUnits:
        """Return the action of all agents together."""
        wrong = sorted(set(self.agents) ^ set(actions))
        if wrong:
            must = f"must have an action for each of {', '.join(self.agents)}"
            raise BadInput(f"actions: {must}, and no other, see {wrong[0]!r}")
        numbers, units = (np.zeros(self.env.action_space.shape or (), kind) for kind in (np.float32, float))
        in_units = 0
        for name in self.agents:
            lanes = self.members[name].lanes
            given, wanted = read_orders(actions[name], (len(lanes),), f"actions of {name}")
            in_units += not len(given)
            (numbers if len(given) else units)[lanes] = given if len(given) else wanted
        if in_units and in_units < len(self.agents):
            raise BadInput("actions: must be units (OrderUnits) for all agents, or for none")
        return OrderUnits(units) if in_units else numbers
