"""What lanes share besides stocks, by hand: the capacity of a supplier or a route."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.envs.observation import Coding
from jit_gym.physics import Layout
from jit_gym.physics.plain import ByHand
from jit_gym.scenario import ScenarioError

from ..worlds import shop
from .hand import Story, lanes, luck, world


def orchard(maker: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None, **parts: Any) -> ByHand:
    """Return a shop with three lanes of one maker, who ships 10 units a period in all, and one of somebody else."""
    return world(overrides, **orchards(maker), **parts)


def orchards(maker: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the parts of such a shop."""
    mine = {"to": "shop", "supplier": "maker"}
    return {
        "lanes": {"apples": mine, "pears": mine, "plums": mine, "nuts": {"to": "shop"}},
        "suppliers": {"maker": {"capacity": 10.0, **(maker or {})}},
    }


def test_a_supplier_serves_its_lanes_in_their_order():
    """Of 4, 5 and 6 wanted of a maker of 10, the last lane gets 1, and 5 wait; who has another source gets 99."""
    by_hand = orchard()
    flows = by_hand.step([4.0, 5.0, 6.0, 99.0], luck(by_hand))
    assert lanes(flows, "ordered") == [4, 5, 6, 99]
    assert lanes(flows, "shipped") == [4, 5, 1, 99]
    assert by_hand.read("lanes", "waiting").tolist() == [0, 0, 5, 0]
    assert (flows.resources[0].there, flows.resources[0].left, flows.resources[0].claimed) == (10, 0, 15)
    flows = by_hand.step([7.0, 0.0, 2.0, 0.0], luck(by_hand))  # what waits has no advantage over a lane before it
    assert lanes(flows, "shipped") == [7, 0, 3, 0]
    assert by_hand.read("lanes", "waiting").tolist() == [0, 0, 4, 0]


