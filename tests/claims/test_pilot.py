"""A pilot of just in time, item by item, and when to stop; all numbers are assumed, so only signs are claimed."""

from itertools import pairwise

import pytest

from jit_gym.evaluation import Result
from jit_gym.scenario import load

from .industry import between, played

STEPS = list(load("pilot").policies)[:4]  # none, the first item, the first five, all ten


@pytest.fixture(scope="module")
def calm() -> list[Result]:
    return played(STEPS, load("pilot"))


@pytest.fixture(scope="module")
def stressed() -> list[Result]:
    return played(STEPS, load("pilot-stressed"))


def test_each_step_takes_the_items_it_says(calm: list[Result]):
    """What is just in time holds less than a week; the others hold more than two."""
    for result, items in zip(calm, (0, 1, 5, 10), strict=True):
        weeks = result.items["stocks"]["periods_of_supply"].mean(axis=0)
        assert (weeks[:items] < 1).all()
        assert (weeks[items:] > 1.5).all()


def test_in_calm_each_step_saves_and_ties_up_less_cash(calm: list[Result]):
    """The textbooks' claim: less stock, less cash, and faster turns, in a calm world."""
    for before, after in pairwise(calm):
        assert between(after, before, "cost")[1] < 0
        assert between(after, before, "inventory_value")[1] < 0
        assert between(after, before, "turns")[0] > 0


def test_the_first_item_saves_more_than_any_other(calm: list[Result]):
    """A pilot begins with the item that ties up most: one of ten items is worth a fifth of all that can be saved."""
    none, first, _, everything = calm
    saved, possible = (none.mean() - each.mean() for each in (first, everything))
    assert saved > 0.2 * possible


def test_where_suppliers_are_not_ready_the_first_five_save_and_the_next_five_lose(stressed: list[Result]):
    """When to stop: before the item whose supplier does not keep dates."""
    none, first, five, everything = stressed
    assert between(first, none, "cost")[1] < 0
    assert between(five, first, "cost")[1] < 0
    assert between(everything, five, "cost")[0] > 0


def test_cash_goes_on_falling_after_the_time_to_stop(stressed: list[Result]):
    """Cash tied up is the wrong figure to stop by: it falls with each step, also with the one that loses."""
    *_, five, everything = stressed
    assert between(everything, five, "inventory_value")[1] < 0
    assert between(everything, five, "fill_rate")[1] < -0.05
