"""What an agent observes and how it acts: bounded numbers of like size, and how they stand for units.

By default quantities are seen and ordered in units of what is used, so that one network fits a kiosk and a car plant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from gymnasium.spaces import Box

from ..chance import moments, usage
from ..chance.calendar import Calendar
from ..physics.formulas import economic_cycle
from ..physics.layout import Layout
from ..physics.numbers import is_tensor, like, picked
from ..physics.simulate import Simulation
from ..physics.tables import DEMAND_STATE, LANE_STATE, STOCK_STATE, fields
from ..physics.view import View
from ..scenario import BadInput, Lane
from .action_map import ActionMap

MOST_SEEN = 100.0  # periods of use; a quantity beyond is shown as this
MOST_ORDERED = 2.0  # times what is used, on a lane without fixed costs or lots, unless the env is told otherwise

OBSERVED = np.dtype([("first", "u8"), ("scale", "f8"), ("high", "f8")])  # first: number of the state, or of a row
ORDERED = np.dtype([(name, "f8") for name in ("use", "slope", "bend", "limit")])

Row = tuple[int, float, float]


class Shape(NamedTuple):
    """The numbers of an observation and the most that each can be, by where they come from.

    All worlds of a family are shown in one shape.
    """

    state: Mapping[str, float]
    seen: Mapping[str, float]
    dates: Mapping[str, float]

    @classmethod
    def merged(cls, shapes: Sequence[Self]) -> Self:
        """Return a shape with the numbers of all of these, each behind the one that it stands behind in its own."""
        return cls(*(_merged(parts) for parts in zip(*shapes, strict=True)))

    def absent(self, name: str) -> Row:
        """Return the row of a number that a world does not have: it is always shown as 0."""
        return 0, 0.0, self.state.get(name, self.seen.get(name, 0.0))


def _merged(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    order: list[str] = []
    high: dict[str, float] = {}
    for part in parts:
        place = 0
        for name, most in part.items():
            if name not in high:
                order.insert(place, name)
            place = order.index(name) + 1
            high[name] = max(most, high.get(name, 0.0))
    return {name: high[name] for name in order}


class Codec:
    """The observation and action of an env: which number stands where, and in which unit.

    An observation holds, in this order: on hand and last period's use of each stock; the backlog of each demand whose
    customers wait; what waits unshipped on each lane where it can; orders in transmission, by when they are read;
    what arrives in the next 1, 2, ... periods on each lane with a fixed lead time, or the total on the way on a lane
    with a random one; the forecast of each demand whose mean changes; the availability of each lane whose disruptions
    are visible, and other shares that can be seen; and the date, as far as it matters (`chance.calendar`). A stock's
    quantities are in units of its own use, a demand's in units of its mean, a lane's in units of its `use`.

    An action holds one number a lane, a in [-1, 1]. A lane's `use` u is ordered at 0, nothing at -1, and the most that
    can be ordered, m, at 1: u (1 + a) where m is 2 u, so that random actions order u on average; u (1 + a) + (m - 2 u)
    a^3 above 0 where m is more, and a straight line from u to m where it is less. With `units="raw"` both are in units
    of stock.

    With a `shape`, the observation has the numbers of that shape, 0 where this world has none of them, and `context`
    behind them: numbers between 0 and 1 that do not change, by their names.
    """

    def __init__(
        self,
        layout: Layout,
        units: str = "mean-demand",
        most_ordered: float = MOST_ORDERED,
        shape: Shape | None = None,
        context: Mapping[str, float] | None = None,
    ) -> None:
        """Lay out observations and actions.

        Raises:
            ValueError: for other units, and for a shape that lacks a number of this world.
        """
        if units not in ("mean-demand", "raw"):
            raise ValueError(f"units: must be 'mean-demand' or 'raw', got {units!r}")
        if not most_ordered >= 1:
            raise ValueError(f"most_ordered: must be 1 period of mean demand or more, got {most_ordered!r}")
        self.layout, self.raw, self.most_ordered = layout, units == "raw", most_ordered
        self.calendar = Calendar(layout.scenario)
        self._usage = [mean or 1.0 for mean, _ in usage(layout.scenario).values()]  # 1 for stocks that are not used
        self.lanes = self._lanes(most_ordered)
        use, slope, bend = (self.lanes[name] for name in ("use", "slope", "bend"))
        self.action_map = ActionMap(np.zeros_like(use), use, slope, bend)
        self._places: list[tuple[str, str, int]] = []  # of what is shown: table, field and number, or in the pipeline
        state, seen = dict(self._state()), dict(self._seen())
        state_high, seen_high = ({name: row[-1] for name, row in rows.items()} for rows in (state, seen))
        own = Shape(state_high, seen_high, dict.fromkeys(self.calendar.names, 1.0))
        self.shape, self.context = shape or own, dict(context or {})
        for names, known in zip(own, self.shape, strict=True):
            if unknown := names.keys() - known.keys():
                raise ValueError(f"{layout.scenario.name}: shows {min(unknown)}, which is not in the shape given")
        places = dict(zip(own.state, self._places, strict=True))
        self._places = [places.get(name, ("", "", 0)) for name in self.shape.state]
        self.names = [*self.shape.state, *self.shape.seen, *self.shape.dates, *self.context]
        self.from_state = np.array([state.get(name) or self.shape.absent(name) for name in self.shape.state], OBSERVED)
        self.from_seen = np.array([seen.get(name) or self.shape.absent(name) for name in self.shape.seen], OBSERVED)
        self._seen_places = self.from_seen["first"].astype(np.int64) - layout.columns.chance
        self._seen_is_there = self.from_seen["scale"] > 0
        self._date_places = [list(self.shape.dates).index(name) for name in own.dates]
        self.dates = self._dates(np.arange(layout.scenario.horizon.periods + 1))
        shown = np.concatenate([self.from_state, self.from_seen])
        parts = [[self.lanes[name] for name in ("use", "slope", "bend", "limit")], [shown["scale"], shown["high"]]]
        # What a compiled step must know of quantities, and what tells the programs of steps apart.
        self.numbers = np.concatenate([np.array(part, float).T.ravel() for part in parts])
        first = [tuple(rows["first"].tolist()) for rows in (self.from_state, self.from_seen)]
        self.structure = self.raw, len(self.lanes), *first, self.dates.shape[1]

    @property
    def high(self) -> np.ndarray:
        """Return the most that each number of an observation can be."""
        more = np.ones(len(self.shape.dates) + len(self.context))
        return np.concatenate([self.from_state["high"], self.from_seen["high"], more])

    @property
    def spaces(self) -> tuple[Box, Box]:
        """Return the spaces of one path's observation and action."""
        seen = Box(0.0, self.high.astype(np.float32), dtype=np.float32)
        if self.raw:
            return seen, Box(0.0, self.lanes["limit"].astype(np.float32), dtype=np.float32)
        return seen, Box(-1.0, 1.0, (len(self.lanes),), np.float32)

    def encode(self, orders: np.ndarray) -> np.ndarray:
        """Return the action that orders these units (paths, lanes), cut to the action space."""
        orders = np.clip(orders, 0.0, self.lanes["limit"])
        return (orders if self.raw else self.action_map.numbers(orders)).astype(np.float32)

    def orders(self, action: np.ndarray) -> np.ndarray:
        """Return the units that an action, or a batch of them (..., lanes), orders; the physics rounds them to units.

        Raises:
            BadInput: for another number of lanes, or what is not a number.
        """
        action = np.asarray(action, float)
        if action.shape[-1:] != self.lanes.shape or np.isnan(action).any():
            raise BadInput(f"action: must be {len(self.lanes)} numbers, one a lane, got the shape {action.shape}")
        return np.clip(action, 0.0, self.lanes["limit"]) if self.raw else self.action_map.units(action)

    def observe(self, view: View) -> Any:
        """Return what an env would show of a `View` (paths, n): 32-bit floats, or tensors that carry their gradient."""
        source = view.source
        if isinstance(source, Simulation):  # the same numbers, in one go; row by row, in which order BLAS adds them
            stacked = np.ascontiguousarray(source.arrays["state"][self.from_state["first"]].T)
        else:
            pipeline, tables = source.pipeline, {place[:2] for place in self._places if place[0]}
            fields_of = {place: source.read(*place) for place in tables}
            stacked = _stack([(fields_of[t, f] if t else pipeline)[..., k] for t, f, k in self._places])
        if self._seen_is_there.all():
            seen = picked(source.seen, self._seen_places)
        else:
            places = zip(self._seen_places, self._seen_is_there, strict=True)
            seen = _stack([source.seen[..., place] if there else 0 * stacked[..., 0] for place, there in places])
        parts = [_cut(stacked, self.from_state), _cut(seen, self.from_seen)]
        if self.shape.dates or self.context:
            date = like(self._dates(source.period), stacked)
            parts.append(0 * stacked[..., :1] + date)
        if is_tensor(stacked):
            import torch

            return torch.cat(parts, -1)
        return np.concatenate(parts, -1).astype(np.float32)

    def read(self, observation: Any) -> DecodedState:
        """Return what an observation, or a batch of them (paths, n), shows, as `decode` does.

        Raises:
            BadInput: for another width, and for numbers that no env of these units shows.
        """
        seen = np.atleast_2d(np.asarray(observation))
        if seen.ndim != 2 or seen.shape[1] != len(self.names):
            must = f"must have {len(self.names)} numbers, {self.names[0]} and so on"
            raise BadInput(f"observation: {must}, got the shape {np.shape(observation)}")
        wrong = (seen < -1e-6) | ~(seen <= (1.0 + 1e-6) * self.high)
        if self.layout.scenario.units == "whole":
            scale = self.from_state["scale"]
            units = seen[:, : len(scale)] / np.where(scale > 0, scale, 1.0)
            is_cut = seen[:, : len(self.from_state)] >= self.from_state["high"]
            wrong[:, : len(self.from_state)] |= (np.abs(units - np.round(units)) > 1e-3 + 1e-6 * units) & ~is_cut
        if wrong.any():
            row, k = np.argwhere(wrong)[0]
            where = f"where units are {'raw' if self.raw else 'mean-demand'!r}"
            raise BadInput(f"observation: {self.names[k]} cannot be {seen[row, k]:g} {where} (is it another env's?)")
        return self.decode(seen)

    def decode(self, observation: np.ndarray) -> DecodedState:
        """Return the state that observations (paths, n) show, in units, for a `View` to look at."""
        scale = np.concatenate([self.from_state["scale"], self.from_seen["scale"]])
        numbers = observation[:, : len(scale)] / np.where(scale > 0, scale, 1.0)
        if self.layout.scenario.units == "whole":  # 32-bit floats miss whole numbers of units by a hair
            state = slice(len(self.from_state))
            numbers[:, state] = np.round(numbers[:, state])
        seen = DecodedState(self.layout, dict(zip(self.names, numbers.T, strict=False)), len(observation))
        seen.period = self.calendar.period_of(observation[:, [len(scale) + place for place in self._date_places]])
        return seen

    def _dates(self, periods: Any) -> np.ndarray:
        """Return what the date shows at the start of periods (..., numbers), and the context, always the same."""
        known = self.calendar.at(periods)
        dates = np.zeros((*known.shape[:-1], len(self.shape.dates) + len(self.context)))
        dates[..., self._date_places] = known
        dates[..., len(self.shape.dates) :] = list(self.context.values())
        return dates

    def _state(self) -> Iterator[tuple[str, Row]]:
        scenario, lanes = self.layout.scenario, list(enumerate(self.layout.scenario.lanes.items()))
        for i, name in enumerate(self.layout.stocks):
            for field in ("on_hand", "used"):
                yield self._field("stocks", i, name, field, self._usage[i])
            for k in range(1, scenario.stocks[name].shelf_life or 0):
                yield self._slot(f"{name}.lasts_{k}", self._usage[i])
        for d, (name, demand) in enumerate(scenario.demands.items()):
            if demand.unmet == "backlog":
                yield self._field("demands", d, name, "backlog", moments(scenario, name)[0])
        for m, (name, lane) in lanes:
            row = self.layout.net.lanes[m]
            fails = row["can_fail"] or row["can_fall_short"]
            if lane.unshipped == "waits" and (row["ships"] or lane.order_delay or fails):
                yield self._field("lanes", m, name, "waiting", self._lane_usage(m))
        for m, (name, lane) in lanes:
            for k in range(lane.order_delay):
                yield self._slot(f"{name}.read_in_{k + 1}", self._lane_usage(m))
        for m, (name, _) in lanes:
            row = self.layout.net.lanes[m]
            if row["receiving_can_stop"]:
                yield self._slot(f"{name}.waits_at_the_dock", self._lane_usage(m))
            if row["varies"] or f"{name}.in_transit" in self.layout.slots:
                yield self._field("lanes", m, name, "in_transit", self._lane_usage(m))
            if not row["varies"]:
                for k in range(1, int(row["last_slot"] - row["first_slot"])):
                    yield self._slot(f"{name}.arrives_in_{k}", self._lane_usage(m))

    def _field(self, table: str, k: int, name: str, field: str, mean: float) -> tuple[str, Row]:
        """Return the name and the place of a field of the state, or of what is known of it where records are late."""
        if f"{name}.{field}" in self.layout.slots:
            return self._slot(f"{name}.{field}", mean)
        tables = {"stocks": STOCK_STATE, "lanes": LANE_STATE, "demands": DEMAND_STATE}
        start = 0
        for each, kind in tables.items():
            if each == table:
                break
            start += getattr(self.layout.sizes, each) * len(fields(kind))
        place = start + k * len(fields(tables[table])) + fields(tables[table]).index(field)
        self._places.append((table, field, k))
        return f"{name}.{field}", self._row(place, mean)

    def _slot(self, name: str, mean: float) -> tuple[str, Row]:
        """Return the name and the place of a place of the pipeline."""
        self._places.append(("", "", self.layout.slots[name]))
        first = self.layout.state_size - self.layout.sizes.slots
        return name, self._row(first + self.layout.slots[name], mean)

    def _seen(self) -> Iterator[tuple[str, Row]]:
        columns = self.layout.columns
        for name, ahead in columns.forecast.items():
            for h, column in enumerate(range(ahead.start, ahead.stop)):
                yield (
                    f"{name}.forecast_{h}",
                    self._row(columns.chance + column, moments(self.layout.scenario, name)[0]),
                )
        for name, column in signs(self.layout):
            yield name, (columns.chance + column, 1.0, 1.0)

    def _row(self, place: int, mean: float) -> Row:
        unit = mean or 1.0
        scale, high = (1.0, MOST_SEEN * unit) if self.raw else (1.0 / unit, MOST_SEEN)
        return place, scale, high

    def _lane_usage(self, m: int) -> float:
        return float(self.lanes["use"][m])

    def _lanes(self, most_ordered: float) -> np.ndarray:
        scenario, rows = self.layout.scenario, {}
        stocks = list(scenario.stocks.values())
        for i, names in enumerate(scenario.feeds.values()):
            limits = {
                name: float(self.layout.net.lanes[self.layout.lanes.index(name)]["order_limit"]) for name in names
            }
            mean, holding_cost = self._usage[i], stocks[i].holding_cost
            for name, use in _divided(mean, limits).items():
                lane = scenario.lanes[name]
                lot = mean * float(economic_cycle(lane.fixed_cost, mean, holding_cost))
                rows[name] = self._lane(lane, use, max(most_ordered * mean, lot), limits[name])
        return np.array([rows[name] for name in scenario.lanes], ORDERED)

    def _lane(self, lane: Lane, use: float, most: float, limit: float) -> tuple[float, float, float, float]:
        """Return what a lane's action means: its use, the slope and the bend above it, and the most it can order.

        Where what is used is less than can be ordered at all, or there is no room for more, each order has an equal
        part of [-1, 1].
        """
        least = max(lane.batch or 0.0, lane.minimum_order, float(self.layout.scenario.units == "whole"))
        step = lane.batch or float(self.layout.scenario.units == "whole")
        most = max(most, least)
        limit = min(limit, np.ceil(most / step - 1e-9) * step if step else most)
        if not least <= use <= limit - max(step, 0.1 * use):
            use = 0.5 * limit
        bend = max(limit - 2.0 * use, 0.0)
        return use, limit - use - bend, bend, limit


