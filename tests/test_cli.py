"""The command line: one line for what is wrong, the library's own numbers for what is right."""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import event
from typer.testing import CliRunner

import jit_gym
from jit_gym.cli import app
from jit_gym.cli.progress import count_while_compiling
from jit_gym.scenario import industry_names

from .commands import done, jit, refused

QUICK = ["--paths", "8", "--periods", "30"]
PAST = "demands.customers.history"
HEAVY = {"torch", "pandas", "matplotlib", "numba", "numpy", "gymnasium"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Stand in an empty folder, at a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def test_where_and_with_how_many_threads_it_is_computed(monkeypatch):
    assert refused("tune", "lost-sales", "base-stock", "--on", "nowhere").startswith("on: must be here, processes, ray")
    assert refused("stress", "aisin-1997", "--on", "ray", "--workers", "2").startswith(
        "--workers: is for --on processes"
    )
    assert "--threads" in refused("bound", "serial", "--threads", "0")
    monkeypatch.setenv("JIT_GYM_THREADS", "all")
    assert refused("solve", "lost-sales").startswith("JIT_GYM_THREADS: must be a whole number, 1 or more, got 'all'")


def test_stress_tells_what_shocks_do():
    """As text with a page, and as JSON: the policies, the shocks, and what they do."""
    asked = [
        "stress",
        "aisin-1997",
        "jit",
        "just-in-case",
        "--shock",
        "supplier-fire",
        "--shock",
        "ice-storm",
        "--paths",
        "4",
    ]
    text = done(*asked, "--out", "page.html")
    assert "A fire at a supplier (supplier-fire)" in text
    assert "lose" in text
    assert "A second source" in text
    assert max(map(len, text.splitlines())) <= 80
    page = Path("page.html").read_text()
    assert page.count("<svg") == 3  # who orders what from whom, and each shock
    assert "jit-gym stress aisin-1997 jit just-in-case --shock supplier-fire" in page
    told = json.loads(done(*asked, "--json"))
    assert sorted(os.listdir()) == ["page.html"]
    assert list(told["shocks"]) == ["supplier-fire", "ice-storm"]
    (first, _) = told["shocks"]["supplier-fire"]["policies"]
    assert first["time_to_survive"]["median"] == 5
    assert first["thresholds"]["falls"] == 0.01


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["aisin-1997", "--shock", "tyfoon"], "shock: unknown shock 'tyfoon' (did you mean 'typhoon'?)"),
        (
            ["dual-sourcing"],
            "hits: must say what is struck, as dual-sourcing has no disruptions (there are regular, expedited)",
        ),
        (
            ["lost-sales", "--hits", "suplier"],
            "hits: unknown supplier, route or lane 'suplier' (did you mean 'supplier'?)",
        ),
        (["aisin-1997", "--at", "560"], "at: must be 559 or less, got 560"),
        (["aisin-1997", "--out", "page.txt"], "--out: must end in .html, got 'page.txt'"),
        (["aisin-1997", "kanbann"], "unknown policy 'kanbann' (did you mean 'kanban'?)"),
        (["aisin-1997", "--set", "regime=hot"], "regime: must be 'calm', 'stressed' or 'held-out', got 'hot'"),
    ],
)
def test_stress_refuses_bad_input_in_one_line(arguments, says):
    assert refused("stress", *arguments, "--paths", "2").endswith(says)


def test_alone_it_helps():
    for text in (done(), done("--help")):
        assert "jit-gym compare aisin-1997" in text
        assert all(name in text for name in ("list", "show", "compare", "tune", "new"))
    assert done("--version") == f"jit-gym {jit_gym.__version__}\n"


def test_list_names_scenarios_and_policies():
    text = done("list")
    assert all(name in text for name in [*jit_gym.names(), "kanban", "just-in-case"])
    listed = json.loads(done("list", "--json"))
    assert set(listed["scenarios"]) == set(jit_gym.names())
    assert set(listed["industries"]) == set(industry_names())


def test_list_loads_nothing_heavy():
    program = "import sys; from jit_gym.cli import app; app(['list'], standalone_mode=False); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "lost-sales" in run.stdout
    assert HEAVY.isdisjoint(run.stdout.split())


