"""Cards, bins and lots: Toyota's formula, what it leaves out, and small lots that find defects sooner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import Estimate, compare, evaluate
from jit_gym.policies import policy
from jit_gym.scenario import Scenario, load

from .ledger import claim, saved, shown


def wheels(**changes: Any) -> Scenario:
    """Return the worked example, 2,000 wheels a day and 0.4 days, in periods of a twentieth of a day.

    100 wheels a period, and a lead time of 7 periods, which with the one between two looks at the cards are 8, or 0.4
    days. A line that is not served stops.
    """
    world = {
        "name": "wheels",
        "horizon": {"periods": 200, "period": "slot", "periods_per_year": 5000},
        "stocks": {"line": {"initial": 1000, "holding_cost": 1}},
        "lanes": {"cell": {"to": "line", "lead_time": 7}},
        "demands": {"assembly": {"from": "line", "distribution": 100, "unmet": "lost"} | changes},
    }
    return load(world)


def fill_rate(cards: int, container: int) -> float:
    """Return the share of demand that is served in a world where nothing is random."""
    rule = f"kanban(cards={cards}, container={container})"
    return evaluate(rule, wheels(), paths=1, periods=160, warmup=40).mean("fill_rate")


@claim(
    (
        "Toyota's formula D T (1 + X) / C gives 4.4 cards, so 5, for 2,000 wheels a day, 0.4 days, 10 % and "
        "200 a container"
    ),
    source="textbook exercise (qammunity.org/8438284); the formula is that of Monden (2011)",
    published="4.4, so 5",
    needs=(
        "`kanban` by formula, which takes the larger of 10 % and a safety stock; demand is levelled here, so it is 10 %"
    ),
)
def test_toyotas_formula_gives_five_cards_for_the_worked_example() -> str:
    """2,000 a day x 0.4 days x 1.1 / 200 = 4.4, so 5 containers (textbook exercise, qammunity.org/8438284).

    Without the 10 %, RoundUp[RT / (TT NPK)] = 800 / 200 = 4 (Roser, doi 10.1007/978-3-030-30000-5_2).
    """
    cards = policy("kanban(container=200)", wheels()).cards
    assert cards.tolist() == [5]
    return f"{cards[0]:g}"


@claim(
    "In a world without chance K cards never starve the line if and only if K is RT / (TT NPK) or more",
    source="Roser, doi 10.1007/978-3-030-30000-5_2; derived",
    published="exact",
    needs=(
        "containers that divide a period's use; one of two periods' use is ordered a period late, which is "
        "time to replenish (RT), too"
    ),
)
def test_a_line_without_chance_never_starves_if_and_only_if_it_has_enough_cards() -> str:
    """K >= RT / (TT NPK) = 800 / NPK: 40, 16 and 8 containers of 20, 50 and 100 wheels.

    A container of 200 is started for a period before its card goes back: RT is 8 to 9 periods, and 5 cards are needed,
    which the 10 % of the formula happens to pay for.
    """
    for container in (20, 50, 100):
        enough = -(-800 // container)
        assert fill_rate(enough, container) == 1.0, container
        assert fill_rate(enough - 1, container) < 1.0, container
    assert fill_rate(5, 200) == 1.0
    assert fill_rate(4, 200) < 1.0
    return "40, 16 and 8 containers of 20, 50 and 100; 5 of 200"


@claim(
    "What it leaves out: with the same mean, demand that varies starves a line with Toyota's 10 %",
    source="Roser, doi 10.1007/978-3-030-30000-5_2 (works for a static system, a challenge for dynamic ones)",
    needs="demand with a coefficient of variation of 1/2 a period; 9 cards of 100 (8.8)",
)
def test_toyotas_ten_percent_starves_a_line_whose_demand_varies() -> str:
    """9 containers of 100 are Toyota's 10 %; the same rule by formula takes a safety stock here, and serves."""
    varies = wheels(distribution={"name": "gamma", "a": 4, "scale": 25}, shortage_cost=99)
    settings: dict[str, Any] = {"paths": 64, "periods": 300, "warmup": 50, "seed": 1}
    bare, safe = (
        evaluate(f"kanban({cards}container=100)", varies, **settings).estimate("fill_rate")
        for cards in ("cards=9, ", "")
    )
    assert bare.high < 0.96
    assert safe.low > 0.985
    return f"{shown(bare, '.3f')}; with a safety stock {safe.mean:.3f}"


@claim(
    "A two-bin kanban is (R, Q) with R = Q = one bin",
    source="two bins of three days each: Ohio State Wexner (sc10-wexnermedical.osu.edu); derived",
    published="identity",
    needs="customers who do not wait",
)
def test_a_two_bin_kanban_is_a_reorder_point_of_one_bin() -> str:
    """Equal figures on each path; a bin of three days, opened when the other one is empty."""
    ward = load("lost-sales", {"stocks.shop.initial": 30, "lanes.supplier.lead_time": 2})
    table = compare(["kanban(cards=2, container=15)", "R-Q(R=15, Q=15)"], ward, paths=64, seed=1, gap=False)
    bins, point = table.results
    for figure in ("cost", "fill_rate", "stock", "orders"):
        assert np.array_equal(bins.figures[figure], point.figures[figure])
    assert bins.mean("orders") > 0.3
    return "equal on each path"


