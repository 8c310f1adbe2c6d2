"""Time a gradient step through the period: as objects, recorded, and recorded under torch.compile.

    python benchmarks/gradient_steps.py [SCENARIO [PATHS [PERIODS]]]

Compiling needs a C++ compiler. Set TORCHINDUCTOR_FORCE_DISABLE_CACHES=1 to compile again what was compiled before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from jit_gym.chance import Chance
from jit_gym.physics import Layout
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.physics.recorded import RecordedWorld
from jit_gym.physics.tensor_program import TensorProgram
from jit_gym.scenario import load

ROUNDS = 7


def main(name: str = "lost-sales", paths: int = 256, periods: int = 60) -> None:
    """Print what a step takes each way, by the time of the processor, in rounds that take turns."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layout = Layout(load(name, {"units": "continuous"}))
    trace, lanes = Chance(layout.scenario).draw(0, paths, periods), len(layout.lanes)
    recorded = RecordedWorld(layout)
    money = recorded.play([recorded.program.load("orders", m) for m in range(lanes)]).money[0]
    recorded.program.store("money", 0, money.cost - money.revenue)
    program, size = TensorProgram(recorded.program), layout.state_size
    net = torch.nn.Sequential(
        torch.nn.Linear(size, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, lanes)
    ).double()

    def numbers_of(world: TensorSimulation) -> list[torch.Tensor]:
        return [torch.as_tensor(x, dtype=torch.float64).expand(paths) for x in world.state_numbers()]

    def orders(numbers: list[torch.Tensor]) -> torch.Tensor:
        found: torch.Tensor = 5.0 * (1.0 + torch.tanh(net(torch.stack(numbers, -1))))
        return found

    def as_objects() -> torch.Tensor:
        world, total = TensorSimulation(layout, trace), torch.zeros((), dtype=torch.float64)
        for _ in range(periods):
            money = world.step(orders(numbers_of(world))).money[0]
            total = total + (money.cost - money.revenue).mean()
        return total

    start = TensorSimulation(layout, trace)
    first, rows = numbers_of(start), [row.unbind(-1) for row in start._rows]
    quantities = [float(x) for x in layout.numbers]

    def period(numbers: list[torch.Tensor], row: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
        given = {"state": numbers, "chance": row, "orders": orders(numbers).unbind(-1), "net": quantities}
        found = program(given)
        return found["money", 0].mean(), [found["state", k].expand(paths) for k in range(size)]

    def through(play: Any) -> Callable[[], torch.Tensor]:
        def total() -> torch.Tensor:
            numbers, total = first, torch.zeros((), dtype=torch.float64)
            for row in rows:
                cost, numbers = play(numbers, row)
                total = total + cost
            return total

        return total

    def step(total: Callable[[], torch.Tensor]) -> float:
        began = time.process_time()
        net.zero_grad()
        total().backward()
        return time.process_time() - began

    ways = {"as objects": as_objects, "recorded": through(period), "compiled": through(torch.compile(period))}
    began = time.perf_counter()
    step(ways["compiled"])
    print(f"{name}, {paths} paths of {periods} periods, {len(recorded.program.used())} operations a period")
    print(f"compiling: {time.perf_counter() - began:.0f} s")
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, total in ways.items():
            times[way].append(step(total))
    for way, taken in times.items():
        print(f"{way}: {median(taken) * 1e3:.0f} ms a step")


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(x) for x in sys.argv[2:4]))
