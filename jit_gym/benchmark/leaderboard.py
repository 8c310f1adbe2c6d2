"""Put together what a leaderboard shows: standings in each regime and for each tag, pictures, each row's record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..common.digest import of_text
from ..report.figures import Picture
from ..report.words import between, digits, listed, number
from . import curves, profiles, words
from .aggregate import Sample
from .missing import Progress, progress
from .rows import REGIMES, ReferenceIs, Row, file_of
from .standings import BEST_RULE, LEARNED, REFERENCES, Standing, Table, gap_of, versus_of
from .suite import Suite
from .surprises import Surprise, surprises

ALL, TRAINED = "all", "trained"
"""The selections beside the tags: all instances, and those on which every agent was trained."""
MOST_CURVES = 8
OVER, INSTANCES = "over the best tuned rule, %", "instances"
"""Columns of the tables."""


class Cell(NamedTuple):
    """What stands in a table; `leads` where it belongs to a policy that may be the best by this figure."""

    text: str
    leads: bool = False


class Line(NamedTuple):
    """A line of a table: whose it is, and its cells."""

    policy: str
    kind: str
    cells: tuple[Cell, ...]


class Section(NamedTuple):
    """The standings of a selection of instances in one regime."""

    selection: str
    regime: str
    title: str
    verdict: str
    agents: tuple[str, ...]
    """A sentence on each agent."""
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    """What must be known to read the table."""
    beside: tuple[tuple[str, ...], tuple[Line, ...]]
    """Columns and lines of a table of agents beside one another; of all instances alone."""
    pictures: tuple[Picture, ...]


class Judged(NamedTuple):
    """One policy on one instance in one regime: means over its seeds, and where its rows are."""

    policy: str
    kind: str
    cells: tuple[str, ...]
    file: str
    records: tuple[int, ...]
    """Which of the leaderboard's records are its rows."""


class World(NamedTuple):
    """One instance in one regime."""

    regime: str
    learned: bool
    """Whether its policies learned in it."""
    title: str
    reference: str
    lines: tuple[Judged, ...]


class InstancePart(NamedTuple):
    """One instance, with its regimes."""

    name: str
    title: str
    tags: tuple[str, ...]
    worlds: tuple[World, ...]
    curves: Picture | None
    """The learning curves of the agents there, where they were kept."""


JUDGED_COLUMNS = ("policy", "seeds", "cost", OVER, "gap, %", "fill rate, %", "dearest 5 %")
RECORD = (
    "seed", "cost", "cost_low", "cost_high", "kind", "learned_on", "parameters", "periods_spent", "seconds", "paths",
    "periods", "warmup", "judged_seed", "fingerprint", "command", "commit", "versions", "date",
)  # fmt: skip
"""What a row unfolds to."""


