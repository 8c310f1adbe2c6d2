"""Write a leaderboard as Markdown, as one HTML page that needs no network, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..common import files
from ..common.checks import BadInput
from ..report.markdown import pipe_table
from ..report.templating import environment
from ..report.words import between
from . import profiles, words
from .leaderboard import ALL, INSTANCES, JUDGED_COLUMNS, OVER, TRAINED, Leaderboard, Line, Section
from .rows import read_all
from .standings import Table
from .suite import Suite
from .suite import suite as suite_of
from .surprises import Surprise

MARKDOWN, PAGE, PICTURE = "leaderboard.md", "leaderboard.html", "leaderboard.svg"
SURPRISES = Path("docs/surprises.md")
"""Where the surprises are explained: a table made from the rows, and a heading for each that is told."""
MARK = "surprises"
GENERALISATION = (
    "Percentage points, held out less the regime that was learned in (the generalisation gap), and on how many"
    " instances; less is better."
)
ALL_TOLD = (
    "These read the numbers of each world that they play, so nothing was held out from them, and what they lose less is"
    " no generalisation."
)
BESIDE = (
    "Agents beside one another, each as the mean of its seeds: what the one on the left costs more than the one above,"
    " in per cent of the best tuned rule, on the instances where both were judged (the middle half of them). Intervals"
    " hold each by itself."
)
ENOUGH = 8
"""Instances on which every agent was trained, for these to be what a reader sees first."""
MOST_SURPRISES = 5
"""Of each direction, in the table."""


def leaderboard(suite: str | Path | Suite, folder: Path) -> Leaderboard:
    """Return the leaderboard of a suite's rows in a folder, such as `results/jit-bench-v1`.

    Raises:
        BadInput: for a folder without rows of the suite, and for rows of instances that it does not have.
    """
    about = suite_of(suite)
    if not (rows := list(read_all(folder))):
        raise BadInput(f"{folder}: has no rows (jit-gym benchmark {about.name} --out {folder} makes them)")
    table = Table.of(rows)
    if table.suite != about.name:
        raise BadInput(f"{folder}: has rows of {table.suite}, not of {about.name} (name the suite)")
    if unknown := sorted(set(table.instances) - set(about.instances)):
        raise BadInput(f"{folder}: {about.name} has no instance {unknown[0]} (remove its folder)")
    return Leaderboard(about, table, folder)


def contents(board: Leaderboard, docs: bool = True) -> dict[str, str]:
    """Return the generated files, by name: they follow from the rows and the suite alone.

    Args:
        docs: whether the page lies in `results` of a checkout, where its links into `docs` lead somewhere.
    """
    return {MARKDOWN: markdown(board), PAGE: html(board, docs), PICTURE: picture(board)}


def write(board: Leaderboard, results: Path, root: Path | None = None) -> list[Path]:
    """Write the generated files into a folder, beside that of the rows.

    Args:
        root: a checkout, where the folder is its `results`: the table of surprises is written into its page, too.

    Raises:
        OSError: where one cannot be written.
        ValueError: for a page of surprises without a place for the table.
    """
    written = []
    for name, text in contents(board, docs=root is not None).items():
        files.write(results / name, text)
        written.append(results / name)
    if root is not None:
        files.fill(root / SURPRISES, MARK, surprise_table(board.surprises))
        written.append(root / SURPRISES)
    return written


def headline(board: Leaderboard) -> Section:
    """Return the section that a reader sees first: where every agent was trained, or else all, as they learned."""
    selection = TRAINED if len(board.selections.get(TRAINED, ())) >= ENOUGH else ALL
    return board.section(selection, board.regimes[0])


def picture(board: Leaderboard) -> str:
    """Return the profile of the headline as an SVG file."""
    section = headline(board)
    if not section.pictures:
        raise BadInput(f"{board.suite.name}: there is no policy that was judged on all instances of a selection")
    count = len(board.selections[section.selection])
    title = f"{board.suite.name} ({count} instances): share of runs that cost so much"
    return profiles.alone(section.pictures[0], title)


def html(board: Leaderboard, docs: bool = True) -> str:
    """Return the page, with links into `docs` where it lies beside that folder."""
    return (
        environment()
        .get_template("leaderboard.html.jinja")
        .render(
            board=board,
            docs="../docs/" if docs else "",
            suite=board.suite,
            origin=board.origin,
            verdict=headline(board).verdict,
            headline=headline(board),
            regimes=[(regime, words.REGIMES_SAY[regime]) for regime in board.regimes],
            selections=[(name, board.title_of(name)) for name in board.selections],
            policies=sorted(board.table.kinds.items()),
            generalisation_says=GENERALISATION,
            generalisation=board.generalisation(told=False),
            all_told_says=ALL_TOLD,
            all_told=board.generalisation(told=True),
            beside_says=BESIDE,
            meanings=words.MEANINGS,
            surprises=[_surprise_cells(each) for each in shown(board.surprises)],
            surprise_columns=SURPRISE_COLUMNS,
            judged_columns=JUDGED_COLUMNS,
            records=board.records.replace("<", "\\u003c"),
        )
    )


def markdown(board: Leaderboard) -> str:
    """Return the leaderboard as Markdown."""
    return "\n\n".join(_parts(board)) + "\n"


def _parts(board: Leaderboard) -> Iterator[str]:
    origin, name = board.origin, board.suite.name
    yield "<!-- Generated by `jit-gym benchmark --page` from the rows beside it: change those, not this. -->"
    yield f"# {name}"
    yield "<!-- leaderboard -->"
    yield (
        f"{board.suite.title}. {origin['rows']:,} rows on {len(board.table.instances)} of {len(board.suite.instances)}"
        f" instances, computed {origin['first']} to {origin['last']}. The same with filters, profiles and the record of"
        " each row is in leaderboard.html beside this file (a page that works from disk)."
    )
    yield board.progress.sentence
    yield f"To cite: {board.citation}"
    yield "![Which share of the runs costs at most how much more than the best tuned rule](leaderboard.svg)"
    for regime in board.regimes:
        yield f"## {words.IN_REGIME[regime].capitalize()}"
        yield f"The regime `{regime}`: {words.REGIMES_SAY[regime]}."
        for selection in (each for each in (ALL, TRAINED) if each in board.selections):
            section = board.section(selection, regime)
            yield f"### {section.title}"
            yield section.verdict
            shown = [line for line in section.lines if line.kind == "agent" or _on_half(line, section.columns)]
            yield _table(section.columns, shown)
            if left := len(section.lines) - len(shown):
                yield f"On the page: {left} more, judged on fewer than half of these instances."
            yield from section.notes
            if section.agents:
                yield "\n".join(f"- {sentence}" for sentence in section.agents)
            if section.beside[1]:
                yield BESIDE
                yield _table(*section.beside)
    yield "Bold: not shown to be worse than the best by that figure. Each figure is explained at the end."
    if board.generalisation(told=False)[1]:
        yield "## What is lost where nothing was learned"
        yield GENERALISATION
        yield _table(*board.generalisation(told=False))
        if board.generalisation(told=True)[1]:
            yield ALL_TOLD
            yield _table(*board.generalisation(told=True))
    yield "## Surprises"
    yield surprise_table(board.surprises)
    yield "## By tag"
    yield "What a policy costs over the best tuned rule, %, where it learned; on how many instances, if not on all."
    yield _by_tag(board)
    yield "## What the figures mean"
    yield pipe_table(("figure", "it says", "it does not say"), [tuple(each) for each in words.MEANINGS])
    yield "<!-- end of leaderboard -->"
    yield f"Made by {'; '.join(origin['versions'])}; commit {', '.join(origin['commits'])}."


def _table(columns: Sequence[str], lines: Sequence[Line]) -> str:
    return pipe_table(columns, [[f"**{c.text}**" if c.leads else c.text for c in line.cells] for line in lines])


def _on_half(line: Line, columns: Sequence[str]) -> bool:
    """Tell whether a policy was judged on half of the instances or more."""
    judged_on, of = (int(each) for each in line.cells[columns.index(INSTANCES)].text.split(" of "))
    return 2 * judged_on >= of


def _by_tag(board: Leaderboard) -> str:
    regime = board.regimes[0]
    tags = [name for name in board.selections if name not in (ALL, TRAINED)]
    found: dict[str, dict[str, str]] = {}
    for tag in tags:
        columns = board.section(tag, regime).columns
        for line in board.section(tag, regime).lines:
            over = line.cells[columns.index(OVER)]
            found.setdefault(line.policy, {})[tag] = f"**{over.text}**" if over.leads else over.text
    counts = [f"{tag} ({len(board.selections[tag])})" for tag in tags]
    return pipe_table(
        ("policy", *counts), [[name, *(cells.get(t, "–") for t in tags)] for name, cells in found.items()]
    )


SURPRISE_COLUMNS = ("what", "instance, regime", "winner", "best of the others", "which costs more by, %", "seeds")


def shown(found: Sequence[Surprise]) -> list[Surprise]:
    """Return the greatest surprises of each direction."""
    directions = dict.fromkeys(each.direction for each in found)
    return [each for one in directions for each in [s for s in found if s.direction == one][:MOST_SURPRISES]]


def surprise_table(found: Sequence[Surprise]) -> str:
    """Return the greatest surprises of each direction as Markdown; in words where there is none."""
    if not found:
        return "No rule beats all agents on an instance, and no agent all rules, by more than chance may do."
    return pipe_table(SURPRISE_COLUMNS, [_surprise_cells(each) for each in shown(found)])


def _surprise_cells(each: Surprise) -> tuple[str, ...]:
    return each.direction, each.place, each.winner, each.runner_up, between(each.ahead), str(each.seeds)
