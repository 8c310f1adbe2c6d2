"""The verdict: what it finds, that nothing leaks from what is held out, and what it says where it would mislead."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import Chance
from jit_gym.common.checks import BadInput
from jit_gym.planning import advise, cleaned
from jit_gym.planning.intervals import block_length, estimated, resampled
from jit_gym.planning.practice import practice_of
from jit_gym.planning.replay import Known, known_trace
from jit_gym.policies import policy
from jit_gym.report import advice as report
from jit_gym.scenario import load

from ..commands import jit, refused
from .shops import poisson, shop

module = import_module("jit_gym.planning.advice")


def of(folder: Path, *rules: str, **more):
    return advise(folder, rules=rules or ("base-stock",), **more)


def test_it_finds_the_newsvendors_base_stock(tmp_path: Path):
    """With backlog and no fixed cost base-stock is optimal, at the newsvendor's level (Karlin 1960).

    That is the quantile p / (p + h) of demand over lead time and review: Poisson demand of 20 a week, lead time 1, h 1,
    p 9. The mean is known from 90 weeks to 1 in 95 % of all cases, so the level to 2, and the search's error comes on
    top.
    """
    found = of(shop(tmp_path / "own", {"a": poisson(20)}), "base-stock", "jit", practice="base-stock(level=70)")
    (item,) = found.items
    level = item.findings.tried["base-stock"].parameters["level"]
    assert level == pytest.approx(stats.poisson.ppf(0.9, 40), abs=4)
    assert item.findings.chosen == "base-stock"
    assert item.judgement == "better"
    assert item.changes
    assert item.stance == "just in case"
    assert item.saved.low < item.saved.mean < item.saved.high
    assert found.saved.mean == pytest.approx(item.saved.mean)
    today = item.today
    assert today is not None
    assert today.rule == "base-stock(level=70)"
    # h (70 - 40) a week while nobody waits: what is on hand is the level less the demand of two weeks
    assert today.cost == pytest.approx(30, abs=4)
    world = load(tmp_path / "own" / "own.yaml")  # Poisson(20), as it is: the level from now on is for that
    now = policy(found.rules["a"], world)
    assert now.name == "base-stock"
    assert float(now.level[0]) == pytest.approx(stats.poisson.ppf(0.9, 40), abs=2)
    assert item.saved.mean / 52 == pytest.approx(today.cost - item.findings.tried["base-stock"].cost)


def test_nothing_leaks_from_what_is_held_out(tmp_path: Path):
    """The same sales but for the held-out ones: rules, parameters and scores are the same to the bit."""
    sold = poisson(20)
    other = sold.copy()
    other[-30:] = 3 * other[-30:] + 7
    rules = ("base-stock", "safety-stock", "adaptive(smoothing=0.3)", "jit")
    one, two = (
        of(shop(tmp_path / name, {"a": units}), *rules).items[0].findings
        for name, units in (("one", sold), ("two", other))
    )
    assert one.chosen == two.chosen
    assert one.initial == two.initial
    for name in (*rules, "today"):
        for field in ("rule", "score", "fitted", "back_test"):
            assert getattr(one.tried[name], field) == getattr(two.tried[name], field), (name, field)
        assert one.tried[name].cost != two.tried[name].cost


def test_a_run_that_was_ended_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = shop(tmp_path / "own", {name: poisson(9, seed=k) for k, name in enumerate("abc")})
    judged, judge = [], module.judge

    def counted(case):
        judged.append(case.item)
        if judged == ["a", "b", "c"]:
            raise KeyboardInterrupt
        return judge(case)

    monkeypatch.setattr(module, "judge", counted)
    with pytest.raises(KeyboardInterrupt):
        of(folder)
    first = of(folder)
    assert judged == ["a", "b", "c", "c"]
    again = of(folder)
    assert judged == ["a", "b", "c", "c"]
    assert again.frame.equals(first.frame)
    text = (folder / "own.yaml").read_text().replace("shortage_cost: 9", "shortage_cost: 8")
    (folder / "own.yaml").write_text(text)
    of(folder)
    assert judged[4:] == ["a", "b", "c"]
    kept = [path.stem for path in (folder / ".advise").glob("*.json")]
    assert len([key for key in kept if "-" not in key]) == 3  # those of the old costs are removed


def test_past_orders_are_replayed_as_they_were(tmp_path: Path):
    """Stock worked by hand: 40 on hand at first, an order of each week is there the week after, customers wait."""
    sold = np.full(120, 20.0)
    sold[::2] += 2
    folder = shop(tmp_path / "own", {"a": sold})
    weeks = cleaned(folder / "sales.csv").grid.starts
    orders = np.random.default_rng(3).integers(10, 32, 120)
    lines = [f"{day},a,{units}" for day, units in zip(weeks, orders, strict=True)]
    (folder / "orders.csv").write_text("\n".join(["date,item,ordered", *lines]) + "\n")
    found = of(folder)
    (item,) = found.items
    net, held, waits = item.findings.initial, [], []
    for t in range(90, 120):
        net += (orders[t - 1] if t > 90 else 0) - sold[t]
        held.append(max(net, 0.0))
        waits.append(max(-net, 0.0))
    assert item.findings.series["held_today"] == held
    np.testing.assert_allclose(item.findings.series["cost_today"], np.array(held) + 9 * np.array(waits))
    assert found.practice.words == "the 120 orders in orders.csv, as they were"
    assert item.findings.tried["today"].score is None
    assert item.findings.chosen == "base-stock"


def test_orders_of_a_part_are_judged_on_that_part(tmp_path: Path):
    folder = shop(tmp_path / "own", {"a": poisson(20)})
    weeks = cleaned(folder / "sales.csv").grid.starts[100:115]
    (folder / "orders.csv").write_text("date,item,ordered\n" + "".join(f"{day},a,20\n" for day in weeks))
    found = of(folder)
    assert (found.first, found.last) == (100, 115)
    assert "only these 15 weeks of the held-out part are judged" in found.notes[0]


@pytest.mark.parametrize(
    ("practice", "rule"),
    [
        ("base-stock(cover=2.5)", "base-stock(level=50)"),
        ("base-stock(level={a: 44})", "base-stock(level=44)"),
        ("s-S(s=30, S=50)", "s-S(s=30, S=50)"),
        ("levels.csv", "base-stock(level=47)"),
    ],
)
def test_practice_is_a_rule_a_cover_or_a_file(tmp_path: Path, monkeypatch, practice: str, rule: str):
    monkeypatch.chdir(tmp_path)
    Path("levels.csv").write_text("item,level\na,47\nb,3\n")
    told = practice_of(practice, tmp_path, ["a", "b"], [("a",), ("b",)], ["item"], cleaned_grid())
    own = told.rule_for("a", 20.0)
    world = load({
        "name": "w", "stocks": {"a": {"holding_cost": 1}}, "lanes": {"l": {"to": "a"}},
        "demands": {"d": {"from": "a", "distribution": {"name": "poisson", "mu": 20}, "shortage_cost": 9}},
    })  # fmt: skip
    assert str(own.fit(world)) == rule


def cleaned_grid():
    from .shops import WEEKS

    return WEEKS._replace(many=120)


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ("date,item,ordered\n2022-01-03,c,5\n", "line 2: there is no item 'c' in sales.csv"),
        ("date,item,ordered\n2022-01-03,a,-5\n", "line 2: ordered: must be an order of 0 or more, got -5"),
        ("date,item,ordered\n1999-01-04,a,5\n", "no order lies within the sales"),
        ("date,item\n2022-01-03,a\n", "no column says how much was ordered"),
        ("item,colour\na,5\n", "must have a date of each order, or parameters of each item (level; s, S; R, Q;"),
        ("date,ordered\n2022-01-03,5\n", "must say of which item each row is (columns item_name, or item;"),
    ],
)
def test_orders_that_cannot_be_read_are_refused(tmp_path: Path, lines: str, refusal: str):
    (tmp_path / "orders.csv").write_text(lines)
    with pytest.raises(BadInput) as error:
        practice_of(str(tmp_path / "orders.csv"), tmp_path, ["a", "b"], [("a",), ("b",)], ["item"], cleaned_grid())
    assert refusal in str(error.value)


def test_what_may_mislead_is_said(tmp_path: Path):
    nan = np.full(100, np.nan)
    shifted = np.concatenate([poisson(20, 90), poisson(60, 30)])
    died = np.concatenate([poisson(20, 100), np.zeros(20)])
    marks = np.zeros(120)
    marks[95:99] = 1
    units = {"new": np.concatenate([nan, poisson(5, 20)]), "shifted": shifted, "died": died, "marked": poisson(20)}
    folder = shop(tmp_path / "own", units, short={"marked": marks}, promoted={"marked": np.roll(marks, 10)})
    found = of(folder)
    notes = {each.item: "; ".join(each.findings.notes) for each in found.items}
    assert "too few for a verdict" in notes["new"]
    assert found.items[0].chosen is None
    assert found.items[0].item not in found.rules
    assert "of what was foretold from before: the level has shifted" in notes["shifted"]
    assert "nothing was sold in the last 7 weeks: is it still sold?" in notes["died"]
    assert "in 4 weeks of the held-out 30 demand is not known" in notes["marked"]
    assert (
        "4 weeks of the held-out part had a promotion, taken as planned, and there was none before" in notes["marked"]
    )
    assert "short history: 90 weeks before the held-out part" in notes["marked"]
    assert found.frame.shape[0] == 4
    page = report.page(found, "jit-gym advise own")
    assert page.count("<svg") == 3
    assert "no verdict" in page


def test_a_tiny_difference_keeps_todays_practice(tmp_path: Path):
    """Today's level is the best one or nearly: nothing is better by more than 0.5 %, so it stays."""
    folder = shop(tmp_path / "own", {"a": poisson(20)})
    level = of(folder).items[0].findings.tried["base-stock"].parameters["level"]
    (item,) = of(folder, practice=f"base-stock(level={level:g})").items
    assert item.findings.chosen == "today"
    assert not item.changes
    assert item.saved.mean == 0


