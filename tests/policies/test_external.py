"""Policies from elsewhere: they cost in `evaluate` what they cost in the env that they were trained on."""

import pickle

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

import jit_gym
from jit_gym.policies import PolicyError
from jit_gym.scenario import BadInput

SHORT = {"horizon.periods": 12}
WORLD = jit_gym.load("lost-sales", SHORT)
SEEN = 6  # numbers of an observation of lost-sales


def single(**arguments):
    return gym.make("jit_gym/LostSales-v1", overrides=SHORT, rewards="money", **arguments)


def rewards_in(venv, model, episodes=3, seed=11):
    """Return each episode's rewards in a VecEnv of one row, as Stable-Baselines3 plays a model, recurrent or not."""
    venv.seed(seed)
    seen, state, start, totals, total = venv.reset(), None, np.ones(1, bool), [], 0.0
    while len(totals) < episodes:
        action, state = model.predict(seen, state=state, episode_start=start, deterministic=True)
        seen, reward, start, _ = venv.step(action)
        total += venv.get_original_reward()[0] if isinstance(venv, VecNormalize) else reward[0]
        if start[0]:
            totals.append(total)
            total = 0.0
    return totals


def judged(policy, episodes=3, seed=11):
    return jit_gym.evaluate(policy, WORLD, paths=episodes, seed=seed).rewards


def trained(algorithm, venv, policy="MlpPolicy", **settings):
    return algorithm(policy, venv, seed=0, device="cpu", **settings).learn(64)


PLAIN = {"n_steps": 32, "batch_size": 32}


@pytest.mark.parametrize("normalized", [False, True], ids=["plain", "VecNormalize"])
def test_a_model_costs_what_it_costs_in_its_own_env(normalized):
    """PPO on an env, or on a VecNormalize of it, which `evaluate` finds behind the model."""
    venv = DummyVecEnv([single])
    venv = VecNormalize(venv) if normalized else venv
    model = trained(PPO, venv, **PLAIN)
    if normalized:
        venv.training = False
    np.testing.assert_allclose(judged(model), rewards_in(venv, model), rtol=1e-5)


def test_a_recurrent_model_keeps_its_state():
    """RecurrentPPO: its state goes from period to period, and begins anew with each path."""
    venv = DummyVecEnv([single])
    model = trained(RecurrentPPO, venv, "MlpLstmPolicy", n_steps=32)
    np.testing.assert_allclose(judged(model), rewards_in(venv, model), rtol=1e-5)


def test_a_wrapper_says_what_actions_mean():
    """DQN over choices, and PPO over order-up-to levels, each trained in `ActionMeaning`."""
    choosing = DummyVecEnv([lambda: jit_gym.ActionMeaning(single(), "quantity", choices=[0, 3, 5, 8])])
    chooser = trained(DQN, choosing, learning_starts=16)
    levels = DummyVecEnv([lambda: jit_gym.ActionMeaning(single(), "order-up-to")])
    leveller = trained(PPO, levels, **PLAIN)
    for model, venv in ((chooser, choosing), (leveller, levels)):
        np.testing.assert_allclose(judged(model), rewards_in(venv, model), rtol=1e-5)
    chooser.env = None
    with pytest.raises(PolicyError, match="chooses one of 4: say what they mean"):
        judged(chooser)
    said = jit_gym.external_policy(chooser, choices=[0, 3, 5, 8])
    np.testing.assert_allclose(judged(said), rewards_in(choosing, chooser), rtol=1e-5)


def test_a_saved_model_is_unpickled_only_if_it_is_trusted(tmp_path):
    """`sb3:ppo:FILE.zip`, with the VecNormalize beside it; a pickled policy plays in another process, too."""
    venv = VecNormalize(DummyVecEnv([single]))
    model = trained(PPO, venv, **PLAIN)
    venv.training = False
    model.save(tmp_path / "best.zip")
    venv.save(str(tmp_path / "norm.pkl"))
    text = f"sb3:ppo:{tmp_path}/best.zip(normalize={tmp_path}/norm.pkl, label=mine)"
    with pytest.raises(PolicyError, match=r"best\.zip: is unpickled, which runs .* \(add --trust"):
        jit_gym.compare([text], WORLD, paths=2)
    policy = jit_gym.external_policy(text, trust=True)
    assert str(policy) == "mine"
    np.testing.assert_allclose(judged(policy), rewards_in(venv, model), rtol=1e-5)
    np.testing.assert_array_equal(judged(pickle.loads(pickle.dumps(policy))), judged(policy))


