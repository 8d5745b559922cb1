"""How numbers look: signs, short floats, and which scalars need parentheses."""

from __future__ import annotations

import re
from decimal import Context
from fractions import Fraction
from typing import Any

import numpy as np

from ...scalar import Scalar, is_sympy

SHORT = 9  # longest float, in characters, that is shown with all its digits
HUGE = 1000  # bits from which an int is shown by its leading digits

_ROUND = Context(prec=6, Emax=10**17, Emin=-(10**17))


def is_negative(value: Scalar) -> bool:
    """Whether a scalar is written with a minus in front: −2, −1/3, −k, but not −k + 1 and no complex number."""
    if is_sympy(value):
        return not value.is_Add and bool(value.could_extract_minus_sign())
    return not isinstance(value, complex) and bool(value < 0)


def is_compound(value: Scalar) -> bool:
    """Whether a scalar needs parentheses as a coefficient: 1+2i, −i, k + 1."""
    if is_sympy(value):
        return bool(value.is_Add)
    return isinstance(value, complex) and (value.real != 0 or value.imag < 0)


def is_minus_one(value: Scalar) -> bool:
    """Whether a scalar is the int −1, which is written as a mere minus."""
    return isinstance(value, int) and value == -1


def takes_minus(value: Scalar) -> bool:
    """Whether a scalar can be written behind a minus as it is."""
    return not is_negative(value) and not isinstance(value, complex) and not is_compound(value)


def integer_text(value: int) -> str:
    """The digits of an int; of a huge one the leading digits and the power of ten."""
    return str(value) if value.bit_length() <= HUGE else f"{_ROUND.create_decimal(value):.5e}"


def float_text(value: Any) -> tuple[str, bool]:
    """The shortest text for a float, and whether digits were left off.

    >>> float_text(0.25), float_text(2.0), float_text(1 / 3)
    (('0.25', False), ('2', False), ('0.333333', True))
    """
    shown = re.sub(r"\.0$", "", str(value))
    if len(shown.lstrip("-")) <= SHORT:
        return shown, False
    rounded = f"{float(value):.6g}"
    return rounded, float(rounded) != float(value)


def kind(value: Any) -> str:
    """The kind of a scalar or sample: "int", "fraction", "float", "complex" or "exact" (SymPy)."""
    if is_sympy(value):
        return "exact"
    if isinstance(value, (int, np.integer)):
        return "int"
    if isinstance(value, Fraction):
        return "fraction"
    return "complex" if isinstance(value, (complex, np.complexfloating)) else "float"
