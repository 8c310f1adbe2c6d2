"""Kanban and CONWIP on three unreliable machines, against the Markov chain of the line.

Bernoulli machines (Jacobs and Meerkov 1995): in each slot a machine is up with its own chance, and makes a part if it
has one to work on and is not blocked. The conventions are those of `two-machine-line`: cards are counted at the start
of a slot, the first machine's part can be taken in the same slot, the others' in the next one.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.scenario import Scenario, load


def line(machines: tuple[float, ...], unshipped: str = "lapses") -> Scenario:
    """Return three machines in a row, whose parts are sold as they are finished."""
    names = ["first", "second", "third"]
    stocks = ["one", "two", "finished"]
    lanes: dict[str, Any] = {}
    for name, stock, source in zip(names, stocks, [None, *stocks], strict=False):
        lanes[name] = {"to": stock, "capacity": 1, "unshipped": unshipped}
        lanes[name] |= {"uses": {source: 1}, "lead_time": 1} if source else {}
    return load(
        {
            "name": "three-machine-line",
            "sources_ship": "after-receiving",
            "stocks": {stock: {} for stock in stocks},
            "lanes": lanes,
            "demands": {"customers": {"from": "finished", "distribution": 1, "price": 1}},
            "disruptions": {
                f"{name}-down": {
                    "hits": [name],
                    "starts": {"rate": round(1 - p, 10)},
                    "lasts": {"name": "geom", "p": p},
                    "seen": "hidden",
                }
                for name, p in zip(names, machines, strict=True)
            },
        }
    )


Line = tuple[int, int, int]  # parts after each machine at the start of a slot; those of the third are sold in it


def throughput(machines: tuple[float, ...], may_work: Callable[[Line], tuple[bool, bool, bool]]) -> float:
    """Return the parts that the line sells in a slot, from the stationary distribution of its Markov chain."""

    def outcomes(parts: Line) -> Iterator[tuple[float, Line]]:
        has_card = may_work(parts)
        for up in product([False, True], repeat=3):
            chance = prod(p if works else 1 - p for p, works in zip(machines, up, strict=True))
            one, two, _ = parts
            one += up[0] and has_card[0]
            second, third = up[1] and has_card[1] and one > 0, up[2] and has_card[2] and two > 0
            yield chance, (one - second, two + second - third, int(third))

    states: list[Line] = [(0, 0, 0)]
    moves: list[tuple[int, int, float]] = []
    for k, state in enumerate(states):  # it grows while states are found
        for chance, then in outcomes(state):
            if then not in states:
                states.append(then)
            moves.append((k, states.index(then), chance))
    matrix = np.zeros((len(states), len(states)))
    for k, then, chance in moves:
        matrix[k, then] += chance
    balance = np.vstack([matrix.T - np.eye(len(states)), np.ones(len(states))])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    return float(sum(stationary[k] * state[2] for k, state in enumerate(states)))


def check(rule: str, machines: tuple[float, ...], expected: float, unshipped: str) -> None:
    """Hold that a rule sells what the chain says, to four standard errors, which are 0.001 or less."""
    made = evaluate(rule, line(machines, unshipped), paths=256, periods=1000, warmup=100, seed=2024)
    assert made.error("revenue") < 1e-3
    assert made.mean("revenue") == pytest.approx(expected, abs=4 * made.error("revenue"))


EQUAL, UNEQUAL, SLOW = (0.7, 0.7, 0.7), (0.9, 0.8, 0.85), (0.6, 0.9, 0.75)


@pytest.mark.parametrize(
    ("machines", "cards", "unshipped"),
    [
        (EQUAL, 1, "waits"),
        (EQUAL, 2, "lapses"),
        pytest.param(EQUAL, 5, "waits", marks=pytest.mark.slow),
        pytest.param(UNEQUAL, 2, "waits", marks=pytest.mark.slow),
        (UNEQUAL, 5, "lapses"),
        (SLOW, 9, "lapses"),
    ],
)
def test_conwip_makes_what_the_markov_chain_of_its_line_says(machines: tuple[float, ...], cards: int, unshipped: str):
    """Spearman et al. (1990): work is released while there are cards, and pushed on by every machine.

    With two cards p = 0.7 makes 0.4128 parts a slot, and p = 0.9, 0.8, 0.85 makes 0.5275.
    """
    expected = throughput(machines, lambda parts: (sum(parts) < cards, True, True))
    if cards == 2:
        assert expected == pytest.approx({EQUAL: 0.4128, UNEQUAL: 0.5275}[machines], abs=5e-5)
    check(f"conwip(cards={cards})", machines, expected, unshipped)


@pytest.mark.parametrize(
    ("machines", "cards", "unshipped"),
    [
        (EQUAL, (1, 1, 1), "lapses"),
        (EQUAL, (1, 2, 1), "waits"),
        (UNEQUAL, (3, 2, 2), "lapses"),
        (SLOW, (4, 4, 2), "waits"),
    ],
)
def test_kanban_makes_what_the_markov_chain_of_its_line_says(
    machines: tuple[float, ...], cards: tuple[int, int, int], unshipped: str
):
    """Each machine works while its own stock has a card free at the start of the slot (Sugimori et al. 1977)."""

    def may_work(parts: Line) -> tuple[bool, bool, bool]:
        return parts[0] < cards[0], parts[1] < cards[1], parts[2] < cards[2]

    rule = "kanban(cards={{one: {}, two: {}, finished: {}}}, container=1)".format(*cards)
    check(rule, machines, throughput(machines, may_work), unshipped)
