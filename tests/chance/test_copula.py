"""Demand that depends on its past, on other demands and on regimes, and is known in part before it comes."""

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom, norm, poisson

from jit_gym.chance import Chance, Trace, moments, usage
from jit_gym.chance.copula import HIGHEST, Copula, Drawn
from jit_gym.scenario import Scenario

from ..worlds import shop

NORMAL = {"name": "norm", "loc": 50, "scale": 8}
POISSON = {"name": "poisson", "mu": 5}
GAMMA = {"name": "gamma", "a": 2, "scale": 3}
UNIFORM = {"name": "uniform", "scale": 1}
MIXED = {"name": "empirical", "values": [0, 2.5, 20], "weights": [5, 4, 1]}
PATHS = 20_000
BOUND = 4.5  # standard errors


def world(units: str = "continuous", lead_time: int = 0, more: dict[str, Any] | None = None, **demand: Any) -> Scenario:
    """Return a shop whose customers ask for a normal quantity, if nothing else is said."""
    kind = {} if "regimes" in demand else {"distribution": NORMAL}
    lanes = {"supplier": {"to": "shop", "lead_time": lead_time}}
    demands = {"customers": {"from": "shop", **kind, **demand}}
    return shop(more, units=units, lanes=lanes, demands=demands)


def pair(correlation: float, **both: Any) -> Scenario:
    """Return a shop with two correlated demands that are alike but for what is said of `a` or `b`."""
    own = {name: both.pop(name, {}) for name in "ab"}
    demands = {name: {"from": "shop", "distribution": NORMAL, **both, **own[name]} for name in "ab"}
    return shop(demands=demands, correlations=[{"between": ["a", "b"], "correlation": correlation}])


def draw(scenario: Scenario, paths: int = PATHS, periods: int = 8) -> Trace:
    """Return a trace of a world."""
    return Chance(scenario).draw(3, paths, periods)


def demand(scenario: Scenario, paths: int = PATHS, periods: int = 8) -> np.ndarray:
    """Return the demand of the customers, or of the first demand (paths, periods)."""
    return draw(scenario, paths, periods).demand[:, :, 0]


def forecast(trace: Trace, name: str = "customers") -> np.ndarray:
    """Return what is forecast at the start of each period (periods + 1, paths, ahead)."""
    return trace.seen[:, :, trace.columns.forecast[name]]


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two samples."""
    return float(np.corrcoef(one, other)[0, 1])


def is_near(sample: np.ndarray, mean: float) -> bool:
    """Tell whether a sample of independent numbers has this mean, within its standard errors."""
    return abs(sample.mean() - mean) <= BOUND * sample.std() / np.sqrt(len(sample)) + 1e-9


def has_moments(sample: np.ndarray, mean: float, variance: float) -> bool:
    """Tell whether a sample of independent numbers has this mean and variance, within their standard errors."""
    return is_near(sample, mean) and is_near((sample - mean) ** 2, variance)


# Autocorrelation


@pytest.mark.parametrize("r", [0.6, -0.4, 0.95])
def test_normal_demand_is_correlated_with_its_past_by_the_power_of_the_lag(r: float):
    """Normal demand is a line on its score, so that its correlation over h periods is r^h (an AR(1) process)."""
    drawn = demand(world(autocorrelation=r))
    for t, h in [(0, 1), (0, 2), (3, 1), (3, 4), (6, 1)]:
        expected = r**h
        error = (1 - expected**2) / np.sqrt(PATHS)
        assert abs(correlation(drawn[:, t], drawn[:, t + h]) - expected) <= BOUND * error


@pytest.mark.parametrize("r", [0.6, -0.4])
def test_uniform_demand_is_correlated_as_the_literature_says(r: float):
    """Of uniform marginals, scores correlated by r leave (6 / pi) asin(r / 2) (Kruskal 1958; Cario and Nelson 1996)."""
    drawn = demand(world(autocorrelation=r, distribution=UNIFORM))
    expected = 6 / np.pi * np.arcsin(r / 2)
    assert abs(correlation(drawn[:, 4], drawn[:, 5]) - expected) <= BOUND / np.sqrt(PATHS)


@pytest.mark.parametrize("units", ["whole", "continuous"])
@pytest.mark.parametrize("distribution", [POISSON, GAMMA, MIXED])
def test_autocorrelation_leaves_the_distribution(distribution: dict, units: str):
    """In every period, the first among them, demand has the mean and variance of its distribution."""
    scenario = world(units, distribution=distribution, autocorrelation=0.7)
    drawn = demand(scenario)
    for t in (0, 1, 7):
        assert has_moments(drawn[:, t], *moments(scenario, "customers"))
    assert moments(scenario, "customers") == moments(world(units, distribution=distribution), "customers")


def test_demand_by_hand_follows_its_recursion():
    """z_0 = e_0 and z_t = r z_{t-1} + sqrt(1 - r^2) e_t, where e are the scores without autocorrelation."""
    e = (demand(world(), 5) - 50) / 8
    z = (demand(world(autocorrelation=0.6), 5) - 50) / 8
    assert z[:, 0] == pytest.approx(e[:, 0])
    for t in range(1, 8):
        assert z[:, t] == pytest.approx(0.6 * z[:, t - 1] + 0.8 * e[:, t])


@pytest.mark.parametrize("r", [0.6, -0.4])
def test_the_past_tells_the_mean_of_what_comes(r: float):
    """Of normal demand, h periods ahead, the forecast is m + r^(h + 1) (D - m), where D is the last period's demand."""
    trace = draw(world(autocorrelation=r, lead_time=2), 50)
    seen, last = forecast(trace), trace.demand[:, :, 0].T
    assert seen.shape == (9, 50, 3)
    assert seen[0] == pytest.approx(50, abs=1e-6)
    for h in range(3):
        assert seen[1:, :, h] == pytest.approx(50 + r ** (h + 1) * (last - 50), abs=1e-3)


