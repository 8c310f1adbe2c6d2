"""A shop's folder is a scenario for all verbs, and a shock strikes its suppliers, item by item."""

import json
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.evaluation import stress
from jit_gym.planning import open_folder
from jit_gym.planning.folder import struck_by_default
from jit_gym.planning.mixed import by_own_rules

from ..commands import done, refused

TOLD = ["--lead-time", "2", "--unit-cost", "2", "--holding-rate", "0.25", "--service", "0.9"]


@pytest.fixture(autouse=True)
def _shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rng, days = np.random.default_rng(1), np.datetime_as_string(np.datetime64("2022-01-03") + 7 * np.arange(120))
    lines = [f"{day},{item},{rng.poisson(mean)}" for item, mean in (("milk", 30), ("tea", 4)) for day in days]
    Path("own.csv").write_text("\n".join(["date,item,units", *lines]) + "\n")
    done("new", "my-shop", "--demand", "own.csv", *TOLD)


def test_a_folder_is_its_scenario():
    assert jit_gym.load("my-shop") == jit_gym.load("my-shop/my-shop.yaml") == jit_gym.load(Path("my-shop"))
    Path("my-shop").rename("renamed")
    assert jit_gym.load("renamed/").name == "my-shop"
    Path("renamed/other.yaml").write_text("extends: lost-sales\n")
    with pytest.raises(jit_gym.ScenarioError, match=r"is a folder with 2 scenarios, and one is needed"):
        jit_gym.load("renamed")
    Path("lost-sales").mkdir()
    assert jit_gym.load("lost-sales").name == "lost-sales"  # a name that is shipped stays what it is


def test_verbs_take_the_folder():
    assert "sell-milk" in done("show", "my-shop")
    assert "base-stock" in done("compare", "my-shop", "base-stock", "--paths", "4", "--no-gap", "--no-report")
    assert "base-stock(" in done("tune", "my-shop", "base-stock", "--budget", "20000", "--json")


def test_a_shock_strikes_all_suppliers_of_a_shop():
    told = json.loads(done("stress", "my-shop", "base-stock", "--shock", "supplier-down", "--paths", "16", "--json"))
    assert told["hits"] == ["buy-milk", "buy-tea"] == struck_by_default(open_folder("my-shop").scenario)
    (policy,) = told["shocks"]["supplier-down"]["policies"]
    assert set(policy["items"]) == {"milk", "tea"}
    assert policy["items"]["milk"]["dry"] > 0.5
    assert policy["items"]["milk"]["after"] >= 2  # what was under way when it began still arrives
    printed = done("stress", "my-shop", "base-stock", "--shock", "supplier-down", "--paths", "16")
    assert "items under base-stock" in printed
    assert "Its length differs" not in printed
    page = Path("reports/my-shop-stress.html").read_text()
    assert "Which items run dry" in page
    assert "supplier-down" in page


def test_a_cost_may_be_changed_for_a_stress_test():
    asked = ["stress", "my-shop", "base-stock(level=100)", "--shock", "supplier-down", "--paths", "16", "--json"]
    costs = [
        json.loads(done(*asked, *more))["shocks"]["supplier-down"]["policies"][0]["items"]["milk"]["cost"]
        for more in ([], ["--set", "demands.sell-milk.shortage_cost=10"])
    ]
    assert costs[1] > 5 * costs[0]


@pytest.mark.parametrize("unmet", ["lost", "backlog"])
def test_what_items_lose_adds_up_to_what_the_shock_costs(unmet: str):
    """Where units, orders and transit cost nothing, shortage and holding are all that a shock changes."""
    world = jit_gym.load("my-shop", {"demands.sell-milk.unmet": unmet, "demands.sell-tea.unmet": unmet})
    found = stress(["base-stock"], world, ["supplier-down"], hits=["buy-milk", "buy-tea"], paths=16, by_item=True)
    (struck,) = found.struck
    a_period = struck.measured[0].figures["cost_of_disruptions"].mean()
    assert struck.items[0].cost.sum() / struck.scenario.horizon.periods == pytest.approx(a_period, rel=1e-6)
    assert (struck.items[0].lost >= 0).all()


def test_one_item_alone_runs_dry_where_its_supplier_alone_is_struck():
    (struck,) = stress(["base-stock"], "my-shop", ["supplier-down"], hits=["buy-tea"], paths=16, by_item=True).struck
    assert struck.items[0].dry[0] == 0
    assert struck.items[0].cost[0] == 0
    assert struck.items[0].dry[1] > 0


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ("item,rule\ncoffee,jit\n", "rules.csv line 2: item: the shop has no item 'coffee'"),
        ("item,rule\nmilk,jit\nmilk,jit\n", "rules.csv line 3: item: milk is there twice"),
        ("item,rule\nmilk,\n", "rules.csv line 2: rule: must name one, as base-stock(level=31), got nothing"),
        ("item,policy\nmilk,jit\n", "rules.csv: has no column 'rule' (it has item, policy)"),
    ],
)
def test_rules_that_cannot_be_read_are_refused(rules: str, refusal: str):
    Path("my-shop/rules.csv").write_text(rules)
    Path("stock.csv").write_text("item,on_hand\nmilk,4\n")
    assert refusal in refused("order", "my-shop", "--stock", "stock.csv")


def test_a_folder_without_its_sales_is_refused():
    Path("my-shop/sales.csv").unlink()
    Path("stock.csv").write_text("item,on_hand\nmilk,4\n")
    assert "my-shop: has no sales.csv" in refused("order", "my-shop", "--stock", "stock.csv")


def test_stress_plays_the_rules_of_the_items():
    """With the same rule for each item, the mixture costs what that rule costs; an agent's place is told."""
    Path("my-shop/rules.csv").write_text("item,rule\nmilk,base-stock(level=90)\ntea,base-stock(level=14)\n")
    both = "base-stock(level={milk: 90, tea: 14})"
    how = ("--shock", "supplier-down", "--paths", "8", "--json")
    mine, same = (json.loads(done("stress", "my-shop", *names, *how)) for names in ((), (both,)))
    struck, alike = (each["shocks"]["supplier-down"]["policies"] for each in (mine, same))
    assert [each["policy"].partition("(")[0] for each in struck] == ["rules.csv", "base-stock"]
    assert struck[0]["cost"] == alike[0]["cost"]
    Path("my-shop/rules.csv").write_text("item,rule\nmilk,s-S\ntea,agent:generalist\n")
    opened = open_folder("my-shop")
    shown = by_own_rules(opened.scenario, opened.rules)
    assert [each.name for each in shown[0].players] == ["s-S", "base-stock"]
    assert shown[1] == ["rules.csv: an agent orders tea alone; with all items together it is base-stock by formula"]