def ten_and_four(seen):
    """Order 1.4 times what is used, whatever is seen."""
    return np.full((len(seen), 1), 0.4)


def test_a_torch_module_and_a_function_of_observations_are_the_same_if_they_compute_the_same():
    """One takes and returns tensors, the other arrays."""
    module = torch.nn.Sequential(torch.nn.Linear(SEEN, 1), torch.nn.Tanh())
    with torch.no_grad():
        module[0].weight.zero_()
        module[0].bias.fill_(np.arctanh(0.4))
    mine = jit_gym.external_policy(ten_and_four, label="mine")
    np.testing.assert_allclose(judged(module), judged(mine))
    with pytest.raises(TypeError):
        judged(ten_and_four)  # taken for a function of a `View`
    table = jit_gym.compare(["jit", module, mine], WORLD, paths=4)
    assert [result.policy for result in table.results] == ["jit(level=25)", "Sequential", "mine"]


def test_an_onnx_file_plays_as_the_model_that_it_was_written_from(tmp_path):
    """The shipped agent, through ONNX: the same orders but for the rounding of 32 bits, which whole units hide."""
    from jit_gym.agents.export import onnx
    from jit_gym.policies.models import Model, shipped

    (tmp_path / "model.onnx").write_bytes(onnx(Model.read(shipped("lost-sales")["dcl"])))
    np.testing.assert_array_equal(judged(f"onnx:{tmp_path}/model.onnx"), judged("agent:dcl"))
    policy = jit_gym.external_policy(f"onnx:{tmp_path}/model.onnx")
    np.testing.assert_array_equal(judged(pickle.loads(pickle.dumps(policy))), judged("agent:dcl"))


def test_a_function_is_named_by_its_module(tmp_path, monkeypatch):
    """`module:function`, of a file in the current folder; a model in it may have options."""
    (tmp_path / "my_rules.py").write_text(
        "def up_to_20(view):\n    return (20 - view.inventory_position).clip(min=0)\n\n"
        "class Model:\n    def predict(self, seen, **given):\n        return seen[:, :1] * 0, None\n\nmodel = Model()\n"
    )
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(judged("my_rules:up_to_20"), judged("base-stock(level=20)"))
    named = jit_gym.external_policy("my_rules:up_to_20(label=mine)")
    assert named.__name__ == "mine"
    np.testing.assert_array_equal(judged(pickle.loads(pickle.dumps(named))), judged("base-stock(level=20)"))
    np.testing.assert_array_equal(judged("my_rules:model(label=mine)"), judged(jit_gym.external_policy(Zero())))


EVERYWHERE = {  # what is brought, by the way it comes
    "model": lambda: trained(PPO, DummyVecEnv([single]), **PLAIN),
    "VecNormalize": lambda: trained(PPO, VecNormalize(DummyVecEnv([single])), **PLAIN),
    "recurrent": lambda: trained(RecurrentPPO, DummyVecEnv([single]), "MlpLstmPolicy", n_steps=32),
    "module": lambda: torch.nn.Sequential(torch.nn.Linear(SEEN, 1), torch.nn.Tanh()),
    "levels": lambda: jit_gym.external_policy(torch.nn.Linear(SEEN, 1), means="order-up-to", label="mine"),
    "function": lambda: jit_gym.external_policy(ten_and_four),
    "view": lambda: up_to_30,
}


