"""Seasons, trends and spikes: demand on average as it should be, and a forecast that knows what can be known."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance, Trace, moments
from jit_gym.scenario import Scenario

from ..worlds import shop

POISSON = {"name": "poisson", "mu": 5}
NORMAL = {"name": "norm", "loc": 50, "scale": 8}
SEASON = [0.5, 1.0, 1.6]


def asked(
    units: str = "continuous", spikes: dict[str, Any] | None = None, lead_time: int = 0, **demand: Any
) -> Scenario:
    """Return a shop whose customers, if nothing else is said, ask for 10 units a period."""
    spikes = {name: {"hits": ["customers"], **spike} for name, spike in (spikes or {}).items()}
    demand = {"from": "shop", **({} if "history" in demand else {"distribution": 10}), **demand}
    lanes = {"supplier": {"to": "shop", "lead_time": lead_time}}
    return shop(units=units, spikes=spikes, lanes=lanes, demands={"customers": demand})


def draw(world: Scenario, paths: int = 1, periods: int | None = None) -> Trace:
    """Return a trace of a world."""
    return Chance(world).draw(13, paths, periods)


def units(world: Scenario, periods: int = 8) -> list[float]:
    """Return the demand of one path."""
    return draw(world, 1, periods).demand[0, :, 0].tolist()


def forecast(trace: Trace, path: int = 0) -> np.ndarray:
    """Return what is forecast at the start of each period (periods + 1, periods ahead)."""
    return trace.seen[:, path, trace.columns.forecast["customers"]]


def test_a_season_multiplies_and_begins_again():
    """Factors of a season apply one a period, from period 0 on, again and again."""
    assert units(asked(season=SEASON), 7) == pytest.approx([5, 10, 16, 5, 10, 16, 5])


def test_a_trend_grows_by_a_share_of_the_first_period():
    """With a trend g, period t has 1 + g t times the demand, and never less than none."""
    assert units(asked(trend=0.1), 4) == pytest.approx([10, 11, 12, 13])
    assert units(asked(trend=-0.4), 5) == pytest.approx([10, 6, 2, 0, 0])
    assert units(asked(season=[1, 2], trend=0.5), 4) == pytest.approx([10, 30, 20, 50])


def test_continuous_demand_is_the_same_draw_times_its_factor():
    """In continuous units, season and trend scale the very draws of the demand without them."""
    plain = draw(asked(distribution=NORMAL), 100).demand[:, :, 0]
    scaled = draw(asked(distribution=NORMAL, season=SEASON, trend=0.01), 100).demand[:, :, 0]
    factor = np.resize(SEASON, 20) * (1 + 0.01 * np.arange(20))
    assert scaled == pytest.approx(plain * factor)


def test_whole_units_are_rounded_without_bias():
    """Three units, times 0.7, are 2 in nine periods of ten and 3 in one: whole numbers whose mean is 2.1."""
    drawn = draw(asked("whole", distribution=3, season=[0.7]), 4096, 100).demand
    assert set(np.unique(drawn)) == {2.0, 3.0}
    assert abs((drawn == 3).mean() - 0.1) <= 4.5 * np.sqrt(0.1 * 0.9 / drawn.size)


def test_whole_seasonal_demand_has_the_mean_of_its_season():
    """Poisson(5) with a season averages 5 times the factor at each place, and `moments` over all of them."""
    world = asked("whole", distribution=POISSON, season=SEASON)
    drawn = draw(world, 4096, 99).demand[:, :, 0]
    for place, factor in enumerate(SEASON):
        part = drawn[:, place::3]
        assert abs(part.mean() - 5 * factor) <= 4.5 * part.std() / np.sqrt(part.size)
    mean, variance = moments(world, "customers")
    square = (np.array(SEASON) ** 2).mean() * (5 + 25)
    assert (mean, variance) == pytest.approx((5 * np.mean(SEASON), square - mean**2), rel=1e-8)
    assert abs(drawn.mean() - mean) <= 4.5 * drawn.std() / np.sqrt(drawn.size)


def test_whole_factors_of_whole_demand_need_no_rounding():
    """A factor that gives whole units gives exactly those, though 4.1 x 10 is not 41 in binary."""
    assert units(asked("whole", season=[1, 3, 4.1, 0])) == [10, 30, 41, 0, 10, 30, 41, 0]


@pytest.mark.parametrize(("season", "trend"), [(SEASON, 0.1), (SEASON, 0.0), ([], -0.05)])
def test_a_forecast_knows_season_and_trend(season: list[float], trend: float):
    """At the start of each period the forecast is the mean of this and the next periods, one for each column."""
    trace = draw(asked(distribution=NORMAL, season=season, trend=trend, lead_time=2), 3, 6)
    mean = 50 * np.resize(season or [1], 9) * (1 + trend * np.arange(9))
    assert trace.columns.ahead == 3
    for b in range(3):
        assert forecast(trace, b) == pytest.approx(np.array([mean[t : t + 3] for t in range(7)]))


def test_a_forecast_of_a_season_without_demand_is_none():
    """A season of zeros is 0 and forecast as 0."""
    trace = draw(asked(season=[0, 0]))
    assert (trace.demand == 0).all()
    assert (forecast(trace) == 0).all()


def test_demand_that_does_not_change_needs_no_forecast():
    """Constant means take no column of what is seen; nor does a spike that nobody can see."""
    hidden = {"starts": {"at": [2]}, "lasts": 1, "factor": 2, "seen": "hidden"}
    for spikes in ({}, {"sale": hidden}):
        trace = draw(asked(spikes=spikes))
        assert trace.columns.forecast == {}
        assert trace.columns.seen == 0


def test_a_spike_multiplies_from_its_date_for_as_long_as_it_lasts():
    """A spike at periods 1 and 5, two periods long, triples periods 1, 2, 5 and 6 and no other."""
    spike = {"starts": {"at": [5, 1]}, "lasts": 2, "factor": 3}
    assert units(asked(spikes={"sale": spike})) == [10, 30, 30, 10, 10, 30, 30, 10]


def test_a_spike_can_start_on_a_calendar_date():
    """A date counts from horizon.starts: with days for periods, 3 March is period 2 of a world born on 1 March."""
    spike = {"hits": ["customers"], "starts": {"at": ["2024-03-03"]}, "lasts": 1, "factor": 0}
    world = shop(
        {"demands.customers.distribution": 10},
        horizon={"periods": 20, "period": "day", "starts": "2024-03-01"},
        spikes={"holiday": spike},
    )
    assert units(world, 4) == [10, 10, 0, 10]


def test_spikes_recur_after_quiet_spells():
    """`every` counts from the end of one to the start of the next, and the world begins in a quiet spell."""
    spike = {"starts": {"every": 3}, "lasts": 2, "factor": 2}
    assert units(asked(spikes={"sale": spike}), 12) == [10, 10, 10, 20, 20, 10, 10, 10, 20, 20, 10, 10]


def test_spikes_at_a_rate_begin_in_any_quiet_period():
    """With a rate r and one period each, the chance of a spike in period t is r / (1 + r) (1 - (-r)^t)."""
    r, paths = 0.25, 100_000
    drawn = draw(asked(spikes={"sale": {"starts": {"rate": r}, "lasts": 1, "factor": 2}}), paths, 12).demand[:, :, 0]
    for t in range(12):
        share = r / (1 + r) * (1 - (-r) ** t)
        assert abs((drawn[:, t] == 20).mean() - share) <= 4.5 * np.sqrt(share * (1 - share) / paths)


def test_spikes_that_meet_multiply():
    """Two spikes on one demand in one period multiply it twice; on another demand they do nothing."""
    spikes = {
        "sale": {"hits": ["customers"], "starts": {"at": [1]}, "lasts": 3, "factor": 2},
        "fair": {"hits": ["customers", "guests"], "starts": {"at": [2]}, "lasts": 1, "factor": 5},
    }
    ten = {"from": "shop", "distribution": 10}
    trace = draw(shop(demands={"customers": ten, "guests": ten, "others": ten}, spikes=spikes), 1, 5)
    assert trace.demand[0].T.tolist() == [[10, 20, 100, 20, 10], [10, 10, 50, 10, 10], [10] * 5]


def test_dates_of_one_spike_that_meet_do_not_multiply():
    """A spike that begins again while it is on goes on, at the same factor."""
    spike = {"starts": {"at": [1, 2]}, "lasts": 3, "factor": 2}
    assert units(asked(spikes={"sale": spike}), 6) == [10, 20, 20, 20, 20, 10]


def test_whole_demand_in_a_spike_is_unbiased():
    """Poisson(5) in a spike of 1.3 averages 6.5 in whole units."""
    spike = {"starts": {"at": [0]}, "lasts": 100, "factor": 1.3}
    drawn = draw(asked("whole", distribution=POISSON, spikes={"sale": spike}), 4096, 100).demand
    assert (drawn == np.floor(drawn)).all()
    assert abs(drawn.mean() - 6.5) <= 4.5 * drawn.std() / np.sqrt(drawn.size)


@pytest.mark.parametrize("announced", [0, 1, 2, 5])
def test_a_forecast_knows_a_spike_from_its_announcement_on(announced: int):
    """A spike of periods 4 to 6 is known `announced` periods before, and then to its end."""
    spike = {"starts": {"at": [4]}, "lasts": 3, "factor": 3, "announced": announced}
    seen = forecast(draw(asked(spikes={"sale": spike}, lead_time=3), 1, 9))
    for t in range(10):
        known = t >= 4 - announced
        assert seen[t].tolist() == [30 if known and 4 <= t + h <= 6 else 10 for h in range(4)]


def test_a_forecast_knows_no_more_than_what_has_begun():
    """On random spikes, what is forecast for a later period holds those that have begun by now, and no others."""
    spike = {"starts": {"rate": 0.3}, "lasts": {"name": "randint", "low": 1, "high": 5}, "factor": 2}
    trace = draw(asked(spikes={"sale": spike}, lead_time=4), 200, 30)
    on = trace.demand[:, :, 0] == 20
    begins = on & ~np.pad(on, ((0, 0), (1, 0)))[:, :-1]
    start = np.maximum.accumulate(np.where(begins, np.arange(30), -1), axis=1)
    for t in range(25):
        for h in range(5):
            known = on[:, t + h] & (start[:, t + h] <= t)
            assert (trace.seen[t, :, h] == np.where(known, 20, 10)).all()


def test_a_hidden_spike_is_in_the_demand_and_in_no_forecast():
    """Beside a visible spike, a hidden one multiplies demand unseen."""
    spikes = {
        "sale": {"starts": {"at": [2]}, "lasts": 1, "factor": 2},
        "rumour": {"starts": {"at": [3]}, "lasts": 2, "factor": 7, "seen": "hidden"},
    }
    trace = draw(asked(spikes=spikes, lead_time=1), 1, 5)
    assert trace.demand[0, :, 0].tolist() == [10, 10, 20, 70, 70]
    assert forecast(trace).tolist() == [[10, 10], [10, 10], [20, 10], [10, 10], [10, 10], [10, 10]]


def test_a_spike_that_comes_once_is_forecast_when_it_has_come_or_is_announced():
    """In period 1 or 3 demand is 10 times 2 for 2 periods: foreseen a period ahead only where it is announced so."""
    spike = {"starts": {"once": {"name": "empirical", "values": [1, 3]}}, "lasts": 2, "factor": 2}
    for announced in (0, 1):
        trace = draw(asked(spikes={"sale": {**spike, "announced": announced}}, lead_time=1), 40, 7)
        begins = (trace.demand[:, :, 0] == 20).argmax(1)
        assert set(begins) == {1, 3}
        for path, start in enumerate(begins):
            asked_for = [20.0 if start <= t < start + 2 else 10.0 for t in range(9)]
            assert trace.demand[path, :, 0].tolist() == asked_for[:7]
            seen = [asked_for[t + 1] if start <= t + announced else 10.0 for t in range(8)]
            assert trace.seen[:, path, 1].tolist() == seen


def test_a_forecast_joins_season_trend_and_spikes():
    """What is known multiplies: the season and the trend always, the spike once it has begun."""
    spike = {"starts": {"at": [1]}, "lasts": 2, "factor": 3}
    trace = draw(asked(season=[1, 2], trend=0.5, spikes={"sale": spike}, lead_time=1), 1, 3)
    assert trace.demand[0, :, 0].tolist() == [10, 90, 60]
    assert forecast(trace).tolist() == [[10, 30], [90, 60], [60, 50], [50, 30]]


def test_the_forecast_is_the_mean_of_what_comes():
    """Over many paths, demand averages the forecast made for it in its own period, spikes and all."""
    spike = {"starts": {"rate": 0.2}, "lasts": {"name": "geom", "p": 0.5}, "factor": 2.5}
    world = asked("whole", distribution=POISSON, season=SEASON, trend=0.02, spikes={"sale": spike})
    trace = draw(world, 20_000, 20)
    error = trace.demand[:, :, 0] - trace.seen[:-1, :, 0].T
    assert abs(error.mean()) <= 4.5 * error.std() / np.sqrt(error.size)
    for t in range(20):
        assert abs(error[:, t].mean()) <= 4.5 * error[:, t].std() / np.sqrt(20_000)
