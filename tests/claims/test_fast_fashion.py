"""Fast fashion: an early bulk order from a cheap factory against quick response from a dear one."""

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.evaluation import Result
from jit_gym.scenario import load

from .industry import between, interval, played, ratio

EARLY, QUICK, BOTH = load("fast-fashion").policies
WEEKS, SEASON, FULL_PRICE, JOBBER = 42, 18, 50, 4


@pytest.fixture(scope="module")
def calm() -> list[Result]:
    return played([EARLY, QUICK, BOTH], load("fast-fashion"), paths=1024)


def bought(result: Result) -> np.ndarray:
    """Return the units that came from both factories in the season, on each path."""
    return WEEKS * result.items["lanes"]["shipped"].sum(axis=1)


def sold(result: Result) -> np.ndarray:
    """Return the units sold in the season, on each path: what earned revenue, less what the jobber took."""
    customers = result.items["demands"]
    return WEEKS * (customers["demanded"] - customers["short"])[:, 0]


def takings(result: Result) -> np.ndarray:
    """Return what customers paid, without what the jobber did, on each path."""
    return WEEKS * result.figures["revenue"] - JOBBER * (bought(result) - sold(result))


def test_weekly_demand_is_overdispersed_over_a_season_of_eighteen_weeks():
    """Hausman and Sides (1973), as reported: 126 style goods over 18 weeks, best fitted by the negative binomial."""
    demand = Chance(load("fast-fashion")).draw(3, 512).rows[:WEEKS, :, 0]
    weeks = demand.mean(axis=1) > 0
    assert weeks[-SEASON:].all()
    assert not weeks[:-SEASON].any()
    full = demand[24:38]  # at full price
    assert full.var(axis=0, ddof=1).mean() > 3 * full.mean()  # within a style, of which a Poisson has once the mean


def test_what_sells_after_the_early_order_says_more_than_any_forecast():
    """Fisher and Raman (1996): what is uncertain is the style, and the first weeks' sales tell it."""
    demand = Chance(load("fast-fashion")).draw(3, 1024).rows[:, :, 0]
    first, rest = demand[24:27].sum(axis=0), demand[27:38].sum(axis=0)
    assert np.corrcoef(first, rest)[0, 1] > 0.7


def test_quick_response_earns_more_than_an_early_order_and_than_speed_alone(calm: list[Result]):
    early, quick, both = calm
    assert between(both, early, "profit")[0] > 0
    assert between(both, quick, "profit")[0] > 0


def test_speed_alone_does_not_earn_more_than_a_good_early_order_at_a_quarter_dearer(calm: list[Result]):
    """Speed is not free: who buys all of it dear earns about what who buys all of it early does."""
    early, quick, _ = calm
    low, high = between(quick, early, "profit")
    assert low < 0 < high


def test_quick_response_leaves_less_unsold(calm: list[Result]):
    """Less than 10 % of the stock unsold against 17 to 20 % in the industry (Ferdows et al. 2004, as reported)."""
    early, _, both = calm
    unsold = [ratio(bought(each) - sold(each), bought(each)) for each in (early, both)]
    assert unsold[0][0] > 0.15
    assert unsold[1][1] < 0.15


def test_quick_response_fetches_more_of_the_full_price(calm: list[Result]):
    """85 % of the full price against 60 to 70 % (Ferdows et al. 2004, as reported), counted over what was bought."""
    early, _, both = calm
    fetched = [ratio(takings(each), FULL_PRICE * bought(each)) for each in (early, both)]
    assert fetched[0][0] > 0.6
    assert fetched[0][1] < 0.75
    assert fetched[1][0] > 0.75
    assert fetched[1][1] < 0.9


def test_quick_response_ties_up_less_cash(calm: list[Result]):
    early, _, both = calm
    assert between(both, early, "inventory_value")[1] < -0.4 * early.mean("inventory_value")


def test_two_factories_still_earn_most_in_a_bad_year_and_every_order_earns_less(calm: list[Result]):
    early, quick, both = stressed = played([EARLY, QUICK, BOTH], load("fast-fashion-stressed"), paths=1024)
    assert between(both, early, "profit")[0] > 0
    assert between(both, quick, "profit")[0] > 0
    for bad, good in zip(stressed, calm, strict=True):
        assert interval(good.figures["profit"] - bad.figures["profit"])[0] > 0
