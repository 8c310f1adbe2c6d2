"""Troubles by hand: what stops, for how long, for whom, who knows of it, and suppliers who are late or short."""

from typing import Any

import pytest

from jit_gym.physics import View
from jit_gym.physics.plain import ByHand

from .hand import Story, days, lanes, luck, story, world


def struck(lane: dict[str, Any] | None = None, units: str = "continuous", **event: Any) -> Story:
    """Return a shop two days from its supplier, who has a strike, on days 1 and 2 unless said otherwise."""
    strike = {"hits": ["supplier"], "starts": {"at": [1]}, "lasts": 2, **event}
    lane = {"to": "shop", "lead_time": 2, **(lane or {})}
    return story(lanes={"supplier": lane}, disruptions={"strike": strike}, units=units)


# Four kinds


def test_where_ordering_stops_no_order_is_placed():
    """On days 1 and 2 nobody takes orders: they cost nothing, are not made up for, and what is on the way comes."""
    tale = struck({"fixed_cost": 9}, stops="ordering")
    flows = [tale.step([4.0]) for _ in range(6)]
    assert [lanes(day, "ordered")[0] for day in flows] == [4, 0, 0, 4, 4, 4]
    assert [lanes(day, "arrived")[0] for day in flows] == [0, 0, 4, 0, 0, 4]
    assert [day.money[0].fixed_cost for day in flows] == [9, 0, 0, 9, 9, 9]


def test_where_shipping_stops_orders_wait():
    """Orders of days 1 and 2 leave with that of day 3, and arrive with it on day 5; day 0's comes on day 2."""
    ordered, shipped, arrived = days(struck(), [4.0] * 6, "ordered", "shipped", "arrived")
    assert (ordered, shipped, arrived) == ([4] * 6, [4, 0, 0, 12, 4, 4], [0, 0, 4, 0, 0, 12])


def test_where_transit_stops_nothing_comes_nearer():
    """What left on day 0 stands still on days 1 and 2 and arrives on day 4, with what left on days 1 and 2.

    What left on day 3 is a day behind it as ever.
    """
    tale = struck(stops="transit")
    shipped, arrived = days(tale, [4.0, 5.0, 6.0, 7.0, 0.0, 0.0], "shipped", "arrived")
    assert (shipped, arrived) == ([4, 5, 6, 7, 0, 0], [0, 0, 0, 0, 4 + 5 + 6, 7])


def test_where_receiving_stops_arrivals_wait_at_the_dock():
    """What is due on day 2 is received on day 3 with that day's own; meanwhile it is in transit, and costs so."""
    tale = struck({"in_transit_cost": 1}, stops="receiving")
    flows = [tale.step([4.0]) for _ in range(5)]
    assert [lanes(day, "arrived")[0] for day in flows] == [0, 0, 0, 8, 4]
    assert [day.money[0].transit_cost for day in flows] == [4, 8, 12, 8, 8]


def test_what_waits_at_the_dock_can_be_seen_to():
    """Four due today and four at the dock are eight that arrive within the next period, if the dock opens."""
    tale = struck(stops="receiving")
    for _ in range(3):
        tale.step([4.0])
    assert tale.view.in_transit.tolist() == [12]
    assert [tale.view.arriving(0, within=k).tolist() for k in (0, 1, 2)] == [4, 8, 12]


# In part


def stopped(stops: str, severity: float = 0.5, units: str = "continuous", **lane: Any) -> ByHand:
    """Return a shop a day from its supplier, where something may stop; by hand."""
    strike = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 1, "stops": stops, "severity": severity}
    lane = {"to": "shop", "lead_time": 1, **lane}
    return world(lanes={"supplier": lane}, disruptions={"strike": strike}, units=units)


def ordered(stops: str, wanted: float, units: str = "continuous", **lane: Any) -> float:
    """Return what becomes of an order where half is gone."""
    by_hand = stopped(stops, units=units, **lane)
    return lanes(by_hand.step([float(wanted)], luck(by_hand, working=0.5)), "ordered")[0]


