"""Stocks that feed stocks, by hand: lines, assembly, distribution, rationing, orders in the mail, and waiting."""

from typing import Any

import pytest

from jit_gym.chance import usage
from jit_gym.physics import Flows, Layout, View
from jit_gym.physics.plain import ByHand
from jit_gym.scenario import Scenario

from ..worlds import shop


def world(scenario: Scenario) -> ByHand:
    """Return a scenario to be played by hand."""
    return ByHand(Layout(scenario))


def lanes(flows: Flows, field: str) -> list[float]:
    """Return a field of every lane's flows."""
    return [getattr(lane, field) for lane in flows.lanes]


# A line of two stages


def line(overrides: dict[str, Any] | None = None, **parts: Any) -> ByHand:
    """Return a shop that a depot supplies a day away, and a maker that supplies the depot a day away."""
    return world(
        shop(
            overrides,
            stocks={"shop": {"initial": 4}, "depot": {"initial": 3}},
            lanes={
                "van": {"to": "shop", "uses": {"depot": 1}, "lead_time": 1},
                "ship": {"to": "depot", "lead_time": 1, "initial": 5},
            },
            **parts,
        )
    )


@pytest.mark.parametrize(("when", "shipped", "depot"), [("before-receiving", 3, 5), ("after-receiving", 8, 0)])
def test_what_a_depot_receives_leaves_it_today_or_tomorrow(when: str, shipped: float, depot: float):
    """With 3 there and 5 that arrive, 3 of 9 are shipped before they do, and 8 after.

    The rest waits, and none is used twice.
    """
    by_hand = line(sources_ship=when)
    flows = by_hand.step([9.0, 2.0], [1.0])
    assert lanes(flows, "ordered") == [9, 2]
    assert lanes(flows, "shipped") == [shipped, 2]
    assert lanes(flows, "arrived") == [0, 5]
    assert flows.sources[1].asked == 9
    assert by_hand.read("stocks", "on_hand").tolist() == [3, depot]
    assert by_hand.read("stocks", "used").tolist() == [1, shipped]
    assert by_hand.read("lanes", "waiting").tolist() == [9 - shipped, 0]
    assert by_hand.read("lanes", "in_transit").tolist() == [shipped, 2]
    flows = by_hand.step([0.0, 0.0], [0.0])  # two more arrive at the depot
    second = {"before-receiving": 5, "after-receiving": 1}[when]
    assert lanes(flows, "shipped") == [second, 0]
    assert lanes(flows, "arrived") == [shipped, 2]
    assert by_hand.read("stocks", "on_hand").tolist() == [3 + shipped, depot + 2 - second]


def test_a_lane_without_a_lead_time_arrives_the_same_period():
    """Where stocks ship before they receive, what crosses the yard can be sold in this very period."""
    by_hand = line({"lanes.van.lead_time": 0})
    flows = by_hand.step([2.0, 0.0], [6.0])
    assert lanes(flows, "arrived") == [2, 5]
    assert flows.demands[0].served == 6
    assert by_hand.read("stocks", "on_hand").tolist() == [0, 6]


def test_after_receiving_what_fits_can_be_shipped():
    """A depot for 6 that has 3 keeps 3 of 5, and ships all 6; shipping before receiving, it has room for all 5."""
    by_hand = line({"stocks.depot.storage_limit": 6}, sources_ship="after-receiving")
    flows = by_hand.step([9.0, 0.0], [0.0])
    assert (lanes(flows, "shipped"), flows.stocks[1].wasted) == ([6, 0], 2)
    by_hand = line({"stocks.depot.storage_limit": 6})
    flows = by_hand.step([9.0, 0.0], [0.0])
    assert (lanes(flows, "shipped"), flows.stocks[1].wasted) == ([3, 0], 0)


def test_a_position_counts_what_waits_for_a_stock():
    """The shop's counts the 6 that wait at the depot; the depot's owes them: 5 on hand, 2 on the way, 6 owed."""
    by_hand = line()
    by_hand.step([9.0, 2.0], [1.0])
    uses, into = by_hand.layout.uses, by_hand.layout.into
    assert (uses.tolist(), into.tolist()) == ([[0, 1], [0, 0]], [[1, 0], [0, 1]])
    view = View(Looking(by_hand))
    assert view.on_order.tolist() == [9, 2]
    assert view.inventory_position.tolist() == [3 + 9, 5 + 2 - 6]


class Looking:
    """A world by hand, to look at."""

    def __init__(self, by_hand: ByHand) -> None:
        """Look at a world."""
        self.layout, self.period, self.read, self.seen = by_hand.layout, by_hand.period, by_hand.read, None
        self.pipeline = by_hand.pipeline


# Assembly


