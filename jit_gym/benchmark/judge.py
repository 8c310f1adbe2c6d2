"""Judge policies on paths that nothing was learned on, beside the references of each regime."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..common.provenance import now
from ..common.statistics import Estimate
from ..evaluation import OptimalityGap
from ..evaluation.optimality_gap import find_benchmark, paid, quick_optimum
from ..evaluation.resilience import conditional_value_at_risk
from ..evaluation.rollout import evaluate_all
from ..policies import policy
from ..scenario import BadInput, Scenario
from ..scenario.window import window
from .learn import Learned
from .rows import REFERENCE, ReferenceIs, Row
from .suite import Run, Suite

TIGHT = 0.25  # of what the best tuned rule costs: a bound that is further below says little, and is not used
ENOUGH = 8  # paths on which a bound must be known


class BestRule(NamedTuple):
    """The tuned rule of an instance that costs least on paths of its tuning's report."""

    name: str
    plays: str


class Reference(NamedTuple):
    """What the costs of a regime stand beside, found once for all runs: the best there is, a rule, the reference low.

    Costs are money a period on the paths that judge, in their order.
    """

    regime: str
    to: ReferenceIs
    costs: tuple[float, ...]
    """Of the best there is, on the first paths; none of them for the best-known, which is the best tuned rule."""
    rule: tuple[float, ...]
    """Of the best tuned rule, on all paths."""
    low: float
    """Of the reference low, the mean over all paths."""
    seconds: float
    """How long the best there is was looked for."""


def best_rule(suite: Suite, instance: str, learned: dict[str, Learned]) -> BestRule:
    """Return the best of an instance's tuned rules, by what they cost where their tuning reports."""
    name = min(suite.tuned_rules(instance), key=lambda name: learned[name].estimate)
    return BestRule(name, learned[name].plays)


def find_reference(suite: Suite, instance: str, regime: str, best: BestRule) -> Reference:
    """Find the reference high of a regime: the optimum where it is proven, else a bound that says something.

    A clairvoyant's bound may be far below what anybody can reach. One that is more than `TIGHT` of the best tuned
    rule's cost below that, or known on less than `ENOUGH` paths, is left out, and that rule is the reference, as the
    best that is known.
    """
    world, judging = world_of(suite, instance, regime), suite.judging
    periods, warmup = window(world)
    seed = judging.seeds[regime]  # type: ignore[index]
    players = [policy(best.plays, world), policy(_low(suite), world)]
    rule, low = map(paid, evaluate_all(players, world, judging.paths, periods, warmup, seed, None))
    beside, began = (tuple(map(float, rule)), float(low.mean())), time.perf_counter()
    solved = quick_optimum(world) is not None
    if not solved and not suite.instances[instance].bound:
        return Reference(regime, "best-known", (), *beside, time.perf_counter() - began)
    paths = judging.paths if solved else judging.reference_paths
    found = find_benchmark(world, paths, periods, warmup, seed)
    to: ReferenceIs = "best-known" if found.to == "best" else found.to
    if to == "bound":
        cost = float(rule[: len(found.costs)].mean())
        tight = cost - float(found.costs.mean()) <= TIGHT * abs(cost)
        to = "bound" if tight and len(found.costs) >= ENOUGH else "best-known"
    costs = () if to == "best-known" else tuple(map(float, found.costs))
    return Reference(regime, to, costs, *beside, time.perf_counter() - began)


def world_of(suite: Suite, instance: str, regime: str) -> Scenario:
    """Return the scenario of a regime."""
    return suite.instances[instance].world(regime)


class Origin(NamedTuple):
    """Where rows come from: the command that computes them again, the versions, and the commit."""

    command: str
    versions: str
    commit: str


def alike(references: Sequence[Reference]) -> tuple[Reference, ...]:
    """Return the references of an instance, without bounds where not all that are no optima are bounds.

    So gaps in one regime can be compared with those in another: a gap to a bound is larger than one to what somebody
    has reached.
    """
    if all(each.to != "best-known" for each in references):
        return tuple(references)
    return tuple(each._replace(to="best-known", costs=()) if each.to == "bound" else each for each in references)


def judge(
    suite: Suite, run: Run, learned: Learned, best: BestRule, references: Sequence[Reference], origin: Origin
) -> list[Row]:
    """Return a policy's rows, one a regime.

    Raises:
        BadInput: for a policy that refuses a regime's world; the message begins with the instance and the regime.
    """
    return [_row(suite, run, learned, best, each, origin) for each in references]


