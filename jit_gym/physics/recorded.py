"""The period recorded: what an order does in one kind of world, as a program without loops and branches.

Worlds are of one kind if they differ in quantities alone: in costs, capacities and shares, not in what feeds what, lead
times or which steps of a period they need. All worlds of a kind share what is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from types import SimpleNamespace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ..kernels.machine_code import Kernel
from ..kernels.symbol_arrays import SymbolArray
from ..kernels.symbols import Array, Program
from .layout import Layout
from .loop import LoopKernel, is_large, play_loops
from .plain import ByHand
from .tables import FLOWS, STATES, Flows, Net, State, fields

LONGEST = 5_000  # operations of a large world's program, once alike parts of it are loops


class RecordedWorld(ByHand):
    """A world whose quantities, state and chance are symbols of a program: what is done to it is recorded.

    The program reads the quantities from an array `net`, the state from `state`, and chance from `chance`; `play` makes
    it write the state back.
    """

    def __init__(self, layout: Layout) -> None:
        """Record nothing yet."""
        super().__init__(layout)
        self.program = program = Program()
        places = count()
        self.net = Net._make([*(_loads(program, "net", table, places) for table in layout.net[:-1]), layout.sizes])
        places = count()
        *tables, pipeline = self.state
        tables = [[_each(record, program, places) for record in table] for table in tables]
        self.state = State._make([*tables, [program.load("state", next(places)) for _ in pipeline]])
        self.chance = [program.load("chance", k) for k in range(layout.columns.chance)]

    def play(self, order: Any) -> Flows:
        """Record one period with these orders (lanes,), and that it leaves the state changed; return its flows."""
        flows = self.step(order, self.chance)
        for k, value in enumerate(self.state_numbers()):
            self.program.store("state", k, value)
        return flows

    def read(self, table: str, field: str) -> SymbolArray:
        """Return one field of the present state (1, how many there are)."""
        return SymbolArray([[getattr(record, field) for record in getattr(self.state, table)]])

    @property
    def pipeline(self) -> SymbolArray:
        """Return the present pipeline (1, slots)."""
        return SymbolArray([self.state.pipeline])

    @property
    def seen(self) -> SymbolArray:
        """Return what can be seen of chance (1, columns.seen)."""
        columns = self.layout.columns
        return SymbolArray([[self.program.load("chance", columns.chance + k) for k in range(columns.seen)]])


def _loads(program: Program, array: str, table: np.ndarray, places: Iterator[int]) -> list[Any]:
    """Return the records of a table as plain objects: flags and indices as they are, quantities as loads."""
    records = []
    for row in table:
        record = SimpleNamespace()
        for name in fields(table.dtype):
            place = next(places)
            quantity = table.dtype[name] == np.float64
            setattr(record, name, program.load(array, place) if quantity else int(row[name]))
        records.append(record)
    return records


def _each(record: Any, program: Program, places: Iterator[int]) -> Any:
    return SimpleNamespace(**{name: program.load("state", next(places)) for name in vars(record)})


class SymbolFields:
    """A table of records of symbols, whose fields are arrays (1, records), as those of a batch's tables are."""

    def __init__(self, records: list[Any], kind: np.dtype) -> None:
        """Take the records."""
        self.dtype, self.shape, self._records = kind, (1, len(records)), records

    def __getitem__(self, field: str) -> SymbolArray:
        """Return one field of all records."""
        items = np.empty(self.shape, object)
        items[0] = [getattr(record, field) for record in self._records]
        return SymbolArray(items)


def tables_of(world: RecordedWorld, flows: Flows) -> tuple[State, Flows]:
    """Return the tables of the present state and of some flows, to be read as those of a batch."""
    *tables, _ = world.state
    state = [SymbolFields(table, kind) for table, kind in zip(tables, STATES, strict=True)]
    told = [SymbolFields(table, kind) for table, kind in zip(flows, FLOWS, strict=True)]
    return State._make([*state, world.pipeline]), Flows._make(told)


def numbers_of(layout: Layout, flows: Flows) -> Iterator[Any]:
    """Return each number of a path's flows, in their order."""
    for table, (_, kind) in zip(flows, layout.flow_tables(), strict=True):
        for record in table:
            yield from (getattr(record, name) for name in fields(kind))


class Structured(Protocol):
    """What has a structure: all of it but its quantities."""

    @property
    def structure(self) -> Hashable: ...


Has = TypeVar("Has", bound=Structured)


class Kind(Generic[Has]):
    """Something that is equal to all others of its structure: the key of what is compiled for all of them.

    Attributes:
        of: any of the kind.
    """

    def __init__(self, of: Has) -> None:
        """Take any of the kind."""
        self.of = of

    def __eq__(self, other: object) -> bool:
        """Tell whether something else is of this kind."""
        return isinstance(other, Kind) and self.of.structure == other.of.structure

    def __hash__(self) -> int:
        """Return a number that is the same for all of the kind."""
        return hash(self.of.structure)


def unless_long(layout: Layout, record: Callable[[], Kernel]) -> Kernel | None:
    """Return a recorded kernel, or None for a large world whose parts differ, so that its program is long."""
    kernel = record()
    return None if is_large(layout) and kernel.length > LONGEST else kernel


def period_kernel(layout: Layout, flows: bool = True) -> Kernel | LoopKernel:
    """Return the kernel that plays one period of a world with given orders.

    Its arrays are net, state (state_size, paths), chance (periods, columns, paths), orders (paths, lanes), and flows:
    all that happens (flows_size, paths), or the reward alone (1, paths).
    """
    recorded = unless_long(layout, lambda: _period_kernel(Kind(layout), flows))
    if recorded is not None:
        return recorded
    place = layout.flow_names().index("reward")

    def play(period: int, arrays: Mapping[str, np.ndarray]) -> bool:
        orders, told = arrays["orders"], arrays["flows"]
        all_flows = told if flows else layout.flows(len(orders))
        play_loops(layout, period, orders, {**arrays, "flows": all_flows})
        if not flows:
            told[0] = all_flows[place]
        return False

    return LoopKernel(play)


@lru_cache(maxsize=64)
def _period_kernel(kind: Kind[Layout], flows: bool) -> Kernel:
    layout = kind.of
    world = RecordedWorld(layout)
    lanes = range(len(layout.lanes))
    happened = world.play([world.program.load("orders", m) for m in lanes])
    told = numbers_of(layout, happened) if flows else [happened.money[0].reward]
    for k, value in enumerate(told):
        world.program.store("flows", k, value)
    arrays = arrays_of(layout) | {
        "orders": Array("row", len(lanes)),
        "flows": Array("path", layout.flows_size),
    }
    return Kernel(world.program, arrays)


def arrays_of(layout: Layout) -> dict[str, Array]:
    """Return the arrays that each program of a world uses."""
    return {
        "net": Array("nothing", len(layout.numbers)),
        "state": Array("path", layout.state_size),
        "chance": Array("period", layout.columns.chance + layout.columns.seen),
    }
