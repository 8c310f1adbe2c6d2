"""Write a trained policy as ONNX, for whatever is neither Python nor NumPy."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from ..policies.models import Model
from ..scenario import BadInput

OPSET = 17


def onnx(model: Model) -> bytes:
    """Return a model as an ONNX file: from `observation` (paths, n), as an env shows it, to `orders` (paths, lanes).

    Where the network says order-up-to levels or corrections to a rule, which take more than an observation to turn
    into orders, the output is what it says: `said` (paths, numbers), between -1 and 1. The manifest goes with it.

    Raises:
        BadInput: where the package onnx is missing.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ModuleNotFoundError:
        raise BadInput("--onnx: needs the package onnx (pip install 'jit-gym[onnx]')") from None

    arrays, network = model.arrays, model.manifest.network
    if "memory.shift" in arrays:
        raise BadInput(f"--onnx: {model.manifest.agent} has a memory, which is not exported")
    nodes: list[Any] = []
    constants = {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def node(kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"x{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    x = node("Mul", node("Sub", "observation", "shift"), "scale")
    layers = sum(name.endswith(".weight") for name in arrays)
    for k in range(layers):
        x = node("Gemm", x, f"layers.{k}.weight", f"layers.{k}.bias", transB=1)
        if k < layers - 1:
            x = node({"relu": "Relu", "tanh": "Tanh"}[network["activation"]], x)
    name, width = "orders", "lanes"
    if "choices" in arrays:
        x = node("Gather", "choices", node("ArgMax", x, axis=-1, keepdims=0), axis=0)
    else:
        constants |= {each: np.array(value, np.float32) for each, value in (("least", -1), ("none", 0), ("most", 1))}
        x = node("Tanh", x) if network["squash"] == "tanh" else node("Clip", x, "least", "most")
        name, width = "said", "numbers"
        if model.manifest.action["means"] == "quantity":
            below, above = node("Clip", x, "least", "none"), node("Clip", x, "none", "most")
            down, up = node("Sub", "middle", "low"), node("Sub", "high", "middle")
            x = node("Add", node("Add", "middle", node("Mul", down, below)), node("Mul", up, above))
            name, width = "orders", "lanes"
    nodes.append(helper.make_node("Identity", [x], [name]))
    graph = helper.make_graph(
        nodes,
        model.manifest.agent,
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["paths", len(arrays["shift"])])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["paths", width])],
        [numpy_helper.from_array(array, key) for key, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(made, {"manifest": json.dumps(asdict(model.manifest))})
    checker.check_model(made)
    data: bytes = made.SerializeToString()
    return data
