"""What hours of valves and of seats cost in calm, and save in the fire of 1997: `aisin-1997` has the sources."""

from pathlib import Path

import pytest

from jit_gym.report.holding import Insurance, insurances, section

PAGE = Path(__file__).parents[2] / "docs" / "industries" / "aisin-1997.md"
USE, YEAR = 875, 4800  # cars an hour, and hours a year
VALVE, SEAT = 0.00026, 0.05  # dollars an hour


@pytest.fixture(scope="module")
def played() -> list[Insurance]:
    return insurances(paths=32)


def test_hours_of_stock_cost_in_calm_what_is_left_of_them_as_an_hour_ends(played: list[Insurance]):
    """12 hours of valves more are 12 x 875 x 0.00026 x 4,800 = 13,104 dollars a year; seats cost 192 times as much."""
    _, day, week, seats, both = (each.more for each in played)
    assert (day.mean, week.mean, seats.mean) == pytest.approx((13_104, 100_464, 19_320_000), rel=1e-9)
    assert seats.mean / week.mean == pytest.approx(SEAT / VALVE)
    assert both.mean == pytest.approx(week.mean + seats.mean)
    assert [each.valves.mean for each in played[:3]] == pytest.approx(
        [h * USE * VALVE * YEAR for h in (3, 15, 95)], rel=1e-3
    )


def test_four_hours_of_valves_outlast_four_hours_of_the_fire(played: list[Insurance]):
    """Nothing comes for 80 hours, of which 3 are at hand after the last truck; then 420 and 840 an hour for a day each.

    That is 80 - 3 + 16 (1 - 420 / 875) + 16 (1 - 840 / 875) = 85.96 hours of cars that are lost; Nisshin goes on, with
    at most a hundredth of all valves.
    """
    hours = 80 - 3 + 16 * (1 - 420 / USE) + 16 * (1 - 840 / USE)
    lost = played[0].lost.mean / USE
    assert hours - 0.01 * 112 < lost < hours
    assert played[1].saved.mean / USE == pytest.approx(12, abs=0.2)  # a day more, but for four hours


def test_a_week_of_valves_saves_all_cars_and_a_week_of_seats_none(played: list[Insurance]):
    """96 hours are more than the 86 that are lost with four; seats did not burn."""
    four, _, week, seats, both = played
    assert (week.lost.mean, both.lost.mean) == (0, 0)
    assert week.saved == four.lost
    assert seats.saved.mean == 0
    assert seats.years == 0


def test_the_cheap_critical_part_is_worth_holding_once_in_many_lifetimes_and_everything_once_in_a_dozen_years(
    played: list[Insurance],
):
    """75,000 cars at 3,000 dollars, over 0.1 million a year for valves alone, and 19.4 million for both."""
    _, day, week, _, both = (each.years for each in played)
    assert week == pytest.approx(2_240, rel=0.01)
    assert day > week  # the first hours of stock save as much as the last, and more is held as a fire is longer
    assert both == pytest.approx(11.6, rel=0.01)


def test_the_page_has_what_is_played():
    assert section() in PAGE.read_text(encoding="utf-8"), (
        "docs/industries/aisin-1997.md is stale: run `make industries`"
    )
