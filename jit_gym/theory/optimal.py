"""An optimal policy: a table of states and orders, played like any rule."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from ..common.checks import one_line
from ..common.digest import sealed, unsealed
from ..physics import Layout, View
from ..policies import Policy, PolicyError
from ..scenario import BadInput, Scenario, ScenarioError, load, reading
from .merging import Merging
from .position import Position, without_lead_time
from .process import DecisionProcess
from .space import Halves
from .state_index import StateIndex
from .state_source import state_fields

FORMAT = "jit_gym optimal policy 2"
ARRAYS = "states", "orders", "phase", "seen", "use", "arrivals", "waiters", "longest", "steps"
Reduced = Literal["no", "to-position", "to-position-and-waiting"]


@dataclass(eq=False)
class Optimal(Policy):
    """The orders that are best in each state of one scenario, as `jit_gym.solve` found them.

    A state that cannot be reached from the scenario's start has the orders of the one that is nearest.
    """

    name: ClassVar[str] = "optimal"
    scenario: Scenario
    cost: float
    low: float
    high: float
    states: np.ndarray = field(repr=False)  # (states, width)
    orders: np.ndarray = field(repr=False)  # (phases, per phase, states, lanes); a phase a period in a world that ends
    phase: np.ndarray = field(repr=False)  # (exogenous states,)
    seen: np.ndarray = field(repr=False)  # (exogenous states, columns.seen)
    merging: Merging = field(repr=False)
    reduced: Reduced = "no"
    """What is left of the state, where a `Position` takes the place of the scenario."""

    def __post_init__(self) -> None:
        """Make the states findable."""
        self.layout = Layout(self.scenario)
        self.state_layout = _state_layout(self.scenario, self.reduced)
        self.season = self.orders.shape[0]
        self.index = StateIndex(self.states.shape[1])
        self.index.insert(self.states)

    @classmethod
    def of(
        cls,
        process: DecisionProcess,
        position: Position | None,
        orders: np.ndarray,
        cost: float,
        low: float,
        high: float,
    ) -> Self:
        """Return the policy with some orders (phases, exogenous states, pre-decision states, lanes) in a process."""
        outcomes, scenario = process.outcomes, process.scenario
        reduced: Reduced = "no"
        if len(orders) != outcomes.season:
            outcomes = outcomes.over(len(orders))
        if position is not None:
            scenario = position.original.scenario
            reduced = "to-position-and-waiting" if position.keeps_waiting else "to-position"
        tables = process.pre_states.all.copy(), orders, outcomes.phase, outcomes.seen, process.merging
        return cls(scenario, cost, low, high, *tables, reduced)

    def __str__(self) -> str:
        return self.name

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the cost and the number of states, as figures to print."""
        return {"cost": self.cost, "states": int(self.orders[..., 0].size)}

    @property
    def cycle(self) -> int:
        """Return after how many periods the orders repeat."""
        return int(self.season)

    def fit(self, scenario: Scenario) -> Self:
        """Return this policy, if the scenario is the one that it is optimal for."""
        if scenario != self.scenario:
            raise PolicyError(
                f"{self.name}: was computed for another scenario ({self.scenario.name} {self.scenario.fingerprint}, "
                f"got {scenario.name} {scenario.fingerprint}; solve that one)"
            )
        return self

    def __call__(self, view: View) -> np.ndarray:
        """Return the best orders (paths, lanes) for what is seen."""
        rows = self._rows(view) if self.reduced == "no" else self._reduced_rows(view)
        rows = Halves(self.state_layout, self.merging).merged(rows)
        place = self.index.find(rows)
        if (strange := place < 0).any():
            place[strange] = self._tree.query(rows[strange], p=1)[1]
        exogenous = self._exogenous_state(view, len(rows))
        phases, per_phase, _, lanes = self.orders.shape
        return self.orders.reshape(phases * per_phase, -1, lanes)[exogenous, place].astype(float)

    @cached_property
    def _tree(self) -> Any:
        """Return what finds the nearest state."""
        from scipy.spatial import KDTree

        return KDTree(self.states)

    def _rows(self, view: View) -> np.ndarray:
        """Return the states that are seen, as rows (paths, width)."""
        source = view.source
        rows = np.zeros((len(view.on_hand), self.layout.state_size))
        where = state_fields(self.layout)
        for (table, name), numbers in where.items():
            if not len(numbers) or table == "books":
                continue
            rows[:, numbers] = source.read(table, name) if name else source.pipeline
        way, slots = where["lanes", "in_transit"], where["pipeline", ""]
        for m, lane in enumerate(self.layout.net.lanes):  # an observation may lack totals, or what they are totals of
            docked, coming = np.split(slots[int(lane["first_slot"]) : int(lane["last_slot"])], [1])
            docked = docked[: int(lane["receiving_can_stop"])]
            if lane["varies"] and len(coming):
                rows[:, coming[0]] = rows[:, way[m]] - rows[:, docked].sum(axis=1)
            rows[:, way[m]] = rows[:, docked].sum(axis=1) + rows[:, coming].sum(axis=1)
        return np.round(rows)

    def _reduced_rows(self, view: View) -> np.ndarray:
        """Return the states that are seen, without what is left out of them (paths, width)."""
        where, net = state_fields(self.state_layout), view.inventory_position[:, 0]
        rows = np.zeros((len(net), self.state_layout.state_size))
        if self.reduced == "to-position-and-waiting":
            rows[:, where["lanes", "waiting"][0]] = waiting = view.waiting[:, 0]
            net = net - waiting
            for m, letters in self.state_layout.in_transmission.items():
                rows[:, where["pipeline", ""][letters]] = mail = view.source.pipeline[:, self.layout.in_transmission[m]]
                net = net - mail.sum(axis=1)
        rows[:, where["stocks", "on_hand"][0]] = np.maximum(net, 0.0)
        rows[:, where["demands", "backlog"][0]] = np.maximum(-net, 0.0)
        return np.round(rows)

    def _exogenous_state(self, view: View, paths: int) -> np.ndarray:
        """Return the exogenous state that is nearest to what is seen (paths,)."""
        if len(self.phase) == 1:
            return np.zeros(paths, int)
        seen = np.broadcast_to(view.source.seen, (paths, self.seen.shape[1]))
        far = np.abs(seen[:, None, :] - self.seen[None]).sum(axis=2)
        if self.season > 1 and view.period is not None:
            period = np.broadcast_to(view.period, paths)
            far = far + np.where(self.phase[None, :] == period[:, None] % self.season, 0.0, np.inf)
        return far.argmin(axis=1)

    def save(self, file: str | Path) -> None:
        """Save it to a file (.npz)."""
        Path(file).write_bytes(self.data)

    @property
    def data(self) -> bytes:
        """Return the content of its file: plain arrays, what they are for, and a digest over all of it."""
        about = {
            "format": FORMAT,
            "scenario": self.scenario.model_dump(mode="json", exclude_unset=True, exclude_none=True),
            "fingerprint": self.scenario.fingerprint,
            "cost": self.cost,
            "low": self.low,
            "high": self.high,
            "reduced": self.reduced,
        }
        manifest = np.frombuffer(json.dumps(about).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, manifest=manifest, **self._arrays())
        return sealed(buffer.getvalue())

    def _arrays(self) -> dict[str, np.ndarray]:
        merging = self.merging
        all_arrays = self.states, self.orders, self.phase, self.seen, np.array(merging.ignores_use), *merging[1:]
        return dict(zip(ARRAYS, all_arrays, strict=True))

    @classmethod
    def load(cls, file: str | Path, scenario: str | Path | Scenario | None = None) -> Self:
        """Load one from a file.

        Args:
            file: where `save` has put it.
            scenario: what it is to be played on; by default what it was computed for.

        Raises:
            BadInput: for a file that is not to the last bit what was saved, or made for another scenario.
        """
        try:
            manifest, arrays = _arrays_in(unsealed(reading.read(Path(file), reading.SAVED)))
            about = json.loads(manifest.tobytes())
            if about["format"] != FORMAT:
                raise ValueError(f"its format must be {FORMAT!r}")
            made_for = Scenario.model_validate(about["scenario"])
            if made_for.fingerprint != about["fingerprint"]:
                raise ValueError("its scenario is not the one that it was computed for")
            reduced = about["reduced"]
            if reduced not in get_args(Reduced) or (reduced != "no" and not Position.applies(made_for)):
                raise ValueError(f"its scenario cannot be reduced {reduced!r}")
            cost, low, high = (float(about[name]) for name in ("cost", "low", "high"))
            if not np.isfinite([cost, low, high]).all():
                raise ValueError("its cost is no number")
            _check(arrays, Layout(made_for), _state_layout(made_for, reduced))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            EOFError,
            RecursionError,
            NotImplementedError,
        ) as error:
            if isinstance(error, ScenarioError):  # what cannot be read says so itself
                raise
            raise BadInput(f"{file}: is no saved policy, or is damaged: {one_line(error)} (solve again)") from None
        except (zipfile.BadZipFile, zlib.error) as error:
            raise BadInput(f"{file}: is no saved policy, or is damaged: {one_line(error)} (solve again)") from None
        states, orders, phase, seen, use, *rest = (arrays[name] for name in ARRAYS)
        policy = cls(made_for, cost, low, high, states, orders, phase, seen, Merging(bool(use), *rest), reduced)
        return policy if scenario is None else policy.fit(load(scenario))


