"""Who learns? One readable program an agent, and the models that are shipped."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jit_gym.common.checks import one_line
from jit_gym.common.plugins import load_plugins, register
from jit_gym.common.text import nearest
from jit_gym.scenario import BadInput
from jit_gym.scenario.yaml12 import parse

if TYPE_CHECKING:
    from .learner import Learner

PROGRAMS: dict[str, str | type[Learner]] = {
    "dcl": "jit_gym.agents.dcl:DCL",
    "hindsight": "jit_gym.agents.hindsight:Hindsight",
    "imitate": "jit_gym.agents.imitate:Imitate",
    "ppo": "jit_gym.agents.ppo:PPO",
    "ppo-lstm": "jit_gym.agents.ppo_lstm:PPOLSTM",
    "dqn": "jit_gym.agents.dqn:DQN",
    "sac": "jit_gym.agents.sac:SAC",
    "td3": "jit_gym.agents.td3:TD3",
}
"""Each agent's class, or its module and class, imported when asked for: torch takes seconds to import."""


def register_agent(name: str, program: str | type[Learner]) -> None:
    """Make a program an agent that `jit-gym train --agent NAME` trains.

    Args:
        name: what the agent is called; the class must have it as its `name`.
        program: a class that extends `jit_gym.agents.learner.Learner`, or its place, `"package.module:Class"`, which
            is imported when the agent is asked for.

    Raises:
        BadInput: for what is neither, or a name that cannot be typed, or is taken.
    """
    if isinstance(program, str):
        if not re.fullmatch(r"\w+(\.\w+)*:\w+", program):
            raise BadInput(f"agent: a place must be like 'package.module:Class', got {program!r}")
    else:
        _checked(name, program)
    register(PROGRAMS, "agent", name, program)


def program(agent: str) -> type[Learner]:
    """Return the program of an agent.

    Raises:
        BadInput: for an unknown agent, or one whose program cannot be imported.
    """
    if agent not in PROGRAMS:
        load_plugins()
    if agent not in PROGRAMS:
        hint = nearest(agent, PROGRAMS) or f" (known: {', '.join(PROGRAMS)})"
        raise BadInput(f"--agent: unknown agent {agent!r}{hint}")
    place = PROGRAMS[agent]
    if not isinstance(place, str):
        return place
    module, _, name = place.partition(":")
    try:
        return _checked(agent, getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        if module.startswith(f"{__name__}.") and isinstance(error, ModuleNotFoundError):
            raise BadInput(f"--agent: {agent} needs {error.name} (pip install 'jit-gym[train]')") from None
        raise BadInput(f"--agent: {agent} ({place}) cannot be loaded: {one_line(error)}") from error


def known() -> list[str]:
    """Return the names of all agents that can be trained, those of other packages included."""
    load_plugins()
    return list(PROGRAMS)


def _checked(agent: str, found: Any) -> type[Learner]:
    """Return an agent's class, or raise a BadInput for what is no class of an agent of this name."""
    from .learner import Learner

    if not (isinstance(found, type) and issubclass(found, Learner)):
        raise BadInput(f"agent: {agent} must be a class that extends jit_gym.agents.learner.Learner, got {found!r}")
    if getattr(found, "name", None) != agent:
        raise BadInput(
            f"agent: {agent} must be the name of {found.__name__}, which is {getattr(found, 'name', None)!r}"
        )
    return found


def tuned(agent: str, scenario: str) -> dict[str, Any]:
    """Return an agent's settings for a scenario: those under `default` and under its name in `settings/AGENT.yaml`.

    An agent of another package has its defaults only.
    """
    file = files(__package__) / "settings" / f"{agent}.yaml"
    if not file.is_file():
        return {}
    return chosen(parse(file.read_text(encoding="utf-8")), scenario)


def chosen(layers: Any, scenario: str) -> dict[str, Any]:
    """Return the settings for a scenario, of those under `default` and under the names of scenarios."""
    return {**(layers.get("default") or {}), **(layers.get(scenario) or {})}
