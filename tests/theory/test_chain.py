"""States too rare to keep: what is left out is counted in the bounds, and known costs lie between them."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.scenario import BadInput
from jit_gym.theory import closed_forms, exact_cost, solve

from .test_solve import BREAKDOWN, WORLDS, shop

TEXTBOOK = {
    "stocks.shop.initial": 0,
    "lanes.supplier.lead_time": 0,
    "demands.customers.distribution": 20,
    "demands.customers.unmet": "backlog",
    "demands.customers.shortage_cost": 7,
}


def failing(fails: float, recovers: float) -> dict[str, Any]:
    """Return the textbook's supplier, who takes no orders while he is down, as overrides."""
    spell = {"starts": {"rate": fails}, "lasts": {"name": "geom", "p": recovers}}
    return TEXTBOOK | {"disruptions.down": {"hits": ["supplier"], "stops": "ordering", **spell}}


def two_or_none(chance: float) -> dict[str, Any]:
    """Return a demand of two units, or with so much chance of none."""
    return {"name": "empirical", "values": [0, 2], "weights": [chance, 1 - chance]}


@pytest.mark.parametrize("level", [20, 60, 100])
@pytest.mark.parametrize(("fails", "recovers"), [(0.01, 0.4), (0.04, 0.25), (0.2, 0.1)])
def test_base_stock_with_disruptions_costs_what_the_textbook_says(level: int, fails: float, recovers: float):
    """Snyder and Shen (2019), section 9.2: any number of periods down, each with a smaller chance than the last."""
    known = closed_forms.cost_with_disruptions(level, 20, 1, 7, fails, recovers)
    exact = exact_cost(f"base-stock(level={level})", shop(failing(fails, recovers)))
    assert exact.low <= known <= exact.high
    assert exact.high - exact.low <= 2e-7 * known
    assert 0 < exact.left_out < 1e-10


def test_the_best_level_with_disruptions_is_the_optimum():
    """Snyder and Shen (2019), section 9.2; customers who wait are counted up to a number, and bounded beyond it."""
    known = closed_forms.base_stock_with_disruptions(20, 1, 7, 0.04, 0.25)
    optimum = solve(shop(failing(0.04, 0.25) | {"lanes.supplier.batch": 20}))
    assert optimum.low <= known.cost <= optimum.high
    assert optimum.high - optimum.low <= 2e-7 * known.cost
    assert "provided that" in optimum.proviso


@pytest.mark.parametrize("level", [pytest.param(0, marks=pytest.mark.slow), 3, pytest.param(8, marks=pytest.mark.slow)])
def test_a_queue_of_orders_costs_what_it_does_in_the_textbook(level: int):
    """Two units or none are asked for, one is made: the shortfall is a random walk, P(n) = (1 - r) r^n; by hand.

    It rises by one with chance q and falls by one with 1 - q, so that r = q / (1 - q) (Lindley 1952).
    """
    queue = {
        "stocks.shop.initial": level,
        "lanes.supplier": {"to": "shop", "capacity": 1},
        "demands.customers.distribution": two_or_none(0.55),
        "demands.customers.unmet": "backlog",
    }
    shortfall, ratio = np.arange(2000), 0.45 / 0.55
    chance = (1 - ratio) * ratio**shortfall
    left = level - shortfall[:, None] - np.array([0, 2])
    known = chance @ (np.maximum(left, 0) + 9 * np.maximum(-left, 0)) @ [0.55, 0.45]
    exact = exact_cost(f"base-stock(level={level})", shop(queue))
    assert exact.low <= known <= exact.high
    assert exact.high - exact.low <= 2e-7 * known


def test_a_stock_that_may_grow_for_ever_is_a_queue_too():
    """One unit comes whatever is there, and two are asked for with chance 0.6: 0.4 / 0.6 of the last chance; by hand.

    Before demand there are 1 + n units with chance (1 - r) r^n. So r / (1 - r) are held on average, and no more than
    the half of all customers is served who ask for 1.2 units a period.
    """
    world = shop(
        {"stocks.shop.initial": 0, "lanes.supplier.lead_time": 0, "demands.customers.distribution": two_or_none(0.4)}
    )

    def one(view: Any) -> Any:
        return 0.0 * view.on_hand + 1.0

    exact = exact_cost(one, world)
    ratio = 0.4 / 0.6
    known = ratio / (1 - ratio) + 9 * 0.2
    assert exact.low <= known <= exact.high
    assert exact.proviso.startswith("provided that")


@pytest.mark.slow
def test_what_is_left_out_is_in_the_bounds():
    """A loose tolerance keeps fewer states, gives wider bounds, and the cost lies between them all the same."""
    world = shop(WORLDS["backlog"] | {"disruptions.flood": BREAKDOWN | {"stops": "transit"}})
    loose, fine = (exact_cost("base-stock(level=14)", world, tolerance=each) for each in (1e-2, 1e-5))
    assert loose.low <= fine.low <= fine.cost <= fine.high <= loose.high
    assert loose.left_out > fine.left_out > 0
    assert loose.states < fine.states
    played = evaluate("base-stock(level=14)", world, paths=256, periods=1000, warmup=200, seed=6)
    assert played.mean() == pytest.approx(fine.cost, abs=4 * played.error(), rel=0)


def test_where_all_states_are_kept_nothing_is_taken_for_granted():
    """The lost-sales shop has 50 states or so, and no proviso."""
    exact = exact_cost("base-stock(level=14)", shop())
    assert (exact.left_out, exact.proviso) == (0.0, "")
    assert solve(shop()).proviso == ""


def test_a_discount_ends_what_has_no_end():
    """A backlog that grows without end, discounted: 5 more wait in each period, (5 b / (1 - b) + 5) 9; by hand."""
    world = shop(
        {"stocks.shop.initial": 0, "objective.discount": 0.8, "demands.customers.distribution": 5}
        | {"demands.customers.unmet": "backlog"}
    )
    exact = exact_cost(lambda view: 0.0 * view.on_hand, world)
    assert exact.cost == pytest.approx(9 * (5 * 0.8 / 0.2 + 5), rel=1e-6)


def test_what_grows_without_end_is_refused():
    """Customers who wait while nothing is ordered; and orders that fall behind the demand."""
    with pytest.raises(BadInput, match="too many to enumerate"):
        exact_cost(lambda view: 0.0 * view.on_hand, shop(WORLDS["backlog"]), most_states=2000)
    slow = shop(WORLDS["backlog"] | {"lanes.supplier.capacity": 4})
    with pytest.raises(BadInput, match="too many to enumerate"):
        exact_cost("base-stock(level=20)", slow, most_states=2000)


def test_a_few_periods_leave_out_what_hardly_comes():
    """Sixty periods of a queue with two lanes, in which not all states fit: as played, and between its bounds."""
    world = shop(WORLDS["scarce"])
    kept, exact = (exact_cost("base-stock(level=16)", world, periods=60, most_states=n) for n in (20_000, 600))
    assert (kept.left_out, exact.left_out > 0) == (0.0, True)
    assert exact.low <= kept.cost <= exact.high
    assert exact.high - exact.low < 1e-6
