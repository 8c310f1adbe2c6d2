"""Resilience: times to survive and to recover that can be worked out on paper, and the paired baseline."""

from typing import Any

import numpy as np
import pytest

from jit_gym import Scenario, evaluate, load
from jit_gym.chance import Chance
from jit_gym.common.statistics import Estimate
from jit_gym.evaluation.resilience import Duration, conditional_value_at_risk, measure_resilience
from jit_gym.evaluation.rollout import Result

START, LASTS = 20, 15


def outage(stops: str = "shipping", **more: Any) -> dict[str, Any]:
    return {"hits": ["supplier"], "stops": stops, "starts": {"at": [START]}, "lasts": LASTS} | more


def shop(level: float, stops: str = "shipping", **overrides: Any) -> Result:
    """Play a shop that sells 10 a day, two days from its supplier, who fails from day 20 on for 15 days."""
    changes = {
        "demands.customers.distribution": 10,
        "lanes.supplier.lead_time": 2,
        "horizon.periods": 60,
        "disruptions.outage": outage(stops),
    }
    world = load("lost-sales", changes | {name.replace("__", "."): value for name, value in overrides.items()})
    return evaluate(f"base-stock(level={level})", world, paths=2)


def figures(result: Result) -> dict[str, float]:
    measured = measure_resilience(result)
    assert measured is not None
    return {name: float(values[0]) for name, values in measured.figures.items()}


@pytest.mark.parametrize("days", range(6))
@pytest.mark.parametrize(
    ("stops", "on_the_way"), [("shipping", 20), ("ordering", 20), ("transit", 0), ("receiving", 0)]
)
def test_a_shop_survives_as_long_as_its_stock_lasts(days: int, stops: str, on_the_way: int):
    """TTS = (on hand + in transit that still arrives) / demand rate; s more days of stock add s days (derived).

    A level of 50 + 10 s leaves 20 + 10 s on hand in the morning, and 20 on the way, which arrive if only the supplier
    fails, and do not if the road is closed.
    """
    result = shop(50 + 10 * days, stops)
    on_hand = 20 + 10 * days
    assert figures(result)["time_to_survive"] == (on_hand + on_the_way) / 10


@pytest.mark.parametrize("days", range(6))
def test_each_day_of_stock_saves_a_day_of_lost_sales(days: int):
    """The supplier ships again after 15 days, and two days later his goods are there: TTR is 17 days.

    Service is gone from TTS to TTR: TTR - TTS days of lost sales, one less for each day of stock.
    """
    found = figures(shop(50 + 10 * days))
    assert found["time_to_recover"] == LASTS + 2
    assert found["area_of_loss"] == pytest.approx(LASTS + 2 - (4 + days))
    assert found["longest_stockout"] == found["stockout_length"] == LASTS + 2 - (4 + days)
    assert found["worst_week"] == 0


def test_who_has_enough_is_never_exposed():
    """Exposed only if TTR > TTS: 17 days of stock survive; time to survive is censored at the outage's 15 days."""
    measured = measure_resilience(shop(50 + 130))
    assert measured is not None
    assert (measured.struck, measured.fell) == (2, 0)
    assert measured.figures["time_to_recover"].tolist() == [0, 0]
    assert measured.figures["time_to_survive"].tolist() == [LASTS, LASTS]
    assert measured.censored["time_to_survive"].all()
    assert not measured.censored["time_to_recover"].any()
    assert measured.figures["area_of_loss"].tolist() == [0, 0]
    assert measured.figures["worst_week"].tolist() == [1, 1]


@pytest.mark.parametrize("level", [50, 80, 180])
def test_what_an_outage_costs_is_the_difference_to_the_same_path_without(level: int):
    """Lost sales at 19 each less the stock that need not be held, against the same world without the outage."""
    with_it, without = shop(level), shop(level, disruptions__outage__starts={"every": float("inf")})
    measured = measure_resilience(with_it)
    assert measured is not None
    expected = with_it.figures["cost"] - without.figures["cost"]
    assert measured.figures["cost_of_disruptions"] == pytest.approx(expected)


@pytest.mark.parametrize("stocks", [(20, 60, 90), (50, 50, 30)])
def test_a_line_survives_as_long_as_its_scarcest_part(stocks: tuple[int, ...]):
    """One product of n parts, all suppliers gone: TTS is the least over the parts (derived)."""
    parts = {f"part-{k}": {"initial": units} for k, units in enumerate(stocks)}
    world = load(
        {
            "name": "line",
            "horizon": {"periods": 40},
            "stocks": parts,
            "lanes": {f"{part}-lane": {"to": part, "lead_time": 1} for part in parts},
            "demands": {"line": {"from": dict.fromkeys(parts, 1), "distribution": 10, "unmet": "lost"}},
            "disruptions": {
                "all": {
                    "hits": [f"{part}-lane" for part in parts],
                    "stops": "shipping",
                    "starts": {"at": [0]},
                    "lasts": 20,
                }
            },
        }
    )
    found = figures(evaluate(lambda view: 0 * view.on_order + 10, world, paths=1))
    assert found["time_to_survive"] == min(stocks) / 10


def test_what_has_not_recovered_is_censored_and_not_the_horizon():
    """The world stops while the supplier is still away: after TTS 4, it is known only that TTR is 12 or more."""
    measured = measure_resilience(shop(50, horizon__periods=START + 14))
    assert measured is not None
    assert measured.censored["time_to_recover"].all()
    assert measured.figures["time_to_recover"].tolist() == [12, 12]  # the three days of steadiness are not seen after
    told = measured.duration("time_to_recover")
    assert np.isnan(told.median)
    assert (told.values, told.censored, told.longest) == (2, 2, 12)


