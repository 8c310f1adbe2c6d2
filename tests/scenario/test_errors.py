"""What makes no sense is refused in one line that names the place, the value and the fix."""

import numpy as np
import pytest
from pydantic import ValidationError

from jit_gym.scenario import History, Scenario, ScenarioError, load

CUSTOMERS = "demands.customers"
DISTRIBUTION = f"{CUSTOMERS}.distribution"
HISTORY = f"{CUSTOMERS}.history"
QUAKE = {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": 5}
LIMITS = {"to": "shop", "capacity": 40}


ONE_OF = "demands.customers: needs one of 'distribution', 'regimes' and 'history'"
ONE_START = "needs one of 'every', 'rate', 'at' and 'once'"
DEFECTS = "must be a share, a distribution of shares, or as in {drift: 0.01}"
REGIMES = f"{CUSTOMERS}.regimes"
ACCURACY = f"{CUSTOMERS}.forecast.accuracy"


def regimes(**following: dict) -> dict:
    """Return a demand in regimes that differ in what follows them."""
    return {"from": "shop", "regimes": {name: {"distribution": 5, "next": each} for name, each in following.items()}}


def past(**more: object) -> dict:
    """Return a demand with a history."""
    return {"from": "shop", "history": {"values": [1, 2], "replay": "resampled"}, **more}


def together(*pairs: tuple[str, ...], correlation: float = 0.5) -> list[dict]:
    """Return correlations of pairs of demands."""
    return [{"between": list(pair), "correlation": correlation} for pair in pairs]


def quake(**changed) -> dict:
    return {"quake": {**QUAKE, **changed}}


def maker(**failings: object) -> dict:
    """Return a supplier who fails in these ways."""
    return {"maker": failings}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        # numbers
        ("stocks.shop.holding_cost", -1, "stocks.shop.holding_cost: must be 0 or more, got -1"),
        ("stocks.shop.holding_cost", "1", "stocks.shop.holding_cost: must be a number, got '1'"),
        ("stocks.shop.holding_cost", "abc", "stocks.shop.holding_cost: must be a number, got 'abc'"),
        ("stocks.shop.holding_cost", True, "stocks.shop.holding_cost: must be a number, got True"),
        ("stocks.shop.holding_cost", [1], "stocks.shop.holding_cost: must be a number, got [1]"),
        (
            "stocks.shop.holding_cost",
            float("nan"),
            "stocks.shop.holding_cost: must be a finite number, got nan",
        ),
        (
            "lanes.supplier.unit_cost",
            float("inf"),
            "lanes.supplier.unit_cost: must be a finite number, got inf",
        ),
        ("lanes.supplier.capacity", 0, "lanes.supplier.capacity: must be more than 0, got 0"),
        ("lanes.supplier.share", 1.5, "lanes.supplier.share: must be 1 or less, got 1.5"),
        ("objective.discount", 0, "objective.discount: must be more than 0, got 0"),
        ("horizon.periods", 0, "horizon.periods: must be 1 or more, got 0"),
        ("horizon.periods", 2.5, "horizon.periods: must be a whole number, got 2.5"),
        ("horizon.periods", "many", "horizon.periods: must be a whole number, got 'many'"),
        (f"{CUSTOMERS}.season", [1, -1], "demands.customers.season.1: must be 0 or more, got -1"),
        # quantities
        (
            "stocks.shop.initial",
            "many",
            "stocks.shop.initial: must be 0 or more, or as in {periods_of_supply: 2}, got 'many'",
        ),
        (
            "lanes.supplier.initial",
            {"period_of_supply": 2},
            "lanes.supplier.initial: must be 0 or more, or as in {periods_of_supply: 2}, got {'period_of_supply': 2}",
        ),
        # other kinds
        ("units", "pieces", "units: must be 'whole' or 'continuous', got 'pieces'"),
        ("horizon.ends", "maybe", "horizon.ends: must be true or false, got 'maybe'"),
        ("horizon.starts", "soon", "horizon.starts: must be a date such as 2024-12-31, got 'soon'"),
        ("horizon.starts", 20240101, "horizon.starts: must be a date such as 2024-12-31, got 20240101"),
        ("horizon.period", 7, "horizon.period: must be a text, got 7"),
        ("horizon", 200, "horizon: must be a mapping, got 200"),
        ("lanes", ["supplier"], "lanes: must be a mapping, got ['supplier']"),
        ("lanes.supplier", "shop", "lanes.supplier: must be a mapping, got 'shop'"),
        ("policies", "jit", "policies: must be a list, got 'jit'"),
        (f"{CUSTOMERS}.season", 1, "demands.customers.season: must be a list, got 1"),
        ("stocks", {"shop": None}, "stocks: must have 1 or more entries, got {}"),
        # names
        ("name", "a shop", "name: must be letters, digits, - and _, got 'a shop'"),
        (
            "suppliers",
            {"Aisin Seiki": {}},
            "suppliers: a name must be letters, digits, - and _, got 'Aisin Seiki'",
        ),
        ("suppliers", {1: {}}, "suppliers: a name must be letters, digits, - and _, got 1"),
        (
            "stocks.valve",
            {"holdng_cost": 1},
            "stocks.valve: unknown key 'holdng_cost' (did you mean 'holding_cost'?)",
        ),
        ("lanes.supplier", {}, "lanes.supplier: needs 'to'"),
        ("lanes.supplier", {"too": "shop"}, "lanes.supplier: unknown key 'too' (did you mean 'to'?)"),
        ("lanes.supplier", {"xyz": 1, "to": "shop"}, "lanes.supplier: unknown key 'xyz'"),
        (
            f"{CUSTOMERS}.draws_on",
            "shop",
            f"{CUSTOMERS}.draws_on: must be given under one name only, got 'shop'",
        ),
        (CUSTOMERS, {"draw_on": "shop"}, "demands.customers: unknown key 'draw_on'"),
        ("lanes.supplier.to", "shp", "lanes.supplier.to: unknown stock 'shp' (did you mean 'shop'?)"),
        ("lanes.supplier.supplier", "aisin", "lanes.supplier.supplier: unknown supplier 'aisin'"),
        ("lanes.supplier.route", "suez", "lanes.supplier.route: unknown route 'suez'"),
        (f"{CUSTOMERS}.from", "shp", "demands.customers.from: unknown stock 'shp' (did you mean 'shop'?)"),
        (f"{CUSTOMERS}.from", {}, "demands.customers.from: must name one stock or more"),
        (f"{CUSTOMERS}.from", {"shop": 0}, "demands.customers.from.shop: must be more than 0, got 0"),
        (
            "suppliers",
            {"supplier": {}},
            "lanes.supplier: one of the suppliers has this name too (rename one)",
        ),
        # distributions
        (
            DISTRIBUTION,
            "poisson",
            f"{DISTRIBUTION}: must be a number, or as in {{name: poisson, mu: 5}}, got 'poisson'",
        ),
        (
            DISTRIBUTION,
            True,
            f"{DISTRIBUTION}: must be a number, or as in {{name: poisson, mu: 5}}, got True",
        ),
        (DISTRIBUTION, {"mu": 5}, "demands.customers.distribution: needs 'name'"),
        (DISTRIBUTION, {"name": 5}, "demands.customers.distribution.name: must be a text, got 5"),
        (
            DISTRIBUTION,
            {"name": "poison", "mu": 5},
            "demands.customers.distribution: unknown distribution 'poison' (did you mean 'poisson'?)",
        ),
        (DISTRIBUTION, {"name": "poisson"}, "demands.customers.distribution: poisson needs mu"),
        (
            DISTRIBUTION,
            {"name": "poisson", "mu": [5, 6]},
            "demands.customers.distribution: poisson: mu must be a finite number, got [5, 6]",
        ),
        (
            DISTRIBUTION,
            {"name": "poisson", "mu": -5},
            "demands.customers.distribution: must have parameters that poisson allows, got poisson(mu=-5)",
        ),
        (
            DISTRIBUTION,
            {"name": "pareto", "b": 1},
            "demands.customers.distribution: must have a finite mean and variance, got pareto(b=1)",
        ),
        (
            DISTRIBUTION,
            {"name": "empirical", "values": []},
            "demands.customers.distribution: empirical: values must be a list of one number or more, got []",
        ),
        (
            DISTRIBUTION,
            {"name": "empirical", "values": [1, 2], "weights": [1]},
            "demands.customers.distribution: empirical: weights must be a list of 2, one for each value",
        ),
        (DISTRIBUTION, -5, "demands.customers.distribution: must be 0 or more, got -5"),
        (
            DISTRIBUTION,
            {"name": "randint", "low": -2, "high": 3},
            "demands.customers.distribution: must be 0 or more, got randint(low=-2, high=3)",
        ),
        (DISTRIBUTION, None, f"{ONE_OF}, got none"),
        (HISTORY, {"values": [1]}, f"{ONE_OF}, got 'distribution' and 'history'"),
        (f"{CUSTOMERS}.regimes", {"calm": {"distribution": 5}}, f"{ONE_OF}, got 'distribution' and 'regimes'"),
        # demand in regimes, intermittent, autocorrelated, known in advance
        (CUSTOMERS, regimes(boom={"high": 0.1}), f"{REGIMES}.boom.next: unknown regime 'high'"),
        (
            CUSTOMERS,
            regimes(boom={"bust": 0.1}, slump={}),
            f"{REGIMES}.boom.next: unknown regime 'bust'",
        ),
        (
            CUSTOMERS,
            regimes(boom={"slmp": 0.1}, slump={}),
            f"{REGIMES}.boom.next: unknown regime 'slmp' (did you mean 'slump'?)",
        ),
        (
            CUSTOMERS,
            regimes(boom={"boom": 0.1}),
            f"{REGIMES}.boom.next: must name other regimes (what is left stays), got 'boom'",
        ),
        (
            CUSTOMERS,
            regimes(boom={"slump": 0.6, "crash": 0.5}, slump={}, crash={}),
            f"{REGIMES}.boom.next: must add up to 1 or less, got 1.1",
        ),
        (CUSTOMERS, regimes(boom={"slump": -0.1}, slump={}), f"{REGIMES}.boom.next.slump: must be 0 or more, got -0.1"),
        (
            CUSTOMERS,
            {"from": "shop", "regimes": {"boom": {"distribution": -1}}},
            f"{REGIMES}.boom.distribution: must be 0 or more, got -1",
        ),
        (CUSTOMERS, {"from": "shop", "regimes": {"boom": {}}}, f"{REGIMES}.boom: needs 'distribution'"),
        (f"{CUSTOMERS}.regime_seen", "hidden", "demands.customers: 'regime_seen' needs regimes"),
        (
            f"{CUSTOMERS}.regime_seen",
            "later",
            "demands.customers.regime_seen: must be 'at-once' or 'hidden', got 'later'",
        ),
        (f"{CUSTOMERS}.occurs", 0, "demands.customers.occurs: must be more than 0, got 0"),
        (f"{CUSTOMERS}.occurs", 1.5, "demands.customers.occurs: must be 1 or less, got 1.5"),
        (f"{CUSTOMERS}.autocorrelation", 1, "demands.customers.autocorrelation: must be less than 1, got 1"),
        (f"{CUSTOMERS}.autocorrelation", -1, "demands.customers.autocorrelation: must be more than -1, got -1"),
        (f"{CUSTOMERS}.forecast", {}, "demands.customers.forecast: needs 'accuracy'"),
        (ACCURACY, [], f"{ACCURACY}: must have 1 or more entries, got []"),
        (ACCURACY, 0.9, f"{ACCURACY}: must be a list, got 0.9"),
        (ACCURACY, [0.9, 1.2], f"{ACCURACY}.1: must be 1 or less, got 1.2"),
        (ACCURACY, [0.9, 0.5, 0.7], f"{ACCURACY}: must not rise with the periods ahead, got 0.7 after 0.5"),
        (CUSTOMERS, past(occurs=0.5), "demands.customers: 'occurs' needs a distribution or regimes, got a history"),
        (
            CUSTOMERS,
            past(autocorrelation=0.5),
            "demands.customers: 'autocorrelation' needs a distribution or regimes, got a history",
        ),
        (
            CUSTOMERS,
            past(forecast={"accuracy": [1]}),
            "demands.customers: 'forecast' needs a distribution or regimes, got a history",
        ),
        # correlations
        (
            "correlations",
            together(("customers", "guests")),
            "correlations: unknown demand 'guests'",
        ),
        (
            "correlations",
            together(("customers", "customers")),
            "correlations.0.between: must be two demands, got 'customers' twice",
        ),
        (
            "correlations",
            together(("customers",)),
            "correlations.0.between: must be two demands, as in [bread, butter], got ['customers']",
        ),
        (
            "correlations",
            together(("a", "b"), ("b", "a")),
            "correlations: the one between a and b is given twice (remove one)",
        ),
        (
            "correlations",
            together(("a", "b"), correlation=1),
            "correlations.0.correlation: must be less than 1, got 1",
        ),
        ("correlations", {"a": "b"}, "correlations: must be a list, got {'a': 'b'}"),
        # lead times
        ("lanes.supplier.lead_time", -1, "lanes.supplier.lead_time: must be 0 periods or more, got -1"),
        (
            "lanes.supplier.lead_time",
            2.5,
            "lanes.supplier.lead_time: must be a whole number of periods, got 2.5",
        ),
        (
            "lanes.supplier.lead_time",
            {"name": "norm", "loc": 4},
            "lanes.supplier.lead_time: must be a whole number of periods, got norm(loc=4)",
        ),
        (
            "lanes.supplier.lead_time",
            {"name": "poisson", "mu": 4, "loc": 0.5},
            "lanes.supplier.lead_time: must be a whole number of periods, got poisson(mu=4, loc=0.5)",
        ),
        # limits of an order
        (
            "lanes.supplier",
            {**LIMITS, "batch": 50},
            "lanes.supplier.batch: must be 40 (the capacity of lanes.supplier) or less, got 50",
        ),
        (
            "lanes.supplier",
            {**LIMITS, "minimum_order": 41},
            "lanes.supplier.minimum_order: must be 40 (the capacity of lanes.supplier) or less, got 41",
        ),
        (
            "lanes.supplier.batch",
            2.5,
            "lanes.supplier.batch: must be whole, got 2.5 (or set units: continuous)",
        ),
        (
            "stocks.shop.initial",
            0.5,
            "stocks.shop.initial: must be whole, got 0.5 (or set units: continuous)",
        ),
        (
            f"{CUSTOMERS}.from.shop",
            0.5,
            "demands.customers.from.shop: must be whole, got 0.5 (or set units: continuous)",
        ),
        # lanes into stocks
        ("stocks.depot", {}, "stocks.depot: no lane leads to it (add one with 'to: depot')"),
        (
            "lanes",
            {"a": {"to": "shop", "share": 0.75}, "b": {"to": "shop", "share": 0.5}},
            "stocks.shop: the shares of its lanes must add up to 1, got a 0.75, b 0.5",
        ),
        (
            "lanes",
            {"supplier": {"share": 0.25}, "b": {"to": "shop", "share": 0.5}},
            "stocks.shop: the shares of its lanes must add up to 1, got supplier 0.25, b 0.5",
        ),
        # spikes and disruptions
        (
            "disruptions",
            quake(hits=["suplier"]),
            "disruptions.quake.hits: unknown supplier, route or lane 'suplier' (did you mean 'supplier'?)",
        ),
        (
            "demands.customers.markdown",
            {"starts": 3, "price": 5, "elasticity": 2},
            "demands.customers: markdown.price: must be 0 (the price before) or less, got 5",
        ),
        ("lanes.supplier.delays", {}, "lanes.supplier.delays: needs either 'regimes' or 'steps', got neither"),
        (
            "lanes.supplier.delays",
            {"steps": [[9, 1], [3, 2]]},
            "lanes.supplier.delays.steps: must be all periods or all dates, in their order, got 3 after 9",
        ),
        (
            "lanes.supplier.delays",
            {"regimes": {"usual": {"periods": 0, "next": {"tihgt": 0.1}}, "tight": {"periods": 3}}},
            "lanes.supplier.delays.regimes.usual.next: unknown regime 'tihgt' (did you mean 'tight'?)",
        ),
        ("stocks.shop.warehouse", "shed", "stocks.shop.warehouse: unknown warehouse 'shed'"),
        ("warehouses", {"shed": {"rate": -1}}, "warehouses.shed.rate: must be 0 or more, got -1"),
        (
            "disruptions",
            quake(hits=["shop"]),
            "disruptions.quake.hits: the stock 'shop' can be hit by what destroys (add destroys: a share)",
        ),
        ("disruptions", quake(destroys=1.5), "disruptions.quake.destroys: must be 1 or less, got 1.5"),
        ("disruptions", quake(hits="supplier"), "disruptions.quake.hits: must be a list, got 'supplier'"),
        ("disruptions", quake(hits=[]), "disruptions.quake.hits: must have 1 or more entries, got []"),
        ("disruptions", quake(lasts=0), "disruptions.quake.lasts: must be 1 period or more, got 0"),
        ("disruptions", quake(starts={}), f"disruptions.quake.starts: {ONE_START}, got none"),
        (
            "disruptions",
            quake(starts={"every": 0}),
            "disruptions.quake.starts.every: must be 1 period or more, got 0",
        ),
        (
            "disruptions",
            quake(starts={"once": {"name": "randint", "low": -1, "high": 5}}),
            "disruptions.quake.starts.once: must be 0 periods or more, got randint(low=-1, high=5)",
        ),
        (
            "disruptions",
            quake(starts={"once": {"name": "uniform", "scale": 9}}),
            "disruptions.quake.starts.once: must be a whole number of periods, got uniform(scale=9)",
        ),
        (
            "disruptions",
            quake(starts={"once": 3, "rate": 0.1}),
            f"disruptions.quake.starts: {ONE_START}, got 'rate' and 'once'",
        ),
        (
            "disruptions",
            quake(starts={"at": [3, -1]}),
            "disruptions.quake.starts.at: must be period 0 or later, got -1",
        ),
        (
            "disruptions",
            quake(starts={"at": ["soon"]}),
            "disruptions.quake.starts.at.0: must be a period or a date, got 'soon'",
        ),
        (
            "disruptions",
            quake(starts={"at": ["1997-02-01"]}),
            "disruptions.quake.starts.at: a date such as 1997-02-01 needs horizon.starts, the date of period 0",
        ),
        ("spikes", {"sale": {**QUAKE, "factor": 2}}, "spikes.sale.hits: unknown demand 'supplier'"),
        # what happens to goods
        ("stocks.shop.shelf_life", 0, "stocks.shop.shelf_life: must be 1 or more, got 0"),
        ("stocks.shop.shelf_life", 2.5, "stocks.shop.shelf_life: must be a whole number, got 2.5"),
        ("stocks.shop.issuing", "filo", "stocks.shop.issuing: must be 'fifo' or 'lifo', got 'filo'"),
        ("stocks.shop.storage_limit", -1, "stocks.shop.storage_limit: must be 0 or more, got -1"),
        (
            "stocks.shop",
            {"initial": 10, "storage_limit": 9},
            "stocks.shop.storage_limit: must be 10 (the initial stock) or more, got 9",
        ),
        (
            "stocks.shop.storage_limit",
            20.5,
            "stocks.shop.storage_limit: must be whole, got 20.5 (or set units: continuous)",
        ),
        ("stocks.shop.waste_cost", -1, "stocks.shop.waste_cost: must be 0 or more, got -1"),
        ("stocks.shop.scrap_value", -1, "stocks.shop.scrap_value: must be 0 or more, got -1"),
        ("stocks.shop.terminal_value", -1, "stocks.shop.terminal_value: must be 0 or more, got -1"),
        ("demands.customers.terminal_cost", 2, "demands.customers: 'terminal_cost' needs unmet: backlog, got lost"),
        ("stocks.shop.seen_late", 1.5, "stocks.shop.seen_late: must be a whole number, got 1.5"),
        ("stocks.shop.obsolete", {}, f"stocks.shop.obsolete: {ONE_START}, got none"),
        ("stocks.shop.obsolete", {"rate": 0.1, "at": [3]}, f"stocks.shop.obsolete: {ONE_START}, got 'rate' and 'at'"),
        ("stocks.shop.obsolete", {"rate": 2}, "stocks.shop.obsolete.rate: must be 1 or less, got 2"),
        ("stocks.shop.obsolete", {"at": [-1]}, "stocks.shop.obsolete.at: must be period 0 or later, got -1"),
        (
            "stocks.shop.obsolete",
            {"at": ["2024-01-01"]},
            "stocks.shop.obsolete.at: a date such as 2024-01-01 needs horizon.starts, the date of period 0",
        ),
        ("lanes.supplier.defects", 2, "lanes.supplier.defects: must be a share from 0 to 1, got 2"),
        (
            "lanes.supplier.defects",
            {"name": "norm", "loc": 0.1},
            "lanes.supplier.defects: must be a share from 0 to 1, got norm(loc=0.1)",
        ),
        ("lanes.supplier.defects", "many", f"lanes.supplier.defects: {DEFECTS}, got 'many'"),
        ("lanes.supplier.defects", {"drfit": 0.2}, f"lanes.supplier.defects: {DEFECTS}, got {{'drfit': 0.2}}"),
        ("lanes.supplier.defects", {"drift": 2}, f"lanes.supplier.defects: {DEFECTS}, got {{'drift': 2}}"),
        ("lanes.supplier.reject_cost", -1, "lanes.supplier.reject_cost: must be 0 or more, got -1"),
        # money that moves later, or is worth less
        ("lanes.supplier.pays_after", -1, "lanes.supplier.pays_after: must be 0 or more, got -1"),
        ("lanes.supplier.cost_erosion", 1.5, "lanes.supplier.cost_erosion: must be 1 or less, got 1.5"),
        (f"{CUSTOMERS}.pays_after", 0.5, f"{CUSTOMERS}.pays_after: must be a whole number, got 0.5"),
        (f"{CUSTOMERS}.price_erosion", -1, f"{CUSTOMERS}.price_erosion: must be 0 or more, got -1"),
        # suppliers and routes
        ("lanes.supplier.supplier", "maker", "lanes.supplier.supplier: unknown supplier 'maker'"),
        ("suppliers", {"maker": {"lat": 1}}, "suppliers.maker: unknown key 'lat' (did you mean 'late'?)"),
        ("suppliers", maker(late=0.1), "suppliers.maker.late: must be a mapping, got 0.1"),
        ("suppliers", maker(late={"chance": 0.1}), "suppliers.maker.late: needs 'by'"),
        ("suppliers", maker(late={"chance": 2, "by": 1}), "suppliers.maker.late.chance: must be 1 or less, got 2"),
        (
            "suppliers",
            maker(late={"chance": 0.1, "by": 0}),
            "suppliers.maker.late.by: must be 1 period or more, got 0",
        ),
        (
            "suppliers",
            maker(late={"chance": 0.1, "by": 1.5}),
            "suppliers.maker.late.by: must be a whole number of periods, got 1.5",
        ),
        ("suppliers", maker(short={"by": 0.5}), "suppliers.maker.short: needs 'chance'"),
        (
            "suppliers",
            maker(short={"chance": 0.1, "by": 2}),
            "suppliers.maker.short.by: must be a share from 0 to 1, got 2",
        ),
        (
            "routes",
            {"road": {"vehicle_cost": 5}},
            "routes.road: vehicle_cost needs vehicle_capacity, the units that fit into one",
        ),
        (
            "routes",
            {"road": {"vehicle_capacity": 0}},
            "routes.road.vehicle_capacity: must be more than 0, got 0",
        ),
        # how a disruption stops what, and who sees it
        (
            "disruptions",
            quake(stops="everything"),
            "disruptions.quake.stops: must be 'ordering', 'shipping', 'transit' or 'receiving', got 'everything'",
        ),
        ("disruptions", quake(severity=1.5), "disruptions.quake.severity: must be 1 or less, got 1.5"),
        ("disruptions", quake(recovers_over=-1), "disruptions.quake.recovers_over: must be 0 or more, got -1"),
        ("disruptions", quake(announced=-1), "disruptions.quake.announced: must be 0 or more, got -1"),
        ("disruptions", quake(seen="never"), "disruptions.quake.seen: must be 'at-once' or 'hidden', got 'never'"),
        (
            "disruptions",
            quake(seen="hidden", announced=2),
            "disruptions.quake: must be seen in one way, got seen: hidden and announced: 2",
        ),
        (
            "disruptions",
            quake(seen_late=1, announced=2),
            "disruptions.quake: must be seen in one way, got announced: 2 and seen_late: 1",
        ),
        # histories
        (
            CUSTOMERS,
            {"from": "shop", "history": {}},
            f"{HISTORY}: needs either a file or values, got neither",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": []}},
            f"{HISTORY}.values: must have 1 or more entries, got []",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": [1, -2]}},
            f"{HISTORY}.values.1: must be 0 or more, got -2",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": [1], "file": "a.csv", "value": "units"}},
            f"{HISTORY}: needs either a file or values, got both",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": [1], "date": "week"}},
            f"{HISTORY}: 'date' needs a file",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"file": "a.csv"}},
            f"{HISTORY}: needs 'value', the column of the file with the quantity",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": [1, 2], "replay": "resampled", "season": 3}},
            f"{HISTORY}.season: must be 2 (the length of the history) or less, got 3",
        ),
        (
            CUSTOMERS,
            {"from": "shop", "history": {"values": [1, 2]}},
            "horizon.periods: must be 2 (the length of demands.customers.history) or less, got 200 "
            "(or set replay: resampled)",
        ),
    ],
)
def test_nonsense_is_refused_in_one_line(key: str, value: object, message: str):
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {key: value})
    assert str(caught.value) == message


