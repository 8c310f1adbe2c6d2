"""Who does better? Policies played on common traces, with intervals."""

from ..common.renamed import renamed
from ..common.statistics import Estimate
from .caveats import caveats, has_seen
from .comparison import Comparison, Story, compare, named, tell
from .families import FamilyComparison, compare_family
from .having import Worth, worth
from .judgement import THRESHOLD, Judgement, judged
from .maps import Cell, PolicyMap, policy_map
from .metrics import COSTS, ITEM_METRICS, METRICS, metric
from .offline import Recording, record
from .optimality_gap import OptimalityGap
from .resilience import RESILIENCE, Duration, Resilience, measure_resilience
from .rollout import Result, evaluate
from .service import Service
from .stress_test import Stress, Struck, stress
from .tuning import Tuning, tune

__all__ = [
    "COSTS",
    "ITEM_METRICS",
    "METRICS",
    "RESILIENCE",
    "THRESHOLD",
    "Cell",
    "Comparison",
    "Duration",
    "Estimate",
    "FamilyComparison",
    "Judgement",
    "OptimalityGap",
    "PolicyMap",
    "Recording",
    "Resilience",
    "Result",
    "Service",
    "Story",
    "Stress",
    "Struck",
    "Tuning",
    "Worth",
    "caveats",
    "compare",
    "compare_family",
    "evaluate",
    "has_seen",
    "judged",
    "measure_resilience",
    "metric",
    "named",
    "policy_map",
    "record",
    "stress",
    "tell",
    "tune",
    "worth",
]

__getattr__ = renamed(__name__, {"Distance": "OptimalityGap"})