def up_to_30(view):
    """Order up to 30 units of inventory position."""
    return (30 - view.inventory_position).clip(min=0)


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.slow if way in ("model", "levels") else ()) for way in EVERYWHERE]
)
def test_what_is_brought_plays_everywhere(way):
    """`compare`, `evaluate`, `stress` and `policy_map` on the same paths say the same, whatever is brought."""
    torch.manual_seed(0)
    model = EVERYWHERE[way]()
    cost = jit_gym.evaluate(model, WORLD, paths=4, seed=3).mean("cost")
    table = jit_gym.compare(["jit", model], WORLD, paths=4, warmup=0, seed=3, gap=False)
    assert table.results[1].mean("cost") == cost
    held = "stocks.shop.holding_cost"
    drawn = jit_gym.policy_map(
        ["jit", model],
        WORLD,
        x=(held, [1, 2]),
        y=("demands.customers.shortage_cost", [4, 19]),
        paths=4,
        periods=12,
        warmup=0,
        seed=3,
    )
    assert len(drawn.policies) == 2
    late = jit_gym.stress([model], WORLD, ["supplier-fire"], hits=["supplier"], at=11, paths=4, seed=3)
    (struck,) = late.struck
    assert len(struck.scenario.disruptions) == 1
    ((name, _),) = [(result.policy, result.mean("cost")) for result in struck.results]
    assert name == table.results[1].policy


def test_a_model_sees_what_it_saw_where_it_was_trained():
    """A world with a disruption shows two numbers more; before it strikes, the model costs what it costs without."""
    storm = {"hits": ["supplier"], "starts": {"at": [11]}, "lasts": 1}
    struck = jit_gym.load(WORLD, {"disruptions": {"storm": storm}})
    module = torch.nn.Sequential(torch.nn.Linear(SEEN, 1), torch.nn.Tanh())
    model = trained(PPO, DummyVecEnv([single]), **PLAIN)
    for each in (model, jit_gym.external_policy(module).fit(WORLD)):
        calm, seen = (jit_gym.evaluate(each, world, paths=3, periods=11, seed=5) for world in (WORLD, struck))
        np.testing.assert_array_equal(calm.rewards, seen.rewards)
    notes = jit_gym.compare(["jit", model], struck, paths=2, gap=False).notes
    assert any("ppo: does not see" in note and "which were not shown where it was trained" in note for note in notes)
    with pytest.raises(PolicyError, match=r"sees 6 numbers, and lost-sales shows \d"):
        jit_gym.external_policy(module).fit(WORLD).fit(jit_gym.load(WORLD, {"lanes.supplier.lead_time": 2}))


class Zero:
    """A model that orders what is used."""

    def predict(self, seen, **_):
        return np.zeros((len(seen), 1)), None


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("sb3:pqo:best.zip", "unknown algorithm 'pqo' (did you mean 'ppo'?)"),
        ("sb3:ppo:none.zip", "sb3:ppo:none.zip: there is no such file"),
        ("onnx:none.onnx", "there is no file 'none.onnx'"),
        ("no_such_module:rule", "there is no module 'no_such_module'"),
        ("json:lods", "json has no 'lods' (did you mean 'loads'?)"),
        ("json:loads(mean=1)", "unknown option 'mean' (did you mean 'means'?)"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(what, said):
    """The place, the value and the fix."""
    with pytest.raises(BadInput) as refused:
        jit_gym.external_policy(what, trust=True)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_does_not_fit_is_refused():
    """A model that sees another number of things, one whose outputs are of another shape, and a damaged file."""
    model = PPO("MlpPolicy", gym.make("jit_gym/DualSourcing-v1"), device="cpu", **PLAIN)
    with pytest.raises(PolicyError, match="ppo: sees 5 numbers, and lost-sales shows 6"):
        judged(model)
    with pytest.raises(PolicyError, match=r"its actions must be numbers \(3, 1\), got float64 \(3, 2\)"):
        judged(jit_gym.external_policy(lambda seen: np.zeros((len(seen), 2)), label="two"))
    with pytest.raises(PolicyError, match="normalize: must have a mean and a deviation above 0"):
        jit_gym.external_policy(Zero(), normalize=([0, 0], [1, 0]))
    with pytest.raises(PolicyError, match=r"env: must be an env or a batch of jit_gym"):
        jit_gym.external_policy(Zero(), env=gym.make("CartPole-v1"))
