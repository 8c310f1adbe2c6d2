"""A stress test as tables for the terminal, as JSON, and as one HTML page with the curves of service through time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..common import files
from ..common.statistics import Estimate
from ..evaluation import Comparison, Stress, Struck, Worth
from ..evaluation.having import QUESTIONS
from ..evaluation.item_losses import ItemLosses
from ..scenario.window import slowest_delivery
from . import network
from .columns import plus_minus
from .numbers import plain, resilience
from .provenance import origin, yaml_of
from .resilience import curve, figures, print_resilience
from .templating import environment
from .words import a, digits, half, labels, listed, number

if TYPE_CHECKING:
    from rich.console import Console

ENOUGH = 0.05  # periods of lost service: less is no difference to act on
NAMED = 3  # of what is struck; of more it is said how many
MOST_ITEMS = 50  # items of a page's table: those that cost most
SHOWN_ITEMS = 8  # of a table on the terminal


def names_of(struck: Struck) -> list[str]:
    """Return a short name of each policy that is not another's too."""
    return labels(Comparison(struck.results, gap=False))


def verdict(struck: Struck) -> str:
    """Say which policies lose least service under a shock, and whether that is clear on these paths."""
    names, period = names_of(struck), struck.scenario.horizon.period
    lost = [each.figures["area_of_loss"] for each in struck.measured]
    best = int(np.argmin([np.nanmean(each) for each in lost]))
    gaps = [Estimate.of(each - lost[best], len(lost) - 1) for each in lost]
    alike = [k for k, gap in enumerate(gaps) if gap.mean <= ENOUGH or not gap.low > 0]
    most = int(np.argmax([gap.mean for gap in gaps]))
    means = [Estimate.of(each) for each in lost]
    points = digits([each.mean for each in means], map(half, means), significant=2)
    if len(names) == 1:
        return f"{names[0]} loses {plus_minus(means[0], points)} {period}s of service."
    if len(alike) == len(names):
        much = f"{plus_minus(means[best], points)} {period}s of service"
        return f"{listed(names)} lose about as much, {much} or little more."
    who = listed([names[k] for k in alike])
    verb = "loses least" if len(alike) == 1 else "lose least, and are not told apart"
    return (
        f"{who} {verb}: {plus_minus(means[best], points)} {period}s of service; {names[most]} loses most,"
        f" {plus_minus(means[most], points)}."
    )


def heading(struck: Struck) -> str:
    """Say what a shock is, how long it lasts and what it does, and what is assumed of it."""
    shock, days = struck.shock, struck.shock.days
    event = struck.scenario.disruptions[struck.name]
    says = [
        f"{days.least:g} to {days.greatest:g} days, mostly {days.likeliest:g}"
        if days.least < days.greatest
        else f"{days.least:g} days",
        f"{shock.stops} at {100 * shock.left:g} %" if shock.left < 1 else "",
        f"{event.delays:,} {struck.scenario.horizon.period}s longer on the way" if event.delays else "",
        f"announced {event.announced:,} {struck.scenario.horizon.period}s ahead" if event.announced else "",
        f"chance {100 * shock.a_year:g} % a year",
    ]
    return "; ".join(filter(None, says))


def settings(stress: Stress) -> str:
    """Say what was struck, when, and on how many paths."""
    period = stress.scenario.horizon.period
    own = ", without its own disruptions" if stress.scenario.disruptions else ""
    lasts = [each.shock.days for each in stress.struck]
    differs = " Its length differs between paths." if any(each.least < each.greatest for each in lasts) else ""
    return (
        f"{stress.scenario.name}{own}: each shock hits {_few(stress.hits)} in {period} {stress.at:,}, on"
        f" {stress.paths:,} path{'' if stress.paths == 1 else 's'}, seed {stress.seed}.{differs}"
        " Policies keep the parameters that they have for the scenario as it is, and know of no shock but by its"
        " warning."
    )


