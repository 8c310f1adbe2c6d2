"""Rows that are made up, whose figures are known: for tests of what is said of rows."""

import math
from collections.abc import Mapping

from jit_gym.benchmark.rows import Row

KINDS = {"base-stock": "tuned rule", "lot-for-lot": "reference", "s-S": "tuned rule"}  # all others are agents


def row(
    instance: str,
    policy: str,
    cost: float,
    *,
    regime: str = "calm",
    seed: int = 0,
    reference: float = 100.0,
    reference_is: str = "optimum",
    rule: tuple[str, float] = ("base-stock", 110.0),
    half: float = 0.0,
) -> Row:
    """Return a row of a cost: its gap to the reference, and what it is above the best tuned rule, are worked out.

    Args:
        half: half of each interval, in the money of the cost.
        rule: the best tuned rule, and what it costs.
    """
    gap, versus = cost / reference - 1, cost / rule[1] - 1
    itself = policy == rule[0]
    return Row(
        suite="made-v1",
        instance=instance,
        regime=regime,
        learned_on="calm",
        policy=policy,
        kind=KINDS.get(policy, "agent"),
        seed=seed,
        cost=cost,
        cost_low=cost - half,
        cost_high=cost + half,
        gap=gap,
        gap_low=gap - half / reference,
        gap_high=gap + half / reference,
        reference=reference,
        reference_is=reference_is,
        reference_paths=64,
        reference_low=200.0,
        best_rule=rule[0],
        versus_best_rule=versus,
        versus_best_rule_low=versus - (0.0 if itself else half / rule[1]),
        versus_best_rule_high=versus + (0.0 if itself else half / rule[1]),
        fill_rate=0.95,
        fill_rate_low=0.94,
        fill_rate_high=0.96,
        cycle_service_level=0.9,
        stockout_periods=0.1,
        stock=12.0,
        bullwhip=1.1,
        cvar=2 * cost,
        struck=0,
        time_to_survive=math.nan,
        time_to_recover=math.nan,
        area_of_loss=math.nan,
        cost_of_disruptions=math.nan,
        periods_spent=1_000_000 if policy not in KINDS else 10_000,
        seconds=60.0,
        paths=256,
        periods=100,
        warmup=0,
        judged_seed=5_000_000_000,
        parameters=f"{policy}(level=3)",
        command=f"jit-gym benchmark made-v1 --only {instance},{policy}",
        fingerprint="0123456789abcdef",
        versions="python 3.11.9; jit_gym 0.1.0",
        commit="0123456789ab",
        date="2026-11-27T12:00:00+00:00",
    )


def rows(costs: Mapping[str, Mapping[str, float | list[float]]], **common) -> list[Row]:
    """Return rows by instance and policy; a list of costs is of seeds."""
    return [
        row(instance, policy, cost, seed=seed, **common)
        for instance, policies in costs.items()
        for policy, given in policies.items()
        for seed, cost in enumerate(given if isinstance(given, list) else [given])
    ]