# Correlations


@pytest.mark.parametrize("c", [0.5, -0.7])
def test_demands_are_correlated_as_their_scores(c: float):
    """Normal demands are as correlated as said, uniform ones by (6 / pi) asin(c / 2), and in one period only."""
    for distribution, expected in [(NORMAL, c), (UNIFORM, 6 / np.pi * np.arcsin(c / 2))]:
        drawn = draw(pair(c, distribution=distribution)).demand
        assert abs(correlation(drawn[:, 3, 0], drawn[:, 3, 1]) - expected) <= BOUND / np.sqrt(PATHS)
        assert abs(correlation(drawn[:, 3, 0], drawn[:, 4, 1])) <= BOUND / np.sqrt(PATHS)


def test_demands_by_hand_mix_by_the_cholesky_factor():
    """Of 0.6, the Cholesky factor is [[1, 0], [0.6, 0.8]]: the first demand is its own, the second 0.6 of the first."""
    alone, mixed = draw(pair(0), 5).demand, draw(pair(0.6), 5).demand
    assert np.array_equal(mixed[:, :, 0], alone[:, :, 0])
    scores = (alone - 50) / 8
    assert (mixed[:, :, 1] - 50) / 8 == pytest.approx(0.6 * scores[:, :, 0] + 0.8 * scores[:, :, 1])


def test_a_correlation_of_none_changes_nothing():
    """With a correlation of 0, each demand is the one that it is without."""
    apart = shop(demands={name: {"from": "shop", "distribution": NORMAL} for name in "ab"})
    assert np.array_equal(draw(pair(0), 5).demand, draw(apart, 5).demand)


def test_correlated_demands_keep_their_distributions():
    """However different they are, each keeps its mean and variance."""
    scenario = pair(0.8, a={"distribution": GAMMA}, b={"distribution": POISSON, "occurs": 0.4})
    drawn = draw(scenario).demand
    for k, name in enumerate("ab"):
        assert has_moments(drawn[:, 5, k], *moments(scenario, name))


