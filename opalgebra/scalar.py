"""Exact numbers: ints, fractions, and SymPy expressions.

A scalar is kept as it was given.  :func:`exact` turns it into the number it *is*: a float is the binary
fraction it stores, a complex float a pair of them, a SymPy rational a :class:`~fractions.Fraction`.
Nothing here rounds.
"""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from numbers import Rational as RationalNumber
from typing import Any, TypeAlias

import numpy as np

from .errors import CoefficientError

Scalar: TypeAlias = Any  # int | float | complex | Fraction | sympy.Expr; SymPy is not imported for this


def is_sympy(value: object) -> bool:
    """Whether ``value`` is a SymPy object, without importing SymPy."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Basic)


def check_scalar(value: object, what: str = "a scalar") -> Scalar:
    """``value`` as a plain Python or SymPy scalar, or :class:`CoefficientError`."""
    if isinstance(value, (bool, np.bool_)):
        raise CoefficientError(f"{what} is {value!r}, a boolean; give 0 or 1 if a number is meant")
    if is_sympy(value):
        return _check_sympy(value, what)
    if isinstance(value, np.ma.MaskedArray):
        raise CoefficientError(f"{what} is masked, and has no value; give a number")
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        if value.dtype.kind not in "iufc":
            raise CoefficientError(f"{what} has dtype {value.dtype}; give a real or complex number")
        if value.dtype.char in "gG":
            return _from_longdouble(value, what)
        value = value.item()
    if isinstance(value, (int, Fraction)):
        return value
    if isinstance(value, RationalNumber):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, (float, complex)):
        if not (math.isfinite(value.real) and math.isfinite(value.imag)):
            raise CoefficientError(f"{what} is {value!r}; only finite numbers have an exact meaning")
        return value
    raise CoefficientError(
        f"{what} is {value!r} of type {type(value).__name__}; give an int, a Fraction, a float, "
        "a complex number or a SymPy expression"
    )


def _from_longdouble(value: Any, what: str = "a coefficient") -> Scalar:
    """The rational that an extended float stores, or a pair of them as a Gaussian rational."""
    if not np.isfinite(value):
        raise CoefficientError(f"{what} is {value!r}; only finite numbers have an exact meaning")
    real, imag = (Fraction(*map(int, part.as_integer_ratio())) for part in (value[()].real, value[()].imag))
    if imag == 0:
        return real.numerator if real.denominator == 1 else real
    import sympy

    return sympy.Rational(*real.as_integer_ratio()) + sympy.I * sympy.Rational(*imag.as_integer_ratio())


def _check_sympy(value: Any, what: str) -> Scalar:
    import sympy

    bad = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
    if isinstance(value, sympy.Expr) and value.is_commutative is False:
        raise CoefficientError(f"{what} is {value}, which does not commute; give a number or commutative symbols")
    if not isinstance(value, sympy.Expr) or value.has(*bad):
        raise CoefficientError(f"{what} is {value}; only finite numbers have an exact meaning")
    return exact(value) if value.is_Rational else value  # SymPy's rationals are Python's from here on


def exact(value: Scalar) -> Any:
    """The exact number that a checked scalar is: an int, a Fraction, or a SymPy expression.

    >>> exact(0.5), exact(3.0)
    (Fraction(1, 2), 3)
    """
    if isinstance(value, int):
        return value
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CoefficientError(f"{value} has no exact value; only finite numbers are exact")
        numerator, denominator = value.as_integer_ratio()
        return numerator if denominator == 1 else Fraction(numerator, denominator)
    if isinstance(value, np.generic):  # NumPy's extended floats stay what they are in .item() and .tolist()
        return exact(check_scalar(value))
    import sympy

    if isinstance(value, complex):
        real, imag = (sympy.Rational(*part.as_integer_ratio()) for part in (value.real, value.imag))
        value = real + sympy.I * imag
    if value.has(sympy.Float):
        value = value.replace(lambda e: isinstance(e, sympy.Float), _exact_float)
    if value.is_Rational:
        return int(value.p) if value.q == 1 else Fraction(int(value.p), int(value.q))
    return value


def _exact_float(value: Any) -> Any:
    """A SymPy Float is mantissa times a power of two; return exactly that."""
    import sympy

    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * sympy.Integer(int(mantissa)) * sympy.Integer(2) ** int(exponent)


def conjugate(value: Scalar) -> Scalar:
    """The complex conjugate of a scalar, of the same kind."""
    if is_sympy(value):
        import sympy

        return sympy.conjugate(value)
    return value if isinstance(value, (int, float, Fraction)) else value.conjugate()


def to_sympy(value: Scalar) -> Any:
    """A scalar as the SymPy number it is exactly."""
    import sympy

    value = exact(value)
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return sympy.sympify(value)
