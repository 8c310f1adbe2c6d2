"""The page of a shop: what was read from its sales, what was fitted to each item, and what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from ..common.text import plain, plural
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK
from ..planning import Fitted, LeadTime, Sales
from ..scenario import Scenario
from .axes import LINE, Axes, Entry, fitting_ticks, legend, plain_number, ticks, under_legend
from .figures import Picture
from .provenance import origin, yaml_of
from .templating import environment

HIGH, BELOW = 92.0, 30.0  # points of the axes, and of the numbers below them
SHOWN = 400
"""The most periods of a picture: the last ones."""
PICTURES = 60
"""The most items with a picture: those of which most is sold, in money where units have a value."""


def page(
    scenario: Scenario,
    sales: Sales,
    fits: Sequence[Fitted],
    waits: Sequence[LeadTime] | None,
    assumed: Sequence[str],
    notes: Sequence[str],
    command: str,
) -> str:
    """Return the page as HTML.

    Args:
        scenario: that was written.
        sales: what was read.
        fits: what was fitted to each item.
        waits: the lead time of each item; None where it was told.
        assumed: what was assumed of costs and orders, in sentences.
        notes: what was done to the files as they were read.
        command: that writes all of it again.
    """
    doubtful = sum(each.poor for each in fits)
    worth = [each.pattern.level * (scenario.stocks[each.item].unit_value or 1.0) for each in fits]
    drawn = set(np.argsort(-np.array(worth), kind="stable")[:PICTURES].tolist())
    return (
        environment()
        .get_template("shop.html.jinja")
        .render(
            scenario=scenario,
            file=sales.file,
            verdict=_verdict(sales, fits, doubtful),
            settings=f"{plural(len(fits), 'item')}, {plural(sales.grid.many, sales.grid.period)}",
            assumed=[plain(each) for each in assumed],
            notes=[plain(each) for each in notes],
            period=sales.grid.period,
            rows=[
                _row(scenario, each, None if waits is None else waits[k]) | {"drawn": k in drawn}
                for k, each in enumerate(fits)
            ],
            items=[
                {"name": each.item, "warnings": [*each.warnings, *each.notes], "picture": picture(sales, k, each)}
                for k, each in enumerate(fits)
                if k in drawn
            ],
            others=[
                (each.item, [*each.warnings, *each.notes])
                for k, each in enumerate(fits)
                if k not in drawn and (each.warnings or each.notes)
            ],
            birth=origin(scenario, command),
            resolved=yaml_of(scenario),
        )
    )


def _verdict(sales: Sales, fits: Sequence[Fitted], doubtful: int) -> str:
    what = "One item was" if len(fits) == 1 else f"{len(fits)} items were"
    how = "the fit has no doubt" if len(fits) == 1 else "no fit is in doubt"
    if doubtful:
        how = "it is in doubt" if len(fits) == 1 else f"{doubtful} of the fits are in doubt, and marked below"
    return f"{what} fitted to {sales.grid.many} {sales.grid.period}s of {plain(sales.file)}; {how}."


def _row(scenario: Scenario, fitted: Fitted, wait: LeadTime | None) -> dict[str, Any]:
    """Return what a table says of an item."""
    lane, demand = scenario.lanes[f"buy-{fitted.item}"], scenario.demands[f"sell-{fitted.item}"]
    many = len(fitted.pattern.season)
    season = f"{fitted.pattern.season.min():.2f} to {fitted.pattern.season.max():.2f}" if many > 1 else "none"
    extra = [(kind, each) for kind, each in (("promotion", fitted.promotion), ("spike", fitted.spike)) if each]
    cells = [
        _number(fitted.pattern.level),
        str(demand.distribution),
        "always" if demand.occurs == 1 else f"{100 * demand.occurs:.0f} %",
        season,
        f"{100 * fitted.trend:+.2f} %" if fitted.trend else "none",
        f"{fitted.autocorrelation:.2f}" if fitted.autocorrelation else "none",
        "; ".join(f"{kind} × {each.factor:.2f}" for kind, each in extra) or "none",
        str(lane.lead_time) if wait is None else f"{wait.distribution.mean:.2f} on average",
        _number(scenario.stocks[fitted.item].holding_cost),
        _number(demand.shortage_cost),
        str(fitted.short) if fitted.short else "none",
        f"{_number(fitted.sold)}; {_number(fitted.product_limit)}" if fitted.short else "",
        f"{fitted.distance:.2f}" if isfinite(fitted.distance) else "–",
        f"{fitted.held_out:.2f}" if isfinite(fitted.held_out) else "–",
    ]
    return {"name": fitted.item, "cells": cells, "poor": fitted.poor}


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def picture(sales: Sales, k: int, fitted: Fitted) -> Picture:
    """Draw what was sold of an item, the mean that was fitted, and what nine periods of ten are between."""
    first = max(sales.grid.many - SHOWN, 0)
    sold, short, promoted = sales.units[first:, k], sales.short[first:, k], sales.promoted[first:, k]
    mean, low, high = fitted.mean[first:], fitted.low[first:], fitted.high[first:]
    shown = [
        Entry("sold", INK, line=True),
        Entry("mean", STOCK, line=True),
        Entry("9 of 10", DEMAND, opacity=0.5),
        *([Entry("no stock", SHORT, opacity=0.3)] if short.any() else []),
        *([Entry("promotion", ORDER, opacity=0.3)] if promoted.any() else []),
        *([Entry("spike", ORDER, opacity=0.6)] if fitted.spikes[first:].any() else []),
    ]
    top = max(float(np.nanmax(np.concatenate([sold, mean, high[np.isfinite(high)], [1e-9]]))), 1e-9) * 1.05
    up = ticks(0, top, 4)
    sheet, box, lines = under_legend(shown, up, HIGH, BELOW)
    axes = Axes.within(sheet, box, (0, len(sold)), (0, top))
    starts = np.datetime_as_string(sales.grid.starts[first:])

    def day(t: float) -> str:
        return str(starts[min(int(t), len(starts) - 1)])[:7]

    edges = np.arange(len(sold) + 1.0)
    for where, colour, opacity in ((short, SHORT, 0.3), (promoted, ORDER, 0.3), (fitted.spikes[first:], ORDER, 0.6)):
        for t in np.flatnonzero(where).tolist():
            axes.span(t, t + 1, colour, opacity)
    across = fitting_ticks(0, len(sold) - 1, box.right - box.left, day, whole=True)
    axes.grid(across, up)
    axes.stairs_between(edges, low, high, DEMAND, 0.5)
    axes.stairs(edges, sold, INK, 0.9)
    axes.stairs(edges, mean, STOCK, 1.4)
    axes.numbers_below(across, day, f"units a {sales.grid.period}, from {starts[0]} on")
    axes.numbers_beside(up, plain_number)
    legend(sheet, lines, box.left, LINE - 2)
    caption = (
        f"{fitted.distribution}"
        + (f", in {100 * fitted.law.occurs:.0f} % of the {sales.grid.period}s" if fitted.law.occurs < 1 else "")
        + f"; {fitted.known} {sales.grid.period}s are known."
    )
    says = f"What was sold of {fitted.item}, and the mean that was fitted: {_number(fitted.pattern.level)} at the end"
    return Picture(fitted.item, caption, sheet.svg, says)
