"""What a comparison cannot tell is said beside it."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import caveats, compare, evaluate, has_seen
from jit_gym.physics import View
from jit_gym.report.words import verdict
from jit_gym.scenario import BadInput, load

from ..worlds import shop


def test_a_world_in_which_selling_nothing_is_best_is_named():
    """A lost sale that costs 2, of a unit that costs 3: nobody who minimises cost would order any."""
    cheap = {"lanes.supplier.unit_cost": 3, "demands.customers.shortage_cost": 2}
    (note,) = caveats(shop(cheap))
    assert note == (
        "demands.customers: a lost sale costs 2, and its units cost 3 to buy, so selling nothing is cheapest"
        " (set demands.customers.price, or a higher shortage_cost)"
    )
    assert note in compare(["jit"], shop(cheap), paths=2, gap=False).notes
    assert not caveats(shop(cheap | {"demands.customers.price": 2}))
    assert "with its price" in caveats(shop(cheap | {"demands.customers.price": 0.5}))[0]


def test_a_kit_is_as_dear_as_its_parts():
    """A frame at 4 and two wheels at 3 are worth more than the 9 that a bike brings."""
    world = shop(
        stocks={"frame": {}, "wheel": {}},
        lanes={"frames": {"to": "frame", "unit_cost": 4}, "wheels": {"to": "wheel", "unit_cost": 3}},
        demands={"riders": {"from": {"frame": 1, "wheel": 2}, "distribution": 1, "price": 9}},
    )
    assert "its units cost 10 to buy" in caveats(world)[0]


def test_customers_who_wait_for_nothing_are_named():
    """Where waiting costs nothing, nobody needs to be served."""
    waiting = {"demands.customers.unmet": "backlog"}
    assert "customers who wait cost nothing" in caveats(shop(waiting))[0]
    assert not caveats(shop(waiting | {"demands.customers.shortage_cost": 1}))
    assert not caveats(shop(waiting | {"demands.customers.price": 1, "horizon.ends": True}))


FIRE = {
    "demands.customers.shortage_cost": 9,
    "disruptions.fire": {"hits": ["supplier"], "starts": {"at": [7]}, "lasts": 4},
}


def test_a_date_that_is_the_same_on_every_path_is_named():
    """What happens at a date happens on every path, and intervals do not tell what another date would cost."""
    assert "disruptions.fire: the same on every path" in caveats(shop(FIRE))[0]
    assert not caveats(shop({**FIRE, "disruptions.fire": {**FIRE["disruptions.fire"], "starts": {"rate": 0.1}}}))


def test_an_agent_that_has_seen_the_exam_does_not_lead():
    """Trained on the 36 weeks of the beer game that are played, it costs least, is named last, and is not the best."""
    comparison = compare(["jit", "base-stock", "agent:hindsight"], "beer-game", paths=1, gap=False)
    agent = comparison.results[2]
    assert agent.mean("cost") < comparison.results[1].mean("cost")
    assert has_seen(agent.player, comparison.scenario)
    assert comparison.best is comparison.results[1]
    assert verdict(comparison).startswith("base-stock costs least")
    assert "Not ranked, since trained on these very events: agent:hindsight costs" in verdict(comparison)
    assert any("was trained on these very events (demands.customers.history)" in note for note in comparison.notes)


def test_an_agent_that_met_other_chance_leads():
    """Lost sales are drawn anew on every path: an agent trained there has not seen what is played."""
    comparison = compare(["jit", "agent:dcl"], "lost-sales", paths=16, gap=False)
    assert comparison.best is comparison.results[1]
    assert not comparison.notes


def test_a_rule_tuned_on_dated_events_says_so():
    """Parameters that were chosen knowing the date are those of hindsight."""
    world = shop({**FIRE, "demands.customers.distribution": 5})
    comparison = compare(["base-stock"], world, paths=2, gap=False, tuned=2000)
    assert any(
        note == "base-stock: its parameters were tuned on these very events (disruptions.fire)"
        for note in comparison.notes
    )


def test_every_rule_is_tuned_with_the_same_budget():
    """`tuned` looks for parameters that were not given, and leaves those that were."""
    comparison = compare(["base-stock", "base-stock(level=40)", "myopic"], "lost-sales", paths=4, tuned=100_000)
    tuned, given, plain = (result.player for result in comparison.results)
    assert comparison.tuned == 100_000
    assert tuned.tuning.budget == 100_000
    assert abs(tuned.level[0] - 31) <= 1  # Zipkin (2008), table 3
    assert given.tuning is plain.tuning is None
    assert given.level[0] == 40


@pytest.mark.parametrize("tuned", [-1, 0, 2.5, "many"])
def test_a_budget_is_a_whole_number(tuned: Any):
    with pytest.raises(BadInput, match=r"^budget: must be a whole number, 1 or more, got "):
        compare(["base-stock"], "lost-sales", tuned=tuned)


@pytest.mark.parametrize("threshold", [-0.1, 1, float("nan")])
def test_a_threshold_is_a_share(threshold: float):
    with pytest.raises(BadInput, match=r"^threshold: must be a share from 0 to 1"):
        compare(["jit"], "lost-sales", threshold=threshold)


def test_money_that_is_no_number_decides_nothing():
    """Costs that overflow are refused by policy, figure and path, and no warning of NumPy is seen."""
    world = load("lost-sales", {"stocks.shop.holding_cost": 1e15})

    def enormous(view: View) -> np.ndarray:
        return np.full_like(view.on_order, 1e300)

    with pytest.raises(BadInput, match=r"^enormous: its cost on path 0 must be a finite number"):
        evaluate(enormous, world, paths=2)
    with pytest.raises(BadInput, match="its cost on path 0"):
        compare([enormous, "jit"], world, paths=2)


def test_what_is_not_defined_is_left_out_of_a_mean_and_infinity_is_not():
    """A ratio without a denominator counts on no path; a figure that is infinite stays so."""
    from jit_gym.evaluation import Estimate

    assert Estimate.of(np.array([1.0, np.nan, 3.0])).mean == 2
    assert Estimate.of(np.array([1.0, np.inf])).mean == np.inf


def test_what_formulas_leave_out_is_said_once_for_all_rules():
    """Rules by formula name what they ignore, together where it is the same; with given parameters there is none."""
    notes = compare(["base-stock", "kanban", "jit"], "lost-sales", paths=4, gap=False).notes
    assert "base-stock and kanban: the formula ignores lost sales (customers)" in notes
    assert not compare(["base-stock(level=20)"], "lost-sales", paths=4, gap=False).notes
