"""Policies over the worlds of a family: each world is a plain comparison, and shares are averaged over worlds."""

import numpy as np
import pytest

import jit_gym
from jit_gym.common.executor import Executor
from jit_gym.common.statistics import Estimate
from jit_gym.policies import PolicyError
from jit_gym.report import families as report

HOW = {"worlds": 4, "paths": 32, "periods": 40, "warmup": 0}


def test_each_world_is_a_plain_comparison():
    family = jit_gym.family("lost-sales-family")
    found = jit_gym.compare_family(["jit", "base-stock"], family, **HOW)
    for k, each in enumerate(found.comparisons):
        how = {key: value for key, value in HOW.items() if key != "worlds"}
        alone = jit_gym.compare(["jit", "base-stock"], family.world(k), **how)
        assert [one.mean() for one in alone.results] == [one.mean() for one in each.results]
        share = alone.results[1].mean() / alone.results[0].mean() - 1
        assert found.shares[k] == pytest.approx([0, share])


def test_over_worlds_it_is_the_mean_of_the_shares_with_its_interval():
    found = jit_gym.compare_family(["jit", "base-stock", "constant"], "lost-sales-family", **HOW)
    shares = found.shares[:, 2]
    assert found.over_worlds(2).mean == pytest.approx(shares.mean())
    assert found.over_worlds(2).error == pytest.approx(shares.std(ddof=1) / 2)
    assert found.over_worlds(2) == Estimate.of(shares, 2)  # that of base-stock and that of constant hold together
    assert found.worst(2)[1] == shares.max()
    assert sum(found.wins(k) for k in range(3)) >= 4
    frame = found.frame()
    assert frame.loc["jit", "share"] == 0
    assert list(found.by_world().index.names) == ["world", "policy"]
    assert len(found.by_world()) == 12


def test_regimes_are_other_worlds():
    train, held_out = (
        jit_gym.compare_family(["jit"], "lost-sales-family", regime=regime, **HOW) for regime in ("train", "held-out")
    )
    lead_times = [
        [each.scenario.lanes["supplier"].lead_time.mean for each in one.comparisons] for one in (train, held_out)
    ]
    assert max(lead_times[0]) <= 8 < 9 <= min(lead_times[1])


def test_a_policy_that_does_not_fit_is_refused_before_any_world_is_played():
    ticks: list[int] = []
    with pytest.raises(PolicyError, match="dual-index"):
        jit_gym.compare_family(["jit", "dual-index"], "lost-sales-family", progress=ticks.append, **HOW)
    assert ticks == []


def test_a_model_trained_on_a_family_plays_its_worlds():
    """What Stable-Baselines3 calls predict, on the observation of the family, in each world."""
    import gymnasium as gym

    class Model:
        def predict(self, observation, deterministic=True):
            assert observation.shape[1] == envs.observation_space.shape[0]
            return np.zeros((len(observation), 1), np.float32), None  # what is used

    envs = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSalesFamily-v1", num_envs=2))
    player = jit_gym.sb3.policy(Model(), envs)
    found = jit_gym.compare_family([player, "constant"], "lost-sales-family", **HOW)
    assert np.allclose(found.shares[:, 1], 0, atol=0.05)  # both order the mean


def test_the_document_is_plain_json():
    import json

    found = jit_gym.compare_family(["jit", "base-stock"], "two-supplier-family", **HOW)
    text = report.document(found, "jit-gym compare two-supplier-family jit base-stock")
    assert json.loads(json.dumps(text, allow_nan=False))["policies"][1]["policy"] == "base-stock"
    assert len(text["worlds"]) == 8


def test_agents_shipped_for_the_scenario_are_not_taken_for_those_of_its_variants():
    """Where a family names no policies, those of its scenario are played, and no agent, which fits that one alone."""
    family = {"name": "mine", "family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_time": [1, 6]}}}
    found = jit_gym.compare_family(None, family, worlds=2, paths=4, periods=5, warmup=0)
    assert found.policies == jit_gym.load("lost-sales").policies


def test_the_table_fits_and_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]):
    from rich.console import Console

    found = jit_gym.compare_family(["jit", "base-stock"], "lost-sales-family", **HOW)
    wide, narrow = report.columns(found), Console(width=44)
    assert [column.cells[0] for column in wide] == ["", "", f"{found.wins(0)} of 4", ""]
    report.print_table(found, narrow, tuned=False)
    printed = capsys.readouterr().out
    assert "A wider terminal shows more columns" in printed
    assert "Over these worlds base-stock" in printed


def test_worlds_are_the_same_in_processes():
    """A comparison in other processes has the same figures to the bit, and the same notes."""
    how = {"worlds": 3, "paths": 8, "periods": 30}
    here = jit_gym.compare_family(["jit", "base-stock"], "lost-sales-family", **how)
    told = []
    there = jit_gym.compare_family(
        ["jit", "base-stock"], "lost-sales-family", **how, executor=Executor("processes", 2), progress=told.append
    )
    assert here.by_world().equals(there.by_world())
    assert [each.notes for each in here.comparisons] == [each.notes for each in there.comparisons]
    assert sum(told) > 0
