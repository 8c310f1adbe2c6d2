"""A history is read once, by column and filter, and every slip in the file is found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jit_gym.scenario import ScenarioError, limits, load, reading

HISTORY = "demands.customers.history"
SALES = """week,store,item,units
2024-01-15,a,milk,3
2024-01-01,a,milk,1
2024-01-08,a,milk,2
2024-01-01,b,milk,10
2024-01-08,b,milk,0
2024-01-08,007,tea,4.5
"""
HEAD = "week,store,item,units\n"


@pytest.fixture
def world(tmp_path: Path):
    """Return a function that writes a CSV file and a scenario that reads it, and tells the latter's path."""

    def world(sales: str | bytes = SALES, more: str = "horizon: {period: week}", **history: object) -> Path:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data/sales.csv").write_bytes(sales.encode() if isinstance(sales, str) else sales)
        keys = {"file": "data/sales.csv", "value": "units", **history}
        path = tmp_path / "my.yaml"
        path.write_text(
            f"stocks: {{shop: {{}}}}\nlanes: {{supplier: {{to: shop}}}}\n{more}\n"
            f"demands: {{customers: {{from: shop, history: {keys}}}}}",
            encoding="utf-8",
        )
        return path

    return world


def values(scenario) -> list[float]:
    return list(scenario.demands["customers"].history.values)


