"""Figures of each stock, lane and demand: whose customers find nothing, and whose orders swing."""

import numpy as np
import pytest

from jit_gym.evaluation import COSTS, ITEM_METRICS, compare, evaluate
from jit_gym.physics import View
from jit_gym.report.figures import COLOURS, LABELS
from jit_gym.scenario import Scenario, load

from ..envs.rich import rich


def clinic() -> Scenario:
    """Return a store of gloves and blood: gloves are plenty, and of blood a third is short."""
    return load(
        {
            "name": "clinic",
            "horizon": {"periods": 6},
            "stocks": {"gloves": {"initial": 100, "holding_cost": 0.5}, "blood": {"initial": 12, "holding_cost": 2}},
            "lanes": {"boxes": {"to": "gloves"}, "donors": {"to": "blood"}},
            "demands": {
                "hands": {"from": "gloves", "distribution": 10, "shortage_cost": 1},
                "patients": {"from": "blood", "distribution": 3, "shortage_cost": 100},
            },
        }
    )


def nothing(view: View) -> np.ndarray:
    """Order nothing."""
    return np.zeros((len(view.on_hand), len(view.layout.lanes)))


def test_a_fill_rate_is_gloves_or_blood():
    """72 of 78 are served, 92.3 %: all the gloves, and 12 of 18 units of blood."""
    result = evaluate(nothing, clinic(), paths=2)
    assert result.mean("fill_rate") == pytest.approx(72 / 78)
    assert result.mean("fill_rate", demand="hands") == 1
    assert result.mean("fill_rate", demand="patients") == pytest.approx(12 / 18)
    assert result.mean("shortage_cost", demand="patients") == pytest.approx(600 / 6)
    assert result.mean("stopped_periods", demand="patients") == 2
    assert result.mean("holding_cost", stock="gloves") == pytest.approx(0.5 * (90 + 80 + 70 + 60 + 50 + 40) / 6)
    assert result.mean("periods_of_supply", stock="blood") == pytest.approx((9 + 6 + 3) / 12)


def test_a_frame_has_a_row_for_each_path_and_item():
    """`frame("demands")` has each path's figures of each demand; a comparison's has each policy's means."""
    frame = evaluate(nothing, clinic(), paths=2).frame("demands")
    assert frame.index.tolist() == [(0, "hands"), (0, "patients"), (1, "hands"), (1, "patients")]
    assert list(frame.columns) == [metric.name for metric in ITEM_METRICS["demands"]]
    both = compare([nothing, "jit"], clinic(), paths=2, warmup=0, gap=False).frame("stocks")
    assert both.index.get_level_values("policy").unique()[0] == "nothing"
    assert both.loc[("nothing", "blood"), "stock"] == pytest.approx(3)


def test_what_there_is_not_is_named():
    """An unknown item, kind or figure is refused with those that there are."""
    result = evaluate(nothing, clinic(), paths=2)
    with pytest.raises(KeyError, match=r"unknown demand 'feet' \(known: hands, patients\)"):
        result.mean("fill_rate", demand="feet")
    with pytest.raises(KeyError, match=r"unknown figure of a stock 'fill_rate' \(known: stock, "):
        result.mean("fill_rate", stock="blood")
    with pytest.raises(KeyError, match=r"unknown kind of item 'shelfs' \(known: stocks, lanes, demands, warehouses\)"):
        result.mean("stock", shelf="blood")


def test_costs_of_items_add_up_to_those_of_the_whole():
    """Holding and waste by stock, orders and transit by lane, and shortages by demand are all that there is of each."""
    result = evaluate("just-in-case", rich(), paths=20, periods=30)
    for kind, metrics in ITEM_METRICS.items():
        for metric in metrics:
            if metric.name.endswith("_cost"):
                parts = result.items[kind][metric.name].sum(axis=1)
                assert np.allclose(parts, result.figures[metric.name]), metric.name


