"""Trained policies: the forward pass, what its numbers mean, and files that are not to be trusted."""

import hashlib
import json
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common.digest import BLANK
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import Network, PolicyError, policy
from jit_gym.policies.action import Action
from jit_gym.policies.models import FORMAT, KEY, OLDER, Manifest, Model, contents
from jit_gym.policies.trained import Perceptron, model_of
from jit_gym.scenario import Scenario, load

SHOP = load("lost-sales", {"horizon.periods": 20})
LIMITED = {
    "lanes.regular.capacity": 8,  # else an env says less than an evaluation
    "lanes.expedited.capacity": 8,
    "objective.leftovers": "worthless",  # as the rewards of an env have it
}


def arrays(inputs: int, *widths: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the arrays of a random perceptron."""
    random = np.random.default_rng(seed)
    found = {"shift": random.normal(size=inputs), "scale": random.uniform(0.5, 2, inputs)}
    for k, (above, below) in enumerate(zip(widths, (inputs, *widths), strict=False)):
        found |= {
            f"layers.{k}.weight": random.normal(size=(above, below)),
            f"layers.{k}.bias": random.normal(size=above),
        }
    return {name: array.astype(np.float32) for name, array in found.items()}


def model(scenario: Scenario = SHOP, action: Action | None = None, **changes: Any) -> Model:
    """Return a random model for a scenario."""
    names = Codec(Layout(scenario)).names
    action = action or Action.default(scenario)
    manifest = Manifest(
        "made-up", scenario.name, scenario.fingerprint, tuple(names), {"activation": "relu", "squash": "clip"}
    )
    return model_of(manifest.replace(**changes), arrays(len(names), 8, 8, action.outputs), action)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_forward_pass_is_torchs(activation: str):
    """NumPy and torch.nn find the same numbers from the same weights, to the rounding of 32-bit floats."""
    torch = pytest.importorskip("torch")
    weights = arrays(6, 32, 16, 9)
    kind = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation]
    net = torch.nn.Sequential(torch.nn.Linear(6, 32), kind(), torch.nn.Linear(32, 16), kind(), torch.nn.Linear(16, 9))
    net.load_state_dict(
        {
            f"{2 * k}.{what}": torch.tensor(weights[f"layers.{k}.{what}"])
            for k in range(3)
            for what in ("weight", "bias")
        }
    )
    observations = np.random.default_rng(1).uniform(0, 5, (100, 6)).astype(np.float32)
    scaled = torch.tensor((observations - weights["shift"]) * weights["scale"])
    ours = Perceptron(weights, activation)(observations)
    assert ours.dtype == np.float32
    assert np.allclose(ours, net(scaled).detach().numpy(), rtol=1e-5, atol=1e-4)


def test_a_model_that_is_written_and_read_orders_the_same(tmp_path: Path):
    made = model()
    path = written(tmp_path / "mine.safetensors", made.data)
    ours, read = (jit_gym.evaluate(what, SHOP, paths=8) for what in (Network(made), f"agent:{path}"))
    assert np.array_equal(ours.figures["cost"], read.figures["cost"])
    assert read.policy == f"agent:{path}"
    assert Model.read(path).manifest.observation == made.manifest.observation


@pytest.mark.parametrize("means", ["quantity", "order-up-to", "correction"])
@pytest.mark.parametrize("ends", [False, True])
def test_an_agent_orders_in_an_env_what_it_orders_in_an_evaluation(means: str, ends: bool):
    """`predict` on what an env shows, and a call on what a simulation shows, are the same returns to the last unit."""
    world = load("dual-sourcing", {"horizon.periods": 12, "horizon.ends": ends, **LIMITED})
    action = Action.default(world, means, "base-stock" if means == "correction" else None)
    envs = jit_gym.VectorEnv(world, 8, most_ordered=4, rewards="money")
    player = jit_gym.policy(Network(model(world, action)), envs)
    seen, _ = envs.reset(seed=3)
    returns = np.zeros(8)
    for _ in range(12):
        actions, _ = player.predict(seen)
        seen, rewards, *_ = envs.step(actions)
        returns += rewards
    expected = jit_gym.evaluate(player, world, paths=8, seed=3).figures["profit"] * 12
    assert np.allclose(returns, expected)


@pytest.mark.parametrize(
    ("means", "said", "orders"),
    [
        ("quantity", -1, 0),
        ("quantity", 0, 5),
        ("quantity", 0.5, 7.5),
        ("order-up-to", 0, 24),  # the newsvendor's level is 34, and 10 are there
        ("order-up-to", -1, 0),
        ("correction", 0, 24),
        ("correction", 0.1, 25),
        ("correction", -1, 14),
    ],
)
def test_what_a_number_means(means: str, said: float, orders: float):
    """Numbers from -1 to 1 are quantities, order-up-to levels, or corrections to a rule, by Action.default's scale."""
    world = load("lost-sales")
    action = Action.default(world, means, "base-stock" if means == "correction" else None).fit(world)
    view = View(Simulation(Layout(world), Chance(world).draw(0, 1)))
    assert action.orders(np.array([[said]]), view) == pytest.approx(np.array([[orders]]), abs=1e-6)


def test_a_choice_is_a_row_of_orders():
    action = Action(choices=np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 3.0]])).fit(load("dual-sourcing"))
    assert action.discrete
    assert action.orders(np.array([2, 0]), None).tolist() == [[2, 3], [0, 0]]  # type: ignore[arg-type]


