"""Resetting, stepping, ending: what an episode is, and what is refused."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode

from jit_gym.envs import Env, VectorEnv
from jit_gym.scenario import Scenario, names

from ..worlds import shop
from .rich import actions_for, rich

SHORT = {"horizon.periods": 2}


def played(env: Env, seed: int | None = None) -> list[np.ndarray]:
    """Return the observations and rewards of an episode."""
    rows = [env.reset(seed=seed)[0]]
    for action in actions_for(env.action_space, 0, env.scenario.horizon.periods):
        observation, reward, *_ = env.step(action)
        rows += [observation, np.array(reward)]
    return rows


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Tell whether two episodes are equal."""
    return all(map(np.array_equal, one, other))


def test_a_seed_says_what_happens():
    """Equal seeds give equal episodes, in another env too; other seeds and the next path give others."""
    env, other = Env(), Env()
    first, second, third = played(env, 7), played(env), played(env)
    assert same(first, played(other, 7))
    assert same(second, played(other))
    assert same(first, played(env, 7))
    assert same(second, played(env))
    assert not same(first, second)
    assert not same(second, third)
    assert not same(first, played(env, 8))


def test_reset_tells_the_path():
    """The paths of a seed are numbered from 0, and begin again with the seed."""
    env = Env()
    told = [env.reset(seed=7)[1], env.reset()[1], env.reset()[1], env.reset(seed=7)[1]]
    assert [info["path"] for info in told] == [0, 1, 2, 0]


@pytest.mark.parametrize("scenario", ["lost-sales", "aisin-1997", rich()], ids=str)
def test_an_info_has_the_same_keys_at_reset_and_at_each_step(scenario: Any):
    """TorchRL's batches and Minari's recorder take the first info for all; its flows are 0, and it has no reward."""
    env, batch = Env(scenario), VectorEnv(scenario, 2, autoreset_mode="SameStep")
    first, rows = env.reset(seed=0)[1], batch.reset(seed=0)[1]
    for t, action in enumerate(actions_for(batch.action_space, 0, 7)):
        info, infos = env.step(action[0])[4], batch.step(action)[4]
        assert info.keys() == first.keys()
        assert infos.keys() - {"final_obs", "_final_obs", "final_info", "_final_info"} == rows.keys()
        assert {name: type(value) for name, value in info.items()} == {name: type(v) for name, v in first.items()}
        assert [info["path"], *infos["path"]] == [0, *([2, 3] if t == 6 and batch.length == 7 else [0, 1])]
    assert not any(value for value in first.values())
    assert "reward" not in first


