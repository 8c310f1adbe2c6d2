"""`jit-gym play`: what it refuses, in one line, before anything is served."""

import socket

import pytest
from typer.testing import CliRunner

from jit_gym.cli import app
from jit_gym.serve import Course, setup
from jit_gym.serve.lesson import Lesson

pytest.importorskip("nicegui")


def refused(*words: str) -> str:
    done = CliRunner().invoke(app, ["play", *words], prog_name="jit-gym")
    assert done.exit_code == 2, done.output
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "play: needs a scenario, or --resume"),
        (["lost-sales", "--resume", "x"], "play: needs a scenario, or --resume"),
        (["nothing"], "unknown scenario 'nothing'"),
        (["lost-sales", "--weeks", "99"], "weeks: must be 52 or less, got 99"),
        (["lost-sales", "--pace", "fast"], "--pace: must be together or own, got 'fast'"),
        (["lost-sales", "--seats", "each"], "--seats: must be one or stocks, got 'each'"),
        (["lost-sales", "--empty", "nobody"], "unknown policy 'nobody'"),
        (["lost-sales", "--set", "lanes.supplier.lead_tme=2"], "lead_tme"),
        (["lost-sales", "--host", "300.1.1.1"], "--port: 300.1.1.1:8080 cannot be used"),
        (["--resume", "nowhere"], "there is no file"),
    ],
)
def test_what_cannot_be_served_is_refused_and_nothing_is_written(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused(*words)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port: 127.0.0.1:{port} cannot be used: address already in use" in refused(
            "lost-sales", "--port", f"{port}"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_has_a_lesson_is_not_used_for_another(tmp_path):
    Lesson.begin(Course(setup("lost-sales")), tmp_path / "mine")
    assert "has a lesson already (--resume" in refused("lost-sales", "--folder", str(tmp_path / "mine"))


def test_without_the_extra_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("jit_gym.cli.play.find_spec", lambda name: None)
    assert "the package nicegui is missing (pip install 'jit-gym[serve]')" in refused("lost-sales")


@pytest.fixture
def served(monkeypatch):
    """Hold what would be served."""
    found = []
    monkeypatch.setattr("jit_gym.serve.server.serve", lambda *how: found.append(how))
    return found


def test_a_lesson_is_served_on_this_computer_alone_unless_told_otherwise(tmp_path, served):
    words = ["play", "beer-game", "--folder", str(tmp_path / "a"), "--empty", "anchoring", "--seed", "4"]
    done = CliRunner().invoke(app, words, prog_name="jit-gym")
    ((lesson, host, port, links),) = served
    assert (host, port, links) == ("127.0.0.1", 8080, ["http://127.0.0.1:8080/"])
    assert (lesson.course.seed, lesson.course.setup.empty_rule, lesson.status) == (4, "anchoring", "lobby")
    assert f"Teacher:  http://127.0.0.1:8080/teacher/{lesson.teacher}" in done.stdout
    assert "not encrypted" not in done.stderr


def test_on_the_network_there_is_a_warning_and_at_an_own_pace_the_game_is_open_at_once(tmp_path, served):
    words = ["play", "lost-sales", "--folder", str(tmp_path / "a"), "--host", "0.0.0.0", "--pace", "own"]
    done = CliRunner().invoke(app, words, prog_name="jit-gym")
    ((lesson, host, _, _),) = served
    assert (host, lesson.status, lesson.pace) == ("0.0.0.0", "open", "own")
    assert "can join, and what is sent there is not encrypted" in done.stderr
