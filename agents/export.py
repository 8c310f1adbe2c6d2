"""Write a trained policy as ONNX, for programs in other languages."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from jit_gym.policies.models import Model
from jit_gym.scenario import BadInput

OPSET = 17


def onnx(model: Model) -> bytes:
    """Return a model as an ONNX file: from `observation` (paths, n), as an env shows it, to `orders` (paths, lanes).

    Where the network's outputs stand for order-up-to levels or corrections to a rule, which take more than an
    observation to turn into orders, the output is `actions` (paths, numbers): numbers between -1 and 1. (The last
    output, `said`, is the same by its old name, for a version.) A network with a memory has a second input `memory`
    (paths, 2 * width), zeros at first, and a second output `remembered`, which is the next period's `memory`. The
    manifest is in the file's metadata.

    Raises:
        BadInput: where the package onnx is missing.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ModuleNotFoundError:
        raise BadInput("--onnx: needs the package onnx (pip install 'jit-gym[onnx]')") from None

    arrays, network = model.arrays, model.manifest.network
    nodes: list[Any] = []
    constants = {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def parts(kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        names = [f"x{len(nodes)}.{k}" for k in range(count)]
        nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def node(kind: str, *inputs: str, **attributes: Any) -> str:
        return parts(kind, 1, *inputs, **attributes)[0]

    def number(name: str, width: int | str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["paths", width])

    seen, inputs, outputs = "observation", [number("observation", len(arrays["shift"]))], []
    if "memory.shift" in arrays:  # long short-term memory, as `policies.trained.LSTM` has it
        width = 2 * arrays["memory.weight_hh"].shape[1]
        inputs = [number("observation", len(arrays["memory.shift"])), number("memory", width)]
        outputs = [number("remembered", width)]
        before, cell = parts("Split", 2, "memory", axis=1)
        x = node("Mul", node("Sub", "observation", "memory.shift"), "memory.scale")
        x = node("Gemm", x, "memory.weight_ih", "memory.bias_ih", transB=1)
        x = node("Add", x, node("Gemm", before, "memory.weight_hh", "memory.bias_hh", transB=1))
        take, keep, new, show = parts("Split", 4, x, axis=1)
        take, keep, show = (node("Sigmoid", gate) for gate in (take, keep, show))
        cell = node("Add", node("Mul", keep, cell), node("Mul", take, node("Tanh", new)))
        seen = node("Mul", show, node("Tanh", cell))
        nodes.append(helper.make_node("Concat", [seen, cell], ["remembered"], axis=1))
    x = node("Mul", node("Sub", seen, "shift"), "scale")
    layers = sum(name.endswith(".weight") for name in arrays)
    for k in range(layers):
        x = node("Gemm", x, f"layers.{k}.weight", f"layers.{k}.bias", transB=1)
        if k < layers - 1:
            x = node({"relu": "Relu", "tanh": "Tanh"}[network["activation"]], x)
    name = "orders"
    if "choices" in arrays:
        x = node("Gather", "choices", node("ArgMax", x, axis=-1, keepdims=0), axis=0)
    else:
        constants |= {each: np.array(value, np.float32) for each, value in (("least", -1), ("none", 0), ("most", 1))}
        x = node("Tanh", x) if network["squash"] == "tanh" else node("Clip", x, "least", "most")
        name = "actions"
        if model.manifest.action["means"] == "quantity":
            below, above = node("Clip", x, "least", "none"), node("Clip", x, "none", "most")
            down, up = node("Sub", "middle", "low"), node("Sub", "high", "middle")
            x = node("Add", node("Add", "middle", node("Mul", down, below)), node("Mul", up, above))
            name = "orders"
    old = ["said"] if name == "actions" else []
    nodes += [helper.make_node("Identity", [x], [output]) for output in (name, *old)]
    columns = "numbers" if name == "actions" else "lanes"
    graph = helper.make_graph(
        nodes,
        model.manifest.agent,
        inputs,
        [number(name, columns), *outputs, *(number(output, columns) for output in old)],
        [numpy_helper.from_array(array, key) for key, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(made, {"manifest": json.dumps(asdict(model.manifest))})
    checker.check_model(made)
    data: bytes = made.SerializeToString()
    return data
