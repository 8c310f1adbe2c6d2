"""A comparison over the worlds of a family, as a table for the terminal, as plain JSON, and as one HTML page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.statistics import Estimate
from ..envs.rendering import INK, STOCK
from ..evaluation import FamilyComparison
from ..scenario import Distribution, Family
from ..scenario.axis import meaning_of
from . import catalogue, index, network
from .axes import Axes, fitting_ticks, left_margin, plain_number
from .columns import Column, grid, plus_minus
from .figures import Picture
from .provenance import origin
from .svg import MUTED, WIDTH, Box, Sheet
from .templating import environment
from .words import a, digits, half, listed

if TYPE_CHECKING:
    from rich.console import Console


def print_table(comparison: FamilyComparison, console: Console, tuned: bool) -> None:
    """Print how each policy does against the first one over all worlds, and in how many it is the best."""
    table, left_out = grid(comparison.policies, columns(comparison), console.width)
    console.print(table)
    console.print()
    console.print(verdict(comparison), soft_wrap=True)
    console.print(settings(comparison, tuned), soft_wrap=True)
    for k in range(1, len(comparison.policies)):
        console.print(sentence(comparison, k), soft_wrap=True)
    if len(comparison.policies) > 2:
        console.print("The intervals hold all together with 95 %.", style="dim", soft_wrap=True)
    for note in notes_of(comparison):
        console.print(f"Note: {note}", soft_wrap=True, markup=False)
    if left_out:
        console.print("A wider terminal shows more columns, and --json all figures.", style="dim", soft_wrap=True)


def columns(comparison: FamilyComparison) -> list[Column]:
    """Return what is shown of each policy; the first is what the others are compared with."""
    others = range(1, len(comparison.policies))
    shares = [comparison.over_worlds(k) for k in others]
    worst = [comparison.worst(k) for k in others]
    against = f"{comparison.figure}, %\nagainst {comparison.policies[0]}"
    wins = [f"{comparison.wins(k)} of {len(comparison.comparisons)}" for k in (0, *others)]
    intervals = [_interval(share) if math.isfinite(share.error) else "" for share in shares]
    return [
        Column(against, ["", *(_percent(share.mean) for share in shares)], 0),
        Column("95 % interval\nover worlds", ["", *intervals], 1),
        Column("best, or\nas good", wins, 2),
        Column("worst\nworld", ["", *(f"{_percent(most)} ({name.rpartition('-')[2]})" for name, most in worst)], 3),
    ]


def verdict(comparison: FamilyComparison) -> str:
    """Say which policy is the best, or practically as good, in most worlds."""
    worlds, wins = len(comparison.comparisons), [comparison.wins(k) for k in range(len(comparison.policies))]
    if len(wins) == 1 or worlds == 1:
        return f"{listed(comparison.policies)}: {worlds} world{'' if worlds == 1 else 's'} of {comparison.family.name}."
    most = max(wins)
    often = [name for name, won in zip(comparison.policies, wins, strict=True) if won == most]
    in_all = "in all worlds" if most == worlds else f"in {most} of {worlds} worlds"
    return f"{listed(often)} {'is' if len(often) == 1 else 'are'} the best, or practically as good, {in_all}."


def notes_of(comparison: FamilyComparison) -> list[str]:
    """Return what a reader must know, as the comparisons of the worlds say it, and of how many worlds it holds."""
    worlds = len(comparison.comparisons)
    told = Counter(note for each in comparison.comparisons for note in dict.fromkeys(each.notes))
    return [note if many == worlds else f"{note} (in {many} of {worlds} worlds)" for note, many in told.items()]


def settings(comparison: FamilyComparison, tuned: bool) -> str:
    """Say which worlds were played, on how many paths, and where parameters come from."""
    how = "tuned in each world" if tuned else "as given, or by formula in each world (--tuned tunes them)"
    return f"{_range(comparison)}. Rules play {how}."


def sentence(comparison: FamilyComparison, policy: int) -> str:
    """Return what the worlds tell of a policy against the first one."""
    first, name, share = comparison.policies[0], comparison.policies[policy], comparison.over_worlds(policy)
    what = {"cost": "costs", "profit": "earns", "discounted_reward": "earns (discounted)"}[comparison.figure]
    if not math.isfinite(share.error):
        return f"{name} {what} {_percent(share.mean)} against {first} in the one world that was played."
    if share.low <= 0 <= share.high:
        return f"Over these worlds {name} is not told apart from {first}: {_between(share)}."
    more = "more" if share.mean > 0 else "less"
    return f"Over these worlds {name} {what} {100 * abs(share.mean):.1f} % {more} than {first} ({_between(share)})."


def document(comparison: FamilyComparison, command: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the numbers, and where they come from, as plain JSON; what is not defined is null."""
    frame, by_world = comparison.frame().reset_index(), comparison.by_world().reset_index()
    return {
        **origin(comparison.family.base, command, notes),
        "family": comparison.family.name,
        "regime": comparison.regime,
        "figure": comparison.figure,
        "policies": [_plain(row) for row in frame.to_dict("records")],
        "worlds": [_plain(row) for row in by_world.to_dict("records")],
    }


