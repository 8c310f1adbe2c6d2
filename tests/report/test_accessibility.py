"""Reports in a browser: on a phone, on a screen and on paper, for all eyes and without a mouse.

Skipped without Playwright's Python package, Chromium on the path, and axe-core (Deque), which `make pages` fetches from
npm into .node; JIT_GYM_AXE may name its file instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jit_gym.cli.app import app

AXE = Path(os.environ.get("JIT_GYM_AXE", Path(__file__).parents[2] / ".node/node_modules/axe-core/axe.min.js"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FEW = "--paths", "8"
COMMANDS = {
    "network": ["show", "store-network-stressed", "--picture", "network.html"],
    "compare": ["compare", "aisin-1997", *FEW, "--no-gap", "--by", "item", "--report", "compare.html"],
    "industry": ["compare", "hospital-stressed", "jit", "just-in-case", *FEW, "--no-gap", "--report", "industry.html"],
    "family": ["compare", "lost-sales-family", "jit", "base-stock", *FEW, "--worlds", "2", "--report", "family.html"],
    "stress": ["stress", "aisin-1997", "jit", "--shock", "supplier-fire", *FEW, "--out", "stress.html"],
    "map": ["map", "lost-sales", "jit", "base-stock", "--x", "lanes.supplier.lead_time=1..9:3", "--y",
            "demands.customers.shortage_cost=4..39:3", *FEW, "--out", "map.html"],
}  # fmt: skip
COMMITTED = {"leaderboard": Path(__file__).parents[2] / "results" / "leaderboard.html"}
PAPER = 687  # CSS pixels between the margins of A4
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.skipif(not AXE.is_file(), reason="no axe-core (make pages)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    with playwright.sync_playwright() as tools:
        started = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module", params=[*COMMANDS, *COMMITTED])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report, or return a page that is committed."""
    if request.param in COMMITTED:
        return COMMITTED[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    words = [str(folder / word) if word.endswith(".html") else word for word in COMMANDS[request.param]]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return folder / f"{request.param}.html"


def opened(browser: Any, file: Path, width: int, **more: Any) -> Any:
    """Return a report in a window of this width, with all that can be unfolded unfolded."""
    page = browser.new_page(viewport={"width": width, "height": 844}, **more)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_serious_fault(browser: Any, file: Path, width: int, scheme: str):
    """Nor a moderate one: contrast, names of regions and pictures, headers of tables, and what a keyboard reaches."""
    page = opened(browser, file, width, color_scheme=scheme)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run()")["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] != "minor"] == []
    page.close()


def test_axe_finds_a_fault_where_there_is_one(browser: Any, tmp_path: Path):
    """The test above can fail: a picture without words is told."""
    (tmp_path / "bad.html").write_text("<html lang=en><title>t</title><main><img src=x></main></html>")
    page = opened(browser, tmp_path / "bad.html", 390)
    page.add_script_tag(path=str(AXE))
    assert "image-alt" in [each["id"] for each in page.evaluate("axe.run()")["violations"]]
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_as_wide_as_its_window(browser: Any, file: Path, width: int):
    """Tables and the network scroll within it, by the keyboard too, and each picture has words instead."""
    page = opened(browser, file, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scrolled = "[...document.querySelectorAll('main *')].filter(each => each.scrollWidth > each.clientWidth + 1 &&"
    scrolled += " getComputedStyle(each).overflowX == 'auto' && each.tabIndex < 0).map(each => each.outerHTML)"
    assert page.evaluate(scrolled) == []
    silent = "[...document.querySelectorAll('svg')].filter(each => !(each.closest('[role=img]')))"
    assert page.evaluate(f"{silent}.length") == 0
    page.close()


def test_on_paper_nothing_is_cut_off(browser: Any, file: Path):
    """Between the margins of A4 every table and picture is whole, in ink on white, also where the screen is dark."""
    page = opened(browser, file, PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    wide = "[...document.querySelectorAll('table, svg, pre')].filter(each => each.getBoundingClientRect().right > "
    wide += f"{PAPER} + 1).map(each => each.outerHTML.slice(0, 200))"
    assert page.evaluate(wide) == []
    colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colours == ["rgb(255, 255, 255)", "rgb(27, 27, 29)"]
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    page.close()