def test_a_share_of_ordering_is_one_of_the_capacity_or_of_what_is_wanted():
    """Half of a capacity of 10 takes 5 of an order of 8 and all of one of 4; without a capacity half of 8 is taken."""
    assert [ordered("ordering", wanted, capacity=10) for wanted in (8, 4)] == [5, 4]
    assert ordered("ordering", 8) == 4


@pytest.mark.parametrize(
    ("units", "limits", "wanted", "placed"),
    [
        ("whole", {}, 7, 3),  # 3.5
        ("continuous", {"batch": 4}, 20, 8),  # 10: two batches
        ("continuous", {"batch": 4, "capacity": 26}, 99, 12),  # half of six batches
        ("continuous", {"minimum_order": 5}, 9, 0),  # 4.5 are too few
    ],
)
def test_what_is_left_of_an_order_keeps_to_its_limits(units: str, limits: dict, wanted: float, placed: float):
    """Half of an order is cut down to whole units and batches, and not placed below the minimum."""
    assert ordered("ordering", wanted, units, **limits) == placed


def test_a_share_of_what_is_under_way_moves():
    """Of eight two days away half moves each day: 4 and 4, then 2 arrive, 2 + 2 are a day away, and 2 are two."""
    by_hand = stopped("transit", lead_time=2)
    by_hand.step([8.0], luck(by_hand))
    pipelines = []
    for _ in range(3):
        by_hand.step([0.0], luck(by_hand, working=0.5))
        pipelines.append(by_hand.pipeline.tolist())
    assert pipelines == [[0, 4, 4], [2, 4, 2], [2, 3, 1]]
    assert by_hand.read("stocks", "on_hand").tolist() == [4]
    assert by_hand.read("lanes", "in_transit").tolist() == [4]


def test_a_share_of_what_has_come_is_received():
    """Of eight at the dock six are received, then, with three more, three quarters of five, and then all the rest."""
    by_hand = stopped("receiving", severity=0.25)
    arrived = []
    for order, works in ((8.0, 1.0), (3.0, 0.75), (0.0, 0.75), (0.0, 1.0)):
        arrived += lanes(by_hand.step([order], luck(by_hand, working=works)), "arrived")
    assert arrived == [0, 6, 3.75, 1.25]


@pytest.mark.parametrize("stops", ["transit", "receiving"])
def test_whole_units_move_whole(stops: str):
    """Half of seven that are due is three whole ones; the other four come when it is over."""
    by_hand = stopped(stops, units="whole")
    days = [(7.0, 1.0), (0.0, 0.5), (0.0, 1.0)]
    arrived = [lanes(by_hand.step([order], luck(by_hand, working=works)), "arrived")[0] for order, works in days]
    assert arrived == [0, 3, 4]


def test_kinds_strike_together():
    """With half of the shipping and half of the receiving gone, of eight four leave, and two of them come in."""
    events = {
        kind: {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 1, "stops": kind}
        for kind in ("shipping", "receiving")
    }
    by_hand = world(disruptions=events)
    flows = by_hand.step([8.0], luck(by_hand, working=0.5))
    assert (lanes(flows, "shipped"), lanes(flows, "arrived")) == ([4], [2])
    assert by_hand.read("lanes", "waiting").tolist() == [4]


# How long, and for whom


def test_what_is_gone_comes_back_in_equal_steps():
    """After a day without four fifths, a quarter of that is back on each of four days: 0.2, 0.4, 0.6, 0.8, and 1."""
    tale = struck({"capacity": 10}, lasts=1, severity=0.8, recovers_over=3)
    (shipped,) = days(tale, [10.0] * 6, "shipped")
    assert shipped == pytest.approx([10, 2, 4, 6, 8, 10])


def test_a_relapse_begins_anew():
    """Struck again while it recovers, all is gone again, and comes back over as long."""
    tale = struck({"capacity": 10}, starts={"at": [0, 2]}, lasts=1, recovers_over=4)
    (shipped,) = days(tale, [10.0] * 7, "shipped")
    assert shipped == pytest.approx([0, 2, 0, 2, 4, 6, 8])


