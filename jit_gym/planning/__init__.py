"""What does a planner have? Spreadsheets of sales and deliveries, and what they say of the world."""

from typing import TYPE_CHECKING

from ..common.imports import on_request
from .deliveries import LeadTime, lead_times
from .fit import Fitted, fit
from .folder import Folder, open_folder
from .reading import Sales, cleaned, read, read_like
from .shop import Terms, assumptions, scenario_text
from .stock import OpenOrder, Stock, read_stock

if TYPE_CHECKING:
    from .advice import Advice, Advised, advise
    from .orders import Orders, order, todays_orders

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

_HOMES = {
    "Advice": "advice",
    "Advised": "advice",
    "advise": "advice",
    "Orders": "orders",
    "order": "orders",
    "todays_orders": "orders",
}
"""Of names that are loaded when they are used: rules take half a second to import, which reading and fitting spare."""

__getattr__ = on_request(__name__, _HOMES)
