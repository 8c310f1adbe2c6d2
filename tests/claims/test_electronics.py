"""What is said of parts that lose their price, asked of `electronics`: its YAML has the sources."""

import datetime as dt

import pytest

from jit_gym.chance import Chance
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout
from jit_gym.scenario import load

from .industry import between, played

CERTAIN = {
    "demands.computers.distribution": {"name": "fixed", "value": 400},
    "stocks.processors.obsolete": None,
    "stocks.processors.scrap_value": None,
    "stocks.drives.holding_cost": 0,
}
LEVELS = "processors: 5200, displays: 2400"


def test_three_weeks_of_stock_more_cost_three_percent_of_what_parts_cost():
    """1 % a week, and one week of stock against four: "3 percent worth of component cost advantage"."""
    world = load("electronics", CERTAIN)
    lean, fat = (
        evaluate(f"base-stock(level={{{LEVELS}, drives: {drives}}})", world, paths=1, seed=0)
        for drives in (800 + 400, 800 + 4 * 400)
    )
    bought = sum(400 * 100 * 0.99**week for week in range(104)) / 104  # a week, on average
    more = lean.mean("profit") - fat.mean("profit")
    assert more / bought == pytest.approx(0.03, abs=0.001)
    assert more / (bought / 0.125) == pytest.approx(0.03 * 0.125, abs=0.0002)  # drives are an eighth of what is earned


@pytest.mark.parametrize(("weeks", "longer"), [(0, 0), (15, 15)])
def test_a_shortage_brings_the_lead_time_from_twelve_to_twenty_seven_weeks(weeks: int, longer: int):
    """12 weeks when healthy, 27 at the worst, and every regime leads on to the next, back to the first."""
    lane = load("electronics-stressed").lanes["chips"]
    regimes = lane.delays.regimes
    assert lane.lead_time.mean == 12
    assert weeks in {regime.periods for regime in regimes.values()}
    assert lane.delays.longest == 15
    assert longer <= lane.delays.longest
    seen, here = [], "normal"
    for _ in regimes:
        seen.append(here)
        (here,) = regimes[here].next
    assert (here, sorted(seen)) == ("normal", sorted(regimes))


@pytest.mark.parametrize(
    ("date", "weeks"),
    [
        ((2021, 1, 18), 15),
        ((2021, 3, 15), 18.1),
        ((2021, 11, 15), 24.9),
        ((2021, 12, 13), 25.8),
        ((2022, 3, 14), 26.6),
        ((2022, 6, 13), 27),
        ((2022, 9, 12), 26.3),
        ((2022, 12, 12), 24),
    ],
)
def test_the_lead_time_of_2021_and_2022_is_that_on_record_to_the_week(date: tuple[int, int, int], weeks: float):
    """Susquehanna's series as revised in December 2021, and no point of what was published before."""
    world = load("electronics-record")
    period = world.horizon.period_of(dt.date(*date))
    trace = Chance(world).draw(0, 2)
    place = [*Layout(world).columns.lead_time].index("chips")
    assert trace.lead_time[:, period, place].tolist() == [pytest.approx(weeks, abs=0.5)] * 2


FIXED = "base-stock(level={processors: 5285, displays: 2545, drives: 946})"  # tuned in the calm world, as on the page
QUOTED = "quoted-lead-time(service_level={processors: 0.641274, displays: 0.819338, drives: 0.941732})"


def test_who_ordered_for_the_quoted_lead_time_could_sell_through_the_shortage():
    """Levels for 12 weeks serve two buyers of three, those that follow the quotes more than nine of ten."""
    fixed, quoted = played([FIXED, QUOTED], load("electronics-record"), paths=64)
    low, high = between(quoted, fixed, "fill_rate")
    assert 0.3 < low < high < 0.37
    assert between(quoted, fixed, "profit")[0] > 0


def test_the_end_of_the_model_takes_most_of_what_ordering_for_half_a_year_earns():
    """What is on the way when the next model comes is scrapped: more than half of what serving more buyers is worth."""
    endless = load("electronics-record", {"stocks.processors.obsolete": None, "stocks.processors.scrap_value": None})
    gains = []
    for world in (load("electronics-record"), endless):
        fixed, quoted = played([FIXED, QUOTED], world, paths=64)
        gains.append(between(quoted, fixed, "profit"))
    (_, ending), (going_on, _) = gains
    assert going_on > 2 * ending
