"""What does a planner have? Spreadsheets of sales and deliveries, and what they say of the world."""

from .reading import Sales, read

__all__ = ["Sales", "read"]
