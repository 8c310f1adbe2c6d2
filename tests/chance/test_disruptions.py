"""Disruptions: as long and as frequent as stated, on the lanes they hit, and seen by those who may."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import Chance, Trace
from jit_gym.scenario import Scenario, ScenarioError

from ..worlds import shop

NET = {
    "stocks": {"shop": {}},
    "lanes": {
        "sea": {"to": "shop", "supplier": "maker", "route": "strait"},
        "air": {"to": "shop", "supplier": "maker"},
        "road": {"to": "shop", "route": "strait"},
        "own": {"to": "shop"},
    },
    "suppliers": {"maker": {}},
    "routes": {"strait": {}},
}


def struck(**disruptions: Any) -> Scenario:
    """Return a shop with four lanes and these disruptions."""
    return shop(**NET, disruptions=disruptions)


def available(trace: Trace) -> dict[str, np.ndarray]:
    """Return the share of each fragile lane that is there (periods, paths)."""
    return {name: trace.chance[:, :, column] for name, column in trace.columns.available.items()}


def visible(trace: Trace) -> dict[str, np.ndarray]:
    """Return the share of each lane that is seen to be there (periods + 1, paths)."""
    return {name: trace.seen[:, :, known.start] for (_, name), known in trace.columns.visible.items()}


def test_a_disruption_stops_its_lanes_at_its_dates():
    """A disruption at period 2 for 3 periods leaves nothing of the lane in periods 2, 3 and 4."""
    trace = Chance(struck(strike={"hits": ["own"], "starts": {"at": [2, 9]}, "lasts": 3})).draw(1, 2, 10)
    for path in range(2):
        assert available(trace)["own"][:, path].tolist() == [1, 1, 0, 0, 0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("hits", "lanes"),
    [
        (["maker"], {"sea", "air"}),
        (["strait"], {"sea", "road"}),
        (["own"], {"own"}),
        (["maker", "own"], {"sea", "air", "own"}),
        (["maker", "strait", "sea"], {"sea", "air", "road"}),
    ],
)
def test_a_disruption_hits_all_its_lanes_and_no_others(hits: list[str], lanes: set[str]):
    """A supplier's or a route's disruption stops every lane of it, once, and all at the same time."""
    trace = Chance(struck(strike={"hits": hits, "starts": {"rate": 0.2}, "lasts": 2, "severity": 0.5})).draw(1, 50)
    shares = available(trace)
    assert set(shares) == lanes
    first = shares[min(lanes)]
    assert set(np.unique(first)) == {0.5, 1.0}
    assert all(np.array_equal(first, share) for share in shares.values())


def test_severity_is_the_share_that_is_gone():
    """Severity 0.3 leaves 0.7 of a lane; severity 0 leaves all of it."""
    for severity in (0.0, 0.3, 1.0):
        strike = {"hits": ["own"], "starts": {"at": [0]}, "lasts": 1, "severity": severity}
        trace = Chance(struck(strike=strike)).draw(1, 1, 2)
        assert available(trace)["own"][:, 0].tolist() == pytest.approx([1 - severity, 1])


def test_disruptions_of_one_lane_multiply():
    """A strike that takes 0.5 and a storm that takes 0.8 leave, together, 0.1 of a lane that both hit."""
    strike = {"hits": ["maker"], "starts": {"at": [1]}, "lasts": 2, "severity": 0.5}
    storm = {"hits": ["strait"], "starts": {"at": [2]}, "lasts": 2, "severity": 0.8}
    shares = available(Chance(struck(strike=strike, storm=storm)).draw(1, 1, 5))
    assert shares["sea"][:, 0].tolist() == pytest.approx([1, 0.5, 0.1, 0.2, 1])
    assert shares["air"][:, 0].tolist() == pytest.approx([1, 0.5, 0.5, 1, 1])
    assert shares["road"][:, 0].tolist() == pytest.approx([1, 1, 0.2, 0.2, 1])


def test_an_up_and_down_supplier_is_a_markov_chain():
    """Failing with chance a and recovering with b, it is down in period t with a / (a + b) (1 - (1 - a - b)^t)."""
    a, b, paths = 0.04, 0.25, 100_000
    strike = {"hits": ["maker"], "starts": {"rate": a}, "lasts": {"name": "geom", "p": b}}
    up = available(Chance(struck(strike=strike)).draw(2, paths, 60))["sea"]
    assert (up[0] == 1).all()
    for t in range(1, 60):
        down = a / (a + b) * (1 - (1 - a - b) ** t)
        assert abs((up[t] == 0).mean() - down) <= 4.5 * np.sqrt(down * (1 - down) / paths)


def test_what_begins_for_sure_begins_after_one_quiet_period():
    """A chance of 1 leaves one quiet period between any two events, and so does a geometric spell with p = 1."""
    for starts in ({"rate": 1}, {"every": {"name": "geom", "p": 1}}, {"every": 1}):
        trace = Chance(struck(strike={"hits": ["own"], "starts": starts, "lasts": 2})).draw(1, 1, 7)
        assert available(trace)["own"][:, 0].tolist() == [1, 0, 0, 1, 0, 0, 1]


def test_in_the_long_run_it_is_available_as_often_as_renewals_say():
    """The share of time that is quiet is E[every] / (E[every] + E[lasts]): for geometric spells, b / (a + b)."""
    a, b = 0.1, 0.25
    every, lasts = {"name": "nbinom", "n": 3, "p": 0.3, "loc": 1}, {"name": "randint", "low": 2, "high": 7}
    for starts, length, share in (
        ({"rate": a}, {"name": "geom", "p": b}, b / (a + b)),
        ({"every": every}, lasts, 8 / (8 + 4)),
    ):
        up = available(Chance(struck(strike={"hits": ["own"], "starts": starts, "lasts": length})).draw(4, 2000, 2000))
        means = up["own"][100:].mean(0)
        assert abs(means.mean() - share) <= 4.5 * means.std() / np.sqrt(2000)


def test_quiet_and_disrupted_spells_are_distributed_as_stated():
    """The first three quiet and disrupted spells of each path have the stated distributions (chi-square)."""
    every, lasts = stats.binom(8, 0.4, loc=2), stats.randint(1, 6)
    strike = {
        "hits": ["own"],
        "starts": {"every": {"name": "binom", "n": 8, "p": 0.4, "loc": 2}},
        "lasts": {"name": "randint", "low": 1, "high": 6},
    }
    up = available(Chance(struck(strike=strike)).draw(6, 20_000, 50))["own"].T  # 3 * (10 + 5) < 50
    quiet, down = [], []
    for path in up:
        spells = np.diff(np.flatnonzero(np.diff(path, prepend=0)))[:6]
        quiet += spells[0::2].tolist()
        down += spells[1::2].tolist()
    for sample, frozen in ((quiet, every), (down, lasts)):
        low, high = frozen.support()
        values = np.arange(low, high + 1)
        assert len(sample) == 60_000
        assert abs(np.mean(sample) - frozen.mean()) <= 4.5 * frozen.std() / np.sqrt(60_000)
        seen = [sample.count(value) for value in values]
        assert stats.chisquare(seen, frozen.pmf(values) / frozen.pmf(values).sum() * 60_000).pvalue > 1e-3


def test_what_comes_once_comes_in_a_period_of_its_distribution_and_never_again():
    """With the period uniform on 0 to 11, each of them begins a twelfth of the stops (chi-square), one stop a path.

    The stop lasts 3 periods, also in a trace that is so long that another could follow, and as seen as it is.
    """
    strike = {"hits": ["own"], "starts": {"once": {"name": "randint", "low": 0, "high": 12}}, "lasts": 3}
    trace = Chance(struck(strike=strike)).draw(5, 12_000, 60)
    up = available(trace)["own"]
    assert ((up == 0).sum(0) == 3).all()
    begins = (up == 0).argmax(0)
    assert all((up[begins + k, np.arange(12_000)] == 0).all() for k in range(3))
    assert stats.chisquare(np.bincount(begins, minlength=12)).pvalue > 1e-3
    assert np.array_equal(up, visible(trace)["own"][:-1])


def test_what_comes_once_is_drawn_apart_from_how_long_it_lasts():
    """The period is the same whatever the length, and a length does not depend on the start."""
    starts, lasts = {"once": {"name": "randint", "low": 0, "high": 12}}, {"name": "randint", "low": 1, "high": 4}
    one, other = (
        available(Chance(struck(strike={"hits": ["own"], "starts": starts, "lasts": each})).draw(5, 12_000, 20))["own"]
        for each in (lasts, 2)
    )
    begins, long = (one == 0).argmax(0), (one == 0).sum(0)
    assert np.array_equal(begins, (other == 0).argmax(0))
    pairs = np.histogram2d(begins, long, bins=[np.arange(13), np.arange(1, 5)])[0]
    assert stats.chi2_contingency(pairs).pvalue > 1e-3


def test_what_would_come_once_after_the_end_does_not_come():
    """Where the period drawn is beyond the trace, all periods are quiet; in a longer trace it comes as drawn."""
    strike = {"hits": ["own"], "starts": {"once": {"name": "empirical", "values": [1, 30]}}, "lasts": 2}
    short, long = (available(Chance(struck(strike=strike)).draw(5, 200, periods))["own"] for periods in (20, 40))
    assert np.array_equal(short, long[:20])
    assert set((short == 0).sum(0)) == {0, 2}
    assert set((long == 0).argmax(0)) == {1, 30}


def test_dated_disruptions_can_last_at_random():
    """A disruption at a given period ends at random, differently on each path."""
    strike = {"hits": ["own"], "starts": {"at": [3]}, "lasts": {"name": "geom", "p": 0.5}}
    up = available(Chance(struck(strike=strike)).draw(1, 40_000, 12))["own"]
    assert (up[:3] == 1).all()
    for k in range(9):
        chance = 0.5**k
        assert abs((up[3 + k] == 0).mean() - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / 40_000)


def test_what_is_seen_is_the_visible_part():
    """One sees at the start of a period which visible disruptions are on, never hidden ones, and at the end too."""
    strike = {"hits": ["maker"], "starts": {"at": [1, 5]}, "lasts": 2, "severity": 0.5}
    storm = {"hits": ["strait"], "starts": {"at": [2]}, "lasts": 2, "severity": 0.8, "seen": "hidden"}
    trace = Chance(struck(strike=strike, storm=storm)).draw(1, 1, 5)
    assert set(trace.columns.available) == {"sea", "air", "road"}
    assert set(trace.columns.visible) == {("shipping", "sea"), ("shipping", "air")}  # all that hits the road is hidden
    for share in visible(trace).values():
        assert share[:, 0].tolist() == [1, 0.5, 0.5, 1, 1, 0.5]
    assert available(trace)["sea"][:, 0].tolist() == pytest.approx([1, 0.5, 0.1, 0.2, 1])


def test_what_is_seen_of_a_visible_disruption_is_what_is():
    """On random disruptions that are all visible, the share that is seen is the share that is there."""
    strike = {"hits": ["maker"], "starts": {"rate": 0.2}, "lasts": {"name": "geom", "p": 0.4}, "severity": 0.7}
    storm = {"hits": ["strait"], "starts": {"rate": 0.1}, "lasts": 3}
    trace = Chance(struck(strike=strike, storm=storm)).draw(1, 100)
    for name, share in available(trace).items():
        assert np.array_equal(share, visible(trace)[name][:-1])


FOREVER = float("inf")


@pytest.mark.parametrize("lasts", [FOREVER, ".inf", 10**9, {"name": "fixed", "value": FOREVER}], ids=str)
@pytest.mark.parametrize("starts", [{"at": [2]}, {"every": 2}, {"at": [2, 5, 10**9]}], ids=str)
def test_a_disruption_for_ever_never_ends(starts: dict[str, Any], lasts: Any):
    """From period 2 on nothing is left, and that is seen; with a random start it begins at one time on each path."""
    trace = Chance(struck(strike={"hits": ["own"], "starts": starts, "lasts": lasts})).draw(1, 3, 20)
    for path in range(3):
        assert available(trace)["own"][:, path].tolist() == [1, 1] + [0] * 18
        assert visible(trace)["own"][:, path].tolist() == [1, 1] + [0] * 19


def test_a_random_disruption_for_ever_begins_once():
    """With a chance of 0.2 a period it has begun by period t with chance 1 - 0.8^t, and stays (a geometric law)."""
    strike = {"hits": ["own"], "starts": {"rate": 0.2}, "lasts": FOREVER}
    up = available(Chance(struck(strike=strike)).draw(3, 40_000, 15))["own"]
    assert (np.diff(up, axis=0) <= 0).all()
    for t in range(15):
        chance = 1 - 0.8**t
        assert abs((up[t] == 0).mean() - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / 40_000)


@pytest.mark.parametrize("every", [FOREVER, 10**9], ids=str)
def test_what_never_begins_changes_nothing(every: Any):
    """After a quiet spell for ever nothing happens: the lane is there all the time.

    `every: 1e30` used to write outside the array of what is on.
    """
    for lasts in (3, FOREVER):
        strike = {"hits": ["own"], "starts": {"every": every}, "lasts": lasts}
        assert (available(Chance(struck(strike=strike)).draw(1, 5, 50))["own"] == 1).all()


def test_a_spike_may_be_for_ever():
    """A spike that begins in period 1 and never ends doubles all demand from then on, and the forecast knows it."""
    spike = {"hits": ["customers"], "starts": {"at": [1]}, "lasts": FOREVER, "factor": 2}
    demands = {"customers": {"from": "shop", "distribution": 4}}
    trace = Chance(shop(demands=demands, spikes={"fair": spike})).draw(1, 2, 6)
    assert trace.demand[:, :, 0].tolist() == [[4, 8, 8, 8, 8, 8]] * 2
    assert trace.seen[:, 0, 0].tolist() == [4, 8, 8, 8, 8, 8, 8]


def test_dates_beyond_any_horizon_never_come():
    """A date in the year 9999, in a world with a thousand million periods a year, lies after the last period."""
    horizon = {"periods": 20, "starts": "2024-01-01", "periods_per_year": 1e9}
    strike = {"hits": ["own"], "starts": {"at": ["9999-12-31"]}, "lasts": FOREVER}
    world = shop(**{**NET, "horizon": horizon}, disruptions={"strike": strike})
    assert (available(Chance(world).draw(1, 2))["own"] == 1).all()


@pytest.mark.parametrize("p", [1e-4, 1e-5])
def test_what_is_rare_comes_as_rarely_as_stated(p: float):
    """With a chance of p a period it has begun by period t with chance 1 - (1 - p)^t.

    The table of such a quiet spell has more than 65,536 values, and was refused; what lies beyond the horizon may be
    told as never.
    """
    strike = {"hits": ["own"], "starts": {"rate": p}, "lasts": FOREVER}
    up = available(Chance(struck(strike=strike)).draw(3, 20_000, 500))["own"]
    for t in (100, 499):
        chance = 1 - (1 - p) ** t
        assert abs((up[t] == 0).mean() - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / 20_000)


def test_what_lasts_long_lasts_as_long_as_stated():
    """A disruption of 20,000 periods on average is over by period t after its start with chance 1 - (1 - p)^t."""
    strike = {"hits": ["own"], "starts": {"at": [0]}, "lasts": {"name": "geom", "p": 5e-5}}
    up = available(Chance(struck(strike=strike)).draw(3, 20_000, 500))["own"]
    chance = 1 - (1 - 5e-5) ** 499
    assert abs((up[499] == 1).mean() - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / 20_000)


def test_a_rare_spell_in_too_long_a_world_is_refused():
    """Where a world is longer than the table, nothing is left out in silence."""
    strike = {"hits": ["own"], "starts": {"rate": 1e-6}, "lasts": 1}
    with pytest.raises(ScenarioError, match=r"disruptions.strike: geom\(p=1e-06\) has more than 65536 values"):
        Chance(struck(strike=strike)).draw(3, 1, 70_000)
