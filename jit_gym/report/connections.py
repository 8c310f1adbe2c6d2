"""What a picture of a scenario's network shows: suppliers, stocks, demands, the ways between them, and what hits them.

Of many stocks, those that are connected alike are one box.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..chance import usage
from ..scenario import Demand, Distribution, Lane, Scenario
from .words import a

BETWEEN, LINE = 16, 15  # pixels between boxes, and from line to line
CHARACTERS, LABEL, LETTER = 20, 16, 6.4  # in a line of a box, and of a lane; the width of a small letter
MANY, ALIKE = 12, 3  # of more stocks than MANY, ALIKE or more that are connected alike are drawn as one
ISSUED = {"fifo": "oldest first", "lifo": "newest first"}


@dataclass(eq=False)
class Box:
    """A supplier, a stock or a demand, or several that are alike."""

    kind: str
    lines: list[str]  # the title
    details: list[str]
    column: int = 0
    marks: list[int] = field(default_factory=list)  # the numbers of events that hit it
    into: list[Arrow] = field(default_factory=list)
    out: list[Arrow] = field(default_factory=list)
    top: float = 0.0
    left: float = 0.0

    @property
    def height(self) -> float:
        """Return its height in pixels: its lines, and room for the arrows into it with what is written on them."""
        lines = len(self.lines) + len(self.details)
        written = max((len(arrow.label) for arrow in self.into), default=0)
        apart = (written * LINE + 4) * (len(self.into) + (len(self.into) > 1))
        marked = 19 * (len(self.out) + 1) if len(self.out) > 1 and any(arrow.marks for arrow in self.out) else 0
        return max(lines * LINE + 12, apart, marked)

    @property
    def middle(self) -> float:
        """Return the height at which it stands."""
        return self.top + self.height / 2


@dataclass(eq=False)
class Arrow:
    """One lane, or several that are alike, or a demand drawing on a stock."""

    source: Box
    target: Box
    label: list[str]  # lines
    words: str = ""  # the same in a line
    marks: list[int] = field(default_factory=list)

    @property
    def straight(self) -> float:
        """Return how long its last part is, which what is written on it stands above."""
        return 12 + LETTER * max(map(len, self.label)) if self.label else 0.0


class Event(NamedTuple):
    """A disruption or a spike: its number in the picture, what it is, and the names of what it hits."""

    number: int
    table: str
    name: str
    title: str
    hits: tuple[str, ...]


def events(scenario: Scenario) -> list[Event]:
    """Return what goes wrong, numbered as in the picture."""
    found = [
        (table, name, each) for table in ("disruptions", "spikes") for name, each in getattr(scenario, table).items()
    ]
    return [
        Event(k, table, name, each.title or name.replace("-", " "), each.hits)
        for k, (table, name, each) in enumerate(found, 1)
    ]


class Connections:
    """Makes the boxes and arrows of a scenario, those that are alike once."""

    def __init__(self, scenario: Scenario) -> None:
        """Begin with what there is of stocks, and then connect them."""
        self.scenario, self.groups, self.events = scenario, _groups(scenario), events(scenario)
        self.use, self.boxes = usage(scenario), dict[tuple[str, ...], Box]()
        self.arrows: dict[tuple[object, ...], Arrow] = {}
        self.of_stock = {name: box for group in self.groups for box in [self._stock(group)] for name in group}
        for name, lane in scenario.lanes.items():
            self._lane(name, lane)
        for name, demand in scenario.demands.items():
            self._demand(name, demand)
        for arrow in self.arrows.values():
            arrow.source.out.append(arrow)
            arrow.target.into.append(arrow)

    def _box(self, key: tuple[str, ...], kind: str, lines: list[str], details: Sequence[str], *hit: str) -> Box:
        """Return the box of a key, made where it is not there yet."""
        return self.boxes.setdefault(key, Box(kind, lines, list(details), marks=_marks(self.events, *hit)))

    def _arrow(self, source: Box, target: Box, said: list[str], *hit: str) -> None:
        key = id(source), id(target), *said
        arrow = Arrow(source, target, _lines(said), ", ".join(said), _marks(self.events, *hit))
        self.arrows.setdefault(key, arrow)

    def _stock(self, group: list[str]) -> Box:
        stock, period = self.scenario.stocks[group[0]], self.scenario.horizon.period
        mean = sum(self.use[name][0] for name in group) / len(group)
        details = [f"uses {mean:,.3g} {a(period)}" + (" each" if len(group) > 1 else "")]
        if stock.shelf_life is not None:
            details.append(f"lives {_periods(stock.shelf_life, period)}, {ISSUED[stock.issuing]}")
        lines = _titles([self.scenario.stocks[name].title or _spelt(name) for name in group])
        return self._box(("stock", group[0]), "stock", lines, details, *group)

    def _lane(self, name: str, lane: Lane) -> None:
        sources = [self.of_stock[each] for each in lane.uses] or [self._supplier(name, lane)]
        for source in sources:
            hit = lane.route or "", (lane.supplier or "") if lane.uses else ""  # the box of other suppliers is marked
            self._arrow(source, self.of_stock[lane.to], _says(self.scenario, name, lane), name, *hit)

    def _supplier(self, name: str, lane: Lane) -> Box:
        """Return the box of a lane's outside supplier; one for all, where each of a group has its own."""
        group = _group_of(self.groups, lane.to)
        served = {each.to for each in self.scenario.lanes.values() if lane.supplier and each.supplier == lane.supplier}
        hit = lane.supplier or ""
        if len(group) > 1 and len(served) <= 1:
            place = str(self.scenario.feeds[lane.to].index(name))
            lines = [f"{len(group)} suppliers", "(one for each)"]
            return self._box(("suppliers", group[0], place), "supplier", lines, [], hit)
        title = self.scenario.suppliers[lane.supplier].title if lane.supplier else lane.title
        lines = _wrapped(title or _spelt(lane.supplier or name))
        return self._box(("supplier", lane.supplier or name), "supplier", lines, [], hit)

    def _demand(self, name: str, demand: Demand) -> None:
        stocks = list(demand.draws_on)
        alone = [list(each.draws_on) for each in self.scenario.demands.values()].count(stocks) == 1
        group = _group_of(self.groups, stocks[0])
        together = len(group) > 1 and len(stocks) == 1 and alone
        key = ("demands", group[0]) if together else ("demand", name)
        lines = ["The customers", "of each"] if together else _wrapped(demand.title or _spelt(name))
        unmet = "lost if not served" if demand.unmet == "lost" else "waits if not served"
        box = self._box(key, "demand", lines, [unmet], name)
        for stock, units in demand.draws_on.items():
            self._arrow(self.of_stock[stock], box, [] if units == 1 else [f"{units:g} each"])


