"""Make the committed results again, in another folder, and compare them with what is committed: `make results`.

    python benchmarks/again.py --list                     # what there is, by which command, and how long each takes
    python benchmarks/again.py --only ppo --only many-agents
    python benchmarks/again.py --cores 16

Nothing in results/ is touched. A row that was made again says the same to the last digit with the same versions on the
same kind of processor; elsewhere a training may round otherwise and end somewhere else, so it agrees where the two
intervals have a point in common; that of an exact cost is half a percent to each side, which is practically the same.
Figures of speed are made, and not compared.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from jit_gym.common.text import plural
from jit_gym.common.threads import threads
from jit_gym.evaluation.judgement import THRESHOLD

ROOT = Path(__file__).parents[1]
RESULTS, AGAIN = ROOT / "results", Path("build") / "results"
SUITE = "jit-bench-v1"


class Step(NamedTuple):
    """Something in results/ that one command makes."""

    name: str
    makes: str
    words: list[str]
    seconds: float
    """What it takes on one core, as the rows or their pages tell."""
    parallel: bool = True

    def hours(self, cores: int) -> float:
        """Return about how many hours it takes on so many cores."""
        return self.seconds / 3600 / (cores if self.parallel else 1)


class Key(NamedTuple):
    """Which columns name a row of a file, which holds its figure, and which are the ends of an interval of that."""

    names: tuple[str, ...]
    figure: str
    low: str
    high: str
    error: str = ""


KEYS = {
    "agents": Key(("family", "instance", "agent", "seed"), "cost", "", "", "error"),
    "ppo": Key(("scenario", "seed"), "gap_percent", "low", "high"),
    "many-agents": Key(("world", "seed"), "gap_percent", "low", "high"),
    "fine-tuning": Key(("world", "seed"), "more_percent", "low", "high"),
    "defaults": Key(("scenario", "agent", "variant", "share", "seed"), "gap_percent", "low", "high"),
    "generalist": Key(("group", "instance", "against"), "gap_percent", "", "", "gap_error"),
}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file; none of one that is not there."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def steps(cores: int, out: Path = AGAIN) -> list[Step]:
    """Return all steps: each command writes into another folder than results/."""
    jobs = ["--jobs", str(cores)]
    found = [*_suite_steps(out), *_agents_steps(jobs, out), *_defaults_steps(jobs, out), *_generalist_steps(jobs, out)]
    found += _quality_steps(out)
    for name, script, what in (
        ("ppo", "ppo.py", "scenario"),
        ("many-agents", "many_agents.py", "world"),
        ("fine-tuning", "fine_tuning.py", "world"),
    ):
        for seeds, mine in _by_seeds(rows_of(RESULTS / f"{name}.csv"), what).items():
            words = ["python", f"benchmarks/{script}", *dict.fromkeys(row[what] for row in mine)]
            words += ["--seeds", ",".join(seeds), *jobs, "--csv", str(out / f"{name}.csv")]
            seconds = sum(float(row[each]) for row in mine for each in row if each.endswith("seconds"))
            found.append(Step(name, f"{plural(len(mine), 'row')} of {name}.csv", words, seconds))
    for name, minutes in (("speed", 15), ("against", 30)):
        file = {"speed": "speed.json", "against": "peers.json"}[name]
        words = ["python", f"benchmarks/{name}.py", "--json", str(out / file)]
        found.append(Step(name, file, words, 60.0 * minutes, parallel=False))
    return found


def _suite_steps(out: Path) -> Iterator[Step]:
    """Yield the suite of the benchmark, where it has rows: it is verified and compared by its own command."""
    rows = [row for path in sorted((RESULTS / SUITE).rglob("*.csv")) for row in rows_of(path)]
    if rows:
        once = {(row["instance"], row["policy"], row["seed"]): float(row["seconds"] or 0) for row in rows}
        folder, known = out / SUITE, RESULTS / SUITE
        words = ["jit-gym", "benchmark", SUITE, "--tier", "full", "--out", str(folder), "--check", str(known)]
        yield Step(SUITE, f"{plural(len(rows), 'row')} of {SUITE}/", words, sum(once.values()))


def _agents_steps(jobs: Sequence[str], out: Path) -> Iterator[Step]:
    """Yield a command for each agent and family of agents.csv, and each set of seeds that its instances have."""
    agents = import_module("agents")  # the script beside this one
    rows = rows_of(RESULTS / "agents.csv")
    for family, agent in dict.fromkeys((row["family"], row["agent"]) for row in rows):
        names = [agents.FAMILIES[family][2](each)[0] for each in agents.instances(family)]
        mine = [row for row in rows if (row["family"], row["agent"]) == (family, agent)]
        for seeds, there in _by_seeds(mine, "instance").items():
            only = ",".join(str(names.index(name)) for name in dict.fromkeys(row["instance"] for row in there))
            words = ["python", "benchmarks/agents.py", agent, family, "--only", only, "--seeds", ",".join(seeds)]
            words += [*jobs, "--csv", str(out / "agents.csv"), "--out", str(out / "runs")]
            seconds = sum(float(row["train_seconds"]) for row in there)
            yield Step("agents", f"{plural(len(there), 'row')} of agents.csv", words, seconds)


def _defaults_steps(jobs: Sequence[str], out: Path) -> Iterator[Step]:
    """Yield a command for each agent, variant and share of defaults.csv, and each set of seeds of its scenarios."""
    rows = rows_of(RESULTS / "defaults.csv")
    for agent, variant, share in dict.fromkeys((row["agent"], row["variant"], row["share"]) for row in rows):
        mine = [row for row in rows if (row["agent"], row["variant"], row["share"]) == (agent, variant, share)]
        for seeds, there in _by_seeds(mine, "scenario").items():
            names = ",".join(dict.fromkeys(row["scenario"] for row in there))
            words = ["python", "benchmarks/defaults.py", "--agents", agent, "--scenarios", names, "--variants", variant]
            words += ["--share", share, "--seeds", ",".join(seeds), *jobs]
            words += ["--csv", str(out / "defaults.csv"), "--out", str(out / "runs-of-defaults")]
            seconds = sum(float(row["cpu_seconds"]) for row in there)
            yield Step("defaults", f"{plural(len(there), 'row')} of defaults.csv", words, seconds)


def _generalist_steps(jobs: Sequence[str], out: Path) -> Iterator[Step]:
    """Yield a command for each group of generalist.csv; a row has no time, and takes about a quarter of a minute."""
    rows = rows_of(RESULTS / "generalist.csv")
    for group in dict.fromkeys(row["group"] for row in rows):
        mine = [row for row in rows if row["group"] == group]
        only = ",".join(dict.fromkeys(row["instance"] for row in mine))
        words = [
            "python",
            "benchmarks/generalist.py",
            group,
            "--only",
            only,
            *jobs,
            "--csv",
            str(out / "generalist.csv"),
        ]
        yield Step("generalist", f"{plural(len(mine), 'row')} of generalist.csv", words, 15.0 * len(mine))


def _quality_steps(out: Path) -> Iterator[Step]:
    """Yield a command for each scenario and agent of time-to-quality.csv, whose rows are figures of speed."""
    rows = rows_of(RESULTS / "time-to-quality.csv")
    for scenario, agent in dict.fromkeys((row["scenario"], row["agent"]) for row in rows):
        mine = [row for row in rows if (row["scenario"], row["agent"]) == (scenario, agent)]
        last = {(row["system"], row["seed"]): float(row["cpu_seconds"]) for row in mine}
        words = ["python", "benchmarks/time_to_quality.py", "--scenario", scenario, "--agent", agent]
        words += ["--systems", ",".join(dict.fromkeys(row["system"] for row in mine))]
        words += ["--seeds", ",".join(dict.fromkeys(row["seed"] for row in mine))]
        words += ["--seconds", f"{max(last.values()):.0f}", "--csv", str(out / "time-to-quality.csv")]
        makes = f"{plural(len(mine), 'row')} of time-to-quality.csv"
        yield Step("time-to-quality", makes, words, sum(last.values()), parallel=False)


def _by_seeds(rows: Sequence[dict[str, str]], what: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Return rows by the seeds that there are of what they are of."""
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for name in dict.fromkeys(row[what] for row in rows):
        mine = [row for row in rows if row[what] == name]
        found.setdefault(tuple(row["seed"] for row in mine), []).extend(mine)
    return found