def test_correlated_and_autocorrelated_demands_are_so_from_the_start():
    """With autocorrelations r and s, scores are correlated by c sqrt((1 - r^2) (1 - s^2)) / (1 - r s), always."""
    r, s, c = 0.8, -0.3, 0.6
    drawn = draw(pair(c, a={"autocorrelation": r}, b={"autocorrelation": s})).demand
    expected = c * np.sqrt((1 - r**2) * (1 - s**2)) / (1 - r * s)
    for t in (0, 1, 2, 7):
        assert abs(correlation(drawn[:, t, 0], drawn[:, t, 1]) - expected) <= BOUND / np.sqrt(PATHS)
    assert abs(correlation(drawn[:, 4, 0], drawn[:, 5, 0]) - r) <= BOUND / np.sqrt(PATHS)


def test_the_use_of_a_stock_leaves_correlations_out():
    """Where correlated demands meet, their variances are added, as the docstring says."""
    assert usage(pair(0.8))["shop"] == usage(pair(0))["shop"] == pytest.approx((100, 128), rel=1e-4)


# Regimes

CYCLE = {
    "low": {"distribution": 2, "next": {"high": 1}},
    "high": {"distribution": 10, "next": {"none": 1}},
    "none": {"distribution": 0, "next": {"low": 1}},
}
CALM, BOOM = 0.1, 0.3  # the chances to leave
TWO = {
    "calm": {"distribution": POISSON, "next": {"boom": CALM}},
    "boom": {"distribution": {"name": "poisson", "mu": 20}, "next": {"calm": BOOM}},
}


def in_boom(t: int) -> float:
    """Return the chance that period t is in a boom, when period 0 is calm (a chain of two states)."""
    return CALM / (CALM + BOOM) * (1 - (1 - CALM - BOOM) ** t)


def test_regimes_follow_each_other():
    """Regimes that surely follow each other take turns, from the first named on; a forecast that sees them is sure."""
    trace = draw(world(regimes=CYCLE, lead_time=2), 1, 6)
    turns = [2, 10, 0, 2, 10, 0, 2, 10, 0]
    assert trace.demand[0, :, 0].tolist() == turns[:6]
    assert forecast(trace)[:, 0].tolist() == [turns[t : t + 3] for t in range(7)]


def test_regimes_come_as_often_as_their_chances_say():
    """Of a chain of two states, the chance of each in period t is known, and demand is drawn from its regime."""
    drawn = demand(world("whole", regimes=TWO))
    for t in range(8):
        share = in_boom(t)
        assert is_near(drawn[:, t], (1 - share) * 5 + share * 20)
        chance = (1 - share) * poisson.pmf(0, 5) + share * poisson.pmf(0, 20)
        assert is_near((drawn[:, t] == 0).astype(float), chance)


def test_a_regime_lasts_as_long_as_its_chances_say():
    """A regime that ends with the chance 0.3 a period is still the same a period later with the chance 0.7."""
    high = {"distribution": 1, "next": {"low": 0.3}}
    drawn = demand(world(regimes={"low": {"distribution": 0, "next": {"high": 0.4}}, "high": high}))
    for t in range(1, 7):
        was = drawn[:, t] == 1
        assert is_near(drawn[was, t + 1], 0.7)
        assert is_near(drawn[~was, t + 1], 0.4)


def test_the_moments_of_regimes_are_those_of_the_long_run():
    """Calm three quarters of the time: the mean is 5 (3/4) + 20 (1/4), and the variance within and between adds up."""
    mean, variance = moments(world("whole", regimes=TWO), "customers")
    assert mean == pytest.approx(8.75)
    assert variance == pytest.approx(8.75 + 3 / 16 * 15**2)
    assert moments(world(regimes=CYCLE), "customers") == pytest.approx((4, (4 + 36 + 16) / 3))
    drawn = demand(world("whole", regimes=TWO), periods=60)
    assert has_moments(drawn[:, -1], mean, variance)


def test_what_is_never_left_is_the_long_run():
    """A regime without a next one, once it is reached, is all there is; one that cannot be reached counts nothing."""
    dying = {
        "boom": {"distribution": 20, "next": {"end": 0.01}},
        "end": {"distribution": 1},
        "else": {"distribution": 7},
    }
    assert moments(world(regimes=dying), "customers") == pytest.approx((1, 0), abs=1e-9)


