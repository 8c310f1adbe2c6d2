"""Judge rules on one item: fitted, tuned and chosen on what came before, and played on sales that were held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..common import digest
from ..common.provenance import commit, in_words, versions
from ..common.text import plural
from ..physics import Simulation
from ..policies import policy
from ..scenario import Scenario, load
from .fit import Fitted, fit
from .grid import Grid
from .practice import Ordered, Practice
from .reading import Sales
from .replay import Known, filled, foretold_before, known_trace
from .trials import Play, World, accepted, parameters_of, play
from .worlds import Shop, fitted_document, lead_time, spanning

FORMAT = 2
"""Of what is kept of an item, so that what another version kept is not read."""
ENOUGH = 16
"""Periods with a known demand that a part of the history must have for a back-test to be fitted to it."""
PATHS = 64
"""Paths of lead times and of what else is random in a replay, whose demand is the same on each."""
SAFE = "safety-stock"
"""The rule that tells what a safety stock is worth."""
PRACTICE = "today"
"""The key of today's practice among what was tried."""
DRIFTED = 1.25
"""Times the demand that was foretold, up or down, from which a held-out part is said to be at another level."""


@dataclass(frozen=True)
class Case:
    """One item to be judged: its scenario without demand, its sales, and which of their periods are held out.

    Attributes:
        item: its name.
        part, now: its scenario (`Shop.part`), without what is fitted to its sales, and as it is.
        grid: the periods of the sales.
        units, short, promoted: what was sold in each period (n,), nan where not known; where stock had run out; where
            there was a promotion.
        whole: whether units are whole.
        first, last: the held-out periods, from the first to before the last.
        rules: what is tried.
        practice: what is done today.
        seed: of what is random in replays.
        code: which code judges: versions and commit, so that the findings of other code are not taken for its own.
    """

    item: str
    part: Mapping[str, Any]
    now: Mapping[str, Any]
    grid: Grid
    units: np.ndarray
    short: np.ndarray
    promoted: np.ndarray
    whole: bool
    first: int
    last: int
    rules: tuple[str, ...]
    practice: Practice
    seed: int = 0
    code: str = ""

    @property
    def key(self) -> str:
        """Return a digest of all that the verdict depends on."""
        import json

        orders = self.practice.ordered(self.item)
        rule = None if self.practice.orders else str(self.practice.rule_for(self.item, 1.0))
        told = [FORMAT, self.item, self.part, self.now, self.grid, self.whole, self.first, self.last, self.rules, rule]
        told += [self.practice.cover, self.seed, self.code]
        arrays = {"units": self.units, "short": self.short, "promoted": self.promoted}
        arrays |= {} if orders is None else {"orders": orders}
        return digest.of_text(json.dumps(told, default=str, sort_keys=True) + digest.of_arrays(arrays))[:32]


def cases_of(
    shop: Shop, sales: Sales, practice: Practice, first: int, last: int, rules: Sequence[str], seed: int = 0
) -> list[Case]:
    """Return a case of each item of a shop, which knows the sales before `first`, and is judged on those to `last`."""
    places = {item: k for k, item in enumerate(sales.items)}
    shares = _shares(shop, sales, first)
    code = f"{in_words(versions())} {commit()}"
    return [
        Case(
            item=item,
            part=shop.part([item], shares[item]),
            now=shop.part([item], shares[item], as_it_is=True),
            grid=sales.grid,
            units=sales.units[:, places[item]],
            short=sales.short[:, places[item]],
            promoted=sales.promoted[:, places[item]],
            whole=sales.whole,
            first=first,
            last=last,
            rules=tuple(rules),
            practice=practice.of(item),
            seed=seed,
            code=code,
        )
        for item in shop.items
    ]


def _shares(shop: Shop, sales: Sales, first: int) -> dict[str, float]:
    """Return the part that each item has of the trucks that items share, by what was sold; 1 where none do."""
    if not shop.coupled:
        return dict.fromkeys(shop.items, 1.0)
    places = [sales.items.index(item) for item in shop.items]
    sold = np.maximum(np.nan_to_num(np.nanmean(sales.units[:first, places], axis=0)), 1e-6)
    return dict(zip(shop.items, (sold / sold.sum()).tolist(), strict=True))


