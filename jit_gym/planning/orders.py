"""What to order this morning: each item's rule, asked in the state that the shop is in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance.suppliers import slowest
from ..common.checks import BadInput
from ..common.text import plain, plural, quoted
from ..physics import Layout
from ..physics.tables import state_of
from ..policies import Rule, policy
from ..policies.lead_times import lead_times
from ..policies.plan import PlanningData
from ..scenario import Scenario
from ..scenario.load import variant
from ..scenario.model import LONGEST_HORIZON
from .folder import SALES, Folder, open_folder
from .grid import Grid
from .mixed import players_of
from .planned import Planned, read_planned, said_of, with_planned
from .reading import read_like
from .stock import OpenOrder, Stock, read_stock
from .today import Today, check, rule_of, usual

if TYPE_CHECKING:
    import pandas as pd

RECENT = 8
"""Periods whose sales are compared with what the scenario expects."""
FAR = 2.0
"""How many times as much, or as little, looks wrong."""
COLUMNS = ("date", "item", "supplier", "on_hand", "on_order", "position", "level", "forecast", "ordered", "arrives",
           "rule", "promotion", "looks_wrong")  # fmt: skip


@dataclass(frozen=True)
class Orders:
    """The orders of a day: a row a lane in `frame`, notes on the whole, and the vehicles that each route needs."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    vehicles: Mapping[str, float]


def order(
    folder: str | Path,
    stock: str | Path,
    *,
    date: str | dt.date | None = None,
    rule: str | None = None,
    sales: str | Path | None = None,
    promotions: str | Path | None = None,
    **reading: Any,
) -> pd.DataFrame:
    """Return what to order today of each item, from whom, when it arrives, and why: the `frame` of `todays_orders`."""
    return todays_orders(folder, stock, date=date, rule=rule, sales=sales, promotions=promotions, **reading).frame


