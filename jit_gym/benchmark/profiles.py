"""Performance profiles as pictures: which share of the runs is within how much of the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

from ..common.text import plain
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK, WASTE, WAY
from ..report.axes import LINE, Axes, Entry, left_margin, legend, legend_lines, plain_number
from ..report.figures import Picture
from ..report.svg import EDGE, FONTS, LETTERS, SURFACE, VEHICLE, WAITING, WIDTH, Box, Sheet
from .aggregate import Profile, Sample

COLOURS = STOCK, SHORT, WAY, ORDER, WASTE, VEHICLE, WAITING, INK, DEMAND
"""Of the policies, in their order; a picture has no more of them."""
TICKS = 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0  # per cent
AT = np.logspace(-1, 2, 61)  # per cent, where a profile of gaps is drawn
OVER = np.linspace(-20.0, 40.0, 121)  # per cent over the best tuned rule
LEVELS = 0, 25, 50, 75, 100
HIGH, BELOW, MARGIN = 190.0, 32.0, 14.0  # points
BAND = 0.14  # how strong the colour of a band is


def over_rule(samples: Mapping[str, Sample]) -> Picture:
    """Draw the profiles of what some policies cost over the best tuned rule, in per cent, by the policy's name."""
    profiles = {name: sample.profile(OVER) for name, sample in samples.items()}
    sheet = _draw(profiles, OVER, (-20, -10, 0, 10, 20, 30, 40), plain_number, "over the best tuned rule, %")
    many = len(next(iter(samples.values())).instances)
    caption = (
        f"Share of runs (a seed on one of {many} instances; each instance counts the same) that cost at most so much"
        " more than the best tuned rule; at 0, as much or less. The further up and left, the better. Bands hold each"
        " point with 95 %, for these instances."
    )
    said = "; ".join(
        f"{name} {_at(each, 0.0)} as much or less, {_at(each, 10.0)} within 10 % more"
        for name, each in profiles.items()
    )
    return Picture("Over the best tuned rule", caption, sheet.svg, f"Share of runs by cost over that rule: {said}.")


def gaps(samples: Mapping[str, Sample], reference: str) -> Picture:
    """Draw the profiles of gaps, at most as many as there are colours.

    Args:
        samples: gaps in per cent, by the policy's name.
        reference: what they are gaps to: `the optimum`, `a bound`.
    """
    profiles = {name: sample.profile(AT) for name, sample in samples.items()}
    places = [float(np.log10(each)) for each in TICKS]
    sheet = _draw(profiles, np.log10(AT), places, _power, f"gap to {reference}, % (log scale)")
    many = len(next(iter(samples.values())).instances)
    caption = (
        f"Share of runs (a seed on one of {many} instances; each instance counts the same) whose gap to {reference} is"
        " at most so much; the further up and left, the better. Bands hold each point with 95 %, for these instances."
    )
    said = "; ".join(
        f"{name} {_at(each, 1.0)} within 1 %, {_at(each, 10.0)} within 10 %" for name, each in profiles.items()
    )
    return Picture(f"Gap to {reference}", caption, sheet.svg, f"Share of runs by gap to {reference}: {said}.")


def _at(profile: Profile, value: float) -> str:
    return f"{100 * profile.share[np.argmin(np.abs(profile.at - value))]:.0f} %"


def _power(power: float) -> str:
    return f"{round(10**power, 1):g}"


def _draw(
    profiles: Mapping[str, Profile], at: np.ndarray, ticks: Sequence[float], form: Callable[[float], str], says: str
) -> Sheet:
    """Draw profiles over places on the axis (n,), with numbers at some of them."""
    colours = dict(zip(profiles, COLOURS, strict=False))
    entries = legend_lines([Entry(name, colours[name], line=True) for name in profiles], WIDTH, LETTERS)
    above = LINE * len(entries) + 8
    sheet = Sheet(above + HIGH + BELOW)
    box = Box(left_margin(["100 %"]), above, WIDTH * (1 - EDGE) - MARGIN, above + HIGH)
    axes = Axes.within(sheet, box, (float(at[0]), float(at[-1])), (0.0, 100.0))
    axes.grid(ticks, LEVELS)
    axes.numbers_beside(LEVELS, lambda level: f"{level:.0f} %")
    axes.numbers_below(ticks, form, says)
    edges = np.append(at, at[-1])
    for name, each in profiles.items():
        axes.stairs_between(edges, 100 * each.low, 100 * each.high, colours[name], BAND)
    for name, each in profiles.items():
        axes.stairs(edges, 100 * each.share, colours[name], 1.8)
    legend(sheet, entries, 0, LETTERS, size=LETTERS)
    return sheet


def alone(drawn: Picture, title: str) -> str:
    """Return a picture as an SVG file that needs no page: its own ground, fonts and colours, and words instead."""
    head, body = drawn.svg.split(">", 1)
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    if found is None:
        raise ValueError("the picture has no viewBox")
    wide, high = float(found[1]) + 2 * MARGIN, float(found[2]) + 2 * MARGIN + 2 * LINE
    body = re.sub(r"var\(--[a-z]+,\s*(#[0-9a-f]{6})\)", r"\1", body.removesuffix("</svg>"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {high:.1f}" width="{1.9 * wide:.0f}"'
        f' height="{1.9 * high:.0f}" role="img" aria-labelledby="title desc" font-family="{FONTS}">\n'
        f'<title id="title">{escape(plain(title))}</title>\n<desc id="desc">{escape(plain(drawn.says))}</desc>\n'
        f'<rect width="{wide:.1f}" height="{high:.1f}" fill="{SURFACE}"/>\n'
        f'<text x="{MARGIN}" y="{MARGIN + LETTERS}" font-size="{LETTERS + 1:g}" font-weight="bold" fill="{INK}">'
        f"{escape(plain(title))}</text>\n"
        f'<g transform="translate({MARGIN} {MARGIN + 2 * LINE})">{body}</g>\n</svg>\n'
    )
