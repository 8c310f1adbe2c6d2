"""The picture of a network: in files, on pages, and in words."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from typer.testing import CliRunner

import jit_gym
from jit_gym.cli.app import app
from jit_gym.report.connections import Connections, events
from jit_gym.report.network import LETTER, UPRIGHT, element, picture, said
from jit_gym.report.networks import FOLDER, page
from jit_gym.scenario import family_names, industry_names, load, names

SHIPPED = [*names(), *industry_names()]
STALE = "is stale: make networks writes it again"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_pictures_in_docs_are_up_to_date(name: str):
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == picture(load(name)), f"{name} {STALE}"


def test_the_page_in_docs_is_up_to_date():
    """It has a picture of each shipped scenario with words instead, and says what the families are of."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text == page(), f"it {STALE}"
    pictures = dict(re.findall(r"!\[(.*)\]\(([\w-]+)\.svg\)", text))
    assert sorted(pictures.values()) == sorted(SHIPPED)
    assert all(len(words) > 30 for words in pictures)
    assert all(f"`{name}`" in text for name in family_names())
    assert {file.stem for file in FOLDER.glob("*.svg")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_picture_has_words_instead_and_letters_of_a_readable_size(name: str):
    """It has a title and a description with each box, way and event, and no letter is smaller than 11 pixels."""
    world = load(name)
    root = ET.fromstring(picture(world))
    found, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert found is not None
    assert found.text
    assert described is not None
    assert described.text == said(world)
    assert root.get("aria-labelledby") == f"{found.get('id')} {described.get('id')}"
    for box in Connections(world).boxes.values():
        assert " ".join(box.lines) in said(world)
    for event in events(world):
        assert f"{event.number}, {event.title}" in said(world)
    assert min(float(each.get("font-size", 11)) for each in root.iter()) >= 11


@pytest.mark.parametrize("name", SHIPPED)
def test_no_text_of_a_picture_lies_on_another(name: str):
    """Nor does any stand outside, with letters as wide as they mostly are."""
    root = ET.fromstring(picture(load(name)))
    boxes = []
    for each in root.iter(f"{SVG}text"):
        text, x, y = each.text or "", float(each.attrib["x"]), float(each.attrib["y"])
        wide = LETTER * len(text) * float(each.get("font-size", 11)) / 11 * 0.95
        left = x - {"end": wide, "middle": wide / 2}.get(each.get("text-anchor", ""), 0)
        boxes.append((text, left, y - 9, left + wide, y))
        assert 0 <= left <= left + wide <= float(root.attrib["width"]), text
        assert 0 < y <= float(root.attrib["height"]), text
    for (one, *a), (other, *b) in combinations(boxes, 2):
        assert min(a[2], b[2]) - max(a[0], b[0]) < 3 or min(a[3], b[3]) - max(a[1], b[1]) < 1, (one, other)


@pytest.mark.parametrize("name", ["lost-sales", "beer-game", "two-machine-line", "serial", "grocery"])
def test_a_single_line_of_boxes_stands_upright_and_fits_a_phone(name: str):
    """Each box stands below its source, so that the picture of a long chain is as wide as that of a short one."""
    root = ET.fromstring(picture(load(name)))
    tops = [float(each.attrib["y"]) for each in root.iter(f"{SVG}rect") if "x" in each.attrib]
    assert float(root.attrib["width"]) == UPRIGHT < 390 - 32
    assert len(set(tops)) == len(tops) >= 3


def test_words_say_where_goods_go_and_what_goes_wrong():
    assert said(load("lost-sales-hidden")) == (
        "Goods go from Maker to Shop (4 days); from Shop to Customers. What goes wrong: 1, strike, hits Maker."
    )


def test_an_element_of_a_page_is_the_same_picture():
    world = load("dual-sourcing")
    assert element(world).startswith("<svg viewBox")
    assert ET.fromstring(element(world)).get("data-fingerprint") == world.fingerprint


@pytest.mark.parametrize("name", ["aisin-1997", "lost-sales-family"])
def test_show_draws_into_a_file(tmp_path: Path, name: str):
    """SVG, or a page that says the same in words; of a family, the scenario that it varies."""
    world = jit_gym.family(name).base if name in family_names() else load(name)
    for kind in ("svg", "html"):
        file = tmp_path / "new" / f"net.{kind}"
        result = CliRunner().invoke(app, ["show", name, "--picture", str(file)])
        assert (result.exit_code, "Picture: " in result.stdout) == (0, True), result.output
        text = file.read_text(encoding="utf-8")
        assert text == picture(world) if kind == "svg" else element(world) in text
    assert "jit-gym show" in text


def test_show_draws_a_changed_world(tmp_path: Path):
    file = tmp_path / "net.svg"
    CliRunner().invoke(app, ["show", "lost-sales", "--set", "lanes.supplier.lead_time=9", "--picture", str(file)])
    assert "9 days" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lost-sales", "--picture", "net.png"], "--picture: must be a file .svg or .html"),
        (["lost-sales", "--picture", "net.svg", "--json"], "only one of --yaml, --json"),
        (
            ["lost-sales-family", "--picture", "net.svg", "--set", "a=1"],
            "--set: does not change the network",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str):
    """In a line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["show", *words])
    assert result.exit_code != 0
    assert says in f"{result.output}{result.exception}"
    assert list(tmp_path.iterdir()) == []
