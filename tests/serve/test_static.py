"""The game without a server: what runs in the browser needs no package, and plays what the library plays."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common.checks import BadInput
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import PolicyError, policy
from jit_gym.serve import GAMES, Course, Game, GameSetup, setup
from jit_gym.serve.browser import Game as BrowserGame
from jit_gym.serve.browser import Purse, Session, state_numbers
from jit_gym.serve.export import exported
from jit_gym.serve.exported_players import exported_player
from jit_gym.serve.plain_players import OPERATIONS, player_of
from jit_gym.serve.results import standing
from jit_gym.serve.static import RUNTIME, page_files, python_files, write_static

SHORT = {"past_weeks": 3, "weeks": 7}
LARGE = ("holiday-rush", "automotive-line", "automotive-line-stressed")  # seconds each, for their rivals
PLAYED = [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in (*GAMES, "serial", "perishable")]
LIBRARY = Path(jit_gym.__file__).parent


def short(name: str) -> GameSetup:
    """Return a game of a few weeks, in a world whose optimum is found at once."""
    return setup(name, overrides={"lanes.supplier.lead_time": 2} if name == "lost-sales" else None, **SHORT)


@pytest.fixture(scope="module", params=PLAYED)
def game(request):
    """A game, and what is exported of it, as it comes out of a file."""
    kept = short(request.param)
    return kept, json.loads(json.dumps(exported(kept, [4, 5]), allow_nan=False))


def weeks_of(course: Course, seat, seed: int = 1) -> list[list[float]]:
    """Return orders of a restless student, about as many as in the past."""
    chance = np.random.default_rng(seed)
    usual = [course.past[:, course.layout.lanes.index(entry.lanes[0])].mean() for entry in seat.entries]
    return [[float(chance.integers(0, 2 * mean + 2)) for mean in usual] for _ in range(course.setup.weeks)]


def test_the_browser_plays_what_the_simulation_plays_to_the_last_digit(game):
    """In each seat, with the rule in the others: the same state in the end, and all the same seen on the way."""
    kept, document = game
    for place, seat in enumerate(kept.seats):
        course = Course(kept, 5)
        here = Game(course, {each.name: None if each is seat else kept.empty_rule for each in kept.seats})
        there = BrowserGame(document, 1, place)
        for units in weeks_of(course, seat):
            here.order(seat.name, units)
            here.advance()
            there.order(units)
            look, seen = dataclasses.asdict(here.see(seat.name)), there.look()
            for name in ("on_hand", "asked", "ordered", "arrived"):
                assert [list(values) for values in look[name].values()] == seen[name], name
            assert seen["short"] == pytest.approx(look["short"], rel=1e-12)
            assert seen["owed"] == pytest.approx(look["owed"], rel=1e-12)
            assert seen["cost"] == pytest.approx(look["cost"], rel=1e-9, abs=1e-9)
            for kind in seen["kinds"].keys() | look["kinds"].keys():
                assert seen["kinds"].get(kind, 0.0) == pytest.approx(look["kinds"].get(kind, 0.0), rel=1e-9), kind
            assert (seen["numbers"], seen["over"]) == (list(look["numbers"]), here.over)
            if not here.over:
                assert seen["news"] == list(look["news"])
                assert {title: tuple(units) for title, units in seen["forecast"].items()} == look["forecast"]
                for mine, entry in zip(seen["entries"], look["entries"], strict=True):
                    arriving = None if entry["arriving"] is None else list(entry["arriving"])
                    assert (mine["on_order"], mine["arriving"], mine["works"]) == (
                        entry["on_order"],
                        arriving,
                        entry["works"],
                    )
        simulation = course.start()
        for orders in here.orders():
            simulation.step(orders[None])
        assert state_numbers(there.world.state) == simulation.arrays["state"][:, 0].tolist()
        found, mine = standing(here, "student"), there.look()["of_all"]
        assert mine["cost"] == pytest.approx(found.cost, rel=1e-9)
        assert mine["stock"] == pytest.approx(found.stock, rel=1e-9)
        assert mine["fill_rate"] == pytest.approx(found.fill_rate, rel=1e-9)
        assert mine["on_hand"] == pytest.approx(found.on_hand[kept.past_weeks :])
        assert mine["ordered"] == pytest.approx(found.ordered[kept.past_weeks :])


def test_what_the_seats_pay_adds_up_to_what_all_pay():
    """The beer game: each seat's money is told by the period itself, on a net where only its own has a price."""
    document = exported(short("beer-game"), [4])
    played = BrowserGame(document, 0, 0, [[9.0], [0.0], [4.0], [7.0]])
    whole, seats = Purse(document["world"]), [Purse(document["world"], seat["priced"]) for seat in document["seats"]]
    for t, week in enumerate(played.weeks):
        row = [column[t] if isinstance(column, list) else column for column in document["paths"][0]["chance"]]
        for purse in (whole, *seats):
            purse.step(week["asked"], row)
    paid, parts = whole.close(), [purse.close() for purse in seats]
    assert sum(each["cost"] for each in parts) == pytest.approx(paid["cost"], rel=1e-12)
    assert all(each["cost"] > 0 for each in parts)
    assert parts[0]["cost"] == pytest.approx(sum(week["money"]["cost"] for week in played.weeks), rel=1e-12)


