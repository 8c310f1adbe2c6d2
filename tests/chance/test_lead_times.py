"""Lead times: as distributed as they say, and in sequence unless orders may cross."""

import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import Chance, Columns
from jit_gym.chance.lead_times import ages, keep_sequence
from jit_gym.chance.tables import counts
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import Distribution, Scenario

from ..worlds import shop

RISING = {  # the chance to arrive, for what is still on the way, does not fall with age
    "randint": {"name": "randint", "low": 2, "high": 7},
    "geom": {"name": "geom", "p": 0.3, "loc": -1},
    "poisson": {"name": "poisson", "mu": 3},
    "binom": {"name": "binom", "n": 6, "p": 0.5},
    "nbinom": {"name": "nbinom", "n": 3, "p": 0.5},
    "empirical": {"name": "empirical", "values": [3, 4, 5], "weights": [1, 2, 9]},
}
FALLING = {
    "early-or-late": {"name": "empirical", "values": [2, 8], "weights": [0.9, 0.1]},
    "gap": {"name": "empirical", "values": [0, 1, 3], "weights": [1, 1, 1]},
    "zipf": {"name": "zipf", "a": 4},
    "nbinom": {"name": "nbinom", "n": 0.5, "p": 0.2},
}


def supplied(lead_time: Any, crossing: bool = False) -> Scenario:
    """Return a shop whose supplier takes this long."""
    return shop({"lanes.supplier.lead_time": lead_time, "lanes.supplier.crossing": crossing})


def drawn(lead_time: Any, crossing: bool, paths: int, periods: int, seed: int = 3) -> np.ndarray:
    """Return lead times (paths, periods)."""
    return Chance(supplied(lead_time, crossing)).draw(seed, paths, periods).lead_time[:, :, 0]


def assert_distributed(sample: np.ndarray, distribution: dict[str, Any]):
    """Hold independent lead times to a distribution: its mean and variance, and its chances by chi-square."""
    written = Distribution(**distribution)
    values = np.arange(written.frozen.ppf(1 - 1e-9) + 1) if written.name != "empirical" else written.points[0]
    chances = written.frozen.pmf(values) if written.name != "empirical" else written.points[1]
    mean, variance = values @ chances, (values - values @ chances) ** 2 @ chances
    fourth = (values - mean) ** 4 @ chances
    assert abs(sample.mean() - mean) <= 4.5 * np.sqrt(variance / len(sample))
    assert abs(sample.var() - variance) <= 4.5 * np.sqrt((fourth - variance**2) / len(sample))
    often = chances * len(sample) >= 10
    seen = np.array([(sample == value).sum() for value in values[often]])
    expected = chances[often] * len(sample)
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-3


def test_a_fixed_lead_time_is_not_drawn():
    """A lead time that cannot vary takes no column of a trace, nor does a random one of a single value."""
    for lead_time in (3, {"name": "empirical", "values": [4]}, {"name": "empirical", "values": [0]}):
        trace = Chance(supplied(lead_time)).draw(1, 2, 5)
        assert trace.columns.lead_time == {}
        assert trace.lead_time.shape == (2, 5, 0)


@pytest.mark.parametrize("name", [*RISING, *FALLING])
def test_lead_times_that_cross_are_independent_draws(name: str):
    """With crossing, each shipment's lead time is drawn by itself, from any distribution."""
    distribution = (RISING | FALLING)[name]
    sample = drawn(distribution, True, 2000, 100)
    assert_distributed(sample.ravel(), distribution)
    together = np.corrcoef(sample[:, :-1].ravel(), sample[:, 1:].ravel())[0, 1]
    assert abs(together) <= 4.5 / np.sqrt(sample.size)


@pytest.mark.parametrize("name", RISING)
def test_lead_times_in_sequence_have_the_same_distribution(name: str):
    """Without crossing, the lead time of a shipment in any period is as distributed as stated (Kaplan 1970)."""
    sample = drawn(RISING[name], False, 200_000, 20)
    for period in (0, 1, 19):
        assert_distributed(sample[:, period], RISING[name])


@pytest.mark.parametrize("name", RISING)
def test_a_later_order_overtakes_no_earlier_one(name: str):
    """Without crossing, a shipment of period t + 1 arrives with that of period t or later; with it, some do not."""
    for crossing in (False, True):
        arrival = np.arange(300) + drawn(RISING[name], crossing, 500, 300)
        assert (np.diff(arrival, axis=1) >= 0).all() != crossing


@pytest.mark.parametrize("name", RISING)
def test_arrival_ages_give_back_the_lead_times(name: str):
    """P(lead time > k) = P(A > 0) P(A > 1) ... P(A > k), A being Kaplan's arrival age."""
    table = counts(Distribution(**RISING[name]))
    age = ages(table)
    late = np.cumprod(1 - age.cumulative)
    for value, chance in zip(table.values.astype(int), table.cumulative, strict=True):
        assert late[value] == pytest.approx(1 - chance, abs=1e-9)


