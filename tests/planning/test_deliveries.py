"""Lead times: what a file of deliveries says, also of what has not arrived."""

from pathlib import Path

import pytest

from jit_gym.common.checks import BadInput
from jit_gym.planning import lead_times
from jit_gym.planning.grid import Grid

WEEKS = Grid("week", 0, tuple(range(7)), 2800, 156)
DAYS = Grid("day", 0, tuple(range(7)), 19700, 400)
WORKING = Grid("day", 0, tuple(range(5)), 14000, 400)


def fitted(tmp_path: Path, lines: list[str], grid: Grid = WEEKS, header: str = "ordered,arrived", **more):
    path = tmp_path / "deliveries.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return lead_times(path, grid, more.pop("by", []), more.pop("keys", [()]), **more)


def test_a_lead_time_is_in_whole_periods_rounded_up(tmp_path: Path):
    """Of 0, 1, 7 and 8 days in weeks: 0, 1, 1 and 2."""
    lines = ["2024-01-01,2024-01-01", "2024-01-08,2024-01-09", "2024-01-15,2024-01-22", "2024-01-29,2024-02-06"]
    (found,), _ = fitted(tmp_path, lines)
    assert found.distribution.parameters == {"values": [0, 1, 2], "weights": [0.25, 0.5, 0.25]}
    assert found.deliveries == 4
    assert not found.crossing


def test_one_that_is_always_the_same_is_fixed(tmp_path: Path):
    (found,), notes = fitted(tmp_path, ["2024-01-01,2024-01-04", "2024-01-02,2024-01-05"], DAYS)
    assert found.distribution.is_fixed
    assert found.distribution.mean == 3
    assert notes == ["guessed: ordered in 'ordered'", "guessed: arrived in 'arrived'"]


def test_closed_days_are_no_periods(tmp_path: Path):
    """From Friday to Monday is one working day."""
    (found,), _ = fitted(tmp_path, ["2024-01-05,2024-01-08"], WORKING)
    assert found.distribution.mean == 1


def test_what_has_not_arrived_takes_as_long_as_it_has_or_longer(tmp_path: Path):
    """1, 2 or more, 3, 4 days: weights 1/4, then 3/8 each (the product-limit estimator, worked by hand)."""
    lines = ["2024-01-01,2024-01-02", "2024-01-08,", "2024-01-01,2024-01-04", "2024-01-06,2024-01-10"]
    (found,), notes = fitted(tmp_path, lines, DAYS)
    assert found.distribution.parameters == {"values": [1, 3, 4], "weights": [0.25, 0.375, 0.375]}
    assert (found.deliveries, found.open) == (3, 1)
    assert "not arrived: 1 order, with a lead time of its age or more" in notes


def test_orders_that_overtake_others_are_seen(tmp_path: Path):
    (found,), _ = fitted(tmp_path, ["2024-01-01,2024-01-20", "2024-01-02,2024-01-05"], DAYS)
    assert found.crossing


def test_items_with_enough_deliveries_have_their_own(tmp_path: Path):
    lines = [f"a,2024-01-{k:02},2024-01-{k + 2:02}" for k in range(1, 9)]
    lines += ["b,2024-01-01,2024-01-08"]
    found, notes = fitted(
        tmp_path, lines, DAYS, "item,ordered,arrived", by=["store", "item"], keys=[("x", "a"), ("x", "b"), ("y", "c")]
    )
    assert found[0].own
    assert found[0].distribution.mean == 2
    assert not found[1].own
    assert found[1] is found[2]
    assert found[1].distribution.mean == pytest.approx((8 * 2 + 7) / 9, rel=1e-5)
    assert notes[-1] == "2 of 3 items have less than 8 deliveries, and the lead time of all"


@pytest.mark.parametrize(
    ("lines", "header", "refusal"),
    [
        (["2024-01-05,2024-01-01"], "ordered,arrived", "line 2: arrived: must not be before ordered, 2024-01-05, got"),
        (["2024-01-05,soon"], "ordered,arrived", "line 2: arrived: must be a date such as 2024-12-31, got 'soon'"),
        (["2024-01-05,"], "ordered,arrived", "nothing has arrived: all of 'arrived' is blank"),
        (["2024-01-05,x"], "ordered,supplier", "no column is called like arrived (say --arrived; it has ordered"),
        (["1990-01-05,2024-01-05"], "ordered,arrived", "line 2: a lead time must be"),
    ],
)
def test_what_is_no_delivery_is_refused(tmp_path: Path, lines: list[str], header: str, refusal: str):
    with pytest.raises(BadInput) as error:
        fitted(tmp_path, lines, DAYS, header)
    assert refusal in str(error.value)
