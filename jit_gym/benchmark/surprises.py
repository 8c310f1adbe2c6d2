"""Find instances that speak against a summary: a rule beats every agent there, or an agent every rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..common.statistics import Estimate
from ..evaluation.judgement import THRESHOLD
from .rows import REGIMES
from .standings import PERCENT, Table, versus_of

Direction = Literal["a rule beats the agents", "an agent beats the rules"]


class Surprise(NamedTuple):
    """One instance and regime, and by how much its winner is ahead, in per cent of what the best tuned rule costs."""

    direction: Direction
    instance: str
    regime: str
    winner: str
    runner_up: str
    """The best of the others: of the agents, or of the rules."""
    ahead: Estimate
    """How much more the runner-up costs than the winner."""
    seeds: int
    """With how many seeds the agent in question was trained."""

    @property
    def place(self) -> str:
        """Return where it is, as the headings of its explanation have it."""
        return f"{self.instance}, {self.regime}"


def surprises(table: Table) -> list[Surprise]:
    """Return all surprises of a table, the greatest in each direction first.

    A policy beats others where it costs less than each of them by more than what is practically nothing, and all the
    intervals of these differences, which hold together (Bonferroni's inequality), say that it costs less. An agent
    stands for the mean of its seeds. Every rule counts, by formula or tuned.
    """
    found = [each for regime in REGIMES for instance in table.instances for each in _at(table, instance, regime)]
    return sorted(found, key=lambda each: (each.direction, -each.ahead.mean, each.place))


def _at(table: Table, instance: str, regime: str) -> Iterator[Surprise]:
    here = Table(tuple(row for row in table.rows if (row.instance, row.regime) == (instance, regime)))
    scores = {name: here.sample(name, regime, versus_of) for name in here.kinds}
    sides: dict[bool, dict[str, Estimate]] = {True: {}, False: {}}
    for name, sample in scores.items():
        if sample is not None and here.kinds[name] != "external":
            sides[here.kinds[name] == "agent"][name] = sample.mean
    directions: tuple[tuple[Direction, bool], ...] = (
        ("an agent beats the rules", True),
        ("a rule beats the agents", False),
    )
    for direction, by_agent in directions:
        winners, others = sides[by_agent], sides[not by_agent]
        if not winners or not others:
            continue
        pairs = len(winners) * len(others)  # as the winner was chosen, too
        winner = min(winners, key=lambda each: winners[each].mean)
        second = min(others, key=lambda each: others[each].mean)
        ahead = {name: _difference(others[name], winners[winner], pairs) for name in others}
        if all(each.low > 0 and each.mean > PERCENT * THRESHOLD for each in ahead.values()):
            agent = scores[winner if by_agent else second]
            seeds = 0 if agent is None else agent.seeds[1]
            yield Surprise(direction, instance, regime, winner, second, ahead[second], seeds)


def _difference(more: Estimate, less: Estimate, intervals: int) -> Estimate:
    """Return a difference of two means; errors count as independent, which paths that are common make too large."""
    error = float((more.error**2 + less.error**2) ** 0.5)
    return Estimate.with_error(more.mean - less.mean, error, MANY, intervals)


MANY = 100_000
"""Values, of which Student's distribution is the normal one."""
