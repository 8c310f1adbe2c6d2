"""What is said of parts that lose their price, asked of `electronics`: its YAML has the sources."""

import pytest

from jit_gym.evaluation import evaluate
from jit_gym.scenario import load

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
