"""In a business that goes on, what is left at the end is no loss: conclusions do not turn on when the count stops."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import compare, evaluate, tune
from jit_gym.scenario import Scenario, load
from jit_gym.scenario.window import window
from jit_gym.theory import clairvoyant, exact_cost

from ..worlds import shop


def car_line(**objective: Any) -> Scenario:
    """Return a line that stands still when engines or seats are missing; engines are dear, and strikes are rare."""
    return load(
        {
            "name": "car-line",
            "units": "continuous",
            "horizon": {"periods": 100, "period": "day"},
            "objective": objective,
            "stocks": {"engines": {"holding_cost": 1}, "seats": {"holding_cost": 0.3}},
            "suppliers": {"maker": {}},
            "lanes": {
                "engines-in": {"to": "engines", "lead_time": 2, "unit_cost": 2000, "supplier": "maker"},
                "seats-in": {"to": "seats", "lead_time": 1, "unit_cost": 500},
            },
            "demands": {
                "cars": {
                    "from": {"engines": 1, "seats": 1},
                    "distribution": {"name": "norm", "loc": 100, "scale": 10},
                    "price": 5000,
                }
            },
            "disruptions": {
                "strike": {"hits": ["maker"], "starts": {"rate": 0.005}, "lasts": {"name": "geom", "p": 0.1}}
            },
        }
    )


def lead(scenario: Scenario, **options: Any) -> tuple[float, float]:
    """Return the interval of what just-in-case earns more than jit."""
    comparison = compare(["jit", "just-in-case"], scenario, paths=256, seed=1, gap=False, **options)
    more = comparison.against(comparison.results[1], comparison.results[0])
    return more.low, more.high


def test_stock_that_is_kept_is_no_loss():
    """Just-in-case earns more on the car line, and seems to earn less where its stock counts as lost."""
    assert lead(car_line(), warmup=0)[0] > 10_000
    assert lead(car_line(leftovers="worthless"), warmup=0)[1] < -1_000
    low, high = lead(car_line())  # the long run, where leftovers hardly matter
    assert low > 10_000
    from_the_start = lead(car_line(), warmup=0)
    assert low < from_the_start[1]
    assert from_the_start[0] < high


def test_tune_and_compare_agree_about_a_rule():
    """A rule that `tune` finds, and what it is said to earn, is what `compare` finds, within both intervals."""
    world = car_line()
    best = tune("just-in-case", world, seed=2, budget=1_000_000)
    played = compare([best], world, paths=256, seed=3, gap=False).results[0]
    assert (played.periods, played.warmup) == window(world)
    low, high = played.interval("profit")
    estimate = best.tuning.estimate
    assert low < estimate.high
    assert estimate.low < high


def test_the_count_may_stop_anywhere():
    """Where each unit costs 3 and 5 are asked for, the same level costs the same over 10, 11 or 40 periods."""
    world = shop(
        {
            "horizon.periods": 40,
            "lanes.supplier.unit_cost": 3,
            "lanes.supplier.lead_time": 2,
            "demands.customers.distribution": 5,
            "demands.customers.unmet": "backlog",
            "demands.customers.shortage_cost": 9,
            "stocks.shop.holding_cost": 1,
        }
    )
    costs = [evaluate("base-stock(level=17)", world, paths=1, periods=n, warmup=5).mean() for n in (10, 11, 40)]
    assert costs == pytest.approx([3 * 5 + 2] * 3)


@pytest.mark.parametrize("warmup", [0, 7])
def test_exact_costs_and_bounds_count_leftovers_alike(warmup: int):
    """Simulated, exact and clairvoyant costs of the same periods are of the same kind."""
    world = load("dual-sourcing", {"objective.discount": 0.95})
    span = {"periods": 20, "warmup": warmup}
    exact = exact_cost("dual-index", world, **span)
    played = evaluate("dual-index", world, paths=8192, seed=1, **span)
    weights = (0.95 ** np.arange(20)).sum()
    low, high = played.interval("discounted_reward")
    assert low < -exact.total < high
    assert exact.total / weights == pytest.approx(exact.cost)
    bound = clairvoyant(world, paths=64, seed=1, **span)
    assert (bound.costs <= -played.figures["discounted_reward"][:64] / weights + 1e-6).all()
    assert bound.cost > 190  # two units a day at 100 each, whichever lane buys them


def test_a_discounted_cost_is_the_limit_of_longer_and_longer_sums():
    """What is there at the start is paid for at what it costs, and the infinite sum is where finite ones lead."""
    world = load("dual-sourcing", {"objective.discount": 0.9})
    rule = "dual-index"
    assert exact_cost(rule, world, periods=400).cost == pytest.approx(exact_cost(rule, world).cost, rel=1e-6)


def test_what_will_be_scrapped_counts_at_its_scrap_value():
    """Of units that cost nothing, and that nobody asks for any more, 2 a period earn 0.2 each period.

    With a lead time of 1 they come in 10 of 11 periods; the last 2 are on the way. The bound counted these, a play did
    not.
    """
    world = shop(
        {
            "stocks.shop": {"obsolete": {"at": [0]}, "scrap_value": 0.1},
            "lanes.supplier": {"to": "shop", "lead_time": 1, "capacity": 2},
            "demands.customers.distribution": 4,
        }
    )
    span = {"paths": 2, "periods": 11}
    played = evaluate(lambda view: np.full((2, 1), 2.0), world, **span)  # no rule orders what is obsolete
    assert played.mean("profit") == pytest.approx(0.2)
    assert clairvoyant(world, **span).costs == pytest.approx([-0.2, -0.2])
