"""A batch of episodes, played together: what the single env, the vector env and the adapters have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..chance import Chance
from ..common.checks import check_seed, check_seeds
from ..common.text import quoted
from ..kernels.arrays import borrowed, table
from ..kernels.cache import compiled, inlined
from ..physics.costs import by_part
from ..physics.layout import Layout
from ..physics.period import compiled_period
from ..physics.tables import Sizes, fields, flows_of, flows_of_path, path_of, state_of
from ..physics.view import View
from ..scenario import BadInput, Scenario
from .observation import Codec, order_of, sizes_of, unpack, write_numbers
from .orders import SINGLE

ONE_OF_EACH = 1, 1, 1, 1, 0
NOTHING_ELSE = (0,) * (len(Sizes._fields) - 6)

WHOLE = np.dtype(np.int64)


@register_jitable(forceinline=True)
def _write_observation(out: Any, tables: Any, states: Any, row: Any, b: int, t: int) -> None:
    """Write what path b shows at the start of period t: its state, what is seen of chance, and the date."""
    write_numbers(out, 0, tables.from_state, states, b)
    write_numbers(out, len(tables.from_state), tables.from_seen, row, 0)
    first = len(tables.from_state) + len(tables.from_seen)
    for k in range(first, len(out)):
        out[k] = tables.dates[t, k - first]


@compiled
def _observe(program: Any, memory: Any, rows: Any, paths: int, out: Any) -> None:
    """Write what each path shows, without playing."""
    tables = unpack(program, sizes_of(program))
    clock, states = table(memory, WHOLE, 0, 1, paths)[0], memory[paths:]
    shown = table(out, SINGLE, 0, paths, tables.width)
    for b in range(paths):
        _write_observation(shown[b], tables, states, rows[clock[b], b], b, clock[b])


@register_jitable(forceinline=True)
def _wrong_order(numbers: Any, units: Any, clock: Any, lanes: int, horizon: int) -> int:
    """Return the place of the first number that cannot be ordered, or -1; a path whose episode is over orders nothing.

    All are looked at before any path plays, so that no batch is left half played.
    """
    for k in range(len(numbers)):
        if np.isnan(numbers[k]) and clock[k // lanes] < horizon:
            return k
    for k in range(len(units)):
        if not 0.0 <= units[k] < np.inf and clock[k // lanes] < horizon:
            return k
    return -1


@inlined
def _play_path(
    tables: Any, states: Any, state: Any, flow: Any, draws: Any, clock: Any, horizon: int, order: Any, numbers: Any,
    units: Any, shown: Any, b: int,
) -> None:  # fmt: skip
    """Order, play one period and observe on path b, whose episode may be over."""
    lanes, t = tables.lanes, clock[b]
    if t < horizon:
        for m in range(len(lanes)):
            k = b * len(lanes) + m
            order[m] = units[k] if len(units) else order_of(lanes[m], numbers[k])
        compiled_period(tables.net, path_of(state, b), order, draws[t, b], flows_of_path(flow, b))
        t += 1
        clock[b] = t
    _write_observation(shown[b], tables, states, draws[t, b], b, t)


@inlined
def _play_paths(
    program: Any, memory: Any, rows: Any, paths: int, numbers: Any, units: Any, flows: Any, out: Any, sizes: Sizes
) -> int:
    """Do what `_play` does, for a world of these sizes."""
    tables = unpack(program, sizes)
    lanes = tables.lanes
    clock, states = table(memory, WHOLE, 0, 1, paths)[0], borrowed(memory)[paths:]
    state, flow = state_of(states, sizes, paths), flows_of(flows, sizes, paths)
    shown, draws, horizon = table(out, SINGLE, 0, paths, tables.width), borrowed(rows), len(rows) - 1
    wrong = _wrong_order(numbers, units, clock, len(lanes), horizon)
    if wrong >= 0:
        return wrong
    orders = np.empty(len(lanes))
    order, given, given_units = borrowed(orders), borrowed(numbers), borrowed(units)
    for b in range(paths):
        _play_path(tables, states, state, flow, draws, clock, horizon, order, given, given_units, shown, b)
    return -1


@compiled
def _play(program: Any, memory: Any, rows: Any, paths: int, numbers: Any, units: Any, flows: Any, out: Any) -> int:
    """Order, play one period and observe, on every path whose episode is not over.

    Return -1, or the place of a number that cannot be ordered; then nothing has been played.
    """
    return _play_paths(program, memory, rows, paths, numbers, units, flows, out, sizes_of(program))


@compiled
def _play_one(program: Any, memory: Any, rows: Any, paths: int, numbers: Any, units: Any, flows: Any, out: Any) -> int:
    """Do the same in a world of one stock, lane and demand and nothing else: each loop is known to have one turn."""
    sizes = sizes_of(program)
    one = Sizes(*ONE_OF_EACH, sizes.slots, *NOTHING_ELSE)
    return _play_paths(program, memory, rows, paths, numbers, units, flows, out, one)


@compiled
def observe_worlds(programs: Any, world: Any, memory: Any, rows: Any, paths: int, out: Any) -> None:
    """Do what `_observe` does, where path b plays the world with the program `programs[world[b]]`."""
    sizes = sizes_of(programs[world[0]])
    clock, states = table(memory, WHOLE, 0, 1, paths)[0], memory[paths:]
    for b in range(paths):
        tables = unpack(programs[world[b]], sizes)
        shown = table(out, SINGLE, 0, paths, tables.width)
        _write_observation(shown[b], tables, states, rows[clock[b], b], b, clock[b])


@compiled
def play_worlds(
    programs: Any, world: Any, memory: Any, rows: Any, paths: int, numbers: Any, units: Any, flows: Any, out: Any
) -> int:
    """Do what `_play` does, where path b plays the world with the program `programs[world[b]]`, all of equal sizes."""
    sizes = sizes_of(programs[world[0]])
    clock, states = table(memory, WHOLE, 0, 1, paths)[0], borrowed(memory)[paths:]
    state, flow = state_of(states, sizes, paths), flows_of(flows, sizes, paths)
    draws, horizon = borrowed(rows), len(rows) - 1
    wrong = _wrong_order(numbers, units, clock, sizes.lanes, horizon)
    if wrong >= 0:
        return wrong
    orders = np.empty(sizes.lanes)
    order, given, given_units = borrowed(orders), borrowed(numbers), borrowed(units)
    for b in range(paths):
        tables = unpack(programs[world[b]], sizes)
        shown = table(out, SINGLE, 0, paths, tables.width)
        _play_path(tables, states, state, flow, draws, clock, horizon, order, given, given_units, shown, b)
    return -1


def episodes_of(env: Any) -> EpisodeBatch:
    """Return the episodes of an env, of a batch, or of a Stable-Baselines3 VecEnv of either, however it is wrapped.

    Raises:
        BadInput: for anything else, and for what is wrapped in something that changes observations or actions.
    """
    inner, spaces, changed = env, _spaces(env), False
    while not hasattr(inner, "episodes"):
        changed |= bool(getattr(inner, "norm_obs", False))  # VecNormalize keeps the space as it was
        inside = [getattr(inner, name) for name in ("venv", "env", "envs") if hasattr(inner, name)]
        if not inside:
            raise BadInput(f"env: must be an env or a batch of jit_gym, got {quoted(env)}")
        inner = inside[0][0] if isinstance(inside[0], list) else inside[0]
    episodes: EpisodeBatch = inner.episodes
    if not episodes.one_world:
        raise BadInput(
            "env: plays a family, whose episodes are of several worlds (make an env of one: family.world(k))"
        )
    if changed or spaces != episodes.codec.spaces:
        raise BadInput(f"env: is wrapped in what changes its observations or actions (take the one inside), got {env}")
    return episodes


def _spaces(env: Any) -> tuple[Any, ...]:
    """Return the spaces of one path's observation and action."""
    names = ("observation_space", "action_space")
    return tuple(getattr(env, f"single_{name}", getattr(env, name, None)) for name in names)


