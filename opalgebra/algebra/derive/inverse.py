"""Two-sided inverses, each proved before it is returned.

Letters, compositions, powers and transposes are inverted by rule, blocks by elimination over their entries, which
need not commute.  What is left is inverted on one axis through the polyphase matrix: over the Laurent polynomials a
matrix has an inverse iff its determinant is c zᵐ with c ≠ 0.  On several axes Aᵀ and Aᴴ are tried.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import DimensionError, FormalSignalError, NoInverse, SizeError, Undecided, WindowError
from ...expr import PLAIN, Character, Named, SamplingMatrix, axes, exact_array, formal_parts, is_one, is_symbolic
from ...expr.blocks import Block, PixelShuffle, Polyphase
from ...expr.exactly import exactly
from ...expr.grid import grid
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.node import short
from ...expr.operators import Adjoint, Compose, Conj, Identity, LinearOperator, Power, Scale, Transpose, Zero, compose
from ...expr.signals import Signal
from ...scalar import exact, is_sympy, to_sympy
from ..decide.prove import prove
from ..forms.polyphase import polyphase_of
from ..judge.evaluate import Evaluator, Sparse
from ..judge.witness import to_signal
from .simplify import simplify

PHASES = 16  # rows of the largest polyphase matrix that is inverted
SHOWN = 6  # terms of a transfer function that an error shows
Laurent: TypeAlias = dict[int, Any]  # coefficient of z^n, by n


@exactly()
def inverse(operator: LinearOperator) -> LinearOperator:
    """B with B A = A B = I; see :meth:`~opalgebra.LinearOperator.inverse`."""
    found = _found(operator)
    for product in (found @ operator, operator @ found):
        proof = prove(product, Identity())
        if not proof:
            why = proof.reason or f"{short(product)} is not the identity"
            raise NoInverse(f"no inverse of {short(operator)} was found: {short(found)} could not be proved one: {why}")
    return found


def _found(operator: LinearOperator) -> LinearOperator:
    """A candidate, or :class:`~opalgebra.NoInverse` that says why there is none."""
    match operator:
        case Identity() | Flip():
            return operator
        case Zero():
            raise NoInverse("Zero() answers every signal with 0; it has no inverse")
        case Shift():
            return Shift(tuple(-s for s in axes(operator.shift)))
        case Up() | Down() if isinstance(operator.factor, SamplingMatrix) and operator.factor.ratio == 1:
            return type(operator)([list(map(int, row)) for row in operator.factor.inverse()])
        case Up() | Down() if not is_one(operator.factor):
            raise NoInverse(_one_sided(operator))
        case Up() | Down():
            return Identity()
        case Character():
            return Character(tuple(-w for w in axes(operator.frequency)), operator.floating)
        case Modulate():
            return _modulated(operator)
        case Scale():
            return _found(operator.operator) / _unit(operator.scalar, operator)
        case Power():
            return _found(operator.operator) ** operator.exponent
        case Transpose() | Adjoint() | Conj():
            return type(operator)(_found(operator.operator))
        case Polyphase():
            return PixelShuffle(operator.factor)
        case PixelShuffle():
            return Polyphase(operator.factor)
        case Named():
            return _found(operator.definition())
        case Compose():
            return _composed(operator)
        case Conv() if isinstance(operator.kernel, Signal):
            return _deconvolved(operator)
    return _of_blocks(operator) or _general(operator)


def _one_sided(operator: Up | Down) -> str:
    unless = " unless every factor is 1" if is_symbolic(operator.factor) else ""
    if isinstance(operator, Up):
        other: LinearOperator = Down(operator.factor)
        return f"{operator} has the left inverse {other} but is not onto{unless}: {operator @ other} ≠ I"
    other = Up(operator.factor)
    return f"{operator} has the right inverse {other} but is not one-to-one{unless}: {other @ operator} ≠ I"


def _unit(value: Any, operator: LinearOperator) -> Any:
    """A scalar that is certainly not 0."""
    number = exact(value)
    if number == 0 or (is_sympy(number) and number.is_zero is not False):
        verdict = "is 0" if number == 0 else f"may be 0: give a symbol with nonzero=True, or a number, for {number}"
        raise NoInverse(f"{short(operator)} has no inverse, because its coefficient {verdict}")
    return value


def _modulated(operator: Modulate) -> LinearOperator:
    sequence = operator.sequence
    if not sequence.is_exact and np.all(np.isin(sequence.values, (1, -1))):
        return operator
    values = [entry if sequence.is_exact else entry.item() for entry in sequence.values.flat]
    entries = [1 / to_sympy(_unit(value, operator)) for value in values]
    return Modulate(Signal(exact_array(entries, sequence.values.shape), sequence.starts))


def _deconvolved(operator: Conv) -> LinearOperator:
    taps = Evaluator(operator.ndim or 1).signal(operator.kernel)
    if len(taps) == 1:
        ((at, value),) = taps.items()
        back = Shift(tuple(-n for n in at)) if any(at) else Identity()
        return back if value == 1 else back / _unit(value, operator)
    if operator.ndim == 1 and taps:
        shown = _laurent_text({-n: value for (n,), value in taps.items()})
        reason = f"its transfer function {shown} is no monomial"
    else:
        reason = f"it has {len(taps)} taps that are not 0, and the inverse of more or less than one is not finite"
    raise NoInverse(
        f"{short(operator)} has no finite inverse: {reason}; for deconvolution use least squares, A.on(n).lstsq(y)"
    )


def _composed(operator: Compose) -> LinearOperator:
    try:
        return compose(tuple(_found(factor) for factor in reversed(operator.factors)))
    except NoInverse:  # the whole may have one where its factors have not: ↓2 ↑2
        return _of_blocks(operator) or _general(operator)


# -- blocks: elimination over operators -------------------------------------------------------------------


def _of_blocks(operator: LinearOperator) -> LinearOperator | None:
    """Gauss and Jordan with operators, pivots being entries that have inverses; None where these run out."""
    outs, ins = operator.channels or PLAIN
    if outs != ins or outs == 1:
        return None
    rows = [[*row, *(Identity() if i == j else Zero() for j in range(outs))] for i, row in enumerate(grid(operator))]
    for column in range(outs):
        found = _pivot(rows, column)
        if found is None:
            return None
        at, unit = found
        rows[column], rows[at] = rows[at], rows[column]
        rows[column] = [_tidy(unit @ entry) for entry in rows[column]]
        for i, row in enumerate(rows):
            factor = row[column]
            if i != column and not isinstance(factor, Zero):
                rows[i] = [_tidy(a - factor @ b) for a, b in zip(row, rows[column], strict=True)]
    return Block([row[outs:] for row in rows])


def _pivot(rows: list[list[LinearOperator]], column: int) -> tuple[int, LinearOperator] | None:
    """A row from ``column`` on whose entry there has an inverse, and that inverse; the simplest first."""
    below = [i for i in range(column, len(rows)) if not isinstance(rows[i][column], Zero)]
    for i in sorted(below, key=lambda i: len(repr(rows[i][column]))):
        try:
            return i, _found(rows[i][column])
        except NoInverse:
            continue
    return None


def _tidy(operator: LinearOperator) -> LinearOperator:
    try:
        return simplify(operator)
    except Undecided:  # too large to simplify
        return operator


# -- one axis: the polyphase matrix -----------------------------------------------------------------------


def _general(operator: LinearOperator) -> LinearOperator:
    """Through the polyphase matrix where there is one; else one of Aᵀ and Aᴴ."""
    formal = formal_parts(operator)
    reason = f"it depends on {', '.join(formal)}; give numbers" if formal else ""
    if not reason and (operator.ndim or 1) == 1:
        try:
            return _by_polyphase(operator)
        except (WindowError, FormalSignalError, DimensionError, SizeError) as why:
            reason = str(why)
    for candidate in (operator.T, operator.H):
        if prove(candidate @ operator, Identity()) and prove(operator @ candidate, Identity()):
            return simplify(candidate)
    reason = reason or "on several axes only letters, their compositions, and transposes are tried"
    raise NoInverse(f"no inverse of {short(operator)} was found: {reason}")


class _Inverted(NamedTuple):
    """adj(Q) and det(Q) of the polynomial matrix Q = zᵏ P."""

    adjugate: Any
    determinant: Laurent
    delay: int


def _by_polyphase(operator: LinearOperator) -> LinearOperator:
    matrix, heights, widths = polyphase_of(operator)
    if matrix.rows != matrix.cols:
        what = "not one-to-one" if matrix.rows < matrix.cols else "not onto"
        raise NoInverse(
            f"{short(operator)} makes {matrix.rows} phases of {matrix.cols} and is {what}; an inverse needs as many"
        )
    if matrix.rows > PHASES:
        raise NoInverse(f"no inverse of {short(operator)} is sought: its polyphase matrix has over {PHASES} rows")
    found = _inverted(matrix)
    if len(found.determinant) != 1:
        shown = _laurent_text({n - matrix.rows * found.delay: c for n, c in found.determinant.items()})
        reason = f"is {shown}, no monomial" if found.determinant else "is 0"
        advice = "; for a least squares solution use A.on(n).lstsq(y)" if operator.channels == PLAIN else ""
        raise NoInverse(
            f"{short(operator)} has no finite inverse: the determinant of its polyphase matrix {reason}{advice}"
        )
    ((power, unit),) = found.determinant.items()
    unit = _unit(unit, operator)
    size = range(matrix.rows)
    entries = [[_filter(_laurent(found.adjugate[i, j]), unit, found.delay - power) for j in size] for i in size]
    if heights == widths == [1]:
        return entries[0][0]
    out, into = (Block.diagonal(*map(kind, sizes)) for kind, sizes in ((PixelShuffle, widths), (Polyphase, heights)))
    return simplify(out @ Block(entries) @ into)


def _inverted(matrix: Any) -> _Inverted:
    import sympy
    from sympy.polys.matrices import DomainMatrix

    z = sympy.Symbol("z")
    delay = max((-n for entry in matrix for n in _laurent(entry)), default=0)
    delay = max(delay, 0)
    polynomials = (matrix * z**delay).applyfunc(sympy.expand)
    exactly = DomainMatrix.from_Matrix(polynomials, extension=True)
    if exactly.domain.is_EX:  # of numbers and z together; SymPy 1.14 has no adjugate there
        determinant = sympy.expand(polynomials.det(method="berkowitz"))
        return _Inverted(polynomials.adjugate().applyfunc(sympy.expand), _laurent(determinant), delay)
    domain = exactly.domain
    determinant = exactly.charpoly()[-1] * (-1) ** matrix.rows
    if not determinant:
        return _Inverted(None, {}, delay)
    inverse, below = exactly.inv_den()  # adj_det of SymPy 1.14 fails where a coefficient of the polynomial is 0
    adjugate = inverse.scalarmul(determinant).applyfunc(lambda entry: domain.exquo(entry, below))
    return _Inverted(adjugate.to_Matrix(), _laurent(domain.to_sympy(determinant)), delay)


def _laurent(expression: Any) -> Laurent:
    """The coefficients of a Laurent polynomial in z that are not 0."""
    import sympy

    z = sympy.Symbol("z")
    found: Laurent = {}
    for term in sympy.Add.make_args(sympy.expand(expression)):
        coefficient, power = term.as_independent(z, as_Add=False)
        exponent = int(power.as_base_exp()[1]) if power != 1 else 0
        found[exponent] = found.get(exponent, 0) + coefficient
    simple = {n: sympy.radsimp(c) if c.is_number else c for n, c in found.items()}
    return {n: c for n, c in simple.items() if c != 0}


def _filter(polynomial: Laurent, unit: Any, moved: int) -> LinearOperator:
    """Σ c zⁿ / unit · z^moved as an operator: z⁻¹ is a delay."""
    import sympy

    taps: Sparse = {(-n - moved,): exact(sympy.radsimp(sympy.expand(c / unit))) for n, c in polynomial.items()}
    if not taps:
        return Zero()
    if len(taps) == 1:
        ((at, value),) = taps.items()
        shift = Shift(at) if any(at) else Identity()
        return shift if value == 1 else value * shift
    return Conv(to_signal(taps, 1))


def _laurent_text(polynomial: Laurent) -> str:
    """1 + 2z⁻¹ + z⁻², from the highest power down."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    terms = []
    for n in sorted(polynomial, reverse=True)[:SHOWN]:
        power = "" if n == 0 else "z" if n == 1 else "z" + str(n).translate(raised)
        coefficient = str(polynomial[n])
        compound = not coefficient.lstrip("-").replace("_", "").isalnum() and bool(power)
        shown = f"({coefficient})" if compound else coefficient
        terms.append(shown.removesuffix("1") + power if power and abs(polynomial[n]) == 1 else shown + power)
    text = " + ".join([*terms, *(["…"] if len(polynomial) > SHOWN else [])])
    return text.replace("+ -", "− ").replace("-", "−")