def _groups(scenario: Scenario) -> list[list[str]]:
    """Return the stocks, those that are drawn as one together."""
    if len(scenario.stocks) <= MANY:
        return [[name] for name in scenario.stocks]
    alike: dict[tuple[object, ...], list[str]] = {}
    for name in scenario.stocks:
        alike.setdefault(_connections(scenario, name), []).append(name)
    groups: list[list[str]] = []
    for group in alike.values():
        groups += [group] if len(group) >= ALIKE else [[name] for name in group]
    return sorted(groups, key=lambda group: list(scenario.stocks).index(group[0]))


def _connections(scenario: Scenario, stock: str) -> tuple[object, ...]:
    """Return how a stock is connected; stocks that have the same are drawn as one."""
    lanes = [scenario.lanes[name] for name in scenario.feeds[stock]]
    of = {name: {each.to for each in scenario.lanes.values() if each.supplier == name} for name in scenario.suppliers}
    into = tuple(
        (lane.supplier if len(of.get(lane.supplier or "", ())) > 1 else None, lane.route, *lane.uses) for lane in lanes
    )
    draws = [(name, demand.draws_on) for name, demand in scenario.demands.items() if stock in demand.draws_on]
    out = tuple(name if len(stocks) > 1 else "alone" for name, stocks in draws)
    used = tuple(lane.to for lane in scenario.lanes.values() if stock in lane.uses)
    hit = tuple(
        event.number
        for event in events(scenario)
        if {stock, *scenario.feeds[stock], *(lane.supplier for lane in lanes)} & set(event.hits)
    )
    return into, out, used, hit


def _group_of(groups: list[list[str]], stock: str) -> list[str]:
    return next(group for group in groups if stock in group)


def _marks(found: list[Event], *names: str) -> list[int]:
    return [event.number for event in found if set(names) & set(event.hits)]


def _titles(titles: list[str]) -> list[str]:
    if len(titles) == 1:
        return _wrapped(titles[0])
    return _wrapped(f"{titles[0]}, {titles[1]}, ... ({len(titles)} stocks)")


def _spelt(name: str) -> str:
    """Return what is written on something without a title: its name."""
    return name[:1].upper() + name[1:].replace("-", " ")


def _wrapped(title: str, width: int = CHARACTERS, most: int = 3) -> list[str]:
    return textwrap.wrap(title.replace("\n", " "), width, max_lines=most, placeholder=" ...") or [""]


def _says(scenario: Scenario, name: str, lane: Lane) -> list[str]:
    """Return what is written on a lane: how long it takes, in which lots, and on which way."""
    period = scenario.horizon.period
    said = [_lead_time(lane.lead_time, period)]
    if lane.order_delay:
        said[0] = f"{_periods(lane.order_delay, period)} + {said[0]}"
    if lane.delays is not None:
        said.append(f"up to {_periods(lane.delays.longest, period)} more")
    if lane.batch is not None and lane.batch != 1:
        said.append(f"lots of {lane.batch:g}")
    beside = [each for each in scenario.feeds[lane.to] if scenario.lanes[each].supplier == lane.supplier]
    if lane.supplier and len(beside) > 1:
        said.insert(0, lane.title or name.replace("-", " "))
    if lane.route:
        said.append(scenario.routes[lane.route].title or lane.route)
    return said


def _lines(said: Sequence[str]) -> list[str]:
    """Return what is said of a lane as lines, several parts in one where they fit."""
    lines: list[str] = []
    for part in said:
        if lines and len(lines[-1]) + len(part) + 2 <= LABEL:
            lines[-1] += f", {part}"
        else:
            lines += _wrapped(part, LABEL)
    return lines


def _lead_time(time: Distribution, period: str) -> str:
    if time.is_fixed:
        return _periods(time.mean, period) if time.mean else f"the same {period}"
    if time.longest < float("inf"):
        return f"{time.lowest:g} to {_periods(time.longest, period)}"
    return f"about {_periods(time.mean, period)}"


def _periods(many: float, period: str) -> str:
    return f"{many:,.3g} {period}{'' if many == 1 else 's'}"
