"""or-gymnasium: the serial line and the network of OR-Gym (Hubbs et al. 2020), with random orders in whole units."""

import numpy as np
from or_gymnasium.envs import InvManagementBacklogEnv, NetInvMgmtBacklogEnv
from turns import Round, serve


def episodes(env, most: int, count: int) -> Round:
    """Return what plays so many episodes of 30 periods; a sample is what one of them earns."""
    lanes, random = env.action_space.shape[0], np.random.default_rng(1)
    env.reset(seed=1)

    def play():
        earned = []
        for _ in range(count):
            env.reset()
            actions = random.integers(0, most, (30, lanes), endpoint=True)
            earned.append(sum(env.step(action)[1] for action in actions))
        return 30 * count, earned

    return play


serve(
    "or-gymnasium",
    {
        "line": lambda: episodes(InvManagementBacklogEnv(), 40, 100),
        "network": lambda: episodes(NetInvMgmtBacklogEnv(), 10, 4),
    },
)
