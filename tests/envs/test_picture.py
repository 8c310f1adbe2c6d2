"""What is in a picture: quantities as they are observed, texts that do not overlap, colours that can be told apart."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.envs import Env, FamilyEnv
from jit_gym.envs import rendering as look
from jit_gym.envs.paint import HEIGHT, WIDTH, fitted, width_of
from jit_gym.envs.picture import LINES, Screen, brief, nice
from jit_gym.scenario import family_names, industry_names, load

from .rich import rich

# What colour-blind people see, as matrices on linear RGB: Machado et al. (2009), severity 1.0.
SEEN_BY = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
AREAS = {"on hand": look.STOCK, "on the way": look.WAY, "not sent": look.ORDER, "owed or short": look.SHORT}
FEW = {"lost-sales", "multi-item", "or-gym-net-management", "aisin-1997", "hospital", "store-network-stressed"}
SHIPPED = [*jit_gym.names(), *industry_names(), *family_names()]
every_world = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in SHIPPED]
)


def linear(colour: str) -> np.ndarray:
    """Return the linear RGB of an sRGB colour (IEC 61966-2-1)."""
    share = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.1 defines it."""
    light = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) + 0.05 for each in (one, other))
    return light[1] / light[0]


def distance(one: str, other: str, eye: np.ndarray) -> float:
    """Return how far two colours are from each other for an eye: the distance in CIELAB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    lab = []
    for colour in (one, other):
        xyz = to_xyz @ np.clip(eye @ linear(colour), 0, 1) / [0.9505, 1.0, 1.089]
        f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
        lab.append(np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]))
    return float(np.linalg.norm(lab[0] - lab[1]))


def test_contrast_and_distance_are_right():
    """Black on white is 21; red and green, 100 apart and more for most, are near for deuteranopes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#000000", "#ffffff", SEEN_BY["all"]) == pytest.approx(100, abs=0.1)
    red, green = "#a83232", "#4f6b1e"
    assert distance(red, green, SEEN_BY["all"]) > 2 * distance(red, green, SEEN_BY["deuteranopia"])


@pytest.mark.parametrize("eye", SEEN_BY)
def test_areas_and_lines_are_told_apart(eye: str):
    """Whatever stands side by side is 15 apart in CIELAB for all eyes, where 2 is just noticeable.

    The nearest, what is not sent and what is owed for deuteranopes, differ in their hatches as well.
    """
    lines = {str(k): colour for k, (colour, _) in enumerate(LINES)}
    for beside in (AREAS, lines, {"asked": look.DEMAND, "short": look.SHORT}):
        for one, other in combinations(beside, 2):
            assert distance(beside[one], beside[other], SEEN_BY[eye]) > 15, (one, other, eye)
    assert len({dashes for _, dashes in LINES}) == len(LINES)  # lines differ in their dashes as well


def test_what_is_drawn_stands_out_from_its_ground():
    """Texts have a contrast of 4.5 and lines and edges one of 3, as WCAG 2.1 asks (1.4.3 and 1.4.11)."""
    for text in (look.INK, look.MUTED, look.ALARM):
        for ground in (look.SURFACE, look.SHADE):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for line in (look.INK, look.MUTED, *(colour for colour, _ in LINES)):  # areas have edges of the first two
        assert contrast(line, look.SURFACE) >= 3, line


def screen_of(env: Env) -> Screen:
    """Return the picture that an env has drawn last."""
    env.render()
    assert env._display is not None
    assert env._display._screen is not None
    return env._display._screen


def played(name: str, periods: int) -> Iterator[tuple[Env, Screen]]:
    """Yield an env and its picture, before and after some periods of random orders, and at the end."""
    make: Any = FamilyEnv if name in family_names() else Env
    env = make(name, render_mode="rgb_array")
    env.action_space.seed(1)
    env.reset(seed=1)
    for t in range(env._horizon + 1):
        if t in (0, periods, env._horizon):
            yield env, screen_of(env)
        if t < env._horizon:
            env.step(env.action_space.sample())


@every_world
def test_no_text_lies_on_another_or_leaves_the_picture(name: str):
    """Neither at the beginning, nor in the middle, nor at the end, in any shipped world."""
    for env, screen in played(name, 37):
        assert env.render().shape == (HEIGHT, WIDTH, 3)
        assert crossing(screen) == []


