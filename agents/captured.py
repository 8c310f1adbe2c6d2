"""Gradients of a function of tensors; on a GPU as one CUDA graph, which is launched at once.

A path through the physics is thousands of small operations, and a GPU waits longer for each to be launched than it
takes to compute it. A CUDA graph records them all, once, and launches them together with other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

Play = Callable[..., tuple[torch.Tensor, ...]]
"""A function of tensors whose first result is differentiated; the others are for information."""

WARM_UP = 3  # calls before a function is captured, in which libraries set themselves up


def gradient(play: Play, weights: Sequence[torch.nn.Parameter], device: str) -> Play:
    """Return a function that calls `play`, and leaves in the weights the gradient of its first result.

    Args:
        play: branches on no number of a tensor, and is given tensors of the same shapes each time.
        weights: what the first result is differentiated by.
        device: where the tensors are.
    """
    step = Gradient(play, weights)
    return CapturedGradient(step) if torch.device(device).type == "cuda" else step


class Gradient:
    """A function of tensors that leaves its gradient in the weights."""

    def __init__(self, play: Play, weights: Sequence[torch.nn.Parameter]) -> None:
        """Take the function and its weights."""
        self.play, self.weights = play, weights

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return what the function returns, without its history."""
        for weight in self.weights:
            weight.grad = None
        found = self.play(*given)
        found[0].backward()
        return tuple(number.detach() for number in found)


class CapturedGradient:
    """The same, captured in its first call, and played again with other numbers in all later ones."""

    def __init__(self, step: Gradient) -> None:
        """Take what will be captured."""
        self.step = step
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return what the function returns, in tensors that the next call writes over."""
        if self._graph is None:
            self._capture(given)
        else:
            for place, numbers in zip(self._given, given, strict=True):
                place.copy_(numbers)
        assert self._graph is not None
        self._graph.replay()
        for weight, gradient in zip(self.step.weights, self._gradients, strict=True):
            weight.grad = gradient
        return self._found

    def _capture(self, given: Sequence[torch.Tensor]) -> None:
        self._given = [numbers.clone() for numbers in given]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self.step(*self._given)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._found = self.step(*self._given)
        self._gradients = [weight.grad for weight in self.step.weights]
