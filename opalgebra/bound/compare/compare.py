"""compare: are two operators equal, or is their difference one that rounding explains?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from ...algebra.budget import limited, room
from ...algebra.decide.prove import prove
from ...errors import DimensionError, OperandError, SizeError, Undecided, WindowError
from ...expr import LinearOperator, Signal, all_factor_symbols, common_channels, common_ndim, formal_parts, substitute
from ..operators.base import BoundOperator
from .comparison import Comparison, equal
from .lattice import compare_lattice
from .rounding import Roundoff
from .windows import compare_bound

SIZES = range(40, 65)  # of inputs for which layers that are not bound are asked for their outputs
BUDGET = 300.0  # seconds, as for proofs


def compare(A: Any, B: Any, dtype: Any = "float32", *, budget: float = BUDGET) -> Comparison:
    """Whether A = B, or whether what is between them is rounding: |Δ| ≤ γ_n (Σ|terms| of A + Σ|terms| of B).

    For operators whose taps were computed in floating point, where :func:`prove` answers "no, by one rounding".  All
    arithmetic is exact, on the numbers that are stored.  Each tap of A and of B is a sum of products of stored numbers;
    n is the longer of the two sums (1 for a stored tap), γ_n = n u/(1 − n u), and u the unit roundoff of the dtype.
    A difference within the bound may come from computing one and the same tap in two ways; one beyond it does not.

    Parameters
    ----------
    A, B : LinearOperator, BoundOperator or layer
        Blocks and chains as well.  Layers that are not bound to a size are compared on ℤ^d.
    dtype : str or dtype
        What the taps were computed in: "float16", "bfloat16", "float32", "float64", "longdouble", "complex64",
        "complex128", or as NumPy or PyTorch has it.
    budget : float
        Seconds after which the verdict is "undecided".

    Returns
    -------
    Comparison
        With ``verdict``, ``error``, ``bound`` and ``witness``; true where the verdict is "equal" or "equal up to
        rounding".

    Raises
    ------
    OperandError
        For operands of different kinds, and for a dtype that does not round.
    DimensionError
        Where numbers of axes, of channels, or the windows differ.

    Notes
    -----
    Terms with more than two factors that round add as many to n.  Complex taps are tested by their moduli, Σ|terms|
    taken of either part.  Formal kernels and symbolic factors are equal where
    :func:`prove` proves it, different where its witness shows more than rounding, else undecided.  The bound takes no
    account of underflow.  Its proof is in ``opalgebra/bound/compare/rounding.py``.

    Examples
    --------
    >>> import numpy as np
    >>> import opalgebra as oa
    >>> q = np.array([0.1, 0.2, 0.3], dtype=np.float32)
    >>> A, B = oa.Conv(q) @ oa.Repeat(2), oa.Conv(q + np.float32(0)) @ oa.Repeat(2)
    >>> oa.compare(A, B).verdict
    'equal'
    >>> folded = np.array([0.1, 0.3, 0.5, 0.3], dtype=np.float32)
    >>> c = oa.compare(A, oa.Conv(folded) @ oa.Up(2))
    >>> c.verdict, float(c.error) < 1, float(c.bound) < 1e-7
    ('equal up to rounding', True, True)
    >>> print(oa.compare(A, oa.Conv(folded + np.float32(1e-3)) @ oa.Up(2)).verdict)
    different
    """
    roundoff = Roundoff.of(dtype)
    left, right = _stored(A), _stored(B)
    if isinstance(left, BoundOperator) != isinstance(right, BoundOperator):
        raise OperandError(f"an operator on arrays is compared with another kind: {A} and {B}; bind both: A.on(n)")
    _check_sizes(A, B)
    with limited(budget):
        try:
            if isinstance(left, BoundOperator):
                found = compare_bound(left, right, roundoff)
            else:
                found = _compared(left, right, roundoff)
        except (Undecided, SizeError) as why:
            found = Comparison(A, B, roundoff.name, "undecided", reason=str(why))
    found.lhs, found.rhs = A, B
    return found


def _stored(side: Any) -> Any:
    """The operator of the taps that are stored; of a layer on ℤ^d."""
    if isinstance(side, LinearOperator):
        return side
    if hasattr(side, "_stored"):
        return side._stored()
    raise OperandError(
        f"{side!r} of type {type(side).__name__} is compared; give operators, operators on arrays, or layers"
    )


def _check_sizes(A: Any, B: Any) -> None:
    """Layers that are not bound give outputs of equal sizes, at least for the sizes that are tried."""
    if any(isinstance(side, (LinearOperator, BoundOperator)) for side in (A, B)):
        return
    for n in SIZES:
        try:
            sizes = [side.out_size(n) for side in (A, B)]
        except WindowError:  # a size that one of them does not take
            continue
        if sizes[0] != sizes[1]:
            raise DimensionError(
                f"{A} gives outputs of size {sizes[0]} and {B} of {sizes[1]} for an input of size {n}; compare "
                "A.operator with B.operator, which have no ends"
            )


def _compared(A: LinearOperator, B: LinearOperator, roundoff: Roundoff) -> Comparison:
    common_ndim(A, B)
    common_channels(A, B)
    if formal_parts(A) or formal_parts(B):
        return _formally(A, B, roundoff)
    try:
        with room(A, B):
            found, tally = compare_lattice(A, B, roundoff)
    except Undecided:  # no period, or too many taps: an equation may hold all the same
        if prove(A, B).verdict == "proved":
            return equal(A, B, roundoff)
        raise
    if tally.equal and not tally.sure and prove(A, B).verdict == "proved":  # of enclosures one cannot tell
        return equal(A, B, roundoff)
    return found


def _formally(A: LinearOperator, B: LinearOperator, roundoff: Roundoff) -> Comparison:
    """Formal kernels: equal where that is proved; else the kernels of the witness, in place of the formal ones."""
    found = partial(Comparison, A, B, roundoff.name)
    proof = prove(A, B)
    if proof.verdict == "proved":
        return equal(A, B, roundoff, "proved")
    if proof.verdict == "undecided":
        return found("undecided", reason=proof.reason)
    witness = proof.witness
    assert witness is not None
    symbols = {s: witness.factors[s.name] for s in all_factor_symbols(A, B) if s.name in witness.factors}
    kernels = {name: kernel for name, kernel in witness.kernels.items() if isinstance(kernel, Signal)}
    concrete = [substitute(side, {**kernels, **symbols}) for side in (A, B)]
    if any(formal_parts(side) for side in concrete):
        reason = "exactly they differ; whether by more than rounding is decided for known kernels and factors only"
        return found("undecided", reason=reason)
    concretely = _compared(concrete[0], concrete[1], roundoff)
    if concretely.verdict != "different":
        reason = "exactly they differ, and for the kernels that were tried by no more than rounding"
        return found("undecided", reason=reason)
    shown = replace(concretely.witness, kernels=witness.kernels, factors=witness.factors)
    return found("different", witness=shown, reason="for these kernels")
