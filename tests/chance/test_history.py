"""Demand from a history: as it was, or drawn from it in blocks that keep their season."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import Chance, moments
from jit_gym.scenario import Scenario

from ..worlds import shop


def remembered(values: Any, units: str = "continuous", **history: Any) -> Scenario:
    """Return a shop whose customers ask for what they once did."""
    demand = {"from": "shop", "history": {"values": list(values), **history}}
    return shop(demands={"customers": demand}, units=units, horizon={"periods": 1})


def replayed(world: Scenario, paths: int, periods: int) -> np.ndarray:
    """Return demand (paths, periods)."""
    return Chance(world).draw(21, paths, periods).demand[:, :, 0]


def test_a_history_as_it_was_is_the_series_on_every_path():
    """Replayed as it was, a history has no chance in it: every path and seed has the same."""
    series = [3.5, 0, 7, 1, 1, 9]
    assert (replayed(remembered(series), 5, 6) == series).all()
    assert (replayed(remembered(series), 5, 4) == series[:4]).all()


def test_a_history_as_it_was_cannot_be_longer_than_it_was():
    """More periods than the history has are refused."""
    with pytest.raises(ValueError, match="the history has 3 periods and cannot be replayed for 4"):
        replayed(remembered([1, 2, 3]), 1, 4)


def test_a_history_in_whole_units_is_rounded_to_the_nearest():
    """Half units of a history become whole ones where the world counts in such, and `moments` knows."""
    world = remembered([1.5, 2.4, 0.2], "whole")
    assert replayed(world, 2, 3).tolist() == [[2, 2, 0]] * 2
    assert moments(world, "customers") == pytest.approx((4 / 3, 8 / 9))


def test_a_resampled_history_draws_each_period_from_all():
    """In blocks of 1 without a season, each period is an independent draw from the history (Efron 1979)."""
    drawn = replayed(remembered([0, 1, 2, 3, 4], replay="resampled"), 4000, 100)
    assert stats.chisquare(np.bincount(drawn.astype(int).ravel())).pvalue > 1e-3
    pairs = (drawn[:, :-1] * 5 + drawn[:, 1:]).astype(int)[:, ::2]
    assert stats.chisquare(np.bincount(pairs.ravel(), minlength=25)).pvalue > 1e-3


def test_a_resampled_history_keeps_its_season():
    """A value drawn for a Tuesday was a Tuesday's, whatever the block, and all Tuesdays are as likely."""
    weeks = 8
    history = np.arange(7 * weeks)  # value v is week v div 7, day v mod 7
    for block in (1, 2, 5, 7, 10, 30, 56):
        drawn = replayed(remembered(history, replay="resampled", block=block, season=7), 3000, 140).astype(int)
        assert (drawn % 7 == np.arange(140) % 7).all()
        starts = drawn[:, ::block]
        assert stats.chisquare(np.bincount(starts.ravel() // 7, minlength=weeks)).pvalue > 1e-3


def test_a_block_is_a_piece_of_the_history():
    """Within a block the values follow each other as they did, round the end to where the season is the same."""
    history = np.arange(24)
    for block, season in ((4, 1), (5, 4), (6, 6), (24, 12), (9, 3)):
        drawn = replayed(remembered(history, replay="resampled", block=block, season=season), 200, 100)
        within = np.arange(1, 100) % block != 0
        assert (np.diff(drawn, axis=1)[:, within] % 24 == 1).all()


@pytest.mark.parametrize(("block", "season"), [(1, 1), (3, 1), (7, 1), (1, 4), (4, 4), (5, 4), (24, 4), (10, 12)])
def test_in_the_long_run_every_value_is_as_likely(block: int, season: int):
    """A history of whole seasons gives each of its values equally often, and so keeps its mean."""
    length, paths = 24, 20_000
    periods = 2 * block * season  # whole blocks and whole seasons
    drawn = replayed(remembered(range(length), replay="resampled", block=block, season=season), paths, periods)
    counts = np.array([(drawn == value).sum(1) for value in range(length)])  # (values, paths), independent by path
    off = np.abs(counts.mean(1) - periods / length)
    assert (off <= 4.5 * counts.std(1) / np.sqrt(paths) + 1e-9).all()


@pytest.mark.parametrize("length", range(1, 12))
def test_any_length_season_and_block_fit_together(length: int):
    """However a block runs past the end of a history, it comes back into it at its own place in the season."""
    for season in range(1, length + 1):
        for block in range(1, length + 1):
            world = remembered(range(length), replay="resampled", block=block, season=season)
            drawn = replayed(world, 20, 3 * length)
            assert (drawn % season == np.arange(3 * length) % season).all()


def test_moments_of_a_history_are_those_of_its_values():
    """The mean and variance of a history are those of the values, resampled or not."""
    values = [3.0, 1, 4, 1, 5]
    for replay in ("as-it-was", "resampled"):
        world = remembered(values, replay=replay)
        assert moments(world, "customers") == pytest.approx((np.mean(values), np.var(values)))


@pytest.mark.parametrize(("block", "season"), [(1, 4), (4, 4), (5, 4), (3, 7), (24, 7), (10, 12)])
def test_a_forecast_knows_the_season_of_a_resampled_history(block: int, season: int):
    """What is forecast at all is forecast as the mean of what may be drawn, its place in the season known."""
    past = {"values": list(np.arange(24) ** 1.5), "replay": "resampled", "block": block, "season": season}
    world = shop(demands={"customers": {"from": "shop", "history": past, "trend": 0.1}})
    trace = Chance(world).draw(21, 20_000, 40)
    for t in range(40):
        error = trace.demand[:, t, 0] - trace.seen[t, :, 0]
        assert abs(error.mean()) <= 4.5 * error.std() / np.sqrt(20_000) + 1e-9


def test_the_forecast_of_a_season_by_hand():
    """Of the history 1, 2, 3, 9, 8 in seasons of 2, the even periods draw from 1, 3 and 8, and the odd from 2 and 9."""
    past = {"values": [1, 2, 3, 9, 8], "replay": "resampled", "season": 2}
    lanes = {"supplier": {"to": "shop", "lead_time": 1}}
    world = shop(lanes=lanes, demands={"customers": {"from": "shop", "history": past, "season": [1, 10, 1]}})
    assert Chance(world).draw(0, 1, 2).seen[:, 0].tolist() == [[4, 55], [55, 4], [4, 5.5]]