def todays_orders(
    folder: str | Path,
    stock: str | Path,
    *,
    date: str | dt.date | None = None,
    rule: str | None = None,
    sales: str | Path | None = None,
    promotions: str | Path | None = None,
    **reading: Any,
) -> Orders:
    """Return what the rules of a shop order in the state that it is in.

    The period of the day of the order has its place in the season. What is on order arrives at the start of the first
    period that begins on the day it is expected or later, or else a lead time after it was ordered. A rule sees this as
    it sees the start of a period of a simulation, and the physics cuts what it orders to minima, batches and
    capacities.

    Columns of the frame: `date`, `item`, `supplier`; `on_hand`, `on_order`, `position` (on hand + on order - what
    customers wait for), `level` (the position after the order, or that up to which the rule orders), `forecast` (over
    lead time and review), `ordered`, `arrives`, `rule`, `promotion` (what is planned within lead time and review, and
    what it multiplies demand by), and `looks_wrong`. Of an item whose stock is not known nothing is ordered, and its
    numbers are nan.

    Args:
        folder: that `jit-gym new --demand` wrote.
        stock: a CSV or Excel file (`read_stock`).
        date: of the order; today by default.
        rule: for all items, as `base-stock` or `s-S(s=17, S=40)`; by default that of each item in the folder's
            rules.csv, or else base-stock by formula.
        sales: a file with the sales since the folder was made, for rules that learn; by default what the folder's
            sales.csv has of them.
        promotions: a file with the promotions and other events that are planned (`read_planned`). Rules that follow the
            forecast order for them; where a rule does not, `looks_wrong` says so.
        reading: how the stock is read, as `read_stock` takes it.

    Raises:
        BadInput: in one line, for files that cannot be read, a day before the end of the history, a rule that does not
            fit, or a scenario of which a file of stock does not tell enough.
    """
    shop = open_folder(folder)
    rules = shop.rules
    check(shop.scenario)
    grid, day = shop.sales.grid, _day(date)
    today = int(grid.number(np.array([day]))[0])
    period, name = today - shop.first, shop.scenario.horizon.period
    if not 0 <= period < LONGEST_HORIZON:
        raise BadInput(
            f"--date: must be {grid.begin(shop.first)[0]} or later, when the history of {folder} has ended, got {day}"
        )
    notes = []
    if (begins := grid.begin(today)[0]) != day:
        notes.append(f"{day} is in the {name} that begins on {begins}: orders are those of its beginning")
    items = list(shop.scenario.stocks)
    if strange := [item for item in items if item not in shop.sales.items]:
        raise BadInput(
            f"{shop.path}/{SALES}: has no item {strange[0]!r}, which the scenario has (write the folder again)"
        )
    known = [shop.sales.items.index(item) for item in items]
    keys = [shop.sales.keys[k] for k in known]
    read = read_stock(stock, items, keys, shop.sales.by, **reading)
    notes += read.notes
    without, plans = shop.scenario, Planned({}, {})
    if promotions is not None:
        form = {key: reading[key] for key in ("date_format", "decimal") if key in reading}
        plans = read_planned(promotions, items, keys, shop.sales.by, grid, shop.first, **form)
        notes += said_of(plans, period)
        shop = replace(shop, scenario=with_planned(without, plans))
    odd: dict[str, list[str]] = {item: [] for item in items}
    past, said = _past(shop, known, sales, today)
    notes += said
    layout = Layout(shop.scenario)
    numbers = _state(layout, read, grid, today, odd)
    used = state_of(numbers, layout.sizes, 1).stocks["used"]
    used[0] = np.nan_to_num(past[-1])
    state = Today(layout, period, numbers, past)
    players, own, said = players_of(shop.scenario, dict.fromkeys(items, rule) if rule else rules)
    notes += said
    stock_of = np.array([items.index(lane.to) for lane in shop.scenario.lanes.values()])
    orders = np.zeros(len(layout.lanes))
    for k, player in enumerate(players):
        mine = own[stock_of] == k
        if isinstance(player, str):  # an agent, which knows worlds of one item
            for i in np.flatnonzero(own == k).tolist():
                alone, its = _alone(without, items[i]), _of_item(read, i)
                layout_alone = Layout(alone)
                numbers_alone = _state(layout_alone, its, grid, today, {items[i]: []})
                state_of(numbers_alone, layout_alone.sizes, 1).stocks["used"][0] = np.nan_to_num(past[-1, i])
                one = Today(layout_alone, period, numbers_alone, past[:, [i]])
                orders[stock_of == i] = one.orders_of(policy(player, alone))
        else:
            orders[mine] = state.orders_of(player)[mine]
    orders[np.isnan(read.on_hand)[stock_of]] = 0.0
    flows = state.placed(orders)
    if read.counted < day:
        notes.append(f"the stock was counted on {read.counted}, and the order is of {day}: is it the right file?")
    notes += [f"{plural(len(read.unknown), 'row')} of items that the shop does not have: {'; '.join(read.unknown[:3])}"
              + ("; ..." if len(read.unknown) > 3 else "")] if read.unknown else []  # fmt: skip
    notes += _sold_by_now(shop, state, period, known)
    _strange_sales(state, odd)
    promoted = _promoted(shop, state, plans, without, [players[k] for k in own], odd)
    vehicles = {route: flows.routes[r].vehicles for r, route in enumerate(layout.routes) if flows.routes}
    rows = _rows(shop, state, read, players, own, stock_of, orders, flows, odd, promoted, day, today)
    import pandas as pd

    return Orders(pd.DataFrame(list(rows), columns=COLUMNS), tuple(plain(note) for note in notes), vehicles)


def _day(date: str | dt.date | None) -> np.datetime64:
    if date is None:
        return np.datetime64(dt.date.today(), "D")
    try:
        return np.datetime64(dt.date.fromisoformat(str(date)), "D")
    except ValueError:
        raise BadInput(f"--date: must be a date such as 2024-12-31, got {quoted(str(date))}") from None


