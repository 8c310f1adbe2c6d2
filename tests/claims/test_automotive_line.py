"""A car line of thirty parts, of which one that is missing stops it; an ice storm with a forecast, and a fire."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.physics import View
from jit_gym.scenario import load

from .industry import between, interval, played

KANBAN, BASE_STOCK, HYBRID, ALL = load("automotive-line").policies
HOUR = 125  # cars
STORM: dict[str, Any] = {"disruptions.fire": None}
ANY_HOUR = {"name": "randint", "low": 40, "high": 200}
FIRE: dict[str, Any] = {"disruptions.ice": None, "disruptions.fire.starts": {"once": ANY_HOUR}}


def levels(view: View, more: Any = 0.0) -> Any:
    """Order up to the level by formula, and so much more of each part."""
    return (408 + more - view.inventory_position).clip(min=0)


def warned(view: View) -> Any:
    """Order 16 hours more of each part while a storm is known to come, as is done since (WardsAuto, 1 May 1999)."""
    coming = (view.outlook < 1).any(axis=(1, 2)) & (view.available == 1).all(axis=1)
    return levels(view, np.where(coming, 16 * HOUR, 0)[:, None])


def test_in_calm_cards_run_the_line_with_a_few_hours_of_stock():
    cards, everything = played([KANBAN, ALL], load("automotive-line"), paths=32)
    assert interval(cards.figures["fill_rate"])[0] > 0.999
    assert interval(cards.figures["periods_of_supply"])[1] < 6 * 30  # hours, of thirty parts a car
    assert between(everything, cards, "cost")[0] > 0
    assert between(everything, cards, "inventory_value")[0] > 3 * cards.mean("inventory_value")


def test_a_fire_at_the_source_of_one_part_stops_the_line_within_hours():
    """One missing part of thirty: all cards but that one's are full, and the line stands still."""
    calm, struck = (
        evaluate(KANBAN, load("automotive-line-stressed", change), paths=64, seed=11)
        for change in ({"disruptions": None}, FIRE)
    )
    stopped = struck.figures["stopped_periods"]
    assert interval(calm.figures["stopped_periods"])[1] < 1
    assert stopped.min() > 32 - 8  # of the shortest fire, 32 hours
    assert interval(stopped)[0] > 40


def test_two_parts_with_stock_of_four_days_save_most_of_what_a_fire_costs():
    """Four days of the two parts that have one source, and lot for lot for the others."""
    cards, hybrid, everything = played([KANBAN, HYBRID, ALL], load("automotive-line-stressed", FIRE), paths=64)
    assert interval(hybrid.figures["cost"] - 0.3 * cards.figures["cost"])[1] < 0
    assert between(hybrid, everything, "cost")[1] < 0


def test_a_storm_stops_who_guards_two_parts_as_it_stops_who_guards_none():
    """A road that is closed takes all parts at once: there, stock of two of them is of no use, and stock of all is."""
    cards, hybrid, everything = played([KANBAN, HYBRID, ALL], load("automotive-line-stressed", STORM), paths=64)
    assert abs(np.mean(between(hybrid, cards, "stopped_periods"))) < 2
    assert between(everything, hybrid, "stopped_periods")[1] < -4


@pytest.fixture(scope="module")
def foreseen() -> list[Any]:
    scenario = load("automotive-line-stressed", STORM)
    return [evaluate(each, scenario, paths=64, seed=11) for each in (levels, warned)]


def test_a_warning_of_a_day_keeps_the_line_running_through_a_storm(foreseen: list[Any]):
    """The plant ran on 2 January 1999 through a blizzard that stopped another in Louisville (WardsAuto, 1 May 1999)."""
    unwarned, ready = foreseen
    assert interval(unwarned.figures["stopped_periods"])[0] > 8
    assert interval(ready.figures["stopped_periods"])[1] < 2


def test_a_warning_costs_less_stock_than_being_always_ready(foreseen: list[Any]):
    everything = played([ALL], load("automotive-line-stressed", STORM), paths=64)[0]
    assert between(foreseen[1], everything, "inventory_value")[1] < 0