@dataclass
class Tried:
    """What one rule came to.

    `fitted` is its cost a period in the world that was fitted to what came before, and `back_test` that on the last
    part of what came before, foretold from what was before that; `score` is their mean. None where there is none.
    `expected`, which decides, is what it is expected to cost by these figures and those of all items, as a multiple of
    the item's median rule (`choice.choose`). `cost`, `fill_rate`, `stock` and `ordered` are those of the held-out part,
    a period.
    """

    rule: str
    parameters: dict[str, Any]
    score: float | None
    fitted: float | None
    back_test: float | None
    cost: float
    fill_rate: float
    stock: float
    ordered: float
    left: float
    expected: float | None = None


@dataclass
class Findings:
    """What was found out about one item, as plain numbers and texts.

    `tried` has each rule by its name as it was asked for, and today's practice as `today`. `chosen` is one of its keys;
    None where there is too little history for a verdict. `why` says why it is chosen. `series` has numbers of each
    held-out period: what was sold, and `cost`, `held`, `short`, `ordered` of what was `chosen` and of `today`; `plays`
    has these of all that was tried, until one is chosen. `safety` tells what a safety stock is worth in the fitted
    world: its units, and the cost a period without one and with the best one. `now` has what was `chosen`, and `today`,
    with parameters for the scenario as it is, which was fitted to all sales: what to order by from now on.
    """

    item: str
    chosen: str | None = None
    why: str = ""
    tried: dict[str, Tried] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mean: float = 0.0
    variation: float = 0.0
    yearly: float = 0.0
    initial: float = 0.0
    lead_time: float = 0.0
    unknown: int = 0
    promotions: int = 0
    foretold: float = 0.0
    sold: float = 0.0
    silent: str = ""
    safety: dict[str, float] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    plays: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def rivalled(self) -> bool:
        """Tell whether there is another rule than the chosen one, which would be better if things were otherwise."""
        return self.chosen is not None and bool(self.tried.keys() - {PRACTICE, self.chosen})

    def settle(self, chosen: str, why: str, expected: Mapping[str, float]) -> None:
        """Take a rule for the chosen one, with what each is expected to cost."""
        self.chosen, self.why = chosen, why
        for name, value in expected.items():
            self.tried[name].expected = value
        for key, name in (("chosen", chosen), ("today", PRACTICE)):
            self.series |= {f"{column}_{key}": values for column, values in self.plays[name].items()}
        self.plays = {}
        if self.silent:
            self.notes.append(f"{self.silent}: is it still sold? {self.tried[chosen].left:,.4g} units are left")

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Findings:
        """Return what was written as plain JSON."""
        tried = {name: Tried(**each) for name, each in data["tried"].items()}
        return cls(**{**data, "tried": tried})


@dataclass(frozen=True)
class Stretch:
    """Periods that are replayed, and the world that was fitted to what came before them."""

    world: World
    fitted: Fitted
    known: Known
    unknown: np.ndarray
    first: int
    last: int


def stretch(case: Case, first: int, last: int) -> Stretch | None:
    """Return the periods from `first` to before `last`, and the world of what came before; None with too little."""
    units, short, promoted = (each[:first] for each in (case.units, case.short, case.promoted))
    known = np.isfinite(units) & ~(short & (units <= 0))
    if known.sum() < ENOUGH or not np.nansum(units) > 0:
        return None
    grid = case.grid._replace(many=first)
    fitted = fit(units, grid, item=case.item, short=short, promoted=promoted, whole=case.whole)
    document = fitted_document(case.part, {case.item: fitted}, last - first, grid.after())
    scenario = load(document)
    sold, short, promoted = (each[first:last] for each in (case.units, case.short, case.promoted))
    mean = foretold_before(scenario, f"sell-{case.item}", promoted)
    demand, unknown = filled(sold, short, mean, case.whole)
    return Stretch(World(scenario), fitted, Known(demand, promoted), unknown, first, last)


def fitted_before(part: Mapping[str, Any], case: Case, findings: Sequence[Findings]) -> Scenario:
    """Return the scenario of some items, with what was fitted to their sales before the held-out part.

    Args:
        part: what the scenario says of them.
        case: any of them, whose periods are held out.
        findings: on each of them.
    """
    demands, spikes = dict(part["demands"]), dict(part.get("spikes", {}))
    for found in findings:
        demands |= found.document["demands"]
        spikes |= found.document.get("spikes", {})
    horizon = spanning(part, case.last - case.first, case.grid.starts[case.first])
    return load({**part, "horizon": horizon, "demands": demands, **({"spikes": spikes} if spikes else {})})


