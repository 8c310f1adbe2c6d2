"""The colours of pictures, and an episode as a line of text.

Colours are those of Okabe and Ito (2008), which the colour-blind can tell apart; areas have an edge, and what is short
or waits is hatched too, so that no meaning hangs on a colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..scenario import Scenario

INK, MUTED, EDGE, SURFACE, ALARM = "#1b1b1d", "#6b6b70", "#c6c6c9", "#fefefe", "#a84300"  # texts, lines and the ground
STOCK, SHORT, ORDER, WAY, DEMAND, WASTE = "#0072b2", "#d55e00", "#e69f00", "#009e73", "#a9adb4", "#cc79a7"
SHADE, BROWN, GREY = "#fdeee4", "#8c6d31", "#808086"  # of what is disrupted; of further lines


def write(scenario: Scenario, past: Sequence[Mapping[str, float]]) -> str:
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
