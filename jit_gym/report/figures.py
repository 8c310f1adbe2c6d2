"""Two pictures of a comparison: what each policy costs, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import Literal, NamedTuple

import numpy as np

from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..evaluation import Comparison
from ..physics.tables import COST_KINDS
from .axes import LINE, Axes, Entry, fitting_ticks, left_margin, legend, legend_lines, plain_number, ticks
from .svg import LETTERS, LOSS, MUTED, REJECT, STORAGE, VEHICLE, WAITING, WIDTH, Box, Sheet, straight, width_of
from .words import a, digits, half, labels, number

COLOURS = {  # of the kinds of cost
    "purchase_cost": DEMAND,
    "fixed_cost": ORDER,
    "vehicle_cost": VEHICLE,
    "waiting_cost": WAITING,
    "transit_cost": WAY,
    "reject_cost": REJECT,
    "holding_cost": STOCK,
    "storage_cost": STORAGE,
    "waste_cost": WASTE,
    "loss_cost": LOSS,
    "shortage_cost": SHORT,
}
LABELS = {kind.name: kind.label for kind in COST_KINDS}

PLACES: list[tuple[float, float, Literal["start", "middle", "end"]]] = [
    (1, 0, "start"),
    (-1, 0, "end"),
    (0, 1, "middle"),
    (0, -1, "middle"),
    (0.7, 0.7, "start"),
    (-0.7, 0.7, "end"),
    (0.7, -0.7, "start"),
    (-0.7, -0.7, "end"),
]
"""Where the name of a point may be: to its right and above it, in distances, and which end of the name is there."""
NEAR, FAR, FARTHEST = 8, 20, 34  # points
ROW = 24.0  # points from a policy's bar to the next
RIGHT, BELOW = 0.975 * WIDTH, 30.0  # where axes end, and room for the numbers below them


class Picture(NamedTuple):
    """A picture: its title, its caption, the SVG, and the alternative text."""

    title: str
    caption: str
    svg: str
    says: str


def costs(comparison: Comparison) -> Picture:
    """Draw what each policy pays for: a bar a policy, a colour a kind of cost."""
    period = comparison.scenario.horizon.period
    kinds = {kind: np.array([result.mean(kind) for result in comparison.results]) for kind in LABELS}
    totals = np.array([result.mean("cost") for result in comparison.results])
    caption = f"Mean costs {a(period)} by kind; the number is their sum."
    left_out = _rounded_down(kinds["purchase_cost"].min())
    if left_out > totals.max() / 2:
        caption += f" Every policy uses units for {left_out:,.10g} {a(period)} or more; the bars begin there."
    else:
        left_out = 0.0
    if comparison.figure != "cost":
        decides = comparison.figure.replace("_", " ")
        caption += f" Revenue is not in it: the {decides} decides, not the length of a bar."
    kinds["purchase_cost"] = kinds["purchase_cost"] - left_out
    kinds = {kind: values for kind, values in kinds.items() if values.any()}
    points = digits(totals)
    picture = _bars(comparison, kinds, [number(total, points) for total in totals], left_out)
    says = "; ".join(
        f"{label} {number(total, points)}"
        + "".join(f", {LABELS[kind]} {number(values[k], points)}" for kind, values in kinds.items() if values[k])
        for k, (label, total) in enumerate(zip(labels(comparison), totals, strict=True))
    )
    return Picture("What it costs", caption, picture.svg, f"Costs {a(period)} by policy and kind: {says}.")


def _bars(comparison: Comparison, kinds: dict[str, np.ndarray], totals: Sequence[str], left_out: float) -> Sheet:
    """Draw a bar for each policy, with its total; what all have in common is left out."""
    names, period = _names(comparison), a(comparison.scenario.horizon.period)
    ends = left_out + np.cumsum(list(kinds.values()), axis=0) if kinds else np.full((1, len(names)), left_out)
    end = left_out + max(float(ends[-1].max()) - left_out, 1e-9) * 1.17
    entries = legend_lines([Entry(LABELS[kind], COLOURS[kind]) for kind in kinds], WIDTH, LETTERS)
    above = LINE * len(entries) + 4
    sheet = Sheet(above + ROW * len(names) + BELOW)
    box = Box(left_margin(names), above, RIGHT, above + ROW * len(names))
    axes = Axes.within(sheet, box, (left_out, end), (len(names) - 0.5, -0.5))
    at = fitting_ticks(left_out, end, box.right - box.left, plain_number)
    axes.grid(across=at)
    for values, stops, kind in zip(kinds.values(), ends, kinds, strict=False):
        for row, (value, stop) in enumerate(zip(values, stops, strict=True)):
            axes.bar(row, stop - value, stop, 0.62, COLOURS[kind])
    for row, (stop, total) in enumerate(zip(ends[-1], totals, strict=True)):
        sheet.text(axes.x.at(stop) + 4, axes.y.at(row) + 0.36 * LETTERS, total)
    axes.names_beside(names)
    axes.numbers_below(at, plain_number, f"money {period}")
    legend(sheet, entries, 0, LETTERS, size=LETTERS)
    return sheet


def service(comparison: Comparison) -> Picture:
    """Draw service against cost (or profit): a point a policy, with its intervals."""
    figure = "cost" if comparison.figure == "cost" else "profit"
    points: list[_Point] = []
    for result, name in zip(comparison.results, _names(comparison), strict=True):
        rate, money = result.estimate("fill_rate"), result.estimate(figure)
        wide, high = 100 * float(np.nan_to_num(half(rate))), float(np.nan_to_num(half(money)))
        points.append(_Point(name, 100 * rate.mean, money.mean, wide, high, result is comparison.best))
    sheet = _scatter(points, f"{figure} {a(comparison.scenario.horizon.period)}")
    better = "higher" if figure == "profit" else "lower"
    caption = f"To the right: better service; {better}: better business. Bars are 95 % intervals; the best is blue."
    says = "; ".join(
        f"{label} {100 * result.mean('fill_rate'):.1f} % at {number(result.mean(figure), 2)}"
        for label, result in zip(labels(comparison), comparison.results, strict=True)
    )
    return Picture("What it gives", caption, sheet.svg, f"Fill rate and {figure} by policy: {says}.")


def _names(comparison: Comparison, longest: int = 24) -> list[str]:
    """Return the policies' names, cut to what a picture has room for."""
    return [name if len(name) <= longest else f"{name[: longest - 1]}…" for name in labels(comparison)]