def test_compare_with_its_report_loads_neither_matplotlib_nor_pandas():
    """Each of them takes a part of a second to import, and neither is needed."""
    program = (
        "import sys; from jit_gym.cli import app;"
        " app(['compare', 'aisin-1997', 'jit', '--paths', '4', '--no-gap'], standalone_mode=False); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "Report: " in run.stdout, run.stderr
    assert {"matplotlib", "pandas", "torch"}.isdisjoint(run.stdout.split())


def test_show_tells_what_the_world_is():
    text = done("show", "lost-sales", "--set", "lanes.supplier.lead_time=6")
    assert "A shop that loses the customers it cannot serve" in text
    assert "lead time 6 days" in text
    assert max(map(len, text.splitlines())) <= 80


def test_show_gives_the_scenario_back():
    overrides = {"lanes.supplier.lead_time": 6}
    Path("mine.yaml").write_text(done("show", "lost-sales", "--yaml", "--set", "lanes.supplier.lead_time=6"))
    assert jit_gym.load("mine.yaml") == jit_gym.load("lost-sales", overrides)
    assert jit_gym.load(json.loads(done("show", "grocery", "--json"))) == jit_gym.load("grocery")
    assert json.loads(done("show", "--schema"))["properties"]["stocks"]


def test_compare_prints_a_table_and_writes_a_report():
    text = done("compare", "lost-sales", *QUICK)
    assert max(map(len, text.splitlines())) <= 80
    assert "lost-sales: 8 paths of 30 days after 120 of warm-up, seed 0" in text
    assert text.splitlines()[-1].startswith("Report: reports/lost-sales-")  # and a digest of what is not as usual
    html = Path(text.split()[-1]).read_text(encoding="utf-8")
    for policy in jit_gym.load("lost-sales").policies:
        assert policy in text
        assert policy in html


def test_the_same_command_writes_the_same_report_but_for_the_date():
    pages = []
    for name in ("same.html", "same.html"):
        done("compare", "lost-sales", "jit", "kanban", *QUICK, "--report", name)
        pages.append(
            re.sub(r"<time.*?</time>|<meta name=.jit_gym:date.*?>", "", Path(name).read_text(encoding="utf-8"))
        )
    assert pages[0] == pages[1]
    assert os.listdir() == ["same.html"]


def test_json_has_the_numbers_of_the_library():
    options = ["--set", "lanes.supplier.lead_time=2", "--warmup", "5", "--seed", "7"]
    result = jit("compare", "lost-sales", "jit", "base-stock(level=25)", *QUICK, *options, "--json")
    told = json.loads(result.stdout)
    assert result.stderr == ""
    assert os.listdir() == []
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})
    comparison = jit_gym.compare(["jit", "base-stock(level=25)"], scenario, paths=8, periods=30, warmup=5, seed=7)
    assert [each["policy"] for each in told["policies"]] == [each.policy for each in comparison.results]
    for each, mine in zip(comparison.results, told["policies"], strict=True):
        for figure in each.figures:
            estimate = each.estimate(figure)._asdict()
            assert mine["figures"][figure] == {k: None if v != v else v for k, v in estimate.items()}
        assert mine["difference"]["cost"] == comparison.difference(each)._asdict()
    again = json.loads(done(*shlex.split(told["provenance"]["command"])[1:], "--json"))
    assert again["policies"] == told["policies"]


def test_json_writes_a_report_where_one_is_asked_for():
    json.loads(done("compare", "lost-sales", "jit", *QUICK, "--json", "--report", "a/b.html"))
    assert Path("a/b.html").is_file()


def test_tune_prints_what_compare_takes():
    text = done("tune", "lost-sales", "base-stock", "--budget", "300000", "--set", "lanes.supplier.lead_time=2")
    assert max(len(line) for line in text.splitlines() if not line.startswith("Next: ")) <= 80
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})
    best = jit_gym.tune("base-stock", scenario, budget=300_000)
    assert f"\n{best}\n" in text
    assert "by formula" in text
    assert best.tuning.formula in text
    assert "gap to optimum" in text
    assert "Gap: to the optimum (7.66" in text  # Zipkin (2008), table 3
    (line,) = (line for line in text.splitlines() if line.startswith("Next: "))
    again = shlex.split(line.removeprefix("Next: "))[1:]
    assert "lanes.supplier.lead_time=2" in again
    assert json.loads(done(*again, *QUICK, "--json"))["policies"][1]["policy"] == str(best)


def test_tune_tells_programs_the_same():
    options = ["--budget", "300000", "--periods", "50", "--seed", "4"]
    result = jit("tune", "lost-sales", "s-S(s=20)", *options, "--json")
    told = json.loads(result.stdout)
    assert result.stderr == ""
    best = jit_gym.tune("s-S(s=20)", "lost-sales", budget=300_000, periods=50, seed=4)
    assert told["policy"] == str(best)
    assert told["parameters"] == best.parameters
    assert told["estimate"] == best.tuning.estimate._asdict()
    assert told["difference"] == best.tuning.difference._asdict()
    assert told["gap_to"] in ("optimum", "bound")
    assert told["gap"]["mean"] > 0
    assert (told["spent"], told["tried"]) == (best.tuning.spent, best.tuning.tried)
    again = json.loads(done(*shlex.split(told["provenance"]["command"])[1:], "--json"))
    assert again["estimate"] == told["estimate"]