def test_a_seen_regime_is_in_the_forecast_and_a_hidden_one_is_not():
    """Who sees the regime knows its mean and what follows on average; who does not, the chances from the start."""
    seen = forecast(draw(world("whole", regimes=TWO, lead_time=3)))
    hidden = draw(world("whole", regimes=TWO, regime_seen="hidden", lead_time=3))
    assert hidden.columns.forecast == {}
    season = world("whole", regimes=TWO, regime_seen="hidden", lead_time=3, season=[2])
    for t in range(9):
        boom = seen[t, :, 0] > 10
        for h in range(4):
            assert seen[t, ~boom, h] == pytest.approx(5 + 15 * in_boom(h))
            assert seen[t, boom, h] == pytest.approx(5 + 15 * (in_boom(h) + (1 - CALM - BOOM) ** h))
            assert forecast(draw(season, 2))[t, :, h] == pytest.approx(2 * (5 + 15 * in_boom(t + h)))


def test_regimes_take_the_same_score_through_their_own_distributions():
    """In regimes of one distribution, demand is that of the distribution alone, whatever it is correlated with."""
    alike = {name: {"distribution": NORMAL, "next": {other: 0.4}} for name, other in ("ab", "ba")}
    for more in ({}, {"autocorrelation": 0.5}):
        plain, turning = world(**more), world(regimes=alike, **more)
        assert np.array_equal(demand(plain, 20), demand(turning, 20))
        assert moments(turning, "customers") == pytest.approx(moments(plain, "customers"))
    plain = pair(0.5)
    turning = shop(
        demands={"a": {"from": "shop", "distribution": NORMAL}, "b": {"from": "shop", "regimes": alike}},
        correlations=[{"between": ["b", "a"], "correlation": 0.5}],
    )
    assert np.array_equal(draw(plain, 20).demand, draw(turning, 20).demand)


# Intermittent demand


@pytest.mark.parametrize("units", ["whole", "continuous"])
@pytest.mark.parametrize("distribution", [4, NORMAL, {"name": "gamma", "a": 2, "scale": 30}])
def test_demand_occurs_as_often_as_is_said_and_then_is_as_ever(distribution: Any, units: str):
    """Demand that is never 0 when it occurs is 0 in the other periods, and as it would be always in these."""
    drawn = demand(world(units, distribution=distribution, occurs=0.3), periods=4)
    always = demand(world(units, distribution=distribution), periods=4)
    some = drawn > 0
    for often in (some, some[:, 2]):  # gamma rounds to 0 now and then
        assert abs(often.mean() - 0.3) <= BOUND * np.sqrt(0.3 * 0.7 / often.size) + 0.002
    assert is_near(drawn[some], always.mean())
    assert is_near((drawn[some] - always.mean()) ** 2, always.var())


@pytest.mark.parametrize("units", ["whole", "continuous"])
@pytest.mark.parametrize("distribution", [POISSON, GAMMA, MIXED, {"name": "norm", "loc": 3, "scale": 4}])
def test_intermittent_demand_has_its_moments(distribution: dict, units: str):
    """With the chance p, the mean is p m and the variance p (s^2 + m^2) - (p m)^2 (Croston 1972)."""
    always, scenario = world(units, distribution=distribution), world(units, distribution=distribution, occurs=0.3)
    m, s2 = moments(always, "customers")
    mean, variance = moments(scenario, "customers")
    assert (mean, variance) == pytest.approx((0.3 * m, 0.3 * (s2 + m**2) - (0.3 * m) ** 2), rel=1e-6)
    assert has_moments(demand(scenario)[:, 3], mean, variance)


def test_whether_demand_occurs_can_be_correlated():
    """Two demands that occur on half of all days, correlated by c, both occur on 1/4 + asin(c) / (2 pi) of them.

    It is the chance that two normal scores are positive (Sheppard 1899).
    """
    drawn = draw(pair(0.5, distribution=1, occurs=0.5)).demand[:, 2]
    assert is_near((drawn.sum(axis=1) == 2).astype(float), 1 / 4 + np.arcsin(0.5) / (2 * np.pi))


# Forecasts

ACCURACY = [0.9, 0.7, 0.5]


