"""Sampling factors and shifts: what ↑k, ↓k and Sˢ may be given.

A factor is a positive int, a SymPy positive integer symbol (or a product of such), a tuple with one of
these per axis, or a nonsingular integer matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any, TypeAlias

import numpy as np

from ..errors import FactorError, FactorTypeError
from ..scalar import is_sympy
from .node import Node
from .sampling import SamplingMatrix, as_matrix, is_matrix

Factor: TypeAlias = Any  # int | sympy.Expr | tuple of these | SamplingMatrix


@dataclass(frozen=True, eq=False, repr=False)
class ByFactor(Node):
    """A node that a factor makes, such as ↑k."""

    factor: Factor

    def __post_init__(self) -> None:
        value = factor(self.factor)
        self._set(factor=value, ndim=axis_count(value))

    def own_symbols(self) -> set[Any]:
        return symbols_in(self.factor)


def factor(value: object) -> Factor:
    """``value`` as a factor: an int, a SymPy product of positive integer symbols, a tuple of these, or a matrix."""
    return as_matrix(value) if is_matrix(value) else _per_axis(value, _one_factor)


def shift(value: object) -> Any:
    """``value`` as a shift: an int, an integer SymPy expression, or a tuple of these."""
    return _per_axis(value, _one_shift)


def _per_axis(value: object, one: Callable[[object], Any]) -> Any:
    if is_matrix(value):
        raise FactorTypeError(f"{value!r} is a matrix; a shift has one entry per axis: give a tuple, such as (2, 3)")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (tuple, list)):
        return one(value)
    if not value:
        raise FactorError("an empty tuple was given; give one entry per axis, such as (2, 3)")
    entries = tuple(one(entry) for entry in value)
    return entries[0] if len(entries) == 1 else entries


def _integer(value: object, what: str, advice: str) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise FactorTypeError(f"{what} is {value!r}, a boolean; {advice}")
    try:
        return index(value)  # type: ignore[arg-type]  # TypeError is the point
    except TypeError:
        raise FactorTypeError(f"{what} is {value!r} of type {type(value).__name__}; {advice}") from None


def _one_factor(value: object) -> Any:
    advice = "give a positive int such as 2, or a positive integer symbol from oa.factors('k')"
    if is_sympy(value) and not value.is_Integer:  # type: ignore[attr-defined]
        return _symbolic_factor(value)
    number = _integer(value, "the factor", advice)
    if number < 1:
        raise FactorError(f"the factor is {number}; {advice}")
    return number


def _symbolic_factor(value: Any) -> Any:
    """A product of positive integer symbols, expanded so that equal products are the same tree."""
    import sympy

    value = sympy.expand(value) if isinstance(value, sympy.Expr) else value
    symbols: Any = getattr(value, "free_symbols", set())
    fits = (symbols and value.is_Mul) or value.is_Symbol or value.is_Pow
    if not fits or any(not (s.is_integer and s.is_positive) for s in symbols) or not _is_monomial(value):
        raise FactorTypeError(
            f"the factor is {value}; a symbolic factor is a product of positive integer symbols: "
            "use oa.factors('k') or sympy.Symbol('k', integer=True, positive=True)"
        )
    return value


def _is_monomial(value: Any) -> bool:
    coefficient, powers = value.as_coeff_mul()
    if not (coefficient.is_Integer and coefficient > 0):
        return False
    bases = [p.as_base_exp() for p in powers]
    return all(b.is_Symbol and e.is_Integer and e > 0 for b, e in bases)


def _one_shift(value: object) -> Any:
    advice = "give an int, or an integer SymPy expression"
    if is_sympy(value) and not value.is_Integer:  # type: ignore[attr-defined]
        import sympy

        expanded = sympy.expand(value)
        if not (expanded.is_polynomial(*expanded.free_symbols) and expanded.is_integer):
            raise FactorTypeError(f"the shift is {value}, not a polynomial in integer symbols; {advice}")
        return expanded
    return _integer(value, "the shift", advice)


def factors(names: str) -> Any:
    """Positive integer symbols for symbolic factors, as :func:`sympy.symbols` makes them.

    >>> import opalgebra as oa
    >>> k, m = oa.factors("k m")
    >>> print(oa.Up(k) @ oa.Up(m))
    ↑ₖ ↑ₘ
    """
    import sympy

    return sympy.symbols(names, integer=True, positive=True)


def integers(names: str) -> Any:
    """Integer symbols of either sign, for symbolic shifts, as :func:`sympy.symbols` makes them.

    >>> import opalgebra as oa
    >>> from opalgebra.expr.factors import integers
    >>> print(oa.Shift(integers("d")))
    Sᵈ
    """
    import sympy

    return sympy.symbols(names, integer=True)


def symbols_in(value: Factor) -> set[Any]:
    """The SymPy symbols of a factor or shift."""
    entries = () if isinstance(value, SamplingMatrix) else axes(value)
    return {symbol for entry in entries if is_sympy(entry) for symbol in entry.free_symbols}


def is_symbolic(value: Factor) -> bool:
    """Whether a factor or shift has symbols in it."""
    return bool(symbols_in(value))


def axes(value: Factor) -> tuple[Any, ...]:
    """The entries per axis, also of a scalar factor; a matrix has none."""
    if isinstance(value, SamplingMatrix):
        raise FactorTypeError(f"the matrix {value} stands where one factor per axis is needed; give a tuple of ints")
    return value if isinstance(value, tuple) else (value,)


def axis_count(value: Factor) -> int:
    """How many axes a factor or shift is for."""
    return value.ndim if isinstance(value, SamplingMatrix) else len(axes(value))


def per_axis(value: Factor) -> tuple[Any, ...] | None:
    """One factor per axis, also of a diagonal matrix with positive entries; None for other matrices."""
    return value.per_axis if isinstance(value, SamplingMatrix) else axes(value)


def ratio(value: Factor) -> Any:
    """Of how many samples ↓ keeps one: the product over the axes, or |det M|."""
    return value.ratio if isinstance(value, SamplingMatrix) else prod(axes(value))


def as_sampling(value: Factor) -> SamplingMatrix:
    """A factor without symbols as a matrix: the diagonal one where there is one factor per axis."""
    return value if isinstance(value, SamplingMatrix) else SamplingMatrix.diagonal(axes(value))


def is_one(value: Factor) -> bool:
    """Whether ↑ and ↓ by a factor are the identity."""
    found = per_axis(value)
    return found is not None and all(k == 1 for k in found)
