"""The clairvoyant bound: nobody beats it, and where the optimum is known it is that."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jit_gym.evaluate import evaluate
from jit_gym.scenario import BadInput, Scenario
from jit_gym.theory import clairvoyant

from ..worlds import scenarios, shop


def at_random(seed: int, eager: float) -> Any:
    """Return a policy that orders any quantity now and then."""

    def policy(view: Any) -> np.ndarray:
        rng = np.random.default_rng((seed, view.period))
        shape = view.on_order.shape
        return rng.integers(0, 15, shape) * (rng.random(shape) < eager)

    return policy


def is_beaten(scenario: Scenario, what: Any, whole: bool, **options: int) -> bool:
    """Tell whether a policy does better than the bound on any path."""
    bound = clairvoyant(scenario, paths=3, seed=5, whole=whole, seconds=1, **options)
    played = evaluate(what, scenario, paths=3, seed=5, **options)
    discount, periods = scenario.objective.discount, played.periods
    paid = -played.figures["discounted_reward"] / (discount ** np.arange(periods)).sum()
    return bool((paid < bound.costs - 1e-6 * (1 + np.abs(bound.costs))).any())


def bounded(scenario: Scenario) -> bool:
    """Tell whether a scenario has a bound: not where one can earn without end."""
    try:
        clairvoyant(scenario, paths=3, seed=5, whole=False)
    except BadInput:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(scenarios(), st.sampled_from([0.0, 0.2, 0.6]), st.booleans(), st.sampled_from([1.0, 0.9]))
def test_nobody_does_better(scenario: Scenario, eager: float, whole: bool, discount: float):
    """THE law: on no path of any world does any policy cost less than the bound."""
    scenario = scenario.model_copy(update={"objective": scenario.objective.model_copy(update={"discount": discount})})
    assume(bounded(scenario))
    assert not is_beaten(scenario, at_random(3, eager), whole)
    assert not is_beaten(scenario, "base-stock", whole, periods=8, warmup=3)


def known(cost: float, overrides: dict[str, Any], **options: Any) -> None:
    """Hold that the bound is what somebody pays at least in a world without chance, worked out by hand."""
    world = shop({"demands.customers.shortage_cost": 50.0, "stocks.shop.holding_cost": 1.0, **overrides})
    bound = clairvoyant(world, paths=2, **options)
    assert bound.costs == pytest.approx([cost, cost], abs=1e-9)
    assert (bound.gaps == 0).all()


FIVE = {"demands.customers.distribution": 5.0}


def test_who_knows_the_demand_orders_what_is_asked_for():
    """No lead time, no fixed cost: nothing is ever held or lost."""
    world = shop({"demands.customers.distribution": {"name": "gamma", "a": 2}, "demands.customers.shortage_cost": 9})
    bound = clairvoyant(world, paths=8, seed=3, orders=True)
    assert bound.cost == pytest.approx(0, abs=1e-9)
    played = evaluate(lambda view: bound.orders[:, int(view.period)], world, paths=8, seed=3)
    assert played.mean("cost") == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("cost", "overrides"),
    [
        (2 * 5 * 50 / 20, {"lanes.supplier.lead_time": 2}),  # the first two periods are lost
        (3 * 5 * 50 / 20, {"lanes.supplier.lead_time": 1, "lanes.supplier.order_delay": 2}),
        (1 * 50, {"lanes.supplier.capacity": 4.0}),  # one of five is lost
        (2.0, {"lanes.supplier.unit_cost": 0.4}),
        (
            7 / 20,
            {"lanes.supplier.lead_time": 1, "lanes.supplier.initial": 12.0}  # for which there is no room
            | {"stocks.shop.storage_limit": 5.0, "stocks.shop.waste_cost": 1.0},
        ),
        (5 * 0.2 * 19 / 20 + 5 * 50 / 20, {"lanes.supplier.lead_time": 1, "lanes.supplier.in_transit_cost": 0.2}),
        ((6 * 35 + 25) / 20, {"lanes.supplier.fixed_cost": 20.0}),  # for six times three periods, and two
        (
            (15 + 10 + 5) / 2 / 4,
            {"lanes.supplier.batch": 20.0, "stocks.shop.holding_cost": 0.5},
        ),
    ],
)
def test_what_is_known_by_hand(cost: float, overrides: dict[str, Any]):
    known(cost, FIVE | overrides)