def bikes(units: str = "whole", **stocks: float) -> ByHand:
    """Return a workshop that builds a bike of two wheels and a bell within a day."""
    parts = {"wheel": {"initial": stocks["wheel"]}, "bell": {"initial": stocks["bell"]}}
    return world(
        shop(
            units=units,
            stocks={"bike": {}, **parts},
            lanes={
                "build": {"to": "bike", "uses": {"wheel": 2, "bell": 1}, "lead_time": 1},
                "wheels": {"to": "wheel"},
                "bells": {"to": "bell"},
            },
            demands={"riders": {"from": "bike", "distribution": 0}},
        )
    )


def test_an_assembly_takes_its_quantity_of_each_part():
    """Three bikes take six of nine wheels and three of four bells."""
    by_hand = bikes(wheel=9, bell=4)
    flows = by_hand.step([3.0, 0.0, 0.0], [0.0])
    assert lanes(flows, "shipped") == [3, 0, 0]
    assert [source.asked for source in flows.sources] == [0, 6, 3]
    assert by_hand.read("stocks", "on_hand").tolist() == [0, 3, 1]
    assert by_hand.read("stocks", "used").tolist() == [0, 6, 3]
    assert by_hand.step([0.0] * 3, [0.0]).lanes[0].arrived == 3


@pytest.mark.parametrize(
    ("parts", "other"), [({"wheel": 50, "bell": 0}, "bells"), ({"wheel": 1, "bell": 50}, "wheels")]
)
def test_one_missing_part_stops_an_assembly(parts: dict[str, float], other: str):
    """Without a bell, or a second wheel, no bike is built and nothing is taken; it is, the day after the part comes."""
    by_hand = bikes(**parts)
    order = {"bells": [4.0, 0.0, 1.0], "wheels": [4.0, 1.0, 0.0]}[other]
    flows = by_hand.step(order, [0.0])
    assert flows.lanes[0].shipped == 0
    assert by_hand.read("stocks", "used").tolist() == [0, 0, 0]
    assert by_hand.read("lanes", "waiting").tolist() == [4, 0, 0]
    assert by_hand.step([0.0] * 3, [0.0]).lanes[0].shipped == 1
    assert by_hand.read("stocks", "used").tolist() == [0, 2, 1]
    assert by_hand.read("lanes", "waiting").tolist() == [3, 0, 0]


@pytest.mark.parametrize(("units", "built"), [("whole", 4), ("continuous", 4.5)])
def test_whole_bikes_are_built_whole(units: str, built: float):
    """Nine wheels make four bikes in whole units, and four and a half where units are continuous."""
    by_hand = bikes(units, wheel=9, bell=20)
    assert by_hand.step([8.0, 0.0, 0.0], [0.0]).lanes[0].shipped == built
    assert by_hand.read("stocks", "on_hand").tolist() == [0, 9 - 2 * built, 20 - built]


# Distribution


def depot(there: float, rationing: str, units: str = "whole", towns: int = 2, **lane: Any) -> ByHand:
    """Return a depot that supplies some towns, a day away."""
    names = [f"town-{k}" for k in range(towns)]
    each = {"uses": {"depot": 1}, "lead_time": 1, **lane}
    return world(
        shop(
            units=units,
            stocks={**{name: {} for name in names}, "depot": {"initial": there, "rationing": rationing}},
            lanes={**{f"van-{k}": {"to": name, **each} for k, name in enumerate(names)}, "ship": {"to": "depot"}},
            demands={name: {"from": name, "distribution": 0} for name in names},
        )
    )


@pytest.mark.parametrize(
    ("rationing", "units", "there", "asked", "shipped"),
    [
        ("priority", "whole", 7, (6, 6), (6, 1)),
        ("priority", "continuous", 7, (6, 6), (6, 1)),
        ("priority", "whole", 7, (9, 6), (7, 0)),
        ("proportional", "whole", 7, (6, 6), (4, 3)),  # 3 each, and the unit that is left goes to the first
        ("proportional", "continuous", 7, (6, 6), (3.5, 3.5)),
        ("proportional", "whole", 6, (8, 4), (4, 2)),
        ("proportional", "whole", 1, (2, 7), (1, 0)),  # 0.2 and 0.8 are none each
        ("proportional", "continuous", 6, (9, 3), (4.5, 1.5)),
        ("proportional", "continuous", 6, (9, 0), (6, 0)),
        ("proportional", "whole", 7, (3, 4), (3, 4)),
        ("proportional", "whole", 0, (3, 4), (0, 0)),
        ("proportional", "whole", 7, (0, 0), (0, 0)),
    ],
)
def test_a_stock_that_runs_short_shares_out_what_it_has(
    rationing: str, units: str, there: float, asked: tuple[float, ...], shipped: tuple[float, ...]
):
    """By priority the first town gets all it asks.

    In proportion each gets the same share, whole units as far as they go.
    """
    by_hand = depot(there, rationing, units)
    flows = by_hand.step([*map(float, asked), 0.0], [0.0, 0.0])
    assert lanes(flows, "shipped") == pytest.approx([*shipped, 0])
    assert flows.sources[2].asked == sum(asked)
    assert by_hand.read("stocks", "on_hand")[2] == pytest.approx(there - sum(shipped))
    assert by_hand.read("lanes", "waiting") == pytest.approx([asked[0] - shipped[0], asked[1] - shipped[1], 0])


