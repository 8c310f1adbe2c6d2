"""The game, without any page: it is the one physics, on a path of chance that all have in common."""

import json
from dataclasses import replace

import numpy as np
import pytest

import jit_gym
from jit_gym.common.checks import BadInput
from jit_gym.serve import GAMES, Change, Course, Game, read_game, setup, write_game
from jit_gym.serve.course import continued, replayed

SHORT = {"past_weeks": 3, "weeks": 9}


def course(name: str, seed: int = 3, **more) -> Course:
    return Course(setup(name, **SHORT, **more), seed)


def play(game: Game, until: int | None = None, factor: float = 1.0) -> Game:
    """Order what was ordered the week before, more or less."""
    last = game.course.setup.weeks if until is None else until
    while game.week <= last:
        for seat in game.waiting_for:
            game.order(seat, [round(factor * units) for units in game.repeated(seat)])
        game.advance()
    return game


def evaluated(game: Game, player, course: Course | None = None) -> jit_gym.evaluate:
    world = course or game.course
    kept = world.setup
    lengths = {"periods": kept.weeks * kept.periods, "warmup": kept.past_periods}
    return jit_gym.evaluate(player, world.scenario, paths=1, seed=world.seed, **lengths)


@pytest.mark.parametrize("name", [*GAMES, "serial", "grocery", "fresh-food"])
def test_a_game_costs_what_evaluate_says_of_its_orders(name):
    game = play(Game(course(name)))
    found = evaluated(game, replayed(game.orders(), "class"))
    assert -found.rewards[0] == pytest.approx(game.cost, rel=1e-12)
    seats = [game.see(seat.name).total for seat in game.course.setup.seats]
    shared = sum(week.net_cost_of("shared") for week in game.ledger.weeks[3:] if "shared" in week.money)
    assert sum(seats) + shared == pytest.approx(game.cost, rel=1e-12)


@pytest.mark.parametrize("name", ["lost-sales", "holiday-rush", "aisin-1997"])
def test_a_game_is_an_episode_of_the_environment_with_its_orders(name):
    """The single environment draws path 0 of its seed, as a game does."""
    game = play(Game(Course(setup(name), 3)))
    env = jit_gym.Env(scenario=game.course.scenario)
    env.reset(seed=3)
    orders = game.orders()
    rewards = [env.step(jit_gym.OrderUnits(row))[4] for row in orders]
    paid = [info["cost"] - info["revenue"] for info in rewards]
    periods = game.course.setup.periods
    weeks = np.array(paid).reshape(-1, periods).sum(axis=1)
    assert weeks == pytest.approx([week.net_cost for week in game.ledger.weeks], rel=1e-9)


@pytest.mark.parametrize("name", ["lost-sales", "dual-sourcing", "beer-game", "automotive-line"])
def test_rules_in_all_seats_play_as_evaluate_lets_them_play(name):
    plan = course(name)
    game = Game(plan, {seat.name: plan.setup.empty_rule for seat in plan.setup.seats})
    assert game.waiting_for == ()
    play(game)
    rule = plan.player(plan.setup.empty_rule)
    assert -evaluated(game, continued(plan.past, rule)).rewards[0] == pytest.approx(game.cost, rel=1e-12)


def test_all_who_play_meet_the_same_chance_whatever_they_order():
    one, other = (play(Game(course("lost-sales")), factor=factor) for factor in (1.0, 3.0))
    seen = [game.see("shop") for game in (one, other)]
    assert seen[0].asked == seen[1].asked
    assert seen[0].total != seen[1].total
    assert play(Game(course("lost-sales", seed=4))).see("shop").asked != seen[0].asked


def test_a_person_sees_a_past_and_no_later_week_than_was_played():
    look = Game(course("lost-sales")).see("shop")
    assert look.numbers == (-2, -1, 0)
    assert {len(series) for series in (*look.on_hand.values(), *look.asked.values(), look.owed, look.cost)} == {3}
    assert look.total == 0
    assert look.week == 1


def test_what_is_seen_adds_up():
    """On hand = on hand before + arrived - served, and what arrives was told in advance."""
    game = play(Game(course("lost-sales")), until=4)
    before = game.see("shop")
    game.order("shop", 7)
    game.advance()
    after = game.see("shop")
    (entry,) = before.entries
    assert after.arrived["Order from the supplier"][-1] == entry.arriving[0]
    served = after.asked["customers"][-1] - after.short[-1]
    assert after.on_hand["shop"][-1] == before.on_hand["shop"][-1] + entry.arriving[0] - served
    assert after.entries[0].on_order == entry.on_order + 7 - entry.arriving[0]


