"""The clairvoyant bound: what somebody would pay at least who knew all chance in advance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..chance import Chance
from ..physics import Layout
from ..physics.layout import state_of
from ..physics.period import APART
from ..physics.worth import Worth
from ..scenario import BadInput, Scenario, load
from ..scenario.errors import check_count
from .growing import GrowingArray
from .program import INF, Answer, Program, Solver, Unbounded
from .workers import processors

NODES = 100  # of the search for whole numbers on each path
LARGEST = 500_000  # periods of a stock, a lane or a demand in a program
EXACT = 1e-6  # a share of the cost that counts as no gap
AT_ONCE = 256  # paths drawn at a time

Inflow = list[tuple[np.ndarray, np.ndarray, Any]]  # in which period which columns arrive, and what share of them


@dataclass(frozen=True)
class Bound:
    """What nobody can do better than, on some paths of a scenario.

    `costs` has for each path a lower bound on costs less revenue, money a period as `evaluate` counts it; with a
    discount b below 1 it is a mean in which the cost of period t weighs b^t, over the periods counted.

    `gaps` tells how much lower than the least cost of the program each bound may be, because the solver was stopped
    before it had proved more (money a period; 0 where it had not to be stopped, inf where it found no plan). `orders`
    are those of the best plans found (paths, periods with the warm-up, lanes), if they were asked for.
    """

    scenario: Scenario
    paths: int
    periods: int
    warmup: int
    seed: int
    whole: bool
    costs: np.ndarray = field(repr=False)
    gaps: np.ndarray = field(repr=False)
    orders: np.ndarray | None = field(default=None, repr=False)

    @property
    def cost(self) -> float:
        """Return the mean of the bounds over the paths."""
        return float(self.costs.mean())

    @property
    def gap(self) -> float:
        """Return how much lower than the least cost the mean may be."""
        return float(self.gaps.mean())

    @property
    def error(self) -> float:
        """Return the standard error of the mean over the paths."""
        return float(self.costs.std(ddof=1) / np.sqrt(self.paths)) if self.paths > 1 else np.nan

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the mean over the paths (Student's t)."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.paths - 1, 0.975)) * self.error if self.paths > 1 else np.nan
        return self.cost - half, self.cost + half


def clairvoyant(
    scenario: str | Path | Scenario,
    *,
    paths: int = 256,
    periods: int | None = None,
    warmup: int = 0,
    seed: int = 0,
    whole: bool = True,
    orders: bool = False,
    nodes: int = NODES,
    progress: Callable[[int], Any] | None = None,
    seconds: float | None = None,
) -> Bound:
    """Compute what somebody who knew the whole trace would pay at least, on paths 0, 1, ... of a seed.

    Each path is a program with the flows of all its periods, solved by HiGHS. It follows the physics, but leaves
    free what the physics forces on everybody, which can only make the bound lower: when what waits is shipped, who is
    served first and when, which units are used first, and how units are rounded. Fixed costs, batches, least orders
    and vehicles are whole numbers (`whole=True`) or relaxed to shares (`whole=False`); other units may be divided.

    Args:
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        paths: how many paths.
        periods: how many periods are counted, `warmup` how many are played before those; both as in `evaluate`, as is
            what units are worth that are left.
        seed: of the traces; the same seed is the same chance as in `evaluate`.
        whole: whether what comes in whole numbers is planned so.
        orders: whether to keep the orders of the best plans.
        nodes: how many nodes of the search for whole numbers are looked at on each path; where it would take more, the
            bounds have a gap. It is a measure of work, and not of time, so that a bound is the same on any machine.
        progress: told after each path that one more is done.
        seconds: does nothing any more, and is deprecated.

    Returns:
        A `Bound`, path by path.

    Raises:
        BadInput: where one could earn without end, so that there is no bound.
    """
    scenario = load(scenario)
    periods = scenario.horizon.periods if periods is None else periods
    for name, value, least in (("paths", paths, 1), ("periods", periods, 1), ("warmup", warmup, 0)):
        check_count(name, value, least)
    scenario.check_length(warmup, periods)
    if seconds is not None:
        warnings.warn("seconds does nothing: a bound stops after so many nodes", DeprecationWarning, stacklevel=2)
    check_count("nodes", nodes, 1)
    if (size := size_of(scenario, warmup + periods)) > LARGEST:
        many = f"a path has {size:,} periods of a stock, a lane or a demand"
        raise BadInput(f"{scenario.name}: {many}, too many for one program (at most {LARGEST:,}; count fewer periods)")
    plan = _Plan(scenario, warmup, periods, whole)
    programs = map(plan.program, _paths(scenario, seed, paths, warmup + periods))
    costs, gaps, ordered = [], [], []
    try:
        for answer in _answers(plan, programs, nodes):
            costs.append(answer.bound / plan.weight.sum())
            gap = (answer.value - answer.bound) / plan.weight.sum()
            gaps.append(0.0 if gap <= EXACT * max(1.0, abs(costs[-1])) else gap)
            if orders:
                shape = plan.periods, len(scenario.lanes)
                ordered.append(np.full(shape, np.nan) if answer.point is None else plan.orders(answer.point))
            if progress is not None:
                progress(1)
    except Unbounded:
        earn = "one can earn without end by buying what is worth more when it is left or scrapped"
        raise BadInput(f"{scenario.name}: has no bound: {earn} (give its lanes a capacity)") from None
    kept = np.array(ordered) if orders else None
    return Bound(scenario, paths, periods, warmup, seed, whole, np.array(costs), np.array(gaps), kept)


def size_of(scenario: Scenario, periods: int) -> int:
    """Return how many periods of a stock, a lane or a demand there are in the program of a path."""
    return periods * (len(scenario.stocks) + len(scenario.lanes) + len(scenario.demands))


def whole_numbers(scenario: Scenario) -> int:
    """Return how many numbers a period has that come in wholes: orders that are placed, batches and vehicles."""
    whole = scenario.units == "whole"
    placed = sum(bool(lane.fixed_cost or lane.minimum_order) for lane in scenario.lanes.values())
    batches = sum(bool(lane.batch and not (whole and lane.batch == 1)) for lane in scenario.lanes.values())
    return placed + batches + sum(bool(route.vehicle_cost or route.full_loads) for route in scenario.routes.values())


def _paths(scenario: Scenario, seed: int, paths: int, periods: int) -> Iterator[np.ndarray]:
    """Draw the paths a few at a time; yield what happens on each (periods, columns.chance)."""
    chance = Chance(scenario)
    for first in range(0, paths, AT_ONCE):
        trace = chance.draw(seed, np.arange(first, min(first + AT_ONCE, paths)), periods)
        for b in range(trace.paths):
            yield trace.chance[:, b]


def _answers(plan: _Plan, programs: Iterable[Program], nodes: int) -> Iterator[Answer]:
    """Solve the programs of all paths, in their order; those with whole numbers for so many nodes, some at a time."""
    if not plan.whole or not whole_numbers(plan.scenario):
        solver = Solver()  # each path begins where the last one ended, for it is much like it
        yield from map(solver.solve, programs)
        return
    left, threads = iter(programs), processors()
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(left, threads)):
            yield from pool.map(partial(_whole_answer, nodes), some)


def _whole_answer(nodes: int, program: Program) -> Answer:
    """Solve a program with whole numbers in it for so many nodes; its shares have a bound too, which may be better."""
    shares = Solver().solve(_relaxed(program))
    answer = Solver().solve(program, nodes=nodes, gap=EXACT)
    return answer._replace(bound=max(answer.bound, shares.bound))


def _relaxed(program: Program) -> Program:
    """Return a program without its whole numbers."""
    twin = copy(program)
    twin.integer = GrowingArray()
    twin.integer.add(np.zeros(program.integer.size))
    return twin


class _Plan:
    """A scenario as a program for each path: a column for each flow and each quantity in each period.

    Notation of the rows: of stock i, h is on hand at the end of a period, w wasted for want of room, e expired, c
    scrapped; of lane m, o is ordered, s shipped, g good on arrival; of demand d, v is served and b waits.
    """

    def __init__(self, scenario: Scenario, warmup: int, periods: int, whole: bool) -> None:
        """Lay out what is the same on all paths."""
        self.scenario, self.layout, self.whole = scenario, Layout(scenario), whole
        self.periods = warmup + periods
        counted = np.arange(self.periods) - warmup
        self.weight = np.where(counted >= 0, scenario.objective.discount ** np.maximum(counted, 0.0), 0.0)
        self.after = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)  # the weight of this and all later periods
        self.net = self.layout.net
        state = state_of(self.layout.start, self.layout.sizes, 1)
        self.start, self.on_hand = state.pipeline[0], state.stocks["on_hand"][0]
        self.warmup, self.closing = warmup, float(scenario.objective.discount**periods)
        worth = Worth(self.layout)
        self.opening_rates, self.closing_rates = worth.rates(warmup), worth.rates(self.periods)
        self.late = scenario.sources_ship == "after-receiving"

    def orders(self, point: np.ndarray) -> np.ndarray:
        """Return the orders (periods, lanes) at a point of the last program."""
        return np.maximum(np.array([scale * point[columns] for columns, scale in self.ordered]).T, 0.0)

    def program(self, chance: np.ndarray) -> Program:
        """Write down what can be done on a path (periods, columns.chance), and what it costs."""
        self.chance, self.to = chance, Program()
        names, T = self.layout, self.periods
        demanded = [chance[:, int(row["draw"])] for row in self.net.demands]
        self.inflow: list[Inflow] = [[] for _ in names.stocks]
        self.given = np.zeros((len(names.stocks), T))  # arrives whatever one does
        self.drawn: list[list[tuple[float, np.ndarray]]] = [[] for _ in names.stocks]
        self.shipped: list[list[tuple[float, np.ndarray]]] = [[] for _ in names.stocks]
        self.loads: dict[int, list[np.ndarray]] = {}
        self.claims: list[list[np.ndarray]] = [[] for _ in names.resources]
        self.ordered: list[tuple[np.ndarray, float]] = []
        self.useful = self._useful(demanded)
        for d in range(len(names.demands)):
            self._serve(d, demanded[d])
        for m in range(len(names.lanes)):
            self._lane(m)
        for r, columns in self.loads.items():
            self._drive(r, columns)
        for r in range(len(names.resources)):
            self._share(r)
        for i in range(len(names.stocks)):
            self._stock(i)
        return self.to

    def _serve(self, d: int, demanded: np.ndarray) -> None:
        """A demand is served as far as one likes; what is not is lost, or waits: b[t] = b[t-1] + demanded[t] - v[t]."""
        row, program, T = self.net.demands[d], self.to, self.periods
        earns = row["price"] * self.weight
        if row["erodes"]:
            earns = earns * self.chance[:, int(row["price_left"])]
        short = row["shortage_cost"] * self.weight
        short[-1] += row["terminal_cost"] * self.weight[-1]  # 0 where nobody waits
        if row["backlogs"]:
            served = program.columns(T, cost=-earns)
            opening, closing = (rates.price[d] - rates.owed[d] for rates in (self.opening_rates, self.closing_rates))
            waiting = program.columns(T, cost=short + self._worth_of_held(opening, self.closing * closing, 0.0))
            program.rows(demanded, demanded, (1.0, waiting), (-1.0, lag(waiting)), (1.0, served))
        else:
            served = program.columns(T, demanded, cost=-earns - short)
            program.offset += float(short @ demanded)
        for k in range(int(row["first_need"]), int(row["last_need"])):
            need = self.net.needs[k]
            self.drawn[int(need["stock"])].append((float(need["quantity"]), served))

    def _lane(self, m: int) -> None:
        """A lane ships what it is asked for, as far as it can, and that arrives after its lead time."""
        row, program, T = self.net.lanes[m], self.to, self.periods
        can, share = self._able(m)
        cost = row["unit_cost"] * self.weight
        if row["erodes"]:
            cost = cost * self.chance[:, int(row["cost"])]
        sent = program.columns(T, can, cost)
        self._order(m, sent, can, share)
        for k in range(int(row["first_use"]), int(row["last_use"])):
            need = self.net.needs[k]
            self.shipped[int(need["stock"])].append((float(need["quantity"]), sent))
        for k in range(int(row["first_claim"]), int(row["last_claim"])):
            self.claims[int(self.net.claims[k]["resource"])].append(sent)
        if row["drives"]:
            self.loads.setdefault(int(row["route"]), []).append(sent)
        if row["can_stall"] or row["can_dock"]:
            self._slow_way(m, sent)
        else:
            self._way(m, sent)

    def _able(self, m: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what a lane can ship at most in each period, and which share of what it is asked for."""
        row, ones = self.net.lanes[m], np.ones(self.periods)
        works = self.chance[:, int(row["available"])] if row["can_fail"] else ones
        filled = self.chance[:, int(row["filled"])] if row["can_fall_short"] else ones
        if not row["limited"]:
            return np.where(works * filled > 0, INF, 0.0), filled * works
        can = whole_part(row, works * row["capacity"])
        return whole_part(row, filled * can), filled

    def _order(self, m: int, sent: np.ndarray, can: np.ndarray, share: np.ndarray) -> None:
        """Orders wait where they are read, or lapse; they are limited, come in batches, and cost something to place.

        Where an order can be shipped as it is placed, and only its quantity counts, there is no more to plan than that.
        """
        row, program, T = self.net.lanes[m], self.to, self.periods
        lane = self.scenario.lanes[self.layout.lanes[m]]
        delay = int(row["last_letter"] - row["first_letter"])
        letters = np.zeros(T)
        known = min(delay, T)
        letters[:known] = self.start[int(row["first_letter"]) : int(row["first_letter"]) + known]
        batch = lane.batch if lane.batch and not (row["whole"] and lane.batch == 1) else None
        limit = np.full(T, float(row["order_limit"]))
        if row["can_refuse"]:
            takes = self.chance[:, int(row["ordering"])]
            limit = np.multiply(takes, limit, out=np.zeros(T), where=takes > 0)
        placed = bool(row["fixed_cost"] or row["least"])
        shares = bool((share < 1).any())
        if not (delay or row["can_refuse"] or batch or placed or (shares and row["waiting_cost"])):
            self.ordered.append((sent, 1.0))
            return
        size = batch if batch and self.whole else 1.0
        orders = program.columns(T, limit / size, integer=bool(batch) and self.whole)
        self.ordered.append((orders, size))
        crowded, upper = self._at_the_source(m, can, share, letters, limit)
        if placed:
            most = limit if crowded.any() else np.minimum(self._most_useful(m, share), limit)
            self._place(m, orders, size, most)
        unshipped = program.columns(T, upper, row["waiting_cost"] * self.weight)
        earlier = (-1.0, lag(unshipped)) if row["waits"] else (0.0, unshipped)
        program.rows(letters, letters, (1.0, unshipped), earlier, (1.0, sent), (-size, lag(orders, delay)))
        if shares:  # s <= share * (s + what is not shipped)
            program.rows(-INF, 0.0, (1.0 - share, sent), (-share, unshipped))
        if crowded.any() and self.whole:  # either nothing is left, or all is shipped that can be
            left, gone = unshipped[crowded], sent[crowded]
            full = program.columns(len(left), 1.0, integer=True)
            program.rows(-INF, 0.0, (1.0, left), (-upper[crowded], full))
            program.rows(0.0, INF, (1.0, gone), (-can[crowded], full))

    def _place(self, m: int, orders: np.ndarray, size: float, most: np.ndarray) -> None:
        """Pay for each order that is placed, of some most units, and no fewer than the least."""
        row, program = self.net.lanes[m], self.to
        if not np.isfinite(most).all():
            return  # an order may be so large that its cost is no bound
        place = program.columns(self.periods, 1.0, row["fixed_cost"] * self.weight, integer=self.whole)
        program.rows(-INF, 0.0, (size, orders), (-most, place))
        if row["least"] and self.whole:
            program.rows(0.0, INF, (size, orders), (-float(row["least"]), place))

    def _at_the_source(
        self, m: int, can: np.ndarray, share: np.ndarray, letters: np.ndarray, limit: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return when an outside source may be asked for more than it can ship, and what it leaves unshipped at most.

        It ships what it can: else its waiting orders would be a store that costs nothing. Where it ships but a share,
        and where lanes ship together, one may leave there what one likes.
        """
        row, T = self.net.lanes[m], self.periods
        upper, crowded = np.full(T, INF), np.zeros(T, bool)
        if row["ships"] != APART:
            return crowded, upper
        delay = int(row["last_letter"] - row["first_letter"])
        waiting = 0.0
        for t in range(T):
            asked = waiting + (letters[t] if t < delay else limit[t - delay])
            if share[t] == 1 and asked <= can[t]:
                upper[t] = 0.0
            elif share[t] == 1 and np.isfinite(asked):
                upper[t], crowded[t] = asked - can[t], can[t] > 0
            else:
                upper[t] = asked
            waiting = upper[t] if row["waits"] else 0.0
        return crowded, upper

    def _useful(self, demanded: list[np.ndarray]) -> np.ndarray:
        """Return how many units of each stock can serve anybody, from each period on (stocks, periods)."""
        names, T = self.layout, self.periods
        useful = np.zeros((len(names.stocks), T))
        for d, row in enumerate(self.net.demands):
            asked = demanded[d].sum() if row["backlogs"] else np.cumsum(demanded[d][::-1])[::-1]
            useful += names.needs[d][:, None] * asked
        for name in self.scenario.downstream_first:
            i = names.stocks.index(name)
            for m in np.flatnonzero(names.uses[:, i]):
                useful[i] += names.uses[m, i] * self._shipments(m, useful[int(self.net.lanes[m]["to"])])
        return useful

    def _shipments(self, m: Any, units: np.ndarray) -> np.ndarray:
        """Return how many units a lane ships at most so that so many are good."""
        row = self.net.lanes[m]
        if row["rejects"] and not row["drifts"]:
            good = 1.0 - self.chance[:, int(row["defects"])]
            units = (units + 1) / good[good > 0].min(initial=1.0)
        return np.ceil(units - 1e-9) if row["whole"] else units

    def _most_useful(self, m: int, share: np.ndarray) -> np.ndarray:
        """Return how many units it makes sense to order at most, so that an order has a largest size; inf if any do."""
        row, stocks = self.net.lanes[m], self.scenario.stocks.values()
        if any(stock.terminal_value or (stock.obsolete and stock.scrap_value) for stock in stocks):
            return np.full(self.periods, INF)
        units = self._shipments(m, self.useful[int(row["to"])]) / share[share > 0].min(initial=1.0)
        units = np.maximum(units, row["least"])
        return np.ceil(units * row["batches"] - 1e-9) * row["batch"] if row["batch"] > 0 else units

    def _drive(self, r: int, columns: list[np.ndarray]) -> None:
        """Vehicles: as many as it takes for all that is shipped on a route, or as many as that fills."""
        row, full = self.net.routes[r], self.scenario.routes[self.layout.routes[r]].full_loads
        if row["vehicle_cost"] > 0 or full:
            vehicles = self.to.columns(self.periods, cost=row["vehicle_cost"] * self.weight, integer=self.whole)
            loads = [(-float(row["vehicles"]), sent) for sent in columns]
            self.to.rows(0.0, 0.0 if full else INF, (1.0, vehicles), *loads)

    def _share(self, r: int) -> None:
        """Lanes that share a capacity ship no more than is left of it, together."""
        row, there = self.net.resources[r], np.full(self.periods, float(self.net.resources[r]["capacity"]))
        if row["can_fail"]:
            there = there * self.chance[:, int(row["available"])]
        there = whole_part(row, there)
        if row["can_fall_short"]:
            there = whole_part(row, there * self.chance[:, int(row["filled"])])
        self.to.rows(-INF, there, *((1.0, sent) for sent in self.claims[r]))

    def _way(self, m: int, sent: np.ndarray) -> None:
        """What is shipped arrives after the lead time of its period, and is on the way until then."""
        row, program, T = self.net.lanes[m], self.to, self.periods
        first = int(row["first_slot"])
        slots = int(row["last_slot"]) - first
        takes = np.full(T, slots - 1)
        if row["varies"]:
            takes = self.chance[:, int(row["lead_time"])].astype(int)
        comes = np.arange(T) + takes
        there = comes < T
        coming = np.zeros(T)
        before = self.start[first + 1 : first + slots]
        coming[: len(before)] = before[:T]
        way = self.after[:T] - self.after[np.minimum(comes, T)]
        program.pay(sent, row["in_transit_cost"] * way)
        left = (
            self.weight.sum() - self.after[np.minimum(np.arange(len(before)), T)]
        )  # weight of what is before it comes
        program.offset += float(row["in_transit_cost"] * (left @ before))
        opening, closing = self._worth_of_a_unit(int(row["to"]), "on_the_way")
        program.pay(sent[~there], -closing)
        program.offset -= float(closing * before[T:].sum())
        leaves = np.arange(T)
        program.pay(sent[(leaves < self.warmup) & (comes >= self.warmup)], opening)
        program.offset += float(opening * before[self.warmup :].sum())
        self._arrive(m, [(comes[there], sent[there], 1.0)], coming)

    def _worth_of_a_unit(self, i: int, kind: str) -> tuple[float, float]:
        """Return what a unit of a stock, `on_hand` or `on_the_way`, is worth as the count begins and as it stops."""
        row, scenario = self.net.stocks[i], self.scenario
        opening, closing = (float(getattr(rates, kind)[i]) for rates in (self.opening_rates, self.closing_rates))
        if row["obsolesces"] and scenario.objective.leftovers == "at-cost" and not scenario.horizon.ends:
            over, scrap = self.chance[:, int(row["obsolete"])], float(row["scrap_value"])
            opening = scrap if over[self.warmup] > 0 else opening
            closing = scrap if over[-1] > 0 else max(closing, scrap)  # it may become obsolete just now
        return opening, self.closing * closing + float(row["terminal_value"] * self.weight[-1])

    def _worth_of_held(self, opening: float, closing: float, there: float) -> np.ndarray:
        """Return what a unit that is there at the end of each period costs (periods,): as the count begins, and stops.

        Units `there` at the start are paid for at once where the count begins with the first period.
        """
        cost = np.zeros(self.periods)
        cost[-1] -= closing
        if self.warmup:
            cost[self.warmup - 1] += opening
        else:
            self.to.offset += float(opening * there)
        return cost

    def _slow_way(self, m: int, sent: np.ndarray) -> None:
        """What is on the way may stand still, or wait at the dock: k periods away are x[k], of which y[k] move up."""
        row, program, T = self.net.lanes[m], self.to, self.periods
        ones = np.ones(T)
        first = int(row["first_slot"])
        slots = int(row["last_slot"]) - first
        moves = self.chance[:, int(row["moving"])] if row["can_stall"] else ones
        docks = self.chance[:, int(row["receiving"])] if row["can_dock"] else ones
        takes = np.full(T, slots - 1)
        if row["varies"]:
            takes = self.chance[:, int(row["lead_time"])].astype(int)
        opening, closing = self._worth_of_a_unit(int(row["to"]), "on_the_way")
        on_the_way = float(self.start[first : first + slots].sum())
        cost = row["in_transit_cost"] * self.weight + self._worth_of_held(opening, closing, on_the_way)
        away = [program.columns(T, INF if k or row["can_dock"] else 0.0, cost) for k in range(slots)]
        moving = [program.columns(T) for _ in range(slots)]  # from place k on
        none = np.full(T, -1)
        for k in range(slots):
            there = np.zeros(T)
            there[0] = self.start[first + k]
            up = moving[k + 1] if k + 1 < slots else none
            new = np.where(takes == k, sent, -1)
            balance = (1.0, away[k]), (-1.0, lag(away[k])), (1.0, moving[k]), (-1.0, up), (-1.0, new)
            program.rows(there, there, *balance)
            if k:
                least = -INF if row["can_stall"] else moves * there
                program.rows(least, moves * there, (1.0, moving[k]), (-moves, lag(away[k])))
            elif row["can_dock"]:  # y[0] arrives, of what is there then
                program.rows(-INF, 0.0, (1.0 - docks, moving[0]), (-docks, away[0]))
        self._arrive(m, [(np.arange(T), moving[0], 1.0)], np.zeros(T))

    def _arrive(self, m: int, coming: Inflow, given: np.ndarray) -> None:
        """Some of what arrives is rejected: a share, or all but so many units."""
        row, program, T = self.net.lanes[m], self.to, self.periods
        to = int(row["to"])
        if not row["rejects"]:
            self.inflow[to] += coming
            self.given[to] += given
            return
        charge = row["reject_cost"] * self.weight
        bad = self.chance[:, int(row["defects"])]
        if not row["drifts"] and not row["whole"]:
            for period, columns, share in coming:
                self.inflow[to].append((period, columns, share * (1.0 - bad[period])))
                program.pay(columns, share * (charge * bad)[period])
            self.given[to] += given * (1.0 - bad)
            program.offset += float((charge * bad) @ given)
            return
        most = bad if row["drifts"] else np.where(bad >= 1, 0.0, INF)
        good = program.columns(T, most, -charge)
        least = program.rows(-INF, given, (1.0, good))
        program.offset += float(charge @ given)
        if row["drifts"]:
            limits = [(least, np.ones(T))]
        else:  # rounded, at best, down
            up = self.chance[:, int(row["rounding"])]
            limits = [
                (least, np.ones(T)),
                (program.rows(-INF, (1.0 - bad) * given + 1.0 - up, (1.0, good)), 1.0 - bad),
            ]
        for period, columns, share in coming:
            program.pay(columns, share * charge[period])
            for rows, part in limits:
                program.put(rows[period], columns, -share * part[period])
        self.inflow[to].append((np.arange(T), good, 1.0))

    def _stock(self, i: int) -> None:
        """A stock holds what has come and not gone: h[t] = h[t-1] + arrived - w - shipped - served - e - c."""
        row, program, T = self.net.stocks[i], self.to, self.periods
        name = self.layout.stocks[i]
        charge, waste = row["holding_cost"] * self.weight, row["waste_cost"] * self.weight
        charge = charge + self._worth_of_held(*self._worth_of_a_unit(i, "on_hand"), self.on_hand[i])
        gone = self.chance[:, int(row["obsolete"])] if row["obsolesces"] else np.zeros(T)
        held = program.columns(T, np.where(gone > 0, 0.0, INF), charge)
        out = [*self.drawn[i]]
        none: np.ndarray = np.full(T, -1)
        wasted = expired = none
        life = self.scenario.stocks[name].shelf_life
        if np.isfinite(row["storage_limit"]):
            wasted = program.columns(T, cost=waste)
        if life:
            expired = program.columns(T, cost=waste)
            out.append((1.0, expired))
        if row["obsolesces"]:
            scrapped = program.columns(T, np.where(gone > 0, INF, 0.0), -row["scrap_value"] * self.weight)
            out.append((1.0, scrapped))
        first = np.zeros(T)
        first[0] = self.on_hand[i]
        here = first + self.given[i]
        rows = program.rows(here, here, (1.0, held), (-1.0, lag(held)), (1.0, wasted), *out, *self.shipped[i])
        for period, columns, share in self.inflow[i]:
            program.put(rows[period], columns, -share)
        if self.shipped[i] and not self.late:
            program.rows(-INF, first, *self.shipped[i], (-1.0, lag(held)))
        if np.isfinite(row["storage_limit"]):
            full = (1.0, held), *out, *(self.shipped[i] if self.late else ())
            program.rows(-INF, float(row["storage_limit"]), *full)
            self._of_arrivals(program.rows(-INF, self.given[i], (1.0, wasted)), i, none, range(1))
        if life:
            kept = self.given[i].copy()
            since = np.convolve(kept, np.ones(max(life - 1, 0)))[:T] if life > 1 else np.zeros(T)
            since[: max(life - 2, 0)] += first[0]  # what is there at the start came one period ago
            self._of_arrivals(program.rows(-INF, since, (1.0, held)), i, wasted, range(life - 1))
            old = np.zeros(T)
            old[life - 1 :] = kept[: max(T - life + 1, 0)]
            old[max(life - 2, 0) : max(life - 2, 0) + 1] += first[0]
            self._of_arrivals(program.rows(-INF, old, (1.0, expired)), i, wasted, range(life - 1, life))
            self._value_by_age(i, held, wasted)

    def _value_by_age(self, i: int, held: np.ndarray, wasted: np.ndarray) -> None:
        """Part what is held of a perishable stock by age as the count begins and stops, at what each age is worth.

        Of each age there is no more than came then; which units were used is left free, as everywhere.
        """
        row, program = self.net.stocks[i], self.to
        first, life = int(row["first_age"]), int(row["last_age"]) - int(row["first_age"])
        for end, rates, weight in ((self.warmup, self.opening_rates, 1.0), (self.periods, self.closing_rates, None)):
            worth = rates.by_age[first : first + life - 1, i] * (weight or -self.closing)
            over = end < self.periods and row["obsolesces"] and self.chance[end, int(row["obsolete"])] > 0
            if over or not worth.any():
                continue  # what is obsolete is scrapped, of whatever age
            if end == 0:
                program.offset += float(worth @ self.start[first : first + life - 1])
                continue
            parts = program.columns(life - 1, cost=worth)  # of 1, 2, ... more periods
            program.rows(0.0, 0.0, (1.0, held[end - 1 : end]), *((-1.0, parts[k : k + 1]) for k in range(life - 1)))
            came = np.array([end - life + 1 + k for k in range(life - 1)])  # the period in which each part arrived
            given = np.where(came >= 0, self.given[i][np.maximum(came, 0)], 0.0)
            given[came == -1] = self.on_hand[i]  # what is there at the start came one period ago
            rows = program.rows(-INF, given, (1.0, parts))
            for period, columns, share in [*self.inflow[i], (np.arange(self.periods), wasted, -1.0)]:
                share = np.broadcast_to(share, period.shape)
                for k, when in enumerate(came):
                    then = period == when
                    program.put(np.full(then.sum(), rows[k]), columns[then], -share[then])

    def _of_arrivals(self, rows: np.ndarray, i: int, wasted: np.ndarray, ages: range) -> None:
        """Let rows be at most what arrived at a stock, and was kept, so many periods ago."""
        T = self.periods
        for age in ages:
            if age >= T:
                return
            for period, columns, share in [*self.inflow[i], (np.arange(T), wasted, -1.0)]:
                now = period + age < T
                share = np.broadcast_to(share, period.shape)[now]
                self.to.put(rows[period[now] + age], columns[now], -share)


def lag(columns: np.ndarray, periods: int = 1) -> np.ndarray:
    """Return the columns so many periods earlier, -1 where there was no period."""
    if periods == 0:
        return columns
    early: np.ndarray = np.full(len(columns), -1)
    early[periods:] = columns[:-periods]
    return early


def whole_part(row: Any, units: np.ndarray) -> np.ndarray:
    """Return some units of a lane, whole ones where units are whole."""
    return np.floor(units + 1e-9) if row["whole"] else units
