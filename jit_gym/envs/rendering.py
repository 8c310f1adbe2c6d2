"""An episode as text or as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DPI = 6.4, 4.8, 100  # a picture of 640 by 480
SEPARATE = 4  # stocks, or lanes, that have a line of their own; of more the sum is drawn
INK = "#1b1b1d"  # this and the next are the palette of the reports, too (`report.svg` says what it is)
STOCK, SHORT, ORDER, WAY, DEMAND, WASTE = "#0072b2", "#d55e00", "#e69f00", "#009e73", "#a9adb4", "#cc79a7"
COLOURS = STOCK, ORDER, WAY, WASTE  # of lines that stand beside each other


def write(scenario: Scenario, past: Sequence[dict[str, float]]) -> str:
    """Return one line on the last period: what arrived, was asked for, was short, is left, and what it cost."""
    if not past:
        return f"{scenario.horizon.period} 0: nothing has happened yet\n"
    now = past[-1]
    words = [
        f"{name} ordered {now[f'{name}.ordered']:g}, arrived {now[f'{name}.arrived']:g}" for name in scenario.lanes
    ]
    words += [f"{name} asked {now[f'{name}.demanded']:g}, short {now[f'{name}.short']:g}" for name in scenario.demands]
    words += [f"{name} holds {now[f'{name}.held']:g}" for name in scenario.stocks]
    return f"{scenario.horizon.period} {len(past)}: {'; '.join(words)}; cost {now['cost']:g}\n"


class Series(NamedTuple):
    """What is drawn in a strip: a line, or an area, of the sum of some flows."""

    label: str
    flows: list[str]
    colour: str
    filled: bool = False


class Screen:
    """The picture of an episode: what is on hand, asked for, ordered and paid, and when lanes are disrupted.

    One figure serves all frames. What does not change from frame to frame (axes, names, legends) is drawn once, and
    again when a scale grows; a frame draws what has happened on top of it.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Lay the strips out for the scenario's horizon."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        period = scenario.horizon.period
        self.strips = [
            ("on hand", _lines(list(scenario.stocks), "held", "all stocks")),
            (
                "demand",
                [
                    Series("asked", [f"{name}.demanded" for name in scenario.demands], DEMAND, filled=True),
                    Series("short", [f"{name}.short" for name in scenario.demands], SHORT, filled=True),
                ],
            ),
            ("ordered", _lines(list(scenario.lanes), "ordered", "all lanes")),
            ("cost", [Series(f"per {period}", ["cost"], INK)]),
        ]
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
        self._canvas = FigureCanvasAgg(figure)
        figure.subplots_adjust(left=0.13, right=0.79, top=0.89, bottom=0.1, hspace=0.4)
        self._axes = list(figure.subplots(len(self.strips), 1, sharex=True))
        figure.suptitle(scenario.title or scenario.name, x=0.13, ha="left", fontsize=9)
        self._horizon, self._artists = scenario.horizon.periods, list[list[Any]]()
        self._shades = [self._shade(axes) for axes in self._axes] if scenario.disruptions else []
        for shade in self._shades[-1:]:
            shade.set_label("disrupted")
        for axes, (name, series) in zip(self._axes, self.strips, strict=True):
            axes.set_xlim(0, self._horizon)
            axes.set_title(name, loc="left", fontsize=8, pad=3)
            axes.tick_params(labelsize=7)
            axes.locator_params(axis="y", nbins=4)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
            self._artists.append([self._artist(axes, each) for each in series])
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.08), fontsize=7, frameon=False)
        self._axes[-1].set_xlabel(period, fontsize=8)
        self._axes[-1].locator_params(axis="x", integer=True)
        self._tops = [0.0] * len(self.strips)
        self._background: Any = None

    @staticmethod
    def _artist(axes: Axes, series: Series) -> Any:
        style: dict[str, Any] = {"linewidth": 0} if series.filled else {"linewidth": 1.3, "baseline": None}
        style |= {"label": series.label, "color": series.colour, "fill": series.filled, "animated": True}
        return axes.stairs([0], [0, 1], **style)

    @staticmethod
    def _shade(axes: Axes) -> Any:
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "linewidth": 0, "zorder": 0}
        return axes.stairs([0], [0, 1], color=SHORT, alpha=0.15, fill=True, animated=True, **place)

    def draw(self, past: Sequence[dict[str, float]], working: np.ndarray) -> np.ndarray:
        """Return the picture (480, 640, 3) of what has happened.

        Args:
            past: the flows of each period so far.
            working: the share of the most disrupted lane that worked in each (periods,).
        """
        edges = np.arange(len(past) + 1) if past else [0, 0]
        for n, (_, series) in enumerate(self.strips):
            values = np.array([[sum(row[flow] for flow in each.flows) for row in past] or [0.0] for each in series])
            for artist, row in zip(self._artists[n], values, strict=True):
                artist.set_data(row, edges)
            self._fit(n, float(values.max()))
        for shade in self._shades:
            shade.set_data(1.0 - working if past else [0], edges)
        if self._background is None:
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self._canvas.figure.bbox)
        self._canvas.restore_region(self._background)
        for n, axes in enumerate(self._axes):
            for artist in [*self._shades[n : n + 1], *self._artists[n]]:
                axes.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()

    def _fit(self, n: int, most: float) -> None:
        """Let a strip's scale reach so far: to 1, 2 or 5 times a power of ten, so that it seldom changes."""
        steps = (digit * 10.0**power for power in count(-6) for digit in (1, 2, 5))
        top = next(step for step in steps if step >= most) if most > 0 else 1.0
        if top != self._tops[n]:
            self._tops[n] = top
            self._axes[n].set_ylim(0, 1.05 * top)
            self._background = None


def _lines(names: list[str], flow: str, together: str) -> list[Series]:
    """Return a line for each name, or one for all of them where they are many."""
    if len(names) > SEPARATE:
        return [Series(together, [f"{name}.{flow}" for name in names], COLOURS[0])]
    return [Series(name, [f"{name}.{flow}"], colour) for name, colour in zip(names, COLOURS, strict=False)]
