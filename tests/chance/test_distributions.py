"""Demand distributions: what is drawn has the moments, and the shape, of what a scenario asks for."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import Chance, moments, usage
from jit_gym.chance.bits import UNIT
from jit_gym.chance.tables import LARGEST, counts, invert, tabulate
from jit_gym.scenario import Distribution

from ..worlds import shop

PATHS, PERIODS = 4096, 100  # 409,600 draws

COUNTED = {  # as a scenario writes them, and as scipy does
    "poisson": ({"name": "poisson", "mu": 5}, stats.poisson(5)),
    "busy": ({"name": "poisson", "mu": 3000}, stats.poisson(3000)),
    "geom": ({"name": "geom", "p": 1 / 6, "loc": -1}, stats.geom(1 / 6, loc=-1)),
    "nbinom": ({"name": "nbinom", "n": 2, "p": 0.25}, stats.nbinom(2, 0.25)),
    "randint": ({"name": "randint", "low": 0, "high": 5}, stats.randint(0, 5)),
    "binom": ({"name": "binom", "n": 12, "p": 0.4}, stats.binom(12, 0.4)),
}
ROUNDED = {
    "norm": ({"name": "norm", "loc": 3, "scale": 4}, stats.norm(3, 4)),
    "gamma": ({"name": "gamma", "a": 4, "scale": 1}, stats.gamma(4)),
    "uniform": ({"name": "uniform", "loc": 0.2, "scale": 6.5}, stats.uniform(0.2, 6.5)),
    "lognorm": ({"name": "lognorm", "s": 0.5, "scale": 20}, stats.lognorm(0.5, scale=20)),
}


def draws(distribution: Any, units: str, seed: int = 11) -> np.ndarray:
    """Return 409,600 draws of a demand."""
    world = shop({"demands.customers.distribution": distribution}, units=units)
    return Chance(world).draw(seed, PATHS, PERIODS).demand.ravel()


def pmf_of_rounded(frozen: Any, most: int) -> np.ndarray:
    """Return the chances of 0, 1, ..., most for a number rounded to the nearest whole one and cut at 0."""
    return np.diff(frozen.cdf(np.arange(most + 1) + 0.5), prepend=0.0)


def assert_moments(sample: np.ndarray, mean: float, variance: float, fourth: float):
    """Hold a sample's mean and variance within 4.5 standard errors, the latter by the fourth central moment."""
    n = len(sample)
    assert abs(sample.mean() - mean) <= 4.5 * np.sqrt(variance / n)
    assert abs(sample.var() - variance) <= 4.5 * np.sqrt((fourth - variance**2) / n)


def assert_moments_of(sample: np.ndarray, values: np.ndarray, chances: np.ndarray):
    """Hold a sample to the moments of values that come with these chances."""
    mean = values @ chances
    assert_moments(sample, mean, (values - mean) ** 2 @ chances, (values - mean) ** 4 @ chances)


def assert_shape(sample: np.ndarray, values: np.ndarray, chances: np.ndarray):
    """Hold a sample to chances by chi-square, with the rare values at the ends put together."""
    seen = np.array([(sample == value).sum() for value in values])
    assert seen.sum() == len(sample)
    often = chances * len(sample) >= 10
    expected = np.append(chances[often], chances[~often].sum()) * len(sample)
    observed = np.append(seen[often], seen[~often].sum())
    if expected[-1] < 10:
        expected, observed = expected[:-1], observed[:-1]
        expected *= observed.sum() / expected.sum()
    assert stats.chisquare(observed, expected).pvalue > 1e-3


@pytest.mark.parametrize("units", ["whole", "continuous"])
@pytest.mark.parametrize("name", COUNTED)
def test_draws_of_a_count_have_its_moments_and_shape(name: str, units: str):
    """A count keeps scipy's mean, variance and chances, whether units are whole or continuous."""
    distribution, frozen = COUNTED[name]
    sample = draws(distribution, units)
    mean, variance, excess = frozen.stats("mvk")
    assert_moments(sample, mean, variance, (excess + 3) * variance**2)
    values = np.arange(frozen.ppf(1 - 1e-12) + 1)
    assert_shape(sample, values, frozen.pmf(values))


