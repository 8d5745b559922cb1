"""What is said of two sides that differ so little that rounding may be the cause."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...scalar import is_sympy, to_sympy

CLOSE = Fraction(1, 128)  # relative: float16 rounds to 1/2048, and sums of it to a few times that


def rounding_hint(witness: Any) -> str:
    """Where to look if the two values of a witness are close, and not both whole as of exact kernels."""
    a, b = getattr(witness, "lhs", None), getattr(witness, "rhs", None)
    if a is None or b is None or (isinstance(a, int) and isinstance(b, int)):
        return ""
    if is_sympy(a) or is_sympy(b):
        if to_sympy(a - b).free_symbols:
            return ""
        a, b = (complex(to_sympy(value)) for value in (a, b))
    if abs(a - b) > CLOSE * max(abs(a), abs(b)):
        return ""
    return "the values are close: oa.compare(A, B, dtype=…) says whether rounding explains the difference"
