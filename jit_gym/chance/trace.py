"""Traces: everything random that will happen on some paths, drawn before the first order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.checks import check_count, check_seed, check_seeds
from ..common.text import quoted
from ..scenario import BadInput
from ..scenario.model import LONGEST_HORIZON, Scenario
from .columns import Columns
from .copula import Copula
from .drawing import Drawing
from .events import NEVER, left_working


@dataclass(frozen=True)
class Trace:
    """What will happen on some paths in each period, and what is seen of it at the start of each.

    `rows` is (periods + 1, paths, columns.chance + columns.seen). Of the last row only the columns of what is seen are
    used: they hold what is seen after the last period. The periods are those from the `first` on, of all that happens.
    """

    columns: Columns
    rows: np.ndarray
    first: int = 0

    @property
    def chance(self) -> np.ndarray:
        """Return what happens (periods, paths, columns.chance)."""
        return self.rows[:-1, :, : self.columns.chance]

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen at the start of each period, and at the end (periods + 1, paths, columns.seen)."""
        return self.rows[:, :, self.columns.chance :]

    @property
    def periods(self) -> int:
        """Return the number of periods drawn."""
        return self.rows.shape[0] - 1

    @property
    def last(self) -> int:
        """Return the period after the last one drawn."""
        return self.first + self.periods

    @property
    def paths(self) -> int:
        """Return the number of paths drawn."""
        return self.rows.shape[1]

    @property
    def demand(self) -> np.ndarray:
        """Return the units asked for (paths, periods, demands)."""
        return self._of(self.columns.demand)

    @property
    def lead_time(self) -> np.ndarray:
        """Return the lead times of each period's shipments in periods (paths, periods, lanes with random ones)."""
        return self._of(self.columns.lead_time)

    @property
    def available(self) -> np.ndarray:
        """Return the share of capacity there is, 0 to 1 (paths, periods, lanes that can be disrupted)."""
        return self._of(self.columns.available)

    @property
    def working(self) -> dict[str, np.ndarray]:
        """Return the share that the worst kind of disruption leaves of each lane that one can hit (periods, paths)."""
        shares: dict[str, np.ndarray] = {}
        for (_, lane), column in self.columns.working.items():
            shares[lane] = np.minimum(shares.get(lane, 1.0), self.chance[:, :, column])
        return shares

    def _of(self, columns: dict[str, int]) -> np.ndarray:
        return self.chance[:, :, list(columns.values())].transpose(1, 0, 2)


class Chance:
    """The randomness of a scenario, ready to be drawn.

    Path i of seed s does not depend on the batch, nor on the other parts of the scenario: each source of chance draws
    from a stream of its own, keyed by the seed and its name.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Prepare the tables and columns of a scenario."""
        self.scenario = scenario
        self.columns = Columns.of(scenario)
        self.copulas = {name: Copula(scenario, name) for name in scenario.demands if Copula.needed(scenario, name)}

    def draw(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> Trace:
        """Draw some paths of a seed.

        Args:
            seed: the seed, or one for each path.
            paths: how many (0, 1, 2, ...), or which.
            periods: how many periods; the scenario's horizon by default.

        Returns:
            A trace of these paths, in their order.

        Raises:
            BadInput: for a seed, paths or periods that are not whole numbers, or are too small or too large.
        """
        drawing = self._drawing(seed, paths, periods)
        rows = self.blank(drawing.periods, len(drawing.paths))
        drawing.fill(rows)
        return Trace(self.columns, rows)

    def draw_parts(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int, at_once: int
    ) -> Iterator[Trace]:
        """Draw some paths of a seed, as `draw` does, in traces of periods that follow one another.

        Args:
            seed: the seed, or one for each path.
            paths: how many, or which.
            periods: how many periods in all traces together.
            at_once: the most periods in one trace, 4 or more.

        Yields:
            Traces that have to the bit what one of all periods has. What is seen after the last period of one is seen
            at the start of the next. The next is drawn into the memory of the one before.
        """
        drawing = self._drawing(seed, paths, periods)
        step = min(at_once // 4 * 4, periods)
        rows = self.blank(step, len(drawing.paths))
        for first in range(0, periods, step):
            part = drawing.part(first, min(step, periods - first))
            part.fill(rows[: part.periods + 1])
            yield Trace(self.columns, rows[: part.periods + 1], first)

    def draw_into(self, rows: np.ndarray, seed: int | Sequence[int], paths: Sequence[int] | np.ndarray) -> None:
        """Draw some paths of a seed, as `draw` does, into rows (periods + 1, paths, columns).

        They are `blank` ones, or those of other paths that were drawn before: this leaves the same places as they are.
        """
        self._drawing(seed, paths, len(rows) - 1).fill(rows)

    def draw_pair(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> Trace:
        """Draw some paths of a seed as `draw` does, and behind them the same paths without their disruptions.

        Path `paths` + i of what is returned is path i in which no disruption begins: its demand, lead times, prices and
        all else are the same to the bit, so that a policy's figures on the two differ by what disruptions do alone.
        """
        drawings = [self._drawing(seed, paths, periods, quiet) for quiet in (False, True)]
        each = len(drawings[0].paths)
        rows = self.blank(drawings[0].periods, 2 * each)
        for k, drawing in enumerate(drawings):
            drawing.fill(rows[:, k * each : (k + 1) * each])
        return Trace(self.columns, rows)

    def blank(self, periods: int, paths: int) -> np.ndarray:
        """Return rows to be filled in (periods + 1, paths, columns).

        The numbers of all paths lie side by side, as a kernel plays several paths at a time.
        """
        return np.zeros((periods + 1, self.columns.chance + self.columns.seen, paths)).transpose(0, 2, 1)

    def disrupted(
        self, seed: int | Sequence[int], paths: int | Sequence[int] | np.ndarray, periods: int | None = None
    ) -> np.ndarray:
        """Tell in which periods of `draw` any disruption that hits anything is on or recovers (periods, paths)."""
        drawing, scenario = self._drawing(seed, paths, periods), self.scenario
        lanes = scenario.lanes.values()
        places = {
            *scenario.stocks,
            *scenario.lanes,
            *(lane.supplier for lane in lanes),
            *(lane.route for lane in lanes),
        }
        on = np.zeros((drawing.periods, len(drawing.paths)), bool)
        for key, disruption in scenario.disruptions.items():
            if not places.isdisjoint(disruption.hits):
                begun = drawing.spells[f"disruptions.{key}"][: drawing.periods]
                on |= (begun != NEVER) | (left_working(disruption, begun)[0] < 1.0)
        return on

    def _drawing(self, seed: Any, paths: Any, periods: int | None, quiet: bool = False) -> Drawing:
        periods = self.scenario.horizon.periods if periods is None else periods
        check_count("periods", periods, 1, LONGEST_HORIZON)
        which = _numbers_of(paths)
        one = isinstance(seed, int | np.integer)
        seeds = [check_seed(seed)] if one else check_seeds(seed, len(which), "path")
        return Drawing(self.scenario, self.columns, self.copulas, seeds, which, periods, quiet)


def _numbers_of(paths: Any) -> np.ndarray:
    """Return the numbers of the paths, given how many there are or a list of them."""
    if isinstance(paths, int | np.integer):
        check_count("paths", paths, 0)
        return np.arange(paths)
    numbers = np.asarray(paths)
    if numbers.ndim != 1 or (numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0)):
        raise BadInput(f"paths: must be how many, or a list of whole numbers, 0 or more, got {quoted(paths)}")
    return numbers.astype(np.int64)
