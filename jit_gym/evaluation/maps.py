"""Policies over a grid of two keys of a scenario: which is best where."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..common.checks import check_count, check_seed
from ..common.executor import HERE, Executor, Tell
from ..common.statistics import Estimate
from ..policies import policy
from ..scenario import BadInput, NoEffect, Scenario, load
from ..scenario.axis import CELLS, Axis, varied
from ..scenario.window import Window, stays_as_it_is, window
from .comparison import Comparison, compare, named
from .judgement import THRESHOLD, Judgement
from .metrics import deciding_figure
from .play import name_of
from .tuning import tuning_budget

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 2_500  # of a map
FEW = 8  # periods for which a map tunes less than a comparison does, since it has many cells


@dataclass(frozen=True)
class Cell:
    """What policies did in one scenario of the grid; each tuple has an entry for each policy, in their order.

    `more` is how much more of the figure a policy has than the best; its intervals hold all together with 95 %, for
    this cell, also where the best was chosen because it seems best. `judgements` says what that means: `worse`, `same`
    (practically), `unclear`, and nothing of the best itself, or on one path.
    """

    x: Any
    y: Any
    policies: tuple[str, ...]
    """The policies with the parameters that they had."""
    estimates: tuple[Estimate, ...]
    """Of the figure that decides."""
    best: int
    more: tuple[Estimate, ...]
    judgements: tuple[Judgement, ...]
    saving: Estimate
    """What the best saves, or earns more, against the first policy."""
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def standing(self) -> Literal["clear", "same", "undecided"]:
        """Tell whether one policy is clearly the best, others are practically the same, or some may be as good."""
        others = [judgement for k, judgement in enumerate(self.judgements) if k != self.best]
        if any(judgement in ("unclear", "") for judgement in others):
            return "undecided"
        return "same" if "same" in others else "clear"

    @property
    def may_be_best(self) -> tuple[int, ...]:
        """Return the places of the policies that are the best, practically the same, or not told apart from it."""
        others = enumerate(self.judgements)
        return tuple(k for k, judgement in others if k == self.best or judgement in ("same", "unclear", ""))

    @property
    def saved(self) -> float:
        """Return the saving as a share of the first policy's figure; nan where that is 0."""
        first = abs(self.estimates[0].mean)
        return self.saving.mean / first if first > 0 else np.nan

    @classmethod
    def of(cls, x: Any, y: Any, comparison: Comparison) -> Cell:
        """Return what a comparison says."""
        results, best = comparison.results, comparison.best
        more = tuple(comparison.against(result, best) for result in results)
        saving = comparison.against(best, results[0])
        if comparison.figure == "cost":
            saving = Estimate(-saving.mean, saving.error, -saving.high, -saving.low)
        return cls(
            x,
            y,
            tuple(result.policy for result in results),
            tuple(result.estimate(comparison.figure) for result in results),
            results.index(best),
            more,
            tuple(
                "" if result is best else comparison.judged(each) for result, each in zip(results, more, strict=True)
            ),
            saving,
            comparison.notes,
        )


@dataclass(frozen=True, eq=False)
class PolicyMap:
    """Which of several policies is best for each pair of values of two keys of a scenario.

    All cells are played on the same uniform random numbers. `cells[j][i]` is the one of `y.values[j]` and
    `x.values[i]`. `tuned` tells how many periods were played to tune each rule in each cell, 0 where none was. `notes`
    says in sentences what a reader must know before acting on it.
    """

    scenario: Scenario
    x: Axis
    y: Axis
    policies: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...] = field(repr=False)
    figure: str
    seed: int
    paths: int
    windows: tuple[Window, ...]
    """The periods that count, and the warm-up: one for the whole grid where all cells have a long run, else for each"""
    threshold: float = THRESHOLD
    tuned: int = 0
    notes: tuple[str, ...] = ()

    @property
    def flat(self) -> tuple[Cell, ...]:
        """Return all cells, row by row."""
        return tuple(cell for row in self.cells for cell in row)

    @cached_property
    def best(self) -> np.ndarray:
        """Return the place of the best policy in each cell (y, x)."""
        return np.array([[cell.best for cell in row] for row in self.cells])

    @cached_property
    def decided(self) -> np.ndarray:
        """Tell in which cells the paths decide which policy is best, or that several practically are (y, x)."""
        return np.array([[cell.standing != "undecided" for cell in row] for row in self.cells])

    @cached_property
    def saved(self) -> np.ndarray:
        """Return what the best saves, or earns more, as a share of the first policy's figure (y, x)."""
        return np.array([[cell.saved for cell in row] for row in self.cells])

    def frame(self) -> pd.DataFrame:
        """Return a table with a row for each cell and policy: the figure, the difference to the best, the judgement."""
        import pandas as pd

        rows = [
            {
                self.y.key: y_label,
                self.x.key: x_label,
                "policy": name,
                "played": cell.policies[k],
                **{name: value for name, value in _columns(self.figure, cell.estimates[k])},
                **{name: value for name, value in _columns("more_than_best", cell.more[k])},
                "is_best": k == cell.best,
                "judgement": cell.judgements[k],
                "standing": cell.standing,
                "saved": cell.saved,
            }
            for cell, y_label, x_label in self._labelled()
            for k, name in enumerate(self.policies)
        ]
        return pd.DataFrame(rows).set_index([self.y.key, self.x.key, "policy"])

    def _labelled(self) -> Iterator[tuple[Cell, Any, Any]]:
        """Yield each cell with its place on the axes; a value that is no number by its text, which can be an index."""
        for cell in self.flat:
            yield cell, _index(cell.y, self.y), _index(cell.x, self.x)


