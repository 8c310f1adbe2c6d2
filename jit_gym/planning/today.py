"""The state of a shop as an order is placed, as the physics has it, and what a rule orders in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr

from ..chance import Chance
from ..chance.copula import HIGHEST, LOWEST, SCORES, Copula
from ..chance.demand import pattern
from ..common.checks import BadInput
from ..physics import Flows, Layout, State, View
from ..physics.period import replenish
from ..physics.plain import ByHand, as_records
from ..physics.tables import state_of
from ..policies import Rule
from ..policies.adaptive import Adaptive, MovingAverage
from ..scenario import Scenario
from ..scenario.load import variant
from ..theory.state_source import StateSource

UNKNOWN = {
    "demands": ("forecast", "regimes", "history"), "stocks": ("obsolete", "seen_late"),
    "lanes": ("uses", "order_delay", "delays"),
}  # fmt: skip
"""What a scenario may have that no file of stock tells, so that nothing can be ordered in it."""


@dataclass(frozen=True)
class Today:
    """A shop as a period begins, which is counted from the scenario's first.

    `numbers` is the state, as one path's vector. `past` (periods, items) is what was sold in the last periods, this one
    not included, as many as are known of or more; nan where it is not known. It has a row for each period since the
    scenario's first, at least.
    """

    layout: Layout
    period: int
    numbers: np.ndarray
    past: np.ndarray

    @property
    def scenario(self) -> Scenario:
        """Return the shop's world."""
        return self.layout.scenario

    @cached_property
    def row(self) -> np.ndarray:
        """Return the row of chance, and of what is seen of it (columns,), without disruptions and spikes by chance.

        Forecasts know the season, the trend, spikes on dates as they are announced, and, where demand is
        autocorrelated, the last sales.
        """
        dated = {name for name, spike in self.scenario.spikes.items() if spike.starts.at is not None}
        row, columns = self._drawn(dated), self.layout.columns
        learnt = any(demand.autocorrelation for demand in self.scenario.demands.values())
        usual_row = self._drawn(set()) if dated and learnt else row
        for name, demand in self.scenario.demands.items():
            if demand.autocorrelation:
                sold = self.past[:, self.layout.stocks.index(next(iter(demand.draws_on)))]
                means = _foretold(self.scenario, name, sold, columns.ahead, self.period)
                factor = pattern(demand, self.period + columns.ahead, self.scenario.horizon)
                means = means if factor is None else means * factor[self.period :]
                told, without = (each[columns.chance :][columns.forecast[name]] for each in (row, usual_row))
                told[:] = means * np.divide(told, without, out=np.ones_like(told), where=without > 0)
        return row

    def _drawn(self, spikes: set[str]) -> np.ndarray:
        """Return a row of chance without disruptions, and with some spikes alone."""
        never: dict[str, Any] = {"rate": None, "every": None, "once": None, "at": []}
        gone = {name: {"starts": never} for name in self.scenario.spikes if name not in spikes}
        calm = variant(self.scenario, {"spikes": gone})
        rows = Chance(calm).draw_pair(0, 1, self.period + 1).rows  # the second path is without disruptions
        return np.asarray(rows[self.period, 1].copy())

    def source(self, period: int | None, numbers: np.ndarray | None = None) -> StateSource:
        """Return this state, or another one, as what a view looks at; it records what is looked at."""
        rows = (self.numbers if numbers is None else numbers)[None]
        return StateSource(self.layout, rows, self.row[None, self.layout.columns.chance :], period)

    @cached_property
    def view(self) -> View:
        """Return what a rule sees."""
        return View(self.source(self.period))

    def orders_of(self, player: Any) -> np.ndarray:
        """Return what a policy, fitted to the scenario, orders on each lane (lanes,), in units.

        A rule that learns from demand is shown the sales of each period since the scenario's first, as far as they are
        known; where customers wait, sales are what was asked for. Other rules with a state of their own begin with it
        here.

        Raises:
            BadInput: for a rule that orders what was sold in the last period, where that is not known.
        """
        if isinstance(player, Adaptive | MovingAverage):
            own = self._learnt(player)
            given, _ = player.act(View(self.source(None)), own)  # without a period it does not learn once more
        else:
            source = self.source(self.period)
            view = View(source)
            begun = player.begin(view) if hasattr(player, "begin") else None
            given = player(view) if begun is None else player.act(view, begun)[0]
            last = self.past[-1]
            if self.period and ("stocks", "used") in source.fields_read and np.isnan(last).any():
                item = self.layout.stocks[int(np.flatnonzero(np.isnan(last))[0])]
                raise BadInput(
                    f"--rule: {getattr(player, 'name', player)} orders what was sold in the last "
                    f"{self.scenario.horizon.period}, which is not known of {item} (say --sales FILE, with sales up to "
                    "the day of the order, or another rule)"
                )
        return np.broadcast_to(np.asarray(given, float), (1, len(self.layout.lanes)))[0].copy()

    def _learnt(self, rule: Any) -> np.ndarray:
        """Return what a rule knows after the periods, from the scenario's first on, of which any sales are known.

        An item whose sales are not known in one of them has the mean there.
        """
        since = self.past[len(self.past) - self.period :]
        known = np.isfinite(since).any(axis=1)
        blank = np.zeros_like(self.numbers)
        used = state_of(blank, self.layout.sizes, 1).stocks["used"]
        own: Any = None
        for t in range(1 + (self.period if known.all() else int(np.argmin(known)))):
            used[0] = np.where(np.isfinite(since[t - 1]), since[t - 1], rule.plan.mean) if t else 0.0
            view = View(self.source(t, blank.copy()))
            own = rule.begin(view) if own is None else own
            _, own = rule.act(view, own)
        told: np.ndarray = own
        return told

    def placed(self, orders: np.ndarray) -> Flows:
        """Return what the physics makes of orders (lanes,): cut to capacities, batches and minima, shipped, loaded."""
        world = ByHand(self.layout)
        tables = state_of(self.numbers.copy(), self.layout.sizes, 1)
        world.state = State(*(as_records(table[0]) for table in tables))
        flows: Flows = world.no_flows()
        replenish(world.net, world.state, orders.tolist(), self.row[: self.layout.columns.chance].tolist(), flows)
        return flows


