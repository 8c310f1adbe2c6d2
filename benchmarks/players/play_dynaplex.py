"""DynaPlex: its model of lost sales, played by base-stock, as a vector env, solved exactly, and learned by DCL."""

import tempfile
from itertools import count

import numpy as np
from dynaplex import DCL, DiscreteDist, ExactSolver, PolicyComparer
from dynaplex.gym import VectorEnv
from dynaplex.models.lost_sales import BaseStockPolicy, LostSalesFeaturizer, LostSalesMDP
from turns import Round, serve

PATHS, PERIODS, WARMUP, ROWS, STEPS = 4096, 1000, 100, 4096, 200
PENALTIES = 4, 9, 19, 39


def shop(penalty: float = 19, limit: bool = False) -> LostSalesMDP:
    """Return the shop of Zipkin (2008): lead time 4, Poisson demand of 5.

    Orders are limited by what is ever worth holding, or with `limit` by what one period needs, as is its default.
    Base-stock orders more than that at times.
    """
    return LostSalesMDP(penalty, 1, 4, DiscreteDist.poisson(5), bound_order_size_to_max_system_inv=not limit)


def rule(workers: int) -> Round:
    """Return what plays base-stock of 31 on so many cores; a sample is the mean cost of a period of one path."""
    mdp = shop()
    settings = {"number_of_trajectories": PATHS, "horizon": PERIODS, "warmup_time": WARMUP, "workers": workers}
    comparer, policy = PolicyComparer(mdp, **settings, seed=1, checks=False), BaseStockPolicy(mdp, 31)
    seeds = count(1)

    def play():
        comparer.seed = next(seeds)  # another one each round, as an engine is compiled for each comparer
        return PATHS * (PERIODS + WARMUP), comparer.assess(policy).returns

    return play


def envs() -> Round:
    """Return what orders 3 units in each step of a vector env; a sample is the mean reward of a step of one row."""
    venv = VectorEnv(
        shop(), features=LostSalesFeaturizer, num_envs=ROWS, max_episode_steps=STEPS, workers=1, checks=False
    )
    actions = np.full(ROWS, 3, np.int64)
    venv.reset(seed=1)

    def play():
        earned = np.zeros(ROWS)
        for _ in range(STEPS):
            earned += venv.step(actions)[1]
        return ROWS * STEPS, earned / STEPS

    return play


def exact() -> Round:
    """Return what solves the four instances; the sample is the mean of their optimal costs."""
    return lambda: (len(PENALTIES), np.mean([ExactSolver(shop(p, limit=True)).solve().cost for p in PENALTIES]))


def learn() -> Round:
    """Return what learns by DCL, by the budget of `play_jit_gym`; a sample is the mean cost of a period of one path."""

    mdp = shop(limit=True)
    judge = PolicyComparer(
        mdp, number_of_trajectories=2048, horizon=2000, warmup_time=WARMUP, seed=3, workers=1, checks=False
    )

    def play():
        with tempfile.TemporaryDirectory() as folder:
            dcl = DCL(
                mdp, BaseStockPolicy(mdp, 31), features=LostSalesFeaturizer, n=1000, m=256, h=40, seed=1, machine=None,
                workdir=folder, verbose=False, checks=False,
            )  # fmt: skip
            dcl.run(generations=1)
            agent = dcl.agent(1)
        return 1000, lambda: judge.assess(agent).returns

    return play


serve(
    "dynaplex",
    {
        "lost-sales": lambda: rule(1),
        "lost-sales-two-cores": lambda: rule(2),
        "lost-sales-envs": envs,
        "lost-sales-exact": exact,
        "lost-sales-dcl": learn,
    },
)