BARE = """
import json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ImportError(f"{{name}} is blocked")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {folder!r})
from jit_gym.serve.browser import Session
session = Session(open({document!r}).read())
looks = [session.begin(1, 0, "[]")] + [session.order(json.dumps(units)) for units in {orders}]
foreign = [name for name in sys.modules if name.partition(".")[0] in {packages}]
print(json.dumps([looks, foreign, sorted(name for name in sys.modules if name.startswith("jit_gym"))]))
"""
PACKAGES = {"numpy", "numba", "llvmlite", "pydantic", "scipy", "pandas", "yaml", "gymnasium", "torch", "jinja2"}


@pytest.mark.parametrize("name", ["lost-sales", "dual-sourcing", "beer-game", "aisin-1997"])
def test_the_same_is_played_where_there_is_no_package(name, tmp_path):
    """As in a browser: a Python that can import nothing but itself and the files that the page hands it."""
    kept = short(name)
    document = json.dumps(exported(kept, [4, 5]))
    (tmp_path / "game.json").write_text(document)
    for file, source in python_files().items():
        (tmp_path / "jit_gym" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "jit_gym" / file).write_text(source)
    orders = weeks_of(Course(kept, 5), kept.seats[0])
    names = {"folder": str(tmp_path), "document": str(tmp_path / "game.json"), "orders": orders, "packages": PACKAGES}
    run = subprocess.run([sys.executable, "-I", "-S", "-c", BARE.format(**names)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    looks, foreign, own = json.loads(run.stdout)
    session = Session(document)
    assert looks == [session.begin(1, 0, "[]"), *(session.order(json.dumps(units)) for units in orders)]
    assert foreign == []
    assert set(own) == {"jit_gym", "jit_gym.physics", "jit_gym.serve"} | {
        f"jit_gym.{file.removesuffix('.py').replace('/', '.')}" for file in python_files()
    }


def test_the_browser_runs_the_library_s_own_files():
    files = page_files(exported(short("lost-sales"), [0]))
    handed = dict(re.findall(r'^jitGymFile\("jit_gym/([^"]+)", (.*)\);$', files["python.js"], re.M))
    assert {name: json.loads(text) for name, text in handed.items()} == {
        name: (LIBRARY / name).read_text(encoding="utf-8") for name in python_files()
    }
    assert "physics/period.py" in handed


@pytest.mark.parametrize(
    ("world", "what"),
    [
        ("lost-sales", "jit"),
        ("lost-sales", "s-S"),
        ("dual-sourcing", "capped-dual-index"),
        ("beer-game", "anchoring(theta=0.36, alpha=0.26, beta=0.34, target=17, use=4)"),
        ("aisin-1997", "hybrid"),
        ("automotive-line", "kanban(container=25)"),
        ("lost-sales", "agent:dcl"),
        ("lost-sales", "agent:hindsight"),
        ("dual-sourcing", "agent:ppo"),
        ("beer-game", "agent:hindsight"),
    ],
)
def test_an_exported_policy_orders_what_the_policy_orders(world, what):
    """A rule to the last digit; a network, whose 32-bit floats are 64-bit ones here, to the sixth."""
    scenario = jit_gym.load(world)
    layout, periods = Layout(scenario), min(36, scenario.horizon.periods)
    trace = Chance(scenario).draw(3, [0], periods)
    simulation, player = Simulation(layout, trace), policy(what, scenario)
    own = player.begin(View(simulation))
    document = json.loads(json.dumps(exported_player(player, layout, 0 if own is None else own.shape[1])))
    plain = player_of(document, [] if own is None else own[0].tolist())
    for t in range(periods):
        orders = np.asarray(player(View(simulation)), float)
        state = simulation.arrays["state"][:, 0].tolist()
        found = plain.orders(state, trace.rows[t, 0].tolist(), t)
        if what.startswith("agent:"):
            assert found == pytest.approx(orders[0].tolist(), rel=1e-5, abs=1e-4)
        else:
            assert found == orders[0].tolist()
        simulation.step(orders)


def test_a_policy_that_no_program_can_play_is_refused_by_name():
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})
    with pytest.raises(PolicyError, match=r"optimal: cannot be played in a browser"):
        exported_player(jit_gym.solve(scenario).policy, Layout(scenario))


