"""A map of policies: as a picture, as lines for the terminal, as a page, and as plain numbers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common import files
from ..common.checks import BadInput
from ..common.text import plain as printable
from ..envs.rendering import INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..evaluation import Cell, PolicyMap
from ..physics import Layout
from ..physics.worth import Worth
from ..scenario.axis import Axis, meaning_of
from . import network
from .drawing import Drawing, drawing
from .figures import Picture
from .numbers import plain
from .provenance import origin
from .svg import FONTS, MUTED, REJECT, SURFACE, VEHICLE, WAITING
from .templating import environment
from .words import PHRASES, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console

COLOURS = ORDER, STOCK, WAY, WASTE, VEHICLE, SHORT, WAITING, REJECT  # of the policies, in their order
FULL, PALE = 0.72, 0.2  # how strong a cell's colour is: decided, or not
SUFFIXES = ".svg", ".png", ".html"
LEVELS = 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90  # percent, of which contours are chosen
MOST_CONTOURS = 5


def check(path: Path, policies: int) -> None:
    """Refuse a file that no picture can be written to, and more policies than there are colours."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"--out: must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, got {str(path)!r}")
    if policies > len(COLOURS):
        raise BadInput(f"policies: a picture has colours for {len(COLOURS)}, got {policies}")
    files.check(path)


def write(drawn: PolicyMap, path: Path, command: str, notes: Sequence[str] = ()) -> None:
    """Write a map as an SVG or PNG picture, or as a page, by the suffix of the path."""
    suffix = path.suffix.lower()
    with drawing("map", 4.9) as sheet:
        _draw(drawn, sheet)
    if suffix == ".png":
        files.write(path, sheet.saved("png", dpi=200, facecolor=SURFACE))
    elif suffix == ".svg":
        files.write(path, _alone(sheet, drawn, command))
    else:
        files.write(path, _page(drawn, _picture(drawn), command, notes))


# In words


def verdict(drawn: PolicyMap) -> str:
    """Say which policy is the best in how many cells, and in how many that is not decided."""
    phrases, cells = PHRASES[drawn.figure], drawn.flat
    clear = [sum(cell.standing == "clear" and cell.best == k for cell in cells) for k in range(len(drawn.policies))]
    parts = [
        f"{name} {phrases.one} {phrases.most} in {count}"
        for name, count in sorted(zip(drawn.policies, clear, strict=True), key=lambda each: -each[1])
        if count
    ]
    same, undecided = (sum(cell.standing == it for cell in cells) for it in ("same", "undecided"))
    parts += [f"several are practically the same in {same}"] if same else []
    parts += [f"{undecided} {'is' if undecided == 1 else 'are'} not decided"] if undecided else []
    never = [name for k, name in enumerate(drawn.policies) if not any(k in cell.may_be_best for cell in cells)]
    if never:
        parts += [f"{listed(never)} {phrases.one if len(never) == 1 else phrases.several} {phrases.most} nowhere"]
    return f"Of {len(cells)} cells {listed(parts)}."


def settings(drawn: PolicyMap) -> str:
    """Return what was played, in a line."""
    period = drawn.scenario.horizon.period
    paths = f"{drawn.paths:,} path{'' if drawn.paths == 1 else 's'}"
    periods, warmups = ({each[k] for each in drawn.windows} for k in range(2))
    counted = " to ".join(f"{each:,}" for each in dict.fromkeys((min(periods), max(periods))))
    warmed = f"after {max(warmups):,} of warm-up" if max(warmups) else "from the start, with the initial stock"
    return f"{drawn.scenario.name}: each cell on {paths} of {counted} {period}s {warmed}, seed {drawn.seed}"


def tuned(drawn: PolicyMap) -> str:
    """Say where the parameters come from, which decides many a ranking."""
    if drawn.tuned:
        return f"Rules are tuned in each cell, on {drawn.tuned:,} {drawn.scenario.horizon.period}s of play each."
    return "Parameters that are not given are by formula, not tuned (--tune)."


def conventions(drawn: PolicyMap) -> str:
    """Say how the map is to be read."""
    said = [
        "A cell has the colours of all policies that may be the best: of one where that is clear, of several where they"
        f" are practically the same (within {100 * drawn.threshold:g} %), pale where the paths do not decide.",
        "Intervals hold with 95 % for each cell by itself, not for all together.",
    ]
    if Worth(Layout(drawn.scenario)).counts:
        said.append("Units left at the end count at what they cost.")
    return " ".join(said)


def _lines(drawn: PolicyMap) -> str:
    """Say what the contours are."""
    what = "earns more than" if drawn.figure == "profit" else "saves against"
    if drawn.figure == "discounted_reward":
        what = "is worth more than"
    return f"Lines: % that the best {what} {drawn.policies[0]}."


def label(drawn: PolicyMap, axis: Axis) -> tuple[str, str]:
    """Return the key of an axis, and what it means."""
    return axis.key, meaning_of(drawn.scenario, axis.key)


# As a picture


