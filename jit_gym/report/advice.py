"""The page and the table of an advice: which rule suits which item, what it saves, and what that depends on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.text import plain, plural
from ..envs.rendering import DEMAND, INK, ORDER, SHORT, STOCK
from ..evaluation import Estimate
from ..evaluation.judgement import THRESHOLD
from ..planning import Advice, Advised
from ..planning.advice import ABC, XYZ
from ..planning.depends import FACTORS, FARTHEST, Depends
from .axes import LINE, Axes, Entry, fitting_ticks, legend, plain_number, ticks, under_legend
from .columns import Column, grid
from .figures import Picture
from .provenance import origin
from .templating import environment

if TYPE_CHECKING:
    from rich.console import Console

PICTURES = 24
"""Items that are drawn: those whose cost differs most between the rule and today's practice."""
ROWS = 30
"""Items in the terminal, the same ones first."""
HIGH, BELOW = 92.0, 30.0  # points of the axes, and of the numbers below them
KEPT_SAYS = "Where the advice is to keep today's rule, figures of the rule are those of the one that was chosen before."
"""What the figures of such an item are."""
MEANS = {"better": "it saves", "worse": "it cost more", "same": "practically the same", "unclear": "not told apart"}
"""What each judgement on another rule than today's is in words."""


def page(advice: Advice, command: str) -> str:
    """Return the page as HTML."""
    order = by_difference(advice)
    sales, groups = advice.sales, advice.groups
    best = advice.choice.group if advice.choice.items > 1 and not advice.together else ""
    return (
        environment()
        .get_template("advice.html.jinja")
        .render(
            scenario=advice.scenario,
            verdict=verdict(advice),
            settings=settings(advice),
            how=how(advice),
            notes=[plain(each) for each in (*advice.together, *advice.notes)],
            period=sales.grid.period,
            names=sorted({each.group for each in advice.items}),
            rows=[_row(advice.items[k], best) for k in order],
            groups=[_group(name, row) for name, row in zip(groups.index, groups.to_dict("records"), strict=True)],
            stances=stances(advice),
            depends=[
                (each.item, said)
                for k in order
                if (each := advice.items[k]).depends is not None and (said := turns(each.depends, sales.grid.period))
            ],
            misleading=[
                (advice.items[k].item, advice.items[k].findings.notes) for k in order if advice.items[k].findings.notes
            ],
            pictures=[picture(advice, advice.items[k]) for k in order if advice.items[k].chosen is not None][:PICTURES],
            thresholds=thresholds(),
            kept_says=KEPT_SAYS,
            best=best,
            birth=origin(advice.scenario, command),
        )
    )


def by_difference(advice: Advice) -> list[int]:
    """Return the places of the items, those first whose cost differs most from today's."""
    return sorted(range(len(advice.items)), key=lambda k: -abs(advice.items[k].saved.mean))


def verdict(advice: Advice) -> str:
    """Say what is saved, and on how many items something is to be changed."""
    judged = [each for each in advice.items if each.chosen is not None]
    if not judged:
        return "No item has enough history for a verdict."
    today = sum(each.today.cost * each.per_year for each in judged if each.today is not None)
    saved, changed = advice.saved, sum(each.changes for each in judged)
    many = f"On {changed} of {plural(len(judged), 'item')} another rule than today's is recommended"
    if not changed and abs(saved.mean) <= THRESHOLD * abs(today):
        return (
            f"Keep today's practice: no rule was found that is better by more than {100 * THRESHOLD:g} % on any item."
        )
    share = f" ({100 * saved.mean / today:+.0f} % of today's {money(today)})" if today else ""
    text = f"{many}. What was chosen before would have saved {money(saved.mean)} a year{share}"
    if saved.low <= 0 <= saved.high:
        return f"{text}; the interval, {between(saved)}, holds 0, so the total is not told apart from today's."
    if saved.high < 0:
        more = f"what was chosen before would have cost {money(-saved.mean)} a year more, taken together"
        return f"{many}. Today's practice did better: {more}."
    return f"{text}, {between(saved)} with 95 %."


def between(estimate: Estimate) -> str:
    """Return an interval in words."""
    return f"{money(estimate.low)} to {money(estimate.high)}"


