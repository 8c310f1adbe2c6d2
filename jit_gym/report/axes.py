"""Axes with round ticks, and what is drawn in them: lines, areas, bars, bands, points and legends.

A picture is a `Sheet` in points; `Axes` is a rectangle on it with a scale for each direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Literal, NamedTuple

import numpy as np

from .svg import EDGE, GRID, INK, LETTERS, MUTED, SMALL, WIDTH, Box, Sheet, short, straight, width_of

LINE = 12.0  # points from one line of a legend to the next
APART = 10.0  # points between two numbers of an axis, at least
STRIP, BETWEEN = 0.69, 0.31  # of what a strip takes with what is above it: the strip, and its title and legend
HANDLE, GAP = 0.9, 4.0  # of a legend's entry: the length of its sample in letters, and points beside it


class Scale(NamedTuple):
    """How values become points: `low` is at `start`, `high`, which may be less, at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value; what is outside the scale is at its end."""
        return self.start + (self.end - self.start) * (self.inside(value) - self.low) / ((self.high - self.low) or 1.0)

    def inside(self, value: float) -> float:
        """Return the nearest value on the scale."""
        return min(max(value, min(self[:2])), max(self[:2]))

    def places(self, values: np.ndarray) -> list[float]:
        """Return the places of values (n,)."""
        share = (np.clip(values, min(self[:2]), max(self[:2])) - self.low) / ((self.high - self.low) or 1.0)
        return [float(each) for each in self.start + (self.end - self.start) * share]


class Entry(NamedTuple):
    """What a legend says of one colour, and whether that is of a line or of an area."""

    name: str
    colour: str
    line: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class Axes:
    """A rectangle of a sheet with a scale to the right and one upwards."""

    sheet: Sheet
    x: Scale
    y: Scale

    @classmethod
    def within(cls, sheet: Sheet, box: Box, x: tuple[float, float], y: tuple[float, float]) -> Axes:
        """Return the axes in a box, whose values go from and to these."""
        return cls(sheet, Scale(*x, box.left, box.right), Scale(*y, box.bottom, box.top))

    def grid(self, across: Sequence[float] = (), up: Sequence[float] = ()) -> None:
        """Draw lines at values of both scales, and the one on which the axes stand, with marks on it."""
        (left, right), (bottom, top) = self.x[2:], self.y[2:]
        for x in self.x.places(np.array(across)):
            self.sheet.line(straight(x, bottom, x, top), GRID, 0.6)
            self.sheet.line(straight(x, bottom, x, bottom + 3), MUTED, 0.6)
        for y in self.y.places(np.array(up)):
            self.sheet.line(straight(left, y, right, y), GRID, 0.6)
        self.sheet.line(straight(left, bottom, right, bottom), MUTED, 0.6)

    def numbers_below(self, ticks: Sequence[float], form: Callable[[float], str], says: str) -> None:
        """Write numbers below the axes, and what they are of."""
        bottom = self.y.start
        for tick, x in zip(ticks, self.x.places(np.array(ticks)), strict=True):
            self.sheet.text(x, bottom + 13, form(tick), MUTED, anchor="middle")
        self.sheet.text((self.x.start + self.x.end) / 2, bottom + 25, says, MUTED, anchor="middle")

    def numbers_beside(self, ticks: Sequence[float], form: Callable[[float], str]) -> None:
        """Write numbers to the left of the axes."""
        for tick, y in zip(ticks, self.y.places(np.array(ticks)), strict=True):
            self.sheet.text(self.x.start - 4, y + 0.36 * LETTERS, form(tick), MUTED, anchor="end")

    def names_beside(self, names: Sequence[str]) -> None:
        """Write the names of the rows 0, 1, ... to the left of the axes."""
        for row, name in enumerate(names):
            self.sheet.text(self.x.start - 4, self.y.at(row) + 0.36 * LETTERS, name, INK, anchor="end")

    def title(self, words: str, colour: str = INK) -> None:
        """Write a title above the axes, at their left."""
        self.sheet.text(self.x.start, self.y.end - 4, words, colour)

    def span(self, start: float, stop: float, colour: str, opacity: float) -> None:
        """Fill a band from one value to another, over the whole height."""
        self.sheet.rectangle(Box(self.x.at(start), self.y.end, self.x.at(stop), self.y.start), colour, opacity)

    def bar(self, row: float, start: float, stop: float, thick: float, colour: str) -> None:
        """Fill a bar along a row, from one value to another."""
        left, right = sorted((self.x.at(start), self.x.at(stop)))
        half = abs(self.y.at(row + thick / 2) - self.y.at(row - thick / 2)) / 2
        self.sheet.rectangle(Box(left, self.y.at(row) - half, right, self.y.at(row) + half), colour)

    def vertical(self, value: float, colour: str, width: float, dashes: str = "") -> None:
        """Draw a line from below to above at a value."""
        x = self.x.at(value)
        self.sheet.line(straight(x, self.y.start, x, self.y.end), colour, width, dashes)

    def stairs(self, edges: np.ndarray, values: np.ndarray, colour: str, width: float) -> None:
        """Draw a line that is level from edge to edge (n + 1,) at each of the values (n,); none where one is nan."""
        for first, last in _runs(np.isfinite(values)):
            steps = _steps(self.x.places(edges[first : last + 1]), self.y.places(values[first:last]))
            self.sheet.line(f"M{steps}", colour, width)

    def stairs_between(
        self, edges: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, opacity: float = 1.0
    ) -> None:
        """Fill what is between two such lines (n,); nothing where one of them is nan, or they are the same."""
        for first, last in _runs(np.isfinite(low) & np.isfinite(high) & (low != high)):
            x = self.x.places(edges[first : last + 1])
            there = _steps(x, self.y.places(high[first:last]))
            back = _steps(x[::-1], self.y.places(low[first:last])[::-1])
            self.sheet.area(f"M{there}L{back}Z", colour, opacity)

    def point(self, x: float, y: float, colour: str, size: float, wide: float = 0.0, high: float = 0.0) -> None:
        """Draw a point of this diameter, with bars of half these lengths, in values, on each of its sides."""
        across, up = self.x.at(x), self.y.at(y)
        if wide:
            self.sheet.line(straight(self.x.at(x - wide), up, self.x.at(x + wide), up), colour, 1.1)
        if high:
            self.sheet.line(straight(across, self.y.at(y - high), across, self.y.at(y + high)), colour, 1.1)
        self.sheet.dot(across, up, size / 2, colour)


def ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Return round values from `low` to `high`, at most so many: multiples of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 42, 5), ticks(-0.3, 0.3, 3), ticks(0, 1.5, 4, whole=True)
    ([0, 10, 20, 30, 40], [-0.2, 0.0, 0.2], [0, 1])
    """
    if not high > low:
        return [low]
    power = floor(log10((high - low) / most))
    for step in (digit * 10.0**p for p in range(power, power + 3) for digit in (1, 2, 5)):
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first + 1 <= most and (step >= 1 or not whole):
            break
    values = [float(f"{k * step:.12g}") for k in range(first, last + 1)]
    return [int(value) for value in values] if step >= 1 else values


