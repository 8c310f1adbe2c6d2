"""Every shipped id, under the checkers of Gymnasium and of Stable-Baselines3."""

import copy
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import yaml
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import jit_gym
from jit_gym.envs import Env, FamilyVectorEnv, VectorEnv
from jit_gym.scenario import family_names, industry_names

from .rich import RICH, rich

INDUSTRIES = {name for name, spec in gym.registry.items() if spec.kwargs.get("scenario") in industry_names()}
IDS = sorted(name for name in gym.registry if name.startswith("jit_gym/") and name not in INDUSTRIES)
every_id = pytest.mark.parametrize("name", IDS)
FEW = {"jit_gym/DualSourcing-v1", "jit_gym/LostSales-v1", "jit_gym/MultiItem-v1", "jit_gym/LostSalesFamily-v1"}
few_ids = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in IDS]
)


def complaints(check: Callable[[Any], Any], env: gym.Env[Any, Any]) -> list[str]:
    """Return what a checker warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(env)
    return [str(warning.message) for warning in caught]


def test_every_shipped_scenario_has_an_id():
    """`lost-sales` is `jit_gym/LostSales-v1`, anybody's own scenario `jit_gym/Scenario-v1`, and so for families."""
    shipped = [*jit_gym.names(), *family_names()]
    titles = {"".join(part.capitalize() for part in name.split("-")) for name in shipped}
    newest = {name.split("/")[1].split("-v")[0] for name in IDS}
    assert newest == titles | {"Scenario", "Family"}
    assert set(IDS) >= FEW
    assert len(INDUSTRIES) == len(industry_names())  # tests/scenario/test_industries.py checks these


def test_an_older_version_is_refused_with_the_one_that_stands():
    """`-v0` had other observations, actions and rewards."""
    with (
        pytest.warns(DeprecationWarning, match="is out of date"),
        pytest.raises(gym.error.DeprecatedEnv, match="Please use `jit_gym/LostSales-v1` instead"),
    ):
        gym.make("jit_gym/LostSales-v0")


def test_the_page_of_environments_is_up_to_date():
    """docs/environments.md names every id, what it shows and takes, its periods, and the unit of its rewards."""
    page = (Path(__file__).parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")
    (shapes,) = re.findall(r"<!-- ids -->\n(.*?)<!-- end of ids -->", page, re.DOTALL)
    (scores,) = re.findall(r"<!-- scores -->\n(.*?)<!-- end of scores -->", page, re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in shapes.splitlines()[2:]]
    expected = []
    for name in sorted({*IDS, *INDUSTRIES}):
        if "Family" in name:
            assert name in page
        elif name != "jit_gym/Scenario-v1":
            env: Any = gym.make(name).unwrapped
            horizon, (seen,), (said,) = env.scenario.horizon, env.observation_space.shape, env.action_space.shape
            numbers = [str(seen), str(said), str(horizon.periods), "yes" if horizon.ends else "no"]
            expected.append([f"`{name}`", *numbers, f"{env.reward_unit:,g}"])
            assert f"| `{name}` |" in scores
    assert rows == expected


@every_id
def test_gymnasium_finds_no_fault(name: str):
    """Gymnasium's check_env passes without a warning, rendering included."""
    assert complaints(check_env, gym.make(name).unwrapped) == []


@few_ids
def test_stable_baselines3_finds_no_fault(name: str):
    """Stable-Baselines3's check_env passes without a warning."""
    from stable_baselines3.common.env_checker import check_env

    assert complaints(check_env, gym.make(name).unwrapped) == []


@pytest.mark.parametrize("overrides", [{}, {"horizon.ends": True}])
def test_the_checkers_find_no_fault_with_a_bit_of_everything(overrides: dict[str, Any]):
    """Kits, random lead times, disruptions, spikes and seasons pass both checkers too."""
    from stable_baselines3.common.env_checker import check_env as check_sb3_env

    env = gym.make("jit_gym/Scenario-v1", scenario=rich(), overrides=overrides).unwrapped
    assert complaints(check_env, env) == complaints(check_sb3_env, env) == []


@every_id
def test_every_id_is_made_single(name: str):
    """`gymnasium.make` gives an env that plays an episode to its end."""
    env = gym.make(name)
    env.action_space.seed(0)
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    steps, over = 0, False
    while not over:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        steps, over = steps + 1, terminated or truncated
    assert isinstance(env.unwrapped, Env)
    assert steps == env.unwrapped.scenario.horizon.periods


@every_id
def test_every_id_is_made_as_a_batch(name: str):
    """`gymnasium.make_vec` gives a native batch, not a loop over envs."""
    envs = gym.make_vec(name, num_envs=5)
    assert type(envs) is (FamilyVectorEnv if "Family" in name else VectorEnv)
    assert envs.num_envs == 5
    observations, _ = envs.reset(seed=0)
    assert observations.shape == (5, *envs.single_observation_space.shape)
    assert observations in envs.observation_space
    _, rewards, terminated, truncated, _ = envs.step(envs.action_space.sample())
    assert rewards.shape == terminated.shape == truncated.shape == (5,)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_says_how_it_resets(mode: AutoresetMode):
    """`metadata["autoreset_mode"]` is the batch's own, the mode given by name or as Gymnasium has it."""
    for given in (mode, mode.value):
        envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=2, autoreset_mode=given)
        assert envs.metadata["autoreset_mode"] == mode
    assert gym.make_vec("jit_gym/LostSales-v1", num_envs=2).metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP


def test_arguments_reach_the_env():
    """Overrides, units and the most that can be ordered are arguments of `make` and `make_vec`."""
    options = {"overrides": {"lanes.supplier.lead_time": 2}, "units": "raw", "most_ordered": 3}
    for env in (
        gym.make("jit_gym/LostSales-v1", **options),
        gym.make_vec("jit_gym/LostSales-v1", num_envs=2, **options),
    ):
        assert env.unwrapped.scenario.lanes["supplier"].lead_time.mean == 2
        assert env.action_space.high.max() == 15  # three times five
        assert env.unwrapped.observation_names[-1] == "supplier.arrives_in_2"


@pytest.mark.parametrize("batch", [False, True])
def test_anybodys_world_can_be_played(tmp_path: Path, batch: bool):
    """`jit_gym/Scenario-v1` takes a path to a YAML file, as text or as a Path, a name, or a loaded scenario."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(RICH), encoding="utf-8")

    def make(scenario: Any, **kwargs: Any) -> Any:
        given = {"scenario": scenario, **kwargs}
        return (
            gym.make_vec("jit_gym/Scenario-v1", num_envs=2, **given)
            if batch
            else gym.make("jit_gym/Scenario-v1", **given)
        )

    for scenario in (str(file), file, rich()):
        assert make(scenario).unwrapped.scenario == rich()
    assert make("grocery").unwrapped.scenario.name == "grocery"
    assert make(file, overrides={"horizon.periods": 9}).unwrapped.scenario.horizon.periods == 9
    with pytest.raises(jit_gym.ScenarioError, match=r"horizon\.periods"):
        make(file, overrides={"horizon.periods": 0})


@pytest.mark.parametrize(
    ("kwargs", "complaint"),
    [
        ({"units": "kilos"}, "units: must be 'mean-demand' or 'raw', got 'kilos'"),
        ({"rewards": "raw"}, "rewards: must be 'scaled' or 'money', got 'raw'"),
        ({"most_ordered": 0.5}, "most_ordered: must be 1 period of mean demand or more, got 0.5"),
        ({"most_ordered": float("nan")}, "most_ordered: must be 1 period of mean demand or more, got nan"),
    ],
)
def test_a_bad_argument_is_refused_in_one_line(kwargs: dict[str, Any], complaint: str):
    """What cannot be is refused when the env is made, by the single env and the batch alike."""
    for kind in (Env, VectorEnv):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole text is compared)
            kind(**kwargs)
        assert str(caught.value) == complaint


def test_a_config_may_come_first():
    """RLlib calls an env with its `env_config` alone."""
    config = {"scenario": "lost-sales", "overrides": {"lanes": {"supplier": {"lead_time": 2}}}, "units": "raw"}
    for env in (Env(config), VectorEnv(config), VectorEnv({**config, "num_envs": 3})):
        assert env.scenario.lanes["supplier"].lead_time.mean == 2
        assert env.episodes.codec.raw
    assert env.num_envs == 3
    assert VectorEnv({"num_envs": 2, "max_episode_steps": 5}).length == 5
    assert Env({}).scenario.name == "lost-sales"


@pytest.mark.parametrize("batch", [False, True], ids=["single", "batch"])
def test_a_specification_is_json_whatever_an_env_was_made_with(tmp_path: Path, batch: bool):
    """A path, a scenario and a mode become text and mappings, and the specification makes the same env again."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(RICH), encoding="utf-8")
    make: Any = gym.make_vec if batch else gym.make
    more: dict[str, Any] = {"num_envs": 2, "autoreset_mode": AutoresetMode.SAME_STEP} if batch else {}
    for scenario in (file, rich(), RICH):
        env = make("jit_gym/Scenario-v1", scenario=scenario, **more)
        spec = gym.envs.registration.EnvSpec.from_json(env.spec.to_json())
        assert make(spec).unwrapped.scenario == env.unwrapped.scenario


def test_an_unknown_way_to_render_is_refused():
    """An env and a batch render as text, as a picture or in a window, and in no other way."""
    for make in (Env, VectorEnv):
        with pytest.raises(
            ValueError, match=r"render_mode: must be one of \['human', 'ansi', 'rgb_array'\], got 'pdf'"
        ):
            make(render_mode="pdf")
    with pytest.raises(ValueError, match="num_envs: must be 1 or more, got 0"):
        VectorEnv(num_envs=0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"])
@pytest.mark.parametrize("batch", [False, True], ids=["single", "batch"])
def test_a_copy_in_mid_episode_goes_on_identically(copied: Callable[[Any], Any], batch: bool):
    """A deep or pickled copy plays on as the original, past the end of the episode, and leaves the original alone."""
    env = VectorEnv(rich(), 3) if batch else Env(rich())
    env.reset(seed=6)
    env.action_space.seed(1)
    for _ in range(4):
        env.step(env.action_space.sample())
    other = copied(env)
    runs = []
    for each in (env, other):
        each.action_space.seed(2)
        rows = []
        for t in range(12):
            if not batch and t == 3:
                rows.append(each.reset()[0])
            observation, reward, *_, info = each.step(each.action_space.sample())
            rows += [observation, np.array(reward), np.array(info["cost"])]
            if not batch and t >= 3 + 6:
                break
        runs.append(rows)
    assert all(map(np.array_equal, *runs))
    assert len(runs[0]) > 20