def test_of_several_complaints_the_first_is_told_and_the_others_counted():
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {"horizon.periods": 0, "units": "pieces", "stocks.shop.initial": -1})
    assert str(caught.value) == "units: must be 'whole' or 'continuous', got 'pieces' (and 2 more)"


def test_a_long_value_is_cut_short():
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {"units": "x" * 1000})
    assert len(str(caught.value)) < 120


def test_a_date_is_not_before_the_start():
    shock = {"disruptions": quake(starts={"at": ["1997-02-01"]})}
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {"horizon.starts": "1997-02-02", **shock})
    assert str(caught.value) == (
        "disruptions.quake.starts.at: must not be before horizon.starts, 1997-02-02, got 1997-02-01"
    )
    scenario = load("lost-sales", {"horizon.starts": "1997-01-31", **shock})
    assert scenario.horizon.period_of(scenario.disruptions["quake"].starts.at[0]) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (DISTRIBUTION, {"name": "geom", "p": 0.2, "loc": -1}),
        (DISTRIBUTION, {"name": "norm", "loc": 5, "scale": 3}),  # cut at 0
        (DISTRIBUTION, 0),
        ("lanes.supplier.lead_time", {"name": "empirical", "values": [1, 2.0]}),
        ("lanes.supplier.share", 1),
        (
            "lanes",
            {
                "a": {"to": "shop", "share": 0.1},
                "b": {"to": "shop", "share": 0.2},
                "c": {"to": "shop", "share": 0.7},
            },
        ),
        ("lanes", {"a": {"to": "shop", "share": 0.25}, "b": {"to": "shop"}}),
        ("lanes.supplier", {**LIMITS, "batch": 40, "minimum_order": 40}),
        ("disruptions", quake(starts={"at": []})),
        ("policies", ["anything at all"]),
    ],
)
def test_what_makes_sense_is_accepted(key: str, value: object):
    assert load("lost-sales", {key: value})


