"""The axes of a map: values between two ends, whole where a key takes no others, and keys that are worked out."""

import math

import pytest

from jit_gym.scenario import BadInput, ScenarioError, load
from jit_gym.scenario.axis import Axis, meaning_of, varied

SHOP = load("lost-sales")
FIRE = load("aisin-1997")
LEAD, COST = "lanes.supplier.lead_time", "demands.customers.shortage_cost"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"{LEAD}=1..4", (1, 2, 3, 4)),
        (f"{LEAD}=1..9:3", (1, 5, 9)),
        (f"{LEAD}=1..100:4:geometric", (1, 5, 22, 100)),  # 1, 4.64, 21.5, 100
        (f"{COST}=4..39:6", (4, 11, 18, 25, 32, 39)),
        (f"{COST}=4..5:3", (4.0, 4.5, 5.0)),
        (f"{COST}=1..100:3:geometric", (1, 10, 100)),
        (f"{COST}=1e-2..1:3:geometric", (0.01, 0.1, 1.0)),
        (f"{COST}=19, 4", (19, 4)),
        ("demands.customers.unmet=lost,backlog", ("lost", "backlog")),
        ((LEAD, [2, 4]), (2, 4)),
    ],
)
def test_an_axis_has_the_values_that_its_text_says(text, values):
    axis = Axis.of(text, SHOP)
    assert axis.values == pytest.approx(values) if isinstance(values[0], float) else axis.values == values


def test_a_key_of_whole_periods_has_no_value_between_them():
    """A lead time may be 1 or 2, so a range of twelve cells from 1 to 5 has five; a cost has twelve."""
    assert Axis.of(f"{LEAD}=1..5", SHOP).values == (1, 2, 3, 4, 5)
    assert len(Axis.of(f"{COST}=1..5", SHOP).values) == 12


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lead_time", "axis: must be a key and its values, got 'lead_time'"),
        (f"{LEAD}=", "axis: must be a key and its values"),
        (f"{LEAD}=4", f"{LEAD}: needs two values or more, got 4"),
        (f"{LEAD}=4..4", f"{LEAD}: needs two values or more, got 4..4"),
        (f"{LEAD}=9..1", f"{LEAD}: must go from the lower number to the higher, got 9..1"),
        (f"{LEAD}=1..2..3", f"{LEAD}: cannot read the range '1..2..3'"),
        (f"{LEAD}=1..9:1", f"{LEAD}: cells: must be a whole number, 2 or more, got 1"),
        (f"{LEAD}=1..99:61", f"{LEAD}: cells: must be 60 or less, got 61"),
        (f"{COST}=0..9:3:geometric", f"{COST}: a geometric range must begin above 0, got 0..9:3:geometric"),
        (f"{COST}=4,9,4", f"{COST}: must have each value once, got 4 twice"),
        (f"{COST}=[4,9", f"{COST}: cannot read the values '[4,9'"),
        (7, "axis: must be a text or a pair of key and values, got 7"),
    ],
)
def test_what_is_no_axis_is_refused_in_a_line(text, says):
    with pytest.raises(BadInput) as caught:
        Axis.of(text, SHOP)
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("distribution", "mean", "variance"),
    [
        ({"name": "geom", "p": 0.5}, 8.0, 8 * 8 - 8),  # (1 - p) / p^2 with p = 1/8
        ({"name": "geom", "p": 0.5, "loc": -1}, 7.0, 8 * 8 - 8),
        ({"name": "poisson", "mu": 5}, 8.0, 8.0),
        ({"name": "norm", "loc": 20, "scale": 2}, 30.0, 4.0),
        ({"name": "nbinom", "n": 2, "p": 0.5}, 6.0, 6 + 6 * 6 / 2),  # m + m^2 / n
        ({"name": "gamma", "a": 4, "scale": 1}, 8.0, 8 * 8 / 4),  # m^2 / a
        ({"name": "expon", "scale": 3}, 5.0, 25.0),
        (5, 7.0, 0.0),
    ],
)
def test_a_mean_is_set_by_the_one_parameter_that_sets_it(distribution, mean, variance):
    world = load("lost-sales", {"demands.customers.distribution": distribution})
    found = varied(world, {"demands.customers.distribution.mean": mean}).demands["customers"].distribution
    assert found is not None
    assert (found.mean, found.variance) == pytest.approx((mean, variance))


def test_an_uptime_is_the_share_of_time_in_a_quiet_spell():
    """Quiet spells of 1 / rate and events of L periods on average: u = (1 / rate) / (1 / rate + L)."""
    fire = varied(FIRE, {"disruptions.fire.uptime": 0.9, "disruptions.fire.lasts.mean": 20}).disruptions["fire"]
    assert fire.lasts.mean == 20
    assert fire.starts.rate is not None
    quiet = 1 / fire.starts.rate
    assert math.isclose(quiet / (quiet + 20), 0.9)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"disruptions.fire.uptime": 1.0}, "disruptions.fire.uptime: must be a share above 0 and below 1, got 1"),
        ({"disruptions.fier.uptime": 0.5}, "disruptions.fier.uptime: unknown key 'fier' (did you mean 'fire'?)"),
        ({"disruptions.fire.uptime": 0.001}, "disruptions.fire.uptime: must be 0.01235 or more"),
        ({"disruptions.fire.uptime": "half"}, "disruptions.fire.uptime: must be a number, got 'half'"),
        (
            {"disruptions.fire.starts.once.mean": 9},
            "disruptions.fire.starts.once.mean: the mean of randint(low=0, high=449) cannot be set",
        ),
    ],
)
def test_what_cannot_be_worked_out_is_refused_in_a_line(settings, says):
    with pytest.raises(ScenarioError) as caught:
        varied(FIRE, settings)
    assert str(caught.value).startswith(says)


def test_a_key_means_what_the_schema_says():
    assert meaning_of(SHOP, LEAD) == "days from shipment to arrival"
    assert meaning_of(SHOP, "stocks.shop.holding_cost").startswith("money per unit and day")
    assert meaning_of(FIRE, "disruptions.fire.lasts.mean") == "hours that it lasts: mean"
    assert meaning_of(FIRE, "disruptions.fire.uptime") == "share of hours without the event"
    assert meaning_of(SHOP, "demands.customers.distribution.mu").endswith(": mu of poisson")
    assert meaning_of(SHOP, "nobody.knows.this") == ""