def test_what_items_share_is_paid_once_and_divided_among_them(tmp_path: Path):
    """Trucks that three items share: costs of the items add up to those of the whole scenario, trucks included."""
    changes = {"routes": {"truck": {"vehicle_capacity": 60, "vehicle_cost": 30}}}
    units = {name: poisson(mean, seed=k) for k, (name, mean) in enumerate((("a", 20), ("b", 9), ("c", 4)))}
    changes["lanes"] = {f"buy-{item}": {"to": item, "lead_time": 1, "route": "truck"} for item in units}
    folder = shop(tmp_path / "own", units, changes)
    found = of(folder, "base-stock", "s-S", practice="base-stock(level={a: 50, b: 25, c: 12})")
    assert found.together[0].startswith("Items share routes.truck: 3 items were played together.")
    cost = sum(np.array(each.findings.series["cost_today"]) for each in found.items)
    held = sum(np.array(each.findings.series["held_today"]) for each in found.items)
    ordered = sum(np.array(each.findings.series["ordered_today"]) for each in found.items)
    trucks = 30 * np.ceil(ordered / 60)
    short = cost - held - trucks
    assert (short >= -1e-9).all()
    np.testing.assert_allclose(short / 9, np.round(short / 9), atol=1e-9)  # 9 for each that waits
    assert sum(each.today.cost for each in found.items) == pytest.approx(cost.mean())


