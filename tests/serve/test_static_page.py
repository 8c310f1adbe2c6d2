"""The page of the game without a server, in Chromium: from a disk and from a server, on a phone and by keyboard."""

import http.server
import json
import threading
from functools import partial

import pytest

from jit_gym.serve import Course, setup
from jit_gym.serve.browser import Session
from jit_gym.serve.export import exported
from jit_gym.serve.static import write_static

from .conftest import AXE, MODULES, faults, fits
from .test_static import short, weeks_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (MODULES / "pyodide").is_dir(), reason="Pyodide is not in node_modules (make browser)"),
]
WEEKS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A game of two suppliers as a folder."""
    out = tmp_path_factory.mktemp("static") / "a folder"
    write_static(setup("dual-sourcing", past_weeks=3, weeks=WEEKS), out, [4, 5], MODULES / "pyodide")
    return out


@pytest.fixture(scope="module", params=["disk", "server"])
def page(request, folder, chromium):
    """The page, opened from a disk or from a plain file server, when Python runs; all that it asked for, and faults."""
    server = None
    address = folder.as_uri()
    if request.param == "server":
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder.parent))
        handler.log_message = lambda *args: None
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{folder.name}"
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    found = context.new_page()
    found.wrong, found.asked, found.address = [], [], address
    found.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.on("console", lambda told: found.wrong.append(told.text) if told.type in ("error", "warning") else None)
    found.on("request", lambda asked: found.asked.append(asked.url))
    opened(found)
    yield found
    context.close()
    if server is not None:
        server.shutdown()
        server.server_close()


def opened(page) -> None:
    """Open the page, and wait until Python runs."""
    page.goto(f"{page.address}/index.html")
    page.wait_for_selector("body[data-ready]", timeout=120_000)


def test_python_in_the_browser_counts_to_the_same_last_digit(page):
    """Four games by the same orders: all that Chromium's Python tells is what this Python tells, to the last digit.

    But for what an agent would have ordered, whose network is computed with the machine's own tanh.
    """
    for name in ("lost-sales", "dual-sourcing", "beer-game", "aisin-1997"):
        kept = short(name)
        document = json.dumps(exported(kept, [4, 5]))
        orders = weeks_of(Course(kept, 5), kept.seats[-1])
        here, place = Session(document), len(kept.seats) - 1
        told = [here.begin(1, place, "[]"), *(here.order(json.dumps(units)) for units in orders)]
        found = page.evaluate(
            """([document, place, orders]) => {
                const other = Session(document);
                return [other.begin(1, place, "[]"), ...orders.map((units) => other.order(JSON.stringify(units)))];
            }""",
            [document, place, orders],
        )
        for one, other in zip(map(json.loads, found), map(json.loads, told), strict=True):
            for policy in [policy for policy in one["advice"] if policy.startswith("agent:")]:
                mine, its = one["advice"].pop(policy), other["advice"].pop(policy)  # tanh is the machine's own
                assert [units for week in mine for units in week] == pytest.approx(
                    [units for week in its for units in week], rel=1e-9, abs=1e-9
                )
            assert one == other, name
    assert page.wrong == []


def test_the_page_is_played_by_keyboard_and_goes_on_after_a_reload(page):
    assert fits(page)
    page.focus("#path")
    page.keyboard.press("ArrowDown")  # the second path
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for week in range(1, 3):
        assert page.text_content("#play-title") == f"Day {week} of {WEEKS}"
        page.keyboard.type(str(week))  # in the place of what is there
        page.keyboard.press("Tab")
        page.keyboard.type("0")
        page.keyboard.press("Enter")
    assert page.evaluate("look.orders") == [[1, 0], [2, 0]]
    assert fits(page)
    kept = page.evaluate("JSON.stringify(look)")
    opened(page)
    assert page.text_content("#play-title") == f"Day 3 of {WEEKS}"
    assert page.evaluate("JSON.stringify(look)") == kept
    assert page.evaluate("at") == {"path": 1, "seat": 0}
    page.fill("#entry-0", "-3")
    page.keyboard.press("Enter")
    assert page.evaluate("look.orders.length") == 2  # refused by the form
    for _ in range(3, WEEKS + 1):
        page.fill("#entry-0", "4")
        page.keyboard.press("Enter")
    assert page.is_visible("#end")
    assert page.evaluate("document.activeElement.id") == "end-title"
    names = page.eval_on_selector_all("#results tbody th", "all => all.map(each => each.firstChild.textContent)")
    assert {"You", "bound", "optimum", "dual-index", "agent:dcl"} <= set(names)
    assert fits(page)
    page.click("#again")
    assert page.is_visible("#start")
    assert page.wrong == []


def test_the_page_asks_nobody_but_its_own_folder(page):
    assert page.asked
    assert [url for url in page.asked if not url.startswith((page.address.replace(" ", "%20"), "blob:", "data:"))] == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not in node_modules (make browser)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_no_serious_fault(page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("begin(0, 0, [])")
    assert faults(page) == []
    page.evaluate(f"for (let k = 0; k < {WEEKS}; k++) order([3, 1])")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert faults(page) == []
    assert fits(page)
    page.evaluate("anew()")
    assert faults(page) == []
