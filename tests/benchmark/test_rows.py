"""Rows of results: a file holds what was written, and is refused in one line where it does not."""

import math
from dataclasses import fields, replace

import pytest

from jit_gym.benchmark import rows
from jit_gym.benchmark.rows import Row
from jit_gym.common.checks import BadInput


def row(**changes) -> Row:
    """Return a row whose numbers are all different, of a policy that plays as it is."""
    kinds = {"int": int, "float": float}
    values = {field.name: kinds.get(str(field.type), str)(k) for k, field in enumerate(fields(Row))}
    texts = {"instance": "lost-sales/a", "regime": "calm", "policy": "base-stock", "kind": "rule"}
    return Row(**values | texts | {"reference_is": "bound"} | changes)


def test_a_file_holds_what_was_written(tmp_path):
    written = [row(regime=regime, seed=seed, cost=1 / 3, cvar=math.nan) for seed in (1, 0) for regime in rows.REGIMES]
    rows.add(tmp_path, written)
    found = rows.read(tmp_path / "lost-sales" / "a" / "base-stock.csv")
    assert [(each.seed, each.regime) for each in found[:4]] == [
        (0, "calm"),
        (0, "stressed"),
        (0, "held-out"),
        (1, "calm"),
    ]
    assert found[0].cost == 0.3333333333  # ten digits
    assert math.isnan(found[0].cvar)
    assert [each.cells for each in rows.read_all(tmp_path)] == [each.cells for each in found]


def test_a_row_that_is_there_stays(tmp_path):
    rows.add(tmp_path, [row(cost=1.0)])
    with pytest.raises(BadInput, match="already"):
        rows.add(tmp_path, [row(cost=2.0), row(cost=2.0, regime="stressed")])
    assert [each.cost for each in rows.read_all(tmp_path)] == [1.0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cost,", "price,", "columns"),
        (",rule,", ",law,", "kind: must be one of"),
        (",bound,", ",limit,", "reference_is: must be one of"),
        ("cost", "cost", ""),
    ],
)
def test_another_file_is_refused(tmp_path, old, new, said):
    rows.add(tmp_path, [row()])
    (path,) = tmp_path.rglob("*.csv")
    text = path.read_text().replace(old, new, 1)
    path.write_text(text if said else f"{text}too,few\n")
    with pytest.raises(BadInput, match=said or "line 3: must have"):
        rows.read(path)


def test_a_row_in_a_wrong_file_is_refused(tmp_path):
    rows.add(tmp_path, [row()])
    (path,) = tmp_path.rglob("*.csv")
    path.rename(path.with_name("jit.csv"))
    with pytest.raises(BadInput, match="in a wrong file"):
        list(rows.read_all(tmp_path))


def test_what_tells_who_computed_it_is_not_among_the_figures():
    mine, yours = row(), replace(row(), seconds=9.0, date="tomorrow")
    assert mine.figures == yours.figures
    assert mine.figures != replace(row(), cost=9.0).figures
