"""Run a suite: what is missing of its rows is computed, and kept as it comes.

First rules are tuned, then references are found, then all policies are judged, agents after they were trained. What was
learned, and the references, are kept in the folder `work` beside the rows, so that a run that was killed goes on. Each
task depends on the suite, its instance and its seed alone, and results are the same whatever runs beside it.
"""

from __future__ import annotations

import json
import math
import re
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..common import files
from ..common.checks import BadInput
from ..common.executor import Executor, Tell
from ..common.provenance import commit, in_words, versions
from ..common.text import plural
from . import curves, rows
from .judge import BestRule, Origin, Reference, alike, best_rule, find_reference, judge, reference_rows
from .learn import Learned, as_it_is, folder_of_training, trained, tuned
from .rows import REFERENCE, REGIMES, WORK
from .suite import Run, Suite

ROOT = Path(__file__).parents[2]
LIBRARIES = ("torch", "stable_baselines3")  # on which what agents learn depends


class Progress(NamedTuple):
    """How far a run is: what was done last, how many tasks of how many are done, and the seconds that are left."""

    what: str
    done: int
    total: int
    left: float


class Clock:
    """Estimates the time left from how long tasks of each kind took."""

    usual = {"tune": 1.0, "refer": 3.0, "judge": 1.0, "train": 40.0}  # seconds, before one was done

    def __init__(self, counts: dict[str, int], workers: int, report: Callable[[Progress], Any]) -> None:
        """Take how many tasks of each kind there are, and how many run at the same time."""
        self.counts, self.workers, self.report = counts, workers, report
        self.done = dict.fromkeys(counts, 0)
        self.seconds = dict.fromkeys(counts, 0.0)

    def tick(self, kind: str, seconds: float, what: str) -> None:
        """Count a task that is done."""
        self.done[kind] += 1
        self.seconds[kind] += seconds
        left = 0.0
        for each, count in self.counts.items():
            known = self.seconds[each] / self.done[each] if self.done[each] else self.usual[each]
            left += known * (count - self.done[each])
        done, total = sum(self.done.values()), sum(self.counts.values())
        self.report(Progress(what, done, total, left / max(1, min(self.workers, total - done))))


class Job(NamedTuple):
    """A task that may run in any process: what is computed, of which run, and all that it needs."""

    kind: str
    suite: Suite
    run: Run
    origin: Origin
    work: Path
    regime: str = ""
    best: BestRule | None = None
    references: tuple[Reference, ...] = ()
    learned: Learned | None = None
    """What was learned already: of rules that are tuned, and of policies from elsewhere."""


class Done(NamedTuple):
    """What came of a job, and the seconds that it took."""

    result: Any
    seconds: float


def do(job: Job, tell: Tell) -> Done:
    """Do a job."""
    began = time.perf_counter()
    return Done(_result(job), time.perf_counter() - began)


def _result(job: Job) -> Any:
    suite, run = job.suite, job.run
    if job.kind == "tune":
        return tuned(suite, run)
    assert job.best is not None
    if job.kind == "refer":
        return find_reference(suite, run.instance, job.regime, job.best)
    if run.policy == REFERENCE:
        return reference_rows(suite, run.instance, job.best, job.references, job.origin)
    learned = job.learned
    if learned is None and job.kind == "train":
        learned = trained(suite, run, job.work, job.origin.command, lambda _: None)
    elif learned is None:
        learned = as_it_is(suite, run)
    return judge(suite, run, learned, job.best, job.references, job.origin)