def test_a_batch_may_end_before_its_horizon():
    """With `max_episode_steps=3` a world of 7 periods is truncated after 3, one that ends with its horizon as well."""
    for ends in (False, True):
        batch = VectorEnv(rich(horizon__ends=ends), 2, max_episode_steps=3, autoreset_mode="SameStep")
        batch.reset(seed=0)
        whole = VectorEnv(rich(horizon__ends=ends), 2)
        whole.reset(seed=0)
        for t, action in enumerate(actions_for(batch.action_space, 0, 6)):
            _, rewards, terminated, truncated, infos = batch.step(action)
            assert not terminated.any()
            assert truncated.tolist() == [t % 3 == 2] * 2
            assert infos["path"].tolist() == [2 * ((t + 1) // 3), 2 * ((t + 1) // 3) + 1]
            assert t >= 3 or np.array_equal(whole.step(action)[1], rewards)
    with pytest.raises(ValueError, match="max_episode_steps: must be 1 or more, got 0"):
        VectorEnv(max_episode_steps=0)


def test_an_env_without_a_seed_has_one_of_its_own():
    """Unseeded envs differ from each other, and tell the seed that they took."""
    env, other = Env(), Env()
    one = played(env)
    assert not same(one, played(other))
    assert same(one, played(other, env.np_random_seed))


def test_a_batch_without_a_seed_has_one_of_its_own():
    """Unseeded rows differ from each other and from those of another batch."""
    first = [VectorEnv(num_envs=2) for _ in range(2)]
    for batch in first:
        batch.reset()
    rewards = np.array([[batch.step(np.zeros((2, 1)))[1] for _ in range(50)] for batch in first])
    runs = rewards.transpose(0, 2, 1).reshape(4, 50)
    assert len(np.unique(runs, axis=0)) == 4


def test_a_row_without_a_seed_leaves_the_others_theirs():
    """`seed=[5, None]` gives row 0 the paths of seed 5, on a fresh batch as on one that has played."""
    batch, alone = VectorEnv(rich(), 2), Env(rich())
    for _ in range(2):
        first, told = batch.reset(seed=[5, None])
        assert np.array_equal(first[0], alone.reset(seed=5)[0])
        assert told["path"][0] == 0
        for action in actions_for(batch.action_space, 0, 7):
            assert batch.step(action)[1][0] == alone.step(action[0])[1]


def test_a_row_without_a_seed_goes_on():
    """On a batch that has played, None in a list of seeds is the row's next path."""
    batch, other = VectorEnv(num_envs=2), VectorEnv(num_envs=2)
    batch.reset(seed=[1, 2])
    other.reset(seed=[1, 2])
    assert batch.reset(seed=[1, None])[1]["path"].tolist() == [0, 1]
    other.reset()
    assert np.array_equal(batch.step(np.zeros((2, 1)))[1][1], other.step(np.zeros((2, 1)))[1][1])


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_the_seeds_must_be_as_many_as_the_rows(seeds: list[int]):
    """A list of seeds has one for each row."""
    with pytest.raises(ValueError, match=rf"seed: must be one number, or 2, one a row; got {len(seeds)}"):
        VectorEnv(num_envs=2).reset(seed=seeds)


WHOLE, RANGE = "must be a whole number, 0 or more, got", r"must be 0 or more and less than 2\*\*128, got"


@pytest.mark.parametrize(
    ("seed", "complaint"),
    [(-1, f"{RANGE} -1"), (1.7, f"{WHOLE} 1.7"), ("7", f"{WHOLE} '7'"), (True, f"{WHOLE} True"), (1 << 128, RANGE)],
)
def test_what_is_no_seed_is_refused_in_one_line(seed: Any, complaint: str):
    """A seed is a whole number of up to 128 bits, in a single env, in a batch, and in each row's place of a batch."""
    env, batch = Env(), VectorEnv(num_envs=2)
    first, rows = env.reset(seed=3)[0], batch.reset(seed=3)[0]
    with pytest.raises(ValueError, match=f"^seed: {complaint}"):
        env.reset(seed=seed)
    with pytest.raises(ValueError, match=r"^seed: must be "):
        batch.reset(seed=seed)
    with pytest.raises(ValueError, match=rf"^seed\[1\]: {complaint}"):
        batch.reset(seed=[2, seed])
    assert env.episodes.path.tolist() == [0]  # and nothing has begun
    assert np.array_equal(batch.episodes.observe(), rows)
    assert np.array_equal(env.reset(seed=np.int64(3))[0], first)
    assert np.array_equal(batch.reset(seed=np.uint64(3))[0], rows)
    assert np.array_equal(env.reset(seed=(1 << 128) - 1)[0], Env().reset(seed=(1 << 128) - 1)[0])


@pytest.mark.parametrize("ends", [False, True])
def test_a_business_goes_on_and_a_season_ends(ends: bool):
    """At the horizon an episode is truncated, or terminated where the world ends with it, and not before."""
    world = rich(horizon__ends=ends)
    env, batch = Env(world), VectorEnv(world, 2)
    env.reset(seed=0)
    batch.reset(seed=0)
    flags = [env.step(action)[2:4] for action in actions_for(env.action_space, 0, 7)]
    assert flags == [(False, False)] * 6 + [(ends, not ends)]
    rows = [np.array(batch.step(action)[2:4]) for action in actions_for(batch.action_space, 0, 7)]
    assert np.array(rows).tolist() == [[[False] * 2] * 2] * 6 + [[[ends] * 2, [not ends] * 2]]


def test_an_episode_begins_with_a_reset():
    """A step before the first reset, or after the end, raises ResetNeeded."""
    env, batch = Env(overrides=SHORT), VectorEnv(num_envs=2, overrides=SHORT)
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(1))
    with pytest.raises(ResetNeeded):
        batch.step(np.zeros((2, 1)))
    env.reset(seed=0)
    for _ in range(2):
        env.step(np.zeros(1))
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(1))
    env.reset()
    env.step(np.zeros(1))


