"""Where customers wait, the inventory position is the state: the same cost as with the whole state, and known ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.policies import policy
from jit_gym.scenario import BadInput, Scenario
from jit_gym.theory import Optimal, closed_forms, exact_cost, solve
from jit_gym.theory.position import Position

from ..worlds import by_turns
from .test_solve import BREAKDOWN, shop

SMALL = {
    "demands.customers.distribution": {"name": "randint", "low": 0, "high": 4},
    "demands.customers.unmet": "backlog",
    "stocks.shop.initial": 4,
    "lanes.supplier.lead_time": 2,
}
REGIMES = {
    "demands.customers.distribution": None,
    "demands.customers.regimes": {
        "slack": {"distribution": {"name": "randint", "low": 0, "high": 3}, "next": {"brisk": 0.2}},
        "brisk": {"distribution": {"name": "randint", "low": 2, "high": 5}, "next": {"slack": 0.3}},
    },
}
CLOSED = {"disruptions.closed": {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": {"name": "geom", "p": 0.5}}}
WORLDS: dict[str, dict[str, Any]] = {
    "lead time": {},
    "no lead time but a delay": {"lanes.supplier.lead_time": 0, "lanes.supplier.order_delay": 2},
    "delay": {"lanes.supplier.order_delay": 1, "lanes.supplier.initial_orders": 2, "lanes.supplier.initial": 1},
    "fixed cost and batches": {
        "lanes.supplier.fixed_cost": 6,
        "lanes.supplier.batch": 2,
        "lanes.supplier.unit_cost": 2,
    },
    "least order": {"lanes.supplier.minimum_order": 3},
    "season": {"demands.customers.season": [0.5, 1.5, 1]},
    "regimes": REGIMES,
    "regimes in a season": REGIMES | {"demands.customers.season": [0.5, 1.5]},
    "discount": {"objective.discount": 0.9, "lanes.supplier.unit_cost": 1, "lanes.supplier.initial": 3},
    "capacity": {"lanes.supplier.capacity": 3},
    "delay with a discount": {
        "lanes.supplier.order_delay": 1,
        "objective.discount": 0.9,
        "lanes.supplier.unit_cost": 1,
    },
    "closed for orders": {"disruptions.closed": CLOSED["disruptions.closed"] | {"stops": "ordering"}},
    "outages": CLOSED,
    "outages with a discount": CLOSED | {"objective.discount": 0.9},
    "outages with a discount and a price": CLOSED | {"objective.discount": 0.9, "lanes.supplier.unit_cost": 1},
    "outages with a fixed cost": CLOSED | {"lanes.supplier.fixed_cost": 6, "lanes.supplier.lead_time": 1},
    "outages in regimes": CLOSED | REGIMES | {"lanes.supplier.lead_time": 1},
    "outages with a delay": CLOSED | {"lanes.supplier.order_delay": 1, "lanes.supplier.lead_time": 1},
    "outages that lapse": CLOSED | {"lanes.supplier.unshipped": "lapses"},
    "outages that cost": CLOSED | {"lanes.supplier.waiting_cost": 0.5},
    "slow recovery": {"disruptions.closed": CLOSED["disruptions.closed"] | {"recovers_over": 1}},
}
LEAVING_OUT = ("capacity", "closed", "outages", "slow")  # worlds in which any number may wait


def world(name: str, more: dict[str, Any] | None = None) -> Scenario:
    """Return one of the worlds above."""
    return shop(SMALL | WORLDS[name] | (more or {}))


def seeing_all(what: Any, scenario: Scenario) -> Any:
    """Return a policy that orders the same, and looks at the shelf as well, so that the whole state counts."""
    player = policy(what, scenario)

    def seeing(view: Any) -> Any:
        assert view.on_hand.shape == view.inventory_position.shape
        return player(view)

    seeing.cycle = getattr(player, "cycle", None)  # type: ignore[attr-defined]
    return seeing


@pytest.mark.parametrize("name", by_turns(WORLDS, 0))
def test_a_rule_that_looks_at_the_position_costs_the_same_with_the_whole_state(name: str):
    """To 1e-9, in far fewer states (Scarf 1960)."""
    scenario = world(name)
    assert Position.applies(scenario)
    rule = "R-s-S(s=6, S=9, R=2)" if name == "lead time" else "s-S(s=6, S=9)"
    tolerance = 1e-10 if name.startswith(LEAVING_OUT) else 1e-12
    short = exact_cost(rule, scenario, tolerance=tolerance)
    whole = exact_cost(seeing_all(rule, scenario), scenario, tolerance=tolerance)
    assert short.cost == pytest.approx(whole.cost, abs=1e-9, rel=0 if tolerance < 1e-11 else 1e-9)
    assert short.states < whole.states


@pytest.mark.parametrize("name", [name for name in WORLDS if not name.startswith(LEAVING_OUT)])
def test_the_optimum_is_the_same_with_the_whole_state(name: str, monkeypatch: pytest.MonkeyPatch):
    """To 1e-9; and its policy, which looks at the position alone, costs that."""
    scenario = world(name)
    short = solve(scenario, tolerance=1e-11)
    assert short.policy.reduced == ("to-position-and-waiting" if name == "delay with a discount" else "to-position")
    assert exact_cost(short.policy, scenario, tolerance=1e-11).cost == pytest.approx(short.cost, abs=1e-9)
    monkeypatch.setattr(Position, "applies", lambda _: False)
    whole = solve(scenario, tolerance=1e-11)
    assert short.cost == pytest.approx(whole.cost, abs=1e-9)
    assert short.states < whole.states


@pytest.mark.parametrize("name", [each for each in by_turns(WORLDS, 1) if each.values[0].startswith(LEAVING_OUT)])
def test_the_optimum_is_played_at_its_cost_where_any_number_may_wait(name: str):
    """Exactly, within the bounds of both, and on traces."""
    scenario = world(name, {"lanes.supplier.lead_time": 1})
    optimum = solve(scenario)
    exact = exact_cost(optimum.policy, scenario)
    assert exact.low <= optimum.high
    assert optimum.low <= exact.high
    played = evaluate(optimum.policy, scenario, paths=256, periods=400, warmup=100 * ("discount" not in name), seed=4)
    if "discount" in name:
        estimate = played.estimate("discounted_reward")
        assert -0.1 * estimate.mean == pytest.approx(optimum.cost, abs=0.4 * estimate.error, rel=0)
    else:
        assert played.mean() == pytest.approx(optimum.cost, abs=4 * played.error(), rel=0)


@pytest.mark.parametrize("lead_time", [4, 12, 40])
def test_a_long_lead_time_is_no_trouble(lead_time: int):
    """The best level for the demand of L + 1 periods (Snyder and Shen 2019, section 4.3), with Poisson demand."""
    scenario = shop({"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": lead_time})
    known = closed_forms.base_stock({"name": "poisson", "mu": 5}, 1, 9, lead_time=lead_time)
    optimum = solve(scenario)
    assert optimum.low - 1e-9 <= known.cost <= optimum.high + 1e-9
    exact = exact_cost(f"base-stock(level={known.level})", scenario)
    assert exact.cost == pytest.approx(known.cost, rel=1e-9)


def test_reorder_levels_are_the_optimum_at_any_lead_time():
    """Zheng and Federgruen (1991), with a lead time of 9."""
    scenario = shop(
        {"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": 9, "lanes.supplier.fixed_cost": 30}
    )
    known = closed_forms.best_levels(scenario)
    assert solve(scenario).cost == pytest.approx(known.cost, rel=1e-6)
    assert exact_cost(f"s-S(s={known.s}, S={known.S})", scenario).cost == pytest.approx(known.cost, rel=1e-6)


RANDOM = {"name": "randint", "low": 1, "high": 4}


def test_with_lead_times_in_sequence_a_level_costs_the_mean_over_lead_times():
    """Kaplan (1970), Nahmias (1979): the demand of k + 1 periods, with the chance of a lead time of k; by hand."""
    scenario = shop({"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": RANDOM})
    costs = [_newsvendor(20, 5 * (k + 1)) for k in (1, 2, 3)]
    assert exact_cost("base-stock(level=20)", scenario).cost == pytest.approx(np.mean(costs), rel=1e-7)


def _newsvendor(level: int, mean: float) -> float:
    """Return what a level costs against Poisson demand, with units held at 1 and missing at 9."""
    from scipy.stats import poisson

    units = np.arange(200)
    return float(poisson.pmf(units, mean) @ (np.maximum(level - units, 0) + 9 * np.maximum(units - level, 0)))


@pytest.mark.parametrize("more", [{}, {"lanes.supplier.fixed_cost": 10}, {"objective.discount": 0.9}, REGIMES, CLOSED])
def test_with_lead_times_in_sequence_the_optimum_costs_what_it_says(more: dict[str, Any]):
    """Played on traces, and as evaluated exactly (Kaplan 1970)."""
    scenario = shop(SMALL | {"lanes.supplier.lead_time": RANDOM} | more)
    optimum = solve(scenario)
    assert exact_cost(optimum.policy, scenario).cost == pytest.approx(optimum.cost, abs=1e-5)
    played = evaluate(
        optimum.policy, scenario, paths=512, periods=500, warmup=0 if "objective.discount" in more else 50
    )
    if "objective.discount" in more:
        estimate = played.estimate("discounted_reward")
        assert -0.1 * estimate.mean == pytest.approx(optimum.cost, abs=0.4 * estimate.error, rel=0)
    else:
        assert played.mean() == pytest.approx(optimum.cost, abs=4 * played.error(), rel=0)


def test_an_outage_in_which_all_waits_leaves_the_position_as_the_state():
    """A base-stock level has the states of a period's demand and of the outage, and one state more is none."""
    scenario = shop({"demands.customers.unmet": "backlog", "disruptions.breakdown": BREAKDOWN})
    exact = exact_cost("base-stock(level=22)", scenario)
    assert (exact.states < 100, exact.left_out) == (True, 0.0)
    assert exact.cost == pytest.approx(solve(scenario).cost, abs=1e-4)
    played = evaluate("base-stock(level=22)", scenario, paths=1024, periods=1000, warmup=200, seed=2)
    assert played.mean() == pytest.approx(exact.cost, abs=4 * played.error(), rel=0)


