"""Define a suite: instances with tags and regimes, the policies that play them, and what each of these may spend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from ..common.shipped import configs
from ..common.text import nearest, quoted
from ..scenario import Scenario, ScenarioError, reading, yaml12
from ..scenario.errors import at, sentence
from ..scenario.load import variant
from ..scenario.part import Part, Text
from ..scenario.values import Name
from .rows import REFERENCE, REGIMES, Kind

TAGS = (
    "lead-time", "lost-sales", "backlog", "two-suppliers", "perishable", "network", "assembly", "disruption", "hidden",
    "forecast", "industry", "family",
)  # fmt: skip
"""What an instance can be about."""
RegimeName = Literal["calm", "stressed", "held-out"]
Tag = Literal[TAGS]  # type: ignore[valid-type]
LEAST_SEED = 5_000_000_000
"""The least seed of paths that judge: tuning and training have smaller ones."""


class Regime(Part):
    """How the world of an instance is in a regime: as the instance says, but for what stands here."""

    title: Text = ""
    """What is different, in words."""
    scenario: Text | None = None
    """Another scenario in place of the instance's."""
    set: dict[str, Any] = {}
    """Keys of the scenario and their values, as `jit_gym.load` takes them, on top of the instance's."""


class Instance(Part):
    """One world, in three regimes, and who plays it."""

    title: Text
    """One line: what it is, and what is hard about it."""
    scenario: Text
    """The name of a scenario that is shipped."""
    set: dict[str, Any] = {}
    """Keys of the scenario and their values, as `jit_gym.load` takes them."""
    tags: tuple[Tag, ...] = Field(min_length=1)
    """What it is about."""
    learns_on: Literal["calm", "stressed"] = "calm"
    """The regime in which rules are tuned and agents trained; nothing learns on `held-out`."""
    regimes: dict[RegimeName, Regime]
    """The three regimes."""
    group: Name
    """Which group of policies plays it."""
    bound: bool = True
    """Whether a bound is looked for in regimes that cannot be solved; one of a large world takes minutes a path."""
    agents: dict[Name, dict[str, Any]] = {}
    """Settings of agents on this instance, on top of those of the suite."""

    @model_validator(mode="after")
    def _has_all_regimes(self) -> Self:
        if missing := [name for name in REGIMES if name not in self.regimes]:
            raise ValueError(f"regimes: must have {', '.join(REGIMES)}, {missing[0]} is missing")
        return self

    def world(self, regime: str) -> Scenario:
        """Return the scenario of a regime."""
        how = self.regimes[regime]  # type: ignore[index]
        return variant(_shipped(how.scenario or self.scenario), {**self.set, **how.set})


def _shipped(name: str) -> Any:
    """Return the name of a scenario, so that a file of the same name in the working folder is not taken for it."""
    if name.endswith((".yaml", ".yml")):
        raise ScenarioError(f"scenario: must be the name of a shipped one, got {quoted(name)}")
    return name