class Bench:
    """A suite that is run into a folder.

    Args:
        suite: the suite.
        named: how the suite is named in a command.
        tier: one of its tiers.
        only: a tag, an instance or a policy; several with commas, all of which must be so.
        out: the folder of the rows.
        external: policies from elsewhere, as `jit_gym.policy` takes them, by the names of their files.
    """

    def __init__(
        self, suite: Suite, named: str, tier: str, only: str | None, out: Path, external: dict[str, str] | None = None
    ) -> None:
        """Find out what there is to run, and refuse what cannot be.

        Raises:
            BadInput: for a name that the suite does not have, a folder that holds rows of another suite or world, and
                for a checkout with changes whose results would be written into its own results.
        """
        self.suite, self.named, self.tier, self.out = suite, named, tier, out
        self.work, self.external, self.commit = out / WORK, external or {}, str(commit("results"))
        self._fingerprints: dict[tuple[str, str], str] = {}
        for name in self.external:
            if name in {*suite.policies, REFERENCE}:
                raise BadInput(f"policy: {name!r} is a name of the suite's own (name yours otherwise: NAME=POLICY)")
        check_place(out)
        asked = suite.runs(tier, only)
        instances = dict.fromkeys(run.instance for run in asked)
        if not asked:
            raise BadInput(f"only: the tier {tier} has no such runs (jit-gym benchmark {named} --list tells which)")
        if self.external:
            asked = [Run(instance, name, 0) for instance in instances for name in self.external]
        asked += [Run(instance, REFERENCE, 0) for instance in instances]
        self.asked = asked
        self.runs = [run for run in asked if not self._has(run)]
        self.instances = list(dict.fromkeys(run.instance for run in self.runs))

    def _has(self, run: Run) -> bool:
        """Tell whether the rows of a run are there; refuse those of another world, or judged on other paths."""
        known = [row for row in rows.read(rows.file_of(self.out, *run[:2])) if row.seed == run.seed]
        for row in known:
            world, judging = self._fingerprint(run.instance, row.regime), self.suite.judging
            now = self.suite.name, world, judging.paths, judging.seeds[row.regime]  # type: ignore[index]
            if (row.suite, row.fingerprint, row.paths, row.judged_seed) != now:
                place = rows.file_of(self.out, *run[:2])
                raise BadInput(f"{place}: has rows of another world or other paths (choose another --out)")
        return {row.regime for row in known} == set(REGIMES)

    def _fingerprint(self, instance: str, regime: str) -> str:
        """Return the fingerprint of a world, which is loaded once."""
        if (instance, regime) not in self._fingerprints:
            self._fingerprints[instance, regime] = self.suite.instances[instance].world(regime).fingerprint
        return self._fingerprints[instance, regime]

    def play(self, executor: Executor, report: Callable[[Progress], Any] = lambda progress: None) -> int:
        """Compute the rows that are missing, and keep them; return how many runs that were.

        Raises:
            BadInput: where another process writes into the folder, and for a policy that refuses a world.
        """
        if not self.runs:
            return 0
        from filelock import FileLock, Timeout

        self.work.mkdir(parents=True, exist_ok=True)
        files.write(self.work / ".gitignore", "*\n")
        try:
            with FileLock(self.work / ".lock", timeout=0), executor:
                self._play(executor, report)
        except Timeout:
            raise BadInput(f"{self.out}: another process writes here (wait, or choose another --out)") from None
        return len(self.runs)

    def _play(self, executor: Executor, report: Callable[[Progress], Any]) -> None:
        suite = self.suite
        tuning = [self._job("tune", Run(name, rule, 0)) for name in self.instances for rule in suite.tuned_rules(name)]
        new = [job for job in tuning if self._kept(job) is None]
        quick: list[Run] = []
        slow: list[Run] = []
        for run in sorted(
            self.runs, key=lambda run: run.seed
        ):  # what is stopped has all instances with the first seeds
            entry = suite.policies.get(run.policy)
            (quick if entry is None or not entry.trains else slow).append(run)
        referred = len(REGIMES) * len(self.instances)
        counts = {"tune": len(new), "refer": referred, "judge": len(quick), "train": len(slow)}
        clock = Clock(counts, executor.workers or _cores(executor), report)
        self._do(executor, new, clock, self._keep)
        learned = {job.run: Learned(**self._kept(job)) for job in tuning}
        best = {
            name: best_rule(suite, name, {run.policy: each for run, each in learned.items() if run.instance == name})
            for name in self.instances
        }
        referring = [
            self._job("refer", Run(name, REFERENCE, 0), regime=regime, best=best[name])
            for name in self.instances
            for regime in REGIMES
        ]
        new = [job for job in referring if self._kept(job) is None]
        clock.counts["refer"] = len(new)
        self._do(executor, new, clock, self._keep)
        found: dict[str, tuple[Reference, ...]] = {}
        for job in referring:
            kept = self._kept(job)
            reference = Reference(**{**kept, **{name: tuple(kept[name]) for name in ("costs", "rule")}})
            found[job.run.instance] = (*found.get(job.run.instance, ()), reference)
        found = {name: alike(references) for name, references in found.items()}
        for kind, runs in (("judge", quick), ("train", slow)):
            jobs = []
            for run in runs:
                given = {"best": best[run.instance], "references": found[run.instance]}
                jobs.append(self._job(kind, run, learned=self._known(run, learned), **given))
            self._do(executor, jobs, clock, self._add)

    def _add(self, job: Job, made: Sequence[rows.Row]) -> None:
        """Add the rows of a run, and the learning curve of a training before them: they tell that it is done."""
        run = job.run
        if job.kind == "train":
            curves.keep(self.out, run.instance, run.policy, run.seed, folder_of_training(self.work, run))
        rows.add(self.out, made)

    def _known(self, run: Run, learned: dict[Run, Learned]) -> Learned | None:
        """Return what was learned already."""
        external = self.external.get(run.policy)
        if external is not None:
            return Learned(external, external, math.nan, math.nan, math.nan)
        return learned.get(run)

    def _do(self, executor: Executor, jobs: Sequence[Job], clock: Clock, keep: Callable[[Job, Any], Any]) -> None:
        """Do some jobs, and keep what comes of each as it comes."""

        def arrived(place: int, done: Done) -> None:
            job = jobs[place]
            keep(job, done.result)
            what = f"{job.run.instance} {job.regime or job.run.policy}"
            clock.tick(job.kind, done.seconds, what + (f" seed {job.run.seed}" if job.kind == "train" else ""))

        executor.run(do, jobs, arrived=arrived)

    def _job(self, kind: str, run: Run, **more: Any) -> Job:
        line = ["jit-gym", "benchmark", self.named, "--tier", self.tier, "--only"]
        external = self.external.get(run.policy)
        if external is None:
            line += [f"{run.instance},{run.policy}" if run.policy != REFERENCE else run.instance]
        else:
            line += [run.instance, "--policy", f"{run.policy}={external}"]
        origin = Origin(shlex.join(line), _versions(kind == "train"), self.commit)
        return Job(kind, self.suite, run, origin, self.work.resolve(), **more)

    def _keep(self, job: Job, found: Any) -> None:
        """Keep what was learned, or a reference."""
        text = json.dumps({"stamp": self._stamp(job), "found": found._asdict()}, indent=1)
        files.write(_file_of(self.work, job.run, job.regime), text + "\n")

    def _kept(self, job: Job) -> Any:
        """Return what was kept of a job by the same code for the same world; None where nothing was."""
        kept = _read(_file_of(self.work, job.run, job.regime))
        return kept["found"] if kept.get("stamp") == self._stamp(job) else None

    def _stamp(self, job: Job) -> dict[str, Any]:
        """Return all that what is kept of a job depends on."""
        suite, instance = job.suite, job.suite.instances[job.run.instance]
        stamp: dict[str, Any] = {"versions": job.origin.versions, "commit": job.origin.commit}
        if job.kind == "tune":
            world = self._fingerprint(job.run.instance, instance.learns_on)
            asked = suite.policies[job.run.policy].tunes
            return {"world": world, "rule": asked, **suite.learning.model_dump(), **stamp}
        world = self._fingerprint(job.run.instance, job.regime)
        stamp |= {"world": world, "best": list(job.best or ()), "bound": instance.bound}
        stamp["low"] = suite.policies[suite.low].plays
        return {**suite.judging.model_dump(), **stamp}