def _arrays_in(content: bytes) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the manifest and the arrays of an archive; none is larger than what there is of it."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in ("manifest", *ARRAYS):
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                version = np.lib.format.read_magic(member)
                if version != (1, 0):
                    raise ValueError(f"{name} is of another version")
                shape, columns_first, dtype = np.lib.format.read_array_header_1_0(member)
                if dtype.kind not in "biuf" or prod(shape) * dtype.itemsize != info.file_size - member.tell():
                    raise ValueError(f"{name} is not {shape} numbers")
                data = member.read()
                found[name] = np.frombuffer(data, dtype).reshape(shape, order="F" if columns_first else "C").copy()
    return found.pop("manifest"), found


def _state_layout(scenario: Scenario, reduced: Reduced) -> Layout:
    """Return the layout of the states that the policy tells apart."""
    if reduced != "no":
        scenario = without_lead_time(scenario, keeps_waiting=reduced == "to-position-and-waiting")
    return Layout(scenario)


def _check(arrays: dict[str, np.ndarray], layout: Layout, state_layout: Layout) -> None:
    """Refuse arrays that are not states of a layout, and whole orders, 0 or more, in each of them."""
    states, orders, phase, seen = (arrays[name] for name in ("states", "orders", "phase", "seen"))
    lanes, demands = len(layout.lanes), len(layout.demands)
    if orders.ndim != 4 or 0 in orders.shape:
        raise ValueError(f"orders has the shape {orders.shape}")
    phases, per_phase, many, _ = orders.shape
    shapes = {
        "states": (many, state_layout.state_size),
        "orders": (phases, per_phase, many, lanes),
        "phase": (phases * per_phase,),
        "seen": (phases * per_phase, layout.columns.seen),
        "use": (),
        "arrivals": (lanes,),
        "waiters": (demands,),
        "longest": (demands,),
        "steps": (demands,),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} must be {shape}, got {arrays[name].shape}")
    for name, array in (("states", states), ("orders", orders), ("phase", phase)):
        if array.dtype.kind not in "iu":
            raise ValueError(f"{name} must be whole numbers")
    if orders.min() < 0:
        raise ValueError("orders must be 0 or more")
    if phase.min() < 0 or phase.max() >= phases:
        raise ValueError(f"phase must be from 0 to {phases - 1}")
    if not np.isfinite(seen).all() or not (arrays["longest"] >= 0).all() or not (arrays["steps"] >= 1).all():
        raise ValueError("it holds what is not a number")
