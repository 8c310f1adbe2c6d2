"""Orders that vary more than demand: the bullwhip effect.

The ratio is the variance of what is ordered from outside over that of what customers ask for (figure `bullwhip`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import Result, compare, evaluate, tell
from jit_gym.scenario import Scenario, load

from ..worlds import normal, shop
from .ledger import claim, shown

PLAYED: dict[str, Any] = {"paths": 64, "periods": 600, "warmup": 50, "seed": 1}
CHEN = "1 + 2 L / p + 2 L² / p²"


def played(what: Any, scenario: Scenario) -> Result:
    """Play a policy, and see that all orders are above 0, so that none was cut there."""
    result = evaluate(what, scenario, **PLAYED)
    assert result.mean("orders") == 1.0
    return result


def slow_shop(**changes: Any) -> Scenario:
    """Return a shop with Normal(100, 10) a period and a lead time of 3, so that L = 4."""
    return load(normal(**changes), {"lanes.supplier.lead_time": 3, "stocks.shop.initial": 400})


@claim(
    f"Orders up to a moving average of p periods vary {CHEN} times as demand does",
    source="Chen et al. (2000a); derived, the text was not read",
    published="3.88 for L = 4, p = 5",
    needs=(
        "L counts the periods from an order to its use, review included: `lead_time` + 1; no safety stock; no"
        " order is cut at 0"
    ),
)
def test_a_moving_average_makes_orders_vary_as_chen_says() -> str:
    """Chen et al. (2000a): 1 + 2 L / p + 2 L^2 / p^2 = 3.88 for L = 4, p = 5, where L is `lead_time` + 1.

    With q_t = (1 + L / p) D_{t-1} - (L / p) D_{t-p-1}.
    """
    found = played("moving-average(window=5, service_level=0.5)", slow_shop()).estimate("bullwhip")
    assert found.low < 3.88 < found.high
    assert found.error < 0.02
    return shown(found)


@claim(
    "Where demand has the autocorrelation ρ, what is above 1 is 1 - ρ^p times that",
    source="Chen et al. (2000a); derived",
    published="3.66 for ρ = 0.6, L = 4, p = 5",
    needs="demand that is AR(1) and normal",
)
def test_autocorrelated_demand_dampens_the_bullwhip() -> str:
    """Chen et al. (2000a): 1 + (2 L / p + 2 L^2 / p^2)(1 - rho^p)."""
    demand = slow_shop(autocorrelation=0.6)
    found = played("moving-average(window=5, service_level=0.5)", demand).estimate("bullwhip")
    assert found.low < 1 + 2.88 * (1 - 0.6**5) < found.high
    return shown(found)


@claim(
    "Base-stock with a known mean orders what was asked for, and makes no bullwhip",
    source="Chen et al. (2000a); derived",
    published="1",
    needs="a level that stays; no fixed cost, batch or capacity",
)
def test_base_stock_with_a_known_mean_makes_no_bullwhip() -> str:
    """The order is the demand of the period before, on each path and in each period, so the ratio is 1."""
    story = tell("base-stock", slow_shop(), periods=100)
    assert np.allclose(story.ordered[2:, 0], story.demanded[1:-1, 0])
    found = played("base-stock", slow_shop()).estimate("bullwhip")
    assert found.low < 1 < found.high
    assert found.error < 0.001
    return shown(found, ".4f")


def test_a_longer_window_makes_less_bullwhip():
    """Chen et al. (2000a): more data dampen it, a longer lead time amplifies it."""
    ratios = [played(f"moving-average(window={p}, service_level=0.5)", slow_shop()).mean("bullwhip") for p in (4, 8)]
    assert ratios == pytest.approx([1 + 8 / p + 32 / p**2 for p in (4, 8)], rel=0.02)


# The four causes, each alone: the same world without the cause has the ratio 1.


@claim(
    "Cause 1: a forecast that is updated",
    source="Lee et al. (1997); read as a list",
    needs="independent demand, whose mean nobody had to estimate",
)
def test_updating_a_forecast_alone_makes_a_bullwhip() -> str:
    """Lee et al. (1997): demand signal processing; exponential smoothing here, a moving average above."""
    found = evaluate("adaptive(smoothing=0.2, service_level=0.5)", slow_shop(), **PLAYED).estimate("bullwhip")
    assert found.low > 1
    return shown(found)


@claim(
    "Cause 2: orders in batches",
    source="Lee et al. (1997); read as a list",
    needs="lots of four periods' demand; one shop (the lots of many shops average out)",
)
def test_ordering_in_batches_alone_makes_a_bullwhip() -> str:
    """Lee et al. (1997): order batching; (R, Q) with lots of four periods' demand."""
    found = evaluate("R-Q(R=400, Q=400)", slow_shop(), **PLAYED).estimate("bullwhip")
    assert found.low > 1
    return shown(found, ".0f")


