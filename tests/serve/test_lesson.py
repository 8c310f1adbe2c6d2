"""A lesson: a class on one path of chance, its clock, what the teacher does, and what is on the disk."""

import json
import stat

import pytest

from jit_gym.common.checks import BadInput
from jit_gym.serve import Course, setup
from jit_gym.serve.lesson import Lesson


def lesson(folder, name: str = "lost-sales", **more) -> Lesson:
    return Lesson.begin(Course(setup(name, past_weeks=2, weeks=6, **more), seed=5), folder)


def state(lesson: Lesson) -> dict:
    """Return all that must survive: people, orders, what was changed, how it is paced."""
    games = {
        (letter, table): (game.players, game.moves, game.pending, game.cost)
        for letter, branch in lesson.branches.items()
        for table, game in branch.games.items()
    }
    kept = lesson.document()
    kept["status"] = "paused" if kept["status"] == "open" else kept["status"]
    return {"lesson": kept, "games": games}


def test_each_student_has_a_game_of_the_same_chance(tmp_path):
    school = lesson(tmp_path)
    ann, bob = school.join("Ann"), school.join("Bob")
    assert school.student(ann).table == 1
    assert school.student(bob).table == 2
    school.open(now=0)
    for key, units in ((ann, 5), (bob, 9)):
        school.order(key, [units])
    assert school.is_due(now=0)
    school.next_week(now=0)
    looks = [school.game(key).see("shop") for key in (ann, bob)]
    assert looks[0].asked == looks[1].asked
    assert [look.ordered["Order from the supplier"][-1] for look in looks] == [5, 9]


def test_tables_of_the_beer_game_fill_up_seat_by_seat_and_rules_play_empty_ones(tmp_path):
    school = lesson(tmp_path, "beer-game")
    keys = [school.join(f"Student {k}") for k in range(5)]
    places = [(school.student(key).table, school.student(key).seat) for key in keys]
    assert places == [(1, "retailer"), (1, "wholesaler"), (1, "distributor"), (1, "factory"), (2, "retailer")]
    assert school.branch.games[2].players == dict.fromkeys(("wholesaler", "distributor", "factory"), "jit") | {
        "retailer": None
    }
    assert school.student(school.join("Zoe", "factory")).table == 2
    with pytest.raises(BadInput, match="seat: must be one of"):
        school.join("Yan", "brewer")


def test_who_comes_late_takes_over_from_a_rule_in_the_week_of_the_class(tmp_path):
    school = lesson(tmp_path)
    school.join("Ann")
    school.open(now=0)
    for _ in range(3):
        school.next_week(now=0)
    late = school.join("Late")
    assert school.game(late).week == school.week == 4
    assert school.game(late).waiting_for == ("shop",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "must have a letter"),
        (" \t", "must have a letter"),
        ("x" * 41, "must have 40 characters or fewer, got 41"),
        ("ANN ", "is taken"),
    ],
)
def test_a_name_that_nobody_can_read_is_refused(name, said, tmp_path):
    school = lesson(tmp_path)
    school.join("Ann")
    with pytest.raises(BadInput, match=said):
        school.join(name)


def test_a_name_is_shown_as_it_is_and_acts_on_nothing(tmp_path):
    school = lesson(tmp_path)
    key = school.join("<b>Ann</b>\x1b[31m \u202e")
    assert school.student(key).name == "<b>Ann</b>\\x1b[31m \\u202e"


def test_the_clock_gives_45_seconds_for_ten_weeks_and_then_30_and_stops_when_paused(tmp_path):
    school = Lesson.begin(Course(setup("lost-sales")), tmp_path)
    school.join("Ann")
    assert not school.is_due(now=0)
    school.open(now=100)
    assert (school.deadline, school.is_due(now=144), school.is_due(now=145)) == (145, False, True)
    school.pause(now=130)
    assert (school.deadline, school.is_due(now=10_000)) == (None, False)
    school.open(now=1000)
    assert school.deadline == 1015
    for _ in range(10):
        school.next_week(now=2000)
    assert (school.week, school.deadline) == (11, 2030)
    school.set_pace("together", 60, now=3000)
    assert school.deadline == 3060
    school.set_pace("together", None, now=3000)
    assert (school.deadline, school.is_due(now=1e9)) == (None, False)


def test_at_a_pace_of_their_own_tables_go_on_by_themselves(tmp_path):
    school = lesson(tmp_path)
    ann, bob = school.join("Ann"), school.join("Bob")
    school.set_pace("own", None)
    school.open(now=0)
    for _ in range(6):
        school.order(ann, [5])
    assert school.game(ann).over
    assert (school.game(bob).week, school.week, school.status) == (1, 1, "open")
    for _ in range(6):
        school.order(bob, [5])
    assert school.status == "over"


def test_orders_are_taken_while_the_game_is_open_alone(tmp_path):
    school = lesson(tmp_path)
    ann = school.join("Ann")
    with pytest.raises(BadInput, match="order: the game is not open"):
        school.order(ann, [5])
    school.open(now=0)
    school.order(ann, [5])
    school.pause(now=0)
    with pytest.raises(BadInput, match="order: the game is not open"):
        school.order(ann, [6])
    with pytest.raises(BadInput, match="link: nobody has joined with it"):
        school.order("other", [6])


