"""What is said of hospitals, asked of `hospital`: its YAML has the sources."""

import pytest

from jit_gym.evaluation import evaluate, tell
from jit_gym.policies import policy
from jit_gym.scenario import load

SURGE = {
    "spikes.pandemic.starts": {"at": [0]},
    "spikes.pandemic.lasts": 60,
    "demands.isolation.distribution": 5,
    "demands.wards-gowns.distribution": 45,
    "demands.wards-swabs.distribution": 11,
    "lanes.n95.initial": 0,
    "disruptions.containers": None,
}


def test_twenty_three_days_of_respirators_last_a_day_and_a_third_at_seventeen_times_the_use():
    """23 days at 17 times the use last 1.35 days: the first day is served, the second only in part."""
    world = load("hospital-stressed", SURGE)
    story = tell(policy("constant(quantity=0)", world), world, path=0, periods=3)
    respirators = list(world.stocks).index("respirators")
    assert story.held[0, respirators] == 230 - 170
    assert story.held[1, respirators] == 0
    days = world.stocks["respirators"].initial.periods_of_supply / world.spikes["pandemic"].factor
    assert days == pytest.approx(1.35, abs=0.01)


def test_a_surge_of_visits_multiplies_each_item_as_was_surveyed():
    """17 times the respirators, 5 times the gowns and 6 times the swabs, from one factor on visits in isolation."""
    world = load("hospital-stressed", SURGE)
    kit, factor = world.demands["isolation"].draws_on, world.spikes["pandemic"].factor
    wards = {"respirators": 0, "gowns": 45, "swabs": 11}
    surge = {item: (wards[item] + factor * 5 * units) / (wards[item] + 5 * units) for item, units in kit.items()}
    assert surge == {"respirators": 17, "gowns": 5, "swabs": 6}


@pytest.mark.parametrize(("lead_time", "runs_out"), [(2, False), (3, False), (4, True)])
def test_two_bins_run_out_where_a_refill_takes_longer_than_a_bin_lasts(lead_time: int, runs_out: bool):
    """Two bins are (R, Q) with R = Q = a bin of three days."""
    changes = {"demands.wards-dressings.distribution": 80, "lanes.dressings-bin.lead_time": lead_time}
    others = "respirators: 90, gowns: 600, swabs: 200"
    bins = f"R-Q(R={{dressings: 240, {others}}}, Q={{dressings: 240, {others}}})"
    result = evaluate(bins, load("hospital", changes), paths=4, seed=1)
    dressings = list(result.scenario.demands).index("wards-dressings")
    assert bool(result.items["demands"]["short"][:, dressings].max() > 0) is runs_out