@pytest.mark.parametrize(
    "more",
    [
        {"demands.customers.unmet": "lost"},
        {"demands.customers.price": 3},
        {"stocks.shop.storage_limit": 20},
        {"stocks.shop.shelf_life": 3},
        {"lanes.supplier.in_transit_cost": 1},
        {"lanes.supplier.lead_time": 0},
        {"disruptions.flood": BREAKDOWN | {"stops": "transit"}},
        {"horizon": {"periods": 9, "ends": True}},
        {"lanes.other": {"to": "shop"}},
    ],
)
def test_a_scenario_with_more_to_it_is_not_reduced(more: dict[str, Any]):
    """What changes the cost of a lead time ahead, or what may be ordered by then."""
    assert not Position.applies(shop(SMALL | more))


def test_what_looks_further_is_refused_where_nothing_else_works():
    """With lead times in sequence it is not seen when a shipment comes; who looks at the shelf has no exact cost."""
    scenario = shop(SMALL | {"lanes.supplier.lead_time": RANDOM})
    with pytest.raises(BadInput, match=r"lanes\.supplier\.lead_time: must be fixed"):
        exact_cost("kanban(cards=7, container=2)", scenario)


@pytest.mark.parametrize(
    "name", ["regimes", "outages", pytest.param("slow recovery", marks=pytest.mark.slow), "outages that cost"]
)
def test_a_reduced_policy_is_saved_and_loaded(name: str, tmp_path: Path):
    """It orders the same on the same paths."""
    scenario = world(name, {"lanes.supplier.order_delay": 1})
    best = solve(scenario, tolerance=1e-4).policy
    best.save(tmp_path / "best.npz")
    again = Optimal.load(tmp_path / "best.npz")
    costs = [evaluate(each, scenario, paths=64, seed=1).figures["cost"] for each in (best, again)]
    np.testing.assert_array_equal(*costs)
