"""Keys that do nothing are told of by name, once; keys that can never mean anything are refused."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings

from jit_gym.evaluation import evaluate
from jit_gym.scenario import NoEffect, Scenario, ScenarioError, effects, load, names
from jit_gym.scenario.part import Part

from ..worlds import scenarios

ROOT = Path(__file__).parents[2]
STRIKE = {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": 5}
RUSH = {"hits": ["customers"], "starts": {"at": [3]}, "lasts": 5, "factor": 2}
PAST = {"customers": {"from": "shop", "history": {"values": [1, 2, 3], "replay": "as-it-was"}}}
CALM = {"distribution": 4, "next": {}}


def notes(overrides: dict[str, Any], base: str = "lost-sales") -> list[str]:
    """Return what `load` warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(base, overrides)
    assert {each.category for each in caught} <= {NoEffect}
    return [str(each.message) for each in caught]


def strike(**more: Any) -> dict[str, Any]:
    return {"disruptions.strike": {**STRIKE, **more}}


def rush(**more: Any) -> dict[str, Any]:
    return {"spikes.rush": {**RUSH, **more}}


def regimes(**of: Any) -> dict[str, Any]:
    return {"demands.customers": {"from": "shop", "regimes": of}}


NONE = "has no effect, because"
AT_ONCE = f"{NONE} whatever is ordered is shipped at once: it takes from no stock, and nothing fails"
MARKDOWN = {"starts": 9, "price": 6, "elasticity": 2}
HALF = {"name": "empirical", "values": [0.4, 1.5]}
CASES = [
    # stocks
    ({"stocks.shop.issuing": "lifo"}, f"stocks.shop.issuing: {NONE} units have no shelf_life"),
    (
        {"stocks.shop.issuing": "lifo", "stocks.shop.shelf_life": 1, "stocks.shop.initial": 0},
        f"stocks.shop.issuing: {NONE} with a shelf_life of 1 all are as old",
    ),
    (
        {"stocks.shop.waste_cost": 1},
        f"stocks.shop.waste_cost: {NONE} without shelf_life and storage_limit nothing is wasted",
    ),
    ({"stocks.shop.volume": 2}, f"stocks.shop.volume: {NONE} no warehouse is named"),
    ({"warehouses": {"shed": {"rate": 2}}}, f"warehouses.shed: {NONE} no stock names it as its warehouse"),
    (
        {"stocks.shop.warehouse": "shed", "warehouses": {"shed": {"rent": 2, "rate": 1}}},
        f"warehouses.shed.rent: {NONE} no space is rented",
    ),
    (
        {"stocks.shop.warehouse": "shed", "warehouses": {"shed": {"space": 2}}},
        f"warehouses.shed.space: {NONE} it costs nothing: there is no rent and no rate",
    ),
    ({"stocks.shop.loss_cost": 1}, f"stocks.shop.loss_cost: {NONE} without shrinkage or what destroys nothing is lost"),
    ({"stocks.shop.shrinkage": 1}, "stocks.shop.shrinkage: is 1, so that all that is left after a period is lost"),
    ({"stocks.shop.scrap_value": 1}, f"stocks.shop.scrap_value: {NONE} without obsolete nothing is scrapped"),
    ({"stocks.shop.rationing": "proportional"}, f"stocks.shop.rationing: {NONE} no lane takes from the stock"),
    (
        {
            "stocks.depot": {"rationing": "proportional"},
            "lanes.in": {"to": "depot"},
            "lanes.supplier.uses": {"depot": 1},
        },
        f"stocks.depot.rationing: {NONE} one lane alone takes from the stock",
    ),
    (
        {"stocks.shop.storage_limit": 0, "stocks.shop.initial": 0},
        "stocks.shop.storage_limit: is 0, so that all that arrives is wasted",
    ),
    ({"stocks.depot": {}, "lanes.in": {"to": "depot"}}, f"stocks.depot: {NONE} no demand and no lane draws on it"),
    (
        {"stocks.shop.obsolete": {"at": [700]}},
        f"stocks.shop.obsolete.at: {NONE} 700 lies after the 200 days of the horizon",
    ),
    (
        {"demands.customers.price": 9, "demands.customers.markdown": MARKDOWN | {"starts": 300}},
        f"demands.customers.markdown: {NONE} it starts after the 200 days of the horizon",
    ),
    (
        {"demands.customers.price": 6, "demands.customers.markdown": MARKDOWN | {"elasticity": 0}},
        f"demands.customers.markdown: {NONE} the price stays as it is",
    ),
    # lanes
    (
        {"lanes.supplier.delays": {"steps": [[3, 0]]}},
        f"lanes.supplier.delays: {NONE} nothing is ever added to the lead time",
    ),
    ({"lanes.supplier.crossing": True}, f"lanes.supplier.crossing: {NONE} the lead time is always the same"),
    (
        {"lanes.supplier.initial": 3, "lanes.supplier.lead_time": 0},
        f"lanes.supplier.initial: {NONE} with a mean lead time of 0 nothing is on the way at the start",
    ),
    (
        {"lanes.supplier.initial_orders": {"periods_of_supply": 1}},
        f"lanes.supplier.initial_orders: {NONE} without order_delay no order is on its way",
    ),
    ({"lanes.supplier.waiting_cost": 1}, f"lanes.supplier.waiting_cost: {AT_ONCE}"),
    ({"lanes.supplier.unshipped": "lapses"}, f"lanes.supplier.unshipped: {AT_ONCE}"),
    ({"lanes.supplier.pays_after": 3}, f"lanes.supplier.pays_after: {NONE} there is no unit_cost"),
    ({"lanes.supplier.cost_erosion": 0.1}, f"lanes.supplier.cost_erosion: {NONE} there is no unit_cost"),
    ({"lanes.supplier.reject_cost": 1}, f"lanes.supplier.reject_cost: {NONE} without defects nothing is rejected"),
    ({"lanes.supplier.defects": {"drift": 0}}, f"lanes.supplier.defects.drift: {NONE} it is 0"),
    ({"lanes.supplier.defects": 1}, "lanes.supplier.defects: is 1, so that all that arrives is rejected"),
    ({"sources_ship": "after-receiving"}, f"sources_ship: {NONE} no lane takes from a stock"),
    # suppliers and routes
    (
        {"suppliers.maker": {"rationing": "proportional"}, "lanes.supplier.supplier": "maker"},
        f"suppliers.maker.rationing: {NONE} there is no capacity",
    ),
    (
        {"routes.road": {"capacity": 5, "rationing": "proportional"}, "lanes.supplier.route": "road"},
        f"routes.road.rationing: {NONE} no two lanes share the capacity",
    ),
    ({"suppliers": {"maker": {}}}, f"suppliers.maker: {NONE} no lane names it as its supplier"),
    ({"routes": {"road": {"vehicle_capacity": 9}}}, f"routes.road: {NONE} no lane names it as its route"),
    (
        {"suppliers": {"maker": {"late": {"chance": 0, "by": 2}}}, "lanes.supplier.supplier": "maker"},
        f"suppliers.maker.late: {NONE} its chance is 0",
    ),
    (
        {"suppliers": {"maker": {"short": {"chance": 0.1, "by": 0}}}, "lanes.supplier.supplier": "maker"},
        f"suppliers.maker.short: {NONE} its share is 0",
    ),
    # demands
    ({"demands.customers.season": [1, 1]}, f"demands.customers.season: {NONE} all its factors are 1"),
    (
        {"demands.customers.season": [2, 2]},
        "demands.customers.season: has the same factor in all periods, 2, and is no season",
    ),
    ({"demands.customers.price_erosion": 0.1}, f"demands.customers.price_erosion: {NONE} there is no price"),
    ({"demands.customers.pays_after": 2}, f"demands.customers.pays_after: {NONE} there is no price"),
    (
        {"demands.customers.forecast": {"accuracy": [0, 0]}},
        f"demands.customers.forecast.accuracy: {NONE} it is 0 throughout: no more than the mean is known",
    ),
    (
        {"demands.customers.forecast": {"accuracy": [1]}, "demands.customers.distribution": 5},
        f"demands.customers.forecast: {NONE} the demand does not vary",
    ),
    (
        {
            "demands.customers.autocorrelation": 0.5,
            "demands.customers.distribution": {"name": "empirical", "values": [5]},
        },
        f"demands.customers.autocorrelation: {NONE} the demand does not vary",
    ),
    (
        {"demands.customers": PAST["customers"], "horizon.periods": 3, "demands.customers.history.block": 2},
        f"demands.customers.history.block: {NONE} the history is not resampled (set replay: resampled)",
    ),
    (
        {"demands.customers": PAST["customers"], "horizon.periods": 3, "demands.customers.history.season": 2},
        f"demands.customers.history.season: {NONE} the history is not resampled (set replay: resampled)",
    ),
    (regimes(calm=CALM, boom=CALM), f"demands.customers.regimes.boom: {NONE} it never follows from 'calm', the first"),
    (
        {**regimes(calm=CALM), "demands.customers.regime_seen": "hidden"},
        f"demands.customers.regime_seen: {NONE} there is one regime",
    ),
    (
        {
            "demands.others": {"from": "shop", "distribution": 3},
            "correlations": [{"between": ["customers", "others"], "correlation": 0.5}],
        },
        f"correlations of customers and others: {NONE} demands.others does not vary",
    ),
    (
        {
            "demands.others": {"from": "shop", "distribution": {"name": "poisson", "mu": 2}},
            "correlations": [{"between": ["customers", "others"], "correlation": 0}],
        },
        f"correlations of customers and others: {NONE} it is 0, as it is for demands that are not named",
    ),
    (
        {"demands.customers.distribution": 2.5},
        "demands.customers.distribution: is rounded from 2.5 to 3 in whole units (or set units: continuous)",
    ),
    (
        {"demands.customers.distribution": HALF},
        "demands.customers.distribution: has values that are fractions, and are rounded in whole units (or set",
    ),
    (
        {"demands.customers": {"from": "shop", "history": {"values": [1, 2.5]}}, "horizon.periods": 2},
        "demands.customers.history.values: 1 of 2 are fractions, and are rounded in whole units (or set units: contin",
    ),
    # events
    (
        strike(starts={"once": 200}),
        f"disruptions.strike.starts.once: {NONE} it comes after the 200 days of the horizon",
    ),
    # money
    (
        {"horizon.ends": True, "objective.leftovers": "worthless"},
        f"objective.leftovers: {NONE} the world ends with its horizon",
    ),
    (rush(factor=1), f"spikes.rush.factor: {NONE} it is 1"),
    (rush(starts={"at": [300, 400]}), f"spikes.rush.starts.at: {NONE} 300, 400 lie after the 200 days of the horizon"),
    (rush(starts={"at": [5, 400]}), "spikes.rush.starts.at: names 400, which lies after the 200 days of the horizon"),
    (rush(starts={"at": [5, 5]}), "spikes.rush.starts.at: names a period twice"),
    (rush(starts={"at": []}), f"spikes.rush.starts.at: {NONE} it is empty"),
    (
        {"horizon.starts": "2024-01-01", **rush(starts={"at": ["2025-01-01"]})},
        f"spikes.rush.starts.at: {NONE} 2025-01-01 lies after the 200 days of the horizon",
    ),
    (strike(severity=0), f"disruptions.strike.severity: {NONE} it is 0"),
    (
        {"suppliers.maker": {}, "lanes.supplier.supplier": "maker", **strike(hits=["maker"], destroys=0.4)},
        f"disruptions.strike.destroys: {NONE} it hits no stock, and no lane or route on which anything is on the way",
    ),
    (
        strike(hits=["shop"], destroys=0.4, stops="ordering"),
        f"disruptions.strike.stops: {NONE} it hits stocks, and no lane",
    ),
    (
        strike(destroys=0.4, severity=0, recovers_over=2),
        f"disruptions.strike.recovers_over: {NONE} it stops nothing with a severity of 0",
    ),
    (
        strike(starts={"every": {"name": "randint", "low": 300, "high": 400}}),
        "disruptions.strike.starts.every: has no effect on an episode, because the first one comes after the 200 days"
        " of the horizon; where the long run is measured, they do come",
    ),
    (
        {"routes": {"road": {}}, **strike(hits=["road"])},
        f"disruptions.strike.hits: {NONE} no lane has a supplier or a route that it hits",
    ),
    (
        strike(starts={"at": [196]}, recovers_over=3),
        f"disruptions.strike.recovers_over: {NONE} it ends after the 200 days of the horizon",
    ),
    (
        strike(starts={"at": [190]}, seen_late=20),
        "disruptions.strike.seen_late: is so long that it is seen after the 200 days of the horizon (set seen: hidden)",
    ),
    # the horizon
    (
        {"horizon.periods_per_year": 52},
        "horizon.periods_per_year: a year has 365 days, got 52 (name another period, or leave it out)",
    ),
    (
        {"horizon.period": "shift", "horizon.starts": "2024-01-01", **rush(starts={"at": ["2024-01-03"]})},
        "horizon.period: 'shift' is of unknown length, and dates count it as a day (set periods_per_year)",
    ),
]


