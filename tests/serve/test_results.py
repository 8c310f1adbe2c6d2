"""What else could have been done on the path that people played: the same path, the same past, a bound for all."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import jit_gym
from jit_gym.common.checks import BadInput
from jit_gym.serve import GAMES, Change, Course, Game, setup
from jit_gym.serve.charts import KINDS, standings
from jit_gym.serve.lesson import Lesson
from jit_gym.serve.rankings import Beside
from jit_gym.serve.results import bound, rivals, standing
from jit_gym.serve.takeaway import Standings, class_standings
from jit_gym.theory import clairvoyant
from jit_gym.theory.path_program import Begun

SHORT = {"past_weeks": 3, "weeks": 6}
QUICK = [name for name in GAMES if name != "lost-sales"]  # whose optimum takes a minute


def played(course: Course, factor: float = 1.0) -> Game:
    game = Game(course)
    while not game.over:
        for seat in game.waiting_for:
            game.order(seat, [round(factor * units) for units in game.repeated(seat)])
        game.advance()
    return game


@pytest.mark.parametrize("name", QUICK)
def test_nobody_goes_below_the_bound(name):
    course = Course(setup(name, **SHORT), seed=2)
    found = rivals(course, 6)
    (least,) = (each for each in found.standings if each.kind == "bound")
    slack = 1e-6 * max(1.0, abs(least.cost))
    for each in (*found.standings, *(standing(played(course, factor), "class") for factor in (0.0, 1.0, 2.0))):
        assert each.cost >= least.cost - slack, each.name
    assert {each.kind for each in found.standings} >= {"rule", "bound"}
    assert found.notes == ()


def test_all_go_on_from_the_same_past_and_a_bound_that_has_it_is_no_lower():
    course = Course(setup("dual-sourcing", past_weeks=6, weeks=12), seed=2)
    free = clairvoyant(course.scenario, paths=1, periods=12, warmup=6, seed=2).cost * 12
    assert bound(course, 12) >= free - 1e-6
    starts = [each.on_hand[:6] for each in rivals(course, 12).standings if each.on_hand]
    assert len(starts) >= 5
    assert set(starts) == {starts[0]}


def test_a_bound_after_all_periods_is_what_was_paid():
    """With nothing left to decide, the plan is what happened."""
    scenario = jit_gym.load("holiday-rush")
    course = Course(setup(scenario, past_weeks=20, weeks=1), seed=6)
    game = Game(course)
    ledger = game.ledger
    begun = Begun(*(np.array(each) for each in (ledger.accepted, ledger.shipped, ledger.served)))
    found = clairvoyant(scenario, paths=1, periods=20, seed=6, begun=begun)
    paid = jit_gym.evaluate(lambda view: course.past[view.period][None], scenario, paths=1, periods=20, seed=6)
    assert found.cost == pytest.approx(-paid.mean("profit"), rel=1e-5)


def test_the_optimum_of_a_small_world_is_among_the_rivals():
    course = Course(setup("dual-sourcing", **SHORT), seed=2)
    found = {each.kind for each in rivals(course, 6).standings}
    assert found == {"rule", "agent", "optimum", "bound"}


def test_a_fire_changes_nothing_before_it_and_the_bound_holds_after_it():
    course = Course(setup("lost-sales", past_weeks=4, weeks=8, overrides={"lanes.supplier.lead_time": 1}), seed=2)
    struck = course.changed(Change(3, "supplier-fire", ("supplier",), 2))
    costs = {each.name: each.cost for each in rivals(struck, 8).standings}
    assert costs["bound"] <= min(costs.values()) + 1e-6
    before = {each.name: each.cost for each in rivals(course, 2).standings if each.kind in ("rule", "agent")}
    assert before == {name: each.cost for each in rivals(struck, 2).standings if (name := each.name) in before}


def test_what_was_not_played_has_no_result():
    with pytest.raises(BadInput, match="no week was played yet"):
        standing(Game(Course(setup("lost-sales", **SHORT))), "class")


def test_a_world_without_a_bound_says_so():
    course = Course(setup("or-gym-net-management", past_weeks=1, weeks=2))
    found = rivals(course, 2)
    has_bound = any(each.kind == "bound" for each in found.standings)
    assert has_bound != any(note.startswith("no bound: ") for note in found.notes)


PROGRAM = """
    import time
    from jit_gym.serve import Change, Course, setup
    from jit_gym.serve.rankings import Beside, Rankings
    from jit_gym.serve.results import rivals
    if __name__ == "__main__":
        course = Course(setup("beer-game", past_weeks=3, weeks=6), seed=2)
        course = course.changed(Change(2, "spike", ("customers",), 2))
        ranked = Rankings(Beside())
        for weeks in (6, 6):
            while (found := ranked.ask(course, weeks)) is None:
                time.sleep(0.05)
        assert str(found) == str(rivals(course, 6)), found
        assert ranked.ask(course, 0) is None
        print(len(found.standings))
"""


def test_rankings_are_computed_in_a_process_beside_the_server(tmp_path):
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5


def test_what_cannot_be_computed_is_told():
    def fails() -> None:
        raise AssertionError("a function that no other process can be told of")

    future = Beside().submit(fails)
    with pytest.raises(Exception, match=r"test_what_cannot_be_computed_is_told.*fails"):
        future.result(timeout=60)


def test_a_class_of_many_is_told_by_its_quartiles(tmp_path):
    lesson = Lesson.begin(Course(setup("lost-sales", **SHORT)), tmp_path)
    keys = [lesson.join(f"S{k}") for k in range(15)]
    lesson.open()
    for k, key in enumerate(keys):
        lesson.order(key, [k])
    lesson.next_week()
    found = class_standings(lesson, "A", None)
    assert len(found.people) == 15
    shown = Standings(found.people, None).shown
    assert [each.name.partition(" (")[0] for each in shown] == [
        "best",
        "first quartile",
        "median",
        "third quartile",
        "last",
    ]
    costs = [each.cost for each in found.people]
    assert [each.cost for each in shown] == pytest.approx(np.quantile(costs, [0, 0.25, 0.5, 0.75, 1]), abs=15)


def test_each_kind_has_a_colour_and_a_picture_tells_all_in_words():
    course = Course(setup("dual-sourcing", **SHORT), seed=2)
    found = rivals(course, 6).standings
    picture = standings(found)
    assert {each.kind for each in found} <= KINDS.keys()
    for each in found:
        assert f"{each.name} ({each.kind})" in picture.says