@pytest.mark.parametrize("name", ROUNDED)
def test_whole_units_round_to_the_nearest_and_cut_at_0(name: str):
    """In whole units, k has the chance of k - 1/2 to k + 1/2, and 0 that of everything below 1/2."""
    distribution, frozen = ROUNDED[name]
    most = int(frozen.ppf(1 - 1e-12)) + 1
    values, chances = np.arange(most + 1), pmf_of_rounded(frozen, most)
    sample = draws(distribution, "whole")
    assert_moments_of(sample, values, chances)
    assert_shape(sample, values, chances)


def test_a_normal_demand_is_cut_at_0():
    """E max(X, 0) = m F(m/s) + s f(m/s) and E max(X, 0)^2 = (m^2 + s^2) F(m/s) + m s f(m/s), X Normal(m, s)."""
    m, s = 3.0, 4.0
    below, density = stats.norm.cdf(m / s), stats.norm.pdf(m / s)
    mean, square = m * below + s * density, (m**2 + s**2) * below + m * s * density
    distribution = {"name": "norm", "loc": m, "scale": s}
    sample = draws(distribution, "continuous")
    assert_moments(sample, mean, square - mean**2, ((sample - mean) ** 4).mean())
    assert abs((sample == 0).mean() - (1 - below)) <= 4.5 * np.sqrt(below * (1 - below) / len(sample))
    world = shop({"demands.customers.distribution": distribution})
    assert moments(world, "customers") == pytest.approx((mean, square - mean**2), rel=1e-4)


@pytest.mark.parametrize("name", ["gamma", "uniform", "lognorm"])
def test_continuous_units_keep_a_continuous_distribution(name: str):
    """In continuous units nothing is rounded (Kolmogorov-Smirnov)."""
    distribution, frozen = ROUNDED[name]
    sample = draws(distribution, "continuous")
    assert stats.kstest(sample, frozen.cdf).pvalue > 1e-3
    mean, variance, excess = frozen.stats("mvk")
    assert_moments(sample, mean, variance, (excess + 3) * variance**2)


def test_a_normal_demand_far_above_0_is_normal():
    """Normal(50, 8), the demand of Snyder and Shen (2019), example 4.3, is never cut (Kolmogorov-Smirnov)."""
    sample = draws({"name": "norm", "loc": 50, "scale": 8}, "continuous")
    assert stats.kstest(sample, stats.norm(50, 8).cdf).pvalue > 1e-3


@pytest.mark.parametrize("units", ["whole", "continuous"])
def test_an_empirical_demand_comes_by_its_weights(units: str):
    """Values come by their weights, in any order; a value twice has both weights, and weight 0 is never drawn."""
    distribution = {"name": "empirical", "values": [9, 0, 2, 9, 5], "weights": [1, 6, 2, 1, 0]}
    sample = draws(distribution, units)
    values, chances = np.array([0.0, 2.0, 9.0]), np.array([0.6, 0.2, 0.2])
    assert_moments_of(sample, values, chances)
    assert_shape(sample, values, chances)
    plain = draws({"name": "empirical", "values": [1, 4]}, units)
    assert_shape(plain, np.array([1.0, 4.0]), np.array([0.5, 0.5]))


@pytest.mark.parametrize(("units", "value"), [("continuous", 2.4), ("whole", 2.0)])
def test_a_fixed_demand_is_always_the_same(units: str, value: float):
    """A fixed 2.4 is 2.4, or 2 in whole units; and so are its mean and a variance of 0."""
    assert (draws(2.4, units) == value).all()
    world = shop({"demands.customers.distribution": 2.4}, units=units)
    assert moments(world, "customers") == (value, 0.0)