class Entry(Part):
    """A policy of the suite: one that plays as it is, a rule that is tuned, or an agent that is trained."""

    plays: Text | None = None
    """A policy as `jit_gym.policy` takes it, which learns nothing here: a rule by formula, `agent:NAME`."""
    tunes: Text | None = None
    """A rule whose parameters are looked for with the suite's budget."""
    trains: Name | None = None
    """An agent's program."""
    kind: Kind | None = None
    """What it counts as, where that is not said by the key above."""
    settings: dict[str, Any] = {}
    """Of the training, on top of the agent's own for the scenario: its budget."""

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Self:
        given = [key for key in ("plays", "tunes", "trains") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of 'plays', 'tunes' and 'trains', got {' and '.join(given) or 'none'}")
        if self.settings and self.trains is None:
            raise ValueError("settings: are those of a training (add trains)")
        return self

    @property
    def is_told(self) -> bool:
        """Tell whether it reads the numbers of each world that it plays: a formula's parameters, an agent's inputs.

        What is tuned or trained has learned those of one regime, and is not told that another one has others.
        """
        return self.plays is not None and self.kind != "reference" and "(" not in self.plays

    @property
    def is_kind(self) -> Kind:
        """Return what it counts as."""
        if self.kind is not None:
            return self.kind
        agent = self.trains is not None or (self.plays or "").startswith("agent:")
        return "agent" if agent else "tuned rule" if self.tunes else "rule"


class Judging(Part):
    """The paths that judge."""

    paths: Annotated[int, Field(ge=2)]
    """How many, the same for all policies."""
    reference_paths: Annotated[int, Field(ge=2)]
    """On how many of them at most a bound is computed."""
    seeds: dict[RegimeName, Annotated[int, Field(ge=LEAST_SEED)]]
    """The seed of each regime."""

    @model_validator(mode="after")
    def _has_a_seed_for_each(self) -> Self:
        if set(self.seeds) != set(REGIMES) or len(set(self.seeds.values())) != len(REGIMES):
            raise ValueError(f"seeds: must have another one for each of {', '.join(REGIMES)}")
        return self


class Learning(Part):
    """What may be spent to tune a rule, and to evaluate an agent while it is trained."""

    tuning: Annotated[int, Field(ge=1)]
    """Periods that may be played to tune a rule."""
    tuning_seed: Annotated[int, Field(ge=0, lt=LEAST_SEED)]
    """The seed of the paths that rules are tuned on, less the seed of the row."""
    validation: Annotated[int, Field(ge=2)]
    """The paths on which the best of an agent's networks is chosen."""


class Tier(Part):
    """A part of the suite that is played in a stated time."""

    title: Text
    """How long it takes, and what it is for."""
    instances: tuple[Text, ...] | Literal["all"]
    """Which instances."""
    trained: tuple[Text, ...] | Literal["all"] = ()
    """On which of them agents are trained."""
    seeds: Annotated[int, Field(ge=0)] = 0
    """With how many seeds each, from 0 up."""


class Run(NamedTuple):
    """A policy that plays an instance, having learned with a seed."""

    instance: str
    policy: str
    seed: int


class Suite(Part):
    """Instances, policies, budgets and tiers."""

    name: Name
    """With its version, which is another one where anything that changes a result does."""
    title: Text
    """One line."""
    judging: Judging
    """The paths that judge."""
    learning: Learning
    """What may be spent."""
    low: Name = "lot-for-lot"
    """The policy that is the reference low."""
    policies: dict[Name, Entry]
    """By their names in the results."""
    shipped: dict[Name, dict[Name, dict[str, Any]]] = {}
    """Settings of agents by scenario, and for all as `default`, where those that are shipped today are others."""
    groups: dict[Name, tuple[Name, ...]]
    """Which policies play a kind of world: those that it refuses are not in it."""
    tiers: dict[Name, Tier]
    """The parts that are played."""
    instances: dict[str, Instance]
    """By their names, `suite/instance`."""

    @model_validator(mode="after")
    def _knows_its_names(self) -> Self:
        if REFERENCE in self.policies:
            raise ValueError(f"policies.{REFERENCE}: is the name of what they are compared with (choose another)")
        _known("low", self.low, self.policies)
        if self.policies[self.low].plays is None:
            raise ValueError(f"low: must be a policy that plays as it is, got {quoted(self.low)}")
        for name, group in self.groups.items():
            for policy in group:
                _known(f"groups.{name}", policy, self.policies)
            if self.low not in group:
                raise ValueError(f"groups.{name}: must have {self.low}, the reference low")
            if not any(self.policies[policy].tunes for policy in group):
                raise ValueError(f"groups.{name}: must have a rule that is tuned, which agents are compared with")
        for name, instance in self.instances.items():
            if len(name.split("/")) != 2 or not all(part.replace("-", "").isalnum() for part in name.split("/")):
                raise ValueError(f"instances.{name}: must be a name such as lost-sales/zipkin-p4-l4")
            _known(f"instances.{name}.group", instance.group, self.groups)
            for agent in instance.agents:
                _known(f"instances.{name}.agents", agent, self.policies)
        for name, tier in self.tiers.items():
            for each in (*self._of(tier.instances), *self._of(tier.trained)):
                _known(f"tiers.{name}", each, self.instances)
        return self

    def _of(self, instances: tuple[str, ...] | Literal["all"]) -> tuple[str, ...]:
        return tuple(self.instances) if instances == "all" else instances

    @property
    def tags(self) -> dict[str, list[str]]:
        """Return the names of the instances with each tag."""
        return {tag: [name for name, each in self.instances.items() if tag in each.tags] for tag in TAGS}

    def tiers_of(self, instance: str) -> list[str]:
        """Return the names of the tiers that an instance is in."""
        return [name for name, tier in self.tiers.items() if instance in self._of(tier.instances)]

    def policies_of(self, instance: str) -> dict[str, Entry]:
        """Return the policies that play an instance, by name, in the order of its group."""
        return {name: self.policies[name] for name in self.groups[self.instances[instance].group]}

    def usual(self, agent: str, scenario: str) -> dict[str, Any]:
        """Return the settings of an agent for a scenario, on top of which are those of the suite."""
        from ..agents import chosen, tuned

        return chosen(self.shipped[agent], scenario) if agent in self.shipped else tuned(agent, scenario)

    def tuned_rules(self, instance: str) -> list[str]:
        """Return the rules that are tuned on an instance."""
        return [name for name, entry in self.policies_of(instance).items() if entry.tunes is not None]

    def seeds_of(self, tier: str, instance: str, policy: str) -> range:
        """Return the seeds with which a policy learns on an instance in a tier."""
        entry = self.policies.get(policy)
        if entry is None or entry.trains is None:
            return range(1)
        about = self.tiers[tier]
        return range(about.seeds if instance in self._of(about.trained) else 0)

    def runs(self, tier: str, only: str | None = None) -> list[Run]:
        """Return what there is to run in a tier: each policy, instance and seed; with `only`, of that alone.

        Args:
            tier: one of the suite's.
            only: a tag, an instance or a policy; several with commas between them, all of which must be so.

        Raises:
            ScenarioError: for a tier or a name that the suite does not have.
        """
        _known_tier(tier, self.tiers)
        return self.chosen(
            [
                Run(instance, policy, seed)
                for instance in self._of(self.tiers[tier].instances)
                for policy in self.policies_of(instance)
                for seed in self.seeds_of(tier, instance, policy)
            ],
            tier,
            only,
        )

    def chosen(self, runs: Iterable[Run], tier: str | None, only: str | None) -> list[Run]:
        """Return those of some runs that are in a tier, None for any, and of what `only` says (see `runs`).

        Policies from elsewhere count as such that learn with one seed.
        """
        runs = list(runs)
        asked = [part.strip() for part in only.split(",")] if only else []
        known = {*TAGS, *self.instances, *self.policies, *(run.policy for run in runs)}
        for each in asked:
            if each not in known:
                hint = nearest(each, known) or f" (a tag, such as {TAGS[0]}, an instance or a policy)"
                raise ScenarioError(f"only: {self.name} has no {quoted(each)}{hint}")
        if tier is not None:
            _known_tier(tier, self.tiers)
            within = set(self._of(self.tiers[tier].instances))
            runs = [run for run in runs if run.instance in within and run.seed in self.seeds_of(tier, *run[:2])]
        return [run for run in runs if all(self._is(run, each) for each in asked)]

    def judged_on(self, seed: int) -> Suite:
        """Return the suite with other paths that judge: of this seed and the next ones, one for each regime.

        Raises:
            ScenarioError: for a seed of paths that are for learning, or that judge in this suite.
        """
        seeds = {regime: seed + k for k, regime in enumerate(REGIMES)}
        if seed < LEAST_SEED:
            raise ScenarioError(f"seed: must be {LEAST_SEED:,} or more, as smaller ones are for learning, got {seed:,}")
        if set(seeds.values()) & set(self.judging.seeds.values()):
            raise ScenarioError(f"seed: its paths must not be those that judge in {self.name}, got {seed:,}")
        return self.model_copy(update={"judging": self.judging.model_copy(update={"seeds": seeds})})

    def _is(self, run: Run, what: str) -> bool:
        return what in (run.instance, run.policy) or what in self.instances[run.instance].tags


def _known_tier(name: str, tiers: Mapping[str, Tier]) -> None:
    if name not in tiers:
        raise ScenarioError(f"tier: must be one of {', '.join(tiers)}, got {quoted(name)}")


def _known(place: str, name: str, names: Mapping[str, Any]) -> None:
    if name not in names:
        raise ValueError(f"{place}: unknown {quoted(name)}{nearest(name, names)}")


def shipped_suites() -> list[str]:
    """Return the names of the suites that are shipped."""
    folder = configs() / "benchmarks"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def suite(which: str | Path | Mapping[str, Any] | Suite) -> Suite:
    """Return the suite with this name, in this YAML file or mapping, or this one itself.

    Raises:
        ScenarioError: in one line, for what is missing, is not YAML, or makes no sense as a suite. Its worlds are
            loaded when they are played.
    """
    if isinstance(which, Suite):
        return which
    if isinstance(which, Mapping):
        return _checked(which)
    path = Path(which)
    if not (isinstance(which, Path) or which.endswith((".yaml", ".yml"))):
        if which not in (known := shipped_suites()):
            hint = nearest(which, known) or f" (shipped are {', '.join(known)}; a path must end in .yaml)"
            raise ScenarioError(f"unknown suite {which!r}{hint}")
        path = Path(str(configs() / "benchmarks" / f"{which}.yaml"))
    with at(path.name):
        raw = yaml12.parse(reading.text(reading.read(path, reading.YAML)))
        if not isinstance(raw, dict):
            raise ScenarioError(f"must be a mapping, got {quoted(raw)}")
        return _checked({"name": path.stem, **raw})


def _checked(raw: Mapping[str, Any]) -> Suite:
    try:
        return Suite.model_validate(dict(raw))
    except ValidationError as error:
        raise ScenarioError(sentence(error)) from None
