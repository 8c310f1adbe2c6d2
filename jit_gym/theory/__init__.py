"""What is provably best? The exact solver, and closed forms."""

from .exact import ExactCost, exact_cost
from .optimal import Optimal
from .solve import Optimum, solve

__all__ = ["ExactCost", "Optimal", "Optimum", "exact_cost", "solve"]