@pytest.mark.parametrize(("overrides", "note"), CASES, ids=[re.sub(r":.*", "", note) for _, note in CASES])
def test_a_key_that_does_nothing_is_told_of_once(overrides: dict[str, Any], note: str):
    """By name, among whatever else the same overrides make useless; a second load says it again, another time."""
    found = notes(overrides)
    assert [each for each in found if each.startswith(note)], found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "overrides",
    [
        {"stocks.shop.issuing": "lifo", "stocks.shop.shelf_life": 3},
        {"stocks.shop.waste_cost": 1, "stocks.shop.storage_limit": 50},
        {"lanes.supplier.waiting_cost": 1, **strike()},
        {"lanes.supplier.waiting_cost": 1, "lanes.supplier.capacity": 8, "lanes.supplier.order_delay": 1}
        | {"lanes.supplier.initial_orders": 20},
        {"lanes.supplier.unshipped": "lapses", "suppliers": {"maker": {"short": {"chance": 0.1}}}}
        | {"lanes.supplier.supplier": "maker"},
        {"lanes.supplier.crossing": True, "lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 3}},
        {"demands.customers.forecast": {"accuracy": [0.5, 0]}},
        {
            "demands.customers.autocorrelation": 0.5,
            "demands.customers.distribution": 5,
            "demands.customers.occurs": 0.5,
        },
        {"horizon.period": "shift"},
        {"horizon.period": "hour", "horizon.periods_per_year": 4800},
        {"horizon.period": "day", "horizon.periods_per_year": 250},
        regimes(calm={"distribution": 4, "next": {"boom": 0.1}}, boom={"distribution": 9}),
    ],
)
def test_a_key_that_does_something_is_not_told_of(overrides: dict[str, Any]):
    assert notes(overrides) == []


