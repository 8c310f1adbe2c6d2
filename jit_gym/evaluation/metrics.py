"""What is counted on each path, and what it says: costs, service, stock, cash, orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, Protocol, Self, TypeVar, get_type_hints

import numpy as np

from ..common.plugins import load_plugins, register
from ..kernels.memory import by_path
from ..physics import Flows, Layout, Simulation, State
from ..physics.costs import of_storage
from ..physics.numbers import product
from ..physics.tables import CHARGES, COST_KINDS, MONEY, fields
from ..physics.worth import Worth
from ..scenario import Scenario

Counts = TypeVar("Counts", bound="CountsOne")


class Metric(NamedTuple):
    """A figure's name, its unit, what it means, and what counts it, if that is not `Counter`."""

    name: str
    unit: str
    meaning: str
    counter: Callable[[Layout, int], CountsOne] | None = None


class CountsOne(Protocol):
    """What counts one metric on each path, period by period."""

    def add(self, state: State, flows: Flows) -> None:
        """Count one period, given where it ended and what happened in it (`physics.tables`)."""

    def value(self) -> np.ndarray:
        """Return the metric on each path (paths,)."""


COSTS = tuple(Metric(kind.name, "money a period", kind.meaning) for kind in COST_KINDS)

METRICS = [
    Metric("cost", "money a period", "all costs"),
    *COSTS,
    Metric("revenue", "money a period", "units sold or still waited for, scrapped, or left at the end with a value"),
    Metric("profit", "money a period", "revenue less cost"),
    Metric("discounted_reward", "money", "profits, each discounted to the first period counted"),
    Metric("fill_rate", "share", "demand served in its own period, from the shelf"),
    Metric("cycle_service_level", "share", "replenishment cycles (from one arrival to the next) without a shortage"),
    Metric("stockout_periods", "periods", "periods in which some demand was short"),
    Metric("stopped_periods", "periods", "periods in which a demand was served nothing at all: the line stands still"),
    Metric("short", "units a period", "demand not served in its own period"),
    Metric("stock", "units", "on hand at the end of a period, all stocks together"),
    Metric("periods_of_supply", "periods", "that the stock on hand lasts, at the rate it is used"),
    Metric("turns", "a year", "times a year that the value of the stock is used up"),
    Metric("inventory_value", "money", "value of the stock on hand"),
    Metric("return_on_inventory", "a year", "profit of a year over the value of the stock on hand"),
    Metric(
        "cash_to_cash", "periods", "from paying for a unit to being paid for it: of supply, sales unpaid, less bills"
    ),
    Metric("lowest_cash", "money", "the least there was in the till at the end of a period; it begins with 0"),
    Metric("waste", "units a period", "units wasted"),
    Metric("space", "space", "taken at the end of a period, in all warehouses together"),
    Metric("peak_space", "space", "the most that is taken at the end of any period, in all warehouses together"),
    Metric("lost", "units a period", "units stolen, damaged or destroyed, on the shelf or on the way"),
    Metric("lost_share", "share", "units stolen, damaged or destroyed, of all that were used or lost"),
    Metric("lost_value", "money a period", "value of the units stolen, damaged or destroyed"),
    Metric("orders", "a period", "orders placed, on all lanes"),
    Metric("bullwhip", "ratio", "variance of what is ordered from outside over that of what customers ask for"),
]
"""Every figure of a result; all but the counts of periods and the discounted sum are averages over periods."""

