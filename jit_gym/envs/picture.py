"""An episode as a picture: what is on the way and on hand now, and what has happened so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .paint import DPI, HEIGHT, WIDTH, Paint, Words, fitted, width_of
from .rendering import ALARM, BROWN, DEMAND, EDGE, GREY, INK, MUTED, ORDER, SHORT, STOCK, SURFACE, WAY
from .shown import Contents, Moment, Shelf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEPARATE = 4  # stocks that have a line of their own; of more the sum is drawn
WINDOW = 120  # periods of the past that are shown together
LINES = (STOCK, "-"), (INK, "--"), (BROWN, "-."), (GREY, ":")  # that stand beside each other, and their dashes
NAMES, WAITING, PIPELINE, SHELF, RIGHT = 10, 140, (190, 412), 424, 628  # where columns begin, in pixels
TOP, BOTTOM = 72, 256  # of the rows
LETTERS, SMALL, TITLE = 7.5, 6.5, 9.0  # points
LEGEND = ("on hand", STOCK, ""), ("on the way", WAY, ""), ("not sent", ORDER, "//"), ("owed", SHORT, "xx")  # of bars
DEEP = 24  # pixels of a bar below its foot at most


class Series(NamedTuple):
    """What is drawn in a strip: a line, or an area."""

    label: str
    colour: str
    filled: bool = False
    dashes: str = "-"


class Screen:
    """The picture of an episode, 640 by 480.

    Above is the present: a row for each lane, with what arrives in 1, 2, ... periods, beside the stock it leads to.
    Worlds of more lanes have a row for each stock, those of more than six stocks a bar for each. Below is the past:
    what was on hand, demand, and cost. What is known to be disrupted is shaded; of a hidden disruption, which no
    observation shows, neither does the picture. One figure serves all frames: what seldom changes (names, axes) is
    drawn once, and again when a scale grows.
    """

    def __init__(self, contents: Contents) -> None:
        """Lay the picture out for what a world shows."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.contents, self.scenario = contents, contents.scenario
        scenario = contents.scenario
        self._figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=SURFACE)
        self._canvas = FigureCanvasAgg(self._figure)
        self._lines = list(scenario.stocks) if len(scenario.stocks) <= SEPARATE else ["all stocks"]
        self.strips = {
            "on hand": [
                Series(fitted(name, 100, SMALL), colour, dashes=dashes)
                for name, (colour, dashes) in zip(self._lines, LINES, strict=False)
            ],
            "demand": [Series("asked", DEMAND, True), Series("short", SHORT, True)],
            "cost": [Series(f"per {scenario.horizon.period}", INK)],
        }
        self._paint = Paint(self._figure)
        for words in [*self._heading(), *self._standing()]:
            self._paint.keep(words)
        self._axes = [self._strip(k, name) for k, name in enumerate(self.strips)]
        self._artists = [
            [_artist(axes, each) for each in series]
            for axes, series in zip(self._axes, self.strips.values(), strict=True)
        ]
        self._shades = [_shade(axes) for axes in self._axes]
        for axes, artists in zip(self._axes, self._artists, strict=True):
            handles = artists + self._shades[-1:] * (axes is self._axes[-1] and bool(contents.layout.columns.visible))
            axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.25), fontsize=SMALL, frameon=False)
        self._axes[-1].set_xlabel(scenario.horizon.period, fontsize=SMALL, labelpad=1)
        self._tops, self._first = [0.0] * len(self.strips), -1
        self._background: Any = None

    # What stays as it is

    def _heading(self) -> list[Words]:
        scenario, (left, right) = self.scenario, PIPELINE
        counter = width_of(
            f"{scenario.horizon.period} {scenario.horizon.periods:,} of {scenario.horizon.periods:,}", LETTERS
        )
        title = fitted(scenario.title or scenario.name, RIGHT - NAMES - counter - 8, TITLE, "bold")
        found = [Words(NAMES, 15, title, TITLE, weight="bold")]
        if not self.contents.shelves:
            many, period = len(scenario.stocks), scenario.horizon.period
            says = fitted(f"A bar for each of the {many} stocks, in {period}s of its use", 340, SMALL)
            return [*found, Words(NAMES, 52, says, SMALL, MUTED)]
        y, places = 52, self.contents.places
        found.append(Words(SHELF, y, "on hand", SMALL, MUTED))
        if any(lanes.dated for shelf in self.contents.shelves for lanes in shelf.ways):
            found.append(Words((left + right) / 2, y, f"on the way, by {scenario.horizon.period}s until it arrives",
                               SMALL, MUTED, "center"))  # fmt: skip
            wide = (right - left) / places
            for k in range(places):
                number = f"{k + 1}+" if self.contents.later and k + 1 == places else f"{k + 1}"
                found.append(Words(right - wide * (k + 0.5), y + 12, number, SMALL, MUTED, "center"))
        else:
            found.append(Words((left + right) / 2, y, "on the way", SMALL, MUTED, "center"))
        if self.contents.waits:
            found.append(Words(left - 4, y, "not sent", SMALL, MUTED, "right"))
        return found

    def _standing(self) -> list[Words]:
        """Return the names of the rows, and those of the bars where they have room."""
        found: list[Words] = []
        for shelf, top, tall in self._blocks():
            found.append(Words(SHELF, top + tall / 2 - 5, fitted(shelf.name, RIGHT - SHELF, LETTERS), LETTERS))
            high = tall / len(shelf.ways)
            for k, way in enumerate(shelf.ways):
                name = fitted(way.name, WAITING - NAMES - 4, LETTERS) if way.lanes else ""
                found.append(Words(NAMES, top + high * (k + 0.5) - 1, name, LETTERS))
        if not self.contents.shelves:
            wide = (RIGHT - NAMES - 30) / len(self.scenario.stocks)
            names = [fitted(name, wide - 4, SMALL) for name in self.scenario.stocks]
            if all(len(short) >= min(len(name), 6) for short, name in zip(names, self.scenario.stocks, strict=True)):
                places = [NAMES + 30 + wide * (i + 0.5) for i in range(len(names))]
                found += [Words(x, BOTTOM - 2, name, SMALL, MUTED, "center")
                          for x, name in zip(places, names, strict=True)]  # fmt: skip
        return found

    def _blocks(self) -> list[tuple[Shelf, float, float]]:
        """Return each stock with the top and the height of its rows."""
        high = min((BOTTOM - TOP) / max(self.contents.rows, 1), 92.0)
        found, top = [], float(TOP)
        for shelf in self.contents.shelves:
            found.append((shelf, top, high * len(shelf.ways)))
            top += high * len(shelf.ways)
        return found

    def _strip(self, k: int, name: str) -> Axes:
        axes = self._figure.add_axes((52 / WIDTH, (148 - 58 * k) / HEIGHT, 446 / WIDTH, 36 / HEIGHT))
        axes.set_title(name, loc="left", fontsize=LETTERS, pad=3)
        axes.tick_params(labelsize=SMALL, labelbottom=k == len(self.strips) - 1, length=2, pad=2)
        axes.locator_params(axis="y", nbins=3)
        axes.locator_params(axis="x", integer=True)
        axes.yaxis.set_major_formatter(lambda value, _: brief(value))
        axes.set_facecolor(SURFACE)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        return axes

    # What changes from frame to frame

    def draw(self, past: Sequence[Mapping[str, float]], moments: Sequence[Moment]) -> np.ndarray:
        """Return the picture (480, 640, 3) of what has happened.

        Args:
            past: the flows of each period so far.
            moments: what was observed at the start of each, and is observed now: one more than there are periods.
        """
        self._past(past, moments)
        paint, moments = self._paint, moments[-WINDOW:]
        paint.clear()
        self._now(paint, past, moments)
        if self.contents.shelves:
            for block in self._blocks():
                self._rows(paint, *block, moments)
        else:
            self._bars(paint, moments)
        if self._background is None:
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self._figure.bbox)
        self._canvas.restore_region(self._background)
        for axes, shade, artists in zip(self._axes, self._shades, self._artists, strict=True):
            for artist in [shade, *artists]:
                axes.draw_artist(artist)
        paint.onto(self._canvas.get_renderer())
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()

    @property
    def written(self) -> list[Words]:
        """Return the texts of the last frame, but those of the axes."""
        return [*self._paint.kept, *self._paint.words]

    def _now(self, paint: Paint, past: Sequence[Mapping[str, float]], moments: Sequence[Moment]) -> None:
        period, periods = self.scenario.horizon.period, self.scenario.horizon.periods
        paint.write(Words(RIGHT, 15, f"{period} {len(past):,} of {periods:,}", LETTERS, anchor="right"))
        costs = [row["cost"] for row in past]
        if costs:
            told = f"cost {brief(costs[-1])} in the last {period}, {brief(sum(costs))} so far"
            paint.write(Words(NAMES, 32, told, LETTERS, MUTED))
        lanes = self.contents.layout.lanes
        if stopped := [name for name, share in zip(lanes, moments[-1].works, strict=True) if share < 1]:
            told = f"disrupted: {', '.join(stopped)}" if len(stopped) <= 3 else f"{len(stopped)} lanes are disrupted"
            paint.write(Words(RIGHT, 32, fitted(told, 280, LETTERS), LETTERS, ALARM, "right", "bold"))

    def _rows(self, paint: Paint, shelf: Shelf, top: float, tall: float, moments: Sequence[Moment]) -> None:
        """Draw the lanes into a stock, and the stock."""
        now, high = moments[-1], tall / len(shelf.ways)
        (left, right), places = PIPELINE, self.contents.places
        wide = (right - left) / places
        coming = [m for way in shelf.ways if way.dated for m in way.lanes]
        most = nice(max(float(each.slots[coming].max(initial=0.0)) for each in moments))
        for k, way in enumerate(shelf.ways):
            base, room, lanes = top + high * (k + 1) - 5, high - 17, way.lanes
            if not lanes:
                continue
            works = float(now.works[lanes].min())
            if works < 1:
                paint.alarm(left, base - high + 6, right - left, high - 5)
                says = "stopped" if works <= 0 else f"{works:.0%} works"
                paint.write(Words(NAMES, base - high / 2 + 14, says, SMALL, ALARM, weight="bold"))
            paint.bar(left, base, right - left, 0.8, MUTED)
            if way.dated:
                if len(lanes) > 1:
                    most = nice(max(float(each.slots[lanes].sum(axis=0).max()) for each in moments))
                for j, units in enumerate(now.slots[lanes].sum(axis=0)):
                    x = right - wide * (j + 1)
                    paint.bar(x + 1.5, base, wide - 3, room * units / most, WAY)
                    self._number(paint, x + wide / 2, base - room * units / most - 2, units, wide, works < 1)
            else:
                peak = nice(max(float(each.in_transit[lanes].sum()) for each in moments))
                units = float(now.in_transit[lanes].sum())
                paint.bar(left, base, right - left, room * units / peak, WAY)
                if units > 0:
                    x, y = (left + right) / 2, base - room * units / peak - 2
                    paint.write(
                        Words(x, y, f"{brief(units)}, at times not known", SMALL, anchor="center", boxed=works < 1)
                    )
            waits = float(now.waiting[lanes].sum())
            if waits > 0:
                peak = nice(max(float(each.waiting[lanes].sum()) for each in moments))
                paint.bar(WAITING + 12, base, left - WAITING - 18, room * waits / peak, ORDER, "//")
                self._number(paint, (WAITING + left) / 2 + 3, base - room * waits / peak - 2, waits, 50)
        self._shelf(paint, shelf, top + tall / 2, moments)

    def _shelf(self, paint: Paint, shelf: Shelf, middle: float, moments: Sequence[Moment]) -> None:
        """Draw what is on hand, and what is owed to customers, below a stock's name."""
        now, i, room = moments[-1], shelf.stock, RIGHT - SHELF - 44
        units, owed = float(now.on_hand[i]), float(now.owed[i])
        most = nice(max(max(float(each.on_hand[i]), float(each.owed[i])) for each in moments))
        paint.bar(SHELF, middle + 9, max(room * units / most, 1.0), 9, STOCK)
        paint.write(Words(SHELF + room * units / most + 4, middle + 8, brief(units), LETTERS, weight="bold"))
        if owed > 0:
            paint.bar(SHELF, middle + 17, room * owed / most, 5, SHORT, "xx")
            x = SHELF + max(room * owed / most, room * units / most + 26) + 4
            paint.write(Words(min(x, RIGHT), middle + 18, f"{brief(owed)} owed", SMALL, ALARM,
                              "left" if x < RIGHT - 40 else "right"))  # fmt: skip

    def _bars(self, paint: Paint, moments: Sequence[Moment]) -> None:
        """Draw each stock as a bar in periods of its use: on hand, on the way and not sent, and owed below."""
        now, into, use = moments[-1], self.contents.layout.into, self.contents.use
        parts = [now.on_hand / use, now.in_transit @ into / use, now.waiting @ into / use]
        left, foot, room = NAMES + 30, BOTTOM - 38, BOTTOM - 38 - TOP - 6
        peak = max(float(((each.on_hand + (each.in_transit + each.waiting) @ into) / use).max()) for each in moments)
        most, down = nice(peak), now.owed / use
        wide = (RIGHT - left) / len(use)
        for share in (0.5, 1.0):
            paint.write(Words(left - 6, foot - room * share + 3, brief(most * share), SMALL, MUTED, "right"))
            paint.bar(left - 3, foot - room * share, RIGHT - left + 3, 0.5, EDGE)
        paint.bar(left - 3, foot, RIGHT - left + 3, 0.8, MUTED)
        broken = now.works @ into < into.sum(axis=0) - 1e-9
        for i in range(len(use)):
            x, y = left + wide * i, float(foot)
            if broken[i]:
                paint.alarm(x, TOP - 2, wide, foot - TOP + 2)
            for part, (_, colour, hatch) in zip(parts, LEGEND, strict=False):
                if (tall := room * float(part[i]) / most) > 0.2:
                    paint.bar(x + 0.12 * wide, y, 0.76 * wide, tall, colour, hatch)
                    y -= tall
            if down[i] > 0:
                tall = min(room * float(down[i]) / most, DEEP)
                paint.bar(x + 0.12 * wide, foot + tall, 0.76 * wide, tall, SHORT, "xx")
        for k, (label, colour, hatch) in enumerate(LEGEND):
            x = 366 + 68 * k
            paint.bar(x, 55, 8, 8, colour, hatch)
            paint.write(Words(x + 10, 55, label, SMALL))

    @staticmethod
    def _number(paint: Paint, x: float, y: float, units: float, wide: float, boxed: bool = False) -> None:
        """Write a number above a bar, where it is not 0 and has room."""
        if units > 0 and width_of(brief(units), SMALL) <= wide:
            paint.write(Words(x, y, brief(units), SMALL, anchor="center", boxed=boxed))

    def _past(self, past: Sequence[Mapping[str, float]], moments: Sequence[Moment]) -> None:
        """Draw the strips of the past, over all of a short horizon or the last periods of a long one."""
        horizon = self.scenario.horizon.periods
        step = WINDOW // 2
        first = 0 if horizon <= WINDOW else min(max(0, -(-(len(past) - WINDOW) // step) * step), horizon - WINDOW)
        if first != self._first:
            self._first, self._background = first, None
            for axes in self._axes:
                axes.set_xlim(first, first + min(horizon, WINDOW))
        rows, seen = past[first:], moments[first:]
        held = np.array([each.on_hand for each in seen[1:]]).reshape(len(rows), len(self.scenario.stocks))
        lines = held.T if len(self._lines) == held.shape[1] else held.sum(axis=1)[None]
        flows = [np.array([sum(row[f"{name}.{flow}"] for name in self.scenario.demands) for row in rows])
                 for flow in ("demanded", "short")]  # fmt: skip
        values = [list(lines), flows, [np.array([row["cost"] for row in rows])]]
        edges = first + np.arange(len(rows) + 1)
        for n, (series, artists) in enumerate(zip(values, self._artists, strict=True)):
            for artist, numbers in zip(artists, series, strict=False):
                artist.set_data(*((numbers, edges) if rows else ([0.0], [0, 0])))
            self._fit(n, max((float(np.max(numbers)) for numbers in series if len(numbers)), default=0.0))
        broken = np.array([1.0 - float(each.works.min(initial=1.0)) for each in seen])
        for shade in self._shades:
            shade.set_data(broken, first + np.arange(len(seen) + 1))

    def _fit(self, n: int, most: float) -> None:
        """Let a strip's scale reach so far."""
        top = nice(most)
        if top != self._tops[n]:
            self._tops[n] = top
            self._axes[n].set_ylim(0, 1.05 * top)
            self._background = None


def _artist(axes: Axes, series: Series) -> Any:
    style: dict[str, Any] = {"linewidth": 0.6 if series.filled else 1.4, "animated": True, "label": series.label}
    if series.filled:
        style |= {"fill": True, "facecolor": series.colour, "edgecolor": MUTED if series.colour == DEMAND else INK}
    else:
        style |= {"baseline": None, "color": series.colour, "linestyle": series.dashes}
    return axes.stairs([0.0], [0, 1], **style)


def _shade(axes: Axes) -> Any:
    place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "linewidth": 0, "zorder": 0, "label": "disrupted"}
    return axes.stairs([0.0], [0, 1], color=SHORT, alpha=0.3, fill=True, animated=True, **place)


def nice(most: float) -> float:
    """Return the next of 1, 2 or 5 times a power of ten, so that a scale seldom changes; 1 of nothing.

    >>> nice(0), nice(13), nice(50), nice(0.3)
    (1.0, 20.0, 50.0, 0.5)
    """
    steps = (digit * 10.0**power for power in count(-6) for digit in (1, 2, 5))
    return next(step for step in steps if step >= most * (1 - 1e-12)) if most > 0 else 1.0


def brief(units: float) -> str:
    """Return a number in five characters or so.

    >>> brief(7), brief(0.25), brief(875), brief(17_500), brief(-2e6)
    ('7', '0.25', '875', '17.5k', '-2M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(units) >= size:
            return f"{units / min(size, 10.0 ** (3 * (' kMG'.index(letter)))):,.3g}{letter}"
    return f"{units:,.4g}" if abs(units) >= 1000 else f"{units:.3g}"
