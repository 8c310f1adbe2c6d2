"""What will happen? Demand, lead times and disruptions, drawn as traces before the first order."""

from .caveats import caveats
from .demand import moments, usage
from .trace import Chance, Columns, Trace

__all__ = ["Chance", "Columns", "Trace", "caveats", "moments", "usage"]
