"""One path through time, as a picture for each policy: what was asked for, what was there, what was ordered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..chance import Chance, usage
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..evaluation import Comparison, Story, tell
from ..scenario import Scenario
from .figures import Picture
from .svg import MUTED, WIDTH, drawing
from .words import a, labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STOCKS, LANES = 4, 4  # as many are shown one by one
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
    end = result.warmup + result.periods
    for path in range(min(result.paths, 64) if any(scenario.hit_by.values()) else 0):
        working = Chance(scenario).draw(result.seed, [path], end).working
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
    stories = [
        tell(result.player, scenario, path=frame.path, periods=frame.last, seed=result.seed)
        for result in comparison.results
    ]
    all_strips = [_strips(scenario, story) for story in stories]
    below = any(not _fits(strip) for strips in all_strips for strip in strips)  # a legend that needs a line of its own
    tops = np.array([[_top(strip, frame) for strip in strips] for strips in all_strips])  # (policies, strips)
    bottom = 0.65 if below else 0.4
    height = 0.1 + bottom + 0.92 * tops.shape[1]
    margins = {"left": 0.5 / WIDTH, "right": 0.975, "top": 1 - 0.25 / height, "bottom": bottom / height, "hspace": 0.45}
    for k, (story, strips, label) in enumerate(zip(stories, all_strips, labels(comparison), strict=True)):
        with drawing(f"path-{k}", height, tight=False) as sheet:
            sheet.figure.subplots_adjust(**margins)
            all_axes = sheet.figure.subplots(len(strips), 1, sharex=True, squeeze=False)[:, 0]
            for n, (axes, strip) in enumerate(zip(all_axes, strips, strict=True)):
                _draw(axes, strip, frame)
                room = 1.4 if n == 0 and frame.disrupted else 1.06  # for the disruption's name
                axes.set_ylim(0, room * _common(tops[:, n], k) or 1)
            _shade(list(all_axes), scenario, story, frame)
            all_axes[-1].set_xlabel(scenario.horizon.period)
            all_axes[-1].set_xlim(frame.first, frame.last)
            all_axes[-1].locator_params(axis="x", integer=True)
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


def _fits(strip: Strip, characters: int = 60) -> bool:
    """Tell whether a strip's title and legend fit into one line."""
    return len(strip.title) + sum(5 + len(each.name) for each in strip.series) <= characters


def _top(strip: Strip, frame: Window) -> float:
    return max(float(each.values[frame.first : frame.last].max()) for each in strip.series)


def _common(tops: np.ndarray, k: int) -> float:
    """Return the end of a strip's scale: the same for all policies, unless one of them could not be seen on it."""
    return float(tops.max() if tops.max() <= 6 * tops.min() else tops[k])


def _draw(axes: Axes, strip: Strip, frame: Window) -> None:
    """Draw a strip."""
    edges, now = np.arange(frame.first, frame.last + 1), slice(frame.first, frame.last)
    for k, (name, colour, values, base) in enumerate(strip.series):
        if base is None:  # the first line is the widest, and shows where the next covers it
            width = max(1.2, 2.8 - 1.6 * k)
            axes.stairs(values[now], edges, baseline=None, color=colour, linewidth=width, label=name)
        else:
            pale = 0.4 if colour == STOCK else 1.0  # there is a line on top of it
            style: dict[str, Any] = {"fill": True, "color": colour, "alpha": pale, "linewidth": 0}
            axes.stairs(values[now], edges, baseline=base[now], label=name, **style)
    axes.set_title(strip.title, loc="left", color=INK, fontsize=9, pad=4)
    place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 0.97), "borderpad": 0, "borderaxespad": 0.2}
    if not _fits(strip):  # below the strip, which is the last one
        place |= {"loc": "upper right", "bbox_to_anchor": (1, -0.62)}
    axes.legend(ncols=len(strip.series), fontsize=8, labelcolor=MUTED, **place)
    axes.locator_params(axis="y", nbins=3, steps=[1, 2, 5, 10])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _shade(all_axes: list[Axes], scenario: Scenario, story: Story, frame: Window) -> None:
    """Shade the periods in which a lane is disrupted, the darker the less of it is left, and name the first."""
    left = story.available.min(axis=1)
    changes = np.flatnonzero(np.diff(left[frame.first : frame.last])) + 1 + frame.first
    spans = zip([frame.first, *changes], [*changes, frame.last], strict=True)
    for k, (start, stop) in enumerate((start, stop) for start, stop in spans if left[start] < 1):
        for axes in all_axes:
            axes.axvspan(start, stop, color=SHORT, alpha=0.04 + 0.12 * (1 - left[start]), linewidth=0, zorder=0)
        if k == 0:
            hit = [name for name, share in zip(scenario.lanes, story.available[start], strict=True) if share < 1]
            hit = hit if len(hit) <= 3 else [*hit[:2], f"{len(hit) - 2} more lanes"]
            what = "stopped" if left[start] <= 0 else f"at {100 * left[start]:.0f} %"
            top = all_axes[0].get_xaxis_transform()
            place: dict[str, Any] = {"textcoords": "offset points", "va": "top", "fontsize": 8}
            all_axes[0].annotate(f"{', '.join(hit)} {what}", (start, 1), (2, -2), top, **place)
