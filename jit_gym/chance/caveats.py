"""Limits of what a comparison can tell where demand comes from a short history."""

from __future__ import annotations

from ..scenario import History, Scenario

FEW_SEASONS = 5
"""With fewer whole seasons, a caveat says that how seasons differ is estimated from few."""
FEW_BLOCKS = 30
"""With fewer blocks that do not overlap, a caveat says that paths repeat each other (30: a usual minimum)."""


def caveats(scenario: Scenario) -> list[str]:
    """Return sentences about what a comparison on this scenario cannot tell; none without a history.

    A resampled history gives any number of paths, and so intervals as narrow as wanted; but only values of the
    history are drawn. With one season, every path repeats it; with a few, every season is like one of them (Politis
    2001: a seasonal block bootstrap is consistent in the number of seasons, not of paths).
    """
    histories = {name: demand.history for name, demand in scenario.demands.items() if demand.history}
    found = (_caveat(f"demands.{name}", each, scenario.horizon.period) for name, each in histories.items())
    return [sentence for sentence in found if sentence]


def _caveat(place: str, history: History, period: str) -> str | None:
    values = history.values or ()
    many = f"{len(values):,} {period}{'' if len(values) == 1 else 's'}"
    if history.replay == "as-it-was":
        return (
            f"{place} replays one history of {many}, the same on every path: intervals do not say what other histories"
            " would bring (replay: resampled draws some)"
        )
    if history.season > 1:
        seasons, rest = divmod(len(values), history.season)
        length = f"{history.season:,} {period}s"
        if seasons < 2:
            also = f", and the {rest:,} {period}{'' if rest == 1 else 's'} of it that were seen twice" if rest else ""
            return (
                f"{place} is resampled from {many}, one season of {length}{also}: every path repeats that season, and"
                " intervals say nothing about other seasons"
            )
        if seasons < FEW_SEASONS:
            return (
                f"{place} is resampled from {many}, {seasons} whole seasons of {length}: each block is drawn from"
                f" {seasons if not rest else f'{seasons} or {seasons + 1}'} seasons, and intervals do not say how other"
                " seasons differ from these"
            )
    blocks = len(values) // history.block
    if history.season == 1 and blocks < FEW_BLOCKS:
        each = f"blocks of {history.block:,}" if history.block > 1 else "single ones"
        return (
            f"{place} is resampled from {many} in {each}, of which {blocks:,} do not overlap: paths repeat each other,"
            " and intervals do not say what was never seen"
        )
    return None
