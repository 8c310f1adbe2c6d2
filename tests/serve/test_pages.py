"""The pages, with the framework's simulated users: several students and a teacher in one class."""

import asyncio
import logging
import re
import sys
import warnings
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager, contextmanager

import pytest

from jit_gym.serve import Course, setup
from jit_gym.serve.lesson import Lesson
from jit_gym.serve.rankings import Rankings

pytest.importorskip("nicegui")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


class AtOnce(Executor):
    """Computes what it is asked while one waits."""

    def submit(self, what, /, *args, **kwargs):
        done = Future()
        try:
            done.set_result(what(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def lesson(folder, name="lost-sales", **more) -> Lesson:
    return Lesson.begin(Course(setup(name, **{"past_weeks": 2, "weeks": 4} | more), seed=5), folder)


@contextmanager
def modules_kept():
    """Put back what the simulation takes out of sys.modules: the packages of pages, `jit_gym` among them."""
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "jit_gym"}
    try:
        yield
    finally:
        sys.modules.update(kept)


@asynccontextmanager
async def classroom(school: Lesson, people: int):
    """Serve a lesson to a teacher and so many students, each with a browser of his own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import httpx
        from nicegui import core
        from nicegui.testing import User
        from nicegui.testing.user_simulation import user_simulation

        from jit_gym.serve.server import build

        async with user_simulation() as teacher:
            build(school, Rankings(AtOnce()), ["http://test/"])
            browsers = [httpx.AsyncClient(transport=httpx.ASGITransport(core.app), base_url="http://test")]
            browsers += [
                httpx.AsyncClient(transport=httpx.ASGITransport(core.app), base_url="http://test")
                for _ in range(people - 1)
            ]
            yield teacher, [User(browser) for browser in browsers]
            for browser in browsers:
                await browser.aclose()


def run(test, caplog) -> None:
    """Run an asynchronous test, in which the server may log no error.

    On a busy machine NiceGUI ends its tasks later than it waits for; then it names those that still run: none.
    """
    with modules_kept():
        asyncio.run(test())
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    late = re.compile(r"Could not cancel \d+ tasks within timeout: ")
    assert [error for error in errors if not late.fullmatch(error)] == []


async def sees(user, text: str) -> None:
    """Wait until a page shows a text: pages look for changes twice a second."""
    await user.should_see(text, retries=30)


async def join(user, name: str, seat: str | None = None) -> None:
    from nicegui import ui

    await user.open("/")
    user.find(ui.input).type(name)
    if seat is not None:
        user.find(ui.select).click()
        user.find(seat).click()
    user.find(kind=ui.button, content="Join").click()
    await sees(user, f": {name}")


async def order(user, units: float) -> None:
    from nicegui import ui

    user.find(ui.number).clear().type(str(units))
    user.find(kind=ui.button, content="Order").click()


def test_students_join_by_one_link_and_play_at_the_same_time(tmp_path, caplog):
    school = lesson(tmp_path)

    async def test():
        async with classroom(school, 2) as (teacher, (ann, bob)):
            await teacher.open(f"/teacher/{school.teacher}")
            await join(ann, "Ann")
            await join(bob, "Bob")
            await sees(ann, "Your teacher will open the game")
            await sees(teacher, "2 have joined")
            teacher.find("Open").click()
            await sees(ann, "Order for this day.")
            await order(ann, 6)
            await sees(ann, "Ordered 6.")
            await sees(ann, "Day 1 of 4")
            await order(bob, 9)
            await sees(ann, "Day 2 of 4")
            await sees(bob, "Day 2 of 4")
            assert [game.moves[0]["shop"].units for game in school.branch.games.values()] == [(6,), (9,)]

    run(test, caplog)


def test_the_teacher_pauses_forces_goes_back_forks_strikes_and_ends(tmp_path, caplog):
    from nicegui import ui

    school = lesson(tmp_path)

    async def test():
        async with classroom(school, 1) as (teacher, (ann,)):
            await join(ann, "Ann")
            await teacher.open(f"/teacher/{school.teacher}")
            for button, said in (
                ("Open", "Order for this day."),
                ("Pause", "Your teacher has paused the game."),
                ("Open", "Order for this day."),
                ("Next day now", "Day 2 of 4"),
                ("Next day now", "Day 3 of 4"),
                ("Strike", "Demand is multiplied by 2"),
                ("Fork", "Day 3 of 4"),
                ("Next day now", "Day 4 of 4"),
                ("Go back", "Day 1 of 4"),
                ("Next day now", "Day 2 of 4"),
                ("End the game", "The game is over."),
            ):
                teacher.find(kind=ui.button, content=button).click()
                await sees(ann, said)
            await sees(teacher, "Branch B, over")
            assert school.branches["A"].games[1].week == 3
            await sees(ann, "It cost")
            await sees(ann, "base-stock")
            await sees(teacher, "How the class did")

    run(test, caplog)


def test_what_is_wrong_is_said_and_the_game_goes_on(tmp_path, caplog):
    school = lesson(tmp_path)

    async def test():
        from nicegui import ui

        async with classroom(school, 2) as (teacher, (ann, bob)):
            await join(ann, "Ann")
            await bob.open("/")
            bob.find(ui.input).type("ann")
            bob.find(kind=ui.button, content="Join").click()
            await sees(bob, "name: 'ann' is taken")
            await order(ann, 5)
            await sees(ann, "order: the game is not open")
            school.open()
            await order(ann, -3)
            await sees(ann, "must be a number from 0 to")
            await order(ann, 2.5)
            await sees(ann, "must be a whole number, got 2.5")
            await teacher.open("/teacher/guessed")
            await sees(teacher, "This is not the teacher's link")
            await teacher.should_not_see("Everybody")
            await bob.open("/play/guessed")
            await sees(bob, "nobody has joined with it")

    run(test, caplog)


def test_who_comes_back_is_known_again_by_the_browser(tmp_path, caplog):
    school = lesson(tmp_path)

    async def test():
        async with classroom(school, 2) as (_, (ann, bob)):
            await join(ann, "Ann")
            await ann.open("/")
            await sees(ann, "Go on as Ann")
            await bob.open("/")
            await bob.should_not_see("Go on as Ann")

    run(test, caplog)


def test_four_seats_of_the_beer_game_see_their_own(tmp_path, caplog):
    school = lesson(tmp_path, "beer-game")

    async def test():
        async with classroom(school, 2) as (_, (ann, bob)):
            await join(ann, "Ann", "Factory")
            await join(bob, "Bob", "Retailer")
            await sees(ann, "Factory: Ann")
            await sees(ann, "Beer to brew")
            await ann.should_not_see("Beer from the wholesaler")
            await sees(bob, "Beer from the wholesaler")

    run(test, caplog)


def test_a_page_that_is_opened_again_shows_the_same(tmp_path, caplog):
    """A phone that slept comes back: nothing is counted or joined twice."""
    school = lesson(tmp_path)

    async def test():
        async with classroom(school, 1) as (_, (ann,)):
            await join(ann, "Ann")
            (key,) = school.students
            school.open()
            await order(ann, 6)
            for _ in range(3):
                await ann.open(f"/play/{key}")
                await sees(ann, "Day 2 of 4")
            assert list(school.students) == [key]

    run(test, caplog)


def test_who_is_taken_out_is_told(tmp_path, caplog):
    school = lesson(tmp_path)

    async def test():
        async with classroom(school, 1) as (_, (ann,)):
            await join(ann, "Ann")
            school.release(next(iter(school.students)))
            await sees(ann, "Your teacher has taken you out of the game.")

    run(test, caplog)


def test_the_report_and_the_table_name_nobody(tmp_path, caplog):
    school = lesson(tmp_path, "beer-game")

    async def test():
        async with classroom(school, 2) as (teacher, (ann, bob)):
            await join(ann, "Annabel")
            await join(bob, "Robert")
            school.open()
            school.next_week()
            school.fork()
            school.next_week()
            school.change("spike", ("customers",), 1)
            for name, kind in (("report.html", "text/html"), ("weeks.csv", "text/csv")):
                found = await teacher.http_client.get(f"/teacher/{school.teacher}/{name}")
                assert found.status_code == 200
                assert found.headers["content-type"].startswith(kind)
                for name in ("Annabel", "Robert", school.teacher, *school.students):
                    assert name not in found.text
                assert (await teacher.http_client.get(f"/teacher/guessed/{name}")).status_code == 404
            lines = found.text.splitlines()
            assert lines[0].startswith("branch,table,seat,played_by,week,entry,ordered,late")
            assert len(lines) == 1 + (1 + 2) * 4
            assert lines[1].startswith("A,1,retailer,person,1,Beer from the wholesaler,4.0,1,")
            assert lines[3].startswith("A,1,distributor,jit,1,")

    run(test, caplog)