def test_a_forecast_of_known_demand_is_that_of_the_same_demand_drawn():
    """A path that a scenario draws, replayed as known sales, is foretold as it was when it was drawn."""
    world = {
        "name": "w", "units": "continuous", "horizon": {"periods": 40},
        "stocks": {"a": {"holding_cost": 1}}, "lanes": {"l": {"to": "a", "lead_time": 3}},
        "demands": {"sell-a": {
            "from": "a", "distribution": {"name": "gamma", "a": 4, "scale": 5}, "season": [0.5, 1, 1.5], "trend": 0.01,
            "shortage_cost": 9, "autocorrelation": 0.6,
        }},
    }  # fmt: skip
    chance = Chance(load(world))
    drawn = chance.draw(5, 1)
    again = known_trace(chance, 5, 1, {"sell-a": Known(drawn.demand[0, :, 0], np.zeros(40, bool))})
    np.testing.assert_allclose(again.rows[:-1], drawn.rows[:-1], rtol=2e-3)


def test_promotions_are_foretold_from_when_they_are_announced():
    world = {
        "name": "w", "units": "continuous", "horizon": {"periods": 10},
        "stocks": {"a": {"holding_cost": 1}}, "lanes": {"l": {"to": "a", "lead_time": 2}},
        "demands": {"sell-a": {"from": "a", "distribution": 10, "shortage_cost": 9}},
        "spikes": {"promotion-a": {
            "hits": ["sell-a"], "starts": {"at": [6]}, "lasts": 2, "factor": 3, "announced": 1,
        }},
    }  # fmt: skip
    chance = Chance(load(world))
    promoted = np.isin(np.arange(10), [6, 7])
    known = Known(np.where(promoted, 30.0, 10.0), promoted)
    again, drawn = known_trace(chance, 0, 1, {"sell-a": known}), chance.draw(0, 1)
    np.testing.assert_array_equal(again.rows, drawn.rows)


