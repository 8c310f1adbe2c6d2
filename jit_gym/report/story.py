"""One path through time, as a picture for each policy: what was asked for, what was there, what was ordered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..chance import Chance, usage
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..evaluation import Comparison, Story
from ..evaluation.comparison import tell_all
from ..scenario import Scenario
from .axes import LINE, Axes, Entry, fitting_ticks, left_margin, legend, legend_lines, legend_width, plain_number, ticks
from .axes import strips as strip_boxes
from .figures import Picture
from .svg import EDGE, MUTED, SMALL, WIDTH, Sheet, width_of
from .words import a, labels

STOCKS, LANES = 4, 4  # as many are shown one by one
HIGH = 66.0  # points of a strip with what is above it
LONGEST = 45  # characters of the names of lanes that are disrupted
COLOURS = (ORDER, WASTE, MUTED, INK)  # of the lanes, or of the stocks that are ordered


class Window(NamedTuple):
    """Which path is shown, which of its periods, and whether there is a disruption to see."""

    path: int
    first: int
    last: int
    disrupted: bool


class Series(NamedTuple):
    """Something through time (periods,): an area on a base, or a line where there is no base."""

    name: str
    colour: str
    values: np.ndarray
    base: np.ndarray | None = None


class Strip(NamedTuple):
    """One of the strips that lie below each other in a picture."""

    title: str
    series: list[Series]


def window(comparison: Comparison) -> Window:
    """Choose what to look at: the surroundings of the first disruption that counts, or else the beginning."""
    scenario, result = comparison.scenario, comparison.results[0]
    end, chance = result.warmup + result.periods, Chance(scenario)
    for path in range(min(result.paths, 64) if any(scenario.hit_by.values()) else 0):
        working = chance.draw(result.seed, [path], end).working
        hit = np.flatnonzero(np.min(list(working.values()), axis=0)[:, 0] < 1)
        hit = hit[hit >= result.warmup]
        if len(hit):
            pauses = np.flatnonzero(np.diff(hit) > 10)
            start, stop = int(hit[0]), int(hit[pauses[0]] if len(pauses) else hit[-1]) + 1
            length = min(stop - start, 200)
            before, after = max(15, length // 3), max(30, length // 2)
            return Window(path, max(start - before, 0), min(start + length + after, end), True)
    return Window(0, result.warmup, min(result.warmup + 100, end), False)


def caption(comparison: Comparison) -> str:
    """Say what the pictures show."""
    frame, period = window(comparison), comparison.scenario.horizon.period
    what = "around the first disruption on it" if frame.disrupted else "from its beginning"
    texts = [
        f"The same path for each policy (number {frame.path} of seed {comparison.results[0].seed}), {what}:"
        f" {period}s {frame.first} to {frame.last - 1}.",
        "Shaded: a lane is disrupted." if frame.disrupted else "",
        "Policies share a scale, unless one of them could not be seen on it.",
        "All stocks together, and how many of them are empty." if len(comparison.scenario.stocks) > STOCKS else "",
    ]
    return " ".join(filter(None, texts))


def pictures(comparison: Comparison) -> Iterator[Picture]:
    """Draw the path for each policy."""
    scenario, frame = comparison.scenario, window(comparison)
    players = (result.player for result in comparison.results)
    stories = tell_all(players, scenario, frame.path, frame.last, comparison.results[0].seed)
    all_strips = [_strips(scenario, story) for story in stories]
    tops = np.array([[_top(strip, frame) for strip in strips] for strips in all_strips])  # (policies, strips)
    for k, (story, strips, label) in enumerate(zip(stories, all_strips, labels(comparison), strict=True)):
        scales = [_common(tops[:, n], k) or 1.0 for n in range(len(strips))]
        sheet = _draw(strips, scales, _disrupted(scenario, story, frame), frame, scenario.horizon.period)
        yield Picture(label, "", sheet.svg, _says(scenario, story, label, frame))


def _says(scenario: Scenario, story: Story, label: str, frame: Window) -> str:
    """Return in words what a policy's picture shows."""
    now, period = slice(frame.first, frame.last), scenario.horizon.period
    asked, short = story.demanded[now].sum(), story.short[now].sum()
    held, ordered = story.held[now].sum(axis=1), story.ordered[now].sum(axis=1)
    served = 100 * (1 - short / asked) if asked > 0 else 100.0
    return (
        f"{label}, {period}s {frame.first} to {frame.last - 1}: {served:.1f} % of demand served from the shelf; on hand"
        f" from {held.min():,.4g} to {held.max():,.4g} units; orders from {ordered.min():,.4g} to {ordered.max():,.4g}."
    )


