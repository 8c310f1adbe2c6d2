"""How far policies are from the best there can be."""

import numpy as np
import pytest

from jit_gym.common.threads import use_threads
from jit_gym.evaluation import compare, evaluate
from jit_gym.evaluation import optimality_gap as module
from jit_gym.report.words import gap_sentence
from jit_gym.scenario import load
from jit_gym.theory import clairvoyant, solve
from jit_gym.theory.clairvoyant import columns_of, size_of

from ..worlds import shop


def test_where_the_optimum_is_found_it_is_played_on_the_same_paths():
    world = load("dual-sourcing")
    optimum = solve(world)
    comparison = compare(["jit", optimum.policy], world, paths=16, periods=40, warmup=10, seed=3)
    jit, best = comparison.results
    gap = comparison.optimality_gap
    assert gap.to == "optimum"
    assert gap.optimum.cost == pytest.approx(optimum.cost)
    assert gap.cost == pytest.approx(best.mean("cost"))
    assert gap.paths == 16
    assert gap.of(best).mean == 0
    assert gap.of(jit).mean == pytest.approx(jit.mean("cost") - best.mean("cost"))


def test_elsewhere_it_is_the_bound_of_the_same_paths():
    comparison = compare(["jit", "base-stock"], "serial", paths=5, periods=30, warmup=4, seed=3)
    bound = clairvoyant("serial", paths=5, periods=30, warmup=4, seed=3)
    gap = comparison.optimality_gap
    assert gap.to == "bound"
    assert gap.cost == pytest.approx(bound.cost)
    for result in comparison.results:
        assert gap.of(result).mean == pytest.approx(result.mean("cost") - bound.cost)
        assert gap.share(result).mean == pytest.approx(result.mean("cost") / bound.cost - 1)


def test_with_a_discount_costs_weigh_less_the_later_they_are():
    """Both sides are means of costs less revenue in which the one of period t weighs b^t."""
    comparison = compare(["jit"], "or-gym-inv-management", paths=3)
    played = evaluate("jit", "or-gym-inv-management", paths=3)
    paid = -played.figures["discounted_reward"] / (0.97 ** np.arange(30)).sum()
    bound = clairvoyant("or-gym-inv-management", paths=3)
    more = comparison.optimality_gap.of(comparison.results[0]).mean
    assert more == pytest.approx((paid - bound.costs).mean())
    assert more > 0


def test_gaps_are_as_far_apart_as_costs_where_the_bound_is_of_fewer_paths(monkeypatch: pytest.MonkeyPatch):
    """The gap of a policy is to what is best on all paths that are compared, and nobody costs less than the bound."""
    monkeypatch.setattr(module, "CELLS", 30 * 7 * 4)  # of 64 paths, four have a bound
    comparison = compare(["jit", "base-stock", "kanban"], "serial", paths=64, periods=30, warmup=0, seed=3)
    gap, best = comparison.optimality_gap, comparison.best
    assert (gap.to, gap.paths) == ("bound", 4)
    for result in comparison.results:
        lead = result.mean("cost") - best.mean("cost")
        assert gap.of(result).mean - gap.of(best).mean == pytest.approx(lead)
        assert result.mean("cost") - gap.of(result).mean == pytest.approx(gap.cost)
    assert gap.of(best).mean > 0
    bound = clairvoyant("serial", paths=64, periods=30, seed=3)
    above = gap.of(best)
    assert above.low < best.mean("cost") - bound.cost < above.high


def test_where_there_is_neither_it_is_the_best_policy():
    """One earns without end by buying what is worth more when it is left."""
    world = shop({"stocks.shop.terminal_value": 2, "lanes.supplier.unit_cost": 1, "demands.customers.price": 3})
    comparison = compare(["constant(quantity=1)", "constant(quantity=5)"], world, paths=2)
    assert comparison.optimality_gap.to == "best"
    assert comparison.optimality_gap.of(comparison.results[1]).mean == 0


def test_there_is_no_share_of_nothing():
    world = shop({"demands.customers.distribution": 5, "demands.customers.shortage_cost": 9})
    comparison = compare(["constant(quantity=4)"], world, paths=2)
    assert comparison.optimality_gap.of(comparison.results[0]).mean == pytest.approx(9)
    assert np.isnan(comparison.optimality_gap.share(comparison.results[0]).mean)
    assert compare(["jit"], world, paths=2, gap=False).optimality_gap is None


def test_a_cost_of_0_is_not_called_cheaper():
    """Who knows which slots fail pays nothing; from some of the paths that was estimated as -0.0015 a slot.

    A share of it, 8,700 %, says nothing either: the gap is money.
    """
    comparison = compare(["kanban(cards={buffer: 10, finished: 3})", "jit"], "two-machine-line")
    gap, (kanban, jit) = comparison.optimality_gap, comparison.results
    assert gap.paths < kanban.paths
    assert gap.cost >= 0
    assert np.isnan(gap.share(kanban).mean)
    assert gap.of(kanban).mean == pytest.approx(kanban.mean("cost") - gap.cost)
    apart = gap.of(jit).mean - gap.of(kanban).mean
    assert apart == pytest.approx(jit.mean("cost") - kanban.mean("cost"))


def test_a_frame_has_the_gap():
    frame = compare(["jit", "kanban"], "serial", paths=4, periods=20).frame()
    assert (frame["gap"] > 0).all()
    assert (frame["gap_low"] < frame["gap"]).all()
    assert (frame["gap_share"] > 0).all()


def test_a_program_that_would_take_long_is_left_out_or_played_on_fewer_paths(monkeypatch: pytest.MonkeyPatch):
    """Where transit stops each place on the way has a column: 1,196 for the 208 periods of a stock, lane or demand."""
    world = load("port-congestion-stressed")
    assert (size_of(world, 52), columns_of(world, 0, 52, 0)) == (208, 1196)
    monkeypatch.setattr(module, "SQUARES", 4 * 1196**2)
    few = compare(["jit"], world, paths=8)
    assert (few.optimality_gap.to, few.optimality_gap.paths) == ("bound", 4)
    monkeypatch.setattr(module, "COLUMNS", 1195)
    none = compare(["jit"], world, paths=8)
    assert none.optimality_gap.to == "best"
    assert "an optimum or a bound takes longer (try jit-gym bound port" in gap_sentence(none)


@pytest.mark.parametrize("name", ["dual-sourcing", "serial"])
def test_it_is_the_same_where_it_is_looked_for_meanwhile(name: str):
    """An optimum and a bound, on a thread of their own while policies are played."""
    use_threads(2)
    try:
        early, late = (
            compare(["base-stock"], name, paths=4, periods=20, warmup=2, gap_early=when).optimality_gap
            for when in (True, False)
        )
    finally:
        use_threads(None)
    assert (early.to, early.cost, early.unproved) == (late.to, late.cost, late.unproved)
    np.testing.assert_array_equal(early.above, late.above)
