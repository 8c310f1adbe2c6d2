"""Goods by hand: what spoils, what finds no room, what nobody wants any more, and what comes broken."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.physics import Flows, Layout, Simulation, View
from jit_gym.physics.plain import ByHand

from ..worlds import shop
from .hand import lanes, luck, story, world


def goods(flows: Flows, i: int = 0) -> tuple[float, float, float]:
    """Return what of a stock expired, was wasted in all, and is held."""
    return flows.goods[i].expired, flows.stocks[i].wasted, flows.stocks[i].held


def ages(by_hand: ByHand, i: int = 0) -> list[float]:
    """Return a stock's units that can be used in 1, 2, ... more periods."""
    return View(by_hand).ages(i).tolist()


# Shelf life


def test_goods_that_are_old_when_they_arrive_have_less_life_left():
    """Of a life of 4, five arrive two periods old and so for two, then six fresh ones, then seven a period old."""
    by_hand = world(
        {"stocks.shop.shelf_life": 4, "lanes.supplier.age_on_arrival": {"name": "randint", "low": 0, "high": 3}}
    )
    for order, age, left in [(5.0, 2, [5, 0, 0, 0]), (6.0, 0, [0, 0, 6, 0]), (7.0, 1, [0, 6 + 7, 0, 0])]:
        by_hand.step([order], luck(by_hand, age=age))
        assert ages(by_hand) == left


def test_goods_with_less_than_the_minimum_life_are_rejected():
    """Of a life of 4 at least 3 must be left: what is one period old is kept, what is two old is rejected, at 2."""
    by_hand = world(
        {
            "stocks.shop.shelf_life": 4,
            "lanes.supplier.age_on_arrival": {"name": "randint", "low": 0, "high": 3},
            "lanes.supplier.minimum_life": 3,
            "lanes.supplier.reject_cost": 2,
        }
    )
    trace = Chance(by_hand.layout.scenario).draw(0, 40)
    column = by_hand.layout.columns
    old = trace.rows[:-1, :, column.age["supplier"]] > 1
    assert 0.2 < old.mean() < 0.5
    assert np.array_equal(trace.rows[:-1, :, column.defects["supplier"]], old)
    flows = by_hand.step([5.0], luck(by_hand, age=2, defects=1.0))
    assert (flows.rejects[0].rejected, flows.stocks[0].held, flows.charges[0].reject_cost) == (5, 0, 10)
    flows = by_hand.step([5.0], luck(by_hand, age=1, defects=0.0))
    assert (flows.rejects[0].rejected, flows.stocks[0].held) == (0, 5)


def test_a_random_age_is_a_random_life():
    """Nobody buys: a unit expires in the period in which its life ends, 4 less its age, with the chances of that."""
    scenario = shop(
        stocks={"shop": {"shelf_life": 4}},
        lanes={
            "supplier": {"to": "shop", "age_on_arrival": {"name": "empirical", "values": [0, 2], "weights": [3, 1]}}
        },
        demands={"customers": {"from": "shop", "distribution": 0}},
    )
    trace = Chance(scenario).draw(0, 4000, 5)
    simulation = Simulation(Layout(scenario), trace)
    wasted = [simulation.step(np.full((4000, 1), 1.0 if t == 0 else 0.0)).stocks["wasted"].mean() for t in range(5)]
    assert wasted[1] == pytest.approx(0.25, abs=0.03)
    assert wasted[3] == pytest.approx(0.75, abs=0.03)
    assert sum(wasted) == 1