@pytest.mark.parametrize("unshipped", ["waits", "lapses"])
def test_what_a_stock_lacks_waits_or_lapses(unshipped: str):
    """Of 6 and 6 asked of 7, 2 and 3 wait, and with one more are shipped the next day.

    If they lapse, only that one is.
    """
    by_hand = depot(7, "proportional", unshipped=unshipped)
    by_hand.step([6.0, 6.0, 10.0], [0.0, 0.0])
    waits = unshipped == "waits"
    assert by_hand.read("lanes", "waiting").tolist() == ([2, 3, 0] if waits else [0, 0, 0])
    flows = by_hand.step([1.0, 0.0, 0.0], [0.0, 0.0])
    shipped = [3, 3, 0] if waits else [1, 0, 0]
    assert lanes(flows, "shipped") == shipped
    assert flows.sources[2].asked == sum(shipped)
    assert by_hand.read("lanes", "waiting").tolist() == [0, 0, 0]
    assert by_hand.read("stocks", "on_hand")[2] == 10 - sum(shipped)


@pytest.mark.parametrize("unshipped", ["waits", "lapses"])
def test_a_share_and_the_rest_of_it_are_no_more_than_was_asked(unshipped: str):
    """A lane that gets a share of 3.4, and then the rest as nobody else can use it, ships 3.4 and no rounding error.

    The frames are short, so that the bikes leave most of their share of the wheels. The spares' share and the rest
    used to add up to 3.4000000000000004, and less than nothing waited.
    """
    lanes = {"bikes": {"to": "shop", "uses": {"wheel": 1, "frame": 1}}}
    lanes |= {"spares": {"to": "shop", "uses": {"wheel": 1}, "unshipped": unshipped}}
    scarce = {"wheel": {"initial": 3.5}, "frame": {"initial": 0.1}}
    by_hand = world(
        shop(
            stocks={"shop": {}, **{name: {**stock, "rationing": "proportional"} for name, stock in scarce.items()}},
            lanes={**lanes, **{f"buy-{name}": {"to": name} for name in scarce}},
        )
    )
    flows = by_hand.step([9.2, 3.4, 0.0, 0.0], [0.0])
    assert [flow.shipped for flow in flows.lanes] == [0.1, 3.4, 0, 0]
    assert by_hand.read("lanes", "waiting")[1] == 0


def test_a_lane_asks_for_no_more_than_it_can_carry():
    """A van for 2 a day has 2 of 7 to itself, and the other shares nothing with what it could not carry."""
    by_hand = depot(7, "proportional", capacity=2)
    assert lanes(by_hand.step([9.0, 9.0, 0.0], [0.0, 0.0]), "shipped") == [2, 2, 0]


# The mail


def test_an_order_travels_its_delay():
    """With an order delay of 2 and a lead time of 1.

    What is ordered on day t is shipped on t + 2 and arrives on t + 3.
    """
    delayed = {"lanes.supplier.order_delay": 2, "lanes.supplier.lead_time": 1, "lanes.supplier.initial_orders": 3}
    by_hand = world(shop(delayed | {"lanes.supplier.unit_cost": 2, "lanes.supplier.fixed_cost": 10}))
    assert View(by_hand).on_order.tolist() == [6]
    assert by_hand.pipeline.tolist() == [0, 0, 3, 3]
    rows = []
    for order in (5.0, 0.0, 7.0, 0.0, 0.0, 0.0):
        flows = by_hand.step([order], [0.0])
        row = flows.lanes[0].ordered, by_hand.pipeline[2:].sum(), flows.lanes[0].shipped, flows.lanes[0].arrived
        rows.append((*row, flows.money[0].fixed_cost, flows.money[0].purchase_cost))
    assert rows == [  # ordered, in the mail, shipped, arrived, and paid for the order and for its units
        (5, 8, 3, 0, 10, 6),
        (0, 5, 3, 3, 0, 6),
        (7, 7, 5, 3, 10, 10),
        (0, 7, 0, 5, 0, 0),
        (0, 0, 7, 0, 0, 14),
        (0, 0, 0, 7, 0, 0),
    ]


