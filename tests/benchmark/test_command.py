"""`jit-gym benchmark`: what it prints, what it refuses, and its status."""

from pathlib import Path

import pytest
import yaml

from jit_gym.benchmark import suite

from ..commands import done, jit, refused
from .tiny import raw


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(raw(), sort_keys=False))


def test_the_instances_are_listed():
    lines = done("benchmark", "--list").splitlines()
    assert len(lines) == len(suite("jit-bench-v1").instances)
    assert lines[0].startswith("lost-sales/zipkin-poisson-p4-l4  [lost-sales, lead-time]  Zipkin's (2008) shop")
    assert lines[0].endswith("(test, small, full)")


def test_rows_are_made_gone_on_with_verified_and_compared():
    line = ["benchmark", "tiny.yaml", "--tier", "test", "--on", "here"]
    assert (
        done(*line, "--only", "shop/lost,constant") == "2 runs of 1 instance computed, 0 there already, in runs/tiny\n"
    )
    assert done(*line, "--check", "runs/tiny").endswith("30 rows compared with runs/tiny: 0 disagree.\n")
    assert "0 runs of 2 instances computed, 10 there already" in done(*line)
    verify = ["benchmark", "tiny.yaml", "--verify", "--on", "here"]
    assert done(*verify) == "30 of 30 rows played again: all numbers hit.\n"
    assert done(*verify, "--sample", "1") == "3 of 30 rows played again: all numbers hit.\n"
    file = Path("runs/tiny/shop/waits/formula.csv")
    head, first, *rest = file.read_text().splitlines()
    cells = first.split(",")
    place = head.split(",").index("stock")
    cells[place] = "0.125"
    file.write_text("\n".join([head, ",".join(cells), *rest]) + "\n")
    result = jit(*verify)
    assert result.exit_code == 1
    assert "shop/waits formula seed 0, calm: stock is 0.125, and " in result.stderr
    assert "1 not hit" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jit-bench-v2"], "did you mean 'jit-bench-v1'"),
        (["tiny.yaml", "--tier", "huge"], "tier: must be one of test, full, got 'huge'"),
        (["tiny.yaml", "--tier", "test", "--only", "shop/last"], "did you mean 'shop/lost'"),
        (["tiny.yaml", "--tier", "test", "--only", "hindsight"], "the tier test has no such runs"),
        (["tiny.yaml", "--tier", "test", "--policy", "formula=a:b"], "is a name of the suite's own"),
        (["tiny.yaml", "--tier", "test", "--sample", "3"], "--sample: is for --verify and --fresh"),
        (["tiny.yaml", "--seed", "0"], "--seed: is for --verify and --fresh"),
        (["tiny.yaml", "--tier", "test", "--verify"], "has no rows to play again"),
        (["tiny.yaml", "--fresh"], "has no rows to play again"),
        (["tiny.yaml", "--fresh", "--seed", "12"], "seed: must be 5,000,000,000 or more"),
        (["tiny.yaml", "--fresh", "--seed", "5000000000"], "seed: its paths must not be those that judge in tiny"),
        (["tiny.yaml", "--fresh", "--verify"], "--fresh: cannot be done together with --verify"),
        (["tiny.yaml", "--fresh", "--policy", "a:b"], "--policy: is for rows that are computed"),
        (["tiny.yaml", "--tier", "test", "--on", "moon"], "on: must be here"),
        (["none.yaml"], "none.yaml"),
    ],
)
def test_what_makes_no_sense_is_refused(words, said):
    assert said in refused("benchmark", *words)