def _rounded_down(value: float) -> float:
    """Return a number cut to two significant digits."""
    step = 10.0 ** (floor(log10(value)) - 1) if value > 0 else 1.0
    return floor(value / step + 1e-9) * step


class _Point(NamedTuple):
    """A policy in the picture of service: where it is, half of its bars, and whether it is the best."""

    name: str
    x: float
    y: float
    wide: float
    high: float
    best: bool


def _scatter(points: Sequence[_Point], title: str) -> Sheet:
    """Draw the points with their bars and their names."""
    sheet = Sheet(238)
    x = _with_margins(((each.x - each.wide, each.x + each.wide) for each in points), 0.12)
    y = _with_margins(((each.y - each.high, each.y + each.high) for each in points), 0.14)
    x = x[0], min(x[1], 100 + 0.03 * (x[1] - x[0]))
    up = ticks(*y, 7)
    box = Box(left_margin([plain_number(each) for each in up]), 18, RIGHT, sheet.height - BELOW)
    axes = Axes.within(sheet, box, x, y)
    across = fitting_ticks(*x, box.right - box.left, plain_number)
    axes.grid(across, up)
    axes.numbers_below(across, plain_number, "fill rate: % of demand served from the shelf")
    axes.numbers_beside(up, plain_number)
    axes.title(title, MUTED)
    for each in points:
        axes.point(each.x, each.y, STOCK if each.best else INK, 6 if each.best else 4.5, each.wide, each.high)
    _name(axes, box, points)
    return sheet


def _with_margins(ranges: Iterable[tuple[float, float]], margin: float) -> tuple[float, float]:
    """Return from where to where a scale goes that holds all of these ranges, with margins as a share of them."""
    lows, highs = zip(*ranges, strict=True)
    low, high = min(lows), max(highs)
    free = margin * (high - low) or 0.05 * abs(low) or 1.0
    return low - free, high + free


def _name(axes: Axes, box: Box, points: Sequence[_Point]) -> None:
    """Write each point's name where it covers the least of the others, and of the bars; one for points in one place."""
    names: dict[tuple[float, float], list[str]] = {}
    for each in points:
        names.setdefault((axes.x.at(each.x), axes.y.at(each.y)), []).append(each.name)
    dots = {place: Box(*place, *place).padded(4) for place in names}
    bars = [box for each in points for box in _bars_of(axes, each)]
    written: list[Box] = []
    for place, together in names.items():
        others = [*bars, *(dot for other, dot in dots.items() if other != place)]
        name = ", ".join(together)
        tried = [_Label.near(place, name, far, *where) for far in (NEAR, FAR, FARTHEST) for where in PLACES]
        best = min(tried, key=lambda label: label.badness(others, written, box.padded(4)))
        if best.far > NEAR:
            axes.sheet.line(best.line_to(place), MUTED, 0.5)
        axes.sheet.text(*best.at, name, anchor=best.anchor)
        written.append(best.box)


def _bars_of(axes: Axes, point: _Point) -> list[Box]:
    """Return the room that the two bars of a point take."""
    across, up = axes.x.at(point.x), axes.y.at(point.y)
    level = Box(axes.x.at(point.x - point.wide), up, axes.x.at(point.x + point.wide), up)
    return [
        level.padded(2),
        Box(across, axes.y.at(point.y + point.high), across, axes.y.at(point.y - point.high)).padded(2),
    ]


class _Label(NamedTuple):
    """A place that a point's name may have: where it is written, the room it takes, and how far it is."""

    at: tuple[float, float]
    anchor: Literal["start", "middle", "end"]
    box: Box
    far: float

    @classmethod
    def near(
        cls,
        point: tuple[float, float],
        name: str,
        far: float,
        right: float,
        up: float,
        anchor: Literal["start", "middle", "end"],
    ) -> _Label:
        """Return the place so far from a point, in a direction."""
        wide, high = width_of(name), 1.1 * LETTERS
        x, y = point[0] + far * right, point[1] - far * up
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        top = y - high * (1 + np.sign(up)) / 2
        return cls((x, top + 0.86 * LETTERS), anchor, Box(left, top, left + wide, top + high).padded(1.5), far)

    def badness(self, others: Sequence[Box], written: Sequence[Box], inside: Box) -> float:
        """Return how bad it is to write here: two names in one place cannot be read."""
        covers = sum(self.box.overlap(other) for other in others)
        covers += 20 * sum(self.box.overlap(other) for other in written)
        return covers + 5 * self.far + 3 * (self.box.size - self.box.overlap(inside))

    def line_to(self, point: tuple[float, float]) -> str:
        """Return the path from the name to its point."""
        x = min(max(point[0], self.box.left), self.box.right)
        y = min(max(point[1], self.box.top), self.box.bottom)
        return straight(x, y, *point)
