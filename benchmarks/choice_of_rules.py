"""Measure what it is worth to choose the rules of all items together, from several points of a shop's history.

    python benchmarks/choice_of_rules.py my-shop --origins 65:26,77:26,90:26,103:26,116:13

An origin 65:26 knows the first 65 periods of the sales: as in `jit-gym advise`, demand is fitted, rules are tuned, and
one of them is chosen for each item by its cost in the fitted world and in a back-test. The 26 periods after it judge.
The ways to choose: item by item, the mean of both figures; all items together (`choose`); and each rule for all items.
The best of these is known afterwards alone: its interval does not count that it was picked.

Costs are those over base-stock by formula: of all items, and the geometric mean over items, where each counts the same.
Their 95 % intervals are from items and blocks of periods, both drawn anew 2,000 times; each draw is the same for all
ways and origins. What was chosen stays in a draw. Over all origins the periods of an item are put together, so that
periods of two origins count twice, and in a draw both times.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rows import CERTIFICATE, certificate, refuse_known

from jit_gym.common import files
from jit_gym.common.checks import BadInput
from jit_gym.common.executor import HERE
from jit_gym.common.statistics import Estimate
from jit_gym.evaluation.judgement import THRESHOLD
from jit_gym.planning import Folder, open_folder
from jit_gym.planning.advice import KEPT, LEAST, judge_case
from jit_gym.planning.choice import LOWEST, choose
from jit_gym.planning.intervals import RESAMPLES, block_length, resampled
from jit_gym.planning.kept import Kept
from jit_gym.planning.practice import practice_of
from jit_gym.planning.trials import RULES
from jit_gym.planning.verdict import PRACTICE, Findings, cases_of
from jit_gym.planning.worlds import Shop, lead_time

FORMULA, ALONE, TOGETHER, ALL = "base-stock by formula", "item by item", "all items together", "all"
COLUMNS = [
    "scenario", "origin", "way", "against", "rules", "items", "periods",
    "total", "total_low", "total_high", "geometric", "geometric_low", "geometric_high", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:4]


class Origin(NamedTuple):
    """How many periods are known, and how many after them judge."""

    known: int
    judging: int

    def __str__(self) -> str:
        return f"{self.known}:{self.judging}"


class Played(NamedTuple):
    """What some ways to choose cost, by way: the rule of each item, and its costs (items, periods).

    `when` has the number of each period (periods,) in the history.
    """

    rules: dict[str, tuple[str, ...]]
    costs: dict[str, np.ndarray]
    when: np.ndarray


def origins_of(text: str) -> list[Origin]:
    """Return the origins in a text such as 65:26,77:26."""
    try:
        return [Origin(*map(int, each.split(":"))) for each in text.split(",")]
    except (TypeError, ValueError):
        raise BadInput(f"--origins: must be periods known:periods after them, as 65:26,77:26, got {text!r}") from None


def judged(folder: Folder, origins: Sequence[Origin], rules: Sequence[str] = RULES) -> list[list[Findings]]:
    """Return what each rule comes to on each item, from each origin; it is kept in the folder, as `advise` does."""
    shop, sales = Shop(folder.scenario, folder.sales.items), folder.sales
    if shop.coupled:
        raise BadInput(f"{folder.path}: items share {shop.coupled[0]}, and can only be judged together")
    for origin in origins:
        if origin.known < 2 * LEAST or origin.judging < LEAST or sum(origin) > sales.grid.many:
            least = f"{2 * LEAST} periods or more, and {LEAST} or more after them, of {sales.grid.many}"
            raise BadInput(f"--origins: each must know {least}, got {origin}")
    practice = practice_of("base-stock", folder.path, sales.items, sales.keys, sales.by, sales.grid)
    store, found = Kept(folder.path / KEPT), []
    for known, judging in origins:
        cases = cases_of(shop, sales, practice, known, known + judging, rules)
        found.append(store.run(judge_case, cases, [each.key for each in cases], Findings.of, HERE, None))
    return found


def alone(found: Findings) -> str:
    """Return the rule with the least mean of both figures on an item, today's unless it is better by what matters."""
    scores = {name: each.score for name, each in found.tried.items() if each.score is not None}
    best = min(scores, key=scores.__getitem__)
    return PRACTICE if scores[best] >= (1 - THRESHOLD) * scores[PRACTICE] else best


def played(origin: Origin, findings: Sequence[Findings], items: Sequence[str]) -> Played:
    """Return what each way to choose costs after an origin, on some items; the choice knows all that were judged."""
    together = dict(zip([each.item for each in findings], choose(findings).rules, strict=True))
    mine = [each for each in findings if each.item in items]
    rules = {FORMULA: (PRACTICE,) * len(mine), ALONE: tuple(map(alone, mine))}
    rules[TOGETHER] = tuple(str(together[each.item]) for each in mine)
    everywhere = [rule for rule in mine[0].tried if rule != PRACTICE and all(rule in each.tried for each in mine)]
    rules |= {rule: (rule,) * len(mine) for rule in everywhere}
    costs = {
        way: np.array([each.plays[rule]["cost"] for each, rule in zip(mine, chosen, strict=True)])
        for way, chosen in rules.items()
    }
    for way, each in costs.items():
        if (bad := each.sum(axis=1) <= 0).any():
            item = mine[int(np.flatnonzero(bad)[0])].item
            raise BadInput(
                f"{item}: costs must be above 0 to be compared by their ratio (is revenue in them?), by {way}"
            )
    return Played(rules, costs, np.arange(origin.known, sum(origin)))