def test_tune_takes_a_history_of_ones_own():
    Path("own.csv").write_text("sold\n" + "\n".join(str(20 + week % 7) for week in range(104)))
    own = ["--history", "own.csv", "--value", "sold", "--set", "horizon.periods=50", "--budget", "100000"]
    text = done("tune", "lost-sales", "base-stock", *own)
    assert "--history own.csv --value sold" in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lost-sales", "base-stok"], "unknown policy 'base-stok' (did you mean 'base-stock'?)"),
        (["lost-sales", "myopic"], "myopic: there is nothing to tune, it has no parameters"),
        (
            ["lost-sales", "base-stock(level=3)"],
            "base-stock: there is nothing to tune, all its parameters are given",
        ),
        (["lost-sales"], "Missing argument 'POLICY'"),
        (["lost-sales", "base-stock", "--budget", "0"], "Invalid value for '--budget'"),
        (["beer-game", "kanban", "--periods", "50"], "periods: beer-game ends after 36 periods, got 0 + 50"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_one_line(arguments, line):
    assert refused("tune", *arguments).startswith(line)


def test_policies_may_stand_together():
    apart = done("compare", "lost-sales", "jit", "base-stock(level=25)", "s-S(s=20, S=25)", *QUICK, "--no-report")
    assert done("compare", "lost-sales", "jit, base-stock(level=25) s-S(s=20, S=25)", *QUICK, "--no-report") == apart


def test_a_history_of_ones_own_is_short_for_its_overrides():
    rows = [f"{week},{item},{week + (item == 'b')}" for week in range(12) for item in "ab"]
    Path("own.csv").write_text("\n".join(["week,item,sold", *rows]))
    short = ["--history", "own.csv", "--value", "sold", "--date", "week", "--where", "item=b"]
    history = "demands.customers.history"
    long = ["demands.customers.distribution=null", f"{history}.file=own.csv", f"{history}.value=sold"]
    long += [f"{history}.date=week", f"{history}.where.item=b"]
    arguments = ["compare", "lost-sales", "jit", "--paths", "2", "--set", "horizon.periods=10", "--json"]
    told = json.loads(done(*arguments, *short))
    assert told["provenance"]["resolved"]["demands"]["customers"]["history"]["values"] == list(range(1, 13))
    pairs = [word for override in long for word in ("--set", override)]
    assert told["policies"] == json.loads(done(*arguments, *pairs))["policies"]
    assert told["policies"] == json.loads(done(*arguments, *short, "--demand", "customers"))["policies"]


def test_another_item_of_the_same_history_needs_only_where():
    told = json.loads(done("compare", "grocery", "jit", *QUICK, "--where", "item=coffee", "--json"))
    assert told["provenance"]["resolved"]["demands"]["customers"]["history"]["source"].endswith("item coffee")


def test_gaps_in_a_history_are_noted():
    Path("own.csv").write_text("week,sold\n1,5\n2,6\n3,4\n9,6\n")
    own = ["--history", "own.csv", "--value", "sold", "--date", "week", "--set", "horizon.periods=4"]
    result = jit("compare", "lost-sales", "jit", "--paths", "2", *own)
    assert result.exit_code == 0
    assert result.stderr.startswith("jit-gym: note: own.csv: there is no row between 3 and 9")
    assert "there is no row between 3 and 9" in Path(result.stdout.split()[-1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["show"], ["compare", "--paths", "2", "--periods", "5", "--no-gap"]])
def test_a_key_that_does_nothing_is_noted_once(command: list[str]):
    verb, *options = command
    result = jit(verb, "lost-sales", *options, "--set", "stocks.shop.waste_cost=1")
    assert result.exit_code == 0
    assert result.stderr == (
        "jit-gym: note: stocks.shop.waste_cost: has no effect, because without shelf_life and storage_limit nothing is"
        " wasted\n"
    )


def test_several_demands_need_a_name():
    two = "demands.others={from: shop, distribution: 1}"
    Path("own.csv").write_text("sold\n5\n")
    own = ["--set", two, "--history", "own.csv", "--value", "sold"]
    assert "must say whose history it is (customers, others)" in refused("compare", "lost-sales", *own)
    named = ["--demand", "others", "--set", "horizon.periods=1", "--json"]
    assert json.loads(done("compare", "lost-sales", "jit", "--paths", "2", *own, *named))


def test_new_starts_a_scenario_that_works():
    assert "jit-gym compare mine.yaml" in done("new", "mine")
    assert jit_gym.load("mine.yaml").name == "mine"
    assert "base-stock" in done("compare", "mine.yaml", *QUICK, "--no-report")
    before = Path("mine.yaml").read_bytes()
    assert refused("new", "mine") == "mine.yaml: is there already, and stays as it is"
    assert Path("mine.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["grocery", "lost-sales"])
def test_new_with_the_name_of_a_shipped_scenario_starts_from_it(name: str):
    """The same world until something is changed; and with all its comments taken away, except where a file is named."""
    assert f"jit-gym compare {name}.yaml" in done("new", name)
    path = Path(f"{name}.yaml")
    assert jit_gym.load(str(path)) == jit_gym.load(name)
    text = path.read_text(encoding="utf-8")
    head, body = text[: text.index("# What")], text[text.index("# What") :].partition("\n\n")[2]
    bare = body.replace("# ", "", 1).replace("\n# ", "\n")
    path.write_text(head.replace(f"title: My variant of {name}\n", "") + bare)
    if name == "lost-sales":
        assert jit_gym.load(str(path)) == jit_gym.load(name)
        assert jit_gym.load(str(path)).title == jit_gym.load(name).title


def test_solve_and_bound_take_a_history_of_ones_own():
    """As compare and tune do; the command that makes the numbers again names it."""
    rows = [f"{week},{item},{week % 3 + (item == 'b')}" for week in range(24) for item in "ab"]
    Path("own.csv").write_text("\n".join(["week,item,sold", *rows]))
    own = ["--history", "own.csv", "--value", "sold", "--date", "week", "--where", "item=b", "--demand", "customers"]
    own += ["--set", "demands.customers.history.replay=resampled", "--set", "lanes.supplier.lead_time=1"]
    bound = json.loads(done("bound", "lost-sales", *own, "--paths", "2", "--periods", "8", "--json"))
    values = bound["provenance"]["resolved"]["demands"]["customers"]["history"]["values"]
    assert values == [week % 3 + 1 for week in range(24)]
    assert "--history own.csv --value sold --date week --where item=b" in bound["provenance"]["command"]
    solved = json.loads(done("solve", "lost-sales", *own, "--json"))
    assert solved["provenance"]["resolved"]["demands"]["customers"]["history"]["values"] == values
    assert "--demand: says whose --history it is" in refused("solve", "lost-sales", "--demand", "customers")
    assert "has no column 'solt'" in refused("bound", "lost-sales", "--history", "own.csv", "--value", "solt")


HIDDEN = """if True:
    import sys
    class Hide:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == sys.argv[1]:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.meta_path.insert(0, Hide())
    from jit_gym.cli import app
    app(sys.argv[2:], prog_name="jit-gym")
"""


@pytest.mark.parametrize("package", ["torch", pytest.param("tensorboard", marks=pytest.mark.slow)])
def test_training_without_what_it_needs_says_how_to_install_it(package: str):
    """In an interpreter that does not find the package: one line with the command, and no run begun."""
    words = ["train", "lost-sales", "--agent", "dcl", "--budget", "1"]
    run = subprocess.run([sys.executable, "-c", HIDDEN, package, *words], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"jit-gym: the package {package} is missing (pip install 'jit-gym[train]')\n"
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("show los", ["lost-sales", "lost-sales-hidden"]),
        ("compare sh", ["shop.yaml"]),
        ("compare lost-sales base", ["base-stock", "base-stock-with-waste"]),
        ("compare lost-sales jit agent:p", ["agent:ppo"]),
        ("compare lost-sales be", ["best.npz"]),
        ("tune lost-sales capped-b", ["capped-base-stock"]),
        ("train lost-sales --agent ppo", ["ppo", "ppo-lstm"]),
    ],
)
def test_a_shell_completes_scenarios_policies_and_agents(typed: str, offered: list[str]):
    for name in ("shop.yaml", "best.npz"):
        Path(name).touch()
    words = f"jit-gym {typed}"
    asked = {"_JIT_GYM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    assert CliRunner().invoke(app, [], prog_name="jit-gym", env=asked).stdout.split() == offered


def test_a_shell_can_be_taught_to_complete():
    assert "--install-completion" in done("--help")
    asked = f"{shlex.quote(sys.executable)} -m jit_gym --show-completion; true"  # Typer looks for the shell that asks
    shown = subprocess.run(["bash", "-c", asked], capture_output=True, text=True)
    assert "_JIT_GYM_COMPLETE=complete_bash" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lost-sale"], "unknown scenario 'lost-sale' (did you mean 'lost-sales'?)"),
        (["nothing.yaml"], "there is no file 'nothing.yaml'"),
        (["lost-sales", "jitt"], "unknown policy 'jitt' (did you mean 'jit'?)"),
        (["lost-sales", "base-stock(levl=3)"], "base-stock: unknown parameter 'levl' (did you mean 'level'?)"),
        (["lost-sales", "base-stock(level=x)"], "base-stock: level must be a number, 0 or more, got 'x'"),
        (
            ["lost-sales", "base-stock(level=3"],
            "cannot read the policy 'base-stock(level=3' (write it like base-stock(level=25))",
        ),
        (["lost-sales", "dual-index"], "dual-index: needs two lanes with fixed lead times into 'shop', got 1"),
        (
            ["lost-sales", "--set", "stocks.shop.holdng_cost=2"],
            "stocks.shop: unknown key 'holdng_cost' (did you mean 'holding_cost'?)",
        ),
        (
            ["lost-sales", "--set", "stocks.shop.holding_cost=abc"],
            "stocks.shop.holding_cost: must be a number, got 'abc'",
        ),
        (["lost-sales", "--set", "stocks.shop.holding_cost=-2"], "stocks.shop.holding_cost: must be 0 or more, got -2"),
        (["lost-sales", "--set", "lanes.supplier.supplier=aisin"], "lanes.supplier.supplier: unknown supplier 'aisin'"),
        (["lost-sales", "--set", "nonsense"], "an override must be written as key=value, got 'nonsense'"),
        (
            ["lost-sales", "--history", "missing.csv", "--value", "sold"],
            "demands.customers.history: there is no file 'missing.csv'",
        ),
        (
            ["lost-sales", "--history", "bad.csv", "--value", "sold"],
            "demands.customers.history: bad.csv line 3: sold must be a number, 0 or more, got 'many'",
        ),
        (
            ["lost-sales", "--history", "bad.csv", "--value", "solt"],
            "demands.customers.history: bad.csv: has no column 'solt' (did you mean 'sold'?)",
        ),
        (
            ["lost-sales", "--history", "bad.csv"],
            "demands.customers.history: needs 'value', the column of the file with the quantity",
        ),
        (["lost-sales", "--where", "item"], "--where: must be written as column=value, got 'item'"),
        (["lost-sales", "--demand", "customers"], "--demand: says whose --history it is, and there is none"),
        (
            ["grocery", "--periods", "500"]
            + [word for key in ("replay=as-it-was", "block=1", "season=1") for word in ("--set", f"{PAST}.{key}")],
            "the history has 156 periods",
        ),
        (["lost-sales", "--report", "report.txt"], "--report: must end in .html, got 'report.txt'"),
        (["lost-sales", "--report", "a.html", "--no-report"], "--report and --no-report exclude each other"),
        (["lost-sales", "--report", "bad.csv/a.html"], "cannot write bad.csv/a.html: there is a file where a folder"),
        (["lost-sales", "--report", "folder.html"], "cannot write folder.html: it is not a file"),
        (["lost-sales", "--seed", "many"], "Invalid value for '--seed'"),
        (["lost-sales", "--seed", "-1"], "Invalid value for '--seed'"),
        (["lost-sales", "--paths", "0"], "Invalid value for '--paths'"),
        (["lost-sales", "--periods", "2.5"], "Invalid value for '--periods'"),
        (["lost-sales", "--pahts", "9"], "No such option: --pahts"),
        ([], "Missing argument 'SCENARIO'"),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_is_written(arguments, line):
    Path("bad.csv").write_text("week,sold\n1,5\n2,many\n")
    Path("folder.html").mkdir()
    assert refused("compare", *arguments).startswith(line)


def test_a_bad_file_is_refused_with_its_name_and_line():
    Path("bad.yaml").write_text("name: bad\nstocks: [\n")
    assert refused("show", "bad.yaml").startswith("bad.yaml: line ")
    Path("bad.yaml").write_text("extends: lost-sales\nstocks: {shop: {holdng_cost: 1}}\n")
    assert (
        refused("compare", "bad.yaml")
        == "bad.yaml: stocks.shop: unknown key 'holdng_cost' (did you mean 'holding_cost'?)"
    )


@pytest.mark.parametrize(
    "arguments", [["compar"], ["show"], ["show", "--yaml", "--json", "lost-sales"], ["new", "a b"], ["--x"]]
)
def test_a_wrong_use_is_refused_in_one_line(arguments):
    refused(*arguments)


def test_what_a_terminal_or_a_file_cannot_take_is_escaped():
    """Escape sequences in names of files and columns, and bytes that are no UTF-8, neither act nor lose a run."""
    bad = "\x1b[31m\udcff.csv"
    Path(bad).write_text("week,\x1b]0;x\x07\n1,5\n2,6\n9,6\n")
    own = ["--history", bad, "--value", "\x1b]0;x\x07", "--date", "week", "--set", "horizon.periods=3"]
    result = jit("compare", "lost-sales", "jit", *own, "--paths", "2", "--report", "a.html")
    html = Path("a.html").read_bytes().decode()
    assert result.exit_code == 0
    for text in (result.stdout, result.stderr, html):
        assert "\x1b" not in text
        assert "\x07" not in text
    assert result.stderr.startswith("jit-gym: note: \\x1b[31m\\udcff.csv: there is no row between 2 and 9")
    assert (
        refused("compare", "lost-sales", "\x1b[2J")
        == "cannot read the policy '\\x1b[2J' (write it like base-stock(level=25))"
    )
    assert "\x1b" not in refused("compare", "\x1b[2J.yaml")
    assert "\x1b" not in refused("compare", "lost-sales", "--\x1b[2J")


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is write-protected for root")
def test_a_protected_folder_is_refused():
    Path("locked").mkdir(mode=0o500)
    assert (
        refused("compare", "lost-sales", "--report", "locked/a.html") == "cannot write locked/a.html: permission denied"
    )


def hears_ctrl_c() -> None:
    """Undo what a shell does to whatever it runs in the background, these tests included."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "jit_gym", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes, preexec_fn=None if sys.platform == "win32" else hears_ctrl_c)


def test_the_command_itself_refuses_without_a_traceback():
    run = started("compare", "lost-sales", "jitt")
    out, err = run.communicate()
    assert (run.returncode, out, err) == (2, "", "jit-gym: unknown policy 'jitt' (did you mean 'jit'?)\n")


def test_a_reader_who_leaves_early_is_no_error():
    with started("show", "--schema") as run:
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode != 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_stops_without_a_word():
    Path("own.csv").write_text("week,sold\n1,5\n2,6\n3,4\n9,6\n")
    own = ["--history", "own.csv", "--value", "sold", "--date", "week", "--set", "horizon.periods=4"]
    with started("compare", "lost-sales", *own, "--paths", "5000000", "--report", "a/b.html") as run:
        assert "note" in run.stderr.readline()  # the last it says before it plays
        for _ in range(60):  # one that comes while a library calls back is lost, as it is when a user presses the keys
            run.send_signal(signal.SIGINT)
            try:
                run.wait(timeout=2)
                break
            except subprocess.TimeoutExpired:
                continue
        assert (run.stdout.read(), run.stderr.read()) == ("", "")
    assert run.returncode == 130
    assert os.listdir() == ["own.csv"]


PRESSED = """if True:
    import os, signal, sys
    def press(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)
    class Importing:
        def find_spec(self, name, path=None, target=None):
            if name == "jit_gym.evaluation":
                press()
    class Last:
        def __del__(self, press=os.kill, process=os.getpid(), key=signal.SIGINT):
            press(process, key)
    if sys.argv[1] in ("importing", "ending"):
        sys.meta_path.insert(0, Importing())
    if sys.argv[1] == "ending":
        last = Last()  # goes with the other names of this module, after Python has reset its handlers of signals
    if sys.argv[1] == "compiling":
        import numba.core.compiler
        numba.core.compiler.compile_extra = press
    elif sys.argv[1] == "in a callback":
        import weakref
        class Thing: ...
        thing = Thing()
        callback = weakref.ref(thing, press)
        class Dropping:
            def find_spec(self, name, path=None, target=None):
                if name == "jit_gym.evaluation":
                    global thing
                    thing = None
        sys.meta_path.insert(0, Dropping())
    elif sys.argv[1] == "in a descriptor":
        class Named:
            def find_spec(self, name, path=None, target=None):
                if name == "jit_gym.evaluation":
                    class Descriptor:
                        __set_name__ = press
                    class Owner:
                        field = Descriptor()
        sys.meta_path.insert(0, Named())
    from jit_gym.__main__ import main
    sys.argv[1:] = ["compare", "lost-sales", "jit", "--paths", "2", "--periods", "5", "--no-report", "--no-gap"]
    main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize(
    "when",
    [
        "ending",  # after it was pressed while modules are imported
        "compiling",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("importing", "in a callback", "in a descriptor")),
    ],
)
def test_ctrl_c_is_quiet_whatever_it_interrupts(when: str, tmp_path: Path):
    """Pressed at a moment of our choice; where a library makes a RuntimeError of it, or Python can only print it."""
    clean = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", PRESSED, when]
    run = subprocess.run(command, capture_output=True, text=True, env=clean, preexec_fn=hears_ctrl_c)
    assert run.returncode == 130
    assert re.fullmatch(r"(jit-gym: compiling [\w' ]+, once: a few seconds\n)*", run.stderr)


def test_solve_tells_the_optimum_and_what_rules_cost():
    """Zipkin (2008): 7.66442 at a lead time of 2, and 7.84217 with base-stock level 21."""
    arguments = ["lost-sales", "base-stock(level=21)", "--set", "lanes.supplier.lead_time=2"]
    text = done("solve", *arguments)
    assert "at least 7.66442 a day" in text
    assert "300 states" in text
    assert "2.32 %" in text
    found = json.loads(done("solve", *arguments, "--json"))
    assert found["low"] <= found["cost"] <= found["high"]
    assert found["policies"][0]["cost"] == pytest.approx(7.84217, abs=1e-5)
    assert shlex.split(found["provenance"]["command"]) == ["jit-gym", "solve", *arguments]


def test_solve_saves_a_policy_that_compare_plays():
    two = ["--set", "lanes.supplier.lead_time=2"]
    done("solve", "lost-sales", *two, "--save", "best.npz")
    found = json.loads(done("compare", "lost-sales", "base-stock(level=21)", "best.npz", *two, *QUICK, "--json"))
    assert [each["policy"] for each in found["policies"]] == ["base-stock(level=21)", "optimal"]
    assert "computed for another scenario" in refused("compare", "lost-sales", "best.npz", *QUICK)


def test_a_damaged_file_is_no_keypress(monkeypatch):
    """EOFError is what readers raise where a file is cut, and what Typer takes for Ctrl-D."""
    Path("cut.npz").write_bytes(b"")
    assert refused("compare", "lost-sales", "cut.npz", *QUICK).startswith("cut.npz: is no saved policy, or is damaged")

    def cut(*_):
        raise EOFError

    monkeypatch.setattr("jit_gym.theory.Optimal.load", cut)
    assert refused("compare", "lost-sales", "cut.npz", *QUICK) == "a file ends before its time, and may be damaged"


def test_solve_refuses_in_a_line():
    units = "units: must be whole to be enumerated, got continuous (set units: whole)"
    assert refused("solve", "serial") == units
    assert "too many to enumerate" in refused("solve", "lost-sales", "--set", "lanes.supplier.lead_time=10")
    assert refused("solve", "lost-sales", "--save", "best.txt") == "--save: must end in .npz, got 'best.txt'"


def test_bound_prints_a_cost_that_no_policy_can_beat():
    arguments = ["serial", "--paths", "4", "--periods", "20", "--seed", "7", "--set", "stocks.shop.initial=9"]
    text = done("bound", *arguments)
    assert text.startswith("serial: nobody costs less than ")
    assert "on 4 paths of 20 days, seed 7" in text
    found = json.loads(done("bound", *arguments, "--json"))
    assert found["cost"] == pytest.approx(sum(found["costs"]) / 4)
    assert found["low"] < found["cost"] < found["high"]
    assert found["gap"] == 0
    again = json.loads(done(*shlex.split(found["provenance"]["command"])[1:], "--json"))
    assert again["costs"] == pytest.approx(found["costs"])


def test_bound_tells_what_is_earned_and_where_it_was_stopped():
    assert "nobody earns more than" in done("bound", "or-gym-inv-management", "--paths", "1")
    stopped = done("bound", "joint-replenishment", "--periods", "30", "--warmup", "0", "--paths", "1", "--nodes", "1")
    assert "stopped early on 1 of them: the bound may be too low" in stopped
    assert "stopped" not in done("bound", "fixed-cost", "--paths", "1", "--relaxed")


def test_compare_shows_the_gap_unless_it_is_not_wanted():
    arguments = ["compare", "serial", "jit", *QUICK]
    assert "gap, at" in done(*arguments, "--no-report")
    told = json.loads(done(*arguments, "--json"))
    assert told["gap_to"]["to"] == "bound"
    gap = told["policies"][0]["gap"]
    assert gap["share"]["mean"] == pytest.approx(gap["cost"]["mean"] / told["gap_to"]["cost"])
    assert "gap" not in done(*arguments, "--no-report", "--no-gap")
    without = json.loads(done(*arguments, "--json", "--no-gap"))
    assert without["gap_to"] is None
    assert without["policies"][0]["gap"] is None


def test_seconds_are_counted_as_long_as_code_is_compiled(monkeypatch):
    """From the start of the outermost function that Numba compiles to its end; then the line is empty again."""
    listeners, screen = [], io.StringIO()
    monkeypatch.setattr(event, "register", lambda kind, listener: listeners.append((kind, listener)))
    monkeypatch.setattr(sys, "stderr", screen)
    count_while_compiling()
    ((kind, listener),) = listeners
    assert kind == "numba:compile"
    listener.on_start(None)
    listener.on_start(None)
    listener.on_end(None)
    listener.thread.join(1.5)
    assert screen.getvalue() == "\rcompiling: 1 s"
    listener.on_end(None)
    assert screen.getvalue().endswith(f"\r{'':14}\r")
    assert not listener.thread.is_alive()


def test_the_end_of_a_file_is_damage_and_not_a_key_that_was_pressed(monkeypatch):
    """EOFError, which pickle and NumPy raise for files that were cut, is told in a line; click takes it for Ctrl-C."""

    def cut(*_, **__):
        raise EOFError("No data left in file")

    monkeypatch.setattr(jit_gym.scenario, "load", cut)
    assert refused("show", "lost-sales") == "a file ends before its time, and may be damaged"


@pytest.mark.parametrize("starts", ["{at: [5]}", "{every: .inf}", "{rate: 0.1}"])
def test_a_disruption_for_ever_can_be_shown_compared_and_bounded(starts):
    """`.inf` is understood from one line of YAML to the last figure; 1e30 is refused in one line.

    Both used to end in the middle, by what they wrote into the memory of others.
    """
    fire = ["lost-sales", "--set", f"disruptions.fire={{hits: [supplier], starts: {starts}, lasts: .inf}}"]
    assert "for ever" in done("show", *fire)
    Path("fire.yaml").write_text(done("show", "--yaml", *fire))
    assert done("show", "--json", "fire.yaml") == done("show", "--json", *fire)
    policies = ["jit", "just-in-case", "mitigation", "acceptance", "state-dependent", "rerouting"]
    told = json.loads(done("compare", *fire, *policies, *QUICK, "--json"))
    assert json.loads(done("compare", "fire.yaml", *policies, *QUICK, "--json"))["policies"] == told["policies"]
    assert json.loads(done("bound", *fire, *QUICK, "--json"))["cost"] <= told["policies"][0]["figures"]["cost"]["mean"]
    solved = jit("solve", *fire)
    assert (solved.exit_code, solved.stdout) == (2, "")
    sorry = r"jit-gym: disruptions\.fire\.(lasts|starts\.at): must .* to be solved exactly, got"
    assert re.match(sorry, solved.stderr.splitlines()[-1])  # after a note, where the fire never comes
    fire[-1] = fire[-1].replace(".inf", "1e30")
    assert ".inf for ever, got 1e+30" in refused("compare", *fire)


GRID = ["--x", "lanes.supplier.lead_time=1,9", "--y", "demands.customers.shortage_cost=4,39"]


def test_map_draws_who_is_best_where():
    text = done("map", "lost-sales", "jit", "base-stock", *GRID, *QUICK, "--out", "map.svg")
    assert max(map(len, text.splitlines())) <= 80
    assert "across: lanes.supplier.lead_time (days from shipment to arrival)" in text
    assert text.splitlines()[-1] == "Picture: map.svg"
    told = json.loads(done("map", "lost-sales", "jit", "base-stock", *GRID, *QUICK, "--json"))
    drawn = jit_gym.policy_map(["jit", "base-stock"], "lost-sales", x=GRID[1], y=GRID[3], paths=8, periods=30)
    assert [each["best"] for each in told["cells"]] == [drawn.policies[cell.best] for cell in drawn.flat]
    costs = [[policy["cost"]["mean"] for policy in each["policies"]] for each in told["cells"]]
    assert costs == [[each.mean for each in cell.estimates] for cell in drawn.flat]
    svg = Path("map.svg").read_text(encoding="utf-8")
    assert f'data-fingerprint="{jit_gym.load("lost-sales").fingerprint}"' in svg
    assert f"<desc>{told['verdict']}</desc>" in svg
    assert told["provenance"]["command"] == (
        "jit-gym map lost-sales jit base-stock --x lanes.supplier.lead_time=1,9"
        " --y demands.customers.shortage_cost=4,39 --paths 8 --periods 30 --seed 0"
    )
    done("map", "lost-sales", "jit", *GRID, *QUICK, "--out", "map.png")
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    done("map", "lost-sales", "jit", *GRID, *QUICK, "--out", "map.html")
    assert "jit costs least in 4" in Path("map.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--x: must name a key and its values (write --x KEY=LOW..HIGH)"),
        (GRID[:2], "--y: must name a key and its values (write --y KEY=LOW..HIGH)"),
        (["--x", "lanes.supplier.lead_time=9..1", *GRID[2:]], "lanes.supplier.lead_time: must go from the lower"),
        (["--x", "lanes.supplier.lead_time=4", *GRID[2:]], "lanes.supplier.lead_time: needs two values or more, got 4"),
        (["--x", "lanes.supplier.led_time=1..4", *GRID[2:]], "lanes.supplier.led_time=1 and"),
        (["--x", "lanes.supplier.title=a,b", *GRID[2:]], "lanes.supplier.title: is a label, which changes nothing"),
        ([*GRID, *GRID[:2]], "--x: must be given once, got lanes.supplier.lead_time=1,9 and lanes"),
        ([*GRID, "--set", "lanes.supplier.lead_time=2"], "--set lanes.supplier.lead_time: is what --x varies"),
        ([*GRID, "--cells", "99"], "Invalid value for '--cells': "),
        ([*GRID, "jitt"], "lanes.supplier.lead_time=1 and demands.customers.shortage_cost=4: unknown policy 'jitt'"),
        ([*GRID, "--out", "map.gif"], "--out: must end in .svg, .png or .html, got 'map.gif'"),
        ([*GRID, "--budget", "9000"], "--budget: is for tuning the rules first (add --tune)"),
        ([*GRID, "--out", "."], "--out: must end in .svg, .png or .html, got '.'"),
    ],
)
def test_map_refuses_bad_input_in_a_line(arguments, says):
    assert refused("map", "lost-sales", *arguments, *QUICK).startswith(says)


