"""What a teacher takes away: a table of all weeks (CSV) and a page to read (HTML), both without names."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from ..report.figures import Picture
from ..report.provenance import origin, yaml_of
from ..report.templating import environment
from .charts import money, standings, through_time
from .lesson import Lesson
from .results import Rivals, Standing, standing

COLUMNS = (
    "branch", "table", "seat", "played_by", "week", "entry", "ordered", "late", "arrived", "on_hand", "owed",
    "asked", "short", "cost",
)  # fmt: skip
BARS = 12  # people in the picture of costs; of more the quartiles


@dataclass(frozen=True)
class Standings:
    """How a class did in a branch: its tables, and the policies on the same path where these are known."""

    people: tuple[Standing, ...]
    rivals: Rivals | None

    @property
    def shown(self) -> tuple[Standing, ...]:
        """Return people and policies for a picture: of many people the best, the quartiles and the last."""
        people = sorted(self.people, key=lambda each: each.cost)
        if len(people) > BARS:
            places = {"best": 0.0, "first quartile": 0.25, "median": 0.5, "third quartile": 0.75, "last": 1.0}
            found = [(name, people[round(place * (len(people) - 1))]) for name, place in places.items()]
            people = [Standing(f"{name} ({each.name})", "people", each.cost) for name, each in found]
        return (*people, *(self.rivals.standings if self.rivals else ()))


def class_standings(lesson: Lesson, letter: str, rivals: Rivals | None) -> Standings:
    """Return how each table with people did in a branch, by its number alone."""
    branch = lesson.branches[letter]
    tables = sorted({student.table for student in lesson.students.values()})
    played = [(table, branch.games[table]) for table in tables if branch.games[table].moves]
    return Standings(tuple(standing(game, f"table {table}") for table, game in played), rivals)


def csv_text(lesson: Lesson) -> str:
    """Return a row for each branch, table, seat, week and number ordered; nobody's name is in it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for letter, branch in lesson.branches.items():
        for table, game in sorted(branch.games.items()):
            for seat in branch.course.setup.seats:
                look, past = game.see(seat.name), branch.course.setup.past_weeks
                for week, moves in enumerate(game.moves, 1):
                    at, move = past + week - 1, moves[seat.name]
                    who = "person" if move.units else game.players[seat.name] or branch.course.setup.empty_rule
                    sums = [round(sum(each[at] for each in table_.values()), 6) for table_ in (look.asked,)]
                    for entry in seat.entries:
                        flows = [look.ordered[entry.title][at], int(move.late), look.arrived[entry.title][at]]
                        shelf = min(each[at] for each in look.on_hand.values())
                        row = [*flows, shelf, look.owed[at], *sums, look.short[at], round(look.cost[at], 6)]
                        writer.writerow([letter, table, seat.name, who, week, entry.title, *row])
    return out.getvalue()


def report(lesson: Lesson, rivals: dict[str, Rivals]) -> str:
    """Return a page of HTML on what the class did, which needs no other file; nobody's name is in it."""
    setup, course = lesson.course.setup, lesson.course
    sections = []
    for letter in lesson.branches:
        found = class_standings(lesson, letter, rivals.get(letter))
        if found.people:
            sections.append(_section(lesson, letter, found))
    return (
        environment()
        .get_template("lesson.html.jinja")
        .render(
            setup=setup,
            seed=course.seed,
            students=len(lesson.students),
            sections=sections,
            birth=origin(course.scenario),
            resolved=yaml_of(course.scenario),
        )
    )


def _section(lesson: Lesson, letter: str, found: Standings) -> dict[str, object]:
    """Return what the page says of one branch."""
    branch = lesson.branches[letter]
    setup, best = branch.course.setup, min(found.people, key=lambda each: each.cost)
    costs = np.array([each.cost for each in found.people])
    first = 1 - setup.past_weeks
    series = {f"the best ({best.name})": best.ordered}
    if len(found.people) > 1:
        series["mean of the class"] = _mean([each.ordered for each in found.people])
    rules = [each for each in (found.rivals.standings if found.rivals else ()) if each.ordered]
    if rules:
        least = min(rules, key=lambda each: each.cost)
        series[least.name] = least.ordered
    told: list[Picture] = [
        standings(found.shown),
        through_time("Ordered on all lanes, units a period", series, first, setup.word),
    ]
    return {
        "letter": letter,
        "weeks": max(len(game.moves) for game in branch.games.values()),
        "changes": [(change.week, change.title, ", ".join(change.hits)) for change in branch.course.changes],
        "costs": [("best", costs.min()), ("mean", costs.mean()), ("median", np.median(costs)), ("last", costs.max())],
        "rows": sorted((*found.people, *(found.rivals.standings if found.rivals else ())), key=lambda each: each.cost),
        "seats": [seat for seat in setup.seats] if len(setup.seats) > 1 else [],
        "notes": found.rivals.notes if found.rivals else ("The policies on the same path are not computed yet.",),
        "pictures": told,
        "money": money,
    }


def _mean(series: list[tuple[float, ...]]) -> tuple[float, ...]:
    """Return the mean of series in each week that all of them have."""
    shortest = min(len(each) for each in series)
    return tuple(float(each) for each in np.mean([each[:shortest] for each in series], axis=0))
