"""Run the command line as tests do: in this process, and where it fails, in one line with nothing written."""

import os

from typer.testing import CliRunner, Result

from jit_gym.cli import app


def jit(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), prog_name="jit-gym")


def done(*arguments: str) -> str:
    """Run a command that succeeds, and return what it printed."""
    result = jit(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    """Run a command that fails as it should: one line, status 2, nothing written; return the line."""
    before = sorted(os.walk("."))
    result = jit(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sorted(os.walk(".")) == before
    (line,) = result.stderr.splitlines()
    assert line.startswith("jit-gym: ")
    return line.removeprefix("jit-gym: ")
