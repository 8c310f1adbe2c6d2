"""Outages: how long stock lasts, a sole source, a second one, and when which of them pays."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import Comparison, Estimate, compare, evaluate, measure_resilience, tell
from jit_gym.scenario import Scenario, load

from .ledger import claim, saved, shown

STRIKES, LASTS = 20, 10  # the period of the outage, and the periods that it lasts


def line(**parts: int) -> Scenario:
    """Return a line that uses 10 of each part a day, where nothing is random: parts with days of stock in hand.

    Just in time keeps what is there at first, a day of which is used before its first order. An outage stops all
    suppliers. What they have shipped, two days' use, still arrives.
    """
    return load(
        {
            "name": "line",
            "horizon": {"periods": 60, "period": "day"},
            "stocks": {part: {"initial": 10 * (days + 1)} for part, days in parts.items()},
            "suppliers": {f"maker-of-{part}": {} for part in parts},
            "lanes": {
                f"buy-{part}": {"to": part, "supplier": f"maker-of-{part}", "lead_time": 2, "initial": 10}
                for part in parts
            },
            "demands": {"line": {"from": dict.fromkeys(parts, 1), "distribution": 10, "unmet": "lost"}},
            "disruptions": {
                "outage": {
                    "hits": [f"maker-of-{part}" for part in parts],
                    "starts": {"at": [STRIKES]},
                    "lasts": LASTS,
                }
            },
        }
    )


def stopped(**parts: int) -> np.ndarray:
    """Return the periods in which the line is short, counted from the outage on, under just in time."""
    story = tell("jit", line(**parts))
    return np.flatnonzero(story.short[:, 0] > 0) - STRIKES


@claim(
    "A sole-sourced part survives (on hand + on the way) / use, and a line as long as its shortest part",
    source="Simchi-Levi et al. (2015); derived",
    published="identity",
    needs="a use that is always the same; what has left the supplier still arrives",
)
def test_time_to_survive_is_stock_over_use_and_that_of_a_line_its_shortest_part() -> str:
    """Simchi-Levi et al. (2015): 3 days on hand and 2 on the way last 5 days; with 1 and 6 on hand too, the line 3."""
    for days in (1, 3, 6):
        assert stopped(valve=days)[0] == days + 2
    assert stopped(valve=3, seat=1, glass=6)[0] == 3
    measured = measure_resilience(evaluate("jit", line(valve=3), paths=1))
    assert measured is not None
    assert measured.figures["time_to_survive"].tolist() == [5]
    return "3 + 2 = 5 days; min(5, 3, 8) = 3 days"


@claim(
    "A line is exposed if and only if time to recover is above time to survive; a day of stock more is a day of output",
    source="Simchi-Levi et al. (2015); derived",
    published="identity",
    needs="as above; time to recover is the outage and the lead time after it",
)
def test_a_day_of_stock_more_saves_a_day_of_output_until_nothing_is_lost() -> str:
    """Simchi-Levi et al. (2015): lost days are (TTR - TTS)+, with TTR = 10 + 2 and TTS = days + 2."""
    days_lost = [len(stopped(valve=days)) for days in range(1, 13)]
    assert days_lost == [max(LASTS + 2 - (days + 2), 0) for days in range(1, 13)]
    return f"{days_lost[0]} days lost with 1 in hand, {days_lost[4]} with 5, 0 with {LASTS}"


FIRE = "the Aisin fire of 1997 (Reitman 1997; Nishiguchi and Beaudet 1998)"
SETTINGS: dict[str, Any] = {"paths": 64, "seed": 1}


@claim(
    "Under just in time a sole source's outage stops the line within days",
    source=FIRE,
    published="hours of stock, and all plants stopped",
    needs="`aisin-1997`: 4 hours of valves, and 2 on the way",
)
def test_a_sole_sources_outage_stops_a_just_in_time_line_within_a_day() -> str:
    """Reitman (1997): the plants held four hours of valves; 16 hours are a day, and the line is short within that."""
    found = measure_resilience(evaluate("jit", "aisin-1997-record", **SETTINGS))
    assert found is not None
    assert found.fell == found.struck == found.paths
    hours = found.estimate("time_to_survive")
    assert hours.low >= 3
    assert hours.high < 16
    return f"{shown(hours, '.1f')} hours after the fire"


@cache
def lost(rule: str, **changes: Any) -> np.ndarray:
    """Return the cars lost an hour on each path, in a fire at an hour that nobody knows."""
    world = load("aisin-1997", {f"{name.replace('__', '.')}": value for name, value in changes.items()})
    return evaluate(rule, world, **SETTINGS).figures["short"]


@claim(
    "A hybrid buffer of the critical part removes most of what an outage costs",
    source="textbook claim, without a size",
    needs=(
        "`aisin-1997`: five days (80 hours) of valves alone, built before the fire; to begin building "
        "it that day is too late for an early fire"
    ),
)
def test_a_hybrid_buffer_removes_most_of_the_loss() -> str:
    """Cars lost, of those lost under just in time."""
    guarded = lost("hybrid(cover=80)", stocks__valves__initial=875 * 84)
    found = saved(guarded, lost("jit"))
    assert found.low > 0.5
    assert saved(lost("hybrid(cover=80)"), lost("jit")).high < found.low
    return f"{shown(found, '.0%')} of lost cars"


@claim(
    "A second source removes most of what an outage costs",
    source="textbook claim, without a size",
    needs=(
        "`aisin-1997`, with a second source that can make three quarters of all valves or all of them, and is"
        " asked at once; what it cannot make is lost"
    ),
)
def test_a_second_source_removes_most_of_the_loss() -> str:
    """Cars lost under just in time with a sole source, against rerouting to one that is large enough."""
    found = {}
    for share, capacity in (("three quarters", 656), ("all", 1050)):
        found[share] = saved(lost("rerouting", lanes__nisshin__capacity=capacity), lost("jit"))
        assert found[share].low > 0.5
    return ", ".join(f"{shown(each, '.0%')} with {share} of them" for share, each in found.items())


UPTIME = 0.95
UNRELIABLE = Path(__file__).parents[2] / "docs/maps/unreliable-supplier.yaml"


def tomlin(length: int, paths: int) -> Comparison:
    """Compare stock with a dear second source, at the same uptime, for outages of a mean length."""
    recovers = 1.0 / length
    changes = {
        "disruptions.outage.starts.rate": recovers * (1.0 - UPTIME) / UPTIME,
        "disruptions.outage.lasts": {"name": "geom", "p": recovers},
    }
    world = load(UNRELIABLE, changes)
    rules = ["mitigation", "order-splitting(main=0)"]
    return compare(rules, world, paths=paths, periods=260, warmup=104, seed=1, gap=False)


def switches(lengths: tuple[int, ...], paths: int) -> list[Estimate]:
    """Return by how much the second source is dearer than stock, and see that it is ever less so."""
    tables = [tomlin(length, paths) for length in lengths]
    dearer = [table.difference(table.results[1]) for table in tables]
    means = [each.mean for each in dearer]
    assert means == sorted(means, reverse=True)
    assert dearer[0].low > 0
    assert dearer[-1].high < 0
    return dearer


@claim(
    "At a given uptime, rarer but longer outages favour a second source over stock",
    source="Tomlin (2006), abstract read",
    published="a switch that is monotone",
    needs=(
        "an uptime of 95 %, a second source that is 2.5 % dearer; parameters by formula (`docs/maps` has the "
        "whole figure)"
    ),
)
def test_rarer_but_longer_outages_favour_a_second_source() -> str:
    """Tomlin (2006): stock is cheaper for short outages, the second source for long ones, and there is one switch."""
    dearer = switches((2, 8, 26), paths=320)
    return (
        "; ".join(f"{length} weeks: {shown(each)}" for length, each in zip((2, 8, 26), dearer, strict=True))
        + " more a week for the second source"
    )


@pytest.mark.slow  # half a minute
def test_the_switch_from_stock_to_a_second_source_is_monotone_in_six_lengths():
    """Tomlin (2006): mean lengths of 1, 2, 4, 8, 16 and 26 weeks, at the same uptime."""
    switches((1, 2, 4, 8, 16, 26), paths=512)
