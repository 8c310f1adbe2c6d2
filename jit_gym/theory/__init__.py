"""What is provably best? The exact solver, the clairvoyant bound, and closed forms."""

from . import closed_forms
from .clairvoyant import Bound, clairvoyant
from .exact import ExactCost, exact_cost
from .optimal import Optimal
from .solve import Optimum, solve

__all__ = ["Bound", "ExactCost", "Optimal", "Optimum", "clairvoyant", "closed_forms", "exact_cost", "solve"]