def joined(parts: Sequence[Played]) -> Played:
    """Return all origins as one, with the ways that there are at each."""
    ways = [way for way in parts[0].rules if all(way in part.rules for part in parts)]
    return Played(
        {way: sum((part.rules[way] for part in parts), ()) for way in ways},
        {way: np.concatenate([part.costs[way] for part in parts], axis=1) for way in ways},
        np.concatenate([part.when for part in parts]),
    )


def ratios(ours: np.ndarray, theirs: np.ndarray, when: np.ndarray, longest: float) -> tuple[Estimate, Estimate]:
    """Return costs (items, periods) over others, in total and as the geometric mean over items, with intervals.

    Args:
        ours, theirs: what is compared.
        when: the number of each period (periods,) in the history.
        longest: of the lead times.
    """
    numbers, place = np.unique(when, return_inverse=True)
    draws = resampled(len(numbers), block_length(len(numbers), longest))
    periods = np.stack([np.bincount(each, minlength=len(numbers)) for each in draws])[:, place]
    many = len(ours)
    items = np.random.default_rng(1).multinomial(many, np.full(many, 1 / many), RESAMPLES)
    all_once = np.ones((1, len(when))), np.ones((1, many))
    found = []
    for p, i in (all_once, (periods, items)):
        # (draws, items); a draw of periods without any cost counts as LOWEST of all, as its logarithm is taken
        sums = [np.maximum(p @ each.T, LOWEST * each.sum(axis=1)) for each in (ours, theirs)]
        total = (i * sums[0]).sum(axis=1) / (i * sums[1]).sum(axis=1)
        found.append((total, np.exp((i * np.log(sums[0] / sums[1])).sum(axis=1) / many)))
    return tuple(  # type: ignore[return-value]
        Estimate(float(mean[0]), float(drawn.std(ddof=1)), *map(float, np.quantile(drawn, [0.025, 0.975])))
        for mean, drawn in zip(*found, strict=True)
    )


def rows(folder: Folder, origins: Sequence[Origin], findings: Sequence[Sequence[Findings]]) -> list[dict[str, object]]:
    """Return a row for each origin and way, and for all origins, with the items that are judged at each origin."""
    items = [each[0].item for each in zip(*findings, strict=True) if all(PRACTICE in found.tried for found in each)]
    if not items:
        raise BadInput(f"{folder.path}: no item has enough history before each origin (later origins)")
    longest = max(lead_time(Shop(folder.scenario, items).part([item]), item) for item in items)
    parts = {str(o): played(o, each, items) for o, each in zip(origins, findings, strict=True)}
    out, told = [], certificate(folder.scenario)
    for origin, part in {**parts, ALL: joined(list(parts.values()))}.items():
        pairs = [*((way, FORMULA) for way in part.rules if way != FORMULA), (TOGETHER, ALONE)]
        for way, against in pairs:
            row: dict[str, object] = {
                "scenario": folder.scenario.name,
                "origin": origin,
                "way": way,
                "against": against,
            }
            chosen = Counter(FORMULA if rule == PRACTICE else rule for rule in part.rules[way])
            row |= {"rules": "; ".join(f"{rule} {n}" for rule, n in chosen.most_common())}
            row |= {"items": len(items), "periods": len(part.when)}
            both = ratios(part.costs[way], part.costs[against], part.when, longest)
            for name, each in zip(("total", "geometric"), both, strict=True):
                row |= {name: f"{each.mean:.4f}", f"{name}_low": f"{each.low:.4f}", f"{name}_high": f"{each.high:.4f}"}
            out.append(row | told)
    return out


def table(found: Sequence[dict[str, object]]) -> str:
    """Return the rows as Markdown."""
    lines = ["| origin | way | against | total cost | geometric mean | rules |", "|---|---|---|---|---|---|"]
    for row in found:
        cells = [
            "{:.3f} ({:.3f} to {:.3f})".format(*(float(str(row[f"{name}{end}"])) for end in ("", "_low", "_high")))
            for name in ("total", "geometric")
        ]
        rules = row["rules"] if row["way"] in (ALONE, TOGETHER) else ""
        lines.append(f"| {row['origin']} | {row['way']} | {row['against']} | {' | '.join(cells)} | {rules} |")
    return "\n".join(lines)


def main() -> None:
    """Judge, print the table, and write rows where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path, help="a folder that jit-gym new --demand wrote")
    parser.add_argument(
        "--origins", required=True, metavar="KNOWN:AFTER,...", help="periods known, and those that judge"
    )
    parser.add_argument("--out", type=Path, help="write the rows to this CSV file, too")
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    given = parser.parse_args()
    try:
        folder, origins = open_folder(given.shop), origins_of(given.origins)
        if given.out is not None:
            places = [(folder.scenario.name, str(origin), TOGETHER, ALONE) for origin in (*origins, ALL)]
            refuse_known(given.out, KEY, places, given.replace)
        found = rows(folder, origins, judged(folder, origins))
    except BadInput as error:
        parser.error(str(error))
    print(table(found))
    if given.out is not None:
        for row in found:
            files.add_row(given.out, COLUMNS, KEY, row, replace=given.replace)


if __name__ == "__main__":
    main()
