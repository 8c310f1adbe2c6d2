"""`jit-gym new --demand`: a folder whole or not at all, whose scenario loads, plays, and says what was told."""

import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.planning.shop import shortage_cost

from ..commands import jit, refused

ROOT = Path(__file__).parents[2]
SALES = str(ROOT / "configs/grocery_sales.csv")
TOLD = ["--lead-time", "2", "--unit-cost", "2", "--holding-rate", "0.25", "--service", "0.97"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def shop(*arguments: str) -> jit_gym.scenario.Scenario:
    """Write a shop, and load its scenario, in which each key must do something."""
    result = jit("new", "my-shop", *arguments)
    assert result.exit_code == 0, result.output
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return jit_gym.load("my-shop/my-shop.yaml")


def sales(*lines: str) -> str:
    Path("own.csv").write_text("\n".join(["date,item,units,cost", *lines]) + "\n")
    return "own.csv"


def two_items(weeks: int = 120) -> str:
    rng = np.random.default_rng(1)
    days = np.datetime_as_string(np.datetime64("2022-01-03") + 7 * np.arange(weeks))
    lines = [f"{day},milk,{rng.poisson(30)},1.04" for day in days] + [f"{day},tea,{rng.poisson(4)},5.2" for day in days]
    return sales(*lines)


def test_the_folder_has_a_scenario_the_cleaned_sales_and_a_page():
    result = jit("new", "my-shop", "--demand", SALES, "--by", "store,item", *TOLD)
    assert result.exit_code == 0, result.output
    assert "Next: jit-gym compare my-shop" in result.output
    assert "guessed: date in 'week', quantity in 'units_sold'" in result.output
    assert sorted(path.name for path in Path("my-shop").iterdir()) == ["my-shop.yaml", "report.html", "sales.csv"]
    assert [path.name for path in Path().iterdir()] == ["my-shop"]
    world = jit_gym.load("my-shop/my-shop.yaml")
    assert len(world.stocks) == len(world.lanes) == len(world.demands) == 6
    assert world.horizon.periods == 52
    assert world.horizon.period == "week"
    page = Path("my-shop/report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 6
    assert all(f'id="{item}"' in page for item in world.stocks)
    assert "p / (p + h) is 0.97 (Arrow et al. 1951)" in page
    cleaned = Path("my-shop/sales.csv").read_text().splitlines()
    assert cleaned[0] == "week,store,item,item_name,units,short,promotion"
    assert len(cleaned) == 1 + 6 * 156
    command = shlex.split(Path("my-shop/my-shop.yaml").read_text().splitlines()[0].removeprefix("# Written by: "))
    assert command[:2] == ["jit-gym", "new"]
    Path("my-shop").rename("before")
    assert jit(*command[1:]).exit_code == 0
    assert Path("my-shop/my-shop.yaml").read_bytes() == Path("before/my-shop.yaml").read_bytes()
    played = jit("compare", "my-shop/my-shop.yaml", "--paths", "4", "--no-gap", "--no-report")
    assert played.exit_code == 0, played.output
    assert "base-stock" in played.output


def test_demand_of_the_scenario_is_what_was_simulated():
    """Poisson(30) and Poisson(4) of 120 weeks: means within four standard errors of what the sales were drawn with."""
    world = shop("--demand", two_items(), *TOLD)
    assert world.demands["sell-milk"].distribution.name == "poisson"
    drawn = Chance(world).draw(1, 200).demand
    assert drawn[:, :, 0].mean() == pytest.approx(30, abs=4 * np.sqrt(30 / 120))
    assert drawn[:, :, 1].mean() == pytest.approx(4, abs=4 * np.sqrt(4 / 120))


def test_costs_of_a_column_and_a_service_level():
    world = shop("--demand", two_items(), "--lead-time", "2", "--unit-cost", "cost", "--holding-rate", "0.25",
                 "--service", "0.97")  # fmt: skip
    assert world.stocks["milk"].holding_cost == pytest.approx(1.04 * 0.25 / 52)
    assert world.stocks["tea"].holding_cost == pytest.approx(5.2 * 0.25 / 52)
    assert world.stocks["tea"].unit_value == 5.2
    h, p = world.stocks["tea"].holding_cost, world.demands["sell-tea"].shortage_cost
    assert p / (p + h) == pytest.approx(0.97, rel=1e-5)
    assert shortage_cost(1.0, 0.5) == 1.0


def test_a_truck_a_minimum_and_customers_who_wait():
    world = shop("--demand", two_items(), *TOLD, "--vehicle-capacity", "60", "--vehicle-cost", "40",
                 "--minimum-order", "6", "--batch", "3", "--fixed-cost", "2", "--backlog")  # fmt: skip
    assert world.routes["truck"].vehicle_capacity == 60
    lane = world.lanes["buy-tea"]
    assert (lane.route, lane.minimum_order, lane.batch, lane.fixed_cost) == ("truck", 6, 3, 2)
    assert lane.lead_time.mean == 2
    assert world.demands["sell-tea"].unmet == "backlog"
    assert world.policies[0] == "s-S"


def test_the_price_makes_the_margin_what_is_lost():
    world = shop("--demand", two_items(), "--lead-time", "1", "--unit-cost", "cost", "--holding-cost", "0.02",
                 "--price", "6")  # fmt: skip
    assert world.demands["sell-milk"].shortage_cost == pytest.approx(4.96)
    assert world.stocks["milk"].holding_cost == 0.02


def test_lead_times_come_from_deliveries():
    rows = [
        f"{item},2023-01-{k:02},2023-01-{k + days:02}"
        for item, days in (("milk", 7), ("tea", 14))
        for k in range(1, 10)
    ]
    Path("came.csv").write_text("\n".join(["item,ordered,arrived", *rows, "tea,2023-02-01,2023-02-22"]) + "\n")
    world = shop("--demand", two_items(), "--deliveries", "came.csv", *TOLD[2:])
    assert world.lanes["buy-milk"].lead_time.mean == 1
    assert world.lanes["buy-tea"].lead_time.parameters == {"values": [2, 3], "weights": [0.9, 0.1]}


def test_promotions_are_announced_and_stock_on_hand_is_heeded():
    rng = np.random.default_rng(3)
    days = np.datetime_as_string(np.datetime64("2022-01-03") + 7 * np.arange(150))
    lines = ["date,item,units,on_hand,promo"]
    for t, day in enumerate(days):
        promoted, stock = t % 10 == 4, 18 if t % 2 else 500
        wanted = rng.poisson(60 if promoted else 20)
        sold = min(wanted, stock)
        lines.append(f"{day},milk,{sold},{stock - sold},{int(promoted)}")
    Path("own.csv").write_text("\n".join(lines) + "\n")
    world = shop("--demand", "own.csv", *TOLD)
    spike = world.spikes["promotion-milk"]
    assert spike.factor == pytest.approx(3, rel=0.15)
    assert spike.announced == 3
    assert world.demands["sell-milk"].distribution.mean == pytest.approx(20, rel=0.07)


def test_working_days_have_a_year_of_their_own():
    rng = np.random.default_rng(4)
    days = np.datetime64("2024-01-01") + np.arange(200)
    lines = [f"{day},milk,{rng.poisson(9)},1" for day in days if np.is_busday(day)]
    world = shop("--demand", sales(*lines), *TOLD)
    assert world.horizon.period == "day"
    assert world.horizon.year == pytest.approx(365 * 5 / 7, rel=1e-5)


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (
            [],
            "what it costs must be told, not guessed: say --lead-time PERIODS, or --deliveries FILE; and --holding",
        ),
        (TOLD[:4], "what it costs must be told, not guessed: say --holding-rate SHARE (of the unit cost, a year)"),
        (
            TOLD[:6],
            "what it costs must be told, not guessed: say --service SHARE, --shortage-cost (per unit short), or",
        ),
        ([*TOLD[:2], *TOLD[4:]], "what it costs must be told, not guessed: say --unit-cost NUMBER or COLUMN"),
        ([*TOLD, "--price", "3"], "--service and --price: say one of them, got both"),
        ([*TOLD, "--holding-cost", "3"], "--holding-rate and --holding-cost: say one of them, got both"),
        ([*TOLD[:6], "--service", "97"], "--service: must be more than 0 and less than 1, as 0.97, got 97"),
        ([*TOLD[:6], "--price", "1"], "--price: must be more than --unit-cost for each item, got 1 and 2 for"),
        ([*TOLD, "--vehicle-cost", "3"], "--vehicle-cost: needs --vehicle-capacity, the units that fit into one"),
        ([*TOLD[:2], "--unit-cost", "cst", *TOLD[4:]], "own.csv has no column 'cst' (did you mean 'cost'?)"),
        (
            [*TOLD[:2], "--unit-cost", "-2", *TOLD[4:]],
            "--unit-cost: the number must be more than 0 for each item, got -2",
        ),
        ([*TOLD, "--by", "itm"], "--by: own.csv has no column 'itm' (did you mean 'item'?)"),
    ],
)
def test_what_is_not_told_is_asked_for_by_name(told: list[str], refusal: str):
    assert refused("new", "my-shop", "--demand", two_items(20), *told).startswith(refusal)


