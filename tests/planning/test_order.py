"""`jit-gym order`: what the shop's rule orders in a simulation in the same state, cut as the physics cuts it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common.checks import BadInput
from jit_gym.physics import Layout, Simulation, View
from jit_gym.planning import open_folder, order, todays_orders
from jit_gym.planning.log import past_orders

from ..commands import jit, refused

TOLD = ["--unit-cost", "2", "--holding-rate", "0.25", "--service", "0.97"]
FIRST = np.datetime64("2022-01-03")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def shop(*more: str, weeks: int = 156, lead_time: int = 2) -> jit_gym.scenario.Scenario:
    """Write the shop of a seasonal and a steady item, sold in two stores, and return its scenario."""
    rng, days = np.random.default_rng(1), np.datetime_as_string(FIRST + 7 * np.arange(weeks))
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(weeks) / 52)
    lines = [
        f"{day},{store},{item},{rng.poisson(mean)}"
        for store, item, means in (("north", "milk", 30 * season), ("south", "tea", 6 + 0 * season))
        for day, mean in zip(days, means, strict=True)
    ]
    Path("own.csv").write_text("\n".join(["date,store,item,units", *lines]) + "\n")
    result = jit("new", "my-shop", "--demand", "own.csv", "--lead-time", str(lead_time), *TOLD, *more)
    assert result.exit_code == 0, result.output
    return jit_gym.load("my-shop")


def stock(*lines: str, header: str = "item,on_hand,on_order,ordered,expected") -> str:
    Path("stock.csv").write_text("\n".join([header, *lines]) + "\n")
    return "stock.csv"


def monday(period: int) -> str:
    """Return the first day of a period of the scenario, which begins after the 156 weeks of the history."""
    return str(FIRST + 7 * (156 + period))


def told_of(simulation: Simulation, dated: str) -> str:
    """Write what a simulation has on hand and on the way, orders dated by when they were placed or will arrive."""
    layout, period = simulation.layout, simulation.period
    lines = []
    for i, item in enumerate(layout.stocks):
        row = layout.net.lanes[i]
        longest = int(row["last_slot"] - row["first_slot"]) - 1
        lines.append(f"{item},{simulation.state.stocks['on_hand'][0, i]:.17g},,,")
        for k in range(1, longest + 1):
            units, arrives = simulation.pipeline[0, int(row["first_slot"]) + k], period + k - 1
            days = f"{monday(arrives - longest)}," if dated == "ordered" else f",{monday(arrives)}"
            lines.append(f"{item},,{units:.17g},{days}")
    return stock(*lines)


@pytest.mark.parametrize("dated", ["ordered", "expected"])
@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("base-stock", ()),
        ("base-stock(level=70)", ("--backlog",)),
        ("s-S", ("--fixed-cost", "5")),
        ("just-in-case", ()),
        ("safety-stock", ("--minimum-order", "10", "--batch", "6")),
        ("kanban", ()),
        ("jit", ()),
        ("adaptive", ()),
        ("adaptive(smoothing=0.3)", ("--backlog",)),
        ("moving-average(window=5)", ()),
        ("capped-base-stock(level=80, cap=30)", ("--vehicle-capacity", "40", "--vehicle-cost", "3")),
    ],
)
def test_the_order_is_that_of_the_rule_in_a_simulation_in_the_same_state(rule: str, more: tuple, dated: str):
    world = shop(*more)
    layout = Layout(world)
    simulation = Simulation(layout, Chance(world).draw(3, 1, 31))
    player, sold = jit_gym.policies.policy(rule, world), []
    for period in range(31):
        wanted = np.broadcast_to(player(View(simulation)), (1, 2))
        if period in (1, 17, 30):
            stock_file = told_of(simulation, dated)
            rows = [f"{monday(t)},{store},{item},{units[k]:.17g}" for t, units in enumerate(sold)
                    for k, (store, item) in enumerate((("north", "milk"), ("south", "tea")))]  # fmt: skip
            Path("new.csv").write_text("\n".join(["date,store,item,units", *rows]) + "\n")
            backlog = simulation.state.demands["backlog"][0]
            if backlog.any():  # who waits stands in the file as less than nothing on hand
                assert not simulation.state.stocks["on_hand"][0][backlog > 0].any()
                text = Path(stock_file).read_text()
                for item, units in zip(layout.stocks, backlog, strict=True):
                    text = text.replace(f"\n{item},0,,,", f"\n{item},{-units:.17g},,,")
                Path(stock_file).write_text(text)
            found = order("my-shop", stock_file, date=monday(period), rule=rule, sales="new.csv")
            placed = simulation.step(wanted).lanes["ordered"][0]
            assert found["ordered"].tolist() == placed.tolist(), (period, wanted)
        else:
            simulation.step(wanted)
        asked = simulation.flows.demands["demanded"] if "--backlog" in more else simulation.state.stocks["used"]
        sold.append(asked[0].copy())


def test_the_position_the_level_and_the_day_of_arrival_by_hand():
    """30 on hand and 12 under way of 20 + 12 are 42; up to 70 are 28; a lead time of two weeks after the 6 January."""
    shop()
    file = stock("north-milk,30,12,,2025-01-06", "south-tea,25,,,")
    found = order("my-shop", file, date="2025-01-06", rule="base-stock(level=70)").set_index("item")
    milk = found.loc["north-milk"]
    assert (milk["on_hand"], milk["on_order"], milk["position"], milk["level"], milk["ordered"]) == (30, 12, 42, 70, 28)
    assert milk["arrives"] == str(np.datetime64("2025-01-06") + 14)
    assert milk["rule"] == "base-stock(level=70)"
    assert found.loc["south-tea", "ordered"] == 45


def test_the_forecast_follows_the_season():
    """The season peaks in the 13th week of the year, and is lowest in the 39th: the factors are 1.5 and 0.5."""
    shop()
    file = stock("north-milk,0,,,", "south-tea,0,,,")
    high, low = (order("my-shop", file, date=monday(k), rule="safety-stock")["forecast"] for k in (12, 38))
    assert high[0] / low[0] == pytest.approx(3, rel=0.15)
    assert high[1] == low[1]


def test_each_item_has_its_rule():
    shop()
    Path("my-shop/rules.csv").write_text("item,rule\nnorth-milk,base-stock(level=90)\nsouth-tea,base-stock(level=20)\n")
    found = order("my-shop", stock("north-milk,0,,,", "south-tea,4,,,"), date=monday(0))
    assert found["ordered"].tolist() == [90, 16]
    assert found["rule"].tolist() == ["base-stock(level=90)", "base-stock(level=20)"]
    Path("my-shop/rules.csv").write_text('item,rule\nnorth-milk,"s-S(s=10, S=40)"\n')
    found = todays_orders("my-shop", "stock.csv", date=monday(0))
    assert found.frame["ordered"][0] == 40
    assert found.frame["rule"][0] == "s-S(s=10, S=40)"
    assert found.frame["rule"][1].startswith("base-stock(level=")
    assert any("1 item without a rule in rules.csv: base-stock by formula" in note for note in found.notes)


def test_an_item_alone_orders_as_in_the_shop(monkeypatch):
    """An agent is asked in the world of one item; a rule orders there what it orders in the whole shop."""
    shop()
    file = stock("north-milk,10,20,,2025-01-06", "south-tea,3,4,,2024-12-30")
    together = order("my-shop", file, date=monday(0), rule="base-stock")
    real = jit_gym.planning.order.__globals__["policy"]
    monkeypatch.setitem(
        jit_gym.planning.order.__globals__,
        "policy",
        lambda what, world: real("base-stock" if what == "agent:some" else what, world),
    )
    alone = order("my-shop", file, date=monday(0), rule="agent:some")
    assert alone["ordered"].tolist() == together["ordered"].tolist()
    assert alone["rule"].tolist() == ["agent:some"] * 2


def test_minimum_orders_and_batches_are_those_of_the_scenario():
    shop("--minimum-order", "30", "--batch", "12")
    file = stock("north-milk,30,,,", "south-tea,60,,,")
    found = order("my-shop", file, date=monday(0), rule="base-stock(level=70)")
    assert found["ordered"].tolist() == [36, 0]  # 40 is 3.3 batches; 10 is less than the minimum of 36 in batches
    assert "the rule asks for 40, and 36 can be ordered" in found["looks_wrong"][0]


def test_a_truck_is_shared():
    """45 and 65 units fill three trucks of 40, which the physics loads together."""
    shop("--vehicle-capacity", "40", "--vehicle-cost", "3")
    found = todays_orders("my-shop", stock("north-milk,25,,,", "south-tea,5,,,"), date=monday(0),
                          rule="base-stock(level=70)")  # fmt: skip
    assert found.frame["ordered"].sum() == 110
    assert dict(found.vehicles) == {"truck": 3}


def test_what_looks_wrong_is_said():
    shop()
    file = stock(
        "north-milk,-4,10,2024-11-25,",
        "north-milk,,5,,2024-12-20",
        "west-coffee,3,,,",
        header="item,on hand,on order,ordered on,expected",
    )
    found = todays_orders("my-shop", file, date=monday(0))
    milk, tea = found.frame["looks_wrong"]
    assert "negative stock (-4), taken for 0" in milk
    assert "order of 10 (line 2) of 2024-11-25 is 5 weeks old, and the lead time at most 2" in milk
    assert "order of 5 (line 3) was expected on 2024-12-20 and is not there" in milk
    assert tea == "no stock on hand is told: nothing is ordered"
    assert np.isnan(found.frame["ordered"][1])
    assert found.frame["position"][0] == 15
    assert any("stock.csv line 4: the shop has no item 'west-coffee'" in note for note in found.notes)


def test_stock_of_another_day_and_sales_far_from_the_forecast_look_wrong():
    shop()
    file = stock("2024-12-23,north-milk,5", "2024-12-23,south-tea,5", header="date,item,stock")
    rows = [f"{monday(k)},{store},{item},{units}" for k in range(8)
            for store, item, units in (("north", "milk", 300), ("south", "tea", 6))]  # fmt: skip
    Path("new.csv").write_text("\n".join(["date,store,item,units", *rows]) + "\n")
    found = todays_orders("my-shop", file, date=monday(8), sales="new.csv")
    assert any("counted on 2024-12-23, and the order is of 2025-02-24" in note for note in found.notes)
    assert "2,400 sold in the last 8 weeks" in found.frame["looks_wrong"][0]
    assert found.frame["looks_wrong"][1] == ""


def test_sales_may_go_on_in_the_folder():
    """A learning rule orders the same, whether the new weeks are in a file or below the rows of sales.csv."""
    shop()
    file = stock("north-milk,0,,,", "south-tea,0,,,")
    rows = [(monday(k), store, item, 60) for k in range(6) for store, item in (("north", "milk"), ("south", "tea"))]
    Path("new.csv").write_text("date,store,item,units\n" + "".join(f"{d},{s},{i},{u}\n" for d, s, i, u in rows))
    before = order("my-shop", file, date=monday(6), rule="adaptive")["ordered"]
    given = order("my-shop", file, date=monday(6), rule="adaptive", sales="new.csv")["ordered"]
    with open("my-shop/sales.csv", "a") as log:
        log.writelines(f"{d},{s},{i},{s}-{i},{u},0,0\n" for d, s, i, u in rows)
    assert order("my-shop", file, date=monday(6), rule="adaptive")["ordered"].tolist() == given.tolist()
    assert (given > before).all()
    assert open_folder("my-shop").first == 156


@pytest.mark.parametrize(
    ("header", "lines", "asked", "refusal"),
    [
        ("item,units", ["north-milk,4"], {}, "no column is called like on hand (say --on-hand; it has item, units)"),
        ("name,stock", ["north-milk,4"], {}, "must have the columns store, item, or a column of items (say --item"),
        ("item,stock", ["coffee,4"], {}, "line 2: the shop has no item 'coffee', nor any other"),
        ("item,stock", ["north-milk,four"], {}, "stock.csv line 2: stock: must be a number, got 'four'"),
        ("item,stock", ["north-milk,4", "north-milk,5"], {}, "line 3: stock: north-milk must have one number on hand"),
        ("item,stock,on_order", ["north-milk,4,-5"], {}, "line 2: on_order: must be 0 units or more, got -5"),
        ("item,stock,on_order,due", ["north-milk,4,5,soon"], {}, "line 2: due: must be a date such as"),
        (
            "item,stock,on_order,ordered,due",
            ["north-milk,4,5,2025-01-06,2025-01-01"],
            {},
            "due: must not be before ord",
        ),
        ("item,stock", ["north-milk,4"], {"date": "2024-12-01"}, "--date: must be 2024-12-30 or later"),
        ("item,stock", ["north-milk,4"], {"date": "30.12.2024"}, "--date: must be a date such as 2024-12-31"),
        ("item,stock", ["north-milk,4"], {"rule": "base-stok"}, "the rule of north-milk: unknown policy 'base-stok'"),
        ("item,stock", ["north-milk,4"], {"rule": "jit", "date": monday(2)}, "--rule: jit orders what was sold in the"),
    ],
)
def test_what_cannot_be_ordered_by_is_refused_in_a_line(header: str, lines: list, asked: dict, refusal: str):
    shop()
    with pytest.raises(BadInput) as error:
        order("my-shop", stock(*lines, header=header), **{"date": monday(0), **asked})
    assert refusal in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scenario_that_a_file_of_stock_does_not_tell_enough_of_is_refused():
    shop()
    path = Path("my-shop/my-shop.yaml")
    text = path.read_text().replace("{to: north-milk,", "{to: north-milk, order_delay: 1,")
    path.write_text(text)
    with pytest.raises(BadInput, match=r"lanes\.buy-north-milk\.order_delay"):
        order("my-shop", stock("north-milk,4,,,"), date=monday(0))


def test_the_command_writes_the_table_and_the_log_once_a_day():
    shop()
    file = stock("north-milk,30,,,", "south-tea,60,,,")
    base = ["order", "my-shop", "--stock", file, "--rule", "base-stock(level=70)"]
    first = jit(*base, "--date", monday(0))
    assert first.exit_code == 0, first.output
    assert "north-milk" in first.stdout
    with open("my-shop/today.csv", newline="") as table:
        assert [row["ordered"] for row in csv.DictReader(table)] == ["40.0", "10.0"]
    said = refused(*base, "--date", monday(0))
    assert said == (
        "my-shop/orders.csv: has an order of 2024-12-30 for north-milk already, which stays as it is (add --replace)"
    )
    stock("north-milk,50,,,", "south-tea,60,,,")
    assert jit(*base, "--date", monday(1), "--out", "mine.csv").exit_code == 0
    assert jit(*base, "--date", monday(0), "--replace").exit_code == 0
    assert jit(*base, "--date", monday(2), "--dry-run").exit_code == 0
    log = past_orders("my-shop")
    assert log[["item", "ordered", "position"]].to_numpy().tolist() == [
        ["north-milk", 20, 50], ["south-tea", 10, 60], ["north-milk", 20, 50], ["south-tea", 10, 60],
    ]  # fmt: skip
    assert [str(day)[:10] for day in log["date"]] == [monday(0)] * 2 + [monday(1)] * 2
    assert [str(day)[:10] for day in log["arrives"]] == [monday(2)] * 2 + [monday(3)] * 2
    assert Path("mine.csv").is_file()
    told = json.loads(jit(*base, "--date", monday(3), "--json").stdout)
    assert [row["ordered"] for row in told["orders"]] == [20, 10]


def test_what_the_command_needs_is_asked_for():
    shop()
    assert refused("order", "my-shop") == (
        "--stock: must be a file with what is on hand and on order (columns item, on_hand, on_order)"
    )
    assert "is no folder" in refused("order", "elsewhere", "--stock", stock("a,1,,,"))
    assert (
        refused("order", "my-shop", "--stock", "stock.csv", "--out", "a.txt") == "--out: must end in .csv, got 'a.txt'"
    )


def test_excel_and_lead_times_that_are_random():
    """An order that is two weeks old is late for none of the lead times of 1 to 3 weeks; their mean is 2."""
    Path("deliveries.csv").write_text(
        "ordered,arrived\n" + "".join(f"2024-0{m}-01,{np.datetime64(f'2024-0{m}-01') + 7 * (1 + m % 3)}\n"
                                      for m in range(1, 10))
    )  # fmt: skip
    rng, days = np.random.default_rng(1), np.datetime_as_string(FIRST + 7 * np.arange(156))
    Path("own.csv").write_text("date,item,units\n" + "".join(f"{day},milk,{rng.poisson(9)}\n" for day in days))
    assert jit("new", "my-shop", "--demand", "own.csv", "--deliveries", "deliveries.csv", *TOLD).exit_code == 0
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["item", "on hand", "on order", "ordered"], ["milk", 5, 12, np.datetime64(monday(0)).item()]):
        book.active.append(row)
    book.save("stock.xlsx")
    found = order("my-shop", "stock.xlsx", date=monday(2), rule="base-stock(level=40)")
    assert found["ordered"].tolist() == [23]
    assert found["arrives"].tolist() == [monday(4)]
    assert found["looks_wrong"].tolist() == [""]


def test_promotions_that_may_come_are_not_ordered_for():
    """A promotion that nobody has announced is in no forecast."""
    rng, days = np.random.default_rng(2), np.datetime_as_string(FIRST + 7 * np.arange(156))
    on = np.arange(156) % 26 == 3
    rows = [f"{day},{rng.poisson(90 if each else 30)},{int(each)}" for day, each in zip(days, on, strict=True)]
    Path("own.csv").write_text("\n".join(["date,units,promo", *rows]) + "\n")
    assert jit("new", "my-shop", "--demand", "own.csv", "--lead-time", "2", *TOLD).exit_code == 0
    world = jit_gym.load("my-shop")
    assert world.spikes["promotion-item"].announced
    found = order("my-shop", stock("item,20,,,"), date=monday(4), rule="safety-stock")
    assert found["forecast"][0] == pytest.approx(3 * 30, rel=0.05)


def autocorrelated_shop() -> None:
    """Make my-shop of weekly sales about 50 whose scores have the autocorrelation 0.7."""
    rng, score = np.random.default_rng(3), np.zeros(156)
    for t in range(1, 156):
        score[t] = 0.7 * score[t - 1] + np.sqrt(1 - 0.7**2) * rng.standard_normal()
    days, units = np.datetime_as_string(FIRST + 7 * np.arange(156)), np.round(50 + 12 * score)
    Path("own.csv").write_text("date,units\n" + "".join(f"{d},{u:g}\n" for d, u in zip(days, units, strict=True)))
    assert jit("new", "my-shop", "--demand", "own.csv", "--lead-time", "2", *TOLD).exit_code == 0


def test_a_forecast_knows_the_last_sales_where_demand_is_autocorrelated():
    """With the autocorrelation of 0.7, much sold last week means more to come, and much sold long ago does not."""
    autocorrelated_shop()
    assert jit_gym.load("my-shop").demands["sell-item"].autocorrelation > 0.4
    file, told = stock("item,20,,,"), {}
    for last in (30, 70):
        Path("new.csv").write_text(f"date,units\n{monday(0)},50\n{monday(1)},{last}\n")
        for period in (2, 30):
            frame = order("my-shop", file, date=monday(period), rule="safety-stock", sales="new.csv")
            told[last, period] = frame["forecast"][0]
    assert told[70, 2] > told[30, 2] + 15
    assert told[70, 30] == pytest.approx(told[30, 30], rel=0.01)


def promoted_shop() -> None:
    """Write the shop of an item whose promotions make three times as much of 30 a week, and of one without any."""
    rng, days = np.random.default_rng(2), np.datetime_as_string(FIRST + 7 * np.arange(156))
    on = np.arange(156) % 26 == 3
    rows = [f"{day},{item},{rng.poisson(90 if each and item == 'milk' else 30)},{int(each and item == 'milk')}"
            for day, each in zip(days, on, strict=True) for item in ("milk", "tea")]  # fmt: skip
    Path("own.csv").write_text("\n".join(["date,item,units,promo", *rows]) + "\n")
    assert jit("new", "my-shop", "--demand", "own.csv", "--lead-time", "2", *TOLD).exit_code == 0


def planned(*lines: str, header: str = "item,date,to,factor") -> str:
    Path("plan.csv").write_text("\n".join([header, *lines]) + "\n")
    return "plan.csv"


def test_promotions_that_are_planned_are_in_the_forecast():
    """Of the three weeks of lead time and review one, two, or the half of one, has three times the demand."""
    promoted_shop()
    factor = jit_gym.load("my-shop").spikes["promotion-milk"].factor
    assert factor == pytest.approx(3, rel=0.1)
    file = stock("milk,0,,,", "tea,0,,,")

    def frame(*lines: str, **more):
        plan = {"promotions": planned(*lines)} if lines else {}
        return order("my-shop", file, date=monday(4), rule="safety-stock", **plan, **more).set_index("item")

    usual = frame()
    week = usual.loc["milk", "forecast"] / 3
    for lines, weeks in (
        ([f"milk,{monday(5)},,"], factor - 1),
        ([f"milk,{monday(5)},{np.datetime64(monday(6)) + 3},"], 2 * (factor - 1)),
        ([f"milk,{monday(5)},,", f"milk,{np.datetime64(monday(5)) + 2},,"], factor - 1),  # the same week counts once
        ([f"milk,{monday(7)},,"], 0),  # after lead time and review
        ([f"milk,{monday(3)},,"], 0),
        ([f"milk,{monday(6)},,0.5"], -0.5),
        ([f"milk,{monday(6)},,0"], -1),
        ([f"milk,{monday(6)},,", f"milk,{monday(6)},,2"], 2 * factor - 1),
        ([f"*,{monday(6)},,2"], 1),
    ):
        found = frame(*lines)
        more = found.loc["milk", "forecast"] - usual.loc["milk", "forecast"]
        assert more == pytest.approx(weeks * week, rel=0.001, abs=1e-9), lines
        assert found.loc["milk", "ordered"] - usual.loc["milk", "ordered"] == pytest.approx(weeks * week, abs=1), lines
        assert (found.loc["milk", "promotion"] == "") == (weeks == 0), lines
        assert not found.loc["milk", "looks_wrong"]
        assert found.loc["tea", "ordered"] == usual.loc["tea", "ordered"] + (lines[0][0] == "*") * round(week)


def test_a_rule_that_does_not_look_at_the_forecast_says_so():
    promoted_shop()
    file, plan = stock("milk,0,,,", "tea,0,,,"), planned(f"milk,{monday(5)}", f"tea,{monday(5)}", header="item,date")
    for rule in ("base-stock(level=90)", "adaptive", "kanban", "agent:generalist"):
        usual, found = (
            order("my-shop", file, date=monday(4), rule=rule, **each).set_index("item")
            for each in ({}, {"promotions": plan})
        )
        assert found["ordered"].tolist() == usual["ordered"].tolist(), rule
        more = found.loc["milk", "forecast"] - usual.loc["milk", "forecast"]
        assert f"without the promotion of {monday(5)} x3" in found.loc["milk", "looks_wrong"]
        assert f"{more:,.4g} units more are expected" in found.loc["milk", "looks_wrong"]
        assert found.loc["tea", "promotion"] == f"{monday(5)} x?"
        assert f"a promotion in the week of {monday(5)} is not in the forecast" in found.loc["tea", "looks_wrong"]


def test_a_planned_event_multiplies_what_the_last_sales_foretell():
    """Where demand is autocorrelated, too, the forecast of the week of the event alone is doubled."""
    autocorrelated_shop()
    Path("new.csv").write_text(f"date,units\n{monday(0)},50\n{monday(1)},80\n")
    told = []
    for lines in ([], [0], [1], [2], [0, 1, 2]):
        plan = planned(*(f"{monday(2 + k)},2" for k in lines), header="date,factor") if lines else None
        frame = order("my-shop", stock("item,20,,,"), date=monday(2), rule="safety-stock", sales="new.csv",
                      promotions=plan)  # fmt: skip
        told.append(frame["forecast"][0])
    usual, *weeks, whole = told
    assert whole == pytest.approx(2 * usual, rel=1e-9)
    assert sum(weeks) == pytest.approx(4 * usual, rel=1e-9)
    assert weeks[0] > weeks[1] > weeks[2] > usual  # the 80 of last week fade


@pytest.mark.parametrize(
    ("header", "line", "refusal"),
    [
        ("item,units", "milk,3", "plan.csv: no column is called like a date"),
        ("item,date", "milk,", "plan.csv line 2: date: must be the first day of the event, got nothing"),
        ("item,from,to", f"milk,{monday(5)},{monday(4)}", f"plan.csv line 2: to: must not be before from, {monday(5)}"),
        ("item,date,factor", f"milk,{monday(5)},150", "plan.csv line 2: factor: must be from 0 to 100 times"),
        ("item,date,factor", f"milk,{monday(5)},-1", "plan.csv line 2: factor: must be from 0 to 100 times"),
        ("item,date", f"coffee,{monday(5)}", "plan.csv line 2: the shop has no item 'coffee', nor any other"),
        ("item,date", "milk,soon", "plan.csv line 2: date: must be a date"),
    ],
)
def test_plans_that_cannot_be_read_are_refused_in_a_line(header: str, line: str, refusal: str):
    shop()
    Path("my-shop/rules.csv").unlink(missing_ok=True)
    header, line = header.replace("item", "item_name"), line.replace("milk", "north-milk")
    plan = planned(line, header=header)
    with pytest.raises(BadInput) as error:
        order("my-shop", stock("north-milk,0,,,"), date=monday(0), promotions=plan)
    assert refusal in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_tells_what_is_planned():
    promoted_shop()
    plan = planned(f"milk,{monday(5)}", f"coffee,{monday(5)}", header="item,date")
    asked = ("order", "my-shop", "--stock", stock("milk,0,,,", "tea,0,,,"), "--date", monday(4), "--promotions", plan)
    result = jit(*asked, "--rule", "safety-stock", "--dry-run")
    assert result.exit_code == 0, result.output
    assert f"milk: planned {monday(5)} x3" in result.output
    assert "1 row of items that the shop does not have: plan.csv line 3" in result.output.replace("\n", " ")
