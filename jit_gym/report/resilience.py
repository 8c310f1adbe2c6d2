"""What disruptions did to each policy, as a table with its legend, and as the curve of service through time."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..common.statistics import Estimate
from ..envs.rendering import SHORT, STOCK
from ..evaluation import Duration, Resilience
from ..evaluation.metrics import sells
from ..evaluation.resilience import FALLS, RECOVERED, TAIL
from .axes import Axes, Entry, fitting_ticks, left_margin, legend, plain_number, strips
from .columns import Column, grid, plus_minus, shares
from .figures import Picture
from .svg import MUTED, WIDTH, Sheet
from .words import a, digits, half, number

if TYPE_CHECKING:
    from rich.console import Console

HIGH = 62.0  # points of a policy in the picture
BAND = (0.1, 0.9)  # quantiles over the paths, in the picture


class Figures(NamedTuple):
    """The table of resilience: a column a figure, and what stands above and below it."""

    columns: list[Column]
    title: str
    legend: str


def figures(measured: Sequence[Resilience]) -> Figures:
    """Return the columns of some policies' resilience on the same paths, and what they mean.

    A column that says nothing of any policy is left out, and so is its line of the legend.
    """
    first = measured[0]
    period, earns = first.scenario.horizon.period, sells(first.scenario)
    dear = [Estimate(-each.mean, each.error, -each.high, -each.low) if earns else each for each in _tails(measured)]
    shown = [
        Column("service\nfalls", shares([each.fell / each.struck for each in measured]), 2),
        Column(f"after\n{period}s", [_lasting(each.duration("time_to_survive")) for each in measured], 3),
        Column(f"is back\nafter {period}s", [_lasting(each.duration("time_to_recover")) for each in measured], 1),
        Column("not seen\nto recover", [_unseen(each) for each in measured], 4),
        _column(measured, "area_of_loss", f"{period}s\nlost", 5),
        Column("worst\nweek", shares([each.estimate("worst_week").mean for each in measured]), 6),
        _column(measured, "stockout_length", f"stockouts,\n{period}s", 7),
        _column(measured, "cost_of_disruptions", f"added cost\n{a(period)}", 0),
        Column(f"{'profit' if earns else 'cost'}, worst\n{100 * TAIL:g} %", _with_intervals(dear), 8),
        Column("expe-\ndited", _expedited(measured), 9),
    ]
    kept = [column for column in shown if any(cell.strip("0.– %") for cell in column.cells)]
    legend = _legend(first, {column.name for column in kept}, earns)
    if any(each.estimate("cost_of_disruptions").mean < 0 for each in measured):
        legend += " It is negative where stock that a policy holds for disruptions costs more than they do."
    return Figures(kept, _title(first), legend)


def _title(first: Resilience) -> str:
    """Say on which paths they are measured."""
    struck = f"a disruption begins on {first.struck:,} of {first.paths:,} paths"
    return f"Resilience: {struck}, each played with and without"


def _legend(first: Resilience, shown: set[str], earns: bool) -> str:
    """Say what the columns mean, with the thresholds."""
    period = first.scenario.horizon.period
    said = {
        "service": f"Service falls where more than {100 * FALLS:g} % less of demand is served from the shelf than on"
        f" the same path without disruptions (after: median time to survive). It is back when it is within"
        f" {100 * RECOVERED:g} % for {first.steady} {period}s on end (median time to recover, 0 where it never falls).",
        "not seen": "Not seen to recover: the next disruption or the end of what is played came before; medians take"
        " that into account, and > means that the median is not seen.",
        f"{period}s\nlost": f"{period.capitalize()}s lost: service lost until it is back, as {period}s without any.",
        "worst\nweek": "Worst week: the lowest service of a week from the disruption on.",
        "worst\n5": f"{'Profit' if earns else 'Cost'}, worst {100 * TAIL:g} %: its mean over the"
        f" {'poorest' if earns else 'dearest'} {100 * TAIL:g} % of all paths (CVaR).",
        "expe": "Expedited: share of units ordered on faster lanes than the main one.",
        "added": f"Added cost {a(period)}: the costs less revenue that disruptions add, over all paths.",
    }
    return " ".join(text for mark, text in said.items() if any(mark in name for name in shown))


def _tails(measured: Sequence[Resilience]) -> list[Estimate]:
    return [each.tail for each in measured]


def _lasting(duration: Duration) -> str:
    """Return a median, `> 12` where more than half lasted longer than was seen, or a dash where there is none."""
    if not duration.values:
        return "–"
    if not isfinite(duration.median):
        return f"> {number(duration.longest)}"
    interval = f" ({number(duration.low)} to {number(duration.high)})" if duration.low < duration.high else ""
    return number(duration.median) + interval


def _unseen(each: Resilience) -> str:
    return f"{each.duration('time_to_recover').censored}"


def _expedited(measured: Sequence[Resilience]) -> list[str]:
    return shares([each.estimate("share_expedited").mean for each in measured])


def _column(measured: Sequence[Resilience], figure: str, name: str, rank: int) -> Column:
    return Column(name, _with_intervals([each.estimate(figure) for each in measured]), rank)


def _with_intervals(estimates: Sequence[Estimate]) -> list[str]:
    points = digits([each.mean for each in estimates], map(half, estimates), significant=3)
    return [plus_minus(each, points) if isfinite(each.mean) else "–" for each in estimates]


def print_resilience(
    names: Sequence[str],
    measured: Sequence[Resilience],
    console: Console,
    *,
    title: bool = True,
    legend: bool = True,
) -> None:
    """Print the table, in as many columns as fit, with or without its title and its legend."""
    from rich.text import Text

    told = figures(measured)
    table, _ = grid(names, told.columns, console.width)
    if title:
        console.print(Text(told.title, "bold"))
    console.print(table)
    if legend:
        console.print(Text(told.legend, "dim"))


def curve(names: Sequence[str], measured: Sequence[Resilience], title: str) -> Picture:
    """Draw service through time, with and without the disruption: the mean over the paths that are struck, and a band.

    Time is counted from the start of each path's first disruption.
    """
    first = measured[0]
    before, after = _frame(measured)
    curves = [_aligned(each, before, after) for each in measured]
    sheet = _draw(names, curves, np.arange(-before, after + 1), f"{first.scenario.horizon.period}s from its start")
    says = "; ".join(
        f"{name} falls to {100 * each.mean[before:].min():.0f} %, without it {100 * each.without[before:].min():.0f} %"
        for name, each in zip(names, curves, strict=True)
    )
    caption = (
        f"Share of demand served from the shelf, mean of the {first.struck:,} paths that are struck, and where the"
        f" middle {100 * (BAND[1] - BAND[0]):.0f} % of them are; without: the same paths without disruptions."
    )
    return Picture(title, caption, sheet.svg, f"Service through time: {says}.")


def _draw(names: Sequence[str], curves: Sequence[_Curve], edges: np.ndarray, says: str) -> Sheet:
    """Draw the curves of the policies below each other, from edge to edge of the periods (n + 1,)."""
    levels, below = (0, 50, 100), 28.0
    sheet = Sheet(HIGH * len(curves) + below)
    left = left_margin([_percent(level) for level in levels])
    across = fitting_ticks(edges[0], edges[-1], WIDTH - left, plain_number, whole=True)
    for name, each, box in zip(names, curves, strips(sheet, len(curves), left, below), strict=True):
        axes = Axes.within(sheet, box, (edges[0], edges[-1]), (-4, 106))
        axes.grid(across, levels)
        axes.numbers_beside(levels, _percent)
        axes.title(name)
        axes.stairs_between(edges, 100 * each.low, 100 * each.high, SHORT, 0.18)
        axes.stairs(edges, 100 * each.without, STOCK, 1.6)
        axes.stairs(edges, 100 * each.mean, SHORT, 1.6)
        axes.vertical(0, MUTED, 0.8, dashes="1 2")
    axes.numbers_below(across, plain_number, says)
    entries = [Entry("without", STOCK, line=True), Entry("with", SHORT, line=True)]
    top = strips(sheet, len(curves), left, below)[0].top
    legend(sheet, [entries], box.right, top - 4, "end", MUTED)
    return sheet


def _percent(level: float) -> str:
    return f"{level:.0f} %"


class _Curve(NamedTuple):
    """Service around the start of a disruption: the mean with its band, and without it (periods,)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    without: np.ndarray


def _frame(measured: Sequence[Resilience], longest: int = 2000) -> tuple[int, int]:
    """Return how many periods to show before the first disruption, and after its start until service is mostly back."""
    first = measured[0]
    starts = first.start[first.start >= 0]
    lasting = [np.nanquantile(each.figures[name], 0.95) for each in measured for name in each.censored]
    after = int(min(max(1.25 * max(lasting) + 2, 3 * first.steady), longest, len(first.served) - starts.min()))
    return int(min(max(after // 8, 2), starts.max())), after


def _aligned(each: Resilience, before: int, after: int) -> _Curve:
    """Return service on the paths that are struck, from before the first disruption on each."""
    struck = np.flatnonzero(each.start >= 0)
    periods = len(each.served)
    rows = each.start[struck] + np.arange(-before, after)[:, None]
    inside = (rows >= 0) & (rows < periods)
    served, without = (
        np.where(inside, table[np.clip(rows, 0, periods - 1), struck], np.nan)
        for table in (each.served, each.undisturbed)
    )
    quantile = np.quantile if np.isfinite(served).all() else np.nanquantile  # which goes row by row
    low, high = quantile(served, BAND, axis=1)
    return _Curve(np.nanmean(served, axis=1), low, high, np.nanmean(without, axis=1))
