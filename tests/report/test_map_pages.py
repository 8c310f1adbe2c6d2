"""The maps of docs/maps are those that the commands beside them make."""

import re
import shlex
from html import unescape
from pathlib import Path

import pytest

from jit_gym.cli.options import overrides_of
from jit_gym.scenario import load
from jit_gym.scenario.axis import Axis, varied

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "maps" / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^jit-gym map .*$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: Path(command).name)
def test_a_map_was_made_by_the_command_under_it_from_the_scenario_that_is_there(command, monkeypatch):
    """A changed command, or a changed scenario, leaves a stale picture (`make maps` draws it again)."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(command)
    options = {words[k]: words[k + 1] for k in range(len(words) - 1) if words[k].startswith("--")}
    changed = [words[k + 1] for k in range(len(words)) if words[k] == "--set"]
    svg = Path(options["--out"]).read_text(encoding="utf-8")
    made = shlex.split(unescape(re.findall(r'data-command="([^"]*)"', svg)[0]))
    assert set(words) - set(made) == set()
    world = load(words[2], overrides_of(changed))
    assert re.findall(r'data-fingerprint="([^"]*)"', svg) == [world.fingerprint]
    assert Path(options["--out"]).name in PAGE.split(command)[0]
    for axis in (Axis.of(options["--x"], world), Axis.of(options["--y"], world)):
        assert axis.labels[0] in svg
        assert varied(world, {axis.key: axis.values[0]})
