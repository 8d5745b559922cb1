"""The array that a result is written to, ``out``: what it must be, and when a copy is sooner made than checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.arrays.device import check_together, is_cupy
from ...errors import DimensionError, OperandError
from ...expr import has_mask
from .dask_ import is_lazy

SHORT = 4096  # samples


def may_copy(x: np.ndarray, out: Any) -> bool:
    """Whether a short result may be copied to ``out``: it is writable, and shares no memory with x."""
    if type(out) is not np.ndarray or out.size > SHORT or not out.flags.writeable:
        return False
    apart = x.base is None and out.base is None and x is not out  # both own their memory
    return apart or not np.may_share_memory(x, out)


def check_output(x: Any, out: Any, shape: tuple[int, ...], kind: Any) -> None:
    """Refuse to write a result of this shape and dtype to ``out``, where that cannot be done or would change x."""
    if is_lazy(x):
        raise OperandError("out was given with a Dask array; leave it out, and store what F(x) gives: y.to_zarr(…)")
    is_array = isinstance(out, np.ndarray) or is_cupy(out)
    if not is_array or out.shape != shape:
        found = f"shape {out.shape}" if is_array else f"type {type(out).__name__}"
        raise DimensionError(f"out has {found}, and the result is an array of shape {shape}")
    check_together(x, "the input", out, "out")
    if has_mask(out):
        raise OperandError("out is masked; give an array without a mask, such as numpy.empty(out.shape, out.dtype)")
    if isinstance(out, np.ndarray) and not out.flags.writeable:  # CuPy has no arrays that are read-only
        raise OperandError("out is read-only; give an array that may be written")
    if np.may_share_memory(x, out):
        raise OperandError("out overlaps the input, which is not modified; give an array of its own")
    if kind != out.dtype:
        raise OperandError(f"out has dtype {out.dtype}, and the result {kind}; give an array of dtype {kind}")