def flow_names(layout: Layout) -> list[str]:
    """Return the names of a period's flows, in the order of their numbers: `supplier.ordered`, ..., `reward`."""
    return [
        f"{name}.{field}" if name else field
        for names, kind in layout.flow_tables()
        for name in names
        for field in fields(kind)
    ]


class EpisodeBatch:
    """Episodes of one scenario, one a path, each with its own clock and its own next path to play."""

    one_world = True
    """Do all episodes play the same scenario?"""

    def __init__(self, scenario: Scenario, paths: int, units: str, most_ordered: float) -> None:
        """Make room for them; `restart` begins the first episodes."""
        self.chance, layout = Chance(scenario), Layout(scenario)
        codec = Codec(layout, paths, units, most_ordered)
        self._make_room(scenario, layout, codec, layout.columns.chance + layout.columns.seen)

    def _make_room(self, scenario: Scenario, layout: Layout, codec: Codec, columns: int) -> None:
        """Make room for paths with so many columns of chance."""
        self.scenario, self.layout, self.codec = scenario, layout, codec
        self.paths = paths = codec.paths
        self.horizon = scenario.horizon.periods
        self._memory = np.concatenate([np.zeros(paths), self.layout.states(paths)])
        self.clock[:] = self.horizon
        self._rows = np.zeros((self.horizon + 1, paths, columns))
        self.flow_names = flow_names(self.layout)
        self.reward_place = self.flow_names.index("reward")  # in a path's flows
        self.width = len(self.codec.names)
        self._is_simple = self.layout.sizes[:5] == ONE_OF_EACH and self.layout.sizes[6:] == NOTHING_ELSE
        self._seeds = np.full(paths, None, object)
        self.path = np.zeros(paths, np.int64)  # the one being played
        self._next_path, self._stride = np.zeros((2, paths), np.int64)

    @property
    def clock(self) -> np.ndarray:
        """Return how many periods of its episode each path has played (paths,)."""
        return self._memory[: self.paths].view(np.int64)

    @property
    def states(self) -> np.ndarray:
        """Return the batch's state, as one vector of numbers."""
        return self._memory[self.paths :]

    @property
    def seeded(self) -> bool:
        """Tell whether every path has a seed."""
        return None not in self._seeds

    def seed(self, seeds: int | Sequence[int | None]) -> None:
        """Go back to the first path of a seed.

        One number makes row b play its paths b, b + rows, b + 2 rows, ...; with one number a row, each row plays the
        paths 0, 1, 2, ... of its own (None leaves a row as it is).

        Raises:
            BadInput: for what is not a seed, or not as many as there are rows; then no row has been seeded.
        """
        if isinstance(seeds, int | np.integer):
            self._seeds[:], self._stride[:] = check_seed(seeds), self.paths
            self._next_path[:] = np.arange(self.paths)
            return
        for b, seed in enumerate(check_seeds(seeds, self.paths, "row", gaps=True)):
            if seed is not None:
                self._seeds[b], self._next_path[b], self._stride[b] = seed, 0, 1

    def restart(self, rows: np.ndarray) -> None:
        """Begin the next episode on these rows (indices)."""
        self._begin(rows)
        trace = self.chance.draw(self._seeds[rows], self.path[rows])
        if len(rows) == self.paths:
            self._rows = trace.rows
            self.states[:] = self.layout.states(self.paths)
            return
        self._start(rows, self.layout, trace.rows)

    def _begin(self, rows: np.ndarray) -> None:
        """Set the clock of these rows to 0, on their next path."""
        self.path[rows] = self._next_path[rows]
        self._next_path[rows] += self._stride[rows]
        self.clock[rows] = 0

    def _start(self, rows: np.ndarray, layout: Layout, drawn: np.ndarray) -> None:
        """Put these rows into the first state of a layout, with their chance (periods + 1, rows, columns)."""
        self._rows[:, rows, : drawn.shape[2]] = drawn
        first = state_of(layout.start, layout.sizes, 1)
        for many, one in zip(state_of(self.states, layout.sizes, self.paths), first, strict=True):
            many[rows] = one[0]

    def working(self, b: int) -> np.ndarray:
        """Return the share that works of the most disrupted lane in each period that path b has played (periods,)."""
        return self._rows[: self.clock[b], b, list(self.layout.columns.working.values())].min(axis=1, initial=1.0)

    def costs(self, flows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the costs of the last period by stock, lane and demand (paths,), from its flows."""
        sizes, rows = self.layout.sizes, np.arange(self.paths)
        state, flow = state_of(self.states, sizes, self.paths), flows_of(flows, sizes, self.paths)
        costs = by_part(self.layout, state, flow, self._rows[np.maximum(self.clock - 1, 0), rows])
        return {name: np.where(self.clock > 0, cost, 0.0) for name, cost in costs.items()}

    def observe(self) -> np.ndarray:
        """Return what each path shows (paths, observation)."""
        out = np.empty(self.paths * self.width, np.float32)
        _observe(self.codec.program, self._memory, self._rows, self.paths, out)
        return out.reshape(self.paths, self.width)

    def view(self) -> View:
        """Return what each path shows, in units, to look at by name."""
        seen = self.codec.decode(self.observe())
        seen.period = self.clock.copy()
        return View(seen)

    def play(self, numbers: np.ndarray, units: np.ndarray, flows: np.ndarray, out: np.ndarray) -> None:
        """Play one period of each episode that is not over; fill its flows, and what each path shows then.

        Args:
            numbers: of the action space (paths * lanes,), 32-bit floats; or none, where units are ordered.
            units: what is ordered on each lane (paths * lanes,); or none.
            flows: room for them, from `Layout.flows`.
            out: (paths * observation,), 32-bit floats.

        Raises:
            BadInput: for a number that cannot be ordered; then no path has been played.
        """
        play = _play_one if self._is_simple else _play
        wrong = play(self.codec.program, self._memory, self._rows, self.paths, numbers, units, flows, out)
        if wrong >= 0:
            raise self._refusal(numbers if len(numbers) else units, wrong)

    def _refusal(self, numbers: np.ndarray, wrong: int) -> BadInput:
        """Return why the number at this place cannot be ordered."""
        row, m = divmod(wrong, len(self.layout.lanes))
        where, got = f" in row {row}" if self.paths > 1 else "", numbers[wrong]
        must = "a number" if np.isnan(got) else "0 units or more, and finite"
        return BadInput(f"action for lane {self.layout.lanes[m]!r}{where}: must be {must}, got {got:g}")