def _picture(drawn: PolicyMap) -> Picture:
    """Draw which policy is best where, for a page."""
    with drawing("map", 4.4) as sheet:
        _draw(drawn, sheet, alone=False)
    caption = " ".join([conventions(drawn), _lines(drawn), tuned(drawn)])
    return Picture("Who is best where", caption, sheet.svg, verdict(drawn))


def _draw(drawn: PolicyMap, sheet: Drawing, *, alone: bool = True) -> None:
    """Draw the cells, the contours, the axes, and, where the picture stands alone, its title and caption."""
    from matplotlib.patches import Patch

    axes = sheet.figure.add_subplot()
    for j, row in enumerate(drawn.cells):
        for i, cell in enumerate(row):
            _cell(axes, i, j, cell)
    _contours(axes, drawn)
    for axis, which in ((drawn.x, axes.xaxis), (drawn.y, axes.yaxis)):
        shown = range(0, len(axis.values), _every(axis, 8 if axis is drawn.x else 14))
        which.set_ticks(list(shown), [_cut(axis.labels[k], 14) for k in shown])
    axes.set_xlim(-0.5, len(drawn.x.values) - 0.5)
    axes.set_ylim(-0.5, len(drawn.y.values) - 0.5)
    axes.grid(visible=False)
    for axis, set_label in ((drawn.x, axes.set_xlabel), (drawn.y, axes.set_ylabel)):
        words = "\n".join(textwrap.fill(each, 52) for each in label(drawn, axis) if each)
        set_label(words, color=INK, fontsize=8)
    handles = [
        Patch(facecolor=COLOURS[k], alpha=FULL, label=_cut(name, 24))
        for k, name in enumerate(drawn.policies)
        if any(k in cell.may_be_best for cell in drawn.flat)
    ]
    if not drawn.decided.all():
        handles.append(Patch(facecolor=MUTED, alpha=PALE, label="pale: not decided"))
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 0.995), "fontsize": 8}
    axes.legend(handles=handles, ncols=3 if len(handles) < 4 else 2, **above)
    if alone:
        title = textwrap.fill(drawn.scenario.title or drawn.scenario.name, 62)
        sheet.figure.suptitle(title, x=0.01, ha="left", fontsize=9.5)
        caption = " ".join([_lines(drawn), "Two colours: practically the same.", f"{settings(drawn)}.", tuned(drawn)])
        sheet.figure.supxlabel(textwrap.fill(caption, 92), x=0.01, ha="left", fontsize=6.5, color=MUTED)


def _cell(axes: Axes, i: int, j: int, cell: Cell) -> None:
    """Fill a cell with a stripe for each policy that may be the best there."""
    from matplotlib.patches import Rectangle

    alpha = PALE if cell.standing == "undecided" else FULL
    width = 1.0 / len(cell.may_be_best)
    for stripe, k in enumerate(cell.may_be_best):
        corner = i - 0.5 + stripe * width, j - 0.5
        axes.add_patch(Rectangle(corner, width, 1.0, facecolor=COLOURS[k], alpha=alpha, linewidth=0, antialiased=False))


def _contours(axes: Axes, drawn: PolicyMap) -> None:
    """Draw lines of equal saving against the first policy, in percent."""
    saved = 100 * np.ma.masked_invalid(drawn.saved)
    if not saved.count():
        return
    inside = [level for level in LEVELS if saved.min() < level < saved.max()]
    while len(inside) > MOST_CONTOURS:
        inside = inside[len(inside) % 2 == 0 :: 2]
    if inside:
        lines = axes.contour(saved, levels=inside, colors=INK, linewidths=0.7)
        axes.clabel(lines, fmt=lambda level: f"{level:g} %", fontsize=7.5)


def _every(axis: Axis, most: int) -> int:
    """Return of how many values one is written, so that no more than so many are."""
    longest = max(map(len, axis.labels))
    return -(-len(axis.values) // max(2, most if longest > 3 else 2 * most))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _alone(sheet: Drawing, drawn: PolicyMap, command: str) -> str:
    """Return a picture as an SVG file that says what it shows, which command makes it, and of which scenario."""
    import html

    svg = sheet.saved("svg", facecolor=SURFACE).decode()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<!DOCTYPE.*?>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), svg)
    svg = svg.replace("'DejaVu Sans'", FONTS)
    about = {"role": "img", "data-command": command, "data-fingerprint": drawn.scenario.fingerprint}
    said = "".join(f' {name}="{html.escape(printable(text))}"' for name, text in about.items())
    head, rest = svg[svg.index("<svg") :].split(">", 1)
    svg = f"{head}{said}>\n<desc>{html.escape(printable(verdict(drawn)))}</desc>{rest}"
    return re.sub(r"\n\s*", "\n", svg)


def _page(drawn: PolicyMap, picture: Picture, command: str, notes: Sequence[str]) -> str:
    return (
        environment()
        .get_template("map.html.jinja")
        .render(
            title=drawn.scenario.title or drawn.scenario.name,
            verdict=verdict(drawn),
            settings=settings(drawn),
            picture=picture,
            **network.of_page(drawn.scenario),
            notes=[*drawn.notes, *notes],
            command=command,
            x=drawn.x,
            y=drawn.y,
            meanings=[meaning_of(drawn.scenario, axis.key) for axis in (drawn.x, drawn.y)],
            rows=[
                (drawn.y.labels[j], [_text(cell, drawn) for cell in drawn.cells[j]])
                for j in reversed(range(len(drawn.cells)))
            ],
        )
    )


