"""Notes: what one should know of a rule before comparing it, in a sentence each."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.policies import RULES, PolicyError, Rule, policy
from jit_gym.policies.limits import LIMITS
from jit_gym.scenario import Scenario, load, names

from ..worlds import shop

SHIPPED = names()


def notes(what: str, scenario: Scenario | str, changes: dict[str, Any] | None = None) -> list[str]:
    """Return the notes of a rule."""
    found: list[str] = policy(what, load(scenario, changes)).notes()
    return found


def fitted(scenario: Scenario, names: list[str]) -> Iterator[Rule]:
    """Yield the rules of these names that fit a scenario, fitted."""
    for name in names:
        with suppress(PolicyError):
            yield policy(name, scenario)


WAITING = {"demands.customers.unmet": "backlog"}
FIRE = {"disruptions.fire": {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": 4}}
IGNORED = [
    ("lost", {}, "lost sales (customers)"),
    ("service", WAITING | {"objective.fill_rate": 0.98}, "the fill rate that is asked for (98 %)"),
    ("season", WAITING | {"demands.customers.season": [1, 2]}, "seasons (customers)"),
    ("trend", WAITING | {"demands.customers.trend": 0.01}, "trends (customers)"),
    (
        "spikes",
        WAITING | {"spikes.sale": {"hits": ["customers"], "starts": {"rate": 0.1}, "lasts": 1, "factor": 3}},
        "spikes (sale)",
    ),
    ("autocorrelation", WAITING | {"demands.customers.autocorrelation": 0.5}, "autocorrelation (customers)"),
    ("capacity", WAITING | {"lanes.supplier.capacity": 8}, "capacities (supplier)"),
    ("lots", WAITING | {"lanes.supplier.batch": 4}, "batches and minimum orders (supplier)"),
    ("lots", WAITING | {"lanes.supplier.minimum_order": 4}, "batches and minimum orders (supplier)"),
    ("fixed_cost", WAITING | {"lanes.supplier.fixed_cost": 5}, "fixed costs (supplier)"),
    (
        "vehicles",
        WAITING | {"routes.van": {"vehicle_capacity": 9, "vehicle_cost": 5}, "lanes.supplier.route": "van"},
        "vehicle costs (van)",
    ),
    ("quality", WAITING | {"lanes.supplier.defects": 0.1}, "defects and short shipments (supplier)"),
    (
        "quality",
        WAITING | {"suppliers.who": {"short": {"chance": 0.1}}, "lanes.supplier.supplier": "who"},
        "defects and short shipments (who)",
    ),
    ("disruptions", WAITING | FIRE, "disruptions (fire)"),
    ("shelf_life", WAITING | {"stocks.shop.shelf_life": 9}, "shelf lives (shop)"),
    (
        "age",
        WAITING | {"stocks.shop.shelf_life": 9, "lanes.supplier.age_on_arrival": 2},
        "shelf lives (shop), ages on arrival (supplier)",
    ),
    (
        "markdown",
        WAITING
        | {"demands.customers.price": 9}
        | {"demands.customers.markdown": {"starts": 5, "price": 6, "elasticity": 2}},
        "markdowns (customers)",
    ),
    (
        "delays",
        WAITING | {"lanes.supplier.delays": {"steps": [[5, 3]]}},
        "drifting lead times, of which it knows the mean (supplier)",
    ),
    ("shrinkage", WAITING | {"stocks.shop.shrinkage": 0.01}, "shrinkage (shop)"),
    (
        "rented",
        WAITING | {"stocks.shop.warehouse": "shed", "warehouses": {"shed": {"space": 9, "rent": 1, "rate": 2}}},
        "rented space (shed)",
    ),
    ("obsolete", WAITING | {"stocks.shop.obsolete": {"rate": 0.01}}, "obsolescence (shop)"),
    ("storage", WAITING | {"stocks.shop.storage_limit": 40}, "storage limits (shop)"),
]


@pytest.mark.parametrize(("limit", "change", "named"), IGNORED)
def test_what_a_formula_ignores_is_named(limit: str, change: dict[str, Any], named: str):
    """`base-stock` knows none of them; a rule that `knows` one does not name it."""
    assert notes("base-stock", "lost-sales", change) == [f"base-stock: the formula ignores {named}"]
    for rule in fitted(load("lost-sales", change), [name for name, rule in RULES.items() if limit in rule.knows]):
        assert not any(LIMITS[limit].words in note for note in rule.notes()), rule


def test_every_limit_but_two_is_tested_above():
    """Regimes and correlations need another world each."""
    assert {limit for limit, _, _ in IGNORED} == set(LIMITS) - {"regimes", "correlations"}
    regimes = {"calm": {"distribution": 3, "next": {"boom": 0.1}}, "boom": {"distribution": 9, "next": {"calm": 0.3}}}
    two = shop(
        stocks={"a": {}, "b": {}},
        lanes={"to-a": {"to": "a"}, "to-b": {"to": "b"}},
        demands={
            "ants": {"from": "a", "regimes": regimes},
            "bees": {"from": "b", "distribution": {"name": "poisson", "mu": 4}},
            "cats": {"from": "b", "distribution": {"name": "poisson", "mu": 4}},
        },
        correlations=[{"between": ["bees", "cats"], "correlation": 0.5}],
    )
    assert notes("base-stock", two) == ["base-stock: the formula ignores regimes (ants), correlations (bees with cats)"]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("s-S", WAITING | {"lanes.supplier.fixed_cost": 5}),
        ("safety-stock", WAITING | {"demands.customers.season": [1, 2]}),
        ("just-in-case", WAITING | FIRE),
        ("mitigation", WAITING | FIRE),
        ("acceptance", WAITING | FIRE),
        ("rerouting", WAITING | FIRE),
        ("base-stock-with-waste", WAITING | {"stocks.shop.shelf_life": 9}),
        ("adaptive", WAITING | {"demands.customers.trend": 0.01}),
        ("base-stock", WAITING | {"lanes.supplier.capacity": 30}),  # never binds
        ("base-stock", {"lanes.supplier.lead_time": 0}),  # whether customers wait makes no difference
        ("base-stock(level=30)", {}),
        ("s-S(s=20, S=30)", {}),
        ("projected-inventory-level", {}),
        ("jit", {}),
    ],
)
def test_what_a_rule_knows_or_is_told_needs_no_note(rule: str, change: dict[str, Any]):
    """A number that was given does not come from a formula."""
    assert notes(rule, "lost-sales", change) == []


def test_a_tuned_rule_relies_on_no_formula():
    """What was looked for by simulation is not by formula any more, and a copy of a rule is as it was."""
    rule = policy("base-stock", load("lost-sales"))
    assert rule.by_formula == ("level",)
    assert rule.having({"level": np.array([31.0])}).notes() == []
    assert policy(rule, load("lost-sales")).notes() == rule.notes() != []
    two = load("multi-item")
    assert policy("base-stock(level={item-01: 900})", two).by_formula == ("level",)


def test_a_parameter_that_is_given_for_every_stock_comes_from_no_formula():
    """Written out by stock, as tuning prints it, it is given as much as one number for all would be."""
    levels = ", ".join(f"{stock}: 9" for stock in load("serial").stocks)
    assert policy(f"base-stock(level={{{levels}}})", load("serial")).by_formula == ()
    assert notes(f"base-stock(level={{{levels}}})", "serial", {"disruptions": {}}) == []


def test_orders_that_overtake_are_named():
    """The level is for the number outstanding, which varies less than the lead time does."""
    change = {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 8}}
    crossing = change | {"lanes.supplier.crossing": True}
    told = "base-stock: orders on supplier may overtake, so it plans with the number outstanding"
    assert notes("base-stock", "lost-sales", WAITING | crossing) == [told]
    assert notes("base-stock", "lost-sales", WAITING | change) == []


def test_a_formula_that_knows_what_is_to_come_says_so():
    """The mean of a history that is replayed is that of the demand it will be compared on."""
    told = "base-stock: the formula knows the mean and variance of customers, a history yet to be replayed"
    assert notes("base-stock", "beer-game") == [told]


BOTH: dict[str, Any] = {
    "stocks": {"valve": {"unit_value": 1, "initial": 5}, "engine": {"unit_value": 60, "initial": 5}},
    "lanes": {"lorry": {"to": "valve", "lead_time": 1}, "ship": {"to": "engine", "lead_time": 2}},
    "demands": {
        "cars": {
            "from": {"valve": 1, "engine": 1},
            "distribution": {"name": "poisson", "mu": 4},
            "unmet": "backlog",
            "shortage_cost": 9,
        }
    },
}
STORM = {"storm": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 5}}
NONE, ALL = "so it orders as jit does", "every stock is guarded here, so it orders as just-in-case does"


@pytest.mark.parametrize(
    ("rule", "change", "note", "same"),
    [
        ("hybrid", {}, f"no lane is critical here, {NONE} (set lanes.NAME.critical: true)", "jit"),
        ("hybrid", {"lanes.lorry.critical": True, "lanes.ship.critical": True}, ALL, "just-in-case"),
        ("hybrid-by-value(dear=1)", {}, f"no stock is cheap at dear=1, {NONE} (lower dear)", "jit"),
        ("hybrid-by-value(dear=0)", {}, ALL, "just-in-case"),
        ("hybrid-by-risk(risk=0.5)", {}, f"no supplier fails for more than risk=0.5 of the time, {NONE}", "jit"),
    ],
)
def test_a_hybrid_that_is_none_says_so(rule: str, change: dict[str, Any], note: str, same: str):
    """Where nothing is guarded, or all is, it says what it is the same as; and it is."""
    world = shop(change, units="whole", **BOTH, disruptions=STORM)
    name = rule.partition("(")[0]
    assert notes(rule, world)[-1] == f"{name}: {note}"
    one, other = (evaluate(what, world, paths=4, periods=60, seed=1).figures["cost"] for what in (rule, same))
    assert np.array_equal(one, other)


def test_a_hybrid_that_is_one_says_nothing_of_it():
    """The valve by just-in-case, the engine by jit."""
    assert notes("hybrid", shop({"lanes.lorry.critical": True}, units="whole", **BOTH, disruptions=STORM)) == []


@pytest.mark.parametrize(
    ("rule", "world", "note"),
    [
        ("just-in-case", "serial", "no disruption can hit its lanes, so it covers none (cover: 0)"),
        ("mitigation", "serial", "nothing is disrupted here, so it orders as base-stock does"),
        ("stock-up-on-warning", "serial", "no disruption is announced here, so it orders as base-stock does"),
        ("rerouting", "serial", "nothing is disrupted here, so it orders as base-stock does"),
        (
            "state-dependent",
            "two-machine-line",
            "no disruption can be seen here (seen: hidden), so it orders as if there were none",
        ),
        ("order-splitting", "serial", "one lane leads to shop, warehouse and factory, so there is nothing to split"),
        ("emergency", "fixed-cost", "one lane leads to shop, so emergency orders take it too"),
        ("constant", "serial", "it orders what is used on average, so that stock and shortage drift without bound"),
        ("kanban", "dual-sourcing", "demand on shop varies, so it has cards for safety stock and not for 10 % only"),
        ("conwip", "dual-sourcing", "demand on shop varies, so it has cards for safety stock and not for 10 % only"),
    ],
)
def test_a_rule_says_where_it_is_another(rule: str, world: str, note: str):
    """And what of its formula is not the textbook's."""
    assert f"{rule}: {note}" in notes(rule, world)


