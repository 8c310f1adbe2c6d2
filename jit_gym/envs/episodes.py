"""A batch of episodes, played together: what the single env, the vector env and the adapters have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..chance import Chance
from ..common.checks import check_seed, check_seeds
from ..common.text import quoted
from ..kernels.machine_code import Call, Kernel
from ..kernels.memory import Rooms, copied_by_path
from ..kernels.screen import Screen
from ..physics.costs import by_part
from ..physics.layout import Layout
from ..physics.loop import LoopCall, LoopKernel
from ..physics.simulate import paths_last
from ..physics.tables import batch_flows, batch_state
from ..physics.view import View
from ..scenario import BadInput, Scenario
from .observation import Codec
from .orders import wrong_orders
from .step_program import observation_kernel, step_kernel


def episodes_of(env: Any) -> EpisodeBatch:
    """Return the episodes of an env, of a batch, or of a Stable-Baselines3 VecEnv of either, however it is wrapped.

    Raises:
        BadInput: for anything else, and for what is wrapped in something that changes observations or actions.
    """
    inner, spaces, changed = env, path_spaces(env), False
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


def path_spaces(env: Any) -> tuple[Any, ...]:
    """Return the spaces of one path's observation and action."""
    names = ("observation_space", "action_space")
    return tuple(getattr(env, f"single_{name}", getattr(env, name, None)) for name in names)


AHEAD = 1 << 18  # numbers that are drawn ahead for a single path