def _index(value: Any, axis: Axis) -> Any:
    return value if isinstance(value, int | float | str) else axis.labels[axis.values.index(value)]


def _columns(name: str, estimate: Estimate) -> Iterator[tuple[str, float]]:
    yield from ((name, estimate.mean), (f"{name}_low", estimate.low), (f"{name}_high", estimate.high))


class Grid(NamedTuple):
    """The scenarios of a map, all valid, before any is played."""

    scenario: Scenario
    x: Axis
    y: Axis
    policies: tuple[Any, ...]
    worlds: tuple[Scenario, ...]  # row by row
    windows: tuple[Window, ...]  # one for all, or one a world
    notes: tuple[str, ...]

    @property
    def figure(self) -> str:
        """Return the figure that decides, in all cells."""
        return deciding_figure(self.worlds[0])

    def window(self, k: int) -> Window:
        """Return the periods of a cell."""
        return self.windows[k % len(self.windows)]

    @property
    def work(self) -> int:
        """Return how many periods are played in all on one path."""
        return len(self.policies) * sum(sum(self.window(k)) for k in range(len(self.worlds)))

    def names(self) -> tuple[str, ...]:
        """Return what the policies are called, as they were asked for."""
        return tuple(what if isinstance(what, str) else name_of(what) for what in self.policies)


def policy_map(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    *,
    x: Any,
    y: Any,
    cells: int = CELLS,
    paths: int = 256,
    periods: int | None = None,
    warmup: int | None = None,
    seed: int = 0,
    tuned: bool | int = False,
    threshold: float = THRESHOLD,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
) -> PolicyMap:
    """Play policies over a grid of two keys of a scenario, and tell which is best where.

    Each cell is a scenario of its own, played as `compare` does. All cells are on the same paths of the seed: each
    source of chance draws the same uniform random numbers in all of them, and inverts its own distribution (common
    random numbers), so that what differs between cells is not chance.

    Args:
        policies: names, policies or functions; None plays those that the scenario names. The first is what the saving
            is counted against.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        x: a key and its values: `"lanes.supplier.lead_time=1..12"`, with a number of cells `"KEY=4..39:8"`, at equal
            ratios `"KEY=0.001..0.1:8:geometric"`, or as a list `"KEY=1,2,5"`; or a pair `(KEY, [1, 2, 5])`. A key is
            one that an override may set, or `PLACE.mean` of a distribution, or `disruptions.NAME.uptime`.
        y: the same for the other axis.
        cells: how many values a range has that does not say it.
        paths: how many paths each cell is played on.
        periods: how many periods count. By default as in `compare`; where all cells have a long run, the most that
            one of them asks for, so that the same periods of the same paths count in all.
        warmup: how many periods are played before those, by default likewise.
        seed: of the traces, and of the search where rules are tuned.
        tuned: whether to tune each rule in each cell first, on other paths: True, or how many periods may be played
            for each. Parameters that are given stay as they are.
        threshold: the share of the best figure under which a difference is practically nothing.
        executor: where the cells are played: here, in processes, or on a Ray cluster; the result is the same.
        progress: told how many path-periods were played, every now and then.

    Returns:
        A `PolicyMap`.

    Raises:
        BadInput: for axes that make no sense, and in one line for a cell whose scenario does, before any is played.
        PolicyError: for policies that do not exist or fit.
    """
    grid = prepare(policies, scenario, x=x, y=y, cells=cells, periods=periods, warmup=warmup)
    return play(grid, paths=paths, seed=seed, tuned=tuned, threshold=threshold, executor=executor, progress=progress)


def prepare(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    *,
    x: Any,
    y: Any,
    cells: int = CELLS,
    periods: int | None = None,
    warmup: int | None = None,
) -> Grid:
    """Return the grid that `policy_map` would play, having refused what makes no sense."""
    scenario = load(scenario)
    across, up = Axis.of(x, scenario, cells), Axis.of(y, scenario, cells)
    _refuse_axes_that_meet(across, up)
    if (many := len(across.values) * len(up.values)) > MOST_CELLS:
        raise BadInput(f"cells: a map must have {MOST_CELLS:,} or less, got {len(across.values)} x {len(up.values)}")
    players = tuple(named(policies, scenario, shipped=False))
    worlds, common = [], dict[str, int]()
    for j, i in product(up.values, across.values):
        world, told = _world(scenario, {across.key: i, up.key: j}, across, up, players)
        worlds.append(world)
        common.update({note: common.get(note, 0) + 1 for note in told})
    _refuse_other_figures(worlds, across, up)
    windows = tuple(window(world, periods, warmup) for world in worlds)
    if all(map(stays_as_it_is, worlds)):
        windows = (Window(*(max(each) for each in zip(*windows, strict=True))),)
    everywhere = tuple(note for note, count in common.items() if count == many)
    grid = Grid(scenario, across, up, players, tuple(worlds), windows, everywhere)
    for name in (names := grid.names()):
        if names.count(name) > 1:
            raise BadInput(f"policies: each must be named once, got {name} twice")
    return grid


