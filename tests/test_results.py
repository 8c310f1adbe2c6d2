"""What was measured holds where it comes from, and the tables in results/README.md are made from it."""

import csv
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "results" / name for name in ("agents.csv", "generalist.csv", "many-agents.csv", "ppo.csv")]
LEAST = {"agents": 45, "generalist": 40, "many-agents": 8, "ppo": 45}
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
    [("agents", "table"), ("generalist", "generalist"), ("many_agents", "many-agents"), ("ppo", "ppo")],
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
