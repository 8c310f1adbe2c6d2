"""Just-in-time inventory control as a reinforcement-learning problem.

`import jit_gym` imports nothing else; each name below is loaded when it is first used, and the envs are registered as
soon as Gymnasium is imported, before or after.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from .common.imports import on_request, once_imported

if TYPE_CHECKING:
    from .common.executor import Executor as Executor
    from .envs import Env as Env
    from .envs import FamilyEnv as FamilyEnv
    from .envs import FamilyVectorEnv as FamilyVectorEnv
    from .envs import OrderUnits as OrderUnits
    from .envs import VectorEnv as VectorEnv
    from .envs import multi as multi
    from .envs import sb3 as sb3
    from .envs import sharing as sharing
    from .evaluation import compare as compare
    from .evaluation import compare_family as compare_family
    from .evaluation import evaluate as evaluate
    from .evaluation import metric as metric
    from .evaluation import policy_map as policy_map
    from .evaluation import record as record
    from .evaluation import stress as stress
    from .evaluation import tune as tune
    from .evaluation import worth as worth
    from .physics import View as View
    from .policies import ActionMeaning as ActionMeaning
    from .policies import Parameter as Parameter
    from .policies import Rule as Rule
    from .policies import StatefulRule as StatefulRule
    from .policies import VectorActionMeaning as VectorActionMeaning
    from .policies import external_policy as external_policy
    from .policies import policy as policy
    from .policies import rule as rule
    from .scenario import Family as Family
    from .scenario import Scenario as Scenario
    from .scenario import ScenarioError as ScenarioError
    from .scenario import family as family
    from .scenario import load as load
    from .scenario import names as names
    from .scenario import register_distribution as register_distribution
    from .scenario import register_scenarios as register_scenarios
    from .scenario import shocks as shocks
    from .theory import Bound as Bound
    from .theory import Optimal as Optimal
    from .theory import clairvoyant as clairvoyant
    from .theory import exact_cost as exact_cost
    from .theory import solve as solve

__version__ = version("jit-gym")

_HOMES = {
    "ActionMeaning": "policies",
    "Bound": "theory",
    "Env": "envs",
    "Executor": "common.executor",
    "Family": "scenario",
    "FamilyEnv": "envs",
    "FamilyVectorEnv": "envs",
    "Optimal": "theory",
    "OrderUnits": "envs",
    "Parameter": "policies",
    "Rule": "policies",
    "Scenario": "scenario",
    "ScenarioError": "scenario",
    "StatefulRule": "policies",
    "VectorActionMeaning": "policies",
    "VectorEnv": "envs",
    "View": "physics",
    "clairvoyant": "theory",
    "compare": "evaluation",
    "compare_family": "evaluation",
    "evaluate": "evaluation",
    "exact_cost": "theory",
    "family": "scenario",
    "load": "scenario",
    "metric": "evaluation",
    "multi": "envs.multi",
    "names": "scenario",
    "policy": "policies",
    "external_policy": "policies",
    "policy_map": "evaluation",
    "record": "evaluation",
    "register_distribution": "scenario",
    "register_scenarios": "scenario",
    "rule": "policies",
    "sb3": "envs.sb3",
    "sharing": "envs.sharing",
    "shocks": "scenario",
    "solve": "theory",
    "stress": "evaluation",
    "tune": "evaluation",
    "worth": "evaluation",
}

__getattr__ = on_request(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])


_VERSIONS = {"aisin-1997": 2}
"""Of scenarios whose rewards, for the same seed, changed more often than those of all."""


def _register() -> None:
    """Register an env for every shipped scenario (`lost-sales`: `jit_gym/LostSales-v1`), industry and family.

    `jit_gym/Scenario-v1` and `jit_gym/Family-v1` take a scenario or family of the user's.
    """
    import gymnasium

    from .common import shipped

    folder = shipped.configs()
    for kind, folders in (("Scenario", (folder, folder / "industries")), ("Family", (folder / "families",))):
        ids: dict[str, str | None] = {f"{kind}-v1": None}
        for name in (name for each in folders for name in shipped.scenario_files(each)):
            title = "".join(part.capitalize() for part in name.split("-"))
            ids[f"{title}-v{_VERSIONS.get(name, 1)}"] = name
        env = {"Scenario": "", "Family": "Family"}[kind]
        for title, which in sorted(ids.items()):
            gymnasium.register(
                id=f"jit_gym/{title}",
                entry_point=f"jit_gym.envs:{env}Env",
                vector_entry_point=f"jit_gym.envs:{env}VectorEnv",
                kwargs={} if which is None else {kind.lower(): which},
            )


once_imported("gymnasium", _register)