def settings(advice: Advice) -> str:
    """Say what was held out."""
    starts, period = advice.sales.grid.starts, advice.sales.grid.period
    span = f"{starts[advice.first]} to {starts[advice.last - 1]}"
    return f"{plural(len(advice.items), 'item')}, {plural(advice.last - advice.first, period)} held out ({span})"


def how(advice: Advice) -> list[str]:
    """Say how the verdict came about, in sentences."""
    period = advice.sales.grid.period
    return [
        f"Today's practice: {plain(advice.practice.words)}.",
        f"Demand was fitted, rules were tuned, and one of them was chosen on the {plural(advice.first, period)} before "
        "the held-out part alone: by what it costs in the fitted world, and by what it cost on the last part of these "
        f"{period}s, foretold from what was before that (a back-test). {by_all_items(advice)}Where nothing is "
        f"expected to be better than today's practice by more than {100 * THRESHOLD:g} %, that stays.",
        f"What was held out judges: sales as they were, for all rules from the same stock on, which is the scenario's. "
        f"Figures are those of the held-out {period}s; money is a year.",
        f"Intervals are 95 %, from blocks of {plural(advice.block, period)} of the held-out part, drawn anew (moving "
        "block bootstrap, Künsch 1989): one history is one path. They hold for each item by itself, and for "
        "periods like these.",
    ]


def by_all_items(advice: Advice) -> str:
    """Say how far an item's own figures decide, and which rule does best on all items; nothing of one item.

    Nor of items that share something, whose rules are chosen as they are played together.
    """
    choice = advice.choice
    if choice.items < 2 or advice.together:
        return ""
    best = f"On all {choice.items:,} items {choice.group} does best. " if choice.group else ""
    if round(100 * choice.own) == 0:
        return f"{best}What sets items apart in these two figures is not told from chance, so it does not count. "
    return (
        f"{best}Of what sets an item apart from the others in these two figures {100 * choice.own:.0f} % counts, as "
        "far as they agree on it, and the rest is taken for chance. "
    )


def thresholds() -> str:
    """Say what the groups are."""
    return (
        f"A: items of the highest yearly value, up to {100 * ABC[0]:g} % of all; B: up to {100 * ABC[1]:g} %; C: the "
        f"rest. X: the coefficient of variation of a period's demand is {XYZ[0]:g} or less; Y: {XYZ[1]:g} or less; "
        "Z: more."
    )


def stances(advice: Advice) -> list[tuple[str, str]]:
    """Say which items should be just in time, and which just in case."""
    found = []
    for name, means in (
        ("just in time", "a safety stock costs more than it saves, or makes no difference"),
        ("just in case", "a safety stock pays"),
    ):
        items = [each.item for each in advice.items if each.stance == name]
        few = ", ".join(items[:12]) + (f" and {len(items) - 12:,} more" if len(items) > 12 else "")
        found.append((name.capitalize(), f"{plural(len(items), 'item')}: {means}. {few}".strip()))
    return found


def turns(depends: Depends, period: str) -> str:
    """Say how far lead time and shortage cost would have to move until another rule is better; nothing if unknown."""
    if depends.doubtful:
        return "in the fitted world alone another rule is better as it is; the back-test, or all items, decided"
    now, parts = depends.lead_time, list[str]()
    for turn, word in ((depends.shorter, "or less"), (depends.longer, "or more")):
        if turn is not None:
            parts.append(
                f"{turn.rule} at a lead time of {plural(int(turn.value), period)} {word} ({100 * turn.by:.0f} % less)"
            )
    for turn, word in ((depends.cheaper, "or less"), (depends.dearer, "or more")):
        if turn is not None:
            parts.append(f"{turn.rule} at {turn.value:g} times the shortage cost {word} ({100 * turn.by:.0f} % less)")
    if not parts:
        least, most = max(int(now or 0) - FARTHEST, 0), int(now or 0) + FARTHEST
        times = f"{FACTORS[0]:g} to {FACTORS[-1]:g} times the shortage cost"
        at = "" if now is None else f"lead times of {least} to {most} {period}s, and at "
        return f"it stays the best at {at}{times}"
    return "; ".join(parts)


