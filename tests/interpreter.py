"""A second Python process for tests: it loads the library once, and runs one program after another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

LOOP = """if True:
    import contextlib, io, json, os, sys, traceback
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries write to the descriptor is no reply
    for line in sys.stdin:
        (program, folder), printed, error = json.loads(line), io.StringIO(), ""
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(printed):
                exec(program, {"__name__": "__main__"})
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps([printed.getvalue(), error]), file=replies, flush=True)
"""

COMMAND = """if True:
    from typer.testing import CliRunner
    from jit_gym.cli import app
    done = CliRunner().invoke(app, {words!r}, prog_name="jit-gym")
    assert done.exit_code == {status}, done.output
    print(done.stdout if done.exit_code == 0 else done.stderr, end="")
"""


class Interpreter:
    """A Python process that runs programs in turn, for what may not be registered in the process of the tests.

    Each program has global names of its own; imported modules, and what is registered in them, stay for the next.
    """

    def __init__(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        """Start Python with these options and this environment."""
        self._process = subprocess.Popen(
            [sys.executable, *options, "-c", LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Interpreter:
        """Return itself."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """End the process."""
        self._process.communicate()

    def run(self, program: str, folder: Path) -> str:
        """Run a program in a folder, and return what it printed; whatever it raises fails the test."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([program, str(folder)]), file=self._process.stdin, flush=True)
        reply = self._process.stdout.readline()
        assert reply, f"the process ended with status {self._process.wait()}"
        printed, error = json.loads(reply)
        assert not error, error
        return printed

    def command(self, *words: str, folder: Path, status: int = 0) -> str:
        """Run `jit-gym`, hold that it ends with a status, and return what it printed, or its error."""
        return self.run(COMMAND.format(words=list(words), status=status), folder)