def _strips(scenario: Scenario, story: Story) -> list[Strip]:
    """Return the strips of a policy's picture, from what is asked for to what is ordered."""
    period, several = scenario.horizon.period, len(scenario.stocks) > 1
    nothing = np.zeros(len(story.cost))
    asked, short = story.demanded.sum(axis=1), story.short.sum(axis=1)
    demand = "All demands" if len(scenario.demands) > 1 else "Demand"
    served = Series("served", DEMAND, asked - short, nothing)
    strips = [Strip(f"{demand}, units {a(period)}", [served, Series("short", SHORT, asked, asked - short)])]

    if len(scenario.stocks) > STOCKS:
        return [*strips, *_all_together(scenario, story)]
    orders = []
    for k, (name, colour) in enumerate(zip(scenario.stocks, COLOURS, strict=False)):
        use = usage(scenario)[name][0] if several else 1.0
        scale = 1 / use if use > 0 else 1.0
        into = [m for m, lane in enumerate(scenario.lanes.values()) if lane.to == name]
        series = [
            Series("on hand", STOCK, scale * story.held[:, k], nothing),
            Series("in transit", WAY, scale * story.in_transit[:, into].sum(axis=1)),
        ]
        strips.append(Strip(f"{_title(scenario, name)}, {f'{period}s of supply' if several else 'units'}", series))
        orders.append(Series(name, colour, scale * story.ordered[:, into].sum(axis=1)))

    if not several and len(scenario.lanes) <= LANES:
        ends = np.cumsum(story.ordered, axis=1)
        bases = [nothing, *ends.T[:-1]]
        orders = [
            Series(*each) for each in zip(scenario.lanes, COLOURS[: len(scenario.lanes)], ends.T, bases, strict=True)
        ]
    strips.append(Strip(f"Orders, {f'{period}s of use' if several else f'units {a(period)}'}", orders))
    return strips


def _all_together(scenario: Scenario, story: Story) -> list[Strip]:
    """Return the strips of many stocks: what all of them hold, how many are empty, and what is ordered."""
    period, nothing = scenario.horizon.period, np.zeros(len(story.cost))
    uses = np.array([use for use, _ in usage(scenario).values()])
    use = uses.sum() or 1.0
    held, coming, ordered = (units.sum(axis=1) / use for units in (story.held, story.in_transit, story.ordered))
    empty = (story.held[:, uses > 0] <= 0).sum(axis=1).astype(float)
    return [
        Strip(
            f"All stocks, {period}s of supply",
            [Series("on hand", STOCK, held, nothing), Series("in transit", WAY, coming)],
        ),
        Strip(f"Stocks, of {int((uses > 0).sum())}", [Series("empty", SHORT, empty, nothing)]),
        Strip(f"Orders, {period}s of use", [Series("all lanes", ORDER, ordered)]),
    ]


def _title(scenario: Scenario, stock: str, longest: int = 20) -> str:
    title = scenario.stocks[stock].title or ""
    title = title if 0 < len(title) <= longest else stock.replace("-", " ")
    return title[:1].upper() + title[1:]


def _top(strip: Strip, frame: Window) -> float:
    return max(float(each.values[frame.first : frame.last].max()) for each in strip.series)


def _common(tops: np.ndarray, k: int) -> float:
    """Return the end of a strip's scale: the same for all policies, unless one of them could not be seen on it."""
    return float(tops.max() if tops.max() <= 6 * tops.min() else tops[k])


