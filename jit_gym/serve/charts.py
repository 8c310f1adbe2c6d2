"""The pictures of a game: stock, orders and demand, money, and how everybody did; SVG with a text alternative each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..report.axes import LINE, Axes, Entry, left_margin, legend, legend_lines, plain_number, ticks
from ..report.figures import Picture
from ..report.svg import DEMAND, INK, LETTERS, MUTED, ORDER, SHORT, STOCK, WASTE, WAY, WIDTH, Box, Sheet
from .looks import Look
from .results import Standing

HEIGHT, BELOW, RIGHT = 120.0, 30.0, 0.975 * WIDTH  # points
ROW = 20.0
SHELVES = STOCK, WAY, WASTE, INK
ORDERS = ORDER, WASTE, WAY, INK
KINDS = {"people": STOCK, "rule": DEMAND, "agent": ORDER, "optimum": WAY, "bound": MUTED}
"""The colour of each kind of standing."""
NAME = 26  # letters of a name in a picture

Line = tuple[str, Sequence[float], str, bool]  # a name, its numbers, its colour, and whether it is an area


def pictures(look: Look, word: str) -> list[Picture]:
    """Return the pictures of a seat: what it holds and owes, what it is asked for and orders, what that costs."""
    lines: list[Line] = []
    if any(look.owed):
        lines.append(("owed", look.owed, SHORT, True))
    lines += [(name, each, SHELVES[k % 4], False) for k, (name, each) in enumerate(look.on_hand.items())]
    asked: list[Line] = [(name, each, DEMAND, True) for name, each in look.asked.items()]
    ordered: list[Line] = [
        (f"ordered: {name}" if len(look.ordered) > 1 else "ordered", each, ORDERS[k % 4], False)
        for k, (name, each) in enumerate(look.ordered.items())
    ]
    return [
        _chart(f"Stock at the end of each {word}", lines, look.numbers, word),
        _chart("Demand and orders", [*asked, *ordered], look.numbers, word),
        _chart(f"Cost of each {word}", [("costs less revenue", look.cost, STOCK, True)], look.numbers, word),
    ]


def through_time(title: str, series: Mapping[str, Sequence[float]], first: int, word: str) -> Picture:
    """Draw how some players' series went, week by week; `first` is the number of the first week."""
    colours = STOCK, SHORT, ORDER, WAY, DEMAND
    lines: list[Line] = [(name, each, colours[k % 5], False) for k, (name, each) in enumerate(series.items())]
    longest = max((len(each) for each in series.values()), default=0)
    return _chart(title, lines, range(first, first + longest), word)


def standings(found: Sequence[Standing], title: str = "What it cost") -> Picture:
    """Draw a bar for each way to play, the cheapest first; negative costs are profits."""
    rows = sorted(found, key=lambda each: each.cost)
    names = [_cut(each.name) for each in rows]
    low, high = min(0.0, *(each.cost for each in rows)), max(0.0, *(each.cost for each in rows))
    low, high = (low - 0.2 * (high - low), high) if -low > high else (low, high + 0.2 * (high - low or 1.0))
    sheet = Sheet(LINE + 4 + ROW * len(rows) + BELOW)
    box = Box(left_margin(names), LINE + 4, RIGHT, LINE + 4 + ROW * len(rows))
    axes = Axes.within(sheet, box, (low, high), (len(rows) - 0.5, -0.5))
    at = ticks(low, high, 4)
    axes.grid(across=at)
    for row, each in enumerate(rows):
        axes.bar(row, 0.0, each.cost, 0.62, KINDS[each.kind])
        beyond = axes.x.at(each.cost)
        left, middle = each.cost < 0, axes.y.at(row) + 0.36 * LETTERS
        sheet.text(beyond + (-4 if left else 4), middle, money(each.cost), anchor="end" if left else "start")
    axes.names_beside(names)
    axes.numbers_below(at, plain_number, "money, costs less revenue")
    kinds = dict.fromkeys(each.kind for each in rows)
    legend(sheet, legend_lines([Entry(kind, KINDS[kind]) for kind in kinds], WIDTH), 0, LETTERS)
    says = "; ".join(f"{each.name} ({each.kind}) {money(each.cost)}" for each in rows)
    caption = (
        "The shorter the bar, the better." if high > -low else "Less than nothing is profit: the longer, the better."
    )
    return Picture(title, caption, sheet.svg, f"{title}, costs less revenue, the cheapest first: {says}.")


def money(value: float) -> str:
    """Return an amount of money as one reads it: without decimals where it is large."""
    rounded = round(value, 2) if abs(value) < 100 else round(value)
    return f"{rounded + 0.0:,.10g}".replace("-", "\N{MINUS SIGN}")


def _chart(title: str, lines: Sequence[Line], numbers: Sequence[int], word: str) -> Picture:
    """Draw series of a number a week, areas behind lines."""
    entries = legend_lines([Entry(_cut(name), colour, not area) for name, _, colour, area in lines], WIDTH)
    above = LINE * len(entries) + 6
    sheet = Sheet(above + HEIGHT + BELOW)
    values = [np.array(each, float) for _, each, _, _ in lines]
    low = min([0.0, *(float(each.min()) for each in values if len(each))])
    high = max([1.0 if low == 0 else 0.0, *(float(each.max()) for each in values if len(each))])
    up = ticks(low, high * 1.05, 5)
    box = Box(left_margin([plain_number(each) for each in up]), above, RIGHT, above + HEIGHT)
    first, last = (min(numbers), max(numbers)) if numbers else (1, 1)
    axes = Axes.within(sheet, box, (first - 0.5, last + 0.5), (low, high * 1.05))
    if first < 1:
        axes.span(first - 0.5, min(0.5, last + 0.5), DEMAND, 0.18)
    across = ticks(first, max(last, first + 1), 7, whole=True)
    across = [each for each in across if each <= last]
    axes.grid(across=across, up=up)
    edges = np.arange(first, last + 2) - 0.5
    for (_, _, colour, area), each in sorted(zip(lines, values, strict=True), key=lambda pair: not pair[0][3]):
        if area:
            axes.stairs_between(edges[: len(each) + 1], np.zeros(len(each)), each, colour, 0.75)
        else:
            axes.stairs(edges[: len(each) + 1], each, colour, 1.8)
    axes.numbers_beside(up, plain_number)
    axes.numbers_below(across, plain_number, f"{word} (0 and before: played by a rule)" if first < 1 else word)
    legend(sheet, entries, 0, LETTERS)
    latest = "; ".join(f"{name} {plain_number(round(each[-1], 2))}" for name, each, _, _ in lines if len(each))
    says = f"{title}. In {word} {last}: {latest}." if numbers else f"{title}: nothing was played yet."
    return Picture(title, "", sheet.svg, says)


def _cut(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"