def _refuse_axes_that_meet(x: Axis, y: Axis) -> None:
    one, other = f"{x.changes}.", f"{y.changes}."
    if one.startswith(other) or other.startswith(one):
        raise BadInput(f"axes: {x.key} and {y.key} change the same value (name two that are independent)")


def _world(
    scenario: Scenario, settings: dict[str, Any], x: Axis, y: Axis, players: Sequence[Any]
) -> tuple[Scenario, list[str]]:
    """Return the scenario of a cell, in which all policies fit, and what has no effect there."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            world = varied(scenario, settings)
            for player in players:
                policy(player, world)
        except BadInput as error:
            place = " and ".join(f"{axis.key}={axis.labels[axis.values.index(settings[axis.key])]}" for axis in (x, y))
            raise type(error)(f"{place}: {error}") from None
    return world, list(dict.fromkeys(str(each.message) for each in caught if each.category is NoEffect))


def _refuse_other_figures(worlds: Sequence[Scenario], x: Axis, y: Axis) -> None:
    figures = list(dict.fromkeys(map(deciding_figure, worlds)))
    if len(figures) > 1:
        raise BadInput(
            f"axes: {x.key} and {y.key} change which figure decides ({' and '.join(figures)}), so that cells cannot be"
            " compared (leave out the values that do)"
        )


class _Task(NamedTuple):
    """A cell to play."""

    x: Any
    y: Any
    policies: tuple[Any, ...]
    world: Scenario
    paths: int
    window: Window
    seed: int
    tuned: int
    threshold: float


def _played(task: _Task, progress: Tell) -> Cell:
    """Play one cell."""
    comparison = compare(
        task.policies,
        task.world,
        paths=task.paths,
        periods=task.window.periods,
        warmup=task.window.warmup,
        seed=task.seed,
        gap=False,
        tuned=task.tuned or False,
        threshold=task.threshold,
        progress=progress,
    )
    return Cell.of(task.x, task.y, comparison)


def play(
    grid: Grid,
    *,
    paths: int = 256,
    seed: int = 0,
    tuned: bool | int = False,
    threshold: float = THRESHOLD,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
) -> PolicyMap:
    """Play a grid; the arguments are those of `policy_map`."""
    check_count("paths", paths, 1)
    check_seed(seed)
    budget = budget_of(grid.scenario) if tuned is True else int(tuned)
    places = product(grid.y.values, grid.x.values)
    tasks = [
        _Task(x, y, grid.policies, world, paths, grid.window(k), seed, budget, threshold)
        for k, ((y, x), world) in enumerate(zip(places, grid.worlds, strict=True))
    ]
    cells = executor.run(_played, tasks, progress=progress, first_here=True)
    width = len(grid.x.values)
    rows = tuple(tuple(cells[k : k + width]) for k in range(0, len(cells), width))
    notes = (*grid.notes, *_without_effect(rows, grid), *_of_cells(cells, grid))
    return PolicyMap(
        grid.scenario,
        grid.x,
        grid.y,
        grid.names(),
        rows,
        grid.figure,
        seed,
        paths,
        grid.windows,
        threshold,
        budget,
        notes,
    )


def budget_of(scenario: Scenario) -> int:
    """Return how many periods are played by default to tune a rule in one cell: a part of what `compare` allows."""
    return tuning_budget(scenario) // FEW


# What a reader must know


def _without_effect(rows: Sequence[Sequence[Cell]], grid: Grid) -> Iterator[str]:
    """Say which axis changes nothing at all."""
    figures = np.array([[[each.mean for each in cell.estimates] for cell in row] for row in rows])
    for axis, along in ((grid.x, 1), (grid.y, 0)):
        if (np.ptp(figures, axis=along) == 0).all():
            yield f"{axis.key}: changes nothing for these policies, in any cell"


def _of_cells(cells: Sequence[Cell], grid: Grid) -> Iterator[str]:
    """Yield the notes of cells; those that differ by numbers alone once, with the count of their cells."""
    alike: dict[str, list[str]] = {}
    for cell in cells:
        for note in dict.fromkeys(cell.notes):
            alike.setdefault(re.sub(r"\d[\d.,e-]*", "#", note), []).append(note)
    for notes in alike.values():
        if len(notes) == len(cells):
            yield notes[0] if len(set(notes)) == 1 else f"{notes[0]} (and so in all cells, with other numbers)"
        else:
            yield f"{notes[0]} (in {len(notes)} of {len(cells)} cells)"
