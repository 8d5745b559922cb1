"""Whether an adjoint is one: a test by random arrays, on the host, on a device, and in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.arrays.device import beside, host, module_of
from ...errors import DimensionError
from ..arrays.dask_ import is_lazy
from ..operators.base import BoundOperator, as_array


def dottest(operator: BoundOperator, dtype: Any, seed: int, rtol: float | None, like: Any) -> bool:
    """See :meth:`~opalgebra.BoundOperator.dottest`."""
    kind = np.dtype(operator.dtype if dtype is None else dtype)
    like = np.empty(0) if like is None else as_array(like)
    if is_lazy(like) and like.shape != operator.dims:
        raise DimensionError(f"like has shape {like.shape}, and the operator takes {operator.dims}")
    with beside(like):
        x = _random(like, operator.dims, kind, seed, like.chunks if is_lazy(like) else None)
        forward = operator(x)
        y = _random(like, operator.dimsd, kind, seed + 1, forward.chunks if is_lazy(like) else None)
        back = operator.H(y)
        found = [_inner(y, forward), _inner(back, x), _inner(x, x), _inner(y, y)]
        left, right, x2, y2 = (complex(value) for value in _numbers(found))
    bound = 8 * max(1, *operator.shape) ** 0.5 * np.finfo(forward.dtype).eps if rtol is None else rtol
    return bool(abs(left - right) <= bound * operator._gain() * (x2.real * y2.real) ** 0.5)


def _random(like: Any, shape: tuple[int, ...], dtype: Any, seed: int, chunks: Any) -> Any:
    """Normally distributed samples of the kind of an array."""
    if chunks is None:
        made = _normal(np.random.default_rng(seed).standard_normal, shape, dtype)
        return made if isinstance(like, np.ndarray) else module_of(like).asarray(made)
    from dask.array import random

    rng = random.default_rng(seed)
    made = _normal(lambda size: rng.standard_normal(size, chunks=chunks), shape, dtype)
    return made if isinstance(like._meta, np.ndarray) else made.map_blocks(module_of(like._meta).asarray)


def _normal(draw: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    made = draw(shape)
    return (made + 1j * draw(shape) if dtype.kind == "c" else made).astype(dtype)


def _inner(a: Any, b: Any) -> Any:
    """⟨a, b⟩, in double precision at least."""
    wide = np.result_type(a.dtype, b.dtype, np.float64)
    return (np.conj(a.astype(wide)) * b.astype(wide)).sum()


def _numbers(values: list[Any]) -> list[Any]:
    if any(map(is_lazy, values)):
        import dask

        values = list(dask.compute(*values))
    return [host(value).item() for value in values]
