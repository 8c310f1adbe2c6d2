"""Who does better? Policies played on common traces, with intervals."""

from ..common.statistics import Estimate
from .caveats import caveats, has_seen
from .comparison import Comparison, Story, compare, named, tell
from .distance import Distance
from .judgement import THRESHOLD, Judgement, judged
from .metrics import COSTS, ITEM_METRICS, METRICS, metric
from .rollout import Result, evaluate
from .tuning import Tuning, tune

__all__ = [
    "COSTS",
    "ITEM_METRICS",
    "METRICS",
    "THRESHOLD",
    "Comparison",
    "Distance",
    "Estimate",
    "Judgement",
    "Result",
    "Story",
    "Tuning",
    "caveats",
    "compare",
    "evaluate",
    "has_seen",
    "judged",
    "metric",
    "named",
    "tell",
    "tune",
]
