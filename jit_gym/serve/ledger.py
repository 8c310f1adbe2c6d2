"""What happened in a game, week by week: stocks, flows and money, those of each seat too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..physics import Simulation, View
from ..physics.costs import by_part
from ..physics.tables import CHARGES, COST_KINDS, MONEY, fields
from .course import Course
from .games import Seat

SHARED = "shared"  # money that belongs to no seat by itself: vehicles, storage, losses, rejects


@dataclass(frozen=True)
class Week:
    """A week that was played; arrays have a number for each stock, lane or demand of the scenario.

    Attributes:
        on_hand: units on the shelf at the end (stocks,).
        lowest: the least that was on the shelf at the end of any of its periods (stocks,).
        backlog: units that customers wait for at the end (demands,).
        waiting: units that lanes wait for from their sources at the end (lanes,).
        on_order: units ordered and not arrived at the end (lanes,).
        asked, ordered, arrived: units a period (lanes,): as asked for, as accepted, as received.
        incoming: orders that reached the source, units a period (lanes,).
        demanded, short: units a period (demands,).
        money: of each seat, and of `shared`: money of the week by kind of cost, and `revenue`.
    """

    on_hand: np.ndarray
    lowest: np.ndarray
    backlog: np.ndarray
    waiting: np.ndarray
    on_order: np.ndarray
    asked: np.ndarray
    ordered: np.ndarray
    arrived: np.ndarray
    incoming: np.ndarray
    demanded: np.ndarray
    short: np.ndarray
    money: dict[str, dict[str, float]]

    def net_cost_of(self, who: str) -> float:
        """Return the costs less the revenue of a seat in this week."""
        money = self.money[who]
        return sum(money.values()) - 2.0 * money.get("revenue", 0.0)

    @cached_property
    def net_cost(self) -> float:
        """Return the costs less the revenue of all seats in this week."""
        return sum(self.net_cost_of(who) for who in self.money)


class Ledger:
    """Writes down each period of a simulation of one path, and closes a week after some of them."""

    def __init__(self, course: Course) -> None:
        """Begin with nothing."""
        self.course, self.layout = course, course.layout
        self.weeks: list[Week] = []
        self.paid: dict[str, float] = {}
        """Costs less revenue of each seat, and of `shared`, since week 1."""
        self.asked: list[np.ndarray] = []
        self.accepted: list[np.ndarray] = []
        self.shipped: list[np.ndarray] = []
        self.served: list[np.ndarray] = []
        self._open: list[dict[str, np.ndarray]] = []
        self._money: list[dict[str, dict[str, float]]] = []

    def before(self, simulation: Simulation, orders: np.ndarray) -> None:
        """Write down what is asked for in a period (lanes,), and what sources are told of earlier orders."""
        self.asked.append(orders)
        self._open.append({"asked": orders, "incoming": View(simulation).orders_read_today[0].copy()})

    def after(self, simulation: Simulation) -> None:
        """Write down what happened in the period."""
        flows, state, row = simulation.flows, simulation.state, self._open[-1]
        lanes, demands = flows.lanes, flows.demands
        at_once = np.ones(len(self.layout.lanes), bool)
        at_once[list(self.layout.in_transmission)] = False
        row |= {name: lanes[name][0].copy() for name in ("ordered", "arrived")}
        self.accepted.append(row["ordered"])
        self.shipped.append(lanes["shipped"][0].copy())
        self.served.append(demands["served"][0].copy())
        row["incoming"] = np.where(at_once, row["ordered"], row["incoming"])
        row |= {name: demands[name][0].copy() for name in ("demanded", "short")}
        row["on_hand"] = flows.stocks["held"][0].copy()
        row |= {"backlog": state.demands["backlog"][0].copy(), "waiting": state.lanes["waiting"][0].copy()}
        row["on_order"] = np.array(View(simulation).on_order[0])
        chance = self.course.trace.chance[simulation.period - 1]
        self._money.append(_money(self.course, simulation, chance))

    def close_week(self) -> None:
        """Make a week of the periods since the last one."""
        rows = {name: np.array([row[name] for row in self._open]) for name in self._open[0]}
        last = {name: rows[name][-1] for name in ("on_hand", "backlog", "waiting", "on_order")}
        flows = ("asked", "ordered", "arrived", "incoming", "demanded", "short")
        money: dict[str, dict[str, float]] = {}
        for period in self._money:
            for who, kinds in period.items():
                into = money.setdefault(who, {})
                for kind, paid in kinds.items():
                    into[kind] = into.get(kind, 0.0) + paid
        means = {name: rows[name].mean(axis=0) for name in flows}
        self.weeks.append(Week(**last, **means, lowest=rows["on_hand"].min(axis=0), money=money))
        self._open, self._money = [], []
        if len(self.weeks) > self.course.setup.past_weeks:
            for who in money:
                self.paid[who] = self.paid.get(who, 0.0) + self.weeks[-1].net_cost_of(who)


def _money(course: Course, simulation: Simulation, chance: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the money of the last period by seat and kind; over all seats and `shared` it adds up to the total."""
    flows, seats = simulation.flows, course.setup.seats
    tables = [(MONEY, flows.money), *([(CHARGES, flows.charges)] if course.layout.sizes.charges else [])]
    total = {name: float(table[name][0, 0]) for kind, table in tables for name in fields(kind)}
    kinds = {kind.name: total[kind.name] for kind in COST_KINDS if kind.name in total} | {"revenue": total["revenue"]}
    if len(seats) == 1:
        return {seats[0].name: kinds}
    parts = by_part(course.layout, simulation.state, flows, chance)
    money = {seat.name: _of_seat(course, seat, simulation, parts, chance) for seat in seats}
    left = {kind: paid - sum(each.get(kind, 0.0) for each in money.values()) for kind, paid in kinds.items()}
    return money | {SHARED: {kind: paid for kind, paid in left.items() if abs(paid) > 1e-9}}


def _of_seat(
    course: Course, seat: Seat, simulation: Simulation, parts: dict[str, np.ndarray], chance: np.ndarray
) -> dict[str, float]:
    """Return what a seat's stocks, lanes and demands cost, what waits for its stocks costs, and what it earns."""
    layout, net, flows = course.layout, course.layout.net, simulation.flows
    money: dict[str, float] = {}
    for name in (*seat.stocks, *seat.lanes, *seat.demands):
        for part, paid in parts.items():
            if part.startswith(f"{name}."):
                kind = part.removeprefix(f"{name}.")
                money[kind] = money.get(kind, 0.0) + float(paid[0])
    for m, lane in enumerate(layout.lanes):
        uses = course.scenario.lanes[lane].uses
        if not uses.keys().isdisjoint(seat.stocks):
            waits = float(net.lanes["waiting_cost"][m] * simulation.state.lanes["waiting"][0, m])
            money["waiting_cost"] = money.get("waiting_cost", 0.0) + waits
    for d, name in enumerate(layout.demands):
        if name in seat.demands:
            left = chance[0, layout.columns.price[name]] if name in layout.columns.price else 1.0
            earned = float(net.demands["price"][d] * left * flows.demands["served"][0, d])
            money["revenue"] = money.get("revenue", 0.0) + earned
    return money