def sealed(arrays: dict[str, np.ndarray], manifest: Any) -> bytes:
    """Return a model's file with any manifest and a digest that is right, as an attacker would make it."""
    blank = save(arrays, {KEY: json.dumps({"digest": BLANK, "format": FORMAT, "manifest": manifest})})
    return blank.replace(BLANK.encode(), hashlib.sha256(blank).hexdigest().encode(), 1)


def damaged(what: str) -> bytes:
    """Return a model's file with something wrong in it."""
    good = model()
    match what:
        case "cut":
            return good.data[:-10]
        case "flipped":
            return good.data[:-7] + bytes([good.data[-7] ^ 1]) + good.data[-6:]
        case "pickle":
            import pickle

            return pickle.dumps({"weights": [1.0]})
        case "foreign":
            return save({"x": np.ones(3)})
        case "manifest":
            return sealed(dict(good.arrays), {"agent": "x"})
        case "nan":
            return Model(good.manifest, {**good.arrays, "shift": np.full(6, np.nan, np.float32)}).data
        case "layer":
            return Model(good.manifest, {**good.arrays, "layers.1.weight": np.ones((8, 7), np.float32)}).data
        case "edited":
            return good.data.replace(b"lost-sales", b"lost-salez", 1)
        case "escape":
            return sealed(dict(good.arrays), {**asdict(good.manifest), "agent": "\x1b[31m"})
        case "shape":
            return sealed({**good.arrays, "shift": np.zeros((10**9, 0), np.float32)}, asdict(good.manifest))
        case "scalar":
            return sealed({**good.arrays, "shift": np.array(1, np.float32)}, asdict(good.manifest))
        case "bias":
            return Model(good.manifest, {**good.arrays, "layers.0.bias": np.zeros((8, 10**5), np.float32)}).data
        case "choices":
            return Model(good.manifest, {**good.arrays, "choices": np.zeros(3)}).data
        case "middle":
            return Model(good.manifest, {**good.arrays, "middle": np.zeros((1, 10**5))}).data
        case "seen":
            return Model(good.manifest.replace(observation=("shop.on_hand",)), good.arrays).data
        case "deep":
            header = b'{"__metadata__":' + b'{"a":' * 100_000
            return len(header).to_bytes(8, "little") + header
        case "huge":
            return (2**63).to_bytes(8, "little") + good.data[8:]
        case "no numbers":
            header = b'{"x":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}'
            return len(header).to_bytes(8, "little") + header + b"\0" * 64
        case "no layers":
            kept = {name: array for name, array in good.arrays.items() if not name.startswith("layers")}
            return Model(good.manifest, kept).data
        case _:
            return b""


@pytest.mark.parametrize(
    "what",
    [
        *("cut", "flipped", "pickle", "foreign", "manifest", "nan", "layer", "no layers", "empty"),
        *("edited", "escape", "shape", "scalar", "bias", "choices", "middle", "seen", "deep", "huge", "no numbers"),
    ],
)
def test_a_file_that_is_not_right_is_refused_in_one_line(what: str, tmp_path: Path):
    path = written(tmp_path / "bad.safetensors", damaged(what))
    with pytest.raises(PolicyError, match=r"bad\.safetensors: .*(damaged|no model|manifest)") as refused:
        policy(f"agent:{path}", SHOP)
    assert "\n" not in str(refused.value)


def test_no_flipped_bit_and_no_cut_is_missed():
    """A digest over the whole file: in the header, in the manifest, in the arrays, and in the digest itself."""
    good = model().data
    random = np.random.default_rng(0)
    places = {*range(0, 400), *random.integers(len(good), size=400).tolist()}
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 1 << int(random.integers(8))
        with pytest.raises(PolicyError, match="model"):
            Model.parse(bytes(bad))
    for length in {*range(0, 64), *random.integers(len(good), size=100).tolist()}:
        with pytest.raises(PolicyError, match="model"):
            Model.parse(good[:length])
    with pytest.raises(PolicyError, match="model"):
        Model.parse(good + b"\0")
    assert Model.parse(good).data == good


