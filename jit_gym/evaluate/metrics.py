"""What is counted on each path, and what it says: costs, service, stock, cash, orders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..physics import Flows, Layout, State


class Metric(NamedTuple):
    """A figure's name, its unit, and what it means."""

    name: str
    unit: str
    meaning: str


METRICS = (
    Metric("cost", "money a period", "all costs"),
    Metric("purchase_cost", "money a period", "units bought"),
    Metric("fixed_cost", "money a period", "orders placed"),
    Metric("transit_cost", "money a period", "units on the way"),
    Metric("holding_cost", "money a period", "units on hand at the end of each period"),
    Metric("shortage_cost", "money a period", "units lost, or waiting at the end of each period"),
    Metric("waste_cost", "money a period", "units wasted"),
    Metric("waiting_cost", "money a period", "units that sources were asked for and did not ship"),
    Metric("vehicle_cost", "money a period", "vehicles that set off"),
    Metric("reject_cost", "money a period", "units rejected on arrival"),
    Metric("revenue", "money a period", "units sold, scrapped, or left at the end with a value"),
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
    Metric("orders", "a period", "orders placed, on all lanes"),
    Metric("bullwhip", "ratio", "variance of what is ordered over the variance of what is used"),
)
"""Every figure of a result; all but the counts of periods and the discounted sum are averages over periods."""


class Counter:
    """Adds up what happens on each path, period by period."""

    def __init__(self, layout: Layout, paths: int) -> None:
        """Begin with nothing."""
        self.layout = layout
        stocks, lanes, demands = (len(names) for names in (layout.stocks, layout.lanes, layout.demands))
        self.periods = 0
        self.money = {kind: np.zeros(paths) for kind in ("waiting_cost", "vehicle_cost", "reject_cost")}
        self.lowest_cash, self.payable, self.receivable = np.zeros((3, paths))
        self.discounted = np.zeros(paths)
        self.held, self.used, self.wasted = np.zeros((3, paths, stocks))
        self.demanded, self.short = np.zeros((2, paths, demands))
        self.stockouts, self.stops = np.zeros((2, paths))
        self.placed = np.zeros((paths, lanes))
        self.cycles, self.spoilt_cycles = np.zeros((2, paths, stocks))
        self._spoilt = np.zeros((paths, stocks), bool)
        self._ordered, self._drawn = _Spread(paths), _Spread(paths)

    def add(self, state: State, flows: Flows) -> None:
        """Count one period."""
        lanes, demands = flows.lanes, flows.demands
        for table in (flows.money, flows.charges):
            for kind in table.dtype.names if table.shape[1] else ():
                self.money[kind] = self.money.get(kind, 0.0) + table[kind][:, 0]
        payable, receivable = (state.books[kind].sum(axis=1) for kind in ("payable", "receivable"))
        self.payable, self.receivable = self.payable + payable, self.receivable + receivable
        self.lowest_cash = np.minimum(self.lowest_cash, self.money["reward"] + payable - receivable)
        self.discounted += self.layout.scenario.objective.discount**self.periods * flows.money["reward"][:, 0]
        self.held += flows.stocks["held"]
        self.used += state.stocks["used"]
        self.wasted += flows.stocks["wasted"]
        self.demanded += demands["demanded"]
        short = demands["short"] > 1e-9
        self.short += demands["short"]
        self.stockouts += short.any(axis=1)
        self.stops += ((demands["served"] <= 1e-9) & (demands["demanded"] > 1e-9)).any(axis=1)
        self.placed += lanes["ordered"] > 0
        arrived = lanes["arrived"] @ self.layout.into > 0
        self.cycles += arrived
        self.spoilt_cycles += arrived & self._spoilt
        self._spoilt = (self._spoilt & ~arrived) | (short @ (self.layout.needs > 0))
        self._ordered.add(lanes["ordered"].sum(axis=1))
        self._drawn.add(state.stocks["used"].sum(axis=1))
        self.periods += 1

    def figures(self) -> dict[str, np.ndarray]:
        """Return every metric on each path (paths,)."""
        scenario, n = self.layout.scenario, self.periods
        values = np.array([stock.unit_value for stock in scenario.stocks.values()])
        stock = self.held.sum(axis=1) / n
        use = self.used.sum(axis=1) / n
        worth, used = self.held @ values / n, self.used @ values / n
        figures = {kind: total / n for kind, total in self.money.items()}
        figures["profit"] = figures.pop("reward")
        owed = _ratio(self.payable / n, figures["purchase_cost"], 0.0)  # in periods of bills, and of sales
        owing = _ratio(self.receivable / n, figures["revenue"], 0.0)
        figures |= {
            "discounted_reward": self.discounted,
            "fill_rate": 1.0 - _ratio(self.short.sum(axis=1), self.demanded.sum(axis=1), 0.0),
            "cycle_service_level": 1.0 - _ratio(self.spoilt_cycles.sum(axis=1), self.cycles.sum(axis=1), np.nan),
            "stockout_periods": self.stockouts,
            "stopped_periods": self.stops,
            "short": self.short.sum(axis=1) / n,
            "stock": stock,
            "periods_of_supply": _ratio(stock, use, np.nan),
            "turns": _ratio(used * scenario.horizon.year, worth, np.nan),
            "inventory_value": worth,
            "return_on_inventory": _ratio(figures["profit"] * scenario.horizon.year, worth, np.nan),
            "cash_to_cash": _ratio(worth, used, np.nan) + owing - owed,
            "lowest_cash": self.lowest_cash,
            "waste": self.wasted.sum(axis=1) / n,
            "orders": self.placed.sum(axis=1) / n,
            "bullwhip": _ratio(self._ordered.variance, self._drawn.variance, np.nan),
        }
        return {metric.name: np.asarray(figures[metric.name], float) for metric in METRICS}


class _Spread:
    """A running variance over periods (Welford 1962)."""

    def __init__(self, paths: int) -> None:
        self.n, self.mean, self.squares = 0, np.zeros(paths), np.zeros(paths)

    def add(self, values: np.ndarray) -> None:
        self.n += 1
        delta = values - self.mean
        self.mean += delta / self.n
        self.squares += delta * (values - self.mean)

    @property
    def variance(self) -> np.ndarray:
        return self.squares / max(self.n - 1, 1)


def _ratio(above: np.ndarray, below: np.ndarray, otherwise: float) -> np.ndarray:
    """Return above / below, and `otherwise` where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), otherwise), where=below > 1e-12)
