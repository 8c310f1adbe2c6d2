"""States of the world that something passes through, as a Markov chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import field_validator

from ..common.text import quoted
from .part import Part, Text
from .values import Share


class Phase(Part):
    """One of the states of a Markov chain that moves at the start of each period, from the first one on."""

    title: Text | None = None
    """What it is, in words."""
    next: dict[str, Share] = {}
    """The chance that each other regime follows in the next period, from 0 to 1; what is left stays."""

    @field_validator("next")
    @classmethod
    def _is_a_chance(cls, value: dict[str, float]) -> dict[str, float]:
        if (total := sum(value.values())) > 1 + 1e-9:
            raise ValueError(f"must add up to 1 or less, got {quoted(float(total))}")
        return value


def never_reached(regimes: Mapping[str, Phase]) -> Iterator[str]:
    """Yield the regimes that never follow from the first."""
    first = next(iter(regimes))
    reached, following = {first}, [first]
    while following:
        more = {name for name, chance in regimes[following.pop()].next.items() if chance > 0} - reached
        reached |= more
        following += more
    yield from (name for name in regimes if name not in reached)