def test_intervals_come_from_blocks():
    """The variance of the mean of independent values is s^2 / n, with blocks or without (Künsch 1989)."""
    assert block_length(52, 2) == 4
    assert block_length(52, 6) == 7
    assert block_length(8, 20) == 2
    values = np.random.default_rng(1).normal(3, 2, 200)
    for block in (1, 6):
        found = estimated(values, resampled(200, block))
        assert found.mean == pytest.approx(values.mean())
        assert found.error == pytest.approx(values.std() / np.sqrt(200), rel=0.25)
        assert found.low < found.mean < found.high


def test_the_command_writes_the_page_the_tables_and_the_rules(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = shop(Path("own"), {"a": poisson(20), "b": poisson(3, seed=2)})
    arguments = ["advise", "own", "--rule", "base-stock", "--rule", "agent:generalist-of-none", "--practice", "jit"]
    result = jit(*arguments)
    assert result.exit_code == 0, result.output
    assert "Wrote own: advice.html, advice.csv, advice-rules.csv, rules.csv" in result.output
    assert "agent:generalist-of-none is left out on all items" in " ".join(result.output.split())
    rules = (folder / "rules.csv").read_text().splitlines()
    assert rules[0] == "item,rule"
    assert rules[1].startswith("a,base-stock(level=")
    document = json.loads(jit(*arguments, "--json").stdout)
    assert document["held_out"] == ["2023-09-18", "2024-04-08"]
    assert {item["item"] for item in document["items"]} == {"a", "b"}
    (folder / "rules.csv").write_text("item,rule\na,jit\n")
    assert "rules.csv: is there already, and stays as it is" in jit(*arguments).output
    assert (folder / "rules.csv").read_text() == "item,rule\na,jit\n"


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["nowhere"], "nowhere: is no folder (jit-gym new nowhere --demand sales.csv ... writes one)"),
        (["own", "--practice", "base-stock(lvel=3)"], "unknown parameter 'lvel' (did you mean 'level'?)"),
        (["own", "--practice", "base-stock(level={z: 3})"], "--practice: there is no item 'z'"),
        (["own", "--held-out", "115"], "must have 16 weeks before the held-out part and 8 in it, got 5 and 115"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path: Path, monkeypatch, arguments: list[str], refusal: str):
    monkeypatch.chdir(tmp_path)
    shop(Path("own"), {"a": poisson(20)})
    assert refusal in refused("advise", *arguments)
    assert not (tmp_path / "own" / "advice.html").exists()


