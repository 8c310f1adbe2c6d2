"""Reading sales: thirty dirty files and more, each with its expected reading or its one-line refusal."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from jit_gym.common.checks import BadInput
from jit_gym.planning import cleaned, read
from jit_gym.planning.stockouts import silent

nan = np.nan


def weeks(many: int, first: str = "2024-01-01") -> list[dt.date]:
    return [dt.date.fromisoformat(first) + dt.timedelta(weeks=k) for k in range(many)]


def rows(form: str, values: list[str], separator: str = ",", header: str = "date,units", many: int = 4) -> str:
    lines = [separator.join([day.strftime(form), value]) for day, value in zip(weeks(many), values, strict=True)]
    return "\n".join([header.replace(",", separator), *lines]) + "\n"


FOUR = ["5", "6", "0", "8"]
ISO = "%Y-%m-%d"
THOUSANDS = ["1,200", "2,300", "3,400", "4,500"]


@pytest.mark.parametrize(
    ("content", "asked", "units", "said"),
    [
        pytest.param(rows(ISO, FOUR), {}, [5, 6, 0, 8], "dates are a week apart", id="plain"),
        pytest.param(rows(ISO, FOUR, ";"), {}, [5, 6, 0, 8], "separated by ;", id="semicolons"),
        pytest.param(rows(ISO, FOUR, "\t"), {}, [5, 6, 0, 8], "separated by tabs", id="tabs"),
        pytest.param(rows(ISO, FOUR, "|"), {}, [5, 6, 0, 8], "separated by |", id="pipes"),
        pytest.param("sep=;\n" + rows(ISO, FOUR, ";"), {}, [5, 6, 0, 8], "separated by ;", id="sep"),
        pytest.param("\ufeff" + rows(ISO, FOUR), {}, [5, 6, 0, 8], "guessed: date in 'date'", id="byte-order-mark"),
        pytest.param(rows(ISO, FOUR).replace("\n", "\r\n"), {}, [5, 6, 0, 8], "a row is a period", id="windows-lines"),
        pytest.param(
            rows(ISO, FOUR, header="date,Stück").encode("latin-1"), {}, [5, 6, 0, 8], "as Windows-1252", id="latin"
        ),
        pytest.param(rows(ISO, FOUR).encode("utf-16"), {}, [5, 6, 0, 8], "written in UTF-16", id="utf-16"),
        pytest.param(rows(ISO, ["1,5", "2,25", "0,5", "3"], ";"), {}, [1.5, 2.25, 0.5, 3], "decimal comma", id="comma"),
        pytest.param(
            rows(ISO, ["1.200,5", "900", "2.000", "5"], ";"), {}, [1200.5, 900, 2000, 5], "decimal comma", id="european"
        ),
        pytest.param(
            rows(ISO, ['"1,200.5"', "900", '"2,000"', "5"]), {}, [1200.5, 900, 2000, 5], "a row is a period", id="us"
        ),
        pytest.param(
            rows(ISO, [f'"{text}"' for text in THOUSANDS]), {}, [1200, 2300, 3400, 4500], "commas separate", id="1000s"
        ),
        pytest.param(
            rows(ISO, THOUSANDS, ";"), {"decimal": ","}, [1.2, 2.3, 3.4, 4.5], "a row is", id="decimal-comma-is-told"
        ),
        pytest.param(
            rows(ISO, ["1.200", "2.300", "900", "4.500"], ";"), {}, [1200, 2300, 900, 4500], "points sep", id="points"
        ),
        pytest.param(rows(ISO, ["1.200", "2.300", "0.5", "4.5"]), {}, [1.2, 2.3, 0.5, 4.5], "a row is", id="decimals"),
        pytest.param(rows(ISO, ["1 200", "1\u00a0300", "1'400", "$5"]), {}, [1200, 1300, 1400, 5], "a", id="blanks"),
        pytest.param(rows(ISO, ["5", "(3)", "4-", "\u22122"]), {}, [5, nan, nan, nan], "3 returns of 9", id="negative"),
        pytest.param(rows(ISO, ["5", "", "n/a", "7"]), {}, [5, nan, nan, 7], "first at line 3", id="blank-quantities"),
        pytest.param(rows("%d.%m.%Y", FOUR, ";"), {}, [5, 6, 0, 8], "read as %d.%m.%Y", id="german-dates"),
        pytest.param(rows("%m/%d/%Y", FOUR), {}, [5, 6, 0, 8], "read as %m/%d/%Y", id="american-dates"),
        pytest.param(rows("%d/%m/%Y", FOUR), {}, [5, 6, 0, 8], "read as %d/%m/%Y", id="british-dates"),
        pytest.param(rows("%d %b %Y", FOUR), {}, [5, 6, 0, 8], "read as %d %b %Y", id="months-in-words"),
        pytest.param(rows("%Y%m%d", FOUR), {}, [5, 6, 0, 8], "read as %Y%m%d", id="digits"),
        pytest.param(rows("%G-W%V", FOUR), {}, [5, 6, 0, 8], "ISO weeks", id="iso-weeks"),
        pytest.param(
            "date,units\n45292,5\n45299,6\n45306,0\n45313,8\n", {}, [5, 6, 0, 8], "Excel's day numbers", id="serials"
        ),
        pytest.param(
            rows("%y/%d/%m", FOUR), {"date_format": "%y/%d/%m"}, [5, 6, 0, 8], "a row is", id="a-form-that-is-told"
        ),
        pytest.param(
            "month,units\n2024-01,5\n2024-02,6\n2024-03,7\n2024-04,8\n", {}, [5, 6, 7, 8], "are months", id="month"
        ),
        pytest.param(
            "date,units\n2024 Q1,5\n2024 Q2,6\n2024 Q3,7\n2024 Q4,8\n", {}, [5, 6, 7, 8], "are quarters", id="quarters"
        ),
        pytest.param(
            "Sales of the shop\nprinted by hand\n\n" + rows(ISO, FOUR), {}, [5, 6, 0, 8], "2 lines above", id="titles"
        ),
        pytest.param(rows(ISO, FOUR) + "Total,19\n", {}, [5, 6, 0, 8], "1 row of sums", id="a-sum-below"),
        pytest.param(rows(ISO, FOUR) + ",\n\n", {}, [5, 6, 0, 8], "a row is a period", id="empty-rows-below"),
        pytest.param(
            "date,units,\n2024-01-01,5,\n2024-01-08,6,\n2024-01-15,7,\n", {}, [5, 6, 7], "a row", id="a-nameless-column"
        ),
        pytest.param(
            "units,note,date\n8,b,2024-01-22\n5,a,2024-01-01\n0,c,2024-01-15\n6,d,2024-01-08\n", {}, [5, 6, 0, 8],
            "guessed", id="any-order",
        ),
        pytest.param(
            "date,units\n2024-01-01,5\n2024-01-08,6\n2024-01-22,8\n2024-01-29,9\n2024-02-05,7\n2024-02-12,7\n", {},
            [5, 6, 0, 8, 9, 7, 7], "no sale (the file never says 0", id="a-gap-in-a-file-without-zeros",
        ),
        pytest.param(
            "date,units\n2024-01-01,5\n2024-01-08,0\n2024-01-22,8\n2024-01-29,9\n2024-02-05,7\n2024-02-12,7\n", {},
            [5, 0, nan, 8, 9, 7, 7], "not known (the file says 0", id="a-gap-in-a-file-with-zeros",
        ),
        pytest.param(
            "date,units\n2024-01-01,5\n2024-01-08,0\n2024-01-22,8\n2024-01-29,9\n2024-02-05,7\n2024-02-12,7\n",
            {"missing": "zero"}, [5, 0, 0, 8, 9, 7, 7], "no sale (as told", id="a-gap-as-told",
        ),
        pytest.param(
            rows(ISO, [str(5 + k) for k in range(100)], many=100) + "2024-01-01,5\n", {},
            [5 + k for k in range(100)], "1 row twice, counted once (first at line 102", id="a-row-twice",
        ),
        pytest.param(
            rows(ISO, [str(5 + k) for k in range(100)], many=100) + "2024-01-01,7\n", {},
            [12] + [6 + k for k in range(99)], "1 period with several rows: added up", id="two-rows-of-a-period",
        ),
        pytest.param(
            "date,units\n2024-01-01 09:15,2\n2024-01-01 17:40,3\n2024-01-02 10:00,4\n2024-01-04 11:00,1\n", {},
            [5, 4, 0, 1], "a row is a sale (dates have a time of day", id="till",
        ),
        pytest.param(
            "date,units\n2024-01-01 09:15,2\n2024-01-01 17:40,3\n2024-01-02 10:00,-1\n2024-01-02 11:00,1\n", {},
            [5, 1], "1 return of 1 units: left out", id="a-return-at-the-till",
        ),
        pytest.param(
            "date,units\n2024-01-01,2\n2024-01-01,2\n2024-01-02,4\n2024-01-03,1\n", {}, [4, 4, 1],
            "1 row like another: sales of their own", id="equal-sales",
        ),
        pytest.param(
            rows(ISO, ["5", "6", "2", "8"], header="date,units").replace("units", "units,stock")
            .replace(",5\n", ",5,9\n").replace(",6\n", ",6,3\n").replace(",2\n", ",2,0\n").replace(",8\n", ",8,4\n"),
            {}, [5, 6, 2, 8], "1 period ended without stock", id="stock-on-hand",
        ),
        pytest.param(rows(ISO, ["5 pcs", "6 pcs.", "0", "8PCS"]), {}, [5, 6, 0, 8], "units: 'pcs' behind", id="a-unit"),
        pytest.param(
            "Shop,,Sales\ndate,note,units\n2024-01-01,x,5\n2024-01-08,x,6\n2024-01-15,x,0\n2024-01-22,x,8\n",
            {}, [5, 6, 0, 8], "1 line above", id="groups-of-columns",
        ),
        pytest.param(
            rows(ISO, FOUR, header="date,note,units").replace(",", ',"two\nlines",').replace(
                ',"two\nlines",note,"two\nlines",', ",note,"),
            {}, [5, 6, 0, 8], "a row is a period", id="quoted-line-breaks",
        ),
        pytest.param(rows(ISO, FOUR).replace("\n", "\r"), {}, [5, 6, 0, 8], "a row is a period", id="old-mac-lines"),
        pytest.param(rows(ISO, FOUR).replace("\n", "\n\n"), {}, [5, 6, 0, 8], "a row is", id="empty-rows-between"),
        pytest.param(
            '"date";"units"\n' + rows(ISO, ['"5,5"', '"6"', '"0"', '"8"'], ";").split("\n", 1)[1], {}, [5.5, 6, 0, 8],
            "decimal comma", id="all-in-quotes",
        ),
        pytest.param(rows(ISO, ["5E+01", "6e1", "0", "8"]), {}, [50, 60, 0, 8], "a row is", id="powers-of-ten"),
        pytest.param("date,units\n2024-01-01,5\n", {}, [5], "a row is a sale", id="one-row"),
        pytest.param(rows(ISO, ["0"] * 4), {}, [0, 0, 0, 0], "a row is a period", id="nothing-but-zeros"),
        pytest.param(rows("%d-%m-%Y", FOUR), {}, [5, 6, 0, 8], "read as %d-%m-%Y", id="dashes"),
        pytest.param("  Date ; Units Sold \n" + rows(ISO, FOUR, ";").split("\n", 1)[1], {}, [5, 6, 0, 8],
                     "quantity in 'Units Sold'", id="blanks-in-names"),
        pytest.param(
            "date,units,promo\n2024-01-01,5,no\n2024-01-08,9,yes\n2024-01-15,6,\n", {}, [5, 9, 6],
            "1 period with a promotion", id="promotions",
        ),
    ],
)  # fmt: skip
def test_a_dirty_file_is_read(tmp_path: Path, content: str | bytes, asked: dict, units: list, said: str):
    path = tmp_path / "sales.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    sales = read(path, **asked)
    np.testing.assert_allclose(sales.units[:, 0], units)
    assert any(said in note for note in sales.notes), sales.notes


@pytest.mark.parametrize(
    ("content", "asked", "refusal"),
    [
        ("", {}, "sales.csv: is empty"),
        ("date,units\n", {}, "sales.csv: has no rows below its columns date, units"),
        ("units\n5\n6\n", {}, "sales.csv line 1: has one column, got 'units' (separate"),
        (rows(ISO, ["5", "many", "0", "8"]), {}, "sales.csv line 3: units: must be a number, got 'many' (correct it"),
        (rows(ISO, FOUR) + "32/13/2024,5\n", {}, "line 6: date: must be a date such as 2024-12-31, got '32/13/2024'"),
        (rows(ISO, FOUR) + ",5\n", {}, "line 6: date: must be a date such as 2024-12-31, got nothing"),
        (rows(ISO, FOUR) + "1024-01-01,5\n", {}, "line 6: date: must be a date such as 2024-12-31, got '1024-01-01'"),
        (
            "date,units\n01/02/2024,5\n01/03/2024,6\n01/04/2024,6\n",
            {},
            "line 2: date: '01/02/2024' may have the day or the month first (say --date-format",
        ),
        (
            rows(ISO, FOUR),
            {"date_format": "%d.%m.%Y"},
            "line 2: date: must be a date such as %d.%m.%Y, got '2024-01-01'",
        ),
        (
            rows(ISO, ['"1,5"', "2.5", "3", "4"]),
            {},
            "units: the decimal mark is a comma in some rows and a point in others, got",
        ),
        ("when,what\n2024-01-01,5\n", {}, "no column is called like a date (say --date; it has when, what)"),
        ("date,what\n2024-01-01,5\n", {}, "no column is called like a quantity (say --quantity; it has date, what)"),
        (rows(ISO, FOUR), {"quantity": "unit"}, "--quantity: sales.csv has no column 'unit' (did you mean 'units'?)"),
        (
            "date,units,units\n2024-01-01,5,6\n",
            {},
            "sales.csv: line 1: there are 2 columns 'units' (rename or remove the others)",
        ),
        ("date,item,units\n2024-01-01,a,5\n2024-01-08,,5\n", {}, "line 3: item: must name one, got nothing"),
        (
            rows(ISO, FOUR),
            {"period": "fortnight"},
            "--period: must be day, week, month, quarter, year, got 'fortnight'",
        ),
        (
            rows(ISO, FOUR),
            {"period": "day"},
            "--period: must be week or longer, as sales.csv has a row a week, got day",
        ),
        (rows(ISO, FOUR), {"decimal": "x"}, "--decimal: must be , or ., got 'x'"),
        (rows(ISO, FOUR), {"missing": "5"}, "--missing: must be zero or unknown, got '5'"),
        (rows(ISO, FOUR), {"sheet": "one"}, "sales.csv: has no sheets, got --sheet one"),
        (rows(ISO, ["-1"] * 4), {}, None),
        (
            rows(ISO, ["5"] * 9, many=9) + "2095-02-05,5\n",
            {},
            "line 11: date: 2095-02-05 is years away from all other dates (correct it, or remove the row)",
        ),
        (
            "date,units\n1970-01-01,5\n" + rows(ISO, ["5"] * 9, many=9).split("\n", 1)[1],
            {},
            "line 2: date: 1970-01-01 is",
        ),
        (rows(ISO, ["5 kg", "300 g", "1", "2"]), {}, "line 2: units: must be a number, got '5 kg' (correct it"),
        (rows(ISO, ["5 %", "6", "1", "2"]), {}, "line 2: units: must be a number, got '5 %' (correct it"),
        (rows(ISO, ["5k", "6k", "1", "2"]), {}, "line 2: units: must be a number, got '5k' (correct it"),
        (rows(ISO, ["inf", "6", "1", "2"]), {}, "line 2: units: must be a number, got 'inf' (correct it"),
        (
            'date,note,units\n2024-01-01,"two\nlines",5\n2024-01-08,"two\nlines",six\n',
            {},
            "line 4: units: must be a number, got 'six'",
        ),
        (rows(ISO, FOUR).split("\n", 1)[1], {}, "must begin with a line of column names, got 2024-01-01, 5 (write one"),
        ("item,2024-01,2024-02,2024-03\nmilk,5,6,7\n", {}, "has a column for each date, from 2024-01 to 2024-03 (make"),
        (
            rows(ISO, FOUR).replace("2024-01-15", "15.01.2024"),
            {},
            "line 4: date: must be a date such as 2024-12-31, got '15.",
        ),
        (rows(ISO, FOUR) + "Subtotal,19\n2024-02-05,4\n", {}, "line 6: date: must be a date such as"),
        ("date,units\n2024-01-01,5\n2024-01-08,6,7\n2024-01-15,8\n", {}, "cannot be read: Expected 2 fields in line 3"),
        (
            "<!DOCTYPE html>\n<table><tr><td>date</td></tr></table>\n",
            {},
            "is a web page or XML under the name of a table",
        ),
        ("<html><table><tr><td>date</td><td>5</td></tr></table></html>", {}, "is a web page or XML"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", {}, "sales.csv: is a PDF document, and no table (save it"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {}, "sales.csv: is a picture, and no table (save it"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50,
            {},
            "is compressed, or an old spreadsheet (save it as .xlsx",
        ),
        (b"date,units\n2024-01-01,\x055\n", {}, r"sales.csv line 2: holds '\x05', which is in no text (save it as"),
        (rows(ISO, FOUR).encode("utf-16-le"), {}, "sales.csv: line 1: has a NUL byte"),
        (b"\x1f\x8b12", {}, "sales.csv: is compressed, or an old spreadsheet (save it as .xlsx or CSV)"),
        (b"date,units\n2024-01-01,5\0\n", {}, "sales.csv: line 2: has a NUL byte"),
        (rows(ISO, FOUR) + '"2024-02-05,5\n', {}, "sales.csv: cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_line(tmp_path: Path, content, asked: dict, refusal: str | None):
    path = tmp_path / "sales.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if refusal is None:  # all returns: nothing is known
        assert np.isnan(read(path, **asked).units).all()
        return
    with pytest.raises(BadInput) as error:
        read(path, **asked)
    assert refusal in str(error.value)
    assert "\n" not in str(error.value)


def test_many_items_and_places_are_told_apart(tmp_path: Path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "Week;Store No.;SKU;Qty;Unit Cost\n"
        "2024-01-01;north;milk 1l;5;1,10\n2024-01-08;north;milk 1l;6;1,20\n"
        "2024-01-08;south;milk/1l;7;1,30\n2024-01-15;north;milk 1l;0;\n2024-01-15;south;milk/1l;2;1,40\n"
    )
    sales = read(path, by=["Store No.", "SKU"], values=["Unit Cost"])
    assert sales.items == ("north-milk-1l", "south-milk-1l")
    assert sales.keys == (("north", "milk 1l"), ("south", "milk/1l"))
    np.testing.assert_array_equal(sales.units, [[5, nan], [6, 7], [0, 2]])
    np.testing.assert_array_equal(sales.values["Unit Cost"], [1.2, 1.4])  # the last that is known
    assert "1 item begin after the first week: what was before is not known" in sales.notes
    frame = sales.frame()
    assert list(frame.columns) == ["week", "Store No.", "SKU", "item_name", "units", "short", "promotion"]
    assert frame["units"].sum() == 20


@pytest.mark.parametrize(
    ("header", "guessed"),
    [
        ("InvoiceDate,StockCode,Quantity", "date in 'InvoiceDate', quantity in 'Quantity', item in 'StockCode'"),
        ("Datum,Artikel,Menge", "date in 'Datum', quantity in 'Menge', item in 'Artikel'"),
        (
            "Order Date,Product Name,Units Sold",
            "date in 'Order Date', quantity in 'Units Sold', item in 'Product Name'",
        ),
        ("stock level,item,qty,day", "date in 'day', quantity in 'qty', item in 'item'"),
    ],
)
def test_columns_are_guessed_by_their_names(tmp_path: Path, header: str, guessed: str):
    values = {"day": "2024-01-01", "qty": "5", "stock level": "full"}
    names = header.split(",")
    row = [values.get(name, ("2024-01-01", "a", "5")[k % 3]) for k, name in enumerate(names)]
    (tmp_path / "sales.csv").write_text(f"{header}\n{','.join(row)}\n")
    assert f"guessed: {guessed}" in read(tmp_path / "sales.csv").notes


def test_names_that_become_the_same_are_told_apart(tmp_path: Path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "date,item,units\n" + "".join(f"2024-01-0{k},{item},1\n" for k in (1, 2) for item in ("a b", "a/b"))
    )
    assert read(path).items == ("a-b", "a-b-2")


def test_days_on_which_nobody_sells_are_no_periods(tmp_path: Path):
    path = tmp_path / "sales.csv"
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=k) for k in range(60)]
    path.write_text("date,units\n" + "".join(f"{day},{day.day}\n" for day in days if day.weekday() < 5))
    sales = read(path)
    assert "closed on Saturday, Sunday: these days are no periods" in sales.notes
    np.testing.assert_array_equal(sales.units[:, 0], [day.day for day in days if day.weekday() < 5])
    assert sales.grid.per_year == pytest.approx(365 * 5 / 7)
    assert list(sales.grid.starts.astype(object)) == [day for day in days if day.weekday() < 5]
    assert sales.grid.after() == np.datetime64("2024-03-01")


def test_a_day_without_any_sale_of_a_busy_shop_is_closed(tmp_path: Path):
    """With 20 sales a day, 59 e^-20 days without any are to be expected by chance; with one a day, 22."""
    path = tmp_path / "sales.csv"
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=k) for k in range(60) if k != 30]
    path.write_text("date,units\n" + "".join(f"{day} 1{k % 10}:00,1\n" for day in days for k in range(20)))
    sales = read(path)
    assert np.isnan(sales.units[30, 0])
    assert "1 period without any sale of any item: closed, and not known" in sales.notes
    path.write_text("date,units\n" + "".join(f"{day} 10:00,1\n" for day in days))
    assert read(path).units[30, 0] == 0


def test_sales_are_added_up_by_whole_weeks(tmp_path: Path):
    path = tmp_path / "sales.csv"
    path.write_text("date,units\n2024-01-03,9\n2024-01-08,1\n2024-01-08,2\n2024-01-14,4\n2024-01-21,8\n2024-01-22,7\n")
    sales = read(path, period="week")
    np.testing.assert_array_equal(sales.units[:, 0], [7, 8])
    assert "the first week is not complete and left out" in sales.notes
    assert "the last week is not complete and left out" in sales.notes
    assert sales.grid.after() == np.datetime64("2024-01-22")


def test_excel_is_read_as_csv_is(tmp_path: Path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("sales")
    sheet.append(["My shop"])
    sheet.append(["date", "item", "qty"])
    for day, units in zip(weeks(4), [5, 6.5, 0, 8], strict=True):
        sheet.append([dt.datetime.combine(day, dt.time()), "milk", units])
    book.save(path := tmp_path / "sales.xlsx")
    sales = read(path, sheet="sales")
    np.testing.assert_array_equal(sales.units[:, 0], [5, 6.5, 0, 8])
    assert sales.items == ("milk",)
    assert not sales.whole
    with pytest.raises(BadInput, match=r"sales.xlsx: has no sheet 'sale' \(it has notes, sales\)"):
        read(path, sheet="sale")
    with pytest.raises(BadInput, match=r"sales.xlsx: sheet 'notes' is empty"):
        read(path)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInput, match=r"broken.xlsx: is no Excel file that can be read"):
        read(tmp_path / "broken.xlsx")


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_cleaned_sales_are_read_as_they_were_written(tmp_path: Path, period: str):
    rng = np.random.default_rng(2)
    days = np.datetime64("2023-01-01") + np.arange(400)
    lines = [f"{day},a, 0{k},{rng.integers(-1, 5)}" for day in days if np.is_busday(day) for k in range(2)]
    (tmp_path / "own.csv").write_text("date,shop,item,units\n" + "\n".join(lines) + "\n")
    before = read(tmp_path / "own.csv", by=["shop", "item"], period=period)
    before.frame().to_csv(tmp_path / "sales.csv", index=False)
    after = cleaned(tmp_path / "sales.csv")
    assert (after.items, after.keys, after.by, after.grid) == (before.items, before.keys, before.by, before.grid)
    np.testing.assert_array_equal(after.units, before.units)
    np.testing.assert_array_equal(after.short, before.short)
    lines = (tmp_path / "sales.csv").read_text().splitlines()
    (tmp_path / "sales.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(BadInput, match=r"sales.csv: must have a row for each item and"):
        cleaned(tmp_path / "sales.csv")
    with pytest.raises(BadInput, match=r"own.csv: must have the columns that jit-gym new writes"):
        cleaned(tmp_path / "own.csv")


def test_a_run_of_zeros_in_a_fast_mover_is_no_demand_of_zero():
    """With a chance of a zero of 1/52 a run of three is expected 50 (1/52)^3 = 0.0004 times, one of one 0.96 times."""
    units = np.full(53, 7.0)
    units[20:23] = 0
    assert list(np.flatnonzero(silent(units, 52))) == [20, 21, 22]
    units[21:23] = 7
    assert not silent(units, 52).any()


def test_a_run_of_zeros_in_a_slow_mover_is_chance():
    units = np.random.default_rng(1).poisson(0.4, 200).astype(float)
    assert not silent(units, 52).any()


def test_a_run_of_zeros_in_each_year_is_the_season():
    units = np.full(156, 7.0)
    for year in range(3):
        units[52 * year + 20 : 52 * year + 30] = 0
    assert not silent(units, 52).any()
    units[52 + 40 : 52 + 46] = 0  # in one year alone
    assert list(np.flatnonzero(silent(units, 52))) == list(range(92, 98))


@pytest.mark.slow
def test_half_a_million_rows_are_read(tmp_path: Path):
    """It takes about 2.3 seconds on one core of a laptop: 500,000 sales of 1,000 items, German dates and numbers."""
    rng, many = np.random.default_rng(0), 500_000
    days = np.datetime_as_string(np.datetime64("2021-01-01") + rng.integers(0, 1000, many))
    days = [f"{day[8:]}.{day[5:7]}.{day[:4]}" for day in days.tolist()]
    items, units = rng.integers(0, 1000, many).tolist(), rng.poisson(3000, many)
    path = tmp_path / "sales.csv"
    lines = [
        f"{day};{item};{n // 100},{n % 100:02}\n" for day, item, n in zip(days, items, units.tolist(), strict=True)
    ]
    path.write_text("Datum;Artikel;Menge\n" + "".join(lines))
    sales = read(path)
    assert len(sales.items) == 1000
    assert np.nansum(sales.units) == pytest.approx(units.sum() / 100)
