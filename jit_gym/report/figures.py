"""Two pictures of a comparison: what each policy costs, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..evaluation import Comparison
from ..physics.tables import COST_KINDS
from .svg import LOSS, MUTED, REJECT, STORAGE, SURFACE, VEHICLE, WAITING, drawing
from .words import a, digits, half, labels, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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

PLACES = [  # for the name of a point, in distances from it, and which corner of the name is there
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.7, 0.7, "left", "bottom"),
    (-0.7, 0.7, "right", "bottom"),
    (0.7, -0.7, "left", "top"),
    (-0.7, -0.7, "right", "top"),
]
NEAR, FAR, FARTHEST = 8, 20, 34  # points


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

    rows, ends, points = np.arange(len(totals)), np.zeros(len(totals)), digits(totals)
    with drawing("costs", 0.75 + 0.33 * len(rows)) as sheet:
        axes = sheet.figure.add_subplot()
        for kind, values in kinds.items():
            look: dict[str, Any] = {"color": COLOURS[kind], "edgecolor": SURFACE, "linewidth": 0.5}
            axes.barh(rows, values, left=ends, height=0.62, label=LABELS[kind], **look)
            ends = ends + values
        for row, end, total in zip(rows, ends, totals, strict=True):
            axes.annotate(number(total, points), (end, row), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(rows, _names(comparison), color=INK)
        axes.set_xlim(0, max(ends.max(), 1e-9) * 1.17)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value + left_out:,.10g}")
        axes.set_xlabel(f"money {a(period)}")
        if kinds:
            sheet.figure.legend(loc="outside upper left", ncols=min(len(kinds), 4))
    says = "; ".join(
        f"{label} {number(total, points)}"
        + "".join(f", {LABELS[kind]} {number(values[k], points)}" for kind, values in kinds.items() if values[k])
        for k, (label, total) in enumerate(zip(labels(comparison), totals, strict=True))
    )
    return Picture("What it costs", caption, sheet.svg, f"Costs {a(period)} by policy and kind: {says}.")


def service(comparison: Comparison) -> Picture:
    """Draw service against cost (or profit): a point a policy, with its intervals."""
    figure = "cost" if comparison.figure == "cost" else "profit"
    names: dict[tuple[float, float], list[str]] = {}
    bars: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with drawing("service", 3.3) as sheet:
        axes = sheet.figure.add_subplot()
        for result, name in zip(comparison.results, _names(comparison), strict=True):
            rate, money = result.estimate("fill_rate"), result.estimate(figure)
            x, y = 100 * rate.mean, money.mean
            wide, high = 100 * np.nan_to_num(half(rate)), np.nan_to_num(half(money))
            colour, size = (STOCK, 6) if result is comparison.best else (INK, 4.5)
            axes.errorbar(x, y, xerr=wide, yerr=high, color=colour, marker="o", markersize=size, linewidth=1)
            names.setdefault((x, y), []).append(name)
            bars += [((x - wide, y), (x + wide, y)), ((x, y - high), (x, y + high))]
        axes.margins(0.12, 0.14)
        left, right = axes.get_xlim()
        axes.set_xlim(left, min(right, 100 + 0.03 * (right - left)))
        axes.set_xlabel("fill rate: % of demand served from the shelf")
        axes.set_title(f"{figure} {a(comparison.scenario.horizon.period)}", loc="left", color=MUTED, fontsize=9)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        _place(axes, {point: ", ".join(each) for point, each in names.items()}, bars)
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


def _place(axes: Axes, names: dict[tuple[float, float], str], bars: Sequence[Any]) -> None:
    """Write each point's name where it covers the least of the others, and of the bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    figure: Any = axes.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    figure.set_layout_engine("none")  # nothing moves from here on
    renderer = canvas.get_renderer()
    inside = axes.get_window_extent(renderer).expanded(1.02, 1.04)
    dots = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in axes.transData.transform(list(names))]
    taken = dots + [Bbox(axes.transData.transform(bar)).padded(2) for bar in bars]
    written: list[Bbox] = []
    line = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 4}
    for (point, name), own in zip(names.items(), dots, strict=True):
        tried: list[tuple[float, int, Any, Bbox]] = []
        for far in (NEAR, FAR, FARTHEST):
            for x, y, ha, va in PLACES:
                arrow = None if far == NEAR else line
                offset = far * x, far * y
                text = axes.annotate(name, point, offset, textcoords="offset points", ha=ha, va=va, arrowprops=arrow)
                text.update_positions(renderer)
                box = Text.get_window_extent(text, renderer).padded(2)  # of the name, without the line
                bad = sum(_overlap(box, other) for other in taken if other is not own)
                bad += 20 * sum(_overlap(box, other) for other in written)  # two names in one place cannot be read
                bad += 8 * far + 3 * (box.width * box.height - _overlap(box, inside))
                tried.append((bad, len(tried), text, box))
        _, best, _, box = min(tried, key=lambda each: each[:2])
        written.append(box)
        for _, place, text, _ in tried:
            if place != best:
                text.remove()


def _overlap(one: Any, other: Any) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(width, 0.0) * max(height, 0.0)