def test_without_autoreset_one_resets():
    """DISABLED: an episode that is over must be reset, all of them or by a mask, before any row plays on."""
    batch = VectorEnv(num_envs=2, overrides=SHORT, autoreset_mode=AutoresetMode.DISABLED)
    batch.reset(seed=0)
    batch.step(np.zeros((2, 1)))
    batch.reset(options={"reset_mask": np.array([True, False])})
    *_, truncated, _ = batch.step(np.zeros((2, 1)))
    assert truncated.tolist() == [False, True]
    with pytest.raises(ResetNeeded):
        batch.step(np.zeros((2, 1)))
    batch.reset(options={"reset_mask": truncated})
    *_, truncated, _ = batch.step(np.zeros((2, 1)))
    assert truncated.tolist() == [True, False]
    batch.reset()
    batch.step(np.zeros((2, 1)))


def test_a_mask_resets_its_rows_and_no_others():
    """Where the mask is false, observation, clock and path stay; where it is true the next path begins."""
    batch = VectorEnv(rich(), 3)
    batch.reset(seed=2)
    for action in actions_for(batch.action_space, 0, 3):
        before, *_ = batch.step(action)
    after, told = batch.reset(options={"reset_mask": np.array([False, True, False])})
    assert np.array_equal(after[[0, 2]], before[[0, 2]])
    assert told["path"].tolist() == [0, 4, 2]
    assert batch.episodes.clock.tolist() == [3, 0, 3]
    with pytest.raises(ValueError, match=r"reset_mask: must have the shape \(3,\), got \(2,\)"):
        batch.reset(options={"reset_mask": np.array([True, False])})


def test_same_step_tells_what_came_last():
    """SAME_STEP: the observation is the next episode's first; `final_obs` and `final_info` are the old one's last."""
    batch, alone = VectorEnv(rich(), 1, autoreset_mode=AutoresetMode.SAME_STEP), Env(rich())
    batch.reset(seed=3)
    alone.reset(seed=3)
    actions = actions_for(batch.action_space, 0, 7)
    for action in actions[:6]:
        *_, infos = batch.step(action)
        assert "final_obs" not in infos
        assert "final_info" not in infos
        alone.step(action[0])
    observations, rewards, _, truncated, infos = batch.step(actions[6])
    last, reward, _, _, info = alone.step(actions[6][0])
    assert truncated.tolist() == infos["_final_obs"].tolist() == infos["_final_info"].tolist() == [True]
    assert np.array_equal(infos["final_obs"][0], last)
    assert {name: infos["final_info"][name][0] for name in info} == info
    assert rewards[0] == reward
    assert np.array_equal(observations[0], alone.reset()[0])


def test_next_step_ignores_the_action_of_a_reset():
    """NEXT_STEP: the step after the end begins a new episode: no order, no reward, no flag, and no flow in the info."""
    batch = VectorEnv(num_envs=2, overrides=SHORT)
    batch.reset(seed=0)
    most = np.ones((2, 1))
    for _ in range(2):
        last, _, _, truncated, _ = batch.step(most)
    assert truncated.all()
    first, rewards, terminated, truncated, infos = batch.step(most)
    assert not np.array_equal(first, last)
    assert batch.episodes.clock.tolist() == [0, 0]
    assert rewards.tolist() == [0, 0]
    assert not (terminated | truncated).any()
    assert infos["supplier.ordered"].tolist() == [0, 0]
    assert infos["path"].tolist() == [2, 3]
    *_, infos = batch.step(most)
    assert infos["_supplier.ordered"].all()
    assert infos["supplier.ordered"].tolist() == [10, 10]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_what_is_returned_belongs_to_the_caller(mode: AutoresetMode):
    """Overwriting observations, rewards, flags or infos changes nothing of what happens next."""
    careful, careless = (VectorEnv(rich(horizon__periods=3), 3, autoreset_mode=mode) for _ in range(2))
    careful.reset(seed=1)
    observations, told = careless.reset(seed=1)
    observations[:] = told["path"][:] = -1
    for action in actions_for(careful.action_space, 0, 12):
        expected, got = careful.step(action), careless.step(action)
        for one, other in zip(expected[:4], got[:4], strict=True):
            assert np.array_equal(one, other)
        for name, array in got[4].items():
            assert name.endswith(("final_obs", "final_info")) or np.array_equal(expected[4][name], array), name
        for array in [*got[:4], *got[4].values()]:
            if isinstance(array, np.ndarray) and array.dtype != object:
                array[:] = False
    assert np.array_equal(careful.reset()[0], careless.reset()[0])


