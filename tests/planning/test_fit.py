"""Fits find the parameters that series were simulated with, and say where they do not fit."""

import pickle

import numpy as np
import pytest

from jit_gym.common.executor import Executor
from jit_gym.planning import read
from jit_gym.planning.families import Law
from jit_gym.planning.fit import fit, product_limit_mean
from jit_gym.planning.fits import fit_all
from jit_gym.planning.grid import Grid
from jit_gym.planning.shift import shifts

WEEKS = Grid("week", 0, tuple(range(7)), 2800, 156)
T = np.arange(156)


def weeks(many: int) -> Grid:
    return WEEKS._replace(many=many)


def test_poisson_demand_is_found():
    found = fit(np.random.default_rng(1).poisson(20, 156).astype(float), WEEKS)
    assert found.distribution.name == "poisson"
    assert found.distribution.mean == pytest.approx(20, abs=4 * np.sqrt(20 / 156))
    assert found.pattern.season.tolist() == [1.0]
    assert found.trend == found.pattern.trend == 0
    assert found.autocorrelation == 0
    assert found.promotion is found.spike is None
    assert found.warnings == ()
    assert found.sold == found.product_limit == pytest.approx(found.distribution.mean, rel=1e-3)


@pytest.mark.parametrize("size", [2.0, 4.0])
def test_overdispersed_counts_are_negative_binomial(size: float):
    found = fit(np.random.default_rng(2).negative_binomial(size, size / (size + 12), 2000).astype(float), weeks(2000))
    assert found.distribution.name == "nbinom"
    assert found.distribution.parameters["n"] == pytest.approx(size, rel=0.2)
    assert found.distribution.mean == pytest.approx(12, rel=0.1)


def test_continuous_quantities_get_a_continuous_distribution():
    found = fit(np.random.default_rng(3).gamma(4, 2.5, 600), weeks(600), whole=False)
    assert found.distribution.name == "gamma"
    assert found.distribution.mean == pytest.approx(10, rel=0.05)
    assert found.distribution.variance == pytest.approx(25, rel=0.2)
    assert found.warnings == ()


def test_a_season_is_found_and_continues_where_the_series_ends():
    true = 1 + 0.5 * np.sin(2 * np.pi * np.arange(208) / 52)
    found = fit(np.random.default_rng(4).poisson(40 * true[:166]).astype(float), weeks(166))
    assert len(found.pattern.season) == 52
    ahead = true[166 - 52 :][:52]
    np.testing.assert_allclose(found.pattern.season, ahead / ahead.mean(), atol=0.12)
    assert found.pattern.level == pytest.approx(40, rel=0.05)
    assert found.warnings == ()


def test_days_of_the_week_are_a_season_of_seven():
    days, true = Grid("day", 0, tuple(range(7)), 19700, 800), np.array([1.0, 0.8, 0.9, 1.0, 1.3, 1.6, 0.4])
    found = fit(np.random.default_rng(15).poisson(30 * true[np.arange(800) % 7]).astype(float), days)
    np.testing.assert_allclose(found.pattern.season, np.roll(true, -800 % 7), atol=0.06)
    assert found.warnings == ()


def test_warnings_are_as_rare_as_they_say():
    """Of 60 series like what is fitted to them, 5 % and 1 % are warned of by chance: 3.6, and rarely more than 9."""
    rng = np.random.default_rng(16)
    series = rng.negative_binomial(3, 3 / (3 + 12 * (1 + 0.4 * np.sin(2 * np.pi * T / 52))), (60, 156)).astype(float)
    assert sum(fit(units, WEEKS).poor for units in series) <= 9


def test_a_trend_sets_the_level_at_the_end_and_goes_on():
    found = fit(np.random.default_rng(5).poisson(30 * (1 + 0.01 * T)).astype(float), WEEKS)
    assert found.pattern.level == pytest.approx(30 * 2.56, rel=0.08)
    assert found.trend == pytest.approx(0.01 / 2.56, rel=0.15)
    assert found.sold < 0.8 * found.pattern.level