@pytest.mark.parametrize("name", names())
def test_what_is_shipped_has_no_key_that_does_nothing(name: str):
    assert notes({}, name) == []


@pytest.mark.filterwarnings("error::jit_gym.scenario.NoEffect")
def test_what_the_readme_and_the_starter_show_has_no_key_that_does_nothing():
    (world,) = (
        text for text in re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.S) if "name:" in text[:9]
    )
    assert load(yaml.safe_load(world)) == load("lost-sales", {"policies": None})
    starter = (ROOT / "jit_gym/report/templates/starter.yaml").read_text().replace("NAME", "mine")
    assert load({"name": "mine", **yaml.safe_load(starter)})


def test_many_parts_with_the_same_mistake_are_told_of_in_one_sentence():
    many = {f"stocks.s{k}": {"scrap_value": 1} for k in range(6)} | {f"lanes.s{k}": {"to": f"s{k}"} for k in range(6)}
    (note,) = notes({**many, "demands.all": {"from": {f"s{k}": 1 for k in range(6)}, "distribution": 1}})
    assert note.startswith(
        "stocks.s0.scrap_value (and stocks.s1.scrap_value, stocks.s2.scrap_value, stocks.s3.scrap_value, ...): has no"
    )


def test_only_load_warns_and_it_names_the_line_that_called_it():
    """A scenario that is loaded already, checked again, or evaluated, warns no more."""
    with pytest.warns(NoEffect) as caught:
        scenario = load("lost-sales", {"stocks.shop.scrap_value": 1, "horizon.periods": 5})
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(scenario) is scenario
        assert Scenario.model_validate(scenario.model_dump()) == scenario
        evaluate("base-stock", scenario, paths=2)