def test_the_baseline_is_the_same_path_to_the_bit():
    """All chance but the disruption is the same, and as in a world that has none."""
    changes = {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 5}, "lanes.supplier.crossing": True}
    changes |= {"lanes.supplier.capacity": 30}
    calm = load("lost-sales", changes)
    struck = load("lost-sales", changes | {"disruptions.outage": outage(starts={"rate": 0.05}, announced=3, delays=9)})
    both = Chance(struck).draw_pair(7, 5, 100)
    alone = Chance(calm).draw(7, 5, 100)
    for name in ("demand", "lead_time"):
        assert name == "lead_time" or (getattr(both, name)[:5] == getattr(alone, name)).all()
        assert (getattr(both, name)[5:] == getattr(alone, name)).all()
    assert (both.chance[:, 5:, list(both.columns.working.values())] == 1).all()
    assert (both.seen[:, 5:] == 1).all()
    assert (both.chance[:, :5, list(both.columns.working.values())] < 1).any()
    assert (both.lead_time[:5] > both.lead_time[5:]).any()


@pytest.mark.parametrize("policy", ["s-S", "adaptive", "anchoring", "conwip", "agent:hindsight", "emergency"])
def test_policies_with_a_memory_play_the_baseline_too(policy: str):
    """Played beside the disrupted paths, or in a world whose disruption never begins: the same."""
    scenario = "aisin-1997" if policy.startswith("agent") else "lost-sales"
    name = "fire" if policy.startswith("agent") else "outage"
    fails = {"starts": {"at": [20], "once": None}} if name == "fire" else outage(starts={"at": [20]})
    struck = load(scenario, {"horizon.periods": 70, "disruptions": {name: fails}})
    quiet = load(struck, {f"disruptions.{name}.starts": {"every": float("inf")}})
    first = evaluate(policy, struck, paths=3)
    measured = measure_resilience(first)
    assert measured is not None
    again = evaluate(first.player, quiet, paths=3)
    expected = first.figures["profit"] - again.figures["profit"]
    assert measured.figures["cost_of_disruptions"] == pytest.approx(-expected)


def test_nothing_is_measured_where_nothing_is_disrupted():
    assert evaluate("jit", "lost-sales", paths=2).resilience is None
    never = load("lost-sales", {"disruptions.outage": outage(starts={"at": [500]})})
    assert evaluate("jit", never, paths=2).resilience is None


def test_paths_without_a_disruption_count_for_costs_alone():
    """Of 64 paths some are not struck: their durations are undefined, and their cost of disruptions is 0."""
    world = load("lost-sales", {"disruptions.outage": outage(starts={"rate": 0.004})})
    measured = evaluate("base-stock", world, paths=64).resilience
    assert measured is not None
    calm = measured.start < 0
    assert 0 < calm.sum() < 64
    assert np.isnan(measured.figures["time_to_survive"][calm]).all()
    assert (measured.figures["cost_of_disruptions"][calm] == 0).all()
    assert measured.struck == (~calm).sum() >= measured.fell > 0


def test_the_first_disruption_ends_where_the_next_begins():
    """Two outages ten days apart, the shop still empty when the second one comes: the first recovery is not seen."""
    twice = {"starts": {"at": [START, START + 16]}, "lasts": 15}
    found = measure_resilience(shop(50, disruptions__outage__starts=twice["starts"]))
    assert found is not None
    assert found.censored["time_to_recover"].all()


def test_expedited_is_what_comes_on_a_lane_faster_than_the_main_one():
    """dual-sourcing: `expedited` is the fast lane beside `regular`; a policy that orders a third on it."""
    world: Scenario = load("dual-sourcing", {"disruptions.gap": outage(hits=["regular"])})
    fast = list(world.lanes).index("expedited")

    def third(view: Any) -> np.ndarray:
        orders = np.full((len(view.on_hand), 2), 2.0)
        orders[:, fast] = 1.0
        return orders

    found = figures(evaluate(third, world, paths=1))
    assert found["share_expedited"] == pytest.approx(1 / 3)


def test_the_median_of_censored_durations_is_kaplan_and_meiers():
    """The remissions under 6-MP of survival textbooks: the median is 23 weeks; 12 of 21 patients are censored."""
    weeks = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], float)
    gone = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)
    told = Duration.of(weeks, ~gone)
    assert (told.median, told.low, told.values, told.censored) == (23, 13, 21, 12)
    assert np.isnan(told.high)
    assert told.mean == pytest.approx(23.29, abs=0.01)


def test_a_duration_that_is_always_the_same_is_certain():
    told = Duration.of(np.full(5, 3.0), np.zeros(5, bool))
    assert (told.median, told.low, told.high, told.mean, told.censored) == (3, 3, 3, 3, 0)


def test_the_dearest_paths():
    """Of costs 1 to 100, the dearest five: 98 on average. Of fewer than 20, the dearest one."""
    costs = np.arange(1.0, 101.0)
    assert conditional_value_at_risk(costs).mean == pytest.approx(98)
    assert conditional_value_at_risk(np.array([3.0, 1.0])) == pytest.approx((3.0, np.nan, np.nan, np.nan), nan_ok=True)
    normal = np.random.default_rng(1).normal(size=100_000)
    estimate: Estimate = conditional_value_at_risk(normal)
    assert estimate.low < 2.0627 < estimate.high  # phi(1.645) / 0.05