def test_a_trend_that_ended_does_not_go_on():
    mean = 30 * (1 + 0.02 * np.minimum(T, 80))
    found = fit(np.random.default_rng(6).poisson(mean).astype(float), WEEKS)
    assert found.pattern.level == pytest.approx(78, rel=0.1)  # of a trend, or of the level that it ended with
    assert found.trend == 0


def test_promotions_have_a_factor_a_rate_and_a_length():
    promoted = np.isin(T % 26, (3, 4))
    units = np.random.default_rng(7).poisson(np.where(promoted, 75, 25)).astype(float)
    found = fit(units, WEEKS, promoted=promoted)
    assert found.promotion is not None
    assert found.promotion.factor == pytest.approx(3, rel=0.1)
    assert found.promotion.lasts == 2
    assert found.promotion.rate == 6 / 144
    assert found.distribution.mean == pytest.approx(25, rel=0.05)


def test_one_promotion_is_no_usual_demand():
    units = np.full(40, 10.0) + np.arange(40) % 3
    units[20] = 500
    found = fit(units, weeks(40), promoted=np.arange(40) == 20)
    assert found.promotion is None
    assert found.distribution.mean == pytest.approx(11, abs=0.2)


def test_spikes_are_set_apart():
    units = np.random.default_rng(8).poisson(25, 156).astype(float)
    units[[30, 31, 111]] = [120, 110, 130]
    found = fit(units, WEEKS)
    assert list(np.flatnonzero(found.spikes)) == [30, 31, 111]
    assert found.spike is not None
    assert found.spike.factor == pytest.approx(120 / 25, rel=0.1)
    assert found.spike.lasts == 1.5
    assert found.distribution.mean == pytest.approx(25, rel=0.05)


def test_a_peak_of_each_year_is_season_and_no_spike():
    units = np.random.default_rng(9).poisson(25, 156).astype(float)
    units[50::52] = [120, 110, 130]
    found = fit(units, WEEKS)
    assert found.spike is None
    assert found.pattern.season.argmax() == 50
    assert found.pattern.season[50] / np.median(found.pattern.season) == pytest.approx(120 / 25, rel=0.15)


def test_intermittent_demand_occurs_now_and_then():
    rng = np.random.default_rng(10)
    units = np.where(rng.random(400) < 0.2, 1 + rng.poisson(9, 400), 0).astype(float)
    found = fit(units, weeks(400))
    assert found.law.occurs == pytest.approx(0.2, abs=0.06)
    assert found.distribution.mean == pytest.approx(10, rel=0.08)
    assert found.warnings == ()


def test_autocorrelation_is_that_of_normal_scores():
    rng, score = np.random.default_rng(11), np.zeros(1000)
    for t in range(1, 1000):
        score[t] = 0.6 * score[t - 1] + 0.8 * rng.standard_normal()
    found = fit(np.floor(100 + 20 * score + 0.5), weeks(1000))
    assert found.autocorrelation == pytest.approx(0.6, abs=0.08)


def test_demand_without_stock_is_more_than_what_was_sold():
    """Of Poisson(20) demand at most 22 can be sold in half of the periods: the mean comes out all the same."""
    rng = np.random.default_rng(12)
    demand, stock = rng.poisson(20, 600).astype(float), np.where(rng.random(600) < 0.5, 18, 99)
    sold, short = np.minimum(demand, stock), demand >= stock
    naive = fit(sold, weeks(600))
    found = fit(sold, weeks(600), short=short)
    assert found.short == short.sum() > 100
    assert naive.distribution.mean < 19
    assert found.distribution.mean == pytest.approx(20, abs=0.4)
    assert found.product_limit == pytest.approx(20, abs=0.4)
    assert found.warnings == ()


def test_weeks_of_zeros_without_stock_say_nothing():
    units = np.random.default_rng(13).poisson(20, 156).astype(float)
    short = np.zeros(156, bool)
    short[40:60] = True
    found = fit(np.where(short, 0, units), WEEKS, short=short)
    assert found.distribution.mean == pytest.approx(20, rel=0.05)
    assert found.known == 136


