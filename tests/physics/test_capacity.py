"""What lanes share besides stocks, by hand: the capacity of a supplier or a route, and vehicles that must be full."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.envs.observation import Codec
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
    assert (flows.resources[0].there, flows.resources[0].left, flows.resources[0].wanted) == (10, 0, 15)
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
    names = Codec(story.layout).names
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


# Full loads


def trucks(route: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None, **parts: Any) -> ByHand:
    """Return a shop with two lanes on a truck of 10 that only leaves when it is full, for 100, and a third lane."""
    truck = {"vehicle_capacity": 10.0, "vehicle_cost": 100.0, "full_loads": True}
    lanes = {name: {"to": "shop", "route": "truck", "fixed_cost": 3} for name in ("apples", "pears")}
    return world(
        overrides, lanes=lanes | {"nuts": {"to": "shop"}}, routes={"truck": {**truck, **(route or {})}}, **parts
    )


def test_only_full_trucks_set_off_and_the_rest_waits():
    """Of 4 and 5, nothing leaves; with 3 and 9 more there are 21: two trucks leave, and one of the last lane waits."""
    by_hand = trucks()
    flows = by_hand.step([4.0, 5.0, 7.0], luck(by_hand))
    assert lanes(flows, "shipped") == [0, 0, 7]
    assert (flows.routes[0].vehicles, flows.money[0].cost) == (0, 6)  # orders are paid for when they are placed
    assert by_hand.read("lanes", "waiting").tolist() == [4, 5, 0]
    flows = by_hand.step([3.0, 9.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == [7, 13, 0]
    assert (flows.routes[0].loaded, flows.routes[0].vehicles, flows.charges[0].vehicle_cost) == (20, 2, 200)
    assert by_hand.read("lanes", "waiting").tolist() == [0, 1, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [27]


def test_what_fills_no_truck_can_lapse():
    """Of 4 apples and 9 pears, 4 and 6 leave; the other 3 pears are gone, as their lane lets them lapse."""
    by_hand = trucks(overrides={"lanes.pears.unshipped": "lapses"})
    assert lanes(by_hand.step([4.0, 9.0, 0.0], luck(by_hand)), "shipped") == [4, 6, 0]
    assert by_hand.read("lanes", "waiting").tolist() == [0, 0, 0]


@pytest.mark.parametrize("capacity", [0.1, 0.3, 1.1, 7, 49])
def test_what_fills_trucks_leaves(capacity: float):
    """What fills k trucks leaves in k, whatever k and their capacity, though a tenth is no binary fraction."""
    by_hand = trucks({"vehicle_capacity": capacity})
    for k in range(1, 100):
        flows = by_hand.step([k * capacity, 0.0, 0.0], luck(by_hand))
        assert flows.routes[0].vehicles == k
        assert by_hand.read("lanes", "waiting").tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def depot(overrides: dict[str, Any] | None = None) -> ByHand:
    """Return a depot of 14 crates that serves two shops by truck, the second in pairs, and a near one by bicycle."""
    parts = {
        "stocks": {"north": {}, "south": {}, "near": {}, "depot": {"initial": 14.0}},
        "lanes": {
            "to-north": {"to": "north", "uses": {"depot": 1}, "route": "truck"},
            "to-south": {"to": "south", "uses": {"depot": 2}, "route": "truck"},
            "to-near": {"to": "near", "uses": {"depot": 1}},
            "to-depot": {"to": "depot"},
        },
        "routes": {"truck": {"vehicle_capacity": 5.0, "full_loads": True}},
        "demands": {"buyers": {"from": "near", "distribution": 0}},
    }
    return world(overrides, **parts)


def test_what_was_set_aside_for_a_truck_stays_at_its_source_and_goes_to_nobody():
    """Of 14 crates six go north and 8 south, in four pairs: two trucks of 5 are full, and nothing is left for the near.

    With one pair less for the south, one truck takes 5 of 9. The sixth of the north and the crates of three pairs stay,
    and only the two that had been set aside for nobody go to the near shop.
    """
    by_hand = depot()
    flows = by_hand.step([6.0, 4.0, 7.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == [6, 4, 0, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [6, 4, 0, 0]
    by_hand = depot()
    flows = by_hand.step([6.0, 3.0, 7.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == [5, 0, 2, 0]
    assert by_hand.read("lanes", "waiting").tolist() == [1, 3, 5, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [5, 0, 2, 14 - 5 - 2]
    assert by_hand.read("stocks", "used").tolist() == [0, 0, 0, 5 + 2]
    assert flows.sources[3].asked == 6 + 2 * 3 + 7


@pytest.mark.parametrize(("issuing", "left"), [("fifo", [1, 8]), ("lifo", [6, 3])])
def test_what_stays_behind_is_as_old_as_it_was(issuing: str, left: list[float]):
    """Of 6 old units and 8 new ones a truck of 5 takes the old, or the new; those that stay keep their age."""
    aged = {"stocks.depot.shelf_life": 4, "stocks.depot.initial": 6.0, "stocks.depot.issuing": issuing}
    by_hand = depot(aged | {"lanes.to-depot.initial": 8.0, "lanes.to-depot.lead_time": 1})
    by_hand.step([0.0, 0.0, 0.0, 0.0], luck(by_hand))
    ages = by_hand.net.stocks[3]
    before = by_hand.read("stocks", "on_hand")[3]
    assert (before, by_hand.pipeline[ages.first_age : ages.last_age].tolist()) == (14, [0, 6, 8, 0])
    by_hand.step([5.0, 2.0, 0.0, 0.0], luck(by_hand))  # seven are ordered, five leave
    assert by_hand.read("stocks", "on_hand")[3] == sum(left)
    assert by_hand.pipeline[ages.first_age : ages.last_age].tolist() == [*left, 0, 0]


def test_a_shared_capacity_is_given_back_with_what_stays_behind():
    """A maker of 12 could ship 8 apples and 4 pears of a full load of 10: it ships 8 and 2, and has 2 left."""
    by_hand = trucks(
        overrides={"lanes.apples.supplier": "maker", "lanes.pears.supplier": "maker"},
        suppliers={"maker": {"capacity": 12.0}},
    )
    flows = by_hand.step([8.0, 9.0, 0.0], luck(by_hand))
    assert lanes(flows, "shipped") == [8, 2, 0]
    assert (flows.resources[0].left, flows.resources[0].wanted) == (2, 17)


def test_what_waits_for_a_full_load_is_observed():
    story = Story(shop(lanes={"supplier": {"to": "shop", "route": "truck"}}, routes={"truck": TRUCK}))
    assert "supplier.waiting" in Codec(story.layout).names


TRUCK = {"vehicle_capacity": 10.0, "full_loads": True}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"routes.truck": {"full_loads": True}},
            "routes.truck: full_loads needs vehicle_capacity, the units that fit into one",
        ),
        (
            {"lanes.supplier.capacity": 4.0},
            "routes.truck.vehicle_capacity: must be 4 (the capacities of its lanes) or less with full_loads, got 10",
        ),
        (
            {"routes.truck.capacity": 9.0},
            "routes.truck: vehicle_capacity: must be 9 (the capacity) or less where only full vehicles set off, got 10",
        ),
        (
            {"units": "whole", "routes.truck.vehicle_capacity": 7.5},
            "routes.truck.vehicle_capacity: must be whole, got 7.5 (or set units: continuous)",
        ),
        (
            {"stocks.depot": {}, "lanes.ship": {"to": "depot", "route": "truck"}, "lanes.supplier.uses": {"depot": 1}},
            "routes.truck.full_loads: its lanes must come all from outside or all from stocks, "
            "got ship from outside and supplier from stocks",
        ),
    ],
)
def test_loads_that_can_never_be_full_are_refused(overrides: dict[str, Any], message: str):
    with pytest.raises(ScenarioError) as caught:
        shop(overrides, lanes={"supplier": {"to": "shop", "route": "truck"}}, routes={"truck": TRUCK})
    assert str(caught.value) == message
