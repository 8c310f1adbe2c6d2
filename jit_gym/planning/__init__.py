"""What does a planner have? Spreadsheets of sales and deliveries, and what they say of the world."""

from .advise import Advice, Advised, advise
from .deliveries import LeadTime, lead_times
from .fit import Fitted, fit
from .reading import Sales, cleaned, read
from .shop import Terms, assumptions, scenario_text

__all__ = [
    "Advice",
    "Advised",
    "Fitted",
    "LeadTime",
    "Sales",
    "Terms",
    "advise",
    "assumptions",
    "cleaned",
    "fit",
    "lead_times",
    "read",
    "scenario_text",
]
