"""Write the tables of docs/environments.md: what each id shows and takes, and what it costs to play it.

    python benchmarks/environments.py            # minutes

All scores of a world are costs a period, less revenue, on the same paths: those of random actions, of the action 0, of
base-stock by formula, and of the best agent that is shipped. PPO's are those of results/ppo.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import jit_gym
from jit_gym.agents.learner import TEST
from jit_gym.common import files
from jit_gym.envs import Env
from jit_gym.policies import agents
from jit_gym.scenario import industry_names

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "environments.md"
PATHS = 512
IDS = "| id | observed | lanes | periods | ends | a reward of 1 is |", "| --- | --- | --- | --- | --- | --- |"
SCORES = (
    "| id | random actions | action 0 | base-stock | PPO | best shipped agent |",
    "| --- | --- | --- | --- | --- | --- |",
)


def ids() -> dict[str, str]:
    """Return the scenario of each id that has one."""
    specs = {name: spec for name, spec in gym.registry.items() if name.startswith("jit_gym/")}
    known = {*jit_gym.names(), *industry_names()}
    return {name: of for name, spec in sorted(specs.items()) if (of := spec.kwargs.get("scenario")) in known}


def shape_of(name: str, env: Env) -> str:
    """Return an id's line in the table of what it shows and takes."""
    seen, acted, horizon = env.observation_space.shape, env.action_space.shape, env.scenario.horizon
    assert seen is not None
    assert acted is not None
    ends = "yes" if horizon.ends else "no"
    return f"| `{name}` | {seen[0]} | {acted[0]} | {horizon.periods} | {ends} | {env.reward_unit:,g} |"


def scores(scenario: str, env: Env) -> list[str]:
    """Return what it costs to play at random, to order what is used, and to play as a rule and as agents do."""
    random = np.random.default_rng(0)

    def play(act: Callable[[tuple[int, int]], np.ndarray]) -> Callable[[Any], np.ndarray]:
        return lambda view: env.orders(act((len(view.on_hand), len(env.scenario.lanes))))

    def cost(player: Any) -> float:
        return -jit_gym.evaluate(player, scenario, paths=PATHS, seed=TEST).mean("profit")

    with (ROOT / "results" / "ppo.csv").open(encoding="utf-8") as file:
        learnt = [float(row["cost"]) for row in csv.DictReader(file) if row["scenario"] == scenario]
    best = min((cost(agent) for agent in agents(env.scenario)), default=None)
    found = [cost(play(lambda shape: random.uniform(-1, 1, shape))), cost(play(np.zeros)), cost("base-stock")]
    return [
        f"{value:,.4g}" if value is not None else "" for value in (*found, np.median(learnt) if learnt else None, best)
    ]


def main() -> None:
    """Write the page."""
    shapes, played = [], []
    for name, scenario in ids().items():
        env: Any = gym.make(name).unwrapped
        shapes.append(shape_of(name, env))
        played.append(f"| `{name}` | {' | '.join(scores(scenario, env))} |")
        print(played[-1], flush=True)
    files.fill(PAGE, "ids", "\n".join([*IDS, *shapes]))
    files.fill(PAGE, "scores", "\n".join([*SCORES, *played]))


if __name__ == "__main__":
    main()
