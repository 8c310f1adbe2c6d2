"""The fit is that of torch's own optimizer and schedule, to the bit."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.nn.functional import cross_entropy

from jit_gym.agents.networks import batches, classify, one_cycle, perceptron, regress

RATE = 3e-3


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1200])
def test_a_cycle_is_that_of_torch(steps: int):
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, max(steps, 2))
    for found in one_cycle(RATE, steps):
        assert found == (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0])
        optimizer.step()
        schedule.step()


def test_a_cycle_rises_to_the_rate_and_falls_to_nearly_nothing():
    """Smith and Topin (2019): the momentum is least where the rate is most."""
    rates, momentums = np.array(list(one_cycle(RATE, 100))).T
    assert rates[[0, -1]] == pytest.approx([RATE / 25, RATE / 25e4])
    assert momentums[[0, -1]] == pytest.approx([0.95, 0.95])
    assert rates.argmax() == momentums.argmin() == 29
    assert rates.max() == pytest.approx(RATE, rel=1e-3)


@pytest.mark.parametrize("kind", ["classify", "regress"])
def test_a_fit_is_that_of_torch(kind: str):
    """Two fits of the same net one after another: the second begins with what the first ended with."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(600, 5)).astype(np.float32)
    wanted = random.random((600, 7))
    ours, theirs = (perceptron(5, [32, 32], 7, seed=1) for _ in range(2))
    for seed in (3, 4):
        if kind == "classify":
            targets = torch.softmax(torch.as_tensor(-wanted / 0.5), -1).float()
            loss_of = cross_entropy
            loss = classify(ours, inputs, wanted, temperature=np.full(600, 0.5), epochs=4, rate=RATE, seed=seed)
        else:
            targets = torch.as_tensor(wanted, dtype=torch.float32)
            loss_of = lambda out, target: (out.tanh() - target).square().mean()  # noqa: E731
            loss = regress(ours, inputs, wanted, squash="tanh", epochs=4, rate=RATE, seed=seed)
        assert loss == fitted(theirs, inputs, targets, loss_of, seed)
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(a, b)


def fitted(net: torch.nn.Module, inputs: np.ndarray, targets: torch.Tensor, loss_of: object, seed: int) -> float:
    """Fit a network by torch's optimizer and schedule, and return its last loss."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, 4 * 3)
    for rows in batches(600, 256, 4, seed):
        loss = loss_of(net(torch.as_tensor(inputs)[rows]), targets[rows])  # type: ignore[operator]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return float(loss.detach())
