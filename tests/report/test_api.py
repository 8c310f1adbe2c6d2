"""The API reference has every public name, as its docstring has it now."""

import sys
from pathlib import Path

import pytest

import jit_gym
from jit_gym.report.api import GROUPS, api

COMMITTED = Path(__file__).parents[2] / "docs/api.md"


def test_every_public_name_is_in_it():
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(name for name in dir(jit_gym) if not name.startswith("__"))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons write signatures in other ways")
def test_what_is_committed_is_up_to_date():
    """`make reference` writes it again."""
    assert COMMITTED.read_text() == api(jit_gym)
