"""An optimal policy: a table of states and orders, played like any rule."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..physics import Layout, View
from ..policies import Policy, PolicyError
from ..scenario import BadInput, Scenario, load
from .process import Merging, Process, places
from .space import Rows, simplify

FORMAT = "jit_gym optimal policy 1"
ARRAYS = "states", "orders", "phase", "seen", "use", "arrivals", "waiters", "longest"


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
    orders: np.ndarray = field(repr=False)  # (phases, modes, states, lanes); a phase a period in a world that ends
    phase: np.ndarray = field(repr=False)  # (phases * modes,)
    seen: np.ndarray = field(repr=False)  # (phases * modes, columns.seen)
    merging: Merging = field(repr=False)

    def __post_init__(self) -> None:
        """Make the states findable."""
        self.layout = Layout(self.scenario)
        self.season = self.orders.shape[0]
        self.rows = Rows(self.states.shape[1])
        self.rows.put(self.states)

    @classmethod
    def of(cls, process: Process, orders: np.ndarray, cost: float, low: float, high: float) -> Self:
        """Return the policy with some orders (phases, modes, states, lanes) in the states of a process."""
        outcomes = process.outcomes
        if len(orders) != outcomes.season:
            outcomes = outcomes.over(len(orders))
        states = process.before.all.copy()
        return cls(process.scenario, cost, low, high, states, orders, outcomes.phase, outcomes.seen, process.merging)

    def __str__(self) -> str:
        return self.name

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what can be said of it in a line."""
        return {"cost": self.cost, "states": int(self.orders[..., 0].size)}

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
        rows = self._rows(view)
        simplify(self.layout.numbers, self.layout.sizes, self.merging, rows)
        place = self.rows.find(rows)
        if (strange := place < 0).any():
            place[strange] = self._tree.query(rows[strange], p=1)[1]
        chance = self._chance(view)
        phases, modes, _, lanes = self.orders.shape
        return self.orders.reshape(phases * modes, -1, lanes)[chance, place].astype(float)

    @cached_property
    def _tree(self) -> Any:
        """Return what finds the nearest state."""
        from scipy.spatial import KDTree

        return KDTree(self.states)

    def _rows(self, view: View) -> np.ndarray:
        """Return the states that are seen, as rows (paths, width)."""
        source = view.source
        rows = np.zeros((len(view.on_hand), self.layout.state_size))
        where = places(self.layout)
        for (table, name), numbers in where.items():
            if not len(numbers) or table == "books":
                continue
            rows[:, numbers] = source.read(table, name) if name else source.pipeline
        way, slots = where["lanes", "in_transit"], where["pipeline", ""]
        for m, lane in enumerate(self.layout.net.lanes):  # an observation may lack totals, or what they are totals of
            docked, coming = np.split(slots[int(lane["first_slot"]) : int(lane["last_slot"])], [1])
            docked = docked[: int(lane["can_dock"])]
            if lane["varies"] and len(coming):
                rows[:, coming[0]] = rows[:, way[m]] - rows[:, docked].sum(axis=1)
            rows[:, way[m]] = rows[:, docked].sum(axis=1) + rows[:, coming].sum(axis=1)
        return np.round(rows)

    def _chance(self, view: View) -> np.ndarray:
        """Return which state of chance is seen (paths,)."""
        paths = len(view.on_hand)
        if len(self.phase) == 1:
            return np.zeros(paths, int)
        seen = np.broadcast_to(view.source.seen, (paths, self.seen.shape[1]))
        far = np.abs(seen[:, None, :] - self.seen[None]).sum(axis=2)
        if self.season > 1 and view.period is not None:
            period = np.broadcast_to(view.period, paths)
            far = far + np.where(self.phase[None, :] == period[:, None] % self.season, 0.0, np.inf)
        return far.argmin(axis=1)

    def save(self, file: str | Path) -> None:
        """Save it to a file (.npz): plain arrays, and what they are for."""
        arrays = self._arrays()
        about = {
            "format": FORMAT,
            "scenario": self.scenario.model_dump(mode="json", exclude_unset=True, exclude_none=True),
            "fingerprint": self.scenario.fingerprint,
            "cost": self.cost,
            "low": self.low,
            "high": self.high,
            "digest": _digest(arrays),
        }
        manifest = np.frombuffer(json.dumps(about).encode(), np.uint8)
        with Path(file).open("wb") as out:
            np.savez_compressed(out, allow_pickle=False, manifest=manifest, **arrays)

    def _arrays(self) -> dict[str, np.ndarray]:
        merging = self.merging
        all_arrays = self.states, self.orders, self.phase, self.seen, np.array(merging.use), *merging[1:]
        return dict(zip(ARRAYS, all_arrays, strict=True))

    @classmethod
    def load(cls, file: str | Path, scenario: str | Path | Scenario | None = None) -> Self:
        """Load one from a file.

        Args:
            file: where `save` has put it.
            scenario: what it is to be played on; by default what it was computed for.

        Raises:
            BadInput: for a file that is damaged, or made for another scenario.
        """
        try:
            with Path(file).open("rb") as opened, np.load(opened, allow_pickle=False) as saved:
                about = json.loads(saved["manifest"].tobytes())
                arrays = {name: saved[name] for name in ARRAYS}
            if about["format"] != FORMAT or about["digest"] != _digest(arrays):
                raise ValueError
            made_for = load(about["scenario"])
            if made_for.fingerprint != about["fingerprint"]:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error):
            raise BadInput(f"{file}: is no saved policy, or is damaged (solve the scenario again)") from None
        cost, low, high = (float(about[name]) for name in ("cost", "low", "high"))
        states, orders, phase, seen, use, arrivals, waiters, longest = (arrays[name] for name in ARRAYS)
        merging = Merging(bool(use), arrivals, waiters, longest)
        policy = cls(made_for, cost, low, high, states, orders, phase, seen, merging)
        return policy if scenario is None else policy.fit(load(scenario))


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return a hash of arrays, their names and shapes."""
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name}{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
