"""The period on torch tensors: a whole batch at once, and gradients through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..chance import Trace
from .layout import Layout
from .plain import ByHand

if TYPE_CHECKING:
    import torch


class TensorSimulation(ByHand):
    """A batch of paths played on tensors; its interface is that of `simulate.Simulation`."""

    def __init__(
        self, layout: Layout, trace: Trace | torch.Tensor, dtype: torch.dtype | None = None, device: str = "cpu"
    ) -> None:
        """Start every path in the scenario's first state.

        Args:
            layout: the world.
            trace: what will happen, or the rows of a trace (periods + 1, paths, columns) as a tensor.
            dtype: the kind of number in which all is computed; 64-bit floats unless told otherwise.
            device: where all is computed.
        """
        import torch

        super().__init__(layout)
        self.like: dict[str, Any] = {"dtype": dtype or torch.float64, "device": device}
        self._rows = torch.as_tensor(trace.rows if isinstance(trace, Trace) else trace, **self.like)
        self.periods, self.paths = self._rows.shape[0] - 1, self._rows.shape[1]
        for table in self.state[:-1]:
            for record in table:
                for field, value in vars(record).items():
                    setattr(record, field, torch.full((self.paths,), value, **self.like))
        self.state.pipeline[:] = [torch.full((self.paths,), value, **self.like) for value in self.state.pipeline]

    def step(self, order: torch.Tensor) -> Any:  # type: ignore[override]
        """Play one period with these orders (paths, lanes), in units, and return its flows."""
        if self.period == self.periods:
            raise IndexError(f"the trace is over: it has {self.periods} periods")
        return super().step(order.unbind(-1), self.rows_of_chance())

    def rows_of_chance(self) -> tuple[torch.Tensor, ...]:
        """Return each number of the period's row of chance (paths,): what happens in it, and what can be seen of it."""
        return self._rows[self.period].unbind(-1)

    @property
    def seen(self) -> torch.Tensor:
        """Return what can be seen of chance at this moment (paths, columns.seen); a copy, as tensors are writable."""
        return self._rows[self.period, :, self.layout.columns.chance :].clone()


def rewards(layout: Layout, trace: Trace, act: Callable[[TensorSimulation], torch.Tensor]) -> torch.Tensor:
    """Return each period's reward (paths, periods) when `act` orders (paths, lanes); differentiable.

    Hindsight differentiable policy optimisation (Madeka et al. 2022; Alvo et al. 2023) descends along its gradient.
    """
    import torch

    world = TensorSimulation(layout, trace)
    earned = []
    for _ in range(trace.periods):
        money = world.step(act(world)).money[0]
        earned.append(money.revenue - money.cost)
    return torch.stack(earned, dim=-1)
