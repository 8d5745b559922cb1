"""Whether linear equations and inequalities with integer coefficients have an integer solution.

W. Pugh's Omega test: equations are solved for variables, inequalities are projected.  Projecting x out of b x ≥ β and
a x ≤ α gives a β ≤ b α, which is exact for integers where a or b is 1; otherwise a solution of
a β + (a − 1)(b − 1) ≤ b α is enough, and what lies between is decided with b x = β + i for finitely many i.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from math import gcd
from typing import Any, TypeAlias

from ...errors import Undecided

Row: TypeAlias = dict[Any, int]  # Σ coefficient · variable; the constant term has the key ONE
ONE = None
LIMIT = 20_000  # rows written in all, about a quarter of a second


class Work:
    """How many rows may still be written, and names for new variables."""

    def __init__(self, left: int = LIMIT) -> None:
        self.left = left
        self._names = count()

    def spend(self, rows: int) -> None:
        """Count rows; Undecided where there are too many."""
        self.left -= rows
        if self.left < 0:
            raise Undecided("there are too many cases of exponents")

    def fresh(self) -> Any:
        """A variable of its own."""
        return ("σ", next(self._names))


def solvable(equal: Iterable[Row], least: Iterable[Row], work: Work) -> bool:
    """Whether integers make all rows of ``equal`` zero and no row of ``least`` negative.

    >>> solvable([{"x": 2, "y": -2, ONE: 1}], [], Work())  # 2 x + 1 = 2 y
    False
    >>> solvable([], [{"x": 3, ONE: -4}, {"x": -3, ONE: 5}], Work())  # 4 ≤ 3 x ≤ 5
    False
    """
    equations, inequalities = ([{v: c for v, c in row.items() if c} for row in rows] for rows in (equal, least))
    while True:
        while equations:
            row = _reduced(equations.pop())
            if row is None:
                return False
            if len(row) > (ONE in row):
                variable, value, again = _solved(row, work)
                equations = [_put(r, variable, value) for r in [*equations, *again]]
                inequalities = [_put(r, variable, value) for r in inequalities]
                work.spend(len(equations) + len(inequalities) + 1)
        found = _tightened(inequalities)
        if found is None:
            return False
        inequalities, equations = found
        if not equations:
            return not inequalities or _projected(inequalities, work)


def _reduced(row: Row) -> Row | None:
    """An equation divided by the greatest common divisor of its coefficients; None where no integers solve it."""
    common = gcd(*(c for v, c in row.items() if v is not ONE))
    constant = row.get(ONE, 0)
    if (constant % common if common else constant) != 0:
        return None
    return {v: c // common for v, c in row.items() if c} if common else {}


def _solved(row: Row, work: Work) -> tuple[Any, Row, list[Row]]:
    """A variable, what takes its place, and an equation that is left, of smaller coefficients."""
    variable = min((v for v in row if v is not ONE), key=lambda v: abs(row[v]))
    pivot = row[variable]
    if abs(pivot) == 1:
        return variable, {v: -pivot * c for v, c in row.items() if v != variable}, []
    m = abs(pivot) + 1  # modulo m the pivot is ±1: the equation leaves a multiple m σ
    sign = 1 if pivot > 0 else -1
    value = {v: sign * _nearest(c, m) for v, c in row.items() if v != variable}
    value = {**{v: c for v, c in value.items() if c}, work.fresh(): -sign * m}
    return variable, value, [row]


def _nearest(c: int, m: int) -> int:
    """The remainder of c modulo m that is nearest to 0."""
    return c - m * ((2 * c + m) // (2 * m))


def _put(row: Row, variable: Any, value: Row) -> Row:
    return _sum(row, 1, value, row[variable], variable) if variable in row else row


def _sum(left: Row, a: int, right: Row, b: int, without: Any) -> Row:
    """a · left + b · right, without one variable."""
    total = {v: a * c for v, c in left.items() if v != without}
    for v, c in right.items():
        if v != without:
            total[v] = total.get(v, 0) + b * c
    return {v: c for v, c in total.items() if c}


def _tightened(rows: list[Row]) -> tuple[list[Row], list[Row]] | None:
    """The inequalities with coefficients in lowest terms, one for each direction, and the equations among them.

    None where two of them exclude one another.
    """
    best: dict[frozenset[tuple[Any, int]], int] = {}
    for row in rows:
        common = gcd(*(c for v, c in row.items() if v is not ONE))
        constant = row.get(ONE, 0)
        if not common:
            if constant < 0:
                return None
            continue
        key = frozenset((v, c // common) for v, c in row.items() if v is not ONE)
        best[key] = min(best.get(key, constant // common), constant // common)
    kept: list[Row] = []
    equations: list[Row] = []
    for key, constant in best.items():
        opposite = best.get(frozenset((v, -c) for v, c in key))
        if opposite is not None and constant + opposite < 0:
            return None
        (equations if opposite is not None and constant + opposite == 0 else kept).append({**dict(key), ONE: constant})
    return kept, equations


def _projected(rows: list[Row], work: Work) -> bool:
    """Whether inequalities in lowest terms have a solution."""
    variables = {v: None for row in rows for v in row if v is not ONE}
    sides = {v: ([r for r in rows if r.get(v, 0) > 0], [r for r in rows if r.get(v, 0) < 0]) for v in variables}

    def exact(v: Any) -> bool:
        return any(all(abs(r[v]) == 1 for r in side) for side in sides[v])

    variable = min(variables, key=lambda v: (not exact(v), len(sides[v][0]) * len(sides[v][1])))
    lower, upper = sides[variable]
    others = [row for row in rows if variable not in row]
    work.spend(len(lower) * len(upper) + len(others) + 1)

    def shadow(dark: bool) -> list[Row]:
        made = []
        for low in lower:
            for high in upper:
                b, a = low[variable], -high[variable]
                row = _sum(low, a, high, b, variable)
                made.append({**row, ONE: row.get(ONE, 0) - (a - 1) * (b - 1)} if dark else row)
        return others + made

    if not solvable([], shadow(False), work):
        return False
    return exact(variable) or solvable([], shadow(True), work) or _between(rows, variable, work)


def _between(rows: list[Row], variable: Any, work: Work) -> bool:
    """Whether there is a solution close above one of the lower bounds b x ≥ β."""
    a = max(-row[variable] for row in rows if row.get(variable, 0) < 0)
    return any(
        solvable([{**row, ONE: row.get(ONE, 0) - i}], rows, work)
        for row in rows
        if (b := row.get(variable, 0)) > 0
        for i in range((a * b - a - b) // a + 1)
    )