def test_the_page_of_a_thousand_items_stays_small(tmp_path: Path):
    found = of(shop(tmp_path / "own", {"a": poisson(20)}), practice="base-stock(level=70)")
    many = replace(found, items=found.items * 1000)
    page = report.page(many, "jit-gym advise own")
    assert page.count("<svg") == report.PICTURES
    assert len(page.encode()) < 5_000_000


def test_it_says_how_far_costs_must_move_until_another_rule_is_better(tmp_path: Path):
    """With a fixed cost and backlog s-S is optimal (Scarf 1960) at any lead time and shortage cost: nothing turns."""
    changes = {"lanes": {"buy-a": {"to": "a", "lead_time": 1, "fixed_cost": 60}}}
    folder = shop(tmp_path / "own", {"a": poisson(4)}, changes)
    (item,) = of(folder, "base-stock", "s-S", practice="base-stock(level=12)").items
    assert item.findings.chosen == "s-S"
    turns = item.depends
    assert turns is not None
    assert turns.lead_time == 1
    assert not turns.doubtful
    assert [turns.shorter, turns.longer, turns.cheaper, turns.dearer] == [None] * 4
    assert report.turns(turns, "week") == (
        "it stays the best at lead times of 0 to 5 weeks, and at 0.125 to 8 times the shortage cost"
    )


def test_a_log_that_begins_after_the_sales_is_no_practice(tmp_path: Path):
    """Whoever has begun to order each morning, and adds no sales yet, is told what stands for today's practice."""
    folder = shop(tmp_path / "own", {"a": poisson(20)})
    (folder / "orders.csv").write_text("date,item,ordered\n2035-01-01,a,3\n")
    about = ["a"], [("a",)], ["item"], cleaned(folder / "sales.csv").grid
    found = practice_of(None, folder, *about)
    assert not found.told
    assert found.words.startswith("base-stock by formula, as orders.csv: no order lies within the sales (")
    with pytest.raises(BadInput, match="no order lies within the sales"):
        practice_of(str(folder / "orders.csv"), folder, *about)


def test_the_page_says_why_a_rule_was_chosen(tmp_path: Path):
    """Of ten steady items one has a fixed cost, at which s-S saves so much that it does best on all, not on each."""
    units = {name: poisson(20, seed=k) for k, name in enumerate("abcdefghij")}
    lanes = {f"buy-{name}": {"to": name, "lead_time": 1, "fixed_cost": 300 * (name == "c")} for name in units}
    found = of(shop(tmp_path / "own", units, {"lanes": lanes}), "base-stock", "s-S", "jit")
    chosen = {each.item: each.findings for each in found.items}
    assert found.choice.own > 0.8  # the two figures agree on the item with the fixed cost
    assert found.choice.group == chosen["c"].chosen == "s-S"
    assert chosen["c"].why == "does best on all items, and nothing on this one tells otherwise"
    others = [each for each in chosen.values() if each.chosen not in ("today", "s-S")]
    page = report.page(found, "jit-gym advise own")
    assert others
    for each in others:
        assert "less on this item than s-S, which does best on all" in each.why
        assert f"chosen: {each.why}" in page
        assert found.frame.loc[each.item, "why"] == each.why
    assert page.count("chosen: ") == len(others)
    assert "On all 10 items s-S does best" in page


def test_the_rule_from_now_on_is_that_of_the_choice_of_all_items(tmp_path: Path):
    folder = shop(tmp_path / "own", {name: poisson(20, seed=k) for k, name in enumerate("abc")})
    found = of(folder, "base-stock", "safety-stock", practice="base-stock(level=90)")
    for each in found.items:
        assert each.rule.startswith(f"{each.findings.chosen}(")
        assert each.findings.plays == {}
        assert len(each.findings.series["cost_chosen"]) == found.last - found.first
        assert np.mean(each.findings.series["cost_chosen"]) == pytest.approx(each.chosen.cost)
