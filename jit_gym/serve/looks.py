"""What a seat sees, as plain numbers: its own stock, what is under way to it, its demand, its costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite
from typing import Any

import numpy as np

from ..physics import Simulation, View
from ..scenario import Lane
from .course import Change, Course
from .games import Entry, Seat
from .ledger import Ledger, Week

FEW = 4  # demands, or lanes that order from a seat, that have a line of their own; of more the sum is told
AHEAD = 8  # weeks of arrivals and forecasts that are told at most


@dataclass(frozen=True)
class EntryLook:
    """What a seat sees of one number that it orders.

    Attributes:
        title: what is ordered.
        step: what orders are rounded up to: 1 for whole units, the size of a batch; 0 for any quantity.
        most: what can be shipped in a period when nothing is wrong; inf where there is no limit.
        on_order: units ordered and not arrived; of several lanes the least.
        arriving: units that arrive in the next weeks, as far as that is sure; None for lead times that vary.
        works: the share of the lanes that is known to work, 1 where nothing is known to be wrong.
        lead_time: periods, in words.
    """

    title: str
    step: float
    most: float
    on_order: float
    arriving: tuple[float, ...] | None
    works: float
    lead_time: str


@dataclass(frozen=True)
class Look:
    """What a seat sees at the start of a week. Series have a number a week, from the first of the past on.

    Attributes:
        seat: its name.
        week: that begins; `weeks` there are.
        numbers: of the weeks that lie behind: 0 and less are the past, which a rule has played.
        on_hand: by title, units at the end of each week; of parts that are ordered alike, the least of any.
        asked: by title, units a period that customers, or those who order from this seat, asked for.
        short: units a period that customers asked for and were not served from the shelf.
        owed: units that customers, or those who order from this seat, wait for at the end of each week.
        ordered: by title, what the seat asked for, units a period.
        arrived: by title, what it received, units a period.
        entries: what it can order.
        forecast: by title, the mean demand that is forecast, units a period, in this and the next weeks.
        cost: money of each week, costs less revenue; `total` since week 1.
        kinds: the money since week 1 by kind of cost, and `revenue`.
        news: what is known to be wrong, a sentence each.
    """

    seat: str
    week: int
    weeks: int
    numbers: tuple[int, ...]
    on_hand: dict[str, tuple[float, ...]]
    asked: dict[str, tuple[float, ...]]
    short: tuple[float, ...]
    owed: tuple[float, ...]
    ordered: dict[str, tuple[float, ...]]
    arrived: dict[str, tuple[float, ...]]
    entries: tuple[EntryLook, ...]
    forecast: dict[str, tuple[float, ...]]
    cost: tuple[float, ...]
    total: float
    kinds: dict[str, float]
    news: tuple[str, ...]


def look(course: Course, seat: Seat, ledger: Ledger, simulation: Simulation, week: int) -> Look:
    """Return what a seat sees."""
    setup, layout, weeks = course.setup, course.layout, ledger.weeks
    view, played = View(simulation), ledger.weeks[course.setup.past_weeks :]
    demands = [layout.demands.index(name) for name in seat.demands]
    below = lanes_below(course, seat)
    kinds: dict[str, float] = {}
    for each in played:
        for kind, paid in each.money[seat.name].items():
            kinds[kind] = kinds.get(kind, 0.0) + paid
    return Look(
        seat=seat.name,
        week=week,
        weeks=setup.weeks,
        numbers=tuple(range(1 - setup.past_weeks, len(played) + 1)),
        on_hand={
            title: _series(weeks, "on_hand", rows, least=True) for title, rows in shelves_of(course, seat).items()
        },
        asked={
            title: _series(weeks, "incoming", lanes) if lanes else _series(weeks, "demanded", rows)
            for title, (rows, lanes) in asked_of(course, seat).items()
        },
        short=_series(weeks, "short", demands),
        owed=tuple(float(each.backlog[demands].sum() + each.waiting[below].sum()) for each in weeks),
        ordered={entry.title: _series(weeks, "asked", _rows(course, entry), least=True) for entry in seat.entries},
        arrived={entry.title: _series(weeks, "arrived", _rows(course, entry), least=True) for entry in seat.entries},
        entries=tuple(_entry(course, entry, view) for entry in seat.entries),
        forecast=_forecast(course, seat, view),
        cost=tuple(each.net_cost_of(seat.name) for each in weeks),
        total=ledger.paid.get(seat.name, 0.0),
        kinds={kind: paid for kind, paid in kinds.items() if paid},
        news=_news(course, seat, view, week),
    )


def _rows(course: Course, entry: Entry) -> list[int]:
    return [course.layout.lanes.index(lane) for lane in entry.lanes]


def lanes_below(course: Course, seat: Seat) -> list[int]:
    """Return the lanes that take from a seat's stocks and are ordered on by others."""
    lanes = course.scenario.lanes.items()
    names = [name for name, lane in lanes if not lane.uses.keys().isdisjoint(seat.stocks) and name not in seat.lanes]
    return [course.layout.lanes.index(name) for name in names]


