"""The table in the terminal: it fits, and no number in it is broken."""

import io
import re

import pytest
from rich.console import Console

import jit_gym
from jit_gym.report.columns import shares
from jit_gym.report.resilience import figures
from jit_gym.report.table import columns, print_table


@pytest.fixture(scope="module", params=jit_gym.names())
def comparison(request):
    return jit_gym.compare(None, request.param, paths=8, periods=20, gap=request.param in ("lost-sales", "serial"))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits(comparison, width):
    file = io.StringIO()
    print_table(comparison, Console(file=file, width=width, highlight=False))
    text = file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for result in comparison.results:
        assert re.search(rf"^{result.policy.partition('(')[0]}\b", text, re.MULTILINE)
    measured = comparison.resilience
    shown_columns = [*columns(comparison), *(figures(measured).columns if measured else ())]
    numbers = {cell for column in shown_columns for cell in column.cells}
    shown = [
        cell
        for line in text.splitlines()
        if "±" in line and "half" not in line
        for cell in re.split(r" {2,}", line)[1:]
    ]
    assert shown or not any(result.error() for result in comparison.results)  # where chance is nothing, so is ±
    assert {cell.strip() for cell in shown} <= numbers


def test_a_wide_terminal_shows_every_column(comparison):
    file = io.StringIO()
    print_table(comparison, Console(file=file, width=250, highlight=False))
    for column in columns(comparison):
        for word in column.name.split():
            assert word in file.getvalue()


def test_what_is_zero_for_all_is_left_out():
    comparison = jit_gym.compare(["jit", "kanban"], "lost-sales", paths=8, periods=20)
    names = [column.name.replace("\n", " ") for column in columns(comparison)]
    assert names[:5] == ["cost a day", "vs jit", "", "gap to optimum", "fill rate"]
    assert not {"profit a day", "turns a year", "cash tied up"} & set(names)


def test_where_there_is_revenue_profit_comes_first():
    comparison = jit_gym.compare(["jit", "kanban"], "grocery", paths=8, periods=20)
    assert [column.name.split("\n")[0] for column in columns(comparison)][:5] == [
        "profit",
        "vs",
        "",
        "gap, at",
        "fill",
    ]


def test_a_share_that_is_not_all_is_never_shown_as_all():
    assert shares([0.9, 1.0]) == ["90.0 %", "100.0 %"]
    assert shares([0.9996, 1.0]) == ["99.96 %", "100.00 %"]
    assert shares([0.99999, float("nan")]) == ["99.999 %", "–"]


def test_each_cost_comes_with_its_distance_unless_it_is_not_wanted():
    comparison = jit_gym.compare(["jit", "kanban"], "dual-sourcing", paths=8, periods=50)
    gaps = next(column for column in columns(comparison) if column.name == "gap to\noptimum")
    for cell, result in zip(gaps.cells, comparison.results, strict=True):
        assert cell.startswith("+")
        assert cell.endswith(" %")
        share = 100 * comparison.optimality_gap.of(result).mean / comparison.optimality_gap.cost
        assert float(re.match(r"[+-][\d,.]+", cell)[0].replace(",", "")) == pytest.approx(share, abs=1)
    without = jit_gym.compare(["jit", "kanban"], "dual-sourcing", paths=8, periods=50, gap=False)
    assert not [column for column in columns(without) if "gap" in column.name]


def test_it_says_what_the_gap_is_to():
    def said(scenario, **options):
        file = io.StringIO()
        print_table(jit_gym.compare(["jit"], scenario, paths=4, **options), Console(file=file, width=200))
        return " ".join(file.getvalue().split())

    assert "Gap: to the optimum (216.8 a day in the long run, 331 states)" in said("dual-sourcing", periods=30)
    fair = {"horizon.periods": 3, "horizon.ends": True, "lanes.supplier.lead_time": 0}
    assert "a day over 3 days, " in said(jit_gym.load("lost-sales", fair))
    assert "Who knew all chance in advance would pay at least" in said("serial", periods=30)
    assert "Who knew all chance in advance would earn at most" in said("or-gym-inv-management")
    assert "Gap" not in said("serial", periods=30, gap=False)
