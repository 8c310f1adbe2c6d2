"""The benchmarks compare what is the same, and write down what they found; no time is asserted."""

import json
import sys
from itertools import islice
from pathlib import Path
from types import ModuleType, SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

import jit_gym

from .planning.shops import poisson, shop

ROOT = Path(__file__).parents[1]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Import the modules of benchmarks/, which are scripts."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "players"))
    monkeypatch.setenv("JIT_GYM_THREADS", "1")  # speed.py would set it
    names = ("timing", "figures", "loop", "turns", "player", "against", "speed")
    return SimpleNamespace(**{name: fresh(name) for name in names})


def fresh(name: str) -> ModuleType:
    """Import a module anew, as another folder may have one of this name."""
    sys.modules.pop(name, None)
    return __import__(name)


def test_the_loop_by_hand_plays_the_world_of_the_env(bench: SimpleNamespace):
    """The same mean reward, observation and dates of new episodes; paths differ, as they draw otherwise."""
    rows = 2048
    envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=rows)
    envs.reset(seed=0)
    loop = bench.loop.HandWritten(rows, envs.unwrapped.reward_unit)
    assert envs.unwrapped.episodes.horizon == bench.loop.PERIODS
    random, sums = np.random.default_rng(0), np.zeros((2, rows, 1 + bench.loop.WIDTH))
    for t in range(bench.loop.PERIODS + 2):
        actions = random.uniform(-1.2, 1.2, (rows, 1)).astype(np.float32)
        played = envs.step(actions)[:4], loop.step(actions)
        for into, (observations, rewards, terminated, truncated) in zip(sums, played, strict=True):
            assert (observations.dtype, rewards.dtype) == (np.float32, np.float64)
            assert not terminated.any()
            assert (truncated == (t == bench.loop.PERIODS - 1)).all()
            into[:, 0] += rewards
            into[:, 1:] += observations
        if t == bench.loop.PERIODS:
            assert (played[0][0] == played[1][0]).all()  # a new episode begins in the same state
            assert not played[1][1].any()
    apart = sums[0].mean(axis=0) - sums[1].mean(axis=0)
    error = np.sqrt(sums.var(axis=1, ddof=1).sum(axis=0) / rows)
    assert (np.abs(apart) < 4 * error).all()
    assert (error[0] < 0.02 * np.abs(sums[0].mean(axis=0)[0])).all()


def test_the_table_of_the_loop_is_that_of_poisson(bench: SimpleNamespace):
    """To 27 bits: each slot keeps its own demand with some chance, and lends the rest to another."""
    from scipy.stats import poisson

    keeps, alias = bench.loop.alias_table()
    chances = np.zeros(bench.loop.SLOTS)
    kept = keeps / 2.0**27
    np.add.at(chances, np.arange(len(kept)), kept / len(kept))
    np.add.at(chances, alias, (1 - kept) / len(kept))
    np.testing.assert_allclose(chances, poisson.pmf(np.arange(bench.loop.SLOTS), 5), rtol=0, atol=1e-8)


def test_figures_stand_beside_their_targets(bench: SimpleNamespace, tmp_path: Path):
    """Met or missed, in either direction; what was not measured says why; the table is made from what is kept."""
    figure = bench.figures.Figure
    found = [
        figure("step", 0.27, "of CartPole's", 0.28, most=True, said="2.5 us"),
        figure("rate", 0.9, "times", 1.2),
        figure("threads", None, "times one", 1.8, said="not there yet"),
        figure("sampling", 0.3, "of its time"),
    ]
    assert [each.met for each in found] == [True, False, None, None]
    assert [each.cells[3] for each in found] == ["met", "missed", "not measured", ""]
    about = bench.figures.certificate(3)
    bench.figures.keep(tmp_path / "speed.json", about, found)
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert {"versions", "commit", "date", "machine", "rounds", "clock"} == set(kept["about"])
    table = bench.figures.table(kept)
    assert "| step | at most 0.28 | 0.27 of CartPole's | met | 2.5 us |" in table
    assert "| threads | at least 1.8 |  | not measured | not there yet |" in table


