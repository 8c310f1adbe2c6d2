"""The best s and S of each period of a season: closed forms without a season, and costs by their definition."""

import numpy as np
import pytest

from jit_gym.policies.periodic_levels import lost_costs, periodic_levels, waiting_costs
from jit_gym.theory import closed_forms

POISSON = {"name": "poisson", "mu": 5}


def poisson(mean: float) -> np.ndarray:
    """Return the chances of 0, 1, 2, ..."""
    from scipy.stats import poisson

    chances = poisson.pmf(np.arange(40), mean)
    return chances / chances.sum()


@pytest.mark.parametrize("fixed_cost", [1, 20, 90])
def test_a_season_of_one_period_has_the_best_s_and_s(fixed_cost: int):
    """Those of Zheng and Federgruen (1991), and in each half of a season that changes nothing."""
    known = closed_forms.reorder_levels(POISSON, 1.0, 9.0, fixed_cost, lead_time=0)
    costs = waiting_costs(np.arange(-60, 120), poisson(5), 9.0)
    for periods in (1, 2):
        found = periodic_levels([poisson(5)] * periods, [costs] * periods, -60, fixed_cost)
        assert found.s.tolist() == [known.s] * periods
        assert found.up_to.tolist() == [known.S] * periods


def test_before_a_period_without_demand_nothing_is_ordered():
    """An order that nobody needs in this period is placed in the next one."""
    none = np.ones(1)
    positions = np.arange(-60, 120)
    costs = [waiting_costs(positions, each, 9.0) for each in (none, poisson(10))]
    found = periodic_levels([none, poisson(10)], costs, -60, 1.0)
    assert found.up_to[0] <= 0
    assert found.up_to[1] > 10


def test_waiting_costs_are_those_of_what_is_left_and_of_what_waits():
    demand = np.array([0.25, 0.5, 0.0, 0.25])
    positions = np.arange(-2, 6)
    k = np.arange(4)
    expected = [(np.maximum(y - k, 0) + 7.0 * np.maximum(k - y, 0)) @ demand for y in positions]
    assert waiting_costs(positions, demand, 7.0) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("periods", [0, 1, 3])
def test_lost_costs_are_those_of_a_stock_about_its_mean(periods: int):
    """What is asked for until then makes the stock differ from its mean; between whole units it is interpolated."""
    demand, until = np.array([0.25, 0.5, 0.0, 0.25]), np.ones(1)
    for _ in range(periods):
        until = np.convolve(until, demand)
    middle = float(until @ np.arange(len(until)))

    def cost(stock: float) -> float:
        k = np.arange(4)
        low = int(stock)
        of_whole = [(np.maximum(y - k, 0) + 7.0 * np.maximum(k - y, 0)) @ demand for y in (low, low + 1)]
        return float((low + 1 - stock) * of_whole[0] + (stock - low) * of_whole[1])

    expected = [sum(p * cost(max(y - j + middle, 0.0)) for j, p in enumerate(until)) for y in range(12)]
    assert lost_costs(np.arange(12), demand, until, 7.0) == pytest.approx(np.array(expected))
