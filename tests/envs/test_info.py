"""`info="none"`: the same observations and rewards to the bit, and no flows."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import jit_gym
from jit_gym.common.threads import use_threads
from jit_gym.kernels.machine_code import Kernel

WORLDS = ("jit_gym/LostSales-v1", "jit_gym/DualSourcing-v1", "jit_gym/Aisin1997-v2", "jit_gym/MultiItem-v1")
FAMILY = "jit_gym/LostSalesFamily-v1"


@pytest.mark.parametrize("name", [*WORLDS, FAMILY])
def test_a_single_env_shows_the_same(name: str):
    """With numbers of the action space, and with units; `info` is empty."""
    told, quiet = (gym.make(name, info=info).unwrapped for info in ("all", "none"))
    first, other = told.reset(seed=3), quiet.reset(seed=3)
    assert np.array_equal(first[0], other[0])
    assert first[1]
    assert other[1] == {}
    told.action_space.seed(1)
    for k in range(30):
        action = told.action_space.sample()
        if k % 3 == 2:
            action = jit_gym.OrderUnits(np.round(3.0 * np.abs(action)))
        one, two = told.step(action), quiet.step(action)
        assert np.array_equal(one[0], two[0])
        assert one[1:4] == two[1:4]
        assert one[4]
        assert two[4] == {}


@pytest.mark.parametrize("name", [*WORLDS, FAMILY])
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_shows_the_same(name: str, mode: AutoresetMode):
    """Also where episodes end, whose last observations are told."""
    told, quiet = (
        gym.make_vec(name, num_envs=11, info=info, max_episode_steps=6, autoreset_mode=mode) for info in ("all", "none")
    )
    assert np.array_equal(told.reset(seed=5)[0], quiet.reset(seed=5)[0])
    told.action_space.seed(2)
    for _ in range(14):
        actions = told.action_space.sample()
        *one, more = told.step(actions)
        *two, less = quiet.step(actions)
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        assert less.keys() <= {"final_obs", "_final_obs", "final_info", "_final_info"}
        assert ("final_obs" in more) == ("final_obs" in less)
        over = one[2] | one[3]
        if mode == AutoresetMode.DISABLED and over.any():
            told.reset(options={"reset_mask": over}), quiet.reset(options={"reset_mask": over})


@pytest.mark.parametrize("info", ["all", "none"])
def test_the_number_of_threads_changes_nothing(info: str):
    """Batches are divided over threads, and are the same to the bit on 1, 2, 3 and 7."""
    found = []
    try:
        for threads in (1, 2, 3, 7):
            use_threads(threads)
            envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=40_001, info=info, max_episode_steps=3)
            seen = [envs.reset(seed=1)[0]]
            actions = np.random.default_rng(0).uniform(-1, 1, (40_001, 1)).astype(np.float32)
            for _ in range(5):
                seen += envs.step(actions)[:2]
            found.append([array.tobytes() for array in seen])
    finally:
        use_threads(None)
    assert all(each == found[0] for each in found)


def test_what_needs_flows_says_so():
    """Costs by part and pictures are made of flows; another word is refused."""
    env = jit_gym.Env("lost-sales", info="none")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="info='none', which tells no flows"):
        env.costs()
    with pytest.raises(ValueError, match="render_mode: needs info='all'"):
        jit_gym.Env("lost-sales", info="none", render_mode="ansi")
    with pytest.raises(ValueError, match="info: must be 'all' or 'none', got 'some'"):
        jit_gym.VectorEnv("lost-sales", 2, info="some")


def warehouse(items: int) -> jit_gym.Scenario:
    """Return a world of many items: by turns of two kinds, with lead times that follow no order."""
    waits = np.random.default_rng(0).integers(1, 6, items).tolist()
    return jit_gym.load(
        {
            "name": "warehouse",
            "stocks": {f"item-{k}": {"initial": 10, "holding_cost": 1 + k % 7} for k in range(items)},
            "lanes": {f"buy-{k}": {"to": f"item-{k}", "lead_time": waits[k]} for k in range(items)},
            "demands": {
                f"sell-{k}": {
                    "from": f"item-{k}",
                    "distribution": {"name": "poisson", "mu": 5},
                    "unmet": ["lost", "backlog"][k % 2],
                    "shortage_cost": 19,
                }
                for k in range(items)
            },
        }
    )


def test_large_worlds_are_played_in_loops_and_small_ones_as_programs(monkeypatch: pytest.MonkeyPatch):
    """Both ways play the same: rewards, flows and what is shown, of one path and of many, with numbers and units.

    A large world of alike parts is a short program, too.
    """
    from jit_gym.envs import step_program
    from jit_gym.physics import loop, recorded

    def played(scenario: Any, large: bool) -> list[np.ndarray]:
        with monkeypatch.context() as patch:
            for module in (recorded, step_program):
                patch.setattr(module, "unless_long", lambda layout, record: None if large else record())
            found = []
            for info in ("all", "none"):
                env, batch = jit_gym.Env(scenario, info=info), jit_gym.VectorEnv(scenario, 5, info=info)
                found += [env.reset(seed=4)[0], batch.reset(seed=4)[0]]
                rng = np.random.default_rng(0)
                for k in range(20):
                    actions = rng.uniform(-1, 1, batch.action_space.shape).astype(np.float32)
                    given = [jit_gym.OrderUnits(np.round(9 * abs(a))) if k % 2 else a for a in (actions[0], actions)]
                    shown, reward, *_, told = env.step(given[0])
                    many, rewards, *_, infos = batch.step(given[1])
                    found += [shown, np.array(reward), many, rewards, np.array(list(told.values()))]
                    found += [value for name, value in infos.items() if not name.startswith("_")]
        return found

    assert not loop.is_large(jit_gym.physics.Layout(jit_gym.load("multi-item")))
    assert loop.is_large(jit_gym.physics.Layout(jit_gym.load("multi-item")), most=149)
    wide = warehouse(70)
    assert isinstance(recorded.period_kernel(jit_gym.physics.Layout(wide)), Kernel)
    for scenario in ("lost-sales", "serial", "aisin-1997", "perishable", wide):
        one, other = played(scenario, large=True), played(scenario, large=False)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)), scenario
