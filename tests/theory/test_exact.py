"""Exact costs: as simulated, whatever a policy looks at."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.scenario import BadInput
from jit_gym.theory import exact_cost

from ..worlds import by_turns
from .test_solve import BREAKDOWN, REGIMES, WORLDS, shop

RULES = ["base-stock(level=14)", "s-S(s=9, S=15)", "kanban(cards=7, container=2)", "capped-base-stock(level=15, cap=6)"]


def as_used(view: Any) -> Any:
    """Order what was used, and one when the shelf is empty."""
    return np.where(view.on_hand == 0, 1.0, view.used) * (view.inventory_position < 20)


@pytest.mark.parametrize("rule", [*RULES, as_used])
def test_it_is_what_a_simulation_tends_to(rule: Any):
    """On the lost-sales shop, within four standard errors; a policy may look at anything, what was used too."""
    exact = exact_cost(rule, shop())
    played = evaluate(rule, shop(), paths=512, periods=1000, warmup=100, seed=8)
    assert played.mean() == pytest.approx(float(exact), abs=4 * played.error(), rel=0)
    assert exact.low <= exact.cost <= exact.high


@pytest.mark.parametrize("name", by_turns(WORLDS, 1))
def test_every_world_that_can_be_solved_can_be_evaluated(name: str):
    """Order up to 13, on each of them."""
    world = shop(WORLDS[name])
    exact = exact_cost("base-stock(level=13)", world)
    played = evaluate("base-stock(level=13)", world, paths=256, periods=1000, warmup=200, seed=9)
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
    played = evaluate("base-stock(level=13)", world, paths=256, periods=1000, warmup=200, seed=10)
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


def test_what_keeps_the_past_in_mind_is_refused():
    """Just in time keeps the last backlog, which is no part of the state; so does a network with a memory."""
    with pytest.raises(BadInput, match=r"jit.*: keeps the past in mind"):
        exact_cost("jit", shop())
    with pytest.raises(BadInput, match="keeps the past in mind"):
        exact_cost("jit", shop(), periods=20)


def every_other(view: Any) -> Any:
    """Order up to 16 in even periods."""
    return np.maximum(16 - view.inventory_position, 0.0) * (view.period % 2 == 0)


def test_what_looks_at_the_period_is_refused_where_it_does_not_say_when_it_repeats():
    """In the long run; what it costs over some periods from the start is known all the same."""
    with pytest.raises(BadInput, match=r"every_other: looks at the period.*give it a `cycle`"):
        exact_cost(every_other, shop())
    exact = exact_cost(every_other, shop(), periods=30, warmup=3)
    played = evaluate(every_other, shop(), paths=20_000, periods=30, warmup=3, seed=4)
    assert played.mean() == pytest.approx(exact.cost, abs=4 * played.error(), rel=0)


def test_orders_that_repeat_after_some_periods_have_an_exact_cost():
    """A function that says when, as a review every two periods; and one that says it wrongly is refused."""

    def reviewing(view: Any) -> Any:
        return every_other(view)

    reviewing.cycle = 2  # type: ignore[attr-defined]
    exact = exact_cost(reviewing, shop())
    assert exact.cost == pytest.approx(exact_cost("R-s-S(s=15, S=16, R=2)", shop()).cost, rel=1e-9)
    reviewing.cycle = 3  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match="reviewing: says that its orders repeat after 3 periods, and they do not"):
        exact_cost(reviewing, shop())


@pytest.mark.parametrize("rule", ["short-cycle(review=3)", "R-s-S(R=2)", "constant(quantity=4.5)"])
def test_rules_that_look_at_the_period_cost_what_a_simulation_tends_to(rule: str):
    """Within four standard errors, their phase being a part of the state."""
    exact = exact_cost(rule, shop())
    played = evaluate(rule, shop(), paths=256, periods=2000, warmup=200, seed=8)
    assert played.mean() == pytest.approx(float(exact), abs=4 * played.error(), rel=0)


@pytest.mark.parametrize("base", [pytest.param(1, marks=pytest.mark.slow), 1.5])
def test_tailored_base_surge_has_an_exact_cost(base: float):
    """A whole base is the same in every period; a base of 1.5 is 1 and 2 by turns (Allon and Van Mieghem 2010)."""
    rule = f"tailored-base-surge(base={base})"
    exact = exact_cost(rule, "dual-sourcing")
    played = evaluate(rule, "dual-sourcing", paths=256, periods=1000, warmup=200, seed=8)
    assert played.mean() == pytest.approx(exact.cost, abs=4 * played.error(), rel=0)
    assert exact.high - exact.low < 1e-4


PAST = {
    "demands.customers.distribution": None,
    "demands.customers.history": {"values": [3, 0, 7, 2, 5, 9, 1, 4, 4, 6, 0, 2], "replay": "as-it-was"},
    "horizon.periods": 10,
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"demands.customers.unmet": "backlog", "stocks.shop.terminal_value": 1},
        {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 2}, "objective.discount": 0.9},
        {"disruptions.breakdown": BREAKDOWN, "demands.customers.season": [1, 0.5]},
    ],
)
def test_a_replayed_history_has_an_exact_cost(more: dict[str, Any]):
    """Over its horizon, from the start: as played, and the same where nothing else is left to chance."""
    world = shop(PAST | more)
    exact = exact_cost("base-stock(level=9)", world)
    played = evaluate("base-stock(level=9)", world, paths=8192, periods=10, seed=6)
    estimate = played.estimate("discounted_reward")
    assert -estimate.mean == pytest.approx(exact.total, abs=4 * estimate.error + 1e-9, rel=0)
    assert (estimate.error == 0) == ("objective.discount" not in more and "disruptions.breakdown" not in more)


def test_a_history_is_known_no_longer_than_it_is():
    """Twelve periods may be asked for, and no thirteenth; a thousand are a thousand states."""
    world = shop(PAST)
    assert exact_cost("base-stock(level=9)", world, periods=10, warmup=2).states == 12
    with pytest.raises(BadInput, match=r"periods: the history of shop has 12 periods, got 2 \+ 11"):
        exact_cost("base-stock(level=9)", world, periods=11, warmup=2)
    values = np.random.default_rng(1).poisson(50, 1000).tolist()
    long = shop(PAST | {"demands.customers.history.values": values, "horizon.periods": 1000})
    exact = exact_cost("base-stock(level=110)", long)
    assert exact.states == 1000
    assert exact.cost == pytest.approx(evaluate("base-stock(level=110)", long, paths=1, periods=1000).mean())


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