def write(
    comparison: FamilyComparison,
    path: Path,
    *,
    tuned: bool,
    command: str | None = None,
    notes: Sequence[str] = (),
    indexed: bool = False,
) -> None:
    """Write the page of a comparison over worlds into an HTML file that needs no other one.

    Args:
        comparison: what `compare_family` returned.
        path: of the file; missing folders are made.
        tuned: whether rules were tuned.
        command: the command line that makes it again.
        notes: what a reader should know.
        indexed: whether to list it in an `index.html` beside it.

    Raises:
        OSError: if the file cannot be written; then there is no half of it either.
    """
    of, others = comparison.family, range(1, len(comparison.policies))
    first = comparison.comparisons[0]
    page = environment().get_template("family.html.jinja").render(
        family=of,
        title=of.title or of.name,
        base=of.base,
        **network.of_page(of.base),
        regime=comparison.regime,
        figure=comparison.figure.replace("_", " "),
        period=a(of.base.horizon.period),
        verdict=verdict(comparison),
        sentences=[sentence(comparison, k) for k in others],
        settings=settings(comparison, tuned),
        notes=[*notes, *notes_of(comparison)],
        policies=comparison.policies,
        columns=columns(comparison),
        does=[catalogue.explained(result.player) for result in first.results],
        varies=varied(of, comparison.regime),
        picture=picture(comparison) if len(comparison.policies) > 1 else None,
        **_by_world(comparison),
        birth=origin(of.base, command, notes),
        described=described(of),
    )  # fmt: skip
    index.publish(page, path, indexed)


def varied(of: Family, regime: str) -> list[tuple[str, str, str]]:
    """Return each key that varies in a regime, with what it means and the values that it may have."""
    rows = []
    for key, values in of.varied(regime).items():
        told = str(values) if isinstance(values, Distribution) else listed(list(map(_value, values)), "or")
        rows.append((key, meaning_of(of.base, key), told))
    return rows


def described(of: Family) -> str:
    """Return a family as a YAML file that names its scenario."""
    import yaml

    plain = of.model_dump(mode="json", exclude_unset=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)


def picture(comparison: FamilyComparison) -> Picture:
    """Draw how much more of the figure each policy has than the first one: a dot a world, and the mean with its bar."""
    names = comparison.policies[1:]
    sheet = _dots(comparison, [name[:24] for name in names])
    better = "left" if comparison.figure == "cost" else "right"
    caption = (
        f"Each grey dot is a world; the blue one is their mean, with its 95 % interval. Further {better} is better than"
        f" {comparison.policies[0]}, which is 0."
    )
    says = "; ".join(f"{name} {_percent(comparison.over_worlds(k + 1).mean)}" for k, name in enumerate(names))
    title = f"More or less than {comparison.policies[0]}, world by world"
    return Picture(title, caption, sheet.svg, f"Mean over worlds against {comparison.policies[0]}: {says}.")