def listing(found: Sequence[Step], cores: int) -> str:
    """Return what there is, how long each takes, and the commands."""
    lines = [f"On {plural(cores, 'core')}, about {sum(each.hours(cores) for each in found):.1f} hours:"]
    for each in found:
        lines += [f"  {each.name}: {each.makes}, {_time(each.hours(cores))}", f"    {shlex.join(each.words)}"]
    return "\n".join(lines)


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"


def compared(name: str, ours: Path, theirs: Path = RESULTS) -> tuple[int, int, list[str]]:
    """Return how many rows of a file are the same to the last digit, how many agree, and in words those that do not."""
    key, same, agree, apart = KEYS[name], 0, 0, []
    known = {tuple(row[each] for each in key.names): row for row in rows_of(theirs / f"{name}.csv")}
    for row in rows_of(ours / f"{name}.csv"):
        place = tuple(row[each] for each in key.names)
        other = known.get(place)
        if other is None:
            apart.append(f"{name} {', '.join(place)}: is not among the committed rows")
        elif row[key.figure] == other[key.figure]:
            same += 1
        elif _meet(_interval(row, key), _interval(other, key)):
            agree += 1
        else:
            apart.append(f"{name} {', '.join(place)}: {key.figure} is {row[key.figure]}, and {other[key.figure]} there")
    return same, agree, apart