def test_a_fraction_is_accepted_where_units_are_continuous():
    assert load("lost-sales", {"units": "continuous", "stocks.shop.initial": 0.5, "lanes.supplier.batch": 2.5})


def test_in_python_pydantic_speaks_the_same_words():
    with pytest.raises(ValidationError, match="needs either a file or values, got neither"):
        History()
    with pytest.raises(ValidationError, match=r"demands\.customers\.history\.file: was not read"):
        Scenario(
            name="unread",
            stocks={"shop": {}},
            lanes={"supplier": {"to": "shop"}},
            demands={"customers": {"from": "shop", "history": {"file": "a.csv", "value": "units"}}},
        )


def test_a_scenario_never_changes():
    scenario = load("lost-sales")
    with pytest.raises(ValidationError, match="frozen"):
        scenario.units = "continuous"
    with pytest.raises(ValidationError, match="continuous"):
        scenario.model_copy(update={"units": "pieces"})
    other = scenario.model_copy(update={"units": "continuous"})
    assert (scenario.units, other.units) == ("whole", "continuous")
    assert other != scenario


def test_quantities_of_numpy_are_numbers():
    assert load("lost-sales", {"stocks.shop.initial": np.int64(3)}).stocks["shop"].initial == 3


def test_stocks_that_feed_each_other_are_refused():
    """A circle of stocks, which would be made of themselves, is named."""
    circle = {
        "lanes.supplier.uses": {"back": 1},
        "stocks.back": {},
        "lanes.return": {"to": "back", "uses": {"shop": 1}},
    }
    with pytest.raises(ScenarioError, match="lanes: these stocks feed each other in a circle: shop -> back -> shop"):
        load("lost-sales", circle)


