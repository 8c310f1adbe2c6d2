"""The shop of `lost-sales`, written by hand for speed: how fast a loop is that can play this world and no other.

It is what a vector env is measured against. A row has a generator of its own (xoshiro128++, Blackman and Vigna 2021),
draws Poisson numbers from an alias table (Walker 1977), and begins a new episode in the step after the last one. The
state lies by field, rows innermost, in 32-bit numbers, so that the compiler can use vector instructions.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from scipy.stats import poisson

LEAD_TIME, MEAN, INITIAL, HOLDING_COST, SHORTAGE_COST, PERIODS = 4, 5, 10, 1.0, 19.0, 200
WIDTH = 2 + LEAD_TIME  # on hand, used, and what arrives in 1, 2, 3 and 4 periods
SLOTS = 32  # of the alias table; a larger demand has a chance of 1e-15
BITS = np.uint32(27)  # of a random word that decide between a slot and its alias; the other 5 choose the slot
REST = np.uint32((1 << 27) - 1)


class State(NamedTuple):
    """What is where in each row, and its generator."""

    on_hand: np.ndarray
    on_way: np.ndarray  # (lead time, rows): what arrives in 1, 2, 3 and 4 periods
    clock: np.ndarray
    random: np.ndarray  # (4, rows), unsigned


def alias_table() -> tuple[np.ndarray, np.ndarray]:
    """Return below which number (of 27 bits) a slot stands for itself, and for which demand it stands otherwise."""
    chances = poisson.pmf(np.arange(SLOTS), MEAN) * SLOTS
    keeps, alias = np.ones(SLOTS), np.arange(SLOTS)
    small, large = [k for k in range(SLOTS) if chances[k] < 1], [k for k in range(SLOTS) if chances[k] >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        keeps[low], alias[low] = chances[low], high
        chances[high] -= 1 - chances[low]
        if chances[high] < 1:
            small.append(large.pop())
    return np.floor(keeps * 2.0**BITS).astype(np.uint32), alias.astype(np.int32)


@numba.njit(inline="always")
def _turned(word, places):
    """Return the 32 bits of a word, turned to the left by so many places."""
    return np.uint32((word << np.uint32(places)) | (word >> np.uint32(32 - places)))


@numba.njit
def _draw(random, words):
    """Take the next number of each row's generator."""
    for b in range(len(words)):
        s0, s1, s2, s3 = random[0, b], random[1, b], random[2, b], random[3, b]
        words[b] = np.uint32(_turned(np.uint32(s0 + s3), 7) + s0)
        shifted = np.uint32(s1 << np.uint32(9))
        s2 ^= s0
        s3 ^= s1
        random[0, b] = s0 ^ s3
        random[1, b] = s1 ^ s2
        random[2, b] = s2 ^ shifted
        random[3, b] = _turned(s3, 11)


@numba.njit
def _step(on_hand, on_way, clock, words, keeps, alias, actions, observations, rewards, over, unit):
    """Order, sell, pay and observe in each row, or begin a new episode where the last one is over."""
    use, one, none = np.float32(1.0 / MEAN), np.int32(1), np.int32(0)
    for b in range(len(on_hand)):
        word = words[b]
        slot = np.int32(word >> BITS)
        demand = slot if (word & REST) < keeps[slot] else alias[slot]
        begins = clock[b] == PERIODS
        action = min(max(actions[b], np.float32(-1)), np.float32(1))
        order = np.int32((action + np.float32(1)) * np.float32(MEAN) + np.float32(0.5))
        there = np.int32(on_hand[b] + on_way[0, b])
        served = min(there, demand)
        held = np.int32(INITIAL) if begins else np.int32(there - served)
        used = none if begins else served
        w1 = none if begins else on_way[1, b]
        w2 = none if begins else on_way[2, b]
        w3 = none if begins else on_way[3, b]
        w4 = none if begins else order
        now = none if begins else np.int32(clock[b] + one)
        cost = HOLDING_COST * held + SHORTAGE_COST * np.int32(demand - served)
        on_hand[b], clock[b] = held, now
        on_way[0, b], on_way[1, b], on_way[2, b], on_way[3, b] = w1, w2, w3, w4
        rewards[b] = 0.0 if begins else cost * unit
        over[b] = now == PERIODS
        observations[b, 0] = held * use
        observations[b, 1] = used * use
        observations[b, 2] = w1 * use
        observations[b, 3] = w2 * use
        observations[b, 4] = w3 * use
        observations[b, 5] = w4 * use


class HandWritten:
    """A batch of the shop, with the arguments and returns of a vector env's `step`, without its infos."""

    def __init__(self, rows: int, reward_unit: float, seed: int = 0) -> None:
        """Put all rows into the first state."""
        self.rows, self.scale = rows, -1.0 / reward_unit
        words = np.random.SeedSequence(seed).generate_state(4 * rows, np.uint32).reshape(4, rows)
        on_hand, clock = np.full(rows, INITIAL, np.int32), np.zeros(rows, np.int32)
        self.state = State(on_hand, np.zeros((LEAD_TIME, rows), np.int32), clock, words)
        self.table, self.words = alias_table(), np.empty(rows, np.uint32)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Play one period; return new arrays of observations, rewards, terminated and truncated."""
        observations, rewards = np.empty((self.rows, WIDTH), np.float32), np.empty(self.rows)
        over = np.empty(self.rows, np.bool_)
        _draw(self.state.random, self.words)
        on_hand, on_way, clock, _ = self.state
        _step(on_hand, on_way, clock, self.words, *self.table, actions.ravel(), observations, rewards, over, self.scale)
        return observations, rewards, np.zeros(self.rows, np.bool_), over