def _draw(strips: list[Strip], scales: list[float], disruptions: list[Disrupted], frame: Window, period: str) -> Sheet:
    """Draw the strips below each other, each from 0 to the end of its scale."""
    rooms = [1.06 * scale for scale in scales]
    if disruptions:
        rooms[0] = 1.4 * scales[0]  # for the disruption's name
    levels = [ticks(0, room, 4) for room in rooms]
    left = left_margin([plain_number(level) for each in levels for level in each])
    legends = [
        [Entry(each.name, each.colour, each.base is None, _opacity(each)) for each in strip.series] for strip in strips
    ]
    below = [] if _fits(strips[-1], legends[-1], left) else legend_lines(legends[-1], WIDTH * (1 - EDGE))
    under = 28 + LINE * len(below)
    sheet = Sheet(HIGH * len(strips) + under)
    across = fitting_ticks(frame.first, frame.last, WIDTH - left, plain_number, whole=True)
    for n, box in enumerate(strip_boxes(sheet, len(strips), left, under)):
        axes = Axes.within(sheet, box, (frame.first, frame.last), (0, rooms[n]))
        for each in disruptions:
            axes.span(each.start, each.stop, SHORT, 0.04 + 0.12 * (1 - each.left))
        axes.grid(across, levels[n])
        axes.numbers_beside(levels[n], plain_number)
        axes.title(strips[n].title)
        _series(axes, strips[n], frame)
        if n < len(strips) - 1 or not below:
            legend(sheet, [legends[n]], box.right, box.top - 4, "end", MUTED)
    axes.numbers_below(across, plain_number, period)
    legend(sheet, below, box.right, box.bottom + 25 + LINE, "end", MUTED)
    if disruptions:
        first, top = disruptions[0], strip_boxes(sheet, len(strips), left, under)[0].top
        last = box.right - width_of(first.name, SMALL)  # where a name can begin
        sheet.text(min(axes.x.at(first.start) + 2, last), top + SMALL + 1, first.name, size=SMALL)
    return sheet


def _series(axes: Axes, strip: Strip, frame: Window) -> None:
    """Draw what a strip shows."""
    edges, now = np.arange(frame.first, frame.last + 1), slice(frame.first, frame.last)
    for k, each in enumerate(strip.series):
        if each.base is None:  # the first line is the widest, and shows where the next covers it
            axes.stairs(edges, each.values[now], each.colour, max(1.2, 2.8 - 1.6 * k))
        else:
            axes.stairs_between(edges, each.base[now], each.values[now], each.colour, _opacity(each))


def _opacity(series: Series) -> float:
    return 0.4 if series.colour == STOCK else 1.0  # there is a line on top of it


def _fits(strip: Strip, entries: list[Entry], left: float) -> bool:
    """Tell whether a strip's title and legend fit into one line."""
    return width_of(strip.title) + 12 + legend_width(entries) <= WIDTH * (1 - EDGE) - left


class Disrupted(NamedTuple):
    """Periods in which lanes are disrupted: from and to which, the share that is left, and what that is called."""

    start: int
    stop: int
    left: float
    name: str


def _disrupted(scenario: Scenario, story: Story, frame: Window) -> list[Disrupted]:
    """Return when lanes are disrupted, the darker to be shown the less of the one that is hit most is left."""
    left = story.available.min(axis=1)
    changes = np.flatnonzero(np.diff(left[frame.first : frame.last])) + 1 + frame.first
    edges = [frame.first, *changes.tolist(), frame.last]
    found = []
    for start, stop in pairwise(edges):
        if left[start] < 1:
            hit = [name for name, share in zip(scenario.lanes, story.available[start], strict=True) if share < 1]
            who = ", ".join(hit if len(hit) <= 3 else [*hit[:2], f"{len(hit) - 2} more lanes"])
            who = who if len(who) <= LONGEST or len(hit) == 1 else f"{len(hit)} lanes"
            what = "stopped" if left[start] <= 0 else f"at {100 * left[start]:.0f} %"
            found.append(Disrupted(start, stop, float(left[start]), f"{who} {what}"))
    return found