def money(value: float) -> str:
    """Return an amount of money, with as many digits as one reads."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def short(rule: str) -> str:
    """Return a rule with its numbers to four digits, as one reads them; rules.csv has all of them."""
    return re.sub(r"\d+\.\d{4,}", lambda number: f"{float(number[0]):.4g}", rule)


def _row(each: Advised, group: str = "") -> dict[str, Any]:
    """Return what the table says of an item, and why it has another rule than the one that does best on all."""
    chosen, today = each.chosen, each.today
    rest: dict[str, Any] = {"name": each.item, "group": each.group, "judgement": each.judgement, "stance": each.stance}
    if chosen is None or today is None:
        return {**rest, "advice": "no verdict", "rule": "", "now": "", "why": "", "cells": ["–"] * 10, "means": ""}
    advice = "change" if each.changes else "keep"
    cells = [
        money(each.saved.mean) if each.findings.chosen != "today" else "0",
        between(each.saved) if each.saved.error > 0 else "",
        money(today.cost * each.per_year),
        money(chosen.cost * each.per_year),
        f"{100 * today.fill_rate:.1f}\N{NO-BREAK SPACE}%",
        f"{100 * chosen.fill_rate:.1f}\N{NO-BREAK SPACE}%",
        f"{today.stock:,.4g}",
        f"{chosen.stock:,.4g}",
        money(today.stock * each.unit_value),
        money(chosen.stock * each.unit_value),
    ]
    rule = short(chosen.rule) if each.changes else f"today's: {short(today.rule)}"
    if not each.changes and each.findings.chosen != "today":
        rule += f" (chosen before: {short(chosen.rule)})"
    why = "" if each.findings.chosen in ("today", group) else each.findings.why
    means = "" if each.findings.chosen == "today" else MEANS.get(each.judgement, "")
    return {**rest, "advice": advice, "rule": rule, "now": short(each.rule), "why": why, "cells": cells,
            "means": means}  # fmt: skip


def _short(row: dict[str, Any]) -> str:
    """Return the name of the rule to change to, or that today's is kept."""
    return str(row["rule"].partition("(")[0] if row["advice"] == "change" else row["advice"])


def _group(name: Any, row: dict[Any, Any]) -> list[str]:
    cells = [str(name), f"{row['items']:,.0f}", money(row["value"]), money(row["cost_today"]), money(row["cost"])]
    return [*cells, money(row["saved"]), f"{row['just_in_time']:,.0f}", f"{row['just_in_case']:,.0f}"]


def picture(advice: Advice, each: Advised) -> Picture:
    """Draw what was sold in the held-out part, and the stock of the chosen rule and of today's practice."""
    series, grid_ = {name: np.array(values) for name, values in each.findings.series.items()}, advice.sales.grid
    starts = np.datetime_as_string(grid_.starts[advice.first : advice.last])
    keeps = each.findings.chosen == "today"
    shown = [
        Entry("sold", INK, line=True),
        *([] if keeps else [Entry("stock, chosen rule", STOCK, line=True)]),
        Entry("stock, today's", ORDER, line=True),
        *([Entry("demand not known", SHORT, opacity=0.3)] if series["unknown"].any() else []),
        *([Entry("promotion", DEMAND, opacity=0.5)] if series["promoted"].any() else []),
    ]
    top = max(float(np.max([series["sold"], series["held_chosen"], series["held_today"]])), 1e-9) * 1.05
    up = ticks(0, top, 4)
    sheet, box, lines = under_legend(shown, up, HIGH, BELOW)
    n = len(series["sold"])
    axes = Axes.within(sheet, box, (0, n), (0, top))
    for where, colour, opacity in ((series["unknown"], SHORT, 0.3), (series["promoted"], DEMAND, 0.5)):
        for t in np.flatnonzero(where).tolist():
            axes.span(t, t + 1, colour, opacity)

    def day(t: float) -> str:
        return str(starts[min(int(t), n - 1)])[:7]

    across = fitting_ticks(0, n - 1, box.right - box.left, day, whole=True)
    axes.grid(across, up)
    edges = np.arange(n + 1.0)
    axes.stairs(edges, series["sold"], INK, 0.9)
    axes.stairs(edges, series["held_today"], ORDER, 1.2)
    if not keeps:
        axes.stairs(edges, series["held_chosen"], STOCK, 1.4)
    axes.numbers_below(across, day, f"units, by {grid_.period}")
    axes.numbers_beside(up, plain_number)
    legend(sheet, lines, box.left, LINE - 2)
    chosen, today = each.chosen, each.today
    assert chosen is not None
    assert today is not None
    caption = f"Today's: {short(today.rule)}, {money(today.cost * each.per_year)} a year."
    if not keeps:
        caption = f"{short(chosen.rule)}: {money(chosen.cost * each.per_year)} a year. {caption}"
    says = (
        f"What was sold of {each.item} in the held-out part, and the stock of the chosen rule and of today's practice"
    )
    return Picture(each.item, caption, sheet.svg, says)


