"""Pictures as SVG: round ticks, scales, steps, legends, and texts that are shown and not obeyed."""

import math
import re

import numpy as np
import pytest

from jit_gym.report.axes import Axes, Entry, Scale, fitting_ticks, legend_lines, plain_number, strips, ticks
from jit_gym.report.svg import INK, STOCK, VARIABLES, Box, Sheet, width_of


@pytest.mark.parametrize(
    ("low", "high", "most", "found"),
    [
        (0, 42, 5, [0, 10, 20, 30, 40]),
        (0, 42, 4, [0, 20, 40]),
        (0, 1.4, 4, [0, 0.5, 1]),
        (-0.3, 0.3, 3, [-0.2, 0, 0.2]),
        (407, 560, 8, [420, 440, 460, 480, 500, 520, 540, 560]),
        (53, 82, 7, [55, 60, 65, 70, 75, 80]),
        (0, 6.1e-7, 4, [0, 2e-7, 4e-7, 6e-7]),
        (0, 3e12, 4, [0, 1e12, 2e12, 3e12]),
        (5, 5, 4, [5]),
    ],
)
def test_ticks_are_round(low, high, most, found):
    assert ticks(low, high, most) == pytest.approx(found, abs=1e-18)


def test_ticks_are_multiples_of_one_two_or_five_and_as_many_as_allowed():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low, span, most = rng.normal(0, 100), 10 ** rng.uniform(-3, 9), rng.integers(2, 9)
        at = ticks(low, low + span, int(most))
        assert len(at) <= most
        assert all(low - 1e-6 * span <= each <= low + span * (1 + 1e-6) for each in at)
        if len(at) > 1:
            step = at[1] - at[0]
            digit = step / 10 ** math.floor(math.log10(step) + 1e-6)
            assert min(abs(digit - round_) for round_ in (1, 2, 5)) < 1e-3


def test_whole_ticks_have_no_fractions():
    assert ticks(0, 1.5, 8, whole=True) == [0, 1]


def test_numbers_below_an_axis_have_room():
    at = fitting_ticks(0, 500_000, 200, plain_number)
    assert at == [0, 200_000, 400_000]
    assert sum(width_of(plain_number(each)) for each in at) < 200


def test_numbers_are_written_as_one_reads_them():
    assert [plain_number(each) for each in (-1000, 0.1 + 0.2, 1e6)] == ["\N{MINUS SIGN}1,000", "0.3", "1,000,000"]


def test_a_scale_may_run_either_way_and_ends_at_its_ends():
    down = Scale(2.5, -0.5, 100, 10)
    assert [down.at(value) for value in (-0.5, 1, 2.5, 9)] == [10, 55, 100, 100]
    assert down.places(np.array([-0.5, 1.0])) == [10, 55]


def axes() -> Axes:
    """Return axes of 100 by 100 points, from 0 to 10 each way."""
    return Axes.within(Sheet(100, 100), Box(0, 0, 100, 100), (0, 10), (0, 10))


def test_stairs_step_where_values_change():
    """Values 1, 1, 3 on edges 0, 2, 4, 6: level at 1 up to 4, at 3 up to 6; upwards is less in SVG."""
    drawn = axes()
    drawn.stairs(np.array([0, 2, 4, 6]), np.array([1.0, 1.0, 3.0]), INK, 1)
    assert 'd="M0 90H40V70H60"' in drawn.sheet.svg


def test_what_is_not_defined_is_not_drawn():
    drawn = axes()
    drawn.stairs(np.arange(5), np.array([1.0, np.nan, 2.0, 2.0]), INK, 1)
    assert re.findall(r' d="(.*?)"', drawn.sheet.svg) == ["M0 90H10", "M20 80H40"]


def test_an_area_is_between_two_stairs_and_none_where_they_are_the_same():
    drawn = axes()
    drawn.stairs_between(np.arange(4), np.array([0.0, 0.0, 1.0]), np.array([0.0, 5.0, 2.0]), STOCK, 0.4)
    assert re.findall(r' d="(.*?)"', drawn.sheet.svg) == ["M10 50H20V80H30L30 90H20V100H10Z"]


def test_strips_lie_below_each_other_with_room_between():
    boxes = strips(Sheet(230, 100), 2, left=20, below=30)
    assert boxes[0].bottom < boxes[1].top < boxes[1].bottom == pytest.approx(200)
    assert boxes[0].top == pytest.approx(31)
    assert {box.left for box in boxes} == {20}


def test_a_legend_goes_on_in_the_next_line():
    entries = [Entry(name, INK) for name in ("holding", "shortage", "in transit")]
    assert [[each.name for each in line] for line in legend_lines(entries, 140)] == [
        ["holding", "shortage"],
        ["in transit"],
    ]


def test_boxes_share_an_area():
    assert Box(0, 0, 4, 4).overlap(Box(2, 1, 9, 3)) == 4
    assert Box(0, 0, 4, 4).overlap(Box(5, 0, 9, 9)) == 0


def test_texts_are_shown_and_not_obeyed():
    sheet = Sheet(10)
    sheet.text(1, 2, "<b>a & b\x1b")
    assert "&lt;b&gt;a &amp; b\\x1b</text>" in sheet.svg


def test_colours_are_those_of_the_page():
    """Each has a variable of the style sheet, by day and by night."""
    from importlib.resources import files

    style = (files("jit_gym.report") / "templates" / "style.css.jinja").read_text(encoding="utf-8")
    for name, colour in VARIABLES.items():
        assert style.count(f"--{name}:") >= (1 if name == "surface" else 2), name
        sheet = Sheet(10)
        sheet.dot(1, 1, 1, colour)
        assert f"fill:var(--{name},{colour})" in sheet.svg