def test_what_is_refused_does_not_warn_as_well():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ScenarioError):
            load("lost-sales", {"stocks.shop.scrap_value": 1, "horizon.periods": 0})


@settings(deadline=None, max_examples=12, derandomize=True)
@given(scenarios())
def test_what_is_said_to_have_no_effect_has_none(scenario: Scenario):
    """Random worlds cost the same to the last bit on each path without the keys and events that are told of."""
    gone: dict[str, None] = {}
    for look in effects._LOOKS:
        for part, key, why in look(scenario):
            whole = (
                part.startswith(("stocks.", "suppliers.", "routes.", "warehouses.")) and not key
            )  # which others may name
            if not why.startswith("has no effect") or whole:
                continue
            event = re.match(r"(spikes|disruptions)\.[^.]+", part)
            begins = key in ("at", "every", "once")
            stays = "it hits stocks" in why  # and goes on to destroy
            removes_all = event and not stays and (begins or key in ("factor", "severity", "hits"))
            place = event[0] if event and removes_all else part.removesuffix(".obsolete") + ".obsolete" * begins
            gone[place if removes_all or begins else ".".join(filter(None, [part, key]))] = None
    gone = {place: None for place in gone if not place.startswith("correlations") and ".regimes." not in place}
    gone = {place.removesuffix(".drift").removesuffix(".accuracy"): None for place in gone}
    gone = {place: None for place in gone if not any(place.startswith(f"{other}.") for other in gone)}
    without = load(scenario, gone)
    costs = [evaluate("base-stock", each, paths=4, seed=1).figures["profit"] for each in (scenario, without)]
    np.testing.assert_array_equal(*costs)


