"""The generated files: they hold the figures of the rows, need no network, and nothing in a row is obeyed."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from jit_gym.benchmark import curves, pages, rows
from jit_gym.benchmark.leaderboard import JUDGED_COLUMNS, MOST_CURVES, RECORD, Leaderboard
from jit_gym.benchmark.profiles import COLOURS
from jit_gym.benchmark.standings import Table
from jit_gym.benchmark.suite import Suite, suite
from jit_gym.common.checks import BadInput

from .made import rows as made

COSTS = {
    "line/a": {"base-stock": 110.0, "s-S": 112.0, "lot-for-lot": 150.0, "ppo": [105.0, 106.0]},
    "line/b": {"base-stock": 110.0, "s-S": 111.0, "lot-for-lot": 130.0, "ppo": [120.0, 121.0]},
    "line/c": {"base-stock": 110.0, "s-S": 115.0, "lot-for-lot": 140.0},
}
BOUND = {"line/d": {"base-stock": 110.0, "s-S": 109.0, "lot-for-lot": 160.0, "ppo": [108.0, 109.0]}}


@pytest.fixture(scope="module")
def about() -> Suite:
    """Return a suite of four instances."""
    regimes = {"calm": {}, "stressed": {"title": "More <fires>"}, "held-out": {}}
    tags = {"line/a": ["backlog"], "line/b": ["backlog", "hidden"], "line/c": ["hidden"], "line/d": ["network"]}
    return suite(
        {
            "name": "made-v1",
            "title": "Four lines that are made up",
            "judging": {
                "paths": 256,
                "reference_paths": 64,
                "seeds": {"calm": 5_000_000_000, "stressed": 5_000_000_001, "held-out": 5_000_000_002},
            },
            "learning": {"tuning": 1000, "tuning_seed": 1, "validation": 16},
            "policies": {
                "lot-for-lot": {"plays": "jit"},
                "base-stock": {"tunes": "base-stock"},
                "s-S": {"tunes": "s-S"},
                "ppo": {"trains": "ppo"},
            },
            "groups": {"all": ["lot-for-lot", "base-stock", "s-S", "ppo"]},
            "tiers": {"full": {"title": "all", "instances": "all"}},
            "instances": {
                name: {"title": f"Line {name}", "scenario": "lost-sales", "tags": each, "group": "all"}
                | {"regimes": regimes}
                for name, each in tags.items()
            },
        }
    )


@pytest.fixture(scope="module")
def table() -> Table:
    """Return rows in all regimes."""
    calm = made(COSTS, half=0.1) + made(BOUND, half=0.1, reference_is="bound")
    others = [replace(row, regime=regime) for regime in ("stressed", "held-out") for row in calm]
    return Table.of([*calm, *others])


@pytest.fixture(scope="module")
def board(about: Suite, table: Table) -> Leaderboard:
    """Return the leaderboard of these rows."""
    return Leaderboard(about, table, Path("made-v1"))


@pytest.fixture(scope="module")
def page(board: Leaderboard) -> str:
    """Return its page."""
    return pages.html(board)


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep one."""
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_no_network(page: str):
    """Nothing is loaded: links lead to files beside it, and styles and programs are in it."""
    for tag, attributes in Elements(page).found:
        assert tag not in ("link", "img", "iframe", "object", "embed")
        assert "src" not in attributes
        assert not re.match(r"\w+:|//", attributes.get("href") or "")
    assert "@import" not in page
    assert "url(" not in page


def test_a_record_is_its_row(board: Leaderboard, page: str):
    """Each row of a table names its records, whose cells are those of the CSV files."""
    text = re.findall(r'<script type="application/json" id="records">(.*?)</script>', page, re.DOTALL)[0]
    records = json.loads(text)
    assert records["columns"] == list(RECORD)
    told = [[records["texts"][place] for place in line] for line in records["rows"]]
    assert told == [[row.cells[name] for name in RECORD] for row in board.table.rows]
    lines = [attributes for tag, attributes in Elements(page).found if tag == "tr" and "data-records" in attributes]
    places = [int(place) for line in lines for place in (line["data-records"] or "").split()]
    assert sorted(places) == list(range(len(board.table.rows)))
    for line in lines:
        mine = [board.table.rows[int(place)] for place in (line["data-records"] or "").split()]
        assert {row.policy for row in mine} == {line["data-policy"]}
        assert line["data-file"] == f"made-v1/{mine[0].instance}/{mine[0].policy}.csv"