def _past(shop: Folder, known: Sequence[int], file: str | Path | None, today: int) -> tuple[np.ndarray, list[str]]:
    """Return what was sold in the periods before today's (periods, items), nan where it is not known, and notes."""
    notes: list[str] = []
    past = np.full((today, len(known)), np.nan)
    there = min(shop.sales.grid.many, today)
    past[:there] = shop.sales.units[:there, known]
    if file is not None:
        new, notes = read_like(file, shop.sales)
        begins = new.grid.first - shop.sales.grid.first
        for t, row in enumerate(new.units, begins):
            if 0 <= t < today:
                past[t] = np.where(np.isfinite(row[known]), row[known], past[t])
    return past, notes


def _sold_by_now(shop: Folder, state: Today, period: int, known: Sequence[int]) -> list[str]:
    """Return a note where the sales since the history are not known up to today."""
    since = np.isfinite(state.past[len(state.past) - period :]).any(axis=1)
    if since.all():
        return []
    last, name = int(np.argmin(since)), shop.scenario.horizon.period
    day = shop.sales.grid.begin(shop.first + last)[0]
    return [
        f"sales are known up to {day}, {plural(period - last, name)} before the order (--sales FILE has newer ones)"
    ]


def _state(layout: Layout, stock: Stock, grid: Grid, today: int, odd: dict[str, list[str]]) -> np.ndarray:
    """Return the state as one path's vector: on hand, who waits, and each open order where it is on its way."""
    numbers = np.zeros(layout.state_size)
    state, scenario = state_of(numbers, layout.sizes, 1), layout.scenario
    for i, (item, units) in enumerate(zip(layout.stocks, stock.on_hand.tolist(), strict=True)):
        if np.isnan(units):
            odd[item].append("no stock on hand is told: nothing is ordered")
        elif units < 0:
            waits = next((d for d, each in enumerate(scenario.demands.values())
                          if item in each.draws_on and each.unmet == "backlog"), None)  # fmt: skip
            means = "taken for 0" if waits is None else "taken for units that customers wait for"
            odd[item].append(f"negative stock ({units:g}), {means}")
            if waits is not None:
                state.demands["backlog"][0, waits] = -units
        limit = scenario.stocks[item].storage_limit
        if limit is not None and units > limit:
            odd[item].append(f"more on hand than the storage limit of {limit:g}")
        there = max(np.nan_to_num(units), 0.0)
        state.stocks["on_hand"][0, i] = there
        if life := scenario.stocks[item].shelf_life:
            state.pipeline[0, int(layout.net.stocks[i]["last_age"]) - min(2, life)] += there
    if scenario.units == "whole":
        for name, units in zip(layout.stocks, stock.on_hand.tolist(), strict=True):
            if units != np.floor(units) and not np.isnan(units):
                odd[name].append("units are whole in the scenario, and the stock is not")
    for each in stock.orders:
        item = layout.stocks[each.item]
        lane, said = _lane(layout, each, item)
        row = layout.net.lanes[layout.lanes.index(lane)]
        within, late = _within(layout, lane, each, grid, today)
        odd[item] += said + late
        m, slots = layout.lanes.index(lane), int(row["last_slot"] - row["first_slot"]) - 1
        state.lanes["in_transit"][0, m] += each.units
        if slots:
            state.pipeline[0, int(row["first_slot"]) + min(within, slots)] += each.units
    return numbers


def _lane(layout: Layout, each: OpenOrder, item: str) -> tuple[str, list[str]]:
    """Return the lane that an open order is on: that of its supplier, or else the item's main one; and what is odd."""
    scenario = layout.scenario
    lanes = scenario.feeds[item]
    main = max(lanes, key=scenario.shares.__getitem__)
    if not each.supplier:
        return main, []
    for name in lanes:
        if each.supplier.casefold() in (name.casefold(), (scenario.lanes[name].supplier or name).casefold()):
            return name, []
    return main, [f"{each.supplier!r} is no supplier of it (line {each.line})"] if len(lanes) > 1 else []


