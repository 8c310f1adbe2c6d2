"""What the textbook formulas are fed with: lead times, their variance, and what forecasts do not know."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import policy
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import load

from ..worlds import normal

UNIFORM = {"name": "randint", "low": 1, "high": 8}  # 1 to 7 periods: a mean of 4, a variance of 4
WAITING = {"demands.customers.unmet": "backlog"}
OFTEN_LATE = {"suppliers.hasty": {"late": {"chance": 0.4, "by": {"name": "randint", "low": 1, "high": 4}}}}
BY_HIM = {"lanes.supplier.supplier": "hasty"} | OFTEN_LATE


@pytest.mark.parametrize(
    "change",
    [
        {"lanes.supplier.lead_time": UNIFORM},
        {"lanes.supplier.lead_time": UNIFORM, "lanes.supplier.crossing": True},
        {"lanes.supplier.lead_time": UNIFORM, "lanes.supplier.crossing": True} | BY_HIM,
        BY_HIM,
    ],
    ids=["in-sequence", "crossing", "crossing-and-late", "late"],
)
def test_the_variance_of_the_net_stock_is_what_the_formula_says(change: dict[str, Any]):
    """S less the net stock has the mean m (L + 1) and the variance (L + 1) s^2 + m^2 s_L^2 at the end of a period.

    With orders that cross, s_L^2 is the variance of the number outstanding (Robinson et al. 2001).
    """
    world = load("lost-sales", WAITING | change)
    plan, player = policy("base-stock", world).plan, policy("base-stock(level=100)", world)
    simulation = Simulation(Layout(world), Chance(world).draw(7, 1024, 500))
    short = []
    for t in range(500):
        flows = simulation.step(player(View(simulation)))
        if t >= 100 and t % 10 == 0:
            short.append(100 - flows.stocks["held"][:, 0] + simulation.state.demands["backlog"][:, 0])
    found, exposed = np.array(short), plan.lead_time[0] + 1
    assert found.mean() == pytest.approx(5 * exposed, rel=0.005)
    expected = 5 * exposed + 25 * plan.lead_time_variance[0]
    assert found.var() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("change", [{"lanes.supplier.crossing": True}, {}], ids=["crossing", "in-sequence"])
def test_the_level_by_formula_is_the_best_where_lead_times_vary(change: dict[str, Any]):
    """Customers wait: no level that is 4 units away costs less (Bradley and Robinson 2005 for orders that cross)."""
    world = load("lost-sales", WAITING | {"lanes.supplier.lead_time": UNIFORM} | change)
    level = policy("base-stock", world).level[0]
    costs = [
        evaluate(f"base-stock(level={each})", world, paths=128, periods=600, warmup=60, seed=1).mean()
        for each in (level - 4, level, level + 4)
    ]
    assert costs[1] < min(costs[0], costs[2])


@pytest.mark.parametrize("world", ["lost-sales", "fixed-cost", "multi-item"])
def test_a_longer_review_never_lowers_the_reorder_point(world: str):
    """What a longer review leaves open has to be covered on top of the lead time and its variance."""
    scenario = load(world, {"lanes.supplier.lead_time": UNIFORM} if world != "multi-item" else {})
    points = np.array([policy(f"R-s-S(R={review})", scenario).s for review in (1, 2, 3, 5, 8)])
    assert (np.diff(points, axis=0) >= 0).all()
    if world == "lost-sales":  # 25 + 1.6449 sqrt(25 + 100) and 30 + 1.6449 sqrt(30 + 100), rounded up, less 1
        assert points[:2].ravel().tolist() == [43, 48]


def test_splitting_an_order_covers_what_is_left_of_the_lead_times_variance():
    """Two lanes of U{1..7}, half of each order on each: a variance of 4 / 4 + 4 / 4; 25 + 1.6449 sqrt(25 + 25 * 2)."""
    lane = {"to": "shop", "lead_time": UNIFORM}
    world = load("lost-sales", {"lanes.supplier.lead_time": UNIFORM, "lanes.other": lane} | WAITING)
    assert policy("order-splitting", world).parameters == {"level": 40, "main": 0.5}
    assert policy("order-splitting(main=1)", world).parameters == {"level": 44, "main": 1}


def test_what_keeps_is_ordered_as_by_base_stock_however_long_it_takes():
    """`base-stock-with-waste` has the level of `base-stock` for a stock that keeps, with random lead times too."""
    world = load("lost-sales", {"lanes.supplier.lead_time": UNIFORM})
    assert policy("base-stock-with-waste", world).parameters == policy("base-stock", world).parameters


def test_an_echelon_has_the_lead_times_of_all_that_comes_after_it():
    """Behind the shop, with a variance of 4, a depot of its own 4: 8 for what is ordered there, for `conwip` too."""
    world = load(
        "lost-sales",
        {
            "stocks.depot": {"holding_cost": 0.5},
            "lanes.supplier.lead_time": UNIFORM,
            "lanes.supplier.uses": {"depot": 1},
            "lanes.ship": {"to": "depot", "lead_time": UNIFORM},
        }
        | WAITING,
    )
    plan = policy("base-stock", world).plan
    assert plan.longest_cumulative_lead_time.tolist() == [4, 9]  # and a period until the depot can send on what arrives
    assert plan.longest_cumulative_lead_time_variance.tolist() == [4, 8]
    # z at 19 / 20 and at 19 / 19.5 (Shang and Song 2003): 1.6449 and 1.9490, of which conwip takes the second.
    assert policy("echelon-base-stock", world).level[1] == np.ceil(50 + (1.6449 + 1.9490) / 2 * np.sqrt(50 + 200))
    assert policy("conwip", world).cards[1] == np.ceil(50 + 1.9490 * np.sqrt(50 + 200))


# What forecasts do not know


def test_safety_stock_covers_what_the_forecast_does_not_know():
    """An accuracy of 0.9, 0.7 and 0.5 leaves a variance of 10 + 30 + 50: 10 phi(1.2816) sqrt(90) = 16.65 a period.

    Without a forecast it is sqrt(300), which costs 30.40.
    """
    for forecast, cost in (([0.9, 0.7, 0.5], 16.649), ([0.0], 30.397)):
        world = normal(forecast={"accuracy": forecast})
        result = evaluate("safety-stock", world, paths=512, periods=1000, warmup=50, seed=2024)
        assert result.mean() == pytest.approx(cost, abs=4 * result.error())
        assert result.error() < 0.002 * cost


@pytest.mark.parametrize("rule", ["safety-stock", "just-in-case", "synchronised"])
def test_a_perfect_forecast_over_lead_time_and_review_needs_no_safety_stock(rule: str):
    """What is asked for is known, three periods ahead and exactly: it is ordered, and there is nothing to pay."""
    world = normal(forecast={"accuracy": [1, 1, 1]})
    assert evaluate(rule, world, paths=16, periods=200, warmup=20, seed=1).mean() == pytest.approx(0, abs=1e-6)


POISSON, GEOMETRIC = {"name": "poisson", "mu": 6}, {"name": "geom", "p": 0.2, "loc": -1}
REGIMES = {
    "calm": {"distribution": {"name": "poisson", "mu": 3}, "next": {"boom": 0.1}},
    "boom": {"distribution": {"name": "poisson", "mu": 9}, "next": {"calm": 0.3}},
}


@pytest.mark.parametrize(
    "rule",
    [
        "safety-stock",
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in ("just-in-case(cover=0)", "hybrid(cover=0)")),
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        {"distribution": POISSON},
        {"distribution": GEOMETRIC, "unmet": "backlog"},
        {"distribution": GEOMETRIC, "unmet": "backlog", "autocorrelation": 0.5},
        {"distribution": POISSON, "season": [0.5, 1.5], "unmet": "backlog"},
        {"regimes": REGIMES, "unmet": "backlog"},
    ],
    ids=["lost-sales", "geometric", "autocorrelated", "season", "regimes"],
)
def test_to_know_more_in_advance_never_costs_more(rule: str, change: dict[str, Any]):
    """The demand of a path is the same however much is known of it (Heath and Jackson 1994)."""
    costs = []
    for accuracy in ([0.0], [0.5, 0.3], [0.9, 0.7, 0.5], [1.0, 1.0, 0.9, 0.9, 0.9]):
        demand = {"from": "shop", "shortage_cost": 19, "forecast": {"accuracy": accuracy}, **change}
        world = load("lost-sales", {"demands.customers": demand, "lanes.supplier.critical": True})
        costs.append(evaluate(rule, world, paths=64, periods=400, warmup=50, seed=1).figures["cost"])
    more = np.diff(np.array(costs), axis=0)  # path by path
    assert (more.mean(axis=1) < 2 * more.std(axis=1) / np.sqrt(64)).all()
    assert costs[-1].mean() < 0.9 * costs[0].mean()


def test_old_names_go_on_working_for_a_version():
    """`Plan`, `Mindful` and the attributes that have moved mean what they are called now, and warn."""
    from jit_gym.policies import base, plan

    with pytest.warns(DeprecationWarning, match="Plan is now called PlanningData"):
        old = plan.Plan
    with pytest.warns(DeprecationWarning, match="Mindful is now called StatefulRule"):
        assert base.Mindful is base.StatefulRule
    planned = old(load("dual-sourcing"))
    for name, new in plan.RENAMED.items():
        with pytest.warns(DeprecationWarning, match=f"PlanningData.{name} is now called {new}"):
            getattr(planned, name)
    with pytest.raises(AttributeError, match="has no attribute 'cost'"):
        planned.cost  # noqa: B018


def test_planning_data_takes_a_layout_or_a_scenario():
    """A layout that is there already is not made again."""
    layout = Layout(load("serial"))
    assert PlanningData(layout).layout is layout
    assert PlanningData(layout.scenario).lead_time.tolist() == PlanningData(layout).lead_time.tolist()