def test_observations_are_fresh_arrays():
    """An observation stays as it was when the next ones come."""
    for env, action in ((Env(), np.ones(1)), (VectorEnv(num_envs=2), np.ones((2, 1)))):
        rows = [env.reset(seed=0)[0]] + [env.step(action)[0] for _ in range(5)]
        kept = [row.copy() for row in rows]
        env.step(action)
        assert all(map(np.array_equal, rows, kept))
        assert not any(np.shares_memory(one, other) for one, other in pairwise(rows))


def test_the_reward_is_what_is_left():
    """Reward = revenue less cost, in the env's unit or in money, and the cost is the sum of its kinds."""
    env, money = Env(rich()), Env(rich(), rewards="money")
    money.reset(seed=5)
    env.reset(seed=5)
    for action in actions_for(env.action_space, 5, 7):
        _, reward, _, _, info = env.step(action)
        kinds = ["purchase_cost", "fixed_cost", "transit_cost", "holding_cost", "shortage_cost", "waste_cost"]
        assert money.step(action)[1] == pytest.approx(info["revenue"] - info["cost"], rel=1e-12)
        assert reward == pytest.approx((info["revenue"] - info["cost"]) / env.reward_unit, rel=1e-12)
        assert info["cost"] == pytest.approx(sum(info[kind] for kind in kinds), rel=1e-12)
        assert isinstance(reward, float)


