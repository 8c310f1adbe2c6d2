"""What a short history cannot tell is said, with the demand, its periods and its seasons."""

from typing import Any

import pytest

from jit_gym.chance import Chance, caveats
from jit_gym.scenario import Scenario, load, names


def shop(many: int, period: str = "week", **history: Any) -> Scenario:
    """Return a shop with a history of so many periods, all different."""
    past = {"values": list(range(many)), "replay": "resampled", **history}
    return load(
        {
            "name": "shop",
            "horizon": {"periods": 10, "period": period},
            "stocks": {"shop": {}},
            "lanes": {"supplier": {"to": "shop"}},
            "demands": {"customers": {"from": "shop", "history": past}},
        }
    )


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (
            shop(60, season=52),
            "demands.customers is resampled from 60 weeks, one season of 52 weeks, and the 8 weeks of it that were seen"
            " twice: every path repeats that season, and intervals say nothing about other seasons",
        ),
        (
            shop(52, season=52, block=4),
            "demands.customers is resampled from 52 weeks, one season of 52 weeks: every path repeats that season, and"
            " intervals say nothing about other seasons",
        ),
        (
            shop(156, season=52),
            "demands.customers is resampled from 156 weeks, 3 whole seasons of 52 weeks: each block is drawn from 3"
            " seasons, and intervals do not say how other seasons differ from these",
        ),
        (
            shop(30, "month", season=12),
            "demands.customers is resampled from 30 months, 2 whole seasons of 12 months: each block is drawn from 2"
            " or 3 seasons, and intervals do not say how other seasons differ from these",
        ),
        (
            shop(40, "day", replay="as-it-was"),
            "demands.customers replays one history of 40 days, the same on every path: intervals do not say what other"
            " histories would bring (replay: resampled draws some)",
        ),
        (
            shop(52, block=26),
            "demands.customers is resampled from 52 weeks in blocks of 26, of which 2 do not overlap: paths repeat each"
            " other, and intervals do not say what was never seen",
        ),
        (
            shop(12, "month"),
            "demands.customers is resampled from 12 months in single ones, of which 12 do not overlap: paths repeat"
            " each other, and intervals do not say what was never seen",
        ),
    ],
)
def test_a_short_history_says_what_it_cannot_tell(scenario: Scenario, sentence: str):
    assert caveats(scenario) == [sentence]


@pytest.mark.parametrize("scenario", [shop(260, season=52, block=4), shop(365, block=7), load("lost-sales")])
def test_a_long_history_and_a_distribution_need_no_caveat(scenario: Scenario):
    assert caveats(scenario) == []


def test_each_demand_has_its_own():
    scenario = shop(52, season=52)
    more = {"demands.others": {"from": "shop", "history": {"values": [1] * 20}}}
    assert [sentence.split()[0] for sentence in caveats(load(scenario, more))] == [
        "demands.customers",
        "demands.others",
    ]


def test_a_season_seen_once_is_on_every_path():
    """What the caveat says is so: a thousand paths of one season have one demand, and of two seasons they have more."""
    once, twice = (Chance(shop(12 * k, "month", season=12)).draw(0, 1000, 12).demand for k in (1, 2))
    assert (once == once[:1]).all()
    assert not (twice == twice[:1]).all()


def test_shipped_histories_are_told_of():
    assert [name for name in names() if caveats(load(name))] == ["beer-game", "grocery"]
