"""Tuning: it finds what others published, says honestly what that costs, and keeps to its budget."""

from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.common.executor import Executor
from jit_gym.evaluation import Estimate, compare, evaluate, tune
from jit_gym.policies import RULES, BaseStock, PolicyError, policy
from jit_gym.scenario import BadInput, Scenario, load
from jit_gym.scenario.window import stays_as_it_is

from ..published.tables import rows
from ..worlds import shop

LOST_SALES, DUAL_SOURCING, FIXED_COST = (rows(f"{name}.csv") for name in ("lost_sales", "dual_sourcing", "fixed_cost"))
ALMOST = 5e-4  # of the cost: what counts as the same


def lost_sales(row: dict[str, str]) -> Scenario:
    geometric = row["demand"] == "geometric"
    return load(
        "lost-sales",
        {
            "demands.customers.distribution": {"name": "geom", "p": 1 / 6, "loc": -1}
            if geometric
            else {"name": "poisson", "mu": 5},
            "demands.customers.shortage_cost": float(row["shortage_cost"]),
            "lanes.supplier.lead_time": int(row["lead_time"]),
        },
    )


def dual_sourcing(row: dict[str, str]) -> Scenario:
    return load("dual-sourcing", {"lanes.expedited.unit_cost": float(row["expedited_unit_cost"])})


def fixed_cost(row: dict[str, str]) -> Scenario:
    return load("fixed-cost", {"demands.customers.distribution.mu": float(row["mean"])})


def check(found: Any, published: str, scenario: Scenario) -> None:
    """Hold that what was found is what was published, or as good: on common chance, to 0.05 % and its error."""
    if str(found) == published:
        return
    one, other = (
        evaluate(what, scenario, paths=512, periods=1500, warmup=400, seed=2024) for what in (found, published)
    )
    more = Estimate.of(one.figures["cost"] - other.figures["cost"])
    assert more.mean - 3 * more.error < ALMOST * other.mean(), (str(found), more)
    assert more.error < ALMOST * other.mean()


@pytest.mark.parametrize("row", [LOST_SALES[k] for k in (3, 7)])
def test_it_finds_zipkins_base_stock_levels(row: dict[str, str]):
    """Zipkin (2008): the best level itself, with seed 1."""
    best = tune("base-stock", lost_sales(row), seed=1)
    assert str(best) == f"base-stock(level={row['base_stock_level']})"
    assert best.tuning.estimate.mean == pytest.approx(float(row["base_stock"]), abs=4.5 * best.tuning.estimate.error)


@pytest.mark.parametrize("row", [LOST_SALES[11]])
def test_it_finds_two_parameters_of_lost_sales(row: dict[str, str]):
    """Level and cap of capped base-stock (Xin 2021), on Zipkin's instances."""
    published = f"capped-base-stock(level={row['capped_level']}, cap={row['capped_max_order']})"
    check(tune("capped-base-stock", lost_sales(row), seed=1), published, lost_sales(row))


@pytest.mark.parametrize("row", [FIXED_COST[0], pytest.param(FIXED_COST[6], marks=pytest.mark.slow)])
def test_it_finds_zheng_and_federgruens_s_s(row: dict[str, str]):
    """A fixed cost of 64: order now and then with a mean of 10, in most periods with 70."""
    check(tune("s-S", fixed_cost(row), seed=1), f"s-S(s={row['s']}, S={row['S']})", fixed_cost(row))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["capped-dual-index", "dual-index"])
def test_it_finds_the_indices_of_two_suppliers(rule: str):
    """Gijsbrechts et al. (2022): two indices, or two and a cap."""
    row = DUAL_SOURCING[0]
    names = zip(
        ("expedited_level", "regular_level", "cap"), row[f"{rule.replace('-', '_')}_params"].split("|"), strict=False
    )
    published = f"{rule}({', '.join(f'{name}={value}' for name, value in names)})"
    check(tune(rule, dual_sourcing(row), seed=1), published, dual_sourcing(row))