def _few(names: Sequence[str]) -> str:
    """Return names as a sentence lists them, and of many the first ones and how many more there are."""
    return listed(list(names) if len(names) <= NAMED + 1 else [*names[:NAMED], f"{len(names) - NAMED} more"])


class ItemTable(NamedTuple):
    """What a shock does to items, as texts: a row an item, and three columns a policy."""

    heads: list[str]
    rows: list[tuple[str, list[str]]]
    left_out: int


def items_of(struck: Struck) -> ItemTable | None:
    """Return what a shock does to each item, those first that cost most; None where that was not asked for."""
    if not struck.items:
        return None
    cost = np.stack([each.cost for each in struck.items])
    order = np.argsort(-cost.max(axis=0), kind="stable")[:MOST_ITEMS].tolist()
    names = [_item(struck, name) for name in struck.scenario.demands]
    points = digits(cost[:, order].ravel(), significant=3)
    period = struck.scenario.horizon.period
    rows = [(names[k], [text for each in struck.items for text in _told_of(each, k, points, period)]) for k in order]
    return ItemTable(names_of(struck), rows, len(names) - len(rows))


def _item(struck: Struck, demand: str) -> str:
    """Return what a demand is for: its stock, where it is one."""
    return " + ".join(struck.scenario.demands[demand].draws_on)


def _told_of(losses: ItemLosses, k: int, points: int, period: str) -> tuple[str, str, str]:
    """Return how often an item runs dry, after how many periods, and what that costs."""
    after = "–" if np.isnan(losses.after[k]) else f"{losses.after[k]:g}"
    return f"{100 * losses.dry[k]:.0f} %", after, number(losses.cost[k], min(points, 2))


def worth_of(stress: Stress, saved: Sequence[Worth]) -> list[dict[str, Any]]:
    """Return for each question what is compared, and what each policy saves by it, in words."""
    period, notice = stress.scenario.horizon.period, 1 + slowest_delivery(stress.scenario)
    tables = []
    for question, meaning in QUESTIONS.items():
        rows = [each for each in saved if each.question == question]
        if not rows:
            continue
        points = digits([each.saved.mean for each in rows], [half(each.saved) for each in rows], significant=3)
        cells = [
            "nothing: it plays the same" if each.unused else f"{plus_minus(each.saved, points)} {_told(each.saved)}"
            for each in rows
        ]
        title = f"A {question}" if question != "information" else "Information"
        tables.append(
            {
                "title": f"{title}, saved {a(period)}",
                "meaning": meaning.format(warning=notice, period=period),
                "rows": list(zip([each.policy for each in rows], cells, strict=True)),
            }
        )
    return tables


def _told(saved: Estimate) -> str:
    """Say where an interval holds 0: it is not told whether anything is saved."""
    return "(not told apart from nothing)" if saved.low <= 0 <= saved.high else ""


def print_stress(stress: Stress, saved: Sequence[Worth], console: Console) -> None:
    """Print a table for each shock with its verdict, and what a second source, a warning and information are worth."""
    from rich.text import Text

    console.print(Text(f"Stress test of {stress.scenario.title or stress.scenario.name}", "bold"))
    console.print(Text(settings(stress), "dim"))
    for k, struck in enumerate(stress.struck):
        console.print()
        console.print(Text.assemble((f"{struck.shock.title}", "bold"), f" ({struck.name}): {heading(struck)}"))
        last = k == len(stress.struck) - 1
        print_resilience(names_of(struck), struck.measured, console, title=False, legend=last)
        console.print(Text(verdict(struck)))
        if (items := items_of(struck)) is not None:
            _print_items(items, struck, console)
    for table in worth_of(stress, saved):
        console.print()
        console.print(Text.assemble((table["title"], "bold"), f" ({table['meaning']})"))
        for name, cell in table["rows"]:
            console.print(Text(f"  {name}: {cell}".rstrip()))


