"""Each episode another world: envs of a family of scenarios, single and in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from ..chance import Chance
from ..common.checks import check_count, check_seed
from ..kernels.machine_code import Kernel, by_path, copied_by_path
from ..physics.costs import by_part
from ..physics.layout import Layout
from ..physics.loop import LoopKernel
from ..physics.recorded import Kind
from ..physics.simulate import paths_last
from ..physics.tables import Sizes
from ..physics.view import View
from ..scenario import BadInput, Distribution, Family, Scenario, family
from ..scenario.families import TRAIN
from .env import Env
from .episodes import EpisodeBatch
from .observation import MOST_ORDERED, Codec, Shape
from .orders import OrderUnits
from .reward import unit_of
from .step_program import CodecKind, observation_kernel, step_kernel
from .vector import VectorEnv

WORLDS = 64
"""How many worlds of a regime are played, one after the other, unless the env is told otherwise."""


class Context:
    """The numbers of a world as a network sees them: each key that varies, between 0 and 1.

    A number is 0 at the least value that it has in any regime and 1 at the greatest. Of values that are no numbers
    there is one entry each, 1 where the world has it.
    """

    def __init__(self, of: Family) -> None:
        """Find the range of each key over all regimes."""
        self.ranges: dict[str, tuple[float, float]] = {}
        self.choices: dict[str, list[Any]] = {}
        found: dict[str, list[Any]] = {}
        for world in of.extremes():
            for key in of.keys:
                found.setdefault(key, []).append(value_at(world, key))
        for key, values in found.items():
            if all(isinstance(value, float) for value in values):
                self.ranges[key] = min(values), max(values)
            else:
                self.choices[key] = sorted({repr(value) for value in values})

    def of(self, world: Scenario) -> dict[str, float]:
        """Return the numbers of a world by their names.

        Raises:
            BadInput: for a world with a value that no world of the family has.
        """
        numbers = {}
        for key, (low, high) in self.ranges.items():
            value = value_at(world, key)
            if not isinstance(value, float) or not low <= value <= high:
                raise BadInput(f"{world.name}: {key} must be from {low:g} to {high:g} in this family, got {value}")
            numbers[f"world.{key}"] = (value - low) / (high - low or 1.0)
        for key, choices in self.choices.items():
            value = repr(value_at(world, key))
            if value not in choices:
                raise BadInput(f"{world.name}: {key} has a value that no world of this family has, {value}")
            numbers |= {f"world.{key}_{j}": float(choice == value) for j, choice in enumerate(choices)}
        return numbers


def value_at(world: Scenario, key: str) -> Any:
    """Return what a world has at a dotted key: a number where it is one, also where it stands for a distribution."""
    part: Any = world
    for name in key.split("."):
        part = part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)
    if isinstance(part, Distribution) and part.is_fixed:
        return part.mean
    is_number = isinstance(part, int | float) and not isinstance(part, bool)
    return float(part) if is_number else part


class FamilyCodec:
    """Makes the codec of each world of a family: all have one shape of observation, and tables of the same sizes."""

    def __init__(self, of: Family, most_ordered: float = MOST_ORDERED, context: bool = True) -> None:
        """Find the shape that fits all worlds, from those at the ends of what varies."""
        self.family, self.most_ordered = of, most_ordered
        layouts = [Layout(world) for world in of.extremes()]
        self.room = Sizes._make(map(max, *(layout.sizes for layout in layouts)))
        self.shape = Shape.merged([Codec(layout, most_ordered=most_ordered).shape for layout in layouts])
        self.columns = max(layout.columns.chance + layout.columns.seen for layout in layouts)
        self.context = Context(of) if context else None

    def layout(self, world: Scenario) -> Layout:
        """Return a world's layout, in tables as large as any world needs."""
        layout = Layout(world, self.room)
        if layout.sizes != self.room or layout.columns.chance + layout.columns.seen > self.columns:
            raise BadInput(f"{world.name}: needs more room than the worlds at the ends of what varies")
        return layout

    def codec(self, layout: Layout) -> Codec:
        """Return the codec of a world."""
        context = self.context.of(layout.scenario) if self.context else None
        return Codec(layout, most_ordered=self.most_ordered, shape=self.shape, context=context)