def test_an_operation_that_a_browser_does_not_know_is_refused_by_name(monkeypatch):
    monkeypatch.delitem(OPERATIONS, "floor")
    world = jit_gym.load("dual-sourcing")
    with pytest.raises(PolicyError, match=r"kanban\(.*: cannot be played in a browser \(it needs floor\)"):
        exported_player(policy("kanban(container=2)", world), Layout(world))


def test_plain_operations_do_not_raise_where_numpy_does_not():
    divide, floor, nearest, root = (OPERATIONS[name] for name in ("/", "floor", "round", "sqrt"))
    with np.errstate(all="ignore"):
        for a in (-2.5, -2.0, -0.0, 0.0, 1.5, 3.0, np.inf, np.nan):
            assert nearest(a) == np.round(a) or np.isnan(a)
            assert floor(a) == np.floor(a) or np.isnan(a)
            assert root(a) == np.sqrt(a) or np.isnan(np.sqrt(a))
            for b in (-2.0, -0.0, 0.0, 3.0, np.inf, np.nan):
                found, right = divide(a, b), np.float64(a) / np.float64(b)
                assert found == right or (np.isnan(found) and np.isnan(right)), (a, b)


def test_a_game_goes_on_from_its_orders():
    """What a page keeps is the orders; a game that is begun with them is where the other was."""
    document = json.dumps(exported(short("beer-game"), [4]))
    first, second = Session(document), Session(document)
    first.begin(0, 2, "[]")
    looks = [first.order(json.dumps([units])) for units in (3.0, 11.0, 0.0)]
    assert second.begin(0, 2, "[[3], [11], [0]]") == looks[-1]


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ("[-1]", "0 or more"),
        ("[2.5]", "whole"),
        ("[1, 2]", "1 numbers"),
        ("[null]", "0 or more"),
        ("[1e12]", "at most"),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_nothing_is_played(units, says):
    session = Session(json.dumps(exported(short("lost-sales"), [0])))
    before = session.begin(0, 0, "[]")
    assert says in json.loads(session.order(units))["error"]
    assert json.loads(before)["week"] == session.game.week == 1