OFFERS = {
    "stocks.shop.holding_cost": 0.1,
    "lanes": {
        "supplier": {"unit_cost": 10, "lead_time": 2},
        "offer": {"to": "shop", "lead_time": 2, "unit_cost": 9},
    },
    "disruptions": {
        "no-offer": {
            "hits": ["offer"],
            "stops": "ordering",
            "starts": {"every": 1},
            "lasts": {"name": "geom", "p": 0.1},
        }
    },
}
"""A supplier who sells at a tenth off in one period, and then for ten on average at the list price."""


def buying(level: float, forward: float) -> Callable[[Any], np.ndarray]:
    """Return a rule that orders up to `level`, at a low price when there is one, and then so much more."""

    def rule(view: Any) -> np.ndarray:
        offered = ~view.ordering_stopped[:, 1]
        gap = np.maximum(level + np.where(offered, forward, 0.0) - view.inventory_position[:, 0], 0.0)
        return np.stack([np.where(offered, 0.0, gap), np.where(offered, gap, 0.0)], axis=1)

    rule.__name__ = f"buy {forward:g} forward"
    return rule


@claim(
    "Cause 3: prices that go up and down",
    source="Lee et al. (1997); read as a list",
    needs="a price a tenth lower in one of eleven periods, and buyers who buy four periods' demand then, which pays",
)
def test_buying_forward_at_a_low_price_alone_makes_a_bullwhip() -> str:
    """Lee et al. (1997): price variation. Buying forward pays; at the same level without it, the ratio is 1."""
    table = compare([buying(330, 0), buying(330, 400)], load(normal(), OFFERS), **PLAYED, gap=False)
    steady, forward = table.results
    still = steady.estimate("bullwhip")
    assert still.low < 1 < still.high
    assert table.difference(forward).high < 0
    found = forward.estimate("bullwhip")
    assert found.low > 1
    return shown(found, ".0f")


def gaming(extra: float) -> Callable[[Any], np.ndarray]:
    """Return base-stock for both shops, of which the second asks for so much more while it is kept waiting."""

    def rule(view: Any) -> np.ndarray:
        inflated = 330.0 + np.where(view.waiting[:, 1] > 0, extra, 0.0)
        return np.maximum(np.stack([np.full_like(inflated, 330.0), inflated], axis=1) - view.inventory_position, 0.0)

    rule.__name__ = f"game {extra:g}"
    return rule


def two_shops() -> Scenario:
    """Return two equal shops whose maker can just make what they need, and shares out by what they ask for."""
    names = ("honest", "gamer")
    return load(
        shop(
            horizon={"periods": 500},
            suppliers={"maker": {"capacity": 204, "rationing": "proportional"}},
            stocks={name: {"initial": 300, "holding_cost": 1} for name in names},
            lanes={f"to-{name}": {"to": name, "supplier": "maker", "lead_time": 2} for name in names},
            demands={
                f"customers-of-{name}": {
                    "from": name,
                    "distribution": {"name": "norm", "loc": 100, "scale": 20},
                    "unmet": "backlog",
                    "shortage_cost": 9,
                }
                for name in names
            },
        )
    )


@claim(
    "Cause 4: rationing, where who asks for more gets more",
    source="Lee et al. (1997); read as a list",
    needs="a supplier who is short (98 % used) and rations in proportion to orders",
)
def test_gaming_for_a_larger_ration_alone_makes_a_bullwhip() -> str:
    """Lee et al. (1997): the rationing game. It pays for who plays it alone, at the cost of the honest shop."""
    honest, gamed = (evaluate(gaming(extra), two_shops(), **PLAYED) for extra in (0.0, 100.0))
    still = honest.estimate("bullwhip", stock="gamer")
    assert abs(still.mean - 1) < 0.01
    served = {name: gamed.mean("fill_rate", demand=f"customers-of-{name}") for name in ("honest", "gamer")}
    assert served["gamer"] > served["honest"] + 0.1
    found = gamed.estimate("bullwhip", stock="gamer")
    assert found.low > 1
    return shown(found)