def _interval(row: dict[str, str], key: Key) -> tuple[float, float]:
    figure = float(row[key.figure])
    half = 1.96 * float(row[key.error]) if key.error else 0.0
    low, high = (float(row[key.low]), float(row[key.high])) if key.low else (figure - half, figure + half)
    if not (isfinite(low) and isfinite(high)) or low == high:
        low, high = figure - THRESHOLD * abs(figure), figure + THRESHOLD * abs(figure)
    return low, high


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1])


def main() -> int:
    """List the steps, or take them and compare; return 1 where something is not as committed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    parser.add_argument("--only", action="append", help="a step by its name, such as ppo; may be repeated")
    parser.add_argument("--cores", type=int, default=threads(), help="how many processes (default: all cores)")
    parser.add_argument("--out", type=Path, default=AGAIN, help="where the new ones go")
    given = parser.parse_args()
    found = steps(given.cores, given.out)
    if unknown := sorted(set(given.only or ()) - {each.name for each in found}):
        parser.error(f"--only: must be one of {', '.join(dict.fromkeys(s.name for s in found))}, got {unknown[0]}")
    found = [each for each in found if not given.only or each.name in given.only]
    print(listing(found, given.cores), flush=True)
    if given.list:
        return 0
    failed = []
    for each in found:
        print(f"\n{shlex.join(each.words)}", flush=True)
        program = {"python": [sys.executable], "jit-gym": [sys.executable, "-m", "jit_gym"]}[each.words[0]]
        if subprocess.run([*program, *each.words[1:]], cwd=ROOT, check=False).returncode:
            failed.append(each.name)
    for name in dict.fromkeys(each.name for each in found if each.name in KEYS):
        same, agree, apart = compared(name, ROOT / given.out)
        print(f"{name}: {same} the same, {agree} agree, {len(apart)} do not", *apart, sep="\n  ")
        failed += [name] if apart else []
    if failed:
        print(f"not as committed: {', '.join(dict.fromkeys(failed))}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