def test_two_that_play_another_problem_are_not_compared(bench: SimpleNamespace):
    """Means within their intervals, or within what nobody would act on, are the same; others are said to differ."""
    contest, played, row = bench.against.CONTESTS[0], bench.player.Played, bench.against.Row
    one = row.of(contest, "1", played(2e6, 9.23, 0.01), played(1e6, 9.24, 0.01), 2.0)
    other = row.of(contest, "1", played(2e6, 9.23, 0.01), played(1e6, -9.23, 0.01), 2.0)
    assert (one.same, other.same) == (True, False)
    assert one.cells[2:5] == ["1 million periods/s", "2 million periods/s", "2"]
    assert other.cells[-1].startswith("NOT THE SAME PROBLEM")


def test_a_peer_that_is_not_there_says_why_and_others_play_on(
    bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """It is refused in a line, by `make bench` as well, which does not install it."""
    monkeypatch.setattr(bench.player, "ENVIRONMENTS", tmp_path)
    with pytest.raises(bench.player.NotThere, match=r"^idinn is not installed \(make bench-peers installs it\)$"):
        bench.player.peer("idinn")

    def refuse(name: str) -> None:
        raise bench.player.NotThere(f"{name} cannot be installed: no matching distribution")

    monkeypatch.setattr(bench.against, "install", refuse)
    rows = list(bench.against.rows(bench.against.CONTESTS[:2], 1))
    assert [each.why for each in rows] == ["idinn cannot be installed: no matching distribution"] * 2
    assert rows[0].cells[-1] == rows[0].why


def test_a_player_plays_rounds_when_asked(bench: SimpleNamespace):
    """Our own script, as that of a peer: periods, seconds, and a mean with its error; an unknown game ends it."""
    with bench.player.ourselves() as player:
        found = player.round("another-line")
        assert set(found) == {"periods", "seconds", "mean", "error"}
        assert (found["periods"], found["seconds"] > 0, found["error"] > 0) == (9000, True, True)
        with pytest.raises(bench.player.NotThere, match="jit-gym does not play: KeyError: 'chess'"):
            player.round("chess")


def test_rows_that_are_not_there_yet_keep_their_targets(bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch):
    """So that the table names all that is wanted."""
    monkeypatch.setattr(bench.speed, "contest", lambda game, rounds: refuse())

    def refuse() -> None:
        raise bench.player.NotThere("idinn is not installed")

    (figure,) = bench.speed.measured(1, only="two suppliers")
    assert (figure.measured, figure.target, figure.said) == (None, 5, "idinn is not installed")


@pytest.mark.parametrize(("file", "mark"), [("speed", "speed"), ("peers", "peers")])
def test_the_tables_of_the_page_are_those_of_the_results(bench: SimpleNamespace, file: str, mark: str):
    kept = json.loads((ROOT / "results" / f"{file}.json").read_text(encoding="utf-8"))
    make = {"speed": bench.figures.table, "peers": bench.against.table}[file]
    shown = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert make(kept).strip() == shown.split(f"<!-- {mark} -->\n")[1].split(f"\n<!-- end of {mark} -->")[0].strip()
    assert not str(kept["about"]["commit"]).endswith("-dirty")


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Import the benchmarks that train with Stable-Baselines3."""
    pytest.importorskip("stable_baselines3")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("rows", "player"):
        fresh(name)
    agents = fresh("same_agent")
    return SimpleNamespace(defaults=fresh("defaults"), same_agent=agents, time_to_quality=fresh("time_to_quality"))


def test_each_variant_of_the_shipped_settings_is_sound(learning: SimpleNamespace):
    """Each changes something of what is shipped, and a share of the budget is a share of it."""
    bench = learning.defaults
    for agent, scenario in [(agent, scenario) for agent in bench.AGENTS for scenario in bench.SCENARIOS]:
        shipped = bench.settings_for(agent, scenario, "shipped", 1.0)
        assert bench.settings_for(agent, scenario, "shipped", 0.1).budget == round(0.1 * shipped.budget)
        for variant in bench.VARIANTS:
            if variant in bench.OF_PPO and agent not in ("ppo", "ppo-lstm"):
                with pytest.raises(ValueError, match="is of ppo and ppo-lstm, got"):
                    bench.settings_for(agent, scenario, variant, 1.0)
            elif variant != "numbers":  # those that give numbers already
                assert (bench.settings_for(agent, scenario, variant, 1.0) == shipped) == (variant == "shipped"), variant


def test_names_that_no_benchmark_knows_are_refused(learning: SimpleNamespace):
    assert learning.defaults.chosen("all", ["a", "b"], "agents") == ["a", "b"]
    assert learning.defaults.chosen("b", ["a", "b"], "agents") == ["b"]
    with pytest.raises(ValueError, match=r"^agents: must be all or some of a, b, got 'c'$"):
        learning.defaults.chosen("a, c", ["a", "b"], "agents")


def test_agents_are_compared_with_the_optimum_or_with_the_best_there_is(learning: SimpleNamespace):
    """Two suppliers can be solved, and the tuned rule costs 0.006 % more, on the same paths."""
    what, best = learning.defaults.reference("dual-sourcing")
    assert what == "optimum"
    assert learning.defaults.more_than(best, best).mean == 0.0
    rule = learning.defaults.play("capped-dual-index(expedited_level=4, regular_level=7, cap=2)", best.scenario)
    gap = learning.defaults.more_than(rule, best)
    assert gap.low < 0.0058 < gap.high  # exactly 216.7824 and 216.7698 (test_exact.py has the optimum)


@pytest.mark.parametrize(
    ("costs", "seconds"),
    [([9, 7, 6], 2.0), ([9, 7, 9, 7], 4.0), ([7, 9, 9], float("nan")), ([7, 7, 9], 1.0), ([9, 9, 8], 3.0)],
)
def test_a_mark_is_reached_when_two_evaluations_are_below(
    learning: SimpleNamespace, costs: list[float], seconds: float
):
    """The last evaluation may stand alone; one that is lucky does not count."""
    found = learning.time_to_quality.reached(np.arange(1.0, len(costs) + 1), np.array(costs, float), 8.0)
    assert found == pytest.approx(seconds, nan_ok=True)


def test_seconds_are_told_with_how_many_seeds_came_so_far(learning: SimpleNamespace):
    words = learning.time_to_quality.in_words
    assert words([np.nan, np.nan]) == "not reached"
    assert words([4.0]) == "4.0 s"
    assert words([4.0, np.nan]) == "4.0 s, 1 of 2"
    assert words([4.0, 4.0]) == "4.0 s (4.0 to 4.0)"


def test_curves_are_drawn_with_the_marks(learning: SimpleNamespace):
    """A line for each system, from its first evaluation to its last, and a level for each mark that is known.

    Agents over several envs, a panel each, and our agents as shipped are pictures of their own, of two lines or more.
    """
    bench = learning.time_to_quality
    row = {"scenario": "lost-sales", "agent": "ppo", "base_stock": "10", "best_rule": "9.5", "optimum": "nan"}
    rows = [
        {**row, "system": system, "seed": seed, "cpu_seconds": str(k), "cost": str(12 - k), "env_steps": str(100 * k)}
        for system in ("native", "single")
        for seed in ("0", "1")
        for k in (1, 2, 3)
    ]
    ((path, drawn),) = bench.pictures(rows).items()
    assert path == bench.PICTURE
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert drawn.count(bench.COLOURS["native"]) >= 2  # in the legend, and its line
    assert ">base-stock<" in drawn
    assert ">rule<" in drawn
    assert ">optimum<" not in drawn
    assert ">ppo<" in drawn
    ((_, panels),) = bench.pictures([*rows, *({**each, "agent": "sac"} for each in rows)]).items()
    assert panels.count(">base-stock<") == 2
    assert panels.count(">seconds of the processor<") == 1
    assert panels.count(">native<") == 1  # in the one legend
    assert bench.table(rows).splitlines()[2].startswith("| lost-sales | ppo | native | 2 | 100 | 2.0 s (2.0 to 2.0)")
    agents = [{**each, "agent": agent, "system": "shipped"} for agent in ("dqn", "hindsight") for each in rows[:3]]
    clone = [{**each, "agent": "hindsight", "system": "clone"} for each in rows[:3]]
    (found,) = bench.pictures([*agents, *clone])
    assert found == bench.PICTURE.with_stem("time-to-quality-agents")
    held = bench._held(rows[:3], np.array([0.5, 1.0, 2.9, 3.0, 3.1]))
    assert held.tolist() == pytest.approx([np.nan, 11.0, 10.0, 9.0, np.nan], nan_ok=True)


def test_or_gymnasium_plays_its_own_world_alone(learning: SimpleNamespace):
    with pytest.raises(learning.same_agent.NotThere, match=r"^or-gymnasium has no env of lost-sales \("):
        learning.same_agent.or_gymnasium(SimpleNamespace(name="lost-sales"), "ppo", 0, None)


@pytest.mark.parametrize("agent", ["ppo", "ppo-lstm", "dqn", "sac", "td3"])
def test_an_agent_learns_the_same_over_a_batch_and_over_single_envs(
    learning: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, agent: str
):
    """What is compared is how fast envs are: after as many env steps it plays the same, to the digit."""
    monkeypatch.setattr(learning.same_agent, "ROWS", 8)
    monkeypatch.setattr(learning.same_agent, "LOOK", 512)
    few = {"learning_starts": 64, "batch_size": 32} if agent in ("dqn", "sac", "td3") else {"batch_size": 64}
    monkeypatch.setitem(learning.same_agent.PLAIN, agent, learning.same_agent.PLAIN[agent] | few)
    scenario = jit_gym.load("lost-sales")
    cost_of, played = learning.time_to_quality.cost_of, {}
    for system in (learning.same_agent.native, learning.same_agent.single):
        *_, (steps, _, judge) = islice(system(scenario, agent, 0, cost_of), 2)
        played[system.__name__] = steps, judge(1)
    assert played["native"] == played["single"]
    assert played["native"][0] == 1024


@pytest.mark.parametrize(("agent", "systems"), [("hindsight", "native"), ("dcl", "single"), ("ppo", "clone")])
def test_systems_that_do_not_train_an_agent_are_refused(
    learning: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], agent: str,
    systems: str,
):  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["time_to_quality.py", "--agent", agent, "--systems", systems])
    with pytest.raises(SystemExit, match="2"):
        learning.time_to_quality.main()
    said = capsys.readouterr().err
    assert f"error: systems: {systems} is of --agent " in said
    assert said.endswith(f", got '{agent}'\n")


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the benchmark of the choice of rules."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    fresh("rows")
    return fresh("choice_of_rules")


FEW = ("jit", "base-stock", "adaptive(smoothing=0.3)")


def sold(changed_from: int | None = None) -> dict[str, np.ndarray]:
    """Return 60 weeks of three items; from some week on nothing is as it was."""
    units = {"beans": poisson(20, 60, seed=1), "rice": poisson(5, 60, seed=2), "salt": poisson(50, 60, seed=3)}
    if changed_from is not None:
        for each in units.values():
            each[changed_from:] = 3 * each[changed_from:] + 7
    return units


def test_what_the_choice_of_rules_is_worth(
    choice: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Costs are those that `advise` finds; a choice knows nothing of what judges it, nor that of anything later."""
    origins = choice.origins_of("24:12,36:12")
    folder = choice.open_folder(shop(tmp_path / "shop", sold()))
    findings = choice.judged(folder, origins, FEW)
    found = {(row["origin"], row["way"], row["against"]): row for row in choice.rows(folder, origins, findings)}
    ways = [choice.ALONE, choice.TOGETHER, *FEW]
    pairs = [*((way, choice.FORMULA) for way in ways), (choice.TOGETHER, choice.ALONE)]
    assert list(found) == [(origin, *pair) for origin in ("24:12", "36:12", "all") for pair in pairs]
    costs = [[(each.tried["jit"].cost, each.tried["today"].cost) for each in part] for part in findings]
    for origin, part in zip(("24:12", "36:12", "all"), (*costs, np.sum(costs, axis=0)), strict=True):
        jit, today = np.transpose(part)
        row = found[origin, "jit", choice.FORMULA]
        assert float(row["total"]) == pytest.approx(jit.sum() / today.sum(), abs=1e-4)
        assert float(row["geometric"]) == pytest.approx(np.exp(np.log(jit / today).mean()), abs=1e-4)
        assert float(row["total_low"]) < float(row["total"]) < float(row["total_high"])
        assert (row["rules"], row["items"]) == (f"jit {3 * (1 + (origin == 'all'))}", 3)
    with_later = choice.open_folder(shop(tmp_path / "later", sold(changed_from=36)))
    again = choice.judged(with_later, origins, FEW)
    assert again[0] == findings[0]
    assert again[1] != findings[1]
    chosen = [choice.played(origins[1], each[1], ["beans", "rice", "salt"]).rules for each in (findings, again)]
    assert chosen[0] == chosen[1]
    monkeypatch.setattr(choice, "judged", lambda *asked: findings)
    out = tmp_path / "rows.csv"
    monkeypatch.setattr(sys, "argv", ["", str(folder.path), "--origins", "24:12,36:12", "--out", str(out)])
    choice.main()
    assert capsys.readouterr().out.count("| all items together | item by item |") == 3
    kept = choice.files.rows_of(out, choice.KEY[1:])
    assert {key: row["total"] for key, row in kept.items()} == {key: row["total"] for key, row in found.items()}
    with pytest.raises(SystemExit, match="2"):
        choice.main()
    assert "rows.csv: has 3 of these rows" in capsys.readouterr().err


def test_ratios_of_costs_have_intervals_from_items_and_periods(choice: ModuleType):
    """Twice the cost is twice the cost in each draw; one item that costs ten times as much makes the interval wide."""
    theirs = np.random.default_rng(0).uniform(1, 2, (4, 24))
    when = np.arange(24)
    for estimate in choice.ratios(2 * theirs, theirs, when, 1.0):
        assert (estimate.low, estimate.mean, estimate.high) == pytest.approx((2, 2, 2))
    ours = theirs * np.array([1, 1, 1, 10])[:, None]
    total, geometric = choice.ratios(ours, theirs, when, 1.0)
    assert total.mean == pytest.approx(ours.sum() / theirs.sum())
    assert geometric.mean == pytest.approx(10**0.25)
    assert geometric.low == pytest.approx(1.0)  # no draw of that item: (3 / 4)^4 of all
    assert geometric.high == pytest.approx(10**0.75)
    twice = [np.concatenate([each, each], axis=1) for each in (ours, theirs)]
    again = choice.ratios(*twice, np.concatenate([when, when]), 1.0)
    assert [again[0].low, again[0].high] == pytest.approx([total.low, total.high])  # the same periods tell no more


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("24", r"must be periods known:periods after them, as 65:26,77:26, got '24'"),
        ("24:x", r"must be periods known:periods after them, as 65:26,77:26, got '24:x'"),
        ("15:12", r"each must know 16 periods or more, and 8 or more after them, of 60, got 15:12"),
        ("24:12,50:12", r"each must know 16 periods or more, and 8 or more after them, of 60, got 50:12"),
    ],
)
def test_origins_that_cannot_be_are_refused(
    choice: ModuleType,
    tmp_path: Path,
    told: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    shop(tmp_path / "shop", sold())
    out = tmp_path / "rows.csv"
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "shop"), "--origins", told, "--out", str(out)])
    with pytest.raises(SystemExit, match="2"):
        choice.main()
    assert f"--origins: {why}" in capsys.readouterr().err
    assert not out.exists()