def test_all_selections_and_regimes_are_there(board: Leaderboard, page: str):
    """Those that agents were trained on are a selection of their own; without a program all instances are shown."""
    assert board.selections["trained"] == ["line/a", "line/b", "line/d"]
    shown = {
        (attributes["data-selection"], attributes["data-regime"]): "hidden" in attributes
        for tag, attributes in Elements(page).found
        if attributes.get("class") == "selection"
    }
    regimes = ["learned", "calm", "stressed", "held-out"]
    assert set(shown) == {(s, r) for s in ("all", "trained", "backlog", "hidden", "network") for r in regimes}
    assert not any(shown["all", regime] for regime in regimes)
    assert shown["backlog", "calm"]


def test_tables_have_the_figures_of_the_standings(board: Leaderboard):
    section = board.section("all", "calm")
    (agent,) = [line for line in section.lines if line.policy == "ppo"]
    cells = dict(zip(section.columns, (cell.text for cell in agent.cells), strict=True))
    assert cells["instances"] == "3 of 4"
    assert cells["may lead"] == "not ranked"
    assert cells["gap to the optimum, % (3)"].startswith("13.0 (")
    assert cells["gap to the optimum, % (3)"].endswith(" on 2")
    assert cells["gap to a bound, % (1)"].startswith("8.5")
    assert cells["periods to learn"] == "1.0 m"
    told = [f"**{cell.text}**" if cell.leads else cell.text for cell in agent.cells]
    assert f"| {' | '.join(told)} |" in pages.markdown(board)


def test_nothing_in_a_row_is_obeyed(about: Suite, table: Table):
    """Neither in the page nor in its records, which end where they should."""
    bad = "</script><script>alert(1)</script><b>"
    hostile = Table.of([replace(row, parameters=bad, command=bad, versions=bad) for row in table.rows])
    page = pages.html(Leaderboard(about, hostile, Path("made-v1")))
    assert "<script>alert" not in page
    assert page.count("<script") == 2
    assert "More &lt;fires&gt;" in page


def test_a_picture_stands_alone(board: Leaderboard):
    """It is XML with words instead, and has no more curves than colours."""
    drawn = ElementTree.fromstring(pages.picture(board))
    names = {each.tag.rpartition("}")[2] for each in drawn.iter()}
    assert {"title", "desc", "path", "text"} <= names
    assert "var(" not in pages.picture(board)
    assert len(COLOURS) >= MOST_CURVES


def test_the_files_follow_from_the_rows_alone(about: Suite, table: Table, board: Leaderboard):
    """Written twice, in whatever order the rows come, they are the same to the byte."""
    again = Leaderboard(about, Table.of(list(table.rows)), Path("made-v1"))
    assert pages.contents(again) == pages.contents(board)
    other = Leaderboard(about, Table.of([replace(row, cost=row.cost + 1) for row in table.rows]), Path("made-v1"))
    assert pages.contents(other) != pages.contents(board)


def test_a_learning_curve_is_drawn_where_it_was_kept(about: Suite, table: Table, tmp_path: Path):
    """From the evaluations of a training; one that is there stays, and a damaged file is refused."""
    for seed, costs in enumerate(([150.0, 120.0, 109.0], [140.0, 130.0, 112.0])):
        training = tmp_path / f"seed-{seed}"
        training.mkdir()
        np.savez(training / "evaluations.npz", timesteps=[10, 20, 30], costs=costs)
        curves.keep(tmp_path / "made-v1", "line/a", "ppo", seed, training)
    curves.keep(tmp_path / "made-v1", "line/a", "ppo", 0, tmp_path / "seed-1")
    found = curves.read(tmp_path / "made-v1", "line/a", "ppo")
    assert found[0] == curves.Curve([10, 20, 30], [150, 120, 109])
    assert found[1].costs[-1] == 112
    first, second, *_ = Leaderboard(about, table, tmp_path / "made-v1").instances
    assert second.curves is None
    assert first.curves is not None
    assert "ppo from 33.0 % to 1.4 % at best" in first.curves.says
    curves.file_of_curves(tmp_path / "made-v1", "line/a", "ppo").write_text('{"0": {"at": [1], "costs": []}}')
    with pytest.raises(BadInput, match="holds no learning curves"):
        curves.read(tmp_path / "made-v1", "line/a", "ppo")


def test_rows_of_a_folder_are_read_and_written_beside(about: Suite, table: Table, tmp_path: Path):
    folder = tmp_path / "results" / "made-v1"
    for key in sorted({(row.instance, row.policy) for row in table.rows}):
        rows.add(folder, [row for row in table.rows if (row.instance, row.policy) == key])
    board = pages.leaderboard(about, folder)
    (tmp_path / "docs").mkdir()
    (tmp_path / pages.SURPRISES).write_text("# S\n<!-- surprises -->\n<!-- end of surprises -->\n", encoding="utf-8")
    written = pages.write(board, folder.parent, tmp_path)
    assert [path.name for path in written] == ["leaderboard.md", "leaderboard.html", "leaderboard.svg", "surprises.md"]
    assert "| a rule beats the agents | line/b, calm | base-stock | ppo |" in written[-1].read_text(encoding="utf-8")
    assert "../docs/" not in pages.html(board, docs=False)