def _dots(comparison: FamilyComparison, names: Sequence[str]) -> Sheet:
    """Draw a row for each policy but the first: a dot a world, and below them the mean with its bar."""
    shares = 100 * comparison.shares[:, 1:]
    means = [comparison.over_worlds(k) for k in range(1, len(comparison.policies))]
    wide = [100 * half(each) if math.isfinite(each.error) else 0.0 for each in means]
    shown = shares[np.isfinite(shares)]
    ends = [100 * each.mean + side for each, much in zip(means, wide, strict=True) for side in (-much, much)]
    ends = [each for each in (0.0, *ends, *shown) if math.isfinite(each)]
    free = 0.05 * (max(ends) - min(ends)) or 1.0
    scale = min(ends) - free, max(ends) + free
    sheet = Sheet(6 + 30.0 * len(names) + 30)
    box = Box(left_margin(names), 6, 0.95 * WIDTH, 6 + 30.0 * len(names))
    axes = Axes.within(sheet, box, scale, (len(names) - 0.5, -0.5))
    at = fitting_ticks(*scale, box.right - box.left, _signed)
    axes.grid(across=at)
    axes.vertical(0, INK, 0.8)
    for row, (share, much) in enumerate(zip(means, wide, strict=True)):
        for each in shares[:, row][np.isfinite(shares[:, row])]:
            sheet.dot(axes.x.at(each), axes.y.at(row + 0.14), 1.75, MUTED, 0.6)
        if math.isfinite(share.mean):
            axes.point(100 * share.mean, row - 0.14, STOCK, 6, wide=much)
    axes.names_beside(names)
    axes.numbers_below(at, _signed, f"{comparison.figure.replace('_', ' ')} against {comparison.policies[0]}")
    return sheet


def _signed(percent: float) -> str:
    return f"{'+' if percent > 0 else ''}{plain_number(percent)} %"


def _by_world(comparison: FamilyComparison) -> dict[str, Any]:
    """Return a row for each world, with what varies in it and each policy's figure, and the headings of both."""
    keys, rows = list(comparison.family.varied(comparison.regime)), []
    for k, each in enumerate(comparison.comparisons):
        estimates = [result.estimate(each.figure) for result in each.results]
        points = digits([one.mean for one in estimates], map(half, estimates))
        values = comparison.family.values(k, comparison.regime)
        cells = [(plus_minus(one, points), each.results[j] is each.best) for j, one in enumerate(estimates)]
        rows.append({"world": k, "values": [_value(values[key]) for key in keys], "cells": cells})
    return {"keys": [".".join(key.split(".")[-2:]) for key in keys], "worlds": rows}


def _value(value: Any) -> str:
    """Return a value of what varies as one reads it: a distribution or a shock by its name."""
    if isinstance(value, Mapping) and "shock" in value:
        return str(value["shock"])
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key}={_value(item)}" for key, item in value.items() if key != "name")
        return f"{value.get('name', '')}({inside})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)


def _range(comparison: FamilyComparison) -> str:
    worlds = len(comparison.comparisons)
    varies = ", ".join(comparison.family.varied(comparison.regime))
    paths = comparison.comparisons[0].results[0].paths
    return (
        f"{worlds} worlds of {comparison.family.name}, regime {comparison.regime}, {paths} paths in each; what varies: "
        f"{varies}"
    )


def _between(share: Estimate) -> str:
    return f"95 % interval {_interval(share)} %"


def _interval(share: Estimate) -> str:
    return f"{100 * share.low:+.1f} to {100 * share.high:+.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %" if math.isfinite(share) else "undefined"


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
