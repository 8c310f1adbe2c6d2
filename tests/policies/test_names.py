"""Policies by name: what can be written, and what is refused in one line."""

from typing import Any

import pytest

from jit_gym.policies import RULES, BaseStock, JustInCase, Kanban, Policy, PolicyError, ReorderPoint, policy
from jit_gym.policies import parse as rule
from jit_gym.scenario import Scenario, load

from ..worlds import shop
from .still import fitting

TWO: Scenario = shop(
    stocks={"valve": {}, "no": {}, "seat-belt": {}},
    lanes={name: {"to": name} for name in ("valve", "no", "seat-belt")},
    demands={"cars": {"from": {"valve": 1, "no": 2, "seat-belt": 4}, "distribution": 10}},
)


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_has_a_name(name: str):
    """A name alone is the rule with its parameters by formula; nothing is written that was not given."""
    found = rule(name)
    assert type(found) is RULES[name]
    assert found.parameters == {}
    assert str(found) == name


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("base-stock()", {}),
        ("base-stock(level=25)", {"level": 25}),
        ("  base-stock ( level = 25.5 )  ", {"level": 25.5}),
        ("base-stock(level: 25)", {"level": 25}),
        ("base-stock(level=1e3)", {"level": 1000}),
        ("s-S(s=17,S=23)", {"s": 17, "S": 23}),
        ("s-S(S=23, s=17,)", {"s": 17, "S": 23}),
        ("kanban(cards={valve: 8, no: 3}, container=10)", {"cards": {"valve": 8, "no": 3}, "container": 10}),
        ("kanban(cards={seat-belt=8})", {"cards": {"seat-belt": 8}}),
    ],
)
def test_a_text_names_a_rule_and_its_parameters(text: str, parameters: dict[str, Any]):
    """Parameters are written like Python's, or YAML's: numbers, or numbers by the stocks' names."""
    assert rule(text).parameters == parameters


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("base-stok", "unknown policy 'base-stok' (did you mean 'base-stock'?)"),
        ("zzz", f"unknown policy 'zzz' (known: {', '.join(RULES)})"),
        ("", "cannot read the policy '' (write it like base-stock(level=25))"),
        ("base-stock(level=25", "cannot read the policy 'base-stock(level=25' (write it like base-stock(level=25))"),
        ("base-stock(lvl=3)", "base-stock: unknown parameter 'lvl' (did you mean 'level'?)"),
        ("base-stock(25)", "base-stock: unknown parameter 25 (it has level)"),
        ("s-S(zz=1)", "s-S: unknown parameter 'zz' (it has s, S)"),
        (
            "kanban(cards=[1)",
            "cannot read the parameters of 'kanban(cards=[1)' (write them like kanban(a=1, b=2))",
        ),
        (
            "base-stock(level=1, level=2)",
            "cannot read the parameters of 'base-stock(level=1, level=2)' (write them like base-stock(a=1, b=2))",
        ),
        ("base-stock(level=-1)", "base-stock: level must be a number, 0 or more, got -1"),
        ("base-stock(level=)", "base-stock: level has no value (write base-stock(level=25), or leave it out)"),
        ("s-S(s=, S=3)", "s-S: s has no value (write s-S(s=25), or leave it out)"),
        ("base-stock(level=null)", "base-stock: level has no value (write base-stock(level=25), or leave it out)"),
        (
            "base-stock(level=99999999999999999999)",
            "base-stock: level must be a number, 0 or more, got 99999999999999999999",
        ),
        ("base-stock(level=many)", "base-stock: level must be a number, 0 or more, got 'many'"),
        ("base-stock(level=true)", "base-stock: level must be a number, 0 or more, got True"),
        ("base-stock(level=.inf)", "base-stock: level must be a number, 0 or more, got inf"),
        ("base-stock(level=.nan)", "base-stock: level must be a number, 0 or more, got nan"),
        ("base-stock(level=[1, 2])", "base-stock: level must be a number, 0 or more, got [1, 2]"),
        ("base-stock(level={valv: 3})", "base-stock: level: unknown stock 'valv' (did you mean 'valve'?)"),
        ("base-stock(level={valve: -3})", "base-stock: level of valve must be a number, 0 or more, got -3"),
        ("base-stock(level={valve: {no: 3}})", "base-stock: level of valve must be a number, 0 or more, got {'no': 3}"),
        ("s-S(s=5, S=3)", "s-S: S must be s (5) or more, got 3"),
        ("s-S(s={valve: 5}, S={valve: 3})", "s-S: S must be s (5) or more, got 3"),
        ("s-S(S=3)", "s-S: S must be s (10) or more, got 3"),
        ("kanban(container=0)", "kanban: container must be more than 0, got 0"),
        ("kanban(container={no: 0})", "kanban: container must be more than 0, got 0"),
        ("just-in-case(service_level=99)", "just-in-case: service_level must be 1 or less, got 99"),
        ("dual-index", "dual-index: needs two lanes with fixed lead times into 'valve', got 1"),
        ("capped-dual-index", "capped-dual-index: needs two lanes with fixed lead times into 'valve', got 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(text: str, complaint: str):
    """The line names the rule, the parameter, the value, and what may have been meant."""
    with pytest.raises(PolicyError) as caught:
        policy(text, TWO)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("lanes", "got"),
    [
        ({"a": {"to": "shop"}, "b": {"to": "shop"}, "c": {"to": "shop"}}, "3"),
        (
            {"a": {"to": "shop"}, "b": {"to": "shop", "lead_time": {"name": "randint", "low": 1, "high": 3}}},
            "random lead times",
        ),
    ],
)
def test_dual_sourcing_needs_two_steady_lanes(lanes: dict[str, Any], got: str):
    """A dual index is refused where there are three lanes, or a lead time varies."""
    with pytest.raises(
        PolicyError, match=rf"^dual-index: needs two lanes with fixed lead times into 'shop', got {got}$"
    ):
        policy("dual-index", shop(lanes=lanes))