@pytest.mark.parametrize("name", COUNTED)
def test_the_table_of_a_count_has_exact_moments(name: str):
    """Nothing is rounded, so a table has scipy's mean and variance but for tails beyond 2**-33."""
    distribution, frozen = COUNTED[name]
    table = tabulate(Distribution(**distribution))
    assert (table.mean, table.variance) == pytest.approx((frozen.mean(), frozen.var()), rel=1e-8)
    world = shop({"demands.customers.distribution": distribution}, units="whole")
    assert moments(world, "customers") == (table.mean, table.variance)


@pytest.mark.parametrize("name", ROUNDED)
def test_the_moments_of_rounded_demand_are_those_of_what_is_drawn(name: str):
    """The mean that rules and forecasts use in whole units is that of the rounded and cut demand."""
    distribution, frozen = ROUNDED[name]
    most = int(frozen.ppf(1 - 1e-13)) + 1
    values, chances = np.arange(most + 1), pmf_of_rounded(frozen, most)
    mean = values @ chances
    world = shop({"demands.customers.distribution": distribution}, units="whole")
    assert moments(world, "customers") == pytest.approx((mean, (values - mean) ** 2 @ chances), rel=1e-6)


@pytest.mark.parametrize(
    "distribution",
    [5, *(written for written, _ in COUNTED.values()), {"name": "empirical", "values": [0, 5e4], "weights": [1, 1e6]}],
    ids=str,
)
def test_a_guide_table_finds_what_a_search_finds(distribution: Any):
    """The value of a word is the first whose cumulative chance reaches (w + 1/2) / 2**32 (Chen and Asau 1974)."""
    table = tabulate(Distribution.model_validate(distribution))
    edges = np.append(np.round(table.cumulative * 2**32), np.arange(1025) * 2**22)
    close = np.clip(edges[:, None] + np.arange(-2, 3), 0, 2**32 - 1).ravel().astype(np.uint64)
    at_random = np.random.default_rng(0).integers(0, 2**32, 2000, np.uint64)
    for word in [*close[:20_000], *at_random]:
        place = np.searchsorted(table.cumulative, (int(word) + 0.5) * UNIT)
        assert invert(word, *table) == table.values[place]


def test_a_demand_too_wide_for_a_table_is_drawn_by_its_quantiles():
    """Uniform(0, 10**6) has more than 65,536 values: no table, and yet whole draws with the right moments."""
    distribution = {"name": "uniform", "scale": 1e6}
    assert tabulate(Distribution(**distribution)) is None
    sample = draws(distribution, "whole")
    assert (sample == np.floor(sample)).all()
    assert_moments(sample, 5e5, 1e12 / 12, 1e24 / 80)


def test_a_number_of_periods_too_wide_for_a_table_is_refused():
    """A lead time or duration must have 65,536 values or fewer, for each may need a place in the pipeline."""
    with pytest.raises(ValueError, match=f"poisson\\(mu=1000000000.0\\) has more than {LARGEST} values"):
        counts(Distribution(name="poisson", mu=1e9))


def test_a_count_between_whole_numbers_rounds_to_the_nearest():
    """A Poisson number and 0.3 more is, in whole units, the Poisson number."""
    shifted = tabulate(Distribution(name="poisson", mu=5, loc=0.3))
    assert shifted.mean == pytest.approx(5, rel=1e-8)


def test_a_demand_below_0_is_none():
    """A demand that would always be negative is always 0."""
    for units in ("whole", "continuous"):
        assert (draws({"name": "norm", "loc": -50, "scale": 1}, units) == 0).all()


def test_usage_adds_up_what_all_demands_draw():
    """Means add by quantity and variances by its square: 2 x Poisson(5) and 1 x Poisson(3) give 13 and 23."""
    world = shop(
        stocks={"wheel": {}, "bell": {}},
        lanes={"a": {"to": "wheel"}, "b": {"to": "bell"}},
        demands={
            "bikes": {"from": {"wheel": 2, "bell": 1}, "distribution": {"name": "poisson", "mu": 5}},
            "repairs": {"from": "wheel", "distribution": {"name": "poisson", "mu": 3}},
        },
    )
    assert usage(world) == {"wheel": pytest.approx((13, 23)), "bell": pytest.approx((5, 5))}