def replayed(case: Case, what: Stretch, player: Any) -> Play:
    """Play a policy on the sales of some periods."""
    world = what.world
    key = "replay", what.first, what.last
    if key not in world.drawn:
        world.drawn[key] = known_trace(world.chance, case.seed, PATHS, {f"sell-{case.item}": what.known})
        rows = world.drawn[key].rows
        if (rows == rows[:, :1]).all():  # nothing is random: one path tells all
            world.drawn[key] = known_trace(world.chance, case.seed, 1, {f"sell-{case.item}": what.known})
    return play(player, world, world.drawn[key])


def practised(case: Case, scenario: Scenario, what: Stretch) -> Any:
    """Return today's practice in some periods: its rule, or its orders; without orders of the item, base-stock."""
    orders = case.practice.ordered(case.item)
    if orders is not None:
        lanes = np.zeros((what.last - what.first, len(scenario.lanes)))
        lanes[:, 0] = orders[what.first : what.last]
        return Ordered(lanes)
    before = case.units[: what.first]
    return policy(case.practice.rule_for(case.item, float(np.nanmean(before))), scenario)


def judge(case: Case) -> Findings:
    """Return what each rule comes to on one item; which one is chosen depends on all items (`choice.choose`)."""
    found = Findings(case.item, lead_time=lead_time(case.part, case.item))
    earlier, year = case.units[: case.first], round(case.grid.per_year)
    if np.isfinite(earlier).any():
        found.mean = float(np.nanmean(earlier))
        found.variation = float(np.nanstd(earlier) / found.mean) if found.mean > 0 else 0.0
        recent = case.units[max(case.last - year, 0) : case.last]
        found.yearly = float(np.nanmean(recent) if np.isfinite(recent).any() else 0.0) * case.grid.per_year
    held_out = stretch(case, case.first, case.last)
    if held_out is None:
        known = int(np.isfinite(earlier).sum())
        found.notes.append(
            f"new: only {plural(known, case.grid.period)} before the held-out part are known, too few for a verdict"
            if known < ENOUGH
            else "nothing was sold before the held-out part: no verdict"
        )
        return found
    resolved = held_out.world.scenario.resolved
    found.document = {key: resolved[key] for key in ("demands", "spikes") if key in resolved}
    found.initial = float(
        Simulation(held_out.world.layout, held_out.world.chance.draw(0, 1)).read("stocks", "on_hand")[0, 0]
    )
    length = min(year, case.first // 4)
    back_test = stretch(case, case.first - length, case.first) if length >= 4 else None
    plays, safe = dict[str, Play](), None
    for rule in case.rules:
        player, why = accepted(held_out.world, rule)
        if player is None:
            found.left_out[rule] = why
            continue
        safe = player if rule == SAFE else safe
        plays[rule] = replayed(case, held_out, player)
        found.tried[rule] = _tried(case, rule, player, plays[rule], held_out, back_test)
    today = practised(case, held_out.world.scenario, held_out)
    plays[PRACTICE] = replayed(case, held_out, today)
    found.tried[PRACTICE] = _tried(case, PRACTICE, today, plays[PRACTICE], held_out, back_test)
    found.safety = _safety(held_out.world, held_out.world.tuned(SAFE) if safe is None else safe)
    found.series = {
        "sold": held_out.known.units.tolist(),
        "unknown": held_out.unknown.astype(float).tolist(),
        "promoted": held_out.known.promoted.astype(float).tolist(),
    }
    for name, each in plays.items():
        columns = {"cost": each.cost, "held": each.held[:, 0], "short": each.short[:, 0], "ordered": each.ordered[:, 0]}
        found.plays[name] = {column: values.tolist() for column, values in columns.items()}
    _say(case, found, held_out, back_test)
    return found


def _tried(case: Case, asked: str, player: Any, held: Play, held_out: Stretch, back_test: Stretch | None) -> Tried:
    """Return what a policy came to: in the fitted world, in the back-test, where it is tuned anew, and held out."""
    ordered = isinstance(player, Ordered)
    fitted = None if ordered else held_out.world.cost(player)
    tested = None
    if back_test is not None and not ordered:
        again = practised(case, back_test.world.scenario, back_test) if asked == PRACTICE else None
        again = again if asked == PRACTICE else accepted(back_test.world, asked)[0]
        tested = None if again is None else float(replayed(case, back_test, again).cost.mean())
    scores = [each for each in (fitted, tested) if each is not None]
    demanded = float(held.demanded.sum())
    return Tried(
        rule=str(player),
        parameters={name: value for name, value in parameters_of(player).items()},
        score=float(np.mean(scores)) if scores and (tested is not None or back_test is None) else None,
        fitted=fitted,
        back_test=tested,
        cost=float(held.cost.mean()),
        fill_rate=1.0 - float(held.short.sum()) / demanded if demanded > 0 else 1.0,
        stock=float(held.held.mean()),
        ordered=float(held.ordered.mean()),
        left=float(held.left.sum()),
    )


def now(case: Case, chosen: str) -> dict[str, str]:
    """Return the chosen rule and today's, with parameters for the scenario as it is, fitted to all sales."""
    world, found = World(load(dict(case.now))), dict[str, str]()
    if case.practice.orders is None:
        known = case.units[np.isfinite(case.units)]
        found["today"] = str(policy(case.practice.rule_for(case.item, float(known.mean())), world.scenario))
    if chosen == PRACTICE:
        return found if not found else {**found, "chosen": found["today"]}
    player, _ = accepted(world, chosen)
    return found if player is None else {**found, "chosen": str(player)}


def _safety(world: World, best: Any) -> dict[str, float]:
    """Return what a safety stock is worth in the fitted world: orders up to the forecast alone, and with the best."""
    without = world.cost(policy(f"{SAFE}(service_level=0.5)", world.scenario))
    return {"units": float(best.buffer.sum()), "without": without, "with": world.cost(best)}


def _say(case: Case, found: Findings, held_out: Stretch, back_test: Stretch | None) -> None:
    """Say what might mislead."""
    period, n = case.grid.period, case.last - case.first
    say, sold, known = found.notes.append, held_out.known.units, ~held_out.unknown
    year = round(case.grid.per_year)
    found.unknown, found.promotions = int(held_out.unknown.sum()), int(held_out.known.promoted.sum())
    mean = foretold_before(held_out.world.scenario, f"sell-{case.item}", held_out.known.promoted)
    found.foretold, found.sold = float(mean.mean()), float(sold.mean())
    earlier = int(np.isfinite(case.units[: case.first]).sum())
    if earlier < 2 * year:
        say(f"short history: {plural(earlier, period)} before the held-out part, less than two years, so no season")
    if back_test is None:
        say("too short for a back-test: the rule was chosen in the fitted world alone")
    if found.unknown:
        say(
            f"in {plural(found.unknown, period)} of the held-out {n} demand is not known, as stock had run out or "
            "sales are missing: at least what was foretold"
        )
    late = sold[-max(n // 4, 1) :]
    if found.foretold > 0 and not late.any():
        found.silent = f"nothing was sold in the last {plural(len(late), period)}"
    elif known.sum() >= 4 and found.foretold > 0:
        ratio = float(sold[known].mean()) / max(float(mean[known].mean()), 1e-9)
        error = float(np.std(sold[known] - mean[known], ddof=1)) / np.sqrt(known.sum()) / float(mean[known].mean())
        if (ratio > DRIFTED or ratio < 1 / DRIFTED) and abs(ratio - 1) > 2 * error:
            say(
                f"demand was {100 * ratio:.0f} % of what was foretold from before: the level has shifted, and "
                f"parameters fit what was (run jit-gym new again on the latest sales)"
            )
    if found.promotions:
        fitted = "" if held_out.fitted.promotion else ", and there was none before to fit: not foretold"
        say(f"{plural(found.promotions, period)} of the held-out part had a promotion, taken as planned{fitted}")
    if doubts := [each for each in held_out.fitted.warnings if "less than two years" not in each]:
        say(f"the fit is in doubt: {'; '.join(doubts)}")
    if case.practice.orders is not None and case.practice.ordered(case.item) is None:
        say("there is no order of it among today's: base-stock by formula stands for its practice")
