"""A tuned rule: as lines for the terminal, and as plain numbers for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..evaluation import Comparison, Judgement, Service, Tuning, judged
from ..policies import Rule
from .columns import COLOURS, plus_minus
from .numbers import plain
from .provenance import origin
from .table import against_the_best
from .words import a, conventions, digits, gap_sentence, half

if TYPE_CHECKING:
    from rich.console import Console


def print_tuned(rule: Rule, played: Comparison, again: str, console: Console) -> None:
    """Print the rule as one may paste it, what it and its formula cost, and the command that plays it again.

    Args:
        rule: the tuned rule.
        played: the rule played, which tells how far it is from the best there can be.
        again: the command.
        console: where to print.
    """
    from rich.table import Table
    from rich.text import Text

    tuning, scenario = rule.tuning, rule.scenario
    estimates = tuning.estimate, tuning.formula_estimate
    points = digits([each.mean for each in estimates], map(half, estimates))
    fine = digits([tuning.difference.mean], [half(tuning.difference)])
    verdict = against_formula(tuning, played.threshold)

    console.print(Text(scenario.title or scenario.name, "bold"))
    console.print(Text(settings(rule), "dim"))
    console.print(Text(str(rule), "bold cyan"), soft_wrap=True)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    grid.add_row(f"  {_figure(rule)}", plus_minus(tuning.estimate, points), "")
    grid.add_row("  by formula", plus_minus(tuning.formula_estimate, points), Text(tuning.formula, "dim"))
    grid.add_row("  difference", plus_minus(tuning.difference, fine, "+"), Text(verdict, COLOURS.get(verdict, "")))
    for name, served in (("fill rate", tuning.service), ("by formula", tuning.formula_service)):
        if served is not None:
            grid.add_row(f"  {name}", str(served), f"{served.reaches()} {100 * served.required:g} %")
    for column in against_the_best(played):
        grid.add_row(f"  {column.name.replace(chr(10), ' ')}", column.cells[0], "")
    console.print(grid)
    console.print(Text(gap_sentence(played), "dim"))
    if said := conventions(played):
        console.print(Text(said, "dim"))
    for note in played.notes:
        console.print(Text.assemble(("Note: ", "bold yellow"), note))
    console.print(Text(f"Next: {again}", "dim"), soft_wrap=True)


def settings(rule: Rule) -> str:
    """Return what was tried and what was played, in a line."""
    tuning, scenario = rule.tuning, rule.scenario
    warmup = f" after {tuning.warmup:,} of warm-up" if tuning.warmup else ""
    period = f"{scenario.horizon.period}s"
    played = f"{tuning.tried:,} candidates, {tuning.spent / 1e6:.1f} million {period} played"
    fresh = f"estimates on {tuning.paths:,} fresh paths of {tuning.periods:,} {period}{warmup}"
    return f"{scenario.name}: {played}; {fresh}, ± is half of a 95 % interval"


def document(rule: Rule, played: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the tuned rule, what it costs, how far that is from the best, and where it comes from, as plain JSON."""
    tuning, best = rule.tuning, played.optimality_gap
    return {
        "policy": str(rule),
        "parameters": rule.parameters,
        "figure": tuning.figure,
        "estimate": plain(tuning.estimate),
        "formula": {"policy": tuning.formula, "estimate": plain(tuning.formula_estimate)},
        "difference": plain(tuning.difference),
        "against_formula": against_formula(tuning, played.threshold) or None,
        "service": _service(tuning.service),
        "formula_service": _service(tuning.formula_service),
        "gap_to": best and best.to,
        "gap": best and plain(best.of(played.results[0])),
        "tried": tuning.tried,
        "spent": tuning.spent,
        "budget": tuning.budget,
        "notes": list(played.notes),
        "provenance": {
            "seed": tuning.seed,
            "paths": tuning.paths,
            "periods": tuning.periods,
            "warmup": tuning.warmup,
            **origin(rule.scenario, command, notes),
        },
    }


def against_formula(tuning: Tuning, threshold: float) -> Judgement:
    """Return whether the tuned parameters are better than those by formula, or practically the same.

    Nothing where the scenario asks for a fill rate that one of them misses or may miss: costs alone do not tell then.
    """
    services = tuning.service, tuning.formula_service
    if any(each is not None and each.reaches() != "meets" for each in services):
        return ""
    return judged(tuning.difference, tuning.figure, threshold * abs(tuning.estimate.mean))


def _service(service: Service | None) -> dict[str, Any] | None:
    """Return a fill rate, the one that is asked for, and whether it is reached, as plain JSON."""
    if service is None:
        return None
    return {"required": service.required, "reaches": service.reaches(), "fill_rate": plain(service.fill_rate)}


def _figure(rule: Rule) -> str:
    if rule.tuning.figure == "discounted_reward":
        return "discounted reward"
    return f"{rule.tuning.figure} {a(rule.scenario.horizon.period)}"