def test_a_folder_of_something_else_is_refused(about: Suite, table: Table, tmp_path: Path):
    with pytest.raises(BadInput, match="has no rows"):
        pages.leaderboard(about, tmp_path)
    rows.add(tmp_path, [replace(table.rows[0], instance="line/z")])
    with pytest.raises(BadInput, match="made-v1 has no instance line/z"):
        pages.leaderboard(about, tmp_path)
    (tmp_path / "line" / "z" / "base-stock.csv").unlink()
    rows.add(tmp_path, [replace(table.rows[0], suite="made-v2")])
    with pytest.raises(BadInput, match="has rows of made-v2, not of made-v1"):
        pages.leaderboard(about, tmp_path)


# What may not mislead


def test_a_table_of_some_of_the_runs_says_so(about: Suite, table: Table, board: Leaderboard):
    """On both pages and in the line to cite; when all runs are there, it is complete."""
    assert board.progress.complete  # the made suite's tier trains nobody
    assert "preliminary" not in board.citation
    fewer = Table.of([row for row in table.rows if (row.policy, row.instance) != ("s-S", "line/a")])
    partly = Leaderboard(about, fewer, Path("made-v1"))
    said = "Preliminary: 11 of the 12 runs of the tier full are there. Missing are runs of s-S (1 of 4)"
    assert said in pages.markdown(partly)
    assert said in pages.html(partly)
    assert "(preliminary: 11 of 12 runs)" in partly.citation
    a_regime = Table.of([row for row in table.rows if row.key != ("s-S", "line/a", "held-out", 0)])
    assert not Leaderboard(about, a_regime, Path("made-v1")).progress.complete


def test_what_is_cited_is_known_by_its_figures(about: Suite, table: Table, board: Leaderboard):
    """Whoever computed them, when, and in which order: another figure has another digest."""
    again = [replace(row, date="2030-01-01", commit="ba9876543210", seconds=1.0) for row in reversed(table.rows)]
    assert Leaderboard(about, Table.of(again), Path("made-v1")).digest == board.digest
    first, *others = table.rows
    other = Table.of([replace(first, fill_rate=0.951), *others])
    assert Leaderboard(about, other, Path("made-v1")).digest != board.digest
    assert f"figures {board.digest}." in board.citation


def test_a_rule_stands_in_no_column_of_gaps(about: Suite, table: Table):
    """Where the reference is the best tuned rule, the gap would be what a policy costs over it, a second time."""
    known = Table.of([replace(row, reference_is="best-known") for row in table.rows])
    place = JUDGED_COLUMNS.index("gap, %")
    for board, all_known in (
        (Leaderboard(about, table, Path("m")), False),
        (Leaderboard(about, known, Path("m")), True),
    ):
        cells = {line.cells[place - 1] for part in board.instances for world in part.worlds for line in world.lines}
        assert (cells == {"–"}) is all_known


def test_who_reads_each_world_is_marked_where_others_have_not_learned(about: Suite, table: Table):
    policies = {**about.policies, "s-S": about.policies["lot-for-lot"].model_copy(update={"plays": "s-S"})}
    told = Leaderboard(about.model_copy(update={"policies": policies}), table, Path("made-v1"))
    assert told.told == {"lot-for-lot", "s-S"}  # both are rules by formula here, and none is a reference
    for regime, mark in (("learned", False), ("held-out", True)):
        section = told.section("all", regime)
        assert ("s-S †" in [line.cells[0].text for line in section.lines]) is mark
        assert any(note.startswith("†") for note in section.notes) is mark
    assert "| s-S † |" in pages.markdown(told)
    assert {line.policy for line in told.generalisation(told=True)[1]} == {"lot-for-lot", "s-S"}
    assert {line.policy for line in told.generalisation(told=False)[1]} == {"best tuned rule", "base-stock", "ppo"}


def test_what_an_agent_does_is_told_with_its_mean_and_its_worst(board: Leaderboard):
    (said,) = board.section("all", "calm").agents
    assert said.startswith("ppo on 3 of 4 instances (2 seeds) costs ")
    assert "on average; it is better on 2 and worse on 1, at worst by 9.5 % (line/b)." in said
    assert "plays 1.0 m periods, and the tuning of an instance's rules 20 k." in said
    assert (
        any("Fewer than" in note for note in board.section("all", "calm").notes) is False
    )  # the made suite trains none