def test_the_product_limit_estimator_worked_by_hand():
    """1, 2 or more, 3, 4: survival is 3/4 after 1, then 3/8 after 3, and 0 after 4: 1 + 3/4 x 2 + 3/8 = 2.875."""
    values, at_least = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, False])
    assert product_limit_mean(values, at_least) == pytest.approx(2.875)
    assert product_limit_mean(values, np.zeros(4, bool)) == 2.5
    assert np.isnan(product_limit_mean(values, np.ones(4, bool)))


def test_a_poor_fit_is_warned_of():
    units = np.tile([1.0, 100.0], 100)
    found = fit(units, weeks(200))
    assert any("does not fit well" in each for each in found.warnings)


def test_a_change_at_the_end_is_warned_of():
    """The mean stays, and the spread does not: that is no other level."""
    rng = np.random.default_rng(14)
    units = rng.poisson(20, 156).astype(float)
    units[117:] = rng.negative_binomial(1, 1 / 21, 39)
    found = fit(units, WEEKS)
    assert any("the last 39 periods are not like those before" in each for each in found.warnings)
    assert found.shifts == ()


@pytest.mark.parametrize(("at", "times"), [(100, 2.0), (130, 0.5), (142, 2.5)])
def test_a_level_that_changed_for_good_is_the_last_one(at: int, times: float):
    """What came before still tells of the season, a half up and down, and the note of when and by how much."""
    season = 1 + 0.5 * np.sin(2 * np.pi * T / 52)
    units = np.random.default_rng(15).poisson(40 * season * np.where(at <= T, times, 1.0)).astype(float)
    found = fit(units, WEEKS)
    (change,) = found.shifts
    assert abs(change - at) <= 3
    assert found.pattern.level == pytest.approx(40 * times, rel=0.1)
    assert found.pattern.season.max() == pytest.approx(1.5, abs=0.15)
    assert found.warnings == ()
    assert f"its level changed in the week of {WEEKS.starts[change]}, from 4" in found.notes[0]


def test_a_level_that_changed_twice_is_the_last_one():
    units = np.random.default_rng(16).poisson(np.where(T < 60, 30, np.where(T < 110, 12, 45))).astype(float)
    found = fit(units, WEEKS)
    assert len(found.shifts) == 2
    assert found.pattern.level == pytest.approx(45, rel=0.1)


def test_levels_rarely_change_by_chance():
    """Of a thousand steady series, about one in two hundred; of those with spikes or of few sales no more than that."""
    rng, none = np.random.default_rng(17), np.ones(156)
    kinds = [rng.poisson(20, (150, 156)), rng.poisson(0.6, (150, 156)), rng.negative_binomial(2, 0.1, (150, 156)),
             rng.poisson(20, (150, 156)) * rng.choice([1, 5], (150, 156), p=[0.96, 0.04])]  # fmt: skip
    for kind in kinds:
        assert sum(bool(shifts(each.astype(float), none)) for each in kind) <= 4


def test_a_trend_is_no_change_of_the_level():
    units = np.random.default_rng(18).poisson(30 * (1 + T / 156)).astype(float)
    assert fit(units, WEEKS).shifts == ()


def test_an_item_that_is_sold_no_longer():
    units = np.random.default_rng(19).poisson(12, 156).astype(float)
    units[120:] = 0
    found = fit(units, WEEKS)
    assert found.warnings == (f"nothing was sold since {WEEKS.starts[120]}, 36 weeks: taken for sold no longer",)
    assert found.pattern.level == 0.01
    slow = np.zeros(156)
    slow[::13] = 3  # twelve weeks without a sale are usual
    assert "sold no longer" not in str(fit(slow, WEEKS).warnings)


def test_a_new_item_has_the_level_of_its_own_weeks():
    units = np.random.default_rng(20).poisson(12, 156).astype(float)
    units[:130] = np.nan
    found = fit(units, WEEKS)
    assert found.pattern.level == pytest.approx(12, rel=0.15)
    assert found.known == 26
    assert "less than two years" in found.warnings[0]


