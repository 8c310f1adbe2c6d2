"""Suppliers and quality: late, short and defective as often as stated, and other suppliers' draws stay."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance, Trace
from jit_gym.scenario import Scenario

from ..worlds import shop

RANDOM = {"name": "randint", "low": 1, "high": 5}
LATE = {"chance": 0.2, "by": {"name": "randint", "low": 1, "high": 4}}
SHORT = {"chance": 0.3, "by": {"name": "beta", "a": 2, "b": 3}}


def served(makers: dict[str, Any], units: str = "continuous", **lanes: dict[str, Any]) -> Scenario:
    """Return a shop with these suppliers and lanes, and one demand at random."""
    return shop(
        suppliers=makers,
        lanes={name: {"to": "shop", **lane} for name, lane in lanes.items()},
        demands={"customers": {"from": "shop", "distribution": {"name": "poisson", "mu": 5}}},
        units=units,
    )


def drawn(trace: Trace, table: str) -> dict[str, np.ndarray]:
    """Return what happens in some columns of chance (periods, paths)."""
    return {name: trace.chance[:, :, column] for name, column in getattr(trace.columns, table).items()}


def assert_mean(sample: np.ndarray, mean: float):
    """Hold the mean of independent draws to what it should be."""
    assert abs(sample.mean() - mean) <= 4.5 * sample.std() / np.sqrt(sample.size)


def test_a_supplier_is_late_as_often_and_as_much_as_stated():
    """With chance 0.2 a shipment takes 2 and 1, 2 or 3 more, each as often; else 2 (0.4 late on average)."""
    trace = Chance(served({"maker": {"late": LATE}}, sea={"lead_time": 2, "supplier": "maker"})).draw(3, 10_000)
    took = drawn(trace, "lead_time")["sea"]
    assert set(np.unique(took)) == {2, 3, 4, 5}
    assert_mean(took - 2, 0.2 * 2)
    for late, share in ((0, 0.8), (1, 0.2 / 3), (2, 0.2 / 3), (3, 0.2 / 3)):
        assert_mean(took == 2 + late, share)


def test_a_random_lead_time_and_a_late_supplier_add_up():
    """1 to 4, each as often, and 0.4 on average: 2.9. Without the supplier it is the same lead time as ever."""
    sea = {"lead_time": RANDOM, "crossing": True}
    late = drawn(
        Chance(served({"maker": {"late": LATE}}, sea={**sea, "supplier": "maker"})).draw(3, 10_000), "lead_time"
    )
    own = drawn(Chance(served({}, sea=sea)).draw(3, 10_000), "lead_time")
    assert_mean(late["sea"], 2.5 + 0.4)
    more = late["sea"] - own["sea"]
    assert set(np.unique(more)) == {0, 1, 2, 3}
    assert_mean(more == 0, 0.8)


def test_a_supplier_falls_short_as_often_and_as_much_as_stated():
    """With chance 0.3 a share of mean 0.4 is missing (a beta distribution of 2 and 3): 0.88 is there on average."""
    trace = Chance(served({"maker": {"short": SHORT}}, sea={"supplier": "maker"})).draw(3, 10_000)
    there = drawn(trace, "filled")["sea"]
    assert ((there >= 0) & (there <= 1)).all()
    assert_mean(there, 1 - 0.3 * 0.4)
    assert_mean(there == 1, 0.7)
    assert_mean(there[there < 1], 0.6)


def test_all_lanes_of_a_supplier_fail_together():
    """A supplier late on one lane is as late on the other, and short on both; another supplier's luck is its own."""
    maker, both = {"late": LATE, "short": SHORT}, {"lead_time": 1, "supplier": "maker"}
    scenario = served(
        {"maker": maker, "other": maker}, sea=both, air={**both, "lead_time": 4}, own={"supplier": "other"}
    )
    trace = Chance(scenario).draw(3, 2000)
    took, there = drawn(trace, "lead_time"), drawn(trace, "filled")
    assert np.array_equal(took["sea"] - 1, took["air"] - 4)
    assert np.array_equal(there["sea"], there["air"])
    for own, shared in ((took["own"], took["sea"] - 1), (there["own"], there["sea"])):
        correlation = np.corrcoef(own.ravel(), shared.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(own.size)


def test_late_and_short_have_nothing_to_do_with_each_other():
    """A supplier is short as often when it is late as when it is not, from one period to the next as well."""
    trace = Chance(served({"maker": {"late": LATE, "short": SHORT}}, sea={"supplier": "maker"})).draw(3, 5000)
    late, short = drawn(trace, "lead_time")["sea"] > 0, drawn(trace, "filled")["sea"] < 1
    for one, other in ((late, short), (late[1:], late[:-1]), (short[1:], short[:-1])):
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(one.size)


def test_a_supplier_elsewhere_changes_nothing():
    """A late, short and shoddy supplier elsewhere leaves this lane's lead times and quality, and demand, alone."""
    own = {"lead_time": RANDOM, "crossing": True, "defects": {"name": "uniform"}, "supplier": "maker"}
    makers = {"maker": {"late": LATE, "short": SHORT}, "other": {"late": LATE, "short": SHORT}}
    rough = {"supplier": "other", "defects": {"drift": 0.1}, "lead_time": RANDOM, "crossing": True}
    before = Chance(served({"maker": makers["maker"]}, "whole", own=own)).draw(3, 200)
    after = Chance(served(makers, "whole", rough=rough, own=own)).draw(3, 200)
    for table in ("lead_time", "filled", "defects", "rounding"):
        assert np.array_equal(drawn(before, table)["own"], drawn(after, table)["own"]), table
    assert np.array_equal(before.demand, after.demand)


def test_defective_shares_are_distributed_as_stated():
    """A share of mean 0.2 (beta of 1 and 4) has the variance 4 / 150; a fixed share is always the same."""
    trace = Chance(served({}, sea={"defects": {"name": "beta", "a": 1, "b": 4}}, air={"defects": 0.3})).draw(3, 10_000)
    share = drawn(trace, "defects")
    assert_mean(share["sea"], 0.2)
    assert_mean((share["sea"] - 0.2) ** 2, 4 / 150)
    assert (share["air"] == 0.3).all()


def test_fixed_shares_are_rounded_at_random_in_whole_units_only():
    """A number between 0 and 1 rounds what is rejected up or down; a drift counts units, and needs none."""
    lanes = {"sea": {"defects": 0.3}, "air": {"defects": {"drift": 0.1}}, "own": {}}
    assert set(Chance(served({}, "continuous", **lanes)).columns.rounding) == set()
    trace = Chance(served({}, "whole", **lanes)).draw(3, 10_000)
    assert set(trace.columns.rounding) == {"sea"}
    assert set(trace.columns.defects) == {"sea", "air"}
    up = drawn(trace, "rounding")["sea"]
    assert_mean(up, 0.5)
    assert_mean((up - 0.5) ** 2, 1 / 12)


@pytest.mark.parametrize("q", [0.02, 0.3, 1.0])
def test_a_process_makes_good_units_until_it_drifts(q: float):
    """The first k units of a lot are good with chance (1 - q)^k: (1 - q) / q are on average (Porteus 1986)."""
    good = drawn(Chance(served({}, sea={"defects": {"drift": q}})).draw(3, 10_000), "defects")["sea"]
    assert_mean(good, (1 - q) / q)
    for k in range(1, 5):
        assert_mean(good >= k, (1 - q) ** k)


def test_a_stock_that_becomes_obsolete_once_is_so_from_a_random_period_on():
    """Uniform on 2 to 5, it is obsolete in a quarter of the paths from 2 on, and in all from 5 on, unforeseen."""
    once = {"once": {"name": "randint", "low": 2, "high": 6}}
    trace = Chance(shop({"lanes.supplier.lead_time": 2, "stocks.shop.obsolete": once})).draw(1, 8000, 12)
    over = drawn(trace, "obsolete")["shop"]
    assert (np.diff(over, axis=0) >= 0).all()
    assert over[5:].all()
    assert not over[:2].any()
    for t in range(2, 5):
        share = (t - 1) / 4
        assert abs(over[t].mean() - share) <= 4.5 * np.sqrt(share * (1 - share) / 8000)
    seen = trace.seen[:-1, :, trace.columns.seen_obsolete["shop"]]
    assert np.array_equal(seen, np.repeat(over[:, :, None], seen.shape[-1], axis=2))


def test_a_stock_becomes_obsolete_at_its_rate_and_once_for_all():
    """It is obsolete in period t with chance 1 - (1 - p)^t, from then on, and demand for it is 0 from then on.

    Of a kit, one obsolete part is enough; demand for other stocks goes on as it was.
    """
    p, paths = 0.1, 20_000
    parts = {
        "stocks": {"old": {"obsolete": {"rate": p}}, "new": {}},
        "lanes": {"old": {"to": "old"}, "new": {"to": "new"}},
        "demands": {
            "kits": {"from": {"old": 1, "new": 1}, "distribution": 5},
            "parts": {"from": "new", "distribution": {"name": "poisson", "mu": 5}},
        },
    }
    trace = Chance(shop(**parts)).draw(3, paths, 12)
    over = drawn(trace, "obsolete")["old"]
    for t in range(12):
        assert_mean(over[t] == 1, 1 - (1 - p) ** t) if t else None
    assert not over[0].any()
    assert (np.diff(over, axis=0) >= 0).all()
    assert np.array_equal(trace.demand[:, :, 0].T, 5.0 * (over == 0))
    without = {**parts, "stocks": {"old": {}, "new": {}}}
    assert np.array_equal(trace.demand[:, :, 1], Chance(shop(**without)).draw(3, paths, 12).demand[:, :, 1])


def test_each_kind_of_disruption_has_columns_of_its_own():
    """One event that strikes two kinds needs two disruptions; a lane has a column for each kind that can hit it."""
    event = {"hits": ["supplier"], "starts": {"rate": 0.2}, "lasts": 2}
    scenario = shop(
        {"lanes.supplier.lead_time": 1},
        disruptions={kind: {**event, "stops": kind} for kind in ("ordering", "shipping", "transit", "receiving")},
    )
    trace = Chance(scenario).draw(3, 2000, 50)
    works = drawn(trace, "working")
    assert list(works) == [(kind, "supplier") for kind in ("ordering", "shipping", "transit", "receiving")]
    for share in works.values():  # each has chance and length of its own, in the long run 2 / (1 / 0.2 + 2) of the time
        means = (share[20:] == 0).mean(0)
        assert abs(means.mean() - 2 / 7) <= 4.5 * means.std() / np.sqrt(means.size)
    assert not np.array_equal(works["ordering", "supplier"], works["transit", "supplier"])
