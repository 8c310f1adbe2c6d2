"""A trace: everything random that will happen on some paths, drawn before anybody acts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np

from ..scenario import ScenarioError
from ..scenario.errors import at
from ..scenario.model import Event, Scenario, Spike
from .bits import stream, uniforms
from .copula import Copula, Drawn
from .demand import fill_demand, level, pattern, seasonal
from .events import NEVER, spells
from .lead_times import fill_lead_times, keep_sequence, longest, varies


@dataclass(frozen=True)
class Columns:
    """Where each random quantity stands in a row of chance, and each sign of it in a row of what is seen."""

    demand: dict[str, int]
    lead_time: dict[str, int]  # lanes with random lead times only
    available: dict[str, int]  # lanes that a disruption can hit only
    forecast: dict[str, slice]  # seen: demands whose mean changes in a way that is known
    visible: dict[str, int]  # seen: lanes that a visible disruption can hit
    chance: int  # numbers in a row of chance
    seen: int  # numbers in a row of what is seen
    ahead: int  # periods that a forecast looks ahead, this one included

    @classmethod
    def of(cls, scenario: Scenario) -> Columns:
        """Return the columns that this scenario needs, and no more."""
        for name, lane in scenario.lanes.items():
            with at(f"lanes.{name}.lead_time"):
                if longest(lane.lead_time) and not (lane.crossing or keep_sequence(lane.lead_time)):
                    must = "without crossing, the chance to arrive must not fall with age"
                    raise ScenarioError(f"{must}, got {lane.lead_time} (set crossing: true)")
        demands = list(scenario.demands)
        random_lanes = [name for name, lane in scenario.lanes.items() if varies(lane.lead_time)]
        fragile = [name for name, hits in scenario.hit_by.items() if hits]
        known = [len(demand.forecast.accuracy) for demand in scenario.demands.values() if demand.forecast]
        ahead = max([1 + longest(lane.lead_time) + lane.order_delay for lane in scenario.lanes.values()] + known)
        foretold = [name for name in demands if _changes_visibly(scenario, name)]
        forewarned = [
            name for name in fragile if any(scenario.disruptions[d].seen == "at-once" for d in scenario.hit_by[name])
        ]
        after_lanes = len(demands) + len(random_lanes)
        return cls(
            demand={name: k for k, name in enumerate(demands)},
            lead_time={name: len(demands) + k for k, name in enumerate(random_lanes)},
            available={name: after_lanes + k for k, name in enumerate(fragile)},
            forecast={name: slice(k * ahead, (k + 1) * ahead) for k, name in enumerate(foretold)},
            visible={name: len(foretold) * ahead + k for k, name in enumerate(forewarned)},
            chance=after_lanes + len(fragile),
            seen=len(foretold) * ahead + len(forewarned),
            ahead=ahead,
        )


def _changes_visibly(scenario: Scenario, name: str) -> bool:
    demand = scenario.demands[name]
    spiked = any(name in spike.hits and spike.seen == "at-once" for spike in scenario.spikes.values())
    shifts = demand.regimes and demand.regime_seen == "at-once"
    return bool(demand.season or demand.trend or spiked or shifts or demand.autocorrelation or demand.forecast)


@dataclass(frozen=True)
class Trace:
    """What will happen on `paths` in each period, and what can be seen of it at the start of each.

    `rows` is (periods + 1, paths, columns.chance + columns.seen). In the last row only what is seen has a meaning: it
    is what one sees when the last period is over.
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

    def _of(self, columns: dict[str, int]) -> np.ndarray:
        return self.chance[:, :, list(columns.values())].transpose(1, 0, 2)


class Chance:
    """The randomness of a scenario, ready to be drawn.

    Path i of seed s is the same in every batch, and whatever else the scenario holds: each source of chance draws from
    a stream of its own, keyed by the seed and its name.
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
        """
        paths = np.arange(paths) if isinstance(paths, int | np.integer) else np.asarray(paths, np.int64)
        return _Draw(self, seed, paths, self.scenario.horizon.periods if periods is None else periods).trace()


class _Draw:
    """One drawing of a trace: the paths, the periods, and the streams they come from."""

    def __init__(self, chance: Chance, seed: int | Sequence[int], paths: np.ndarray, periods: int) -> None:
        self.scenario, self.columns, self.copulas = chance.scenario, chance.columns, chance.copulas
        self.seeds = [seed] * len(paths) if isinstance(seed, int | np.integer) else list(seed)
        if len(self.seeds) != len(paths):
            raise ValueError(f"{len(self.seeds)} seeds were given for {len(paths)} paths")
        self.paths, self.periods = paths, periods

    def keys(self, source: str) -> np.ndarray:
        known = {seed: stream(int(seed), source) for seed in set(self.seeds)}
        return np.array([known[seed] for seed in self.seeds], np.uint64)

    def trace(self) -> Trace:
        columns = self.columns
        rows = np.zeros((self.periods + 1, len(self.paths), columns.chance + columns.seen))
        chance, seen = rows[:-1], rows[:, :, columns.chance :]
        for name in columns.demand:
            self.draw_demand(name, chance, seen)
        for name, column in columns.lead_time.items():
            lane = self.scenario.lanes[name]
            keys = self.keys(f"lanes.{name}.lead_time")
            fill_lead_times(chance, column, keys, self.paths, lane.lead_time, lane.crossing)
        self.draw_disruptions(chance, seen)
        return Trace(columns, rows)

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
        expected = pattern(demand, beyond)
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
        """Write down this and the next periods' mean demand, as far as it is known (periods + 1, paths, ahead).

        It knows the mean without season, trend and spikes of each period ahead, the season, the trend, and each spike
        that has begun or is announced; the end of a spike is known.
        """
        now = np.arange(self.periods + 1)[:, None]
        for h, mean in enumerate(means):
            out[:, :, h] = mean if expected is None else mean * expected[h : self.periods + 1 + h, None]
            for key, spike in spikes.items():
                known = begun[key][h : self.periods + 1 + h] <= now + spike.announced
                if spike.seen == "at-once":
                    out[:, :, h][known] *= spike.factor

    def draw_disruptions(self, chance: np.ndarray, seen: np.ndarray) -> None:
        for name, column in self.columns.available.items():
            available = np.ones((self.periods + 1, len(self.paths)))
            visible = available.copy()
            for key in self.scenario.hit_by[name]:
                disruption = self.scenario.disruptions[key]
                on = self.spells[f"disruptions.{key}"][: self.periods + 1] != NEVER
                available[on] *= 1.0 - disruption.severity
                if disruption.seen == "at-once":
                    visible[on] *= 1.0 - disruption.severity
            chance[:, :, column] = available[:-1]
            if name in self.columns.visible:
                seen[:, :, self.columns.visible[name]] = visible

    @cached_property
    def spells(self) -> dict[str, np.ndarray]:
        """Return when each spike and disruption that is on began (periods + ahead, paths)."""
        beyond = self.periods + self.columns.ahead
        events: dict[str, Event] = {f"spikes.{key}": spike for key, spike in self.scenario.spikes.items()}
        events |= {f"disruptions.{key}": disruption for key, disruption in self.scenario.disruptions.items()}
        begun = {}
        for source, event in events.items():
            with at(source):
                begun[source] = spells(event, self.scenario.horizon, self.keys(source), self.paths, beyond)
        return begun
