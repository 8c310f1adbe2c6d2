"""How far policies are from the best there can be."""

import numpy as np
import pytest

from jit_gym.evaluation import compare, evaluate
from jit_gym.evaluation import distance as distances
from jit_gym.scenario import load
from jit_gym.theory import clairvoyant, solve

from ..worlds import shop


def test_where_the_optimum_is_found_it_is_played_on_the_same_paths():
    world = load("dual-sourcing")
    optimum = solve(world)
    comparison = compare(["jit", optimum.policy], world, paths=16, periods=40, warmup=10, seed=3)
    jit, best = comparison.results
    distance = comparison.distance
    assert distance.to == "optimum"
    assert distance.optimum.cost == pytest.approx(optimum.cost)
    assert distance.cost == pytest.approx(best.mean("cost"))
    assert distance.paths == 16
    assert distance.of(best).mean == 0
    assert distance.of(jit).mean == pytest.approx(jit.mean("cost") - best.mean("cost"))


def test_elsewhere_it_is_the_bound_of_the_same_paths():
    comparison = compare(["jit", "base-stock"], "serial", paths=5, periods=30, warmup=4, seed=3)
    bound = clairvoyant("serial", paths=5, periods=30, warmup=4, seed=3)
    distance = comparison.distance
    assert distance.to == "bound"
    assert distance.cost == pytest.approx(bound.cost)
    for result in comparison.results:
        assert distance.of(result).mean == pytest.approx(result.mean("cost") - bound.cost)
        assert distance.share(result).mean == pytest.approx(result.mean("cost") / bound.cost - 1)


def test_with_a_discount_costs_weigh_less_the_later_they_are():
    """Both sides are means of costs less revenue in which the one of period t weighs b^t."""
    comparison = compare(["jit"], "or-gym-inv-management", paths=3)
    played = evaluate("jit", "or-gym-inv-management", paths=3)
    paid = -played.figures["discounted_reward"] / (0.97 ** np.arange(30)).sum()
    bound = clairvoyant("or-gym-inv-management", paths=3)
    more = comparison.distance.of(comparison.results[0]).mean
    assert more == pytest.approx((paid - bound.costs).mean())
    assert more > 0


def test_gaps_are_as_far_apart_as_costs_where_the_bound_is_of_fewer_paths(monkeypatch: pytest.MonkeyPatch):
    """The gap of a policy is to what is best on all paths that are compared, and nobody costs less than the bound."""
    monkeypatch.setattr(distances, "CELLS", 30 * 7 * 4)  # of 64 paths, four have a bound
    comparison = compare(["jit", "base-stock", "kanban"], "serial", paths=64, periods=30, warmup=0, seed=3)
    distance, best = comparison.distance, comparison.best
    assert (distance.to, distance.paths) == ("bound", 4)
    for result in comparison.results:
        lead = result.mean("cost") - best.mean("cost")
        assert distance.of(result).mean - distance.of(best).mean == pytest.approx(lead)
        assert result.mean("cost") - distance.of(result).mean == pytest.approx(distance.cost)
    assert distance.of(best).mean > 0
    bound = clairvoyant("serial", paths=64, periods=30, seed=3)
    gap = distance.of(best)
    assert gap.low < best.mean("cost") - bound.cost < gap.high


def test_where_there_is_neither_it_is_the_best_policy():
    """One earns without end by buying what is worth more when it is left."""
    world = shop({"stocks.shop.terminal_value": 2, "lanes.supplier.unit_cost": 1, "demands.customers.price": 3})
    comparison = compare(["constant(quantity=1)", "constant(quantity=5)"], world, paths=2)
    assert comparison.distance.to == "best"
    assert comparison.distance.of(comparison.results[1]).mean == 0


def test_there_is_no_share_of_nothing():
    world = shop({"demands.customers.distribution": 5, "demands.customers.shortage_cost": 9})
    comparison = compare(["constant(quantity=4)"], world, paths=2)
    assert comparison.distance.of(comparison.results[0]).mean == pytest.approx(9)
    assert np.isnan(comparison.distance.share(comparison.results[0]).mean)
    assert compare(["jit"], world, paths=2, gap=False).distance is None


def test_what_costs_nothing_is_not_said_to_cost_less():
    """Who knows which slots fail pays nothing; from some of the paths that was estimated as -0.0015 a slot.

    A share of it, 8,700 %, says nothing either: the gap is money.
    """
    comparison = compare(["kanban(cards={buffer: 10, finished: 3})", "jit"], "two-machine-line")
    distance, (kanban, jit) = comparison.distance, comparison.results
    assert distance.paths < kanban.paths
    assert distance.cost >= 0
    assert np.isnan(distance.share(kanban).mean)
    assert distance.of(kanban).mean == pytest.approx(kanban.mean("cost") - distance.cost)
    apart = distance.of(jit).mean - distance.of(kanban).mean
    assert apart == pytest.approx(jit.mean("cost") - kanban.mean("cost"))


def test_a_frame_has_the_gap():
    frame = compare(["jit", "kanban"], "serial", paths=4, periods=20).frame()
    assert (frame["gap"] > 0).all()
    assert (frame["gap_low"] < frame["gap"]).all()
    assert (frame["gap_share"] > 0).all()