# The folder.


@pytest.fixture
def package(tmp_path) -> Path:
    """A folder that looks like Pyodide's npm package."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    (folder / "package.json").write_text('{"version": "314.0.7"}')
    (folder / "pyodide-lock.json").write_text('{"info": {"python": "3.14.2"}, "packages": {"numpy": {}}}')
    for name in ("pyodide.js", *RUNTIME):
        (folder / name).write_bytes(b"\x00 of " + name.encode())
    return folder


def test_a_folder_is_whole(package, tmp_path):
    kept = short("lost-sales")
    write_static(kept, tmp_path / "deep/out", [4, 5], package)
    out = tmp_path / "deep/out"
    page = (out / "index.html").read_text()
    for name in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert name == "data:," or (out / name).is_file(), name
    for name in re.findall(r'"([\w.]+\.js)"', (out / "runtime.js").read_text()):
        assert (out / "runtime" / name).is_file(), name
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"out"}
    assert "<option" in page
    again = tmp_path / "again"
    write_static(kept, again, [4, 5], package)
    for path in out.rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(out)).read_bytes(), path


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "python_stdlib.zip").unlink(), "python_stdlib.zip is missing (npm install"),
        (
            lambda folder: (folder / "package.json").write_text('{"version": "0.29.3"}'),
            "must be Pyodide 314.x, got 0.29.3",
        ),
        (lambda folder: (folder / "package.json").write_text("["), "damaged"),
    ],
)
def test_without_pyodide_nothing_is_written_and_one_line_says_what_to_do(package, tmp_path, damage, says):
    damage(package)
    with pytest.raises(BadInput) as error:
        write_static(short("lost-sales"), tmp_path / "out", [0], package)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_files_that_are_there_stay(package, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="has files already"):
        write_static(short("lost-sales"), tmp_path / "out", [0], package)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_title_is_text(package, tmp_path):
    """What a scenario says is shown, and never obeyed."""
    evil = '</script><img src=x onerror="alert(1)">'
    scenario = jit_gym.load("lost-sales", {"title": evil, "description": evil, "lanes.supplier.lead_time": 2})
    files = page_files(exported(setup(scenario, **SHORT), [0]))
    assert "<img" not in files["index.html"]
    assert "</script" not in files["game.js"]


def test_too_many_paths_are_refused():
    with pytest.raises(BadInput, match="paths"):
        exported(short("lost-sales"), range(65))


# The command.


def jit(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "jit_gym", "play", "lost-sales", "--set", "lanes.supplier.lead_time=2", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_the_command_writes_the_folder(package, tmp_path):
    few = ["--weeks", "6", "--past", "2", "--paths", "2", "--seed", "9"]
    run = jit("--static", "out", *few, "--pyodide", str(package), folder=tmp_path)
    assert (run.returncode, run.stdout.split()[:2]) == (0, ["Wrote", "out"]), run.stderr
    text = json.loads(re.match(r'jitGymFile\("game.json", (.*)\);', (tmp_path / "out/game.js").read_text())[1])
    document = json.loads(text)
    assert (document["weeks"], document["past_weeks"]) == (6, 2)
    assert [path["seed"] for path in document["paths"]] == [9, 10]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--static", "out"], "package.json is missing (npm install pyodide@314"),
        (["--static", "out", "--folder", "lesson"], "keeps no lesson"),
        (["--static", "out", "--paths", "65"], "paths: must be"),
    ],
)
def test_the_command_refuses_in_one_line_and_writes_nothing(arguments, says, package, tmp_path):
    if "--paths" in arguments:
        arguments = [*arguments, "--pyodide", str(package)]
    before = sorted(tmp_path.rglob("*"))
    run = jit(*arguments, folder=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    (line,) = run.stderr.splitlines()
    assert line.startswith("jit-gym: ")
    assert says in line
    assert sorted(tmp_path.rglob("*")) == before