def test_what_a_lane_can_ship_and_its_batches_are_told():
    """Nisshin makes 18 valves an hour (configs/industries/aisin-1997.yaml); parts come in containers of 25."""
    entries = {entry.title: entry for entry in Game(course("aisin-1997")).see("planner").entries}
    assert (entries["Valves from Nisshin"].most, entries["Valves from Nisshin"].step) == (18, 1)
    line = Game(course("automotive-line")).see("planner").entries[0]
    assert (line.most, line.step, line.lead_time) == (float("inf"), 25, "2 hours")


def test_each_seat_of_the_beer_game_sees_its_own_and_no_more():
    game = Game(Course(setup("beer-game")))
    play(game, until=6)
    retailer, wholesaler = game.see("retailer"), game.see("wholesaler")
    assert retailer.asked["customers"] == (4,) * 8 + (8,) * 2
    assert list(wholesaler.asked) == ["Orders of retailer"]
    assert wholesaler.asked["Orders of retailer"] == (4,) * 10  # an order travels a week
    game.order("retailer", 11)
    for seat in ("wholesaler", "distributor", "factory"):
        game.order(seat, 4)
    game.advance()
    assert game.see("wholesaler").asked["Orders of retailer"][-1] == 4
    play(game, until=8, factor=1)
    assert game.see("wholesaler").asked["Orders of retailer"][-1] == 11
    assert list(game.see("wholesaler").on_hand) == ["wholesaler"]


def test_sterman_counts_half_a_dollar_a_case_held_and_one_a_case_owed():
    """Sterman (1989): $0.50 a week for a case in stock, $1.00 for a case of backlog, at each of the four."""
    game = play(Game(Course(setup("beer-game"))), until=12)
    for seat in game.course.setup.seats:
        look = game.see(seat.name)
        stock, owed = next(iter(look.on_hand.values())), look.owed
        assert look.cost == pytest.approx([0.5 * s + 1.0 * o for s, o in zip(stock, owed, strict=True)])


# Missing and wrong orders.


def test_a_week_waits_for_people_and_is_forced_with_what_they_ordered_before():
    game = Game(course("lost-sales"))
    with pytest.raises(BadInput, match="advance: shop must order first"):
        game.advance()
    game.order("shop", 9)
    game.advance()
    game.advance(force=True)
    first, second = (week["shop"] for week in game.moves)
    assert (first.units, first.late) == ((9,), False)
    assert (second.units, second.late) == ((9,), True)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (-1, "must be a number from 0 to 1,000,000,000, got -1"),
        (float("nan"), "got nan"),
        (float("inf"), "got inf"),
        (2e9, "got 2000000000"),
        (1.5, "must be a whole number, got 1.5"),
        (True, "got True"),
        ("9", "must be"),
        ([1, 2], "must be 1 numbers for shop, got 2"),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_changes_nothing(units, said):
    game = Game(course("lost-sales"))
    with pytest.raises(BadInput, match=said):
        game.order("shop", units)
    assert game.pending == {}
    assert game.week == 1


def test_nobody_orders_for_a_rule_nor_when_all_is_over():
    game = Game(course("lost-sales"), {"shop": "jit"})
    with pytest.raises(BadInput, match="shop is played by jit"):
        game.order("shop", 1)
    play(game)
    with pytest.raises(BadInput, match="over after 9 days"):
        game.advance()
    with pytest.raises(BadInput, match="must be one of shop, got 'shpo'"):
        game.sit("shpo", "jit")


# What a teacher does.


def test_going_back_and_playing_the_same_again_is_as_if_nothing_had_happened():
    game = play(Game(course("dual-sourcing")))
    weeks, cost, moves = len(game.ledger.weeks), game.cost, list(game.moves)
    game.rollback(4)
    assert game.week == 4
    assert len(game.ledger.weeks) == 3 + 3
    for move in moves[3:]:
        game.order("shop", move["shop"].units)
        game.advance()
    assert (len(game.ledger.weeks), game.cost) == (weeks, cost)
    with pytest.raises(BadInput, match="week: must be 10 or less"):
        game.rollback(11)


