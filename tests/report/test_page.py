"""The HTML report: one file that needs no other, says everything, and believes no text it is given."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

import jit_gym
from jit_gym.report import page, story
from jit_gym.report.svg import width_of
from jit_gym.report.words import digits, half, number

VOID = {"meta", "br", "link", "input", "img", "hr"}


class Outline(HTMLParser):
    """Collects a page's attributes and text, and holds that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def written(comparison, path, **extra) -> str:
    page.write(comparison, path, **extra)
    return path.read_text(encoding="utf-8")


def undated(html: str) -> str:
    return re.sub(r"<time.*?</time>|<meta name=.jit_gym:date.*?>", "", html)


USUAL = ["beer-game", "grocery"]
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in jit_gym.names() if name not in USUAL]


@pytest.fixture(scope="module", params=[*USUAL, *OTHERS])
def comparison(request):
    return jit_gym.compare(None, request.param, paths=8)


@pytest.fixture(scope="module")
def report(comparison, tmp_path_factory) -> str:
    return written(comparison, tmp_path_factory.mktemp("report") / "report.html", command="jit-gym compare it")


def test_the_page_needs_nothing_else(report):
    outline = Outline(report)
    assert not {"script", "link", "img", "iframe", "object"} & set(outline.tags)
    links = [value for name, value in outline.attributes if name in ("src", "href", "xlink:href", "action")]
    assert all(value.startswith("#") for value in links)
    assert not re.search(r"https?://|@import|url\((?!#)", report)


def test_no_two_elements_have_the_same_id(report):
    ids = [value for name, value in Outline(report).attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'(?:url\(|href=")#([^")]+)', report))
    assert wanted <= set(ids)


def test_the_page_says_everything(report, comparison):
    text = Outline(report).text
    scenario = comparison.scenario
    assert scenario.title in text
    assert " ".join(scenario.description.split()) in " ".join(text.split())
    costs = [result.estimate("cost") for result in comparison.results]
    points = digits([cost.mean for cost in costs], map(half, costs))
    for result, cost in zip(comparison.results, costs, strict=True):
        assert result.policy in text
        assert re.search(rf"(?<![\d.]){re.escape(number(cost.mean, points))}(?![\d.])", text)
    for table in ("stocks", "lanes", "demands", "disruptions"):
        for name in getattr(scenario, table):
            assert name in text
    for word in (scenario.fingerprint, "jit-gym compare it", jit_gym.__version__, "numba", "seed 0"):
        assert word in text


def test_there_is_a_picture_of_costs_of_service_of_each_policy_and_of_the_network(report, comparison):
    assert Outline(report).tags.count("svg") == 3 + len(comparison.results)


def test_texts_of_pictures_stand_inside_them(report):
    """Up to the room that the widest fonts take; a name or a number that is cut off says something else."""
    for width, height, svg in re.findall(r'<svg viewBox="0 0 (\S+) (\S+)">(.*?)</svg>', report, re.DOTALL):
        for x, y, size, anchor, words in re.findall(
            r'<text x="(\S+)" y="(\S+)" font-size="(\S+)" text-anchor="(\w+)".*?>(.*?)</text>', svg
        ):
            wide = width_of(unescape(words), float(size))
            left = float(x) - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
            assert left >= -8, words
            assert left + wide <= float(width) + 16, words
            assert 0 < float(y) <= float(height), words


@pytest.mark.slow
def test_the_same_comparison_gives_the_same_page_but_for_the_date(tmp_path):
    first, second = (
        written(jit_gym.compare(["jit", "hybrid"], "aisin-1997", paths=4), tmp_path / "a.html") for _ in range(2)
    )
    assert undated(first) == undated(second)


def test_texts_are_shown_and_not_obeyed(tmp_path):
    evil = "<script>alert('$1$')</script>"
    changes = {
        "title": evil,
        "description": evil,
        "horizon.period": "<b>day",
        "stocks.shop.title": "<i>$x$",
        "suppliers": {"maker": {"title": evil}},
        "lanes.supplier.supplier": "maker",
        "disruptions": {"quake": {"title": evil, "hits": ["maker"], "starts": {"at": [5]}, "lasts": 3}},
    }
    comparison = jit_gym.compare(["jit", "kanban"], jit_gym.load("lost-sales", changes), paths=4, periods=20)
    html = written(comparison, tmp_path / "evil.html", command=evil, notes=[evil])
    outline = Outline(html)
    assert not {"script", "b", "i"} & set(outline.tags)
    assert outline.text.count(evil) >= 5


def test_a_picture_looks_at_the_first_disruption():
    comparison = jit_gym.compare(["jit"], "aisin-1997-record", paths=2)
    frame = story.window(comparison)
    assert frame.disrupted
    assert frame.first < 368 < 480 < frame.last < 560


def test_a_world_without_disruptions_is_shown_from_its_beginning():
    comparison = jit_gym.compare(["jit"], "lost-sales", paths=2, warmup=7)
    assert story.window(comparison) == (0, 7, 107, False)
    short = jit_gym.compare(["jit"], "lost-sales", paths=1, periods=1, warmup=0)
    assert story.window(short) == (0, 0, 1, False)
    assert len(list(story.pictures(short))) == 1


def test_a_function_can_be_reported(tmp_path):
    def nothing(view):
        return 0 * view.on_order

    comparison = jit_gym.compare([nothing, "jit"], "aisin-1997", paths=3, periods=30)
    assert "nothing" in Outline(written(comparison, tmp_path / "x.html")).text


def test_many_stocks_and_lanes_still_make_a_picture(tmp_path):
    names = [f"part-{k}" for k in range(6)]
    scenario = {
        "name": "many",
        "stocks": {name: {"initial": 5, "holding_cost": 1} for name in names},
        "lanes": {f"to-{name}": {"to": name} for name in names},
        "demands": {"cars": {"from": dict.fromkeys(names, 1), "distribution": {"name": "poisson", "mu": 3}}},
        "disruptions": {"quake": {"hits": ["to-part-5"], "starts": {"at": [30]}, "lasts": 9, "severity": 0.5}},
    }
    comparison = jit_gym.compare(["jit"], jit_gym.load(scenario), paths=2, periods=60)
    text = Outline(written(comparison, tmp_path / "many.html")).text
    assert "All stocks, days of supply" in text
    assert "to-part-5 at 50 %" in text
    assert "All stocks together, and how many of them are empty." in text
