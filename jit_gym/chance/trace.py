"""Traces: everything random that will happen on some paths, drawn before the first order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from ..common.checks import check_count, check_seed, check_seeds
from ..common.text import quoted
from ..scenario import BadInput, Distribution, ScenarioError
from ..scenario.errors import at
from ..scenario.model import LONGEST_HORIZON, MOST_NUMBERS, Disruption, Drift, Late, Scenario, Short, Spike, Starts
from .bits import stream, uniforms
from .copula import Copula, Drawn
from .delays import drawn as drawn_delays
from .delays import in_sequence
from .demand import fill_demand, level, pattern, price_left, seasonal
from .events import FOREVER, NEVER, left_working, spells
from .lead_times import fill_lead_times, keep_sequence, longest
from .quality import defective, rejects
from .suppliers import delayed_by, failing, falls_short, is_random, slowest, supplier_of
from .tables import quantile


class _Room:
    """Allocates consecutive columns of a row."""

    def __init__(self) -> None:
        self.taken = 0

    def one(self) -> int:
        self.taken += 1
        return self.taken - 1

    def some(self, width: int) -> slice:
        self.taken += width
        return slice(self.taken - width, self.taken)


@dataclass(frozen=True)
class Columns:
    """The column of each random quantity in a row of chance, and of each observable one in a row of what is seen."""

    demand: dict[str, int]
    lead_time: dict[str, int]  # lanes with random lead times only
    working: dict[tuple[str, str], int]  # the kind of disruption and the lane, where one can hit it
    filled: dict[str, int]  # lanes whose supplier may fall short
    defects: dict[str, int]  # lanes: the share that is rejected, or the units that are good before the process drifts
    rounding: dict[str, int]  # lanes whose rejected share is rounded to whole units
    age: dict[str, int]  # lanes whose goods are some periods old when they arrive
    cost: dict[str, int]  # lanes whose unit cost falls: what is left of it
    price: dict[str, int]  # demands whose price falls: what is left of it
    obsolete: dict[str, int]  # stocks that can become obsolete: 1 where they are
    last: int | None  # 1 in the last period, with a terminal value or cost
    shared: dict[str, int]  # suppliers and routes: the share of their capacity that is left, where it can be hit
    shrinkage: dict[str, int]  # stocks of which a share is stolen or damaged, where it is rounded to whole units
    destroyed: dict[str, int]  # places (`stocks.NAME`, `lanes.NAME`): the share that is destroyed
    destroyed_rounding: dict[str, int]  # the same places, where it is rounded to whole units
    forecast: dict[str, slice]  # seen: demands whose mean changes in a way that is known
    visible: dict[tuple[str, str], slice]  # seen: the kind and the lane of visible disruptions, now and as far as known
    seen_cost: dict[str, int]
    seen_price: dict[str, int]
    seen_obsolete: dict[str, slice]  # 1 in this and the next periods for which it is known
    coming: dict[str, int]  # spikes that are announced: periods until the next begins, of those it is announced ahead
    seen_delay: dict[str, int]  # lanes: periods that are added to the lead time today, over the most that ever are
    strikes_in: dict[str, int]  # the same of disruptions that destroy and are announced
    chance: int  # numbers in a row of chance
    seen: int  # numbers in a row of what is seen
    ahead: int  # periods that a forecast looks ahead, this one included

    @property
    def available(self) -> dict[str, int]:
        """Return where the share of capacity that can ship stands, for lanes whose shipping can be disrupted."""
        return {lane: column for (kind, lane), column in self.working.items() if kind == "shipping"}

    @classmethod
    def of(cls, scenario: Scenario) -> Columns:
        """Return the columns that this scenario needs, and no more."""
        lanes, demands, stocks = scenario.lanes, scenario.demands, scenario.stocks
        for name, lane in lanes.items():
            with at(f"lanes.{name}.lead_time"):
                if longest(lane.lead_time) and not (lane.crossing or keep_sequence(lane.lead_time)):
                    must = "without crossing, the chance to arrive must not fall with age"
                    raise ScenarioError(f"{must}, got {lane.lead_time} (set crossing: true)")
        known = [len(demand.forecast.accuracy) for demand in demands.values() if demand.forecast]
        ahead = max([1 + slowest(scenario, name) + lane.order_delay for name, lane in lanes.items()] + known)
        foretold = [name for name in demands if _changes_visibly(scenario, name)]
        hits = hits_of(scenario)
        eroding = [name for name, lane in lanes.items() if lane.cost_erosion]
        cheaper = [name for name, demand in demands.items() if demand.price_erosion or demand.markdown]
        ageing = [name for name, stock in stocks.items() if stock.obsolete]
        rejecting = [name for name, lane in lanes.items() if rejects(scenario, name)]
        whole = scenario.units == "whole"
        rounded = [name for name in rejecting if isinstance(lanes[name].defects, Distribution)]
        happens, shows = _Room(), _Room()
        columns = cls(
            demand={name: happens.one() for name in demands},
            lead_time={name: happens.one() for name in lanes if is_random(scenario, name)},
            working={key: happens.one() for key in hits},
            filled={name: happens.one() for name in lanes if falls_short(scenario, name)},
            defects={name: happens.one() for name in rejecting},
            rounding={name: happens.one() for name in rounded if whole},
            age={name: happens.one() for name, lane in lanes.items() if lane.age_on_arrival.highest > 0},
            cost={name: happens.one() for name in eroding},
            price={name: happens.one() for name in cheaper},
            obsolete={name: happens.one() for name in ageing},
            last=happens.one() if ends_with_money(scenario) else None,
            shared={name: happens.one() for name in shared_hits_of(scenario)},
            shrinkage={name: happens.one() for name, stock in stocks.items() if stock.shrinkage and whole},
            destroyed={place: happens.one() for place in scenario.destroyed_by},
            destroyed_rounding={place: happens.one() for place in scenario.destroyed_by if whole},
            forecast={name: shows.some(ahead) for name in foretold},
            visible={
                key: shows.some(1 + max(disruption.announced for disruption in events))
                for key, all_events in hits.items()
                if (events := [event for event in all_events.values() if event.seen == "at-once"])
            },
            seen_cost={name: shows.one() for name in eroding},
            seen_price={name: shows.one() for name in cheaper},
            seen_obsolete={name: shows.some(ahead) for name in ageing},
            coming={name: shows.one() for name, spike in scenario.spikes.items() if spike.announced},
            seen_delay={
                name: shows.one() for name, lane in lanes.items() if lane.delays and lane.delays.seen == "at-once"
            },
            strikes_in={
                name: shows.one()
                for name, disruption in scenario.disruptions.items()
                if disruption.announced and any(name in keys for keys in scenario.destroyed_by.values())
            },
            chance=happens.taken,
            seen=shows.taken,
            ahead=ahead,
        )
        if columns.chance + columns.seen > MOST_NUMBERS:
            must = f"must have {MOST_NUMBERS:,} numbers or less in a period for what is drawn and seen"
            got = f"got {columns.chance + columns.seen:,}"
            raise ScenarioError(f"{scenario.name}: {must}, {got} (look less far ahead: shorten lead times or warnings)")
        return columns


def hits_of(scenario: Scenario) -> dict[tuple[str, str], dict[str, Disruption]]:
    """Return the disruptions of each kind that can hit each lane, by (kind, lane)."""
    found: dict[tuple[str, str], dict[str, Disruption]] = {}
    for lane, keys in scenario.hit_by.items():
        for key in keys:
            disruption = scenario.disruptions[key]
            found.setdefault((disruption.stops, lane), {})[key] = disruption
    return found


def ends_with_money(scenario: Scenario) -> bool:
    """Tell whether there is a terminal value of stock or a terminal cost of backlog."""
    values = any(stock.terminal_value for stock in scenario.stocks.values())
    return values or any(demand.terminal_cost for demand in scenario.demands.values())


def shared_hits_of(scenario: Scenario) -> dict[str, dict[str, Disruption]]:
    """Return the disruptions of shipping that hit each supplier or route whose lanes share a capacity."""
    found: dict[str, dict[str, Disruption]] = {}
    for lane in scenario.lanes:
        for place in scenario.shared_by(lane):
            name = place.partition(".")[2]
            hits = {key: each for key, each in scenario.disruptions.items() if name in each.hits}
            found[name] = {key: each for key, each in hits.items() if each.stops == "shipping"}
    return {name: hits for name, hits in found.items() if hits}


def _changes_visibly(scenario: Scenario, name: str) -> bool:
    demand = scenario.demands[name]
    spiked = any(name in spike.hits and spike.seen == "at-once" for spike in scenario.spikes.values())
    shifts = demand.regimes and demand.regime_seen == "at-once"
    return bool(
        demand.season
        or demand.trend
        or demand.markdown
        or spiked
        or shifts
        or demand.autocorrelation
        or demand.forecast
    )


@dataclass(frozen=True)
class Trace:
    """What will happen on some paths in each period, and what is seen of it at the start of each.

    `rows` is (periods + 1, paths, columns.chance + columns.seen). Of the last row only the columns of what is seen are
    used: they hold what is seen after the last period.
    """

    columns: Columns
    rows: np.ndarray

    @property
    def chance(self) -> np.ndarray:
        """Return what happens (periods, paths, columns.chance)."""
        return self.rows[:-1, :, : self.columns.chance]

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen at the start of each period, and at the end (periods + 1, paths, columns.seen)."""
        return self.rows[:, :, self.columns.chance :]

    @property
    def periods(self) -> int:
        """Return the number of periods drawn."""
        return self.rows.shape[0] - 1

    @property
    def paths(self) -> int:
        """Return the number of paths drawn."""
        return self.rows.shape[1]

    @property
    def demand(self) -> np.ndarray:
        """Return the units asked for (paths, periods, demands)."""
        return self._of(self.columns.demand)

    @property
    def lead_time(self) -> np.ndarray:
        """Return the lead times of each period's shipments in periods (paths, periods, lanes with random ones)."""
        return self._of(self.columns.lead_time)

    @property
    def available(self) -> np.ndarray:
        """Return the share of capacity there is, 0 to 1 (paths, periods, lanes that can be disrupted)."""
        return self._of(self.columns.available)

    @property
    def working(self) -> dict[str, np.ndarray]:
        """Return the share that the worst kind of disruption leaves of each lane that one can hit (periods, paths)."""
        shares: dict[str, np.ndarray] = {}
        for (_, lane), column in self.columns.working.items():
            shares[lane] = np.minimum(shares.get(lane, 1.0), self.chance[:, :, column])
        return shares

    def _of(self, columns: dict[str, int]) -> np.ndarray:
        return self.chance[:, :, list(columns.values())].transpose(1, 0, 2)