@dataclass(frozen=True)
class Leaderboard:
    """A suite and its rows, as they are shown."""

    suite: Suite
    table: Table
    folder: Path
    """That of the rows, beside which the leaderboard lies."""

    @cached_property
    def selections(self) -> dict[str, list[str]]:
        """Return the instances by selection: all, those with all agents where these are fewer, and each tag's."""
        here = self.table.instances
        found = {ALL: here}
        agents = [name for name, kind in self.table.kinds.items() if kind == "agent"]
        by_agent = [{row.instance for row in self.table.rows if row.policy == name} for name in agents]
        common = sorted(set.intersection(*by_agent)) if by_agent else []
        if common and len(common) < len(here):
            found[TRAINED] = common
        for tag, names in self.suite.tags.items():
            if judged := sorted(set(names) & set(here)):
                found[tag] = judged
        return found

    @property
    def regimes(self) -> list[str]:
        """Return the regimes that have rows, that in which policies learned first."""
        return [regime for regime in (LEARNED, *REGIMES) if self.table.within(regime)]

    @cached_property
    def sections(self) -> list[Section]:
        """Return the standings of each selection in each regime."""
        return [
            self._section(selection, regime, self.table.only(names))
            for selection, names in self.selections.items()
            for regime in self.regimes
            if self.table.only(names).within(regime)
        ]

    def title_of(self, selection: str) -> str:
        """Return a selection in words."""
        count = f"{len(self.selections[selection])} instance{'' if len(self.selections[selection]) == 1 else 's'}"
        named = {ALL: "All", TRAINED: "Where every agent plays"}
        return f"{named.get(selection, f'With the tag {selection}')}: {count}"

    def _section(self, selection: str, regime: str, table: Table) -> Section:
        standings = table.standings(regime, self.told)
        columns, lines = table_of(standings)
        pictures = []
        if over := self._profiled(table, regime, standings, None):
            pictures.append(profiles.over_rule(over))
        for kind in REFERENCES:
            if chosen := self._profiled(table, regime, standings, kind):
                pictures.append(profiles.gaps(chosen, words.REFERENCE_SAYS[kind]))
        title, verdict = self.title_of(selection), words.verdict(standings, regime)
        agents = tuple(words.agent_sentence(each, standings) for each in standings if each.kind == "agent")
        beside = _agents_beside(table, regime, standings) if selection == ALL else ((), ())
        notes = words.notes(standings, self.seeds)
        return Section(selection, regime, title, verdict, agents, columns, lines, notes, beside, tuple(pictures))

    def _profiled(
        self, table: Table, regime: str, standings: Sequence[Standing], kind: ReferenceIs | None
    ) -> dict[str, Sample]:
        """Return the samples whose profiles are drawn: gaps to a kind of reference, or costs over the best tuned rule.

        They are of policies that were judged on all instances there: the best tuned rule, the agents and the reference
        low come first, and then the others in the order of their standing.
        """
        counts = {each.policy: each.count(kind) for each in standings}
        there = [each for each in standings if counts[each.policy] == max(counts.values()) > 0]
        first = (BEST_RULE, self.suite.low)
        order = sorted(there, key=lambda each: (each.policy != first[0], each.kind != "agent", each.policy != first[1]))
        measure = versus_of if kind is None else gap_of
        found = {words.marked(each): table.sample(each.policy, regime, measure, kind) for each in order[:MOST_CURVES]}
        return {name: sample for name, sample in found.items() if sample is not None}

    def section(self, selection: str, regime: str) -> Section:
        """Return the standings of one selection in one regime."""
        (found,) = [each for each in self.sections if (each.selection, each.regime) == (selection, regime)]
        return found

    @cached_property
    def seeds(self) -> int:
        """Return with how many seeds the suite trains its agents, at most."""
        return max(tier.seeds for tier in self.suite.tiers.values())

    @property
    def told(self) -> set[str]:
        """Return the policies that read the numbers of each world that they play."""
        return {name for name, entry in self.suite.policies.items() if entry.is_told}

    @cached_property
    def progress(self) -> Progress:
        """Return how much of the suite the rows are."""
        return progress(self.suite, self.table.rows)

    def generalisation(self, told: bool) -> tuple[tuple[str, ...], tuple[Line, ...]]:
        """Return the columns and lines of what each policy loses where it has not learned.

        Args:
            told: of policies that read the numbers of each world that they play, or of those that do not.
        """
        found = [each for each in self.table.generalisation() if (each.policy in self.told) == told]
        kinds = [kind for kind in REFERENCES if any(kind in each.gaps for each in found)]
        columns = (
            "policy",
            *(f"gap to {words.REFERENCE_SAYS[kind]} grows by" for kind in kinds),
            "loses against the best tuned rule",
        )
        lines = []
        for each in found:
            counted = [each.gaps.get(kind) for kind in kinds] + [each.versus]
            cells = [Cell(f"{between(pair[1])} on {pair[0]}" if pair else "–") for pair in counted]
            lines.append(Line(each.policy, each.kind, (Cell(each.policy), *cells)))
        return columns, tuple(lines)

    @cached_property
    def surprises(self) -> list[Surprise]:
        """Return the instances that speak against a summary."""
        return surprises(self.table)

    @cached_property
    def instances(self) -> list[InstancePart]:
        """Return each instance with what every policy did there."""
        places = {id(row): k for k, row in enumerate(self.table.rows)}
        found = []
        for name in self.table.instances:
            about, here = self.suite.instances[name], self.table.only([name])
            worlds = [self._world(here, name, regime, places) for regime in REGIMES if here.within(regime)]
            found.append(InstancePart(name, about.title, about.tags, tuple(worlds), self._curves(here, name)))
        return found

    def _curves(self, here: Table, name: str) -> Picture | None:
        """Return the learning curves on an instance."""
        kept = {policy: curves.read(self.folder, name, policy) for policy in here.kinds}
        drawn = {policy: each for policy, each in kept.items() if each}
        return curves.picture(drawn) if drawn else None

    def _world(self, here: Table, name: str, regime: str, places: Mapping[int, int]) -> World:
        rows = here.within(regime)
        lines = []
        for policy in dict.fromkeys(row.policy for row in rows):
            mine = [row for row in rows if row.policy == policy]
            versus, gap = (here.sample(policy, regime, measure) for measure in (versus_of, gap_of))
            file = file_of(Path(self.folder.name), name, policy).as_posix()
            records, cost = tuple(places[id(row)] for row in mine), sum(row.cost for row in mine) / len(mine)
            lines.append((cost, Judged(policy, mine[0].kind, _judged(mine, versus, gap), file, records)))
        first, how = rows[0], self.suite.instances[name].regimes[regime]  # type: ignore[index]
        partly = f" on {first.reference_paths} of {first.paths} paths" if first.reference_paths < first.paths else ""
        points = digits([first.reference, first.reference_low], significant=5)
        reference = (
            f"Reference: {words.REFERENCE_SAYS[first.reference_is]}, {number(first.reference, points)} a period"
            f"{partly}; {self.suite.low} costs {number(first.reference_low, points)};"
            f" the best tuned rule is {first.best_rule}."
        )
        learned = regime == first.learned_on
        return World(
            regime, learned, how.title, reference, tuple(line for _, line in sorted(lines, key=lambda each: each[0]))
        )

    @property
    def records(self) -> str:
        """Return the records of all rows as JSON: columns, texts that repeat, and a list of numbers and texts a row."""
        texts: dict[str, int] = {}
        lines = []
        for row in self.table.rows:
            cells = row.cells
            lines.append([texts.setdefault(cells[name], len(texts)) for name in RECORD])
        return json.dumps({"columns": RECORD, "texts": list(texts), "rows": lines}, separators=(",", ":"))

    @cached_property
    def origin(self) -> dict[str, Any]:
        """Return where the rows come from: commits, versions, first and last day, and how many there are."""
        rows = self.table.rows
        days = sorted(row.date[:10] for row in rows)
        libraries = {part for row in rows for part in row.versions.split("; ") if part.startswith("jit_gym")}
        return {
            "rows": len(rows),
            "commits": sorted({row.commit for row in rows}),
            "versions": sorted({row.versions for row in rows}),
            "first": days[0],
            "last": days[-1],
            "library": sorted(libraries) or ["jit_gym (no row tells its version)"],
        }

    @property
    def citation(self) -> str:
        """Return a line to cite this by."""
        origin, progress = self.origin, self.progress
        partly = "" if progress.complete else f" (preliminary: {progress.there:,} of {progress.of:,} runs)"
        return (
            f"The jit_gym developers ({origin['last'][:4]}). {self.suite.name}: {self.suite.title}."
            f" {listed(origin['library'])}, results of {origin['last']}{partly}, commit {listed(origin['commits'])},"
            f" figures {self.digest}."
        )

    @cached_property
    def digest(self) -> str:
        """Return a digest of the figures of all rows: the same for everybody who has computed these."""
        cells = sorted(json.dumps(list(row.figures.values())) for row in self.table.rows)
        return of_text("\n".join(cells))[:16]


