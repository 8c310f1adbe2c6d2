"""What does an order do? The one period, laid out for compiled, plain and differentiable play."""

from .layout import Layout
from .period import period
from .simulate import Simulation
from .tables import Flows, Net, State
from .view import View

__all__ = ["Flows", "Layout", "Net", "Simulation", "State", "View", "period"]