def accurate(accuracy: list[float], **more: Any) -> Scenario:
    """Return a shop whose demand is known in advance with an accuracy."""
    return world(forecast={"accuracy": accuracy}, **more)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"units": "whole", "distribution": POISSON, "occurs": 0.5},
        {"autocorrelation": 0.6, "season": [1, 2]},
        {"regimes": TWO},
        {"regimes": TWO, "autocorrelation": -0.5, "regime_seen": "hidden"},
    ],
)
def test_demand_is_the_same_whatever_is_known_of_it(more: dict[str, Any]):
    """A better forecast changes what is seen, and nothing of what comes."""
    bare, *others = (
        draw(scenario, 20)
        for scenario in (world(**more), *(accurate(a, **more) for a in ([0], [0.3], ACCURACY, [1, 1])))
    )
    for other in others:
        assert np.array_equal(other.chance, bare.chance)
    assert not np.allclose(forecast(others[1])[:, :, 0], forecast(others[2])[:, :, 0])


@pytest.mark.parametrize("units", ["whole", "continuous"])
@pytest.mark.parametrize("distribution", [POISSON, GAMMA, MIXED])
@pytest.mark.parametrize("more", [{}, {"autocorrelation": 0.7}, {"occurs": 0.5}])
def test_who_knows_all_sees_the_demand_itself(distribution: dict, units: str, more: dict):
    """With an accuracy of 1 for this period and the next, the forecast of both is what they will be."""
    scenario = accurate([1, 1], units=units, distribution=distribution, **more)
    trace = draw(scenario, 50)
    comes = trace.demand[:, :, 0].T
    assert forecast(trace).shape == (9, 50, 2)
    assert forecast(trace)[:-1, :, 0] == pytest.approx(comes, abs=1e-6)
    assert forecast(trace)[:-2, :, 1] == pytest.approx(comes[1:], abs=1e-6)


def test_who_knows_all_sees_a_seasonal_demand_in_its_regime():
    """With an accuracy of 1, and regimes in sight, the forecast is the demand with its season, before it is rounded."""
    scenario = accurate([1], regimes=TWO, season=[0.5, 2], autocorrelation=0.5)
    trace = draw(scenario, 50)
    assert forecast(trace)[:-1, :, 0] == pytest.approx(trace.demand[:, :, 0].T, abs=1e-6)


@pytest.mark.parametrize("distribution", [POISSON, GAMMA, MIXED])
def test_who_knows_nothing_sees_the_mean(distribution: dict):
    """With an accuracy of 0, and beyond the horizon of any, the forecast is the mean, with its season."""
    scenario = accurate([0], units="whole", distribution=distribution, season=[1, 3], lead_time=1)
    mean = moments(scenario, "customers")[0] / 2
    assert forecast(draw(scenario, 3, 2))[:, 1] == pytest.approx(np.array([[1, 3], [3, 1], [1, 3]]) * mean)
    beyond = forecast(draw(accurate([0.5], distribution=distribution, lead_time=3), 3))[:, :, 1:]
    assert beyond == pytest.approx(moments(world(distribution=distribution), "customers")[0])


def test_a_forecast_knows_the_share_of_the_variance_that_is_said():
    """Of normal demand, the forecast h periods ahead explains the share W_h of the variance, and has no bias."""
    trace = draw(accurate(ACCURACY))
    seen, comes = forecast(trace), trace.demand[:, :, 0].T
    for h, share in enumerate(ACCURACY):
        for t in (0, 3, 5):
            one, other = seen[t, :, h], comes[t + h]
            assert abs(correlation(one, other) ** 2 - share) <= BOUND * 2 * np.sqrt(share) / np.sqrt(PATHS)
            assert has_moments(one, 50, 64 * share)
            assert is_near((other - one) * (one - 50), 0)  # the error does not depend on the forecast


def test_a_forecast_by_hand():
    """Of Bernoulli demand with the chance 1/2, known by half, the forecast is Phi(K / sqrt(1 - W)) on the score K."""
    coin = {"name": "bernoulli", "p": 0.5}
    bell = accurate([0.5], distribution=NORMAL)
    score = (forecast(draw(bell, 200)) - 50) / 8  # the same name, and so the same K
    chance = forecast(draw(accurate([0.5], distribution=coin), 200))
    assert chance == pytest.approx(norm.cdf(score / np.sqrt(0.5)), abs=1e-4)