class FamilyBatch(EpisodeBatch):
    """Episodes of the worlds of a family: path p of a seed s plays world (s + p) mod `worlds`."""

    one_world = False

    def __init__(
        self,
        of: Family,
        paths: int,
        most_ordered: float = MOST_ORDERED,
        regime: str = TRAIN,
        worlds: int = WORLDS,
        world_seed: int = 0,
        context: bool = True,
        rewards: str = "scaled",
        info: str = "all",
    ) -> None:
        """Make room for them; worlds are laid out when they are first played."""
        check_count("worlds", worlds, 1)
        of.varied(regime)
        self.family, self.regime, self.worlds, self.world_seed = of, regime, worlds, check_seed(world_seed)
        self.codecs, self._rewards = FamilyCodec(of, most_ordered, context), rewards
        layout = self.codecs.layout(of.world(0, regime, self.world_seed))
        codec = self.codecs.codec(layout)
        self._make_room(of.base, layout, codec, paths, self.codecs.columns, info)
        self._laid_out: dict[int, tuple[Layout, Codec, Chance]] = {}
        self._net, self._codec = (np.zeros((len(each.numbers), worlds)) for each in (layout, codec))  # of each world
        self._dates = np.zeros((worlds, *codec.dates.shape))
        self._groups: list[tuple[Layout, Codec, np.ndarray]] = []
        self._units = np.ones(worlds)
        self.world = np.zeros(paths, np.int64)  # the one being played

    @property
    def reward_units(self) -> np.ndarray:
        """Return the money that a reward of 1 stands for on each path (paths,)."""
        return self._units[self.world]

    def restart(self, rows: np.ndarray) -> None:
        """Begin the next episode on these rows (indices), each in its next world."""
        self._begin(rows)
        seeds = np.array([int(seed) % self.worlds for seed in self._seeds[rows]], np.int64)
        self.world[rows] = (seeds + self.path[rows]) % self.worlds
        for k in np.unique(self.world[rows]):
            there = rows[self.world[rows] == k]
            layout, _, chance = self._of(int(k))
            self._start(there, layout, paths_last(chance.draw(self._seeds[there], self.path[there]).rows))
        self._groups = self._grouped()

    def _grouped(self) -> list[tuple[Layout, Codec, np.ndarray]]:
        """Return the paths whose worlds are of one kind, which play together, with a layout and a codec of the kind."""
        kinds: dict[Any, tuple[Layout, Codec, list[int]]] = {}
        for k in np.unique(self.world):
            layout, codec, _ = self._of(int(k))
            kind = kinds.setdefault((Kind(layout), CodecKind(codec)), (layout, codec, []))
            kind[2].append(int(k))
        return [
            (layout, codec, np.flatnonzero(np.isin(self.world, worlds))) for layout, codec, worlds in kinds.values()
        ]

    def costs(self, flows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the costs of the last period by stock, lane and demand (paths,), from its flows."""
        self._need_all(flows)
        tables = self._tables(flows)
        costs: dict[str, np.ndarray] = {}
        for k in np.unique(self.world):
            here = (self.world == k) & (self.clock > 0)
            for name, cost in by_part(self._of(int(k))[0], *tables).items():
                costs.setdefault(name, np.zeros(self.paths))[here] = cost[here]
        return costs

    def observe(self) -> np.ndarray:
        """Return what each path shows (paths, observation)."""
        out = self.room()
        for layout, codec, paths in self._groups:
            kernel = observation_kernel(layout, codec, own=True)
            self._call_group(layout, kernel, paths, 0, out, state=copied_by_path(self.states[:, paths]))
        return out

    def _step(self, given: np.ndarray, units: bool, flows: np.ndarray, out: np.ndarray) -> None:
        for layout, codec, paths in self._groups:
            kernel = step_kernel(layout, codec, units, len(flows) > 1, own=True)
            state, told = copied_by_path(self.states[:, paths]), by_path(len(flows), len(paths))
            self._call_group(layout, kernel, paths, 1, out, state=state, given=given[paths], flows=told)
            self.states[:, paths], flows[:, paths] = state, told

    def _call_group(
        self,
        layout: Layout,
        kernel: Kernel | LoopKernel,
        paths: np.ndarray,
        ahead: int,
        out: np.ndarray,
        **arrays: np.ndarray,
    ) -> None:
        """Call a kernel on some paths, whose quantities are those of their worlds."""
        worlds, columns = self.world[paths], layout.columns
        rows = np.ascontiguousarray(self._rows_now(paths, ahead)[:, : columns.chance + columns.seen])
        net, codec = (copied_by_path(numbers[:, worlds]) for numbers in (self._net, self._codec))
        arrays |= {"net": net, "codec": codec, "chance": rows}
        arrays |= {"next": rows[1:]} if ahead else {}
        shown = by_path(self.width, len(paths), np.float32)
        dates = self._dates[0]  # overwritten below
        kernel.on(len(paths), dates=dates, shown=shown, **arrays)()
        if dates.shape[1]:
            shown[-dates.shape[1] :] = self._dates[worlds, np.minimum(self.clock[paths] + ahead, self.horizon)].T
        out[paths] = shown.T

    def world_of(self, b: int) -> tuple[Layout, Codec]:
        """Return the world that path b plays, and what its observations and actions mean."""
        return self._of(int(self.world[b]))[:2]

    def view(self) -> View:
        """Refuse: a view is of one world."""
        raise BadInput("env: plays a family, whose rows are of several worlds (make an env of one: family.world(k))")

    def _of(self, k: int) -> tuple[Layout, Codec, Chance]:
        """Return the layout, the codec and the chance of world k, laid out when it is first played."""
        if k not in self._laid_out:
            world = self.family.world(k, self.regime, self.world_seed)
            layout = self.codecs.layout(world)
            codec = self.codecs.codec(layout)
            self._net[:, k], self._codec[:, k], self._dates[k] = layout.numbers, codec.numbers, codec.dates
            self._units[k] = unit_of(self._rewards, world)
            self._laid_out[k] = layout, codec, Chance(world)
        return self._laid_out[k]


class FamilyEnv(Env):
    """An `Env` that plays another world of a family in each episode.

    Actions, rewards and the order of events are those of `Env`, in units of each world's own use and of what a plain
    rule costs there. The observation has one layout for all worlds of the family: numbers that a world does not have
    are 0. Behind them stand the world's numbers, `world.KEY`, each between 0 and 1 over all regimes (`context=False`
    hides them). `info["world"]` is the number of the world: path p of seed s plays world (s + p) mod `worlds`.

    Args:
        family: a shipped name, a path to a YAML file, a mapping as YAML has it, or a `Family`.
        regime: which worlds: `train`, or another regime of the family.
        worlds: how many of them are played, one after the other.
        world_seed: the seed that the worlds themselves are drawn from.
        context: whether the world's numbers are observed.
        most_ordered, rewards, info: as in `Env`.
    """

    metadata = {"render_modes": [], "render_fps": 4}
    episodes: FamilyBatch

    def __init__(
        self,
        family: str | Path | Mapping[str, Any] | Family = "lost-sales-family",
        regime: str = TRAIN,
        worlds: int = WORLDS,
        world_seed: int = 0,
        context: bool = True,
        most_ordered: float = MOST_ORDERED,
        rewards: str = "scaled",
        info: str = "all",
        render_mode: str | None = None,
    ) -> None:
        """Load the family and find what all its worlds can show."""
        if render_mode is not None:
            raise ValueError(f"render_mode: a family is not rendered, got {render_mode!r} (render one of its worlds)")
        self.render_mode = None
        self.family = _loaded(family)
        episodes = FamilyBatch(self.family, 1, most_ordered, regime, worlds, world_seed, context, rewards, info)
        self._take(episodes)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the next path, or the first path of a seed, each in its own world."""
        shown, info = super().reset(seed=seed, options=options)
        self.reward_unit = float(self.episodes.reward_units[0])
        return shown, info and info | {"world": int(self.episodes.world[0])}

    def step(self, action: np.ndarray | OrderUnits) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Order, and play one period."""
        shown, reward, terminated, truncated, info = super().step(action)
        if info:
            info["world"] = int(self.episodes.world[0])
        return shown, reward, terminated, truncated, info


class FamilyVectorEnv(VectorEnv):
    """A batch of `FamilyEnv`, played together by compiled code; arguments are those of `FamilyEnv` and `VectorEnv`."""

    episodes: FamilyBatch

    def __init__(
        self,
        family: str | Path | Mapping[str, Any] | Family = "lost-sales-family",
        num_envs: int = 1,
        regime: str = TRAIN,
        worlds: int = WORLDS,
        world_seed: int = 0,
        context: bool = True,
        most_ordered: float = MOST_ORDERED,
        rewards: str = "scaled",
        info: str = "all",
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        """Load the family and find what all its worlds can show."""
        self.family = _loaded(family)
        self._check(num_envs, max_episode_steps, render_mode)
        episodes = FamilyBatch(self.family, num_envs, most_ordered, regime, worlds, world_seed, context, rewards, info)
        self._take(episodes, max_episode_steps, autoreset_mode)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin new episodes, as `VectorEnv.reset` does, each in the next world of its row."""
        shown, infos = super().reset(seed=seed, options=options)
        self.reward_unit = self.episodes.reward_units
        return shown, infos

    def _restart(self, mask: np.ndarray, observations: np.ndarray) -> None:
        super()._restart(mask, observations)
        self.reward_unit = self.episodes.reward_units

    def _infos(self, flows: np.ndarray) -> dict[str, Any]:
        world = {"world": self.episodes.world.copy(), "_world": self._everyone.copy()}
        infos = super()._infos(flows)
        return infos and infos | world


_loaded = family
"""The loader by another name, as arguments are called `family`."""
