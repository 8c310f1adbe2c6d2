"""Advise which rule suits which item of a shop, what that saves against today's practice, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common import digest
from ..common.checks import BadInput
from ..common.executor import HERE, Executor, Tell
from ..common.statistics import Estimate
from ..common.text import plural
from ..evaluation.judgement import THRESHOLD, Judgement, judged
from ..scenario import Scenario
from . import coupled
from .choice import Choice, choose
from .depends import Depends, depends
from .folder import SALES, Folder, open_folder
from .intervals import block_length, estimated, resampled
from .kept import Kept
from .practice import Practice, practice_of
from .reading import Sales
from .trials import RULES
from .verdict import PRACTICE, Case, Findings, Tried, cases_of, judge, now
from .worlds import Shop, lead_time

if TYPE_CHECKING:
    import pandas as pd

KEPT = ".advise"
"""The folder, within a shop's, of the findings on each item, so that a run that was ended goes on."""
LEAST = 8
"""Periods that must be held out, at least."""
ABC = (0.8, 0.95)
"""Shares of the yearly value up to which items are A, and B."""
XYZ = (0.5, 1.0)
"""Coefficients of variation up to which items are X, and Y."""
SEARCHED = 24
"""Items, those of the highest cost, for which it is searched what the verdict depends on."""


@dataclass(frozen=True)
class Advised:
    """The verdict on one item: what was found out, and the conclusions of it. Money is a year.

    Attributes:
        findings: what was played.
        value: of the units used in a year.
        group: by value and variation, as AX.
        saved: today's cost less that of the rule that is recommended, with an interval from blocks of held-out periods.
        judgement: what the difference in cost means for the rule that is recommended: better, worse, same, unclear.
        stance: whether holding a safety stock pays: just in time, or just in case; nothing without a verdict.
        depends: what the verdict depends on; None where it was not searched.
    """

    findings: Findings
    value: float
    group: str
    saved: Estimate
    judgement: Judgement
    stance: str
    unit_value: float
    per_year: float
    depends: Depends | None = None

    @property
    def item(self) -> str:
        """Return its name."""
        return self.findings.item

    @property
    def chosen(self) -> Tried | None:
        """Return what is recommended; None without a verdict."""
        return None if self.findings.chosen is None else self.findings.tried[self.findings.chosen]

    @property
    def rule(self) -> str:
        """Return the rule to order by from now on, with parameters for the scenario as it is; nothing if none."""
        now = self.findings.now
        return now.get("chosen", "") if self.changes else now.get(PRACTICE, now.get("chosen", ""))

    @property
    def today(self) -> Tried | None:
        """Return today's practice; None without a verdict."""
        return self.findings.tried.get(PRACTICE)

    @property
    def changes(self) -> bool:
        """Tell whether to change to the chosen rule: it did better, or is not told apart and saved something."""
        better = self.judgement == "better" or (self.judgement == "unclear" and self.saved.mean > 0)
        return self.findings.chosen not in (PRACTICE, None) and better