def test_shapes_that_would_fill_the_memory_are_refused_before_they_do():
    """Two biases of a memory that add up, by broadcasting, to 10^10 numbers: a file of 800 kB, 40 GB when played."""
    many = 10**5
    memory = {name: np.zeros(6, np.float32) for name in ("shift", "scale")}
    memory |= {"weight_ih": np.zeros((4, 6), np.float32), "weight_hh": np.zeros((4, 1), np.float32)}
    memory |= {"bias_ih": np.zeros((many, 1), np.float32), "bias_hh": np.zeros((1, many), np.float32)}
    found = {**model().arrays, **{f"memory.{name}": array for name, array in memory.items()}}
    tracemalloc.start()
    with pytest.raises(PolicyError, match="the model is damaged"):
        Network(Model(model().manifest, found))
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_the_same_model_is_the_same_file():
    """The header is written in one order, so that files can be compared and written again."""
    assert len({model().data for _ in range(20)}) == 1


def test_a_model_of_the_older_format_is_written_again_where_it_sees_the_same():
    """`reseal` checks the digest that there was; arrays and manifest stay, and a second time nothing happens."""
    pytest.importorskip("torch")
    from jit_gym.agents.reseal import reseal

    def older(made: Model) -> bytes:
        """Return the file of a model as format 2 had it."""
        blank = made.data.replace(FORMAT.encode(), OLDER.encode())
        blank = blank.replace(json.loads(contents(blank, "mine")[0][KEY])["digest"].encode(), BLANK.encode())
        return blank.replace(BLANK.encode(), hashlib.sha256(blank).hexdigest().encode(), 1)

    made, lanes = model(load("lost-sales")), model(load("dual-sourcing"))
    with pytest.raises(PolicyError, match=r"mine: is of an older format \(python -m jit_gym.agents.reseal mine writes"):
        Model.parse(older(made), "mine")
    again = reseal(older(made), "mine")
    assert again == made.data == reseal(again, "mine")
    with pytest.raises(PolicyError, match="mine: is damaged: it is not what was saved"):
        reseal(older(made)[:-1] + bytes([older(made)[-1] ^ 1]), "mine")
    with pytest.raises(PolicyError, match="mine: sees something else today, and must be trained again"):
        reseal(older(lanes), "mine")


def test_a_model_plays_a_changed_world_that_shows_the_same(tmp_path: Path):
    """Other costs, another demand, other names: the network's inputs stand for the same things."""
    path = written(tmp_path / "mine.safetensors", model().data)
    busier = {"demands.customers.distribution.mu": 8, "stocks.shop.holding_cost": 2, "horizon.periods": 30}
    renamed = load(
        {
            "name": "store",
            "stocks": {"shelf": {"initial": 3}},
            "lanes": {"lorry": {"to": "shelf", "lead_time": 4}},
            "demands": {"people": {"from": "shelf", "distribution": 3, "shortage_cost": 1}},
        }
    )
    for world in (load("lost-sales", busier), renamed):
        assert policy(f"agent:{path}", world).label == f"agent:{path}"
        assert jit_gym.evaluate(f"agent:{path}", world, paths=2, periods=5).paths == 2
        (note,) = jit_gym.compare([f"agent:{path}"], world, paths=2, gap=False).notes
        assert f"was trained on lost-sales (fingerprint {SHOP.fingerprint}), and plays a world that is not" in note


def test_a_shipped_agent_of_another_scenario_is_named_with_it():
    """`agent:lost-sales/dcl` is the agent that is shipped for lost-sales, wherever it plays."""
    shop = load("lost-sales", {"name": "mine", "demands.customers.shortage_cost": 9})
    assert policy("agent:lost-sales/dcl", shop).manifest.scenario == "lost-sales"
    with pytest.raises(PolicyError, match="there is no such"):
        policy("agent:lost-sales/nobody", shop)


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"lanes.supplier.lead_time": 5}, "which shows 6 numbers and this world shows 7"),
        ({"lanes.supplier.lead_time": 3}, "which shows 6 numbers and this world shows 5"),
        (
            {"lanes.supplier.lead_time": 3, "demands.customers.unmet": "backlog"},
            "which shows supplier.arrives_in_1 where this world shows customers.backlog",
        ),
    ],
)
def test_a_model_is_refused_where_other_things_are_seen(tmp_path: Path, overrides: dict[str, Any], complaint: str):
    path = written(tmp_path / "mine.safetensors", model().data)
    with pytest.raises(PolicyError) as refused:
        policy(f"agent:{path}", load("lost-sales", overrides))
    assert f"was trained on lost-sales, {complaint} (jit-gym train makes" in str(refused.value)


@pytest.mark.parametrize("name", ["nobody", "./nowhere.safetensors"])
def test_a_model_that_is_not_there_is_refused_in_one_line(name: str):
    with pytest.raises(PolicyError, match="there is no such"):
        policy(f"agent:{name}", SHOP)


def test_reading_a_model_loads_no_torch(tmp_path: Path):
    """A fresh interpreter plays an agent without torch and Stable-Baselines3."""
    import subprocess
    import sys

    path = written(tmp_path / "mine.safetensors", model().data)
    program = f"""if True:
        import sys, jit_gym
        world = jit_gym.load("lost-sales", {{"horizon.periods": 20}})
        jit_gym.evaluate("agent:{path}", world, paths=2)
        assert not {{"torch", "stable_baselines3"}} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