NEVER_USELESS = {
    "Scenario": "name title description units horizon objective stocks warehouses lanes suppliers routes demands"
    " correlations"
    " spikes disruptions drivers policies",
    "Horizon": "periods starts ends",
    "Objective": "discount fill_rate",
    "PeriodsOfSupply": "periods_of_supply",
    "Stock": "title initial unit_value holding_cost shelf_life terminal_value seen_late warehouse",
    "Warehouse": "title rate",
    "Lane": "title to uses order_delay lead_time supplier route capacity batch minimum_order unit_cost fixed_cost"
    " in_transit_cost share critical age_on_arrival",
    "Supplier": "title capacity",
    "Route": "title vehicle_capacity vehicle_cost full_loads capacity",
    "Late": "by",
    "Demand": "title draws_on distribution regimes history occurs trend unmet shortage_cost terminal_cost price",
    "Regime": "title next",
    "Slower": "title next",
    "Delays": "steps seen",
    "History": "file value date where source replay",
    "Forecast": "",
    "Markdown": "elasticity",
    "Correlation": "between",
    "Spike": "title lasts seen announced",
    "Disruption": "title lasts seen announced delays driver shock",
    "Driver": "title",
}
LOOKED_AT = {
    "Scenario": "regime sources_ship",
    "Horizon": "period periods_per_year",
    "Starts": "every rate at once",
    "Stock": "storage_limit issuing waste_cost shrinkage loss_cost volume obsolete scrap_value rationing",
    "Warehouse": "space rent",
    "Drift": "drift",
    "Lane": "delays crossing waiting_cost unshipped pays_after cost_erosion defects reject_cost initial initial_orders"
    " minimum_life",
    "Supplier": "late short rationing",
    "Route": "rationing",
    "Objective": "leftovers",
    "Late": "chance",
    "Short": "chance by",
    "Demand": "regime_seen autocorrelation forecast season price_erosion pays_after markdown",
    "Regime": "distribution",
    "Slower": "periods",
    "Delays": "regimes",
    "History": "values block season",
    "Forecast": "accuracy",
    "Markdown": "starts price",
    "Correlation": "correlation",
    "Spike": "hits starts factor",
    "Disruption": "hits starts stops destroys severity recovers_over seen_late",
    "Driver": "chance times",
}