def test_a_fork_goes_its_own_way():
    game = play(Game(course("lost-sales")), until=4)
    other = game.fork()
    cost = game.cost
    play(other, factor=2)
    assert game.week == 5
    assert game.cost == cost
    assert other.over
    assert other.moves[:4] == game.moves
    assert play(game).cost != other.cost


@pytest.mark.parametrize(
    ("name", "event", "hits"),
    [
        ("lost-sales", "supplier-fire", "supplier"),
        ("lost-sales", "spike", "customers"),
        ("beer-game", "spike", "customers"),
        ("beer-game", "strike", "brewing"),
        ("holiday-rush", "strike", "truck"),
        ("holiday-rush", "spike", "children"),
        ("aisin-1997", "spike", "assembly"),
        ("automotive-line", "supplier-fire", "foundry"),
        ("lost-sales", "canal-blocked", "supplier"),
    ],
)
def test_what_strikes_in_the_middle_leaves_what_was_played_as_it_was(name, event, hits):
    game = play(Game(course(name)), until=4)
    untouched = game.fork()
    before = [week.money for week in game.ledger.weeks]
    game.change(Change(week=5, event=event, hits=(hits,), weeks=3))
    assert [week.money for week in game.ledger.weeks] == before
    both = [play(each) for each in (game, untouched)]
    demanded = [[week.demanded.tolist() for week in each.ledger.weeks] for each in both]
    if event == "spike":
        assert demanded[0][3 + 4] != demanded[1][3 + 4]
        assert demanded[0][3 + 7] == demanded[1][3 + 7]
    else:
        assert demanded[0] == demanded[1]
        assert any((a.arrived != b.arrived).any() for a, b in zip(*(each.ledger.weeks for each in both), strict=True))
    assert -evaluated(game, replayed(game.orders(), "class")).rewards[0] == pytest.approx(game.cost, rel=1e-12)


def test_a_fire_is_told_to_the_seat_that_it_hits():
    game = play(Game(course("beer-game")), until=3)
    game.change(Change(week=4, event="supplier-fire", hits=("brewing",), weeks=2))
    assert "A fire at a supplier" in game.see("factory").news
    assert "Beer to brew: 0% of the usual can be delivered" in game.see("factory").news
    assert game.see("retailer").news == ()


