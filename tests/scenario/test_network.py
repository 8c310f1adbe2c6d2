"""A network is walked once, from the customers up, however many tiers and lanes it has."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from jit_gym.chance import moments, usage
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import Scenario, load, names

from ..worlds import scenarios

DEMAND = {"from": "s0", "distribution": {"name": "norm", "loc": 5, "scale": 1}}


def tiers(many: int, lanes: int = 1, **lane: Any) -> Scenario:
    """Return a line of stocks, with so many lanes from each to the next, which share what it is asked for."""
    into: dict[str, Any] = {}
    for k in range(many):
        uses = {"uses": {f"s{k + 1}": 1}} if k + 1 < many else {}
        into |= {f"s{k}-{m}": {"to": f"s{k}", "share": 1 / lanes, **uses, **lane} for m in range(lanes)}
    return load(
        {
            "name": "tiers",
            "units": "continuous",
            "stocks": {f"s{k}": {} for k in range(many)},
            "lanes": into,
            "demands": {"customers": DEMAND},
        }
    )


def walked(scenario: Scenario, stock: str, units: float = 1.0, ahead: float = 0.0, times: Any = None) -> Iterator[Any]:
    """Yield each way from a stock up the network: where it leads, units of that in a unit, and how long before."""
    yield stock, units, ahead
    for name in scenario.feeds[stock]:
        for source, quantity in scenario.lanes[name].uses.items():
            time = ahead + (times[stock] if times else 0.0)
            yield from walked(scenario, source, quantity * scenario.shares[name] * units, time, times)


def by_every_way(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Return what is drawn from each stock, as the sum over all ways to it: the definition of `usage`."""
    total = dict.fromkeys(scenario.stocks, (0.0, 0.0))
    for name, demand in scenario.demands.items():
        mean, variance = moments(scenario, name)
        for stock, quantity in demand.draws_on.items():
            for reached, m, v in _drawn(scenario, stock, quantity * mean, quantity**2 * variance):
                total[reached] = (total[reached][0] + m, total[reached][1] + v)
    return total


def _drawn(scenario: Scenario, stock: str, mean: float, variance: float) -> Iterator[tuple[str, float, float]]:
    yield stock, mean, variance
    for name in scenario.feeds[stock]:
        for source, quantity in scenario.lanes[name].uses.items():
            part = quantity * scenario.shares[name]
            yield from _drawn(scenario, source, part * mean, part**2 * variance)


@pytest.mark.parametrize("name", names())
def test_what_shipped_networks_use_is_the_same_to_the_last_bit(name: str):
    """Stocks are reached in one way from each demand there, and the sums are taken in the same order."""
    assert usage(load(name)) == by_every_way(load(name))


@settings(deadline=None, max_examples=15, derandomize=True)
@given(scenarios())
def test_what_a_random_network_uses_is_the_sum_over_all_ways(scenario: Scenario):
    found, expected = usage(scenario), by_every_way(scenario)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-12)


@settings(deadline=None, max_examples=15, derandomize=True)
@given(scenarios())
def test_the_routes_of_demand_are_all_ways(scenario: Scenario):
    """By stock and time, the units of all routes of a demand are those of all ways, each walked by itself."""
    plan = PlanningData(scenario)
    times = dict(zip(scenario.stocks, plan.lead_time, strict=True))
    expected: dict[Any, float] = {}
    for d, demand in enumerate(scenario.demands.values()):
        for stock, quantity in demand.draws_on.items():
            for reached, units, ahead in walked(scenario, stock, quantity, 0.0, times):
                place = d, list(scenario.stocks).index(reached), round(ahead, 9)
                expected[place] = expected.get(place, 0.0) + units
    found: dict[Any, float] = {}
    for d, i, units, ahead in plan.dependent_demand:
        found[d, i, round(ahead, 9)] = found.get((d, i, round(ahead, 9)), 0.0) + units
    used = {place: units for place, units in expected.items() if units}
    assert found.keys() == used.keys()
    assert [found[place] for place in used] == pytest.approx(list(used.values()), rel=1e-12)


def test_a_line_of_1500_tiers_is_no_deeper_than_one_of_three():
    """It loads and is planned within the usual limit of recursion, and every stock is drawn on as the first is."""
    assert sys.getrecursionlimit() <= 1000
    scenario = tiers(1500, lead_time=1)
    assert scenario.downstream_first == tuple(f"s{k}" for k in range(1500))
    mean, variance = np.array(list(usage(scenario).values())).T
    assert mean == pytest.approx(np.full(1500, 5), abs=1e-4)
    assert variance == pytest.approx(np.ones(1500), abs=1e-3)
    plan = PlanningData(scenario)
    assert plan.longest_cumulative_lead_time[:3].tolist() == [
        1,
        3,
        5,
    ]  # a period on the way, and one until what is received can be used
    assert plan.longest_cumulative_lead_time[-1] == 2 * 1500 - 1
    assert len(plan.dependent_demand) == 1500


def test_two_lanes_a_tier_are_no_more_ways_than_one():
    """Sixty tiers with two lanes each: 2^60 ways, and 60 routes. Variances of lanes that split an order are added."""
    scenario = tiers(60, lanes=2, lead_time=1)
    mean, variance = np.array(list(usage(scenario).values())).T
    assert mean == pytest.approx(np.full(60, 5), abs=1e-4)
    assert variance == pytest.approx(0.5 ** np.arange(60), rel=1e-3)
    plan = PlanningData(scenario)
    assert len(plan.dependent_demand) == 60
    assert [units for _, _, units, _ in plan.dependent_demand] == pytest.approx([1] * 60)
    assert plan.to_buy["s0"] == 0


def test_ways_of_many_lengths_stay_few():
    """Two stocks a tier, each made of both of the next, with lead times that never meet: 2^25 ways of other lengths."""
    many = 25
    stocks = {f"{side}{k}": {} for k in range(many) for side in "ab"}
    lanes: dict[str, Any] = {}
    for k in range(many):
        for n, side in enumerate("ab"):
            spread = {"name": "binom", "n": 40, "p": 0.1 / (2 + k + n * many)}
            uses = {"uses": {f"a{k + 1}": 1, f"b{k + 1}": 1}} if k + 1 < many else {}
            lanes[f"{side}{k}"] = {"to": f"{side}{k}", "lead_time": spread, "crossing": True, **uses}
    world = {"name": "braid", "units": "continuous", "stocks": stocks, "lanes": lanes}
    scenario = load({**world, "demands": {"customers": {**DEMAND, "from": "a0"}}})
    plan = PlanningData(scenario)
    assert len(plan.dependent_demand) < 2 * many * 5_000
    units = np.bincount(
        [i for _, i, _, _ in plan.dependent_demand], [units for _, _, units, _ in plan.dependent_demand]
    )
    assert units[2:] == pytest.approx(np.repeat(2.0 ** np.arange(many - 1), 2))


def test_a_circle_is_told_in_its_order():
    lanes = {"a": {"to": "a", "uses": {"b": 1}}, "b": {"to": "b", "uses": {"c": 1}}, "c": {"to": "c", "uses": {"a": 1}}}
    world = {"name": "circle", "stocks": {key: {} for key in "abc"}, "lanes": lanes}
    with pytest.raises(
        ValueError, match=r"feed each other in a circle: (a -> c -> b -> a|c -> b -> a -> c|b -> a -> c -> b)$"
    ):
        load({**world, "demands": {"customers": {**DEMAND, "from": "a"}}})
