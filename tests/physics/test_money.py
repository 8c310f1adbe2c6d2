"""Money by hand: costs that fall, what is left at the end, vehicles that are shared, and bills that are paid later."""

import pytest

from jit_gym.physics.plain import ByHand

from .hand import lanes, luck, story, world

# Erosion, and the value of what is left


def test_costs_and_prices_fall_by_a_share_each_period():
    """A part that loses half its cost each period is bought at 8, 4 and 2, and sold, losing a quarter, at 16, 12, 9."""
    tale = story(
        {
            "lanes.supplier": {"to": "shop", "unit_cost": 8, "cost_erosion": 0.5},
            "demands.customers": {"from": "shop", "distribution": 10, "price": 16, "price_erosion": 0.25},
        }
    )
    seen, paid, earned = [], [], []
    for _ in range(3):
        seen.append((tale.view.unit_cost.tolist(), tale.view.price.tolist()))
        money = tale.step([10.0]).money[0]
        paid.append(money.purchase_cost)
        earned.append(money.revenue)
    assert seen == [([8], [16]), ([4], [12]), ([2], [9])]
    assert (paid, earned) == ([80, 40, 20], [160, 120, 90])


def test_what_waits_is_bought_at_the_cost_of_the_day_it_ships():
    """Four ordered at 8 in an outage cost 4 x 8 x 0.5 = 16 when they leave a period later, and others nothing less."""
    by_hand = world(
        lanes={"falls": {"to": "shop", "unit_cost": 8, "cost_erosion": 0.5}, "stays": {"to": "shop", "unit_cost": 8}},
        disruptions={"strike": {"hits": ["falls"], "starts": {"rate": 0.1}, "lasts": 1}},
    )
    assert by_hand.step([4.0, 1.0], luck(by_hand, working=0.0)).money[0].purchase_cost == 8
    assert by_hand.step([0.0, 1.0], luck(by_hand, cost=0.5)).money[0].purchase_cost == 16 + 8


def test_what_is_left_at_the_end_is_worth_something():
    """On the third and last day 2 are on hand and 4 on the way, at 3 each: 18 on top of the day's sales, and only then.

    The holding cost of the day is paid all the same.
    """
    tale = story(
        {
            "horizon.periods": 3,
            "stocks.shop": {"initial": 8, "terminal_value": 3, "holding_cost": 1},
            "lanes.supplier.lead_time": 2,
            "demands.customers": {"from": "shop", "distribution": 2, "price": 5},
        }
    )
    days = [tale.step([order]) for order in (0.0, 0.0, 4.0)]
    assert [day.charges[0].salvage for day in days] == [0, 0, 18]
    assert [day.money[0].revenue for day in days] == [10, 10, 28]
    assert [day.money[0].holding_cost for day in days] == [6, 4, 2]


def test_what_is_on_the_way_to_another_stock_has_its_value_there():
    """Of a depot at 1 and a shop at 5, three on the way to the shop are worth 15, and two on the way to the depot 2.

    What waits, unshipped, is worth nothing.
    """
    by_hand = world(
        stocks={"shop": {"terminal_value": 5}, "depot": {"terminal_value": 1, "initial": 3}},
        lanes={
            "van": {"to": "shop", "uses": {"depot": 1}, "lead_time": 1},
            "ship": {"to": "depot", "lead_time": 1},
        },
    )
    row = luck(by_hand)
    row[by_hand.layout.columns.last] = 1.0
    assert by_hand.step([9.0, 2.0], row).money[0].revenue == 3 * 5 + 2 * 1


def test_what_spoils_at_the_end_is_worth_nothing():
    """Of seven in the last period, three expire first; the other four are worth 2 each."""
    by_hand = world({"stocks.shop": {"shelf_life": 2, "initial": 3, "terminal_value": 2}})
    row = luck(by_hand)
    row[by_hand.layout.columns.last] = 1.0
    assert by_hand.step([4.0], row).money[0].revenue == 8