@dataclass(frozen=True)
class Advice:
    """The verdict on a shop.

    Attributes:
        scenario, sales: the shop.
        practice: what is done today.
        first, last: the held-out periods of the sales.
        items: the verdict on each item, in the order of the sales.
        saved: the total that is saved a year, with its interval.
        block: periods in a block of the intervals.
        together: what was decided for all items together where they share trucks or other constraints, in sentences.
        notes: what a reader must know before acting on it.
        choice: how the rule of each item was chosen.
    """

    scenario: Scenario
    sales: Sales
    practice: Practice
    first: int
    last: int
    items: tuple[Advised, ...]
    saved: Estimate
    block: int
    together: tuple[str, ...]
    notes: tuple[str, ...]
    choice: Choice

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Return a table with a row an item: the rule, and cost, service, stock and cash of it and of today's."""
        import pandas as pd

        return pd.DataFrame([_row(each) for each in self.items]).set_index("item")

    @property
    def rules(self) -> dict[str, str]:
        """Return the rule of each item to order by from now on, with parameters for the scenario as it is.

        Where today's practice is to be kept and that is past orders, it is the chosen one. Items without a verdict have
        none.
        """
        return {each.item: each.rule for each in self.items if each.rule}

    @cached_property
    def tried(self) -> pd.DataFrame:
        """Return a table with a row an item and rule that was tried; costs are a period."""
        import pandas as pd

        rows = [
            {"item": each.item, "tried": name, "chosen": name == each.findings.chosen, **asdict(tried)}
            for each in self.items
            for name, tried in each.findings.tried.items()
        ]
        return pd.DataFrame([{**row, "parameters": json.dumps(row["parameters"])} for row in rows])

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Return a table with a row a group: how many items, their value, and cost and savings a year."""
        table = self.frame.assign(items=1)
        columns = ["items", "value", "cost_today", "cost", "saved"]
        sums = table.groupby("group")[columns].sum()
        for name in ("just in time", "just in case"):
            sums[name.replace(" ", "_")] = (table["stance"] == name).groupby(table["group"]).sum()
        return sums


def advise(
    folder: str | Path | Folder,
    *,
    practice: str | None = None,
    rules: Sequence[str] = RULES,
    held_out: int | None = None,
    seed: int = 0,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
    keep: bool = True,
) -> Advice:
    """Judge which rule suits each item of a shop, on the last part of its sales, which nothing else has seen.

    The last 52 weeks, or a quarter of the history where that is less, are held out. Demand is fitted, rules are tuned
    and one of them is chosen on what came before: by its cost in the world that was fitted, and by that on the last
    part of what came before (a back-test), on the item and on all others (`choice.choose`). What was held out judges:
    sales are replayed as they were, with fresh lead times where these are random.

    Args:
        folder: of the shop, as `jit-gym new NAME --demand` writes it, or the shop that was opened from one.
        practice: what is done today: a rule, or a file of orders or parameters (`practice_of`).
        rules: what is tried; what does not accept an item's world is left out there.
        held_out: periods to hold out.
        seed: of what is random in the replays.
        executor: where items are judged.
        progress: told how many items are done, every now and then.
        keep: whether findings are kept in the folder, so that the next call reads those that would be the same.

    Raises:
        BadInput: in one line, for a folder that is no shop's, a history that is too short, or what is no practice.
    """
    opened = folder if isinstance(folder, Folder) else open_folder(folder)
    scenario, sales = opened.scenario, opened.sales
    shop = Shop(scenario, sales.items)
    today = practice_of(practice, opened.path, sales.items, sales.keys, sales.by, sales.grid)
    first, last, said = _split(sales, today, held_out)
    cases = cases_of(shop, sales, today, first, last, rules, seed)
    store, keys = Kept(opened.path / KEPT if keep else None), [case.key for case in cases]
    findings = store.run(judge_case, cases, keys, Findings.of, executor, progress)
    choice = choose(findings)
    for found, rule, why, expected in zip(findings, choice.rules, choice.why, choice.expected, strict=True):
        if rule is not None:
            found.settle(rule, why, expected)
    together: tuple[str, ...] = ()
    if shop.coupled:
        if today.orders is not None and (missing := [item for item in shop.items if item not in today.orders]):
            raise BadInput(
                f"{missing[0]}: has no order among today's, and shares {shop.coupled[0]} with others (say --practice)"
            )
        together = coupled.judge_together(shop, cases, findings)
    settled = {
        k: f"{keys[k]}-{digest.of_text(found.chosen)[:16]}"
        for k, found in enumerate(findings) if found.chosen is not None
    }  # fmt: skip
    rules_now = store.run(
        now_case, [(cases[k], str(findings[k].chosen)) for k in settled], list(settled.values()),
        dict[str, str], executor, None,
    )  # fmt: skip
    for k, told in zip(settled, rules_now, strict=True):
        findings[k].now = told
    costly = sorted(range(len(cases)), key=lambda k: -_cost(findings[k]))[:SEARCHED]
    costly = [k for k in costly if findings[k].rivalled and not shop.coupled]
    turns = store.run(
        depends_case, [(cases[k], findings[k]) for k in costly], [f"{settled[k]}-depends" for k in costly],
        Depends.of, executor, None,
    )  # fmt: skip
    store.tidy()
    concluded, saved, block = _concluded(shop, cases, findings, dict(zip(costly, turns, strict=True)))
    notes = (*said, *_notes(shop, sales, findings, today))
    return Advice(scenario, sales, today, first, last, concluded, saved, block, together, notes, choice)


def judge_case(case: Case, tell: Tell) -> dict[str, Any]:
    """Judge one item, here or in another process."""
    found = judge(case).plain()
    tell(1)
    return found


def now_case(item: tuple[Case, str], tell: Tell) -> dict[str, Any]:
    """Tune what was chosen for one item to all its sales, here or in another process."""
    return now(*item)


def depends_case(item: tuple[Case, Findings], tell: Tell) -> dict[str, Any]:
    """Search what the verdict on one item depends on, here or in another process."""
    return depends(*item)._asdict()


def _split(sales: Sales, practice: Practice, held_out: int | None) -> tuple[int, int, list[str]]:
    """Return which periods are held out, and what is to be said of that."""
    n, period, said = sales.grid.many, sales.grid.period, []
    length = min(round(sales.grid.per_year), n // 4) if held_out is None else held_out
    first, last = n - length, n
    if practice.span is not None:
        begin, end = practice.span
        if begin > first or end + 1 < last:
            first, last = max(first, begin), min(last, end + 1)
            said.append(
                f"{practice.words} are those of {sales.grid.starts[begin]} to {sales.grid.starts[end]}: only these "
                f"{plural(max(last - first, 0), period)} of the held-out part are judged"
            )
    if last - first < LEAST or first < 2 * LEAST:
        raise BadInput(
            f"{sales.file}: must have {2 * LEAST} {period}s before the held-out part and {LEAST} in it, got "
            f"{max(first, 0)} and {max(last - first, 0)}"
            + (" (where the orders are known; say --practice with a rule)" if practice.span else " (a longer history)")
        )
    return first, last, said


def _cost(found: Findings) -> float:
    return 0.0 if PRACTICE not in found.tried else found.tried[PRACTICE].cost


def _concluded(
    shop: Shop, cases: Sequence[Case], findings: Sequence[Findings], turns: Mapping[int, Depends]
) -> tuple[tuple[Advised, ...], Estimate, int]:
    """Return the conclusions on each item, the total saved a year, and the periods of a block."""
    per_year = shop.scenario.horizon.year
    n = cases[0].last - cases[0].first
    block = block_length(n, max(lead_time(case.part, case.item) for case in cases))
    places = resampled(n, block)
    worth = [shop.scenario.stocks[case.item].unit_value for case in cases]
    priced = any(worth)
    values = np.array([found.yearly * (each if priced else 1.0) for found, each in zip(findings, worth, strict=True)])
    groups = _groups(values, [found.variation for found in findings])
    total, out = np.zeros(n), []
    for k, (found, value, group) in enumerate(zip(findings, values.tolist(), groups, strict=True)):
        saved, verdict, stance = Estimate(0.0, 0.0, 0.0, 0.0), "", ""
        if found.chosen is not None:
            today = np.array(found.series["cost_today"])
            less = today - np.array(found.series["cost_chosen"])
            total += less
            estimate = estimated(less, places)
            more = Estimate(-estimate.mean, estimate.error, -estimate.high, -estimate.low)
            practical = THRESHOLD * abs(float(today.mean()))
            verdict = "same" if found.chosen == PRACTICE else judged(more, "cost", practical)
            saved = estimate.times(per_year)
            pays = found.safety["without"] - found.safety["with"]
            safe = found.safety["units"] > 0 and pays > THRESHOLD * abs(found.safety["without"])
            stance = "just in case" if safe else "just in time"
        out.append(
            Advised(found, value, group, saved, verdict, stance, float(worth[k]), per_year, turns.get(k))  # type: ignore[arg-type]
        )
    return tuple(out), estimated(total, places).times(per_year), block


def _groups(values: np.ndarray, variations: Sequence[float]) -> list[str]:
    """Return each item's group: A, B or C by its yearly value, and X, Y or Z by its coefficient of variation."""
    order = np.argsort(-values, kind="stable")
    total = float(values.sum())
    before = np.zeros(len(values))
    before[order] = np.cumsum(values[order]) - values[order]
    letters = ["A" if each < ABC[0] * total else "B" if each < ABC[1] * total else "C" for each in before.tolist()]
    steady = ["X" if each <= XYZ[0] else "Y" if each <= XYZ[1] else "Z" for each in variations]
    return [one + other for one, other in zip(letters, steady, strict=True)]


