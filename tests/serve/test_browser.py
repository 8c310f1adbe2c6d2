"""The pages in Chromium: on a phone and on a desk, by keyboard alone, for screen readers, and when a server dies."""

import pytest

from .conftest import AXE, faults, fits

pytest.importorskip("nicegui")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, a[href], [role=img]")]
    .filter(it => it.checkVisibility())
    .filter(it => !(it.getAttribute("aria-label") || it.innerText || it.title
        || (it.labels && [...it.labels].some(each => each.innerText.trim()))
        || (it.getAttribute("aria-labelledby"))))
    .map(it => it.outerHTML.slice(0, 200))"""


def page_of(chromium, width: str, errors: list):
    across, down = WIDTHS[width]
    page = chromium.new_context(viewport={"width": across, "height": down}).new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(15_000)
    return page


def sees(page, text: str) -> None:
    page.get_by_text(text).first.wait_for()


def opened(server, chromium, errors: list):
    """Return the pages of a teacher and of a student, on phones, in a lesson that is open."""
    server.start("lost-sales", "--folder", str(server.folder))
    teacher, ann = (page_of(chromium, "phone", errors) for _ in range(2))
    teacher.goto(server.teacher)
    ann.goto(server.students)
    ann.get_by_label("Your name").fill("Ann")
    ann.keyboard.press("Enter")
    sees(ann, "Your teacher will open the game")
    teacher.get_by_role("button", name="Open").click()
    sees(ann, "Order for this day.")
    return teacher, ann


def tab_to(page, label: str) -> None:
    """Press Tab until the control with this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(document.activeElement.labels && [...document.activeElement.labels].map(it => it.innerText).join(' '))"
            " || document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
        )
        if name and label in name:
            return
    raise AssertionError(f"Tab does not reach {label}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_lesson_is_played_by_keyboard_alone_and_read_by_screen_readers(server, chromium, width):
    server.start("dual-sourcing", "--weeks", "3", "--folder", str(server.folder))
    errors: list[str] = []
    teacher, ann = (page_of(chromium, width, errors) for _ in range(2))
    teacher.goto(server.teacher)
    ann.goto(server.students)
    seen = [ann.locator("body").aria_snapshot()]
    tab_to(ann, "Your name")
    ann.keyboard.type("Ann")
    ann.keyboard.press("Enter")
    sees(ann, "Your teacher will open the game")
    tab_to(teacher, "Open")
    teacher.keyboard.press("Enter")
    sees(ann, "Order for this day.")
    for day in (1, 2, 3):
        sees(ann, f"Day {day} of 3")
        for field, units in (("Regular supplier", "3"), ("Expedited supplier", "0")):
            tab_to(ann, field)
            ann.keyboard.press("Control+a")
            ann.keyboard.type(units)
        for page in (ann, teacher):
            assert fits(page)
            assert page.evaluate(NAMELESS) == []
        ann.keyboard.press("Enter")
    sees(ann, "The game is over.")
    sees(ann, "What it cost, and what else was possible")
    seen.append(ann.locator("body").aria_snapshot())
    assert 'textbox "Your name, as the class knows you"' in seen[0]
    assert 'img "What it cost, and what else was possible, costs less revenue, the cheapest first: ' in seen[1]
    assert fits(ann)
    assert fits(teacher)
    assert errors == []


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_serious_fault(server, chromium, width):
    if not AXE.exists():
        pytest.skip(f"axe-core is not there ({AXE}: npm install --no-save axe-core)")
    server.start("beer-game", "--weeks", "3", "--folder", str(server.folder))
    errors: list[str] = []
    teacher, ann = (page_of(chromium, width, errors) for _ in range(2))
    teacher.goto(server.teacher)
    sees(teacher, "Everybody")
    ann.goto(server.students)
    sees(ann, "Join")
    assert faults(ann) == []
    ann.get_by_label("Your name").fill("Ann")
    ann.keyboard.press("Enter")
    sees(ann, "Your teacher will open the game")
    teacher.get_by_role("button", name="Open").click()
    sees(ann, "Order for this week.")
    ann.get_by_label("Beer from the wholesaler").fill("9")
    ann.keyboard.press("Enter")
    sees(ann, "Week 2 of 3")
    ann.get_by_text("All numbers as a table").click()
    teacher.get_by_text("Go back, fork, change the world").click()
    teacher.get_by_text("Take somebody out").click()
    assert faults(ann) == []
    assert faults(teacher) == []
    teacher.get_by_role("button", name="End the game").click()
    sees(ann, "What it cost")
    assert faults(ann) == []
    assert faults(teacher) == []
    report = teacher.context.request.get(f"{server.teacher}/report.html").text()
    teacher.set_content(report)
    assert faults(teacher) == []
    assert fits(teacher)
    assert errors == []


def test_a_killed_server_goes_on_where_it_was_and_the_pages_come_back_by_themselves(server, chromium):
    errors: list[str] = []
    teacher, ann = opened(server, chromium, errors)
    field = ann.get_by_label("Order from the supplier")
    for day in range(2, 6):
        field.fill(f"{day}")
        field.press("Enter")
        sees(ann, f"Day {day} of 36")
    secret = server.teacher
    server.kill()
    server.start("--resume", str(server.folder))
    assert server.teacher == secret
    sees(ann, "Your teacher has paused the game.")
    sees(ann, "Day 5 of 36")
    teacher.get_by_role("button", name="Open").click()
    sees(ann, "Order for this day.")
    ann.get_by_label("Order from the supplier").fill("8")
    ann.keyboard.press("Enter")
    sees(ann, "Day 6 of 36")
    ann.get_by_text("All numbers as a table").click()
    cells = ann.get_by_role("table").first.locator("tbody tr td:nth-child(4)").all_inner_texts()
    assert cells[:5] == ["8", "5", "4", "3", "2"]
    fresh = ann.context.new_page()
    fresh.goto(server.students)
    fresh.get_by_role("link", name="Go on as Ann").click()
    sees(fresh, "Day 6 of 36")
    assert errors == []


def test_a_phone_that_sleeps_comes_back_to_the_present_week(server, chromium):
    errors: list[str] = []
    teacher, ann = opened(server, chromium, errors)
    ann.context.set_offline(True)
    for day in (2, 3, 4):
        teacher.get_by_role("button", name="Next day now").click()
        sees(teacher, f"Day {day} of 36")
    teacher.wait_for_timeout(5000)
    ann.context.set_offline(False)
    sees(ann, "Day 4 of 36")
    ann.get_by_label("Order from the supplier").fill("7")
    ann.keyboard.press("Enter")
    sees(ann, "Day 5 of 36")
    assert errors == []