def test_a_shelf_life_of_1_is_the_newsvendor():
    """Ten papers bought at 3 and six sold at 5 leave four for the bin, at 2 each; tomorrow begins with nothing.

    The profit is 6 x 5 - 10 x 3 - 4 x 2 = -8 (the newsvendor's; Arrow et al. 1951), and nothing is held.
    """
    by_hand = world(
        {
            "stocks.shop": {"shelf_life": 1, "waste_cost": 2, "holding_cost": 1},
            "lanes.supplier.unit_cost": 3,
            "demands.customers.price": 5,
        }
    )
    flows = by_hand.step([10.0], [6.0])
    assert goods(flows) == (4, 4, 0)
    assert (flows.money[0].waste_cost, flows.money[0].holding_cost, flows.money[0].reward) == (8, 0, -8)
    flows = by_hand.step([0.0], [1.0])
    assert (flows.demands[0].served, flows.demands[0].short) == (0, 1)


def test_what_has_expired_is_not_held():
    """Seven that arrive for two periods are held once: in the second the three left expire, before holding is paid."""
    by_hand = world({"stocks.shop": {"shelf_life": 2, "holding_cost": 1, "waste_cost": 10}})
    first, second = by_hand.step([7.0], [2.0]), by_hand.step([0.0], [2.0])
    assert (goods(first), first.money[0].cost) == ((0, 0, 5), 5)
    assert (goods(second), second.money[0].cost) == ((3, 3, 0), 30)


@pytest.mark.parametrize(
    ("issuing", "expired", "left"),
    [("fifo", [0, 0, 0, 2], [4, 0, 0]), ("lifo", [0, 0, 4, 2], [0, 0, 0])],
)
def test_the_oldest_or_the_newest_go_first(issuing: str, expired: list[float], left: list[float]):
    """Four arrive on each of three days and last for three; six are sold on the third.

    First in, first out, those are the first day's four and two of the second's; the other two expire on the fourth,
    and the third day's are left. Last in, first out, they are the third day's four and two of the second's: the first
    day's expire on the third, the second's last two on the fourth, and none is left.
    """
    by_hand = world({"stocks.shop": {"shelf_life": 3, "issuing": issuing}})
    days = [(4.0, 0.0), (4.0, 0.0), (4.0, 6.0), (0.0, 0.0)]
    assert [by_hand.step([order], [demand]).goods[0].expired for order, demand in days] == expired
    assert ages(by_hand) == left


def test_ages_count_down_from_the_shelf_life():
    """Units of three days, one day after another: 3 more, then 2, then 1, then gone."""
    by_hand = world({"stocks.shop.shelf_life": 4})
    seen = []
    for order in (1.0, 2.0, 3.0, 0.0, 0.0):
        by_hand.step([order], [0.0])
        seen.append(ages(by_hand))
    assert seen == [[0, 0, 1, 0], [0, 1, 2, 0], [1, 2, 3, 0], [2, 3, 0, 0], [3, 0, 0, 0]]


@pytest.mark.parametrize(("life", "lasts"), [(1, 1), (2, 1), (3, 2), (5, 4)])
def test_what_is_there_at_first_came_the_period_before(life: int, lasts: int):
    """Initial units have used up one period of their shelf life, but for one in which they can always be used."""
    by_hand = world({"stocks.shop": {"shelf_life": life, "initial": 5}})
    expired = [by_hand.step([0.0], [0.0]).goods[0].expired for _ in range(life)]
    assert expired == [5.0 if day == lasts else 0.0 for day in range(1, life + 1)]


def test_what_perishes_on_one_shelf_is_fresh_on_the_next():
    """A depot keeps goods for two periods and a shop for two more: a shelf life is that of a stock, from arrival on.

    The depot ships its oldest first: of four that are a day old and three fresh ones, five go to the shop.
    """
    by_hand = world(
        stocks={"shop": {"shelf_life": 2}, "depot": {"shelf_life": 3}},
        lanes={"van": {"to": "shop", "uses": {"depot": 1}}, "truck": {"to": "depot"}},
    )
    by_hand.step([0.0, 4.0], [0.0])
    by_hand.step([0.0, 3.0], [0.0])
    flows = by_hand.step([5.0, 0.0], [0.0])
    assert (goods(flows, 0), goods(flows, 1)) == ((0, 0, 5), (0, 0, 2))
    assert (ages(by_hand, 0), ages(by_hand, 1)) == ([5, 0], [2, 0, 0])