@pytest.mark.parametrize(
    "more",
    [
        {"distribution": POISSON, "units": "whole"},
        {"distribution": MIXED, "autocorrelation": 0.6},
        {"distribution": GAMMA, "autocorrelation": -0.5, "occurs": 0.6, "season": [1, 0.5, 2]},
        {"regimes": TWO, "autocorrelation": 0.5},
        {"regimes": TWO, "regime_seen": "hidden", "autocorrelation": 0.5},
    ],
)
def test_forecasts_are_martingales_that_end_in_the_demand(more: dict[str, Any]):
    """What a forecast changes by, from period to period and then to the demand, depends on nothing known before."""
    trace = draw(accurate(ACCURACY, lead_time=3, **more))
    seen, comes = forecast(trace), trace.demand[:, :, 0].T
    for t in (0, 1, 4):
        for h in range(4):
            before = seen[t, :, h]
            after = seen[t + 1, :, h - 1] if h else comes[t]
            change = after - before
            assert is_near(change, 0)
            assert is_near(change * (before - before.mean()), 0)
            assert is_near(change * (before > np.median(before)), 0)
        if t:
            assert is_near((seen[t + 1, :, 0] - seen[t, :, 1]) * comes[t - 1], 0)


def test_a_forecast_looks_as_far_as_its_accuracy_and_as_any_order_takes():
    """The periods ahead are those until an order of now arrives, mail and all, or those of the accuracy, if more."""
    post = {"lanes.supplier.order_delay": 2}
    assert draw(world(season=[1, 2], lead_time=3), 1).columns.ahead == 4
    assert draw(world(season=[1, 2], lead_time=3, more=post), 1).columns.ahead == 6
    assert draw(accurate([0.5] * 9, lead_time=3, more=post), 1).columns.ahead == 9


def test_an_announced_promotion_is_known_as_far_as_a_forecast_looks():
    """A promotion and a holiday on their dates multiply demand, and are known from their announcement on."""
    spikes = {
        "holiday": {"hits": ["customers"], "starts": {"at": ["2024-03-08"]}, "lasts": 1, "factor": 2, "announced": 99},
        "promotion": {
            "hits": ["customers"],
            "starts": {"at": ["2024-03-04", "2024-03-08"]},
            "lasts": 2,
            "factor": 1.5,
            "announced": 2,
        },
    }
    scenario = shop(
        horizon={"periods": 10, "starts": "2024-03-01"},
        demands={"customers": {"from": "shop", "distribution": 10, "forecast": {"accuracy": [1] * 6}}},
        spikes=spikes,
    )
    trace = draw(scenario, 1, 10)
    assert trace.demand[0, :, 0].tolist() == [10, 10, 10, 15, 15, 10, 10, 30, 15, 10]
    assert forecast(trace)[0, 0].tolist() == [10] * 6
    assert forecast(trace)[1, 0].tolist() == [10, 10, 15, 15, 10, 10]
    assert forecast(trace)[2, 0].tolist() == [10, 15, 15, 10, 10, 20]
    assert forecast(trace)[5, 0].tolist() == [10, 10, 30, 15, 10, 10]


# Traces

EVERYTHING = {
    "a": {"distribution": POISSON, "autocorrelation": 0.6, "season": [1, 0.5]},
    "b": {"distribution": GAMMA, "occurs": 0.5, "forecast": {"accuracy": ACCURACY}},
    "c": {"regimes": TWO, "autocorrelation": -0.3, "forecast": {"accuracy": [0.5, 0.5, 0]}, "trend": 0.1},
    "d": {"regimes": CYCLE, "regime_seen": "hidden"},
}
PAIRS = [("a", "b", 0.5), ("c", "b", -0.4), ("c", "d", 0.3)]