def test_every_key_was_asked_when_it_does_nothing():
    """Each key is in one of the two tables: `effects.py` looks at it, or it can never be useless."""
    kinds: list[type[Part]] = [Scenario]
    for kind in kinds:
        for each in re.findall(r"'#/\$defs/(\w+)'", str(kind.model_json_schema(by_alias=False))):
            part = getattr(__import__("jit_gym.scenario.model", fromlist=[each]), each)
            if part not in kinds and each != "Distribution":
                kinds.append(part)
    for kind in kinds:
        asked = f"{NEVER_USELESS.get(kind.__name__, '')} {LOOKED_AT.get(kind.__name__, '')}".split()
        assert sorted(asked) == sorted(kind.model_fields), kind.__name__


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"lanes.supplier.capacity": 0.5},
            "lanes.supplier.capacity: must be 1 or more where units are whole, got 0.5 (or set units: continuous)",
        ),
        (
            {"lanes.supplier.capacity": 8, "lanes.supplier.batch": 5, "lanes.supplier.minimum_order": 6},
            "lanes.supplier.minimum_order: must be 5 (the capacity of lanes.supplier in batches of 5) or less, got 6",
        ),
        (
            {"demands.customers.distribution": 0.4},
            "demands.customers.distribution: must reach 0.5 where units are whole, or it is always rounded to 0, got"
            " 0.4 (or set units: continuous)",
        ),
        (
            {"demands.customers.distribution": {"name": "uniform", "scale": 0.4}},
            "demands.customers.distribution: must reach 0.5 where units are whole, or it is always rounded to 0, got"
            " uniform(scale=0.4) (or set units: continuous)",
        ),
        (
            regimes(calm={"distribution": 0.25}),
            "demands.customers.regimes.calm.distribution: must reach 0.5 where units are whole, or it is always rounded"
            " to 0, got 0.25 (or set units: continuous)",
        ),
        (
            {"demands.customers": {"from": "shop", "history": {"values": [0.25, 0]}}, "horizon.periods": 2},
            "demands.customers.history: must reach 0.5 where units are whole, or all are rounded to 0, got 0.25 at most"
            " (or set units: continuous)",
        ),
        (strike(hits=["supplier", "supplier"]), "disruptions.strike.hits: must name each once, got 'supplier' 2 times"),
        (rush(hits=["customers"] * 3), "spikes.rush.hits: must name each once, got 'customers' 3 times"),
        (
            rush(seen="hidden", announced=2),
            "spikes.rush: must be seen in one way, got seen: hidden and announced: 2",
        ),
        ({"horizon.period": "dayss"}, "horizon.period: unknown period 'dayss' (did you mean 'day'?)"),
        ({"horizon.period": "Weeks"}, "horizon.period: unknown period 'Weeks' (did you mean 'week'?)"),
        ({"horizon.period": "mnth"}, "horizon.period: unknown period 'mnth' (did you mean 'month'?)"),
    ],
)
def test_what_can_never_mean_anything_is_refused(overrides: dict[str, Any], message: str):
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", overrides)
    assert str(caught.value) == message