# Storage limit


def test_what_finds_no_room_is_wasted_though_it_is_fresh():
    """A shelf for 6 with 4 old ones on it takes 2 of 5; the other 3 are wasted, and at the end the old ones are too."""
    by_hand = world({"stocks.shop": {"shelf_life": 2, "initial": 4, "storage_limit": 6, "waste_cost": 1}})
    flows = by_hand.step([5.0], [1.0])
    assert goods(flows) == (3, 3 + 3, 2)
    assert flows.money[0].waste_cost == 6
    assert ages(by_hand) == [2, 0]


def test_room_is_made_by_demand_only_after_arrivals():
    """A full shelf of 10 takes nothing of what arrives, though all 10 are sold on the same day."""
    by_hand = world({"stocks.shop": {"initial": 10, "storage_limit": 10}})
    flows = by_hand.step([3.0], [10.0])
    assert (flows.stocks[0].wasted, flows.stocks[0].held) == (3, 0)


# Shrinkage


def test_a_share_of_what_is_left_is_stolen():
    """Of 20 units 4 are sold, and a quarter of the other 16 is stolen: 12 are held, and nobody pays twice.

    The 20 were bought at 3 each; the 4 stolen cost 5 each besides, and holding is paid for 12.
    """
    by_hand = world(
        {
            "stocks.shop": {"shrinkage": 0.25, "loss_cost": 5, "holding_cost": 1, "unit_value": 3},
            "lanes.supplier.unit_cost": 3,
        }
    )
    flows = by_hand.step([20.0], [4.0])
    assert (flows.losses[0].shrunk, flows.stocks[0].held, flows.stocks[0].wasted) == (4, 12, 0)
    assert (flows.charges[0].loss_cost, flows.money[0].holding_cost, flows.money[0].cost) == (20, 12, 60 + 20 + 12)
    assert by_hand.step([0.0], [0.0]).losses[0].shrunk == 3


def test_whole_units_are_stolen_so_that_the_share_holds_on_average():
    """A tenth of 5 units is 0 or 1: 1 for the half of the chances that round up, 0 for the other half."""
    for up, stolen in ((0.4, 0.0), (0.5, 1.0), (0.99, 1.0)):
        by_hand = world({"units": "whole", "stocks.shop": {"initial": 5, "shrinkage": 0.1}})
        flows = by_hand.step([0.0], luck(by_hand, shrinkage=up))
        assert (flows.losses[0].shrunk, flows.stocks[0].held) == (stolen, 5 - stolen)


@pytest.mark.parametrize(("up", "left"), [(0.1, [3, 2, 2]), (0.6, [3, 1, 3])])
def test_units_of_each_age_are_stolen(up: float, left: list[float]):
    """A quarter of 4, 2 and 3 units, the oldest first: 2 or 3 of the 9, and of each age its share on average.

    The shares up to each age are 1, 1.5 and 2.25, rounded down after `up` is added: 1, 1, 2 with 0.1, and 1, 2, 2 with
    0.6.
    """
    by_hand = world({"units": "whole", "stocks.shop": {"shelf_life": 4, "shrinkage": 0.25}})
    still = luck(by_hand, shrinkage=0.0)
    for order, gone in ((4.0, 0.0), (2.0, 0.0), (3.0, up)):
        by_hand.net.stocks[0].shrinkage = 0.25 if gone else 0.0
        flows = by_hand.step([order], luck(by_hand, shrinkage=gone) if gone else still)
    assert ages(by_hand)[:3] == left
    assert flows.losses[0].shrunk == 9 - sum(left)