def table_of(standings: Sequence[Standing]) -> tuple[tuple[str, ...], tuple[Line, ...]]:
    """Return the columns and lines of a table of standings."""
    kinds = [kind for kind in REFERENCES if any(kind in each.gaps for each in standings)]
    most = {kind: max(each.gaps[kind].instances for each in standings if kind in each.gaps) for kind in kinds}
    columns = (
        "policy",
        OVER,
        INSTANCES,
        "seeds",
        "may lead",
        "mean, %",
        "worst instance, %",
        "better / same / unclear / worse",
        *(f"gap to {words.REFERENCE_SAYS[kind]}, % ({most[kind]})" for kind in kinds),
        "probability of improvement",
        "kind",
        "periods to learn",
    )
    return columns, tuple(Line(each.policy, each.kind, tuple(_cells(each, kinds, most))) for each in standings)


def _cells(standing: Standing, kinds: Sequence[Any], most: Mapping[Any, int]) -> Iterator[Cell]:
    yield Cell(words.marked(standing))
    partly = "" if standing.complete else f" on {standing.instances}"  # beside it, as a phone shows no more columns
    yield Cell(f"{words.around(standing.versus)}{partly}", bool(standing.leads))
    yield Cell(f"{standing.instances} of {standing.of}")
    yield Cell(str(standing.seeds[1]) if standing.seeds[0] == standing.seeds[1] else "{} to {}".format(*standing.seeds))
    yield Cell(words.leads(standing))
    yield Cell(words.around(standing.mean))
    yield Cell("–" if standing.policy == BEST_RULE else f"{number(standing.worst[1], 1)}: {standing.worst[0]}")
    yield Cell(words.judgements(standing.judgements))
    for kind in kinds:
        gap = standing.gaps.get(kind)
        if gap is None:
            yield Cell("–")
        else:
            part = "" if gap.instances == most[kind] else f" on {gap.instances}"
            yield Cell(f"{words.around(gap.middle)}{part}", bool(gap.leads))
    yield Cell(words.around(standing.improvement))
    yield Cell("the best on each" if standing.policy == BEST_RULE else standing.kind)
    yield Cell(words.periods(standing.spent))