def complaint(scenario, overrides=None) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(scenario, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix("my.yaml: ").removeprefix(f"{HISTORY}: ")


def test_rows_are_filtered_and_sorted_by_date(world):
    assert values(load(world(date="week", where={"store": "a"}))) == [1, 2, 3]
    assert values(load(world(date="week", where={"store": "b", "item": "milk"}))) == [10, 0]


def test_without_a_date_the_order_is_the_files(world):
    assert values(load(world(where={"store": "a"}))) == [3, 1, 2]


def test_a_number_is_found_however_the_file_writes_it(world):
    assert values(load(world(where={"store": 7}))) == values(load(world(where={"store": "007"}))) == [4.5]
    assert complaint(world(where={"store": "7"})) == "sales.csv: no row has store '7' (there are '007', 'a', 'b')"


def test_dates_may_be_numbers(world):
    assert values(load(world("t,units\n10,2\n9,1\n11,3\n", date="t"))) == [1, 2, 3]


def test_what_is_loaded_needs_the_file_no_more(world):
    path = world(date="week", where={"store": "a"})
    scenario = load(path)
    history = scenario.demands["customers"].history
    assert history.source == "sales.csv: units, store a"
    assert (history.file, history.value, history.date, history.where) == (None, None, None, {})
    (path.parent / "data/sales.csv").unlink()
    assert load(scenario.model_dump()) == load(scenario, {"title": "Other"}) == scenario


def test_a_file_and_its_values_are_the_same_world(world):
    read = load(world(date="week", where={"store": "a"}))
    assert read == load(read, {HISTORY: {"values": [1, 2, 3]}})
    assert read != load(read, {HISTORY: {"values": [1, 2, 4]}})


def test_the_scenario_is_as_long_as_its_history_unless_it_says(world):
    assert load(world(where={"store": "a"})).horizon.periods == 3
    assert load(world(where={"store": "a"}, more="horizon: {period: week}")).horizon.periods == 3
    assert load(world(where={"store": "a"}, more="horizon: {periods: 2}")).horizon.periods == 2
    assert load(world(where={"store": "a"}, replay="resampled", more="horizon: {periods: 9}")).horizon.periods == 9
    assert complaint(world(where={"store": "a"}, more="horizon: {periods: 9}")) == (
        "horizon.periods: must be 3 (the length of demands.customers.history) or less, got 9 (or set replay: resampled)"
    )


def test_a_file_is_relative_to_the_one_that_names_it_and_in_an_override_to_where_one_is(world, tmp_path, monkeypatch):
    path = world(where={"store": "a"})
    child = tmp_path / "far/away/child.yaml"
    child.parent.mkdir(parents=True)
    child.write_text("extends: ../../my.yaml\ntitle: Child")
    assert load(child) == load(path)
    (child.parent / "mine.csv").write_text("units\n8\n9\n")
    monkeypatch.chdir(child.parent)
    assert values(load(path, {f"{HISTORY}.file": "mine.csv", f"{HISTORY}.where": None})) == [8, 9]
    assert values(load(path, {f"{HISTORY}.where.store": "b"})) == [10, 0]


def test_what_was_read_is_not_read_differently(world):
    scenario = load(world(where={"store": "a"}))
    assert complaint(scenario, {f"{HISTORY}.where.store": "b"}) == (
        "'where' needs a file (the values were read from sales.csv: units, store a: load that again)"
    )


def test_a_resampled_history_has_a_whole_season(world):
    path = world(where={"store": "a"}, replay="resampled", season=52)
    assert complaint(path) == f"{HISTORY}.season: must be 3 (the length of the history) or less, got 52"


@pytest.mark.parametrize(
    ("sales", "history", "message"),
    [
        (SALES, {"value": "unit"}, "sales.csv: has no column 'unit' (did you mean 'units'?)"),
        (SALES, {"date": "tag"}, "sales.csv: has no column 'tag' (it has week, store, item, units)"),
        (SALES, {"where": {"shop": "a"}}, "sales.csv: has no column 'shop' (it has week, store, item, units)"),
        (SALES, {"where": {"store": "c"}}, "sales.csv: no row has store 'c' (there are '007', 'a', 'b')"),
        (
            SALES,
            {"where": {"store": "b", "item": "tea"}},
            "sales.csv: no row with store 'b' has item 'tea' (there are 'milk')",
        ),
        (
            "store,units\n" + "".join(f"s{i},1\n" for i in range(9)),
            {"where": {"store": "x"}},
            "sales.csv: no row has store 'x' (there are 's0', 's1', 's2', 's3', 's4', ...)",
        ),
        (
            SALES,
            {"date": "week"},
            "sales.csv lines 3 and 5: week is 2024-01-01 in both (a filter is missing on store)",
        ),
        (
            HEAD + "1,a,milk,1\n1,a,milk,2\n",
            {"date": "week"},
            "sales.csv lines 2 and 3: week is 1 in both (one is too many)",
        ),
        (
            HEAD + "1,a,milk,1\n\n2,a,milk,x\n",
            {},
            "sales.csv line 4: units must be a number, 0 or more, got 'x'",
        ),
        (
            HEAD + "1,a,milk,1\n2,a,milk,-2\n",
            {},
            "sales.csv line 3: units must be a number, 0 or more, got '-2'",
        ),
        (
            HEAD + "1,a,milk,1\n2,a,milk,\n",
            {},
            "sales.csv line 3: units must be a number, 0 or more, got nothing",
        ),
        (HEAD + "1,a,milk,1\n2,a\n", {}, "sales.csv line 3: units must be a number, 0 or more, got nothing"),
        (HEAD + "1,a,milk,inf\n", {}, "sales.csv line 2: units must be a number, 0 or more, got 'inf'"),
        (HEAD + "1,a,milk,nan\n", {}, "sales.csv line 2: units must be a number, 0 or more, got 'nan'"),
        (HEAD + "1,a,milk,NA\n", {}, "sales.csv line 2: units must be a number, 0 or more, got 'NA'"),
        (
            HEAD + "2024-01-01,a,milk,1\nsoon,a,milk,1\n",
            {"date": "week"},
            "sales.csv line 3: week must be a date such as 2024-12-31 or a number, got 'soon'",
        ),
        (HEAD + "1,a,milk,1,5\n", {}, "sales.csv line 2: there are more fields than columns"),
        (HEAD, {}, "sales.csv has no rows"),
        ("store;units\n1;2\n", {}, "sales.csv: has no column 'units' (did you mean 'store;units'?)"),
    ],
)
def test_a_slip_in_the_file_is_found(world, sales: str, history: dict, message: str):
    assert complaint(world(sales, **history)) == message


@pytest.mark.parametrize(
    ("sales", "message"),
    [
        ("", "sales.csv: is empty"),
        (" \n", "sales.csv: is empty"),
        (HEAD, "sales.csv has no rows"),
        (b"\xff\xfe\x80", "sales.csv: is written in UTF-16 (save it as UTF-8)"),
        (HEAD.encode() + b"1,a,caf\xe9,1\n", "sales.csv: line 2: is not written in UTF-8 (save it as UTF-8)"),
        (HEAD + "1,a,\0,1\n", "sales.csv: line 2: has a NUL byte (is it a text?)"),
        (b"PK\x03\x04...", "sales.csv: is compressed, or a spreadsheet (save it as CSV)"),
        (b"\x1f\x8b...", "sales.csv: is compressed, or a spreadsheet (save it as CSV)"),
        (
            HEAD + "1,a,milk,1\n2,a,milk,1,5\n",
            "sales.csv: cannot be read: Expected 4 fields in line 3, saw 5",
        ),
        (HEAD + '1,"a,milk,1\n', "sales.csv: cannot be read: EOF inside string starting at row 1"),
        ('"' + HEAD + "1,a,milk,1\n", "sales.csv: has no column 'units' (it has week,store,item,units\\n1,a,milk,1)"),
        (
            "units,store, units \n1,a,2\n",
            "sales.csv: line 1: there are 2 columns 'units' (rename or remove the others)",
        ),
        ("units," * 20_000 + "x\n", "sales.csv: line 1: must have 10,000 columns or less, got more"),
        ("x," * 2_000_000 + "units\n", "sales.csv: line 1: must have 10,000 columns or less, got more"),
        (HEAD + "1,a,milk,1e400\n", "sales.csv line 2: units must be a number, 0 or more, got '1e400'"),
        (HEAD + f"1,a,milk,{'9' * 400}\n", "sales.csv line 2: units must be a number, 0 or more, got '99"),
        (HEAD + "1,a,milk,1e16\n", "sales.csv line 2: units must be 1e+15 or less, got '1e16'"),
        (HEAD + "1,a,milk,-inf\n", "sales.csv line 2: units must be a number, 0 or more, got '-inf'"),
    ],
)
def test_what_is_no_csv_file_cannot_be_read(world, sales: str | bytes, message: str):
    assert complaint(world(sales)).startswith(message)


def test_a_byte_order_mark_and_the_minus_of_zero_are_no_part_of_the_values(world):
    """A spreadsheet's CSV in UTF-8 begins with a mark, and -0 is written as 0, so that fingerprints agree."""
    assert values(load(world(b"\xef\xbb\xbfunits\n-0\n3\n"))) == [0, 3]
    assert str(values(load(world("units\n-0.0\n3\n")))) == "[0.0, 3.0]"


def test_columns_that_are_not_used_may_have_the_same_name(world):
    assert values(load(world("note,units,note\na,5,b\n"))) == [5]


def test_a_history_that_is_too_large_is_refused(world, monkeypatch):
    """The limits, made small: bytes, cells (an upper estimate from the lines and the columns) and values."""
    path = world("week,units\n" + "1,2\n" * 100)
    for name, most, message in [
        ("CSV_CELLS", 200, "must have 200 cells or less, got 204 ("),
        ("VALUES", 99, "must have 99 rows or less, got 100"),
    ]:
        with monkeypatch.context() as patched:
            patched.setattr(limits, name, most)
            assert complaint(path).startswith(f"sales.csv: {message}")
    monkeypatch.setattr(reading, "CSV", reading.CSV._replace(most=100))
    assert complaint(path).startswith("sales.csv: must have 100 bytes or less, got more (")


def test_a_missing_file_is_named_in_full(world, tmp_path):
    path = world(file="nowhere.csv")
    assert complaint(path) == f"there is no file {str(tmp_path / 'nowhere.csv')!r}"
    assert complaint(path, {f"{HISTORY}.file": "here.csv"}) == "there is no file 'here.csv'"


@pytest.mark.parametrize(
    "sales",
    [
        "\ufeff" + SALES,
        SALES.replace("\n", "\r\n"),
        SALES + "\n\n",
        SALES.replace("week,store,", " week , store,"),
    ],
)
def test_what_spreadsheets_do_to_a_file_does_not_matter(world, sales: str):
    assert values(load(world(sales, date="week", where={"store": "a"}))) == [1, 2, 3]


def test_a_date_left_out_is_warned_of(world):
    sales = "week,units\n2024-01-01,1\n2024-01-08,1\n2024-01-22,1\n"
    with pytest.warns(UserWarning, match="sales.csv: there is no row between 2024-01-08 and 2024-01-22"):
        load(world(sales, date="week"))
    months = "month,units\n2024-01-01,1\n2024-02-01,1\n2024-03-01,1\n"
    load(world(months, date="month", more="horizon: {period: month}"))


def dated(every: str, rows: int, begin: str = "2024-01-01") -> str:
    """Return a CSV file with a row every so often, by pandas' names (h, D, B, W-MON, MS, QS, YS)."""
    dates = pd.date_range(begin, periods=rows, freq=every)
    return "date,units\n" + "".join(f"{date.isoformat()},{k}\n" for k, date in enumerate(dates))


EVERY = {"hour": "h", "day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}


@pytest.mark.parametrize("rows", list(EVERY))
@pytest.mark.parametrize("period", list(EVERY))
def test_dates_must_be_a_period_apart(world, rows: str, period: str):
    """A daily file in a weekly world, and any other pair of two, is refused in a line with both and what to do."""
    path = world(dated(EVERY[rows], 12), date="date", more=f"horizon: {{period: {period}}}")
    if rows == period:
        assert len(values(load(path))) == 12
        return
    a, an = ("an" if each == "hour" else "a" for each in (rows, period))
    coarse = list(EVERY).index(rows) > list(EVERY).index(period)
    first = f"use a file with a row {an} {period}" if coarse else f"aggregate the file to {period}s"
    assert complaint(path) == (
        f"sales.csv: date has a row {a} {rows}, and horizon.period is {period} ({first}, or set horizon.period={rows},"
        f" with lead times and costs by the {rows})"
    )


@pytest.mark.parametrize(
    ("every", "horizon"),
    [
        ("B", "period: day"),  # working days: no gap is warned of at weekends
        ("MS", "period: month"),  # 28 to 31 days
        ("QE", "period: quarter"),
        ("4W", "period: round, periods_per_year: 13"),
        ("D", "period: workday, periods_per_year: 250"),
        ("h", "period: hour, periods_per_year: 4800"),
        ("3D", "period: slot"),  # whose length nobody knows
    ],
)
def test_months_working_days_and_periods_of_ones_own_are_a_period_apart(world, every: str, horizon: str):
    assert len(values(load(world(dated(every, 24), date="date", more=f"horizon: {{{horizon}}}")))) == 24


@pytest.mark.parametrize(
    ("every", "horizon", "message"),
    [
        (
            "3D",
            "period: week",
            "date has a row every 3 days, and horizon.period is week (aggregate the file to weeks, or",
        ),
        ("D", "period: round, periods_per_year: 13", "date has a row a day, and horizon.period is round (aggregate"),
        ("15min", "period: hour", "date has a row every 0.0104 days, and horizon.period is hour (aggregate the file"),
    ],
)
def test_dates_of_no_known_period_are_told_in_days(world, every: str, horizon: str, message: str):
    said = complaint(world(dated(every, 24), date="date", more=f"horizon: {{{horizon}}}"))
    assert said.startswith(f"sales.csv: {message}")


def test_a_weekly_file_with_gaps_is_still_weekly(world):
    """Half of the weeks are missing: that is warned of, and no reason to call it a file of fortnights."""
    weeks = pd.date_range("2024-01-01", periods=20, freq="W-MON")
    rows = "".join(f"{date.date()},1\n" for k, date in enumerate(weeks) if k < 2 or k % 2)
    with pytest.warns(UserWarning, match="there is no row between"):
        load(world(f"date,units\n{rows}", date="date"))


@pytest.mark.parametrize(
    ("date", "number"),
    [
        ("0001-01-01", False),
        ("9999-12-31", False),
        ("1e308", True),
        ("10000-01-01", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_dates_out_of_range_are_a_scenario_or_one_line(world, date: str, number: bool | None):
    sales = f"t,units\n{'1' if number is not False else '2024-01-01'},1\n{date},2\n"
    said = complaint(world(sales, date="t", more="horizon: {period: week}"))
    assert said.startswith("sales.csv")


def test_numeric_dates_are_not_checked(world):
    assert values(load(world("t,units\n1,5\n8,6\n15,7\n", date="t"))) == [5, 6, 7]


def test_the_grocery_replays_sales_with_a_season_and_promotions():
    sales = np.array(values(load("grocery")))
    assert len(sales) == 156
    summer, winter = sales.reshape(3, 52)[:, 20:33], sales.reshape(3, 52)[:, [*range(7), *range(46, 52)]]
    assert summer.mean() > 1.5 * winter.mean()
    assert sales.max() > 3 * np.median(sales)


@pytest.mark.parametrize("store", ["market-street", "station"])
@pytest.mark.parametrize("item", ["lemonade", "coffee", "candles"])
def test_the_grocery_takes_any_of_its_stores_and_items(store: str, item: str):
    scenario = load("grocery", {f"{HISTORY}.where.store": store, f"{HISTORY}.where.item": item})
    assert len(values(scenario)) == 156
    assert scenario.horizon.periods == 52


def test_the_grocery_takes_a_file_with_other_columns_too(tmp_path):
    (tmp_path / "mine.csv").write_text("units\n" + "3\n" * 60)
    changed = {"file": str(tmp_path / "mine.csv"), "value": "units", "date": None, "where": None}
    assert values(load("grocery", {f"{HISTORY}.{key}": value for key, value in changed.items()})) == [3] * 60