def _row(suite: Suite, run: Run, learned: Learned, best: BestRule, reference: Reference, origin: Origin) -> Row:
    world, judging, regime = world_of(suite, run.instance, reference.regime), suite.judging, reference.regime
    periods, warmup = window(world)
    seed = judging.seeds[regime]  # type: ignore[index]
    try:
        player = policy(learned.plays, world)
    except BadInput as error:
        raise BadInput(f"{run.instance}, {regime}: {run.policy}: {error}") from None
    (result,) = evaluate_all([player], world, judging.paths, periods, warmup, seed, None)
    gap, costs, rule = gap_to(reference), paid(result), np.array(reference.rule)
    share, cost = gap.share(result), Estimate.of(costs)
    versus = as_share(Estimate.of(costs - rule), rule)
    served, tail, lasted = result.estimate("fill_rate"), conditional_value_at_risk(costs), result.resilience
    more: dict[str, Any] = {name: result.mean(name) for name in AVERAGES}
    more |= {name: np.nan if lasted is None else lasted.duration(name).median for name in DURATIONS}
    more |= {name: np.nan if lasted is None else lasted.estimate(name).mean for name in LOSSES}
    return Row(
        **_about(suite, run, world, regime, origin),
        **_beside(reference, gap, best),
        kind=entry.is_kind if (entry := suite.policies.get(run.policy)) else "external",
        cost=cost.mean,
        cost_low=cost.low,
        cost_high=cost.high,
        gap=share.mean,
        gap_low=share.low,
        gap_high=share.high,
        versus_best_rule=versus.mean,
        versus_best_rule_low=versus.low,
        versus_best_rule_high=versus.high,
        fill_rate=served.mean,
        fill_rate_low=served.low,
        fill_rate_high=served.high,
        cvar=tail.mean,
        struck=0 if lasted is None else lasted.struck,
        periods_spent=learned.spent,
        seconds=learned.seconds,
        parameters=learned.parameters,
        **more,
    )


def _beside(reference: Reference, gap: OptimalityGap, best: BestRule) -> dict[str, Any]:
    """Return the cells that say what a row's cost stands beside."""
    return {
        "reference": gap.cost,
        "reference_is": reference.to,
        "reference_paths": gap.paths,
        "reference_low": reference.low,
        "best_rule": best.name,
    }


AVERAGES = ("cycle_service_level", "stockout_periods", "stock", "bullwhip")
DURATIONS = ("time_to_survive", "time_to_recover")
LOSSES = ("area_of_loss", "cost_of_disruptions")


def reference_rows(
    suite: Suite, instance: str, best: BestRule, references: Sequence[Reference], origin: Origin
) -> list[Row]:
    """Return the rows of the references themselves: what the best there is costs, beside the best tuned rule."""
    return [_reference_row(suite, instance, best, each, origin) for each in references]


def _reference_row(suite: Suite, instance: str, best: BestRule, reference: Reference, origin: Origin) -> Row:
    world, regime, rule = world_of(suite, instance, reference.regime), reference.regime, np.array(reference.rule)
    gap, nothing = gap_to(reference), dict.fromkeys(_FIGURES, np.nan)
    lead = as_share(gap.of_costs(rule), rule)
    about: dict[str, Any] = _about(suite, Run(instance, REFERENCE, 0), world, regime, origin)
    return Row(
        **about | nothing | _beside(reference, gap, best),
        kind="reference",
        cost=gap.cost,
        gap=0.0,
        versus_best_rule=0.0 - lead.mean,
        versus_best_rule_low=0.0 - lead.high,
        versus_best_rule_high=0.0 - lead.low,
        struck=0,
        periods_spent=np.nan,
        seconds=reference.seconds,
        parameters=best.name if reference.to == "best-known" else reference.to,
    )


_FIGURES = (
    "cost_low", "cost_high", "gap_low", "gap_high", "fill_rate", "fill_rate_low", "fill_rate_high", "cvar", *AVERAGES,
    *DURATIONS, *LOSSES,
)  # fmt: skip
"""What a reference has none of."""


def gap_to(reference: Reference) -> OptimalityGap:
    """Return how far above the reference policies are, with the best tuned rule as the control variate."""
    rule = np.array(reference.rule)
    above = rule[: len(reference.costs)] - np.array(reference.costs) if reference.costs else np.zeros_like(rule)
    to: Any = "best" if reference.to == "best-known" else reference.to
    return OptimalityGap(to, rule, above)


def as_share(more: Estimate, rule: np.ndarray) -> Estimate:
    """Return a difference as a fraction of the size of a rule's cost (paths,), taken as known; nan where it is 0."""
    size = abs(float(rule.mean()))
    return more.times(1.0 / size if size else np.nan)


def _low(suite: Suite) -> str:
    text = suite.policies[suite.low].plays
    assert text is not None
    return text


def _about(suite: Suite, run: Run, world: Scenario, regime: str, origin: Origin) -> dict[str, Any]:
    """Return the cells that say what was judged, where, and by whom."""
    periods, warmup = window(world)
    return {
        "suite": suite.name,
        "instance": run.instance,
        "regime": regime,
        "learned_on": suite.instances[run.instance].learns_on,
        "policy": run.policy,
        "seed": run.seed,
        "paths": suite.judging.paths,
        "periods": periods,
        "warmup": warmup,
        "judged_seed": suite.judging.seeds[regime],  # type: ignore[index]
        "fingerprint": world.fingerprint,
        **origin._asdict(),
        "date": now(),
    }
