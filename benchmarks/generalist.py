"""Measure `agent:generalist` on worlds that it was not trained on, and write results/generalist.csv.

    python benchmarks/generalist.py published long-lead family backlog fixed-cost two-suppliers histories

Groups of worlds, each against what there is to be had:

* `published`: the twelve instances of Zipkin (2008), against the optimum;
* `long-lead`: lead times of 6, 8 and 10, against deep controlled learning (Temizöz et al. 2025);
* `family`: worlds of `lost-sales-family` with lead times up to 4, against the optimum;
* `beyond`: its `held-out` worlds, with lead times of 9 to 12, against the best of the tuned capped base-stock and
  projected inventory level;
* `backlog`: the same worlds with customers who wait, against the optimum;
* `fixed-cost`: the instances of Zheng and Federgruen (1991), and lost sales with a fixed cost, against the optimum;
* `drawn`: worlds drawn at random, with demand that hardly varies or is often none, with and without strong seasons and
  fixed costs, small enough for an optimum;
* `seasons`: seasons that none was trained on, against the optimum; `fixed-cost-seasons`: the same with a fixed cost;
  `seasons-backlog`: with customers who wait, with and without one;
* `shocks`: spikes of demand that none was trained on, seen as they begin or announced, against the tuned safety stock
  on the forecast and the tuned capped base-stock; `shocks-backlog`: with customers who wait; `fixed-cost-shocks` and
  `...-backlog`: with a fixed cost, against the tuned `s-S`;
* `random-lead`: random lead times that none was trained on, in sequence and crossing, against the tuned capped
  base-stock and base-stock;
* `fixed-cost-random-lead` and `...-backlog`: the same with a fixed cost, and customers who are lost or wait, against
  the tuned `s-S`; `fixed-cost-random-lead-seasons`: the first in a season of three days;
* `two-suppliers`: the instances of Gijsbrechts et al. (2022), against the tuned dual index and the optimum;
* `two-family`: worlds of `two-supplier-family`, against the tuned dual index;
* `histories`: each item and store of the shipped sales, against the tuned `s-S`, `base-stock` and `adaptive`.

Costs are exact where the states can be enumerated, and elsewhere simulated, each pair on the same paths. A row is
replaced with --replace alone. Losses are printed as they are; less than 0 is better than what it is held against.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from instances import dual_sourcing, lost_sales, published
from rows import CERTIFICATE, add_where, certificate, executor, publish, refuse_known, run

import jit_gym
from jit_gym.agents.learner import TEST, TUNING
from jit_gym.evaluation.tuning import tune
from jit_gym.policies.generalist import AGENT
from jit_gym.scenario import Scenario
from jit_gym.theory.iterate import NotConverged
from jit_gym.theory.process import TooMany

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "generalist.csv"
COLUMNS = [
    "group", "instance", "against", "cost", "reference", "gap_percent", "gap_error", "judged", "sure", "model",
    "command", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:3]
WORLDS = 12  # of each family
BUDGET = 1_000_000  # periods that are played to tune each rule
MOST_STATES = 400_000
LONG_RUN = {"paths": 1024, "periods": 1000, "warmup": 100, "seed": TEST}

Instance = tuple[str, str, dict[str, Any], tuple[str, ...]]  # name, scenario, what differs, what it is against


def zipkin(table: str, column: str) -> Iterator[Instance]:
    """Yield the instances of a published table of lost sales, against the cost in a column."""
    for row in published(table):
        name, changes = lost_sales(row)
        yield name, "lost-sales", changes, (f"{column} {row[column]}",)


def worlds(name: str, regime: str, against: tuple[str, ...], longest: int = 99, **more: Any) -> Iterator[Instance]:
    """Yield the first worlds of a family whose lead times are not too long for an optimum."""
    family, found = jit_gym.family(name), 0
    for k in range(1000):
        values = family.values(k, regime, seed=7)
        scenario = family.world(k, regime, seed=7)
        if max(lane.lead_time.mean for lane in scenario.lanes.values()) <= longest and found < WORLDS:
            found += 1
            yield f"{regime}-{k}", family.members.of, {**values, **more}, against


def fixed_costs() -> Iterator[Instance]:
    """Yield published instances with backlog, and the shop of `lost-sales` with a fixed cost."""
    for row in published("fixed_cost"):
        changes = {"demands.customers.distribution": {"name": "poisson", "mu": float(row["mean"])}}
        yield f"poisson-{row['mean']}-backlog", "fixed-cost", changes, ("optimal",)
    for cost, lead_time in ((5, 1), (5, 2), (20, 1), (20, 2), (80, 1), (80, 2), (2, 2), (5, 3), (12, 3), (40, 3)):
        changes: dict[str, Any] = {"lanes.supplier.fixed_cost": cost, "lanes.supplier.lead_time": lead_time}
        yield f"K{cost}-L{lead_time}-lost", "lost-sales", changes, ("optimal", "s-S")
        if lead_time > 1 and cost < 80:  # at 80 a cost of 4 is best paid: nothing is ordered
            changes = {**changes, "demands.customers.shortage_cost": 4}
            yield f"K{cost}-L{lead_time}-p4-lost", "lost-sales", changes, ("optimal", "s-S")


def seasons(*fixed: float, lead_times: tuple[int, ...], **more: Any) -> Iterator[Instance]:
    """Yield the shop of `lost-sales` with seasons of two, three and seven days, for some fixed costs."""
    for season in ([1.4, 0.6], [0.5, 1.0, 1.5], [0.8, 0.9, 1.0, 1.1, 1.6, 1.0, 0.6]):
        for cost, lead_time in product(fixed, lead_times):
            changes: dict[str, Any] = {"demands.customers.season": season, "lanes.supplier.lead_time": lead_time}
            changes |= {"lanes.supplier.fixed_cost": cost, **more}
            where = f"{len(season)}-days-L{lead_time}" + (f"-K{cost}" if cost else "")
            yield where, "lost-sales", changes, ("optimal",)


DRAWN: tuple[dict[str, Any], ...] = (
    {"name": "poisson", "mu": 3},
    {"name": "poisson", "mu": 5},
    {"name": "poisson", "mu": 0.4},
    {"name": "geom", "p": 0.25, "loc": -1},
    {"name": "nbinom", "n": 2, "p": 0.4},
    {"name": "binom", "n": 8, "p": 0.5},
    {"name": "randint", "low": 0, "high": 6},
    {"name": "randint", "low": 4, "high": 8},
    {"name": "empirical", "values": [0, 6], "weights": [2, 1]},
)
SEASONS = ([0.6, 1.4], [0.5, 1.0, 1.5], [0.2, 0.2, 2.6], [1.2, 0.4, 1.4, 1.0], [1.3, 1.2, 1.2, 1.2, 1.3, 0.4, 0.4])


def drawn() -> Iterator[Instance]:
    """Yield the shop of `lost-sales` with much of it drawn at random."""
    random = np.random.default_rng(2026)
    for k in range(90):
        demand, lead_time = DRAWN[k % len(DRAWN)], int(random.integers(1, 4))
        short, fixed = (float(np.exp(random.uniform(np.log(low), np.log(60))).round(1)) for low in (2, 0.5))
        changes = {"demands.customers.distribution": demand, "demands.customers.shortage_cost": short}
        changes |= {"lanes.supplier.lead_time": lead_time, "lanes.supplier.fixed_cost": fixed if k % 2 else 0}
        season = SEASONS[k % len(SEASONS)]
        changes |= {"demands.customers.season": season} if k % 4 > 1 else {}
        where = f"{k}-{demand['name']}-L{lead_time}-p{short:g}"
        where += (f"-K{fixed:g}" if k % 2 else "") + (f"-{len(season)}-days" if k % 4 > 1 else "")
        yield where, "lost-sales", changes, ("optimal",)


def shocks(*fixed: float, against: tuple[str, ...], **more: Any) -> Iterator[Instance]:
    """Yield the shop of `lost-sales` with demand that is a multiple of itself for a while, for some fixed costs."""
    for name, rush in (
        ("double", {"starts": {"rate": 0.07}, "lasts": 4, "factor": 2.0}),
        ("triple-announced", {"starts": {"rate": 0.05}, "lasts": 3, "factor": 3.0, "announced": 5}),
        ("half", {"starts": {"rate": 0.06}, "lasts": 7, "factor": 0.5}),
    ):
        for cost, lead_time in product(fixed, (1, 3, 5)):
            changes = {"spikes.rush": {"hits": ["customers"], **rush}, "lanes.supplier.lead_time": lead_time}
            changes |= {"lanes.supplier.fixed_cost": cost, **more}
            yield f"{name}-L{lead_time}" + (f"-K{cost}" if cost else ""), "lost-sales", changes, against


LATE: tuple[tuple[str, dict[str, Any], tuple[bool, ...]], ...] = (  # and whether orders cross, or arrive in sequence
    ("2-to-4", {"name": "randint", "low": 2, "high": 5}, (False, True)),
    ("2-or-4", {"name": "empirical", "values": [2, 4], "weights": [8, 2]}, (True,)),
    ("2-or-12", {"name": "empirical", "values": [2, 12], "weights": [8, 2]}, (True,)),
    ("geometric-3", {"name": "geom", "p": 0.35}, (False, True)),
)


def random_lead_times(*pairs: tuple[float, float], against: tuple[str, ...], **more: Any) -> Iterator[Instance]:
    """Yield the shop of `lost-sales` with suppliers that are sometimes late, for pairs of shortage and fixed cost."""
    for name, lead_time, orders in LATE:
        for (short, fixed), crosses in product(pairs, orders):
            where = f"{name}-p{short}" + (f"-K{fixed}" if fixed else "") + ("-crossing" if crosses else "")
            lane = {"lead_time": lead_time, "crossing": crosses, "fixed_cost": fixed}
            changes = {f"lanes.supplier.{key}": value for key, value in lane.items()}
            yield where, "lost-sales", {**changes, "demands.customers.shortage_cost": short, **more}, against


def two() -> Iterator[Instance]:
    """Yield the published instances with two suppliers."""
    for row in published("dual_sourcing"):
        name, changes = dual_sourcing(row)
        yield name, "dual-sourcing", changes, ("dual-index", f"optimal {row['optimal']}")


def histories() -> Iterator[Instance]:
    """Yield each item and store of the shipped sales."""
    for store in ("market-street", "station"):
        for item in ("candles", "coffee", "lemonade"):
            where = {"demands.customers.history.where": {"store": store, "item": item}}
            yield f"{item}-{store}", "grocery", where, ("s-S", "base-stock", "adaptive")


DUAL, FIXED = ("dual-index",), ((19, 5), (19, 40), (4, 5))
THREE_DAYS = {"demands.customers.season": [0.5, 1.0, 1.5]}
WAIT, DEAR = {"demands.customers.unmet": "backlog"}, {"demands.customers.shortage_cost": 19}
GROUPS = {
    "published": lambda: zipkin("lost_sales", "optimal"),
    "long-lead": lambda: zipkin("lost_sales_long_lead", "dcl"),
    "family": lambda: worlds("lost-sales-family", "train", ("optimal",), longest=4),
    "beyond": lambda: worlds("lost-sales-family", "held-out", ("capped-base-stock", "projected-inventory-level")),
    "backlog": lambda: worlds("lost-sales-family", "train", ("optimal",), **WAIT),
    "fixed-cost": fixed_costs,
    "drawn": drawn,
    "seasons": lambda: seasons(0, lead_times=(1, 2, 3)),
    "fixed-cost-seasons": lambda: seasons(5, 15, 40, lead_times=(0, 1, 2, 3), **DEAR),
    "seasons-backlog": lambda: seasons(0, 5, 40, lead_times=(0, 2), **DEAR, **WAIT),
    "shocks": lambda: shocks(0, against=("safety-stock", "capped-base-stock")),
    "shocks-backlog": lambda: shocks(0, against=("safety-stock",), **WAIT),
    "fixed-cost-shocks": lambda: shocks(5, 40, against=("s-S",)),
    "fixed-cost-shocks-backlog": lambda: shocks(20, against=("s-S",), **WAIT),
    "random-lead": lambda: random_lead_times((4, 0), (19, 0), against=("base-stock", "capped-base-stock")),
    "fixed-cost-random-lead": lambda: random_lead_times(*FIXED, against=("s-S",)),
    "fixed-cost-random-lead-backlog": lambda: random_lead_times(*FIXED, against=("s-S",), **WAIT),
    "fixed-cost-random-lead-seasons": lambda: random_lead_times((19, 5), (4, 15), against=("s-S",), **THREE_DAYS),
    "two-suppliers": two,
    "two-family": lambda: worlds("two-supplier-family", "train", DUAL),
    "histories": histories,
}


def costs_of(player: Any, scenario: Scenario) -> np.ndarray:
    """Return what a policy costs a period on each path; all policies are played on the same ones."""
    replayed = next(iter(scenario.demands.values())).history is not None
    how = {"paths": 2048, "seed": TEST} if replayed else LONG_RUN
    costs: np.ndarray = -jit_gym.evaluate(player, scenario, **how).figures["profit"]
    return costs


def measured(scenario: Scenario, against: str) -> tuple[float, float, float, str]:
    """Return the agent's cost, what it is held against, the standard error of the cost, and how both were found."""
    what, _, given = against.partition(" ")
    if what not in ("optimal", "dcl"):
        rule = tune(what, scenario, seed=TUNING, budget=BUDGET)
        ours, theirs = (costs_of(player, scenario) for player in (f"agent:{AGENT}", rule))
        return ours.mean(), theirs.mean(), float((ours - theirs).std() / np.sqrt(len(ours))), "same paths"
    optimum = None if given else jit_gym.solve(scenario)
    reference = float(given) if optimum is None else optimum.cost
    try:
        return float(jit_gym.exact_cost(f"agent:{AGENT}", scenario, most_states=MOST_STATES)), reference, 0.0, "exact"
    except (TooMany, NotConverged):
        ours = costs_of(f"agent:{AGENT}", scenario)
    if optimum is None:
        return ours.mean(), reference, float(ours.std() / np.sqrt(len(ours))), "long run"
    more = ours - costs_of(optimum.policy, scenario)
    return reference + more.mean(), reference, float(more.std() / np.sqrt(len(more))), "same paths"


