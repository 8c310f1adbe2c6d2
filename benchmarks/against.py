"""How fast is it beside other libraries, on the same problem? `make bench-peers`.

Each is installed into an environment of its own (.venv-peers/NAME). Its script in `players/` and ours take turns; a
ratio is the median of the rounds' ratios. It is worth nothing if the problems differ, so what both earn or cost is
compared too. A peer that cannot be installed, or does not play, has a line that says why.

    python benchmarks/against.py --only dynaplex --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import figures
from player import PEERS, NotThere, Played, Player, install, ourselves, peer, side_by_side

from jit_gym.common import files

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "results" / "peers.json", ROOT / "docs" / "speed.md"
Z = 1.96  # standard errors in half of a 95 % interval
NEAR = 0.005  # a share of the mean that nobody would act on
ROUNDS = 7
CLOCK = "what counts on one core: the wall's time, or, where others use the machine, the processor's"


@dataclass(frozen=True)
class Contest:
    """A problem that a peer and we play."""

    game: str
    peer: str
    what: str
    differs: str
    """What is different between the two, so that the ratio can be read."""
    unit: str = "periods"
    threads: int = 1
    other: str = ""
    """What the peer's script calls the game, if it is otherwise."""
    rounds: int | None = None
    """How many, whatever is asked for: of what takes minutes, one, in which code is compiled, too."""
    learns: bool = False
    """Is the mean what was learned, so that it may differ?"""