def _within(layout: Layout, lane: str, each: OpenOrder, grid: Grid, today: int) -> tuple[int, list[str]]:
    """Return in how many periods an open order arrives (1: in the one that begins), and what is odd with it."""
    number = lambda day: int(grid.number(np.array([day]))[0])  # noqa: E731
    scenario, odd = layout.scenario, list[str]()
    longest, period = slowest(scenario, lane), scenario.horizon.period
    what = f"order of {each.units:g} (line {each.line})"
    age = None if np.isnat(each.ordered) else today - number(each.ordered)
    if age is not None and age < 0:
        odd.append(f"{what} was ordered on {each.ordered}, after the day of this order")
        age = 0
    if age is not None and age > longest:
        odd.append(f"{what} of {each.ordered} is {plural(age, period)} old, and the lead time at most {longest}")
    if not np.isnat(each.expected):
        due = number(each.expected)
        within = due - today + 1 + int(grid.begin(due)[0] < each.expected)
        if each.expected < grid.begin(today)[0]:
            odd.append(f"{what} was expected on {each.expected} and is not there")
        elif within > longest + 1:
            odd.append(f"{what} is expected on {each.expected}, later than the longest lead time")
        return max(within, 1), odd
    chances = lead_times(scenario, lane)
    if age is None:
        return max(ceil(chances @ np.arange(len(chances)) - 1e-9), 1), odd
    left = chances[age:]
    return max(ceil(left @ np.arange(len(left)) / left.sum() - 1e-9), 0) + 1 if left.sum() > 0 else 1, odd


def _alone(scenario: Scenario, item: str) -> Scenario:
    """Return the world of one item of a shop."""
    own = {
        "stocks": {item},
        "lanes": {name for name, lane in scenario.lanes.items() if lane.to == item},
        "demands": {name for name, demand in scenario.demands.items() if item in demand.draws_on},
    }
    own["spikes"] = {name for name, spike in scenario.spikes.items() if own["demands"].issuperset(spike.hits)}
    gone = {table: dict.fromkeys(set(getattr(scenario, table)) - kept) for table, kept in own.items()}
    return variant(
        scenario,
        {table: names for table, names in gone.items() if names} | {"disruptions": dict.fromkeys(scenario.disruptions)},
    )


def _of_item(stock: Stock, item: int) -> Stock:
    """Return the stock of one item."""
    orders = tuple(each._replace(item=0) for each in stock.orders if each.item == item)
    return replace(stock, on_hand=stock.on_hand[[item]], orders=orders)


def _strange_sales(state: Today, odd: dict[str, list[str]]) -> None:
    """Say where the last sales are far from what the scenario expects of these periods."""
    recent = state.past[-RECENT:]
    t = state.period - len(recent) + np.arange(len(recent))
    demands = state.scenario.demands
    plan = PlanningData(state.layout)
    for i, (item, name) in enumerate(zip(state.layout.stocks, demands, strict=False)):
        known = np.isfinite(recent[:, i])
        if known.sum() < RECENT // 2 or item not in demands[name].draws_on:
            continue
        sold = float(recent[known, i].sum())
        expected = float(plan.mean[i] * usual(state.scenario, name, t[known]).sum())
        chance = 3 * np.sqrt(plan.variance[i] * known.sum())
        if abs(sold - expected) > chance and not expected / FAR <= sold <= expected * FAR:
            odd[item].append(
                f"{sold:,.4g} sold in the last {plural(known.sum(), state.scenario.horizon.period)}, and "
                f"{expected:,.4g} were to be expected: make the folder again?"
            )