class EpisodeBatch:
    """Episodes of one scenario, one a path, each with its own clock and its own next path to play."""

    one_world = True
    """Do all episodes play the same scenario?"""

    def __init__(self, scenario: Scenario, paths: int, units: str, most_ordered: float, info: str = "all") -> None:
        """Make room for them; `restart` begins the first episodes."""
        self.chance, layout = Chance(scenario), Layout(scenario)
        codec = Codec(layout, units, most_ordered)
        self._make_room(scenario, layout, codec, paths, layout.columns.chance + layout.columns.seen, info)

    def _make_room(self, scenario: Scenario, layout: Layout, codec: Codec, paths: int, columns: int, info: str) -> None:
        """Make room for paths with so many columns of chance.

        Raises:
            ValueError: for an `info` that is neither "all" nor "none".
        """
        self.tell(info, layout)
        self.scenario, self.layout, self.codec, self.paths = scenario, layout, codec, paths
        self.horizon = scenario.horizon.periods
        self.together: int | None = self.horizon
        """How many periods of its episode each path has played, where it is the same for all; else None."""
        self._clock = np.zeros(paths, np.int64)  # the same where paths are out of step
        self.states = layout.states(paths)
        self._kept: dict[tuple[int, type], Rooms] = {}
        self._kernels: dict[tuple[bool | None, bool, bool], Kernel | LoopKernel] = {}
        self._screens: dict[bool, Screen] = {}  # of units, and of numbers of the action space
        self._unit = np.ones(1)  # the money of a reward of 1
        self._calls: dict[Kernel | LoopKernel, Call | LoopCall] = {}  # on the present rows of chance
        self.rows = np.zeros((self.horizon + 1, columns, paths))
        self.width = len(codec.names)
        self.seeded = False
        """Has every path a seed?"""
        self._seeds, self._one_seed = np.full(paths, None, object), False
        self._ahead = 0, np.zeros((0, 0, 0))  # the first path that was drawn ahead, and the rows of all of these
        self.path = np.zeros(paths, np.int64)  # the one being played
        self._next_path, self._stride = np.zeros((2, paths), np.int64)

    def stand_as(self, other: EpisodeBatch, rows: np.ndarray | None = None) -> None:
        """Take the place of other episodes, which play the same paths of the same scenario, in some rows (paths,)."""
        if rows is None or rows.all():
            self.states[:], self._clock, self.together = other.states, other.clock.copy(), other.together
            return
        self.states[:, rows] = other.states[:, rows]
        self._set_clock(np.where(rows, other.clock, self.clock))

    def tell(self, info: str, layout: Layout) -> None:
        """Tell all flows of a period from now on, or none but the reward.

        Raises:
            ValueError: for an `info` that is neither "all" nor "none".
        """
        if info not in ("all", "none"):
            raise ValueError(f"info: must be 'all' or 'none', got {info!r}")
        self.flow_names = layout.flow_names() if info == "all" else ["reward"]
        self.reward_place = self.flow_names.index("reward")  # among a path's flows

    def flows(self) -> np.ndarray:
        """Return room for what happens in a period on each path: for all flows, or for the reward alone."""
        return self._rooms(len(self.flow_names), float)

    def _rooms(self, numbers: int, kind: type) -> np.ndarray:
        """Return room for so many numbers of each path, not filled."""
        if (numbers, kind) not in self._kept:
            self._kept[numbers, kind] = Rooms(numbers, self.paths, kind)
        return self._kept[numbers, kind].take()

    def rewards(self) -> np.ndarray:
        """Return room for the reward of each path in some unit (1, paths)."""
        return self._rooms(1, float)

    def no_flows(self) -> np.ndarray:
        """Return the flows of a period in which nothing happened."""
        flows = self.flows()
        flows[:] = 0.0
        return flows

    def room(self) -> np.ndarray:
        """Return room for what each path shows (paths, observation); the numbers of all paths lie side by side."""
        return self._rooms(self.width, np.float32).T

    @property
    def clock(self) -> np.ndarray:
        """Return how many periods of its episode each path has played (paths,)."""
        return self._clock if self.together is None else np.full(self.paths, self.together)

    def seed(self, seeds: int | Sequence[int | None]) -> None:
        """Go back to the first path of a seed.

        One number makes row b play its paths b, b + rows, b + 2 rows, ...; with one number a row, each row plays the
        paths 0, 1, 2, ... of its own (None leaves a row as it is).

        Raises:
            BadInput: for what is not a seed, or not as many as there are rows; then no row has been seeded.
        """
        if isinstance(seeds, int | np.integer):
            self._seeds[:], self._stride[:], self._one_seed = check_seed(seeds), self.paths, True
            self._next_path[:] = np.arange(self.paths)
        else:
            self._one_seed = False
            for b, seed in enumerate(check_seeds(seeds, self.paths, "row", gaps=True)):
                if seed is not None:
                    self._seeds[b], self._next_path[b], self._stride[b] = seed, 0, 1
        self.seeded = None not in self._seeds
        self._ahead = 0, np.zeros((0, 0, 0))

    def restart(self, rows: np.ndarray) -> None:
        """Begin the next episode on these rows (indices)."""
        self._begin(rows)
        if self.paths == 1:
            self.rows[:], self.states[:] = self._drawn_ahead(), self.layout.start[:, None]
        elif len(rows) == self.paths:  # into the same memory, as the system clears what is new
            self.chance.draw_into(self.rows.transpose(0, 2, 1), self._seeds_of(rows), self.path)
            self.states[:] = self.layout.start[:, None]
        else:
            self._start(rows, self.layout, self._drawn(self.chance, rows))

    def _drawn(self, chance: Chance, rows: np.ndarray) -> np.ndarray:
        """Return the chance of the present paths of these rows (periods + 1, columns, rows)."""
        return paths_last(chance.draw(self._seeds_of(rows), self.path[rows]).rows)

    def _seeds_of(self, rows: np.ndarray) -> Any:
        """Return the seed of some rows, or one for each."""
        if self._one_seed:
            return self._seeds[0]
        seeds = self._seeds[rows]
        return seeds[0] if (seeds == seeds[0]).all() else seeds

    def _drawn_ahead(self) -> np.ndarray:
        """Return the chance of the only path (periods + 1, columns, 1); drawing several paths takes hardly longer."""
        path, (first, rows) = int(self.path[0]), self._ahead
        if not first <= path < first + rows.shape[2]:
            most = max(1, AHEAD // self.rows.size)
            paths = np.arange(path, path + min(max(1, 2 * rows.shape[2]), most))
            first, rows = self._ahead = path, paths_last(self.chance.draw(self._seeds[0], paths).rows)
        return rows[:, :, path - first : path - first + 1]

    def _begin(self, rows: np.ndarray) -> None:
        """Set the clock of these rows to 0, on their next path."""
        some = slice(None) if len(rows) == self.paths else rows
        self.path[some] = self._next_path[some]
        self._next_path[some] += self._stride[some]
        clock = self.clock
        clock[some] = 0
        self._set_clock(clock)

    def _set_clock(self, clock: np.ndarray) -> None:
        """Set how many periods of its episode each path has played (paths,)."""
        self._clock, self.together = clock, int(clock[0]) if (clock == clock[0]).all() else None

    def _start(self, rows: np.ndarray, layout: Layout, drawn: np.ndarray) -> None:
        """Put these rows into the first state of a layout, with their chance (periods + 1, columns, rows)."""
        self.rows[:, : drawn.shape[1], rows] = drawn
        self.states[: layout.state_size, rows] = layout.start[:, None]

    def costs(self, flows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the costs of the last period by stock, lane and demand (paths,), from its flows.

        Raises:
            ValueError: where these are the rewards alone.
        """
        self._need_all(flows)
        costs = by_part(self.layout, *self.tables(flows))
        return {name: np.where(self.clock > 0, cost, 0.0) for name, cost in costs.items()}

    def _need_all(self, flows: np.ndarray) -> None:
        if len(flows) != self.layout.flows_size:
            raise ValueError(
                "costs: this env was made with info='none', which tells no flows (make it with info='all')"
            )

    def tables(self, flows: np.ndarray) -> tuple[Any, Any, np.ndarray]:
        """Return the tables of state and flows, and the chance of the last period (paths, columns)."""
        sizes, everyone = self.layout.sizes, np.arange(self.paths)
        chance = self.rows[np.maximum(self.clock - 1, 0), :, everyone]
        return batch_state(self.states, sizes), batch_flows(flows, sizes), chance

    def observe(self) -> np.ndarray:
        """Return what each path shows (paths, observation)."""
        out = self.room()
        self.show(out)
        return out

    def show(self, out: np.ndarray) -> None:
        """Fill in what each path shows, in room for it."""
        self._call(self._kernel(None, False, False), 0, shown=out.T)

    def view(self) -> View:
        """Return what each path shows, in units, to look at by name."""
        seen = self.codec.decode(self.observe())
        seen.period = self.clock.copy()
        return View(seen)

    def check(self, numbers: np.ndarray, units: np.ndarray) -> None:
        """Refuse, of the arguments of `play`, numbers that cannot be ordered, in any episode that is not over.

        Raises:
            BadInput: for the first of them.
        """
        given, units_are_given = (numbers, False) if len(numbers) else (units, True)
        if (screen := self._screens.get(units_are_given)) is None:
            what = "units" if units_are_given else "nan"
            screen = self._screens[units_are_given] = Screen(given.size, what, not units_are_given)
        if not screen(given):
            return
        wrong = wrong_orders(given) & (self.clock < self.horizon)[:, None]
        if wrong.any():
            raise self.refusal(given, wrong)

    def play(
        self,
        numbers: np.ndarray,
        units: np.ndarray,
        flows: np.ndarray,
        out: np.ndarray,
        rewards: np.ndarray | None = None,
        unit: float = 1.0,
    ) -> None:
        """Play one period of each episode that is not over; fill its flows, and what each path shows then.

        Args:
            numbers: of the action space (paths, lanes), 32-bit floats; or none, where units are ordered.
            units: what is ordered on each lane (paths, lanes); or none.
            flows: room for them, from `flows`; those of an episode that is over become 0.
            out: room for these, from `room`.
            rewards: room for the rewards in some unit, from `rewards`; or none.
            unit: the money of a reward of 1; a family's worlds have their own.
        """
        self._unit[0] = unit
        given, units_are_given = (numbers, False) if len(numbers) else (units, True)
        if self.together is not None and self.together < self.horizon:
            self._step(given, units_are_given, flows, out, rewards)
            self.together += 1
            return
        over = self.clock == self.horizon
        if over.all():
            flows[:] = 0.0
            if rewards is not None:
                rewards[:] = 0.0
            self.show(out)
            return
        kept = self.states[:, over]
        self._step(given, units_are_given, flows, out, rewards)
        self._clock = self.clock + ~over
        self.states[:, over], flows[:, over] = kept, 0.0
        if rewards is not None:
            rewards[:, over] = 0.0
        out[over] = self.observe()[over]

    def _step(
        self, given: np.ndarray, units: bool, flows: np.ndarray, out: np.ndarray, rewards: np.ndarray | None
    ) -> None:
        """Play one period on every path, given units or numbers of the action space."""
        kernel = self._kernel(units, len(flows) > 1, rewards is not None)
        told = {} if rewards is None else {"rewards": rewards}
        self._call(kernel, 1, given=given, flows=flows, shown=out.T, **told)

    def _kernel(self, units: bool | None, flows: bool, rewards: bool) -> Kernel | LoopKernel:
        """Return the kernel of a step, or, where no orders are given, of what is shown."""
        key = units, flows, rewards
        if key not in self._kernels:
            layout, codec = self.layout, self.codec
            step = units is not None and step_kernel(layout, codec, units, flows, rewards)
            self._kernels[key] = step or observation_kernel(layout, codec)
        return self._kernels[key]

    def _call(self, kernel: Kernel | LoopKernel, ahead: int, **arrays: np.ndarray) -> None:
        """Call a kernel in the period of each path's clock; it shows what there is so many periods ahead of it."""
        if self.together is not None:
            if kernel not in self._calls:
                self._calls[kernel] = self._on(kernel, self.rows, ahead)
            self._calls[kernel](self.together, **arrays)
            return
        self._on(kernel, self.rows_now(np.arange(self.paths), ahead), ahead)(**arrays)
        if dates := self.codec.dates.shape[1]:
            at = np.minimum(self.clock + ahead, self.horizon)
            arrays["shown"][-dates:] = self.codec.dates[at].T

    def _on(self, kernel: Kernel | LoopKernel, rows: np.ndarray, ahead: int) -> Call | LoopCall:
        """Return a call of a kernel on all paths, with these rows of chance (periods, columns, paths)."""
        next_rows = {"next": rows[1:], "unit": self._unit} if ahead else {}
        return kernel.on(
            self.paths, net=self.layout.numbers, codec=self.codec.numbers, state=self.states, chance=rows,
            dates=self.codec.dates[ahead:], **next_rows,
        )  # fmt: skip

    def rows_now(self, paths: np.ndarray, ahead: int) -> np.ndarray:
        """Return the rows of chance of each path's own period, and so many behind it (1 + ahead, columns, paths)."""
        periods = (np.minimum(self.clock[paths] + k, self.horizon) for k in range(1 + ahead))
        return np.ascontiguousarray(np.stack([self.rows[period, :, paths].T for period in periods]))

    def single(self, units: bool, **arrays: np.ndarray) -> Call | LoopCall:
        """Return the call that plays a period of the only path's present episode, with `given`, `flows` and `shown`."""
        layout, codec = self.world_of(0)
        rows = np.ascontiguousarray(self.rows[:, : layout.columns.chance + layout.columns.seen])
        return step_kernel(layout, codec, units, len(self.flow_names) > 1).on(
            1, net=layout.numbers, codec=codec.numbers, state=self.states, chance=rows, next=rows[1:],
            dates=codec.dates[1:], **arrays,
        )  # fmt: skip

    def world_of(self, b: int) -> tuple[Layout, Codec]:
        """Return the world that path b plays, and what its observations and actions mean."""
        return self.layout, self.codec

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of."""
        return {**vars(self), "_calls": {}, "_kernels": {}, "_kept": {}, "_screens": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy."""
        vars(self).update(state)
        self.states = copied_by_path(self.states)

    def refusal(self, given: np.ndarray, wrong: np.ndarray) -> BadInput:
        """Return why the first of the numbers that are wrong cannot be ordered (paths, lanes)."""
        row, m = np.argwhere(wrong)[0]
        where, got = f" in row {row}" if self.paths > 1 else "", given[row, m]
        must = "a number" if np.isnan(got) else "0 units or more, and finite"
        return BadInput(f"action for lane {self.layout.lanes[m]!r}{where}: must be {must}, got {got:g}")
