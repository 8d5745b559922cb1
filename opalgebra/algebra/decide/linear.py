"""Equations between operators that are linear in some taps, solved exactly.

Each side is evaluated with one tap 1 and the others 0: that gives the columns of a system of linear equations between
the taps, one for every sample of the answers to an impulse in every residue class, near the origin and far from it.
Every solution of the operators' equations satisfies the system; whether the reverse holds is for the prover to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import Adjoint, Block, Conj, Power, Scale, Signal, Sum
from ...expr.signals import ConjSignal, SignalExpr, SignalSum
from ...expr.tree import expand, walk
from ...scalar import conjugate, exact, is_sympy, to_sympy
from ..budget import check_time
from ..judge.evaluate import Evaluator, Index, Sparse
from ..judge.replay import FAR, common_period
from ..judge.witness import output
from ..numbers.fields import numbers_of
from ..numbers.residues import numbers_in

Place: TypeAlias = tuple[int, Index | None, Index]  # which equation, the impulse, the sample of the answer
Row: TypeAlias = tuple[Any, ...]  # coefficients and the right side, in the field

MAX_TAPS = 400
MAX_IMPULSES = 1_000
SHOWN = 40  # equations among which the fewest that contradict one another are looked for


@dataclass(frozen=True)
class Solved:
    """The taps that follow from others, as expressions in these; or equations that contradict one another."""

    taps: dict[Any, Any]
    clash: list[tuple[Place, Any, Any]] = field(default_factory=list)  # place, left side, right side


def degree(root: Any, taps: set[Any]) -> int:
    """A bound of the degree of an expression in some taps."""
    degrees: dict[int, int] = {}
    for node in reversed(list(walk(expand(root)))):  # children before parents
        inner = [degrees[id(child)] for child in node.children()]
        if isinstance(node, Signal):
            entries = [v for v in node.values.flat if v.free_symbols & taps] if node.is_exact else []
            degrees[id(node)] = max((_total_degree(v, taps) for v in entries), default=0)
        elif isinstance(node, Sum | SignalSum | Block):
            degrees[id(node)] = max(inner, default=0)
        else:
            own = _total_degree(node.scalar, taps) if isinstance(node, Scale) else 0
            degrees[id(node)] = (sum(inner) + own) * (node.exponent if isinstance(node, Power) else 1)
    return degrees[id(node)]


def _total_degree(value: Any, taps: set[Any]) -> int:
    """The degree of a polynomial; 2 for what is none."""
    import sympy

    if not is_sympy(value) or not value.free_symbols & taps:
        return 0
    symbols = sorted(value.free_symbols & taps, key=str)
    plain = value.is_polynomial(*symbols)
    return int(sympy.Poly(sympy.expand(value), *symbols).total_degree()) if plain else 2


def is_conjugated(root: Any, taps: set[Any]) -> bool:
    """Whether the conjugate of a tap that is not real may occur."""
    wrapped = [node for node in walk(expand(root)) if isinstance(node, Adjoint | Conj | ConjSignal)]
    inner = (node for wrapper in wrapped for node in walk(wrapper) if isinstance(node, Signal) and node.is_exact)
    return any(not s.is_real for node in inner for v in node.values.flat for s in v.free_symbols & taps)


def solved_taps(
    pairs: Sequence[tuple[Any, Any]], taps: Sequence[Any], ndim: int, names: dict[str, Sparse] | None = None
) -> Solved:
    """The taps for which all pairs are equal, formal kernels being ``names``; real ones where they are so assumed.

    Raises
    ------
    Undecided
        Where the system is too large, or its numbers are in no field that is known.
    """
    if len(taps) > MAX_TAPS:
        raise Undecided(f"budget: {len(taps)} taps are unknown (limit {MAX_TAPS})")
    zero = dict.fromkeys(taps, 0)
    constant = _samples(pairs, names or {}, zero, ndim)
    rows: dict[Place, dict[int, Any]] = {n: {} for n in constant}
    for j, tap in enumerate(taps):
        values = _samples(pairs, names or {}, {**zero, tap: 1}, ndim)
        for n in dict.fromkeys((*values, *constant)):
            rows.setdefault(n, {})[j] = values.get(n, 0) - constant.get(n, 0)
    real = any(tap.is_real for tap in taps)
    return _solution(list(taps), {n: (row, -constant.get(n, 0)) for n, row in rows.items()}, real)


def _samples(
    pairs: Sequence[tuple[Any, Any]], names: dict[str, Sparse], values: dict[Any, Any], ndim: int
) -> dict[Place, Any]:
    """The samples of left − right for all impulses."""
    evaluator = Evaluator(ndim, names, values)
    found: dict[Place, Any] = {}
    for number, (left, right) in enumerate(pairs):
        for at in _impulses(left, right, evaluator):
            check_time()
            a, b = output(left, at, evaluator), output(right, at, evaluator)
            for n in dict.fromkeys((*a, *b)):
                found[number, at, n] = a.get(n, 0) - b.get(n, 0)
    return found


def _impulses(left: Any, right: Any, evaluator: Evaluator) -> Iterable[Index | None]:
    if isinstance(left, SignalExpr):
        return [None]
    rate, d = common_period(left, right, evaluator), evaluator.ndim
    if 2 * rate**d > MAX_IMPULSES:
        raise Undecided(f"budget: an equation has {rate**d} residue classes (limit {MAX_IMPULSES // 2})")
    near = list(product(range(rate), repeat=d))
    return [*near, *(tuple(i + FAR * rate for i in n) for n in near)]


# -- the system -------------------------------------------------------------------------------------------


def _solution(taps: list[Any], system: dict[Place, tuple[dict[int, Any], Any]], real: bool) -> Solved:
    """Real taps satisfy the conjugates of all equations too."""
    size = len(taps)
    domain = _field([to_sympy(v) for row, value in system.values() for v in (*row.values(), value)], real)
    known: dict[Any, Any] = {}
    rows: dict[Row, Place] = {}
    for place, (row, value) in system.items():
        for turned in (False, True) if real else (False,):
            entries = [domain.zero] * (size + 1)
            for j, entry in ((size, value), *row.items()):
                entries[j] = _element(conjugate(entry) if turned else entry, domain, known)
            if any(entries):
                rows.setdefault(tuple(entries), place)
    reduced, pivots = _reduced(list(rows), size, domain)
    if size in pivots:
        clash = _smallest(list(rows), size, domain)
        return Solved(
            {}, [(rows[row], _combined(row[:-1], taps, domain), exact(domain.to_sympy(row[-1]))) for row in clash]
        )
    found = {}
    for i, pivot in enumerate(pivots):
        others = [-reduced[i, j].element if j != pivot else domain.zero for j in range(size)]
        found[taps[pivot]] = domain.to_sympy(reduced[i, size].element) + _combined(others, taps, domain)
    return Solved(found)


def _element(value: Any, domain: Any, known: dict[Any, Any]) -> Any:
    import sympy

    if value not in known:
        known[value] = domain.from_sympy(sympy.expand(to_sympy(value)))
    return known[value]


def _combined(coefficients: Sequence[Any], taps: Sequence[Any], domain: Any) -> Any:
    terms = [domain.to_sympy(c) * tap for c, tap in zip(coefficients, taps, strict=True) if c]
    return sum(terms[1:], start=terms[0]) if terms else to_sympy(0)


def _reduced(rows: list[Row], size: int, domain: Any) -> tuple[Any, tuple[int, ...]]:
    from sympy.polys.matrices import DomainMatrix

    check_time()
    matrix = DomainMatrix([list(row) for row in rows], (len(rows), size + 1), domain)
    found: tuple[Any, tuple[int, ...]] = matrix.to_sparse().rref()
    return found


def _smallest(rows: list[Row], size: int, domain: Any) -> list[Row]:
    """Rows that contradict one another, of which none is superfluous where there are few."""
    kept = list(rows)
    for row in rows if len(rows) <= SHOWN else ():
        fewer = [other for other in kept if other is not row]
        if fewer and size in _reduced(fewer, size, domain)[1]:
            kept = fewer
    return kept


def _field(values: list[Any], real: bool) -> Any:
    """The field of the numbers, and of rational functions in their symbols."""
    import sympy

    values = list(dict.fromkeys(values))
    if numbers_in(values):
        raise Undecided("numbers of algebraic(), which are known by equations, are in no field to solve in")
    both = [*values, *(sympy.conjugate(value) for value in values if real and not value.is_real)]
    symbols = sorted({a for v in both for a in v.atoms(sympy.Symbol, sympy.conjugate)}, key=str)
    numbers = numbers_of(both)
    if numbers.is_EX or not numbers.is_Field or any(not s.free_symbols for s in symbols):
        raise Undecided("the numbers are in no field that is known")
    return numbers.frac_field(*symbols) if symbols else numbers
