"""Who does better? Policies played on common traces, with intervals."""

from ..common.renamed import renamed
from ..common.statistics import Estimate
from .caveats import caveats, has_seen
from .comparison import Comparison, Story, compare, named, tell
from .families import FamilyComparison, compare_family
from .judgement import THRESHOLD, Judgement, judged
from .maps import Cell, PolicyMap, policy_map
from .metrics import COSTS, ITEM_METRICS, METRICS, metric
from .optimality_gap import OptimalityGap
from .rollout import Result, evaluate
from .tuning import Tuning, tune

__all__ = [
    "COSTS",
    "ITEM_METRICS",
    "METRICS",
    "THRESHOLD",
    "Cell",
    "Comparison",
    "Estimate",
    "FamilyComparison",
    "Judgement",
    "OptimalityGap",
    "PolicyMap",
    "Result",
    "Story",
    "Tuning",
    "caveats",
    "compare",
    "compare_family",
    "evaluate",
    "has_seen",
    "judged",
    "metric",
    "named",
    "policy_map",
    "tell",
    "tune",
]

__getattr__ = renamed(__name__, {"Distance": "OptimalityGap"})
