"""Each episode another world: envs of a family of scenarios, single and in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from ..chance import Chance
from ..common.checks import check_count, check_seed
from ..kernels.call_of_many import CallOfMany, PathsOf
from ..kernels.machine_code import Call, Kernel
from ..kernels.memory import WIDTH, copied_by_path
from ..kernels.symbols import ORDER
from ..physics.costs import by_part
from ..physics.layout import Layout
from ..physics.loop import LoopCall
from ..physics.tables import Sizes
from ..physics.view import View
from ..scenario import BadInput, Distribution, Family, Scenario, family
from ..scenario.families import TRAIN
from .display import display
from .env import Env
from .episodes import EpisodeBatch
from .observation import MOST_ORDERED, Codec, Shape
from .orders import OrderUnits
from .reward import unit_of
from .step_program import part_observation_kernel, part_step_kernel
from .vector import VectorEnv

WORLDS = 64
"""How many worlds of a regime are played, one after the other, unless the env is told otherwise."""

TOGETHER = 2 * WIDTH
"""How many paths of a world are played before those of other worlds."""


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
        self._parts: dict[Any, Kernel] = {}
        self._dates = np.zeros((worlds, *codec.dates.shape))
        self._sorted: Sorted | None = None
        self._units = np.ones(worlds)
        self.world = np.zeros(paths, np.int64)  # the one being played

    @property
    def reward_units(self) -> np.ndarray:
        """Return the money that a reward of 1 stands for on each path (paths,)."""
        return self._units[self.world]

    def restart(self, rows: np.ndarray) -> None:
        """Begin the next episode on these rows (indices), each in its next world."""
        self._unsort()
        self._begin(rows)
        first = (self._seeds[rows] % self.worlds).astype(np.int64)  # seeds are Python's numbers, of any size
        self.world[rows] = (first + self.path[rows]) % self.worlds
        order = rows[np.argsort(self.world[rows], kind="stable")]
        drawn = np.zeros((self.horizon + 1, self.rows.shape[1], len(rows)))  # in this order
        for k, part in self._by_world(order):
            layout, _, chance = self._of(k)
            there = order[part]
            own = self._drawn(chance, there)
            drawn[:, : own.shape[1], part] = own
            self.states[: layout.state_size, there] = layout.start[:, None]
        if len(rows) == self.paths:  # which is quicker
            np.take(drawn, np.argsort(order), axis=2, out=self.rows, mode="clip")
        else:
            self.rows[:, :, order] = drawn

    def _by_world(self, order: np.ndarray) -> Iterator[tuple[int, slice]]:
        """Yield the worlds of some paths, sorted by world, and which of these paths play each."""
        worlds, starts = np.unique(self.world[order], return_index=True)
        for k, ends in zip(worlds.tolist(), pairwise([*starts.tolist(), len(order)]), strict=True):
            yield k, slice(*ends)

    @property
    def sorted(self) -> Sorted:
        """Return the paths sorted by worlds, at the state where they are."""
        if self._sorted is None:
            self._sorted = Sorted(self)
        return self._sorted

    def parts(self, order: np.ndarray, ahead: bool, units: bool, flows: bool, rewards: bool) -> list[PathsOf]:
        """Return the kernels that play some paths, sorted by world: a step, or what is shown before it.

        A few paths of one world are followed by those of others that lie beside them, while these are in the cache.
        """
        found = []
        for k, part in self._by_world(order):
            layout, codec, _ = self._of(k)
            if (key := (k, ahead, units, flows, rewards)) not in self._parts:
                of_world = layout, codec, self.codecs.columns
                self._parts[key] = (
                    part_step_kernel(*of_world, units, flows, rewards) if ahead else part_observation_kernel(*of_world)
                )
            for first in range(part.start, part.stop, TOGETHER):
                few = slice(first, min(first + TOGETHER, part.stop))
                arrays = {"net": layout.numbers, "codec": codec.numbers}
                if ahead:
                    arrays["unit"] = self._units[k : k + 1]
                found.append(PathsOf(self._parts[key], few, arrays))
        return sorted(found, key=lambda each: int(order[each.paths.start]))

    def _unsort(self) -> None:
        """Put the state of the sorted paths back."""
        if self._sorted is not None:
            self.states[:, self._sorted.order] = self._sorted.states
            self._sorted = None

    def costs(self, flows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the costs of the last period by stock, lane and demand (paths,), from its flows."""
        self._need_all(flows)
        self._unsort()
        tables = self.tables(flows)
        costs: dict[str, np.ndarray] = {}
        for k in np.unique(self.world):
            here = (self.world == k) & (self.clock > 0)
            for name, cost in by_part(self._of(int(k))[0], *tables).items():
                costs.setdefault(name, np.zeros(self.paths))[here] = cost[here]
        return costs

    def show(self, out: np.ndarray) -> None:
        """Fill in what each path shows, in room for it."""
        self.sorted.play(None, False, None, out, None)

    def _step(
        self, given: np.ndarray, units: bool, flows: np.ndarray, out: np.ndarray, rewards: np.ndarray | None
    ) -> None:
        self.sorted.play(given, units, flows, out, rewards)
        if self.together is None:
            self._unsort()

    def single(self, units: bool, **arrays: np.ndarray) -> Call | LoopCall:
        """Return the call that plays the only path, as `EpisodeBatch.single` does."""
        self._unsort()
        return super().single(units, **arrays)

    @property
    def dates_change(self) -> bool:
        """Tell whether what the date shows, with the numbers of the world behind it, changes in an episode."""
        return bool((self._dates != self._dates[:, :1]).any())

    def dates_of(self, paths: np.ndarray, ahead: int) -> np.ndarray:
        """Return what the date shows of the worlds of some paths, so many periods ahead (paths, numbers)."""
        dates: np.ndarray = self._dates[self.world[paths], np.minimum(self.clock[paths] + ahead, self.horizon)]
        return dates

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of."""
        self._unsort()
        return super().__getstate__() | {"_parts": {}}

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
            self._dates[k], self._units[k] = codec.dates, unit_of(self._rewards, world)
            self._laid_out[k] = layout, codec, Chance(world)
        return self._laid_out[k]


class Sorted:
    """The paths of a family's batch, sorted by their worlds; those of each world are played together.

    Attributes:
        order: which path of the batch each of the sorted ones is (paths,).
        states: their states, in this order.
    """

    def __init__(self, batch: FamilyBatch) -> None:
        """Sort the paths."""
        self._batch, self.order = batch, np.argsort(batch.world, kind="stable")
        self.states = copied_by_path(batch.states[:, self.order])
        self._everyone = np.arange(batch.paths)
        self._dates = None if batch.dates_change else self._dates_at(0)
        self._calls: dict[Any, CallOfMany] = {}

    def play(
        self,
        given: np.ndarray | None,
        units: bool,
        flows: np.ndarray | None,
        out: np.ndarray,
        rewards: np.ndarray | None,
    ) -> None:
        """Play a period with orders, or none, and show what there is then."""
        batch, ahead, arrays = self._batch, int(given is not None), {"shown": out.T}
        if given is not None and flows is not None:
            arrays |= {"given": given, "flows": flows}
        if rewards is not None:
            arrays["rewards"] = rewards
        call = self._on(ahead, units, flows is not None and len(flows) > 1, rewards is not None)
        call(0 if batch.together is None else batch.together, **arrays)
        dates = self._dates_at(ahead) if self._dates is None else self._dates
        out.T[out.shape[1] - len(dates) :] = dates

    def _dates_at(self, ahead: int) -> np.ndarray:
        """Return what the date shows so many periods ahead (numbers, paths), as observations have it."""
        return np.ascontiguousarray(self._batch.dates_of(self._everyone, ahead).T, np.float32)

    def _on(self, ahead: int, units: bool, flows: bool, rewards: bool) -> CallOfMany:
        """Return the call of the kernels of all worlds, on the present rows of chance."""
        batch, key = self._batch, (ahead, units, flows, rewards)
        if (known := self._calls.get(key)) is not None:
            return known
        drawn = batch.rows if batch.together is not None else batch.rows_now(self._everyone, ahead)
        arrays = {"state": self.states, ORDER: self.order, "chance": drawn} | ({"next": drawn[1:]} if ahead else {})
        call = CallOfMany(batch.parts(self.order, bool(ahead), units, flows, rewards), batch.paths, **arrays)
        if batch.together is not None:
            self._calls[key] = call
        return call


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
        most_ordered, rewards, info, render_mode: as in `Env`.
    """

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
        self.render_mode, self._display = render_mode, display(render_mode, info)
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
        self._check(num_envs, max_episode_steps)
        self.render_mode, self._display = render_mode, display(render_mode, info)
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
