"""Drawing: how chance fills in what happens in each period of some paths, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from ..scenario import Distribution
from ..scenario.errors import at
from ..scenario.model import Delays, Disruption, Drift, Late, Scenario, Short, Spike, Starts
from .bits import stream, uniforms
from .columns import Columns, hits_of, shared_hits_of
from .copula import Copula, Drawn
from .delays import by_date, by_regime, in_sequence
from .demand import check_histories, fill_demand, level, pattern, price_left, seasonal
from .events import FOREVER, NEVER, Window, left_working, spells
from .lead_times import fill_lead_times
from .quality import defective
from .suppliers import delayed_by, failing, supplier_of
from .tables import quantile


class Drawing:
    """Draws one trace: holds its paths, periods and seeds, and fills in its rows; `quiet` without disruptions.

    A part of it, `periods` from the `first` on, is a drawing as well.
    """

    def __init__(
        self,
        scenario: Scenario,
        columns: Columns,
        copulas: Mapping[str, Copula],
        seeds: list[int],
        paths: np.ndarray,
        periods: int,
        quiet: bool,
    ) -> None:
        """Draw nothing yet; `seeds` is one, or one for each path."""
        self.scenario, self.columns, self.copulas = scenario, columns, copulas
        self.seeds, self.paths, self.first, self.periods, self.quiet = seeds, paths, 0, periods, quiet
        self.total = periods
        disruptions = scenario.disruptions.values()
        self.felt = max((1 + each.recovers_over + each.seen_late for each in disruptions), default=0)  # when it is over
        self.known: dict[str, Any] = {}  # what several lanes have in common, by its source
        self.past: dict[str, Any] = {}  # what each source's next part depends on of those before it
        check_histories(scenario, periods)

    def part(self, first: int, periods: int) -> Drawing:
        """Return the drawing of some of the periods, from a multiple of 4 on; parts are filled in in their order."""
        part = copy(self)
        part.first, part.periods, part.known = first, periods, {}
        return part

    @property
    def now(self) -> np.ndarray:
        """Return the number of each period, and of the one after the last (periods + 1, 1)."""
        return np.arange(self.first, self.first + self.periods + 1)[:, None]

    def keys(self, source: str) -> np.ndarray:
        """Return the key of a source of chance on each path (paths,)."""
        if len(self.seeds) == 1:
            return np.full(len(self.paths), stream(self.seeds[0], source))
        known = {seed: stream(seed, source) for seed in set(self.seeds)}
        return np.array([known[seed] for seed in self.seeds], np.uint64)

    def fill(self, rows: np.ndarray) -> None:
        """Fill in what happens and what is seen (periods + 1, paths, columns)."""
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
        if columns.last is not None and self.first + self.periods == self.total:
            chance[-1:, :, columns.last] = 1.0

    def draw_demand(self, name: str, chance: np.ndarray, seen: np.ndarray) -> None:
        """Fill in one demand, and what is forecast of it."""
        column = self.columns.demand[name]
        demand = self.scenario.demands[name]
        beyond = self.periods + self.columns.ahead
        drawn = None
        if name in self.copulas:
            past = self.past.get(f"demands.{name}")
            drawn = Drawn(self.copulas[name], lambda source: self.draws(source, beyond), past)
        if drawn is None or drawn.copula.plain:
            fill_demand(chance, column, self.scenario, name, self.keys(f"demands.{name}"), self.paths, self.first)
        else:
            chance[:, :, column] = drawn.demand[: self.periods]
        expected = pattern(demand, beyond, self.scenario.horizon, self.first)
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
                scaled = np.floor(scaled + self.draws(f"demands.{name}.rounding"))
            chance[:, :, column] = scaled
        if name in self.columns.forecast:
            ahead = self.columns.ahead
            means: Iterable[np.ndarray | float] = repeat(level(self.scenario, name)[0], ahead)
            if drawn is not None:
                means = drawn.foretold(self.periods + 1, ahead)
            elif (each := seasonal(self.scenario, name, beyond, self.first)) is not None:
                means = (each[h : self.periods + 1 + h, None] for h in range(ahead))
            self.forecast(seen[:, :, self.columns.forecast[name]], means, expected, spikes, begun)
        if drawn is not None:
            self.past[f"demands.{name}"] = drawn.after(self.periods)

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
        now = self.now
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
            fill_lead_times(chance, column, keys, self.paths, lanes[name].lead_time, lanes[name].crossing, self.first)
            if delays := lanes[name].delays:
                added = self.delays(name, delays)
                chance[:, :, column] += added[:-1]
                if not lanes[name].crossing:
                    chance[:, :, column] = in_sequence(chance[:, :, column], self.past.get(f"lanes.{name}", 0.0))
                    self.past[f"lanes.{name}"] = chance[-1, :, column].copy()
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

    def draws(self, source: str, periods: int | None = None) -> np.ndarray:
        """Return a source's numbers between 0 and 1: of all periods, or of so many from the first on (those, paths)."""
        return uniforms(self.keys(source), self.paths, self.periods if periods is None else periods, self.first)

    def delays(self, lane: str, delays: Delays) -> np.ndarray:
        """Return the periods that are added to a lane's lead times, one more than are drawn (periods + 1, paths)."""
        periods, source = self.periods + 1, f"lanes.{lane}.delays"
        if delays.steps:
            added = by_date(delays, self.scenario.horizon, periods, self.first)[:, None]
            return np.broadcast_to(added, (periods, len(self.paths)))
        added, regimes = by_regime(delays, self.draws(source, periods), self.past.get(source))
        self.past[source] = regimes[-2]
        return added

    def failing(self, lane: str, what: str, how: Late | Short) -> np.ndarray:
        """Return by how much a lane's supplier fails (periods, paths), the same on all its lanes."""
        source = f"suppliers.{self.scenario.lanes[lane].supplier}.{what}"
        if source not in self.known:
            self.known[source] = failing(self.draws(source), self.draws(f"{source}.by"), how)
        return self.known[source]

    def left_working(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the share that a disruption leaves of all that it hits, and when the last one began.

        Both begin as `spells_from` does.
        """
        source = f"disruptions.{key}"
        if source not in self.known:
            self.known[source] = left_working(self.scenario.disruptions[key], self.spells_from[source])
        return self.known[source]

    def draw_disruptions(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Fill in the share of each lane that works, and what is seen of it, now and as far ahead as announced."""
        hits, back, now = hits_of(self.scenario), self.back, self.now
        for (kind, lane), column in self.columns.working.items():
            shown = self.columns.visible.get((kind, lane), slice(0, 0))
            works = np.ones((self.periods, len(self.paths)))
            known = np.ones((self.periods + 1, len(self.paths), shown.stop - shown.start))
            for key, disruption in hits[kind, lane].items():
                left, since = self.left_working(key)
                works *= left[back : back + self.periods]
                if disruption.seen == "hidden":
                    continue
                if late := disruption.seen_late:
                    left = np.concatenate([np.ones((late, len(self.paths))), left])
                for h in range(known.shape[2] if disruption.announced else 1):
                    there = slice(back + h, back + self.periods + 1 + h)
                    told = since[there] <= now + disruption.announced
                    known[:, :, h] *= np.where(told | (h == 0), left[there], 1.0)
            chance[:, :, column] = works
            seen[:, :, shown] = known
        for name, hits_it in shared_hits_of(self.scenario).items():
            works = np.ones((self.periods, len(self.paths)))
            for key in hits_it:
                works *= self.left_working(key)[0][back : back + self.periods]
            chance[:, :, self.columns.shared[name]] = works

    def draw_strikes(self, chance: np.ndarray) -> None:
        """Fill in the share of each stock and lane that is destroyed in the first period of each disruption."""
        for place, column in self.columns.destroyed.items():
            left = np.ones((self.periods, len(self.paths)))
            for key in self.scenario.destroyed_by[place]:
                begins = self.spells[f"disruptions.{key}"][: self.periods] == self.now[:-1]
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
            now = np.arange(self.first, self.first + len(begun))[:, None]
            comes = begun != NEVER if isinstance(event, Spike) else begun == now
            on = np.where(comes, now, now[-1] + 1 + limit)
            following = np.minimum.accumulate(on[::-1], axis=0)[::-1]  # the first period from now on that it is on in
            seen[:, :, column] = np.minimum(following - now, limit)[: self.periods + 1] / limit

    def draw_prices(self, chance: np.ndarray, seen: np.ndarray) -> None:
        """Fill in what is left of the costs and prices that erode."""
        columns, t = self.columns, self.now
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
        columns, scenario, now = self.columns, self.scenario, self.now
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

    def driven(self, source: str, starts: Starts, window: Window) -> np.ndarray | None:
        """Return the chance of a disruption with a driver to begin in each quiet period of a window (those, paths)."""
        table, _, name = source.partition(".")
        key = self.scenario.disruptions[name].driver if table == "disruptions" else None
        if key is None or starts.rate is None:
            return None
        driver = self.scenario.drivers[key]
        year = (np.arange(window.first, window.stop) / self.scenario.horizon.year).astype(int)
        years = int(year[-1] - year[0]) + 1
        has_it = uniforms(self.keys(f"drivers.{key}"), self.paths, years, int(year[0])) < driver.chance
        without, with_it = driver.rates(starts.rate)
        return np.where(has_it, with_it, without)[year - year[0]]

    @property
    def back(self) -> int:
        """Return how many periods before the first `spells_from` begins."""
        return min(self.first, self.felt)

    @cached_property
    def spells(self) -> dict[str, np.ndarray]:
        """Return when each event that is on began (periods and as many more as forecasts and warnings need, paths)."""
        return {source: begun[self.back :] for source, begun in self.spells_from.items()}

    @cached_property
    def spells_from(self) -> dict[str, np.ndarray]:
        """Return `spells`, and as many periods before the first as `back` says."""
        disruptions, spikes = self.scenario.disruptions.values(), self.scenario.spikes.values()
        announced = max([0, *(each.announced for each in disruptions), *(each.announced for each in spikes)])
        beyond, following = max(self.columns.ahead, 1 + announced), self.first + self.periods
        window = self.first - self.back, following + beyond, following - self.felt
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
            last = self.past.setdefault(source, np.zeros((len(self.paths), 3), np.int64))
            seen_in = Window(*window, last)
            if self.quiet and source.startswith("disruptions."):
                begun[source] = np.full((seen_in.stop - seen_in.first, len(self.paths)), NEVER, np.int32)
                continue
            rates = self.driven(source, starts, seen_in)
            with at(source):
                keys, horizon = self.keys(source), self.scenario.horizon
                everything = self.total + beyond
                begun[source] = spells(starts, lasts, horizon, keys, self.paths, everything, seen_in, rates)
        return begun
