"""What does a planner have? Spreadsheets of sales and deliveries, and what they say of the world."""

from .advise import Advice, Advised, advise
from .deliveries import LeadTime, lead_times
from .fit import Fitted, fit
from .folder import Folder, open_folder
from .order import Orders, order, todays_orders
from .reading import Sales, cleaned, read, read_like
from .shop import Terms, assumptions, scenario_text
from .stock import OpenOrder, Stock, read_stock

__all__ = [
    "Advice",
    "Advised",
    "Fitted",
    "Folder",
    "LeadTime",
    "OpenOrder",
    "Orders",
    "Sales",
    "Stock",
    "Terms",
    "advise",
    "assumptions",
    "cleaned",
    "fit",
    "lead_times",
    "open_folder",
    "order",
    "read",
    "read_like",
    "read_stock",
    "scenario_text",
    "todays_orders",
]
