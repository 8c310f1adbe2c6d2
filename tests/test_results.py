"""What was measured holds where it comes from, and the tables in results/README.md are made from it."""

import csv
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from jit_gym.benchmark import pages
from jit_gym.benchmark.leaderboard import Leaderboard
from jit_gym.cli.app import app

ROOT = Path(__file__).parents[1]
FILES = [
    ROOT / "results" / name
    for name in (
        "agents.csv", "defaults.csv", "fine-tuning.csv", "generalist.csv", "many-agents.csv", "ppo.csv",
        "time-to-quality.csv",
    )
]  # fmt: skip
LEAST = {
    "agents": 45, "defaults": 8, "fine-tuning": 15, "generalist": 40, "many-agents": 8, "ppo": 45, "time-to-quality": 9,
}  # fmt: skip
KEPT_SINCE = "2026-11-27T06:30"  # from when on each row has its world's fingerprint and versions


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_row_has_a_birth_certificate(path: Path):
    """Fingerprint, versions, commit and date; the first two are empty in rows from before they were kept."""
    found = rows(path)
    assert len(found) >= LEAST[path.stem]
    for row in found:
        assert list(row)[-4:] == ["fingerprint", "versions", "commit", "date"]
        assert row["date"]
        assert row["commit"]
        assert not row["commit"].endswith("-dirty")
        assert len(row["fingerprint"]) == 16 or (not row["fingerprint"] and row["date"] < KEPT_SINCE)
        assert row["versions"] or row["date"] < KEPT_SINCE


def test_all_results_are_looked_at():
    assert sorted((ROOT / "results").glob("*.csv")) == FILES


@pytest.mark.parametrize(
    ("file", "mark"),
    [
        ("agents", "table"),
        ("defaults", "defaults"),
        ("fine_tuning", "fine-tuning"),
        ("generalist", "generalist"),
        ("many_agents", "many-agents"),
        ("ppo", "ppo"),
        ("time_to_quality", "time-to-quality"),
    ],
)
def test_the_tables_are_those_of_the_rows(file: str, mark: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sys.modules.pop(file, None)
    module = __import__(file)
    shown = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    table = shown.split(f"<!-- {mark} -->\n")[1].split(f"\n<!-- end of {mark} -->")[0]
    assert module.table(rows(module.RESULTS)).strip() == table.strip()


def test_a_benchmark_replaces_nothing_silently(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Asked for rows that are there, it says so before anything is trained."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    module = __import__("ppo")
    monkeypatch.setattr(sys, "argv", ["ppo.py", "serial", "--seeds", "0"])
    with pytest.raises(ValueError, match=r"^ppo\.csv: has 1 of these rows, such as serial, 0 \(add --replace\)$"):
        module.main()


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import what makes results again, with the benchmarks that it calls."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("again", "agents"):
        sys.modules.pop(name, None)
    return __import__("again")


def test_a_command_makes_each_row_again(again: ModuleType):
    """What `make results` lists covers each committed row once, and no file in results/ is unknown."""
    steps = again.steps(2)
    for path in FILES:
        counted = [int(step.makes.split()[0].replace(",", "")) for step in steps if step.name == path.stem]
        assert sum(counted) == len(rows(path))
    asked = []
    for step in (step for step in steps if step.name == "agents"):
        agent, family, only, seeds = (step.words[k] for k in (2, 3, 5, 7))
        names = [again.import_module("agents").FAMILIES[family][2](row)[0] for row in instances_of(again, family)]
        asked += [(family, names[int(k)], agent, seed) for k in only.split(",") for seed in seeds.split(",")]
    assert sorted(asked) == sorted((r["family"], r["instance"], r["agent"], r["seed"]) for r in rows(FILES[0]))
    known = {*(path.name for path in FILES), "speed.json", "peers.json", "README.md"}
    known |= {again.SUITE, "leaderboard.md", "leaderboard.html", "leaderboard.svg"}
    assert {path.name for path in (ROOT / "results").iterdir()} <= known


def instances_of(again: ModuleType, family: str) -> list[dict[str, str]]:
    """Return the published rows of a family."""
    return again.import_module("agents").instances(family)


def test_what_was_made_again_is_compared_row_by_row(again: ModuleType, tmp_path: Path):
    """The same, within the intervals, apart, and one that nobody has committed."""
    text = (ROOT / "results" / "ppo.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "ppo.csv").write_text("\n".join(text[:5]) + "\n", encoding="utf-8")
    assert again.compared("ppo", tmp_path) == (4, 0, [])
    first = rows(tmp_path / "ppo.csv")[0]
    low = f",{first['gap_percent']},{first['low']},{first['high']},"
    near = f",{float(first['gap_percent']) + 0.01:.2f},{first['low']},{first['high']},"
    far = ",99.00,98.00,100.00,"
    moved = [text[0], text[1].replace(low, near), text[2].replace(first["scenario"], "elsewhere"), text[3]]
    (tmp_path / "ppo.csv").write_text("\n".join(moved) + "\n", encoding="utf-8")
    same, agree, apart = again.compared("ppo", tmp_path)
    assert (same, agree, len(apart)) == (1, 1, 1)
    (tmp_path / "ppo.csv").write_text("\n".join([text[0], text[1].replace(low, far)]) + "\n", encoding="utf-8")
    assert again.compared("ppo", tmp_path)[2] == [
        f"ppo {first['scenario']}, 0: gap_percent is 99.00, and {first['gap_percent']} there"
    ]


SUITE_ROWS = ROOT / "results" / "jit-bench-v1"


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    """Return the leaderboard of the committed rows."""
    return pages.leaderboard("jit-bench-v1", SUITE_ROWS)


def test_the_leaderboard_is_that_of_the_rows(board: Leaderboard):
    """Stale Markdown, page, picture or table of surprises: `make leaderboard` writes them again."""
    for name, text in pages.contents(board).items():
        assert (ROOT / "results" / name).read_text(encoding="utf-8") == text, f"results/{name} is stale"
    told = (ROOT / pages.SURPRISES).read_text(encoding="utf-8")
    table = told.split("<!-- surprises -->\n")[1].split("\n<!-- end of surprises -->")[0]
    assert table == pages.surprise_table(board.surprises).strip(), "docs/surprises.md is stale"


def test_each_explained_surprise_is_one(board: Leaderboard):
    """In the committed rows, in the direction that its heading names; of each direction that there is, one is told."""
    told = (ROOT / pages.SURPRISES).read_text(encoding="utf-8")
    explained = re.findall(r"^## (.*): (a rule beats the agents|an agent beats the rules)$", told, re.MULTILINE)
    assert len(re.findall(r"^## ", told, re.MULTILINE)) == len(explained)
    assert set(explained) <= {(each.place, each.direction) for each in board.surprises}
    assert {direction for _, direction in explained} == {each.direction for each in board.surprises}


def test_the_command_writes_the_page_beside_the_rows(tmp_path: Path):
    """Without links into docs, which are not there; a folder without rows is refused in one line."""
    shutil.copytree(SUITE_ROWS / "hidden", tmp_path / "rows" / "hidden")
    done = CliRunner().invoke(app, ["benchmark", "--page", "--out", str(tmp_path / "rows")])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {"rows", pages.MARKDOWN, pages.PAGE, pages.PICTURE}
    assert "../docs/" not in (tmp_path / pages.PAGE).read_text(encoding="utf-8")
    refused = CliRunner().invoke(app, ["benchmark", "--page", "--out", str(tmp_path / "nothing")])
    assert refused.exit_code == 2
    assert "has no rows" in refused.stderr