def fitting_ticks(
    low: float, high: float, points: float, form: Callable[[float], str], whole: bool = False
) -> list[float]:
    """Return as many round values, at most eight, as have room for their numbers beside each other."""
    found: list[float] = []
    for most in range(8, 1, -1):
        found = ticks(low, high, most, whole)
        if sum(width_of(form(each)) + APART for each in found) <= points:
            break
    return found


def plain_number(value: float) -> str:
    """Return a number of an axis as one reads it."""
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def left_margin(texts: Sequence[str]) -> float:
    """Return how many points the numbers or names beside axes need."""
    return max([24.0, *(width_of(text) + 6 for text in texts)])


def legend_lines(entries: Sequence[Entry], points: float, size: float = SMALL) -> list[list[Entry]]:
    """Return the entries of a legend line by line, as many in each as fit into so many points."""
    lines: list[list[Entry]] = [[]]
    for entry in entries:
        if lines[-1] and sum(_width(each, size) for each in [*lines[-1], entry]) > points:
            lines.append([])
        lines[-1].append(entry)
    return lines


def under_legend(
    shown: Sequence[Entry], up: Sequence[float], high: float, below: float
) -> tuple[Sheet, Box, list[list[Entry]]]:
    """Return a sheet for axes under a legend, the box of the axes, and the lines of the legend.

    Args:
        shown: what the legend says.
        up: the numbers beside the axes, which take room to the left.
        high: points of the axes.
        below: points for the numbers below them.
    """
    left = left_margin([plain_number(each) for each in up])
    lines = legend_lines(shown, WIDTH * (1 - EDGE) - left)
    head = LINE * len(lines) + 4
    return Sheet(head + high + below), Box(left, head, WIDTH * (1 - EDGE), head + high), lines


def legend(
    sheet: Sheet,
    lines: Sequence[Sequence[Entry]],
    x: float,
    y: float,
    anchor: Literal["start", "end"] = "start",
    colour: str = INK,
    size: float = SMALL,
) -> None:
    """Write the lines of a legend, the baseline of the first at `y`, from `x` on or up to it."""
    for k, line in enumerate(lines):
        left = x if anchor == "start" else x - sum(_width(each, size) for each in line) + APART
        for entry in line:
            middle, wide = y + LINE * k - 0.36 * size, HANDLE * size
            if entry.line:
                sheet.line(straight(left, middle, left + wide, middle), entry.colour, 1.6)
            else:
                box = Box(left, middle - 0.32 * size, left + wide, middle + 0.32 * size)
                sheet.rectangle(box, entry.colour, entry.opacity)
            sheet.text(left + wide + GAP, y + LINE * k, entry.name, colour, size)
            left += _width(entry, size)


def legend_width(entries: Sequence[Entry], size: float = SMALL) -> float:
    """Return how many points a legend in one line needs."""
    return sum(_width(each, size) for each in entries) - APART


def strips(sheet: Sheet, many: int, left: float, below: float) -> list[Box]:
    """Return the boxes of axes that lie below each other, each with room for a title, and `below` points at the end."""
    each = (sheet.height - below) / many
    return [
        Box(left, each * (k + BETWEEN), sheet.width * (1 - EDGE), each * (k + BETWEEN + STRIP)) for k in range(many)
    ]


def _width(entry: Entry, size: float) -> float:
    return HANDLE * size + GAP + width_of(entry.name, size) + APART


def _runs(shown: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield where each run of True begins and ends."""
    changes = np.flatnonzero(np.diff(np.concatenate(([False], shown, [False])).astype(int)))
    yield from zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)


def _steps(x: list[float], y: list[float]) -> str:
    """Return the path from edge to edge (n + 1,) that is level at each height (n,); equal heights are one step."""
    across, up = [short(each) for each in x], [short(each) for each in y]
    turns = [f"H{at}V{now}" for at, (before, now) in zip(across[1:], pairwise(up), strict=False) if now != before]
    return f"{across[0]} {up[0]}{''.join(turns)}H{across[-1]}"
