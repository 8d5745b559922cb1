"""Arrays that are not NumPy's, told apart without importing a library: each goes to the file that knows it."""

from __future__ import annotations

from typing import Any

from ...engine.arrays.device import is_cupy
from .cupy_ import applied
from .torch_ import apply, is_tensor


def elsewhere(operator: Any, x: Any, out: Any) -> Any:
    """F x where x is a tensor, or an array of CuPy for which a path is ready; None for all others."""
    if is_cupy(x):
        return applied(operator, x, out)
    if is_tensor(x):
        return apply(operator, x)
    return None
