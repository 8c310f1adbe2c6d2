"""Draw maps with Matplotlib, whose contours and labels they need, into SVG or PNG.

Matplotlib takes a while to import and to draw, so the other pictures of reports are written as SVG (`svg`, `axes`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .svg import GRID, INK, MUTED, VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 4.8  # inches
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.columnspacing": 1.0,
    "legend.frameon": False,
    "legend.handlelength": 0.9,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a title may speak of dollars
    "xtick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
}


class Drawing:
    """A figure to draw in, and its SVG when that is done."""

    def __init__(self, figure: Figure, name: str) -> None:
        """Begin with an empty figure."""
        self.figure, self.name, self.svg = figure, name, ""

    def saved(self, form: str, **options: Any) -> bytes:
        """Return the figure as a file of a format of matplotlib, the same each time."""
        nothing = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}[form]
        file, metadata = io.BytesIO(), dict.fromkeys(nothing)
        with _style(self.name):
            self.figure.savefig(file, format=form, metadata=metadata, **options)
        return file.getvalue()


def _style(name: str) -> Any:
    from matplotlib import rc_context

    settings: Any = {**STYLE, "svg.hashsalt": name}
    return rc_context(settings)


@contextmanager
def drawing(name: str, height: float, *, tight: bool = True) -> Iterator[Drawing]:
    """Open a drawing of this height in inches, under a name of its own; `tight` fits the margins to what is drawn."""
    from matplotlib.figure import Figure

    with _style(name):
        sheet = Drawing(Figure(figsize=(WIDTH, height), layout="constrained" if tight else None), name)
        yield sheet
    sheet.svg = _inline(sheet.saved("svg").decode(), name)


def _inline(svg: str, name: str) -> str:
    """Return an SVG file as an element of a page: no prologue, ids of its own, colours from the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (?:xmlns(?::\w+)?|version|width|height)="[^"]*"', "", head)
    svg = f"{head}>{rest}"
    svg = svg.replace(' id="', f' id="{name}-').replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), svg)  # a tenth of a point will do
    for variable, colour in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable}, {colour})")
    return re.sub(r"\n\s*", "\n", svg)
