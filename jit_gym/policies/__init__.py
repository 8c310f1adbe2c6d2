"""What do people do today? The rules, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..common.plugins import load_plugins, register
from ..common.text import nearest
from ..envs.episodes import episodes_of
from ..scenario import Scenario
from .adaptive import Adaptive, MovingAverage
from .base import Parameter, Policy, PolicyError, Rule, StatefulRule, parameters_in
from .base_stock import BaseStock, JustInCase, QuotedLeadTime, SafetyLeadTime, SafetyStock
from .disruption import Acceptance, Mitigation, Rerouting, StateDependent, StockUpOnWarning
from .dual_sourcing import CappedDualIndex, DualIndex, OrderSplitting, QuickResponse, SingleIndex, TailoredBaseSurge
from .external import External, external_policy, is_external, is_model
from .generalist import Generalist, agent_named
from .hybrid import Emergency, Hybrid, HybridByRisk, HybridByValue
from .just_in_time import Constant, Conwip, DemandFlow, Heijunka, JustInTime, Kanban, ShortCycle, Synchronised
from .lost_sales import CappedBaseStock, Myopic, MyopicTwo, ProjectedInventoryLevel, StandardVector
from .models import agents
from .network import Anchoring, EchelonBaseStock
from .perishable import BaseStockWithWaste
from .reorder_point import FixedLot, ModifiedReorderPoint, ReorderPoint, ReviewedReorderPoint
from .trained import Network
from .wrappers import ActionMeaning, VectorActionMeaning

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        JustInTime,
        Kanban,
        Conwip,
        Constant,
        Heijunka,
        DemandFlow,
        ShortCycle,
        Synchronised,
        BaseStock,
        SafetyStock,
        JustInCase,
        SafetyLeadTime,
        QuotedLeadTime,
        ReorderPoint,
        FixedLot,
        ReviewedReorderPoint,
        ModifiedReorderPoint,
        Hybrid,
        HybridByValue,
        HybridByRisk,
        Emergency,
        CappedBaseStock,
        Myopic,
        MyopicTwo,
        StandardVector,
        ProjectedInventoryLevel,
        SingleIndex,
        DualIndex,
        CappedDualIndex,
        TailoredBaseSurge,
        QuickResponse,
        OrderSplitting,
        BaseStockWithWaste,
        EchelonBaseStock,
        Anchoring,
        Acceptance,
        Mitigation,
        StockUpOnWarning,
        StateDependent,
        Rerouting,
        Adaptive,
        MovingAverage,
    )
}

__all__ = [
    "RULES",
    "ActionMeaning",
    "External",
    "Generalist",
    "Network",
    "Parameter",
    "Policy",
    "PolicyError",
    "Rule",
    "StatefulRule",
    "VectorActionMeaning",
    "agents",
    "external_policy",
    "policy",
    "rule",
    *sorted(rule.__name__ for rule in RULES.values()),
]


def rule(made: type[Rule]) -> type[Rule]:
    """Make a class a rule that can be named like any other, in `compare`, `tune` and on the command line; a decorator.

    Its `name` is what it is called. Where it is no dataclass yet, it becomes one: its fields are the parameters.

    >>> @rule
    ... class HalfTheGap(Rule):
    ...     \"\"\"Order half of what is missing to `level` units of inventory position.\"\"\"
    ...     name = "half-the-gap"
    ...     level: Parameter = None
    ...     def formulas(self, plan):
    ...         return {"level": plan.level(plan.critical_ratio)}
    ...     def quantities(self, view):
    ...         return (self.level - view.inventory_position) / 2
    >>> str(parse("half-the-gap(level=30)"))
    'half-the-gap(level=30)'

    Raises:
        BadInput: for what is no rule, has no name, or one that is taken.
    """
    if not (isinstance(made, type) and issubclass(made, Rule)):
        raise PolicyError(f"rule: must decorate a class that extends jit_gym.Rule, got {made!r}")
    if "__dataclass_params__" not in vars(made):
        made = dataclass(eq=False)(made)
    register(RULES, "rule", getattr(made, "name", None), made)
    return made


def policy(what: Any, scenario: Any) -> Any:
    """Return a policy fitted to a scenario, or to an env, whose observations its `predict` reads from then on.

    Args:
        what: a name (`"kanban"`), a name with parameters (`"base-stock(level=25)"`, `"kanban(cards={valve: 8})"`), a
            trained agent (`"agent:dcl"`, shipped for the scenario, `"agent:generalist"`, for any single stock, or
            `"agent:runs/mine/model.safetensors"`), a policy, or any function of a `View` that returns orders in units
            (paths, lanes); what `external_policy` takes, too.
        scenario: the scenario to play, or the env: single, batch, or a Stable-Baselines3 VecEnv.

    Raises:
        PolicyError: for an unknown name or parameter, or a rule that does not fit the scenario.
        BadInput: for what is no env, or is wrapped in what changes its observations or actions.
    """
    if not isinstance(scenario, Scenario):
        episodes = episodes_of(scenario)
        player = policy(what, episodes.scenario)
        if isinstance(player, Policy):
            player.env_codec = episodes.codec
        return player
    if isinstance(what, str):
        agent = re.fullmatch(r"\s*agent:(.+?)\s*", what, re.DOTALL)
        what = agent_named(agent[1], scenario) if agent else named(what)
    if is_model(what):
        what = external_policy(what)
    if isinstance(what, type) and issubclass(what, Policy):
        what = what()
    if isinstance(what, Policy):
        return what.fit(scenario)
    if callable(what):
        return what
    raise PolicyError(f"a policy must be a name, a policy or a function, got {what!r}")


def named(text: str) -> Any:
    """Return the rule, or the policy from elsewhere, that a text names."""
    return external_policy(text) if is_external(text) else parse(text)


def parse(text: str) -> Rule:
    """Return the rule that a text such as `base-stock(level=25)` names."""
    match = re.fullmatch(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if match is None:
        raise PolicyError(f"cannot read the policy {text!r} (write it like base-stock(level=25))")
    name, inside = match.groups()
    if name not in RULES:
        load_plugins()
    if name not in RULES:
        hint = nearest(name, RULES) or f" (known: {', '.join(RULES)})"
        raise PolicyError(f"unknown policy {name!r}{hint}")
    parameters = parameters_in(inside or "", name, text)
    known = RULES[name].names()
    for key in parameters:
        if key not in known:
            hint = nearest(str(key), known) or f" (it has {', '.join(known)})"
            raise PolicyError(f"{name}: unknown parameter {key!r}{hint}")
        if parameters[key] is None:
            raise PolicyError(f"{name}: {key} has no value (write {name}({key}=25), or leave it out)")
    return RULES[name](**parameters)