def _series(weeks: Sequence[Week], what: str, rows: Sequence[int], *, least: bool = False) -> tuple[float, ...]:
    """Return the sum, or the least, of some stocks, lanes or demands in each week."""
    found = (getattr(week, what)[list(rows)] for week in weeks)
    return tuple(float(each.min() if least and len(rows) else each.sum()) for each in found)


def shelves_of(course: Course, seat: Seat) -> dict[str, list[int]]:
    """Return a seat's stocks by title; those that are ordered alike together."""
    scenario, layout = course.scenario, course.layout
    shelves: dict[str, list[int]] = {}
    for entry in seat.entries:
        names = list(dict.fromkeys(scenario.lanes[lane].to for lane in entry.lanes))
        title = _title(scenario.stocks[names[0]], names[0]) if len(names) == 1 else entry.title
        shelves.setdefault(title, [layout.stocks.index(name) for name in names])
    return shelves


def asked_of(course: Course, seat: Seat) -> dict[str, tuple[list[int], list[int]]]:
    """Return who asks a seat for units, by title: places of demands, and of lanes on which others order from it."""
    scenario, layout = course.scenario, course.layout
    demands, below = [layout.demands.index(name) for name in seat.demands], lanes_below(course, seat)
    names = [_title(scenario.demands[name], name) for name in seat.demands]
    asked: dict[str, tuple[list[int], list[int]]] = {}
    if len(demands) <= FEW:
        asked |= {title: ([d], []) for title, d in zip(names, demands, strict=True)}
    else:
        asked["All demands"] = demands, []
    for m in below if len(below) <= FEW else []:
        stock = scenario.lanes[layout.lanes[m]].to
        asked[f"Orders of {_title(scenario.stocks[stock], stock)}"] = [], [m]
    if len(below) > FEW:
        asked["All orders"] = [], below
    return asked


def _title(part: Any, name: str) -> str:
    return part.title or name


def _entry(course: Course, entry: Entry, view: View) -> EntryLook:
    """Return what is seen of one number that is ordered."""
    rows, lane = _rows(course, entry), course.scenario.lanes[entry.lanes[0]]
    net, periods = course.layout.net.lanes, course.setup.periods
    weeks, sure = min(AHEAD, ceil(max(lane.lead_time.highest, 1) / periods)), not net["varies"][rows].any()
    within = [view.arriving(m, k * periods)[0] for m in rows[:1] for k in range(weeks + 1)]
    return EntryLook(
        title=entry.title,
        step=float(lane.batch or (1 if course.scenario.units == "whole" else 0)),
        most=float(np.where(net["limited"][rows], net["most"][rows], np.inf).min()),
        on_order=float(view.on_order[0, rows].min()),
        arriving=tuple(float(b - a) for a, b in pairwise(within)) if sure else None,
        works=float(view.available[0, rows].min()),
        lead_time=_lead_time(lane, course.scenario.horizon.period),
    )


def _lead_time(lane: Lane, period: str) -> str:
    """Return how long an order takes, in words."""
    low, high = lane.lead_time.lowest + lane.order_delay, lane.lead_time.highest + lane.order_delay
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}" if isfinite(high) else f"{low:g} or more"
    return f"{span} {period}{'' if span == '1' else 's'}"


def _forecast(course: Course, seat: Seat, view: View) -> dict[str, tuple[float, ...]]:
    """Return the forecast of the demands that had one before any change, week by week, units a period."""
    layout, periods = course.layout, course.setup.periods
    known = [name for name in seat.demands if name in course.unchanged.layout.columns.forecast]
    found = {}
    for name in known[:FEW]:
        ahead = view.forecast[0, layout.demands.index(name)]
        weeks = [ahead[k : k + periods].mean() for k in range(0, len(ahead), periods)][:AHEAD]
        found[_title(course.scenario.demands[name], name)] = tuple(float(each) for each in weeks)
    return found


def _news(course: Course, seat: Seat, view: View, week: int) -> tuple[str, ...]:
    """Return what is known to be wrong: changes that have begun, and what is left of lanes."""
    told = [change.title for change in course.changes if change.week == week and _concerns(course, seat, change)]
    for entry in seat.entries:
        left = float(view.available[0, _rows(course, entry)].min())
        if left < 1:
            told.append(f"{entry.title}: {left:.0%} of the usual can be delivered")
    return tuple(told)


def _concerns(course: Course, seat: Seat, change: Change) -> bool:
    """Tell whether a change hits anything that a seat sees."""
    lanes = [course.scenario.lanes[name] for name in seat.lanes]
    near = {*seat.lanes, *seat.demands, *(lane.supplier for lane in lanes), *(lane.route for lane in lanes)}
    return not near.isdisjoint(change.hits)
