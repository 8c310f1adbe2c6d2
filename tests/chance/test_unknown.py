"""What a forecast does not know: the exact covariances, against the forecast's errors on drawn paths."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.chance.unknown import unknown
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import Scenario

from ..worlds import shop

REGIMES = {
    "calm": {"distribution": {"name": "poisson", "mu": 3}, "next": {"boom": 0.1}},
    "boom": {"distribution": {"name": "poisson", "mu": 9}, "next": {"calm": 0.3}},
}
GEOMETRIC, GAMMA = {"name": "geom", "p": 0.2, "loc": -1}, {"name": "gamma", "a": 2}
AHEAD = 4


def world(units: str = "whole", **demand: Any) -> Scenario:
    """Return a shop with this demand, which is forecast for four periods."""
    lanes = {"supplier": {"to": "shop", "lead_time": AHEAD - 1}}
    return shop(units=units, lanes=lanes, demands={"customers": {"from": "shop", "unmet": "backlog", **demand}})


@pytest.mark.parametrize(
    "scenario",
    [
        world(distribution=GEOMETRIC, forecast={"accuracy": [0.9, 0.7, 0.5]}),
        world("continuous", distribution=GAMMA, autocorrelation=0.6, forecast={"accuracy": [0.9, 0.7, 0.5]}),
        world(distribution=GEOMETRIC, autocorrelation=-0.5, forecast={"accuracy": [0.8, 0.3]}),
        world(distribution=GEOMETRIC, occurs=0.4, forecast={"accuracy": [0.8, 0.8, 0.8, 0.8]}),
        world(regimes=REGIMES),
        world(regimes=REGIMES, autocorrelation=0.5, forecast={"accuracy": [0.9, 0.5]}),
        world(regimes=REGIMES, autocorrelation=0.5, regime_seen="hidden"),
        world("continuous", distribution=GAMMA, season=[0.5, 1.5, 1], autocorrelation=0.4),
    ],
    ids=["accuracy", "autocorrelated", "negative", "intermittent", "regimes", "both", "hidden", "season"],
)
def test_what_is_unknown_is_how_far_forecasts_miss(scenario: Scenario):
    """The mean product of the errors of forecasts for this and the next three periods, on 400 paths of 600 periods."""
    trace = Chance(scenario).draw(3, 400, 600 + AHEAD)
    demand, forecast = trace.rows[:, :, 0], trace.seen[:, :, trace.columns.forecast["customers"]]
    known_as_of = np.arange(60, 600)
    errors = [demand[known_as_of + h] - forecast[known_as_of, :, h] for h in range(AHEAD)]
    products = np.array([[(one * other).mean(axis=0) for other in errors] for one in errors])
    tolerance = 4 * products.std(axis=-1) / np.sqrt(products.shape[-1])
    assert (np.abs(products.mean(axis=-1) - unknown(scenario, "customers", AHEAD)) <= tolerance).all()


def test_without_a_forecast_all_of_the_variance_is_unknown():
    """Periods that are drawn alike and apart: the variance of a period on the diagonal, and 0 elsewhere."""
    found = unknown(world(distribution={"name": "poisson", "mu": 5}), "customers", 3)
    assert found == pytest.approx(5 * np.eye(3), abs=1e-6)
    assert unknown(world(history={"values": [2, 4] * 10}), "customers", 2) == pytest.approx(np.eye(2))


def test_a_perfect_forecast_leaves_nothing_unknown():
    """What is known exactly has no variance; a period further ahead has all of its own."""
    found = unknown(world(distribution=GEOMETRIC, forecast={"accuracy": [1, 1]}), "customers", 3)
    assert found == pytest.approx(np.diag([0, 0, 20]), abs=1e-6)


def test_a_normal_demand_is_unknown_as_its_score_is():
    """Of a Normal(100, 10) that is known with 90, 70 and 50 % of its variance, 10, 30 and 50 are left."""
    demand = {"name": "norm", "loc": 100, "scale": 10}
    found = unknown(world("continuous", distribution=demand, forecast={"accuracy": [0.9, 0.7, 0.5]}), "customers", 3)
    assert found == pytest.approx(np.diag([10.0, 30.0, 50.0]), abs=1e-2)


@pytest.mark.parametrize(("lead_time", "autocorrelation"), [(40, 0.5), (1000, 0.5), (1000, 0.9), (10_000, -0.3)])
def test_long_lead_times_are_planned_for(lead_time: int, autocorrelation: float):
    """Normal demand whose scores are an AR(1): what is new in period j adds (1 - r^(n-j)) / (1 - r) to a sum of n."""
    r, n = autocorrelation, lead_time + 1
    scenario = shop(
        units="continuous",
        lanes={"supplier": {"to": "shop", "lead_time": lead_time}},
        demands={
            "customers": {
                "from": "shop",
                "distribution": {"name": "norm", "loc": 100, "scale": 10},
                "autocorrelation": autocorrelation,
            }
        },
    )
    exact = 100 * (1 - r * r) * (((1 - r ** np.arange(1.0, n + 1)) / (1 - r)) ** 2).sum()
    assert PlanningData(scenario).unforeseen == pytest.approx([exact], rel=2e-3)