def everything(names: str = "abcd", units: str = "whole") -> Scenario:
    """Return a shop with some of the demands, correlated."""
    return shop(
        units=units,
        demands={name: {"from": "shop", **EVERYTHING[name]} for name in names},
        correlations=[{"between": [a, b], "correlation": c} for a, b, c in PAIRS if a in names and b in names],
    )


@pytest.mark.parametrize("units", ["whole", "continuous"])
def test_a_path_is_the_same_in_every_batch(units: str):
    """Path i alone, or among any others in any order, is the same to the last bit, and so is what is seen of it."""
    chance = Chance(everything(units=units))
    everyone = chance.draw(5, 300)
    for some in ([3], [299, 0, 17], [2, 2], np.arange(299, 0, -7)):
        assert np.array_equal(chance.draw(5, some).rows[:-1], everyone.rows[:-1, some])
        assert np.array_equal(chance.draw(5, some).seen, everyone.seen[:, some])


@pytest.mark.parametrize("periods", [1, 2, 5, 17])
def test_a_longer_draw_begins_with_the_shorter_one(periods: int):
    """What happens first, and what is seen of it, does not depend on how long the world goes on."""
    short, long = Chance(everything()).draw(5, 40, periods), Chance(everything()).draw(5, 40, 20)
    assert np.array_equal(short.chance, long.chance[:periods])
    assert np.array_equal(short.seen, long.seen[: periods + 1])


def test_a_demand_does_not_depend_on_those_that_come_after_it():
    """A further demand, correlated or not, leaves those before it as they are, and what is seen of them."""
    few, many = draw(everything("abc"), 30), draw(everything("abcd"), 30)
    assert np.array_equal(few.demand, many.demand[:, :, :3])
    for name in few.columns.forecast:
        assert np.array_equal(forecast(few, name), forecast(many, name))


def test_what_is_known_of_demands_is_their_own():
    """Of two correlated demands, each is forecast by its own past alone, and without bias."""
    trace = draw(pair(0.7, autocorrelation=0.5, a={"forecast": {"accuracy": [0.5]}}))
    for k, name in enumerate("ab"):
        assert is_near(trace.demand[:, 4, k] - forecast(trace, name)[4, :, 0], 0)
    apart = draw(pair(0, autocorrelation=0.5, a={"forecast": {"accuracy": [0.5]}}))
    assert np.array_equal(forecast(trace, "a"), forecast(apart, "a"))


def test_extremes_are_finite():
    """Scores beyond what a 32-bit word can mean stand for the last that it can, and no demand is infinite."""
    scenario = world(distribution={"name": "expon"}, autocorrelation=0.99, forecast={"accuracy": [1, 0.999999, 1e-9]})
    assert np.isfinite(draw(scenario, 2000, 50).rows).all()
    always_most = Drawn(Copula(scenario, "customers"), lambda source: np.full((50, 1), HIGHEST))
    assert always_most.scores[-1] > 9  # where a normal distribution's share is 1 in floating point
    assert always_most.demand == pytest.approx(-np.log(1 - HIGHEST))
    assert np.isfinite(list(always_most.foretold(49, 2))).all()


def test_a_table_of_many_values_is_as_good_as_its_steps():
    """Demand with more values than there are steps in a table of means is forecast as its normal approximation is."""
    many = {"name": "binom", "n": 400_000, "p": 0.5}
    bell = {"name": "norm", "loc": binom.mean(400_000, 0.5), "scale": binom.std(400_000, 0.5)}
    one, other = (draw(accurate([0.8, 0.4], units="whole", distribution=each), 100) for each in (many, bell))
    assert forecast(one) == pytest.approx(forecast(other), abs=1.0)


def test_a_forecast_of_normal_demand_is_a_line_on_its_score():
    """E[m + s z | K] = m + s K, to within a thousandth of s, whatever the accuracy."""
    e = ndtri(norm.cdf(demand(world(), 500), 50, 8))
    for share in (0.999, 0.99, 0.5):
        seen = forecast(draw(accurate([share]), 500))[:-1, :, 0].T
        expected, spread = 50 + 8 * share * e, 8 * np.sqrt(share * (1 - share))
        assert abs(((seen - expected) / spread).std() - 1) <= BOUND / np.sqrt(2 * e.size)