def _notes(shop: Shop, sales: Sales, findings: Sequence[Findings], practice: Practice) -> Iterator[str]:
    """Say what holds for all items."""
    lanes = shop.scenario.lanes.values()
    if missing := [item for item in sales.items if item not in shop.items]:
        yield f"{plural(len(missing), 'item')} of {SALES} are not in the scenario: {', '.join(missing[:3])}"
    if not practice.told:
        yield f"today's practice is taken to be {practice.words} (say --practice)"
    if practice.orders is not None:
        yield (
            "today's orders begin with the stock that every rule begins with, and without what was on the way then; "
            "they answered to another stock than the one that is replayed"
        )
    if any(not lane.lead_time.is_fixed for lane in lanes):
        yield "lead times were fitted to all deliveries, those of the held-out part among them"
    if not any(stock.unit_value for stock in shop.scenario.stocks.values()):
        yield "no stock has a unit_value: groups are by units, and no cash is told"
    if not any(lane.unit_cost for lane in lanes):
        yield "purchases are in no cost, so what is left at the end counts at what it cost: it is neither gain nor loss"
    reasons: dict[str, dict[str, int]] = {}
    for found in findings:
        for rule, why in found.left_out.items():
            text = why.removeprefix(f"{rule}: ").replace(f"'sell-{found.item}'", "its demand").replace(found.item, "it")
            counted = reasons.setdefault(rule, {})
            counted[text] = counted.get(text, 0) + 1
    for rule, counted in reasons.items():
        text, _ = max(counted.items(), key=lambda each: each[1])
        many = sum(counted.values())
        where = "all items" if many == len(findings) else f"{many} of {len(findings)} items"
        yield f"{rule} is left out on {where}: {text}"