def test_the_teacher_goes_back_forks_and_changes_the_world(tmp_path):
    school = lesson(tmp_path)
    ann = school.join("Ann")
    school.open(now=0)
    for _ in range(4):
        school.next_week(now=0)
    school.rollback(3, now=0)
    assert school.week == 3
    before = school.game(ann).cost
    assert school.fork() == "B"
    school.change("supplier-fire", ("supplier",), weeks=2)
    assert school.game(ann).see("shop").news[0] == "A fire at a supplier"
    for _ in range(2):
        school.next_week(now=0)
    school.switch("A", now=0)
    assert (school.week, school.game(ann).cost, school.course.changes) == (3, before, ())
    school.switch("B", now=0)
    assert (school.week, len(school.course.changes)) == (5, 1)
    school.rollback(3, now=0)
    assert school.course.changes == ()
    for said, do in (
        ("branch: must be one of A, B, got 'C'", lambda: school.switch("C")),
        ("week: must be 3 or less, got 9", lambda: school.rollback(9)),
        ("unknown shock", lambda: school.change("flood", ("supplier",))),
    ):
        with pytest.raises(BadInput, match=said):
            do()


def test_a_student_who_is_taken_out_is_replaced_by_a_rule(tmp_path):
    school = lesson(tmp_path, "beer-game")
    ann, bob = school.join("Ann"), school.join("Bob")
    school.open(now=0)
    school.release(bob)
    assert school.branch.games[1].players["wholesaler"] == "jit"
    school.order(ann, [4])
    assert school.is_due(now=0)
    assert school.student(school.join("Eve")).seat == "wholesaler"


# What survives.


def test_whatever_was_done_is_on_the_disk_when_it_returns(tmp_path):
    """As after SIGKILL: another process reads the folder, and nothing was closed or flushed."""
    school = lesson(tmp_path, "beer-game")
    keys = [school.join(name) for name in ("Ann", "Bob", "Eve")]

    def check():
        assert state(Lesson.resume(tmp_path)) == state(school)

    check()
    school.open(now=0)
    for do in (
        lambda: school.order(keys[0], [7]),
        lambda: school.next_week(now=0),
        lambda: school.order(keys[1], [3]),
        lambda: school.next_week(now=0),
        lambda: school.change("spike", ("customers",), 2, 3.0),
        lambda: school.next_week(now=0),
        lambda: school.fork(),
        lambda: school.next_week(now=0),
        lambda: school.rollback(2, now=0),
        lambda: school.order(keys[2], [9]),
        lambda: school.switch("A", now=0),
        lambda: school.release(keys[1]),
        lambda: school.set_pace("own", None),
        lambda: school.order(keys[0], [1]),
        lambda: school.finish(),
    ):
        do()
        check()


def test_a_server_that_was_killed_while_the_class_went_back_has_all_tables_back(tmp_path):
    school = lesson(tmp_path)
    for name in ("Ann", "Bob"):
        school.join(name)
    school.open(now=0)
    for _ in range(4):
        school.next_week(now=0)
    second = (tmp_path / "games/A-0002.json").read_bytes()
    school.rollback(2, now=0)
    (tmp_path / "games/A-0002.json").write_bytes(second)
    again = Lesson.resume(tmp_path)
    assert [game.week for game in again.branch.games.values()] == [2, 2]


def test_a_server_that_was_killed_in_the_middle_of_a_week_plays_it_to_the_end(tmp_path):
    school = lesson(tmp_path)
    keys = [school.join(name) for name in ("Ann", "Bob")]
    school.open(now=0)
    for key in keys:
        school.order(key, [8])
    next(school.turn_week(now=0))
    again = Lesson.resume(tmp_path)
    assert [game.week for game in again.branch.games.values()] == [2, 1]
    assert again.week == 1
    again.open(now=0)
    again.next_week(now=0)
    assert [game.moves[0]["shop"].units for game in again.branch.games.values()] == [(8,), (8,)]
    assert [game.week for game in again.branch.games.values()] == [2, 2]


@pytest.mark.parametrize("do", ["fork", "rollback", "finish"])
def test_a_week_that_is_being_played_stops_where_the_teacher_goes_elsewhere(do, tmp_path):
    school = lesson(tmp_path)
    for name in ("Ann", "Bob", "Eve"):
        school.join(name)
    school.open(now=0)
    school.next_week(now=0)
    week = school.turn_week(now=0)
    next(week)
    {"fork": school.fork, "finish": school.finish, "rollback": lambda: school.rollback(2, now=0)}[do]()
    assert list(week) == []
    weeks = [game.week for game in school.branch.games.values()]
    assert weeks == ([2, 2, 2] if do == "rollback" else [3, 2, 2])
    assert state(Lesson.resume(tmp_path)) == state(school)
    if do == "fork":
        school.next_week(now=0)
        assert [game.week for game in school.branch.games.values()] == [3, 3, 3]


def test_names_and_secret_links_can_be_read_by_the_teacher_alone(tmp_path):
    school = lesson(tmp_path)
    school.join("Ann")
    assert stat.S_IMODE((tmp_path / "lesson.json").stat().st_mode) == 0o600
    assert "Ann" not in (tmp_path / "games/A-0001.json").read_text()


def test_a_folder_with_a_lesson_is_not_written_over(tmp_path):
    lesson(tmp_path)
    with pytest.raises(BadInput, match="has a lesson already"):
        lesson(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "jit_gym lesson 7"}, "format: must be 'jit_gym lesson 1'"),
        ({"status": "asleep"}, "status: must be"),
        ({"here": "Z"}, "here: must be one of A, got Z"),
        ({"students": {"key": {"name": "Ann", "table": 1, "seat": "throne"}}}, "seat: must be one of shop"),
        ({"students": {"key": {"name": "Ann", "table": 9, "seat": "shop"}}}, "there is no file"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_folder_that_holds_no_lesson_is_refused_in_one_line(change, said, tmp_path):
    lesson(tmp_path).join("Ann")
    path = tmp_path / "lesson.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadInput, match=said) as refused:
        Lesson.resume(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_lesson_is_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        Lesson.resume(tmp_path)
