"""Just in time for everyday stocks, just in case for critical ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .base_stock import JustInCase
from .just_in_time import JustInTime
from .plan import Plan
from .rule import Parameter, Rule


@dataclass(eq=False)
class Hybrid(Rule):
    """Order critical stocks by `just-in-case`, and everyday ones by `jit` (Sheffi 2005, chapter 10).

    `service_level` and `cover` are those of `just-in-case`.
    """

    name: ClassVar[str] = "hybrid"
    service_level: Parameter = None
    cover: Parameter = None
    everyday: JustInTime = field(init=False, repr=False)
    careful: JustInCase = field(init=False, repr=False)

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return JustInCase().formulas(plan)

    def fit(self, scenario: Any) -> Any:
        fitted = super().fit(scenario)
        fitted.everyday = JustInTime().fit(scenario)
        fitted.careful = JustInCase(fitted.service_level, fitted.cover).fit(scenario)
        return fitted

    def quantities(self, view: View) -> Any:
        return np.where(self.plan.critical, self.careful.quantities(view), self.everyday.quantities(view))