@pytest.mark.parametrize("what", [None, 25, ["jit"], {"jit": 1}])
def test_what_is_no_policy_is_refused(what: Any):
    """A policy is a name, a policy or a function."""
    with pytest.raises(PolicyError, match=r"^a policy must be a name, a policy or a function, got "):
        policy(what, TWO)


def test_parameters_by_stock_leave_the_others_to_the_formula():
    """`{valve: 8}` is for valves alone; the rest is by formula, as the fitted rule tells."""
    fitted = policy("base-stock(level={valve: 8})", TWO)
    assert fitted.level.tolist() == [8, 20, 40]
    assert fitted.parameters == {"level": {"valve": 8, "no": 20, "seat-belt": 40}}
    assert str(fitted) == "base-stock(level={valve: 8, no: 20, seat-belt: 40})"
    assert str(policy("base-stock(level=8)", TWO)) == "base-stock(level=8)"


@pytest.mark.parametrize("name", fitting(TWO))
def test_what_a_rule_is_called_makes_the_same_rule(name: str):
    """The name of a fitted rule, parameters included, can be read back."""
    fitted = policy(name, TWO)
    again = policy(str(fitted), TWO)
    assert again.parameters == fitted.parameters
    assert str(again) == str(fitted)


def test_minus_zero_is_zero():
    assert (
        str(policy("base-stock(level=-0.0)", TWO)) == str(policy("base-stock(level=-0)", TWO)) == "base-stock(level=0)"
    )
    assert str(policy("base-stock(level={valve: -0.0})", TWO)) == "base-stock(level={valve: 0, no: 20, seat-belt: 40})"


def test_a_rule_is_fitted_without_changing_it():
    """Fitting returns a new rule, so that the one that was given can be fitted to another scenario."""
    given = BaseStock(level=None)
    here, there = policy(given, TWO), policy(given, load("lost-sales"))
    assert given.level is None
    assert (len(here.level), len(there.level)) == (3, 1)
    assert policy(here, TWO).level.tolist() == here.level.tolist()


def test_rules_can_be_made_in_python():
    """The classes take what the names take."""
    assert policy(Kanban(cards=3, container=4), TWO).parameters == {"cards": 3, "container": 4}
    assert policy(ReorderPoint(s=1, S={"valve": 9}), TWO).S.tolist() == [9, 1, 1]
    with pytest.raises(PolicyError, match="service_level must be 1 or less, got 2"):
        policy(JustInCase(service_level=2), TWO)


def test_a_function_is_a_policy():
    """Any function of a view plays as it is, and so does any object with a `fit`."""

    def mine(view: Any) -> Any:
        return view.on_hand

    class Learned(Policy):
        name = "learned"

    assert policy(mine, TWO) is mine
    assert policy(Learned(), TWO).scenario is TWO