def _file_of(work: Path, run: Run, regime: str = "") -> Path:
    return work.joinpath(*run.instance.split("/"), f"{'-'.join(filter(None, (run.policy, regime)))}.json")


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of the working folder holds; nothing of one that is not there."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    except FileNotFoundError:
        return {}
    except ValueError:
        raise BadInput(f"{path}: is damaged (remove it, and it is computed again)") from None


def check_place(out: Path) -> None:
    """Refuse to write into the checkout's own results from code that no commit has."""
    if not out.resolve().is_relative_to(ROOT / "results"):
        return
    code = commit("results")
    if code is None or code.endswith("-dirty"):
        raise BadInput(f"{out}: is for results of a commit, and this checkout has changes (commit them, or use --out)")


@cache
def _versions(trains: bool) -> str:
    """Return the versions that rows depend on, those of what trains agents among them or not."""
    return in_words(versions(*(LIBRARIES if trains else ())))


def _cores(executor: Executor) -> int:
    from ..common.threads import threads

    return 1 if executor.on == "here" else threads()


def summary(bench: Bench, computed: int) -> str:
    """Return what a run did, in a sentence."""
    there = len(bench.asked) - len(bench.runs)
    of = f"{plural(len(dict.fromkeys(run.instance for run in bench.asked)), 'instance')}"
    return f"{plural(computed, 'run')} of {of} computed, {there:,} there already, in {bench.out}"


def external_names(given: Iterable[str]) -> dict[str, str]:
    """Return policies from elsewhere by their names: `mine=my_module:function`, or by default `my_module-function`.

    Raises:
        BadInput: for a name that is given twice.
    """
    found: dict[str, str] = {}
    for text in given:
        match = re.fullmatch(r"([A-Za-z0-9][\w-]*)=(.+)", text, re.DOTALL)
        name, what = match.groups() if match else (re.sub(r"[^\w-]+", "-", text.partition("(")[0]).strip("-"), text)
        if name in found:
            raise BadInput(f"policy: {name!r} is given twice (name one otherwise: NAME=POLICY)")
        found[name] = what
    return found
