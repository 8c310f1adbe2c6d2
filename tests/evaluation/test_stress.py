"""Stress tests, and what a second source, a warning and information are worth."""

from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.common.executor import Executor
from jit_gym.evaluation.having import variants, without_lanes
from jit_gym.scenario import BadInput, load

SHOP = {"demands.customers.distribution": 10, "lanes.supplier.lead_time": 2, "horizon.periods": 60}


@pytest.fixture(scope="module")
def shop() -> Any:
    return load("lost-sales", SHOP)


def test_each_shock_strikes_alone_and_at_the_same_time(shop: Any):
    """The world's own outage gives way, and policies keep what their formulas say of the world as it is."""
    own = {"hits": ["supplier"], "starts": {"at": [5]}, "lasts": 3}
    world = load(shop, {"disruptions": {"outage": own}})
    found = jit_gym.stress(["base-stock(level=50)"], world, ["typhoon", "supplier-fire"], at=20, paths=16)
    assert (found.hits, found.at, [each.name for each in found.struck]) == (
        ("supplier",),
        20,
        ["typhoon", "supplier-fire"],
    )
    for struck in found.struck:
        assert set(struck.scenario.disruptions) == {struck.name}
        assert set(struck.measured[0].start) == {20}
    assert set(found.struck[1].measured[0].figures["time_to_survive"]) <= {2, 3, 4}


def test_a_shop_survives_a_fire_until_its_stock_is_gone(shop: Any):
    """20 on hand and 20 on the way last four days, on each path on which the fire lasts longer."""
    found = jit_gym.stress(["base-stock(level=50)"], shop, ["supplier-fire"], hits=["supplier"], at=20, paths=64)
    measured = found.struck[0].measured[0]
    fell = ~measured.censored["time_to_survive"]
    assert set(measured.figures["time_to_survive"][fell]) == {4}
    assert measured.duration("time_to_survive").median == 4


def test_a_longer_shock_than_the_horizon_is_played_to_its_end(shop: Any):
    found = jit_gym.stress(["jit"], shop, ["accident"], hits=["supplier"], at=20, paths=4)
    assert found.struck[0].scenario.horizon.periods >= 20 + 120
    assert not found.struck[0].measured[0].censored["time_to_recover"].any()


def test_by_default_shocks_that_fit_into_the_horizon_strike(shop: Any):
    found = jit_gym.stress(["jit"], shop, paths=2)
    assert found.hits == ("supplier",)  # the only one that can be struck
    played = {each.name for each in found.struck}
    assert {"typhoon", "supplier-fire", "canal-blocked"} <= played
    assert "strait-avoided" not in played
    assert any("strait-avoided" in note for note in found.notes)


def test_a_policy_that_cannot_play_a_world_is_left_out_with_a_note():
    found = jit_gym.stress(["jit", "agent:hindsight"], "aisin-1997", ["ice-storm"], paths=2)
    assert [result.policy.partition("(")[0] for result in found.struck[0].results] == ["jit"]
    assert any(note.startswith("agent:hindsight") and "cannot play ice-storm" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hits": ["suplier"]}, "hits: unknown supplier, route or lane 'suplier' (did you mean 'supplier'?)"),
        ({"hits": ["supplier"], "names": ["tyfoon"]}, "shock: unknown shock 'tyfoon' (did you mean 'typhoon'?)"),
        ({"hits": ["supplier"], "at": 60}, "at: must be 59 or less, got 60"),
        ({"hits": ["supplier"], "paths": 0}, "paths: must be a whole number, 1 or more, got 0"),
    ],
)
def test_bad_input_is_refused_in_one_line(shop: Any, options: dict[str, Any], says: str):
    with pytest.raises(BadInput) as error:
        jit_gym.stress(["jit"], shop, **options)
    assert str(error.value) == says


def test_where_several_can_be_struck_one_must_say_which():
    says = "hits: must say what is struck, as dual-sourcing has no disruptions .there are regular, expedited"
    with pytest.raises(BadInput, match=says):
        jit_gym.stress(["jit"], "dual-sourcing")


def test_a_second_source_is_worth_what_the_world_without_it_costs_more():
    """dual-sourcing without its expedited lane costs what a world of one lane does, on the same paths."""
    world = load("dual-sourcing")
    policy = "base-stock"
    single = load("dual-sourcing", {"lanes": {"expedited": None}})
    (saved,) = jit_gym.worth([policy], world, paths=32)
    without, with_it = (jit_gym.evaluate(policy, each, paths=32).figures["cost"] for each in (single, world))
    assert (saved.question, saved.policy) == ("second source", policy)
    assert saved.saved.mean == pytest.approx(float(np.mean(without - with_it)))


def test_a_rule_for_two_suppliers_is_not_asked_about_one():
    assert jit_gym.worth(["dual-index"], "dual-sourcing", paths=4) == []


def test_without_a_lane_go_its_supplier_and_what_hits_it_alone():
    world = load("aisin-1997", {"disruptions.strike": {"hits": ["nisshin-kogyo"], "starts": {"at": [3]}, "lasts": 2}})
    single = without_lanes(world, ["nisshin"])
    assert set(single.lanes) == {"aisin", "seats"}
    assert "nisshin-kogyo" not in single.suppliers
    assert set(single.disruptions) == {"fire"}


def test_a_warning_is_worth_something_to_who_looks_at_it():
    """A rule that orders eight days more when it sees a stop coming; base-stock does not look, and saves nothing."""
    stop = {"hits": ["supplier"], "starts": {"at": [20]}, "lasts": 9, "stops": "shipping"}
    world = load("lost-sales", SHOP | {"disruptions.stop": stop})

    def careful(view: Any) -> np.ndarray:
        coming = (view.outlook[:, 0] < 1).any(axis=1, keepdims=True) & (view.available == 1)
        return np.maximum(np.where(coming, 130.0, 50.0) - view.inventory_position, 0.0)

    found = jit_gym.worth([careful, "stock-up-on-warning", "base-stock"], world, warning=3, paths=2)
    told = {(each.policy, each.question): each for each in found}
    assert told["careful", "warning"].saved.mean > 0
    assert told["stock-up-on-warning", "warning"].saved.mean > 0
    assert told["stock-up-on-warning", "information"].saved.mean == 0  # it does not look at what has begun
    assert told["base-stock", "warning"].unused
    assert told["base-stock", "information"].saved.mean == 0


def test_only_questions_that_a_world_poses_are_asked():
    assert variants(load("lost-sales"), 3) == {}
    assert set(variants(load("aisin-1997"), 3)) == {"second source", "warning", "information"}


def test_a_policy_that_is_still_building_up_its_stock_is_told_of():
    """Just in case begins with four hours of valves and is to hold eighty: at hour 112 it has a third of that."""
    early, late = (
        jit_gym.stress(["jit", "just-in-case"], "aisin-1997", ["ice-storm"], at=at, paths=4) for at in (112, 500)
    )
    told = [note for note in early.notes if "comes to hold" in note]
    assert len(told) == 1
    assert told[0].startswith("just-in-case")
    assert not any("comes to hold" in note for note in late.notes)


def test_shocks_are_the_same_in_processes():
    here, there = (
        jit_gym.stress(["jit", "just-in-case"], "aisin-1997", ["strike", "typhoon"], paths=8, executor=executor)
        for executor in (Executor(), Executor("processes", 2))
    )
    assert here.notes == there.notes
    for one, other in zip(here.struck, there.struck, strict=True):
        assert one.name == other.name
        for a, b in zip(one.results, other.results, strict=True):
            assert a.frame().equals(b.frame())
