"""How policies stand, from rows whose figures are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from jit_gym.benchmark.standings import BEST_RULE, HALF, LEARNED, Table, gap_of, versus_of
from jit_gym.benchmark.surprises import surprises
from jit_gym.benchmark.words import verdict
from jit_gym.common.checks import BadInput

from .made import row, rows

COSTS = {
    "line/a": {"base-stock": 110.0, "lot-for-lot": 150.0, "ppo": [105.0, 106.0, 104.0]},
    "line/b": {"base-stock": 110.0, "lot-for-lot": 130.0, "ppo": [120.0, 121.0, 119.0]},
    "line/c": {"base-stock": 110.0, "lot-for-lot": 140.0, "ppo": [110.0, 110.0, 110.0]},
}


def line(table: Table, policy: str, regime: str = "calm"):
    """Return how one policy stands."""
    (found,) = [each for each in table.standings(regime) if each.policy == policy]
    return found


def test_a_standing_has_the_figures_of_its_rows():
    table = Table.of(rows(COSTS, half=0.1))
    agent = line(table, "ppo")
    assert (agent.kind, agent.instances, agent.of, agent.seeds) == ("agent", 3, 3, (3, 3))
    inside = [0.75 * 6.0, 10.0, 10.0, 10.0, 0.75 * 19.0]  # of 4, 5, 6, 10, 10, 10, 19, 20, 21: the middle 4.5 runs
    assert agent.gaps["optimum"].middle.mean == pytest.approx(sum(inside) / 4.5)
    assert agent.gaps["optimum"].worst == ("line/b", pytest.approx(20.0))
    assert set(agent.gaps) == {"optimum"}
    assert agent.improvement.mean == pytest.approx((1 + 0 + 0.5) / 3)
    assert agent.judgements == {"better": 1, "same": 1, "unclear": 0, "worse": 1}
    assert agent.spent == 1_000_000


def test_the_best_tuned_rule_stands_beside_the_others():
    """It is another rule in each instance, differs from itself by nothing, and has the gaps of its rows."""
    given = rows(COSTS)
    given += rows({"line/d": {"s-S": 90.0, "base-stock": 99.0}}, rule=("s-S", 90.0), reference=80.0)
    table = Table.of(given)
    best = line(table, BEST_RULE)
    assert best.versus == (0, 0, 0, 0)
    assert best.improvement.mean == 0.5
    assert best.judgements["same"] == 4
    sample = table.sample(BEST_RULE, "calm", gap_of)
    assert sample.runs["line/d"].values == pytest.approx([12.5])
    assert sample.runs["line/a"].values == pytest.approx([10.0])


def test_who_was_not_judged_everywhere_is_not_ranked():
    """It stands last, however good it is, and leads nothing."""
    given = rows(COSTS) + rows({"line/a": {"ddpg": [1.0]}})
    standings = Table.of(given).standings("calm")
    assert standings[-1].policy == "ddpg"
    assert standings[-1].leads is None
    assert standings[-1].gaps["optimum"].leads is None
    assert not standings[-1].complete
    assert all(each.leads is not None for each in standings[:-1])
    assert line(Table.of(given), BEST_RULE).leads


def test_gaps_to_a_bound_are_not_averaged_with_those_to_an_optimum():
    """What is 50 % above a bound changes nothing in the gap to the optimum."""
    without = line(Table.of(rows(COSTS)), "ppo")
    bound = rows({"big/e": {"ppo": [150.0], "base-stock": 110.0, "lot-for-lot": 160.0}}, reference_is="bound")
    both = line(Table.of(rows(COSTS) + bound), "ppo")
    assert both.gaps["optimum"] == without.gaps["optimum"]
    assert both.gaps["bound"].middle.mean == pytest.approx(50.0)
    assert (both.gaps["optimum"].instances, both.gaps["bound"].instances, both.instances) == (3, 1, 4)
    assert both.versus.mean != without.versus.mean


def test_a_share_of_nothing_is_left_out():
    """Where the best tuned rule costs nothing, nobody has a figure, and nobody is the less complete for that."""
    none = {name: float("nan") for name in ("versus_best_rule", "versus_best_rule_low", "versus_best_rule_high")}
    free = [replace(each, **none) for each in rows({"line/z": {"base-stock": 0.0, "ppo": [1.0]}}, reference_is="bound")]
    with_it, without = line(Table.of(rows(COSTS) + free), "ppo"), line(Table.of(rows(COSTS)), "ppo")
    assert (with_it.instances, with_it.of, with_it.versus) == (3, 3, without.versus)
    assert with_it.leads is not None


def test_the_generalisation_gap_is_held_out_less_calm():
    calm = rows(COSTS)
    held = [replace(each, regime="held-out", gap=each.gap + 0.07) for each in calm]
    held = [replace(each, gap_low=each.gap, gap_high=each.gap) for each in held]
    found = {each.policy: each for each in Table.of(calm + held).generalisation()}
    assert set(found) == {BEST_RULE, "base-stock", "lot-for-lot", "ppo"}
    count, change = found["ppo"].gaps["optimum"]
    assert count == 3
    assert change.mean == pytest.approx(7.0)
    assert found["ppo"].versus[1].mean == pytest.approx(0.0)
    assert Table.of(calm).generalisation() == []


def test_the_generalisation_gap_is_counted_from_the_regime_that_was_learned_in():
    """Where that is the stressed one, what happens in calm worlds does not matter."""
    calm = rows(COSTS)
    stressed = [replace(each, regime="stressed", gap=1.0, gap_low=1.0, gap_high=1.0) for each in calm]
    held = [replace(each, regime="held-out", gap=1.5, gap_low=1.5, gap_high=1.5) for each in calm]
    table = Table.of([replace(each, learned_on="stressed") for each in (*calm, *stressed, *held)])
    assert all(each.gaps["optimum"][1].mean == pytest.approx(50.0) for each in table.generalisation())
    assert {row.regime for row in table.within("learned")} == {"stressed"}


def test_a_reference_of_another_kind_in_the_other_regime_says_nothing_of_generalisation():
    calm = rows(COSTS)
    held = [replace(each, regime="held-out", reference_is="bound") for each in calm]
    assert all(each.gaps == {} for each in Table.of(calm + held).generalisation())


def test_rows_that_contradict_one_another_are_refused():
    with pytest.raises(BadInput, match="best_rule is s-S and base-stock"):
        Table.of([row("line/a", "ppo", 1.0), row("line/a", "s-S", 1.0, rule=("s-S", 1.0))])
    with pytest.raises(BadInput, match="must be of one suite, got none"):
        Table.of([])
    with pytest.raises(BadInput, match="made-v1, made-v2"):
        Table.of([row("line/a", "ppo", 1.0), replace(row("line/a", "s-S", 1.0), suite="made-v2")])


def test_a_surprise_is_ahead_of_all_of_the_other_side():
    """On a the agent costs 4.5 % less than the best rule, on b 9 % more; on c neither is ahead."""
    rule, agent = surprises(Table.of(rows(COSTS, half=0.1)))
    assert (agent.direction, agent.instance, agent.winner) == ("an agent beats the rules", "line/a", "ppo")
    assert agent.ahead.mean == pytest.approx(100 * 5 / 110)
    assert (rule.direction, rule.instance, rule.winner) == ("a rule beats the agents", "line/b", "base-stock")
    assert (rule.ahead.mean, rule.runner_up, rule.seeds) == (pytest.approx(100 * 10 / 110), "ppo", 3)


def test_what_the_paths_do_not_tell_apart_is_no_surprise():
    """With intervals as wide as the differences, or differences under half a percent, there is none."""
    assert surprises(Table.of(rows(COSTS, half=30.0))) == []
    near = {"line/a": {"base-stock": 110.0, "ppo": [109.6]}}
    assert surprises(Table.of(rows(near, half=0.01))) == []


def test_another_rule_may_be_the_one_that_beats_the_agents():
    """Not the best of its tuning alone: every rule counts on the side of rules."""
    costs = {"line/a": {"base-stock": 110.0, "s-S": 90.0, "ppo": [105.0]}}
    (found,) = surprises(Table.of(rows(costs, half=0.1)))
    assert (found.direction, found.winner) == ("a rule beats the agents", "s-S")


def test_scores_are_per_cent():
    sample = Table.of(rows(COSTS, half=1.0)).sample("ppo", "calm", versus_of)
    assert sample.runs["line/a"].values == pytest.approx([100 * (cost / 110 - 1) for cost in (105, 106, 104)])
    assert sample.runs["line/a"].errors == pytest.approx([100 * 1.0 / 110 / 1.96] * 3)


# What a reader must know


def test_the_mean_counts_the_worst_instance_that_the_middle_leaves_out():
    costs = {f"line/{k}": {"base-stock": 110.0, "ppo": [108.0]} for k in "abcdefg"}
    agent = line(Table.of(rows(costs | {"line/z": {"base-stock": 110.0, "ppo": [440.0]}})), "ppo")
    assert agent.versus.mean == pytest.approx(-2 / 1.1)
    assert agent.mean.mean == pytest.approx((7 * -2 / 1.1 + 300) / 8)
    assert agent.worst == ("line/z", pytest.approx(300.0))


def test_who_is_told_what_others_are_not_is_not_ranked():
    """Where they learned, all know the same; elsewhere a policy that reads the numbers of the world is apart."""
    calm = rows(COSTS)
    table = Table.of(calm + [replace(each, regime="held-out") for each in calm])
    for regime, apart in ((LEARNED, False), ("held-out", True)):
        (agent,) = [each for each in table.standings(regime, {"ppo"}) if each.policy == "ppo"]
        assert agent.told is apart
        assert (agent.leads is None) is apart
        assert (agent.gaps["optimum"].leads is None) is apart
    assert next(each for each in table.standings("held-out", {"ppo"}) if each.policy == BEST_RULE).leads


def test_those_on_most_instances_stand_first_among_those_not_ranked():
    given = rows(COSTS) + rows({"line/a": {"ddpg": [1.0], "dqn": [200.0]}, "line/b": {"dqn": [200.0]}})
    assert [each.policy for each in Table.of(given).standings("calm")][-2:] == ["dqn", "ddpg"]


def test_the_best_tuned_rule_spent_what_all_rules_did():
    given = rows(COSTS) + rows({name: {"s-S": 111.0} for name in COSTS})
    spent = {each.policy: each.spent for each in Table.of(given).standings("calm")}
    assert spent[BEST_RULE] == spent["base-stock"] + spent["s-S"] == 20_000


def test_agents_are_compared_where_both_were_judged():
    """As the means of their seeds, however many each has: the error has that of the seeds and of the simulation."""
    given = rows(COSTS, half=0.11) + rows({"line/a": {"ddpg": [100.0, 102.0]}, "line/b": {"ddpg": [130.0]}}, half=0.11)
    table = Table.of(given)
    beside = table.beside("ppo", "ddpg", "calm")
    assert beside.instances == 2
    assert beside.more.mean == pytest.approx((4.0 - 10.0) / 2 / 1.1)
    assert beside.judgements["worse"] == beside.judgements["better"] == 1
    assert table.beside("ddpg", "ppo", "calm").more.mean == pytest.approx(-beside.more.mean)
    assert table.beside("ppo", "sac", "calm") is None
    averaged = table.sample("ppo", "calm", versus_of).averaged.runs["line/a"]
    values = [100 * (cost / 110 - 1) for cost in (105.0, 106.0, 104.0)]
    assert averaged.values == pytest.approx([sum(values) / 3])
    assert averaged.errors[0] == pytest.approx(math.hypot(np.std(values, ddof=1) / 3**0.5, 0.1 / HALF))


def test_the_verdict_says_among_whom_and_whether_the_mean_agrees():
    costs = {f"line/{k}": {"base-stock": 110.0, "lot-for-lot": 150.0, "ppo": [100.0]} for k in "abcdefg"}
    said = verdict(Table.of(rows(costs)).standings("calm"), "calm")
    assert said == (
        "Of 4 policies that were judged on all 7 instances, in calm worlds, ppo is shown to cost less in the middle"
        " half of its runs, and the best tuned rule of each, base-stock and lot-for-lot cost more."
    )
    fails = costs | {"line/z": {"base-stock": 110.0, "lot-for-lot": 150.0, "ppo": [990.0]}}
    said = verdict(Table.of(rows(fails)).standings("calm"), "calm")
    assert said.endswith(" But on average, the worst instances included, the best tuned rule of each costs least.")
    alone = verdict(Table.of(rows({"line/a": {"base-stock": 110.0}})).standings("calm"), "calm")
    assert alone.startswith("2 policies were judged on all 1 instance, in calm worlds: ")
