"""The pages of docs/industries are those of the scenarios that are there, and what is read and drawn, by hand."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from jit_gym.report.connections import events
from jit_gym.report.industries import (
    command,
    head,
    index,
    industries,
    numbers,
    on_record,
    remarks,
    sources,
    worlds,
    write,
)
from jit_gym.report.network import picture
from jit_gym.scenario import BadInput, load

FOLDER = Path(__file__).parents[2] / "docs" / "industries"
STALE = "changed since: run `make industries`"
PAGES = [name for name in industries() if (FOLDER / f"{name}.md").is_file()]
every_page = pytest.mark.parametrize("name", PAGES)

YAML = """\
name: kiosk
title: A kiosk            # no number
description: >
  Text that goes on
  for lines.

# Sources.
# [A] First, 1999.
# [B] Second, which
#     goes on.

stocks:
  papers: {initial: 3, holding_cost: 0.5}    # as counted [A]
  ice:
    title: "Ice # 1"
    initial: 4                               # assumed
lanes:
  van: {to: papers}
"""


def test_numbers_are_read_with_what_is_said_of_them():
    found = [tuple(each) for each in numbers(YAML)]
    assert found == [
        ("title", "A kiosk", "no number"),
        ("stocks.papers", "{initial: 3, holding_cost: 0.5}", "as counted [A]"),
        ("stocks.ice.initial", "4", "assumed"),
    ]
    steps = "lanes:\n  van:\n    steps:     # days\n      - [1, 2]   # seen [A]\n      - [3, 4]   # assumed\n"
    assert [tuple(each) for each in numbers(steps)] == [
        ("lanes.van.steps", "", "days"),
        ("lanes.van.steps", "[1, 2]", "seen [A]"),
        ("lanes.van.steps", "[3, 4]", "assumed"),
    ]
    policies = 'policies:   # all\n- jit     # holds nothing\n- "s-S(s=1)"   # one left\n- kanban\n'
    assert remarks(policies) == {"jit": "holds nothing", "s-S(s=1)": "one left"}
    assert remarks("policies: [jit, kanban]  # both\n") == {}
    assert sources(YAML) == ["Sources.", "[A] First, 1999.", "[B] Second, which goes on."]
    assert sources("# Source: the record,\n# page 1.\n\n# More.\n") == ["Source: the record, page 1."]
    assert sources("name: kiosk\n") == []


def test_what_is_no_industry_is_said(tmp_path: Path):
    with pytest.raises(BadInput, match="unknown industry 'fresh-foo' \\(did you mean 'fresh-food'"):
        write(["fresh-foo"], tmp_path)
    assert not list(tmp_path.iterdir())


@every_page
def test_a_page_is_that_of_its_scenarios(name: str):
    """All but the figures is made again and compared; these have the commands that were played, and the policies."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"{head(name)}\n\n## What each rule does"), f"{name} {STALE}"
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == picture(worlds(name)[-1]), f"{name} {STALE}"
    if (dated := on_record(name)) is not None:
        assert page.count(f"```text\njit-gym compare {dated.name} ") >= 2, f"{name} {STALE}"
    for world in worlds(name):
        assert f"```text\n{command(world)}\n```" in page, f"{name} {STALE}"
        for policy in world.policies:
            assert f"| `{policy.partition('(')[0]}" in page, f"{name} {STALE}"


def test_the_list_of_industries_is_up_to_date():
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == index(FOLDER), f"it {STALE}"
    assert {file.stem for file in FOLDER.glob("*.md")} == {*PAGES, "README"}
    assert {file.stem for file in FOLDER.glob("*.svg")} == set(PAGES)


@every_page
def test_a_page_has_sources_and_says_what_is_assumed(name: str):
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert "assumed" in page
    assert re.search(r"\b([Ss]ources?|reported)\b", page.partition("## What goes wrong")[0])


@pytest.mark.parametrize("name", ["aisin-1997", "multi-item", "or-gym-net-management", "fresh-food-stressed"])
def test_a_picture_shows_who_orders_what_from_whom(name: str):
    """It is XML, each event has its number, and nothing stands outside of it."""
    world = load(name)
    root = ET.fromstring(picture(world))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = [each for each in root.iter() if each.tag.endswith("text")]
    written = " ".join(each.text or "" for each in texts)
    for event in events(world):
        assert event.title in written
        assert str(event.number) in written.split()
    assert all(0 < float(each.attrib["x"]) < width and 0 < float(each.attrib["y"]) < height for each in texts)
    boxes = [each for each in root.iter() if each.tag.endswith("rect")][1:]
    assert len(boxes) >= 3
    for k, one in enumerate(boxes):
        for other in boxes[k + 1 :]:
            apart = abs(float(one.attrib["x"]) - float(other.attrib["x"])) >= float(one.attrib["width"])
            tops = sorted((one, other), key=lambda each: float(each.attrib["y"]))
            below = float(tops[1].attrib["y"]) >= float(tops[0].attrib["y"]) + float(tops[0].attrib["height"])
            assert apart or below


@pytest.mark.parametrize("name", [*industries(), "multi-item"])
def test_what_is_written_on_an_arrow_stands_above_its_last_part_which_is_level(name: str):
    """So no arrow runs through a label, whichever way it comes."""
    root = ET.fromstring(picture(worlds(name)[-1] if name in industries() else load(name)))
    level = [
        (float(path[1]), float(path[2]), float(path[3]))
        for each in root.iter()
        if (path := re.search(r"([\d.]+) ([\d.]+)H([\d.]+)$", each.attrib.get("d", "")))
    ]
    labels = [each for each in root.iter() if each.attrib.get("text-anchor") == "end"]
    assert labels
    for label in labels:
        x, y = float(label.attrib["x"]), float(label.attrib["y"])
        assert any(start <= x - 6.2 * len(label.text or "") and x < end and y < at for start, at, end in level)


def test_trucks_that_fail_are_marked_on_the_way_from_a_stock():
    """The ice storm of `store-network-stressed` hits the centre's own trucks, on the ten ways to its stores."""
    root = ET.fromstring(picture(load("store-network-stressed")))
    written = [each.text for each in root.iter() if each.tag.endswith("text")]
    assert written.count("3") == 10 + 1  # and in the list below


def test_stocks_that_are_connected_alike_are_drawn_once():
    """The fifty items of multi-item come from five suppliers, and are five boxes."""
    svg = picture(load("multi-item"))
    assert len(re.findall(r"\(\d+ stocks\)</text>", svg)) == 5
    assert sum(map(int, re.findall(r"\((\d+) stocks\)</text>", svg))) == 50