def test_agents_go_on_in_a_world_that_they_cannot_read():
    """A network knows the numbers that it was trained on: the fire is one more, which it does not see."""
    game = Game(course("lost-sales"), {"shop": "agent:dcl"})
    play(game, until=4)
    untouched = game.fork()
    game.change(Change(week=5, event="supplier-fire", hits=("supplier",), weeks=3))
    game.advance()
    untouched.advance()
    assert game.moves[-1] == untouched.moves[-1]  # it sees the same as yet
    play(game)
    assert game.over


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(5, "fire", ("supplier",)), "event: unknown shock 'fire'"),
        (Change(5, "supplier-fire", ("customers",)), "hits: 'customers' cannot be hit by supplier-fire"),
        (Change(5, "supplier-fire", ()), "hits: must name what is hit: supplier"),
        (Change(5, "spike", ("customers",), factor=-1), "factor: must be from 0 to 10, got -1"),
        (Change(2, "spike", ("customers",)), "week: must be a whole number, 3 or more, got 2"),
        (Change(10, "spike", ("customers",)), "week: must be 9 or less, got 10"),
        (Change(5, "spike", ("customers",), weeks=0), "weeks: must be a whole number, 1 or more, got 0"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(change, said):
    game = play(Game(course("lost-sales")), until=2)
    with pytest.raises(BadInput, match=said):
        game.change(change)
    assert game.course.changes == ()
    assert game.week == 3


# Saved and read again.


def test_a_game_that_was_saved_goes_on_to_the_bit(tmp_path):
    game = Game(course("beer-game"), {"factory": "adaptive", "distributor": "anchoring"})
    play(game, until=3)
    game.change(Change(week=5, event="spike", hits=("customers",), weeks=2, factor=3))
    play(game, until=5)
    game.order("retailer", 12)
    write_game(game, path := tmp_path / "game.json")
    again = read_game(path)
    assert again.pending == {"retailer": (12.0,)}
    assert again.course.changes == game.course.changes
    assert again.course.scenario == game.course.scenario
    assert again.course.setup.seats == game.course.setup.seats
    assert play(again).moves == play(game).moves
    assert again.cost == game.cost


def damage(path, *keys, value):
    document = json.loads(path.read_text())
    here = document
    for key in keys[:-1]:
        here = here[key]
    here[keys[-1]] = value
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("format",), "jit_gym game 9", "format: must be 'jit_gym game 1'"),
        (("more",), 1, "more: "),
        (("play", "moves", 0, "shop", "units"), [-3], "orders must be finite and 0 or more, got -3"),
        (("play", "moves", 0, "shop", "units"), [], "must have units, or orders"),
        (("play", "moves", 0, "shop", "units"), [1, 2], "must have 1 numbers, got 2"),
        (("play", "moves", 0, "shop", "orders"), [[1]], "must have units, or orders"),
        (("play", "moves", 0), {}, "week 1 must have one of each seat"),
        (("play", "players"), {}, "players: must be of the seats shop, got none"),
        (("play", "players"), {"shop": "nobody"}, "unknown policy 'nobody'"),
        (("play", "pending"), {"shop": [0.5]}, "must be a whole number"),
        (("course", "weeks"), 2, "moves: must be of 2 weeks or fewer, got 3"),
        (("course", "weeks"), 0, "weeks: must be 1 or more, got 0"),
        (("course", "seed"), -1, "seed: must be 0 or more"),
        (("course", "seats", 0, "entries", 0, "lanes"), ["other"], "seats: must order on each lane"),
        (("course", "seats", 0, "stocks"), ["other"], "seats: shop sees what is not in the scenario"),
        (("course", "scenario", "lanes"), {}, "lanes"),
        (("course", "changes"), [{"week": 1, "event": "spike", "hits": ["nobody"]}], "'nobody' cannot be hit"),
    ],
)
def test_a_file_that_is_no_game_is_refused_in_one_line(keys, value, said, tmp_path):
    write_game(play(Game(course("lost-sales")), until=3), path := tmp_path / "game.json")
    damage(path, *keys, value=value)
    with pytest.raises(BadInput, match=said) as refused:
        read_game(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(content, tmp_path):
    (path := tmp_path / "game.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"game\.json"):
        read_game(path)


# The games.


@pytest.mark.parametrize("name", GAMES)
def test_seats_order_on_each_lane_once_and_there_is_time_for_a_lesson(name):
    """15 minutes to explain, at most 45 to play, 15 to recap; sources: the classes listed in docs/classroom.md."""
    game = setup(name)
    assert sorted(lane for seat in game.seats for lane in seat.lanes) == sorted(game.scenario.lanes)
    assert 26 <= game.weeks <= 52
    assert sum(game.seconds(week) for week in range(1, game.weeks + 1)) <= 25 * 60
    assert (game.seconds(1), game.seconds(10), game.seconds(11)) == (45, 45, 30)


def test_the_beer_game_begins_with_four_weeks_of_four_cases():
    game = setup("beer-game")
    values = game.scenario.demands["customers"].history.values
    assert (
        values[game.past_weeks :]
        == (4,) * 4 + (8,) * 32
        == jit_gym.load("beer-game").demands["customers"].history.values
    )


def test_any_scenario_has_one_seat_for_all_lanes_or_one_a_stock():
    one, each = setup("serial"), setup("serial", seats="stocks")
    assert [seat.name for seat in one.seats] == ["planner"]
    assert [seat.name for seat in each.seats] == ["shop", "warehouse", "factory"]
    assert each.seats[1].demands == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"scenario": "nothing"}, "unknown scenario 'nothing'"),
        ({"scenario": "beer-game", "weeks": 37}, "weeks: must be 36 or less, got 37"),
        ({"scenario": "lost-sales", "weeks": 53}, "weeks: must be 52 or less"),
        ({"scenario": "beer-game", "past_weeks": 40}, "beer-game ends after 40 weeks, got 40 of the past"),
        ({"scenario": "lost-sales", "past_weeks": -1}, "past_weeks: must be a whole number, 0 or more"),
        ({"scenario": "serial", "seats": "each"}, "seats: must be one or stocks, got 'each'"),
    ],
)
def test_a_game_that_cannot_be_is_refused(arguments, said):
    with pytest.raises(BadInput, match=said):
        setup(**arguments)


def test_a_world_that_was_changed_by_its_teacher_is_played_as_it_is():
    game = setup("lost-sales", overrides={"lanes.supplier.lead_time": 2})
    assert game.scenario.lanes["supplier"].lead_time.mean == 2
    assert replace(game, weeks=5).all_periods == 17