@pytest.mark.parametrize("name", names())
def test_costs_by_stock_lane_and_demand_add_up(name: str):
    """Over all parts each kind of cost is the period's, on every row; before the first period all are 0."""
    env, batch = Env(name), VectorEnv(name, 2)
    env.reset(seed=1)
    batch.reset(seed=1)
    assert not any(env.costs().values())
    for action in actions_for(batch.action_space, 0, min(60, env.scenario.horizon.periods)):
        info, infos = env.step(action[0])[4], batch.step(action)[4]
        alone, rows = env.costs(), batch.costs()
        for kind in ("purchase_cost", "fixed_cost", "transit_cost", "holding_cost", "waste_cost", "shortage_cost"):
            parts = [part for part in rows if part.endswith(f".{kind}")]
            assert sum(alone[part] for part in parts) == pytest.approx(info[kind], rel=1e-9, abs=1e-9)
            assert np.allclose(sum(rows[part] for part in parts), infos[kind], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scenario", [shop({"horizon.periods": 3}), rich()], ids=["shop", "rich"])
def test_a_wrong_action_is_refused(scenario: Scenario):
    """An action has one number a lane; the compiled step does not look, so the env does."""
    env, batch = Env(scenario), VectorEnv(scenario, 2)
    env.reset(seed=0)
    batch.reset(seed=0)
    lanes = len(scenario.lanes)
    for shape in [(0,), (lanes + 1,), (1, lanes), (lanes, 1)]:
        with pytest.raises(ValueError, match=r"action: must have the shape \(\d,\), got "):
            env.step(np.zeros(shape))
    for shape in [(), (2,), (lanes,), (1, lanes), (2, lanes + 1)]:
        with pytest.raises(ValueError, match=r"actions: must have the shape \(2, \d\), got "):
            batch.step(np.zeros(shape))
    env.step(np.zeros(lanes))
    batch.step(np.zeros((2, lanes)))


@pytest.mark.parametrize("units", ["raw", "mean-demand"])
def test_nan_is_refused_before_anything_is_played(units: str):
    """NaN in one row is refused with its row and lane, and no row, earlier ones neither, has played."""
    env, batch = Env(units=units), VectorEnv(num_envs=3, units=units)
    before, rows = env.reset(seed=0)[0], batch.reset(seed=0)[0]
    with pytest.raises(ValueError, match="action for lane 'supplier': must be a number, got nan"):
        env.step(np.array([np.nan]))
    with pytest.raises(ValueError, match="action for lane 'supplier' in row 1: must be a number, got nan"):
        batch.step(np.array([[1.0], [np.nan], [1.0]]))
    assert np.array_equal(env.episodes.observe()[0], before)
    assert np.array_equal(batch.episodes.observe(), rows)
    assert batch.episodes.clock.tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_refused_action_changes_nothing_of_what_comes_after(mode: AutoresetMode):
    """NaN in any period, the last one too, is as if it had not been tried: the same steps follow, and no other.

    The step after a refused one used to return rewards from memory that was not written.
    """
    straight, stumbling = (VectorEnv(rich(horizon__periods=3), 3, autoreset_mode=mode) for _ in range(2))
    straight.reset(seed=4)
    stumbling.reset(seed=4)
    for t, action in enumerate(actions_for(straight.action_space, 1, 7)):
        ended = straight.episodes.clock == 3
        if ended.all():  # a row that begins anew ignores its action, whatever it is
            action[0, 0] = np.nan
        else:
            wrong = action.copy()
            wrong[2, t % wrong.shape[1]] = np.nan
            with pytest.raises(ValueError, match="in row 2: must be a number"):
                stumbling.step(wrong)
        expected, got = straight.step(action), stumbling.step(action)
        for one, other in zip(expected[:4], got[:4], strict=True):
            assert np.array_equal(one, other)
        if mode == AutoresetMode.DISABLED and (expected[2] | expected[3]).any():
            assert np.array_equal(straight.reset()[0], stumbling.reset()[0])


@pytest.mark.parametrize("mode", AutoresetMode)
def test_an_interrupted_step_leaves_a_batch_that_plays_on(mode: AutoresetMode, monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C after the last period was played, before it was told: the next step begins new episodes, with no reward.

    The batch asks its clock which episodes are over, and keeps no second account of it.
    """
    batch = VectorEnv(num_envs=3, overrides=SHORT, autoreset_mode=mode)
    batch.reset(seed=0)
    batch.step(np.zeros((3, 1)))
    with monkeypatch.context() as patch:
        patch.setattr(batch, "_infos", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            batch.step(np.zeros((3, 1)))
    if mode == AutoresetMode.DISABLED:
        with pytest.raises(ResetNeeded):
            batch.step(np.zeros((3, 1)))
        return
    _, rewards, terminated, truncated, infos = batch.step(np.zeros((3, 1)))
    assert rewards.tolist() == [0, 0, 0]
    assert not (terminated | truncated).any()
    assert not infos["cost"].any()
    assert batch.episodes.clock.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "action",
    [["many"], np.array(["1"]), [None], np.array([{}], object), np.array([1j]), np.array([True]), {"supplier": 1}],
    ids=str,
)
def test_what_is_no_number_is_refused_in_one_line(action: Any):
    """Texts, objects, complex numbers and truth values are no actions, and nothing is played."""
    env, batch = Env(), VectorEnv(num_envs=2)
    env.reset(seed=0)
    batch.reset(seed=0)
    with pytest.raises(ValueError, match=r"^action: must be numbers, got .*$"):
        env.step(action)
    with pytest.raises(ValueError, match=r"^actions: must be numbers, got .*$"):
        batch.step([action, action] if isinstance(action, list) else action)
    with pytest.raises(ValueError, match=r"^action: must be rows of numbers of one length, got .*$"):
        env.step([[1.0], [1.0, 2.0]])
    assert env.episodes.clock.tolist() == [0]
    assert batch.episodes.clock.tolist() == [0, 0]


@pytest.mark.parametrize("units", ["raw", "mean-demand"])
def test_actions_beyond_their_bounds_are_cut_to_them(units: str):
    """Infinity, and what 32 bits cannot hold, orders the most or nothing, as the bounds of the action space do."""
    most = 10.0
    for action, ordered in ((np.inf, most), (-np.inf, 0), (1e300, most), (-1e300, 0), (most + 1, most), (-5, 0)):
        env, batch = Env(units=units), VectorEnv(num_envs=2, units=units)
        env.reset(seed=0)
        batch.reset(seed=0)
        assert env.step(np.array([action]))[4]["supplier.ordered"] == ordered
        assert batch.step(np.array([[action], [0.0]]))[4]["supplier.ordered"][0] == ordered


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, list])
def test_any_kind_of_number_is_an_action(kind: Any):
    """Lists, whole numbers and 64-bit floats are actions too, as are parts of larger arrays."""
    env = Env()
    env.reset(seed=0)
    action = [1] if kind is list else np.ones(1, kind)
    assert env.step(action)[4]["supplier.ordered"] == 10
    assert env.step(np.ones((4, 4), np.float32)[::2, 1][:1])[4]["supplier.ordered"] == 10