@claim(
    "Two bins run out when the refill takes longer than one bin lasts",
    source="two bins of three days each: Ohio State Wexner (sc10-wexnermedical.osu.edu); derived",
    published="identity",
    needs="a use that is always the same",
)
def test_two_bins_run_out_when_the_refill_takes_longer_than_one_lasts() -> str:
    """A bin lasts three days: a refill in three is in time, one in four is not."""
    served = {}
    for lead_time in (2, 3, 4):
        changes = {
            "stocks.shop.initial": 30,
            "lanes.supplier.lead_time": lead_time,
            "demands.customers.distribution": 5,
        }
        ward = load("lost-sales", changes)
        served[lead_time] = evaluate("kanban(cards=2, container=15)", ward, paths=1, periods=60).mean("fill_rate")
    assert served[2] == served[3] == 1.0
    assert served[4] < 1.0
    return "served in 3 days, short in 4"


@claim(
    "In a single stage, kanban with as many cards as base-stock has units is base-stock",
    source="derived",
    published="identity",
    needs="customers who do not wait (where they wait, cards do not count them, and base-stock does)",
)
def test_single_stage_kanban_with_as_many_cards_as_base_stock_is_base_stock() -> str:
    """Equal figures on each path: cards count what is there and ordered, which is the inventory position."""
    table = compare(
        ["base-stock(level=31)", "kanban(cards=31, container=1)"], "lost-sales", paths=64, seed=1, gap=False
    )
    base, cards = table.results
    for figure in ("cost", "fill_rate", "stock", "bullwhip"):
        assert np.array_equal(base.figures[figure], cards.figures[figure])
    return "equal on each path"


def rejected(lot: int, paths: int = 2048) -> Estimate:
    """Return how many of a lot are rejected: one lot a period."""
    world = {
        "name": "lots",
        "horizon": {"periods": 100},
        "stocks": {"shelf": {}},
        "lanes": {"process": {"to": "shelf", "defects": {"drift": 0.001}, "reject_cost": 1}},
        "demands": {"next": {"from": "shelf", "distribution": lot, "unmet": "lost"}},
    }
    return evaluate(f"constant(quantity={lot})", load(world), paths=paths, seed=0).estimate("reject_cost")


@claim(
    "Of a lot of n units n - (1 - q)(1 - (1 - q)^n) / q are rejected",
    source="Porteus (1986), first page read; derived",
    published="0.0548, 1.2544, 4.8874, 18.8302 and 106.7726 for q = 0.001, n = 10, 50, 100, 200, 500",
    needs="a process that begins each lot well, and spoils all that follow once it has drifted",
)
def test_rejects_of_a_lot_are_what_porteus_says() -> str:
    """Porteus (1986): rejects for q = 0.001; halving the lot halves the share that is rejected."""
    exact = {10: 0.0548, 50: 1.2544, 100: 4.8874, 200: 18.8302, 500: 106.7726}
    found = {lot: rejected(lot) for lot in exact}
    for lot, count in exact.items():
        assert abs(found[lot].mean - count) < 4 * found[lot].error
    half = (found[50].mean / 50) / (found[100].mean / 100)
    assert half == pytest.approx(0.5, abs=0.03)
    return "; ".join(shown(each, ".3f" if each.mean < 10 else ".1f") for each in found.values())


@claim(
    "Defects make the best lot smaller: from √(2 m K / h) to about √(2 m K / (h + c m q))",
    source="Porteus (1986), first page read; derived",
    published="from 141 to 82 units for m = 10, K = 100, h = 0.1, c = 20, q = 0.001",
    needs="rejects that cost c each; a steady demand m",
)
def test_defects_make_the_best_lot_smaller_as_porteus_says() -> str:
    """Porteus (1986): with rejects at c = 20 the best lot is about 82; the lot of Harris (1913), 141, costs more."""
    world = {
        "name": "set-ups",
        "horizon": {"periods": 600},
        "stocks": {"shelf": {"initial": 82, "holding_cost": 0.1}},
        "lanes": {
            "process": {
                "to": "shelf",
                "fixed_cost": 100,
                "defects": {"drift": 0.001},
                "reject_cost": 20,
                "lead_time": 0,
            }
        },
        "demands": {"next": {"from": "shelf", "distribution": 10, "unmet": "backlog", "shortage_cost": 9}},
    }
    lots = (141, 41, 61, 82, 112)
    table = compare([f"R-Q(R=9, Q={lot})" for lot in lots], load(world), paths=256, warmup=100, seed=1, gap=False)
    costs = {lot: result.mean("cost") for lot, result in zip(lots, table.results, strict=True)}
    assert min(costs, key=costs.__getitem__) == 82
    first, best = table.results[0], table.results[3]
    less = saved(best.figures["cost"], first.figures["cost"])
    assert less.low > 0
    return f"82 is the best of {', '.join(map(str, sorted(lots)))}; {shown(less, '.1%')} below the cost of 141"
