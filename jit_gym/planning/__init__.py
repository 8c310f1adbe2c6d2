"""What does a planner have? Spreadsheets of sales and deliveries, and what they say of the world."""

from .deliveries import LeadTime, lead_times
from .fit import Fitted, fit
from .reading import Sales, cleaned, read
from .shop import Terms, assumptions, scenario_text

__all__ = [
    "Fitted",
    "LeadTime",
    "Sales",
    "Terms",
    "assumptions",
    "cleaned",
    "fit",
    "lead_times",
    "read",
    "scenario_text",
]