def test_a_folder_that_is_there_stays_as_it_is():
    Path("my-shop").mkdir()
    assert (
        refused("new", "my-shop", "--demand", two_items(20), *TOLD) == "my-shop: is there already, and stays as it is"
    )


def test_options_without_sales_are_refused():
    assert refused("new", "my-shop", "--lead-time", "2") == "--lead-time: is for sales of your own (say --demand FILE)"


def test_nothing_in_a_file_is_obeyed():
    """Names of items with markup, colons and line breaks stay texts in the scenario and the page."""
    days = np.datetime_as_string(np.datetime64("2024-01-01") + 7 * np.arange(20))
    lines = [f'{day},"<b>milk</b>: {{x: 1}} # no",{5 + k % 3},1' for k, day in enumerate(days)]
    world = shop("--demand", sales(*lines), *TOLD)
    assert list(world.stocks) == ["b-milk-b-x-1-no"]
    assert "<b>" not in Path("my-shop/report.html").read_text(encoding="utf-8")


def test_suppliers_of_a_column_have_their_own_trucks():
    days = np.datetime_as_string(np.datetime64("2022-01-03") + 7 * np.arange(60))
    rng = np.random.default_rng(1)
    made = {"milk": "Dairy Ltd.", "tea": "Far East", "cheese": "Dairy Ltd."}
    lines = [f"{day},{item},{rng.poisson(9)},{who}" for item, who in made.items() for day in days]
    Path("own.csv").write_text("\n".join(["date,item,units,maker", *lines]) + "\n")
    world = shop("--demand", "own.csv", "--supplier", "maker", *TOLD, "--vehicle-capacity", "40", "--vehicle-cost", "9")
    assert list(world.suppliers) == ["Dairy-Ltd", "Far-East"]
    assert {name: (lane.supplier, lane.route) for name, lane in world.lanes.items()} == {
        "buy-cheese": ("Dairy-Ltd", "truck-Dairy-Ltd"),
        "buy-milk": ("Dairy-Ltd", "truck-Dairy-Ltd"),
        "buy-tea": ("Far-East", "truck-Far-East"),
    }
    assert all(route.vehicle_capacity == 40 for route in world.routes.values())
    Path("blank.csv").write_text("date,item,units,maker\n" + "".join(f"{day},milk,4,\n" for day in days))
    said = refused("new", "other", "--demand", "blank.csv", "--supplier", "maker", *TOLD)
    assert said == "blank.csv: maker: must tell a supplier of each item, got nothing for milk (fill it in)"


def test_the_largest_items_have_a_picture_and_all_of_them_a_row(monkeypatch):
    monkeypatch.setattr("jit_gym.report.shop.PICTURES", 1)
    result = jit("new", "my-shop", "--demand", two_items(), *TOLD)
    assert result.exit_code == 0, result.output
    page = Path("my-shop/report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert 'href="#milk"' in page
    assert 'href="#tea"' not in page
    assert "The 1 items of which most is sold have a picture." not in page
    assert "One item has a picture: that of which most is sold." in page
