"""An episode as text and as a picture."""

import gymnasium as gym
import numpy as np
import pytest

from jit_gym.envs import Env
from jit_gym.scenario import load

from .rich import actions_for, rich


def test_a_period_is_a_line_of_text():
    """It tells what was ordered, arrived, asked for and short, what is left and what it cost, as info has it."""
    env = gym.make("jit_gym/LostSales-v1", render_mode="ansi")
    env.reset(seed=1)
    assert env.render() == "day 0: nothing has happened yet\n"
    for t in (1, 2):
        info = env.step(np.ones(1, np.float32))[4]
        asked, short, held, cost = (info[k] for k in ("customers.demanded", "customers.short", "shop.held", "cost"))
        assert env.render() == (
            f"day {t}: supplier ordered 10, arrived 0; customers asked {asked:g}, short {short:g};"
            f" shop holds {held:g}; cost {cost:g}\n"
        )


def test_a_line_of_text_names_every_lane_demand_and_stock():
    """All of a larger world fits into its line."""
    env = Env(rich(), render_mode="ansi")
    env.reset(seed=1)
    env.step(np.zeros(3))
    line = env.render()
    assert line.count("\n") == 1
    for name in ("lorry", "ship", "van", "bikes", "spares", "body", "wheel"):
        assert name in line


def test_an_episode_is_a_picture():
    """It is (height, width, 3) of bytes, is not blank, keeps its size, and shows what has happened since."""
    env = gym.make("jit_gym/Scenario-v1", scenario=rich(), render_mode="rgb_array")
    env.reset(seed=1)
    pictures = [env.render()]
    for action in actions_for(env.action_space, 0, 7):
        env.step(action)
    pictures.append(env.render())
    env.reset()
    pictures.append(env.render())
    for picture in pictures:
        assert picture.shape == (480, 640, 3)
        assert picture.dtype == np.uint8
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    assert not np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])  # a new episode begins with an empty picture


def test_without_a_mode_nothing_is_rendered():
    """An env made without `render_mode` keeps no past to show."""
    env = Env(rich())
    env.reset(seed=1)
    env.step(np.zeros(3))
    assert env._past == []
    with pytest.raises(ValueError, match=r"without a render_mode \(one of \['ansi', 'rgb_array'\]\)"):
        env.render()


def test_a_picture_does_not_depend_on_those_before_it():
    """One figure serves all frames: a frame is the same whether all before it were drawn or none."""
    first, second = (Env(rich(), render_mode="rgb_array") for _ in range(2))
    for env in (first, second):
        env.reset(seed=3)
    for action in actions_for(first.action_space, 0, 7):
        first.step(action)
        second.step(action)
        shown = first.render()
    assert np.array_equal(shown, second.render())


def test_a_disruption_is_shaded_when_it_has_come():
    """The shade is over the periods in which the lane has lost a part of its capacity, and over no later ones."""
    strike = {"hits": ["supplier"], "starts": {"at": [5]}, "lasts": 3}
    worlds = [load("lost-sales", {"disruptions": {"strike": strike}}), load("lost-sales")]
    pictures: list[list[np.ndarray]] = []
    for world in worlds:
        env = Env(world, render_mode="rgb_array")
        env.reset(seed=3)
        pictures.append([])
        for _ in range(7):
            env.step(np.full(1, -1.0, np.float32))
            pictures[-1].append(env.render()[:, :505])  # without the legends, of which one says "disrupted"
    same = [np.array_equal(one, other) for one, other in zip(*pictures, strict=True)]
    assert same == [True] * 5 + [False] * 2
