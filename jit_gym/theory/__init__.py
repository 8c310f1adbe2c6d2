"""What is provably best? The exact solver, and closed forms."""

from .optimal import Optimal
from .solve import Optimum, solve

__all__ = ["Optimal", "Optimum", "solve"]
