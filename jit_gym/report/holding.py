"""What hours of stock cost in calm years, and would have saved in the fire of 1997: a section for `aisin-1997`.

Whoever holds more pays for it in every year, and gains by it in the one with a fire. The ratio of the two is the number
of years between such fires up to which it is worth it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..common.statistics import Estimate
from ..evaluation import Comparison, Result, compare
from ..scenario import Scenario, load
from .markdown import pipe_table, shell_command
from .words import digits, half, number

CALM, FIRE = "aisin-1997-calm", "aisin-1997-record"
HOURS = {
    "four hours of both, as it was": (4, 4),
    "a day of valves": (16, 4),
    "a week of valves": (96, 4),
    "a week of seats": (4, 96),
    "a week of both": (96, 96),
}
"""What is held of valves and of seats, in hours: days of 16 and weeks of six days."""
THERE = {f"stocks.{stock}.initial.periods_of_supply": 96 for stock in ("valves", "seats")}
"""What there is of both at first, so that nobody is still building up when the fire comes."""
PATHS, WARMUP = 256, 120  # by hour 94 what was there at first is used down to four hours
HEADER = (
    "held",
    "valves, dollars a year",
    "seats, dollars a year",
    "more than four hours, dollars a year",
    "cars lost in the fire",
    "cars saved",
    "worth, dollars",
    "worth it up to once in",
)


ABOUT = (
    "Stock that is held against a fire costs something in every year, and saves something in the one with the fire."
    " Here that is played for a day and for a week of valves, in the calm world and through the fire on its date, and"
    " for as much of the seats, which no fire has touched. Hours of stock are what is at hand as an hour of assembly"
    " begins; a day has 16 of them, and a week six days. All of it is there before the fire, and all is held by"
    " base-stock, which orders what was used."
)
LEGEND = (
    "<sub>It costs money to hold what is left as an hour ends, which is an hour's use less than what it began with. The"
    " first command tells what an hour costs in calm (`cost`, and `holding_cost` of each stock), and a year has 4,800"
    " of them; the second what an hour around the fire costs, and the cars it loses (`short`), and 560 are played. JSON"
    " has all digits. Worth: cars saved, at 3,000 dollars each. Worth it up to once in: what was saved over what it"
    " costs more a year. ± is half of a 95 % interval; where there is none, it is less than half a dollar or car.</sub>"
)


class Insurance(NamedTuple):
    """What a stock costs and saves, in dollars and cars, against four hours of both parts."""

    held: str
    valves: Estimate  # dollars a year that holding them costs in calm
    seats: Estimate
    more: Estimate  # dollars a year, than with four hours
    lost: Estimate  # cars, in the six weeks around the fire
    saved: Estimate
    worth: Estimate  # of the cars saved, in dollars

    @property
    def years(self) -> float:
        """Return how many years may lie between two such fires for it to be worth its cost, at most; 0: never is it."""
        return max(self.worth.mean, 0.0) / self.more.mean if self.more.mean else 0.0


def rule(valves: int, seats: int) -> str:
    """Return the base-stock rule that has so many hours of each at hand when an hour of assembly begins."""
    world = load(CALM)
    way = {lane.to: lane.lead_time.mean for lane in world.lanes.values()}
    level = {stock: _use(world) * (hours + way[stock]) for stock, hours in (("valves", valves), ("seats", seats))}
    return f"base-stock(level={{{', '.join(f'{stock}: {units:.0f}' for stock, units in level.items())}}})"


def command(scenario: str, warmup: int) -> str:
    """Return the command that plays all of them in a world."""
    changes = [word for key, hours in THERE.items() for word in ("--set", f"{key}={hours}")]
    words = [*(rule(*hours) for hours in HOURS.values()), *changes, "--paths", str(PATHS), "--warmup", str(warmup)]
    return shell_command("jit-gym", "compare", scenario, *words, "--no-gap", "--json")


def insurances(paths: int = PATHS) -> list[Insurance]:
    """Play what is held in `HOURS` in calm, and through the fire; four hours of both come first."""
    calm, fire = _played(CALM, paths, WARMUP), _played(FIRE, paths, 0)
    year, weeks = calm.scenario.horizon.year, fire.results[0].periods
    four, burnt = calm.results[0], fire.results[0]
    return [
        Insurance(
            held,
            before.estimate("holding_cost", stock="valves").times(year),
            before.estimate("holding_cost", stock="seats").times(year),
            _more(before, four, "cost").times(year),
            after.estimate("short").times(weeks),
            _more(burnt, after, "short").times(weeks),
            _more(burnt, after, "shortage_cost").times(weeks),
        )
        for held, before, after in zip(HOURS, calm.results, fire.results, strict=True)
    ]


def _played(name: str, paths: int, warmup: int) -> Comparison:
    rules = [rule(*hours) for hours in HOURS.values()]
    return compare(rules, load(name, THERE), paths=paths, warmup=warmup, gap=False)


def _use(world: Scenario) -> float:
    """Return how many cars are built in an hour, each of one valve and one set of seats."""
    distribution = world.demands["assembly"].distribution
    assert distribution is not None
    return distribution.mean


def _more(one: Result, other: Result, figure: str) -> Estimate:
    return Estimate.of(one.figures[figure] - other.figures[figure])


def section() -> str:
    """Return the section as Markdown."""
    played = insurances()
    parts = [
        "## What holding more would have cost, and saved",
        ABOUT,
        pipe_table(HEADER, (_row(each, k == 0) for k, each in enumerate(played))),
        command(CALM, WARMUP),
        command(FIRE, 0),
        LEGEND,
        _conclusion(*played[2:]),
        "What that conclusion rests on:",
        "\n".join(f"- {each}" for each in _provisos(played[2])),
    ]
    return "\n\n".join(parts)


def _conclusion(week: Insurance, seats: Insurance, both: Insurance) -> str:
    return (
        f"**What to do about it.** A week of valves costs {_dollars(week.more.mean)} a year more than four hours of"
        f" them, and would have saved all {number(week.saved.mean, 0)} cars: it is worth it even if such a fire comes"
        f" once in {_about(week.years)} years. The same week of seats costs"
        f" {number(seats.more.mean / week.more.mean, 0)} times as much, and saves nothing as long as no seat maker"
        f" fails. Who holds a week of everything pays {_dollars(both.more.mean)} a year, and needs such a fire every"
        f" {_about(both.years)} years. So the cheap part that has one source is held, and the bulky one, from makers"
        " next door, is not."
    )


def _provisos(week: Insurance) -> Iterator[str]:
    a_thousand, world = 1000 * week.more.mean, load(CALM)
    able = sum(lane.capacity or 0.0 for lane in world.lanes.values() if lane.to == "valves")
    spare, missing = able - _use(world), (96 - 4) * _use(world)
    yield (
        "A car that was not built in February counts as lost, at 3,000 dollars, which is assumed. Some were built in"
        f" overtime in spring: if nine of ten were, once in {_about(week.years)} years becomes once in"
        f" {_about(week.years / 10)}."
    )
    yield (
        "That it would be the valves was not known. Toyota has found single sources at risk for almost 1,000 parts [T]."
        f" A week of a thousand parts, if each is as cheap to hold, costs {_dollars(a_thousand)} a year, and is worth"
        f" it if one of them fails like this every {_about(week.worth.mean / a_thousand)} years."
    )
    yield (
        f"The stock has to be there before. Aisin and Nisshin can make {number(spare)} valves an hour more than are"
        f" used, so that it takes {number(missing / spare / 16)} days of production to go from four hours to a week. In"
        " the tables above each rule begins with four hours, and a fire in the first weeks finds it still building up."
    )


def _row(each: Insurance, first: bool) -> list[str]:
    cells = [each.held, _said(each.valves), _said(each.seats), _said(each.more), _said(each.lost)]
    cells += [_said(each.saved), _dollars(each.worth.mean) if each.worth.mean > 0 else "0"]
    years = f"{_about(each.years)} years" if each.years else "never, as seats did not burn"
    return [*cells[:3], "", cells[4], "", "", ""] if first else [*cells, years]


def _said(estimate: Estimate) -> str:
    """Return a mean and half of its interval, where it has one that can be seen."""
    seen: Any = half(estimate)
    points = digits([estimate.mean], [seen] if seen > 1e-9 else [], significant=3)
    return number(estimate.mean, points) + (f" ± {number(seen, points)}" if seen >= 0.5 else "")


def _about(years: float) -> str:
    """Return a number of years with two digits that count, as no more is known of them."""
    return f"{float(f'{years:.2g}'):,g}"


def _dollars(amount: float) -> str:
    return f"{amount / 1e6:,.1f} million" if amount >= 1e6 else f"{number(round(amount, -3), 0)}"
