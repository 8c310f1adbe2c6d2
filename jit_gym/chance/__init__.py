"""What will happen? Demand, lead times and disruptions, drawn as traces before the first order."""

from .caveats import caveats
from .columns import Columns
from .demand import moments, usage
from .trace import Chance, Trace

__all__ = ["Chance", "Columns", "Trace", "caveats", "moments", "usage"]
