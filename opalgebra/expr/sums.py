"""Sums over an index: Σ_{r<k} A_r, for operators and for signals.

The index is bound: its name means nothing outside, and substitution goes round it.  ``A + B + …`` is another node,
:class:`~opalgebra.expr.operators.Sum`, which has its terms written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import FactorError, FactorTypeError, FormalSignalError, OperandError, SizeError
from ..scalar import is_sympy
from .factors import Factor, factor, is_symbolic, symbols_in
from .named import Named
from .node import Node
from .operators import LinearOperator, add
from .sampling import SamplingMatrix
from .signals import Signal, SignalExpr, _short, add_signals

MAX_TERMS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class IndexedSum(Named):
    """Σ_{r<k} A_r for operators; made by :func:`Sum`."""

    body: LinearOperator
    index: Any
    stop: Factor

    def __post_init__(self) -> None:
        stop = _checked(self.body, self.index, self.stop)
        self._set(stop=stop, ndim=self.body.ndim, channels=self.body.channels)

    def definition(self) -> LinearOperator:
        """A_0 + A_1 + … + A_{k−1}, for a concrete k."""
        return add(tuple(_terms(self)))


@dataclass(frozen=True, eq=False, repr=False)
class IndexedSignalSum(SignalExpr):
    """Σ_{r<k} x_r for signals; made by :func:`Sum`."""

    body: SignalExpr
    index: Any
    stop: Factor

    def __post_init__(self) -> None:
        self._set(stop=_checked(self.body, self.index, self.stop), ndim=self.body.ndim)

    def definition(self) -> SignalExpr:
        """x_0 + x_1 + … + x_{k−1}, for a concrete k."""
        return add_signals(tuple(_terms(self)))


def Sum(expression: Any, limits: Any) -> Any:  # the name of the mathematical object, as in SymPy
    """Σ_{r<k} A_r = A_0 + A_1 + … + A_{k−1}: the index runs through 0 ≤ r < k, without k.

    Parameters
    ----------
    expression : LinearOperator or signal
        What is summed; r may stand in shifts, scalars and kernels, not in factors.
    limits : (r, 0, k)
        The index, a symbol of ``oa.integers``, and its half-open range: k is a positive int or a symbolic factor.
        (SymPy's own ``Sum`` counts k as well.)  The name of the index means nothing outside of the sum.

    Returns
    -------
    LinearOperator or signal
        With an int k it runs on arrays and is decided like the sum written out, which ``.expand()`` gives.  A sum
        of known signals is computed at once.

    Raises
    ------
    FactorError, FactorTypeError
        k is no factor, r no integer symbol, r stands in a factor, or the range does not start at 0.

    Examples
    --------
    >>> import opalgebra as oa
    >>> k, r = oa.factors("k"), oa.integers("r")
    >>> A = oa.Sum(oa.Shift(r) @ oa.Up(k) @ oa.Down(k) @ oa.Shift(-r), (r, 0, k))
    >>> print(A)
    Σ_{r<k} Sʳ ↑ₖ ↓ₖ S⁻ʳ
    >>> A.equals(oa.Identity())
    True
    """
    if not isinstance(expression, LinearOperator | SignalExpr):
        raise OperandError(f"{expression!r} is summed; give an operator or a signal built from oa.Conv, oa.Up, …")
    if not isinstance(limits, tuple | list) or len(limits) != 3:
        raise OperandError(f"the limits are {limits!r}; give (r, 0, k) for the sum over 0 <= r < k")
    index, start, stop = limits
    if isinstance(start, bool) or start != 0:
        raise FactorError(f"the sum starts at {start}; it runs from 0: shift the index, as in Shift(r + 1)")
    if isinstance(expression, LinearOperator):
        return IndexedSum(expression, index, stop)
    return sum_of_signals(expression, index, stop)


def sum_of_signals(body: SignalExpr, index: Any, stop: Any) -> SignalExpr:
    """The sum as a node; computed where all of its terms are known."""
    made = IndexedSignalSum(body, index, stop)
    return made.definition() if is_computable(made) else made


def is_computable(node: IndexedSignalSum) -> bool:
    """Whether the number of terms is known and nothing in them is formal but the index."""
    from .traverse import formal_parts

    return not formal_parts(node)


def _checked(body: Any, index: Any, stop: Any) -> Factor:
    """The number of terms as a factor, once index and range are seen to fit."""
    from .traverse import factors_of, walk

    _check_index(index)
    number = factor(stop)
    if isinstance(number, tuple | SamplingMatrix):
        raise FactorError(f"the sum runs to {number}; give one factor, and one sum for each axis")
    if is_sympy(number) and index in number.free_symbols:
        raise FactorError(f"the sum over {index} runs to {number}; its end depends on its own index")
    for node in walk(body):
        if index in symbols_in(factors_of(node)):
            raise FactorError(f"the index {index} stands in the factor of {_short(node)}; it may stand in shifts only")
    return number


def _check_index(index: Any) -> None:
    import sympy

    whole = [{"integer": True}, {"integer": True, "nonnegative": True}]
    if not isinstance(index, sympy.Symbol) or index not in [sympy.Symbol(index.name, **given) for given in whole]:
        raise FactorTypeError(f"the index is {index!r}; give an integer symbol of either sign: oa.integers('r')")


def _terms(node: Any) -> list[Any]:
    from .traverse import substitute

    if is_symbolic(node.stop):
        raise FormalSignalError(f"{_short(node)} has {node.stop} terms; give a number for {node.stop} to write it out")
    if node.stop > MAX_TERMS:
        raise SizeError(f"the sum has {node.stop} terms; at most {MAX_TERMS} are written out")
    return [_known(substitute(node.body, {node.index: r})) for r in range(node.stop)]


def _known(term: Node) -> Node:
    """A term; a kernel that came out empty as the zero that it is."""
    from .traverse import _not_empty

    return _not_empty(term) if isinstance(term, Signal) else term
