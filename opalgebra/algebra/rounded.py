"""What is said of two sides that differ so little that rounding may be the cause."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

CLOSE = Fraction(1, 100)  # relative: float16 rounds to 1/2048, and sums of it to a few times that


def rounding_hint(witness: Any) -> str:
    """Where to look if the two values of a witness are close, and not both whole as of exact kernels."""
    values = getattr(witness, "lhs", None), getattr(witness, "rhs", None)
    if not all(isinstance(value, (int, Fraction)) for value in values) or all(isinstance(v, int) for v in values):
        return ""
    a, b = map(Fraction, values)  # type: ignore[arg-type]
    if abs(a - b) > CLOSE * max(abs(a), abs(b)):
        return ""
    return "the values are close: oa.compare(A, B, dtype=…) says whether rounding explains the difference"
