"""A stress test as tables for the terminal, as JSON, and as one HTML page with the curves of service through time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common import files
from ..common.statistics import Estimate
from ..evaluation import Comparison, Stress, Struck, Worth
from ..evaluation.having import QUESTIONS
from ..scenario.window import slowest_delivery
from . import network
from .columns import plus_minus
from .numbers import plain, resilience
from .provenance import origin, yaml_of
from .resilience import curve, figures, print_resilience
from .templating import environment
from .words import a, digits, half, labels, listed

if TYPE_CHECKING:
    from rich.console import Console

ENOUGH = 0.05  # periods of lost service: less is no difference to act on


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
    return (
        f"{stress.scenario.name}{own}: each shock hits {listed(list(stress.hits))} in {period} {stress.at:,}, on"
        f" {stress.paths:,} path{'' if stress.paths == 1 else 's'}, seed {stress.seed}. Its length differs between"
        " paths. Policies keep the parameters that they have for the scenario as it is, and know of no shock but by its"
        " warning."
    )


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
    for table in worth_of(stress, saved):
        console.print()
        console.print(Text.assemble((table["title"], "bold"), f" ({table['meaning']})"))
        for name, cell in table["rows"]:
            console.print(Text(f"  {name}: {cell}".rstrip()))


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
                    for result, measured in zip(struck.results, struck.measured, strict=True)
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
