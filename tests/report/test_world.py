"""What is shipped and what a world holds, in words."""

import jit_gym
from jit_gym.policies import RULES
from jit_gym.report import catalogue
from jit_gym.report.world import meaning, world


def test_the_catalogue_has_every_scenario_with_its_title():
    assert catalogue.scenarios() == {name: jit_gym.load(name).title for name in jit_gym.names()}


def test_the_catalogue_has_every_rule_with_a_line_of_its_docstring():
    assert list(catalogue.rules()) == list(RULES)
    for name, line in catalogue.rules().items():
        first = " ".join((RULES[name].__doc__ or "").replace("`", "").split())
        assert first.startswith(line)
        assert line.count("(") == line.count(")")


def test_a_world_is_told_by_what_is_not_as_usual():
    tables = world(jit_gym.load("grocery"))
    assert list(tables) == ["stocks", "lanes", "demands"]
    (shelf,), (warehouse,), (customers,) = tables.values()
    assert shelf.says == {"initial": "2 weeks of supply", "unit value": "2", "holding cost": "0.02"}
    assert warehouse.says["lead time"] == "1 week"
    assert customers.says["history"].startswith("156 weeks of grocery_sales.csv: units_sold")
    assert meaning("stocks", "unit value") == "Money in one unit, for cash tied up and turns."


def test_events_are_told_by_when_and_what():
    quake = {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": {"name": "randint", "low": 2, "high": 5}}
    sale = {"hits": ["customers"], "starts": {"at": [3, 9]}, "lasts": 1, "factor": 2}
    scenario = jit_gym.load("lost-sales", {"disruptions": {"quake": quake}, "spikes": {"sale": sale}})
    tables = world(scenario)
    assert tables["disruptions"][0].says == {
        "hits": "supplier",
        "starts": "with chance 0.01 a day",
        "lasts": "randint(low=2, high=5), mean 3 days",
    }
    assert tables["spikes"][0].says == {"hits": "customers", "starts": "day 3, 9", "lasts": "1 day", "factor": "2"}


def test_what_comes_once_is_told_with_the_periods_it_may_come_in():
    fire = {"hits": ["supplier"], "starts": {"once": {"name": "randint", "low": 0, "high": 100}}, "lasts": 3}
    told = world(jit_gym.load("lost-sales", {"disruptions": {"fire": fire, "set": {**fire, "starts": {"once": 7}}}}))
    first, second = told["disruptions"]
    assert first.says["starts"] == "once, at a random day: randint(low=0, high=100), mean 49.5"
    assert second.says["starts"] == "day 7"


def test_what_lasts_for_ever_is_told_in_words():
    fire = {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": float("inf")}
    flood = {"hits": ["supplier"], "starts": {"every": float("inf")}, "lasts": 2}
    says = [
        thing.says
        for thing in world(jit_gym.load("lost-sales", {"disruptions": {"a": fire, "b": flood}}))["disruptions"]
    ]
    assert says == [
        {"hits": "supplier", "starts": "day 3", "lasts": "for ever"},
        {"hits": "supplier", "starts": "never", "lasts": "2 days"},
    ]


def test_demand_is_told_with_its_regimes_and_what_is_known_of_it():
    """Regimes, the forecast and each correlation of a demand are in its words."""
    regimes = {
        "calm": {"distribution": 4, "next": {"boom": 0.1}},
        "boom": {"distribution": {"name": "poisson", "mu": 9}},
    }
    scenario = jit_gym.load(
        "lost-sales",
        {
            "demands.customers": {"from": "shop", "regimes": regimes, "occurs": 0.5, "autocorrelation": 0.3},
            "demands.guests": {"from": "shop", "distribution": 2, "forecast": {"accuracy": [0.9, 0.5]}},
            "demands.others": {"from": "shop", "distribution": 2},
            "correlations": [
                {"between": ["customers", "guests"], "correlation": 0.4},
                {"between": ["customers", "others"], "correlation": -0.2},
            ],
        },
    )
    customers, guests, others = (thing.says for thing in world(scenario)["demands"])
    assert customers == {
        "from": "shop",
        "regimes": "calm 4 (next: 0.1 boom); boom poisson(mu=9), mean 9",
        "occurs": "0.5",
        "autocorrelation": "0.3",
        "correlation": "0.4 with guests, -0.2 with others",
    } | {key: customers[key] for key in ("unmet", "shortage cost", "price") if key in customers}
    assert guests["forecast"] == "accuracy 0.9, 0.5"
    assert guests["correlation"] == "0.4 with customers"
    assert others["correlation"] == "-0.2 with customers"
    assert meaning("demands", "correlation").startswith("The correlation of what is new")


def test_suppliers_and_routes_tell_what_their_lanes_do_not():
    """Who may be late or short, and what a vehicle carries, is told; who has only a name is not listed."""
    scenario = jit_gym.load(
        "lost-sales",
        {
            "suppliers": {"far": {"late": {"chance": 0.2, "by": 1}, "short": {"chance": 0.1, "by": 0.5}}, "near": {}},
            "routes": {"road": {"vehicle_capacity": 6, "vehicle_cost": 75}},
            "lanes.supplier": {"to": "shop", "supplier": "far", "route": "road", "defects": {"drift": 0.01}},
            "stocks.shop.shelf_life": 3,
        },
    )
    tables = world(scenario)
    assert [thing.name for thing in tables["suppliers"]] == ["far"]
    assert tables["suppliers"][0].says == {"late": "with chance 0.2, by 1 day", "short": "with chance 0.1, by 0.5"}
    assert tables["routes"][0].says == {"vehicle capacity": "6", "vehicle cost": "75"}
    assert tables["stocks"][0].says["shelf life"] == "3 days"
    drifts = "more in a large lot: the process drifts with chance 0.01 at each unit"
    assert tables["lanes"][0].says["defects"] == drifts