class Chance:
    """The randomness of a scenario, ready to be drawn.

    Path i of seed s does not depend on the batch, nor on the other parts of the scenario: each source of chance draws
    from a stream of its own, keyed by the seed and its name.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Prepare the tables and columns of a scenario."""
        self.scenario = scenario
        self.columns = Columns.of(scenario)
        self.copulas = {name: Copula(scenario, name) for name in scenario.demands if Copula.needed(scenario, name)}

    def draw(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> Trace:
        """Draw some paths of a seed.

        Args:
            seed: the seed, or one for each path.
            paths: how many (0, 1, 2, ...), or which.
            periods: how many periods; the scenario's horizon by default.

        Returns:
            A trace of these paths, in their order.

        Raises:
            BadInput: for a seed, paths or periods that are not whole numbers, or are too small or too large.
        """
        drawing = self._drawing(seed, paths, periods)
        rows = self.blank(drawing.periods, len(drawing.paths))
        drawing.fill(rows)
        return Trace(self.columns, rows)

    def draw_into(self, rows: np.ndarray, seed: int | Sequence[int], paths: Sequence[int] | np.ndarray) -> None:
        """Draw some paths of a seed, as `draw` does, into rows (periods + 1, paths, columns).

        They are `blank` ones, or those of other paths that were drawn before: this leaves the same places as they are.
        """
        self._drawing(seed, paths, len(rows) - 1).fill(rows)

    def draw_pair(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> Trace:
        """Draw some paths of a seed as `draw` does, and behind them the same paths without their disruptions.

        Path `paths` + i of what is returned is path i in which no disruption begins: its demand, lead times, prices and
        all else are the same to the bit, so that a policy's figures on the two differ by what disruptions do alone.
        """
        drawings = [self._drawing(seed, paths, periods, quiet) for quiet in (False, True)]
        each = len(drawings[0].paths)
        rows = self.blank(drawings[0].periods, 2 * each)
        for k, drawing in enumerate(drawings):
            drawing.fill(rows[:, k * each : (k + 1) * each])
        return Trace(self.columns, rows)

    def blank(self, periods: int, paths: int) -> np.ndarray:
        """Return rows to be filled in (periods + 1, paths, columns).

        The numbers of all paths lie side by side, as a kernel plays several paths at a time.
        """
        return np.zeros((periods + 1, self.columns.chance + self.columns.seen, paths)).transpose(0, 2, 1)

    def disrupted(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> np.ndarray:
        """Tell in which periods of `draw` any disruption that hits anything is on or recovers (periods, paths)."""
        drawing, scenario = self._drawing(seed, paths, periods), self.scenario
        lanes = scenario.lanes.values()
        places = {
            *scenario.stocks,
            *scenario.lanes,
            *(lane.supplier for lane in lanes),
            *(lane.route for lane in lanes),
        }
        on = np.zeros((drawing.periods, len(drawing.paths)), bool)
        for key, disruption in scenario.disruptions.items():
            if not places.isdisjoint(disruption.hits):
                begun = drawing.spells[f"disruptions.{key}"][: drawing.periods]
                on |= (begun != NEVER) | (left_working(disruption, begun)[0] < 1.0)
        return on

    def _drawing(self, seed: Any, paths: Any, periods: int | None, quiet: bool = False) -> _Draw:
        periods = self.scenario.horizon.periods if periods is None else periods
        check_count("periods", periods, 1, LONGEST_HORIZON)
        which = _numbers_of(paths)
        one = isinstance(seed, int | np.integer)
        seeds = [check_seed(seed)] if one else check_seeds(seed, len(which), "path")
        return _Draw(self, seeds, which, periods, quiet)


def _numbers_of(paths: Any) -> np.ndarray:
    """Return the numbers of the paths, given how many there are or a list of them."""
    if isinstance(paths, int | np.integer):
        check_count("paths", paths, 0)
        return np.arange(paths)
    numbers = np.asarray(paths)
    if numbers.ndim != 1 or (numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0)):
        raise BadInput(f"paths: must be how many, or a list of whole numbers, 0 or more, got {quoted(paths)}")
    return numbers.astype(np.int64)


class _Draw:
    """Draws one trace: holds its paths, periods and seeds, and fills in its rows; `quiet` without disruptions."""

    def __init__(self, chance: Chance, seeds: list[int], paths: np.ndarray, periods: int, quiet: bool) -> None:
        self.scenario, self.columns, self.copulas = chance.scenario, chance.columns, chance.copulas
        self.seeds, self.paths, self.periods, self.quiet = seeds, paths, periods, quiet
        self.known: dict[str, Any] = {}  # what several lanes have in common, by its source

    def keys(self, source: str) -> np.ndarray:
        if len(self.seeds) == 1:
            return np.full(len(self.paths), stream(self.seeds[0], source))
        known = {seed: stream(seed, source) for seed in set(self.seeds)}
        return np.array([known[seed] for seed in self.seeds], np.uint64)

    def fill(self, rows: np.ndarray) -> None:
        columns = self.columns
        chance, seen = rows[:-1], rows[:, :, columns.chance :]
        for name in columns.demand:
            self.draw_demand(name, chance, seen)
        self.draw_shipments(chance, seen)
        self.draw_disruptions(chance, seen)
        for name, column in columns.shrinkage.items():
            chance[:, :, column] = self.draws(f"stocks.{name}.shrinkage")
        self.draw_strikes(chance)
        self.announce(seen)
        self.draw_prices(chance, seen)
        self.draw_obsolescence(chance, seen)
        if columns.last is not None:
            chance[-1:, :, columns.last] = 1.0

    def draw_demand(self, name: str, chance: np.ndarray, seen: np.ndarray) -> None:
        column = self.columns.demand[name]
        demand = self.scenario.demands[name]
        beyond = self.periods + self.columns.ahead
        drawn = None
        if name in self.copulas:
            drawn = Drawn(self.copulas[name], lambda source: uniforms(self.keys(source), self.paths, beyond))
        if drawn is None or drawn.copula.plain:
            fill_demand(chance, column, self.scenario, name, self.keys(f"demands.{name}"), self.paths)
        else:
            chance[:, :, column] = drawn.demand[: self.periods]
        expected = pattern(demand, beyond, self.scenario.horizon)
        spikes = {key: spike for key, spike in self.scenario.spikes.items() if name in spike.hits}
        begun = {key: self.spells[f"spikes.{key}"] for key in spikes}
        if expected is not None or spikes:
            factor = np.ones((self.periods, len(self.paths)))
            if expected is not None:
                factor *= expected[: self.periods, None]
            for key, spike in spikes.items():
                factor[begun[key][: self.periods] != NEVER] *= spike.factor
            scaled = chance[:, :, column] * factor
            if self.scenario.units == "whole":
                up = uniforms(self.keys(f"demands.{name}.rounding"), self.paths, self.periods)
                scaled = np.floor(scaled + up)
            chance[:, :, column] = scaled
        if name in self.columns.forecast:
            ahead = self.columns.ahead
            means: Iterable[np.ndarray | float] = repeat(level(self.scenario, name)[0], ahead)
            if drawn is not None:
                means = drawn.foretold(self.periods + 1, ahead)
            elif (each := seasonal(self.scenario, name, beyond)) is not None:
                means = (each[h : self.periods + 1 + h, None] for h in range(ahead))
            self.forecast(seen[:, :, self.columns.forecast[name]], means, expected, spikes, begun)

    def forecast(
        self,
        out: np.ndarray,
        means: Iterable[np.ndarray | float],
        expected: np.ndarray | None,
        spikes: dict[str, Spike],
        begun: dict[str, np.ndarray],
    ) -> None:
        """Fill in the forecast of this and the next periods' mean demand (periods + 1, paths, ahead).

        It includes the mean of each period ahead before season, trend and spikes, the season, the trend, and each spike
        that has begun or is announced, with its end.
        """
        now = np.arange(self.periods + 1)[:, None]
        for h, mean in enumerate(means):
            out[:, :, h] = mean if expected is None else mean * expected[h : self.periods + 1 + h, None]
            for key, spike in spikes.items():
                known = begun[key][h : self.periods + 1 + h] <= now + spike.announced
                if spike.seen == "at-once":
                    out[:, :, h][known] *= spike.factor

    def draw_shipments(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Draw lead times of each period's shipments, shares that are missing, and defects of arrivals."""
        columns, lanes = self.columns, self.scenario.lanes
        for name, column in columns.lead_time.items():
            keys = self.keys(f"lanes.{name}.lead_time")
            fill_lead_times(chance, column, keys, self.paths, lanes[name].lead_time, lanes[name].crossing)
            if delays := lanes[name].delays:
                u = uniforms(self.keys(f"lanes.{name}.delays"), self.paths, self.periods + 1)
                added = drawn_delays(delays, self.scenario.horizon, u)
                chance[:, :, column] += added[:-1]
                if not lanes[name].crossing:
                    chance[:, :, column] = in_sequence(chance[:, :, column])
                if name in columns.seen_delay:
                    seen[:, :, columns.seen_delay[name]] = added / max(delays.longest, 1)
            if late := supplier_of(self.scenario, name).late:
                chance[:, :, column] += self.failing(name, "late", late)
            for key, periods in delayed_by(self.scenario, name).items():
                on = self.spells[f"disruptions.{key}"][: self.periods] != NEVER
                chance[:, :, column] += np.where(on, periods, 0)
        for name, column in columns.filled.items():
            if short := supplier_of(self.scenario, name).short:
                chance[:, :, column] = 1.0 - self.failing(name, "short", short)
        for name, column in columns.age.items():
            chance[:, :, column] = quantile(lanes[name].age_on_arrival, self.draws(f"lanes.{name}.age"), whole=True)
        for name, column in columns.defects.items():
            chance[:, :, column] = defective(self.draws(f"lanes.{name}.defects"), lanes[name].defects)
            if (least := self.scenario.too_old(name)) < np.inf:
                age = chance[:, :, columns.age[name]] if name in columns.age else 0.0
                all_of_it = 0.0 if isinstance(lanes[name].defects, Drift) else 1.0
                chance[:, :, column] = np.where(age >= least, all_of_it, chance[:, :, column])
        for name, column in columns.rounding.items():
            chance[:, :, column] = self.draws(f"lanes.{name}.rounding")

    def draws(self, source: str) -> np.ndarray:
        """Return a source's numbers between 0 and 1 (periods, paths)."""
        return uniforms(self.keys(source), self.paths, self.periods)

    def failing(self, lane: str, what: str, how: Late | Short) -> np.ndarray:
        """Return by how much a lane's supplier fails (periods, paths), the same on all its lanes."""
        source = f"suppliers.{self.scenario.lanes[lane].supplier}.{what}"
        if source not in self.known:
            self.known[source] = failing(self.draws(source), self.draws(f"{source}.by"), how)
        return self.known[source]

    def left_working(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the share that a disruption leaves of all that it hits, and when the last one began."""
        source = f"disruptions.{key}"
        if source not in self.known:
            self.known[source] = left_working(self.scenario.disruptions[key], self.spells[source])
        return self.known[source]

    def draw_disruptions(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Fill in the share of each lane that works, and what is seen of it, now and as far ahead as announced."""
        now = np.arange(self.periods + 1)[:, None]
        hits = hits_of(self.scenario)
        for (kind, lane), column in self.columns.working.items():
            shown = self.columns.visible.get((kind, lane), slice(0, 0))
            works = np.ones((self.periods, len(self.paths)))
            known = np.ones((self.periods + 1, len(self.paths), shown.stop - shown.start))
            for key, disruption in hits[kind, lane].items():
                left, since = self.left_working(key)
                works *= left[: self.periods]
                if disruption.seen == "hidden":
                    continue
                if late := disruption.seen_late:
                    left = np.concatenate([np.ones((late, len(self.paths))), left])
                for h in range(known.shape[2] if disruption.announced else 1):
                    there = slice(h, self.periods + 1 + h)
                    told = since[there] <= now + disruption.announced
                    known[:, :, h] *= np.where(told | (h == 0), left[there], 1.0)
            chance[:, :, column] = works
            seen[:, :, shown] = known
        for name, hits_it in shared_hits_of(self.scenario).items():
            works = np.ones((self.periods, len(self.paths)))
            for key in hits_it:
                works *= self.left_working(key)[0][: self.periods]
            chance[:, :, self.columns.shared[name]] = works

    def draw_strikes(self, chance: np.ndarray) -> None:
        """Fill in the share of each stock and lane that is destroyed in the first period of each disruption."""
        now = np.arange(self.periods)[:, None]
        for place, column in self.columns.destroyed.items():
            left = np.ones((self.periods, len(self.paths)))
            for key in self.scenario.destroyed_by[place]:
                begins = self.spells[f"disruptions.{key}"][: self.periods] == now
                left *= np.where(begins, 1.0 - self.scenario.disruptions[key].destroys, 1.0)
            chance[:, :, column] = 1.0 - left
        for place, column in self.columns.destroyed_rounding.items():
            chance[:, :, column] = self.draws(f"{place}.destroyed")

    def announce(self, seen: np.ndarray) -> None:
        """Fill in the periods until each announced spike is on, and until each disruption destroys.

        They are divided by `announced` + 1, and 1 where none is announced.
        """
        columns, scenario = self.columns, self.scenario
        events: list[tuple[str, Spike | Disruption, int]] = [
            *((f"spikes.{name}", scenario.spikes[name], column) for name, column in columns.coming.items()),
            *(
                (f"disruptions.{name}", scenario.disruptions[name], column)
                for name, column in columns.strikes_in.items()
            ),
        ]
        for place, event, column in events:
            begun, limit = self.spells[place], event.announced + 1
            now = np.arange(len(begun))[:, None]
            comes = begun != NEVER if isinstance(event, Spike) else begun == now
            on = np.where(comes, now, len(begun) + limit)
            following = np.minimum.accumulate(on[::-1], axis=0)[::-1]  # the first period from now on that it is on in
            seen[:, :, column] = np.minimum(following - now, limit)[: self.periods + 1] / limit

    def draw_prices(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Fill in what is left of the costs and prices that erode."""
        columns, t = self.columns, np.arange(self.periods + 1)[:, None]
        for name, column in columns.cost.items():
            left = (1.0 - self.scenario.lanes[name].cost_erosion) ** t
            chance[:, :, column], seen[:, :, columns.seen_cost[name]] = left[:-1], left
        for name, column in columns.price.items():
            demand = self.scenario.demands[name]
            left = price_left(demand, self.scenario.horizon, t)
            chance[:, :, column], seen[:, :, columns.seen_price[name]] = left[:-1], left

    def draw_obsolescence(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Mark the stocks that are obsolete, and set the demands that draw on them to 0.

        A date is seen in advance, a random period only when it has come.
        """
        columns, scenario = self.columns, self.scenario
        now = np.arange(self.periods + 1)[:, None]
        for name, column in columns.obsolete.items():
            obsolete = scenario.stocks[name].obsolete
            begun = self.spells[f"stocks.{name}.obsolete"]
            over = begun != NEVER
            chance[:, :, column] = over[: self.periods]
            for h, shown in enumerate(range(columns.seen_obsolete[name].start, columns.seen_obsolete[name].stop)):
                there = slice(h, self.periods + 1 + h)
                seen[:, :, shown] = over[there] if obsolete and obsolete.at else over[there] & (begun[there] <= now)
            for demand, asked in columns.demand.items():
                if name in scenario.demands[demand].draws_on:
                    chance[:, :, asked] *= ~over[: self.periods]

    def driven(self, source: str, starts: Starts, periods: int) -> np.ndarray | None:
        """Return the chance of a disruption with a driver to begin in each quiet period (periods, paths)."""
        table, _, name = source.partition(".")
        key = self.scenario.disruptions[name].driver if table == "disruptions" else None
        if key is None or starts.rate is None:
            return None
        driver = self.scenario.drivers[key]
        year = (np.arange(periods) / self.scenario.horizon.year).astype(int)
        has_it = uniforms(self.keys(f"drivers.{key}"), self.paths, int(year[-1]) + 1) < driver.chance
        without, with_it = driver.rates(starts.rate)
        return np.where(has_it, with_it, without)[year]

    @cached_property
    def spells(self) -> dict[str, np.ndarray]:
        """Return when each event that is on began (periods and as many more as forecasts and warnings need, paths)."""
        disruptions, spikes = self.scenario.disruptions.values(), self.scenario.spikes.values()
        announced = max([0, *(each.announced for each in disruptions), *(each.announced for each in spikes)])
        beyond = self.periods + max(self.columns.ahead, 1 + announced)
        events: dict[str, tuple[Starts, Distribution]] = {
            f"{table}.{key}": (event.starts, event.lasts)
            for table in ("spikes", "disruptions")
            for key, event in getattr(self.scenario, table).items()
        }
        for name, stock in self.scenario.stocks.items():
            if stock.obsolete:
                events[f"stocks.{name}.obsolete"] = stock.obsolete, FOREVER
        begun = {}
        for source, (starts, lasts) in events.items():
            if self.quiet and source.startswith("disruptions."):
                begun[source] = np.full((beyond, len(self.paths)), NEVER, np.int32)
                continue
            rates = self.driven(source, starts, beyond)
            with at(source):
                keys, horizon = self.keys(source), self.scenario.horizon
                begun[source] = spells(starts, lasts, horizon, keys, self.paths, beyond, rates)
        return begun