def test_what_still_waits_at_the_end_costs_its_terminal_cost():
    """Who waits costs 1 a period, and 7 more if in the third and last: of 3 a day, 2 are there and 1 comes on day 2.

    One waits on the first day, three on the second and six on the third: 1, 3 and 6 + 42. What is on the way helps
    nobody, and who is lost, or served at last, costs nothing then.
    """
    change = {
        "horizon.periods": 3,
        "stocks.shop": {"initial": 2},
        "lanes.supplier.lead_time": 1,
        "demands.customers": {"from": "shop", "distribution": 3, "unmet": "backlog", "shortage_cost": 1},
        "demands.customers.terminal_cost": 7,
    }
    tale = story(change)
    days = [tale.step([order]) for order in (1.0, 0.0, 9.0)]
    assert [day.money[0].shortage_cost for day in days] == [1, 3, 6 + 6 * 7]
    assert [day.money[0].reward for day in days] == [-1, -3, -48]
    tale = story(change)
    days = [tale.step([order]) for order in (1.0, 6.0, 0.0)]
    assert [day.money[0].shortage_cost for day in days] == [1, 3, 0]


def test_a_terminal_cost_has_nothing_to_do_with_what_is_left():
    """Two stocks end: four left of one are worth 2 each, ten who wait for the other cost 3 each, and nothing else."""
    by_hand = world(
        stocks={"shop": {"terminal_value": 2, "initial": 4}, "kiosk": {}},
        lanes={"van": {"to": "shop"}, "cart": {"to": "kiosk"}},
        demands={
            "customers": {"from": "shop", "distribution": 0},
            "passers": {"from": "kiosk", "distribution": 0, "unmet": "backlog", "terminal_cost": 3},
        },
    )
    row = luck(by_hand, demand={"passers": 5.0})
    assert by_hand.step([0.0, 0.0], row).money[0].cost == 0
    row[by_hand.layout.columns.last] = 1.0
    flows = by_hand.step([0.0, 0.0], row)  # five more
    assert (flows.money[0].cost, flows.money[0].revenue, flows.charges[0].salvage) == (10 * 3, 8, 8)


# Joint orders


def truck(**route: float) -> ByHand:
    """Return a shop for apples and pears that come in one truck, with an order cost of 3 and of 5, and nuts by post."""
    return world(
        stocks={"apples": {}, "pears": {}, "nuts": {}},
        lanes={
            "apples": {"to": "apples", "route": "road", "fixed_cost": 3},
            "pears": {"to": "pears", "route": "road", "fixed_cost": 5},
            "nuts": {"to": "nuts", "route": "post"},
        },
        routes={"road": {"vehicle_capacity": 10, "vehicle_cost": 100, **route}, "post": {}},
        demands={"customers": {"from": {"apples": 1, "pears": 1}, "distribution": 0}},
        disruptions={"jam": {"hits": ["pears"], "starts": {"rate": 0.1}, "lasts": 1}},
    )


@pytest.mark.parametrize(
    ("apples", "pears", "vehicles", "fixed"),
    [(0, 0, 0, 0), (0.1, 0, 1, 3), (4, 6, 1, 8), (4, 6.5, 2, 8), (10, 10, 2, 8), (0, 30, 3, 5)],
)
def test_lanes_on_a_route_share_its_vehicles(apples: float, pears: float, vehicles: float, fixed: float):
    """Four apples and six pears fill one truck of 10, for 100; half a pear more takes a second one.

    Each that is ordered has its own order cost besides: the joint replenishment problem (Khouja and Goyal 2008), with
    one major cost a truck.
    """
    by_hand = truck()
    flows = by_hand.step([float(apples), float(pears), 99.0], luck(by_hand))
    assert (flows.routes[0].loaded, flows.routes[0].vehicles) == (apples + pears, vehicles)
    assert (flows.charges[0].vehicle_cost, flows.money[0].fixed_cost) == (100 * vehicles, fixed)
    assert flows.money[0].cost == 100 * vehicles + fixed
    assert flows.routes[1].vehicles == 0


def test_a_vehicle_leaves_with_what_is_shipped():
    """Eight pears ordered in a jam need no truck until they leave, and then two with the day's seven apples.

    Their order cost is paid on the day of the order.
    """
    by_hand = truck()
    first = by_hand.step([0.0, 8.0, 0.0], luck(by_hand, working=0.0))
    second = by_hand.step([7.0, 0.0, 0.0], luck(by_hand))
    assert (lanes(first, "shipped"), first.routes[0].vehicles, first.money[0].cost) == ([0, 0, 0], 0, 5)
    assert (lanes(second, "shipped"), second.routes[0].vehicles, second.money[0].cost) == ([7, 8, 0], 2, 203)