def crossing(screen: Screen) -> list[Any]:
    """Return which texts of a picture lie on another, or partly outside."""
    figure, renderer = screen._figure, screen._canvas.get_renderer()
    now = [screen._paint._text(words) for words in screen._paint.words]
    texts = [*figure.texts]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, *axes.get_legend().get_texts()]
        for axis in (axes.xaxis, axes.yaxis):
            texts += [tick.label1 for tick in axis._update_ticks() if tick.label1.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]
    for text in now:
        text.remove()
    outside = [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > WIDTH or box.y1 > HEIGHT]
    pairs = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.5
    ]
    return [*outside, *pairs]


def test_overlapping_texts_are_found():
    """The test above can fail: a text on another one is told."""
    env = Env(render_mode="rgb_array")
    env.reset(seed=0)
    screen = screen_of(env)
    screen._paint.write(screen.written[0]._replace(text="something else"))
    assert crossing(screen) != []


def test_a_title_that_is_too_long_is_cut():
    """So are names of stocks and lanes; nothing in them is taken for mathematics."""
    name = "a-stock-whose-name-goes-on-and-on-and-on-without-any-end-in-sight"
    world = {
        "name": "long", "title": "A world of $dollars$ " * 20, "horizon": {"periods": 20, "period": "fortnight"},
        "stocks": {name: {"initial": 1e7}}, "lanes": {f"to-{name}": {"to": name, "lead_time": 30}},
        "demands": {f"of-{name}": {"from": name, "distribution": 123456.7, "unmet": "backlog"}},
    }  # fmt: skip
    env = Env(world, render_mode="rgb_array")
    env.reset(seed=0)
    for _ in range(20):
        env.step(np.ones(1, np.float32))
    screen = screen_of(env)
    assert crossing(screen) == []
    assert screen.written[0].text.startswith("A world of $dollars$")


def test_numbers_are_those_of_the_observation():
    """What arrives in 1, 2, ... periods, what is on hand and what is owed, as the observation in units has them."""
    env = Env(rich(), units="raw", render_mode="rgb_array")
    env.action_space.seed(3)
    shown, _ = env.reset(seed=3)
    for _ in range(5):
        shown, *_ = env.step(env.action_space.sample() / 4)
    seen = dict(zip(env.observation_names, shown.tolist(), strict=True))
    moment, contents = env._display._moments[-1], env._display._contents  # type: ignore[union-attr]
    assert contents is not None
    for i, stock in enumerate(contents.layout.stocks):
        assert moment.on_hand[i] == pytest.approx(seen[f"{stock}.on_hand"], abs=1e-3)
    checked = 0
    for m, lane in enumerate(contents.layout.lanes):
        for k in range(1, contents.places):
            if f"{lane}.arrives_in_{k}" in seen and k < contents.places:
                checked += 1
                assert moment.slots[m, k - 1] >= seen[f"{lane}.arrives_in_{k}"] - 1e-3
        if f"{lane}.in_transit" in seen:
            assert moment.in_transit[m] == pytest.approx(seen[f"{lane}.in_transit"], abs=1e-3)
    assert checked
    screen = screen_of(env)
    said = {words.text for words in screen.written}
    assert all(brief(float(units)) in said for units in moment.on_hand)


def test_each_unit_on_the_way_is_shown_once():
    """Places of the pipeline add up to what is in transit, on lanes longer than can be shown, too."""
    env = Env(load("lost-sales", {"lanes.supplier.lead_time": 20}), units="raw", render_mode="rgb_array")
    env.reset(seed=0)
    for t in range(25):
        env.step(np.array([float(t)], np.float32))
        moment = env._display._moments[-1]  # type: ignore[union-attr]
        assert moment.slots.sum() == moment.in_transit.sum()


def test_long_histories_are_shown_a_window_at_a_time():
    """After 300 periods of 1,000 the strips show the last ones, and a frame takes no longer to draw for that."""
    env = Env("lost-sales", {"horizon.periods": 1000}, render_mode="rgb_array")
    env.reset(seed=0)
    for _ in range(300):
        env.step(np.zeros(1, np.float32))
    screen = screen_of(env)
    first, last = screen._axes[0].get_xlim()
    assert (first, last) == (180, 300)


def test_texts_are_measured_as_they_are_drawn():
    """A name is cut where it is wider than its place; round scales have the top 1, 2 or 5."""
    assert fitted("supplier", 200, 7.5) == "supplier"
    assert width_of(cut := fitted("a name that is very long", 60, 7.5), 7.5) <= 60
    assert cut.endswith("...")
    assert [nice(x) for x in (0, 1, 1.1, 20, 21)] == [1, 1, 2, 20, 50]
    assert [brief(x) for x in (1234, 12_345, 123_456, 1e6, 2.5e9)] == ["1,234", "12.3k", "123k", "1M", "2.5G"]