ITEM_METRICS = {
    "stocks": (
        Metric("stock", "units", "on hand at the end of a period"),
        Metric("inventory_value", "money", "value of the stock on hand"),
        Metric("holding_cost", "money a period", "units on hand at the end of each period"),
        Metric("periods_of_supply", "periods", "that the stock on hand lasts, at the rate it is used"),
        Metric("turns", "a year", "times a year that the stock is used up"),
        Metric("waste", "units a period", "units wasted"),
        Metric("waste_cost", "money a period", "units wasted"),
        Metric("lost", "units a period", "units stolen, damaged or destroyed, on the shelf or on the way to it"),
        Metric("loss_cost", "money a period", "units stolen, damaged or destroyed"),
        Metric("storage_cost", "money a period", "its part of what its warehouse costs, by the space that it takes"),
        Metric("cycle_service_level", "share", "replenishment cycles without a shortage"),
        Metric("bullwhip", "ratio", "variance of what is ordered over that of what customers ask for of it"),
    ),
    "lanes": (
        Metric("ordered", "units a period", "units ordered"),
        Metric("orders", "a period", "orders placed"),
        Metric("shipped", "units a period", "units shipped"),
        Metric("fixed_cost", "money a period", "orders placed"),
        Metric("transit_cost", "money a period", "units on the way"),
        Metric("bullwhip", "ratio", "variance of what is ordered over that of what customers ask for of its stock"),
    ),
    "demands": (
        Metric("demanded", "units a period", "units asked for"),
        Metric("fill_rate", "share", "demand served in its own period, from the shelf"),
        Metric("short", "units a period", "demand not served in its own period"),
        Metric("stockout_periods", "periods", "periods in which it was short"),
        Metric("stopped_periods", "periods", "periods in which it was served nothing at all"),
        Metric("shortage_cost", "money a period", "units lost, or waiting at the end of each period"),
    ),
    "warehouses": (
        Metric("space", "space", "taken at the end of a period"),
        Metric("storage_cost", "money a period", "space rented, or used beyond that, at the end of each period"),
    ),
}
"""The figures of each stock, lane, demand and warehouse by itself; costs by kind add up to those of the whole."""


def metric(name: str, unit: str, meaning: str) -> Callable[[type[Counts]], type[Counts]]:
    """Make a class count a metric of every result; a decorator.

    It is made with the `Layout` of a world and the number of paths, its `add(state, flows)` is called after each period
    that counts, and its `value()` is the metric on each path (paths,). Results, frames, JSON and reports show it.

    Raises:
        BadInput: for a name that is taken.
    """

    def add(counter: type[Counts]) -> type[Counts]:
        known = {each.name: each.counter or Counter for each in METRICS}
        register(known, "metric", name, counter)
        METRICS[:] = [each for each in METRICS if each.name != name] + [Metric(name, unit, meaning, counter)]
        return counter

    return add


def sells(scenario: Scenario) -> bool:
    """Tell whether anything earns money, so that profit decides and not cost."""
    stocks = scenario.stocks.values()
    left = any(stock.terminal_value or (stock.obsolete and stock.scrap_value) for stock in stocks)
    return left or any(demand.price for demand in scenario.demands.values())


def deciding_figure(scenario: Scenario) -> str:
    """Return the figure by which policies are ranked: `cost`, `profit` where anything earns, or a discounted reward."""
    if scenario.objective.discount < 1:
        return "discounted_reward"
    return "profit" if sells(scenario) else "cost"


def net_cost(figures: Mapping[str, np.ndarray], scenario: Scenario, periods: int) -> np.ndarray:
    """Return costs less revenue on each path, money a period; with a discount, the mean that it weighs."""
    discount = scenario.objective.discount
    if discount == 1:
        return -figures["profit"]
    return -figures["discounted_reward"] / (discount ** np.arange(periods)).sum()


EachPath = Annotated[Any, ""]  # a sum (paths,)
EachStock = Annotated[Any, "stocks"]  # sums (paths, how many there are)
EachLane = Annotated[Any, "lanes"]
EachDemand = Annotated[Any, "demands"]
EachWarehouse = Annotated[Any, "warehouses"]