@pytest.mark.parametrize("capacity", [0.1, 0.3, 1.1, 7, 49])
def test_full_vehicles_are_full(capacity: float):
    """What fills k vehicles takes k, whatever k and their capacity, though a tenth is no binary fraction."""
    by_hand = truck(vehicle_capacity=capacity)
    for k in range(1, 100):
        assert by_hand.step([k * capacity, 0.0, 0.0], luck(by_hand)).routes[0].vehicles == k


# Payment terms


def books(by_hand: ByHand) -> tuple[float, float, float]:
    """Return the cash, what customers owe, and what is owed to suppliers."""
    book = by_hand.state.books[0]
    return book.cash, book.receivable, book.payable


def test_bills_and_sales_are_paid_after_their_terms():
    """Four are bought at 3, to be paid in two periods, and three and then one sold at 5, to be paid in one.

    Order cost 1 and holding cost 2 a unit are cash at once. Profits are 15 - 12 - 1 - 2 = 0, then 5, then 0; cash goes
    out at once for the order and the shelf (-3), comes in for the first sale (+15), and settles the rest (5 - 12).
    In the end all profit is cash.
    """
    by_hand = world(
        {
            "stocks.shop.holding_cost": 2,
            "lanes.supplier": {"to": "shop", "unit_cost": 3, "fixed_cost": 1, "pays_after": 2},
            "demands.customers": {"from": "shop", "distribution": 0, "price": 5, "pays_after": 1},
        }
    )
    profits, kept = [], []
    for order, demand in ((4.0, 3.0), (0.0, 1.0), (0.0, 0.0)):
        profits.append(by_hand.step([order], [demand]).money[0].reward)
        kept.append(books(by_hand))
    assert profits == [0, 5, 0]
    assert kept == [(-3, 15, 12), (12, 5, 12), (5, 0, 0)]


def test_each_lane_and_each_customer_has_terms_of_its_own():
    """Ten at 1 from one who waits three periods and ten at 2 from one who does not; and so it is with customers."""
    by_hand = world(
        lanes={"patient": {"to": "shop", "unit_cost": 1, "pays_after": 3}, "strict": {"to": "shop", "unit_cost": 2}},
        demands={
            "traders": {"from": "shop", "distribution": 0, "price": 4, "pays_after": 2},
            "walkers": {"from": "shop", "distribution": 0, "price": 7},
        },
    )
    kept = []
    for order, demands in ((10.0, [5.0, 1.0]), (0.0, [5.0, 1.0]), (0.0, [0.0, 0.0]), (0.0, [0.0, 0.0])):
        by_hand.step([order, order], demands)
        kept.append(books(by_hand))
    assert kept == [(7 - 20, 20, 10), (14 - 20, 40, 10), (14 - 20 + 20, 20, 10), (54 - 20 - 10, 0, 0)]


def test_a_bill_is_as_high_as_on_the_day_of_shipment():
    """What was bought at 8 is paid at 8, though it costs 4 when the bill is due."""
    by_hand = world({"lanes.supplier": {"to": "shop", "unit_cost": 8, "cost_erosion": 0.5, "pays_after": 1}})
    by_hand.step([1.0], luck(by_hand))
    assert books(by_hand) == (0, 0, 8)
    by_hand.step([0.0], luck(by_hand, cost=0.5))
    assert books(by_hand) == (-8, 0, 0)


def test_what_is_salvaged_is_cash_at_once():
    """Scrap at 2 a unit is cash in the period it is scrapped, while sales are still owed."""
    by_hand = world(
        {
            "stocks.shop": {"initial": 5, "obsolete": {"rate": 0.1}, "scrap_value": 2},
            "demands.customers": {"from": "shop", "distribution": 0, "price": 9, "pays_after": 4},
        }
    )
    by_hand.step([0.0], luck(by_hand, demand=1.0))
    by_hand.step([0.0], luck(by_hand, obsolete=1.0))
    assert books(by_hand) == (8, 9, 0)
