"""A scenario's network as a picture: what is ordered from where, how long that takes, and what goes wrong where.

It is written as plain SVG, so that the same scenario gives the same file everywhere.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..common import files
from ..common.checks import BadInput
from ..envs.rendering import DEMAND, INK, SHORT, STOCK, WAY
from ..scenario import Scenario
from .connections import BETWEEN, LETTER, LINE, Arrow, Box, Connections, Event, events
from .svg import FONTS, MUTED, SURFACE, escaped
from .templating import environment
from .words import listed

WIDE, BEND, MARGIN = 170, 60, 14  # of a box, where arrows bend, around; in pixels
UPRIGHT = 340  # the width of a picture of a single line of boxes, which stand below each other: that of a phone
TITLE, SMALL = 13, 11  # letters
FILLS = {"supplier": (SURFACE, MUTED), "stock": ("#e3eff6", STOCK), "demand": ("#eeeef0", DEMAND)}


def picture(scenario: Scenario) -> str:
    """Return the network of a scenario as an SVG file."""
    built = Connections(scenario)
    boxes, arrows = list(built.boxes.values()), list(built.arrows.values())
    columns = _columns(boxes)
    upright = all(len(column) == 1 for column in columns)
    width, height = _below(columns) if upright else _beside(columns, arrows)
    parts = [_down(arrow) if upright else _arrow(arrow, *_ends(arrow)) for arrow in arrows]
    parts += [_box(box) for box in boxes]
    legend, height = _legend(events(scenario), width, height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img" aria-labelledby="network-title network-desc"'
        f' data-fingerprint="{scenario.fingerprint}" font-family="{FONTS}" font-size="{SMALL}" fill="{INK}">'
    )
    titles = (
        f'<title id="network-title">{escaped(title(scenario))}</title>\n'
        f'<desc id="network-desc">{escaped(said(scenario))}</desc>'
    )
    surface = f'<rect width="{width:g}" height="{height:g}" fill="{SURFACE}"/>'
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    tip = f'<defs>{tip}<path d="M0 0L8 4L0 8z" fill="{WAY}"/></marker></defs>'
    return "\n".join([head, titles, surface, tip, *parts, *legend, "</svg>", ""])


def element(scenario: Scenario) -> str:
    """Return the network of a scenario as an element of a page, which has one such picture."""
    return picture(scenario).replace(' xmlns="http://www.w3.org/2000/svg"', "", 1).strip()


def title(scenario: Scenario) -> str:
    """Return the title of a picture."""
    return f"{scenario.title or scenario.name}: who orders what from whom"


def said(scenario: Scenario) -> str:
    """Return what the picture shows in words, for those who cannot see it."""
    built = Connections(scenario)
    arrows = list(built.arrows.values())
    ways = _ways(arrows, lambda arrow: f" ({arrow.words})" if arrow.words else "")
    hit: dict[int, list[str]] = {}
    for event in built.events:
        boxes = [_text(box) for box in built.boxes.values() if event.number in box.marks]
        hit_ways = _ways([arrow for arrow in arrows if event.number in arrow.marks], lambda _: "")
        hit[event.number] = [*boxes, *(f"what goes from {way}" for way in hit_ways)]
    wrong = [
        f"{event.number}, {event.title}" + (f", hits {listed(hit[event.number])}" if hit[event.number] else "")
        for event in built.events
    ]
    sentences = [f"Goods go from {'; from '.join(ways)}."]
    if wrong:
        sentences.append(f"What goes wrong: {'; '.join(wrong)}.")
    return " ".join(sentences)


def write(scenario: Scenario, path: Path, command: str) -> None:
    """Write the picture into a file: an SVG file, or a page with the picture and what it shows in words.

    Raises:
        BadInput: for a file of another kind.
        OSError: if it cannot be written; then there is no half of it either.
    """
    check(path)
    page = path.suffix.lower() == ".html"
    files.write(path, _page(scenario, command) if page else picture(scenario))


def check(path: Path) -> None:
    """Raise BadInput for a file that is neither SVG nor HTML."""
    if path.suffix.lower() not in (".svg", ".html"):
        raise BadInput(f"--picture: must be a file .svg or .html, got {str(path)!r}")


def _page(scenario: Scenario, command: str) -> str:
    template = environment().get_template("network.html.jinja")
    return template.render(scenario=scenario, command=command, **of_page(scenario))


def of_page(scenario: Scenario) -> dict[str, str]:
    """Return what the template `network.jinja` shows on a page: the picture, and what it says in words."""
    return {"network": element(scenario), "network_said": said(scenario)}


def _ways(arrows: Sequence[Arrow], says: Callable[[Arrow], str]) -> list[str]:
    """Return the ways in words, those together that leave one box and of which the same is said."""
    together: dict[tuple[Box, str], list[str]] = {}
    for arrow in arrows:
        together.setdefault((arrow.source, says(arrow)), []).append(_text(arrow.target))
    return [
        f"{_text(source)} to {listed(targets)}{', each' if label and len(targets) > 1 else ''}{label}"
        for (source, label), targets in together.items()
    ]


def _text(box: Box) -> str:
    return " ".join(box.lines)


# Where it stands


def _columns(boxes: list[Box]) -> list[list[Box]]:
    """Return the boxes by column: demands last, each stock right of its sources, each supplier next to its stocks."""
    for _ in boxes:  # as many passes as the longest way can need
        for box in boxes:
            if box.kind != "supplier":
                box.column = max((arrow.source.column + 1 for arrow in box.into), default=1)
    last = max(box.column for box in boxes)
    for box in boxes:
        if box.kind == "supplier":
            box.column = max(min(arrow.target.column for arrow in box.out) - 1, 0)
        elif box.kind == "demand":
            box.column = last
    first = min(box.column for box in boxes)
    columns: list[list[Box]] = [[] for _ in range(last - first + 1)]
    for box in boxes:
        box.column -= first
        columns[box.column].append(box)
    return columns


def _below(columns: list[list[Box]]) -> tuple[float, float]:
    """Put the boxes of a single line below each other; return the width and the height that are needed."""
    top = float(MARGIN)
    for (box,) in columns:
        top += max((BEND / 2 + LINE * len(arrow.label) for arrow in box.into), default=0.0)
        box.left, box.top = (UPRIGHT - WIDE) / 2, top
        top += box.height
    return UPRIGHT, top + MARGIN


def _beside(columns: list[list[Box]], arrows: Sequence[Arrow]) -> tuple[float, float]:
    """Put columns of boxes beside each other; return the width and the height that are needed."""
    width, height = _across(columns), _place(columns)
    missing = max([0.0, *(SMALL + LINE * len(arrow.label) - _ends(arrow)[3] for arrow in arrows)])  # above the labels
    for column in columns:
        for box in column:
            box.top += missing
    return width, height + missing


def _across(columns: list[list[Box]]) -> float:
    """Put the columns beside each other, with room for the arrows into each; return the width that is needed."""
    left = float(MARGIN)
    for k, column in enumerate(columns):
        arrows = [arrow for box in column for arrow in box.into]
        left += BEND + max((arrow.straight for arrow in arrows), default=0.0) if k else 0.0
        for box in column:
            box.left = left
        left += WIDE
    return left + MARGIN


def _place(columns: list[list[Box]]) -> float:
    """Put boxes below each other, near those that they are connected with; return the height that is needed."""
    tall = max(sum(box.height + BETWEEN for box in column) - BETWEEN for column in columns)
    for way in (columns, columns[::-1], columns):
        for column in way:
            if any(box.top for box in column):
                column.sort(key=_pull)
            top = MARGIN + (tall - sum(box.height + BETWEEN for box in column) + BETWEEN) / 2
            for box in column:
                box.top, top = top, top + box.height + BETWEEN
    return tall + 2 * MARGIN


def _pull(box: Box) -> float:
    """Return the mean height of what a box is connected with."""
    near = [arrow.source.middle for arrow in box.into] + [arrow.target.middle for arrow in box.out]
    return sum(near) / len(near) if near else box.middle


def _ends(arrow: Arrow) -> tuple[float, float, float, float]:
    """Return where an arrow begins and ends: x and y, x and y."""
    leaves = _port(arrow.source, arrow.source.out, arrow, lambda each: each.target.middle)
    comes = _port(arrow.target, arrow.target.into, arrow, lambda each: each.source.middle)
    return arrow.source.left + WIDE, leaves, arrow.target.left, comes


def _port(box: Box, arrows: list[Arrow], arrow: Arrow, far: Callable[[Arrow], float]) -> float:
    """Return the height at which an arrow touches a box: arrows that come from above are above."""
    order = sorted(arrows, key=far)
    place = next(k for k, each in enumerate(order) if each is arrow)
    return box.top + box.height * (place + 1) / (len(order) + 1)


# How it looks


def _arrow(arrow: Arrow, x0: float, y0: float, x1: float, y1: float) -> str:
    bent = x1 - max(arrow.straight, 1)  # from here it is level
    bend = (bent - x0) / 2
    parts = [
        f'<path d="M{x0:.1f} {y0:.1f}C{x0 + bend:.1f} {y0:.1f} {bent - bend:.1f} {y1:.1f} {bent:.1f} {y1:.1f}'
        f'H{x1 - 1:.1f}"'
        f' fill="none" stroke="{WAY}" stroke-width="1.6" marker-end="url(#tip)"/>'
    ]
    for k, line in enumerate(reversed(arrow.label)):
        parts.append(
            f'<text x="{x1 - 10:.1f}" y="{y1 - 6 - LINE * k:.1f}" text-anchor="end" stroke="{SURFACE}" stroke-width="3"'
            f' paint-order="stroke">{escaped(line)}</text>'
        )
    parts += [_mark(number, x0 + 14 + 18 * k, y0 + 9) for k, number in enumerate(arrow.marks)]
    return "\n".join(parts)


def _down(arrow: Arrow) -> str:
    """Draw an arrow to the box below, with what is written on it at its right."""
    x, y0, y1 = arrow.source.left + WIDE / 2, arrow.source.top + arrow.source.height, arrow.target.top
    parts = [
        f'<path d="M{x:.1f} {y0:.1f}V{y1 - 1:.1f}" fill="none" stroke="{WAY}" stroke-width="1.6"'
        ' marker-end="url(#tip)"/>'
    ]
    y = (y0 + y1 - LINE * len(arrow.label)) / 2 + SMALL - 1
    parts += [f'<text x="{x + 10:.1f}" y="{y + LINE * k:.1f}">{escaped(line)}</text>'
              for k, line in enumerate(arrow.label)]  # fmt: skip
    parts += [_mark(number, x - 16 - 18 * k, (y0 + y1) / 2 - 3) for k, number in enumerate(arrow.marks)]
    return "\n".join(parts)


def _box(box: Box) -> str:
    x, (fill, line) = box.left, FILLS[box.kind]
    parts = [
        f'<rect x="{x:.1f}" y="{box.top:.1f}" width="{WIDE}" height="{box.height:.1f}" rx="5" fill="{fill}"'
        f' stroke="{line}" stroke-width="1.4"/>'
    ]
    y = box.middle - (len(box.lines) + len(box.details)) * LINE / 2 + LINE - 4
    for title, text in [*((True, text) for text in box.lines), *((False, text) for text in box.details)]:
        style = f'font-size="{TITLE}" font-weight="600"' if title else f'fill="{MUTED}"'
        parts.append(f'<text x="{x + WIDE / 2:.1f}" y="{y:.1f}" text-anchor="middle" {style}>{escaped(text)}</text>')
        y += LINE
    parts += [_mark(number, x + WIDE - 6 - 18 * k, box.top) for k, number in enumerate(reversed(box.marks))]
    return "\n".join(parts)


def _mark(number: int, x: float, y: float) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{SHORT}"/><text x="{x:.1f}" y="{y + 4:.1f}" fill="#fff"'
        f' text-anchor="middle" font-weight="600">{number}</text>'
    )


def _legend(found: list[Event], width: float, height: float) -> tuple[list[str], float]:
    """Return the list of what goes wrong, and the height of the picture with it."""
    parts: list[str] = []
    for number, line in _legend_lines(found, int((width - 2 * MARGIN - 26) / LETTER)):
        height += LINE + 4
        if number:
            parts.append(_mark(number, MARGIN + 8, height - 14))
        parts.append(f'<text x="{MARGIN + 24}" y="{height - 10:.1f}">{escaped(line)}</text>')
    return parts, height


def _legend_lines(found: list[Event], characters: int) -> Iterator[tuple[int, str]]:
    for event in found:
        for k, line in enumerate(textwrap.wrap(event.title, characters) or [""]):
            yield (0 if k else event.number), line
