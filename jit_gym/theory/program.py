"""A linear or mixed-integer program, written down row by row, and HiGHS to solve it."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

import numpy as np

from .growing import GrowingArray

INF = float("inf")
MOST_NODES = 2**31 - 1
WHOLE = 1e-9  # how near to a whole number is whole


class Answer(NamedTuple):
    """What is known of a program: a lower bound of its least value, and the best point found with its value."""

    bound: float
    value: float
    point: np.ndarray | None


class Unbounded(Exception):
    """A program has no least value."""


class Program:
    """Minimise cost @ x + offset, for columns lower <= x <= upper and rows least <= A x <= most; some x are integer.

    A is kept as coordinates: `value` where `row` and `column` meet; values at the same place add up.
    """

    def __init__(self) -> None:
        """Create an empty program."""
        self.lower, self.upper, self.cost, self.integer = GrowingArray(), GrowingArray(), GrowingArray(), GrowingArray()
        self.least, self.most = GrowingArray(), GrowingArray()
        self.row, self.column, self.value = GrowingArray(), GrowingArray(), GrowingArray()
        self.offset = 0.0

    def columns(
        self, many: int, upper: Any = INF, cost: Any = 0.0, *, lower: Any = 0.0, integer: bool = False
    ) -> np.ndarray:
        """Add some columns, and return their places; integer ones get the whole bounds that mean the same.

        The presolve of HiGHS 1.15 may cut off the optimum where an integer column has a bound such as 0.75.
        """
        if integer:
            lower, upper = np.ceil(np.asarray(lower) - WHOLE), np.floor(np.asarray(upper) + WHOLE)
        for numbers, values in (self.lower, lower), (self.upper, upper), (self.cost, cost), (self.integer, integer):
            numbers.add(np.broadcast_to(values, many))
        return np.arange(self.cost.size - many, self.cost.size)

    def rows(self, least: Any, most: Any, *terms: tuple[Any, np.ndarray]) -> np.ndarray:
        """Add rows, each of them `least <= sum of terms <= most`, and return their places.

        A term is a coefficient and the places of columns, one for each row, or -1 where there is none.
        """
        many = len(terms[0][1]) if terms else len(np.atleast_1d(least))
        self.least.add(np.broadcast_to(least, many))
        self.most.add(np.broadcast_to(most, many))
        rows = np.arange(self.least.size - many, self.least.size)
        for coefficient, columns in terms:
            self.put(rows, columns, coefficient)
        return rows

    def put(self, rows: np.ndarray, columns: np.ndarray, coefficient: Any) -> None:
        """Add coefficients where some rows meet some columns; those of columns at place -1 are left out."""
        coefficient = np.broadcast_to(coefficient, columns.shape)
        there = (columns >= 0) & (coefficient != 0)
        self.row.add(rows[there])
        self.column.add(columns[there])
        self.value.add(coefficient[there])

    def pay(self, columns: np.ndarray, cost: Any) -> None:
        """Add to what columns cost."""
        self.cost.all[columns] += cost

    def relaxed(self) -> Program:
        """Return the linear relaxation: the same program without integer columns."""
        twin = copy(self)
        twin.integer = GrowingArray()
        twin.integer.add(np.zeros(self.integer.size))
        return twin


class Solver:
    """HiGHS (Huangfu and Hall 2018), which is told only what has changed since the last program."""

    def __init__(self) -> None:
        """Begin with no program."""
        import highspy

        self._names: Any = highspy
        self._highs: Any = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("log_to_console", False)):
            self._highs.setOptionValue(option, value)
        self._last: Program | None = None

    def solve(self, program: Program, *, nodes: int = MOST_NODES, gap: float = 0.0) -> Answer:
        """Minimise a program, for so many nodes, or until the best value is within a share `gap` of the bound.

        Raises:
            Unbounded: if there is no least value.
        """
        self._pass(program)
        highs, status = self._highs, self._names.HighsModelStatus
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("mip_max_nodes", nodes)
        highs.run()
        how, info = highs.getModelStatus(), highs.getInfo()
        if how in (status.kUnbounded, status.kUnboundedOrInfeasible):
            raise Unbounded
        offset, whole = program.offset, program.integer.all.any()
        if how != status.kOptimal and not whole:
            raise RuntimeError(f"HiGHS could not solve a linear program: {highs.modelStatusToString(how)}")
        value = float(info.objective_function_value)
        bound = float(info.mip_dual_bound) if whole else value
        found = (
            how == status.kOptimal or info.primal_solution_status == self._names.SolutionStatus.kSolutionStatusFeasible
        )
        point = np.array(highs.getSolution().col_value) if found else None
        return Answer(bound + offset, value + offset if found else INF, point)

    def _pass(self, program: Program) -> None:
        """Hand a program over; only its bounds and costs, if the last one had the same coefficients."""
        highs, last = self._highs, self._last
        same = last is not None and all(
            np.array_equal(getattr(last, name).all, getattr(program, name).all)
            for name in ("row", "column", "value", "integer")
        )
        self._last = program
        columns, rows = program.cost.size, program.least.size
        if same:
            of_columns, of_rows = np.arange(columns, dtype=np.int32), np.arange(rows, dtype=np.int32)
            highs.changeColsBounds(columns, of_columns, program.lower.all, program.upper.all)
            highs.changeRowsBounds(rows, of_rows, program.least.all, program.most.all)
            highs.changeColsCost(columns, of_columns, program.cost.all)
            return
        from scipy.sparse import csc_array

        places = program.row.all.astype(np.int32), program.column.all.astype(np.int32)
        matrix = csc_array((program.value.all, places), shape=(rows, columns))
        lp = self._names.HighsLp()
        lp.num_col_, lp.num_row_ = columns, rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost.all, program.lower.all, program.upper.all
        lp.row_lower_, lp.row_upper_ = program.least.all, program.most.all
        lp.a_matrix_.format_ = self._names.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        kinds = self._names.HighsVarType
        if program.integer.all.any():
            lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in program.integer.all]
        highs.passModel(lp)
