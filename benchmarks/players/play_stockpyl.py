"""stockpyl: example 6.1 of Snyder and Shen (2019), with the echelon base-stock levels that come with it."""

from itertools import count

from stockpyl.instances import load_instance
from stockpyl.sim import simulation
from turns import Round, serve

PERIODS = 200


def serial() -> Round:
    """Return what plays 10 paths; a sample is the mean cost of a period of one of them."""
    seeds = count(1)

    def play():
        costs = []
        for _ in range(10):
            network = load_instance("example_6_1")
            cost = simulation(network, PERIODS, rand_seed=next(seeds), progress_bar=False, consistency_checks="N")
            costs.append(cost / PERIODS)
        return 10 * PERIODS, costs

    return play


serve("stockpyl", {"serial": serial})
