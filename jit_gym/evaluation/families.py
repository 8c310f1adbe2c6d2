"""Policies on the worlds of a family: which one does better, in each world and over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.checks import check_count
from ..common.executor import HERE, Executor, Tell
from ..common.statistics import Estimate
from ..policies import policy
from ..scenario import Family, Scenario, family
from ..scenario.families import TRAIN
from .comparison import Comparison, compare, named
from .judgement import THRESHOLD
from .play import name_of

if TYPE_CHECKING:
    import pandas as pd

WORLDS = 16
"""How many worlds are played unless one asks for others."""


@dataclass(frozen=True, eq=False)
class FamilyComparison:
    """Comparisons of the same policies in several worlds of a family.

    Costs of different worlds cannot be averaged: a dear world would decide alone. So over the worlds a policy is
    compared with the first one by shares: its figure less the first one's, as a share of the first one's, in each
    world, and the mean of these with the interval over worlds.
    """

    family: Family
    regime: str
    policies: tuple[str, ...]
    """What was asked for: parameters by formula, or tuned, differ by world."""
    comparisons: tuple[Comparison, ...]

    @property
    def figure(self) -> str:
        """Return the figure that decides: `cost`, `profit`, or with a discount `discounted_reward`."""
        return self.comparisons[0].figure

    @cached_property
    def shares(self) -> np.ndarray:
        """Return how much more each policy has, as a share of the first one's figure (worlds, policies); nan for 0."""
        figures = np.array([[result.mean(each.figure) for result in each.results] for each in self.comparisons])
        first = figures[:, :1]
        return np.divide(figures - first, np.abs(first), out=np.full(figures.shape, np.nan), where=first != 0)

    def over_worlds(self, policy: int) -> Estimate:
        """Return the mean of a policy's shares, given its place, with the interval over worlds.

        The intervals of all policies hold together with 95 %, as those of `Comparison.against` do.
        """
        return Estimate.of(self.shares[:, policy], len(self.policies) - 1)

    def wins(self, policy: int) -> int:
        """Return in how many worlds a policy is the best, or practically as good."""
        return sum(self._wins(each, policy) for each in self.comparisons)

    def worst(self, policy: int) -> tuple[str, float]:
        """Return the world in which a policy does worst against the first one, and the share there."""
        sign = 1.0 if self.figure == "cost" else -1.0
        shares = sign * self.shares[:, policy]
        if np.isnan(shares).all():
            return "", np.nan
        k = int(np.nanargmax(shares))
        return self.comparisons[k].scenario.name, sign * float(shares[k])

    @staticmethod
    def _wins(comparison: Comparison, policy: int) -> bool:
        result = comparison.results[policy]
        if result is comparison.best:
            return True
        return comparison.judged(comparison.against(result, comparison.best)) == "same"

    def frame(self) -> pd.DataFrame:
        """Return a table over worlds, a row a policy: the mean share with its interval, wins, and the worst world."""
        import pandas as pd

        rows = {}
        for k, name in enumerate(self.policies):
            share, (worst, most) = self.over_worlds(k), self.worst(k)
            row: dict[str, Any] = {
                "share": share.mean,
                "share_low": share.low,
                "share_high": share.high,
                "wins": self.wins(k),
            }
            rows[name] = row | {"worlds": len(self.comparisons), "worst_share": most, "worst_world": worst}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")

    def by_world(self) -> pd.DataFrame:
        """Return a table by world and policy: what varies, the deciding figure with its interval, and the share."""
        import pandas as pd

        rows = []
        for k, (each, shares) in enumerate(zip(self.comparisons, self.shares, strict=True)):
            values = {key: str(value) for key, value in self.family.values(k, self.regime).items()}
            values["fingerprint"] = each.scenario.fingerprint
            for name, result, share in zip(self.policies, each.results, shares, strict=True):
                low, high = result.interval(each.figure)
                about = {"world": each.scenario.name, "policy": name, **values, each.figure: result.mean(each.figure)}
                rows.append(about | {"low": low, "high": high, "share": share, "plays": result.policy})
        return pd.DataFrame(rows).set_index(["world", "policy"])


def compare_family(
    policies: Sequence[Any] | None,
    family_of: str | Path | Mapping[str, Any] | Family,
    *,
    worlds: int = WORLDS,
    regime: str = TRAIN,
    paths: int = 256,
    seed: int = 0,
    tuned: bool | int = False,
    threshold: float = THRESHOLD,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
    **how: Any,
) -> FamilyComparison:
    """Play several policies in the first worlds of a family, in each on the same paths.

    Args:
        policies: as in `compare`; None plays those that the family names, else those that its scenario names.
        family_of: a shipped name, a path to a YAML file, a mapping, or a `Family`.
        worlds: how many worlds are played, 0 to `worlds` - 1 of the regime.
        regime: which of the family's regimes.
        paths, seed, tuned, threshold, progress: as in `compare`; rules are tuned in each world.
        executor: where the worlds are played: here, in processes, or on a Ray cluster; the result is the same.
        how: `periods` and `warmup`, as in `compare`.

    Raises:
        ScenarioError: for an unknown family or regime.
        PolicyError: for policies that do not exist, or do not fit a world.
        BadInput: for arguments that make no sense.
    """
    of = family(family_of)
    check_count("worlds", worlds, 1)
    players = named_in(policies, of)
    how |= {"paths": paths, "seed": seed, "tuned": tuned, "threshold": threshold, "gap": False}
    each = [of.world(k, regime) for k in range(worlds)]
    for world in each:  # what does not fit is refused before any world is played
        for player in players:
            policy(player, world)
    names = tuple(player if isinstance(player, str) else name_of(player) for player in players)
    played = executor.run(partial(_compared, players, how), each, progress=progress, first_here=True)
    return FamilyComparison(of, regime, names, tuple(played))


def _compared(players: Sequence[Any], how: Mapping[str, Any], world: Scenario, progress: Tell) -> Comparison:
    """Compare the policies in one world."""
    return compare(players, world, progress=progress, **how)


def named_in(policies: Sequence[Any] | None, of: Family) -> list[Any]:
    """Return the policies; where none are named, those that the family names, or its scenario."""
    return named(of.policies or None if policies is None else policies, of.base, shipped=False)