@pytest.mark.parametrize("lead_time", [0, {"name": "randint", "low": 0, "high": 3}])
def test_what_is_never_on_the_way_cannot_be_stopped_there(lead_time: object):
    """Transit stops only where all shipments are on the way for a period or more."""
    with pytest.raises(ScenarioError, match="must be 1 period or more for 'quake' to stop what is on the way"):
        load("lost-sales", {"lanes.supplier.lead_time": lead_time, "disruptions": quake(stops="transit")})


THREE = {f"demands.{name}": {"from": "shop", "distribution": 5} for name in "abc"}


def test_correlations_that_cannot_all_be_so_are_refused():
    """Three demands cannot each be -0.6 correlated with both others: the least eigenvalue is 1 - 2 x 0.6 < 0."""
    pairs = [("a", "b"), ("b", "c"), ("c", "a")]
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {**THREE, "correlations": together(*pairs, correlation=-0.6)})
    assert str(caught.value) == (
        "correlations: cannot all be so at once (not positive definite), got a and b -0.6, a and c -0.6, b and c -0.6"
    )
    assert load("lost-sales", {**THREE, "correlations": together(*pairs, correlation=-0.4)})


def test_a_history_cannot_be_correlated():
    """What was is as it was, whatever another demand does."""
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {**THREE, "demands.a": past(), "correlations": together(("a", "b"))})
    assert str(caught.value) == "correlations: demands.a has a history, which is as it was (leave it out)"