def explained(struck: Struck) -> str:
    """Say what the table of items tells."""
    period = struck.scenario.horizon.period
    return (
        f"Dry: the share of paths on which less is served from the shelf than without the shock; after: {period}s from "
        "the shock until then (median); cost: what shortage and holding cost more, in all."
    )


def _print_items(items: ItemTable, struck: Struck, console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    for k, head in enumerate(items.heads):
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        table.add_column(f"items under {head}", overflow="fold")
        for column in ("dry", "after", "cost"):
            table.add_column(column, justify="right", min_width=6)
        for name, cells in items.rows[:SHOWN_ITEMS]:
            table.add_row(Text(name), *cells[3 * k : 3 * k + 3])
        console.print()
        console.print(table)
    more = items.left_out + max(len(items.rows) - SHOWN_ITEMS, 0)
    console.print(Text(explained(struck) + (f" {more} more items: --json has all." if more else ""), "dim"))


def document(
    stress: Stress, saved: Sequence[Worth], command: str | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return each figure of each policy under each shock, and where they come from, as plain JSON."""
    return {
        "hits": list(stress.hits),
        "at": stress.at,
        "paths": stress.paths,
        "seed": stress.seed,
        "notes": list(stress.notes),
        "shocks": {
            struck.name: {
                "title": struck.shock.title,
                "regime": struck.shock.regime,
                "source": struck.shock.source,
                "assumed": list(struck.shock.assumed),
                "periods": struck.scenario.horizon.periods,
                "verdict": verdict(struck),
                "policies": [
                    {"policy": result.policy, "cost": plain(result.estimate("cost")), **resilience(measured)}
                    | ({"items": _document_of(struck, struck.items[k])} if struck.items else {})
                    for k, (result, measured) in enumerate(zip(struck.results, struck.measured, strict=True))
                ],
            }
            for struck in stress.struck
        },
        "worth": [
            {"policy": each.policy, "of": each.question, "saved": plain(each.saved), "unused": each.unused}
            for each in saved
        ],
        "provenance": origin(stress.scenario, command, notes),
    }


def _document_of(struck: Struck, losses: ItemLosses) -> dict[str, Any]:
    """Return what a shock does to each item, as plain JSON."""
    names = [_item(struck, name) for name in struck.scenario.demands]
    after = [None if np.isnan(each) else float(each) for each in losses.after]
    rows = zip(names, losses.dry.tolist(), after, losses.lost.tolist(), losses.cost.tolist(), strict=True)
    return {name: {"dry": dry, "after": when, "lost": lost, "cost": cost} for name, dry, when, lost, cost in rows}


def write(
    stress: Stress, saved: Sequence[Worth], path: str | Path, *, command: str | None = None, notes: Sequence[str] = ()
) -> None:
    """Write the page of a stress test into an HTML file that needs no other one.

    Raises:
        OSError: if the file cannot be written; then there is no half of it either.
    """
    birth = origin(stress.scenario, command, [*notes, *stress.notes])
    parts: list[dict[str, Any]] = []
    for struck in stress.struck:
        names = names_of(struck)
        title = f"{struck.shock.title}: service through time"
        parts.append(
            {
                "struck": struck,
                "names": names,
                "heading": heading(struck),
                "verdict": verdict(struck),
                "told": figures(struck.measured),
                "picture": curve(names, struck.measured, title),
                "items": items_of(struck),
                "explained": explained(struck),
            }
        )
    page = environment().get_template("stress.html.jinja")
    text = page.render(
        scenario=stress.scenario,
        **network.of_page(stress.scenario),
        settings=settings(stress),
        parts=parts,
        legend=parts[-1]["told"].legend,
        worth=worth_of(stress, saved),
        notes=birth["notes"],
        birth=birth,
        resolved=yaml_of(stress.scenario),
    )
    files.write(Path(path), text)