CONTESTS = [
    Contest(
        "one-supplier", "idinn", "base-stock with backlogs, lead time 4, 4,096 paths",
        "ours gathers all metrics, theirs the cost",
    ),
    Contest(
        "two-suppliers", "idinn", "two suppliers, the same orders on all of 4,096 rows",
        "ours is the vector env and writes observations, theirs adds up the cost",
    ),
    Contest(
        "line", "or-gymnasium", "OR-Gym's line with random orders, a single env", "both write observations",
        unit="steps",
    ),
    Contest(
        "network", "or-gymnasium", "OR-Gym's network with random orders",
        "ours plays 4,096 rows at a time, theirs is a single env", unit="steps",
    ),
    Contest(
        "another-line", "gym-invmgmt", "its serial line with random orders, a single env", "both write observations",
        unit="steps",
    ),
    Contest(
        "serial", "stockpyl", "a line of three stages by echelon base-stock",
        "ours plays 4,096 paths at a time with all metrics, theirs one and keeps each flow",
    ),
    Contest(
        "lost-sales", "dynaplex", "lost sales, lead time 4, base-stock, on one core",
        "ours gathers all metrics, theirs the cost",
    ),
    Contest(
        "lost-sales", "dynaplex", "lost sales, lead time 4, base-stock, on two cores",
        "ours gathers all metrics, theirs the cost", threads=2, other="lost-sales-two-cores",
    ),
    Contest(
        "lost-sales-envs", "dynaplex", "lost sales as a vector env of 4,096 rows",
        "both write observations; theirs also which orders are allowed", unit="steps",
    ),
    Contest(
        "lost-sales-exact", "dynaplex", "lost sales, lead time 4, four penalties, solved exactly",
        "theirs stops within 1e-6 and has one thread; compiling counts in both", unit="instances", threads=2, rounds=1,
    ),
    Contest(
        "lost-sales-dcl", "dynaplex", "lost sales, DCL: a generation of 1,000 states, 256 futures of 40 periods",
        "the mean is what the learned policy costs, and may differ; networks of 128 by 128 in both; in futures theirs "
        "has the rule order, ours a network that imitates it; halving, and when fitting stops, are of each one's own",
        unit="states", rounds=1, learns=True,
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What a contest came to; None where the peer does not play, and then `why`."""

    what: str
    peer: str
    unit: str
    theirs: float | None
    ours: float | None
    ratio: float | None
    their_mean: float | None
    their_error: float | None
    our_mean: float | None
    our_error: float | None
    differs: str
    learns: bool = False
    why: str = ""

    @classmethod
    def of(cls, contest: Contest, version: str, ours: Played, theirs: Played, ratio: float) -> Row:
        """Put together what both came to."""
        return cls(
            contest.what, f"{contest.peer} {version}", contest.unit, theirs.rate, ours.rate, ratio,
            theirs.mean, theirs.error, ours.mean, ours.error, contest.differs, contest.learns,
        )  # fmt: skip

    @classmethod
    def without(cls, contest: Contest, why: str) -> Row:
        """Say why there is nothing."""
        return cls(contest.what, contest.peer, contest.unit, *[None] * 7, contest.differs, contest.learns, why)

    @property
    def same(self) -> bool | None:
        """Tell whether both played the same problem, by their means; None without one."""
        if self.our_mean is None or self.their_mean is None or self.our_error is None or self.their_error is None:
            return None
        apart, error = abs(self.our_mean - self.their_mean), (self.our_error**2 + self.their_error**2) ** 0.5
        return self.learns or apart <= max(2 * Z * error, NEAR * abs(self.our_mean))

    @property
    def cells(self) -> list[str]:
        """Return the row in words."""
        if self.theirs is None or self.ours is None or self.ratio is None:
            return [self.what, self.peer, "", "", "", "", "", self.why]
        means = [
            f"{mean:.4g}" + (f" ± {figures.number(Z * error)}" if error else "")
            for mean, error in ((self.their_mean, self.their_error), (self.our_mean, self.our_error))
            if mean is not None and error is not None
        ]
        verdict = self.differs if self.same else f"NOT THE SAME PROBLEM (the ratio says nothing); {self.differs}"
        rates = [f"{figures.millions(rate)} {self.unit}/s" for rate in (self.theirs, self.ours)]
        return [self.what, self.peer, *rates, f"{figures.number(self.ratio)}", *means, verdict]


COLUMNS = ["what", "peer", "theirs", "ours", "ours / theirs", "their mean (95 %)", "our mean (95 %)", "what differs"]


def meet(contest: Contest, ours: Player, theirs: Player, rounds: int) -> Row:
    """Let both play a contest."""
    once = contest.rounds is not None
    found = side_by_side(contest.game, ours, theirs, contest.rounds or rounds, contest.other, warm=not once)
    return Row.of(contest, theirs.version, *found)


def rows(contests: list[Contest], rounds: int) -> Iterator[Row]:
    """Yield the row of each contest; a peer that does not play has its reason there, and the others play on."""
    for contest in contests:
        try:
            install(contest.peer)
            with ourselves(contest.threads) as ours, peer(contest.peer, contest.threads) as theirs:
                yield meet(contest, ours, theirs, rounds)
        except NotThere as error:
            yield Row.without(contest, str(error))


def table(kept: Mapping[str, Any]) -> str:
    """Return kept rows as Markdown."""
    found = [Row(**row).cells for row in kept["rows"]]
    return f"{figures.heading(kept['about'])}:\n\n{figures.markdown(COLUMNS, found)}\n"


def main() -> None:
    """Read the command line, play, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PEERS, help="this peer alone; nothing is kept then unless --json says where")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help=f"keep the rows here, and not in {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--clock", choices=["wall", "processor"], default="wall", help=CLOCK)
    asked = parser.parse_args()
    os.environ["BENCH_CLOCK"] = asked.clock
    about, found = figures.certificate(asked.rounds), []
    for row in rows([each for each in CONTESTS if asked.only in (None, each.peer)], asked.rounds):
        print(": ".join(filter(None, (row.peer, row.what, row.why or f"{row.ratio:,.3g} times"))), flush=True)
        found.append(row)
    figures.show(figures.heading(about), COLUMNS, [row.cells for row in found])
    if asked.json or not asked.only:
        figures.keep(asked.json or RESULTS, about, found)
    if not asked.json and not asked.only:
        files.fill(PAGE, "peers", table(json.loads(RESULTS.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
