"""Small networks in torch, and the plain arrays that they are shipped as."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jit_gym.scenario import BadInput

if TYPE_CHECKING:
    import torch

    from jit_gym.policies.trained import Perceptron


def perceptron(inputs: int, hidden: Sequence[int], outputs: int, seed: int, activation: str = "relu") -> Any:
    """Return a torch network of dense layers; the same seed gives the same weights."""
    import torch
    from torch import nn

    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), kinds[activation]()]
            inputs = width
        return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def arrays_of(net: Any, shift: np.ndarray, scale: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of a perceptron, as `policies.trained.Perceptron` reads them: 32-bit floats."""
    arrays = {"shift": shift, "scale": scale}
    layers = [layer for layer in net if hasattr(layer, "weight")]
    for k, layer in enumerate(layers):
        arrays[f"layers.{k}.weight"], arrays[f"layers.{k}.bias"] = (
            each.detach().cpu().numpy() for each in (layer.weight, layer.bias)
        )
    return {name: np.array(array, np.float32) for name, array in arrays.items()}


def scaling(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shift and scale (inputs,) that give observations (n, inputs) mean 0 and variance 1."""
    deviation = seen.std(axis=0)
    return seen.mean(axis=0).astype(np.float32), (1.0 / np.where(deviation > 1e-6, deviation, 1.0)).astype(np.float32)


def batches(count: int, size: int, epochs: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield the rows of each batch, over and over in a new order; the same seed gives the same batches."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        yield from torch.randperm(count, generator=generator).split(size)


def classify(
    net: Any,
    inputs: np.ndarray,
    regrets: np.ndarray,
    *,
    temperature: np.ndarray,
    epochs: int,
    rate: float,
    seed: int,
) -> float:
    """Fit a network to choose what is best for each input, and return its last loss.

    Args:
        net: is fitted in place.
        inputs: (n, inputs), scaled.
        regrets: how much worse each choice is than the best one (n, choices).
        temperature: 0 labels the best choice alone; more shares the label with choices that are worse by this (n,).
    """
    import torch
    from torch.nn.functional import cross_entropy

    worse = -regrets / np.maximum(temperature, 1e-9)[:, None]
    targets = torch.softmax(torch.as_tensor(worse), -1).float()
    return _fit(net, inputs, targets, cross_entropy, epochs, rate, seed)


def regress(
    net: Any, inputs: np.ndarray, targets: np.ndarray, *, squash: str, epochs: int, rate: float, seed: int
) -> float:
    """Fit a network's numbers, squashed to between -1 and 1, to targets (n, outputs), and return its last loss."""
    import torch

    def loss_of(out: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return ((out.tanh() if squash == "tanh" else out) - wanted).square().mean()

    return _fit(net, inputs, torch.as_tensor(targets, dtype=torch.float32), loss_of, epochs, rate, seed)


def adopt(net: Any, perceptron: Perceptron, place: str) -> None:
    """Give a torch network the layers of one in NumPy, or say in one line why that cannot be."""
    import torch

    layers = [layer for layer in net if hasattr(layer, "weight")]
    if [weight.shape for weight, _ in perceptron.layers] != [tuple(layer.weight.shape) for layer in layers]:
        raise BadInput(f"{place}: that model has layers of other sizes (set hidden as it was trained)")
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, perceptron.layers, strict=True):
            layer.weight.copy_(torch.as_tensor(weight))
            layer.bias.copy_(torch.as_tensor(bias))


def _fit(net: Any, inputs: np.ndarray, targets: Any, loss_of: Any, epochs: int, rate: float, seed: int) -> float:
    """Descend along the gradient of a loss with AdamW and one cycle of learning rates; the same seed, the same net.

    The weights and biases of all layers become parts of one vector, so that a step changes them all at once. The
    function of AdamW (Loshchilov and Hutter 2019) is called, and not its class: whoever makes an object of that waits
    for torch to import its compiler, most of a second, and then for its bookkeeping in each step.
    """
    import torch
    from torch.nn.utils import parameters_to_vector, vector_to_parameters
    from torch.optim.adamw import adamw

    x, size = torch.as_tensor(inputs, dtype=torch.float32), 256
    parameters = list(net.parameters())
    weights = parameters_to_vector(parameters).detach()
    vector_to_parameters(weights, parameters)  # each is a window onto the vector from now on
    mean, square, taken = torch.zeros_like(weights), torch.zeros_like(weights), torch.zeros(())
    fixed: dict[str, Any] = {"beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-4, "amsgrad": False, "maximize": False}
    cycle = one_cycle(rate, epochs * -(-len(x) // size))
    loss = torch.zeros(())
    for rows, (step_size, momentum) in zip(batches(len(x), size, epochs, seed), cycle, strict=True):
        loss = loss_of(net(x[rows]), targets[rows])
        gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)])
        adamw(
            [weights], [gradient], [mean], [square], [], [taken],
            foreach=False, lr=step_size, beta1=momentum, **fixed,
        )  # fmt: skip
    return float(loss.detach())


def one_cycle(rate: float, steps: int) -> Iterator[tuple[float, float]]:
    """Yield the learning rate and the momentum of each step (Smith and Topin 2019), as torch's `OneCycleLR` has them.

    In the first 30 % of the steps the rate rises along a cosine from a twenty-fifth to its most, while the momentum
    falls from 0.95 to 0.85; then the rate falls to nearly nothing, and the momentum is back where it was.
    """

    def between(first: float, last: float, share: float) -> float:
        return last + (first - last) / 2.0 * (math.cos(math.pi * share) + 1)

    least = rate / 25
    top = 0.3 * max(steps, 2) - 1
    for step in range(steps):
        if step <= top:
            yield between(least, rate, step / top), between(0.95, 0.85, step / top)
        else:
            share = (step - top) / (max(steps, 2) - 1 - top)
            yield between(rate, least / 1e4, share), between(0.85, 0.95, share)
