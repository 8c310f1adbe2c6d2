"""Learning curves: what an agent cost at each evaluation of its training, beside its rows and drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..common import files
from ..common.checks import BadInput, one_line
from ..common.statistics import interquartile_mean
from ..report.axes import LINE, Axes, Entry, left_margin, legend, legend_lines, plain_number, ticks
from ..report.figures import Picture
from ..report.svg import EDGE, LETTERS, WIDTH, Box, Sheet
from .profiles import BELOW, COLOURS, MARGIN
from .rows import file_of

SUFFIX = ".curves.json"
HIGH, BAND = 130.0, 0.16
FARTHEST = 100.0  # per cent over the least cost; what is more is drawn there


class Curve(NamedTuple):
    """One training: what its budget had counted at each evaluation, and the cost a period on the validation paths."""

    at: list[float]
    costs: list[float]


def file_of_curves(results: Path, instance: str, policy: str) -> Path:
    """Return the file of an agent's curves on an instance, beside that of its rows."""
    return file_of(results, instance, policy).with_suffix(SUFFIX)


def keep(results: Path, instance: str, policy: str, seed: int, training: Path) -> None:
    """Keep the curve of a training, from the evaluations in its folder; one that is there already stays.

    Raises:
        BadInput: for evaluations, or a file of curves, that are damaged.
    """
    from ..agents.curve import evaluations

    known = read(results, instance, policy)
    if seed in known:
        return
    at, costs = evaluations(training / "evaluations.npz")
    known[seed] = Curve([float(f"{each:.10g}") for each in at], [float(f"{each:.6g}") for each in costs])
    text = json.dumps({str(each): known[each]._asdict() for each in sorted(known)}, separators=(",", ":"))
    files.write(file_of_curves(results, instance, policy), text + "\n")


def read(results: Path, instance: str, policy: str) -> dict[int, Curve]:
    """Return the curves of an agent on an instance, by seed; none where there is no file.

    Raises:
        BadInput: for a file that holds something else.
    """
    path = file_of_curves(results, instance, policy)
    if not path.is_file():
        return {}
    try:
        found = {int(seed): Curve(**curve) for seed, curve in json.loads(path.read_text(encoding="utf-8")).items()}
        for curve in found.values():
            at, costs = np.array(curve.at, float), np.array(curve.costs, float)
            if at.ndim != 1 or at.shape != costs.shape or len(at) == 0 or not np.isfinite([*at, *costs]).all():
                raise ValueError("needs a cost for each evaluation")
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: holds no learning curves: {one_line(error)}") from None
    return found


def picture(curves: Mapping[str, Mapping[int, Curve]]) -> Picture:
    """Draw the curves of some agents on one instance: the middle of the seeds, and the range of all of them.

    Costs are beside the least one of all these evaluations, which are on the same paths; what a rule costs there is not
    known, and what it costs on the paths that judge is another figure.

    Args:
        curves: by agent and seed.
    """
    least = min(cost for seeds in curves.values() for curve in seeds.values() for cost in curve.costs)
    drawn = {name: _over(list(seeds.values()), least) for name, seeds in curves.items()}
    entries = legend_lines([Entry(name, COLOURS[k + 1], line=True) for k, name in enumerate(drawn)], WIDTH, LETTERS)
    above = LINE * len(entries) + 8
    sheet = Sheet(above + HIGH + BELOW)
    lowest, highest = 0.0, max(1.0, *(float(over.max()) for _, over in drawn.values()))
    beside = ticks(lowest, highest, 5)
    box = Box(left_margin([_percent(each) for each in beside]), above, WIDTH * (1 - EDGE) - MARGIN, above + HIGH)
    axes = Axes.within(sheet, box, (0.0, 100.0), (lowest, highest))
    axes.grid((0, 25, 50, 75, 100), beside)
    axes.numbers_beside(beside, _percent)
    axes.numbers_below((0, 25, 50, 75, 100), plain_number, "share of the training, %")
    for k, (at, over) in enumerate(drawn.values()):
        edges = np.append(at, 100.0)
        axes.stairs_between(edges, over.min(axis=0), over.max(axis=0), COLOURS[k + 1], BAND)
        middle = np.array([interquartile_mean(column) for column in over.T])
        axes.stairs(edges, middle, COLOURS[k + 1], 1.8)
    legend(sheet, entries, 0, LETTERS, size=LETTERS)
    caption = (
        "Cost at each evaluation over the least of them all, on the paths that choose networks and judge nothing:"
        f" the middle of the seeds, and the range of all. {FARTHEST:g} % is also what is more."
    )
    said = "; ".join(
        f"{name} from {interquartile_mean(over[:, 0]):.1f} % to {interquartile_mean(over.min(axis=1)):.1f} % at best"
        for name, (_, over) in drawn.items()
    )
    return Picture("Learning curves", caption, sheet.svg, f"Learning curves, over the least cost: {said}.")


def _over(curves: list[Curve], least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where evaluations are, in per cent of the training (n,), and how much more they cost (seeds, n)."""
    shortest = min(len(each.at) for each in curves)
    at = 100.0 * np.array(curves[0].at[:shortest]) / max(each.at[-1] for each in curves)
    costs = np.array([each.costs[:shortest] for each in curves])
    return at, np.minimum(100.0 * (costs - least) / max(abs(least), 1e-12), FARTHEST)


def _percent(value: float) -> str:
    return f"{plain_number(value)} %"
