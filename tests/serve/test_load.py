"""Many students at once, on a server that is killed in the middle: no order is lost.

How long a move takes is measured by benchmarks/classroom.py, and told in docs/classroom.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytest.importorskip("nicegui")


def measured(*words: str) -> dict:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    command = [sys.executable, ROOT / "benchmarks/classroom.py", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pace", "students", "rate", "seconds"), [("own", 200, 50, 20), ("together", 40, 40, 20)], ids=["own", "together"]
)
def test_no_order_is_lost_when_a_server_is_killed(pace, students, rate, seconds):
    words = {"--pace": pace, "--students": students, "--rate": rate, "--seconds": seconds}
    found = measured(*(f"{each}" for pair in words.items() for each in pair))
    assert found["lost"] == 0
    assert 0 < found["before it was killed"] < found["moves"]
    assert found["moves"] >= 0.5 * rate * seconds
