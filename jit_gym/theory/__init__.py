"""What is provably best? The exact solver, and closed forms."""

from . import closed_forms
from .exact import ExactCost, exact_cost
from .optimal import Optimal
from .solve import Optimum, solve

__all__ = ["ExactCost", "Optimal", "Optimum", "closed_forms", "exact_cost", "solve"]
