"""gym-invmgmt: its serial line of four stages, with random orders in whole units."""

import gym_invmgmt  # noqa: F401 (registers the env)
import gymnasium as gym
import numpy as np
from turns import Round, serve


def line() -> Round:
    """Return what plays 100 episodes of 30 periods; a sample is what one of them earns."""
    env, random = gym.make("GymInvMgmt/Serial-v0").unwrapped, np.random.default_rng(1)
    env.reset(seed=1)

    def play():
        earned = []
        for _ in range(100):
            env.reset()
            actions = random.integers(0, 40, (30, 3), endpoint=True).astype(float)
            earned.append(sum(env.step(action)[1] for action in actions))
        return 3000, earned

    return play


serve("gym-invmgmt", {"another-line": line})
