"""``A.on(n)``: an operator of the algebra on arrays of one size, or for a symbol n on those of every size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..expr import LinearOperator
from ..scalar import is_sympy
from .operators.base import BoundOperator
from .operators.windowed import on_sizes
from .sizes.sized import on_symbols


def on(
    operator: LinearOperator,
    n: int | Sequence[int],
    out: Any = None,
    mode: str = "full",
    boundary: Any = "zero",
    dtype: Any = None,
    engine: str = "auto",
) -> BoundOperator:
    """See :meth:`~opalgebra.LinearOperator.on`."""
    if _has_symbols(n) or _has_symbols(out):
        return on_symbols(operator, n, out, mode, boundary, dtype, engine)
    return on_sizes(operator, n, out, mode, boundary, dtype, engine)


def _has_symbols(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_symbols, value))
    return is_sympy(value) and bool(value.free_symbols)
