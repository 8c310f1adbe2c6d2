"""What is the world? Scenarios, and how they are loaded."""

from .distribution import Distribution
from .errors import BadInput, ScenarioError
from .load import load, names, parse_override
from .model import (
    Demand,
    Disruption,
    History,
    Horizon,
    Lane,
    PeriodsOfSupply,
    Route,
    Scenario,
    Spike,
    Starts,
    Stock,
    Supplier,
)
from .schema import json_schema

__all__ = [
    "BadInput",
    "Demand",
    "Disruption",
    "Distribution",
    "History",
    "Horizon",
    "Lane",
    "PeriodsOfSupply",
    "Route",
    "Scenario",
    "ScenarioError",
    "Spike",
    "Starts",
    "Stock",
    "Supplier",
    "json_schema",
    "load",
    "names",
    "parse_override",
]
