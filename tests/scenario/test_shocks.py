"""The library of shocks: what a scenario makes of a named event, and the regimes in which they come."""

from typing import Any

import numpy as np
import pytest

from jit_gym import ScenarioError, load, shocks
from jit_gym.chance import Chance
from jit_gym.scenario import Horizon, NoEffect
from jit_gym.scenario.library import Lasting, library

STORM = {"storm": {"shock": "typhoon", "hits": ["supplier"]}}
ALL = {name: {"shock": name, "hits": ["supplier"]} for name in shocks()}
NAMED = {"typhoon", "strike", "slow-down", "congestion", "port-closed", "lockdown", "canal-blocked", "accident",
         "canal-short-of-water", "strait-avoided", "supplier-fire", "systems-down", "supplier-down",
         "ice-storm"}  # fmt: skip


def world(disruptions: Any = STORM, **more: Any) -> Any:
    return load("lost-sales", {"disruptions": disruptions} | more)


def complaint(disruptions: Any, **more: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        world(disruptions, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_library_has_what_people_ask_for():
    assert set(shocks()) == NAMED
    assert all(shock.source for shock in shocks().values())


def test_the_numbers_are_those_of_the_record():
    """Days and chances of the table that calibrates ten of them; lengths of the others are marked as assumed."""
    told = {name: (*shock.days.model_dump().values(), shock.a_year) for name, shock in shocks().items()}
    assert told["typhoon"] == (2, 4, 10, 0.6)
    assert told["strike"] == (2, 7, 42, 0.1)
    assert told["slow-down"] == (30, 90, 150, 0.08)
    assert told["congestion"] == (60, 180, 330, 0.05)
    assert told["port-closed"] == (14, 30, 60, 0.05)
    assert told["lockdown"] == (30, 60, 90, 0.03)
    assert told["canal-blocked"] == (3, 6, 21, 0.05)
    assert told["canal-short-of-water"] == (60, 240, 420, 0.1)
    assert told["strait-avoided"] == (90, 365, 900, 0.15)
    assert told["accident"] == (21, 60, 120, 0.02)
    for name in ("supplier-fire", "systems-down", "supplier-down", "ice-storm"):
        assert "a_year" in shocks()[name].assumed


def test_a_name_becomes_a_disruption():
    """A typhoon in a world of days: 0.6 a year is a rate of 1 - 0.4^(1/365), and its length has PERT's mean."""
    storm = world().disruptions["storm"]
    assert (storm.title, storm.shock, storm.stops, storm.severity) == (
        "A typhoon closes a port",
        "typhoon",
        "receiving",
        1,
    )
    assert (storm.announced, storm.driver) == (3, "el-nino")
    assert 1 - (1 - storm.starts.rate) ** 365 == pytest.approx(0.6)
    assert storm.lasts.mean == pytest.approx((2 + 4 * 4 + 10) / 6, abs=0.01)
    assert world().drivers["el-nino"].times == 3


@pytest.mark.parametrize("period", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("name", sorted(shocks()))
def test_lengths_are_in_periods_of_the_scenario(name: str, period: str):
    horizon = Horizon(period=period)
    lasts = world({"it": {"shock": name, "hits": ["supplier"]}}, horizon={"period": period}).disruptions["it"].lasts
    days, a_day = shocks()[name].days, horizon.year / 365
    assert lasts.lowest >= 1
    assert lasts.highest <= max(np.ceil(days.greatest * a_day), 1)
    if days.least * a_day >= 1:
        assert lasts.mean == pytest.approx(days.mean * a_day, rel=1e-3)


def test_one_length_is_a_number():
    assert Lasting(least=3, likeliest=3, greatest=3).in_periods(1.0) == 3
    assert Lasting(least=1, likeliest=1, greatest=3).in_periods(1 / 7) == 1


def test_keys_beside_a_shock_are_different():
    storm = world({"storm": {"shock": "typhoon", "hits": ["supplier"], "lasts": 5, "severity": 0.5}}).disruptions[
        "storm"
    ]
    assert (storm.lasts.mean, storm.severity, storm.stops) == (5, 0.5, "receiving")
    dated = world({"storm": {"shock": "typhoon", "hits": ["supplier"], "starts": {"at": [9]}}}).disruptions["storm"]
    assert (dated.starts.at, dated.driver) == ((9,), None)
    hidden = world({"storm": {"shock": "typhoon", "hits": ["supplier"], "seen": "hidden"}}).disruptions["storm"]
    assert (hidden.seen, hidden.announced) == ("hidden", 0)


def test_what_was_resolved_loads_as_the_same_world():
    first = load("lost-sales", {"disruptions": ALL, "regime": "held-out"})
    again = load(first.resolved)
    assert again == first
    assert (again.regime, again.disruptions["strait-avoided"].shock) == ("held-out", "strait-avoided")


def test_stressed_and_held_out_share_no_event_and_calm_has_none():
    kept = {regime: set(world(ALL, regime=regime).disruptions) for regime in ("calm", "stressed", "held-out")}
    assert kept["calm"] == set()
    assert not kept["stressed"] & kept["held-out"]
    assert kept["stressed"] | kept["held-out"] == NAMED == set(world(ALL).disruptions)
    assert {"typhoon", "strike", "congestion"} <= kept["stressed"]
    assert {"port-closed", "canal-blocked", "strait-avoided"} <= kept["held-out"]
    assert set(shocks("held-out")) == kept["held-out"]


def test_a_regime_without_shocks_is_told():
    with pytest.warns(NoEffect, match="regime: leaves no shock, because no disruption names one that is held-out"):
        world(regime="held-out")
    with pytest.warns(NoEffect, match="drivers.calm: has no effect, because no disruption names it"):
        world({}, drivers={"calm": {"chance": 0.5, "times": 2}})


def test_a_scenarios_own_events_stay_in_every_regime():
    own = {"fire": {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": 2}}
    assert set(world(STORM | own, regime="calm").disruptions) == {"fire"}


def test_a_driver_of_ones_own_takes_the_place_of_the_librarys():
    own = world(STORM, drivers={"el-nino": {"chance": 0.5, "times": 2}})
    assert own.drivers["el-nino"].times == 2


def test_a_disruption_of_ones_own_may_name_a_driver_of_the_library():
    own = {"ban": {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": 9, "driver": "tension"}}
    assert world(own).drivers["tension"] == library().drivers["tension"]


@pytest.mark.parametrize(
    ("disruptions", "more", "says"),
    [
        ({"storm": {"shock": "tyfoon", "hits": ["supplier"]}}, {},
         "disruptions.storm.shock: unknown shock 'tyfoon' (did you mean 'typhoon'?)"),
        ({"storm": {"shock": 3, "hits": ["supplier"]}}, {}, "disruptions.storm.shock: unknown shock 3"),
        ({"storm": {"shock": "typhoon"}}, {}, "disruptions.storm: needs 'hits'"),
        ({"storm": {"shock": "TYPHOON", "hits": ["supplier"]}}, {},
         "disruptions.storm.shock: unknown shock 'TYPHOON' (did you mean 'typhoon'?)"),
        ({"storm": {"shock": "typhoon", "hits": ["supplier"], "starts": 5}}, {},
         "disruptions.storm.starts: must be a mapping, got 5"),
        ({"storm": {"shock": "typhoon", "hits": ["supplier"], "left": 0.5}}, {},
         "disruptions.storm: unknown key 'left' (write severity, the share that is gone)"),
        ({"storm": {"shock": "typhoon", "hits": ["supplier"], "driver": ["tension"]}}, {},
         "disruptions.storm.driver: must be a text, got ['tension']"),
        (STORM, {"drivers": "el-nino"}, "drivers: must be a mapping, got 'el-nino'"),
        (STORM, {"drivers": ["el-nino"]}, "drivers: must be a mapping, got ['el-nino']"),
        (STORM, {"regime": "stresed"}, "regime: must be 'calm', 'stressed' or 'held-out', got 'stresed'"),
        ({"storm": {"shock": "typhoon", "hits": ["supplier"], "driver": "el-nina"}}, {},
         "disruptions.storm.driver: unknown driver 'el-nina' (did you mean 'el-nino'?)"),
        ({"a": {"hits": ["supplier"], "starts": {"every": 9}, "lasts": 2, "driver": "x"}},
         {"drivers": {"x": {"chance": 0.5, "times": 2}}},
         "disruptions.a.driver: needs starts: {rate: ...}, which it changes"),
        ({"a": {"hits": ["supplier"], "starts": {"rate": 0.5}, "lasts": 2, "driver": "x"}},
         {"drivers": {"x": {"chance": 0.1, "times": 9}}},
         "disruptions.a.starts.rate: must leave a chance to begin of 1 or less in years of 'x', got 0.5, which makes"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(disruptions: Any, more: Any, says: str):
    assert complaint(disruptions, **more).startswith(says)


def test_an_unknown_regime_has_no_shocks():
    with pytest.raises(ScenarioError, match="regime: must be one of calm, stressed, held-out, got 'hot'"):
        shocks("hot")


def test_the_library_is_no_scenario():
    with pytest.raises(ScenarioError, match="unknown scenario 'shocks'"):
        load("shocks")
    assert library().drivers.keys() == {"tension", "el-nino", "labour", "pandemic"}


def test_what_is_shipped_during_a_delay_comes_so_much_later():
    """From day 20 to 24 the detour adds 10 days to a lead time of 2; what is shipped on day 25 overtakes."""
    detour = {"hits": ["supplier"], "stops": "transit", "severity": 0, "delays": 10, "starts": {"at": [20]}, "lasts": 5}
    shop = world({"detour": detour}, lanes={"supplier": {"lead_time": 2}})
    times = Chance(shop).draw(0, 1, 40).lead_time[0, :, 0]
    assert times.tolist() == [2] * 20 + [12] * 5 + [2] * 15


def test_a_driver_changes_when_and_not_how_often():
    """Two events a year by a driver of 1 year in 5 that makes them 9 times as likely: as many as without, together."""
    events = {key: {"hits": ["supplier"], "starts": {"rate": 2 / 365}, "lasts": 1} for key in ("a", "b")}
    driven = {key: event | {"driver": "tension"} for key, event in events.items()}
    alone, together = (
        [(drawing.spells[f"disruptions.{key}"][: 365 * 20] < 1 << 30).reshape(20, 365, -1).sum(axis=1) for key in "ab"]
        for drawing in (
            Chance(world(each, drivers=drivers))._drawing(3, 500, 365 * 20)
            for each, drivers in ((events, {}), (driven, {"tension": {"chance": 0.2, "times": 9}}))
        )
    )
    for counts in (*alone, *together):
        assert counts.mean() == pytest.approx(2, abs=0.1)
    assert abs(np.corrcoef(alone[0].ravel(), alone[1].ravel())[0, 1]) < 0.03
    # in a driven year 2 x 9 / 2.6 = 6.92 of each, else 0.77: the variance of the rate is 0.16 x 6.15^2 = 6.06, and of a
    # count is its mean more, so that their correlation is 6.06 / 8.06 (a little less, as a quiet day follows an event)
    assert np.corrcoef(together[0].ravel(), together[1].ravel())[0, 1] == pytest.approx(6.06 / 8.06, abs=0.03)


def test_a_driver_that_does_nothing_draws_geometric_spells():
    """With a driver of one times, events begin in a quiet day with the rate, after one quiet day at least."""
    event = {"hits": ["supplier"], "starts": {"rate": 0.25}, "lasts": 2, "driver": "calm"}
    shop = world({"it": event}, drivers={"calm": {"chance": 0.5, "times": 1}})
    on = Chance(shop).disrupted(1, 400, 1000)
    assert not on[0].any()
    assert on.mean() == pytest.approx(2 / (2 + 4), abs=0.005)