def _row(each: Advised) -> dict[str, Any]:
    found, chosen, today = each.findings, each.chosen, each.today
    row: dict[str, Any] = {"item": each.item, "group": each.group, "value": each.value, "stance": each.stance}
    row |= {"advice": "change" if each.changes else "keep" if chosen is not None else ""}
    row |= {"rule": "" if chosen is None else chosen.rule, "today": "" if today is None else today.rule}
    row |= {"from_now_on": each.rule, "why": found.why}
    for suffix, tried in (("", chosen), ("_today", today)):
        row[f"cost{suffix}"] = np.nan if tried is None else tried.cost * each.per_year
        row[f"fill_rate{suffix}"] = np.nan if tried is None else tried.fill_rate
        row[f"stock{suffix}"] = np.nan if tried is None else tried.stock
        row[f"cash{suffix}"] = np.nan if tried is None else tried.stock * each.unit_value
        row[f"left{suffix}"] = np.nan if tried is None else tried.left
    row |= {"saved": each.saved.mean, "saved_low": each.saved.low, "saved_high": each.saved.high}
    row |= {"verdict": each.judgement, "safety_stock": found.safety.get("units", np.nan)}
    turns = {} if each.depends is None else each.depends._asdict()
    for name in ("shorter", "longer", "cheaper", "dearer"):
        turn = turns.get(name)
        row[f"turns_if_{name}"] = np.nan if turn is None else turn.value
        row[f"rule_if_{name}"] = "" if turn is None else turn.rule
    return row | {"mean": found.mean, "variation": found.variation, "notes": "; ".join(found.notes)}
