"""Arrays that are not NumPy's, told apart without importing a library: each goes to the file that knows it."""

from __future__ import annotations

from typing import Any

from ...engine.arrays.device import is_cupy
from ...errors import OperandError
from . import jax_, torch_
from .cupy_ import applied


def elsewhere(operator: Any, x: Any, out: Any) -> Any:
    """F x where x is a tensor, an array of JAX, or one of CuPy for which a path is ready; None for all others.

    Raises
    ------
    OperandError
        Where ``out`` is given with a tensor or an array of JAX.
    """
    if is_cupy(x):
        return applied(operator, x, out)
    apply = torch_.apply if torch_.is_tensor(x) else jax_.apply if jax_.is_jax(x) else None
    if apply is not None and out is not None:
        raise OperandError(f"out was given with a {type(x).__name__}; leave it out, and take what F(x) gives")
    return None if apply is None else apply(operator, x)
