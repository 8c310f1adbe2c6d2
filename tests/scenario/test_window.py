"""Which periods count: the horizon, and where the world goes on as it is, whole cycles after a warm-up."""

from typing import Any

import pytest

from jit_gym.evaluation.caveats import caveats
from jit_gym.scenario.window import window

from ..worlds import shop

STRIKE = {"hits": ["supplier"], "starts": {"every": 120}, "lasts": 7}


@pytest.mark.parametrize(
    ("overrides", "periods"),
    [
        ({}, 90),
        ({"disruptions.strike": STRIKE}, 127),
        ({"disruptions.strike": STRIKE, "horizon.periods": 365}, 381),
        ({"disruptions.strike": STRIKE | {"starts": {"rate": 0.01}}}, 90),  # at other times on each path
        ({"disruptions.strike": STRIKE | {"starts": {"every": {"name": "geom", "p": 0.01}}}}, 90),
        ({"disruptions.strike": STRIKE | {"starts": {"every": {"name": "randint", "low": 115, "high": 126}}}}, 127),
        ({"disruptions.strike": STRIKE | {"starts": {"every": 5_000}}}, 90),  # too long to see as a whole
        # 127 and 54 have no cycle in common that is short enough.
        ({"disruptions.strike": STRIKE, "disruptions.fire": STRIKE | {"starts": {"every": 47}}}, 127),
        ({"disruptions.strike": STRIKE, "disruptions.fire": STRIKE | {"starts": {"every": 20}, "lasts": 34}}, 127),
        ({"spikes.fair": {"hits": ["customers"], "starts": {"every": 25}, "lasts": 5, "factor": 3}}, 90),
        ({"spikes.fair": {"hits": ["customers"], "starts": {"every": 35}, "lasts": 5, "factor": 3}}, 120),
        ({"disruptions.strike": STRIKE, "horizon.ends": True}, 90),
        ({"disruptions.strike": STRIKE | {"starts": {"every": ".inf"}}}, 90),
    ],
)
def test_events_by_the_clock_count_in_whole_cycles(overrides: dict[str, Any], periods: int):
    """Otherwise the 90 days after the warm-up have no strike on any path, or one, and the long run 90 / 127 of one."""
    world = shop({"horizon.periods": 90, **overrides})
    assert window(world).periods == periods


def test_what_comes_by_the_clock_is_said():
    """Intervals come from paths that all have the strike at once, and a part of a cycle has more or less of it."""
    world = shop({"horizon.periods": 90, "disruptions.strike": STRIKE})
    (note,) = caveats(world, periods=127)
    assert note == (
        "disruptions.strike: comes every 127 days on every path, as by the clock: intervals do not tell what chance in"
        " its timing would add (starts: {rate: 0.00787} draws it)"
    )
    (note,) = caveats(world, periods=90)
    assert "the 90 that count are not whole cycles" in note
    assert "(play 127;" in note
    assert not caveats(shop({"disruptions.strike": STRIKE | {"starts": {"rate": 0.01}}}), periods=90)
