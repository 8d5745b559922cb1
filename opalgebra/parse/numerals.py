"""Arithmetic on the numbers that stand in a text: exact, bounded in size, SymPy only where it is needed.

Nothing rounds: a decimal that meets another number counts as the binary fraction that it is.  The one
exception to leaving floats is Python's way to write a complex number, ``0.5 + 2j``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..errors import CoefficientError, OpAlgebraError
from ..scalar import check_scalar, exact, is_sympy, to_sympy

MAX_EXPONENT = 64
MAX_BITS = 10_000  # of numerators and denominators
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NUMERIC = ("sqrt", "cos", "sin", "exp", "conjugate")


class NumeralError(OpAlgebraError, ValueError):
    """Arithmetic that has no finite value or grows beyond the limits; the parser adds the place."""


class Numerals:
    """Exact arithmetic; ``imaginary_unit`` reads ``1j`` as SymPy's I and not as a Python complex."""

    def __init__(self, imaginary_unit: bool) -> None:
        self.imaginary_unit = imaginary_unit

    def imaginary(self, value: complex) -> Any:
        """The meaning of a literal such as ``2j``."""
        if self.imaginary_unit and value.imag.is_integer():
            return int(value.imag) * self.constant("I")
        return value

    def constant(self, name: str) -> Any:
        """π or the imaginary unit."""
        import sympy

        return sympy.pi if name == "pi" else sympy.I

    def call(self, name: str, value: Any) -> Any:
        """A function of :data:`NUMERIC` at a number."""
        import sympy

        _check_number(value)
        return _bounded(getattr(sympy, name)(to_sympy(value)))

    def complex(self, real: Any, imaginary: Any) -> complex:
        """``complex(real, imaginary)``, for parts that are doubles, with the signs of their zeros."""
        for part in (real, imaginary):
            if isinstance(part, bool) or not isinstance(part, (int, float)) or float(part) != part:
                raise NumeralError(f"complex(…) takes two doubles; {part} is none")
        return complex(real, imaginary)

    def binary(self, operation: type[ast.operator], left: Any, right: Any) -> Any:
        """``left operation right``."""
        for value in (left, right):
            _check_number(value)
        literal = _cartesian(operation, left, right)
        if literal is not None:
            return literal
        left, right = exact(left), exact(right)
        if operation is ast.Pow:
            return _power(left, right)
        if is_sympy(left) or is_sympy(right):
            left, right = to_sympy(left), to_sympy(right)
        elif operation is ast.Div:
            left = Fraction(left)
        if operation is ast.Div and right == 0:
            raise NumeralError("a number was divided by 0")
        value = _OPERATIONS[operation](left, right)
        keeps = isinstance(value, Fraction) and operation is not ast.Div and not self.imaginary_unit
        return Fraction(_bounded(value)) if keeps else _bounded(value)  # as in Python, exact('1/2') * 6 is a Fraction


def _check_number(value: Any) -> None:
    try:
        check_scalar(value, "the number")
    except CoefficientError as error:
        raise NumeralError(str(error)) from None


def _cartesian(operation: type[ast.operator], left: Any, right: Any) -> complex | None:
    """``1 + 2j`` as Python reads it, where this does not round; else None."""
    if not isinstance(right, complex) or right.real or operation not in (ast.Add, ast.Sub):
        return None
    if not isinstance(left, (int, float)) or float(left) != left:
        return None
    return complex(left, right.imag if operation is ast.Add else -right.imag)


def _bounded(value: Any) -> Any:
    """The value in its simplest exact kind, or NumeralError where it is infinite or too long."""
    _check_number(value)
    value = exact(value)
    if isinstance(value, (int, Fraction)) and _bits(value) > MAX_BITS:
        raise NumeralError(f"the number has more than {MAX_BITS:,} bits; write a smaller one")
    return value


def _bits(value: Any) -> int:
    return max(int(value.numerator).bit_length(), int(value.denominator).bit_length())


def _power(base: Any, exponent: Any) -> Any:
    if not isinstance(exponent, (int, Fraction)):
        raise NumeralError(f"the exponent is {exponent}; give an int or a fraction")
    if max(abs(exponent.numerator), exponent.denominator) > MAX_EXPONENT:
        raise NumeralError(f"the exponent is {exponent}; at most {MAX_EXPONENT} is read")
    if base == 0 and exponent < 0:
        raise NumeralError("0 has no negative power")
    if isinstance(base, (int, Fraction)):
        if _bits(base) * abs(Fraction(exponent)) > MAX_BITS:
            raise NumeralError(f"the power has more than {MAX_BITS:,} bits; write a smaller one")
        if isinstance(exponent, int):
            return _bounded(Fraction(base) ** exponent)
    return _bounded(to_sympy(base) ** to_sympy(exponent))