@pytest.mark.parametrize("name", FALLING)
def test_lead_times_whose_chance_to_arrive_falls_need_crossing(name: str):
    """What is late must not become later still: no sequence of arrivals has such lead times."""
    assert not keep_sequence(Distribution(**FALLING[name]))
    world = supplied(FALLING[name])
    for use in (Chance, Columns.of, Layout):
        with pytest.raises(ValueError, match=r"^lanes\.supplier\.lead_time: .* \(set crossing: true\)$"):
            use(world)
    Layout(supplied(FALLING[name], crossing=True))


def test_the_refusal_names_the_lane_and_the_way_out():
    """The message says which lane, why, what it was given, and what to set."""
    message = (
        "lanes.supplier.lead_time: without crossing, the chance to arrive must not fall with age, "
        "got empirical(values=[2, 8], weights=[0.9, 0.1]) (set crossing: true)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Chance(supplied(FALLING["early-or-late"]))


def test_a_forecast_looks_as_far_as_the_longest_lead_time():
    """What is ordered now arrives within the longest lead time, so that is how far ahead one must see."""
    longest = {"name": "empirical", "values": [1, 6], "weights": [99, 1]}
    assert Columns.of(supplied(longest, crossing=True)).ahead == 7
    assert Columns.of(supplied(0)).ahead == 1


# Lead times that drift


def lead_times_of(delays: dict[str, Any], periods: int, paths: int = 1, **lane: Any) -> np.ndarray:
    """Return the lead times of a lane of 2 periods that takes longer now and then (paths, periods)."""
    slow = {"to": "shop", "lead_time": 2, "delays": delays, **lane}
    world = shop({"horizon.periods": periods, "horizon.starts": "2021-01-01"}, lanes={"supplier": slow})
    return Chance(world).draw(1, paths).lead_time[..., 0]


def test_lead_times_rise_and_fall_at_their_dates():
    """Two days, five more from day 3 on, and one more from day 6 on: what leaves on days 6 to 9 waits for day 5's.

    That of day 5 arrives on day 12, so that of day 6 takes 6, of day 7 takes 5, of day 8 takes 4; then it is 3.
    """
    for steps in ([[3, 5], [6, 1]], [["2021-01-04", 5], ["2021-01-07", 1]]):
        assert lead_times_of({"steps": steps}, 11)[0].tolist() == [2, 2, 2, 7, 7, 7, 6, 5, 4, 3, 3]
    crossing = lead_times_of({"steps": [[3, 5], [6, 1]]}, 8, crossing=True)
    assert crossing[0].tolist() == [2, 2, 2, 7, 7, 7, 3, 3]


def test_regimes_of_lead_times_last_as_long_as_they_should():
    """A chain with 0.1 and 0.3 is slow for a quarter of the time, and never moves by itself from one period to two."""
    regimes = {"usual": {"periods": 0, "next": {"slow": 0.1}}, "slow": {"periods": 4, "next": {"usual": 0.3}}}
    drawn = lead_times_of({"regimes": regimes}, 2000, 50, crossing=True)
    assert set(np.unique(drawn)) == {2, 6}
    assert (drawn[:, 0] == 2).all()  # it begins in the first
    slow = (drawn == 6).mean(axis=1)
    assert slow.mean() == pytest.approx(0.25, abs=4 * slow.std() / np.sqrt(50))
    in_order = lead_times_of({"regimes": regimes}, 200, 8)
    assert (np.diff(in_order, axis=1) >= -1).all()  # nothing overtakes
    assert (in_order >= lead_times_of({"regimes": regimes}, 200, 8, crossing=True)).all()


def test_formulas_plan_with_the_mean_of_what_is_added():
    """Three more for half of the horizon, or a quarter of the long run: a mean lead time of 2 + 1.5, or 2 + 0.75."""
    regimes = {"usual": {"periods": 0, "next": {"slow": 0.1}}, "slow": {"periods": 3, "next": {"usual": 0.3}}}
    for delays, mean in (({"steps": [[5, 3]]}, 3.5), ({"regimes": regimes}, 2.75)):
        slow = {"to": "shop", "lead_time": 2, "delays": delays}
        world = shop({"horizon.periods": 10}, lanes={"supplier": slow})
        assert PlanningData(world).lead_time.tolist() == pytest.approx([mean])


def test_one_sees_how_much_longer_it_takes_today_unless_it_is_hidden():
    """Five more from day 3 on: 0, 0, 0, 5, 5 is what a view tells, and nothing where it is hidden."""
    for seen, told in (("at-once", [0, 0, 0, 5, 5]), ("hidden", [0] * 5)):
        slow = {"to": "shop", "lead_time": 2, "delays": {"steps": [[3, 5]], "seen": seen}}
        simulation = Simulation(
            Layout(world := shop({"horizon.periods": 5}, lanes={"supplier": slow})), Chance(world).draw(1, 1)
        )
        found = []
        for _ in range(5):
            found.append(View(simulation).delay[0, 0])
            simulation.step(np.zeros((1, 1)))
        assert found == told
