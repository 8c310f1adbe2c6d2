"""An episode as text or as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scenario import Scenario

MOST_NAMED = 5  # lines that a picture's legend has room for


def write(scenario: Scenario, past: Sequence[dict[str, float]]) -> str:
    """Return one line on the last period: what arrived, was asked for, was short, is left, and what it cost."""
    if not past:
        return f"{scenario.horizon.period} 0: nothing has happened yet\n"
    now = past[-1]
    words = [
        f"{name} ordered {now[f'{name}.ordered']:g}, arrived {now[f'{name}.arrived']:g}" for name in scenario.lanes
    ]
    words += [f"{name} asked {now[f'{name}.demanded']:g}, short {now[f'{name}.short']:g}" for name in scenario.demands]
    words += [f"{name} holds {now[f'{name}.held']:g}" for name in scenario.stocks]
    return f"{scenario.horizon.period} {len(past)}: {'; '.join(words)}; cost {now['cost']:g}\n"


def draw(scenario: Scenario, past: Sequence[dict[str, float]]) -> np.ndarray:
    """Return a picture (height, width, 3) of the episode so far: stock, and what was asked for and came too short."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    periods = np.arange(1, len(past) + 1)
    for k, name in enumerate(scenario.stocks):
        label = name if k < MOST_NAMED else None
        above.step(periods, [row[f"{name}.held"] for row in past], where="mid", label=label)
    for k, name in enumerate(scenario.demands):
        asked, short = (f"{name}: asked", f"{name}: short") if k < MOST_NAMED // 2 else (None, None)
        below.step(periods, [row[f"{name}.demanded"] for row in past], where="mid", label=asked)
        below.bar(periods, [row[f"{name}.short"] for row in past], alpha=0.5, label=short)
    above.set(ylabel="on hand (units)", xlim=(0, scenario.horizon.periods + 1), title=scenario.title or scenario.name)
    below.set(ylabel="demand (units)", xlabel=scenario.horizon.period)
    above.legend(loc="upper right")
    below.legend(loc="upper right")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