def test_what_is_stolen_is_a_share_on_average():
    """In 4,000 periods of 7 units, 3 % of them are stolen: 0.21 a period, to three standard errors."""
    scenario = shop({"units": "whole", "stocks.shop.shrinkage": 0.03, "horizon.periods": 4000})
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(1, 16))
    stolen = []
    for _ in range(4000):
        missing = 7 - simulation.read("stocks", "on_hand")
        simulation.step(missing)
        stolen.append(simulation.flows.losses["shrunk"][:, 0].copy())
    assert np.mean(stolen) == pytest.approx(0.21, abs=3 * np.sqrt(0.21 * 0.79 / np.size(stolen)))


# Obsolescence


def test_obsolete_stock_is_scrapped_from_its_date_on():
    """Ten are there and three a day are wanted, until on day 2 nobody wants any: four are scrapped, at 0.5 each.

    What arrives afterwards is scrapped too, and none of it is charged for holding.
    """
    tale = story(
        {
            "stocks.shop": {"initial": 10, "holding_cost": 1, "obsolete": {"at": [2]}, "scrap_value": 0.5},
            "demands.customers.distribution": 3,
            "demands.customers.price": 2,
        }
    )
    days = [tale.step([order]) for order in (0.0, 0.0, 0.0, 6.0)]
    assert [day.demands[0].demanded for day in days] == [3, 3, 0, 0]
    assert [day.goods[0].scrapped for day in days] == [0, 0, 4, 6]
    assert [day.money[0].holding_cost for day in days] == [7, 4, 0, 0]
    assert [day.charges[0].salvage for day in days] == [0, 0, 2, 3]
    assert [day.money[0].revenue for day in days] == [6, 6, 2, 3]


def test_obsolete_goods_are_scrapped_at_any_age():
    """Three that are a day old and four fresh ones are all scrapped, and have no age any more."""
    by_hand = world({"stocks.shop": {"shelf_life": 5, "obsolete": {"rate": 0.1}, "scrap_value": 1}})
    by_hand.step([3.0], luck(by_hand))
    flows = by_hand.step([4.0], luck(by_hand, obsolete=1.0))
    assert (flows.goods[0].scrapped, flows.goods[0].expired, flows.money[0].revenue) == (7, 0, 7)
    assert ages(by_hand) == [0] * 5


def test_customers_who_wait_are_served_before_the_rest_is_scrapped():
    """Two who waited when it became obsolete still take theirs of five that arrive; three are scrapped."""
    by_hand = world({"stocks.shop.obsolete": {"rate": 0.1}, "demands.customers.unmet": "backlog"})
    by_hand.step([0.0], luck(by_hand, demand=2.0))
    flows = by_hand.step([5.0], luck(by_hand, obsolete=1.0))
    assert (flows.demands[0].served, flows.goods[0].scrapped) == (2, 3)


def test_a_date_is_foreseen_and_a_chance_is_not():
    """A forecast over three periods sees the end of demand come closer; with a chance of 1 it sees it when it is there.

    A chance of 1 strikes in period 1, for the world begins with a quiet period.
    """
    parts = {"lanes.supplier.lead_time": 2, "demands.customers.distribution": 3}
    forecasts = {}
    for key, when in (("date", {"at": [1]}), ("chance", {"rate": 1})):
        tale = story({**parts, "stocks.shop.obsolete": when})
        forecasts[key] = [tale.view.forecast[0].tolist()]
        tale.step([0.0])
        forecasts[key].append(tale.view.forecast[0].tolist())
    assert forecasts == {"date": [[3, 0, 0], [0, 0, 0]], "chance": [[3, 3, 3], [0, 0, 0]]}


# Defects


def received(lane: dict[str, Any], order: float, units: str = "continuous", **happens: float) -> tuple[float, ...]:
    """Return what of an order arrives, is rejected, and is on hand."""
    by_hand = world(lanes={"supplier": {"to": "shop", **lane}}, units=units)
    flows = by_hand.step([order], luck(by_hand, **happens))
    return flows.lanes[0].arrived, flows.rejects[0].rejected, flows.stocks[0].held