def row_of(group: str, name: str, base: str, changes: dict[str, Any], against: str) -> dict[str, Any]:
    """Measure the agent in a world, and return its row."""
    scenario = jit_gym.load(base, changes)
    player = jit_gym.policy(f"agent:{AGENT}", scenario)
    cost, reference, error, how = measured(scenario, against)
    return {
        "group": group, "instance": name, "against": against.partition(" ")[0],
        "cost": f"{cost:.5f}", "reference": f"{reference:.5f}",
        "gap_percent": f"{100 * (cost - reference) / abs(reference):.3f}",
        "gap_error": f"{100 * error / abs(reference):.3f}",
        "judged": how, "sure": "yes" if player.is_sure else "no", "model": player.manifest.digest,
        "command": shlex.join(["python", "benchmarks/generalist.py", group, "--only", name]),
        **certificate(scenario),
    }  # fmt: skip


def keep(row: dict[str, Any], replace: bool = False, path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, AGENT, table, replace=replace)
    sure = "" if row["sure"] == "yes" else ", not sure"
    return (
        f"{row['group']} {row['instance']}: {row['cost']}, {row['gap_percent']} % ± {row['gap_error']}"
        f" above {row['against']} ({row['judged']}{sure})"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return what was measured in each group, as Markdown."""
    lines = [
        "| worlds | against | how many | gap %: mean (95 %) | worst | worse by more than 0.5 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for group, against in sorted({(row["group"], row["against"]) for row in rows}):
        some = [row for row in rows if (row["group"], row["against"]) == (group, against)]
        gaps = np.array([float(row["gap_percent"]) for row in some])
        half = 1.96 * np.sqrt(np.sum([float(row["gap_error"]) ** 2 for row in some])) / len(some)
        interval = f"{gaps.mean():.3f} ({gaps.mean() - half:.3f} to {gaps.mean() + half:.3f})"
        lines.append(f"| {group} | {against} | {len(gaps)} | {interval} | {gaps.max():.3f} | {np.sum(gaps > 0.5)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="+", choices=GROUPS)
    parser.add_argument("--only", help="which instances, by their names: poisson-p4-L1,poisson-p4-L2")
    add_where(parser, RESULTS)
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    given = parser.parse_args()
    only = None if given.only is None else given.only.split(",")
    tasks = [
        (group, name, base, changes, against)
        for group in given.groups
        for name, base, changes, all_of_them in GROUPS[group]()
        if only is None or name in only
        for against in all_of_them
    ]
    places = [(group, name, against.partition(" ")[0]) for group, name, *_, against in tasks]
    refuse_known(given.csv, KEY, places, given.replace)
    run(row_of, tasks, executor(given), partial(keep, replace=given.replace, path=given.csv))


if __name__ == "__main__":
    main()