def _text(cell: Cell, drawn: PolicyMap) -> str:
    """Return which policy is best in a cell, and what that saves."""
    names = " = ".join(drawn.policies[k] for k in cell.may_be_best)
    mark = "?" if cell.standing == "undecided" else ""
    return f"{names}{mark}{_saving(cell, ', {:.0f} %')}"


def _saving(cell: Cell, form: str) -> str:
    """Return the saving in percent; nothing where it is none, or the first policy's figure is 0."""
    percent = 100 * cell.saved
    return form.format(percent) if percent >= 0.5 else ""


# In the terminal


def print_map(drawn: PolicyMap, console: Console) -> None:
    """Print a table of the cells, with a letter for each policy, and what it says."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    letters = [chr(ord("A") + k) for k in range(len(drawn.policies))]
    rows = [[_letters(cell, letters) for cell in row] for row in drawn.cells]
    names = [_cut(each, 8) for each in drawn.y.labels]
    widest = 1 + max(len(text) for text in [*drawn.x.labels, *(str(cell) for row in rows for cell in row)])
    room = max(1, (console.width - max(map(len, names)) - 2) // widest)
    shown = range(0, len(drawn.x.values), -(-len(drawn.x.values) // room))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    for i in shown:
        table.add_column(drawn.x.labels[i], no_wrap=True)
    for name, row in reversed(list(zip(names, rows, strict=True))):
        table.add_row(Text(name, "dim"), *(row[i] for i in shown))

    console.print(Text(drawn.scenario.title or drawn.scenario.name, "bold"))
    console.print(Text(f"{settings(drawn)}. {tuned(drawn)}", "dim"))
    for arrow, axis in (("across", drawn.x), ("up", drawn.y)):
        key, meaning = label(drawn, axis)
        console.print(Text(f"{arrow}: {key}{f' ({meaning})' if meaning else ''}"))
    console.print(table)
    for k, name in enumerate(drawn.policies):
        console.print(Text(f"  {letters[k]}  {name}", f"color({_TERMINAL[k % len(_TERMINAL)]})"), soft_wrap=True)
    console.print(Text(verdict(drawn)))
    reading = "A cell names all policies that may be the best: AB are practically the same, ab are not decided."
    console.print(Text(f"{reading} The number is the % that the best saves against {drawn.policies[0]}.", "dim"))
    console.print(Text(conventions(drawn).split(". ", 1)[1], "dim"))
    if len(shown) < len(drawn.x.values):
        console.print(Text("A wider terminal shows more columns; --out draws, and --json has, all cells.", "dim"))
    for note in drawn.notes:
        console.print(Text.assemble(("Note: ", "bold yellow"), note))


_TERMINAL = 214, 33, 36, 175, 81, 202, 97, 94  # of 256 colours, those like COLOURS


def _letters(cell: Cell, letters: Sequence[str]) -> Any:
    from rich.text import Text

    names = "".join(letters[k] for k in cell.may_be_best)
    undecided = cell.standing == "undecided"
    text = f"{names.lower() if undecided else names}{_saving(cell, '{:.0f}')}"
    return Text(text, "dim" if undecided else f"color({_TERMINAL[cell.best % len(_TERMINAL)]})")


# As numbers


def document(drawn: PolicyMap, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return all cells, the axes, and where they come from, as plain JSON."""
    return {
        "verdict": verdict(drawn),
        "figure": drawn.figure,
        "policies": list(drawn.policies),
        "x": _axis(drawn, drawn.x),
        "y": _axis(drawn, drawn.y),
        "tuned": drawn.tuned,
        "practically_the_same_under": drawn.threshold,
        "notes": list(drawn.notes),
        "cells": [_document(cell, drawn) for cell in drawn.flat],
        "provenance": {
            "seed": int(drawn.seed),
            "paths": int(drawn.paths),
            "windows": [each._asdict() for each in drawn.windows],
            **origin(drawn.scenario, command, notes),
        },
    }


def _axis(drawn: PolicyMap, axis: Axis) -> dict[str, Any]:
    return {"key": axis.key, "meaning": meaning_of(drawn.scenario, axis.key), "values": list(axis.values)}


def _document(cell: Cell, drawn: PolicyMap) -> dict[str, Any]:
    saved = cell.saved
    return {
        "x": cell.x,
        "y": cell.y,
        "best": drawn.policies[cell.best],
        "standing": cell.standing,
        "may_be_best": [drawn.policies[k] for k in cell.may_be_best],
        "saving": plain(cell.saving),
        "saved": saved if np.isfinite(saved) else None,
        "policies": [
            {
                "policy": cell.policies[k],
                drawn.figure: plain(cell.estimates[k]),
                "more_than_best": plain(cell.more[k]),
                "judgement": cell.judgements[k] or None,
            }
            for k in range(len(drawn.policies))
        ],
    }
