"""What pictures of episodes are painted with: bars, shades, and texts that are measured and cut to their places."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..common.text import plain
from .rendering import INK, SHADE, SHORT, SURFACE

WIDTH, HEIGHT, DPI = 640, 480, 100


class Words(NamedTuple):
    """A text in a picture: where it stands, in pixels from the upper left corner, and how it looks."""

    x: float
    y: float
    text: str
    size: float = 7.5
    colour: str = INK
    anchor: str = "left"
    weight: str = "normal"
    boxed: bool = False  # on a ground of its own, to be read on what is shaded


class Paint:
    """What is drawn on the canvas: bars with an edge, hatched ones, shaded places, and texts."""

    def __init__(self, figure: Any) -> None:
        """Begin with nothing."""
        from matplotlib.collections import PolyCollection
        from matplotlib.transforms import Affine2D

        self.figure, self.kept, self.words = figure, list[Words](), list[Words]()
        self.pixels = Affine2D().scale(1, -1).translate(0, HEIGHT)
        self._areas: dict[str, list[tuple[np.ndarray, str]]] = {"": [], "//": [], "xx": [], "..": []}
        self._collections = {
            hatch: PolyCollection([], transform=self.pixels, hatch=hatch or None, linewidths=0.5)
            for hatch in self._areas
        }
        for collection in self._collections.values():
            collection.set_figure(figure)
            collection.set_edgecolor(INK)
        self._collections[".."].set_edgecolor(SHORT)

    def clear(self) -> None:
        """Begin the next frame."""
        self.words.clear()
        for areas in self._areas.values():
            areas.clear()

    def keep(self, words: Words) -> None:
        """Write a text that stays."""
        self.kept.append(words)
        self._text(words)

    def write(self, words: Words) -> None:
        """Write a text of this frame."""
        self.words.append(words)

    def bar(self, left: float, foot: float, wide: float, tall: float, colour: str, hatch: str = "") -> None:
        """Fill a rectangle that stands on a line."""
        if tall > 0.2:
            corners = [(left, foot), (left + wide, foot), (left + wide, foot - tall), (left, foot - tall)]
            self._areas[hatch].append((np.array(corners), colour))

    def alarm(self, left: float, top: float, wide: float, tall: float) -> None:
        """Shade what is disrupted."""
        self.bar(left, top + tall, wide, tall, SHADE, "..")

    def onto(self, renderer: Any) -> None:
        """Draw all of it."""
        for hatch in ("..", "", "//", "xx"):
            areas, collection = self._areas[hatch], self._collections[hatch]
            if areas:
                collection.set_verts([corners for corners, _ in areas])
                collection.set_facecolor([colour for _, colour in areas])
                collection.draw(renderer)
        for words in self.words:
            text = self._text(words)
            text.draw(renderer)
            text.remove()

    def _text(self, words: Words) -> Any:
        x, y = words.x / WIDTH, 1 - words.y / HEIGHT
        look: dict[str, Any] = {
            "fontsize": words.size,
            "color": words.colour,
            "ha": words.anchor,
            "weight": words.weight,
        }
        if words.boxed:
            look["bbox"] = {"facecolor": SURFACE, "edgecolor": "none", "pad": 1}
        return self.figure.text(x, y, plain(words.text), va="baseline", parse_math=False, **look)


@cache
def _font(size: float, weight: str) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(weight=weight)))
    font.set_size(size, DPI)
    return font


@cache
def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return how many pixels wide a text is in a picture."""
    font = _font(size, weight)
    font.set_size(size, DPI)  # one font serves all sizes
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64


@cache
def fitted(text: str, pixels: float, size: float, weight: str = "normal") -> str:
    """Return a text, cut at its end where it is wider than so many pixels."""
    text = plain(" ".join(text.split()))
    if width_of(text, size, weight) <= pixels:
        return text
    fits, too_long = 0, min(len(text), int(pixels))  # a letter is a pixel wide at least
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width_of(f"{text[:middle]}...", size, weight) <= pixels:
            fits = middle
        else:
            too_long = middle
    return f"{text[:fits].rstrip()}..." if fits else ""