def print_advice(advice: Advice, console: Console) -> None:
    """Print the table, the groups, which items should be just in time, and the verdict."""
    from rich.text import Text

    console.print(Text(f"Advice for {advice.scenario.title or advice.scenario.name}", "bold"))
    console.print(Text(settings(advice), "dim"))
    order = by_difference(advice)
    rows = [_row(advice.items[k]) for k in order[:ROWS]]
    period = advice.sales.grid.period
    shown = [
        Column("group", [row["group"] for row in rows], 5),
        Column("rule", [_short(row) for row in rows], 0),
        *(
            Column(name, [row["cells"][k] for row in rows], rank)
            for k, (name, rank) in enumerate(
                [
                    ("saved", 1), ("95 %", 4), ("cost a year,\ntoday", 2), ("cost,\nrule", 2), ("served,\ntoday", 6),
                    ("served,\nrule", 6), ("stock,\ntoday", 7), ("stock,\nrule", 7), ("cash,\ntoday", 8),
                    ("cash,\nrule", 8),
                ]
            )
        ),
        Column("", [row["judgement"] for row in rows], 3),
    ]  # fmt: skip
    table, left_out = grid([row["name"] for row in rows], shown, console.width)
    table.columns[0].header = "item"
    console.print(table)
    if any(row["advice"] == "keep" and row["means"] for row in rows):
        console.print(Text(KEPT_SAYS, "dim"))
    if len(order) > len(rows):
        console.print(Text(f"{len(order) - len(rows):,} more items are in advice.csv and on the page.", "dim"))
    for name, row in zip(advice.groups.index, advice.groups.to_dict("records"), strict=True):
        cells = _group(name, row)
        console.print(Text(f"  {name}: {cells[1]} items, value {cells[2]} a year, saved {cells[5]} a year", "dim"))
    for stance, text in stances(advice):
        console.print(Text(f"{stance}: {text}"))
    console.print(Text(verdict(advice), "bold"))
    blocks = (
        f"Intervals are from blocks of {plural(advice.block, period)} of the held-out part (moving block bootstrap)."
    )
    console.print(Text(f"{by_all_items(advice)}{blocks}", "dim"))
    for note in (*advice.together, *advice.notes):
        console.print(Text.assemble(("Note: ", "bold yellow"), plain(note)))
    if left_out:
        console.print(Text("A wider terminal shows more columns, and the page all figures.", "dim"))


def document(advice: Advice, command: str) -> dict[str, Any]:
    """Return the verdict as plain JSON."""
    return {
        "verdict": verdict(advice),
        "saved": {name: value if isfinite(value) else None for name, value in advice.saved._asdict().items()},
        "practice": advice.practice.words,
        "held_out": [str(advice.sales.grid.starts[k]) for k in (advice.first, advice.last - 1)],
        "block": advice.block,
        "choice": {"group": advice.choice.group, "own": advice.choice.own},
        "items": [_plain(row) for row in advice.frame.reset_index().to_dict("records")],
        "groups": [_plain(row) for row in advice.groups.reset_index().to_dict("records")],
        "notes": [*advice.together, *advice.notes],
        "provenance": origin(advice.scenario, command),
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(name): None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()
    }


def csv_of(frame: Any, index: bool = True) -> str:
    """Return a table as CSV, with numbers to six digits."""
    text: str = frame.to_csv(index=index, lineterminator="\n", float_format="%.6g")
    return text


def rules_of(advice: Advice) -> str:
    """Return the rule of each item as CSV, as `jit-gym order` reads it."""
    import pandas as pd

    rules: Sequence[tuple[str, str]] = list(advice.rules.items())
    return csv_of(pd.DataFrame(rules, columns=["item", "rule"]), index=False)