def test_a_share_of_what_arrives_is_rejected():
    """A fifth of 8 is 1.6: 6.4 go on the shelf."""
    assert received({"defects": 0.2}, 8.0, defects=0.2) == pytest.approx((8, 1.6, 6.4))


@pytest.mark.parametrize(("u", "rejected"), [(0.0, 2), (0.49, 2), (0.5, 3), (0.99, 3)])
def test_a_share_of_whole_units_is_rounded_by_chance(u: float, rejected: float):
    """A quarter of 10 is 2.5: two are rejected where chance is below a half and three elsewhere, 2.5 on average."""
    found = received({"defects": 0.25}, 10.0, "whole", defects=0.25, rounding=u)
    assert found == (10, rejected, 10 - rejected)


def test_a_random_share_is_that_of_the_period():
    """Half of the first delivery is bad and nothing of the second; each lane's arrivals have a share of their own."""
    by_hand = world(
        lanes={
            "near": {"to": "shop", "defects": {"name": "empirical", "values": [0, 0.5]}},
            "far": {"to": "shop", "defects": {"name": "uniform"}},
            "sure": {"to": "shop"},
        }
    )
    first = by_hand.step([4.0] * 3, luck(by_hand, defects={"near": 0.5, "far": 0.25}))
    second = by_hand.step([4.0] * 3, luck(by_hand, defects={"near": 0.0, "far": 1.0}))
    assert [lane.rejected for lane in first.rejects] == [2, 1, 0]
    assert [lane.rejected for lane in second.rejects] == [0, 4, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [9 + 8]


@pytest.mark.parametrize(("lot", "rejected"), [(3, 0), (7, 0), (8, 1), (20, 13)])
def test_all_that_follow_a_drift_are_rejected(lot: float, rejected: float):
    """A process that makes seven good units before it drifts spoils none of a lot of 7 and 13 of a lot of 20.

    The next lot begins well.
    """
    by_hand = world({"lanes.supplier.defects": {"drift": 0.1}})
    for _ in range(2):
        assert by_hand.step([float(lot)], luck(by_hand, defects=7.0)).rejects[0].rejected == rejected


@pytest.mark.parametrize(("n", "q"), [(1, 0.3), (12, 0.1), (40, 0.02), (200, 0.01)])
def test_large_lots_have_more_defects(n: int, q: float):
    """A lot of n units has n - (1 - q)(1 - (1 - q)^n) / q defects on average (Porteus 1986, equation 1)."""
    paths, periods = 5000, 8
    scenario = shop({"lanes.supplier.defects": {"drift": q}}, units="whole")
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(11, paths, periods))
    rejected = np.array([simulation.step(np.full((paths, 1), float(n))).rejects["rejected"] for _ in range(periods)])
    expected = n - (1 - q) * (1 - (1 - q) ** n) / q
    assert abs(rejected.mean() - expected) <= 4 * rejected.std() / np.sqrt(rejected.size)


def test_rejects_are_paid_for_and_cost_more():
    """Ten bought at 3 of which two are rejected cost 30, and 7 each for the two; the shelf holds eight at 1."""
    by_hand = world(
        {
            "stocks.shop.holding_cost": 1,
            "lanes.supplier": {"to": "shop", "defects": 0.2, "reject_cost": 7, "unit_cost": 3},
        }
    )
    flows = by_hand.step([10.0], luck(by_hand, defects=0.2))
    assert (flows.money[0].purchase_cost, flows.charges[0].reject_cost) == (30, 14)
    assert (flows.money[0].holding_cost, flows.money[0].cost) == (8, 52)


def test_rejects_take_no_room():
    """Of ten, four are rejected and six fit on the shelf: nothing is wasted."""
    by_hand = world({"stocks.shop.storage_limit": 6, "lanes.supplier.defects": 0.4})
    flows = by_hand.step([10.0], luck(by_hand, defects=0.4))
    assert (lanes(flows, "arrived"), flows.stocks[0].wasted, flows.stocks[0].held) == ([10], 0, 6)
