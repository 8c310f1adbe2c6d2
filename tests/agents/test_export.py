"""A policy as ONNX orders what it orders here."""

import numpy as np
import pytest

from jit_gym.agents.export import onnx
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout, View
from jit_gym.policies import Network
from jit_gym.policies.action import Action
from jit_gym.policies.models import Manifest
from jit_gym.policies.trained import model_of
from jit_gym.scenario import load

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

WORLD = load("dual-sourcing")
CHOICES = np.array([[0.0, 0.0], [3.0, 0.0], [2.0, 1.0]])


@pytest.mark.parametrize("squash", ["clip", "tanh"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("means", ["choices", "quantity", "order-up-to"])
def test_onnx_orders_the_same(means: str, activation: str, squash: str):
    """The same orders from 50 observations, to the rounding of 32-bit floats; levels come as numbers from -1 to 1."""
    codec, random = Codec(Layout(WORLD)), np.random.default_rng(0)
    action = Action(choices=CHOICES) if means == "choices" else Action.default(WORLD, means)
    widths = [len(codec.names), 9, 7, action.outputs]
    arrays = {"shift": random.normal(size=widths[0]), "scale": random.uniform(0.5, 2, widths[0])}
    for k in range(3):
        arrays |= {f"layers.{k}.weight": random.normal(size=(widths[k + 1], widths[k]))}
        arrays |= {f"layers.{k}.bias": random.normal(size=widths[k + 1])}
    network = {"activation": activation, "squash": squash}
    manifest = Manifest("made-up", WORLD.name, WORLD.fingerprint, tuple(codec.names), network)
    model = model_of(manifest, {name: array.astype(np.float32) for name, array in arrays.items()}, action)
    player = Network(model).fit(WORLD)
    seen = random.uniform(0, 3, (50, widths[0])).astype(np.float32)
    seen = codec.observe(View(codec.decode(seen)))  # in whole units
    view = View(codec.decode(seen))
    session = runtime.InferenceSession(onnx(model), providers=["CPUExecutionProvider"])
    found, *by_old_name = session.run(None, {"observation": seen})
    assert session.get_outputs()[0].name == ("actions" if means == "order-up-to" else "orders")
    if means == "order-up-to":
        assert np.array_equal(session.run(["said"], {"observation": seen})[0], found)
    assert len(by_old_name) == (means == "order-up-to")
    assert np.allclose(
        found, player.network_outputs(view) if means == "order-up-to" else player(view), rtol=1e-4, atol=1e-4
    )


def test_onnx_keeps_the_same_memory():
    """A memory goes in and comes out: over ten periods the orders are those of the policy in NumPy."""
    codec, random = Codec(Layout(WORLD)), np.random.default_rng(0)
    inputs, width = len(codec.names), 5
    shapes = {
        "weight_ih": (4 * width, inputs),
        "weight_hh": (4 * width, width),
        "bias_ih": 4 * width,
        "bias_hh": 4 * width,
    }
    arrays = {f"memory.{name}": random.normal(size=shape) for name, shape in shapes.items()}
    arrays |= {"memory.shift": random.normal(size=inputs), "memory.scale": random.uniform(0.5, 2, inputs)}
    arrays |= {"shift": np.zeros(width), "scale": np.ones(width)}
    arrays |= {"layers.0.weight": random.normal(size=(3, width)), "layers.0.bias": random.normal(size=3)}
    manifest = Manifest("made-up", WORLD.name, WORLD.fingerprint, tuple(codec.names), {"activation": "tanh"})
    singles = {name: array.astype(np.float32) for name, array in arrays.items()}
    model = model_of(manifest, singles, Action(choices=CHOICES))
    player = Network(model).fit(WORLD)
    session = runtime.InferenceSession(onnx(model), providers=["CPUExecutionProvider"])
    theirs = ours = np.zeros((50, 2 * width), np.float32)
    for _ in range(10):
        seen = random.uniform(0, 3, (50, inputs)).astype(np.float32)
        view = View(codec.decode(codec.observe(View(codec.decode(seen)))))
        orders, theirs = session.run(["orders", "remembered"], {"observation": codec.observe(view), "memory": theirs})
        wanted, ours = player.act(view, ours)
        assert np.allclose(orders, wanted)
        assert np.allclose(theirs, ours, rtol=1e-4, atol=1e-4)
