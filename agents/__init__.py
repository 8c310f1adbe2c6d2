"""Who learns? One readable program an agent, and the models that are shipped."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jit_gym.common.text import nearest
from jit_gym.scenario import BadInput
from jit_gym.scenario.yaml12 import parse

if TYPE_CHECKING:
    from .learner import Learner

PROGRAMS = {
    "dcl": "dcl.DCL",
    "hindsight": "hindsight.Hindsight",
    "imitate": "imitate.Imitate",
    "ppo": "ppo.PPO",
    "ppo-lstm": "ppo_lstm.PPOLSTM",
    "dqn": "dqn.DQN",
    "sac": "sac.SAC",
    "td3": "td3.TD3",
}
"""Each agent's module and class; imported when asked for, because torch is slow to import."""


def program(agent: str) -> type[Learner]:
    """Return the program of an agent."""
    if agent not in PROGRAMS:
        hint = nearest(agent, PROGRAMS) or f" (known: {', '.join(PROGRAMS)})"
        raise BadInput(f"--agent: unknown agent {agent!r}{hint}")
    module, _, name = PROGRAMS[agent].partition(".")
    try:
        found: type[Learner] = getattr(import_module(f".{module}", __package__), name)
    except ModuleNotFoundError as error:
        raise BadInput(f"--agent: {agent} needs {error.name} (pip install 'jit-gym[train]')") from None
    return found


def tuned(agent: str, scenario: str) -> dict[str, Any]:
    """Return an agent's settings for a scenario: those under `default` and under its name in `settings/AGENT.yaml`."""
    file = files(__package__) / "settings" / f"{agent}.yaml"
    if not file.is_file():
        return {}
    layers: Any = parse(file.read_text(encoding="utf-8"))
    return {**(layers.get("default") or {}), **(layers.get(scenario) or {})}
