"""What is the world? Scenarios, and how they are loaded."""

from ..common.checks import BadInput
from ..common.shipped import family_names, industry_names, names
from .distribution import Distribution, register_distribution
from .effects import NoEffect
from .errors import ScenarioError
from .families import Family, family, is_family
from .library import Shock, shocks
from .load import load, parse_override, register_scenarios, source_of
from .model import (
    Correlation,
    Demand,
    Disruption,
    Forecast,
    History,
    Horizon,
    Lane,
    PeriodsOfSupply,
    Regime,
    Route,
    Scenario,
    Spike,
    Starts,
    Stock,
    Supplier,
    Warehouse,
)
from .schema import json_schema

__all__ = [
    "BadInput",
    "Correlation",
    "Demand",
    "Disruption",
    "Distribution",
    "Family",
    "Forecast",
    "History",
    "Horizon",
    "Lane",
    "NoEffect",
    "PeriodsOfSupply",
    "Regime",
    "Route",
    "Scenario",
    "ScenarioError",
    "Shock",
    "Spike",
    "Starts",
    "Stock",
    "Supplier",
    "Warehouse",
    "family",
    "family_names",
    "industry_names",
    "is_family",
    "json_schema",
    "load",
    "names",
    "parse_override",
    "register_distribution",
    "register_scenarios",
    "shocks",
    "source_of",
]
