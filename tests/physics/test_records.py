"""Late records by hand: one sees what was, and acts on what is no more."""

from typing import Any

import pytest

from .hand import Story, story


def told(late: int, **shop: Any) -> Story:
    """Return a shop two days from its supplier, whose records run late."""
    return story(
        {"stocks.shop": {"initial": 10, "seen_late": late, **shop}, "demands.customers.unmet": "backlog"},
        lanes={"supplier": {"to": "shop", "lead_time": 2, "initial": 3}},
    )


def test_records_that_run_late_tell_what_was():
    """Ten are there and three arrive on each of two days; 4, 12, 1, and 0 are asked for. It is seen two days later.

    On hand there are 10 at first, 9 after the first day, then 0 with nobody waiting, then 4 (5 ordered at first have
    come, 1 is sold). One knows of the first 10 for three mornings.
    """
    truth, records = {"on_hand": [], "used": []}, {"on_hand": [], "used": []}
    tale = told(2)
    for order, demand in ((5.0, 4.0), (0.0, 12.0), (0.0, 1.0), (0.0, 0.0), (0.0, 0.0)):
        for field, seen in records.items():
            truth[field] += tale.read("stocks", field).tolist()
            seen += getattr(tale.view, field).tolist()
        tale.step([order], [demand])
    assert truth == {"on_hand": [10, 9, 0, 4, 4], "used": [0, 4, 12, 1, 0]}
    assert records == {"on_hand": [10, 10, 10, 9, 0], "used": [0, 0, 0, 4, 12]}


def test_what_waits_is_known_late():
    """Of 15 asked for on the first day there are 13, and two wait; three arrive the next day and serve them.

    Each is known a day later.
    """
    truth, records = [], []
    tale = told(1)
    for demand in (15.0, 0.0, 0.0, 0.0):
        truth += tale.read("demands", "backlog").tolist()
        records += tale.view.backlog.tolist()
        tale.step([0.0], [demand])
    assert truth == [0, 2, 0, 0]
    assert records == [0, 0, 2, 0]


def test_what_has_arrived_is_on_the_way_until_one_knows():
    """One knows what one ordered: six are on the way at first, eleven with an order of 5; arrivals are told late."""
    truth, records = [], []
    tale = told(1)
    for order in (5.0, 0.0, 0.0, 0.0, 0.0):
        truth += tale.read("lanes", "in_transit").tolist()
        records += tale.view.in_transit.tolist()
        tale.step([order], [0.0])
    assert truth == [6, 8, 5, 0, 0]
    assert records == [6, 11, 8, 5, 0]


def test_no_unit_is_counted_twice_or_not_at_all():
    """An inventory position from late records is the true one before the sales that are not known yet.

    With 10 + 6 at first, orders of 5 and 4 and sales of 4 and 12, it is 16, then 21 (true: 17), then 21 (true: 9).
    """
    truth, records = [], []
    tale, honest = told(1), told(0)
    for order, demand in ((5.0, 4.0), (4.0, 12.0), (0.0, 0.0), (0.0, 0.0)):
        truth += honest.view.inventory_position.tolist()
        records += tale.view.inventory_position.tolist()
        tale.step([order], [demand])
        honest.step([order], [demand])
    assert truth == [16, 17, 9, 9]
    assert records == [16, 21, 21, 9]


def test_a_stock_whose_records_are_prompt_is_seen_at_once():
    """Of two stocks, one day late and on time, each has its own records, and a kit of both waits by the later."""
    tale = story(
        stocks={"wheel": {"initial": 8, "seen_late": 1}, "bell": {"initial": 2}},
        lanes={"wheels": {"to": "wheel"}, "bells": {"to": "bell"}},
        demands={
            "bikes": {"from": {"wheel": 2, "bell": 1}, "distribution": 0, "unmet": "backlog"},
            "rings": {"from": "bell", "distribution": 0, "unmet": "backlog"},
        },
    )
    tale.step([0.0, 0.0], [3.0, 1.0])
    assert tale.read("stocks", "on_hand").tolist() == [4, 0]
    assert tale.read("demands", "backlog").tolist() == [1, 1]
    assert tale.view.on_hand.tolist() == [8, 0]
    assert tale.view.used.tolist() == [0, 2]
    assert tale.view.backlog.tolist() == [0, 1]


def test_what_is_recorded_late_happens_at_once():
    """Records change what is seen and nothing else: flows and money are those of a shop with prompt ones."""
    late, prompt = told(2, holding_cost=1), told(0, holding_cost=1)
    for order, demand in ((5.0, 4.0), (0.0, 12.0), (2.0, 3.0), (0.0, 8.0)):
        one, other = late.step([order], [demand]), prompt.step([order], [demand])
        assert one == other


def test_ages_are_known_as_late_as_the_rest():
    """Ten of which a day of three is gone, and five fresh ones; of each age one knows what was there a day before."""
    tale = story({"stocks.shop": {"initial": 10, "shelf_life": 3, "seen_late": 1}})
    prompt = story({"stocks.shop": {"initial": 10, "shelf_life": 3}})
    truth, records = [], []
    for order, demand in ((5.0, 4.0), (0.0, 0.0), (0.0, 3.0), (0.0, 0.0)):
        truth.append(prompt.view.ages(0).tolist())
        records.append(tale.view.ages(0).tolist())
        prompt.step([order], [demand])
        tale.step([order], [demand])
    assert truth == [[0, 10, 0], [6, 5, 0], [5, 0, 0], [0, 0, 0]]
    assert records == [[0, 10, 0], *truth[:-1]]


@pytest.mark.parametrize("late", [1, 3])
def test_what_expires_is_known_late_too(late: int):
    """Ten that expire on the first day are thought to be there for as long as records run late."""
    tale = told(late, shelf_life=1)
    records = []
    for _ in range(late + 2):
        records += tale.view.on_hand.tolist()
        tale.step([0.0], [0.0])
    assert records == [10] * (late + 1) + [0]