WAIT, SPELL = "must be 10,000 periods or less", "must be 1,000,000,000 periods or less, or .inf for ever"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("horizon.periods", 10**8, "horizon.periods: must be 10,000,000 or less, got 100000000"),
        ("horizon.periods", 10**30, "horizon.periods: must be 10,000,000 or less, got a number of 31 digits"),
        ("horizon.periods_per_year", 1e300, "horizon.periods_per_year: must be 1,000,000,000 or less, got 1e+300"),
        ("stocks.shop.shelf_life", 10**6, "stocks.shop.shelf_life: must be 10,000 or less, got 1000000"),
        ("stocks.shop.seen_late", 10**6, "stocks.shop.seen_late: must be 10,000 or less, got 1000000"),
        ("lanes.supplier.order_delay", 10**6, "lanes.supplier.order_delay: must be 10,000 or less, got 1000000"),
        ("lanes.supplier.pays_after", 10**6, "lanes.supplier.pays_after: must be 10,000 or less, got 1000000"),
        (f"{CUSTOMERS}.pays_after", 10**6, f"{CUSTOMERS}.pays_after: must be 10,000 or less, got 1000000"),
        ("lanes.supplier.lead_time", 10**6, f"lanes.supplier.lead_time: {WAIT}, got 1000000"),
        ("lanes.supplier.lead_time", 1e30, f"lanes.supplier.lead_time: {WAIT}, got 1e+30"),
        (
            "lanes.supplier.lead_time",
            {"name": "poisson", "mu": 5, "loc": 10**18},
            "lanes.supplier.lead_time.loc: must be 1e+15 or less, got 1000000000000000000",
        ),
        (
            "lanes.supplier.lead_time",
            {"name": "geom", "p": 0.001},  # of which 32 bits may mean 22,863
            f"lanes.supplier.lead_time: {WAIT}, got geom(p=0.001)",
        ),
        ("suppliers", maker(late={"chance": 0.1, "by": 1e9}), f"suppliers.maker.late.by: {WAIT}, got 1000000000"),
        ("disruptions", quake(announced=10**6), "disruptions.quake.announced: must be 10,000 or less, got 1000000"),
        ("disruptions", quake(seen_late=10**6), "disruptions.quake.seen_late: must be 10,000 or less, got 1000000"),
        (
            "disruptions",
            quake(recovers_over=10**6),
            "disruptions.quake.recovers_over: must be 10,000 or less, got 1000000",
        ),
        ("disruptions", quake(lasts=1e30), f"disruptions.quake.lasts: {SPELL}, got 1e+30"),
        ("disruptions", quake(starts={"every": 1e30}), f"disruptions.quake.starts.every: {SPELL}, got 1e+30"),
        (
            "disruptions",
            quake(starts={"every": {"name": "geom", "p": 1e-10}}),
            f"disruptions.quake.starts.every: {SPELL}, got geom(p=1e-10)",
        ),
        (
            "disruptions",
            quake(starts={"at": [10**30]}),
            "disruptions.quake.starts.at: must be period 1,000,000,000 or earlier, got 1000000000000000000000000000000",
        ),
        (
            CUSTOMERS,
            past(history={"values": [1, 2], "replay": "as-it-was", "season": 10**30}),
            f"{CUSTOMERS}.history.season: must be 10,000,000 or less, got a number of 31 digits",
        ),
        # `.inf` is for ever where an event is told of, and nowhere else
        ("disruptions", quake(lasts=float("-inf")), "disruptions.quake.lasts: fixed: value must be a finite number"),
        (
            "disruptions",
            quake(lasts={"name": "empirical", "values": [1, float("inf")]}),
            "disruptions.quake.lasts: empirical: values must be a finite number, got inf",
        ),
        ("lanes.supplier.lead_time", float("inf"), "lanes.supplier.lead_time: must be a finite number, got .inf"),
        (DISTRIBUTION, float("inf"), f"{DISTRIBUTION}: must be a finite number, got .inf"),
        ("lanes.supplier.defects", float("inf"), "lanes.supplier.defects: must be a share from 0 to 1, got .inf"),
        (
            "suppliers",
            maker(late={"chance": 0.1, "by": float("inf")}),
            "suppliers.maker.late.by: must be a finite number, got .inf",
        ),
    ],
)
def test_counts_that_are_too_large_are_refused_with_their_limit(key: str, value: object, message: str):
    """What would overflow whole numbers, or take more memory than there is, is refused before anything is drawn.

    Several of these used to be converted to whole numbers of 64 bits unchecked: an event that lasts 1e30 periods
    wrote outside its array.
    """
    with pytest.raises(ScenarioError) as caught:
        load("lost-sales", {key: value})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_largest_counts_are_allowed():
    """The limits themselves are not too large."""
    world = load(
        "lost-sales",
        {
            "horizon.periods": 10**7,
            "lanes.supplier.lead_time": 10_000,
            "lanes.supplier.pays_after": 10_000,
            "disruptions": quake(lasts=10**9, starts={"at": [10**9]}, recovers_over=10_000),
        },
    )
    assert world.lanes["supplier"].lead_time.mean == 10_000