def _agents_beside(
    table: Table, regime: str, standings: Sequence[Standing]
) -> tuple[tuple[str, ...], tuple[Line, ...]]:
    """Return columns and lines of what each agent costs more than each other one, where both were judged."""
    agents = [each for each in standings if each.kind == "agent"]
    if len(agents) < 2:
        return (), ()
    lines = []
    for mine in agents:
        cells = [Cell(words.marked(mine))]
        for other in agents:
            found = None if other is mine else table.beside(mine.policy, other.policy, regime)
            cells.append(Cell("–" if found is None else f"{words.around(found.more)} on {found.instances}"))
        lines.append(Line(mine.policy, mine.kind, tuple(cells)))
    return ("costs more than, %", *(words.marked(each) for each in agents)), tuple(lines)


def _judged(rows: Sequence[Row], versus: Sample | None, gap: Sample | None) -> tuple[str, ...]:
    """Return the cells of one policy on one instance: means over its seeds, and a dash where there is no share."""
    cost, fill, tail = (sum(getattr(row, name) for row in rows) / len(rows) for name in ("cost", "fill_rate", "cvar"))
    points = digits([cost, tail], significant=5)
    costs = number(cost, points), number(tail, points)
    known = None if rows[0].reference_is == "best-known" else gap  # else it is what stands beside it
    shares = ("–" if sample is None else words.around(sample.mean) for sample in (versus, known))
    return str(len(rows)), costs[0], *shares, number(100 * fill, 2), costs[1]