def _promoted(
    shop: Folder,
    state: Today,
    plans: Planned,
    without: Scenario,
    players: Sequence[Any],
    odd: dict[str, list[str]],
) -> dict[str, str]:
    """Return what is planned of each item within lead time and review, in words; say where its rule does not know.

    `without` is the scenario without what is planned.
    """
    found, expected, usual_expected = dict[str, str](), np.empty(0), np.empty(0)
    plan = PlanningData(state.layout)
    name = state.scenario.horizon.period
    for i, (item, player) in enumerate(zip(state.layout.stocks, players, strict=True)):
        last = state.period + ceil(plan.lead_time[i]) + 1
        known, unfitted = plans.within(state.scenario, item, state.period, last)
        days = {period: shop.sales.grid.begin(shop.first + period)[0] for period in sorted({*known, *unfitted})}
        found[item] = ", ".join(f"{day} x{known[t]:.3g}" if t in known else f"{day} x?" for t, day in days.items())
        if unfitted:
            odd[item].append(
                f"a promotion in the {name} of {days[unfitted[0]]} is not in the forecast, as none was in the history "
                "to fit (say in a column factor what it multiplies demand by)"
            )
        if known and not (isinstance(player, Rule) and "spikes" in player.knows):
            if not len(expected):
                calm = Today(Layout(without), state.period, state.numbers, state.past)
                expected, usual_expected = (
                    np.ravel(PlanningData(each.layout).expected(each.view)) for each in (state, calm)
                )
            more = expected[i] - usual_expected[i]
            odd[item].append(
                f"its rule does not look at the forecast, and orders as without the promotion of {found[item]}: "
                f"{abs(more):,.4g} units {'more' if more >= 0 else 'less'} are expected over lead time and review "
                "(order by hand, or by a rule that does, as --rule safety-stock)"
            )
    return found


def _rows(
    shop: Folder,
    state: Today,
    stock: Stock,
    players: Sequence[Any],
    own: np.ndarray,
    stock_of: np.ndarray,
    orders: np.ndarray,
    flows: Any,
    odd: dict[str, list[str]],
    promoted: Mapping[str, str],
    day: np.datetime64,
    today: int,
) -> Iterator[tuple[Any, ...]]:
    """Yield what is said of each lane."""
    scenario, view, plan = shop.scenario, state.view, PlanningData(state.layout)
    forecast = np.broadcast_to(plan.expected(view), (1, len(plan.stocks)))[0]
    position, on_order = view.inventory_position[0], view.on_order[0]
    for m, (name, lane) in enumerate(scenario.lanes.items()):
        i, flow = int(stock_of[m]), flows.lanes[m]
        item, player = state.layout.stocks[i], players[own[i]]
        told = list(odd[item])
        if flow.ordered < orders[m] - 1e-6:
            told.append(f"the rule asks for {orders[m]:g}, and {flow.ordered:g} can be ordered (minimum, batch, limit)")
        if flow.shipped < flow.ordered - 1e-6:
            told.append(f"only {flow.shipped:g} leave now (capacity, or a vehicle that is not full)")
        arrives = shop.sales.grid.begin(today + ceil(lane.lead_time.mean - 1e-9))[0] if flow.ordered > 0 else None
        unknown = np.isnan(stock.on_hand[i])
        level = _level(player, i, position[i] + orders[stock_of == i].sum(), orders[stock_of == i].sum())
        yield (
            str(day), item, lane.supplier or name, stock.on_hand[i], on_order[m],
            np.nan if unknown else position[i], np.nan if unknown else level, forecast[i],
            np.nan if unknown else flow.ordered, "" if arrives is None or unknown else str(arrives),
            rule_of(player, i), promoted.get(item, ""), "; ".join(told),
        )  # fmt: skip


def _level(player: Any, item: int, after: float, wanted: float) -> float:
    """Return the position up to which a rule orders: that after its order, or its level where it orders nothing."""
    level = getattr(player, "level", getattr(player, "S", None))
    if wanted > 0 or level is None:
        return float(after) if wanted > 0 else float("nan")
    values = np.ravel(level)
    return float(values[item if len(values) > 1 else 0])
