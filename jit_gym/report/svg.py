"""Write pictures as SVG that stands inside an HTML page, without a library that draws.

Colours become CSS variables with a default, so that the page can change them in the dark. They mean the same in every
picture: stock and what it costs are blue, shortages vermilion, orders amber, goods on the way green. The palette is
that of Okabe and Ito (2008), which the colour-blind can tell apart.
"""

from __future__ import annotations

from html import escape
from typing import Literal, NamedTuple

from ..common.text import plain
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY

MUTED, GRID, SURFACE = "#6b6b70", "#dededf", "#fefefe"
VEHICLE, WAITING, REJECT, LOSS, STORAGE = "#56b4e9", "#7a5195", "#8c6d31", "#4d4d4d", "#00425f"
VARIABLES = {
    "ink": INK,
    "muted": MUTED,
    "grid": GRID,
    "surface": SURFACE,
    "stock": STOCK,
    "short": SHORT,
    "order": ORDER,
    "way": WAY,
    "demand": DEMAND,
    "waste": WASTE,
    "vehicle": VEHICLE,
    "waiting": WAITING,
    "reject": REJECT,
    "loss": LOSS,
    "storage": STORAGE,
}

FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"  # of a picture that stands alone
WIDTH = 345.6  # points; the page lets a picture shrink to a phone's width, and its letters with it
EDGE = 0.025  # of its width, free at its right
LETTERS, SMALL = 9.0, 8.0  # the size of letters, in points
_PAINT = {colour: f"var(--{name},{colour})" for name, colour in VARIABLES.items()}

# The widths of characters, as shares of the letters' size, in DejaVu Sans, which is one of the widest fonts
_WIDTHS = {**dict.fromkeys("iljI.,:;|'! ", 0.33), **dict.fromkeys("ftr()[]{}-/", 0.41), **dict.fromkeys("mw%@MW", 0.93)}


class Box(NamedTuple):
    """A rectangle in a picture, in points from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def size(self) -> float:
        """Return its area."""
        return (self.right - self.left) * (self.bottom - self.top)

    def padded(self, points: float) -> Box:
        """Return a box that is larger by so many points on each side."""
        return Box(self.left - points, self.top - points, self.right + points, self.bottom + points)

    def overlap(self, other: Box) -> float:
        """Return the area that two boxes share."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


def escaped(text: str) -> str:
    """Return a text as SVG shows it: nothing in it is obeyed."""
    return escape(plain(text))


def width_of(text: str, size: float = LETTERS) -> float:
    """Return about how wide a text is in points; a page's own font may make it narrower."""
    return size * sum(_WIDTHS.get(letter) or (0.69 if letter.isupper() else 0.63) for letter in text)


class Sheet:
    """A picture of so many points to draw on, from its upper left corner."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        """Begin with an empty one."""
        self.width, self.height, self._elements = width, height, list[str]()

    def rectangle(self, box: Box, colour: str, opacity: float = 1.0) -> None:
        """Fill a rectangle."""
        place = _numbers(x=box.left, y=box.top, width=box.right - box.left, height=box.bottom - box.top)
        self._elements.append(f'<rect {place} style="{_fill(colour, opacity)}"/>')

    def area(self, path: str, colour: str, opacity: float = 1.0) -> None:
        """Fill what a path encloses."""
        self._elements.append(f'<path d="{path}" style="{_fill(colour, opacity)}"/>')

    def line(self, path: str, colour: str, width: float, dashes: str = "") -> None:
        """Draw a line along a path."""
        dashed = f";stroke-dasharray:{dashes}" if dashes else ""
        style = f"fill:none;stroke:{_PAINT[colour]};stroke-width:{width:g}{dashed}"
        self._elements.append(f'<path d="{path}" style="{style}"/>')

    def dot(self, x: float, y: float, radius: float, colour: str, opacity: float = 1.0) -> None:
        """Fill a circle."""
        self._elements.append(f'<circle {_numbers(cx=x, cy=y, r=radius)} style="{_fill(colour, opacity)}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str = INK,
        size: float = LETTERS,
        anchor: Literal["start", "middle", "end"] = "start",
    ) -> None:
        """Write words whose baseline begins (or ends, or has its middle) at a point."""
        place = f'{_numbers(x=x, y=y)} font-size="{size:g}" text-anchor="{anchor}"'
        self._elements.append(f'<text {place} style="fill:{_PAINT[colour]}">{escaped(words)}</text>')

    @property
    def svg(self) -> str:
        """Return the picture as an element of a page."""
        elements = "\n".join(self._elements)
        return f'<svg viewBox="0 0 {self.width:g} {self.height:.1f}">\n{elements}\n</svg>'


def straight(x0: float, y0: float, x1: float, y1: float) -> str:
    """Return the path of a straight line."""
    return f"M{short(x0)} {short(y0)}L{short(x1)} {short(y1)}"


def short(points: float) -> str:
    """Return a number of points, to a tenth, which is enough for a picture."""
    return f"{round(float(points), 1) + 0.0:.10g}"


def _numbers(**points: float) -> str:
    return " ".join(f'{name}="{short(each)}"' for name, each in points.items())


def _fill(colour: str, opacity: float) -> str:
    return f"fill:{_PAINT[colour]}" + (f";fill-opacity:{opacity:.3g}" if opacity < 1 else "")