@pytest.mark.parametrize(
    ("hits", "arrived"),
    [("maker", [0, 0, 4, 4]), ("strait", [0, 4, 0, 4]), ("sea", [0, 4, 4, 4]), (None, [4, 4, 4, 4])],
)
def test_what_lanes_share_stops_them_together(hits: str | None, arrived: list[float]):
    """On day 1 a maker's strike stops its two lanes, a closed strait the two that take it; the third goes on."""
    closed = {"hits": [hits], "starts": {"at": [1]}, "lasts": 1, "stops": "transit"}
    a_day_away = {"to": "shop", "lead_time": 1}
    tale = story(
        lanes={
            "sea": {**a_day_away, "supplier": "maker", "route": "strait"},
            "air": {**a_day_away, "supplier": "maker"},
            "road": {**a_day_away, "route": "strait"},
            "own": a_day_away,
        },
        suppliers={"maker": {}},
        routes={"strait": {}},
        disruptions={"closed": closed} if hits else {},
    )
    tale.step([4.0] * 4)
    assert lanes(tale.step([0.0] * 4), "arrived") == arrived


# Who knows


def test_what_is_announced_is_in_the_outlook():
    """A strike on days 3 and 4, announced two days ahead, is seen on day 1 to come in two days; its end is known."""
    tale = struck(starts={"at": [3]}, announced=2)
    outlooks = []
    for _ in range(6):
        outlooks.append(tale.view.outlook[0].tolist())
        tale.step([0.0])
    assert outlooks == [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_what_is_not_announced_is_seen_when_it_is_there():
    """A strike of all but a fifth shows on its days, in what is available, and nothing is known of the days ahead."""
    tale = struck(severity=0.8)
    seen = []
    for _ in range(4):
        seen.append((tale.view.available.tolist(), tale.view.outlook[0].tolist()))
        tale.step([0.0])
    assert [available for available, _ in seen] == [[1], pytest.approx([0.2]), pytest.approx([0.2]), [1]]
    assert seen[1][1] == pytest.approx([0.2, 1, 1])


def test_what_is_hidden_stops_all_the_same():
    """Nobody sees the strike: the view says that all is well while nothing is shipped."""
    tale = struck(seen="hidden")
    available = [tale.view.available.tolist()]
    shipped = lanes(tale.step([4.0]), "shipped") + lanes(tale.step([4.0]), "shipped")
    available.append(tale.view.available.tolist())
    assert (shipped, available) == ([4, 0], [[1], [1]])


def test_what_is_seen_late_is_seen_when_it_may_be_over():
    """A strike on days 1 and 2 that is seen two days late is thought to be on days 3 and 4."""
    tale = struck(seen_late=2)
    available, shipped = [], []
    for _ in range(6):
        available += tale.view.available.tolist()
        shipped += lanes(tale.step([4.0]), "shipped")
    assert available == [1, 1, 1, 0, 0, 1]
    assert shipped == [4, 0, 0, 12, 4, 4]


def test_of_several_troubles_the_worst_is_seen():
    """Where half of the ordering and three quarters of the receiving are known to be gone, a quarter is available."""
    event = {"hits": ["supplier"], "starts": {"at": [0]}, "lasts": 1}
    tale = story(
        disruptions={
            "order": {**event, "stops": "ordering", "severity": 0.5},
            "dock": {**event, "stops": "receiving", "severity": 0.75},
            "thief": {**event, "stops": "shipping", "seen": "hidden"},
        }
    )
    assert tale.view.available.tolist() == [0.25]


# Suppliers


def late(by: Any = 2, chance: float = 1.0, **lane: Any) -> dict[str, Any]:
    """Return a supplier who is late."""
    return {
        "suppliers": {"maker": {"late": {"chance": chance, "by": by}}},
        "lanes": {"supplier": {"to": "shop", "supplier": "maker", **lane}},
    }


def test_who_is_always_late_takes_longer():
    """A lead time of 1, and two periods late every time, is a lead time of 3."""
    (arrived,) = days(story(**late(lead_time=1)), [4.0, 5.0, 6.0, 7.0, 8.0], "arrived")
    assert arrived == [0, 0, 0, 4, 5]


def test_a_late_shipment_can_be_overtaken():
    """Shipped on day 0 two days late and on day 1 on time, a day away: the second arrives first."""
    by_hand = world(**late(lead_time=1, chance=0.5))
    arrived = []
    for order, lead_time in ((4.0, 3.0), (5.0, 1.0), (0.0, 1.0), (0.0, 1.0)):
        arrived += lanes(by_hand.step([order], luck(by_hand, lead_time=lead_time)), "arrived")
    assert arrived == [0, 0, 5, 4]


def test_no_shipment_is_late_with_a_chance_of_0():
    """A supplier who is late with chance 0 needs no chance at all."""
    assert story(**late(chance=0.0)).layout.columns.lead_time == {}


def short(chance: float = 1.0, by: Any = 1, units: str = "continuous", **lane: Any) -> dict[str, Any]:
    """Return a supplier who falls short."""
    return {
        "suppliers": {"maker": {"short": {"chance": chance, "by": by}}},
        "lanes": {"supplier": {"to": "shop", "supplier": "maker", **lane}},
        "units": units,
    }


def test_what_is_missing_waits():
    """Of eight a quarter is missing: six are shipped and two wait; of those, and four more, all leave the day after."""
    by_hand = world(**short(by=0.25, unit_cost=2))
    first = by_hand.step([8.0], luck(by_hand, filled=0.75))
    assert (lanes(first, "shipped"), first.money[0].purchase_cost) == ([6], 12)
    assert by_hand.read("lanes", "waiting").tolist() == [2]
    assert lanes(by_hand.step([4.0], luck(by_hand, filled=1.0)), "shipped") == [6]


def test_what_is_missing_lapses_where_orders_do():
    """A random yield (Yano and Lee 1995): of eight six come and are paid for, and the other two never do."""
    by_hand = world(**short(by={"name": "uniform"}, unshipped="lapses", unit_cost=2))
    first = by_hand.step([8.0], luck(by_hand, filled=0.75))
    assert (lanes(first, "arrived"), first.money[0].purchase_cost) == ([6], 12)
    assert lanes(by_hand.step([0.0], luck(by_hand)), "shipped") == [0]


@pytest.mark.parametrize(
    ("units", "limits", "wanted", "shipped"),
    [
        ("continuous", {}, 7, 5.25),
        ("whole", {}, 7, 5),
        ("continuous", {"order_delay": 1, "capacity": 10}, 10, 7.5),
        ("whole", {"order_delay": 1, "capacity": 10}, 10, 7),
    ],
)
def test_a_share_is_missing_of_what_would_be_shipped(units: str, limits: dict, wanted: float, shipped: float):
    """Three quarters of seven are 5.25, or five whole ones; where twenty wait for a capacity of ten, of that ten."""
    by_hand = world(**short(by=0.25, units=units, **limits))
    if limits:
        for _ in range(2):
            assert lanes(by_hand.step([float(wanted)], luck(by_hand, filled=0.0)), "shipped") == [0]
    assert lanes(by_hand.step([float(wanted)], luck(by_hand, filled=0.75)), "shipped") == [shipped]


def test_a_depot_that_falls_short_keeps_the_goods():
    """A supplier may ship from a stock of ours: what it fails to ship of ten stays on its shelf."""
    parts = short(by=0.4)
    parts["lanes"] = {"van": {"to": "shop", "uses": {"depot": 1}, "supplier": "maker"}, "ship": {"to": "depot"}}
    by_hand = world(stocks={"shop": {}, "depot": {"initial": 10}}, **parts)
    flows = by_hand.step([10.0, 0.0], luck(by_hand, filled=0.6))
    assert lanes(flows, "shipped") == [6, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [6, 4]


def test_a_supplier_can_be_disrupted_and_short():
    """Half of a capacity of ten is gone, and a fifth of the rest is missing: four of nine are shipped."""
    strike = {"hits": ["maker"], "starts": {"rate": 0.1}, "lasts": 1, "severity": 0.5}
    by_hand = world(**short(by=0.2, capacity=10), disruptions={"strike": strike})
    flows = by_hand.step([9.0], luck(by_hand, working=0.5, filled=0.8))
    assert lanes(flows, "shipped") == [4]
    assert View(by_hand).waiting.tolist() == [5]