def check(scenario: Scenario) -> None:
    """Refuse a scenario that a file of stock does not tell enough of.

    Raises:
        BadInput: in one line, with the key.
    """
    for table, keys in UNKNOWN.items():
        for name, part in getattr(scenario, table).items():
            for key in keys:
                if getattr(part, key):
                    raise BadInput(
                        f"{table}.{name}.{key}: what it tells today is in no file of stock, so that nothing can be "
                        "ordered (take it out of the scenario)"
                    )


def rule_of(player: Any, item: int) -> str:
    """Return the rule of an item as one would type it, with its parameters."""
    if not isinstance(player, Rule):
        return str(player)
    told = {name: np.ravel(getattr(player, name)) for name in player.names()}
    each = ", ".join(f"{name}={values[item if len(values) > 1 else 0]:.6g}" for name, values in told.items())
    return f"{player.name}({each})" if each else player.name


def usual(scenario: Scenario, name: str, t: np.ndarray) -> np.ndarray:
    """Return what the season multiplies a demand by in some periods (n,), those before the first one included."""
    season = np.array(scenario.demands[name].season or [1.0])
    factors: np.ndarray = season[t % len(season)]
    return factors


def _foretold(scenario: Scenario, name: str, past: np.ndarray, ahead: int, period: int) -> np.ndarray:
    """Return the mean demand of the next periods before season and trend, given the last sale that is known (ahead,).

    Its normal score is that of the middle of the demand's distribution at it. After k periods the score is r^k times
    that on average, with the variance 1 - r^(2 k) (`chance.copula`).
    """
    copula, known = Copula(scenario, name), np.flatnonzero(np.isfinite(past))
    mean = copula.means[0]
    if not len(known):
        return np.full(ahead, mean.mean)
    since = len(past) - int(known[-1])
    value = past[known[-1]] / max(float(usual(scenario, name, np.array([period - since]))[0]), 1e-9)
    values = mean.marginal.quantile(np.clip(ndtr(SCORES), LOWEST, HIGHEST))
    value = np.floor(value + 0.5) if mean.marginal.whole else value
    first, last = np.searchsorted(values, value, "left"), np.searchsorted(values, value, "right") - 1
    score = float(SCORES[np.clip([first, max(last, first)], 0, len(SCORES) - 1)].mean())
    ways = copula.autocorrelation ** (since + np.arange(ahead))
    return np.array([float(np.ravel(mean(np.array([[way * score]]), 1 - way**2))[0]) for way in ways])
