"""Ask a library in an environment of its own to play: each game is a round of a script of `players/`."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv-peers"
PIN = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch=="))
PEERS = {
    "idinn": ["idinn==0.2.0.post1", PIN],
    "gym-invmgmt": ["gym-invmgmt==0.2.1"],
    "or-gymnasium": ["or-gymnasium==0.1.0"],
    "stockpyl": ["stockpyl==1.0.2"],
    "dynaplex": ["dynaplex[gym]==1.14.1", PIN],
}
"""What is installed for each, into an environment of its own."""


class NotThere(Exception):
    """A peer that is not installed, or does not play; it says why in one line."""


@dataclass(frozen=True)
class Played:
    """What rounds of a game came to: its rate, and the mean of its samples with its standard error."""

    rate: float
    """Periods a second: the median of the rounds."""
    mean: float
    error: float

    @classmethod
    def of(cls, rounds: list[dict[str, Any]]) -> Played:
        """Sum up rounds of independent samples."""
        return cls(
            statistics.median(each["periods"] / each["seconds"] for each in rounds),
            statistics.fmean(each["mean"] for each in rounds),
            sum(each["error"] ** 2 for each in rounds) ** 0.5 / len(rounds),
        )


class Player:
    """A library's script, running; it plays a round when asked."""

    def __init__(self, name: str, python: Path | str, threads: int = 1, wall: bool = False) -> None:
        """Start the script of a library by the interpreter of its environment, on so many cores.

        With more than one, and with `wall`, the clock on the wall counts whatever is asked for, as what threads gain is
        seen there alone.
        """
        script = Path(__file__).parent / "players" / f"play_{name.replace('-', '_')}.py"
        environment = os.environ | {"OMP_NUM_THREADS": "1", "JIT_GYM_THREADS": str(threads)}
        if threads > 1 or wall:
            environment["BENCH_CLOCK"] = "wall"
        self.name, self._said = name, tempfile.TemporaryFile()  # noqa: SIM115 (closed on exit)
        self._process = subprocess.Popen(
            [str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
            env=environment,
        )  # fmt: skip
        try:
            self.version = self._answer()["version"]
        except NotThere:
            self.__exit__(None, None, None)
            raise

    def round(self, game: str) -> dict[str, Any]:
        """Play a round of a game: its periods, seconds, mean and error."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the answer tells why it has ended
            self._process.stdin.write(f"{game}\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().splitlines()
            raise NotThere(f"{self.name} does not play: {last[-1] if last else 'it ended'}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        for pipe in (self._process.stdout, self._said):
            assert pipe is not None
            pipe.close()


def ourselves(threads: int = 1, python: Path | str = sys.executable, wall: bool = False) -> Player:
    """Return this library as a player, on so many threads; by another interpreter, another version of it."""
    return Player("jit-gym", python, threads, wall)


def peer(name: str, threads: int = 1) -> Player:
    """Return a peer as a player, which may use so many threads.

    Raises:
        NotThere: if it is not installed.
    """
    return Player(name, installed(name), threads)


def installed(name: str) -> Path:
    """Return the interpreter of a peer's environment."""
    if not _stamp(name).is_file() or _stamp(name).read_text() != _wanted(name):
        raise NotThere(f"{name} is not installed (make bench-peers installs it)")
    return _python(name)


def install(name: str) -> None:
    """Install a peer into an environment of its own, unless it is there.

    Raises:
        NotThere: if it cannot be installed, with the reason.
    """
    with contextlib.suppress(NotThere):
        installed(name)
        return
    pip = [str(_python(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[name]]
    for command in ([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENTS / name)], pip):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
            raise NotThere(f"{name} cannot be installed: {said[-1].removeprefix('ERROR: ')}")
    _stamp(name).write_text(_wanted(name))


def _python(name: str) -> Path:
    return ENVIRONMENTS / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _stamp(name: str) -> Path:
    return ENVIRONMENTS / name / "installed.txt"


def _wanted(name: str) -> str:
    return "\n".join(PEERS[name])


def side_by_side(
    game: str, ours: Player, theirs: Player, rounds: int, other: str = "", warm: bool = True
) -> tuple[Played, Played, float]:
    """Let two players take turns; return what each came to, and the median of the ratios of our rate to theirs.

    Args:
        game: its name.
        ours: the first player.
        theirs: the second.
        rounds: how many count.
        other: what the second player calls the game, if it is otherwise.
        warm: play a round before that does not count, in which code is compiled.
    """
    turns = [(ours.round(game), theirs.round(other or game)) for _ in range(rounds + warm)][int(warm) :]
    ratios = [(a["periods"] / a["seconds"]) / (b["periods"] / b["seconds"]) for a, b in turns]
    return Played.of([a for a, _ in turns]), Played.of([b for _, b in turns]), statistics.median(ratios)