ALL_COSTS = {
    "horizon.periods": 20,
    "lanes.supplier.route": "road",
    "lanes.supplier.capacity": 4,
    "lanes.supplier.waiting_cost": 2,
    "lanes.supplier.unit_cost": 3,
    "lanes.supplier.fixed_cost": 5,
    "lanes.supplier.in_transit_cost": 1,
    "lanes.supplier.lead_time": 2,
    "lanes.supplier.defects": 0.5,
    "lanes.supplier.reject_cost": 7,
    "stocks.shop.initial": 5,
    "stocks.shop.shrinkage": 0.2,
    "stocks.shop.warehouse": "shed",
    "warehouses.shed": {"rate": 0.5},
    "stocks.shop.loss_cost": 4,
    "disruptions.strike": {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": 4},
}


def test_storage_is_told_by_warehouse_and_by_the_space_that_stocks_take():
    """Of 8 rented at 4 in all, 10 gloves of 1 and 5 blood of 2 take 20: 12 more at 0.5 each, half of it for each stock.

    The barn is rented for nothing. When the shed is empty, in the last of three periods, its rent is halved.
    """
    stocks = {
        "gloves": {"initial": 20, "warehouse": "shed"},
        "blood": {"initial": 10, "warehouse": "shed", "volume": 2},
    }
    change = {"stocks": stocks, "horizon.periods": 3, "demands.patients.distribution": 5}
    change |= {"warehouses": {"shed": {"space": 8, "rent": 0.5, "rate": 0.5}, "barn": {"space": 1, "rent": 1}}}
    result = evaluate(nothing, load(clinic(), change), paths=1)
    assert result.mean("space", warehouse="shed") == pytest.approx(20 / 3)
    assert result.mean("storage_cost", warehouse="shed") == pytest.approx((10 + 4 + 4) / 3)
    assert result.mean("storage_cost", warehouse="barn") == 1
    for stock in stocks:
        assert result.mean("storage_cost", stock=stock) == pytest.approx((5 + 2 + 2) / 3)
    assert result.mean("storage_cost") == pytest.approx((10 + 4 + 4) / 3 + 1)


def test_the_bars_of_a_picture_add_up():
    """What it costs is drawn with every kind of cost there is, waiting, vehicles and rejects too; they add up to it."""
    world = load("lost-sales", ALL_COSTS | {"routes.road": {"vehicle_capacity": 3, "vehicle_cost": 11}})
    result = evaluate("base-stock", world, paths=8)
    drawn = {kind: result.mean(kind) for kind in LABELS}
    assert list(LABELS) == [metric.name for metric in COSTS]
    assert set(COLOURS) == set(LABELS)  # a new kind of cost needs a colour
    assert {kind for kind, mean in drawn.items() if mean > 0} == set(drawn) - {"waste_cost"}
    assert sum(drawn.values()) == pytest.approx(result.mean("cost"))


def test_orders_that_equal_demand_do_not_amplify_it():
    """Base-stock with backlog orders what was asked for: its bullwhip is 1, however much was short meanwhile."""
    world = {"demands.customers.unmet": "backlog", "horizon.periods": 400}
    result = evaluate("base-stock(level=20)", load("lost-sales", world), paths=8, warmup=20)
    assert result.figures["bullwhip"] == pytest.approx(np.ones(8), abs=0.02)
    assert result.mean("short") > 1


def test_the_bullwhip_grows_from_stage_to_stage():
    """Along the beer game's line each stage's orders vary more than those of the one before, against the customers'."""
    world = load("beer-game")
    result = evaluate("anchoring(alpha=0.5, beta=0.2, target=20)", world, paths=1)
    stages = [result.mean("bullwhip", lane=lane) for lane in world.lanes]
    assert stages == sorted(stages)
    assert stages[0] > 1
    assert result.mean("bullwhip") == pytest.approx(stages[-1])  # what is ordered from outside is brewed
