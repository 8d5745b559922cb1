"""Bound operators on JAX arrays, with gradients backwards: F x, and Fᵀ for what comes back, as JAX counts it.

JAX is not imported here; it is there already when one of its arrays arrives.  An array on the CPU is read in place, one
on a CUDA device goes to CuPy by DLPack.  Inside ``jax.jit`` and its like the host is called back.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from typing import Any

import numpy as np

from ...errors import OperandError
from .dlpack import on_device


def is_jax(x: Any) -> bool:
    """Whether x is an array of JAX, or stands for one while it traces, without importing it."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(x, getattr(jax, "Array", ()))


def apply(operator: Any, x: Any) -> Any:
    """F x as an array of JAX where x lies.

    Raises
    ------
    OperandError
        For a dtype whose result JAX would round silently: float64 while ``jax_enable_x64`` is off.
    """
    import jax

    if x.dtype.kind in "iufc":
        result = operator._result(np.dtype(x.dtype))
        if jax.dtypes.canonicalize_dtype(result) != result:
            raise OperandError(f"the result has dtype {result}, which JAX rounds: cast x to float32, or enable x64")
    return _function()(operator, x)


def _computed(operator: Any, x: Any) -> Any:
    """F x of samples that are there."""
    import jax

    (device,) = x.devices()
    if device.platform == "cpu":
        return jax.numpy.asarray(operator(np.asarray(x)))
    if device.platform not in ("gpu", "cuda"):
        raise OperandError(f"the array is on {device}; bound operators take arrays of JAX on the CPU or a CUDA device")
    # JAX has streams of its own; DLPack makes the default one wait for it on the device, and the other way.
    return on_device(operator, x, device.local_hardware_id, 0, jax.dlpack.from_dlpack)


def _traced(operator: Any, x: Any) -> Any:
    """F x where x stands for samples that will come."""
    import jax

    shape = (*x.shape[: x.ndim - len(operator.dims)], *operator.dimsd)
    result = jax.ShapeDtypeStruct(shape, operator._result(np.dtype(x.dtype)))
    return jax.pure_callback(lambda samples: operator(np.asarray(samples)), result, x, vmap_method="expand_dims")


@cache
def _function() -> Any:
    import jax

    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def bound(operator: Any, x: Any) -> Any:
        return _traced(operator, x) if isinstance(x, jax.core.Tracer) else _computed(operator, x)

    def forward(operator: Any, x: Any) -> Any:
        return bound(operator, x), None if jax.numpy.iscomplexobj(x) else ()

    def backward(operator: Any, real: Any, gradient: Any) -> Any:
        back = bound(operator.T, gradient)
        return (back.real if real is not None and jax.numpy.iscomplexobj(back) else back,)

    bound.defvjp(forward, backward)
    return bound