def test_compare_of_a_family_writes_a_report():
    """One page, in reports/ and its index, with the worlds, what varies, and the command that makes it again."""
    asked = ["lost-sales-family", "jit", "constant", "--worlds", "2", "--paths", "4", "--periods", "5"]
    text = done("compare", *asked, "--set", "stocks.shop.holding_cost=2")
    file = Path(text.splitlines()[-1].removeprefix("Report: "))
    page = file.read_text(encoding="utf-8")
    assert "is the best, or practically as good" in page
    assert "--set stocks.shop.holding_cost=2" in page
    assert "poisson(mu=5), geom(p=0.1667, loc=\u22121) or nbinom(n=5, p=0.5)" in page
    assert file.name in Path("reports/index.html").read_text(encoding="utf-8")
    done("compare", *asked, "--report", "mine.html")
    assert "More or less than jit, world by world" in Path("mine.html").read_text(encoding="utf-8")
    told = refused("compare", *asked, "--set", "lanes.supplier.lead_time=2", "--report", "not.html")
    assert told.startswith("lanes.supplier.lead_time: cannot be set, as lanes.supplier.lead_time varies")
    assert refused("compare", *asked, "--report", "page.txt").startswith("--report: must end in .html")
    assert not Path("not.html").exists()


def test_show_tells_what_varies_in_a_family():
    text = done("show", "store-shocks-family")
    assert "What varies in held-out" in text
    assert "port-closed, lockdown, canal-blocked or strait-avoided" in " ".join(text.split())
    assert json.loads(done("show", "lost-sales-family", "--json"))["family"]["of"] == "lost-sales"
    Path("again.yaml").write_text(done("show", "lost-sales-family", "--yaml"), encoding="utf-8")
    assert jit_gym.family("again.yaml").world(3) == jit_gym.family("lost-sales-family").world(3)


def test_compare_of_a_family_echoes_all_that_was_asked_for():
    """The command in the document is the one that was typed, with what it took by default."""
    asked = ["compare", "lost-sales-family", "jit", "constant", "--worlds", "2", "--paths", "4", "--periods", "5"]
    done = jit(*asked, "--threshold", "5", "--json")
    assert done.exit_code == 0, done.output
    command = json.loads(done.stdout)["command"]
    assert command.split()[:4] == ["jit-gym", "compare", "lost-sales-family", "jit"]
    assert "--threshold 5.0" in command
    assert "--regime train" in command
