"""Record what a policy does in an env, as a data set that Minari reads, to learn from without playing."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box

from ..common import files
from ..common.checks import BadInput, check_count, check_seed
from ..common.provenance import commit, versions
from ..common.text import quoted
from ..envs.episodes import EpisodeBatch
from ..envs.observation import MOST_ORDERED
from ..envs.orders import NO_UNITS
from ..envs.reward import unit_of
from ..physics import Simulation
from ..policies import policy
from ..scenario import Scenario, load
from .play import name_of, orders_of, turns

FORMAT = "0.5.0"
"""The version of Minari whose files these are; later ones say which they read."""
SEEDS = 1 << 63
"""The seeds of episodes are less: HDF5 has no larger whole numbers."""
NAMED = re.compile(r"[\w-]{2,}(?:/[\w-]{2,})*/[\w-]+-v\d+")
USUAL = {"units": "mean-demand", "most_ordered": MOST_ORDERED, "rewards": "scaled"}
"""Arguments of an env that need not be told."""


@dataclass(frozen=True)
class Recording:
    """A data set that was written.

    `returns` (episodes,) is the sum of each episode's rewards. `cut` is the share of the orders that the env's actions
    could not express, as they were more than it lets anybody order at once: of them the most was ordered.
    """

    dataset_id: str
    folder: Path
    episodes: int
    steps: int
    cut: float
    returns: np.ndarray = field(repr=False)


def record(
    what: Any,
    scenario: str | Path | Mapping[str, Any] | Scenario,
    out: str | Path = "datasets",
    *,
    episodes: int = 100,
    seed: int = 0,
    name: str | None = None,
    units: str = "mean-demand",
    most_ordered: float = MOST_ORDERED,
    rewards: str = "scaled",
    infos: bool = False,
) -> Recording:
    """Play a policy in the env of a scenario, and write what it saw and did as a data set that Minari reads.

    Episode k is what `env.reset(seed=seed + k)` begins. What is written are the env's observations and rewards to the
    bit, and the actions by which it plays what the policy orders. `minari.load_dataset(name)` reads it where
    `MINARI_DATASETS_PATH` is `out`, `minari.MinariDataset(recording.folder / "data")` anywhere, and its
    `recover_environment()` makes the env again. Minari itself is not needed to write it.

    Args:
        what: a policy, as `jit_gym.policy` takes it.
        scenario: the world, as `jit_gym.load` takes it.
        out: the folder of data sets. The new one lies in a folder of its own in it, as its name says.
        episodes: how many.
        seed: of the first episode.
        name: of the data set, by default `SCENARIO/POLICY-v0`.
        units: of observations and actions, as in `gym.make`, and so are `most_ordered` and `rewards`.
        most_ordered: the most that an action orders, in periods of use.
        rewards: `"scaled"` or `"money"`.
        infos: write what `info` holds of each step as well: costs in money, flows in units, as at reset and after each
            step (periods + 1,), but the path, which is always the first of its seed.

    Raises:
        BadInput: for a name that is none, or is taken; where h5py is missing; and for a policy that does not fit.
        OSError: in one line, where it cannot be written.
    """
    world = load(scenario)
    check_count("episodes", episodes, 1)
    if check_seed(seed) + episodes > SEEDS:
        raise BadInput(f"seed: must be less than 2**63, so that the file can hold each episode's, got {seed}")
    player = policy(what, world)
    dataset_id = _id_of(world, name_of(player), name)
    folder = Path(out) / dataset_id
    files.check_folder(folder)
    hdf5 = _hdf5()
    asked = {"units": units, "most_ordered": most_ordered, "rewards": rewards}
    told = "all" if infos else "none"
    try:
        one, unit = EpisodeBatch(world, 1, units, most_ordered, told), unit_of(rewards, world)
    except ValueError as error:
        raise BadInput(str(error)) from None
    width = one.rows.shape[1] + one.width + len(one.flow_names) + len(world.lanes)
    buffer, returns, cut = io.BytesIO(), list[np.ndarray](), 0
    with hdf5.File(buffer, "w", track_order=True) as file:
        for some in turns(episodes, width * (one.horizon + 1)):
            played = _play(player, EpisodeBatch(world, len(some), units, most_ordered, told), seed + int(some[0]))
            for episode, arrays in zip(some.tolist(), played.episodes(unit, infos), strict=True):
                group = file.create_group(f"episode_{episode}")
                group.attrs.update(id=episode, seed=seed + episode, total_steps=one.horizon)
                for key, array in arrays.items():
                    group.create_dataset(key, data=array)
            returns.append(played.rewards(unit).sum(axis=0))
            cut += played.cut
    steps = episodes * one.horizon
    metadata = {
        "total_episodes": episodes,
        "total_steps": steps,
        "dataset_id": dataset_id,
        "dataset_size": round(buffer.tell() / 1e6, 1),
        "algorithm_name": name_of(player),
        "description": f"{name_of(player)} in {world.name}, seeds from {seed} on",
        "env_spec": _spec_of(world, asked),
        **_about(one),
    }
    contents: dict[str, str | bytes] = {
        "data/main_data.hdf5": buffer.getvalue(),
        "data/metadata.json": json.dumps(metadata, indent=1),
    }
    files.write_folder(folder, contents)
    share = cut / (steps * len(world.lanes))
    return Recording(dataset_id, folder, episodes, steps, share, np.concatenate(returns))


@dataclass(frozen=True)
class _Played:
    """What happened in a batch of episodes, period by period."""

    batch: EpisodeBatch
    seen: np.ndarray  # (periods + 1, paths, numbers)
    actions: np.ndarray  # (periods, paths, lanes)
    flows: np.ndarray  # (periods + 1, flows, paths); 0 at reset
    cut: int  # orders that were more than an action can order

    def rewards(self, unit: float) -> np.ndarray:
        """Return the rewards (periods, paths), in a unit of money."""
        rewards: np.ndarray = self.flows[1:, self.batch.reward_place] / unit
        return rewards

    def episodes(self, unit: float, infos: bool) -> Iterator[dict[str, np.ndarray]]:
        """Yield the arrays of each episode, by the names that Minari gives them."""
        rewards, ends = self.rewards(unit), np.zeros((2, self.batch.horizon), bool)
        ends[0 if self.batch.scenario.horizon.ends else 1, -1] = True
        for k in range(self.batch.paths):
            arrays = {"observations": self.seen[:, k], "actions": self.actions[:, k], "rewards": rewards[:, k]}
            arrays |= {"terminations": ends[0], "truncations": ends[1]}
            if infos:
                told = {name: self.flows[:, j, k] for j, name in enumerate(self.batch.flow_names) if name != "reward"}
                arrays |= {f"infos/{name}": flow for name, flow in told.items()}
            yield arrays


def _play(player: Any, batch: EpisodeBatch, seed: int) -> _Played:
    """Play a policy in a batch by actions of its action space, row b on path 0 of seed + b."""
    seeds = [seed + b for b in range(batch.paths)]
    world = Simulation(batch.layout, batch.chance.draw(seeds, np.zeros(batch.paths, np.int64)))
    batch.states = world.arrays["state"]  # so that the policy sees what the batch plays
    batch.seed(seeds)
    batch.restart(np.arange(batch.paths))
    flows, shown, cut = batch.no_flows(), batch.observe(), 0
    seen, actions, told = [shown.copy()], list[np.ndarray](), [flows.copy()]
    limits, most = batch.layout.net.lanes["order_limit"], batch.codec.lanes["limit"]
    for t in range(batch.horizon):
        world.period = t
        orders = orders_of(player, world)
        action = np.ascontiguousarray(batch.codec.encode(orders))
        batch.check(action, NO_UNITS)
        cut += int((np.minimum(orders, limits) > most * (1.0 + 1e-9)).sum())
        batch.play(action, NO_UNITS, flows, shown)
        for kept, new in ((actions, action), (seen, shown), (told, flows)):
            kept.append(new.copy())
    return _Played(batch, np.array(seen), np.array(actions), np.array(told), cut)


def _about(batch: EpisodeBatch) -> dict[str, Any]:
    """Return what a data set says of its format, its spaces, and the code that made it."""
    seen, done = batch.codec.spaces
    found = versions()
    return {
        "data_format": "hdf5",
        "minari_version": FORMAT,
        "observation_space": _box(seen),
        "action_space": _box(done),
        "requirements": [f"jit-gym=={found['jit_gym']}"],
        "jit_gym": {"fingerprint": batch.scenario.fingerprint, "commit": commit(), "versions": found},
    }


def _id_of(world: Scenario, player: str, name: str | None) -> str:
    """Return the name of a data set, by default that of a scenario and a policy."""
    if name is None:
        words = (re.sub(r"[^\w-]+", "-", text).strip("-") for text in (world.name, player))
        scenario, player = (word if len(word) > 1 else f"{word or 'x'}-" for word in words)
        return f"{scenario}/{player}-v0"
    if not NAMED.fullmatch(name):
        raise BadInput(f"name: must be like shop/base-stock-v0, of letters, digits, - and _, got {quoted(name)}")
    return name


def _hdf5() -> Any:
    """Return the library that writes HDF5."""
    try:
        import h5py
    except ModuleNotFoundError:
        raise BadInput("the package h5py is missing (pip install 'jit-gym[offline]')") from None
    return h5py


def _spec_of(world: Scenario, asked: Mapping[str, Any]) -> str:
    """Return what makes the env again, as Gymnasium writes it: the shipped one where it is, else with the world."""
    shipped = [spec.id for spec in gym.registry.values() if spec.kwargs.get("scenario") == world.name]
    own = not shipped or load(world.name) != world
    spec = copy.deepcopy(gym.spec("jit_gym/Scenario-v1" if own else shipped[0]))
    spec.kwargs |= {key: value for key, value in asked.items() if value != USUAL[key]}
    if own:
        spec.kwargs["scenario"] = world.resolved
    return str(spec.to_json())


def _box(space: Box) -> str:
    """Return a space as Minari writes it: a text in JSON."""
    bounds = {"low": space.low.tolist(), "high": space.high.tolist()}
    return json.dumps({"type": "Box", "dtype": str(space.dtype), "shape": list(space.shape), **bounds})
