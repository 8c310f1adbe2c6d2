"""Exact costs: as simulated, whatever a policy looks at."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluate import evaluate
from jit_gym.scenario import BadInput
from jit_gym.theory import exact_cost

from .test_solve import BREAKDOWN, REGIMES, WORLDS, shop

RULES = ["base-stock(level=14)", "s-S(s=9, S=15)", "kanban(cards=7, container=2)", "capped-base-stock(level=15, cap=6)"]


def as_used(view: Any) -> Any:
    """Order what was used, and one when the shelf is empty."""
    return np.where(view.on_hand == 0, 1.0, view.used) * (view.inventory_position < 20)


@pytest.mark.parametrize("rule", [*RULES, as_used])
def test_it_is_what_a_simulation_tends_to(rule: Any):
    """On the lost-sales shop, within four standard errors; a policy may look at anything, what was used too."""
    exact = exact_cost(rule, shop())
    played = evaluate(rule, shop(), paths=2048, periods=1000, warmup=100, seed=8)
    assert played.mean() == pytest.approx(float(exact), abs=4 * played.error(), rel=0)
    assert exact.low <= exact.cost <= exact.high


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "scarce"])
def test_every_world_that_can_be_solved_can_be_evaluated(name: str):
    """Order up to 13, on each of them."""
    world = shop(WORLDS[name])
    exact = exact_cost("base-stock(level=13)", world)
    played = evaluate("base-stock(level=13)", world, paths=1024, periods=1000, warmup=200, seed=9)
    assert -played.mean("profit") == pytest.approx(exact.cost, abs=4 * played.error("profit"), rel=0)


@pytest.mark.parametrize(
    "overrides",
    [
        {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 4}, "lanes.supplier.crossing": True},
        {"disruptions.breakdown": BREAKDOWN | {"seen": "hidden"}},
        {"disruptions.flood": BREAKDOWN | {"seen": "hidden", "stops": "transit", "recovers_over": 1}},
        REGIMES | {"demands.customers.regime_seen": "hidden"},
    ],
)
def test_what_cannot_be_seen_can_be_evaluated(overrides: dict[str, Any]):
    """Nobody can see when a shipment comes, or what is hidden; a rule that does not look has an exact cost still."""
    world = shop(overrides)
    exact = exact_cost("base-stock(level=13)", world)
    played = evaluate("base-stock(level=13)", world, paths=1024, periods=1000, warmup=200, seed=10)
    assert played.mean() == pytest.approx(exact.cost, abs=4 * played.error(), rel=0)


def test_so_many_periods_from_the_start():
    """Twenty periods after five, discounted: the mean over paths, from the scenario's first state."""
    world = shop({"objective.discount": 0.9})
    exact = exact_cost("base-stock(level=14)", world, periods=20, warmup=5)
    played = evaluate("base-stock(level=14)", world, paths=20_000, periods=20, warmup=5, seed=2)
    assert exact.total is not None
    estimate = played.estimate("discounted_reward")
    assert -estimate.mean == pytest.approx(exact.total, abs=4 * estimate.error, rel=0)
    assert exact.cost == pytest.approx(exact.total / (0.9 ** np.arange(20)).sum())


def test_one_period_by_hand():
    """Nothing is ordered, 10 on the shelf, 4 asked for: 6 are held, at 1 each."""
    exact = exact_cost(lambda view: 0.0 * view.on_hand, shop({"demands.customers.distribution": 4}), periods=1)
    assert (exact.cost, exact.total) == (6.0, 6.0)


def test_a_world_that_ends_is_summed_to_its_end():
    """Three periods with 9, 8 and 7 units held: 8 a period; a fourth is refused."""
    world = shop({"horizon": {"periods": 3, "ends": True}, "demands.customers.distribution": 1})
    assert exact_cost(lambda view: 0.0 * view.on_hand, world).cost == pytest.approx(8.0)
    with pytest.raises(BadInput, match="ends after 3 periods"):
        exact_cost(lambda view: 0.0 * view.on_hand, world, periods=4)


def test_what_is_left_at_the_end_has_a_value():
    """Three periods with 9, 8 and 7 units held, and 2 for each of the 7 that are left: (24 - 14) / 3 a period."""
    change = {"demands.customers.distribution": 1, "stocks.shop.terminal_value": 2}
    for horizon in ({"periods": 3, "ends": True}, {"periods": 9}):
        world = shop(change | {"horizon": horizon})
        exact = exact_cost(lambda view: 0.0 * view.on_hand, world, periods=3)
        assert exact.cost == pytest.approx(10 / 3)
        played = evaluate("base-stock(level=0)", world, paths=2, periods=3)
        assert -played.mean("profit") == pytest.approx(10 / 3)


def test_what_looks_at_the_period_is_refused():
    """Just in time fills the pipeline in period 0; what that costs in the long run is no matter of states alone."""
    with pytest.raises(BadInput, match=": looks at the period"):
        exact_cost("jit", shop())


def test_what_grows_without_end_is_refused():
    """Customers who wait while nothing is ordered."""
    with pytest.raises(BadInput, match="too many to enumerate"):
        exact_cost(lambda view: 0.0 * view.on_hand, shop(WORLDS["backlog"]), most_states=2000)


def test_a_stock_that_may_grow_for_ever_is_refused():
    """A unit is ordered whatever is there: any stock is reached, each with a smaller chance than the last."""
    with pytest.raises(BadInput, match="as if there were no end to them"):
        exact_cost(lambda view: 0.0 * view.on_hand + 1.0, shop())


def test_orders_must_be_orders():
    """A policy that orders less than nothing is refused by name."""

    def backwards(view: Any) -> Any:
        return -1.0 - view.on_hand

    with pytest.raises(BadInput, match="backwards: orders must be"):
        exact_cost(backwards, shop())


def test_a_shop_that_never_orders_loses_all():
    """The first units are sold, and from then on 1.5 a period are lost, at 9 each."""
    world = shop(
        {
            "demands.customers.distribution": None,
            "demands.customers.history": {"values": [0, 3], "replay": "resampled"},
        }
    )

    def never_again(view: Any) -> Any:
        return 0.0 * view.on_hand

    assert exact_cost(never_again, world).cost == pytest.approx(9 * 1.5, abs=1e-4)
