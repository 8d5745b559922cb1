"""Bound operators on CuPy arrays again and again: a path on which the host only queues kernels.

What a call has prepared is kept with the operator for arrays of the same shape, strides, dtype, device and stream.  It
waits for nothing, and into ``out`` it allocates nothing either, so that CUDA graphs can capture it.
"""

from __future__ import annotations

import sys
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any, NamedTuple

from ...engine.ways.cuda.ready import Ready, ready

KEPT = 64


def applied(operator: Any, x: Any, out: Any) -> Any:
    """F x on the device of x, by what an earlier call has prepared; None where none has."""
    cupy = sys.modules["cupy"]
    device = x.data.device_id
    if cupy.cuda.runtime.getDevice() != device:
        with x.device:
            return applied(operator, x, out)
    stream = cupy.cuda.get_current_stream()
    key = device, stream.ptr, x.shape, x.strides, x.dtype
    run = operator._ready.get(key)
    if run is None:
        run = _prepared(operator, x, key)
    if not run:
        return None
    if out is None:
        out = cupy.empty(run.shape, run.dtype)
    elif not _may_write(run, x, out, device, cupy):
        return None  # the other path says why, or goes round it
    if run.between and stream.is_capturing():
        del operator._ready[key]  # from now on what lies between its passes belongs to the graph
        operator.__dict__.setdefault("_captured", []).append(run)
    run(x, out)
    return out


def _may_write(run: Ready, x: Any, out: Any, device: int, cupy: Any) -> bool:
    """Whether out is as the result is, in C order, on the same device and apart from x."""
    if type(out) is not cupy.ndarray or out.shape != run.shape or out.dtype != run.dtype:
        return False
    if not out.flags.c_contiguous or out.data.device_id != device:
        return False
    x_first, first = x.data.ptr, out.data.ptr
    return bool(first + out.nbytes <= x_first or x_first + x.nbytes <= first)


class Like(NamedTuple):
    """An array in C order that need not be there yet."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: Any

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many samples it has."""
        return prod(self.shape)


def _prepared(operator: Any, x: Any, key: Any) -> Ready | bool:
    """What runs for arrays like x, kept with the operator; False where it is more than launches of kernels."""
    n = len(operator.dims)
    plan = None
    if x.flags.c_contiguous and x.ndim >= n and x.shape[x.ndim - n :] == operator.dims:
        plan = operator._only_filter(x.shape, x.dtype, False, False)
    made = None
    if plan is not None:
        shape = (*x.shape[: x.ndim - n], *operator.dimsd)
        steps = accumulate((x.dtype.itemsize, *reversed(shape[1:])), mul)
        made = ready(plan, x, Like(shape, tuple(steps)[::-1], x.dtype))
    if len(operator._ready) > KEPT:
        operator._ready.clear()
    operator._ready[key] = made or False
    return made or False