def _divided(use: float, limits: dict[str, float]) -> dict[str, float]:
    """Divide what a stock is used among its lanes, evenly as far as half of each one's limit goes."""
    shares: dict[str, float] = {}
    for name, limit in sorted(limits.items(), key=lambda each: each[1]):
        even = (use - sum(shares.values())) / (len(limits) - len(shares))
        shares[name] = even if len(shares) + 1 == len(limits) else min(even, 0.5 * limit)
    return shares


def _stack(columns: list[Any]) -> Any:
    """Return columns (paths,) as a table (paths, columns)."""
    if is_tensor(columns[0]):
        import torch

        return torch.stack(columns, -1)
    return np.stack(columns, -1)


def _cut(quantities: Any, shown: np.ndarray) -> Any:
    """Return quantities (paths, n) in the units they are shown in, cut to what is shown at most."""
    if is_tensor(quantities):
        scale, high = (like(shown[name], quantities) for name in ("scale", "high"))
        return (quantities.clamp(min=0.0) * scale).minimum(high)
    return np.minimum(np.maximum(quantities, 0.0) * shown["scale"], shown["high"])


class DecodedState:
    """A batch of observations, to look at as one looks at a simulation; what is not observed is 0."""

    period: Any = None  # observed only where the world ends; a caller that counts periods may set it

    def __init__(self, layout: Layout, values: dict[str, np.ndarray], paths: int) -> None:
        """Take the observed values by their names."""
        self.layout, self._values, self._paths = layout, values, paths

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (paths, how many there are)."""
        if (table, field) == ("lanes", "in_transit"):
            return np.stack([self._in_transit(m) for m in range(len(self.layout.lanes))], axis=-1)
        if (table, field) == ("lanes", "posted"):
            return np.stack([self._posted(name) for name in self.layout.lanes], axis=-1)
        return np.stack([self._value(f"{name}.{field}") for name in getattr(self.layout, table)], axis=-1)

    @property
    def pipeline(self) -> np.ndarray:
        """Return what is in the pipeline, as far as it is observed (paths, slots)."""
        out = np.zeros((self._paths, self.layout.sizes.slots))
        for name, place in self.layout.slots.items():
            out[:, place] = self._value(name)
        return out

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen of chance (paths, columns.seen)."""
        columns = self.layout.columns
        out = np.zeros((self._paths, columns.seen))
        for name, ahead in columns.forecast.items():
            for h, column in enumerate(range(ahead.start, ahead.stop)):
                out[:, column] = self._value(f"{name}.forecast_{h}")
        for name, column in signs(self.layout):
            out[:, column] = self._value(name)
        return out

    def _value(self, name: str) -> np.ndarray:
        return self._values.get(name, np.zeros(self._paths))

    def _posted(self, name: str) -> np.ndarray:
        delay = self.layout.scenario.lanes[name].order_delay
        return sum((self._value(f"{name}.read_in_{k + 1}") for k in range(delay)), np.zeros(self._paths))

    def _in_transit(self, m: int) -> np.ndarray:
        name, row = self.layout.lanes[m], self.layout.net.lanes[m]
        if f"{name}.in_transit" in self._values:
            return self._value(f"{name}.in_transit")
        slots = range(1, int(row["last_slot"] - row["first_slot"]))
        total = self._value(f"{name}.waits_at_the_dock")
        return total + sum(self._value(f"{name}.arrives_in_{k}") for k in slots)


WORKING = {"ordering": "orderable", "shipping": "available", "transit": "moving", "receiving": "receivable"}


def signs(layout: Layout) -> Iterator[tuple[str, int]]:
    """Return the name and the column of each sign that is a share: what works, what is left of prices, what is over."""
    columns = layout.columns
    for (kind, name), known in columns.visible.items():
        for h, column in enumerate(range(known.start, known.stop)):
            yield f"{name}.{WORKING[kind]}" + (f"_{h}" if h else ""), column
    for names, field in ((columns.seen_cost, "cost_left"), (columns.seen_price, "price_left")):
        yield from ((f"{name}.{field}", column) for name, column in names.items())
    yield from ((f"{name}.comes_in", column) for name, column in columns.coming.items())
    yield from ((f"{name}.delay", column) for name, column in columns.seen_delay.items())
    yield from ((f"{name}.strikes_in", column) for name, column in columns.strikes_in.items())
    for name, known in columns.seen_obsolete.items():
        for h, column in enumerate(range(known.start, known.stop)):
            yield f"{name}.obsolete" + (f"_{h}" if h else ""), column