def test_what_does_not_keep_for_as_long_as_an_outage_lasts_is_named():
    """Three periods are not enough for an outage of four."""
    change = WAITING | FIRE | {"stocks.shop.shelf_life": 3}
    assert notes("just-in-case", "lost-sales", change) == [
        "just-in-case: shop does not keep for as long as an outage lasts"
    ]


def test_a_warning_that_comes_too_late_is_named():
    """What is ordered two days before a port closes arrives there after five; what waits to be shipped is in time."""
    stop = {"hits": ["supplier"], "starts": {"at": [9]}, "lasts": 4, "announced": 2, "stops": "receiving"}
    told = "storm is announced later than what is ordered on it arrives, so that a warning helps little"
    told = f"stock-up-on-warning: {told}"
    change = {"lanes.supplier.lead_time": 5, "disruptions": {"storm": stop}}
    assert told in notes("stock-up-on-warning", "lost-sales", change)
    change["disruptions"]["storm"] = stop | {"stops": "shipping"}
    assert told not in notes("stock-up-on-warning", "lost-sales", change)


HAVE_NO_LIMITS = {
    **dict.fromkeys(("jit", "demand-flow", "short-cycle", "synchronised"), "hold nothing for safety"),
    **dict.fromkeys(
        ("myopic", "myopic-2", "standard-vector", "projected-inventory-level"), "refuse what they do not know"
    ),
    "constant": "has a note of its own",
    "anchoring": "is what people do",
}


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_says_which_of_its_parameters_are_by_a_textbooks_formula(name: str):
    """Or it stands above, with the reason; a rule that is added here has to decide."""
    own = RULES[name].relies_on_formulas is not Rule.relies_on_formulas  # it always does
    assert bool(RULES[name].planned or own) != (name in HAVE_NO_LIMITS)
    assert set(RULES[name].planned) <= set(RULES[name].names())
    assert RULES[name].knows <= set(LIMITS)


@pytest.mark.parametrize("world", SHIPPED)
def test_notes_are_one_short_line_each(world: str):
    """In every shipped scenario, of every rule that fits: its name, a sentence, and no more than 160 letters."""
    for rule in fitted(load(world), list(RULES)):
        for note in rule.notes():
            assert note.startswith(f"{rule.name}: ")
            assert "\n" not in note
            assert len(note) <= 160, note