def test_what_is_in_the_mail_is_on_order_and_not_yet_asked():
    """A depot is asked for what has come out of the mail, and it is that which it owes."""
    by_hand = depot(7, "priority", order_delay=1)
    flows = by_hand.step([6.0, 6.0, 0.0], [0.0, 0.0])
    assert (flows.sources[2].asked, lanes(flows, "shipped")) == (0, [0, 0, 0])
    view = View(Looking(by_hand))
    assert view.on_order.tolist() == [6, 6, 0]
    assert view.inventory_position.tolist() == [6, 6, 7]
    flows = by_hand.step([1.0, 0.0, 0.0], [0.0, 0.0])
    assert (flows.sources[2].asked, lanes(flows, "shipped")) == (12, [6, 1, 0])
    view = View(Looking(by_hand))
    assert view.on_order.tolist() == [7, 6, 0]
    assert view.inventory_position.tolist() == [7, 6, -5]


# The cost of waiting


@pytest.mark.parametrize(("unshipped", "costs"), [("waits", [1.5, 2.0, 0.0]), ("lapses", [1.5, 0.5, 0.0])])
def test_waiting_costs_what_was_asked_and_not_shipped(unshipped: str, costs: list[float]):
    """At 0.5 a unit, 3 of 10 cost 1.5.

    If they wait, they cost it again with 1 more, and if they lapsed, only that 1.
    """
    by_hand = depot(7, "priority", towns=1, waiting_cost=0.5, unshipped=unshipped)
    flows = []
    for van, ship in ((10.0, 0.0), (1.0, 9.0), (0.0, 0.0)):
        flows.append(by_hand.step([van, ship], [0.0]))
    assert [each.charges[0].waiting_cost for each in flows] == costs
    assert [each.money[0].cost for each in flows] == costs


def test_waiting_at_an_outside_supplier_costs_too():
    """In an outage 4 units wait at 0.5 each; in the mail they cost nothing yet."""
    strike = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 2}
    lane = {"to": "shop", "lead_time": 1, "waiting_cost": 0.5, "order_delay": 1}
    by_hand = world(shop(lanes={"supplier": lane}, disruptions={"strike": strike}))
    costs = [by_hand.step([order], [0.0, there]).money[0].cost for order, there in ((4.0, 0.0), (0.0, 0.0), (0.0, 1.0))]
    assert costs == [0, 2, 0]


# What is used


def test_usage_goes_through_shares_and_kits():
    """Of 8 bikes (variance 16), a quarter is built of 2 wheels each; a repair of 3 wheels is asked for once a day."""
    scenario = shop(
        stocks={"bike": {}, "wheel": {}, "spoke": {}},
        lanes={
            "bought": {"to": "bike"},
            "built": {"to": "bike", "uses": {"wheel": 2}, "share": 0.25},
            "rims": {"to": "wheel", "uses": {"spoke": 32}},
            "spokes": {"to": "spoke"},
        },
        demands={
            "riders": {"from": "bike", "distribution": {"name": "empirical", "values": [4, 12]}},
            "repairs": {"from": {"wheel": 3}, "distribution": 1},
        },
    )
    wheels, variance = 2 * 0.25 * 8 + 3, (2 * 0.25) ** 2 * 16
    assert usage(scenario) == {
        "bike": pytest.approx((8, 16)),
        "wheel": pytest.approx((wheels, variance)),
        "spoke": pytest.approx((32 * wheels, 32**2 * variance)),
    }


def test_periods_of_supply_reach_back_through_a_network():
    """A depot's two periods of supply of a town that uses 5 are 10; its ship carries 5, and a letter asks for 5."""
    scenario = shop(
        stocks={"town": {}, "depot": {"initial": {"periods_of_supply": 2}}},
        lanes={
            "van": {"to": "town", "uses": {"depot": 1}, "lead_time": 1},
            "ship": {
                "to": "depot",
                "lead_time": 1,
                "order_delay": 1,
                "initial": {"periods_of_supply": 1},
                "initial_orders": {"periods_of_supply": 1},
            },
        },
        demands={"customers": {"from": "town", "distribution": 5}},
    )
    by_hand = world(scenario)
    assert by_hand.read("stocks", "on_hand").tolist() == [0, 10]
    assert by_hand.pipeline.tolist() == [0, 0, 0, 5, 5]


@pytest.mark.parametrize("held", [3.0, 7.5, 11.0])
def test_kits_of_odd_sizes_leave_nothing_and_not_less(held: float):
    """7.5 units make 7.5 / 2.943 kits, which in floating point use a crumb more than 7.5; none is owed for it."""
    assert held * (1 / 2.943) * 2.943 > held
    by_hand = line({"stocks.depot.initial": held, "lanes.van.uses": {"depot": 2.943}, "units": "continuous"})
    by_hand.step([9.0, 0.0], [0.0])
    assert by_hand.read("stocks", "on_hand").tolist() == [4, 5]  # the five that were on the way
    by_hand.step([0.0, 0.0], [0.0])
    assert by_hand.read("stocks", "on_hand").min() >= 0