def test_items_are_fitted_in_processes_with_the_same_results(tmp_path):
    rng, days = np.random.default_rng(21), np.datetime_as_string(np.datetime64("2022-01-03") + 7 * np.arange(60))
    lines = [f"{day},{item},{rng.poisson(9)}" for item in ("milk", "tea", "salt") for day in days]
    (tmp_path / "own.csv").write_text("\n".join(["date,item,units", *lines]) + "\n")
    sales, told = read(tmp_path / "own.csv"), []
    here = fit_all(sales, arrived=told.append)
    assert told == [1, 1, 1]
    there = fit_all(sales, Executor("processes", 2))
    for one, other in zip(here, there, strict=True):
        assert pickle.dumps(one) == pickle.dumps(other)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (np.array([3.0, 4.0, 5.0]), "only 3 periods are known: taken for Poisson demand of 4 a period"),
        (np.zeros(30), "nothing was ever sold: taken for Poisson demand of 0.01 a period"),
        (np.full(30, np.nan), "only 0 periods are known: taken for Poisson demand of 0.01 a period"),
    ],
)
def test_too_little_is_said(units: np.ndarray, said: str):
    assert fit(units, weeks(len(units))).warnings == (said,)


@pytest.mark.parametrize("factor", [1.0, 1.7])
@pytest.mark.parametrize(
    "law",
    [
        Law("poisson", (("mu", 3.0),), 1.0, True),
        Law("gamma", (("a", 2.0), ("scale", 3.0)), 1.0, True),
        Law("geom", (("p", 0.3),), 0.4, True),
        Law("norm", (("loc", 9.0), ("scale", 2.0)), 1.0, True),
    ],
)
def test_a_law_is_what_the_engine_draws(law: Law, factor: float):
    """The probabilities of demands are the shares among 200,000 draws of the engine, to sampling error."""
    from jit_gym.chance import Chance
    from jit_gym.scenario import load

    told = {"name": law.name, **dict(law.parameters)}
    demand = {"from": "shop", "distribution": told, "occurs": law.occurs, "season": [factor]}
    world = {"name": "one", "stocks": {"shop": {}}, "lanes": {"buy": {"to": "shop"}}, "demands": {"all": demand}}
    drawn = Chance(load(world)).draw(1, range(2000), 100).demand[:, :, 0]
    values = np.arange(12.0)
    shares = np.array([(drawn <= value).mean() for value in values])
    np.testing.assert_allclose(law.below(values, np.full(12, factor)), shares, atol=0.005)


def test_promotions_all_the_time_are_usual():
    units = np.random.default_rng(17).poisson(20, 60).astype(float)
    found = fit(units, weeks(60), promoted=np.arange(60) > 3)
    assert found.promotion is None
    assert found.distribution.mean == pytest.approx(20, rel=0.1)
    assert "nearly all periods have a promotion: none is told apart" in found.warnings


@pytest.mark.parametrize("seed", [*range(16), 105, 172, 201])
def test_any_series_has_a_fit_that_is_a_world(seed: int):
    """Zeros, gaps, stockouts, promotions, jumps, few or many units, at random: numbers are finite, and demand loads."""
    from jit_gym.scenario import Demand

    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 130))
    mean = float(rng.choice([0.02, 0.5, 3, 40, 3000, 1e6]))
    units = rng.negative_binomial(rng.choice([0.3, 2, 50]), 0.5, n) * mean
    units = np.floor(units) if seed % 2 else units
    units[rng.random(n) < rng.choice([0, 0.3, 0.9])] = 0
    units[rng.random(n) < rng.choice([0, 0.2, 0.8])] = np.nan
    units[: n // 3] *= rng.choice([0, 1, 20])
    short, promoted = rng.random(n) < rng.choice([0, 0.3, 1.0]), rng.random(n) < rng.choice([0, 0.1, 1.0])
    found = fit(units, weeks(n), short=short, promoted=promoted, whole=bool(seed % 2))
    assert np.isfinite(found.pattern.level)
    assert np.isfinite(found.pattern.season).all()
    assert np.isfinite(found.trend)
    assert -1 <= found.autocorrelation <= 1
    told = found.distribution.model_dump(mode="json")
    season = found.pattern.season.tolist() if len(found.pattern.season) > 1 else []
    assert Demand.model_validate({"from": "shop", "distribution": told, "occurs": found.law.occurs, "season": season})