def test_a_supplier_gives_each_lane_the_same_share():
    """Of 5, 10 and 10 wanted of 10, each lane gets 40 %: 2, 4 and 4 (Cachon and Lariviere 1999)."""
    by_hand = orchard({"rationing": "proportional"})
    flows = by_hand.step([5.0, 10.0, 10.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == pytest.approx([2, 4, 4, 0], abs=1e-12)
    flows = orchard({"rationing": "proportional"}).step([1.0, 2.0, 6.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == [1, 2, 6, 0]  # there is enough


@pytest.mark.parametrize(
    ("wanted", "shipped"),
    [([5, 5, 5], [4, 3, 3]), ([9, 9, 2], [5, 4, 1]), ([10, 1, 0], [10, 0, 0]), ([3, 3, 3], [3, 3, 3])],
)
def test_whole_units_of_a_capacity_are_shared_whole(wanted: list[int], shipped: list[int]):
    """A third of 10 is 3 to each, and the one left over goes to the first lane; nobody gets more than it wants.

    Of 9, 9 and 2 half is 4, 4 and 1, and the one that is left goes to the first. A capacity of 10.7 ships 10.
    """
    by_hand = orchard({"rationing": "proportional", "capacity": 10.7}, units="whole")
    flows = by_hand.step([*map(float, wanted), 0.0], luck(by_hand))
    assert lanes(flows, "shipped")[:3] == shipped


def test_a_lane_orders_no_more_than_the_capacity_it_shares():
    """An order of 30 from a maker of 10 is cut to 10, or to the batches that fit, as by its own capacity."""
    by_hand = orchard(overrides={"lanes.pears.batch": 4.0, "lanes.plums.capacity": 3.0})
    assert lanes(by_hand.step([30.0] * 4, luck(by_hand)), "ordered") == [10, 8, 3, 30]
    by_hand = orchard({"capacity": None})
    assert lanes(by_hand.step([30.0] * 4, luck(by_hand)), "ordered") == [30, 30, 30, 30]


def test_a_capacity_of_one_lane_is_that_lanes_own():
    """With one lane, the maker's 7 a period are the lane's 7: in fires, when short, and for what waits."""
    fire = {"fire": {"hits": ["maker"], "starts": {"rate": 0.2}, "lasts": 2, "severity": 0.5}}
    short = {"short": {"chance": 0.3, "by": 0.4}}
    plays = []
    for lane, maker in (({"capacity": 7.0}, {}), ({}, {"capacity": 7.0})):
        scenario = shop(
            lanes={"supplier": {"to": "shop", "supplier": "maker", "order_delay": 1, **lane}},
            suppliers={"maker": {**maker, **short}},
            disruptions=fire,
        )
        by_hand = ByHand(Layout(scenario))
        rows = Chance(scenario).draw(3, 1, 20).chance[:, 0].tolist()
        plays.append([lanes(by_hand.step([float(t % 9)], rows[t]), "shipped") for t in range(20)])
    assert plays[0] == plays[1]
    assert len({each[0] for each in plays[0]}) > 4


def test_a_fire_at_the_supplier_leaves_a_share_of_what_its_lanes_share():
    """With half of the maker burnt down, 5 are shipped in all, and 5 at most on each lane; a jam leaves room."""
    hits = {"fire": {"hits": ["maker"]}, "jam": {"hits": ["apples"]}}
    events = {name: {"starts": {"rate": 0.1}, "lasts": 1, "severity": 0.5, **each} for name, each in hits.items()}
    by_hand = orchard(disruptions=events)
    burnt = luck(by_hand, shared=0.5, working={(("shipping", name)): 0.5 for name in ("apples", "pears", "plums")})
    assert lanes(by_hand.step([4.0, 4.0, 4.0, 9.0], burnt), "shipped") == [4, 1, 0, 9]
    by_hand = orchard(disruptions=events)
    jammed = luck(by_hand, working={("shipping", "apples"): 0.5})
    assert lanes(by_hand.step([8.0, 4.0, 4.0, 9.0], jammed), "shipped") == [5, 4, 1, 9]


def test_the_share_of_a_shared_capacity_is_drawn_with_the_lanes():
    """In a trace, what is left of the maker is what is left of each of its lanes that nothing else hits."""
    events = {"starts": {"rate": 0.3}, "lasts": 2, "severity": 0.5, "recovers_over": 2}
    hits = {"fire": {"hits": ["maker"], **events}, "strike": {"hits": ["maker", "nuts"], **events}}
    jam = {"jam": {"hits": ["apples"], **events}, "deaf": {"hits": ["maker"], "stops": "ordering", **events}}
    trace = Chance(shop(**orchards(), disruptions=hits | jam)).draw(1, 50)
    assert list(trace.columns.shared) == ["maker"]
    left = trace.chance[:, :, trace.columns.shared["maker"]]
    assert np.array_equal(left, trace.chance[:, :, trace.columns.available["pears"]])
    assert not np.array_equal(left, trace.chance[:, :, trace.columns.available["apples"]])
    assert len(np.unique(left)) > 4


def test_where_a_supplier_falls_short_it_is_all_it_ships_that_does():
    """With 40 % missing, a maker of 10 ships 6 of what it would have shipped, and 2.4 of 4 where it had room."""
    by_hand = orchard({"short": {"chance": 0.5, "by": 0.4}})
    missing = luck(by_hand, filled=0.6)
    assert lanes(by_hand.step([8.0, 8.0, 0.0, 0.0], missing), "shipped") == pytest.approx([4.8, 1.2, 0, 0])
    by_hand = orchard({"short": {"chance": 0.5, "by": 0.4}})
    assert lanes(by_hand.step([4.0, 0.0, 0.0, 0.0], missing), "shipped") == pytest.approx([2.4, 0, 0, 0])


def test_a_machine_makes_what_its_parts_and_its_hours_allow():
    """A machine of 10 makes 4 cars, all that wheels last for, and 6 of 7 trucks; with a route of 8, only 4 trucks."""
    parts = {
        "stocks": {"cars": {}, "trucks": {}, "wheels": {"initial": 16.0}, "axles": {"initial": 50.0}},
        "lanes": {
            "cars": {"to": "cars", "uses": {"wheels": 4}, "supplier": "machine", "route": "gate"},
            "trucks": {"to": "trucks", "uses": {"axles": 2}, "supplier": "machine", "route": "gate"},
            "wheels": {"to": "wheels"},
            "axles": {"to": "axles"},
        },
        "demands": {"buyers": {"from": "cars", "distribution": 0}},
    }
    for route, trucks in (({}, 6), ({"capacity": 8.0}, 4)):
        by_hand = world(**parts, suppliers={"machine": {"capacity": 10.0}}, routes={"gate": route})
        flows = by_hand.step([5.0, 7.0, 0.0, 0.0], luck(by_hand))
        assert lanes(flows, "shipped") == [4, trucks, 0, 0]
        assert by_hand.read("stocks", "on_hand").tolist() == [4, trucks, 0, 50 - 2 * trucks]


def test_what_waits_at_a_shared_capacity_is_observed():
    """An agent sees what it has ordered and what the maker could not ship, on the lanes that share the capacity."""
    story = Story(shop(**orchards(), demands={"customers": {"from": "shop", "distribution": 5}}))
    names = Coding(story.layout, 1).names
    assert [name for name in names if name.endswith(".waiting")] == ["apples.waiting", "pears.waiting", "plums.waiting"]
    story.step([10.0, 10.0, 0.0, 0.0])
    assert story.view.waiting.tolist() == [0, 10, 0, 0]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"lanes.apples.batch": 12.0},
            "lanes.apples.batch: must be 10 (the capacity of suppliers.maker) or less, got 12",
        ),
        (
            {"lanes.pears.minimum_order": 11.0},
            "lanes.pears.minimum_order: must be 10 (the capacity of suppliers.maker) or less, got 11",
        ),
        (
            {"stocks.depot": {}, "lanes.ship": {"to": "depot"}, "lanes.plums.uses": {"depot": 1}},
            "suppliers.maker.capacity: its lanes must come all from outside or all from stocks, "
            "got apples, pears from outside and plums from stocks",
        ),
        ({"suppliers.maker.capacity": 0}, "suppliers.maker.capacity: must be more than 0, got 0"),
    ],
)
def test_what_does_not_fit_a_shared_capacity_is_refused(overrides: dict[str, Any], message: str):
    with pytest.raises(ScenarioError) as caught:
        shop(overrides, **orchards())
    assert str(caught.value) == message