@pytest.mark.slow
def test_it_finds_the_levels_of_a_line_stock_by_stock():
    """Snyder and Shen (2019), example 6.1: three real numbers, 6.49, 12.02 and 22.71."""
    published = "echelon-base-stock(level={shop: 6.49, warehouse: 12.02, factory: 22.71})"
    check(tune("echelon-base-stock", "serial", seed=1), published, load("serial"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_it_finds_every_published_parameter(seed: int):
    """All instances of all tables, with two seeds."""
    for row in LOST_SALES:
        world = lost_sales(row)
        check(tune("base-stock", world, seed=seed), f"base-stock(level={row['base_stock_level']})", world)
        capped = f"capped-base-stock(level={row['capped_level']}, cap={row['capped_max_order']})"
        check(tune("capped-base-stock", world, seed=seed), capped, world)
    for row in FIXED_COST:
        check(tune("s-S", fixed_cost(row), seed=seed), f"s-S(s={row['s']}, S={row['S']})", fixed_cost(row))
    for row in DUAL_SOURCING:
        e, r, c = row["capped_dual_index_params"].split("|")
        world = dual_sourcing(row)
        levels = f"expedited_level={e}, regular_level={r}"
        check(tune("dual-index", world, seed=seed), f"dual-index({levels})", world)
        check(tune("capped-dual-index", world, seed=seed), f"capped-dual-index({levels}, cap={c})", world)
        e, b = row["tailored_base_surge_params"].split("|")
        published = f"tailored-base-surge(expedited_level={e}, base={b})"
        check(tune("tailored-base-surge", world, seed=seed), published, world)
    line = "echelon-base-stock(level={frames: 12, motors: 12, products: 8})"
    check(tune("echelon-base-stock", "assembly", seed=seed), line, load("assembly"))


QUICK = {"budget": 400_000, "seed": 3}


def test_what_it_says_is_what_evaluate_finds():
    """The estimates are those of `evaluate` on the paths it names, of the winner and the formula, and their gap."""
    best = tune("base-stock", "lost-sales", **QUICK)
    told = best.tuning
    where = {"paths": told.paths, "periods": told.periods, "warmup": told.warmup, "seed": told.seed}
    found, formula = (evaluate(what, "lost-sales", **where) for what in (best, told.formula))
    assert told.figure == "cost"
    assert told.estimate == pytest.approx(found.estimate("cost"))
    assert told.formula_estimate == pytest.approx(formula.estimate("cost"))
    assert told.difference == pytest.approx(Estimate.of(found.figures["cost"] - formula.figures["cost"]))


def test_the_report_is_on_chance_that_the_search_has_not_seen():
    """Search and report have seeds of their own, which differ from the one given and between seeds given."""
    from jit_gym.evaluation.tuning import prepare

    seeds = [seed for given in (0, 1) for seed in prepare("base-stock", load("lost-sales"), seed=given).seeds.values()]
    assert len({*seeds, 0, 1}) == 6


def test_the_same_seed_finds_the_same():
    """To the last bit, and it is told as often."""
    one, other = (tune("s-S", "fixed-cost", **QUICK) for _ in range(2))
    assert str(one) == str(other)
    assert one.tuning == other.tuning


def test_a_tuned_rule_is_a_rule():
    """It plays by itself, by its name, in a comparison and in an env; fitted elsewhere it has no tuning."""
    best = tune("base-stock", "lost-sales", **QUICK)
    assert isinstance(best, BaseStock)
    table = compare([best, str(best), "jit"], "lost-sales", paths=8)
    assert table.results[0].policy == str(best) == table.results[1].policy
    assert np.array_equal(table.results[0].figures["cost"], table.results[1].figures["cost"])
    assert table.results[0].player.tuning == best.tuning
    assert policy(best, load("lost-sales", {"stocks.shop.initial": 3})).tuning is None
    with pytest.raises(PolicyError, match="level: must have 4 numbers, got 1"):
        policy(best, load("distribution"))
    assert jit_gym.tune is tune


def test_parameters_that_are_given_stay():
    """Of s and S, one can be given; a text that gives both, or a rule that has none, leaves nothing to look for."""
    best = tune("s-S(s=12)", "fixed-cost", **QUICK)
    assert best.s.tolist() == [12]
    assert best.S.tolist() != policy("s-S(s=12)", load("fixed-cost")).S.tolist()
    for what, why in (("s-S(s=4, S=9)", "all its parameters are given"), ("myopic", "it has no parameters")):
        with pytest.raises(PolicyError, match=f"there is nothing to tune, {why}$"):
            tune(what, "lost-sales")
    with pytest.raises(PolicyError, match=r"^tune: must be a rule with parameters"):
        tune(lambda view: view.on_hand, "lost-sales")


def test_whole_units_are_whole_and_others_are_not():
    """Levels are whole where units are; a level that is real is found between them, and its text says all of it."""
    assert (tune("capped-base-stock", "lost-sales", **QUICK).cap % 1 == 0).all()
    world = shop(
        {"stocks.shop.holding_cost": 0.18},
        demands={
            "customers": {
                "from": "shop",
                "distribution": {"name": "norm", "loc": 50, "scale": 8},
                "unmet": "backlog",
                "shortage_cost": 0.7,
            }
        },
    )
    best = tune("base-stock", world, seed=1)
    assert best.level == pytest.approx([56.604], abs=1)  # the newsvendor's; its cost is flat there
    assert policy(str(best), world).level.tolist() == best.level.tolist()


def test_shares_and_counts_keep_within_bounds():
    """A service level is below 1, a review a whole number of periods; one number is looked for, for all stocks."""
    best = tune("just-in-case", "distribution", **QUICK)
    assert ((best.service_level > 0) & (best.service_level < 1)).all()
    assert len(set(best.service_level)) == len(set(best.cover)) == 1
    assert tune("short-cycle", "fixed-cost", **QUICK).review % 1 == 0


def test_it_never_returns_what_the_rule_refuses():
    """Candidates with s above S are not played."""
    best = tune("s-S-q", "fixed-cost", **QUICK)
    policy(str(best), load("fixed-cost"))


@pytest.mark.parametrize("what", ["base-stock", "s-S"])
def test_it_keeps_to_its_budget(what: str):
    """What it plays is told as it goes, is what it says that it spent, and is no more than it might."""
    told: list[int] = []
    best = tune(what, "fixed-cost", budget=1_000_000, progress=told.append)
    assert sum(told) == best.tuning.spent <= best.tuning.budget == 1_000_000
    assert best.tuning.tried > 5


@pytest.mark.parametrize("option", ["budget", "periods", "warmup"])
@pytest.mark.parametrize("value", [-1, 2.5, True])
def test_what_makes_no_sense_is_refused(option: str, value: Any):
    """A budget is a whole number, and so are periods."""
    with pytest.raises(BadInput, match=rf"^{option}: must be a whole number, [01] or more, got "):
        tune("base-stock", "lost-sales", **{option: value})


@pytest.mark.parametrize(
    ("world", "overrides", "lasting"),
    [
        ("lost-sales", {}, True),
        ("grocery", {}, True),  # drawn at random from its history
        ("grocery", {"demands.customers.history.replay": "as-it-was"}, False),
        ("beer-game", {}, False),
        ("aisin-1997", {}, False),  # there is one fire, at a random hour
        ("aisin-1997-record", {}, False),  # there is a fire on a date
        ("lost-sales", {"demands.customers.trend": 0.1}, False),
        ("lost-sales", {"objective.discount": 0.9}, False),
        ("lost-sales", {"demands.customers.unmet": "backlog", "demands.customers.terminal_cost": 5}, False),
    ],
)
def test_the_long_run_counts_where_there_is_one(world: str, overrides: dict[str, Any], lasting: bool):
    """Elsewhere the scenario's horizon is played from its start, as it will be."""
    scenario = load(world, overrides)
    assert stays_as_it_is(scenario) is lasting
    told = tune("kanban", scenario, budget=200_000).tuning
    assert (told.warmup > 0) is lasting
    if not lasting:
        assert told.periods == scenario.horizon.periods
    assert tune("kanban", scenario, budget=200_000, periods=20, warmup=0).tuning.warmup == 0


def test_profit_and_discounted_rewards_are_made_as_large_as_they_can_be():
    """With a price the figure is profit, with a discount the discounted reward; both are higher than the formula's."""
    for world, figure in (("grocery", "profit"), ("or-gym-inv-management", "discounted_reward")):
        best = tune("base-stock", world, budget=1_000_000)
        assert best.tuning.figure == figure
        assert best.tuning.difference.low > 0


def test_many_stocks_are_moved_together():
    """With fifty levels to find, all are moved by their own spread at once, and what is found beats the formula."""
    best = tune("base-stock", "multi-item", budget=100_000, periods=52)
    assert best.tuning.difference.high < 0
    moved = best.level - policy("base-stock", load("multi-item")).level
    assert len(set(np.sign(moved))) == 1


@pytest.mark.slow
def test_it_looks_as_far_as_the_longest_disruption():
    """A fire stops the valves for 80 hours, and four days' stock more than the formula's is best.

    Who knew all chance in advance would pay 7,189 an hour or more on these paths: 0.5 % is all that is left.
    """
    best = tune("base-stock", "aisin-1997-record")
    assert evaluate(best, "aisin-1997-record", paths=119, seed=0).mean("cost") < 1.005 * 7189


def test_without_demand_there_is_nothing_to_tune():
    """Without demand no parameter matters: every rule that has any is refused in one line, and `compare` plays it."""
    still = shop({"demands.customers.shortage_cost": 1})
    for name in RULES:
        try:
            fitted = policy(name, still)
        except PolicyError:
            continue  # it does not fit
        with pytest.raises(PolicyError, match=rf"^{name}: there is nothing to tune, "):
            tune(name, still)
        assert compare([name], still, paths=1, tuned=True, gap=False).results[0].player.tuning is None, fitted


ODD_WORLDS: dict[str, dict[str, Any]] = {
    "no room": {"stocks.shop.storage_limit": 0, "stocks.shop.initial": 0},
    "hardly any demand": {"demands.customers.distribution": {"name": "poisson", "mu": 1e-3}},
    "hardly any capacity": {"lanes.supplier.capacity": 1},
    "nothing costs anything": {"stocks.shop.holding_cost": 0, "demands.customers.shortage_cost": 0},
    "one period": {"horizon.periods": 1, "horizon.ends": True},
}


@pytest.mark.parametrize(
    "odd", [pytest.param(odd, marks=() if odd in ("no room", "one period") else pytest.mark.slow) for odd in ODD_WORLDS]
)
@pytest.mark.parametrize("budget", [8_000, pytest.param(60_000, marks=pytest.mark.slow)])
def test_odd_worlds_are_tuned_within_the_budget_or_refused(odd: str, budget: int):
    """Every rule finds some parameters in any world that it fits, and plays no more than it may."""
    world = load("lost-sales", {"lanes.supplier.lead_time": 1, **ODD_WORLDS[odd]})
    for name in RULES:
        try:
            best = tune(name, world, budget=budget)
        except PolicyError:
            continue  # it does not fit, or has nothing to tune
        assert best.tuning.spent <= budget, name
        assert np.isfinite(best.tuning.estimate.mean), name


def test_a_budget_that_buys_nothing_is_refused():
    """Two paths of the search and two of the report for both candidates are the least."""
    with pytest.raises(BadInput, match=r"^budget: must be 4,800 periods or more, for two paths of 600 periods"):
        tune("base-stock", "lost-sales", budget=4_000)


def test_candidates_are_the_same_in_processes():
    """A search whose steps take seconds plays them in other processes, and finds the same with the same budget."""
    how = {"seed": 3, "budget": 40_000_000, "periods": 400}
    told: dict[str, list[int]] = {"here": [], "processes": []}
    here, there = (
        tune("base-stock", "lost-sales", **how, executor=Executor(on), progress=told[on].append) for on in told
    )
    assert here.tuning == there.tuning
    assert str(here) == str(there)
    assert sum(told["here"]) == sum(told["processes"]) == here.tuning.spent


def test_rules_are_tuned_the_same_in_processes():
    how = {"paths": 8, "periods": 100, "tuned": 300_000, "gap": False}
    here, there = (
        compare(["base-stock", "s-S"], "lost-sales", **how, executor=executor)
        for executor in (Executor(), Executor("processes", 2))
    )
    assert here.frame().equals(there.frame())
    assert [result.policy for result in here.results] == [result.policy for result in there.results]