@cache
def _tables_of(counter: type) -> dict[str, str]:
    """Return what a counter adds up, and of which table each sum has one for each row, if of any."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(counter, include_extras=True).items()}


class Counter:
    """Adds up what happens on each path, period by period.

    Each sum is an attribute, a window onto `totals` (sums, paths). `count` is written for arrays of any numbers: it is
    recorded once for a scenario (`compiled_play`), and compiled with the period.
    """

    payable: EachPath
    receivable: EachPath
    lowest_cash: EachPath
    discounted: EachPath
    any_stockout: EachPath  # periods
    any_stop: EachPath
    space: EachPath
    peak_space: EachPath
    held: EachStock
    used: EachStock
    wasted: EachStock
    lost: EachStock
    storing: EachStock  # money
    cycles: EachStock
    spoilt_cycles: EachStock
    spoilt: EachStock  # is this cycle?
    filled_mean: EachStock  # of what is ordered for it, and the squares about the mean
    filled_squares: EachStock
    asked_mean: EachStock
    asked_squares: EachStock
    ordered: EachLane
    placed: EachLane
    shipped: EachLane
    on_the_way: EachLane
    orders_mean: EachLane
    orders_squares: EachLane
    demanded: EachDemand
    short: EachDemand
    unmet: EachDemand
    stockouts: EachDemand
    stops: EachDemand
    taken: EachWarehouse
    stored: EachWarehouse  # money

    def __init__(self, layout: Layout, paths: int) -> None:
        """Begin with nothing."""
        self.totals = by_path(sum(self.counted(layout).values()), paths)
        self.totals[:] = 0.0
        self._name(layout, self.totals.T)
        self.worth, self.periods = Worth(layout), 0
        self.gained, self.owed = np.zeros((2, paths))  # by goods, and by what customers who wait will pay
        load_plugins()
        self.more = {each.name: each.counter(layout, paths) for each in METRICS if each.counter is not None}

    @classmethod
    def of(cls, layout: Layout, totals: Any) -> Self:
        """Return a counter of these totals (paths, sums), which may be symbols, for `count` alone."""
        counter = cls.__new__(cls)
        counter._name(layout, totals)
        return counter

    @classmethod
    def counted(cls, layout: Layout) -> dict[str, int]:
        """Return what is added up: names, and how many of each there are."""
        counter: Any = cls
        tables = _tables_of(counter)
        money = [*fields(MONEY), *(fields(CHARGES) if layout.sizes.charges else ())]
        return dict.fromkeys(money, 1) | {
            name: len(getattr(layout, table)) if table else 1 for name, table in tables.items()
        }

    def _name(self, layout: Layout, totals: Any) -> None:
        """Give each of the totals (paths, sums) its name; money has those of its kinds."""
        self.layout, self.money, first = layout, dict[str, Any](), 0
        tables, kinds = _tables_of(Counter), {*fields(MONEY), *fields(CHARGES)}
        for name, number in self.counted(layout).items():
            if name in kinds:
                self.money[name] = totals[..., first]
            else:
                single = not tables[name]
                setattr(self, name, totals[..., first] if single else totals[..., first : first + number])
            first += number

    def value(self, source: Simulation, sign: float) -> None:
        """Subtract (-1) what units are worth before the first period counted, or add (+1) it after the last."""
        if self.worth.counts:
            goods, sales = self.worth.of(source, source.period)
            self.gained, self.owed = self.gained + sign * goods, self.owed + sign * sales
            self.discounted += sign * self.layout.scenario.objective.discount**self.periods * (goods + sales)

    def add(self, state: State, flows: Flows) -> None:
        """Count one period."""
        self.count(state, flows, self.periods + 1, self.layout.scenario.objective.discount**self.periods)
        for more in self.more.values():
            more.add(state, flows)
        self.periods += 1

    def count(self, state: State, flows: Flows, n: Any, discount: Any) -> None:
        """Add one period, the n-th that counts, with its discount."""
        layout, lanes, demands = self.layout, flows.lanes, flows.demands
        for table in (flows.money, flows.charges):
            for kind in table.dtype.names if table.shape[1] else ():
                self.money[kind] += table[kind][:, 0]
        payable, receivable = (state.books[kind].sum(axis=1) for kind in ("payable", "receivable"))
        self.payable += payable
        self.receivable += receivable
        self.lowest_cash[:] = np.minimum(self.lowest_cash, self.money["reward"] + payable - receivable)
        self.discounted += discount * flows.money["reward"][:, 0]
        self.held += flows.stocks["held"]
        self.used += state.stocks["used"]
        self.wasted += flows.stocks["wasted"]
        if layout.sizes.warehouses:
            taken, (stored, parts) = flows.spaces["taken"], of_storage(layout, flows)
            self.taken += taken
            self.stored += stored
            self.storing += parts
            self.space += taken.sum(axis=1)
            self.peak_space[:] = np.maximum(self.peak_space, taken.sum(axis=1))
        if layout.sizes.losses:
            self.lost += flows.losses["shrunk"] + flows.losses["lost_on_the_shelf"]
        if layout.sizes.strikes:
            self.lost += product(flows.wrecks["lost_on_the_way"], layout.into)
        short, stopped = demands["short"] > 1e-9, (demands["served"] <= 1e-9) & (demands["demanded"] > 1e-9)
        self.demanded += demands["demanded"]
        self.short += demands["short"]
        self.unmet += np.where(layout.net.demands["backlogs"] > 0, state.demands["backlog"], demands["short"])
        self.stockouts += short
        self.stops += stopped
        self.any_stockout += short.any(axis=1)
        self.any_stop += stopped.any(axis=1)
        self.ordered += lanes["ordered"]
        self.placed += lanes["ordered"] > 0
        self.shipped += lanes["shipped"]
        self.on_the_way += state.lanes["in_transit"]
        arrived, spoilt = product(lanes["arrived"], layout.into) > 0, self.spoilt > 0
        self.cycles += arrived
        self.spoilt_cycles += arrived & spoilt
        self.spoilt[:] = (spoilt & ~arrived) | (product(short * 1.0, layout.needs) > 0)
        _welford(self.orders_mean, self.orders_squares, lanes["ordered"], n)
        _welford(self.filled_mean, self.filled_squares, product(lanes["ordered"], layout.into), n)
        asked = product(product(demands["demanded"], layout.needs), layout.content)
        _welford(self.asked_mean, self.asked_squares, asked, n)

    def _variance(self, squares: np.ndarray) -> np.ndarray:
        """Return a sample variance over the periods counted."""
        return squares / max(self.periods - 1, 1)

    def figures(self) -> dict[str, np.ndarray]:
        """Return every metric on each path (paths,)."""
        scenario, layout, n = self.layout.scenario, self.layout, self.periods
        values = np.array([stock.unit_value for stock in scenario.stocks.values()])
        stock = self.held.sum(axis=1) / n
        use = self.used.sum(axis=1) / n
        worth, used = self.held @ values / n, self.used @ values / n
        figures = {kind.name: np.zeros(len(stock)) for kind in COST_KINDS}
        figures |= {kind: total / n for kind, total in self.money.items()}
        owed = _ratio(self.payable / n, figures["purchase_cost"], 0.0)  # in periods of bills, and of sales
        owing = _ratio(self.receivable / n, figures["revenue"], 0.0)
        figures["purchase_cost"] = figures["purchase_cost"] - self.gained / n
        figures["cost"] = figures["cost"] - self.gained / n
        figures["revenue"] = figures["revenue"] + self.owed / n
        figures["profit"] = figures.pop("reward") + (self.gained + self.owed) / n
        outside = (layout.into[~layout.uses.any(axis=1)] > 0).any(axis=0)  # stocks that are bought
        figures |= {
            "discounted_reward": self.discounted,
            "fill_rate": 1.0 - _ratio(self.short.sum(axis=1), self.demanded.sum(axis=1), 0.0),
            "cycle_service_level": 1.0 - _ratio(self.spoilt_cycles.sum(axis=1), self.cycles.sum(axis=1), np.nan),
            "stockout_periods": self.any_stockout,
            "stopped_periods": self.any_stop,
            "short": self.short.sum(axis=1) / n,
            "stock": stock,
            "periods_of_supply": _ratio(stock, use, np.nan),
            "turns": _ratio(used * scenario.horizon.year, worth, np.nan),
            "inventory_value": worth,
            "return_on_inventory": _ratio(figures["profit"] * scenario.horizon.year, worth, np.nan),
            "cash_to_cash": _ratio(worth, used, np.nan) + owing - owed,
            "lowest_cash": self.lowest_cash,
            "waste": self.wasted.sum(axis=1) / n,
            "space": self.space / n,
            "peak_space": self.peak_space,
            "lost": self.lost.sum(axis=1) / n,
            "lost_share": _ratio(self.lost.sum(axis=1), (self.lost + self.used).sum(axis=1), 0.0),
            "lost_value": self.lost @ values / n,
            "orders": self.placed.sum(axis=1) / n,
            "bullwhip": _ratio(
                self._variance(self.filled_squares)[:, outside].sum(axis=1),
                self._variance(self.asked_squares)[:, outside].sum(axis=1),
                np.nan,
            ),
        }
        figures |= {name: more.value() for name, more in self.more.items()}
        return {each.name: np.asarray(figures[each.name], float) for each in METRICS if each.name in figures}

    def items(self) -> dict[str, dict[str, np.ndarray]]:
        """Return every metric of each stock, lane, demand and warehouse on each path: (paths, how many there are)."""
        scenario, layout, n = self.layout.scenario, self.layout, self.periods
        net, into = layout.net, layout.into
        values = np.array([stock.unit_value for stock in scenario.stocks.values()])
        figures = {
            "stocks": {
                "stock": self.held / n,
                "inventory_value": self.held * values / n,
                "holding_cost": self.held * net.stocks["holding_cost"] / n,
                "periods_of_supply": _ratio(self.held, self.used, np.nan),
                "turns": _ratio(self.used * scenario.horizon.year, self.held, np.nan),
                "waste": self.wasted / n,
                "waste_cost": self.wasted * net.stocks["waste_cost"] / n,
                "lost": self.lost / n,
                "loss_cost": self.lost * net.stocks["loss_cost"] / n,
                "storage_cost": self.storing / n,
                "cycle_service_level": 1.0 - _ratio(self.spoilt_cycles, self.cycles, np.nan),
                "bullwhip": _ratio(self._variance(self.filled_squares), self._variance(self.asked_squares), np.nan),
            },
            "lanes": {
                "ordered": self.ordered / n,
                "orders": self.placed / n,
                "shipped": self.shipped / n,
                "fixed_cost": self.placed * net.lanes["fixed_cost"] / n,
                "transit_cost": self.on_the_way * net.lanes["in_transit_cost"] / n,
                "bullwhip": _ratio(
                    self._variance(self.orders_squares), self._variance(self.asked_squares) @ into.T, np.nan
                ),
            },
            "demands": {
                "demanded": self.demanded / n,
                "fill_rate": 1.0 - _ratio(self.short, self.demanded, 0.0),
                "short": self.short / n,
                "stockout_periods": self.stockouts,
                "stopped_periods": self.stops,
                "shortage_cost": self.unmet * net.demands["shortage_cost"] / n,
            },
            "warehouses": {"space": self.taken / n, "storage_cost": self.stored / n},
        }
        return {
            table: {metric.name: figures[table][metric.name] for metric in metrics}
            for table, metrics in ITEM_METRICS.items()
        }


class MoneyCounter(Counter):
    """Adds up the money alone, which is quick."""

    @classmethod
    def counted(cls, layout: Layout) -> dict[str, int]:
        """Return what is added up."""
        return {"reward": 1, "discounted": 1}

    def count(self, state: State, flows: Flows, n: Any, discount: Any) -> None:
        """Add the reward of one period."""
        reward = flows.money["reward"][:, 0]
        self.money["reward"] += reward
        self.discounted += discount * reward

    def figures(self) -> dict[str, np.ndarray]:
        """Return the profit and the discounted reward on each path (paths,), as `Counter` does."""
        profit = self.money["reward"] / self.periods + (self.gained + self.owed) / self.periods
        return {"profit": profit, "discounted_reward": self.discounted}


def _welford(mean: Any, squares: Any, values: Any, n: Any) -> None:
    """Update a mean, and a sum of squares about it, with the n-th value (Welford 1962)."""
    delta = values - mean
    mean += delta / n
    squares += delta * (values - mean)


def _ratio(above: np.ndarray, below: np.ndarray, otherwise: float) -> np.ndarray:
    """Return above / below, and `otherwise` where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), otherwise), where=below > 1e-12)
